//! `count` and `for_each`: from their values to instance keys.

use super::world::{Keys, Repeated};
use crate::source::{Diagnostic, Outcome, Span};
use crate::value::{InstanceKey, Shape, Type, Value};
use std::sync::Arc;

fn refuse(
    code: &'static str,
    message: &str,
    span: Span,
    label: &str,
    hint: &str,
) -> Vec<Diagnostic> {
    vec![Diagnostic::error(code, message).at(span, label).hint(hint)]
}

fn unknown(argument: &str, value: &Value, span: Span) -> Vec<Diagnostic> {
    let waits: Vec<String> = value
        .waits_for()
        .iter()
        .map(|address| format!("`{address}`"))
        .collect();
    let label = if waits.is_empty() {
        "this is known only after apply".to_owned()
    } else {
        format!("this is known only after {} is made", waits.join(", "))
    };
    refuse(
        "repetition-unknown",
        &format!(
            "the number of instances is not known: `{argument}` depends on what is not made yet"
        ),
        span,
        &label,
        "use keys that the configuration itself tells, or apply first with `-target` what it waits for",
    )
}

/// Works out the instances of `count`.
pub(super) fn count(value: &Value, span: Span) -> Outcome<Keys> {
    if value.is_unknown() {
        return Err(unknown("count", value, span));
    }
    if value.marks.sensitive || value.marks.ephemeral {
        return Err(refuse(
            "repetition-sensitive",
            "`count` must not depend on a sensitive or ephemeral value",
            span,
            "the number of instances would tell something of it",
            "use `nonsensitive(…)` where it is no secret",
        ));
    }
    let text = match &value.shape {
        Shape::Number(number) => number.as_i64(),
        Shape::Text(text) => text.parse().ok(),
        _ => None,
    };
    let Some(number) = text.and_then(|number| u64::try_from(number).ok()) else {
        return Err(refuse(
            "invalid-count",
            "`count` must be a whole number, zero or more",
            span,
            &format!("this is {value}"),
            "write a number, or `length(…)` of a list",
        ));
    };
    Ok(Keys {
        repeated: Repeated::Count,
        keys: (0..number)
            .map(|index| (InstanceKey::Index(index), None))
            .collect(),
    })
}

/// Works out the instances of `for_each`.
pub(super) fn for_each(value: &Value, span: Span) -> Outcome<Keys> {
    if value.marks.sensitive || value.marks.ephemeral || keys_sensitive(value) {
        return Err(refuse(
            "repetition-sensitive",
            "`for_each` must not depend on a sensitive or ephemeral value",
            span,
            "its keys would show in addresses",
            "use `nonsensitive(…)` for keys that are no secret",
        ));
    }
    match &value.shape {
        Shape::Unknown { .. } => Err(unknown("for_each", value, span)),
        Shape::Map(_, fields) | Shape::Object(fields) => Ok(Keys {
            repeated: Repeated::ForEach,
            keys: fields
                .iter()
                .map(|(key, value)| (InstanceKey::Key(key.clone()), Some(value.clone())))
                .collect(),
        }),
        Shape::Set(_, items) => of_set(value, items, span),
        Shape::Null(_) => Err(wrong(value, span, "null")),
        _ => Err(wrong(value, span, &value.ty().to_string())),
    }
}

fn keys_sensitive(value: &Value) -> bool {
    matches!(&value.shape, Shape::Set(_, items) if items.iter().any(|item| item.marks.sensitive))
}

fn of_set(value: &Value, items: &[Value], span: Span) -> Outcome<Keys> {
    let mut keys = Vec::new();
    for item in items {
        match &item.shape {
            Shape::Text(text) => {
                keys.push((InstanceKey::Key(Arc::from(&**text)), Some(item.clone())));
            }
            Shape::Unknown { .. } => return Err(unknown("for_each", value, span)),
            _ => return Err(wrong(value, span, &Type::set(item.ty()).to_string())),
        }
    }
    Ok(Keys {
        repeated: Repeated::ForEach,
        keys,
    })
}

fn wrong(value: &Value, span: Span, ty: &str) -> Vec<Diagnostic> {
    let hint = match &value.shape {
        Shape::Set(..) => "make text of the elements: `toset([for item in … : tostring(item)])`",
        Shape::List(..) | Shape::Tuple(_) => "make a set of it: `toset(…)`",
        Shape::Null(_) => "give `{}` for none",
        _ => "give a map, or a set of strings",
    };
    refuse(
        "invalid-for-each",
        "`for_each` must be a map or a set of strings",
        span,
        &format!("this is of type {ty}"),
        hint,
    )
}
