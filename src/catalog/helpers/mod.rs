//! What files for Vault use besides: data that no server keeps, policies made of blocks; below, random values, times, keys
//! and files.

pub mod outside;
pub mod random;
pub mod time;
pub mod tls;

use super::{
    Attribute, DataRead, Kind, Life, Local, ResourceType, blocks, checked, duration, list, map,
    text,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[TERRAFORM_DATA, NULL_RESOURCE, POLICY_DOCUMENT]);

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
