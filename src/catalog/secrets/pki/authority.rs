//! Roots, intermediates, and the steps between them.

use super::subject::{CONSTRAINTS, FORMAT, KEY, SIGNATURE, SUBJECT};
use crate::catalog::{
    Attribute, Check, Find, Generate, Kind, Life, Omitted, Order, Products, Removal, ResourceType,
    Rule, boolean, integer, list, path, pem, text,
};

const MANAGED: Rule = Rule::Conflict(&["managed_key_name", "managed_key_id"]);

pub const ROOT: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_root_cert",
    "A root certificate authority, its key made by the server.",
    "{backend}/issuer/{id}",
    Life::Generate(Generate {
        omitted: Omitted::Reset,
        list: "{backend}/issuers",
        find: Find::Certificate,
        ..Generate::at("{backend}/root/generate/{type}", "issuer_id")
    }),
)
.attributes(&[
    path("backend", "Mount path of the engine.").required().identity(),
    text("issuer_name", "A name for the issuer.").server_decides().create_only(),
    integer("signature_bits", "Size of the hash in the signature.").server_decides().at_birth().never_read(),
    text("jks_private_key_alias", "Name of the key in the Java store.")
        .create_only()
        .never_read()
        .only(Products::Enterprise),
    pem("certificate", "The certificate, as PEM.").computed(),
    pem("issuing_ca", "The certificate of whoever signed it: itself.").computed().reads("certificate"),
    text("serial_number", "Its serial number.").computed().certified(),
    text("issuer_id", "The server's name of the issuer.").computed(),
    text("key_id", "The server's name of the key.").computed(),
])
.with(&[KEY, SUBJECT, CONSTRAINTS, SIGNATURE, FORMAT])
.rules(&[MANAGED])
.irreplaceable("the key of the authority")
.notes(&[
    "Another subject, key or constraint makes a new authority and removes this one: it is guarded as data loss.",
    "An exported private key is answered once and not kept.",
])
.example(
    r#"resource "vault_mount" "root" {
  path                  = "root-ca"
  type                  = "pki"
  max_lease_ttl_seconds = 315360000
}

resource "vault_pki_secret_backend_root_cert" "root" {
  backend      = vault_mount.root.path
  type         = "internal"
  common_name  = "Example Root"
  issuer_name  = "root-a"
  key_type     = "ec"
  key_bits     = 256
  ttl          = "87600h"
  organization = "Example"
}
"#,
);

pub const REQUEST: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_intermediate_cert_request",
    "A new key, and the request to sign a certificate for it.",
    "{backend}/key/{id}",
    Life::Generate(Generate {
        removal: Removal::Stays,
        list: "{backend}/keys",
        ..Generate::at("{backend}/intermediate/generate/{type}", "key_id")
    }),
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text(
        "format",
        "Form of the answer: `pem`, `der` or `pem_bundle`.",
    )
    .default("pem")
    .create_only()
    .never_read()
    .checks(&[Check::OneOf(&["pem", "der", "pem_bundle"])]),
    integer("signature_bits", "Size of the hash in the signature.")
        .create_only()
        .never_read(),
    boolean(
        "add_basic_constraints",
        "Whether the request says that it is for an authority.",
    )
    .create_only()
    .never_read(),
    text("serial_number", "The serial number in the subject.")
        .create_only()
        .never_read(),
    list("key_usage", "What the key may be used for.")
        .create_only()
        .never_read()
        .only(Products::Vault),
    text("csr", "The request, as PEM.").computed().once(),
    text("private_key", "The key, where `type` is `exported`.")
        .computed()
        .sensitive()
        .once(),
    text("private_key_type", "Kind of that key.")
        .computed()
        .once(),
    text("key_id", "The server's name of the key.").computed(),
])
.with(&[KEY, SUBJECT])
.rules(&[MANAGED])
.notes(&[
    "The request is answered once. The key stays on the server when the request leaves the files.",
])
.example(
    r#"resource "vault_mount" "issuing" {
  path = "issuing"
  type = "pki"
}

resource "vault_pki_secret_backend_intermediate_cert_request" "issuing" {
  backend     = vault_mount.issuing.path
  type        = "internal"
  common_name = "Example Issuing"
}
"#,
);

pub const SIGN: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_root_sign_intermediate",
    "A certificate that an authority signs for another authority.",
    "{backend}/cert/{id}",
    Life::Generate(Generate {
        removal: Removal::PostWhen {
            path: "{backend}/revoke",
            field: "serial_number",
            when: "revoke",
        },
        list: "{backend}/certs",
        instead: &[(
            "issuer_ref",
            "{backend}/issuer/{issuer_ref}/sign-intermediate",
        )],
        ..Generate::at("{backend}/root/sign-intermediate", "serial_number")
    }),
)
.attributes(&[
    path("backend", "Mount path of the authority that signs.")
        .required()
        .identity(),
    pem("csr", "The request.")
        .required()
        .create_only()
        .never_read(),
    text(
        "issuer_ref",
        "The issuer that signs; the default one where it is left out.",
    )
    .at_birth()
    .never_read(),
    boolean(
        "use_csr_values",
        "Whether subject and names are taken from the request.",
    )
    .create_only()
    .never_read(),
    integer("signature_bits", "Size of the hash in the signature.")
        .create_only()
        .never_read(),
    text("skid", "The subject key id.")
        .create_only()
        .never_read(),
    boolean("revoke", "Whether removing it revokes it.").argument(),
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
    text(
        "certificate_bundle",
        "The certificate and those of its issuers.",
    )
    .computed()
    .bundles(&["certificate", "issuing_ca"]),
    text("serial_number", "Its serial number.").computed(),
])
.with(&[SUBJECT, CONSTRAINTS, SIGNATURE, FORMAT])
.example(
    r#"resource "vault_mount" "top" {
  path = "top-ca"
  type = "pki"
}

resource "vault_mount" "middle" {
  path = "middle-ca"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "top" {
  backend     = vault_mount.top.path
  type        = "internal"
  common_name = "Example Top"
}

resource "vault_pki_secret_backend_intermediate_cert_request" "middle" {
  backend     = vault_mount.middle.path
  type        = "internal"
  common_name = "Example Middle"
}

resource "vault_pki_secret_backend_root_sign_intermediate" "middle" {
  depends_on  = [vault_pki_secret_backend_root_cert.top]
  backend     = vault_mount.top.path
  csr         = vault_pki_secret_backend_intermediate_cert_request.middle.csr
  common_name = "Example Middle"
}
"#,
);

pub const SET_SIGNED: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_intermediate_set_signed",
    "Gives an authority the certificate that another signed for it.",
    "{backend}/issuer/{id}",
    Life::Generate(Generate {
        removal: Removal::Stays,
        list: "{backend}/issuers",
        own: "key_id",
        ..Generate::at(
            "{backend}/intermediate/set-signed",
            "imported_issuers[0]|existing_issuers[0]",
        )
    }),
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    pem("certificate", "The certificate, or the chain of them.")
        .required()
        .create_only()
        .never_read(),
    list("imported_issuers", "The issuer that it made.").computed(),
    list("imported_keys", "The keys that came with it.")
        .computed()
        .once(),
])
.notes(&["The issuer stays on the server when it leaves the files."])
.example(
    r#"resource "vault_mount" "upper" {
  path = "upper-ca"
  type = "pki"
}

resource "vault_mount" "lower" {
  path = "lower-ca"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "upper" {
  backend     = vault_mount.upper.path
  type        = "internal"
  common_name = "Example Upper"
}

resource "vault_pki_secret_backend_intermediate_cert_request" "lower" {
  backend     = vault_mount.lower.path
  type        = "internal"
  common_name = "Example Lower"
}

resource "vault_pki_secret_backend_root_sign_intermediate" "lower" {
  depends_on  = [vault_pki_secret_backend_root_cert.upper]
  backend     = vault_mount.upper.path
  csr         = vault_pki_secret_backend_intermediate_cert_request.lower.csr
  common_name = "Example Lower"
}

resource "vault_pki_secret_backend_intermediate_set_signed" "lower" {
  backend     = vault_mount.lower.path
  certificate = vault_pki_secret_backend_root_sign_intermediate.lower.certificate
}
"#,
);

pub const IMPORT: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_config_ca",
    "Gives an authority a certificate and a key that were made elsewhere.",
    "{backend}/issuer/{id}",
    Life::Generate(Generate {
        removal: Removal::Stays,
        list: "{backend}/issuers",
        own: "key_id",
        ..Generate::at(
            "{backend}/config/ca",
            "imported_issuers[0]|existing_issuers[0]",
        )
    }),
)
.id("{backend}")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    pem("pem_bundle", "Certificate and key, as PEM.")
        .required()
        .sensitive()
        .create_only()
        .never_read(),
])
.notes(&["The issuer stays on the server when it leaves the files."])
.example(
    r#"resource "vault_mount" "brought" {
  path = "brought-ca"
  type = "pki"
}

resource "vault_pki_secret_backend_config_ca" "brought" {
  backend    = vault_mount.brought.path
  pem_bundle = <<-EOT
    -----BEGIN EC PRIVATE KEY-----
    MHcCAQEEIKmQK678s+/4PyH1lY4pQrpXnROml+zK4I9WGUvRiMP5oAoGCCqGSM49
    AwEHoUQDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1MPmwGsmi9oDq0DbW+mSknSyTH
    Ox5/1+aC8MzeR3ZJij/kG49kEedq3udmLw==
    -----END EC PRIVATE KEY-----
    -----BEGIN CERTIFICATE-----
    MIIBdTCCARugAwIBAgIUWLnJ7zhEEewNFkgOqRjRh9tV6ZAwCgYIKoZIzj0EAwIw
    DzENMAsGA1UEAwwEa3ViZTAgFw0yNjExMjIwMzAyMDZaGA8yMTI2MTAyOTAzMDIw
    NlowDzENMAsGA1UEAwwEa3ViZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI4B
    SoJEDgvA0HcAJyrwTxCCLP6NTD5sBrJovaA6tA21vpkpJ0skxzsef9fmgvDM3kd2
    SYo/5BuPZBHnat7nZi+jUzBRMB0GA1UdDgQWBBTZ78WQrfi/xCAUNRU0fleup+km
    gzAfBgNVHSMEGDAWgBTZ78WQrfi/xCAUNRU0fleup+kmgzAPBgNVHRMBAf8EBTAD
    AQH/MAoGCCqGSM49BAMCA0gAMEUCIAw58yjqVj6nZBpg64lE040Q4SZNSdp7yIXY
    DATV22YqAiEAuQnyEc3cTIgusv2SqCIub2XiNgCH31RrA4RndCgd32M=
    -----END CERTIFICATE-----
  EOT
}
"#,
);
