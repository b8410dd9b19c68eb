//! What a policy is after reading: rules with their paths, permissions and places in the text.

use crate::source::{FileId, Span};

use super::capability::Capabilities;
use super::parameter::Parameters;
use super::pattern::Pattern;
use super::time::Nanoseconds;
use super::tree::{Comment, Extent};

/// A policy: its rules in the order of the text. `name` and `namespace` are the caller's to set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    pub name: String,
    /// `""` for the root namespace, else with a final slash: `team-a/`.
    pub namespace: String,
    pub rules: Vec<Rule>,
    /// Where the text stands; without it nothing has a span.
    pub file: Option<FileId>,
    /// Comments of the text, for suppressions.
    pub comments: Vec<Comment>,
    /// OpenBao's `allow_wildcards_in_identity_templates` of the policy object.
    pub allow_wildcards: bool,
    /// OpenBao's `allow_slashes_in_identity_templates` of the policy object.
    pub allow_slashes: bool,
}

impl Policy {
    /// Returns the same policy under a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Policy {
        self.name = name.into();
        self
    }

    /// Returns the span of a place in its text.
    #[must_use]
    pub fn span(&self, extent: Extent) -> Option<Span> {
        let file = self.file?;
        Some(Span {
            file,
            start: extent.start,
            end: extent.end,
        })
    }
}

/// One `path "…" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The path as it is written, templates and leading slash included.
    pub path: String,
    /// The path as a pattern; `None` while it holds a template.
    pub pattern: Option<Pattern>,
    pub permissions: Permissions,
    /// Seconds since 1970, after which the rule is no longer there.
    pub expiration: Option<i64>,
    /// Whether the old `policy = "…"` grants.
    pub shorthand: bool,
    /// The whole stanza.
    pub extent: Extent,
    /// The path in the text.
    pub path_extent: Extent,
    /// The capabilities in the text, or the stanza where there are none.
    pub capabilities_extent: Extent,
}

/// What a rule says about requests that it decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Permissions {
    pub capabilities: Capabilities,
    pub allowed: Option<Parameters>,
    pub denied: Option<Parameters>,
    pub required: Vec<String>,
    /// 0 is none.
    pub min_wrapping_ttl: Nanoseconds,
    /// 0 is none.
    pub max_wrapping_ttl: Nanoseconds,
    pub mfa_methods: Vec<String>,
    /// 0 or less is none.
    pub pagination_limit: i64,
    /// OpenBao's `list_scan_response_keys_filter_path`.
    pub keys_filter: Option<String>,
    pub control_group: Option<ControlGroup>,
    pub subscribe_event_types: Vec<String>,
}

/// Who must approve before a request is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlGroup {
    pub ttl: Nanoseconds,
    pub self_authorization: bool,
    pub factors: Vec<Factor>,
}

/// One approval that a control group asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor {
    pub name: String,
    pub capabilities: Vec<String>,
    pub group_names: Vec<String>,
    pub group_ids: Vec<String>,
    pub approvals: i64,
}
