//! Errors of evaluation, with the values that led to them.

use super::context::Context;
use super::expression::value_of;
use super::reference::chain;
use super::scope::Scope;
use crate::source::Diagnostic;
use crate::syntax::{Expression, Node, Part};
use crate::value::{Shape, Value};

/// The longest text that is shown of a value, in characters.
const LONGEST: usize = 60;

/// Makes an error of an expression: at its place, with the values of the variables in it.
pub(super) fn error_at(
    expression: &Expression,
    context: Context<'_>,
    message: impl Into<String>,
) -> Diagnostic {
    labelled(expression, context, message, "here")
}

/// The same, with words for its place.
pub(super) fn labelled(
    expression: &Expression,
    context: Context<'_>,
    message: impl Into<String>,
    label: &str,
) -> Diagnostic {
    let mut told = Diagnostic::error("evaluation-failed", message).at(expression.span, label);
    told.values = values(expression, context);
    told
}

/// Returns the variables of an expression and what they are, for people; nothing sensitive is shown.
#[must_use]
pub fn values_in(expression: &Expression, scope: &dyn Scope) -> Vec<(String, String)> {
    values(expression, Context::new(scope))
}

/// The same within an evaluation; nothing where nobody sees its errors.
pub(super) fn values(expression: &Expression, context: Context<'_>) -> Vec<(String, String)> {
    let mut values = Vec::new();
    if context.quiet {
        return values;
    }
    let context = context.quietly();
    each_chain(expression, &mut |found| {
        let mut part = found;
        // The longest part of a reference that has a value is the one to show.
        loop {
            if let Ok(value) = value_of(part, context) {
                let entry = (written(part), shown(&value));
                if !values.contains(&entry) {
                    values.push(entry);
                }
                return;
            }
            match &part.node {
                Node::Attribute(base, _) | Node::Index(base, _) => part = base,
                _ => return,
            }
        }
    });
    values
}

/// Calls `visit` with each whole reference in an expression that is not within a `for`, a splat or their like.
pub(super) fn each_chain<'a>(expression: &'a Expression, visit: &mut dyn FnMut(&'a Expression)) {
    match &expression.node {
        Node::Variable(_) | Node::Attribute(..) | Node::Index(..) => {
            let found = chain(expression);
            for step in &found.steps {
                if let Node::Index(_, key) = &step.node {
                    each_chain(key, visit);
                }
            }
            match &found.root.node {
                Node::Variable(_) => visit(expression),
                _ => each_chain(found.root, visit),
            }
        }
        Node::Template(parts) => parts.iter().for_each(|part| match part {
            Part::Interpolation(inner)
            | Part::If {
                condition: inner, ..
            }
            | Part::For {
                collection: inner, ..
            } => each_chain(inner, visit),
            Part::Literal(..) => {}
        }),
        Node::Wrapped(inner)
        | Node::Parenthesis(inner)
        | Node::Unary(_, inner)
        | Node::Splat { base: inner, .. } => each_chain(inner, visit),
        Node::Tuple(items)
        | Node::Call {
            arguments: items, ..
        } => {
            items.iter().for_each(|item| each_chain(item, visit));
        }
        Node::Object(items) => items.iter().for_each(|item| {
            each_chain(&item.key, visit);
            each_chain(&item.value, visit);
        }),
        Node::Binary(_, left, right) => {
            each_chain(left, visit);
            each_chain(right, visit);
        }
        Node::Conditional(condition, then, otherwise) => {
            each_chain(condition, visit);
            each_chain(then, visit);
            each_chain(otherwise, visit);
        }
        Node::For(inner) => each_chain(&inner.collection, visit),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::SplatItem => {}
    }
}

/// Writes a reference as the author did, more or less.
fn written(expression: &Expression) -> String {
    match &expression.node {
        Node::Variable(name) => name.text.to_string(),
        Node::Attribute(base, name) => format!("{}.{}", written(base), name.text),
        Node::Index(base, key) => format!("{}[{}]", written(base), written(key)),
        Node::Number(number) => number.to_string(),
        Node::Template(parts) => match parts.as_slice() {
            [Part::Literal(text, _)] => format!("{text:?}"),
            _ => "…".into(),
        },
        _ => "…".into(),
    }
}

/// Describes a value in a few words.
fn shown(value: &Value) -> String {
    if value.marks.sensitive {
        return "(sensitive value)".into();
    }
    if value.marks.ephemeral {
        return "(ephemeral value)".into();
    }
    match &value.shape {
        Shape::Null(_) => "null".into(),
        Shape::Bool(truth) => truth.to_string(),
        Shape::Number(number) => shortened(&number.to_string()),
        Shape::Text(text) => shortened(&format!("{:?}", &**text)),
        Shape::Unknown { .. } => "(known after apply)".into(),
        Shape::Held { .. } => "(held value)".into(),
        Shape::List(ty, items) => counted(&format!("list of {ty}"), items.len(), "element"),
        Shape::Set(ty, items) => counted(&format!("set of {ty}"), items.len(), "element"),
        Shape::Tuple(items) => counted("tuple", items.len(), "element"),
        Shape::Map(ty, fields) => counted(&format!("map of {ty}"), fields.len(), "element"),
        Shape::Object(fields) => counted("object", fields.len(), "attribute"),
    }
}

fn counted(kind: &str, count: usize, what: &str) -> String {
    match count {
        0 => format!("{kind} with no {what}s"),
        1 => format!("{kind} with 1 {what}"),
        _ => format!("{kind} with {count} {what}s"),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
