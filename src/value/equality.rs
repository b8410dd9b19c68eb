//! Equality as `==` has it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Shape, Type, Value, Waits};

/// What comparing tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Same,
    Different,
    /// It turns on what is unknown or cannot be read.
    Open,
}

impl From<bool> for Answer {
    fn from(same: bool) -> Answer {
        if same {
            Answer::Same
        } else {
            Answer::Different
        }
    }
}

impl Value {
    /// Compares as `==` does: types count (`1 == "1"` is false), nulls of any types are equal, an unknown part that
    /// matters gives an unknown answer, marks go on to the answer. A held value equals itself by its digest;
    /// compared with anything else it gives a held answer.
    #[must_use]
    pub fn equals(&self, other: &Value) -> Value {
        let marks = if self.is_null() == other.is_null() {
            self.marks_within().union(other.marks_within())
        } else {
            self.marks.union(other.marks)
        };
        let answer = match compare(self, other) {
            Answer::Same => Value::from(true),
            Answer::Different => Value::from(false),
            Answer::Open => open_answer(self, other),
        };
        answer.marked(marks)
    }
}

fn open_answer(left: &Value, right: &Value) -> Value {
    if left.is_wholly_known() && right.is_wholly_known() {
        return super::held::held_result("==", &[left.clone(), right.clone()], Type::Bool);
    }
    let waits: BTreeSet<_> = left
        .waits_for()
        .into_iter()
        .chain(right.waits_for())
        .collect();
    let waits: Waits = Arc::new(waits);
    Value::unknown(Type::Bool, waits).refined_not_null()
}

fn compare(left: &Value, right: &Value) -> Answer {
    match (&left.shape, &right.shape) {
        (
            Shape::Held { digest, ty, .. },
            Shape::Held {
                digest: other,
                ty: other_ty,
                ..
            },
        ) => {
            if digest == other && ty == other_ty {
                Answer::Same
            } else {
                Answer::Open
            }
        }
        (Shape::Null(_), Shape::Null(_)) => Answer::Same,
        (Shape::Null(_), _) => null_against(right),
        (_, Shape::Null(_)) => null_against(left),
        (Shape::Unknown { .. } | Shape::Held { .. }, _)
        | (_, Shape::Unknown { .. } | Shape::Held { .. }) => open_unless_types_differ(left, right),
        _ => compare_known(left, right),
    }
}

fn null_against(value: &Value) -> Answer {
    match &value.shape {
        Shape::Unknown { refined, .. }
            if refined.as_ref().is_some_and(|refined| refined.not_null) =>
        {
            Answer::Different
        }
        Shape::Unknown { .. } | Shape::Held { .. } => Answer::Open,
        _ => Answer::Different,
    }
}

fn open_unless_types_differ(left: &Value, right: &Value) -> Answer {
    if left.is_unknown() && right.is_unknown() {
        return Answer::Open;
    }
    let (one, other) = (left.ty(), right.ty());
    let decided = one == other || one.has_dynamic() || other.has_dynamic();
    if decided && !excluded_by_prefix(left, right) && !excluded_by_prefix(right, left) {
        Answer::Open
    } else {
        Answer::Different
    }
}

/// Tells whether what is known of an unknown text rules out the known one.
fn excluded_by_prefix(unknown: &Value, known: &Value) -> bool {
    match (&unknown.shape, known.as_text()) {
        (
            Shape::Unknown {
                refined: Some(refined),
                ..
            },
            Some(text),
        ) => refined
            .prefix
            .as_ref()
            .is_some_and(|prefix| !text.starts_with(&**prefix)),
        _ => false,
    }
}

fn compare_known(left: &Value, right: &Value) -> Answer {
    let (one, other) = (left.ty(), right.ty());
    if one.has_dynamic() || other.has_dynamic() {
        return if one.could_be(&other) {
            Answer::Open
        } else {
            Answer::Different
        };
    }
    if one != other {
        return Answer::Different;
    }
    match (&left.shape, &right.shape) {
        (Shape::Set(_, some), Shape::Set(_, others)) => {
            if left
                .elements()
                .chain(right.elements())
                .all(|inner| inner.is_wholly_known() && !inner.has_held())
            {
                Answer::from(some == others)
            } else {
                Answer::Open
            }
        }
        (Shape::Map(_, some), Shape::Map(_, others)) if !some.keys().eq(others.keys()) => {
            Answer::Different
        }
        (Shape::List(..) | Shape::Tuple(_) | Shape::Map(..) | Shape::Object(_), _) => {
            compare_elements(left, right)
        }
        (some, others) => Answer::from(some == others),
    }
}

/// A difference that is certain decides, wherever it is; else an open pair leaves all open.
fn compare_elements(left: &Value, right: &Value) -> Answer {
    if left.elements().count() != right.elements().count() {
        return Answer::Different;
    }
    let answers: Vec<Answer> = left
        .elements()
        .zip(right.elements())
        .map(|(left, right)| compare(left, right))
        .collect();
    if answers.contains(&Answer::Different) {
        Answer::Different
    } else if answers.contains(&Answer::Open) {
        Answer::Open
    } else {
        Answer::Same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Digest, Marks};

    #[test]
    fn types_decide() {
        assert_eq!(Value::from(1).equals(&Value::text("1")), Value::from(false));
        let empty = Value::list(Type::Dynamic, vec![]);
        assert_eq!(Value::tuple(vec![]).equals(&empty), Value::from(false));
        assert_eq!(
            Value::null(Type::String).equals(&Value::null(Type::Bool)),
            Value::from(true)
        );
    }

    #[test]
    fn unknown_and_held_parts_leave_it_open() {
        let unknown = Value::unknown(Type::String, Waits::default());
        assert!(unknown.equals(&Value::text("a")).is_unknown());
        assert_eq!(unknown.equals(&Value::from(1)), Value::from(false));
        let held = Value::from(Shape::Held {
            ty: Type::String,
            digest: Digest("00".into()),
            kept: false,
        });
        assert_eq!(held.equals(&held), Value::from(true));
        let answer = held.equals(&Value::text("a").marked(Marks::SENSITIVE));
        assert!(
            matches!(answer.shape, Shape::Held { ty: Type::Bool, .. }) && answer.marks.sensitive
        );
    }
}
