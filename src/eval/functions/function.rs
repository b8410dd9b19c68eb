//! What a function is: its name, what it takes and gives, and how a call goes.

use super::call::{Call, CallContext, FunctionError};
use crate::value::{Marks, Shape, Type, Value, Waits, convert, held_result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a parameter takes; arguments are converted to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Any,
    Bool,
    Number,
    Text,
    List(&'static Takes),
    Set(&'static Takes),
    Map(&'static Takes),
}

impl Takes {
    /// Returns the type that arguments are converted to.
    #[must_use]
    pub fn ty(self) -> Type {
        match self {
            Takes::Any => Type::Dynamic,
            Takes::Bool => Type::Bool,
            Takes::Number => Type::Number,
            Takes::Text => Type::String,
            Takes::List(element) => Type::list(element.ty()),
            Takes::Set(element) => Type::set(element.ty()),
            Takes::Map(element) => Type::map(element.ty()),
        }
    }
}

/// A parameter of a function.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub takes: Takes,
    /// Null reaches the function; else it is an error.
    pub nullable: bool,
    /// An unknown argument reaches the function; else the result is unknown.
    pub unknown: bool,
    /// An unknown argument of unknown type lets the type of the result be determined nevertheless.
    pub dynamic: bool,
    /// Marks reach the function; else they are taken off, everywhere within, and put on the result.
    pub marked: bool,
}

/// Makes a parameter that takes any value.
pub(super) const fn any(name: &'static str) -> Parameter {
    parameter(name, Takes::Any)
}

/// Makes a parameter that takes text.
pub(super) const fn text(name: &'static str) -> Parameter {
    parameter(name, Takes::Text)
}

/// Makes a parameter that takes a number.
pub(super) const fn number(name: &'static str) -> Parameter {
    parameter(name, Takes::Number)
}

/// Makes a parameter.
pub(super) const fn parameter(name: &'static str, takes: Takes) -> Parameter {
    Parameter {
        name,
        takes,
        nullable: false,
        unknown: false,
        dynamic: false,
        marked: false,
    }
}

impl Parameter {
    pub(super) const fn nullable(mut self) -> Parameter {
        self.nullable = true;
        self
    }

    pub(super) const fn unknown(mut self) -> Parameter {
        self.unknown = true;
        self
    }

    pub(super) const fn dynamic(mut self) -> Parameter {
        self.dynamic = true;
        self
    }

    pub(super) const fn marked(mut self) -> Parameter {
        self.marked = true;
        self
    }

    /// Lets everything through: null, unknown, marks.
    pub(super) const fn open(self) -> Parameter {
        self.nullable().unknown().dynamic().marked()
    }
}

/// What a function gives for arguments of which some may be unknown.
pub(super) type Gives = fn(&[Value]) -> Result<Type, FunctionError>;
/// What a function does.
pub(super) type Body = fn(&Call<'_>) -> Result<Value, FunctionError>;

/// A function of the language.
pub struct Function {
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// A call, as a user writes it.
    pub example: &'static str,
    pub parameters: &'static [Parameter],
    /// What takes all further arguments.
    pub variadic: Option<Parameter>,
    /// Gives another value each time, and so only at apply.
    pub impure: bool,
    gives: Gives,
    body: Body,
    may_be_null: bool,
}

impl Function {
    /// Makes a function whose result is never null.
    pub(super) const fn new(
        name: &'static str,
        summary: &'static str,
        example: &'static str,
        parameters: &'static [Parameter],
        gives: Gives,
        body: Body,
    ) -> Function {
        Function {
            name,
            summary,
            example,
            parameters,
            variadic: None,
            impure: false,
            gives,
            body,
            may_be_null: false,
        }
    }

    pub(super) const fn variadic(mut self, parameter: Parameter) -> Function {
        self.variadic = Some(parameter);
        self
    }

    pub(super) const fn may_be_null(mut self) -> Function {
        self.may_be_null = true;
        self
    }

    pub(super) const fn impure(mut self) -> Function {
        self.impure = true;
        self
    }

    /// Calls it: converts the arguments, refuses null, keeps what is unknown unknown, what is held held, and what
    /// is marked marked.
    ///
    /// # Errors
    /// Tells which argument is wrong and why.
    pub fn call(
        &self,
        context: &CallContext<'_>,
        arguments: &[Value],
    ) -> Result<Value, FunctionError> {
        self.check_count(arguments.len())?;
        let prepared = self.prepare(arguments)?;
        let result = if prepared.untyped {
            Value::unknown(Type::Dynamic, Waits::default())
        } else {
            self.result(context, &prepared)?
        };
        let result = if self.may_be_null || result.ty() == Type::Dynamic {
            result
        } else {
            result.refined_not_null()
        };
        Ok(self.settled(result, arguments).marked(prepared.marks))
    }

    fn result(
        &self,
        context: &CallContext<'_>,
        prepared: &Prepared,
    ) -> Result<Value, FunctionError> {
        let ty = (self.gives)(&prepared.arguments)?;
        if prepared.open {
            return Ok(Value::unknown(ty, Waits::default()));
        }
        let call = Call {
            context,
            arguments: &prepared.arguments,
            ty: &ty,
            marks: prepared.marks,
        };
        (self.body)(&call)
    }

    fn check_count(&self, given: usize) -> Result<(), FunctionError> {
        let required = self.parameters.len();
        match self.variadic {
            None if given != required => Err(FunctionError::new(format!(
                "`{}` takes {required} argument{}, but {given} given",
                self.name,
                if required == 1 { "" } else { "s" },
            ))),
            Some(_) if given < required => Err(FunctionError::new(format!(
                "`{}` takes at least {required} argument{}, but {given} given",
                self.name,
                if required == 1 { "" } else { "s" },
            ))),
            _ => Ok(()),
        }
    }

    fn prepare(&self, arguments: &[Value]) -> Result<Prepared, FunctionError> {
        let mut prepared = Prepared::default();
        let parameters = self
            .parameters
            .iter()
            .chain(std::iter::repeat_with(|| self.variadic.as_ref()).flatten());
        for ((at, argument), parameter) in arguments.iter().enumerate().zip(parameters) {
            let mut argument = convert(argument, &parameter.takes.ty())
                .map_err(|message| FunctionError::at(at, message))?;
            if !parameter.marked {
                prepared.marks = prepared.marks.union(argument.marks_within());
                argument = argument.without_marks();
            }
            if argument.is_null() && !parameter.nullable {
                return Err(FunctionError::at(at, "argument must not be null"));
            }
            let readable = argument.is_readable();
            prepared.untyped |= !readable && argument.ty() == Type::Dynamic && !parameter.dynamic;
            if !readable && !parameter.unknown {
                prepared.open = true;
                prepared.marks = prepared.marks.union(argument.marks);
            }
            prepared.arguments.push(argument);
        }
        Ok(prepared)
    }

    /// Lets unknown parts of a result wait for what the arguments wait for; where nothing but held values keeps a
    /// part from being known, that part is held.
    fn settled(&self, result: Value, arguments: &[Value]) -> Value {
        if result.is_wholly_readable() {
            return result;
        }
        let known = arguments.iter().all(Value::is_wholly_known);
        if known && !self.impure && arguments.iter().any(Value::has_held) {
            return hold(result, self.name, arguments);
        }
        let waits: BTreeSet<_> = arguments.iter().flat_map(Value::waits_for).collect();
        wait(result, &Arc::new(waits))
    }
}

/// The arguments of a call after conversion.
#[derive(Default)]
struct Prepared {
    arguments: Vec<Value>,
    /// Marks that were taken off.
    marks: Marks,
    /// An argument is unknown that must be known.
    open: bool,
    /// Not even the type of the result can be told.
    untyped: bool,
}

fn wait(value: Value, waits: &Waits) -> Value {
    match value.shape {
        Shape::Unknown {
            ty,
            waits_for,
            refined,
        } if waits_for.is_empty() => Value {
            shape: Shape::Unknown {
                ty,
                waits_for: waits.clone(),
                refined,
            },
            marks: value.marks,
        },
        _ => value.with_elements(&|inner| wait(inner, waits)),
    }
}

fn hold(value: Value, operation: &str, arguments: &[Value]) -> Value {
    if let Shape::Unknown { ty, .. } = value.shape {
        return held_result(operation, arguments, ty).marked(value.marks);
    }
    let part = std::cell::Cell::new(0_usize);
    value.with_elements(&|inner| {
        part.set(part.get() + 1);
        hold(inner, &format!("{operation}[{}]", part.get()), arguments)
    })
}
