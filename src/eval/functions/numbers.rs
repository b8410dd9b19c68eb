//! Functions over numbers.

use super::call::{Call, FunctionError, gives_number};
use super::function::{Function, any, number};
use crate::value::{Number, Type, Value, type_name};

/// As many numbers as `range` gives at most.
const LONGEST_RANGE: usize = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "abs",
        "Returns a number without its sign.",
        "abs(-12.4)",
        &[number("num")],
        gives_number,
        abs,
    ),
    Function::new(
        "ceil",
        "Rounds up to a whole number.",
        "ceil(5.1)",
        &[number("num")],
        gives_number,
        ceil,
    ),
    Function::new(
        "floor",
        "Rounds down to a whole number.",
        "floor(4.9)",
        &[number("num")],
        gives_number,
        floor,
    ),
    Function::new(
        "log",
        "Returns the logarithm of a number to a base.",
        "log(16, 2)",
        &[number("num"), number("base")],
        gives_number,
        log,
    ),
    Function::new(
        "max",
        "Returns the greatest number.",
        "max(12, 54, 3)",
        &[],
        gives_number,
        max,
    )
    .variadic(number("numbers").dynamic()),
    Function::new(
        "min",
        "Returns the least number.",
        "min(12, 54, 3)",
        &[],
        gives_number,
        min,
    )
    .variadic(number("numbers").dynamic()),
    Function::new(
        "parseint",
        "Reads a whole number in a base of 2 to 62.",
        r#"parseint("ff", 16)"#,
        &[any("number"), number("base")],
        gives_parsed,
        parseint,
    ),
    Function::new(
        "pow",
        "Raises a number to a power.",
        "pow(3, 2)",
        &[number("num"), number("power")],
        gives_number,
        pow,
    ),
    Function::new(
        "range",
        "Returns numbers from a start (0) up to, without, a limit, a step (1) apart.",
        "range(1, 8, 2)",
        &[],
        gives_numbers,
        range,
    )
    .variadic(number("params")),
    Function::new(
        "signum",
        "Returns -1, 0 or 1 as the sign of a number.",
        "signum(-13)",
        &[number("num")],
        gives_number,
        signum,
    ),
];

type Outcome = Result<Value, FunctionError>;

fn abs(call: &Call<'_>) -> Outcome {
    Ok(Value::from(call.number(0).abs()))
}

fn ceil(call: &Call<'_>) -> Outcome {
    Ok(Value::from(call.number(0).ceil()))
}

fn floor(call: &Call<'_>) -> Outcome {
    Ok(Value::from(call.number(0).floor()))
}

fn from_float(value: f64) -> Outcome {
    Number::from_f64(value)
        .map(Value::from)
        .ok_or_else(|| FunctionError::new("the result is not a finite number"))
}

fn log(call: &Call<'_>) -> Outcome {
    from_float(call.number(0).as_f64().ln() / call.number(1).as_f64().ln())
}

fn pow(call: &Call<'_>) -> Outcome {
    from_float(call.number(0).as_f64().powf(call.number(1).as_f64()))
}

fn max(call: &Call<'_>) -> Outcome {
    extreme(call.arguments.iter().filter_map(Value::as_number).max())
}

fn min(call: &Call<'_>) -> Outcome {
    extreme(call.arguments.iter().filter_map(Value::as_number).min())
}

fn extreme(number: Option<&Number>) -> Outcome {
    number
        .cloned()
        .map(Value::from)
        .ok_or_else(|| FunctionError::new("at least one number is required"))
}

fn gives_parsed(arguments: &[Value]) -> Result<Type, FunctionError> {
    match arguments.first().map(Value::ty) {
        Some(Type::String) => Ok(Type::Number),
        other => {
            let got = other.map(|ty| type_name(&ty)).unwrap_or_default();
            Err(FunctionError::at(
                0,
                format!("string required, but have {got}"),
            ))
        }
    }
}

fn parseint(call: &Call<'_>) -> Outcome {
    let base = call
        .number(1)
        .as_usize()
        .and_then(|base| u32::try_from(base).ok());
    let base = base
        .filter(|base| (2..=62).contains(base))
        .ok_or_else(|| FunctionError::at(1, "a whole number from 2 to 62 is required"))?;
    Number::parse_radix(call.text(0), base)
        .map(Value::from)
        .ok_or_else(|| {
            let input = call.shown(call.text(0));
            FunctionError::at(0, format!("{input} is not a whole number in base {base}"))
        })
}

fn gives_numbers(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::list(Type::Number))
}

fn range(call: &Call<'_>) -> Outcome {
    let one = |towards: &Number, from: &Number| Number::from(if towards < from { -1 } else { 1 });
    let (start, end, step) = match call.arguments.len() {
        1 => (
            &Number::ZERO,
            call.number(0),
            one(call.number(0), &Number::ZERO),
        ),
        2 => (
            call.number(0),
            call.number(1),
            one(call.number(1), call.number(0)),
        ),
        3 => (call.number(0), call.number(1), call.number(2).clone()),
        _ => {
            return Err(FunctionError::new(
                "one, two or three arguments are required",
            ));
        }
    };
    if step.is_zero() {
        return Err(FunctionError::at(2, "the step must not be zero"));
    }
    let down = step.is_negative();
    if (down && end > start) || (!down && end < start) {
        return Err(FunctionError::at(1, "the step leads away from the limit"));
    }
    let mut numbers = Vec::new();
    let mut next = start.clone();
    while if down { next > *end } else { next < *end } {
        if numbers.len() >= LONGEST_RANGE {
            return Err(FunctionError::new(format!(
                "more than {LONGEST_RANGE} numbers; use a larger step"
            )));
        }
        numbers.push(Value::from(next.clone()));
        next = next
            .add(&step)
            .ok_or_else(|| FunctionError::new("a number is too large"))?;
    }
    Ok(Value::list(Type::Number, numbers))
}

fn signum(call: &Call<'_>) -> Outcome {
    let number = call.number(0);
    if !number.is_integer() {
        return Err(FunctionError::at(0, "a whole number is required"));
    }
    Ok(Value::from(
        match (number.is_zero(), number.is_negative()) {
            (true, _) => 0,
            (_, true) => -1,
            _ => 1,
        },
    ))
}
