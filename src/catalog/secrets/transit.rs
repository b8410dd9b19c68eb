//! Transit: keys that never leave the server.

use crate::catalog::{
    Attribute, Check, DataRead, Kind, Life, Omitted, Order, Part, Products, ResourceType, boolean,
    checked, integer, path, seconds, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[KEY, CACHE, ENCRYPT, DECRYPT, SIGN, VERIFY]);

const KEY: ResourceType = ResourceType::new(
    "vault_transit_secret_backend_key",
    "A key that encrypts or signs for others and never leaves the server.",
    "{backend}/keys/{name}",
    Life::Upsert(Omitted::Kept),
)
.list("{backend}/keys")
.irreplaceable("the key, and whatever it encrypted")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the key.").required().identity(),
    text(
        "type",
        "Kind of key: `aes256-gcm96`, `ed25519`, `rsa-4096`, `hmac` …",
    )
    .default("aes256-gcm96")
    .create_only(),
    boolean("derived", "Whether every use needs a context.").create_only(),
    boolean(
        "convergent_encryption",
        "Whether the same text gives the same cipher text.",
    )
    .create_only(),
    text(
        "context",
        "Base64 of the context, for keys that need one to be made.",
    )
    .create_only()
    .never_read(),
    integer("key_size", "Size of an `hmac` key, in bytes.").create_only(),
    boolean(
        "exportable",
        "Whether the key can be exported. It cannot be turned off.",
    )
    .part("config")
    .one_way(),
    boolean(
        "allow_plaintext_backup",
        "Whether the key can be backed up. It cannot be turned off.",
    )
    .part("config")
    .one_way(),
    boolean("deletion_allowed", "Whether the key may be deleted.").part("config"),
    integer(
        "min_decryption_version",
        "The oldest version that still decrypts.",
    )
    .default_number(1)
    .part("config")
    .checks(&[Check::AtLeast(1)]),
    integer(
        "min_encryption_version",
        "The oldest version that still encrypts; 0 is the newest.",
    )
    .part("config")
    .zero_or("latest_version"),
    seconds(
        "auto_rotate_period",
        "After how many seconds it gets a new version; 0 is never.",
    )
    .part("config"),
    text(
        "parameter_set",
        "Parameters of keys for after quantum computers.",
    )
    .create_only()
    .only(Products::Enterprise),
    text("hybrid_key_type_pqc", "One half of a hybrid key.")
        .create_only()
        .only(Products::Enterprise),
    text("hybrid_key_type_ec", "The other half.")
        .create_only()
        .only(Products::Enterprise),
    text("managed_key_name", "A managed key to use, by name.")
        .create_only()
        .only(Products::Enterprise),
    text("managed_key_id", "A managed key to use, by id.")
        .create_only()
        .only(Products::Enterprise),
    Attribute::new(
        "keys",
        KEYS,
        "Its versions: times, and public keys where there are any.",
    )
    .computed(),
    integer("latest_version", "The newest version.").computed(),
    integer("min_available_version", "The oldest version that is kept.").computed(),
    boolean("supports_encryption", "Whether it encrypts.").computed(),
    boolean("supports_decryption", "Whether it decrypts.").computed(),
    boolean("supports_derivation", "Whether it derives.").computed(),
    boolean("supports_signing", "Whether it signs.").computed(),
])
.parts(&[Part {
    name: "config",
    path: "{backend}/keys/{name}/config",
    read: false,
    omitted: Omitted::Kept,
    only_if_set: true,
    delete: false,
    each: "",
}])
.notes(&["A key can be removed only where `deletion_allowed = true` was applied before."])
.example(
    r#"resource "vault_mount" "transit" {
  path = "transit"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "orders" {
  backend            = vault_mount.transit.path
  name               = "orders"
  deletion_allowed   = true
  auto_rotate_period = 2592000
}
"#,
);

/// The server answers an object by version; its values are the elements, a plain one standing as `id`.
const KEYS: Kind = Kind::List(&Kind::Map(&Kind::Text { lower: false }), Order::Kept);

const CACHE: ResourceType = ResourceType::new(
    "vault_transit_secret_cache_config",
    "How many keys of a mount the server keeps in memory.",
    "{backend}/cache-config",
    Life::Singleton {
        omitted: Omitted::Kept,
        delete: false,
    },
)
.tells_making_on(Products::OpenBao)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    integer("size", "How many keys; 0 is without limit.").required(),
])
.example(
    r#"resource "vault_mount" "cached" {
  path = "cached"
  type = "transit"
}

resource "vault_transit_secret_cache_config" "cached" {
  backend = vault_mount.cached.path
  size    = 100
}
"#,
);

const ENCRYPT: ResourceType = ResourceType::data(
    "vault_transit_encrypt",
    "Encrypts a text.",
    "{backend}/encrypt/{key}",
    DataRead::Post,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("key", "Name of the key.").required().identity(),
    Attribute::new("plaintext", Kind::Base64, "The text.")
        .required()
        .sensitive(),
    text("context", "Base64 of the context, for derived keys."),
    integer("key_version", "The version to use; 0 is the newest."),
    text("ciphertext", "The cipher text.").computed(),
])
.notes(&["Every read gives another cipher text."])
.example(
    r#"resource "vault_mount" "notes" {
  path = "notes"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "notes" {
  backend          = vault_mount.notes.path
  name             = "notes"
  deletion_allowed = true
}

data "vault_transit_encrypt" "note" {
  backend   = vault_mount.notes.path
  key       = vault_transit_secret_backend_key.notes.name
  plaintext = "small note"
}
"#,
);

const DECRYPT: ResourceType = ResourceType::data(
    "vault_transit_decrypt",
    "Decrypts a cipher text.",
    "{backend}/decrypt/{key}",
    DataRead::Post,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("key", "Name of the key.").required().identity(),
    text("ciphertext", "The cipher text.").required(),
    text("context", "Base64 of the context, for derived keys."),
    Attribute::new("plaintext", Kind::Base64, "The text.")
        .computed()
        .sensitive(),
])
.example(
    r#"resource "vault_mount" "letters" {
  path = "letters"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "letters" {
  backend          = vault_mount.letters.path
  name             = "letters"
  deletion_allowed = true
}

data "vault_transit_encrypt" "letter" {
  backend   = vault_mount.letters.path
  key       = vault_transit_secret_backend_key.letters.name
  plaintext = "small note"
}

data "vault_transit_decrypt" "letter" {
  backend    = vault_mount.letters.path
  key        = vault_transit_secret_backend_key.letters.name
  ciphertext = data.vault_transit_encrypt.letter.ciphertext
}
"#,
);

const MAPS: Kind = Kind::List(&Kind::Map(&Kind::Text { lower: false }), Order::Kept);

/// What signing and verifying share.
const SIGNED: &[Attribute] = &[
    path("path", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the key.").required().identity(),
    text("input", "Base64 of what is signed."),
    Attribute::new("batch_input", MAPS, "Several inputs: `input`, `context` …"),
    text("context", "Base64 of the context, for derived keys."),
    text("reference", "A text that comes back with the result.").argument(),
    boolean("prehashed", "Whether the input is hashed already."),
    text("signature_context", "A context of Ed25519 signatures.").only(Products::Enterprise),
    Attribute::new("batch_results", MAPS, "The results of several inputs.").server_decides(),
];

const SIGN: ResourceType = ResourceType::data(
    "vault_transit_sign",
    "Signs a text.",
    "{path}/sign/{name}",
    DataRead::Post,
)
.attributes(&[
    integer("key_version", "The version to use; 0 is the newest."),
    text("hash_algorithm", "`sha2-256`, `sha2-512` …"),
    text("signature_algorithm", "Of RSA keys: `pss` or `pkcs1v15`."),
    text("marshaling_algorithm", "Of ECDSA keys: `asn1` or `jws`."),
    text("salt_length", "Of `pss`: `auto`, `hash` or a number."),
    text("signature", "The signature.").server_decides(),
])
.with(&[SIGNED])
.example(
    r#"resource "vault_mount" "signatures" {
  path = "signatures"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "signatures" {
  backend          = vault_mount.signatures.path
  name             = "notes"
  type             = "ed25519"
  deletion_allowed = true
}

data "vault_transit_sign" "note" {
  path  = vault_mount.signatures.path
  name  = vault_transit_secret_backend_key.signatures.name
  input = base64encode("small note")
}
"#,
);

const VERIFY: ResourceType = ResourceType::data(
    "vault_transit_verify",
    "Tells whether a signature is good.",
    "{path}/verify/{name}",
    DataRead::Post,
)
.attributes(&[
    text("signature", "The signature."),
    text("hmac", "The HMAC, in place of a signature."),
    text("cmac", "The CMAC, in place of a signature.").only(Products::Enterprise),
    integer("mac_length", "Length of the CMAC.").only(Products::Enterprise),
    text("hash_algorithm", "`sha2-256`, `sha2-512` …").default("sha2-256"),
    text("signature_algorithm", "Of RSA keys: `pss` or `pkcs1v15`.").default("pss"),
    text("marshaling_algorithm", "Of ECDSA keys: `asn1` or `jws`.").default("asn1"),
    text("salt_length", "Of `pss`: `auto`, `hash` or a number.").default("auto"),
    boolean("valid", "Whether it is good.").server_decides(),
])
.with(&[SIGNED])
.example(
    r#"resource "vault_mount" "checks" {
  path = "checks"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "checks" {
  backend          = vault_mount.checks.path
  name             = "notes"
  type             = "ed25519"
  deletion_allowed = true
}

data "vault_transit_sign" "checked" {
  path  = vault_mount.checks.path
  name  = vault_transit_secret_backend_key.checks.name
  input = base64encode("small note")
}

data "vault_transit_verify" "checked" {
  path      = vault_mount.checks.path
  name      = vault_transit_secret_backend_key.checks.name
  input     = base64encode("small note")
  signature = data.vault_transit_sign.checked.signature
}
"#,
);
