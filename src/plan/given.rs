//! What comes with the answer to a write, and from nowhere else.

use super::change::is_given_once_to;
use super::normal::{duration_seconds, plain};
use super::template::effective;
use super::wire::{from_wire, get, text_of};
use crate::catalog::{Attribute, Kind, ReadBack, ResourceType};
use crate::value::{Marks, Type, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Returns what an attribute gets from the answer to a write. `wish` is the object as configured.
#[must_use]
pub fn given(attribute: &Attribute, answer: &Json, wish: &Value) -> Option<Value> {
    let data = answer
        .get("data")
        .filter(|data| !data.is_null())
        .unwrap_or(answer);
    let field = if attribute.field.is_empty() {
        attribute.name
    } else {
        attribute.field
    };
    match attribute.read {
        ReadBack::Once => {
            let found = get(data, field).or_else(|| get(answer, field))?;
            from_wire(&attribute.kind, found)
        }
        ReadBack::OnceUnless { secret, .. } if is_given_once_to(attribute, wish) => {
            let value = from_wire(&attribute.kind, get(data, field)?)?;
            Some(if secret {
                value.marked(Marks::SENSITIVE)
            } else {
                value
            })
        }
        ReadBack::Bundle(fields) => {
            let found = fields.iter().filter_map(|field| get(data, field));
            let mut pieces: Vec<&str> = Vec::new();
            for piece in found.flat_map(texts_within).flat_map(documents) {
                if !pieces.contains(&piece) {
                    pieces.push(piece);
                }
            }
            (!pieces.is_empty()).then(|| pieces.join("\n").into())
        }
        ReadBack::Picked(names) => pick(attribute, &texts(wish.field(names)), data, answer),
        _ => None,
    }
}

fn texts_within(json: &Json) -> Vec<&str> {
    match json {
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

/// Returns the PEM documents of a text one by one; a text of another form as it is.
fn documents(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = text
        .match_indices("-----BEGIN ")
        .map(|(at, _)| at)
        .collect();
    if starts.is_empty() {
        return vec![text.trim_end()];
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let pieces = starts.iter().zip(ends);
    pieces
        .filter_map(|(start, end)| Some(text.get(*start..end)?.trim_end()))
        .collect()
}

/// Returns the fields of those names: a map of texts, or text of JSON.
fn pick(attribute: &Attribute, names: &[String], data: &Json, answer: &Json) -> Option<Value> {
    let fields: BTreeMap<Arc<str>, Value> = names
        .iter()
        .filter_map(|name| {
            let value = get(data, name).or_else(|| get(answer, name))?;
            Some((
                Arc::from(name.as_str()),
                crate::value::json::from_json(value).ok()?,
            ))
        })
        .collect();
    if !matches!(attribute.kind, Kind::Map(_)) {
        let json = plain(&Value::object(fields))?;
        return Some(json.to_string().into());
    }
    let text = |value: &Value| {
        let json = plain(value).map(|json| json.to_string());
        Some(text_of(value).or(json)?.into())
    };
    let fields = fields
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    Some(Value::map(Type::String, fields.collect()))
}

/// Returns an object with what its attributes pick out of an answer.
#[must_use]
pub fn picked(kind: &ResourceType, object: Value, answer: &Json) -> Value {
    let mut fields = object.as_fields().cloned().unwrap_or_default();
    for attribute in kind
        .all()
        .filter(|attribute| matches!(attribute.read, ReadBack::Picked(_)))
    {
        let marks = if attribute.sensitive {
            Marks::SENSITIVE
        } else {
            Marks::NONE
        };
        if let Some(value) = given(attribute, answer, &object) {
            fields.insert(attribute.name.into(), value.marked(marks));
        }
    }
    Value::object(fields)
}

/// Returns how long a wrapped answer shall live, where an attribute asks for one.
#[must_use]
pub fn wrapping(kind: &ResourceType, wish: &Value) -> Option<Duration> {
    let attribute = kind
        .all()
        .find(|attribute| attribute.read == ReadBack::Wrap)?;
    let ttl = effective(Some(attribute), wish.field(attribute.name), wish)?;
    let seconds = duration_seconds(&text_of(&ttl)?)?;
    Some(Duration::from_secs_f64(seconds.max(0.0)))
}

/// Returns the texts of a list, a set or one text.
#[must_use]
pub fn texts(value: Option<&Value>) -> Vec<String> {
    let Some(value) = value else {
        return Vec::new();
    };
    let single = std::slice::from_ref(value);
    let items = value.as_items().unwrap_or(single).iter();
    items
        .filter_map(Value::as_text)
        .map(str::to_owned)
        .collect()
}
