//! Values that stand written out, where no reference and no function may stand.

use crate::source::{Diagnostic, Span};
use crate::syntax::{Attribute, Binary, Body, Expression, Name, Node, Part, Unary};
use crate::value::{Number, Type, Value, convert};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the value of an expression that refers to nothing.
///
/// # Errors
/// Names the first reference or call in it.
pub(super) fn constant(expression: &Expression) -> Result<Value, Box<Diagnostic>> {
    match &expression.node {
        Node::Null => Ok(Value::null(Type::Dynamic)),
        Node::Bool(value) => Ok(Value::from(*value)),
        Node::Number(number) => Ok(Value::from(number.clone())),
        Node::Template(parts) => template(parts).map(Value::from),
        Node::Parenthesis(inner) | Node::Wrapped(inner) => constant(inner),
        Node::Tuple(items) => {
            let items: Result<Vec<Value>, _> = items.iter().map(constant).collect();
            items.map(Value::tuple)
        }
        Node::Object(items) => {
            let mut fields = BTreeMap::new();
            for item in items {
                let key = text_of(&constant(&item.key)?, item.key.span)?;
                fields.insert(Arc::from(key), constant(&item.value)?);
            }
            Ok(Value::object(fields))
        }
        Node::Unary(operator, inner) => unary(*operator, inner),
        Node::Binary(operator, left, right) => binary(*operator, left, right, expression.span),
        _ => Err(not_constant(expression.span)),
    }
}

fn template(parts: &[Part]) -> Result<String, Box<Diagnostic>> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal, _) => text.push_str(literal),
            Part::Interpolation(inner) => text.push_str(&text_of(&constant(inner)?, inner.span)?),
            Part::If { condition, .. } => return Err(not_constant(condition.span)),
            Part::For { collection, .. } => return Err(not_constant(collection.span)),
        }
    }
    Ok(text)
}

fn text_of(value: &Value, span: Span) -> Result<String, Box<Diagnostic>> {
    let text = convert(value, &Type::String);
    let text = text.as_ref().ok().and_then(Value::as_text);
    text.map(str::to_owned)
        .ok_or_else(|| wrong(span, "a string is required here", "not a string"))
}

fn unary(operator: Unary, inner: &Expression) -> Result<Value, Box<Diagnostic>> {
    let value = constant(inner)?;
    match (operator, value.as_number(), value.as_bool()) {
        (Unary::Negate, Some(number), _) => Ok(Value::from(number.neg())),
        (Unary::Not, _, Some(value)) => Ok(Value::from(!value)),
        _ => Err(wrong(
            inner.span,
            "the operator does not fit this value",
            "here",
        )),
    }
}

fn binary(
    operator: Binary,
    left: &Expression,
    right: &Expression,
    span: Span,
) -> Result<Value, Box<Diagnostic>> {
    let (left, right) = (constant(left)?, constant(right)?);
    let numbers = left.as_number().zip(right.as_number());
    let result = numbers.and_then(|(left, right)| arithmetic(operator, left, right));
    result
        .map(Value::from)
        .ok_or_else(|| wrong(span, "this cannot be calculated", "here"))
}

fn arithmetic(operator: Binary, left: &Number, right: &Number) -> Option<Number> {
    match operator {
        Binary::Add => left.add(right),
        Binary::Subtract => left.sub(right),
        Binary::Multiply => left.mul(right),
        Binary::Divide => left.div(right),
        Binary::Modulo => left.rem(right),
        _ => None,
    }
}

fn wrong(span: Span, message: &str, label: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("wrong-type", message).at(span, label))
}

fn not_constant(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error("not-constant", "this must be written out")
            .at(span, "references and functions cannot stand here")
            .hint("write the value itself"),
    )
}

/// Returns the constant of an argument, converted to a type; tells what is wrong with it.
pub(super) fn argument(
    body: &Body,
    name: &str,
    ty: &Type,
    told: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let attribute = body.attribute(name)?;
    let value = match constant(&attribute.value) {
        Ok(value) => value,
        Err(error) => {
            told.push(*error);
            return None;
        }
    };
    match convert(&value, ty) {
        Ok(value) if value.is_null() => None,
        Ok(value) => Some(value),
        Err(words) => {
            told.push(unfit(attribute, &words));
            None
        }
    }
}

fn unfit(attribute: &Attribute, words: &str) -> Diagnostic {
    let message = format!(
        "the value of `{}` does not fit: {words}",
        attribute.name.text
    );
    Diagnostic::error("wrong-type", message).at(attribute.value.span, "this value")
}

/// Returns the constant truth value of an argument.
pub(super) fn bool_argument(body: &Body, name: &str, told: &mut Vec<Diagnostic>) -> Option<bool> {
    argument(body, name, &Type::Bool, told)?.as_bool()
}

/// Returns the constant text of an argument.
pub(super) fn text_argument(
    body: &Body,
    name: &str,
    told: &mut Vec<Diagnostic>,
) -> Option<Arc<str>> {
    let value = argument(body, name, &Type::String, told)?;
    value.as_text().map(Arc::from)
}

/// Returns the text of an expression that is one quoted string without interpolation, with the place of the text.
pub(super) fn quoted(expression: &Expression) -> Option<Name> {
    match &expression.node {
        Node::Template(parts) => match parts.as_slice() {
            [Part::Literal(text, span)] => Some(Name {
                text: text.clone(),
                span: *span,
            }),
            _ => None,
        },
        _ => None,
    }
}
