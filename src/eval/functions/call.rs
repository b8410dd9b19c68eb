//! One call: what a function is given, and the errors that it may answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::source::Surroundings;
use crate::value::{Marks, Number, Shape, Type, Value, Waits};

/// Whether values that are made at apply only can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `timestamp()`, `uuid()` and `bcrypt()` are unknown.
    Plan,
    /// They have a value.
    Apply,
}

/// Renders a template for `templatefile` and `templatestring`: its text, the name for messages, its variables (which
/// may be marked). The renderer refuses a `templatefile` that calls itself without end.
pub type Render<'a> = dyn Fn(&str, &Path, BTreeMap<Arc<str>, Value>) -> Result<Value, String> + 'a;

/// What a function may know beside its arguments.
pub struct CallContext<'a> {
    pub surroundings: &'a dyn Surroundings,
    /// The directory that relative paths start from: the root module's.
    pub base_directory: &'a Path,
    pub phase: Phase,
    /// The time in seconds since 1970, used at apply only.
    pub now: i64,
    /// Fills with random bytes, used at apply only.
    pub entropy: &'a dyn Fn(&mut [u8]),
    pub render: &'a Render<'a>,
}

/// Why a call failed. The message is one line, lower case, and never shows a sensitive value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Which argument is to blame, from 0.
    pub argument: Option<usize>,
    pub message: String,
}

impl FunctionError {
    /// Makes an error that no single argument is to blame for.
    pub(super) fn new(message: impl Into<String>) -> FunctionError {
        FunctionError {
            argument: None,
            message: message.into(),
        }
    }

    /// Makes an error of one argument.
    pub(super) fn at(argument: usize, message: impl Into<String>) -> FunctionError {
        FunctionError {
            argument: Some(argument),
            message: message.into(),
        }
    }
}

/// What the body of a function sees: arguments of the right types, null or unknown only where its parameters allow.
pub(super) struct Call<'a> {
    pub context: &'a CallContext<'a>,
    pub arguments: &'a [Value],
    /// The type of the result, as far as it could be told.
    pub ty: &'a Type,
    /// The marks that were taken off the arguments.
    pub marks: Marks,
}

static NULL: Value = Value {
    shape: Shape::Null(Type::Dynamic),
    marks: Marks::NONE,
};
static ZERO: Number = Number::ZERO;

impl Call<'_> {
    /// Returns an argument; null where none was given.
    pub fn argument(&self, at: usize) -> &Value {
        self.arguments.get(at).unwrap_or(&NULL)
    }

    /// Returns the text of an argument.
    pub fn text(&self, at: usize) -> &str {
        self.argument(at).as_text().unwrap_or_default()
    }

    /// Returns the number of an argument.
    pub fn number(&self, at: usize) -> &Number {
        self.argument(at).as_number().unwrap_or(&ZERO)
    }

    /// Returns the whole number of an argument.
    pub fn whole(&self, at: usize) -> Result<i64, FunctionError> {
        self.number(at).as_i64().ok_or_else(|| {
            FunctionError::at(
                at,
                format!("a whole number of at most {} is required", i64::MAX),
            )
        })
    }

    /// Returns the elements of a list, set or tuple.
    pub fn items(&self, at: usize) -> &[Value] {
        self.argument(at).as_items().unwrap_or_default()
    }

    /// Makes an unknown result.
    pub fn unknown(&self) -> Value {
        Value::unknown(self.ty.clone(), Waits::default())
    }

    /// Returns user input for a message: in backticks, or hidden where a mark asks for it.
    pub fn shown(&self, input: &str) -> String {
        shown(input, self.marks)
    }
}

/// Returns user input for a message: in backticks, or hidden where a mark asks for it.
pub(in crate::eval) fn shown(input: &str, marks: Marks) -> String {
    match (marks.sensitive, marks.ephemeral || marks.fresh) {
        (true, _) => "(sensitive value)".to_owned(),
        (_, true) => "(ephemeral value)".to_owned(),
        _ => format!("`{input}`"),
    }
}

/// Says that the result is text.
pub(super) fn gives_text(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::String)
}

/// Says that the result is a number.
pub(super) fn gives_number(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::Number)
}

/// Says that the result is a truth value.
pub(super) fn gives_bool(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::Bool)
}

/// Says that the result is a list of text.
pub(super) fn gives_texts(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::list(Type::String))
}

/// Says that the type of the result turns on the values.
pub(super) fn gives_any(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::Dynamic)
}

/// Says that the result is of the type of the first argument.
pub(super) fn gives_first(arguments: &[Value]) -> Result<Type, FunctionError> {
    Ok(arguments.first().map_or(Type::Dynamic, Value::ty))
}

/// Makes a list of text.
pub(super) fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Value {
    Value::list(Type::String, items.into_iter().map(Value::text).collect())
}
