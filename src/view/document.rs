//! The plan document: plan JSON format 1.2 with a key of our own, `vaultform`. Everything that the text of a plan shows is
//! in it, so a saved plan can be shown without its configuration. It holds no secret unless made with them on purpose.

use super::access::AccessRow;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A whole plan.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanDocument {
    /// `1.2`
    pub format_version: String,
    /// The version of Terraform that tools are told.
    pub terraform_version: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Variable>,
    /// `outputs` and `root_module`, as they will be.
    pub planned_values: Json,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_drift: Vec<ResourceChange>,
    pub resource_changes: Vec<ResourceChange>,
    pub output_changes: BTreeMap<String, Change>,
    /// Who gains or loses what, the worst first. A key of our own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_changes: Vec<AccessRow>,
    /// A state document of what was there before.
    pub prior_state: Json,
    pub configuration: Json,
    pub relevant_attributes: Vec<Json>,
    pub checks: Vec<Json>,
    /// When the plan was made, RFC 3339.
    pub timestamp: String,
    pub applyable: bool,
    pub complete: bool,
    pub errored: bool,
    pub vaultform: PlanNotes,
}

/// The value of a variable of the root module; absent where it is sensitive.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Variable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
}

/// What happens to one object.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceChange {
    pub address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module_address: Option<String>,
    /// `managed` or `data`
    pub mode: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub name: String,
    /// A number or a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Json>,
    pub provider_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    pub change: Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vaultform: Option<StepNotes>,
}

/// Both sides of a change.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// `["no-op"]`, `["create"]`, `["delete", "create"]` …
    pub actions: Vec<String>,
    pub before: Json,
    pub after: Json,
    pub after_unknown: Json,
    pub before_sensitive: Json,
    pub after_sensitive: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_paths: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importing: Option<Importing>,
    /// Which of the values that are not shown change.
    #[serde(rename = "vaultform_hidden", skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<Hidden>,
}

/// The id that an object is imported by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Importing {
    pub id: String,
}

/// A value that is not shown. Equal values have equal classes; absent is null or not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hidden {
    pub path: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
}

/// What Terraform's format has no word for, about one object.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StepNotes {
    /// `keep`, `adopt`, `relabel`, `create`, `update`, `remount`, `replace`, `replace_create_first`, `delete`, `forget`,
    /// `read`
    pub change: String,
    /// `config`, `drift` or `both`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// It was there before and not ours.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopts: bool,
    /// Where it is kept: namespace and path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_place: Option<String>,
    /// Where a mount moves from and to, with slashes at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<(String, String)>,
    /// How attributes were compared that could not simply be read: `digest`, `held`, `unverified`, `not_comparable`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub comparison: BTreeMap<String, String>,
    /// Attributes that were changed outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drifted: Vec<String>,
    /// What is destroyed that this configuration did not write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<String>,
    /// Since when it has been drifting, RFC 3339; of entries in `resource_drift` where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How long that is, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<i64>,
}

/// What Terraform's format has no word for, about the plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanNotes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger_notice: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmanaged: Vec<String>,
    /// Policies whose text is not known: what they grant is not among the access changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_unknown: Vec<String>,
    /// Drift that the settings say to ignore.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<IgnoredDrift>,
    /// It is a plan to destroy.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub destroys: bool,
    /// What the writer of saved plans adds: digests, flags. The view hands it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved: Option<Json>,
}

/// Drift that the settings say to ignore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IgnoredDrift {
    pub address: String,
    /// None where the whole object is meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    pub reason: String,
    /// RFC 3339
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl PlanDocument {
    /// Writes it as one line of JSON.
    ///
    /// # Errors
    /// Never in practice: every part of it is JSON already.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a plan document, ours or Terraform's.
    ///
    /// # Errors
    /// Tells where the text is not JSON or not a plan.
    pub fn from_json(text: &str) -> Result<PlanDocument, serde_json::Error> {
        serde_json::from_str(text)
    }
}
