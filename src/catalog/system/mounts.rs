//! Secrets engines and auth methods as entries of the server's mount tables.

use crate::catalog::{
    Attribute, Check, DataRead, Life, MountTable, MountType, Products, ResourceType, Spelling,
    block, boolean, checked, duration, list, map, path, seconds, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[MOUNT, AUTH_BACKEND, READ_AUTH, READ_AUTHS]);

const MOUNT: ResourceType = ResourceType::new(
    "vault_mount",
    "A secrets engine at a path.",
    "sys/mounts/{path}",
    Life::Mounted(MountTable::Secrets, MountType::Attribute),
)
.id("{path}")
.attributes(&[
    path(
        "path",
        "Where the engine is mounted. Another path moves it, with all that it holds.",
    )
    .required()
    .moves(),
    text(
        "type",
        "The kind of engine: `kv`, `pki`, `transit`, `database` …",
    )
    .required()
    .replaces(),
])
.with(&[MOUNT_FIXED, MOUNT_TUNE])
.spellings(&[Spelling {
    attribute: "type",
    text: "kv-v2",
    is: "kv",
    with: ("options", "version", "2"),
}])
.example(
    r#"resource "vault_mount" "apps" {
  path                      = "apps"
  type                      = "kv"
  options                   = { version = "2" }
  description               = "Settings of the applications"
  default_lease_ttl_seconds = 3600
}
"#,
);

/// What belongs to a mounted secrets engine from the start.
pub const MOUNT_FIXED: &[Attribute] = &[
    map(
        "options",
        "Options of the engine, such as `version` of `kv`, which the server never lowers.",
    )
    .rises("version", 1),
    boolean("local", "Whether replication leaves the mount alone.").replaces(),
    boolean(
        "seal_wrap",
        "Whether values get a second wrapping by the seal.",
    )
    .replaces(),
    boolean(
        "external_entropy_access",
        "Whether the engine may use an outside source of entropy.",
    )
    .replaces(),
    text("accessor", "The server's own name of the mount.").computed(),
];

/// What can be changed on a mounted secrets engine, as `vault_mount` and the engines' own mount types spell it.
pub const MOUNT_TUNE: &[Attribute] = &[
    text("description", "What the mount is for."),
    seconds(
        "default_lease_ttl_seconds",
        "How long leases live at first; 0 is the server's default.",
    )
    .field("config.default_lease_ttl"),
    seconds(
        "max_lease_ttl_seconds",
        "How long leases may live with renewals; 0 is the server's limit.",
    )
    .field("config.max_lease_ttl"),
    list(
        "audit_non_hmac_request_keys",
        "Keys of requests that audit devices write in clear.",
    )
    .field("config.audit_non_hmac_request_keys"),
    list(
        "audit_non_hmac_response_keys",
        "Keys of answers that audit devices write in clear.",
    )
    .field("config.audit_non_hmac_response_keys"),
    list(
        "allowed_response_headers",
        "Headers that the engine may set.",
    )
    .field("config.allowed_response_headers"),
    list(
        "passthrough_request_headers",
        "Headers that the engine gets to see.",
    )
    .field("config.passthrough_request_headers"),
    text(
        "listing_visibility",
        "`unauth` shows the mount to whoever is not logged in.",
    )
    .field("config.listing_visibility"),
    boolean(
        "force_no_cache",
        "Whether the server keeps nothing of the engine in memory.",
    )
    .field("config.force_no_cache")
    .create_only(),
    text("plugin_version", "The version of the plugin to run.")
        .field("config.plugin_version")
        .reads("plugin_version"),
    list(
        "delegated_auth_accessors",
        "Auth mounts that the engine may ask to authenticate.",
    )
    .field("config.delegated_auth_accessors")
    .only(Products::Enterprise),
    text(
        "identity_token_key",
        "The key that signs the engine's identity tokens.",
    )
    .field("config.identity_token_key")
    .only(Products::Vault),
    set(
        "allowed_managed_keys",
        "Managed keys that the engine may use.",
    )
    .field("config.allowed_managed_keys")
    .only(Products::Enterprise),
];

const AUTH_BACKEND: ResourceType = ResourceType::new(
    "vault_auth_backend",
    "An auth method at a path.",
    "sys/auth/{path|type}",
    Life::Mounted(MountTable::Auth, MountType::Attribute),
)
.id("{path|type}")
.attributes(&[
    path(
        "path",
        "Where the method is mounted. Another path moves it, with all that it holds.",
    )
    .default_of("type")
    .moves()
    .checks(&[Check::NoEdgeSlashes]),
    text(
        "type",
        "The kind of method: `approle`, `kubernetes`, `jwt` …",
    )
    .required()
    .replaces(),
    text("description", "What the method is for."),
    boolean("local", "Whether replication leaves the mount alone.").replaces(),
    boolean(
        "disable_remount",
        "Whether another path makes a new mount, rather than moving this one.",
    )
    .argument(),
    text(
        "identity_token_key",
        "The key that signs the method's identity tokens.",
    )
    .field("config.identity_token_key")
    .only(Products::Vault),
    text("accessor", "The server's own name of the mount.").computed(),
    block("tune", AUTH_TUNE, "How the mount is tuned.").field("config"),
])
.example(
    r#"resource "vault_auth_backend" "people" {
  type = "userpass"
  path = "people"

  tune {
    default_lease_ttl  = "1h"
    max_lease_ttl      = "24h"
    listing_visibility = "unauth"
  }
}
"#,
);

/// The block `tune` of auth methods.
pub const AUTH_TUNE: &[Attribute] = &[
    duration(
        "default_lease_ttl",
        "How long tokens live at first, with a unit: `1h`.",
    )
    .checks(&[Check::DurationWithUnit]),
    duration(
        "max_lease_ttl",
        "How long tokens may live with renewals, with a unit: `24h`.",
    )
    .checks(&[Check::DurationWithUnit]),
    list(
        "audit_non_hmac_request_keys",
        "Keys of requests that audit devices write in clear.",
    ),
    list(
        "audit_non_hmac_response_keys",
        "Keys of answers that audit devices write in clear.",
    ),
    list(
        "allowed_response_headers",
        "Headers that the method may set.",
    ),
    list(
        "passthrough_request_headers",
        "Headers that the method gets to see.",
    ),
    text(
        "listing_visibility",
        "`unauth` shows the mount to whoever is not logged in.",
    )
    .checks(&[Check::OneOf(&["unauth", "hidden"])]),
    text("token_type", "The kind of token that logins get.")
        .default("default-service")
        .checks(&[Check::OneOf(&[
            "default-service",
            "default-batch",
            "service",
            "batch",
        ])]),
];

const READ_AUTH: ResourceType = ResourceType::data(
    "vault_auth_backend",
    "Reads the entry of an auth method.",
    "sys/auth/{path}",
    DataRead::Mount(MountTable::Auth),
)
.id("{path}")
.attributes(&[
    path("path", "Where the method is mounted.")
        .required()
        .identity(),
    text("type", "The kind of method.").computed(),
    text("accessor", "The server's own name of the mount.").computed(),
    text("description", "What the method is for.").computed(),
    boolean("local", "Whether replication leaves the mount alone.").computed(),
    seconds(
        "default_lease_ttl_seconds",
        "How long tokens live at first; 0 is the server's default.",
    )
    .computed()
    .field("config.default_lease_ttl"),
    seconds(
        "max_lease_ttl_seconds",
        "How long tokens may live with renewals; 0 is the server's limit.",
    )
    .computed()
    .field("config.max_lease_ttl"),
    text(
        "listing_visibility",
        "`unauth` shows the mount to whoever is not logged in.",
    )
    .computed()
    .field("config.listing_visibility"),
])
.example(
    r#"data "vault_auth_backend" "token" {
  path = "token"
}
"#,
);

const READ_AUTHS: ResourceType = ResourceType::data(
    "vault_auth_backends",
    "Lists auth methods, all or those of one type.",
    "sys/auth",
    DataRead::Mounts(MountTable::Auth),
)
.id("default")
.attributes(&[
    text("type", "The kind of method; all where it is left out."),
    list("paths", "Where they are mounted.")
        .computed()
        .field("path"),
    list("accessors", "The server's own names of them.")
        .computed()
        .field("accessor"),
])
.example(
    r#"data "vault_auth_backends" "all" {}
"#,
);
