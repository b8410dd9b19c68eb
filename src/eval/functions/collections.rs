//! Functions over any collection: how long it is, what is in it, which of several is the first.

use unicode_segmentation::UnicodeSegmentation;

use super::call::{Call, FunctionError, gives_bool, gives_number};
use super::function::{Function, Takes, any, parameter};
use crate::value::{Marks, Number, Refinement, Shape, Type, Value, convert, type_name, unify};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "alltrue",
        "Tells whether all elements are true; so it is for no elements.",
        "alltrue([true, false])",
        &[parameter("list", Takes::List(&Takes::Bool))],
        gives_bool,
        alltrue,
    ),
    Function::new(
        "anytrue",
        "Tells whether one element is true.",
        "anytrue([true, false])",
        &[parameter("list", Takes::List(&Takes::Bool))],
        gives_bool,
        anytrue,
    ),
    Function::new(
        "coalesce",
        "Returns the first argument that is neither null nor empty text.",
        r#"coalesce("", "b")"#,
        &[],
        gives_common,
        coalesce,
    )
    .variadic(any("vals").nullable().unknown().dynamic()),
    Function::new(
        "contains",
        "Tells whether a value is in a list, tuple or set.",
        r#"contains(["a", "b"], "a")"#,
        &[any("list"), any("value").nullable()],
        gives_bool,
        contains,
    ),
    Function::new(
        "length",
        "Returns how many elements a collection has, or characters text has.",
        r#"length(["a", "b"])"#,
        &[any("value").unknown().dynamic().marked()],
        gives_length,
        length,
    ),
    Function::new(
        "one",
        "Returns the only element of a collection, or null when it is empty.",
        r#"one(["a"])"#,
        &[any("list")],
        gives_element,
        one,
    )
    .may_be_null(),
    Function::new(
        "sum",
        "Adds up numbers.",
        "sum([1, 2, 3])",
        &[any("list")],
        gives_number,
        sum,
    ),
];

type Outcome = Result<Value, FunctionError>;

fn alltrue(call: &Call<'_>) -> Outcome {
    for item in call.items(0) {
        match item.as_bool() {
            Some(true) => {}
            None if !item.is_readable() => return Ok(call.unknown()),
            _ => return Ok(Value::from(false)),
        }
    }
    Ok(Value::from(true))
}

fn anytrue(call: &Call<'_>) -> Outcome {
    if call
        .items(0)
        .iter()
        .any(|item| item.as_bool() == Some(true))
    {
        return Ok(Value::from(true));
    }
    if call.items(0).iter().all(Value::is_readable) {
        return Ok(Value::from(false));
    }
    Ok(call.unknown())
}

fn gives_common(arguments: &[Value]) -> Result<Type, FunctionError> {
    let types: Vec<Type> = arguments.iter().map(Value::ty).collect();
    unify(&types).ok_or_else(|| FunctionError::new("all arguments must have the same type"))
}

fn coalesce(call: &Call<'_>) -> Outcome {
    for (at, argument) in call.arguments.iter().enumerate() {
        let value = convert(argument, call.ty).map_err(|message| FunctionError::at(at, message))?;
        if !value.is_readable() {
            return Ok(call.unknown());
        }
        if !value.is_null() && value.as_text() != Some("") {
            return Ok(value);
        }
    }
    Err(FunctionError::new("all arguments are null or empty text"))
}

fn contains(call: &Call<'_>) -> Outcome {
    let collection = call.argument(0);
    let Some(items) = collection.as_items() else {
        return Err(FunctionError::at(0, "a list, tuple or set is required"));
    };
    let answers: Vec<Value> = items
        .iter()
        .map(|item| call.argument(1).equals(item))
        .collect();
    if answers.iter().any(|answer| answer.as_bool() == Some(true)) {
        return Ok(Value::from(true));
    }
    if answers.iter().all(Value::is_readable) {
        return Ok(Value::from(false));
    }
    Ok(call.unknown())
}

fn gives_length(arguments: &[Value]) -> Result<Type, FunctionError> {
    match arguments.first().map(Value::ty) {
        Some(Type::Bool | Type::Number) => Err(FunctionError::at(
            0,
            "a text, collection, tuple or object is required",
        )),
        _ => Ok(Type::Number),
    }
}

fn length(call: &Call<'_>) -> Outcome {
    let value = call.argument(0);
    // Of a set the marks of its elements are its own, and an element's unknown part leaves its length open.
    let count = match &value.shape {
        Shape::Text(text) => Some(text.graphemes(true).count()),
        Shape::Set(_, items) if items.len() > 1 && !value.is_wholly_readable() => None,
        Shape::Unknown { ty, .. } | Shape::Held { ty, .. } => length_of_type(ty),
        _ => Some(value.elements().count()),
    };
    let length = match count {
        Some(count) => Value::from(Number::count(count)),
        None => unknown_length(value, call),
    };
    Ok(length.marked(value.marks))
}

fn length_of_type(ty: &Type) -> Option<usize> {
    match ty {
        Type::Tuple(members) => Some(members.len()),
        Type::Object(object) => Some(object.attributes.len()),
        _ => None,
    }
}

/// Says of an unknown length what is known: it is not negative, and within the bounds of the collection's length.
fn unknown_length(value: &Value, call: &Call<'_>) -> Value {
    let (least, most) = match &value.shape {
        Shape::Unknown {
            refined: Some(refined),
            ..
        } => match (&refined.length, &refined.prefix) {
            (Some((least, most)), _) => (*least, *most),
            (None, Some(prefix)) => (prefix.graphemes(true).count(), None),
            _ => (0, None),
        },
        Shape::Set(_, items) => (1, Some(items.len())),
        _ => (0, None),
    };
    if most == Some(least) {
        return Value::from(Number::count(least));
    }
    let mut unknown = call.unknown();
    if let Shape::Unknown { refined, .. } = &mut unknown.shape {
        let range = (
            Some((Number::count(least), true)),
            most.map(|most| (Number::count(most), true)),
        );
        *refined = Some(Box::new(Refinement {
            range,
            ..Refinement::default()
        }));
    }
    unknown
}

fn gives_element(arguments: &[Value]) -> Result<Type, FunctionError> {
    match arguments.first().map(Value::ty) {
        Some(Type::List(element) | Type::Set(element)) => Ok(*element),
        Some(Type::Tuple(members)) if members.len() < 2 => {
            Ok(members.into_iter().next().unwrap_or(Type::Dynamic))
        }
        _ => Err(not_one()),
    }
}

fn not_one() -> FunctionError {
    FunctionError::at(0, "a list, set or tuple of one element or none is required")
}

fn one(call: &Call<'_>) -> Outcome {
    match call.items(0) {
        [] => Ok(Value::null(call.ty.clone())),
        [only] => Ok(only.clone()),
        _ if !call.argument(0).is_wholly_readable()
            && matches!(call.argument(0).shape, Shape::Set(..)) =>
        {
            Ok(call.unknown())
        }
        _ => Err(not_one()),
    }
}

fn sum(call: &Call<'_>) -> Outcome {
    let collection = call.argument(0);
    let Some(items) = collection.as_items() else {
        let got = type_name(&collection.ty());
        return Err(FunctionError::at(
            0,
            format!("a list, set or tuple is required, but have {got}"),
        ));
    };
    if items.is_empty() {
        return Err(FunctionError::at(0, "an empty collection has no sum"));
    }
    if !collection.is_wholly_readable() {
        return Ok(call.unknown());
    }
    let mut total = Number::ZERO;
    for item in items {
        let item = convert(item, &Type::Number).unwrap_or(Value::null(Type::Number));
        let number = item
            .as_number()
            .ok_or_else(|| FunctionError::at(0, "all elements must be numbers"))?;
        total = total
            .add(number)
            .ok_or_else(|| FunctionError::new("the sum is too large"))?;
    }
    Ok(Value::from(total))
}

/// Returns the marks of the arguments themselves, not of what is in them.
pub(super) fn outer_marks(arguments: &[Value]) -> Marks {
    arguments
        .iter()
        .fold(Marks::NONE, |all, argument| all.union(argument.marks))
}
