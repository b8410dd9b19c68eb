//! Functions over sets.

use std::collections::BTreeSet;

use super::call::{Call, FunctionError};
use super::collections::outer_marks;
use super::function::{Function, Parameter, Takes, any, parameter};
use crate::value::{Marks, Refinement, Shape, Type, Value, convert, unify};

const fn set(name: &'static str) -> Parameter {
    parameter(name, Takes::Set(&Takes::Any)).dynamic()
}

/// More combinations than this are refused, so that a slip of the pen does not fill the memory.
const LARGEST_PRODUCT: usize = 1_000_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "setintersection",
        "Returns what is in all sets.",
        r#"setintersection(["a", "b"], ["b", "c"])"#,
        &[set("first_set")],
        gives_set,
        intersection,
    )
    .variadic(set("other_sets")),
    Function::new(
        "setproduct",
        "Returns all combinations of elements of sets or lists.",
        r#"setproduct(["a", "b"], [1, 2])"#,
        &[],
        gives_product,
        product,
    )
    .variadic(any("sets").unknown().marked()),
    Function::new(
        "setsubtract",
        "Returns what is in the first set but not in the second.",
        r#"setsubtract(["a", "b"], ["b"])"#,
        &[set("a"), set("b")],
        gives_set,
        subtract,
    ),
    Function::new(
        "setunion",
        "Returns what is in any of the sets.",
        r#"setunion(["a"], ["b"])"#,
        &[set("first_set")],
        gives_set,
        union,
    )
    .variadic(set("other_sets")),
];

type Outcome = Result<Value, FunctionError>;

fn gives_set(arguments: &[Value]) -> Result<Type, FunctionError> {
    let mut elements = Vec::new();
    for argument in arguments {
        let element = argument.ty().element().cloned().unwrap_or(Type::Dynamic);
        let empty = argument.is_readable() && argument.elements().next().is_none();
        if !(empty && element == Type::Dynamic) {
            elements.push(element);
        }
    }
    if elements.is_empty() {
        return Ok(Type::set(Type::Dynamic));
    }
    let element = unify(&elements)
        .ok_or_else(|| FunctionError::new("the elements of the sets have no common type"))?;
    Ok(Type::set(element))
}

/// Returns the elements of each set, converted to the common type.
fn converted(call: &Call<'_>) -> Result<Vec<Vec<Value>>, FunctionError> {
    let sets = call.arguments.iter().enumerate().map(|(at, argument)| {
        let set = convert(argument, call.ty).map_err(|message| FunctionError::at(at, message))?;
        Ok(set.as_items().unwrap_or_default().to_vec())
    });
    sets.collect()
}

fn of(call: &Call<'_>, items: Vec<Value>) -> Value {
    Value::set(call.ty.element().cloned().unwrap_or(Type::Dynamic), items)
}

fn readable(call: &Call<'_>) -> bool {
    call.arguments.iter().all(Value::is_wholly_readable)
}

fn union(call: &Call<'_>) -> Outcome {
    Ok(of(call, converted(call)?.concat()))
}

fn intersection(call: &Call<'_>) -> Outcome {
    if !readable(call) {
        return Ok(call.unknown());
    }
    let sets = converted(call)?;
    let Some((first, others)) = sets.split_first() else {
        return Ok(of(call, Vec::new()));
    };
    let others: Vec<BTreeSet<&Value>> = others.iter().map(|other| other.iter().collect()).collect();
    let common = first
        .iter()
        .filter(|item| others.iter().all(|other| other.contains(item)));
    Ok(of(call, common.cloned().collect()))
}

fn subtract(call: &Call<'_>) -> Outcome {
    if !readable(call) {
        return Ok(call.unknown());
    }
    let sets = converted(call)?;
    let Some((first, others)) = sets.split_first() else {
        return Ok(of(call, Vec::new()));
    };
    let taken: BTreeSet<&Value> = others.iter().flatten().collect();
    let kept = first.iter().filter(|item| !taken.contains(item));
    Ok(of(call, kept.cloned().collect()))
}

fn gives_product(arguments: &[Value]) -> Result<Type, FunctionError> {
    if arguments.len() < 2 {
        return Err(FunctionError::new("at least two arguments are required"));
    }
    let mut members = Vec::new();
    let mut ordered = true;
    for (at, argument) in arguments.iter().enumerate() {
        members.push(match argument.ty() {
            Type::List(element) => *element,
            Type::Set(element) => {
                ordered = false;
                *element
            }
            Type::Tuple(types) if types.is_empty() => Type::Dynamic,
            Type::Tuple(types) => unify(&types)
                .ok_or_else(|| FunctionError::at(at, "all elements must be of the same type"))?,
            _ => return Err(FunctionError::at(at, "a set or a list is required")),
        });
    }
    let combination = Type::Tuple(members);
    Ok(if ordered {
        Type::list(combination)
    } else {
        Type::set(combination)
    })
}

/// Tells whether the number of elements is settled.
fn has_length(value: &Value) -> bool {
    match value.shape {
        Shape::Set(..) => value.is_wholly_readable() || value.elements().count() < 2,
        _ => value.is_readable(),
    }
}

fn product(call: &Call<'_>) -> Outcome {
    let marks = outer_marks(call.arguments);
    if !call.arguments.iter().all(has_length) {
        return Ok(unknown_product(call).marked(marks));
    }
    let total = call.arguments.iter().try_fold(1_usize, |total, argument| {
        total.checked_mul(argument.elements().count())
    });
    if total.is_none_or(|total| total > LARGEST_PRODUCT) {
        return Err(FunctionError::new(format!(
            "there are more than {LARGEST_PRODUCT} combinations"
        )));
    }
    let combination = call.ty.element().cloned().unwrap_or(Type::Dynamic);
    let members = match &combination {
        Type::Tuple(members) => members.as_slice(),
        _ => &[],
    };
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for (at, (argument, member)) in call.arguments.iter().zip(members).enumerate() {
        let column = argument
            .elements()
            .map(|item| convert(item, member).map_err(|message| FunctionError::at(at, message)))
            .collect::<Result<Vec<_>, _>>()?;
        rows = rows
            .iter()
            .flat_map(|row| {
                column
                    .iter()
                    .map(|item| row.iter().chain([item]).cloned().collect())
            })
            .collect();
    }
    let rows = rows.into_iter().map(Value::tuple).collect();
    let product = match call.ty {
        Type::Set(_) => Value::set(combination, rows),
        _ => Value::list(combination, rows),
    };
    Ok(product.marked(marks))
}

/// Says of an unknown product how long it can be at most, where that is a small number.
fn unknown_product(call: &Call<'_>) -> Value {
    let most = call.arguments.iter().try_fold(1_usize, |most, argument| {
        let longest = match &argument.shape {
            Shape::Unknown {
                ty: Type::Tuple(members),
                ..
            } => Some(members.len()),
            Shape::Unknown { refined, .. } => refined
                .as_ref()
                .and_then(|refined| refined.length)
                .and_then(|(_, most)| most),
            Shape::Held { .. } => None,
            _ => Some(argument.elements().count()),
        };
        longest
            .filter(|longest| *longest <= 1024)
            .map(|longest| most * longest)
            .filter(|most| *most <= 2048)
    });
    let mut unknown = call.unknown();
    if let (Shape::Unknown { refined, .. }, Some(most)) = (&mut unknown.shape, most) {
        let length = Some((most.min(1), Some(most)));
        *refined = Some(Box::new(Refinement {
            length,
            ..Refinement::default()
        }));
    }
    unknown.marked(Marks::NONE)
}
