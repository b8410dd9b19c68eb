//! Attributes ↔ the server's JSON, by the fields that the catalog names.

use crate::catalog::{Attribute, Default, JsonWire, Kind, Nesting, Order, ReadBack, ResourceType};
use crate::plan::normal::plain;
use crate::plan::shapes;
use crate::plan::template::{effective, is_alternative, is_elsewhere, respelled};
use crate::value::Value;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

pub use super::read::{AROUND, decode, formed, from_wire, text_of};

/// Which attributes a request shall carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    /// The object is new: what is set, and defaults that are not zero.
    Create,
    /// The same, with what is said even where it is empty, and flags of a chosen block that are off: engines of databases
    /// keep what they are told.
    Whole,
    /// The object is there: everything that is managed, defaults written out.
    Update,
}

/// Returns the body of a request to a part: only fields for which `wanted` says yes. Paths given to `wanted` are those
/// of leaves: `token_ttl`, `tune.max_lease_ttl`.
#[must_use]
pub fn encode(
    kind: &ResourceType,
    part: &str,
    attributes: &Value,
    carry: Carry,
    wanted: &dyn Fn(&str) -> bool,
) -> Json {
    let attributes = &respelled(kind, attributes);
    let mut body = Map::new();
    for attribute in kind.all().filter(|attribute| attribute.part == part) {
        let absent = attributes.field(attribute.name).is_none_or(Value::is_null);
        if is_elsewhere(attribute, attributes) || (absent && is_alternative(kind, attribute.name)) {
            continue;
        }
        if matches!(&attribute.kind, Kind::Json(JsonWire::Body)) {
            if let Some(Json::Object(fields)) = attributes.field(attribute.name).and_then(document)
            {
                body.extend(fields);
            }
            continue;
        }
        let value = attributes.field(attribute.name);
        encode_attribute(&mut body, "", attribute, value, attributes, carry, wanted);
    }
    Json::Object(body)
}

/// Returns the body of a request to an object that a block declares; paths given to `wanted` name the block.
#[must_use]
pub fn encode_object(
    block: &str,
    name: &str,
    attributes: &[Attribute],
    object: &Value,
    carry: Carry,
    wanted: &dyn Fn(&str) -> bool,
) -> Json {
    let mut body = Map::new();
    let prefix = format!("{block}.");
    let wanted = |path: &str| wanted(&format!("{path}@{name}"));
    for attribute in attributes {
        let value = object.field(attribute.name);
        encode_attribute(&mut body, &prefix, attribute, value, object, carry, &wanted);
    }
    Json::Object(body)
}

fn document(value: &Value) -> Option<Json> {
    serde_json::from_str(value.as_text()?).ok()
}

fn encode_attribute(
    body: &mut Map<String, Json>,
    path: &str,
    attribute: &Attribute,
    value: Option<&Value>,
    around: &Value,
    carry: Carry,
    wanted: &dyn Fn(&str) -> bool,
) {
    let leaf = format!("{path}{}", attribute.name);
    if let Kind::Block(Nesting::One, inner) = &attribute.kind {
        let object = value.and_then(|value| value.as_items()?.first());
        if object.is_none() && (attribute.default == Default::Server || carry != Carry::Update) {
            return;
        }
        let nothing = Value::object(BTreeMap::new());
        let object = object.unwrap_or(&nothing);
        let mut nested = Map::new();
        for inner in *inner {
            let value = object.field(inner.name);
            let path = format!("{leaf}.");
            encode_attribute(&mut nested, &path, inner, value, object, carry, wanted);
        }
        for (name, field) in nested {
            let prefix = if attribute.field.is_empty() {
                ""
            } else {
                attribute.field
            };
            put(body, &join(prefix, &name), field);
        }
        return;
    }
    if !sendable(attribute) || !wanted(&leaf) {
        return;
    }
    let field = field_of(attribute);
    if let (
        Kind::Map(Kind::Words {
            whole: Some(flag), ..
        }),
        Some(value),
    ) = (&attribute.kind, value)
    {
        let whole = around.field(flag).and_then(Value::as_bool) == Some(true);
        if let Some(json) = shapes::words_to_wire(value, whole) {
            put(body, field, json);
            return;
        }
    }
    match effective(Some(attribute), value, around).map(|value| addressed(attribute, value, around))
    {
        Some(value) => {
            if let Some(json) = to_wire(&attribute.kind, &value) {
                match json {
                    Json::Object(entries) if field == "*" => body.extend(entries),
                    json => put(body, field, json),
                }
            }
        }
        None if says_zero(attribute, path, carry)
            && attribute.default == Default::Zero
            && !attribute.create_only
            && attribute.write_only.is_none()
            && attribute.read != ReadBack::Never =>
        {
            put(body, field, zero(&attribute.kind));
        }
        None => {}
    }
}

/// Tells whether the zero of a kind is said where nothing is wished. `path` is that of the block around.
fn says_zero(attribute: &Attribute, path: &str, carry: Carry) -> bool {
    match carry {
        Carry::Create => false,
        Carry::Update => true,
        Carry::Whole if path.is_empty() => attribute.said_empty,
        Carry::Whole => attribute.said_empty || matches!(attribute.kind, Kind::Bool),
    }
}

/// Returns the URL that a host is sent as; other values as they are.
fn addressed(attribute: &Attribute, value: Value, around: &Value) -> Value {
    let ReadBack::Host(secure) = attribute.read else {
        return value;
    };
    let plain = around.field(secure).and_then(Value::as_bool) == Some(false);
    match value.as_text() {
        Some(host) if plain => format!("http://{host}").into(),
        Some(host) => format!("https://{host}").into(),
        None => value,
    }
}

fn sendable(attribute: &Attribute) -> bool {
    use ReadBack::{Argument, Count, Place, Template, Time, Wrap};
    !matches!(
        attribute.read,
        Place | Argument | Template(_) | Time | Count | Wrap
    ) && attribute.presence != crate::catalog::Presence::Computed
}

pub(super) fn field_of(attribute: &Attribute) -> &'static str {
    if attribute.field.is_empty() {
        attribute.name
    } else {
        attribute.field
    }
}

pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() || prefix == "." {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// Sets a field by its dotted path, making the objects on the way.
pub fn put(body: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        None => {
            merge(body, path, value);
        }
        Some((head, rest)) => {
            let inner = body
                .entry(head.to_owned())
                .or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn merge(body: &mut Map<String, Json>, name: &str, value: Json) {
    match (body.get_mut(name), value) {
        (Some(Json::Object(old)), Json::Object(new)) => old.extend(new),
        (_, value) => {
            body.insert(name.to_owned(), value);
        }
    }
}

/// Returns the field at a dotted path; `[0]` after a name takes the first element, `*` the first entry of an object.
#[must_use]
pub fn get<'a>(json: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.')
        .try_fold(json, |at, name| match name.strip_suffix("[0]") {
            Some(name) => at.get(name)?.get(0),
            None if name == "*" => at.as_object()?.values().next(),
            None => at.get(name),
        })
}

/// Returns the zero of a kind as the server takes it.
#[must_use]
pub fn zero(kind: &Kind) -> Json {
    match kind {
        Kind::Bool => Json::Bool(false),
        Kind::Integer | Kind::Float | Kind::Seconds | Kind::SecondsText | Kind::Duration => {
            Json::from(0)
        }
        Kind::List(_, Order::Comma) => Json::from(""),
        Kind::Block(Nesting::KeyedText(_), _) => Json::from("{}"),
        Kind::Block(Nesting::Keyed(_), _) => Json::Object(Map::new()),
        Kind::List(..) | Kind::Set(_) | Kind::SortedSet(_) | Kind::Block(..) => {
            Json::Array(Vec::new())
        }
        Kind::Map(_) | Kind::Json(JsonWire::Object) => Json::Object(Map::new()),
        _ => Json::from(""),
    }
}

/// Returns a known value as the server takes it; `None` for null and for what is not known.
#[must_use]
pub fn to_wire(kind: &Kind, value: &Value) -> Option<Json> {
    if value.is_null() || !value.is_wholly_known() {
        return None;
    }
    match kind {
        Kind::Json(JsonWire::Object | JsonWire::Body) => document(value).or_else(|| plain(value)),
        Kind::SecondsText => Some(Json::from(format!("{}s", text_of(value)?))),
        Kind::Base64 => shapes::base64_to_wire(value),
        Kind::Map(Kind::Words { list: true, .. }) => shapes::words_to_wire(value, false),
        Kind::List(_, Order::Comma) | Kind::SetText(_) => {
            let items = value.as_items()?.iter().filter_map(Value::as_text);
            Some(Json::from(items.collect::<Vec<_>>().join(",")))
        }
        Kind::Block(Nesting::Keyed(by), attributes) => {
            Some(shapes::keyed_to_wire(by, attributes, value.as_items()?))
        }
        Kind::Block(Nesting::KeyedText(by), attributes) => {
            let object = shapes::keyed_to_wire(by, attributes, value.as_items()?);
            Some(Json::from(object.to_string()))
        }
        Kind::Block(Nesting::JsonSet, attributes) => {
            let objects = value
                .as_items()?
                .iter()
                .map(|item| object_to_wire(attributes, item));
            Some(shapes::texts_to_wire(objects.collect()))
        }
        Kind::Block(_, attributes) => {
            let objects = value
                .as_items()?
                .iter()
                .map(|item| object_to_wire(attributes, item));
            Some(Json::Array(objects.collect()))
        }
        Kind::Set(_) => {
            let Json::Array(mut items) = plain(value)? else {
                return None;
            };
            items.sort_by_cached_key(provider_order);
            Some(Json::Array(items))
        }
        Kind::SortedSet(_) => {
            let Json::Array(mut items) = plain(value)? else {
                return None;
            };
            items.sort_by_cached_key(ToString::to_string);
            Some(Json::Array(items))
        }
        _ => plain(value),
    }
}

/// The order in which Terraform's provider sends the elements of a set (helper/schema of its SDK 2: by the decimal text of
/// a CRC-32): servers keep it in places, and a change of tools shall change nothing there.
fn provider_order(item: &Json) -> String {
    let text = item
        .as_str()
        .map_or_else(|| item.to_string(), str::to_owned);
    crc32fast::hash(format!("{text};").as_bytes()).to_string()
}

fn object_to_wire(attributes: &[Attribute], object: &Value) -> Json {
    let mut body = Map::new();
    for attribute in attributes {
        let value = object.field(attribute.name);
        encode_attribute(
            &mut body,
            "",
            attribute,
            value,
            object,
            Carry::Create,
            &|_| true,
        );
    }
    Json::Object(body)
}
