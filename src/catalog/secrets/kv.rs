//! Key-value secrets, version 1 and 2.

use super::{LEASE, MOUNT_ID};
use crate::catalog::{
    Attribute, DataRead, JsonWire, Life, Omitted, Part, Products, ResourceType, Rule, block,
    boolean, checked, integer, json, list, map, path, seconds, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[
    BACKEND_V2, SECRET_V2, SECRET_V1, READ_V2, READ_V1, SUBKEYS_V2, LIST_V2, LIST_V1, OPEN_V2,
]);

const BACKEND_V2: ResourceType = ResourceType::new(
    "vault_kv_secret_backend_v2",
    "Settings of a KV version 2 mount.",
    "{mount}/config",
    Life::Singleton {
        omitted: Omitted::Kept,
        delete: false,
    },
)
.tells_making_on(Products::OpenBao)
.attributes(&[
    path("mount", "Mount path of the engine.")
        .required()
        .identity(),
    integer(
        "max_versions",
        "How many versions of a secret are kept; 0 is ten.",
    ),
    boolean(
        "cas_required",
        "Whether every write must name the version that it replaces.",
    ),
    seconds(
        "delete_version_after",
        "After how many seconds a version is deleted; 0 is never.",
    ),
])
.settles(&["Upgrading from non-versioned to versioned"])
.example(
    r#"resource "vault_mount" "kept" {
  path    = "kept"
  type    = "kv"
  options = { version = "2" }
}

resource "vault_kv_secret_backend_v2" "kept" {
  mount        = vault_mount.kept.path
  max_versions = 5
}
"#,
);

const SECRET_V2: ResourceType = ResourceType::new(
    "vault_kv_secret_v2",
    "A secret of a KV version 2 mount.",
    "{mount}/data/{name}",
    Life::Versioned,
)
.tells_making()
.one_of("secret", "{mount}/{name}")
.list("{mount}/metadata")
.attributes(&[
    path("mount", "Mount path of the engine.")
        .required()
        .identity(),
    path("name", "Path of the secret below the mount.")
        .required()
        .identity(),
    json("data_json", JsonWire::Object, "The secret, as JSON.")
        .field("data")
        .sensitive(),
    json(
        "data_json_wo",
        JsonWire::Object,
        "The secret, as JSON; not kept anywhere else.",
    )
    .write_only("data_json")
    .field("data"),
    integer(
        "data_json_wo_version",
        "A new number sends `data_json_wo` again; not needed.",
    )
    .argument(),
    integer(
        "cas",
        "Not needed: a write always names the version that the plan saw.",
    )
    .argument(),
    map("options", "Options of the write, such as `cas`.").steers(),
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
    block(
        "custom_metadata",
        METADATA,
        "What is kept beside the versions.",
    )
    .part("metadata"),
    map("data", "The secret as text by key.")
        .computed()
        .sensitive()
        .deprecated("use an ephemeral resource"),
    map("metadata", "What the server says of the newest version.")
        .computed()
        .repeats(&[("custom_metadata", "custom_metadata.data")]),
    text("path", "Its API path.")
        .computed()
        .formed("{mount}/data/{name}"),
])
.parts(&[Part {
    name: "metadata",
    path: "{mount}/metadata/{name}",
    read: true,
    omitted: Omitted::Kept,
    only_if_set: true,
    delete: true,
    each: "",
}])
.rules(&[
    Rule::Conflict(&["data_json", "data_json_wo"]),
    Rule::Needs("data_json_wo_version", "data_json_wo"),
])
.settles(&["Upgrading from non-versioned to versioned"])
.example(
    r#"resource "vault_mount" "versioned" {
  path    = "versioned"
  type    = "kv"
  options = { version = "2" }
}

resource "vault_kv_secret_v2" "smtp" {
  mount               = vault_mount.versioned.path
  name                = "mail/smtp"
  delete_all_versions = true
  data_json           = jsonencode({ host = "mail.example", port = 587 })

  custom_metadata {
    max_versions = 3
    data         = { owner = "mail" }
  }
}
"#,
);

const METADATA: &[Attribute] = &[
    integer(
        "max_versions",
        "How many versions are kept; 0 is the mount's number.",
    ),
    boolean(
        "cas_required",
        "Whether every write must name the version that it replaces.",
    ),
    seconds(
        "delete_version_after",
        "After how many seconds a version is deleted; 0 is never.",
    ),
    map("data", "Any text by key.").field("custom_metadata"),
];

const SECRET_V1: ResourceType = ResourceType::new(
    "vault_kv_secret",
    "A secret of a KV version 1 mount.",
    "{path}",
    Life::Upsert(Omitted::Reset),
)
.tells_making()
.one_of("secret", "{path}")
.attributes(&[
    path("path", "Mount path and path of the secret.")
        .required()
        .identity(),
    json("data_json", JsonWire::Body, "The secret, as JSON.")
        .required()
        .sensitive(),
    map("data", "The secret as text by key.")
        .computed()
        .sensitive()
        .reads("."),
])
.example(
    r#"resource "vault_mount" "plain" {
  path    = "plain"
  type    = "kv"
  options = { version = "1" }
}

resource "vault_kv_secret" "smtp" {
  path      = "${vault_mount.plain.path}/smtp"
  data_json = jsonencode({ host = "mail.example" })
}
"#,
);

/// What a read of a version answers.
const VERSION: &[Attribute] = &[
    map("data", "The secret as text by key.")
        .computed()
        .sensitive(),
    json("data_json", JsonWire::Object, "The secret, as JSON.")
        .computed()
        .sensitive()
        .field("data"),
    text("created_time", "When the version was made.")
        .computed()
        .field("metadata.created_time"),
    text("deletion_time", "When the version was deleted.")
        .computed()
        .field("metadata.deletion_time"),
    boolean("destroyed", "Whether the version is gone for good.")
        .computed()
        .field("metadata.destroyed"),
    map("custom_metadata", "Metadata of the secret.")
        .computed()
        .field("metadata.custom_metadata"),
];

const READ_V2: ResourceType = ResourceType::data(
    "vault_kv_secret_v2",
    "Reads a secret of a KV version 2 mount.",
    "{mount}/data/{name}",
    DataRead::Versioned,
)
.attributes(&[
    path("mount", "Mount path of the engine.")
        .required()
        .identity(),
    path("name", "Path of the secret below the mount.")
        .required()
        .identity(),
    integer(
        "version",
        "The version to read; the newest where it is left out.",
    )
    .steers(),
    text("path", "Its API path.")
        .computed()
        .formed("{mount}/data/{name}"),
])
.with(&[VERSION])
.example(
    r#"resource "vault_mount" "read" {
  path = "read"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "read" {
  mount     = vault_mount.read.path
  name      = "smtp"
  data_json = jsonencode({ host = "mail.example" })
}

data "vault_kv_secret_v2" "read" {
  mount = vault_mount.read.path
  name  = vault_kv_secret_v2.read.name
}
"#,
);

const OPEN_V2: ResourceType = ResourceType::ephemeral(
    "vault_kv_secret_v2",
    "Reads a secret of a KV version 2 mount for this run only.",
    "{mount}/data/{name}",
    DataRead::Versioned,
)
.attributes(&[
    path("mount", "Mount path of the engine.")
        .required()
        .identity(),
    path("name", "Path of the secret below the mount.")
        .required()
        .identity(),
    integer(
        "version",
        "The version to read; the newest where it is left out.",
    )
    .steers(),
    MOUNT_ID,
])
.with(&[VERSION])
.example(
    r#"resource "vault_mount" "opened" {
  path = "opened"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "opened" {
  mount     = vault_mount.opened.path
  name      = "smtp"
  data_json = jsonencode({ host = "mail.example" })
}

ephemeral "vault_kv_secret_v2" "opened" {
  mount    = vault_mount.opened.path
  mount_id = vault_kv_secret_v2.opened.id
  name     = vault_kv_secret_v2.opened.name
}

resource "vault_kv_secret_v2" "copy" {
  mount                = vault_mount.opened.path
  name                 = "copy"
  data_json_wo         = jsonencode({ host = ephemeral.vault_kv_secret_v2.opened.data["host"] })
  data_json_wo_version = 1
}
"#,
);

const READ_V1: ResourceType = ResourceType::data(
    "vault_kv_secret",
    "Reads a secret of a KV version 1 mount.",
    "{path}",
    DataRead::Get,
)
.attributes(&[
    path("path", "Mount path and path of the secret.")
        .required()
        .identity(),
    map("data", "The secret as text by key.")
        .computed()
        .sensitive()
        .reads("."),
    json("data_json", JsonWire::Object, "The secret, as JSON.")
        .computed()
        .sensitive()
        .reads("."),
])
.with(&[LEASE])
.example(
    r#"resource "vault_mount" "old" {
  path    = "old"
  type    = "kv"
  options = { version = "1" }
}

resource "vault_kv_secret" "old" {
  path      = "${vault_mount.old.path}/smtp"
  data_json = jsonencode({ host = "mail.example" })
}

data "vault_kv_secret" "old" {
  path = vault_kv_secret.old.path
}
"#,
);

const SUBKEYS_V2: ResourceType = ResourceType::data(
    "vault_kv_secret_subkeys_v2",
    "Reads the keys of a secret, not the values.",
    "{mount}/subkeys/{name}",
    DataRead::Get,
)
.attributes(&[
    path("mount", "Mount path of the engine.")
        .required()
        .identity(),
    path("name", "Path of the secret below the mount.")
        .required()
        .identity(),
    integer(
        "version",
        "The version to read; the newest where it is left out.",
    )
    .steers(),
    integer("depth", "How deep to look; 0 is to the bottom.").steers(),
    map("data", "The keys.")
        .computed()
        .sensitive()
        .field("subkeys"),
    json("data_json", JsonWire::Object, "The keys, as JSON.")
        .computed()
        .field("subkeys"),
    text("path", "Its API path.")
        .computed()
        .formed("{mount}/subkeys/{name}"),
])
.example(
    r#"resource "vault_mount" "shapes" {
  path = "shapes"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "shape" {
  mount     = vault_mount.shapes.path
  name      = "smtp"
  data_json = jsonencode({ host = "mail.example", login = { user = "robot" } })
}

data "vault_kv_secret_subkeys_v2" "shape" {
  mount = vault_mount.shapes.path
  name  = vault_kv_secret_v2.shape.name
}
"#,
);

const LIST_V2: ResourceType = ResourceType::data(
    "vault_kv_secrets_list_v2",
    "Lists the secrets of a KV version 2 mount, one level.",
    "{mount}/metadata/{name}",
    DataRead::List { keys: "names" },
)
.attributes(&[
    path("mount", "Mount path of the engine.")
        .required()
        .identity(),
    path(
        "name",
        "The folder to list; the whole mount where it is left out.",
    )
    .default("")
    .identity(),
    list("names", "The names; folders end with a slash.")
        .computed()
        .sensitive(),
    text("path", "Its API path.")
        .computed()
        .formed("{mount}/metadata/{name}"),
])
.example(
    r#"resource "vault_mount" "listed" {
  path = "listed"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "listed" {
  mount     = vault_mount.listed.path
  name      = "smtp"
  data_json = jsonencode({ host = "mail.example" })
}

data "vault_kv_secrets_list_v2" "all" {
  depends_on = [vault_kv_secret_v2.listed]
  mount      = vault_mount.listed.path
}
"#,
);

const LIST_V1: ResourceType = ResourceType::data(
    "vault_kv_secrets_list",
    "Lists the secrets of a KV version 1 mount, one level.",
    "{path}",
    DataRead::List { keys: "names" },
)
.attributes(&[
    path("path", "The folder to list.").required().identity(),
    list("names", "The names; folders end with a slash.")
        .computed()
        .sensitive(),
])
.example(
    r#"resource "vault_mount" "shelf" {
  path    = "shelf"
  type    = "kv"
  options = { version = "1" }
}

resource "vault_kv_secret" "shelf" {
  path      = "${vault_mount.shelf.path}/smtp"
  data_json = jsonencode({ host = "mail.example" })
}

data "vault_kv_secrets_list" "all" {
  depends_on = [vault_kv_secret.shelf]
  path       = vault_mount.shelf.path
}
"#,
);
