//! Values as JSON and back. Numbers keep all their digits.

use serde_json::{Map, Value as Json};

use super::{Number, Shape, Type, Value, normalized};

/// What becomes of a sensitive value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Written out: request bodies, `jsonencode`, outputs asked for by name.
    Shown,
    /// Null, as plans and reports write it; an ephemeral value is refused.
    Hidden,
}

/// Writes a value as JSON.
///
/// # Errors
/// Tells what cannot be written: what is unknown, held, or (with secrets hidden) ephemeral.
pub fn to_json(value: &Value, secrets: Secrets) -> Result<Json, String> {
    if secrets == Secrets::Hidden && value.marks.sensitive {
        return Ok(Json::Null);
    }
    if secrets == Secrets::Hidden && value.marks.ephemeral {
        return Err("an ephemeral value cannot be written".to_owned());
    }
    match &value.shape {
        Shape::Null(_) => Ok(Json::Null),
        Shape::Bool(value) => Ok(Json::Bool(*value)),
        Shape::Number(number) => number_to_json(number),
        Shape::Text(text) => Ok(Json::String(text.to_string())),
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => items
            .iter()
            .map(|item| to_json(item, secrets))
            .collect::<Result<_, _>>()
            .map(Json::Array),
        Shape::Map(_, fields) | Shape::Object(fields) => fields
            .iter()
            .map(|(name, inner)| Ok((name.to_string(), to_json(inner, secrets)?)))
            .collect::<Result<Map<_, _>, String>>()
            .map(Json::Object),
        Shape::Unknown { .. } => Err("a value that is not known yet cannot be written".to_owned()),
        Shape::Held { .. } => {
            Err("a value that can no longer be read cannot be written".to_owned())
        }
    }
}

fn number_to_json(number: &Number) -> Result<Json, String> {
    number
        .to_string()
        .parse::<serde_json::Number>()
        .map(Json::Number)
        .map_err(|_| "a number is too large to be written".to_owned())
}

/// Reads JSON: arrays become tuples, objects become objects.
///
/// # Errors
/// Tells that a number is too large to hold.
pub fn from_json(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::null(Type::Dynamic),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => Number::parse(&number.to_string())
            .map(Value::from)
            .ok_or_else(|| "a number is too large".to_owned())?,
        Json::String(text) => Value::text(text),
        Json::Array(items) => Value::tuple(items.iter().map(from_json).collect::<Result<_, _>>()?),
        Json::Object(fields) => Value::object(
            fields
                .iter()
                .map(|(name, inner)| Ok((normalized(name).into(), from_json(inner)?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Marks;

    #[test]
    fn numbers_keep_their_digits() {
        let text = r#"{"a":[123456789012345678901234567890,0.1,1e3],"b":null}"#;
        let value = from_json(&serde_json::from_str(text).unwrap()).unwrap();
        let back = to_json(&value, Secrets::Shown).unwrap().to_string();
        assert_eq!(
            back,
            r#"{"a":[123456789012345678901234567890,0.1,1000],"b":null}"#
        );
    }

    #[test]
    fn secrets_are_hidden_where_asked() {
        let secret = Value::tuple(vec![
            Value::text("x").marked(Marks::SENSITIVE),
            Value::from(1),
        ]);
        assert_eq!(
            to_json(&secret, Secrets::Hidden).unwrap().to_string(),
            "[null,1]"
        );
        assert_eq!(
            to_json(&secret, Secrets::Shown).unwrap().to_string(),
            r#"["x",1]"#
        );
        let ephemeral = Value::text("x").marked(Marks::EPHEMERAL);
        assert!(to_json(&ephemeral, Secrets::Hidden).is_err());
    }
}
