//! Namespaces: servers within a server.

use crate::catalog::{
    Check, DataRead, Life, Omitted, Products, ResourceType, boolean, checked, map, path, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[NAMESPACE, READ_NAMESPACE, READ_NAMESPACES]);

const NAMESPACE: ResourceType = ResourceType::new(
    "vault_namespace",
    "A namespace: mounts, policies and identities of its own.",
    "sys/namespaces/{path}",
    Life::Upsert(Omitted::Reset),
)
.id("{namespace}/{path}/")
.list("sys/namespaces")
.bulk("sys/namespaces")
.only(Products::NotCommunity)
.removed_later()
.attributes(&[
    path("path", "Its name, below the namespace that it is made in.")
        .required()
        .identity()
        .checks(&[Check::NoEdgeSlashes]),
    map("custom_metadata", "Any text by key."),
    text("namespace_id", "The server's name of it.")
        .computed()
        .reads("id"),
    text(
        "path_fq",
        "Its whole path, for the argument `namespace` of others.",
    )
    .server_decides()
    .formed("{namespace}/{path}"),
])
.example(
    r#"resource "vault_namespace" "division" {
  path            = "division"
  custom_metadata = { contact = "ops@example" }
}

resource "vault_policy" "division" {
  namespace = vault_namespace.division.path_fq
  name      = "readers"
  policy    = "path \"kv/*\" { capabilities = [\"read\"] }"
}
"#,
);

const READ_NAMESPACE: ResourceType = ResourceType::data(
    "vault_namespace",
    "Reads a namespace; the one we are in where `path` is left out.",
    "sys/namespaces/{path}",
    DataRead::Get,
)
.id("{namespace}/{path}/")
.only(Products::NotCommunity)
.attributes(&[
    path("path", "Its name, below the namespace that is asked.")
        .identity()
        .checks(&[Check::NoEdgeSlashes]),
    map("custom_metadata", "Any text by key.").computed(),
    text("namespace_id", "The server's name of it.")
        .computed()
        .reads("id"),
    text("path_fq", "Its whole path.")
        .computed()
        .formed("{namespace}/{path}"),
])
.example(
    r#"resource "vault_namespace" "seen" {
  path = "seen"
}

data "vault_namespace" "seen" {
  path = vault_namespace.seen.path
}
"#,
);

const READ_NAMESPACES: ResourceType = ResourceType::data(
    "vault_namespaces",
    "Lists the namespaces below the one we are in.",
    "sys/namespaces",
    DataRead::Tree {
        keys: "paths",
        deep: "recursive",
    },
)
.id("{namespace}/")
.only(Products::NotCommunity)
.attributes(&[
    boolean("recursive", "Whether those below them are listed too.").argument(),
    set("paths", "Their paths, from here.").computed(),
    set("paths_fq", "Their whole paths.")
        .computed()
        .formed("{namespace}/{paths}"),
])
.example(
    r#"data "vault_namespaces" "all" {
  recursive = true
}
"#,
);
