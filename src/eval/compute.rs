//! Data sources that are computed here, without a server.

use crate::catalog::Local;
use crate::source::Outcome;
use crate::value::{Marks, Type, Value, held_result};
use std::fmt::Write;
use std::sync::Arc;

/// Computes a data source from its decoded attributes, all known.
///
/// # Errors
/// None at present: whatever decodes has a result.
pub fn compute_data(local: Local, attributes: &Value) -> Outcome<Value> {
    let mut fields = attributes.as_fields().cloned().unwrap_or_default();
    if local == Local::PolicyDocument {
        let marks = Marks {
            ephemeral: false,
            ..attributes.marks_within()
        };
        let (id, text) = if attributes.has_held() {
            (held("id", attributes), held("hcl", attributes))
        } else {
            let text = document(attributes);
            (checksum(&text).into(), text.into())
        };
        fields.insert("id".into(), id);
        fields.insert("hcl".into(), text.marked(marks));
    }
    for value in fields.values_mut() {
        if value.is_unknown() {
            *value = Value::null(Type::Dynamic);
        }
    }
    Ok(Value::object(fields))
}

/// What is made of a value that cannot be read cannot be read either, and stays the same as long.
fn held(name: &str, attributes: &Value) -> Value {
    held_result(name, std::slice::from_ref(attributes), Type::String)
}

/// The provider names a document by the CRC-32 of its text.
fn checksum(text: &str) -> String {
    crc32fast::hash(text.as_bytes()).to_string()
}

/// Writes the rules as the provider's data source does: one `path` block each, a blank line between them.
fn document(attributes: &Value) -> String {
    let rules = attributes
        .field("rule")
        .and_then(Value::as_items)
        .unwrap_or_default();
    let rules: Vec<String> = rules.iter().map(rule).collect();
    rules.join("\n")
}

fn rule(rule: &Value) -> String {
    let text = |name: &str| {
        rule.field(name)
            .and_then(Value::as_text)
            .filter(|text| !text.is_empty())
    };
    let mut out = String::new();
    if let Some(description) = text("description") {
        for line in description.lines() {
            let _ = writeln!(out, "# {line}");
        }
    }
    let _ = writeln!(out, "path {} {{", quoted(text("path").unwrap_or_default()));
    for name in ["capabilities", "required_parameters"] {
        list(&mut out, name, rule.field(name));
    }
    for (block, name) in [
        ("allowed_parameter", "allowed_parameters"),
        ("denied_parameter", "denied_parameters"),
    ] {
        parameters(&mut out, name, rule.field(block));
    }
    for name in ["min_wrapping_ttl", "max_wrapping_ttl"] {
        if let Some(text) = text(name) {
            let _ = writeln!(out, "  {name} = {}", quoted(text));
        }
    }
    list(
        &mut out,
        "subscribe_event_types",
        rule.field("subscribe_event_types"),
    );
    out.push_str("}\n");
    out
}

fn list(out: &mut String, name: &str, value: Option<&Value>) {
    if let Some(items) = value
        .and_then(Value::as_items)
        .filter(|items| !items.is_empty())
    {
        let _ = writeln!(out, "  {name} = {}", texts(items));
    }
}

fn texts(items: &[Value]) -> String {
    let items = items.iter().filter_map(Value::as_text).map(quoted);
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn parameters(out: &mut String, name: &str, blocks: Option<&Value>) {
    let Some(blocks) = blocks
        .and_then(Value::as_items)
        .filter(|items| !items.is_empty())
    else {
        return;
    };
    let _ = writeln!(out, "  {name} = {{");
    for block in blocks {
        let key = block
            .field("key")
            .and_then(Value::as_text)
            .unwrap_or_default();
        let values = block
            .field("value")
            .and_then(Value::as_items)
            .unwrap_or_default();
        let _ = writeln!(out, "    {} = {}", quoted(key), texts(values));
    }
    out.push_str("  }\n");
}

fn quoted(text: &str) -> Arc<str> {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out.push('"');
    out.into()
}

#[cfg(test)]
mod tests {
    use super::compute_data;
    use crate::catalog::Local;
    use crate::value::{Marks, Type, Value};
    use std::collections::BTreeMap;

    fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
        let fields: BTreeMap<_, _> = fields
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        Value::object(fields)
    }

    fn texts(items: &[&str]) -> Value {
        let items = items.iter().map(|item| Value::from(*item)).collect();
        Value::list(Type::String, items)
    }

    fn document(rules: Vec<Value>) -> Value {
        let ty = rules.first().map_or(Type::Dynamic, Value::ty);
        let attributes = object([
            ("rule", Value::list(ty, rules)),
            ("hcl", Value::null(Type::String)),
        ]);
        let computed = compute_data(Local::PolicyDocument, &attributes).unwrap();
        computed.field("hcl").unwrap().clone()
    }

    #[test]
    fn a_document_is_written_as_the_provider_writes_it() {
        let parameter = object([
            ("key", Value::from("policies")),
            ("value", texts(&["app", "*"])),
        ]);
        let full = object([
            ("path", Value::from("auth/token/create")),
            ("capabilities", texts(&["update", "sudo"])),
            ("description", Value::from("tokens\nfor all")),
            ("required_parameters", texts(&["ttl"])),
            (
                "allowed_parameter",
                Value::list(parameter.ty(), vec![parameter]),
            ),
            ("max_wrapping_ttl", Value::from("1h")),
            ("subscribe_event_types", texts(&[])),
        ]);
        let small = object([
            ("path", Value::from("a\"b")),
            ("capabilities", texts(&["deny"])),
        ]);
        let expected = "# tokens\n# for all\npath \"auth/token/create\" {\n  capabilities = [\"update\", \"sudo\"]\n  \
            required_parameters = [\"ttl\"]\n  allowed_parameters = {\n    \"policies\" = [\"app\", \"*\"]\n  }\n  \
            max_wrapping_ttl = \"1h\"\n}\n\npath \"a\\\"b\" {\n  capabilities = [\"deny\"]\n}\n";
        assert_eq!(document(vec![full, small]).as_text(), Some(expected));
    }

    #[test]
    fn a_secret_in_a_rule_makes_the_document_one() {
        let secret = object([
            ("path", Value::from("x").marked(Marks::SENSITIVE)),
            ("capabilities", texts(&["read"])),
        ]);
        assert!(document(vec![secret]).marks.sensitive);
    }
}
