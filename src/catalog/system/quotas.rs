//! Quotas: how much may be asked of the server.

use crate::catalog::{
    Attribute, Check, Kind, Life, Omitted, Products, ResourceType, boolean, checked, float,
    seconds, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[RATE_LIMIT, CONFIG]);

const RATE_LIMIT: ResourceType = ResourceType::new(
    "vault_quota_rate_limit",
    "How many requests a second a path takes.",
    "sys/quotas/rate-limit/{name}",
    Life::Upsert(Omitted::Reset),
)
.id("{name}")
.list("sys/quotas/rate-limit")
.attributes(&[
    text("name", "Name of the quota.").required().identity(),
    Attribute::new(
        "path",
        Kind::Path,
        "The path, mount or namespace; all where it is left out.",
    )
    .replaces(),
    text("role", "A role of the auth method at that path."),
    float("rate", "How many requests an interval.")
        .required()
        .checks(&[Check::AtLeast(0)]),
    seconds("interval", "The interval.")
        .default_number(1)
        .checks(&[Check::AtLeast(1)]),
    seconds(
        "block_interval",
        "How long whoever asks too much is refused.",
    )
    .checks(&[Check::AtLeast(0)]),
    boolean("inheritable", "Whether it counts in namespaces below.").server_decides(),
    text("group_by", "Who counts as one client.")
        .server_decides()
        .only(Products::Vault)
        .checks(&[Check::OneOf(&[
            "ip",
            "none",
            "entity_then_ip",
            "entity_then_none",
        ])]),
    float(
        "secondary_rate",
        "How many requests an interval of clients without an entity.",
    )
    .server_decides()
    .only(Products::Vault)
    .checks(&[Check::AtLeast(0)]),
])
.example(
    r#"resource "vault_quota_rate_limit" "everything" {
  name = "everything"
  rate = 9000
}
"#,
);

const CONFIG: ResourceType = ResourceType::new(
    "vault_quota_config",
    "What quotas leave out, and what they tell.",
    "sys/quotas/config",
    Life::Singleton {
        omitted: Omitted::Reset,
        delete: false,
    },
)
.attributes(&[
    boolean(
        "enable_rate_limit_audit_logging",
        "Whether refused requests are in the audit log.",
    ),
    boolean(
        "enable_rate_limit_response_headers",
        "Whether answers tell how much is left.",
    ),
    set("rate_limit_exempt_paths", "Paths without quota.").server_decides(),
    set(
        "absolute_rate_limit_exempt_paths",
        "Paths without quota, from the root namespace.",
    )
    .server_decides()
    .only(Products::Vault),
])
.example(
    r#"resource "vault_quota_config" "quotas" {
  enable_rate_limit_response_headers = true
}
"#,
);
