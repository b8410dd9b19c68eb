//! Conditions on single values, as the catalog states them.

use super::Place;
use crate::catalog::{Attribute, Check, Kind};
use crate::source::{Diagnostic, nearest};
use crate::value::{Number, Value};

/// Tells which conditions a value breaks. What is unknown or held is not judged.
pub(super) fn check(schema: &Attribute, value: &Value, place: &Place, told: &mut Vec<Diagnostic>) {
    let nested = matches!(schema.kind, Kind::Block(..));
    for condition in schema.checks {
        match condition {
            Check::MinItems(_) | Check::MaxItems(_) => {
                told.extend(count(*condition, value, place));
            }
            _ if nested => {}
            _ => each(value, &mut |one| {
                told.extend(
                    broken(*condition, one).map(|words| refusal(schema, one, &words, place)),
                );
            }),
        }
    }
    let whole = matches!(
        schema.kind,
        Kind::Integer | Kind::Seconds | Kind::SecondsText
    );
    if whole && value.as_number().is_some_and(|number| !number.is_integer()) {
        told.push(refusal(schema, value, &Words::new("a whole number"), place));
    }
}

/// Visits a value, or the elements of a collection.
fn each(value: &Value, visit: &mut dyn FnMut(&Value)) {
    match value.as_items() {
        Some(items) => items.iter().for_each(visit),
        None => match value.as_fields() {
            Some(fields) => fields.values().for_each(visit),
            None => visit(value),
        },
    }
}

/// What is wanted, and what may be meant.
struct Words {
    wanted: String,
    hint: Option<String>,
}

impl Words {
    fn new(wanted: impl Into<String>) -> Words {
        Words {
            wanted: wanted.into(),
            hint: None,
        }
    }

    fn hint(mut self, text: impl Into<String>) -> Words {
        self.hint = Some(text.into());
        self
    }
}

fn refusal(schema: &Attribute, value: &Value, words: &Words, place: &Place) -> Diagnostic {
    let marks = value.marks_within();
    let secret = schema.sensitive || marks.sensitive || marks.ephemeral;
    let shown = match value.as_text() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    let label = if secret || shown.chars().count() > 40 {
        "this is not".to_owned()
    } else {
        format!("this is `{shown}`")
    };
    let message = format!("`{}` must be {}", place.name, words.wanted);
    let error = Diagnostic::error("invalid-value", message).at(place.span, label);
    // A hint may quote the value.
    let quotes = |hint: &str| hint.contains(shown.trim_matches('/'));
    match &words.hint {
        Some(hint) if !secret || !quotes(hint) => error.hint(hint.clone()),
        _ => error,
    }
}

fn broken(condition: Check, value: &Value) -> Option<Words> {
    if let Some(number) = value.as_number() {
        return broken_number(condition, number);
    }
    let text = value.as_text()?;
    let trimmed = || {
        Words::new("a path without slashes at its ends")
            .hint(format!("write `{}`", text.trim_matches('/')))
    };
    match condition {
        Check::OneOf(choices) => (!choices.contains(&text)).then(|| one_of(choices, text)),
        Check::NoEdgeSlashes => (text.starts_with('/') || text.ends_with('/')).then(trimmed),
        Check::NoTrailingSlash => text.ends_with('/').then(trimmed),
        Check::NoSlash => text.contains('/').then(|| Words::new("without a slash")),
        Check::NoComma => text.contains(',').then(|| Words::new("without a comma")),
        Check::Duration => duration(text).is_none().then(|| {
            Words::new("a duration").hint("write a number and a unit, such as `30m` or `24h`")
        }),
        Check::DurationWithUnit => (duration(text) != Some(true))
            .then(|| Words::new("a duration with its unit").hint("write such as `30m` or `24h`")),
        Check::Port => port(text.parse().ok()),
        Check::Json => json(text),
        Check::AtLeast(_) | Check::MinItems(_) | Check::MaxItems(_) => None,
    }
}

fn broken_number(condition: Check, number: &Number) -> Option<Words> {
    match condition {
        Check::AtLeast(least) => {
            (*number < Number::from(least)).then(|| Words::new(format!("{least} or more")))
        }
        Check::Port => port(number.as_i64()),
        Check::OneOf(choices) => {
            let text = number.to_string();
            (!choices.contains(&text.as_str())).then(|| one_of(choices, &text))
        }
        _ => None,
    }
}

fn port(number: Option<i64>) -> Option<Words> {
    let good = number.is_some_and(|number| (1..=65_535).contains(&number));
    (!good).then(|| Words::new("a port: a number from 1 to 65535"))
}

fn one_of(choices: &[&str], text: &str) -> Words {
    let listed: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    let words = Words::new(format!("one of {}", listed.join(", ")));
    match nearest(text, choices.iter().copied()) {
        Some(near) => words.hint(format!("did you mean `{near}`?")),
        None => words,
    }
}

/// Tells where the text stops to be JSON, and nothing of what it holds.
fn json(text: &str) -> Option<Words> {
    let wrong = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
    let words = Words::new(format!(
        "JSON; this is none from line {}, column {} on",
        wrong.line(),
        wrong.column()
    ));
    Some(words.hint("`jsonencode({ … })` makes JSON of a value"))
}

/// Tells whether a text is a duration, and then whether it has a unit: `90`, `1h30m`, `1.5h`, `7d`.
fn duration(text: &str) -> Option<bool> {
    const UNITS: [&str; 9] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h", "d"];
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit()) {
        return Some(text == "0");
    }
    let mut rest = text;
    while !rest.is_empty() {
        let after =
            rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let number = rest.strip_suffix(after)?;
        number.parse::<f64>().ok()?;
        let end = after
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        if !UNITS.contains(&unit) {
            return None;
        }
        rest = next;
    }
    (!text.is_empty()).then_some(true)
}

fn count(condition: Check, value: &Value, place: &Place) -> Option<Diagnostic> {
    let items = value.as_items()?.len();
    let wanted = match condition {
        Check::MinItems(least) if items < least => format!("at least {least}"),
        Check::MaxItems(most) if items > most => format!("at most {most}"),
        _ => return None,
    };
    let message = format!("`{}` holds {wanted}, not {items}", place.name);
    Some(Diagnostic::error("invalid-value", message).at(place.span, "here"))
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_told_from_other_text() {
        for (text, expected) in [
            ("90", Some(false)),
            ("0", Some(true)),
            ("1h30m", Some(true)),
            ("1.5h", Some(true)),
            ("-5m", Some(true)),
            ("7d", Some(true)),
            ("", None),
            ("1 hour", None),
            ("h", None),
            ("1h30", None),
            ("1w", None),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
    }
}
