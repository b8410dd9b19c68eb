//! Functions that say of an unknown value what the author knows: its length, its beginning, that it is not null. Once
//! the value is known, they check it.

use super::call::{Call, FunctionError};
use super::function::{Function, Takes, any, number, parameter, text};
use crate::value::{Refinement, Shape, Type, Value, convert, type_name};

const LIST: Takes = Takes::List(&Takes::Any);
const SET: Takes = Takes::Set(&Takes::Any);
const MAP: Takes = Takes::Map(&Takes::Any);

type Outcome = Result<Value, FunctionError>;

/// Makes the three functions over one kind of collection.
macro_rules! lengths {
    ($kind:literal, $takes:expr, $both:literal, $least:literal, $most:literal) => {
        [
            Function::new(
                $both,
                concat!("Says that a ", $kind, " will have a length within bounds."),
                concat!($both, "(vault_x.y.z, 1, 2)"),
                &[
                    parameter("value", $takes).nullable().unknown().dynamic(),
                    number("min_length"),
                    number("max_length"),
                ],
                of_value,
                |call| of_length(call, Some(1), Some(2)),
            ),
            Function::new(
                $least,
                concat!(
                    "Says that a ",
                    $kind,
                    " will have at least so many elements."
                ),
                concat!($least, "(vault_x.y.z, 1)"),
                &[
                    parameter("value", $takes).nullable().unknown().dynamic(),
                    number("min_length"),
                ],
                of_value,
                |call| of_length(call, Some(1), None),
            ),
            Function::new(
                $most,
                concat!(
                    "Says that a ",
                    $kind,
                    " will have at most so many elements."
                ),
                concat!($most, "(vault_x.y.z, 2)"),
                &[
                    parameter("value", $takes).nullable().unknown().dynamic(),
                    number("max_length"),
                ],
                of_value,
                |call| of_length(call, None, Some(1)),
            ),
        ]
    };
}

pub(super) const LISTS: &[Function] = &lengths!(
    "list",
    LIST,
    "assumelistlength",
    "assumelistlengthmin",
    "assumelistlengthmax"
);
pub(super) const SETS: &[Function] = &lengths!(
    "set",
    SET,
    "assumesetlength",
    "assumesetlengthmin",
    "assumesetlengthmax"
);
pub(super) const MAPS: &[Function] = &lengths!(
    "map",
    MAP,
    "assumemaplength",
    "assumemaplengthmin",
    "assumemaplengthmax"
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "assumeequal",
        "Says that a value will be equal to another.",
        r#"assumeequal(vault_x.y.z, "a")"#,
        &[any("actual_value").open(), any("expected_value").open()],
        |given| Ok(given.get(1).map_or(Type::Dynamic, Value::ty)),
        equal,
    )
    .may_be_null(),
    Function::new(
        "assumenotnull",
        "Says that a value will not be null.",
        "assumenotnull(vault_x.y.z)",
        &[any("value").nullable().unknown().dynamic()],
        of_value,
        not_null,
    ),
    Function::new(
        "assumestringprefix",
        "Says how text will begin.",
        r#"assumestringprefix(vault_x.y.z, "hvs.")"#,
        &[text("value").nullable().unknown().dynamic(), text("prefix")],
        of_value,
        prefix,
    ),
];

fn of_value(arguments: &[Value]) -> Result<Type, FunctionError> {
    super::call::gives_first(arguments)
}

fn broken() -> FunctionError {
    FunctionError::at(0, "the value is not as it was said to be")
}

/// Returns a value with more said of it, where it is unknown.
fn refined(value: &Value, say: impl Fn(&mut Refinement)) -> Value {
    let mut value = value.clone();
    if let Shape::Unknown { refined, .. } = &mut value.shape {
        say(refined.get_or_insert_default());
    }
    value
}

/// Checks or says the length; the bounds are arguments.
fn of_length(call: &Call<'_>, least: Option<usize>, most: Option<usize>) -> Outcome {
    let bound = |at: Option<usize>| match at {
        None => Ok(None),
        Some(at) => call.number(at).as_usize().map(Some).ok_or_else(|| {
            FunctionError::at(at, "a whole number that is not negative is required")
        }),
    };
    let (least, most) = (bound(least)?, bound(most)?);
    let value = call.argument(0);
    if !value.is_readable() {
        return Ok(refined(value, |refined| {
            let (low, high) = refined.length.unwrap_or_default();
            let high = [high, most].into_iter().flatten().min();
            refined.length = Some((low.max(least.unwrap_or(0)), high));
        }));
    }
    let count = value.elements().count();
    let fits = least.is_none_or(|least| count >= least) && most.is_none_or(|most| count <= most);
    if value.is_null() || !fits {
        Err(broken())
    } else {
        Ok(value.clone())
    }
}

fn not_null(call: &Call<'_>) -> Outcome {
    let value = call.argument(0);
    if value.is_null() {
        return Err(broken());
    }
    Ok(refined(value, |refined| refined.not_null = true))
}

fn prefix(call: &Call<'_>) -> Outcome {
    let (value, prefix) = (call.argument(0), call.text(1));
    if !value.is_readable() {
        return Ok(refined(value, |refined| {
            refined.prefix = Some(prefix.into())
        }));
    }
    match value.as_text() {
        Some(text) if text.starts_with(prefix) => Ok(value.clone()),
        _ => Err(broken()),
    }
}

fn equal(call: &Call<'_>) -> Outcome {
    let (actual, expected) = (call.argument(0), call.argument(1));
    let converted = convert(actual, &expected.ty()).map_err(|_| {
        let (have, want) = (type_name(&actual.ty()), type_name(&expected.ty()));
        FunctionError::at(0, format!("the value is of type {have}, not {want}"))
    })?;
    match converted.equals(expected).as_bool() {
        Some(false) => Err(broken()),
        _ => Ok(expected.clone()),
    }
}
