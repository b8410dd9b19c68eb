//! The configuration as plan documents show it: what is declared, not what it comes to. The caller fills it.

use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The whole configuration.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfigurationView {
    /// By key: `vault`, `vault.east`, `module.team:vault`.
    pub provider_config: BTreeMap<String, ProviderView>,
    pub root_module: ModuleView,
}

/// One provider block.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ProviderView {
    pub name: String,
    pub full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_constraint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module_address: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub expressions: BTreeMap<String, Json>,
}

/// One module.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ModuleView {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceView>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub module_calls: BTreeMap<String, ModuleCallView>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Json>,
}

/// One resource or data block.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ResourceView {
    pub address: String,
    pub mode: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub name: String,
    pub provider_config_key: String,
    /// By attribute: [`constant`] or [`references`]; blocks as lists of such maps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub expressions: BTreeMap<String, Json>,
    pub schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_expression: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each_expression: Option<Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// One `module` block.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ModuleCallView {
    pub source: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub expressions: BTreeMap<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_expression: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each_expression: Option<Json>,
    pub module: ModuleView,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_constraint: Option<String>,
}

/// Returns an expression that is a constant; never give it a secret.
#[must_use]
pub fn constant(value: Json) -> Json {
    serde_json::json!({ "constant_value": value })
}

/// Returns an expression by what it refers to: `["vault_mount.kv.path", "vault_mount.kv"]`.
#[must_use]
pub fn references(names: &[String]) -> Json {
    if names.is_empty() {
        return serde_json::json!({});
    }
    serde_json::json!({ "references": names })
}

impl ConfigurationView {
    /// Returns it as the value of `configuration`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }
}
