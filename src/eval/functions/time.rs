//! Functions over points in time, written as RFC 3339 has them.

use super::calendar::{Moment, duration};
use super::call::{Call, FunctionError, Phase, gives_number, gives_text};
use super::function::{Function, text};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "formatdate",
        "Writes a time in a format of your own.",
        r#"formatdate("DD MMM YYYY", "2018-01-02T23:12:01Z")"#,
        &[text("format"), text("time")],
        gives_text,
        formatdate,
    ),
    Function::new(
        "plantimestamp",
        "Returns the time at which the run began.",
        "plantimestamp()",
        &[],
        gives_text,
        plantimestamp,
    ),
    Function::new(
        "timeadd",
        "Adds a duration such as `1h30m` to a time.",
        r#"timeadd("2017-11-22T00:00:00Z", "10m")"#,
        &[text("timestamp"), text("duration")],
        gives_text,
        timeadd,
    ),
    Function::new(
        "timecmp",
        "Compares two times: -1, 0 or 1.",
        r#"timecmp("2017-11-22T00:00:00Z", "2017-11-22T01:00:00Z")"#,
        &[text("timestamp_a"), text("timestamp_b")],
        gives_number,
        timecmp,
    ),
    Function::new(
        "timestamp",
        "Returns the time, at apply only.",
        "timestamp()",
        &[],
        gives_text,
        timestamp,
    )
    .impure(),
];

type Outcome = Result<Value, FunctionError>;

fn moment(call: &Call<'_>, at: usize) -> Result<Moment, FunctionError> {
    Moment::parse(call.text(at)).map_err(|message| {
        FunctionError::at(
            at,
            format!(
                "{} is no RFC 3339 timestamp: {message}",
                call.shown(call.text(at))
            ),
        )
    })
}

fn plantimestamp(call: &Call<'_>) -> Outcome {
    Ok(Value::from(
        Moment::from_seconds(call.context.surroundings.started()).to_string(),
    ))
}

fn timestamp(call: &Call<'_>) -> Outcome {
    match call.context.phase {
        Phase::Plan => Ok(call.unknown()),
        Phase::Apply => Ok(Value::from(
            Moment::from_seconds(call.context.now).to_string(),
        )),
    }
}

fn timeadd(call: &Call<'_>) -> Outcome {
    let moment = moment(call, 0)?;
    let span = duration(call.text(1)).ok_or_else(|| {
        let shown = call.shown(call.text(1));
        FunctionError::at(
            1,
            format!("{shown} is no duration such as `1h30m`, `-1.5s` or `300ms`"),
        )
    })?;
    let moved = moment
        .moved(span)
        .ok_or_else(|| FunctionError::new("the time is out of range"))?;
    Ok(Value::from(moved.to_string()))
}

fn timecmp(call: &Call<'_>) -> Outcome {
    let (left, right) = (moment(call, 0)?, moment(call, 1)?);
    Ok(Value::from(
        left.nanoseconds().cmp(&right.nanoseconds()) as i64
    ))
}

fn formatdate(call: &Call<'_>) -> Outcome {
    let moment = moment(call, 1)?;
    let mut result = String::new();
    let mut rest = call.text(0);
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' {
            literal(rest, &mut result)?
        } else {
            let run = rest.chars().take_while(|letter| *letter == first).count();
            if first.is_ascii_alphabetic() {
                result
                    .push_str(&verb(&moment, first, run).ok_or_else(|| unknown_verb(first, run))?);
                run
            } else {
                result.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(Value::text(&result))
}

fn unknown_verb(letter: char, run: usize) -> FunctionError {
    let hint = match letter {
        'Y' => "a year is `YY` or `YYYY`",
        'M' => "a month is `M`, `MM`, `MMM` or `MMMM`",
        'D' | 'h' | 'H' | 'm' | 's' => "it is written once or twice",
        'E' => "a day of the week is `EEE` or `EEEE`",
        'A' | 'a' => "it is written twice",
        'Z' => "a time zone is `Z`, `ZZZ`, `ZZZZ` or `ZZZZZ`",
        _ => "text that is no verb stands between single quotes",
    };
    let verb = letter.to_string().repeat(run);
    FunctionError::at(0, format!("invalid verb `{verb}`: {hint}"))
}

/// Copies what stands between single quotes, a doubled quote being one; returns its length in the format.
fn literal(format: &str, result: &mut String) -> Result<usize, FunctionError> {
    if format.starts_with("''") {
        result.push('\'');
        return Ok(2);
    }
    let mut letters = format.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            result.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            result.push('\'');
        } else {
            return Ok(at + 1);
        }
    }
    Err(FunctionError::at(0, "a single quote is not closed"))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

fn verb(moment: &Moment, letter: char, run: usize) -> Option<String> {
    let number = |value: u32| match run {
        1 => Some(value.to_string()),
        2 => Some(format!("{value:02}")),
        _ => None,
    };
    let name = |names: &[&'static str], at: u32| {
        let name = names.get(usize::try_from(at).ok()?)?;
        let length = if run == 3 { 3 } else { name.len() };
        name.get(..length)
            .filter(|_| run == 3 || run == 4)
            .map(str::to_owned)
    };
    let (year, month, day) = moment.date();
    let (hour, minute, second) = moment.time();
    match (letter, run) {
        ('Y', 2) => Some(format!("{:02}", year % 100)),
        ('Y', 4) => Some(format!("{year:04}")),
        ('M', 1 | 2) => number(month),
        ('M', _) => name(&MONTHS, month - 1),
        ('D', _) => number(day),
        ('E', _) => name(&DAYS, moment.weekday()),
        ('h', _) => number(hour),
        ('H', _) => number(if hour % 12 == 0 { 12 } else { hour % 12 }),
        ('A', 2) => Some(if hour < 12 { "AM" } else { "PM" }.to_owned()),
        ('a', 2) => Some(if hour < 12 { "am" } else { "pm" }.to_owned()),
        ('m', _) => number(minute),
        ('s', _) => number(second),
        ('Z', 1) => Some(moment.zone(":", "Z")),
        ('Z', 3) => Some(moment.zone("", "UTC")),
        ('Z', 4) => Some(moment.zone("", "+0000")),
        ('Z', 5) => Some(moment.zone(":", "+00:00")),
        _ => None,
    }
}
