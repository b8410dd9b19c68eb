//! `for` expressions and splats.

use super::blame::{error_at, labelled};
use super::context::Context;
use super::expression::{gather, value_of};
use super::functions::shown;
use super::opaque::{opaque, surely_not_null};
use crate::source::{Diagnostic, Outcome};
use crate::syntax::{Expression, For, Name};
use crate::value::{Marks, Shape, Type, Value, convert, type_name};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the elements of a collection with their keys, in the order of the language: a map's by key, a set's sorted.
pub(super) fn elements(value: &Value) -> Vec<(Value, Value)> {
    match &value.shape {
        Shape::Map(_, fields) | Shape::Object(fields) => fields
            .iter()
            .map(|(key, item)| (Value::from(&**key), item.clone()))
            .collect(),
        Shape::Set(_, items) => items
            .iter()
            .map(|item| (item.clone(), item.clone()))
            .collect(),
        _ => value
            .as_items()
            .unwrap_or_default()
            .iter()
            .zip(0_i64..)
            .map(|(item, index)| (Value::from(index), item.clone()))
            .collect(),
    }
}

/// Evaluates what is iterated over; a scalar and null are errors.
pub(super) fn collection(expression: &Expression, context: Context<'_>) -> Outcome<Value> {
    let value = value_of(expression, context)?;
    if value.is_null() {
        return Err(vec![error_at(
            expression,
            context,
            "this is null, so there is nothing to iterate over",
        )]);
    }
    match value.ty() {
        ty @ (Type::Bool | Type::Number | Type::String) => {
            let message = format!("this is {}, which cannot be iterated over", type_name(&ty));
            let told = labelled(
                expression,
                context,
                message,
                "a list, set, map or object belongs here",
            );
            Err(vec![told])
        }
        _ => Ok(value),
    }
}

/// Evaluates something once for each element, with its names bound.
pub(super) fn each<T>(
    collection: &Value,
    key: Option<&Name>,
    value: &Name,
    context: Context<'_>,
    mut evaluate: impl FnMut(Context<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    gather(elements(collection).into_iter().map(|(position, item)| {
        let mut frame = context.frame();
        if let Some(name) = key {
            frame.names.push((name.text.clone(), position));
        }
        frame.names.insert(0, (value.text.clone(), item));
        evaluate(context.inside(&frame))
    }))
}

/// What one round of a `for` expression gives.
enum Round {
    /// The `if` left it out.
    Left(Marks),
    /// Whether it is in, or under which key, is not known: so neither is the result.
    Open(Value),
    /// The element, its key, and the marks of what decided on it.
    Made(Option<Arc<str>>, Value, Marks),
}

/// Evaluates a `for` expression.
pub(super) fn for_expression(given: &For, context: Context<'_>) -> Outcome<Value> {
    let collection = collection(&given.collection, context)?;
    let marks = collection.marks;
    if collection.elements().next().is_none() {
        check_condition(given, &collection, context)?;
    }
    if !collection.is_readable() {
        return Ok(opaque("for", Type::Dynamic, &[&collection]).marked(marks));
    }
    let rounds = each(
        &collection,
        given.key_variable.as_ref(),
        &given.value_variable,
        context,
        |inner| round(given, inner),
    )?;
    let marks = rounds.iter().fold(marks, |all, round| match round {
        Round::Left(more) | Round::Made(_, _, more) => all.union(*more),
        Round::Open(value) => all.union(value.marks),
    });
    let open: Vec<&Value> = rounds
        .iter()
        .filter_map(|round| match round {
            Round::Open(value) => Some(value),
            _ => None,
        })
        .collect();
    if !open.is_empty() {
        let operands: Vec<&Value> = open.into_iter().chain([&collection]).collect();
        return Ok(opaque("for", Type::Dynamic, &operands).marked(marks));
    }
    let made = rounds.into_iter().filter_map(|round| match round {
        Round::Made(key, value, _) => Some((key, value)),
        _ => None,
    });
    let result = match &given.key {
        None => Value::tuple(made.map(|(_, value)| value).collect()),
        Some(key) => keyed(given, key, made, marks, context)?,
    };
    Ok(result.marked(marks))
}

/// Finds what is wrong with a condition even when there is nothing to try it on.
fn check_condition(given: &For, collection: &Value, context: Context<'_>) -> Outcome<()> {
    let Some(condition) = &given.condition else {
        return Ok(());
    };
    let unknown = || Value::unknown(Type::Dynamic, Arc::new(collection.waits_for()));
    let mut frame = context.frame();
    frame
        .names
        .push((given.value_variable.text.clone(), unknown()));
    if let Some(name) = &given.key_variable {
        frame.names.push((name.text.clone(), unknown()));
    }
    truth(condition, context.inside(&frame)).map(|_| ())
}

fn truth(condition: &Expression, context: Context<'_>) -> Outcome<Value> {
    let value = value_of(condition, context)?;
    if value.is_null() {
        return Err(vec![error_at(condition, context, "this condition is null")]);
    }
    convert(&value, &Type::Bool).map_err(|why| {
        vec![error_at(
            condition,
            context,
            format!("this cannot be a condition: {why}"),
        )]
    })
}

fn round(given: &For, context: Context<'_>) -> Outcome<Round> {
    let mut marks = Marks::NONE;
    if let Some(condition) = &given.condition {
        let decision = truth(condition, context)?;
        marks = decision.marks;
        match decision.as_bool() {
            Some(true) => {}
            Some(false) => return Ok(Round::Left(marks)),
            None => return Ok(Round::Open(decision)),
        }
    }
    let mut name = None;
    if let Some(key) = &given.key {
        let value = key_of(key, context)?;
        marks = marks.union(value.marks);
        match value.as_text() {
            Some(text) => name = Some(text.into()),
            None => return Ok(Round::Open(value.marked(marks))),
        }
    }
    Ok(Round::Made(name, value_of(&given.value, context)?, marks))
}

fn key_of(key: &Expression, context: Context<'_>) -> Outcome<Value> {
    let value = value_of(key, context)?;
    if value.is_null() {
        return Err(vec![error_at(key, context, "this key is null")]);
    }
    convert(&value, &Type::String).map_err(|why| {
        vec![error_at(
            key,
            context,
            format!("this cannot be a key: {why}"),
        )]
    })
}

fn keyed(
    given: &For,
    key: &Expression,
    made: impl Iterator<Item = (Option<Arc<str>>, Value)>,
    marks: Marks,
    context: Context<'_>,
) -> Outcome<Value> {
    let mut groups: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (name, value) in made {
        groups
            .entry(name.unwrap_or_else(|| "".into()))
            .or_default()
            .push(value);
    }
    if given.grouping {
        let groups = groups
            .into_iter()
            .map(|(name, values)| (name, Value::tuple(values)));
        return Ok(Value::object(groups.collect()));
    }
    let errors: Vec<Diagnostic> = groups
        .iter()
        .filter(|(_, values)| values.len() > 1)
        .map(|(name, _)| {
            let name = shown(name, marks);
            error_at(key, context, format!("two elements have the key {name}"))
                .hint("put `...` after the value to gather the values of equal keys")
        })
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let fields = groups
        .into_iter()
        .filter_map(|(name, mut values)| Some((name, values.pop()?)));
    Ok(Value::object(fields.collect()))
}

/// Evaluates `base[*]…`: null is no element, what is no sequence is one.
pub(super) fn splat(base: &Expression, each: &Expression, context: Context<'_>) -> Outcome<Value> {
    let value = value_of(base, context)?;
    let marks = value.marks;
    let sequence = matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_));
    if value.is_null() {
        if sequence {
            return Err(vec![error_at(
                base,
                context,
                "this is null, so it has no elements",
            )]);
        }
        return Ok(Value::tuple(Vec::new()).marked(marks));
    }
    if value.ty() == Type::Dynamic {
        return Ok(opaque("[*]", Type::Dynamic, &[&value]).marked(marks));
    }
    if !sequence {
        // An unknown value may turn out to be null, and then there is no element.
        let sure = surely_not_null(&value);
        let result = Value::tuple(vec![at_element(each, value.clone(), context)?]);
        return Ok(match sure {
            true => result.marked(marks),
            false => opaque("[*]", Type::Dynamic, &[&value]).marked(marks),
        });
    }
    if !value.is_readable() {
        return Ok(unreadable_splat(&value, each, context)?.marked(marks));
    }
    let items = value.as_items().unwrap_or_default();
    // What is said of an element of something secret must not quote it.
    let each_of = |item: &Value| {
        let made = at_element(each, item.clone(), context);
        match made {
            Err(_) if marks.sensitive => at_element(each, item.clone().marked(marks), context),
            made => made,
        }
    };
    let made = gather(items.iter().map(each_of))?;
    let result = match value.ty() {
        Type::Tuple(_) => Value::tuple(made),
        Type::List(element) | Type::Set(element) => list_of(made, &element, &value, each, context)?,
        _ => return Ok(value),
    };
    Ok(result.marked(marks))
}

fn at_element(each: &Expression, item: Value, context: Context<'_>) -> Outcome<Value> {
    let mut frame = context.frame();
    frame.item = Some(item);
    value_of(each, context.inside(&frame))
}

fn list_of(
    made: Vec<Value>,
    element: &Type,
    source: &Value,
    each: &Expression,
    context: Context<'_>,
) -> Outcome<Value> {
    let ty = match made.first() {
        Some(first) => first.ty(),
        None => {
            let stand_in = Value::unknown(element.clone(), Arc::new(source.waits_for()));
            at_element(each, stand_in.marked(source.marks), context)?.ty()
        }
    };
    if made.iter().any(|item| item.ty() != ty) {
        let told = error_at(
            each,
            context,
            "the elements of this splat are of different types",
        )
        .hint("use a `for` expression");
        return Err(vec![told]);
    }
    Ok(Value::list(ty, made))
}

/// Returns the result of a splat over a sequence that cannot be read: its type is known all the same.
fn unreadable_splat(value: &Value, each: &Expression, context: Context<'_>) -> Outcome<Value> {
    let stand_in = |ty: &Type| opaque("[*]", ty.clone(), &[value]);
    let ty = match value.ty() {
        Type::List(element) | Type::Set(element) => {
            Type::list(at_element(each, stand_in(&element), context)?.ty())
        }
        Type::Tuple(types) => {
            let made = gather(
                types
                    .iter()
                    .map(|ty| at_element(each, stand_in(ty), context)),
            )?;
            Type::Tuple(made.iter().map(Value::ty).collect())
        }
        ty => ty,
    };
    Ok(opaque("[*]", ty, &[value]).refined_not_null())
}
