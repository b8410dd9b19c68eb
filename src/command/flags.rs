//! How options are declared and read. Every option of Terraform's may be written with one dash or two, its value after `=`
//! or as the next word; a truth value may be left out.

use clap::builder::{BoolishValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

fn truth(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value(default)
        .hide_default_value(true)
        .hide_possible_values(true)
        .value_name("true|false")
        .value_parser(ValueParser::new(BoolishValueParser::new()))
        .action(ArgAction::Set)
}

/// A truth value that is false unless given.
#[must_use]
pub fn switch(name: &'static str, help: &'static str) -> Arg {
    truth(name, "false", help)
}

/// A truth value that is true unless `=false`.
#[must_use]
pub fn on(name: &'static str, help: &'static str) -> Arg {
    truth(name, "true", help)
}

/// An option of Terraform's that means nothing here, accepted so that scripts keep working. It may have a value after `=`.
#[must_use]
pub fn ignored(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .hide(true)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("")
        .action(ArgAction::Append)
}

/// An option with a value.
#[must_use]
pub fn value(name: &'static str, what: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(what)
        .help(help)
        .allow_hyphen_values(true)
        .action(ArgAction::Set)
}

/// An option with a value that may be given many times.
#[must_use]
pub fn many(name: &'static str, what: &'static str, help: &'static str) -> Arg {
    value(name, what, help).action(ArgAction::Append)
}

/// An option whose value may be left out; without it, it means everything.
#[must_use]
pub fn some_or_all(name: &'static str, what: &'static str, help: &'static str) -> Arg {
    many(name, what, help)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("")
}

/// A word without a dash.
#[must_use]
pub fn word(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).help(help).value_name(name)
}

/// Tells whether a truth value is set.
#[must_use]
pub fn is_set(matches: &ArgMatches, name: &str) -> bool {
    matches!(matches.try_get_one::<bool>(name), Ok(Some(true)))
}

/// Returns the value of an option or word.
#[must_use]
pub fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches
        .try_get_one::<String>(name)
        .ok()
        .flatten()
        .map(String::as_str)
}

/// Returns the value of an option as a path.
#[must_use]
pub fn path(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    text(matches, name).map(PathBuf::from)
}

/// Returns all values of an option.
#[must_use]
pub fn texts(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches
        .try_get_many::<String>(name)
        .ok()
        .flatten()
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}

/// Reads how many requests go at once.
///
/// # Errors
/// When it is no number, or none.
pub fn parallelism(matches: &ArgMatches) -> Result<Option<usize>, crate::source::Diagnostic> {
    let number = parsed::<NonZeroUsize>(matches, "parallelism", "a whole number above 0")?;
    Ok(number.map(NonZeroUsize::get))
}

/// Returns the value of an option that must be of a certain form.
///
/// # Errors
/// Says what it should be.
pub fn parsed<T: FromStr>(
    matches: &ArgMatches,
    name: &str,
    wanted: &str,
) -> Result<Option<T>, crate::source::Diagnostic> {
    let Some(text) = text(matches, name) else {
        return Ok(None);
    };
    match text.trim_end_matches('%').parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(crate::source::Diagnostic::error(
            "invalid-option",
            format!("`-{name}={text}` is not {wanted}"),
        )),
    }
}
