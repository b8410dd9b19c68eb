//! Issuers and keys that are there: their settings, and reading them.

use crate::catalog::{
    Attribute, DataRead, Find, Generate, JsonWire, Kind, Life, Omitted, Order, Products,
    ResourceType, boolean, integer, json, list, map, path, pem, text,
};

const WORDS: Kind = Kind::Words {
    list: false,
    whole: None,
};

pub const ISSUER: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_issuer",
    "Settings of an issuer that is there.",
    "{backend}/issuer/{issuer_ref}",
    Life::Singleton {
        omitted: Omitted::Reset,
        delete: false,
    },
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("issuer_ref", "Name or id of the issuer.")
        .required()
        .identity(),
    text("issuer_name", "Its name; it cannot be taken away.").server_decides(),
    text(
        "leaf_not_after_behavior",
        "What of certificates that would outlive it: `err`, `truncate` or `permit`.",
    )
    .default("err"),
    list("manual_chain", "Its chain, by names or ids of issuers."),
    Attribute::new("usage", WORDS, "What it may be used for.")
        .default("crl-signing,issuing-certificates,ocsp-signing,read-only"),
    text("revocation_signature_algorithm", "What signs the CRL.").server_decides(),
    list("issuing_certificates", "Where its certificate is."),
    list("crl_distribution_points", "Where the CRL is."),
    list("ocsp_servers", "Where OCSP answers."),
    boolean(
        "enable_aia_url_templating",
        "Whether these addresses may hold `{{issuer_id}}`.",
    ),
    boolean(
        "disable_critical_extension_checks",
        "Whether critical extensions are not checked.",
    )
    .only(Products::Enterprise),
    boolean(
        "disable_path_length_checks",
        "Whether path lengths are not checked.",
    )
    .only(Products::Enterprise),
    boolean("disable_name_checks", "Whether names are not checked.").only(Products::Enterprise),
    boolean(
        "disable_name_constraint_checks",
        "Whether name constraints are not checked.",
    )
    .only(Products::Enterprise),
    text("issuer_id", "The server's name of it.").computed(),
])
.notes(&["Removing it from the files puts the settings back; the issuer stays."])
.example(
    r#"resource "vault_mount" "tuned" {
  path = "tuned-ca"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "tuned" {
  backend     = vault_mount.tuned.path
  type        = "internal"
  common_name = "Example Tuned"
}

resource "vault_pki_secret_backend_issuer" "tuned" {
  backend                 = vault_mount.tuned.path
  issuer_ref              = vault_pki_secret_backend_root_cert.tuned.issuer_id
  leaf_not_after_behavior = "truncate"
}
"#,
);

pub const KEY: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_key",
    "A key for authorities to come.",
    "{backend}/key/{id}",
    Life::Generate(Generate {
        omitted: Omitted::Reset,
        list: "{backend}/keys",
        find: Find::Fields(&[("key_name", "key_name")]),
        ..Generate::at("{backend}/keys/generate/{type}", "key_id")
    }),
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("type", "`internal`, `exported` or `kms`.")
        .required()
        .create_only()
        .never_read(),
    text("key_name", "Its name."),
    text("key_type", "Kind of key: `rsa`, `ec` or `ed25519`.")
        .server_decides()
        .create_only(),
    integer("key_bits", "Size of the key.")
        .server_decides()
        .create_only()
        .never_read(),
    text("managed_key_name", "A managed key to use, by name.")
        .create_only()
        .never_read()
        .only(Products::Enterprise),
    text("managed_key_id", "A managed key to use, by id.")
        .create_only()
        .never_read()
        .only(Products::Enterprise),
    text("key_id", "The server's name of it.").computed(),
])
.example(
    r#"resource "vault_mount" "spare" {
  path = "spare"
  type = "pki"
}

resource "vault_pki_secret_backend_key" "spare" {
  backend  = vault_mount.spare.path
  type     = "internal"
  key_name = "spare"
  key_type = "ec"
}
"#,
);

pub const DEFAULTS: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_config_issuers",
    "Which issuer signs where none is said.",
    "{backend}/config/issuers",
    Life::Singleton {
        omitted: Omitted::Kept,
        delete: false,
    },
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("default", "Name or id of the issuer.")
        .server_decides()
        .named("{backend}/issuer/{}", "issuer_id"),
    boolean(
        "default_follows_latest_issuer",
        "Whether each new issuer takes its place.",
    ),
])
.stays(&["must be non-empty"])
.example(
    r#"resource "vault_mount" "chosen" {
  path = "chosen-ca"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "chosen" {
  backend     = vault_mount.chosen.path
  type        = "internal"
  common_name = "Example Chosen"
  issuer_name = "chosen"
}

resource "vault_pki_secret_backend_config_issuers" "chosen" {
  depends_on = [vault_pki_secret_backend_root_cert.chosen]
  backend    = vault_mount.chosen.path
  default    = "chosen"
}
"#,
);

pub const READ_ISSUER: ResourceType = ResourceType::data(
    "vault_pki_secret_backend_issuer",
    "Reads an issuer.",
    "{backend}/issuer/{issuer_ref}",
    DataRead::Get,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text(
        "issuer_ref",
        "Name or id of the issuer; `default` is the default one.",
    )
    .required()
    .identity(),
    text("issuer_id", "The server's name of it.").computed(),
    text("issuer_name", "Its name.").computed(),
    text("key_id", "The server's name of its key.").computed(),
    pem("certificate", "Its certificate.").computed(),
    Attribute::new(
        "ca_chain",
        Kind::List(&Kind::Pem, Order::Kept),
        "The certificates up to the root.",
    )
    .computed(),
    list("manual_chain", "Its chain, by names or ids of issuers.").computed(),
    text("usage", "What it may be used for.").computed(),
    text(
        "leaf_not_after_behavior",
        "What of certificates that would outlive it.",
    )
    .computed(),
    boolean(
        "disable_critical_extension_checks",
        "Whether critical extensions are not checked.",
    ),
    boolean(
        "disable_path_length_checks",
        "Whether path lengths are not checked.",
    ),
    boolean("disable_name_checks", "Whether names are not checked."),
    boolean(
        "disable_name_constraint_checks",
        "Whether name constraints are not checked.",
    ),
])
.example(
    r#"resource "vault_mount" "shown" {
  path = "shown-ca"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "shown" {
  backend     = vault_mount.shown.path
  type        = "internal"
  common_name = "Example Shown"
}

data "vault_pki_secret_backend_issuer" "shown" {
  backend    = vault_mount.shown.path
  issuer_ref = vault_pki_secret_backend_root_cert.shown.issuer_id
}
"#,
);

/// What a list of issuers or keys tells.
const LISTED: &[Attribute] = &[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    list("keys", "Their ids.").computed(),
    map("key_info", "Each of them, as JSON.").computed(),
    json("key_info_json", JsonWire::Object, "All of them, as JSON.")
        .computed()
        .field("key_info"),
];

pub const READ_ISSUERS: ResourceType = ResourceType::data(
    "vault_pki_secret_backend_issuers",
    "Lists the issuers of a mount.",
    "{backend}/issuers",
    DataRead::List { keys: "keys" },
)
.with(&[LISTED])
.example(
    r#"resource "vault_mount" "counted" {
  path = "counted-ca"
  type = "pki"
}

resource "vault_pki_secret_backend_root_cert" "counted" {
  backend     = vault_mount.counted.path
  type        = "internal"
  common_name = "Example Counted"
}

data "vault_pki_secret_backend_issuers" "counted" {
  depends_on = [vault_pki_secret_backend_root_cert.counted]
  backend    = vault_mount.counted.path
}
"#,
);

pub const READ_KEY: ResourceType = ResourceType::data(
    "vault_pki_secret_backend_key",
    "Reads a key.",
    "{backend}/key/{key_ref}",
    DataRead::Get,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text(
        "key_ref",
        "Name or id of the key; `default` is the default one.",
    )
    .required()
    .identity(),
    text("key_id", "The server's name of it.").computed(),
    text("key_name", "Its name.").computed(),
    text("key_type", "Kind of key.").computed(),
])
.example(
    r#"resource "vault_mount" "keyed" {
  path = "keyed"
  type = "pki"
}

resource "vault_pki_secret_backend_key" "keyed" {
  backend  = vault_mount.keyed.path
  type     = "internal"
  key_name = "keyed"
}

data "vault_pki_secret_backend_key" "keyed" {
  backend = vault_mount.keyed.path
  key_ref = vault_pki_secret_backend_key.keyed.key_id
}
"#,
);

pub const READ_KEYS: ResourceType = ResourceType::data(
    "vault_pki_secret_backend_keys",
    "Lists the keys of a mount.",
    "{backend}/keys",
    DataRead::List { keys: "keys" },
)
.with(&[LISTED])
.example(
    r#"resource "vault_mount" "ring" {
  path = "ring"
  type = "pki"
}

resource "vault_pki_secret_backend_key" "ring" {
  backend  = vault_mount.ring.path
  type     = "internal"
  key_name = "ring"
}

data "vault_pki_secret_backend_keys" "ring" {
  depends_on = [vault_pki_secret_backend_key.ring]
  backend    = vault_mount.ring.path
}
"#,
);
