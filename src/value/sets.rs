//! The order in which a set keeps its elements: that in which `for` and `tolist` give them out.

use std::cmp::Ordering;
use std::fmt::Write;

use super::{Marks, Shape, Type, Value};

/// Makes the shape of a set and its marks: elements sorted, without repetition, and unmarked, since which of two
/// equal elements is a secret cannot be told apart any more.
pub(super) fn set(ty: Type, elements: Vec<Value>) -> (Shape, Marks) {
    let marks = elements
        .iter()
        .fold(Marks::NONE, |all, inner| all.union(inner.marks_within()));
    let mut elements: Vec<Value> = elements.into_iter().map(Value::without_marks).collect();
    elements.sort_by(order);
    elements.dedup();
    (Shape::Set(ty, elements), marks)
}

/// Known before unknown before null; text by its bytes, numbers by size, all else by a key that cty uses too.
fn order(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value.shape {
        Shape::Null(_) => 2,
        Shape::Unknown { .. } | Shape::Held { .. } => 1,
        _ => 0,
    };
    rank(left)
        .cmp(&rank(right))
        .then_with(|| match (&left.shape, &right.shape) {
            (Shape::Bool(_) | Shape::Number(_) | Shape::Text(_), _) => left.cmp(right),
            _ => sort_key(left)
                .cmp(&sort_key(right))
                .then_with(|| left.cmp(right)),
        })
}

fn sort_key(value: &Value) -> String {
    let mut key = String::new();
    write_key(value, &mut key);
    key
}

fn write_key(value: &Value, key: &mut String) {
    let (open, close) = match &value.shape {
        Shape::Unknown { .. } | Shape::Held { .. } => ("?", ""),
        Shape::Null(_) => ("~", ""),
        Shape::Bool(true) => ("T", ""),
        Shape::Bool(false) => ("F", ""),
        Shape::Number(number) => return key.push_str(&number.to_string()),
        Shape::Text(text) => {
            let _ = write!(key, "{:?}", &**text);
            return;
        }
        Shape::Map(..) => ("{", "}"),
        Shape::List(..) | Shape::Set(..) => ("[", "]"),
        Shape::Tuple(_) | Shape::Object(_) => ("<", ">"),
    };
    key.push_str(open);
    if let Shape::Map(_, fields) = &value.shape {
        for (name, inner) in fields.iter() {
            let _ = write!(key, "{name:?}:");
            write_key(inner, key);
            key.push(';');
        }
    } else {
        for inner in value.elements() {
            write_key(inner, key);
            key.push(';');
        }
    }
    key.push_str(close);
}
