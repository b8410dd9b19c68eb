//! Secrets in JSON and YAML: objects within objects, whose names are joined by dots.

use super::{Flaw, Listing, Named};
use crate::server::Body;
use crate::value::{Shape, Text, Value};
use serde_json::Value as Json;

/// Reads a JSON document.
///
/// # Errors
/// When it is none, or is no object.
pub fn json(text: &str) -> Result<Listing, Vec<Flaw>> {
    let parsed: Result<Json, _> = serde_json::from_str(text);
    let body = Body::from(parsed.map_err(|error| {
        // The parser's own words may quote the text.
        vec![Flaw {
            line: error.line(),
            column: error.column(),
            what: "it is no JSON from here on".to_owned(),
        }]
    })?);
    let mut listing = Listing::default();
    if !body.json().is_object() {
        return Err(vec![no_object()]);
    }
    of_json("", body.json(), &mut listing);
    Ok(listing)
}

/// Reads a YAML document.
///
/// # Errors
/// When it is none, or is no mapping.
pub fn yaml(text: &str) -> Result<Listing, Vec<Flaw>> {
    let value = crate::eval::functions::decode_yaml(text).map_err(|why| {
        vec![Flaw {
            line: 0,
            column: 0,
            what: why,
        }]
    })?;
    let mut listing = Listing::default();
    if value.as_fields().is_none() {
        return Err(vec![no_object()]);
    }
    of_value("", &value, &mut listing);
    Ok(listing)
}

fn no_object() -> Flaw {
    Flaw {
        line: 1,
        column: 1,
        what: "names with values are expected".to_owned(),
    }
}

fn joined(above: &str, name: &str) -> String {
    match above {
        "" => name.to_owned(),
        above => format!("{above}.{name}"),
    }
}

fn add(name: &str, value: Text, listing: &mut Listing) {
    listing.secrets.push(Named {
        name: name.to_owned(),
        value,
        line: 0,
    });
}

fn odd(name: &str, what: &str, listing: &mut Listing) {
    listing.oddities.push(Flaw {
        line: 0,
        column: 0,
        what: format!("`{name}` {what}"),
    });
}

fn of_json(name: &str, json: &Json, listing: &mut Listing) {
    match json {
        Json::Object(fields) => {
            for (inner, value) in fields {
                of_json(&joined(name, inner), value, listing);
            }
        }
        Json::String(text) => add(name, Text::from(text.as_str()), listing),
        Json::Null => odd(name, "has no value and is left out", listing),
        Json::Array(_) => {
            odd(name, "is a list and is kept as JSON", listing);
            add(name, Text::from(json.to_string()), listing);
        }
        Json::Bool(_) | Json::Number(_) => add(name, Text::from(json.to_string()), listing),
    }
}

fn of_value(name: &str, value: &Value, listing: &mut Listing) {
    if let Some(fields) = value.as_fields() {
        for (inner, value) in fields {
            of_value(&joined(name, inner), value, listing);
        }
        return;
    }
    match &value.shape {
        Shape::Text(text) => add(name, text.clone(), listing),
        Shape::Bool(truth) => add(name, Text::from(truth.to_string()), listing),
        Shape::Number(number) => add(name, Text::from(number.to_string()), listing),
        Shape::Null(_) => odd(name, "has no value and is left out", listing),
        _ => odd(name, "is a list: write it as JSON in quotes", listing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(listing: &Listing) -> Vec<(String, String)> {
        let each = listing.secrets.iter();
        each.map(|named| (named.name.clone(), named.value.to_string()))
            .collect()
    }

    #[test]
    fn both_forms_say_the_same() {
        let one = json(r#"{"A": "x", "db": {"port": 5432, "tls": true, "none": null}}"#).unwrap();
        let other = yaml("A: x\ndb:\n  port: 5432\n  tls: true\n  none: null\n").unwrap();
        let wanted = [("A", "x"), ("db.port", "5432"), ("db.tls", "true")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(told(&one), wanted);
        assert_eq!(told(&other), wanted);
        assert_eq!(one.oddities.len(), 1);
    }

    #[test]
    fn a_flaw_never_quotes_the_text() {
        let flaws = json("{\"A\": canary-secret}").unwrap_err();
        assert_eq!((flaws[0].line, flaws[0].column), (1, 7));
        assert!(!flaws[0].what.contains("canary"));
        assert!(json("[]").is_err());
        for text in ["- a\n", "A: \"canary-secret\n", "A: b: canary-secret\n"] {
            let flaws = yaml(text).unwrap_err();
            assert!(!flaws[0].what.contains("canary"), "{flaws:?}");
        }
    }
}
