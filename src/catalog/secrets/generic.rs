//! Any secret, and any endpoint: for what has no type of its own.

use super::{LEASE, MOUNT_ID};
use crate::catalog::{
    Attribute, DataRead, JsonWire, Life, ResourceType, boolean, checked, integer, json, list, map,
    path, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[
    GENERIC_SECRET,
    GENERIC_ENDPOINT,
    READ_SECRET,
    OPEN_SECRET,
    CALL_ENDPOINT,
]);

const GENERIC_SECRET: ResourceType = ResourceType::new(
    "vault_generic_secret",
    "A secret of a KV mount of either version, at the path that `vault kv` takes.",
    "{path}",
    Life::Secret,
)
.tells_making()
.one_of("secret", "{path}")
.attributes(&[
    path(
        "path",
        "Mount path and path of the secret, without `data/`.",
    )
    .required()
    .identity(),
    json("data_json", JsonWire::Object, "The secret, as JSON.")
        .field("data")
        .required()
        .sensitive(),
    boolean(
        "delete_all_versions",
        "Whether removing it removes all versions and the metadata.",
    )
    .argument(),
    boolean(
        "disable_read",
        "Whether the live value is left unread: compared by digest.",
    )
    .argument(),
    map("data", "The secret as text by key.")
        .computed()
        .sensitive()
        .field("data"),
])
.settles(&["Upgrading from non-versioned to versioned"])
.example(
    r#"resource "vault_mount" "generic" {
  path    = "generic"
  type    = "kv"
  options = { version = "2" }
}

resource "vault_generic_secret" "smtp" {
  path                = "${vault_mount.generic.path}/mail/smtp"
  delete_all_versions = true
  data_json           = jsonencode({ host = "mail.example", port = 587 })
}
"#,
);

const GENERIC_ENDPOINT: ResourceType = ResourceType::new(
    "vault_generic_endpoint",
    "Whatever the server keeps at a path: for what has no type of its own.",
    "{path}",
    Life::Endpoint,
)
.attributes(&[
    path("path", "The API path, without `v1/`.")
        .required()
        .identity(),
    json(
        "data_json",
        JsonWire::Body,
        "What is written there, as JSON.",
    )
    .required()
    .sensitive(),
    boolean(
        "disable_read",
        "Whether nothing is read back: compared by digest.",
    )
    .argument(),
    boolean(
        "disable_delete",
        "Whether removing it from the files leaves it on the server.",
    )
    .argument(),
    boolean(
        "ignore_absent_fields",
        "Whether only fields that the server answers are compared.",
    )
    .argument(),
    list(
        "write_fields",
        "Fields of the write's answer to keep in `write_data`.",
    )
    .argument(),
    map("write_data", "Those fields, as text.")
        .computed()
        .picks("write_fields"),
    json(
        "write_data_json",
        JsonWire::Object,
        "Those fields, as JSON.",
    )
    .computed()
    .picks("write_fields"),
])
.notes(&["Fields that the server never answers, such as `password`, are compared by digest."])
.example(
    r#"resource "vault_auth_backend" "staff" {
  type = "userpass"
  path = "staff"
}

resource "vault_generic_endpoint" "anna" {
  depends_on           = [vault_auth_backend.staff]
  path                 = "auth/staff/users/anna"
  ignore_absent_fields = true
  data_json            = jsonencode({ password = "first-password", token_policies = ["default"] })
}
"#,
);

/// What both ways to read any secret share.
const ANSWER: &[Attribute] = &[
    path(
        "path",
        "Mount path and path of the secret, without `data/`.",
    )
    .required()
    .identity(),
    integer(
        "version",
        "The version to read; the newest where it is left out.",
    )
    .steers(),
    boolean(
        "with_lease_start_time",
        "Whether `lease_start_time` is given.",
    )
    .default_bool(true)
    .argument(),
    text("lease_start_time", "When it was read.")
        .computed()
        .read_time(),
    map("data", "The secret as text by key.")
        .computed()
        .sensitive()
        .field("data"),
    json("data_json", JsonWire::Object, "The secret, as JSON.")
        .computed()
        .sensitive()
        .field("data"),
];

const READ_SECRET: ResourceType = ResourceType::data(
    "vault_generic_secret",
    "Reads a secret of a KV mount of either version, or any other path.",
    "{path}",
    DataRead::Secret,
)
.with(&[ANSWER, LEASE])
.example(
    r#"resource "vault_mount" "any" {
  path = "any"
  type = "kv-v2"
}

resource "vault_generic_secret" "any" {
  path      = "${vault_mount.any.path}/smtp"
  data_json = jsonencode({ host = "mail.example" })
}

data "vault_generic_secret" "any" {
  path = vault_generic_secret.any.path
}
"#,
);

const OPEN_SECRET: ResourceType = ResourceType::ephemeral(
    "vault_generic_secret",
    "Reads a secret of a KV mount of either version for this run only.",
    "{path}",
    DataRead::Secret,
)
.attributes(&[MOUNT_ID])
.with(&[ANSWER, LEASE])
.example(
    r#"resource "vault_mount" "once" {
  path = "once"
  type = "kv-v2"
}

resource "vault_generic_secret" "once" {
  path      = "${vault_mount.once.path}/smtp"
  data_json = jsonencode({ host = "mail.example" })
}

ephemeral "vault_generic_secret" "once" {
  mount_id = vault_generic_secret.once.id
  path     = vault_generic_secret.once.path
}

resource "vault_kv_secret_v2" "once" {
  mount                = vault_mount.once.path
  name                 = "copy"
  data_json_wo         = jsonencode({ host = ephemeral.vault_generic_secret.once.data["host"] })
  data_json_wo_version = 1
}
"#,
);

const CALL_ENDPOINT: ResourceType = ResourceType::ephemeral(
    "vault_generic_endpoint",
    "Writes to a path and keeps the answer for this run only.",
    "{path}",
    DataRead::Post,
)
.attributes(&[
    MOUNT_ID,
    path("path", "The API path, without `v1/`.").required().identity(),
    json("data_json", JsonWire::Body, "What is written there, as JSON.").required().sensitive(),
    text("path_wrap_ttl", "Asks for a wrapped answer that lives so long.").wraps(),
    list("write_fields", "Fields of the answer to keep in `write_data`.").argument(),
    map("write_data", "Those fields, as text.").computed().sensitive().picks("write_fields"),
    json("write_data_json", JsonWire::Object, "Those fields, as JSON.").computed().sensitive().picks("write_fields"),
])
.example(
    r#"resource "vault_mount" "dice" {
  path = "dice"
  type = "transit"
}

resource "vault_mount" "throws" {
  path = "throws"
  type = "kv-v2"
}

ephemeral "vault_generic_endpoint" "dice" {
  mount_id     = vault_mount.dice.accessor
  path         = "${vault_mount.dice.path}/random/16"
  data_json    = jsonencode({ format = "hex" })
  write_fields = ["random_bytes"]
}

resource "vault_kv_secret_v2" "throw" {
  mount                = vault_mount.throws.path
  name                 = "throw"
  data_json_wo         = jsonencode({ dice = ephemeral.vault_generic_endpoint.dice.write_data["random_bytes"] })
  data_json_wo_version = 1
}
"#,
);
