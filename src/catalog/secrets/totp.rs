//! One-time passwords: the server makes them, or checks those of others.

use crate::catalog::{
    Check, Life, Omitted, ResourceType, Rule, boolean, checked, integer, path, seconds, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[KEY]);

const KEY: ResourceType = ResourceType::new(
    "bao_totp_secret_backend_key",
    "A secret of which one-time passwords are made.",
    "{backend}/keys/{name}",
    Life::Upsert(Omitted::Reset),
)
.list("{backend}/keys")
.irreplaceable("the secret of the key")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the key.").required().identity(),
    boolean("generate", "Whether the server makes the secret.")
        .create_only()
        .never_read(),
    boolean(
        "exported",
        "Whether the answer that makes it tells the secret.",
    )
    .default_bool(true)
    .create_only()
    .never_read(),
    integer("key_size", "How many bytes the server makes.")
        .default_number(20)
        .create_only()
        .never_read(),
    integer("qr_size", "How wide the image in `barcode` is; 0 is none.")
        .default_number(200)
        .create_only()
        .never_read(),
    text("url", "The whole key as `otpauth://…`, made elsewhere.")
        .sensitive()
        .create_only()
        .never_read(),
    text("key", "The secret, in base32, made elsewhere.")
        .sensitive()
        .create_only()
        .never_read(),
    text("issuer", "Who asks for the password.")
        .server_decides()
        .create_only(),
    text("account_name", "Whose it is.")
        .server_decides()
        .create_only(),
    seconds("period", "How long a password is good.")
        .server_decides()
        .create_only(),
    text("algorithm", "What it is made with.")
        .server_decides()
        .create_only()
        .checks(&[Check::OneOf(&["SHA1", "SHA256", "SHA512"])]),
    integer("digits", "How many digits it has: 6 or 8.")
        .server_decides()
        .create_only(),
    integer(
        "skew",
        "How many passwords before and after are good too: 0 or 1.",
    )
    .default_number(1)
    .create_only()
    .never_read(),
    text("barcode", "The key as an image to scan, in base64.")
        .computed()
        .sensitive()
        .once(),
    text("key_url", "The key as `otpauth://…`.")
        .field("url")
        .computed()
        .sensitive()
        .once(),
])
.rules(&[
    Rule::ExactlyOne(&["generate", "url", "key"]),
    Rule::Conflict(&["url", "issuer"]),
    Rule::Conflict(&["url", "account_name"]),
])
.notes(&["A key cannot be changed: any other value makes a new one."])
.example(
    r#"resource "vault_mount" "codes" {
  path = "codes"
  type = "totp"
}

resource "bao_totp_secret_backend_key" "console" {
  backend      = vault_mount.codes.path
  name         = "console"
  generate     = true
  issuer       = "Example"
  account_name = "console@example.com"
}
"#,
);
