//! Policies: who may do what, and what passwords look like.

use crate::catalog::{Life, Omitted, Products, ResourceType, boolean, checked, policy, text};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[POLICY, PASSWORD_POLICY]);

const POLICY: ResourceType = ResourceType::new(
    "vault_policy",
    "An ACL policy: which paths a token may use, and how.",
    "sys/policies/acl/{name}",
    Life::Upsert(Omitted::Reset),
)
.id("{name}")
.list("sys/policies/acl")
.built_in(&["default", "root"])
.bulk("sys/policies/detailed/acl")
.attributes(&[
    text(
        "name",
        "Name of the policy; the server keeps it in lower case.",
    )
    .required()
    .identity()
    .lower_cased(),
    policy(
        "policy",
        "The rules, in HCL or JSON. White space and order do not count.",
    )
    .required(),
    boolean(
        "allow_overwrite",
        "Whether a policy of this name that is there already may be taken over.",
    )
    .default_bool(true)
    .argument()
    .deprecated("a policy that is there already is adopted; forbid it with `-no-adopt`"),
])
.example(
    r#"resource "vault_policy" "reader" {
  name   = "reader"
  policy = <<-EOT
    path "apps/data/*" {
      capabilities = ["read"]
    }
  EOT
}
"#,
);

const PASSWORD_POLICY: ResourceType = ResourceType::new(
    "vault_password_policy",
    "What passwords that the server makes look like.",
    "sys/policies/password/{name}",
    Life::Upsert(Omitted::Reset),
)
.id("{name}")
.list("sys/policies/password")
.attributes(&[
    text("name", "Name of the policy.").required().identity(),
    text("policy", "The length and the rules, in HCL.").required(),
    text("entropy_source", "Where random bytes come from.").only(Products::Enterprise),
])
.example(
    r#"resource "vault_password_policy" "long" {
  name   = "long"
  policy = <<-EOT
    length = 32
    rule "charset" {
      charset   = "abcdefghijklmnopqrstuvwxyz0123456789"
      min-chars = 1
    }
  EOT
}
"#,
);
