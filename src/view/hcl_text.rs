//! Values as the language writes them: `output`, `console`.

use super::paint::{harmless, quote};
use crate::value::{Shape, Type, Value};

/// Writes a value. Sensitive values are hidden unless `show`: asking for an output by name is consent.
#[must_use]
pub fn value_text(value: &Value, show: bool) -> String {
    write(value, show, 0)
}

fn write(value: &Value, show: bool, indent: usize) -> String {
    if value.is_unknown() {
        return "(known after apply)".to_owned();
    }
    if value.marks.sensitive && !show {
        return "(sensitive value)".to_owned();
    }
    if (value.marks.ephemeral || value.marks.fresh) && !show {
        return "(ephemeral value)".to_owned();
    }
    match &value.shape {
        Shape::Null(ty) => null(ty),
        Shape::Bool(value) => value.to_string(),
        Shape::Number(number) => number.to_string(),
        Shape::Text(text) => string(text, indent),
        Shape::Tuple(items) => sequence(items, show, indent),
        Shape::List(_, items) => format!("tolist({})", sequence(items, show, indent)),
        Shape::Set(_, items) => format!("toset({})", sequence(items, show, indent)),
        Shape::Object(fields) => mapping(fields, show, indent),
        Shape::Map(_, fields) => format!("tomap({})", mapping(fields, show, indent)),
        Shape::Unknown { .. } => "(known after apply)".to_owned(),
        Shape::Held { .. } => "(held value)".to_owned(),
    }
}

fn null(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "null".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::Bool => "tobool(null)".to_owned(),
        Type::List(inner) => format!("tolist(null) /* of {} */", friendly(inner)),
        Type::Set(inner) => format!("toset(null) /* of {} */", friendly(inner)),
        Type::Map(inner) => format!("tomap(null) /* of {} */", friendly(inner)),
        Type::Tuple(_) | Type::Object(_) => format!("null /* {} */", friendly(ty)),
    }
}

/// Returns a type in words: `list of string`.
#[must_use]
pub fn friendly(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "dynamic".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(inner) => format!("list of {}", friendly(inner)),
        Type::Set(inner) => format!("set of {}", friendly(inner)),
        Type::Map(inner) => format!("map of {}", friendly(inner)),
        Type::Tuple(_) => "tuple".to_owned(),
        Type::Object(_) => "object".to_owned(),
    }
}

fn string(text: &str, indent: usize) -> String {
    if !text.contains('\n') {
        return quote(text);
    }
    let mut delimiter = "EOT".to_owned();
    while text.lines().any(|line| line.trim() == delimiter) {
        delimiter.push('_');
    }
    let operator = if indent > 0 { "<<-" } else { "<<" };
    let room = " ".repeat(indent);
    let lines = text
        .split('\n')
        .map(|line| format!("\n{room}{}", harmless(line)));
    let lines: String = lines.collect();
    format!("{operator}{delimiter}{lines}\n{room}{delimiter}")
}

fn sequence(items: &[Value], show: bool, indent: usize) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + 2));
    let items = items
        .iter()
        .map(|item| format!("{inner}{},\n", write(item, show, indent + 2)));
    format!("[\n{}{outer}]", items.collect::<String>())
}

fn mapping(
    fields: &std::collections::BTreeMap<std::sync::Arc<str>, Value>,
    show: bool,
    indent: usize,
) -> String {
    if fields.is_empty() {
        return "{}".to_owned();
    }
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + 2));
    let lines = fields.iter().map(|(key, value)| {
        format!(
            "{inner}{} = {}\n",
            quote(key),
            write(value, show, indent + 2)
        )
    });
    format!("{{\n{}{outer}}}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Marks;
    use std::sync::Arc;

    #[test]
    fn values_read_as_in_the_console() {
        let list = Value::list(Type::String, vec!["a".into(), "b\nc\n".into()]);
        let secret = Value::from("s3cret").marked(Marks::SENSITIVE);
        let object = Value::object(
            [
                (Arc::from("items"), list),
                (Arc::from("key"), secret),
                (Arc::from("n"), 1.into()),
            ]
            .into(),
        );
        let expected = "{
  \"items\" = tolist([
    \"a\",
    <<-EOT
    b
    c
    
    EOT,
  ])
  \"key\" = (sensitive value)
  \"n\" = 1
}";
        assert_eq!(value_text(&object, false), expected);
        assert!(value_text(&object, true).contains("\"key\" = \"s3cret\""));
        assert_eq!(
            value_text(&Value::null(Type::list(Type::String)), false),
            "tolist(null) /* of string */"
        );
    }
}
