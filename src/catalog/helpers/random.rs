//! Values made by chance, once, and kept in Vault.

use crate::catalog::{
    Attribute, DataRead, Life, Local, ResourceType, boolean, checked, integer, list, map, text,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[
    PASSWORD,
    FRESH_PASSWORD,
    STRING,
    ID,
    BYTES,
    UUID,
    PET,
    INTEGER,
    SHUFFLE,
]);

/// Says when a value is made anew.
pub const KEEPERS: Attribute = map("keepers", "Another value makes a new one.")
    .argument()
    .replaces();

const SEED: Attribute = text(
    "seed",
    "Another value makes a new one; what comes out is not that of Terraform's generator.",
)
.replaces();

/// Which letters a text may have.
const LETTERS: &[Attribute] = &[
    integer("length", "How many characters.")
        .required()
        .replaces(),
    boolean("lower", "Whether it has small letters.")
        .default_bool(true)
        .replaces(),
    boolean("upper", "Whether it has capital letters.")
        .default_bool(true)
        .replaces(),
    boolean("numeric", "Whether it has digits.")
        .default_bool(true)
        .replaces(),
    boolean("number", "Whether it has digits.")
        .default_bool(true)
        .replaces()
        .deprecated("use `numeric`"),
    boolean("special", "Whether it has other characters.")
        .default_bool(true)
        .replaces(),
    text("override_special", "The other characters that it may have.").replaces(),
    integer("min_lower", "How many small letters at least.").replaces(),
    integer("min_upper", "How many capital letters at least.").replaces(),
    integer("min_numeric", "How many digits at least.").replaces(),
    integer("min_special", "How many other characters at least.").replaces(),
];

const PASSWORD: ResourceType = ResourceType::new(
    "random_password",
    "A random password, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomPassword),
)
.attributes(&[
    KEEPERS,
    text("result", "The password.").computed().sensitive(),
    text("bcrypt_hash", "Its bcrypt hash.")
        .computed()
        .sensitive(),
])
.with(&[LETTERS])
.example(
    r#"resource "random_password" "db" {
  length  = 24
  special = false
}
"#,
);

const FRESH_PASSWORD: ResourceType = ResourceType::ephemeral(
    "random_password",
    "A random password that exists during one run only, for write-only arguments.",
    "",
    DataRead::Local(Local::RandomPassword),
)
.attributes(&[
    text("result", "The password.").computed().sensitive(),
    text("bcrypt_hash", "Its bcrypt hash.")
        .computed()
        .sensitive(),
])
.with(&[LETTERS])
.example(
    r#"ephemeral "random_password" "db" {
  length = 24
}

resource "vault_mount" "db" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "db" {
  mount                = vault_mount.db.path
  name                 = "db"
  data_json_wo         = jsonencode({ password = ephemeral.random_password.db.result })
  data_json_wo_version = 1
}
"#,
);

const STRING: ResourceType = ResourceType::new(
    "random_string",
    "A random text that is no secret, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomString),
)
.attributes(&[KEEPERS, text("result", "The text.").computed()])
.with(&[LETTERS])
.example(
    r#"resource "random_string" "suffix" {
  length  = 6
  upper   = false
  special = false
}
"#,
);

const ID: ResourceType = ResourceType::new(
    "random_id",
    "Random bytes, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomId),
)
.attributes(&[
    KEEPERS,
    integer("byte_length", "How many bytes.")
        .required()
        .replaces(),
    text("prefix", "Text in front of each spelling.").replaces(),
    text("b64_url", "The bytes, in base64 for URLs, with the prefix.").computed(),
    text("b64_std", "The bytes, in base64, with the prefix.").computed(),
    text("hex", "The bytes, in hexadecimal digits, with the prefix.").computed(),
    text("dec", "The bytes as a number, with the prefix.").computed(),
])
.example(
    r#"resource "random_id" "suffix" {
  byte_length = 4
}
"#,
);

const BYTES: ResourceType = ResourceType::new(
    "random_bytes",
    "Secret random bytes, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomBytes),
)
.attributes(&[
    KEEPERS,
    integer("length", "How many bytes.").required().replaces(),
    text("base64", "The bytes, in base64.")
        .computed()
        .sensitive(),
    text("hex", "The bytes, in hexadecimal digits.")
        .computed()
        .sensitive(),
])
.example(
    r#"resource "random_bytes" "key" {
  length = 32
}
"#,
);

const UUID: ResourceType = ResourceType::new(
    "random_uuid",
    "A random UUID, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomUuid),
)
.attributes(&[KEEPERS, text("result", "The UUID.").computed()])
.example(
    r#"resource "random_uuid" "tenant" {}
"#,
);

const PET: ResourceType = ResourceType::new(
    "random_pet",
    "A name that is easy to remember, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomPet),
)
.attributes(&[
    KEEPERS,
    integer("length", "How many words.")
        .default_number(2)
        .replaces(),
    text("prefix", "A word in front.").replaces(),
    text("separator", "What stands between the words.")
        .default("-")
        .replaces(),
])
.example(
    r#"resource "random_pet" "stage" {
  length = 3
}
"#,
);

const INTEGER: ResourceType = ResourceType::new(
    "random_integer",
    "A random whole number, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomInteger),
)
.attributes(&[
    KEEPERS,
    integer("min", "The least that it may be.")
        .required()
        .replaces(),
    integer("max", "The most that it may be.")
        .required()
        .replaces(),
    SEED,
    integer("result", "The number.").computed(),
])
.example(
    r#"resource "random_integer" "minute" {
  min = 0
  max = 59
}
"#,
);

const SHUFFLE: ResourceType = ResourceType::new(
    "random_shuffle",
    "Texts in a random order, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomShuffle),
)
.attributes(&[
    KEEPERS,
    list("input", "The texts.").required().replaces(),
    integer(
        "result_count",
        "How many come out; all where it is left out.",
    )
    .replaces(),
    SEED,
    list("result", "The texts in their order.").computed(),
])
.example(
    r#"resource "random_shuffle" "zones" {
  input        = ["north", "south", "west"]
  result_count = 2
}
"#,
);
