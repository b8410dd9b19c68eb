//! Values whose shape on the server is another than in the configuration.

use super::read::decode_inner;
use super::wire::{from_wire, text_of, to_wire};
use crate::catalog::registry::shared_name;
use crate::catalog::{Attribute, Kind, Nesting};
use crate::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

/// Returns blocks as the object that the server keeps, by one of their attributes.
#[must_use]
pub fn keyed_to_wire(by: &str, attributes: &[Attribute], items: &[Value]) -> Json {
    let entry = |item: &Value| {
        let key = item.field(by).and_then(text_of)?;
        Some((key, value_to_wire(by, attributes, item)))
    };
    Json::Object(items.iter().filter_map(entry).collect())
}

fn value_to_wire(by: &str, attributes: &[Attribute], item: &Value) -> Json {
    let mut fields = Map::new();
    for attribute in attributes.iter().filter(|attribute| attribute.name != by) {
        let value = item
            .field(attribute.name)
            .and_then(|value| to_wire(&attribute.kind, value));
        if attribute.field == "." {
            return value.unwrap_or_default();
        }
        if let Some(value) = value {
            fields.insert(attribute.name.to_owned(), value);
        }
    }
    Json::Object(fields)
}

/// Returns the blocks of an object that the server keeps by one of their attributes; the object may be text of JSON.
#[must_use]
pub fn keyed_from_wire(by: &str, attributes: &[Attribute], json: &Json) -> Vec<Value> {
    let parsed;
    let json = match json {
        Json::String(text) => {
            parsed = serde_json::from_str::<Json>(text).unwrap_or_default();
            &parsed
        }
        other => other,
    };
    let entries = json.as_object().into_iter().flatten();
    let item = |(key, entry): (&String, &Json)| {
        let fields = attributes.iter().map(|attribute| {
            let value = match attribute.name {
                name if name == by => Value::from(key.as_str()),
                _ => decode_inner(attribute, entry),
            };
            (shared_name(attribute.name), value)
        });
        Value::object(fields.collect())
    };
    entries.map(item).collect()
}

/// Returns a map of words with commas as the lists that they are; unsplit where `whole`.
#[must_use]
pub fn words_to_wire(value: &Value, whole: bool) -> Option<Json> {
    let split = |text: &str| -> Json {
        if whole {
            return Json::from(vec![text]);
        }
        text.split(',').map(str::trim).map(Json::from).collect()
    };
    let fields = value.as_fields()?;
    let fields = fields
        .iter()
        .filter_map(|(key, value)| Some((key.to_string(), split(&text_of(value)?))));
    Some(Json::Object(fields.collect()))
}

/// Returns the texts of a list as one text with commas.
#[must_use]
pub fn words_from_wire(json: &Json) -> Option<Value> {
    match json {
        Json::Array(items) => {
            let texts = items.iter().map(|item| match item {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            });
            Some(texts.collect::<Vec<_>>().join(",").as_str().into())
        }
        other => from_wire(&Kind::Text { lower: false }, other),
    }
}

/// Returns text in base64.
#[must_use]
pub fn base64_to_wire(value: &Value) -> Option<Json> {
    Some(Json::from(STANDARD.encode(text_of(value)?)))
}

/// Returns the text that is in base64; `None` for what is none.
#[must_use]
pub fn base64_from_wire(json: &Json) -> Option<Value> {
    let bytes = STANDARD.decode(json.as_str()?).ok()?;
    String::from_utf8(bytes)
        .ok()
        .map(|text| text.as_str().into())
}

/// Returns blocks that the server keeps as texts of JSON.
#[must_use]
pub fn texts_to_wire(objects: Vec<Json>) -> Json {
    objects
        .into_iter()
        .map(|object| Json::from(object.to_string()))
        .collect()
}

/// Returns the objects of texts of JSON.
#[must_use]
pub fn texts_from_wire(json: &Json) -> Json {
    let items = json.as_array().into_iter().flatten();
    let parsed = items.filter_map(|item| serde_json::from_str::<Json>(item.as_str()?).ok());
    Json::Array(parsed.filter(Json::is_object).collect())
}

/// Tells whether blocks of a nesting are kept by one of their attributes, and by which.
#[must_use]
pub fn key_of(nesting: Nesting) -> Option<&'static str> {
    match nesting {
        Nesting::Keyed(by) | Nesting::KeyedText(by) => Some(by),
        _ => None,
    }
}
