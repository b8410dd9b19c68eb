//! `condition ? then : otherwise`

use super::blame::{error_at, labelled};
use super::context::Context;
use super::expression::value_of;
use super::opaque::{opaque, refined, surely_not_null};
use crate::source::Outcome;
use crate::syntax::Expression;
use crate::value::{Marks, Number, Shape, Type, Value, convert, type_name, unify};

/// Evaluates a conditional. Both arms are evaluated, since the result has a type that both can be converted to; an
/// error in the arm that is not chosen does not count.
pub(super) fn conditional(
    condition: &Expression,
    then: &Expression,
    otherwise: &Expression,
    context: Context<'_>,
) -> Outcome<Value> {
    let arms = (value_of(then, context), value_of(otherwise, context));
    let ty = match (&arms.0, &arms.1) {
        (Ok(left), Ok(right)) => common_type(left, right).ok_or_else(|| {
            let (one, other) = (type_name(&left.ty()), type_name(&right.ty()));
            let mut told = labelled(
                then,
                context,
                "the two results of this conditional are of types that do not go together",
                &format!("this is {one}"),
            );
            told = told.at(otherwise.span, format!("this is {other}"));
            vec![told.hint("convert one of them, or give both the same attributes")]
        })?,
        _ => Type::Dynamic,
    };
    let decision = decision(condition, context)?;
    let marks = [&arms.0, &arms.1]
        .into_iter()
        .flatten()
        .fold(decision.marks, |all, arm| all.union(arm.marks));
    let Some(truth) = decision.as_bool() else {
        let result = undecided(&decision, arms.0.ok(), arms.1.ok(), &ty);
        return Ok(result.marked(marks));
    };
    let (value, arm) = if truth {
        (arms.0, then)
    } else {
        (arms.1, otherwise)
    };
    let value = convert(&value?, &ty).map_err(|why| {
        vec![error_at(
            arm,
            context,
            format!("the result of this conditional does not suit: {why}"),
        )]
    })?;
    Ok(value.marked(marks))
}

fn decision(condition: &Expression, context: Context<'_>) -> Outcome<Value> {
    let value = value_of(condition, context)?;
    if value.is_null() {
        return Err(vec![error_at(condition, context, "this condition is null")]);
    }
    convert(&value, &Type::Bool).map_err(|_| {
        vec![error_at(
            condition,
            context,
            "this condition is neither true nor false",
        )]
    })
}

/// Returns the type that both results can be converted to. A bare `null` goes with everything.
fn common_type(left: &Value, right: &Value) -> Option<Type> {
    let (one, other) = (left.ty(), right.ty());
    match (one == Type::Dynamic, other == Type::Dynamic) {
        (true, _) if left.is_null() => Some(other),
        (_, true) if right.is_null() => Some(one),
        (false, false) if one == other => Some(one),
        (false, false) => unify(&[one, other]),
        _ => Some(Type::Dynamic),
    }
}

/// Returns what is known of the result while the condition is not.
fn undecided(decision: &Value, then: Option<Value>, otherwise: Option<Value>, ty: &Type) -> Value {
    let (Some(then), Some(otherwise)) = (then, otherwise) else {
        return opaque("?:", Type::Dynamic, &[decision]);
    };
    let plain = |value: &Value| convert(value, ty).map(without_mark).ok();
    let (left, right) = (plain(&then), plain(&otherwise));
    if let (Some(left), Some(right)) = (&left, &right)
        && left == right
        && left.is_wholly_known()
    {
        return left.clone();
    }
    if then.is_null() && otherwise.is_null() {
        return Value::null(ty.clone());
    }
    let result = opaque("?:", ty.clone(), &[decision, &then, &otherwise]);
    let (Some(left), Some(right)) = (left, right) else {
        return result;
    };
    refined(result, |known| {
        known.not_null = surely_not_null(&left) && surely_not_null(&right);
        known.length = length(&left).zip(length(&right)).map(|(one, other)| {
            let most = one.1.zip(other.1).map(|(one, other)| one.max(other));
            (one.0.min(other.0), most)
        });
        let (one, other) = (range(&left), range(&right));
        known.range = (
            outer(one.0, other.0, |one, other| one < other),
            outer(one.1, other.1, |one, other| one > other),
        );
    })
}

fn without_mark(mut value: Value) -> Value {
    value.marks = Marks::NONE;
    value
}

type Bound = Option<(Number, bool)>;

/// Returns the bound that lies further out.
fn outer(one: Bound, other: Bound, further: fn(&Number, &Number) -> bool) -> Bound {
    let (one, other) = (one?, other?);
    Some(
        match (further(&one.0, &other.0), further(&other.0, &one.0)) {
            (true, _) => one,
            (_, true) => other,
            _ => (one.0, one.1 || other.1),
        },
    )
}

fn range(value: &Value) -> (Bound, Bound) {
    match &value.shape {
        Shape::Number(number) => (Some((number.clone(), true)), Some((number.clone(), true))),
        Shape::Unknown {
            refined: Some(known),
            ..
        } => known.range.clone(),
        _ => (None, None),
    }
}

/// Returns the least and the greatest length of a collection.
fn length(value: &Value) -> Option<(usize, Option<usize>)> {
    match &value.shape {
        Shape::List(_, items) => Some((items.len(), Some(items.len()))),
        Shape::Set(_, items) if value.is_wholly_known() => Some((items.len(), Some(items.len()))),
        Shape::Set(_, items) => Some((items.len().min(1), Some(items.len()))),
        Shape::Map(_, fields) => Some((fields.len(), Some(fields.len()))),
        Shape::Unknown {
            refined: Some(known),
            ..
        } => known.length,
        _ => None,
    }
}
