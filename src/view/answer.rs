//! What `console` answers: a value, a type, or what is wrong.

use super::conceal::json_of;
use super::state_json::type_json;
use crate::source::Diagnostic;
use crate::value::{Type, Value};
use serde_json::{Value as Json, json};

/// Returns a value with its type on one line; what is secret, ephemeral or not known is null, and said to be so.
#[must_use]
pub fn answer_json(value: &Value, show_sensitive: bool) -> Json {
    let marks = value.marks_within();
    let mut answer = json!({
        "value": json_of(value, show_sensitive),
        "type": type_json(&value.ty()),
        "sensitive": marks.sensitive,
    });
    if marks.ephemeral {
        answer["ephemeral"] = true.into();
    }
    if !value.is_wholly_known() {
        answer["unknown"] = true.into();
    }
    answer
}

/// Returns what is wrong as one line of JSON.
#[must_use]
pub fn refusal_json(problems: &[Diagnostic]) -> Json {
    let texts: Vec<String> = problems.iter().map(in_short).collect();
    json!({ "error": texts.join("; ") })
}

fn in_short(problem: &Diagnostic) -> String {
    match problem.hints.first() {
        Some(hint) => format!("{} ({hint})", problem.message),
        None => problem.message.clone(),
    }
}

/// Writes a type as `type(…)` answers it: attributes and elements on lines of their own.
#[must_use]
pub fn type_text(ty: &Type) -> String {
    written(ty, 0)
}

fn written(ty: &Type, indent: usize) -> String {
    match ty {
        Type::Dynamic => "dynamic".to_owned(),
        Type::List(inner) => collection("list", inner, indent),
        Type::Set(inner) => collection("set", inner, indent),
        Type::Map(inner) => collection("map", inner, indent),
        Type::Tuple(items) => {
            let lines = items.iter().map(|item| written(item, indent + 4));
            around("tuple([", &lines.collect::<Vec<_>>(), "])", indent)
        }
        Type::Object(object) => {
            let lines = object.attributes.iter().map(|(name, ty)| {
                let name = super::render::attribute_name(name);
                format!("{name}: {}", written(ty, indent + 4))
            });
            around("object({", &lines.collect::<Vec<_>>(), "})", indent)
        }
        simple => simple.to_string(),
    }
}

fn collection(name: &str, inner: &Type, indent: usize) -> String {
    if inner.is_primitive() || *inner == Type::Dynamic {
        return format!("{name}({})", written(inner, indent));
    }
    let open = format!("{name}(");
    around(&open, &[written(inner, indent + 4)], ")", indent)
}

fn around(open: &str, lines: &[String], close: &str, indent: usize) -> String {
    if lines.is_empty() {
        return format!("{open}{close}");
    }
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + 4));
    let lines = lines.iter().map(|line| format!("{inner}{line},\n"));
    format!("{open}\n{}{outer}{close}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Marks;

    #[test]
    fn types_are_written_as_terraform_writes_them() {
        let inner = Type::object([("c".into(), Type::Tuple(Vec::new()))]);
        let ty = Type::object([("a".into(), Type::Number), ("b".into(), inner)]);
        let expected =
            "object({\n    a: number,\n    b: object({\n        c: tuple([]),\n    }),\n})";
        assert_eq!(type_text(&ty), expected);
        let set = Type::set(Type::object([("a".into(), Type::Number)]));
        assert_eq!(
            type_text(&set),
            "set(\n    object({\n        a: number,\n    }),\n)"
        );
        assert_eq!(type_text(&Type::list(Type::String)), "list(string)");
    }

    #[test]
    fn secrets_and_the_unknown_are_null() {
        let secret = Value::from("s3cret").marked(Marks::SENSITIVE);
        let waits = Value::unknown(Type::String, std::sync::Arc::default());
        let value = Value::tuple(vec![secret, waits, 1.into()]);
        let answer = answer_json(&value, false).to_string();
        assert_eq!(
            answer,
            r#"{"value":[null,null,1],"type":["tuple",["string","string","number"]],"sensitive":true,"unknown":true}"#
        );
    }
}
