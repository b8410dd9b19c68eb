//! Operators: `-a`, `!a`, `a + b`, `a == b`, `a && b`.

use super::blame::{error_at, labelled};
use super::context::Context;
use super::expression::{both, value_of};
use super::opaque::opaque;
use crate::source::{Diagnostic, Outcome};
use crate::syntax::{Binary, Expression, Node, Unary};
use crate::value::{Marks, Number, Type, Value, convert};
use std::cmp::Ordering;

/// Evaluates `-a` or `!a`.
pub(super) fn unary(operator: Unary, inner: &Expression, context: Context<'_>) -> Outcome<Value> {
    let (ty, name) = match operator {
        Unary::Negate => (Type::Number, "-"),
        Unary::Not => (Type::Bool, "!"),
    };
    let value = operand(value_of(inner, context), inner, &ty, context)?;
    let marks = value.marks;
    let result = match (operator, value.as_number(), value.as_bool()) {
        (Unary::Negate, Some(number), _) => Value::from(number.neg()),
        (Unary::Not, _, Some(truth)) => Value::from(!truth),
        _ => opaque(name, ty, &[&value]).refined_not_null(),
    };
    Ok(result.marked(marks))
}

/// Evaluates an expression of operators with two operands. Operators of a row nest leftwards, so the row is walked and
/// not recursed into.
pub(super) fn binary(expression: &Expression, context: Context<'_>) -> Outcome<Value> {
    let mut row = Vec::new();
    let mut first = expression;
    while let Node::Binary(operator, left, right) = &first.node {
        row.push((*operator, &**left, &**right, first));
        first = left;
    }
    let mut result = value_of(first, context);
    for (operator, left, right, whole) in row.into_iter().rev() {
        let pair = Pair {
            left,
            right,
            whole,
            context,
        };
        result = pair.apply(operator, result, value_of(right, context));
    }
    result
}

/// The operands of an operator.
struct Pair<'a> {
    left: &'a Expression,
    right: &'a Expression,
    whole: &'a Expression,
    context: Context<'a>,
}

impl Pair<'_> {
    fn apply(
        &self,
        operator: Binary,
        left: Outcome<Value>,
        right: Outcome<Value>,
    ) -> Outcome<Value> {
        match operator {
            Binary::Equal => self.equal(left, right),
            Binary::NotEqual => Ok(negated(self.equal(left, right)?)),
            Binary::And => self.logical(false, left, right),
            Binary::Or => self.logical(true, left, right),
            _ => {
                let (left, right) = self.operands(left, right, &Type::Number)?;
                let marks = left.marks.union(right.marks);
                Ok(self.numeric(operator, &left, &right)?.marked(marks))
            }
        }
    }

    fn operands(
        &self,
        left: Outcome<Value>,
        right: Outcome<Value>,
        ty: &Type,
    ) -> Outcome<(Value, Value)> {
        both(
            operand(left, self.left, ty, self.context),
            operand(right, self.right, ty, self.context),
        )
    }

    fn equal(&self, left: Outcome<Value>, right: Outcome<Value>) -> Outcome<Value> {
        let (left, right) = both(left, right)?;
        Ok(left.equals(&right))
    }

    /// `&&` and `||`: an operand that equals `deciding` decides, whatever the other one is, even an error.
    fn logical(
        &self,
        deciding: bool,
        left: Outcome<Value>,
        right: Outcome<Value>,
    ) -> Outcome<Value> {
        let convert = |value, expression| operand(value, expression, &Type::Bool, self.context);
        let (left, right) = (
            mistyped_first(left, |value| convert(value, self.left)),
            mistyped_first(right, |value| convert(value, self.right)),
        );
        let (left, right) = match (left, right) {
            (Err(Fault::Type(errors)), Err(Fault::Type(more) | Fault::Inner(more)))
            | (Err(Fault::Inner(errors)), Err(Fault::Type(more))) => {
                return Err(errors.into_iter().chain(more).collect());
            }
            (Err(Fault::Type(errors)), _) | (_, Err(Fault::Type(errors))) => return Err(errors),
            (left, right) => (left.map_err(Fault::told), right.map_err(Fault::told)),
        };
        let marks = |side: &Outcome<Value>| side.as_ref().map_or(Marks::NONE, |value| value.marks);
        let marks = marks(&left).union(marks(&right));
        let decides = |side: &Outcome<Value>| {
            side.as_ref()
                .is_ok_and(|value| value.as_bool() == Some(deciding))
        };
        if decides(&left) || decides(&right) {
            return Ok(Value::from(deciding).marked(marks));
        }
        let name = if deciding { "||" } else { "&&" };
        // While it is open whether the left side guards the right one, an error on the right is none yet.
        if let (Ok(guard), Err(_)) = (&left, &right)
            && !guard.is_readable()
        {
            return Ok(opaque(name, Type::Bool, &[guard])
                .refined_not_null()
                .marked(marks));
        }
        let (left, right) = both(left, right)?;
        let result = match (left.as_bool(), right.as_bool()) {
            (Some(_), Some(_)) => Value::from(!deciding),
            _ => opaque(name, Type::Bool, &[&left, &right]).refined_not_null(),
        };
        Ok(result.marked(marks))
    }

    fn numeric(&self, operator: Binary, left: &Value, right: &Value) -> Outcome<Value> {
        let (ty, name) = described(operator);
        let (Some(one), Some(other)) = (left.as_number(), right.as_number()) else {
            return Ok(opaque(name, ty, &[left, right]).refined_not_null());
        };
        let answer = |wanted: &[Ordering]| Ok(Value::from(wanted.contains(&one.cmp(other))));
        match operator {
            Binary::Add => self.sized(one.add(other)),
            Binary::Subtract => self.sized(one.sub(other)),
            Binary::Multiply => self.sized(one.mul(other)),
            Binary::Divide if other.is_zero() => self.zero("divide"),
            Binary::Divide => self.sized(one.div(other)),
            Binary::Modulo => self.sized(one.rem(other)),
            Binary::Less => answer(&[Ordering::Less]),
            Binary::LessOrEqual => answer(&[Ordering::Less, Ordering::Equal]),
            Binary::Greater => answer(&[Ordering::Greater]),
            _ => answer(&[Ordering::Greater, Ordering::Equal]),
        }
    }

    fn sized(&self, result: Option<Number>) -> Outcome<Value> {
        result.map(Value::from).ok_or_else(|| {
            vec![error_at(
                self.whole,
                self.context,
                "the result is too large to be a number",
            )]
        })
    }

    fn zero(&self, what: &str) -> Outcome<Value> {
        let message = format!("cannot {what} by zero");
        Err(vec![labelled(
            self.right,
            self.context,
            message,
            "this is zero",
        )])
    }
}

/// Returns the type of an operator's result, and its sign.
fn described(operator: Binary) -> (Type, &'static str) {
    match operator {
        Binary::Add => (Type::Number, "+"),
        Binary::Subtract => (Type::Number, "-"),
        Binary::Multiply => (Type::Number, "*"),
        Binary::Divide => (Type::Number, "/"),
        Binary::Modulo => (Type::Number, "%"),
        Binary::Less => (Type::Bool, "<"),
        Binary::LessOrEqual => (Type::Bool, "<="),
        Binary::Greater => (Type::Bool, ">"),
        _ => (Type::Bool, ">="),
    }
}

fn negated(value: Value) -> Value {
    let marks = value.marks;
    match value.as_bool() {
        Some(truth) => Value::from(!truth),
        None => opaque("!", Type::Bool, &[&value]).refined_not_null(),
    }
    .marked(marks)
}

/// Why an operand cannot be used: it is of the wrong type, or it could not be evaluated.
enum Fault {
    Type(Vec<Diagnostic>),
    Inner(Vec<Diagnostic>),
}

impl Fault {
    fn told(self) -> Vec<Diagnostic> {
        match self {
            Fault::Type(told) | Fault::Inner(told) => told,
        }
    }
}

fn mistyped_first(
    value: Outcome<Value>,
    convert: impl FnOnce(Outcome<Value>) -> Outcome<Value>,
) -> Result<Value, Fault> {
    match value {
        Ok(value) => convert(Ok(value)).map_err(Fault::Type),
        Err(errors) => Err(Fault::Inner(errors)),
    }
}

/// Converts an operand to the type that its operator needs.
fn operand(
    value: Outcome<Value>,
    expression: &Expression,
    ty: &Type,
    context: Context<'_>,
) -> Outcome<Value> {
    let value = value?;
    if value.is_null() {
        return Err(vec![error_at(expression, context, "this operand is null")]);
    }
    convert(&value, ty).map_err(|why| {
        vec![error_at(
            expression,
            context,
            format!("this operand is not suitable: {why}"),
        )]
    })
}
