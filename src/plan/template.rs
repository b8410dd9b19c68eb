//! Path templates of the catalog, filled with an object's attributes.

use crate::catalog::{Attribute, Default, Kind, Products, ResourceType};
use crate::value::{Shape, Value, Waits};
use std::collections::BTreeSet;

/// A template with its placeholders filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    Known(String),
    /// A placeholder is not known yet.
    Unknown(Waits),
    /// A placeholder has no value: the name of the first such attribute.
    Missing(String),
}

impl Filled {
    /// Returns the path, when it is known.
    #[must_use]
    pub fn known(self) -> Option<String> {
        match self {
            Filled::Known(path) => Some(path),
            _ => None,
        }
    }
}

/// Fills a template from attributes. `id` is what `{id}` stands for.
#[must_use]
pub fn fill(template: &str, kind: &ResourceType, attributes: &Value, id: Option<&str>) -> Filled {
    let mut path = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        path.push_str(&rest[..open]);
        let close = rest[open..].find('}').map_or(rest.len(), |at| open + at);
        let names = &rest[open + 1..close];
        rest = rest.get(close + 1..).unwrap_or_default();
        match placeholder(names, kind, attributes, id) {
            Filled::Known(text) => path.push_str(text.trim_matches('/')),
            other => return other,
        }
    }
    path.push_str(rest);
    Filled::Known(path)
}

fn placeholder(names: &str, kind: &ResourceType, attributes: &Value, id: Option<&str>) -> Filled {
    for name in names.split('|') {
        if let (true, Some(id)) = (name == "id", id) {
            return Filled::Known(id.to_owned());
        }
        match effective(kind.attribute(name), attributes.field(name), attributes) {
            None => {}
            Some(value) => match &value.shape {
                Shape::Unknown { waits_for, .. } => return Filled::Unknown(waits_for.clone()),
                Shape::Text(text) => return Filled::Known(text.to_string()),
                Shape::Number(number) => return Filled::Known(number.to_string()),
                Shape::Bool(flag) => return Filled::Known(flag.to_string()),
                _ => {}
            },
        }
    }
    let first = names.split('|').next().unwrap_or(names);
    Filled::Missing(first.to_owned())
}

/// Returns what an attribute means: its value, or where it is left out its default. `None` is null without a default.
#[must_use]
pub fn effective(
    attribute: Option<&Attribute>,
    value: Option<&Value>,
    around: &Value,
) -> Option<Value> {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        return Some(value.clone());
    }
    match attribute?.default {
        Default::Zero | Default::Server => None,
        Default::Bool(flag) => Some(flag.into()),
        Default::Integer(number) => Some(number.into()),
        Default::Text(text) => Some(text.into()),
        Default::Texts(texts) => Some(Value::list(
            crate::value::Type::String,
            texts.iter().map(|text| (*text).into()).collect(),
        )),
        Default::With(pairs) => {
            let stands = |name: &str| {
                around
                    .field(name)
                    .and_then(Value::as_items)
                    .is_some_and(|items| !items.is_empty())
            };
            pairs
                .iter()
                .find(|(block, _)| stands(block))
                .map(|(_, text)| (*text).into())
        }
        Default::Of(other) => around
            .field(other)
            .filter(|value| !value.is_null())
            .cloned(),
    }
}

/// Returns the object with every other way to say a value said the server's way.
#[must_use]
pub fn respelled(kind: &ResourceType, attributes: &Value) -> Value {
    let mut attributes = attributes.clone();
    for spelling in kind.spellings {
        let said = attributes
            .field(spelling.attribute)
            .and_then(Value::as_text);
        if said != Some(spelling.text) {
            continue;
        }
        let Some(mut fields) = attributes.as_fields().cloned() else {
            continue;
        };
        fields.insert(spelling.attribute.into(), spelling.is.into());
        let (map, key, text) = spelling.with;
        let mut entries = attributes
            .field(map)
            .and_then(Value::as_fields)
            .cloned()
            .unwrap_or_default();
        entries.entry(key.into()).or_insert_with(|| text.into());
        fields.insert(map.into(), Value::map(crate::value::Type::String, entries));
        attributes = Value::object(fields);
    }
    attributes
}

/// Tells whether an attribute is another's business, as other attributes are set.
#[must_use]
pub fn is_elsewhere(attribute: &Attribute, around: &Value) -> bool {
    attribute.unless.iter().any(|(name, text)| {
        let value = around.field(name);
        value.is_some_and(|value| crate::plan::wire::text_of(value).as_deref() == Some(*text))
    })
}

/// Tells whether an attribute is a block that stands for one of several alternatives.
#[must_use]
pub fn is_alternative(kind: &ResourceType, name: &str) -> bool {
    kind.all().any(|attribute| match attribute.default {
        Default::With(pairs) => pairs.iter().any(|(block, _)| *block == name),
        _ => false,
    })
}

/// Returns the paths of the attributes that a server lacks, by which products it counts as.
#[must_use]
pub fn lacking(kind: &ResourceType, has: &dyn Fn(Products) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for attribute in kind.all() {
        lacking_below("", attribute, has, &mut found);
    }
    found
}

fn lacking_below(
    prefix: &str,
    attribute: &Attribute,
    has: &dyn Fn(Products) -> bool,
    found: &mut BTreeSet<String>,
) {
    let path = format!("{prefix}{}", attribute.name);
    if let Kind::Block(_, inner) = &attribute.kind {
        let prefix = format!("{path}.");
        inner
            .iter()
            .for_each(|inner| lacking_below(&prefix, inner, has, found));
    }
    if !has(attribute.products) {
        found.insert(path);
    }
}

/// Returns the names of a template's placeholders.
pub fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .flat_map(|names| names.split('|'))
}
