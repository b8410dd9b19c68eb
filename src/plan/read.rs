//! Attributes out of the server's answers, by the fields that the catalog names.

use super::wire::{field_of, get, join};
use crate::catalog::registry::shared_name;
use crate::catalog::{Attribute, Default, JsonWire, Kind, Nesting, ReadBack, ResourceType};
use crate::eval::schema::type_of;
use crate::plan::certificate::Certificate;
use crate::plan::many;
use crate::plan::normal::duration_seconds;
use crate::plan::shapes;
use crate::plan::template::{Filled, fill, is_alternative, placeholders};
use crate::plan::types::Raw;
use crate::value::{Marks, Shape, Type, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The part of an answer that stands around its data: the lease, the token, the wrapping.
pub const AROUND: &str = "$around";

/// What the attributes of one object are read from, besides its data.
pub(super) struct Reader<'a> {
    around: Option<&'a Json>,
    certificate: Option<Certificate>,
    /// There is no configuration to follow: whatever is there is shown.
    free: bool,
}

const PLAIN: Reader<'static> = Reader::within(None);

impl<'a> Reader<'a> {
    /// Reads fields of the data, else of this.
    pub(super) const fn within(around: Option<&'a Json>) -> Reader<'a> {
        Reader {
            around,
            certificate: None,
            free: false,
        }
    }
}

/// Returns the attributes that the server's answers tell, null where they tell nothing. `guide` is what the
/// configuration says: places and blocks that share fields are taken from it; one without any wish shows all that is there.
#[must_use]
pub fn decode(kind: &ResourceType, raw: &Raw, guide: &Value) -> Value {
    let reader = Reader {
        around: raw.0.get(AROUND),
        certificate: certificate(kind, raw),
        free: says_nothing(kind, guide),
    };
    let mut attributes = BTreeMap::new();
    for attribute in kind.all() {
        let part = raw.0.get(attribute.part).or_else(|| raw.0.get(""));
        let part = part.unwrap_or(&Json::Null);
        let wish = guide.field(attribute.name);
        let other =
            is_alternative(kind, attribute.name) && !is_meant(kind, attribute.name, raw, guide);
        let value = if other {
            Value::null(type_of(&attribute.kind))
        } else if let ReadBack::Count = attribute.read {
            count(part).into()
        } else {
            decode_attribute(&reader, attribute, part, "", wish)
        };
        attributes.insert(shared_name(attribute.name), value);
    }
    form(kind, &mut attributes);
    Value::object(attributes)
}

/// Returns how many objects a part of many holds.
fn count(part: &Json) -> i64 {
    let count = part.as_object().map_or(0, Map::len);
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads the certificate of an answer, where attributes of the type are read out of it.
fn certificate(kind: &ResourceType, raw: &Raw) -> Option<Certificate> {
    kind.all()
        .find(|attribute| attribute.read == ReadBack::Certificate)?;
    Certificate::of_pem(raw.0.get("")?.get("certificate")?.as_str()?)
}

/// Tells whether a configuration says nothing but where the object is and what this program shall do.
fn says_nothing(kind: &ResourceType, guide: &Value) -> bool {
    kind.all().all(|attribute| {
        let apart = matches!(attribute.read, ReadBack::Place | ReadBack::Argument);
        apart || guide.field(attribute.name).is_none_or(is_bare)
    })
}

fn is_bare(value: &Value) -> bool {
    value.is_null() || value.as_items().is_some_and(<[Value]>::is_empty)
}

/// Tells which of several alternative blocks an answer is about: the one that is declared, else the one with the longest
/// text that the answer begins with.
fn is_meant(kind: &ResourceType, name: &str, raw: &Raw, guide: &Value) -> bool {
    let declared = |name: &str| guide.field(name).is_some_and(|value| !is_bare(value));
    kind.all().any(|attribute| {
        let Default::With(pairs) = attribute.default else {
            return false;
        };
        if pairs.iter().any(|(block, _)| declared(block)) {
            return declared(name);
        }
        let part = raw.0.get(attribute.part).unwrap_or(&Json::Null);
        let live = get(part, field_of(attribute))
            .and_then(Json::as_str)
            .unwrap_or_default();
        let fitting = pairs.iter().filter(|(_, text)| live.starts_with(text));
        fitting
            .max_by_key(|(_, text)| text.len())
            .is_some_and(|(block, _)| *block == name)
    })
}

/// Fills the attributes that are made of others.
fn form(kind: &ResourceType, attributes: &mut BTreeMap<Arc<str>, Value>) {
    for attribute in kind.all() {
        if let ReadBack::Template(template) = attribute.read {
            let object = Value::object(attributes.clone());
            attributes.insert(attribute.name.into(), formed(kind, template, &object));
        }
    }
}

/// Returns the value of a template of other attributes. One that names a list or set is a list, a text for each element.
#[must_use]
pub fn formed(kind: &ResourceType, template: &str, attributes: &Value) -> Value {
    let many = placeholders(template).find_map(|name| {
        let value = attributes.field(name)?;
        Some((name, value.as_items()?))
    });
    let Some((name, items)) = many else {
        return formed_text(kind, template, attributes);
    };
    let each = items.iter().map(|item| {
        let mut fields = attributes.as_fields().cloned().unwrap_or_default();
        fields.insert(name.into(), item.clone());
        formed_text(kind, template, &Value::object(fields))
    });
    Value::list(Type::String, each.collect())
}

fn formed_text(kind: &ResourceType, template: &str, attributes: &Value) -> Value {
    let mut fields = attributes.as_fields().cloned().unwrap_or_default();
    if fields.get("namespace").is_none_or(Value::is_null) {
        fields.insert("namespace".into(), "".into());
    }
    match fill(template, kind, &Value::object(fields), None) {
        Filled::Known(text) => text.trim_matches('/').into(),
        Filled::Unknown(waits) => Value::unknown(Type::String, waits),
        Filled::Missing(_) => Value::null(Type::String),
    }
}

fn decode_attribute(
    reader: &Reader<'_>,
    attribute: &Attribute,
    json: &Json,
    prefix: &str,
    guide: Option<&Value>,
) -> Value {
    let ty = type_of(&attribute.kind);
    let marks = if attribute.sensitive {
        Marks::SENSITIVE
    } else {
        Marks::NONE
    };
    let own = || join(prefix, field_of(attribute));
    if let Kind::Block(Nesting::Objects(_), _) = attribute.kind {
        let ReadBack::At(within) = attribute.read else {
            return Value::null(ty);
        };
        return many::decode(attribute, json, within, guide).unwrap_or_else(|| Value::null(ty));
    }
    let value = if let Kind::Block(Nesting::One, inner) = &attribute.kind {
        return decode_block(reader, attribute, inner, json, prefix, guide)
            .unwrap_or_else(|| Value::null(ty));
    } else {
        match attribute.read {
            ReadBack::Place => return guide.cloned().unwrap_or_else(|| Value::null(ty)),
            ReadBack::ZeroOr(other) => {
                let zero = get(json, &own()).is_some_and(|found| found.as_i64() == Some(0));
                if zero && stands_for(guide, get(json, other)) {
                    return guide.cloned().unwrap_or_else(|| Value::null(ty));
                }
                found(reader, attribute, json, &own())
            }
            ReadBack::Same | ReadBack::Named { .. } | ReadBack::OnceUnless { .. } => {
                found(reader, attribute, json, &own())
            }
            ReadBack::At(path) => found(reader, attribute, json, path),
            ReadBack::Without(extra) => {
                found(reader, attribute, json, &own()).map(|all| without(&all, extra))
            }
            ReadBack::Host(_) => found(reader, attribute, json, &own()).and_then(|url| host(&url)),
            ReadBack::Certificate => certified(reader, attribute),
            _ => None,
        }
    };
    value.unwrap_or_else(|| Value::null(ty)).marked(marks)
}

/// Returns the value in a field of the data, else around the data; `.` is all of the data.
fn found(reader: &Reader<'_>, attribute: &Attribute, json: &Json, field: &str) -> Option<Value> {
    if field == "." || matches!(attribute.kind, Kind::Json(JsonWire::Body)) {
        return from_wire(&attribute.kind, json);
    }
    let told = get(json, field).filter(|told| !told.is_null());
    let told = told.or_else(|| get(reader.around?, field))?;
    from_wire(&attribute.kind, told)
}

fn certified(reader: &Reader<'_>, attribute: &Attribute) -> Option<Value> {
    let told = reader.certificate.as_ref()?.attribute(attribute.name)?;
    from_wire(&attribute.kind, &told)
}

/// Returns a list without the elements that the server adds by itself.
fn without(all: &Value, extra: &[&str]) -> Value {
    let added = |item: &Value| {
        item.as_text()
            .is_some_and(|text| extra.iter().any(|one| one.eq_ignore_ascii_case(text)))
    };
    let items = all.as_items().unwrap_or_default();
    let kept = items.iter().filter(|item| !added(item)).cloned().collect();
    match &all.shape {
        Shape::Set(ty, _) => Value::set(ty.clone(), kept),
        Shape::List(ty, _) => Value::list(ty.clone(), kept),
        _ => all.clone(),
    }
}

/// Returns the host, with its port, of a URL.
fn host(url: &Value) -> Option<Value> {
    let text = url.as_text()?;
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    Some(rest.split('/').next().unwrap_or_default().into())
}

/// Tells whether what the configuration says is the value of a field.
fn stands_for(guide: Option<&Value>, field: Option<&Json>) -> bool {
    let wish = guide.and_then(text_of);
    wish.is_some() && wish == field.and_then(scalar)
}

fn decode_block(
    reader: &Reader<'_>,
    attribute: &Attribute,
    inner: &[Attribute],
    json: &Json,
    prefix: &str,
    guide: Option<&Value>,
) -> Option<Value> {
    let guide = guide.and_then(|guide| guide.as_items()?.first());
    let silent = guide.is_none() && attribute.default == Default::Server;
    if silent && !reader.free {
        return None;
    }
    let prefix = match attribute.read {
        ReadBack::At(path) => path.to_owned(),
        _ => join(prefix, attribute.field),
    };
    let prefix = prefix.trim_end_matches('.');
    let fields: BTreeMap<Arc<str>, Value> = inner
        .iter()
        .map(|inner| {
            let guide = guide.and_then(|guide| guide.field(inner.name));
            (
                shared_name(inner.name),
                decode_attribute(reader, inner, json, prefix, guide),
            )
        })
        .collect();
    if silent && fields.values().all(is_bare) {
        return None;
    }
    let object = Value::object(fields);
    Some(Value::list(object.ty(), vec![object]))
}

/// Returns the server's JSON as a value of a kind; `None` for null and for what does not fit.
#[must_use]
pub fn from_wire(kind: &Kind, json: &Json) -> Option<Value> {
    if json.is_null() {
        return None;
    }
    match kind {
        Kind::Bool => match json {
            Json::Bool(flag) => Some((*flag).into()),
            Json::String(text) => text.parse::<bool>().ok().map(Value::from),
            _ => None,
        },
        Kind::Integer | Kind::Float => number_from(&scalar(json)?),
        Kind::Seconds | Kind::SecondsText => {
            let text = scalar(json)?;
            match duration_seconds(&text) {
                Some(seconds) => number_from(&format!("{seconds}")),
                None => None,
            }
        }
        Kind::Json(wire) => json_from(*wire, json),
        Kind::List(inner @ Kind::Map(_), _) => {
            Some(Value::list(type_of(inner), entries_from(inner, json)))
        }
        Kind::List(inner, _) => Some(Value::list(type_of(inner), items_from(inner, json))),
        Kind::Base64 => shapes::base64_from_wire(json),
        Kind::Words { .. } => shapes::words_from_wire(json),
        Kind::Set(inner) | Kind::SortedSet(inner) | Kind::SetText(inner) => {
            Some(Value::set(type_of(inner), items_from(inner, json)))
        }
        Kind::Map(inner) => map_from(inner, json),
        Kind::Block(nesting, attributes) => blocks_from(*nesting, attributes, json),
        Kind::Any => crate::value::json::from_json(json).ok(),
        _ => scalar(json).map(Value::from),
    }
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null => None,
        other => Some(other.to_string()),
    }
}

fn number_from(text: &str) -> Option<Value> {
    crate::value::Number::parse(text).map(Value::from)
}

fn json_from(wire: JsonWire, json: &Json) -> Option<Value> {
    match (wire, json) {
        (JsonWire::Text, Json::String(text)) => Some(text.as_str().into()),
        (_, other) => Some(other.to_string().into()),
    }
}

fn items_from(inner: &Kind, json: &Json) -> Vec<Value> {
    match json {
        Json::Array(items) => items
            .iter()
            .filter_map(|item| from_wire(inner, item))
            .collect(),
        Json::String(text) if text.is_empty() => Vec::new(),
        Json::String(text) => {
            let items = text.split(',').map(|item| Json::from(item.trim()));
            items.filter_map(|item| from_wire(inner, &item)).collect()
        }
        other => from_wire(inner, other).into_iter().collect(),
    }
}

/// Returns maps out of a list, or out of an object in the order of its keys, numbers by size; a plain value is the `id` of a
/// map.
fn entries_from(inner: &Kind, json: &Json) -> Vec<Value> {
    let Json::Object(fields) = json else {
        return items_from(inner, json);
    };
    let mut entries: Vec<(&String, &Json)> = fields.iter().collect();
    entries.sort_by_key(|(key, _)| (key.parse::<u64>().ok(), *key));
    let entry = |(_, entry): (&String, &Json)| match entry {
        Json::Object(_) => from_wire(inner, entry),
        plain => from_wire(
            inner,
            &Json::Object(Map::from_iter([("id".to_owned(), plain.clone())])),
        ),
    };
    entries.into_iter().filter_map(entry).collect()
}

fn map_from(inner: &Kind, json: &Json) -> Option<Value> {
    let parsed;
    let fields = match json {
        Json::Object(fields) => fields,
        Json::String(text) => {
            parsed = serde_json::from_str::<Map<String, Json>>(text).ok()?;
            &parsed
        }
        _ => return None,
    };
    let fields = fields
        .iter()
        .filter_map(|(key, item)| Some((Arc::from(key.as_str()), from_wire(inner, item)?)));
    Some(Value::map(type_of(inner), fields.collect()))
}

fn blocks_from(nesting: Nesting, attributes: &[Attribute], json: &Json) -> Option<Value> {
    let texts;
    let json = match nesting {
        Nesting::JsonSet => {
            texts = shapes::texts_from_wire(json);
            &texts
        }
        _ => json,
    };
    let objects: Vec<Value> = match shapes::key_of(nesting) {
        Some(by) => shapes::keyed_from_wire(by, attributes, json),
        None => json
            .as_array()?
            .iter()
            .map(|item| inner_object(attributes, item))
            .collect(),
    };
    let ty = match type_of(&Kind::Block(nesting, &[])) {
        _ if objects.is_empty() => return None,
        _ => objects.first().map_or(Type::Dynamic, Value::ty),
    };
    Some(match nesting {
        Nesting::One | Nesting::List | Nesting::Objects(_) => Value::list(ty, objects),
        _ => Value::set(ty, objects),
    })
}

fn inner_object(attributes: &[Attribute], json: &Json) -> Value {
    let fields = attributes
        .iter()
        .map(|inner| (shared_name(inner.name), decode_inner(inner, json)));
    Value::object(fields.collect())
}

/// Returns an attribute that stands at the top of an answer.
pub(super) fn decode_with(
    reader: &Reader<'_>,
    attribute: &Attribute,
    json: &Json,
    guide: Option<&Value>,
) -> Value {
    decode_attribute(reader, attribute, json, "", guide)
}

/// Returns an attribute of a nested object.
pub(super) fn decode_inner(attribute: &Attribute, json: &Json) -> Value {
    decode_attribute(&PLAIN, attribute, json, "", None)
}

/// Tells whether a value is text, for templates and ids.
#[must_use]
pub fn text_of(value: &Value) -> Option<String> {
    match &value.shape {
        Shape::Text(text) => Some(text.to_string()),
        Shape::Number(number) => Some(number.to_string()),
        Shape::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
