//! Templates: text with interpolations and directives.

use super::blame::{error_at, labelled};
use super::context::Context;
use super::expression::{gather, value_of};
use super::iteration::{collection, each};
use super::opaque::{opaque, refined};
use crate::source::Outcome;
use crate::syntax::{Expression, Part};
use crate::value::{Marks, Type, Value, convert, type_name};

/// How much of a text is promised as the beginning of an unknown one.
const LONGEST_PREFIX: usize = 128;

/// Evaluates a template to text.
pub(super) fn text_of(parts: &[Part], context: Context<'_>) -> Outcome<Value> {
    let values = gather(parts.iter().map(|part| part_of(part, context)))?;
    Ok(joined(&values))
}

/// Joins texts; the result is not known when one of them is not.
fn joined(values: &[Value]) -> Value {
    let marks = values
        .iter()
        .fold(Marks::NONE, |all, value| all.union(value.marks));
    let known: String = values.iter().map_while(Value::as_text).collect();
    if values.iter().all(|value| value.as_text().is_some()) {
        return Value::text(&known).marked(marks);
    }
    let operands: Vec<&Value> = values.iter().collect();
    let result = opaque("template", Type::String, &operands).refined_not_null();
    let prefix = prefix(&known);
    let result = match prefix.is_empty() {
        true => result,
        false => refined(result, |known| known.prefix = Some(prefix.into())),
    };
    result.marked(marks)
}

/// Returns what is sure to be the beginning, however the text goes on: a last letter might still get an accent.
fn prefix(known: &str) -> &str {
    let mut end = known.len().min(LONGEST_PREFIX);
    while !known.is_char_boundary(end) {
        end -= 1;
    }
    let known = known.get(..end).unwrap_or_default();
    let open =
        |letter: char| !letter.is_ascii() || letter.is_ascii_alphanumeric() || letter == '\r';
    match known.chars().next_back() {
        Some(last) if open(last) => known
            .get(..known.len() - last.len_utf8())
            .unwrap_or_default(),
        _ => known,
    }
}

fn part_of(part: &Part, context: Context<'_>) -> Outcome<Value> {
    match part {
        Part::Literal(text, _) => Ok(Value::from(&**text)),
        Part::Interpolation(inner) => interpolated(inner, context),
        Part::If {
            condition,
            then,
            otherwise,
        } => chosen(condition, then, otherwise, context),
        Part::For {
            key_variable,
            value_variable,
            collection: over,
            body,
        } => {
            let over = collection(over, context)?;
            let marks = over.marks;
            if !over.is_readable() {
                return Ok(opaque("%{for}", Type::String, &[&over]).marked(marks));
            }
            let key = key_variable.as_ref();
            let texts = each(&over, key, value_variable, context, |inner| {
                text_of(body, inner)
            })?;
            Ok(joined(&texts).marked(marks))
        }
    }
}

fn interpolated(inner: &Expression, context: Context<'_>) -> Outcome<Value> {
    let value = value_of(inner, context)?;
    if value.is_null() {
        let told = labelled(
            inner,
            context,
            "null cannot be put into text",
            "this is null",
        );
        return Err(vec![told.hint(
            "give it a default with `coalesce(…, \"\")`, or leave it out with `%{ if … }`",
        )]);
    }
    convert(&value, &Type::String).map_err(|_| {
        let ty = type_name(&value.ty());
        let message = format!("{ty} cannot be put into text");
        let told = labelled(inner, context, message, &format!("this is {ty}"));
        vec![match value.ty() {
            Type::List(_) | Type::Set(_) | Type::Tuple(_) => {
                told.hint("use `join(\", \", …)`, `jsonencode(…)` or `%{ for … }`")
            }
            _ => told.hint("use `jsonencode(…)`, or choose one of its attributes"),
        }]
    })
}

fn chosen(
    condition: &Expression,
    then: &[Part],
    otherwise: &[Part],
    context: Context<'_>,
) -> Outcome<Value> {
    let decision = value_of(condition, context)?;
    let arms = (text_of(then, context), text_of(otherwise, context));
    let marks = [&arms.0, &arms.1]
        .into_iter()
        .flatten()
        .fold(decision.marks, |all, arm| all.union(arm.marks));
    if decision.is_null() {
        return Err(vec![error_at(condition, context, "this condition is null")]);
    }
    let decision = convert(&decision, &Type::Bool).map_err(|_| {
        vec![error_at(
            condition,
            context,
            "this condition is neither true nor false",
        )]
    })?;
    let result = match decision.as_bool() {
        Some(true) => arms.0?,
        Some(false) => arms.1?,
        None => {
            let known: Vec<&Value> = [&arms.0, &arms.1].into_iter().flatten().collect();
            let operands: Vec<&Value> = [&decision].into_iter().chain(known).collect();
            opaque("%{if}", Type::String, &operands).refined_not_null()
        }
    };
    Ok(result.marked(marks))
}
