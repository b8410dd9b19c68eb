//! Calls of functions, and `try` and `can`, which take expressions instead of values.

use super::blame::{each_chain, error_at, labelled, values};
use super::context::Context;
use super::expression::{all_of, value_of};
use super::functions::{CallContext, Function, FunctionError, all, lookup};
use super::render::render;
use crate::source::{Diagnostic, Outcome, Span, nearest};
use crate::syntax::{Expression, Name, Node};
use crate::value::{Shape, Type, Value};
use std::sync::Arc;

/// A value with the expression that it came from.
struct Argument<'a> {
    expression: &'a Expression,
    value: Value,
}

/// Evaluates a call.
pub(super) fn call(expression: &Expression, context: Context<'_>) -> Outcome<Value> {
    let Node::Call {
        name,
        namespace,
        arguments,
        expand,
    } = &expression.node
    else {
        return value_of(expression, context);
    };
    let plain =
        namespace.is_empty() || matches!(namespace.as_slice(), [only] if &*only.text == "core");
    match &*name.text {
        "try" if plain && !expand => return attempt(expression, arguments, context),
        "can" if plain && !expand => return possible(expression, arguments, context),
        _ => {}
    }
    let function = match lookup(&name.text).filter(|_| plain) {
        Some(function) => function,
        None => return Err(vec![unknown_function(name, namespace)]),
    };
    if context.scope.is_template() && matches!(function.name, "templatefile" | "templatestring") {
        let message = format!("`{}` cannot be called within a template", function.name);
        return Err(vec![labelled(expression, context, message, "here")]);
    }
    let Some(given) = expanded(arguments, *expand, context)? else {
        return Ok(unknown_arguments(arguments, context));
    };
    count_suits(function, name, &given, expression)?;
    let values: Vec<Value> = given
        .iter()
        .map(|argument| argument.value.clone())
        .collect();
    let world = context.scope.world();
    let renderer = |text: &str, path: &std::path::Path, variables| {
        render(text, path, variables, context.scope)
    };
    let call_context = CallContext {
        surroundings: world.surroundings,
        base_directory: world.base_directory,
        phase: world.phase,
        now: world.now,
        entropy: world.entropy,
        render: &renderer,
    };
    function
        .call(&call_context, &values)
        .map_err(|error| vec![failed(function, &error, &given, expression, context)])
}

/// Evaluates the arguments; `None` when the last one is to be expanded and cannot be read.
fn expanded<'a>(
    arguments: &'a [Expression],
    expand: bool,
    context: Context<'_>,
) -> Outcome<Option<Vec<Argument<'a>>>> {
    let values = all_of(arguments, context)?;
    let mut given: Vec<Argument<'a>> = arguments
        .iter()
        .zip(values)
        .map(|(expression, value)| Argument { expression, value })
        .collect();
    if !expand {
        return Ok(Some(given));
    }
    let Some(Argument { expression, value }) = given.pop() else {
        return Ok(Some(given));
    };
    let sequence = matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_));
    if value.is_null() || !(sequence || value.ty() == Type::Dynamic) {
        let message = "only a list, a set or a tuple can be expanded with `...`";
        return Err(vec![error_at(expression, context, message)]);
    }
    if !value.is_readable() {
        return Ok(None);
    }
    let marks = value.marks;
    let items = value.as_items().unwrap_or_default();
    given.extend(items.iter().map(|item| Argument {
        expression,
        value: item.clone().marked(marks),
    }));
    Ok(Some(given))
}

/// Returns the result of a call of which not even the number of arguments is known.
fn unknown_arguments(arguments: &[Expression], context: Context<'_>) -> Value {
    let values = all_of(arguments, context).unwrap_or_default();
    let marks = values.iter().map(Value::marks_within);
    let marks = marks.fold(crate::value::Marks::NONE, crate::value::Marks::union);
    let operands: Vec<&Value> = values.iter().collect();
    super::opaque::opaque("()", Type::Dynamic, &operands).marked(marks)
}

fn unknown_function(name: &Name, namespace: &[Name]) -> Diagnostic {
    let path: Vec<&str> = namespace.iter().map(|part| &*part.text).collect();
    let span = namespace
        .first()
        .map_or(name.span, |first| first.span.to(name.span));
    match path.as_slice() {
        [] | ["core"] => {
            let told = Diagnostic::error(
                "unknown-function",
                format!("there is no function `{}`", name.text),
            );
            let names = all().map(|function| function.name).chain(["try", "can"]);
            match nearest(&name.text, names) {
                Some(near) => told
                    .at(span, "here")
                    .hint(format!("did you mean `{near}`?")),
                None => told.at(span, "here"),
            }
        }
        _ => {
            let message = format!("there are no functions in `{}`", path.join("::"));
            Diagnostic::error("unknown-function", message)
                .at(span, "here")
                .hint(
                    "functions of providers are not available; those of the language need no `::`",
                )
        }
    }
}

/// Fails when there are too few arguments, or too many.
fn count_suits(
    function: &Function,
    name: &Name,
    given: &[Argument<'_>],
    whole: &Expression,
) -> Outcome<()> {
    let wanted = function.parameters.len();
    let error = |message: String, span: Span, label: String| {
        let told = Diagnostic::error("wrong-argument-count", message).at(span, label);
        Err(vec![
            told.hint(format!("for example `{}`", function.example)),
        ])
    };
    if let Some(missing) = function.parameters.get(given.len()) {
        let least = if function.variadic.is_some() {
            "at least "
        } else {
            ""
        };
        let message = format!(
            "the function `{}` takes {least}{}, and {} {}",
            name.text,
            arguments(wanted),
            arguments(given.len()),
            if given.len() == 1 {
                "is given"
            } else {
                "are given"
            },
        );
        return error(
            message,
            whole.span,
            format!("`{}` is missing", missing.name),
        );
    }
    match given.get(wanted) {
        Some(extra) if function.variadic.is_none() => {
            let message = format!(
                "the function `{}` takes only {}",
                name.text,
                arguments(wanted)
            );
            error(
                message,
                extra.expression.span,
                "this is one too many".into(),
            )
        }
        _ => Ok(()),
    }
}

fn arguments(count: usize) -> String {
    match count {
        0 => "no arguments".into(),
        1 => "1 argument".into(),
        _ => format!("{count} arguments"),
    }
}

fn failed(
    function: &Function,
    error: &FunctionError,
    given: &[Argument<'_>],
    whole: &Expression,
    context: Context<'_>,
) -> Diagnostic {
    let blamed = error.argument.and_then(|at| Some((at, given.get(at)?)));
    let Some((at, argument)) = blamed else {
        let message = format!("the function `{}` failed: {}", function.name, error.message);
        return coded(error_at(whole, context, message));
    };
    let parameter = function.parameters.get(at).or(function.variadic.as_ref());
    let parameter = parameter.map_or("argument", |parameter| parameter.name);
    let message = format!(
        "invalid value for `{parameter}` of the function `{}`: {}",
        function.name, error.message
    );
    coded(error_at(argument.expression, context, message))
}

fn coded(told: Diagnostic) -> Diagnostic {
    Diagnostic {
        code: "function-failed",
        ..told
    }
}

/// `try(a, b)`: the first that can be evaluated. While one before it waits for something, so does the result.
fn attempt(whole: &Expression, arguments: &[Expression], context: Context<'_>) -> Outcome<Value> {
    let mut errors = Vec::new();
    for argument in arguments {
        if let Some(waiting) = waiting(argument, context) {
            return Ok(
                Value::unknown(Type::Dynamic, Arc::new(waiting.waits_for())).marked(waiting.marks)
            );
        }
        match value_of(argument, context) {
            Ok(value) => return Ok(value),
            Err(told) => errors.extend(told),
        }
    }
    let mut told = Diagnostic::error(
        "function-failed",
        "none of the arguments of `try` can be evaluated",
    )
    .at(whole.span, "here")
    .hint("end with a value that always works, such as `null`");
    for error in errors {
        if let Some(place) = error.labels.first() {
            told = told.at(place.span, error.message);
        }
    }
    told.values = values(whole, context);
    Err(vec![told])
}

/// `can(a)`: whether it can be evaluated.
fn possible(whole: &Expression, arguments: &[Expression], context: Context<'_>) -> Outcome<Value> {
    let [argument] = arguments else {
        let message = "the function `can` takes 1 argument";
        return Err(vec![
            Diagnostic::error("wrong-argument-count", message).at(whole.span, "here"),
        ]);
    };
    if let Some(waiting) = waiting(argument, context) {
        let waits_for = Arc::new(waiting.waits_for());
        return Ok(Value::unknown(Type::Bool, waits_for).refined_not_null());
    }
    Ok(Value::from(value_of(argument, context.quietly()).is_ok()))
}

/// Returns a value in an expression that is not known yet, so that nobody can tell whether the expression will fail.
fn waiting(expression: &Expression, context: Context<'_>) -> Option<Value> {
    let mut waiting = None;
    each_chain(expression, &mut |found| {
        if let Ok(value) = value_of(found, context.quietly())
            && !value.is_wholly_known()
        {
            waiting.get_or_insert(value);
        }
    });
    waiting.filter(|value| !matches!(value.shape, Shape::Null(_)))
}
