//! Functions that change the type or the marks of a value.

use super::call::{Call, FunctionError, gives_bool, gives_first};
use super::function::{Function, any};
use crate::value::{Marks, Safety, Type, Value, convert, convertible, type_name};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ephemeralasnull",
        "Replaces ephemeral values by null.",
        "ephemeralasnull(var.token)",
        &[any("value").open()],
        gives_first,
        ephemeralasnull,
    )
    .may_be_null(),
    Function::new(
        "issensitive",
        "Tells whether a value is marked as sensitive.",
        r#"issensitive(sensitive("a"))"#,
        &[any("value").open()],
        gives_bool,
        issensitive,
    ),
    Function::new(
        "list",
        "Was removed from the language.",
        r#"list("a")"#,
        &[],
        |_| Err(removed("list", "tolist([...])")),
        |call| Ok(call.unknown()),
    )
    .variadic(any("vals").open()),
    Function::new(
        "map",
        "Was removed from the language.",
        r#"map("a", 1)"#,
        &[],
        |_| Err(removed("map", "tomap({...})")),
        |call| Ok(call.unknown()),
    )
    .variadic(any("vals").open()),
    Function::new(
        "nonsensitive",
        "Takes the mark of a secret off a value.",
        r#"nonsensitive(sensitive("a"))"#,
        &[any("value").open()],
        gives_first,
        nonsensitive,
    )
    .may_be_null(),
    Function::new(
        "sensitive",
        "Marks a value as a secret.",
        r#"sensitive("a")"#,
        &[any("value").open()],
        gives_first,
        sensitive,
    )
    .may_be_null(),
    Function::new(
        "tobool",
        "Converts to a truth value.",
        r#"tobool("true")"#,
        &[any("v").nullable().dynamic().marked()],
        |given| target(given, &Type::Bool),
        to,
    )
    .may_be_null(),
    Function::new(
        "tolist",
        "Converts to a list.",
        r#"tolist(["a", "b"])"#,
        &[any("v").nullable().dynamic().marked()],
        |given| target(given, &Type::list(Type::Dynamic)),
        to,
    )
    .may_be_null(),
    Function::new(
        "tomap",
        "Converts to a map.",
        "tomap({ a = 1 })",
        &[any("v").nullable().dynamic().marked()],
        |given| target(given, &Type::map(Type::Dynamic)),
        to,
    )
    .may_be_null(),
    Function::new(
        "tonumber",
        "Converts to a number.",
        r#"tonumber("1")"#,
        &[any("v").nullable().dynamic().marked()],
        |given| target(given, &Type::Number),
        to,
    )
    .may_be_null(),
    Function::new(
        "toset",
        "Converts to a set.",
        r#"toset(["a", "b"])"#,
        &[any("v").nullable().dynamic().marked()],
        |given| target(given, &Type::set(Type::Dynamic)),
        to,
    )
    .may_be_null(),
    Function::new(
        "tostring",
        "Converts to text.",
        "tostring(1)",
        &[any("v").nullable().dynamic().marked()],
        |given| target(given, &Type::String),
        to,
    )
    .may_be_null(),
];

type Outcome = Result<Value, FunctionError>;

fn removed(name: &str, instead: &str) -> FunctionError {
    FunctionError::new(format!(
        "`{name}` was removed from the language; write `{instead}` instead"
    ))
}

fn cannot(from: &Type, to: &Type) -> FunctionError {
    FunctionError::at(
        0,
        format!("cannot convert {} to {}", type_name(from), type_name(to)),
    )
}

fn target(arguments: &[Value], wanted: &Type) -> Result<Type, FunctionError> {
    let have = arguments.first().map_or(Type::Dynamic, Value::ty);
    if convertible(&have, wanted, Safety::Unsafe) {
        Ok(wanted.clone())
    } else {
        Err(cannot(&have, wanted))
    }
}

fn to(call: &Call<'_>) -> Outcome {
    let value = call.argument(0);
    convert(value, call.ty).map_err(|_| {
        let have = value.ty();
        match (value.as_text(), value.marks_within().any()) {
            (Some(text), false) => FunctionError::at(
                0,
                format!("cannot convert `{text}` to {}", type_name(call.ty)),
            ),
            _ => cannot(&have, call.ty),
        }
    })
}

fn sensitive(call: &Call<'_>) -> Outcome {
    Ok(call.argument(0).clone().marked(Marks::SENSITIVE))
}

fn nonsensitive(call: &Call<'_>) -> Outcome {
    let value = call.argument(0).clone();
    let marks = Marks {
        sensitive: false,
        ..value.marks
    };
    Ok(value.marks_replaced(marks))
}

fn issensitive(call: &Call<'_>) -> Outcome {
    let value = call.argument(0);
    if !value.is_readable() && !value.marks.sensitive {
        return Ok(call.unknown());
    }
    Ok(Value::from(value.marks.sensitive))
}

fn ephemeralasnull(call: &Call<'_>) -> Outcome {
    Ok(without_ephemeral(call.argument(0).clone()))
}

fn without_ephemeral(value: Value) -> Value {
    let marks = Marks {
        ephemeral: false,
        ..value.marks
    };
    if value.marks.ephemeral && value.is_readable() {
        return Value::null(value.ty()).marked(Marks {
            fresh: false,
            ..marks
        });
    }
    value
        .marks_replaced(marks)
        .with_elements(&without_ephemeral)
}
