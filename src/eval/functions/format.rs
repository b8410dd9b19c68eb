//! `format` and `formatlist`: text with verbs such as `%s` and `%05.2f`.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::call::{Call, FunctionError, gives_text, gives_texts};
use super::encoding::json_text;
use super::function::{Function, any, text};
use crate::value::{Number, Refinement, Shape, Type, Value, Waits, convert};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "format",
        "Puts values into text where verbs such as `%s` or `%d` stand.",
        r#"format("hello, %s!", "Ander")"#,
        &[text("format")],
        gives_text,
        format,
    )
    .variadic(any("args").nullable().unknown().dynamic()),
    Function::new(
        "formatlist",
        "Formats once for each element of lists.",
        r#"formatlist("hello, %s!", ["Ada", "Bob"])"#,
        &[text("format")],
        gives_texts,
        formatlist,
    )
    .variadic(any("args").nullable().unknown().dynamic()),
];

type Outcome = Result<Value, FunctionError>;

/// More characters than this are not padded.
const WIDEST: usize = 10_000;

fn format(call: &Call<'_>) -> Outcome {
    let values = call.arguments.get(1..).unwrap_or_default();
    if !values.iter().all(Value::is_wholly_readable) {
        let before = call.text(0).split('%').next().unwrap_or_default();
        return Ok(beginning_with(call.unknown(), before));
    }
    row_of(call, values)
}

/// Formats once. An error quotes the format, so what is wrong is told only where no mark forbids it.
fn row_of(call: &Call<'_>, values: &[Value]) -> Outcome {
    let text = formatted(call.text(0), values).map_err(|error| match call.marks.any() {
        true => FunctionError {
            message:
                "the format does not fit its arguments (more is not told, as one is sensitive)"
                    .to_owned(),
            ..error
        },
        false => error,
    })?;
    Ok(Value::text(&text))
}

/// Says of an unknown result how it will begin.
fn beginning_with(mut value: Value, prefix: &str) -> Value {
    if let Shape::Unknown { refined, .. } = &mut value.shape
        && !prefix.is_empty()
    {
        let prefix: Option<Arc<str>> = Some(prefix.into());
        *refined = Some(Box::new(Refinement {
            prefix,
            ..Refinement::default()
        }));
    }
    value
}

fn formatlist(call: &Call<'_>) -> Outcome {
    let values = call.arguments.get(1..).unwrap_or_default();
    let Some(length) = common_length(values)? else {
        return Ok(call.unknown());
    };
    let mut lines = Vec::new();
    for at in 0..length {
        let row: Vec<Value> = values
            .iter()
            .map(|value| in_row(value, at).clone())
            .collect();
        if row.iter().all(Value::is_wholly_readable) {
            lines.push(row_of(call, &row)?);
        } else {
            lines.push(Value::unknown(Type::String, Waits::default()).refined_not_null());
        }
    }
    Ok(Value::list(Type::String, lines))
}

fn in_row(value: &Value, at: usize) -> &Value {
    value
        .as_items()
        .and_then(|items| items.get(at))
        .unwrap_or(value)
}

/// Returns the length that all lists have, 1 without lists, `None` while one is unknown.
fn common_length(values: &[Value]) -> Result<Option<usize>, FunctionError> {
    let mut common: Option<(usize, usize)> = None;
    let mut known = true;
    for (at, value) in values.iter().enumerate() {
        let length = match value.ty() {
            Type::Tuple(members) if !value.is_null() => Some(members.len()),
            Type::List(_) | Type::Set(_) if !value.is_null() => {
                value.as_items().map(<[Value]>::len)
            }
            Type::Dynamic if !value.is_readable() => None,
            _ => continue,
        };
        known &= length.is_some() && value.is_readable();
        match (common, length) {
            (Some((first, expected)), Some(length)) if length != expected => {
                return Err(FunctionError::at(
                    at + 1,
                    format!(
                        "argument {} has length {length}, but argument {} has length {expected}",
                        at + 1,
                        first + 1
                    ),
                ));
            }
            (None, Some(length)) => common = Some((at, length)),
            _ => {}
        }
    }
    Ok(known.then(|| common.map_or(1, |(_, length)| length)))
}

/// A verb: `%[2]05.1f` is argument 2, padded with zeros to 5 places, one after the point.
#[derive(Default)]
struct Verb<'a> {
    /// As it stands in the text.
    source: &'a str,
    letter: char,
    /// From 1.
    argument: usize,
    zero: bool,
    sharp: bool,
    plus: bool,
    minus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

fn formatted(format: &str, values: &[Value]) -> Result<String, FunctionError> {
    let mut result = String::new();
    let (mut next, mut highest) = (1, 0);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        if let Some(after) = from.strip_prefix("%%") {
            result.push('%');
            rest = after;
            continue;
        }
        let verb = read_verb(from, next)?;
        rest = from.get(verb.source.len()..).unwrap_or_default();
        next = verb.argument + 1;
        highest = highest.max(verb.argument);
        let value = verb
            .argument
            .checked_sub(1)
            .and_then(|index| values.get(index))
            .ok_or_else(|| {
                let have = values.len();
                FunctionError::new(format!(
                    "`{}` needs argument {}, but there are only {have}",
                    verb.source, verb.argument
                ))
            })?;
        result.push_str(&apply(&verb, value)?);
    }
    if highest < values.len() {
        return Err(FunctionError::at(
            highest + 1,
            format!("too many arguments; only {highest} used by the format"),
        ));
    }
    result.push_str(rest);
    Ok(result)
}

fn read_verb(from: &str, next: usize) -> Result<Verb<'_>, FunctionError> {
    let mut verb = Verb {
        argument: next,
        ..Verb::default()
    };
    let mut letters = from.char_indices().skip(1).peekable();
    while let Some((_, flag)) = letters.next_if(|(_, letter)| "0#-+ ".contains(*letter)) {
        match flag {
            '0' => verb.zero = true,
            '#' => verb.sharp = true,
            '-' => verb.minus = true,
            '+' => verb.plus = true,
            _ => verb.space = true,
        }
    }
    let digits = |letters: &mut std::iter::Peekable<_>| read_number(letters);
    verb.width = digits(&mut letters);
    if letters.next_if(|(_, letter)| *letter == '.').is_some() {
        verb.precision = Some(digits(&mut letters).unwrap_or(0));
    }
    if letters.next_if(|(_, letter)| *letter == '[').is_some() {
        verb.argument = digits(&mut letters).unwrap_or(0);
        if letters.next_if(|(_, letter)| *letter == ']').is_none() {
            return Err(FunctionError::at(
                0,
                "`]` is missing after the number of an argument",
            ));
        }
    }
    match letters.next() {
        Some((at, letter)) if letter.is_ascii_alphabetic() => {
            verb.letter = letter;
            verb.source = from.get(..=at).unwrap_or(from);
            Ok(verb)
        }
        Some((_, letter)) => Err(FunctionError::at(
            0,
            format!("unrecognized format character `{letter}`"),
        )),
        None => Err(FunctionError::at(0, "the format ends within a verb")),
    }
}

fn read_number<I: Iterator<Item = (usize, char)>>(
    letters: &mut std::iter::Peekable<I>,
) -> Option<usize> {
    let mut number = None;
    while let Some((_, digit)) = letters.next_if(|(_, letter)| letter.is_ascii_digit()) {
        let value = digit
            .to_digit(10)
            .and_then(|digit| usize::try_from(digit).ok())
            .unwrap_or(0);
        number = Some((number.unwrap_or(0_usize) * 10 + value).min(WIDEST));
    }
    number
}

fn apply(verb: &Verb<'_>, value: &Value) -> Result<String, FunctionError> {
    let place = Some(verb.argument);
    let refuse = |message: &str| FunctionError {
        argument: place,
        message: format!("unsupported value for `{}`: {message}", verb.source),
    };
    if verb.letter != 'v' && value.is_null() {
        return Err(refuse("null cannot be formatted"));
    }
    let converted = |ty: &Type| convert(value, ty).map_err(|message| refuse(&message));
    match verb.letter {
        'v' => as_it_is(verb, value).map_err(|message| refuse(&message)),
        't' => Ok(converted(&Type::Bool)?.to_string_plain()),
        'b' | 'd' | 'o' | 'x' | 'X' => {
            let number = converted(&Type::Number)?;
            let number = number.as_number().filter(|number| number.is_integer());
            number
                .map(|number| whole(verb, number))
                .ok_or_else(|| refuse("a whole number is required"))
        }
        'e' | 'E' | 'f' | 'g' | 'G' => {
            let number = converted(&Type::Number)?;
            Ok(float(verb, number.as_number().unwrap_or(&Number::ZERO)))
        }
        's' | 'q' => Ok(string(
            verb,
            converted(&Type::String)?.as_text().unwrap_or_default(),
        )),
        other => Err(FunctionError::at(
            0,
            format!("unsupported verb `{other}` in `{}`", verb.source),
        )),
    }
}

/// The text of a truth value.
trait Plain {
    fn to_string_plain(&self) -> String;
}

impl Plain for Value {
    fn to_string_plain(&self) -> String {
        self.as_bool().unwrap_or_default().to_string()
    }
}

fn as_it_is(verb: &Verb<'_>, value: &Value) -> Result<String, String> {
    let text = match &value.shape {
        Shape::Text(text) if !verb.sharp => text.to_string(),
        Shape::Number(number) if !verb.sharp => signed(number, &general(number, None, 'e')),
        _ => json_text(value)?,
    };
    Ok(padded(verb, text))
}

fn string(verb: &Verb<'_>, text: &str) -> String {
    let text: String = match verb.precision {
        Some(count) if count > 0 => text.graphemes(true).take(count).collect(),
        _ => text.to_owned(),
    };
    match verb.letter {
        'q' => padded(verb, json_text(&Value::text(&text)).unwrap_or_default()),
        _ => padded(verb, text),
    }
}

fn padded(verb: &Verb<'_>, text: String) -> String {
    let missing = verb
        .width
        .unwrap_or(0)
        .saturating_sub(text.graphemes(true).count());
    let pad = if verb.zero { "0" } else { " " }.repeat(missing);
    if verb.minus { text + &pad } else { pad + &text }
}

fn signed(number: &Number, text: &str) -> String {
    if number.is_negative() {
        format!("-{text}")
    } else {
        text.to_owned()
    }
}

fn sign(verb: &Verb<'_>, number: &Number) -> &'static str {
    match number.is_negative() {
        true => "-",
        false if verb.plus => "+",
        false if verb.space => " ",
        false => "",
    }
}

fn whole(verb: &Verb<'_>, number: &Number) -> String {
    let (radix, prefix) = match verb.letter {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let mut digits = number.abs().to_radix(radix);
    if verb.letter == 'X' {
        digits.make_ascii_uppercase();
    }
    if verb.precision == Some(0) && number.is_zero() {
        digits.clear();
    }
    let digits = format!("{digits:0>width$}", width = verb.precision.unwrap_or(0));
    let lead = format!(
        "{}{}",
        sign(verb, number),
        if verb.sharp { prefix } else { "" }
    );
    in_width(verb, &lead, &digits, verb.zero && verb.precision.is_none())
}

/// Pads a number: zeros go between its sign and its digits.
fn in_width(verb: &Verb<'_>, lead: &str, digits: &str, zeros: bool) -> String {
    let missing = verb
        .width
        .unwrap_or(0)
        .saturating_sub(lead.len() + digits.len());
    match (verb.minus, zeros) {
        (true, _) => format!("{lead}{digits}{}", " ".repeat(missing)),
        (_, true) => format!("{lead}{}{digits}", "0".repeat(missing)),
        _ => format!("{}{lead}{digits}", " ".repeat(missing)),
    }
}

fn float(verb: &Verb<'_>, number: &Number) -> String {
    let digits = match verb.letter {
        'f' => number.abs().to_fixed(verb.precision.unwrap_or(6)),
        'e' | 'E' => {
            let places = verb.precision.unwrap_or(6);
            scientific(number.rounded_digits(places + 1), places, verb.letter)
        }
        letter => general(
            number,
            verb.precision,
            if letter == 'G' { 'E' } else { 'e' },
        ),
    };
    in_width(verb, sign(verb, number), &digits, verb.zero && !verb.minus)
}

/// `1.5e+06`
fn scientific((digits, point): (String, i64), places: usize, letter: char) -> String {
    let exponent = if digits.is_empty() { 0 } else { point - 1 };
    let padded = format!("{digits:0<width$}", width = places + 1);
    let (first, rest) = padded.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{dot}{rest}{letter}{sign}{:02}", exponent.abs())
}

/// The shorter of both forms, as `%g` has it: an exponent below -4 or from the precision on (21 digits without one)
/// is written as such.
fn general(number: &Number, precision: Option<usize>, letter: char) -> String {
    let (digits, point) = match precision {
        Some(count) => number.rounded_digits(count.max(1)),
        None => number.abs().shortest_digits(),
    };
    let length = i64::try_from(digits.len()).unwrap_or(0);
    let limit = match precision.map(|count| i64::try_from(count.max(1)).unwrap_or(0)) {
        Some(count) if count > length && length >= point => length,
        Some(count) => count,
        None => 6,
    };
    let exponent = point - 1;
    if !digits.is_empty() && (exponent < -4 || exponent >= limit) {
        let places = digits.len().saturating_sub(1);
        return scientific((digits, point), places, letter);
    }
    plain(&digits, point)
}

fn plain(digits: &str, point: i64) -> String {
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    let length = i64::try_from(digits.len()).unwrap_or(0);
    if digits.is_empty() {
        return "0".to_owned();
    }
    if point <= 0 {
        return format!("0.{}{digits}", zeros(-point));
    }
    let (before, after) = digits.split_at(usize::try_from(point.min(length)).unwrap_or(0));
    let dot = if after.is_empty() { "" } else { "." };
    format!("{before}{}{dot}{after}", zeros(point - length))
}
