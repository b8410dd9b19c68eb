//! Equality by kind: two spellings are the same when their normal forms are. Digests are taken of normal forms.

use crate::catalog::{Attribute, Default, JsonWire, Kind, Nesting, Order, ReadBack};
use crate::plan::template::effective;

use crate::value::{Shape, Value};
use serde_json::{Map, Number, Value as Json};

/// Returns the normal form of a value of a kind; `None` where something in it is not known yet. The zero of a kind, null
/// and absent are one: JSON null.
#[must_use]
pub fn normal(kind: &Kind, value: &Value) -> Option<Json> {
    match &value.shape {
        Shape::Unknown { .. } => return None,
        Shape::Null(_) => return Some(Json::Null),
        Shape::Held { digest, .. } => {
            return Some(Json::Object(Map::from_iter([(
                "$held".to_owned(),
                Json::from(&*digest.0),
            )])));
        }
        _ => {}
    }
    Some(match kind {
        Kind::Bool => truth(value),
        Kind::Integer | Kind::Float => number(value),
        Kind::Seconds | Kind::SecondsText | Kind::Duration => seconds(value),
        Kind::Text { lower } => words(value, |text| {
            if *lower {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        }),
        Kind::Path => words(value, |text| text.trim_matches('/').to_owned()),
        Kind::Url => words(value, without_password),
        Kind::Words { .. } => words(value, sorted_words),
        Kind::Base64 => words(value, str::to_owned),
        Kind::Version => words(value, |text| text.trim_start_matches('v').to_owned()),
        Kind::Pem => words(value, |text| text.trim().to_owned()),
        Kind::Policy => words(value, policy_text),
        Kind::Cidr => words(value, network),
        Kind::Json(_) => document(value)?,
        Kind::List(inner, order) => sequence(inner, value, *order != Order::Kept)?,
        Kind::Set(inner) | Kind::SortedSet(inner) | Kind::SetText(inner) => {
            sequence(inner, value, true)?
        }
        Kind::Map(inner) => fields(inner, value)?,
        Kind::Block(nesting, attributes) => nested(*nesting, attributes, value)?,
        Kind::Any => plain(value)?,
    })
}

fn sorted_words(text: &str) -> String {
    let mut words: Vec<_> = text.split(',').map(str::trim).collect();
    words.sort_unstable();
    words.join(",")
}

/// Returns a URL without the password in it: the server answers that masked.
fn without_password(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let Some((login, host)) = url.get(start..).and_then(|rest| rest.rsplit_once('@')) else {
        return url.to_owned();
    };
    let user = login.split_once(':').map_or(login, |(user, _)| user);
    format!("{}{user}@{host}", url.get(..start).unwrap_or_default())
}

/// Returns a URL with the password that stands in it; `None` for what holds none.
#[must_use]
pub fn url_with_password(kind: &Kind, value: &Value) -> Option<Json> {
    let text = value.as_text().filter(|_| matches!(kind, Kind::Url))?;
    let secret = without_password(text) != text && !text.contains("{{password}}");
    secret.then(|| Json::from(text))
}

fn words(value: &Value, tidy: impl Fn(&str) -> String) -> Json {
    let text = match &value.shape {
        Shape::Text(text) => tidy(text),
        Shape::Number(number) => number.to_string(),
        Shape::Bool(flag) => flag.to_string(),
        _ => String::new(),
    };
    if text.is_empty() {
        Json::Null
    } else {
        Json::from(text)
    }
}

fn truth(value: &Value) -> Json {
    match &value.shape {
        Shape::Bool(true) => Json::Bool(true),
        Shape::Text(text) if &**text == "true" => Json::Bool(true),
        _ => Json::Null,
    }
}

fn number(value: &Value) -> Json {
    let text = match &value.shape {
        Shape::Number(number) => number.to_string(),
        Shape::Text(text) => text.to_string(),
        _ => return Json::Null,
    };
    numeral(&text)
}

fn numeral(text: &str) -> Json {
    if text == "0" || text.is_empty() {
        return Json::Null;
    }
    text.parse::<Number>()
        .map_or_else(|_| Json::from(text), Json::Number)
}

fn seconds(value: &Value) -> Json {
    let text = match &value.shape {
        Shape::Number(number) => number.to_string(),
        Shape::Text(text) => text.to_string(),
        _ => return Json::Null,
    };
    if text == "system" {
        return Json::Null;
    }
    match duration_seconds(&text) {
        Some(seconds) => numeral(&format_seconds(seconds)),
        None => Json::from(text),
    }
}

fn format_seconds(seconds: f64) -> String {
    if seconds.fract() == 0.0 {
        format!("{seconds:.0}")
    } else {
        format!("{seconds}")
    }
}

/// Reads a duration: bare seconds, or Go's units and days: `86400`, `24h`, `1h30m`, `-1.5h`, `30d`, `100ms`.
#[must_use]
pub fn duration_seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds.is_finite().then_some(seconds);
    }
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..]
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .map_or(rest.len(), |at| digits + at);
        total += amount * unit_seconds(&rest[digits..unit_end])?;
        rest = &rest[unit_end..];
    }
    Some(sign * total)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        "w" => 604_800.0,
        _ => return None,
    })
}

fn network(text: &str) -> String {
    let host = text.strip_suffix("/32").filter(|host| !host.contains(':'));
    let host = host.or_else(|| text.strip_suffix("/128"));
    host.unwrap_or(text).to_lowercase()
}

fn document(value: &Value) -> Option<Json> {
    let Shape::Text(text) = &value.shape else {
        return plain(value);
    };
    if text.is_empty() {
        return Some(Json::Null);
    }
    Some(match serde_json::from_str::<Json>(text) {
        Ok(parsed) if is_empty(&parsed) => Json::Null,
        Ok(parsed) => canonical_json(parsed),
        Err(_) => Json::from(&**text),
    })
}

/// Returns a number as KV version 2 keeps it: whole numbers beyond 2^53 lose digits (OpenBao 2.7, Vault 1.21).
fn rounded(exact: &crate::value::Number) -> String {
    let small = exact
        .as_i64()
        .is_some_and(|whole| whole.unsigned_abs() <= 1 << 53);
    if small || !exact.is_integer() {
        return exact.to_string();
    }
    let float = exact.to_string().parse::<f64>().unwrap_or(f64::MAX);
    format!("{float:e}")
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Object(fields) => fields.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Returns JSON with sorted keys and numbers in one spelling (`1.0` is `1`).
#[must_use]
pub fn canonical_json(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let mut pairs: Vec<_> = fields.into_iter().collect();
            pairs.sort_by(|left, right| left.0.cmp(&right.0));
            let pairs = pairs
                .into_iter()
                .map(|(key, inner)| (key, canonical_json(inner)));
            Json::Object(pairs.collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(canonical_json).collect()),
        Json::Number(number) => {
            let exact = crate::value::Number::parse(&number.to_string());
            let text = exact.map_or_else(|| number.to_string(), |exact| rounded(&exact));
            text.parse::<Number>()
                .map_or_else(|_| Json::from(text), Json::Number)
        }
        other => other,
    }
}

fn sequence(inner: &Kind, value: &Value, unordered: bool) -> Option<Json> {
    let split: Vec<Value>;
    let items: &[Value] = match &value.shape {
        Shape::Text(text) => {
            split = text.split(',').map(|item| item.trim().into()).collect();
            &split
        }
        _ => value.as_items().unwrap_or_default(),
    };
    let mut normals = Vec::new();
    for item in items {
        let item = trimmed(normal(inner, item)?);
        if !item.is_null() {
            normals.push(item);
        }
    }
    if unordered {
        normals.sort_by_key(ToString::to_string);
        normals.dedup();
    }
    Some(if normals.is_empty() {
        Json::Null
    } else {
        Json::Array(normals)
    })
}

/// Returns an element without the blanks around it: the servers strip those from every list of texts (`TrimStrings` of
/// their SDK), a heredoc's last newline too.
fn trimmed(item: Json) -> Json {
    match item {
        Json::String(text) if text.trim().is_empty() => Json::Null,
        Json::String(text) => Json::from(text.trim()),
        other => other,
    }
}

fn fields(inner: &Kind, value: &Value) -> Option<Json> {
    let mut map = Map::new();
    for (key, item) in value.as_fields().into_iter().flatten() {
        if item.is_null() {
            continue;
        }
        let item = match inner {
            Kind::Text { .. } if normal(inner, item)?.is_null() => Json::from(""),
            _ => normal(inner, item)?,
        };
        map.insert(key.to_string(), item);
    }
    Some(if map.is_empty() {
        Json::Null
    } else {
        canonical_json(Json::Object(map))
    })
}

fn nested(nesting: Nesting, attributes: &[Attribute], value: &Value) -> Option<Json> {
    let mut normals = Vec::new();
    let single = std::slice::from_ref(value);
    for item in value.as_items().unwrap_or(single) {
        normals.push(nested_object(attributes, item)?);
    }
    if !matches!(nesting, Nesting::One | Nesting::List | Nesting::Objects(_)) {
        normals.sort_by_key(ToString::to_string);
    }
    let empty = normals.iter().all(Json::is_null);
    Some(if empty {
        Json::Null
    } else {
        Json::Array(normals)
    })
}

/// Returns the normal form of the readable attributes of a nested object, defaults filled in.
fn nested_object(attributes: &[Attribute], object: &Value) -> Option<Json> {
    let mut map = Map::new();
    for attribute in attributes {
        if matches!(
            attribute.read,
            ReadBack::Never | ReadBack::Once | ReadBack::Argument
        ) || attribute.default == Default::Server
        {
            continue;
        }
        let value = effective(Some(attribute), object.field(attribute.name), object);
        let value = value.map_or(Some(Json::Null), |value| normal(&attribute.kind, &value))?;
        if !value.is_null() {
            map.insert(attribute.name.to_owned(), value);
        }
    }
    Some(if map.is_empty() {
        Json::Null
    } else {
        canonical_json(Json::Object(map))
    })
}

/// Returns a value as JSON, whatever its kind; `None` where something in it is not known yet.
#[must_use]
pub fn plain(value: &Value) -> Option<Json> {
    Some(match &value.shape {
        Shape::Unknown { .. } => return None,
        Shape::Null(_) => Json::Null,
        Shape::Bool(flag) => Json::Bool(*flag),
        Shape::Number(number) => {
            let text = number.to_string();
            text.parse::<Number>()
                .map_or_else(|_| Json::from(text), Json::Number)
        }
        Shape::Text(text) => Json::from(&**text),
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
            Json::Array(items.iter().map(plain).collect::<Option<_>>()?)
        }
        Shape::Map(_, items) | Shape::Object(items) => {
            let pairs = items
                .iter()
                .map(|(key, item)| Some((key.to_string(), plain(item)?)));
            Json::Object(pairs.collect::<Option<_>>()?)
        }
        Shape::Held { digest, .. } => Json::from(format!("held:{}", digest.0)),
    })
}

/// Tells whether JSON text of this wire form goes as it is.
#[must_use]
pub fn is_body(kind: &Kind) -> bool {
    matches!(kind, Kind::Json(JsonWire::Body))
}

fn policy_text(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    crate::policy::normal(text, crate::policy::Server::OPENBAO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Type;

    #[test]
    fn a_list_of_texts_is_the_same_without_the_blanks_around_its_elements() {
        let kind = Kind::List(&Kind::Text { lower: false }, Order::Kept);
        let list = |items: &[&str]| {
            Value::list(
                Type::String,
                items.iter().map(|item| Value::from(*item)).collect(),
            )
        };
        let written = normal(&kind, &list(&["CREATE ROLE;\nGRANT x;\n", "  "]));
        assert_eq!(written, normal(&kind, &list(&["CREATE ROLE;\nGRANT x;"])));
        assert_ne!(written, normal(&kind, &list(&["CREATE ROLE; GRANT x;"])));
    }
}
