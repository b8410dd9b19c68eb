//! What files for Vault use besides: random values, data that no server keeps, policies made of blocks.

use super::{
    Attribute, DataRead, Kind, Life, Local, ResourceType, blocks, boolean, checked, duration,
    integer, list, map, text,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[
    RANDOM_PASSWORD,
    NEW_PASSWORD,
    RANDOM_ID,
    TERRAFORM_DATA,
    NULL_RESOURCE,
    POLICY_DOCUMENT,
]);

const KEEPERS: Attribute = map("keepers", "Another value makes a new one.")
    .argument()
    .replaces();

const RANDOM_PASSWORD: ResourceType = ResourceType::new(
    "random_password",
    "A random password, made once and kept in Vault.",
    "",
    Life::Local(Local::RandomPassword),
)
.attributes(&[KEEPERS])
.with(&[PASSWORD])
.example(
    r#"resource "random_password" "db" {
  length  = 24
  special = false
}
"#,
);

const NEW_PASSWORD: ResourceType = ResourceType::ephemeral(
    "random_password",
    "A random password that exists during one run only, for write-only arguments.",
    "",
    DataRead::Local(Local::RandomPassword),
)
.with(&[PASSWORD])
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

/// What a password is like, and what it is.
const PASSWORD: &[Attribute] = &[
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
    text("result", "The password.").computed().sensitive(),
    text("bcrypt_hash", "Its bcrypt hash.")
        .computed()
        .sensitive(),
];

const RANDOM_ID: ResourceType = ResourceType::new(
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

const TERRAFORM_DATA: ResourceType = ResourceType::new(
    "terraform_data",
    "Values that no server keeps, to pass on or to make others follow.",
    "",
    Life::Local(Local::Data),
)
.attributes(&[
    Attribute::new("input", Kind::Any, "Any value."),
    Attribute::new("output", Kind::Any, "That value.")
        .computed()
        .formed("{input}"),
    Attribute::new(
        "triggers_replace",
        Kind::Any,
        "Another value makes a new one.",
    )
    .replaces(),
])
.example(
    r#"resource "terraform_data" "release" {
  input = "v1"
}
"#,
);

const NULL_RESOURCE: ResourceType = ResourceType::new(
    "null_resource",
    "Nothing, with an id.",
    "",
    Life::Local(Local::Null),
)
.attributes(&[map("triggers", "Another value makes a new one.").replaces()])
.example(
    r#"resource "null_resource" "gate" {
  triggers = { release = "v1" }
}
"#,
);

const POLICY_DOCUMENT: ResourceType = ResourceType::data(
    "vault_policy_document",
    "An ACL policy made of blocks.",
    "",
    DataRead::Local(Local::PolicyDocument),
)
.attributes(&[
    blocks("rule", RULE, "One path and what may be done there."),
    text("hcl", "The policy.").computed(),
])
.example(
    r#"data "vault_policy_document" "app" {
  rule {
    path         = "apps/data/*"
    capabilities = ["read", "list"]
    description  = "read the settings"
  }
}

resource "vault_policy" "app" {
  name   = "app"
  policy = data.vault_policy_document.app.hcl
}
"#,
);

const RULE: &[Attribute] = &[
    text(
        "path",
        "The path; `*` at its end is any rest, `+` any segment.",
    )
    .required(),
    list(
        "capabilities",
        "`create`, `read`, `update`, `delete`, `list`, `sudo`, `deny` …",
    )
    .required(),
    text("description", "A comment above the rule."),
    blocks(
        "allowed_parameter",
        PARAMETER,
        "A parameter that may be sent, and with which values.",
    ),
    blocks(
        "denied_parameter",
        PARAMETER,
        "A parameter that may not be sent.",
    ),
    list("required_parameters", "Parameters that must be sent."),
    duration(
        "min_wrapping_ttl",
        "How long a wrapping token must live at least.",
    ),
    duration("max_wrapping_ttl", "How long a wrapping token may live."),
    list(
        "subscribe_event_types",
        "Kinds of event that may be subscribed to.",
    ),
];

const PARAMETER: &[Attribute] = &[
    text("key", "Its name.").required(),
    list("value", "Its values; none is any.").required(),
];
