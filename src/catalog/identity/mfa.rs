//! A second factor at login.

use crate::catalog::{
    Attribute, Find, Generate, Life, Omitted, ResourceType, boolean, checked, integer, seconds,
    set, text,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[DUO, OKTA, PINGID, TOTP, ENFORCEMENT]);

/// A method: named by the server, replaced by every write.
const fn method(create: &'static str, find: Find) -> Generate {
    Generate {
        omitted: Omitted::Reset,
        list: create,
        find,
        ..Generate::at(create, "method_id")
    }
}

const METHOD: &[Attribute] = &[
    text("method_id", "The server's name of it.")
        .computed()
        .reads("id"),
    text("uuid", "The same.").computed().reads("id"),
    text("name", "A name that people give it.").computed(),
    text("type", "The kind of method.").computed(),
    text("mount_accessor", "The auth method that it belongs to.").computed(),
    text("namespace_id", "Its namespace.").computed(),
    text("namespace_path", "Path of its namespace.").computed(),
];

const USERNAME: Attribute = text(
    "username_format",
    "How an alias becomes the user's name there.",
)
.default("");

const DUO: ResourceType = ResourceType::new(
    "vault_identity_mfa_duo",
    "Duo as second factor.",
    "identity/mfa/method/duo/{id}",
    Life::Generate(method(
        "identity/mfa/method/duo",
        Find::Fields(&[("api_hostname", "api_hostname")]),
    )),
)
.id("{id}")
.attributes(&[
    text("api_hostname", "Address of the service.").required(),
    text("integration_key", "Our name there.")
        .required()
        .sensitive()
        .never_read(),
    text("secret_key", "Our secret there.")
        .required()
        .sensitive()
        .never_read(),
    text("push_info", "What the push shows.").reads("pushinfo"),
    boolean("use_passcode", "Whether the user types a code."),
    USERNAME,
])
.with(&[METHOD])
.example(
    r#"resource "vault_identity_mfa_duo" "push" {
  api_hostname    = "api-1.duo.example"
  integration_key = "integration"
  secret_key      = "secret"
}
"#,
);

const OKTA: ResourceType = ResourceType::new(
    "vault_identity_mfa_okta",
    "Okta as second factor.",
    "identity/mfa/method/okta/{id}",
    Life::Generate(method(
        "identity/mfa/method/okta",
        Find::Fields(&[("org_name", "org_name")]),
    )),
)
.id("{id}")
.attributes(&[
    text("org_name", "The organization there.").required(),
    text("api_token", "Our token there.")
        .required()
        .sensitive()
        .never_read(),
    text("base_url", "Domain of the service.").default("okta.com"),
    boolean(
        "primary_email",
        "Whether only the primary mail address counts.",
    )
    .never_read(),
    USERNAME,
])
.with(&[METHOD])
.example(
    r#"resource "vault_identity_mfa_okta" "push" {
  org_name  = "example"
  api_token = "okta-api-token"
}
"#,
);

const PINGID: ResourceType = ResourceType::new(
    "vault_identity_mfa_pingid",
    "PingID as second factor.",
    "identity/mfa/method/pingid/{id}",
    Life::Generate(method("identity/mfa/method/pingid", Find::No)),
)
.id("{id}")
.attributes(&[
    text(
        "settings_file_base64",
        "The settings file of the service, in base64.",
    )
    .required()
    .sensitive()
    .never_read(),
    USERNAME.never_read(),
    text("idp_url", "Address of the identity provider.").computed(),
    text("admin_url", "Address of the administration.").computed(),
    text("authenticator_url", "Address of the authenticator.").computed(),
    text("org_alias", "The organization there.").computed(),
    boolean("use_signature", "Whether requests are signed.").computed(),
])
.with(&[METHOD])
.example(
    r#"resource "vault_identity_mfa_pingid" "push" {
  settings_file_base64 = base64encode(join("\n", [
    "use_base64_key=bm90IGEga2V5",
    "use_signature=true",
    "token=ping-token",
    "idp_url=https://idp.ping.example/pingid",
    "org_alias=00000000-aaaa-bbbb-cccc-000000000000",
    "admin_url=https://idp.ping.example/pingid",
    "authenticator_url=https://auth.ping.example/pingid/ppm",
  ]))
}
"#,
);

const TOTP: ResourceType = ResourceType::new(
    "vault_identity_mfa_totp",
    "Codes by time as second factor.",
    "identity/mfa/method/totp/{id}",
    Life::Generate(method(
        "identity/mfa/method/totp",
        Find::Fields(&[("issuer", "issuer")]),
    )),
)
.id("{id}")
.attributes(&[
    text("issuer", "What the user's device shows.").required(),
    text("algorithm", "`SHA1`, `SHA256` or `SHA512`.").default("SHA256"),
    integer("digits", "How many digits: 6 or 8.").default_number(6),
    seconds("period", "How long a code is good.").default_number(30),
    integer(
        "skew",
        "How many periods beside the current one are good: 0 or 1.",
    )
    .default_number(1),
    integer("key_size", "Size of the key, in bytes.").default_number(20),
    integer("qr_size", "Size of the picture; 0 is none.").default_number(200),
    integer(
        "max_validation_attempts",
        "How many wrong codes may be tried.",
    )
    .default_number(5),
])
.with(&[METHOD])
.example(
    r#"resource "vault_identity_mfa_totp" "phone" {
  issuer = "Example"
}
"#,
);

const ENFORCEMENT: ResourceType = ResourceType::new(
    "vault_identity_mfa_login_enforcement",
    "Who needs a second factor.",
    "identity/mfa/login-enforcement/{name}",
    Life::Upsert(Omitted::Kept),
)
.id("{name}")
.list("identity/mfa/login-enforcement")
.attributes(&[
    text("name", "Its name.").required().identity(),
    set("mfa_method_ids", "Methods, one of which is enough.").required(),
    set(
        "auth_method_accessors",
        "Whoever logs in with these auth methods.",
    ),
    set(
        "auth_method_types",
        "Whoever logs in with these kinds of auth method.",
    ),
    set("identity_group_ids", "Whoever is in these groups."),
    set("identity_entity_ids", "These entities."),
    text("uuid", "The server's name of it.")
        .computed()
        .reads("id"),
    text("namespace_id", "Its namespace.").computed(),
    text("namespace_path", "Path of its namespace.").computed(),
])
.example(
    r#"resource "vault_auth_backend" "offices" {
  type = "userpass"
  path = "offices"
}

resource "vault_identity_mfa_totp" "code" {
  issuer = "Example staff"
}

resource "vault_identity_mfa_login_enforcement" "staff" {
  name                  = "staff"
  mfa_method_ids        = [vault_identity_mfa_totp.code.method_id]
  auth_method_accessors = [vault_auth_backend.offices.accessor]
}
"#,
);
