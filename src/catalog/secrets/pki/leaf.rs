//! Certificates of roles, issued or signed.

use super::subject::{FORMAT, LEAF};
use crate::catalog::{
    Attribute, Generate, Kind, Life, Order, Products, Removal, ResourceType, Rule, boolean, list,
    path, pem, text,
};

const TTL: Attribute = text("ttl", "How long it lives: `720h`.")
    .at_birth()
    .never_read();
const NOT_AFTER: Attribute = text("not_after", "When it ends, in place of `ttl`.")
    .at_birth()
    .never_read();
const ISSUER: Attribute = text(
    "issuer_ref",
    "The issuer that signs; the role's where it is left out.",
)
.at_birth()
.never_read();

pub const CERT: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_cert",
    "A certificate and its key, made by the server.",
    "{backend}/cert/{id}",
    Life::Generate(Generate {
        removal: Removal::PostWhen {
            path: "{backend}/revoke",
            field: "serial_number",
            when: "revoke",
        },
        list: "{backend}/certs",
        instead: &[("issuer_ref", "{backend}/issuer/{issuer_ref}/issue/{name}")],
        renew: Some(("auto_renew", "min_seconds_remaining")),
        ..Generate::at("{backend}/issue/{name}", "serial_number")
    }),
)
.id("{backend}/{name}/{common_name}")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the role.")
        .required()
        .create_only()
        .never_read(),
    ISSUER,
    TTL,
    NOT_AFTER,
    list("user_ids", "User ids of the subject.")
        .create_only()
        .certified(),
    text("private_key_format", "Form of the key: `der` or `pkcs8`.")
        .default("der")
        .create_only()
        .never_read(),
    text(
        "jks_private_key_alias",
        "Name of the key in the Java store.",
    )
    .create_only()
    .never_read()
    .only(Products::Enterprise),
    boolean("revoke", "Whether removing it revokes it.").argument(),
    boolean(
        "revoke_with_key",
        "Not used: the key is not kept; `revoke` does the same.",
    )
    .argument(),
    pem("certificate", "The certificate, as PEM.")
        .computed()
        .once_unless("format", "pem", true),
    pem("issuing_ca", "The certificate of whoever signed it.")
        .computed()
        .once(),
    text("ca_chain", "The certificates up to the root, as one text.")
        .computed()
        .bundles(&["ca_chain"]),
    text("private_key", "The key.")
        .computed()
        .sensitive()
        .once(),
    text("private_key_type", "Kind of key.").computed().once(),
])
.with(&[LEAF, FORMAT])
.rules(&[Rule::Conflict(&["revoke", "revoke_with_key"])])
.notes(&[
    "The key is shown only when it is made: use it in the same run, or write it to a KV secret.",
])
.example(
    r#"resource "vault_mount" "leaves" {
  path = "leaves"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "leaves" {
  backend     = vault_mount.leaves.path
  type        = "internal"
  common_name = "Example Leaves"
}

resource "vault_pki_secret_backend_role" "leaves" {
  backend        = vault_mount.leaves.path
  name           = "server"
  allow_any_name = true
}

resource "vault_pki_secret_backend_cert" "app" {
  depends_on  = [vault_pki_secret_backend_root_cert.leaves]
  backend     = vault_mount.leaves.path
  name        = vault_pki_secret_backend_role.leaves.name
  common_name = "app.internal.example"
  ttl         = "240h"
}
"#,
);

pub const SIGNED: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_sign",
    "A certificate for a request that was made elsewhere.",
    "{backend}/cert/{id}",
    Life::Generate(Generate {
        removal: Removal::Stays,
        list: "{backend}/certs",
        instead: &[("issuer_ref", "{backend}/issuer/{issuer_ref}/sign/{name}")],
        renew: Some(("auto_renew", "min_seconds_remaining")),
        ..Generate::at("{backend}/sign/{name}", "serial_number")
    }),
)
.id("{backend}/{name}/{common_name}")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the role.")
        .required()
        .create_only()
        .never_read(),
    pem("csr", "The request.")
        .required()
        .create_only()
        .never_read(),
    ISSUER,
    TTL,
    NOT_AFTER,
    pem("certificate", "The certificate, as PEM.")
        .computed()
        .once_unless("format", "pem", false),
    pem("issuing_ca", "The certificate of whoever signed it.")
        .computed()
        .once(),
    Attribute::new(
        "ca_chain",
        Kind::List(&Kind::Pem, Order::Kept),
        "The certificates up to the root.",
    )
    .computed()
    .once(),
])
.with(&[LEAF, FORMAT])
.example(
    r#"resource "vault_mount" "sealed" {
  path = "sealed"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "sealed" {
  backend     = vault_mount.sealed.path
  type        = "internal"
  common_name = "Example Sealed"
}

resource "vault_pki_secret_backend_role" "sealed" {
  backend        = vault_mount.sealed.path
  name           = "server"
  allow_any_name = true
  key_type       = "any"
  key_bits       = 0
}

resource "vault_pki_secret_backend_sign" "app" {
  depends_on  = [vault_pki_secret_backend_root_cert.sealed]
  backend     = vault_mount.sealed.path
  name        = vault_pki_secret_backend_role.sealed.name
  common_name = "app.internal.example"
  ttl         = "240h"
  csr         = <<-EOT
    -----BEGIN CERTIFICATE REQUEST-----
    MIHaMIGBAgEAMB8xHTAbBgNVBAMMFGFwcC5pbnRlcm5hbC5leGFtcGxlMFkwEwYH
    KoZIzj0CAQYIKoZIzj0DAQcDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1MPmwGsmi9
    oDq0DbW+mSknSyTHOx5/1+aC8MzeR3ZJij/kG49kEedq3udmL6AAMAoGCCqGSM49
    BAMCA0gAMEUCIA0oLtiZnIdrQtye6WhV2hnndS5mXXZpeoTqnAGbQTP6AiEAq0sz
    8HLJ7vOUHThBw1RPznRCxHo7PlS/tEqg26D9yCk=
    -----END CERTIFICATE REQUEST-----
  EOT
}
"#,
);
