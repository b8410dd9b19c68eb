//! Settings of the server: CORS, headers, raft, plugins.

use crate::catalog::{
    Attribute, Check, DataRead, JsonWire, Kind, Life, Omitted, Order, Products, ResourceType,
    boolean, checked, duration, integer, json, list, map, set, sorted_set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[
    CORS,
    UI_HEADER,
    AUTOPILOT,
    ROTATION,
    PLUGIN,
    PIN,
    RUNTIME,
    READ_CORS,
    READ_AUTOPILOT,
    READ_RUNTIMES,
]);

/// Headers that the server allows by itself, OpenBao 2.7 and Vault 1.21.
const OWN_HEADERS: &[&str] = &[
    "Content-Type",
    "Authorization",
    "X-Vault-Token",
    "X-Vault-MFA",
    "X-Vault-No-Request-Forwarding",
    "X-Vault-Wrap-Format",
    "X-Vault-Wrap-TTL",
    "X-Requested-With",
    "X-Vault-AWS-IAM-Server-ID",
    "X-Vault-Policy-Override",
    "X-Vault-Namespace",
];

const CORS: ResourceType = ResourceType::new(
    "vault_sys_config_cors",
    "Which web pages may ask the server.",
    "sys/config/cors",
    Life::Singleton {
        omitted: Omitted::Reset,
        delete: true,
    },
)
.attributes(&[
    set("allowed_origins", "Addresses of the pages; `*` is any.")
        .required()
        .checks(&[Check::MinItems(1)]),
    set(
        "allowed_headers",
        "Headers that they may send, besides the usual ones.",
    )
    .without(OWN_HEADERS),
    boolean("enabled", "Whether it is on.").computed(),
])
.example(
    r#"resource "vault_sys_config_cors" "cors" {
  allowed_origins = ["https://console.example"]
}
"#,
);

const UI_HEADER: ResourceType = ResourceType::new(
    "vault_config_ui_header",
    "A header that the web pages of the server carry.",
    "sys/config/ui/headers/{name}",
    Life::Upsert(Omitted::Reset),
)
.list("sys/config/ui/headers")
.query(&[("multivalue", "true")])
.attributes(&[
    text("name", "Name of the header.").required().identity(),
    sorted_set("values", "Its values.").required(),
])
.example(
    r#"resource "vault_config_ui_header" "frames" {
  name   = "X-Frame-Options"
  values = ["DENY"]
}
"#,
);

const ROTATION: ResourceType = ResourceType::new(
    "bao_rotate_config",
    "When the server makes a new key for its storage by itself.",
    "sys/rotate/config",
    Life::Singleton {
        omitted: Omitted::Kept,
        delete: false,
    },
)
.attributes(&[
    boolean("enabled", "Whether it does.").default_bool(true),
    duration("interval", "How long a key is used; 0 is without limit.").default("0"),
    integer("max_operations", "How often a key is used.").default_number(3_865_470_566),
])
.example(
    r#"resource "bao_rotate_config" "barrier" {
  interval = "720h"
}
"#,
);

const AUTOPILOT: ResourceType = ResourceType::new(
    "vault_raft_autopilot",
    "How the servers of a raft cluster look after each other.",
    "sys/storage/raft/autopilot/configuration",
    Life::Singleton {
        omitted: Omitted::Kept,
        delete: false,
    },
)
.attributes(&[
    boolean("cleanup_dead_servers", "Whether dead servers are removed."),
    duration(
        "dead_server_last_contact_threshold",
        "How long a silent server is not dead yet.",
    )
    .default("24h"),
    duration(
        "last_contact_threshold",
        "How long a silent server is healthy.",
    )
    .default("10s"),
    integer(
        "max_trailing_logs",
        "How far a healthy server may be behind.",
    )
    .default_number(1000),
    integer("min_quorum", "How many servers stay at least.").default_number(3),
    duration(
        "server_stabilization_time",
        "How long a new server must be healthy to vote.",
    )
    .default("10s"),
    boolean(
        "disable_upgrade_migration",
        "Whether upgrades move no votes.",
    )
    .only(Products::Enterprise),
])
.example(
    r#"# Needs raft storage.
resource "vault_raft_autopilot" "cluster" {
  cleanup_dead_servers = true
  min_quorum           = 3
}
"#,
);

const PLUGIN: ResourceType = ResourceType::new(
    "vault_plugin",
    "A plugin that may be mounted.",
    "sys/plugins/catalog/{type}/{name}",
    Life::Upsert(Omitted::Reset),
)
.query(&[("version", "{version}")])
.attributes(&[
    text("type", "`auth`, `secret` or `database`.")
        .required()
        .identity(),
    text("name", "Name of the plugin.").required().identity(),
    Attribute::new("version", Kind::Version, "Its version: `v1.2.3`.").replaces(),
    text("sha256", "Checksum of the file."),
    text("command", "The file, in the server's folder of plugins."),
    list("args", "Its arguments."),
    list("env", "Its environment, as `NAME=value`.")
        .sensitive()
        .never_read(),
    text("oci_image", "A container image, in place of a file.").only(Products::Vault),
    text("runtime", "What runs the container.").only(Products::Vault),
])
.example(
    r#"# Needs a folder of plugins with this file in it.
resource "vault_plugin" "orders" {
  type    = "secret"
  name    = "orders"
  version = "v1.0.0"
  command = "orders"
  sha256  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}
"#,
);

const PIN: ResourceType = ResourceType::new(
    "vault_plugin_pinned_version",
    "Which version of a plugin runs where none is said.",
    "sys/plugins/pins/{type}/{name}",
    Life::Upsert(Omitted::Reset),
)
.only(Products::Vault)
.attributes(&[
    text("type", "`auth`, `secret` or `database`.")
        .required()
        .identity(),
    text("name", "Name of the plugin.").required().identity(),
    Attribute::new("version", Kind::Version, "The version.").required(),
])
.example(
    r#"resource "vault_plugin_pinned_version" "orders" {
  type    = "secret"
  name    = "orders"
  version = "v1.0.0"
}
"#,
);

const RUNTIME: ResourceType = ResourceType::new(
    "vault_plugin_runtime",
    "What runs plugins in containers.",
    "sys/plugins/runtimes/catalog/{type}/{name}",
    Life::Upsert(Omitted::Reset),
)
.only(Products::Vault)
.attributes(&[
    text("type", "`container`.")
        .required()
        .identity()
        .checks(&[Check::OneOf(&["container"])]),
    text("name", "Name of the runtime.").required().identity(),
    text("oci_runtime", "The program: `runsc`.").server_decides(),
    text(
        "cgroup_parent",
        "The parent of the containers' control group.",
    )
    .server_decides(),
    integer("cpu_nanos", "How much of a processor a container gets.").server_decides(),
    integer("memory_bytes", "How much memory a container gets.").server_decides(),
    boolean("rootless", "Whether the program runs without root."),
])
.example(
    r#"resource "vault_plugin_runtime" "runsc" {
  type        = "container"
  name        = "runsc"
  oci_runtime = "runsc"
}
"#,
);

const READ_CORS: ResourceType = ResourceType::data(
    "vault_sys_config_cors",
    "Reads which web pages may ask the server.",
    "sys/config/cors",
    DataRead::Get,
)
.attributes(&[
    boolean("enabled", "Whether it is on.").computed(),
    set("allowed_origins", "Addresses of the pages.").computed(),
    set(
        "allowed_headers",
        "Headers that they may send, besides the usual ones.",
    )
    .computed()
    .without(OWN_HEADERS),
])
.example(
    r#"data "vault_sys_config_cors" "now" {}
"#,
);

const READ_AUTOPILOT: ResourceType = ResourceType::data(
    "vault_raft_autopilot_state",
    "Reads how the servers of a raft cluster are.",
    "sys/storage/raft/autopilot/state",
    DataRead::Get,
)
.attributes(&[
    boolean("healthy", "Whether all are well.").computed(),
    integer("failure_tolerance", "How many may fail.").computed(),
    integer(
        "optimistic_failure_tolerance",
        "How many may fail one after the other.",
    )
    .computed(),
    text("leader", "The one that leads.").computed(),
    list("voters", "Those that vote.").computed(),
    map("servers", "Each server, as JSON.").computed(),
    json("servers_json", JsonWire::Object, "All servers, as JSON.")
        .computed()
        .field("servers"),
    map("redundancy_zones", "Each zone, as JSON.").computed(),
    json(
        "redundancy_zones_json",
        JsonWire::Object,
        "All zones, as JSON.",
    )
    .computed()
    .field("redundancy_zones"),
    map("upgrade_info", "How an upgrade goes on.").computed(),
    json("upgrade_info_json", JsonWire::Object, "The same, as JSON.")
        .computed()
        .field("upgrade_info"),
])
.example(
    r#"# Needs raft storage.
data "vault_raft_autopilot_state" "now" {}
"#,
);

const READ_RUNTIMES: ResourceType = ResourceType::data(
    "vault_plugin_runtimes",
    "Lists what runs plugins in containers.",
    "sys/plugins/runtimes/catalog",
    DataRead::Get,
)
.only(Products::Vault)
.attributes(&[
    text("type", "The kind of runtime: `container`.").steers(),
    Attribute::new(
        "runtimes",
        Kind::List(&Kind::Any, Order::Kept),
        "The runtimes.",
    )
    .computed(),
])
.example(
    r#"data "vault_plugin_runtimes" "all" {}
"#,
);
