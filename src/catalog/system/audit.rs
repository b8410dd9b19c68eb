//! Audit devices: who did what.

use crate::catalog::{Life, Omitted, ResourceType, boolean, checked, map, path, text};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[AUDIT, REQUEST_HEADER]);

const AUDIT: ResourceType = ResourceType::new(
    "vault_audit",
    "An audit device: every request and answer is written to it, or refused.",
    "sys/audit/{path|type}",
    Life::CreateOnly { table: "sys/audit" },
)
.id("{path|type}")
.attributes(&[
    path("path", "Its name.").default_of("type").identity(),
    text("type", "`file`, `socket` or `syslog`.")
        .required()
        .replaces(),
    map("options", "Options of the device, such as `file_path`.")
        .required()
        .replaces(),
    text("description", "What it is for.").replaces(),
    boolean("local", "Whether replication leaves it alone.").replaces(),
])
.advice(&[(
    "cannot enable audit device via API",
    "write the device into the server's own configuration (`audit \"file\" \"NAME\" { … }`), or set `unsafe_allow_api_audit_creation = true` there",
)])
.notes(&[
    "OpenBao makes audit devices over the API only where `unsafe_allow_api_audit_creation` is set.",
])
.example(
    r#"resource "vault_audit" "log" {
  type        = "file"
  path        = "log"
  description = "everything"
  options     = { file_path = "discard" }
}
"#,
);

const REQUEST_HEADER: ResourceType = ResourceType::new(
    "vault_audit_request_header",
    "A request header that audit devices write down.",
    "sys/config/auditing/request-headers/{name}",
    Life::Upsert(Omitted::Reset),
)
.id("{name}")
.absent(&["Could not find header"])
.attributes(&[
    text("name", "Name of the header.")
        .required()
        .identity()
        .lower_cased(),
    boolean("hmac", "Whether the value is written as a keyed hash.").reads("*.hmac"),
])
.example(
    r#"resource "vault_audit_request_header" "trace" {
  name = "X-Trace-Id"
  hmac = true
}
"#,
);
