//! Objects as trees of modules: the state document 1.0 of `show -json`, and the values in plan documents.

use super::conceal::{Concealing, conceal};
use super::schema::Schema;
use crate::catalog::ResourceType;
use crate::value::{Address, InstanceKey, Mode, ModuleAddress, ModuleStep, Type, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An object as it is.
#[derive(Clone, Debug)]
pub struct StateObject {
    pub address: Address,
    pub kind: &'static ResourceType,
    /// An object of attributes.
    pub values: Value,
    pub depends_on: Vec<String>,
}

/// What a document is made for.
#[derive(Clone, Copy, Debug)]
pub struct DocumentStyle<'a> {
    /// The version of Terraform that tools are told.
    pub terraform_version: &'a str,
    /// What stands before the name of a provider's owner: a host and a slash, or nothing.
    pub registry: &'a str,
    /// Write secrets out.
    pub show_sensitive: bool,
}

impl DocumentStyle<'_> {
    /// Returns the full name of the provider that a type belongs to.
    #[must_use]
    pub fn provider_of(&self, type_name: &str) -> String {
        match type_name.split('_').next().unwrap_or_default() {
            "terraform" => "builtin/terraform".to_owned(),
            "bao" => format!("{}hashicorp/vault", self.registry),
            name => format!("{}hashicorp/{name}", self.registry),
        }
    }
}

/// Returns the state document of live objects.
#[must_use]
pub fn state_document(
    objects: &[StateObject],
    outputs: &BTreeMap<Arc<str>, Value>,
    style: DocumentStyle<'_>,
) -> Json {
    let entries = objects.iter().map(|object| {
        let how = Concealing {
            show: style.show_sensitive,
            carry_back: false,
        };
        let schema = Schema::of(object.kind);
        let change = conceal(None, Some(&object.values), &schema, how);
        let mut entry = resource_entry(&object.address, style);
        entry.insert("values".to_owned(), change.after);
        entry.insert("sensitive_values".to_owned(), change.after_sensitive);
        if !object.depends_on.is_empty() {
            entry.insert("depends_on".to_owned(), json!(object.depends_on));
        }
        (object.address.module.clone(), Json::Object(entry))
    });
    let tree = module_tree(entries.collect());
    state_values(output_values(outputs, style), tree, style)
}

/// Wraps outputs and a tree of modules as a state document.
#[must_use]
pub fn state_values(outputs: Json, root_module: Json, style: DocumentStyle<'_>) -> Json {
    let mut values = Map::new();
    if outputs
        .as_object()
        .is_some_and(|outputs| !outputs.is_empty())
    {
        values.insert("outputs".to_owned(), outputs);
    }
    values.insert("root_module".to_owned(), root_module);
    json!({
        "format_version": "1.0",
        "terraform_version": style.terraform_version,
        "values": values,
    })
}

/// Returns what names a resource in a tree of modules.
#[must_use]
pub fn resource_entry(address: &Address, style: DocumentStyle<'_>) -> Map<String, Json> {
    let mut entry = Map::new();
    entry.insert("address".to_owned(), address.to_string().into());
    entry.insert("mode".to_owned(), mode_name(address.mode).into());
    entry.insert("type".to_owned(), (*address.type_name).into());
    entry.insert("name".to_owned(), (*address.name).into());
    if let Some(index) = index_json(&address.key) {
        entry.insert("index".to_owned(), index);
    }
    let provider = style.provider_of(&address.type_name);
    entry.insert("provider_name".to_owned(), provider.into());
    entry.insert("schema_version".to_owned(), 0.into());
    entry
}

/// Returns the word for a mode: `managed`, `data`, `ephemeral`.
#[must_use]
pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
    }
}

/// Returns the key of an instance: a number, a string or nothing.
#[must_use]
pub fn index_json(key: &InstanceKey) -> Option<Json> {
    match key {
        InstanceKey::None => None,
        InstanceKey::Index(index) => Some(Json::from(*index)),
        InstanceKey::Key(key) => Some(Json::from(&**key)),
    }
}

/// Puts resources into the tree of their modules, in the order given.
#[must_use]
pub fn module_tree(entries: Vec<(ModuleAddress, Json)>) -> Json {
    let entries = entries
        .into_iter()
        .map(|(module, entry)| (module.0.to_vec(), entry));
    subtree(&[], entries.collect())
}

fn subtree(prefix: &[ModuleStep], entries: Vec<(Vec<ModuleStep>, Json)>) -> Json {
    let mut module = Map::new();
    let mut own = Vec::new();
    let mut children: BTreeMap<ModuleStep, Vec<(Vec<ModuleStep>, Json)>> = BTreeMap::new();
    for (steps, entry) in entries {
        match steps.get(prefix.len()) {
            None => own.push(entry),
            Some(step) => children
                .entry(step.clone())
                .or_default()
                .push((steps, entry)),
        }
    }
    if !own.is_empty() {
        module.insert("resources".to_owned(), own.into());
    }
    if !prefix.is_empty() {
        let address = ModuleAddress(prefix.into()).to_string();
        module.insert("address".to_owned(), address.into());
    }
    let children = children.into_iter().map(|(step, entries)| {
        let mut below = prefix.to_vec();
        below.push(step);
        subtree(&below, entries)
    });
    let children: Vec<Json> = children.collect();
    if !children.is_empty() {
        module.insert("child_modules".to_owned(), children.into());
    }
    Json::Object(module)
}

/// Returns outputs by name, as state documents and `planned_values` hold them.
#[must_use]
pub fn output_values(outputs: &BTreeMap<Arc<str>, Value>, style: DocumentStyle<'_>) -> Json {
    let outputs = outputs.iter().map(|(name, value)| {
        let how = Concealing {
            show: style.show_sensitive,
            carry_back: false,
        };
        let sensitive = value.marks_within().sensitive;
        let hidden = sensitive && !style.show_sensitive;
        let change = conceal(None, Some(value), &Schema::default(), how);
        if !value.is_wholly_known() {
            return ((**name).to_owned(), json!({ "sensitive": sensitive }));
        }
        let mut entry = json!({ "sensitive": sensitive, "type": type_json(&value.ty()) });
        entry["value"] = if hidden { Json::Null } else { change.after };
        ((**name).to_owned(), entry)
    });
    Json::Object(outputs.collect())
}

/// Returns a type as Terraform's JSON has it: `"string"`, `["list", "string"]`.
#[must_use]
pub fn type_json(ty: &Type) -> Json {
    match ty {
        Type::Dynamic => "dynamic".into(),
        Type::Bool => "bool".into(),
        Type::Number => "number".into(),
        Type::String => "string".into(),
        Type::List(inner) => json!(["list", type_json(inner)]),
        Type::Set(inner) => json!(["set", type_json(inner)]),
        Type::Map(inner) => json!(["map", type_json(inner)]),
        Type::Tuple(types) => json!(["tuple", types.iter().map(type_json).collect::<Vec<_>>()]),
        Type::Object(object) => {
            let attributes = object.attributes.iter();
            let attributes: Map<String, Json> = attributes
                .map(|(name, ty)| ((**name).to_owned(), type_json(ty)))
                .collect();
            json!(["object", attributes])
        }
    }
}
