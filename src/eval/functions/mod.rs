//! The functions of the language, one file a family. [`lookup`] finds one by name, [`Function::call`] calls it.
//!
//! `try` and `can` are no functions of this kind: they take expressions, so the evaluator has them.

mod assume;
mod calendar;
mod call;
mod collections;
mod csv;
mod encoding;
mod files;
mod format;
mod function;
mod hashes;
mod lists;
mod maps;
mod network;
mod numbers;
mod pattern;
mod rsa;
mod sets;
mod text;
mod time;
mod types;
mod yaml;
mod yaml_writer;

pub(super) use call::shown;
pub use call::{CallContext, FunctionError, Phase, Render};
pub use function::{Function, Parameter, Takes};
pub use yaml::decode as decode_yaml;

use std::sync::LazyLock;

/// The families; a new file adds its table here.
const FAMILIES: &[&[Function]] = &[
    assume::FUNCTIONS,
    assume::LISTS,
    assume::MAPS,
    assume::SETS,
    collections::FUNCTIONS,
    encoding::FUNCTIONS,
    files::FUNCTIONS,
    format::FUNCTIONS,
    hashes::FUNCTIONS,
    lists::FUNCTIONS,
    maps::FUNCTIONS,
    network::FUNCTIONS,
    numbers::FUNCTIONS,
    pattern::FUNCTIONS,
    sets::FUNCTIONS,
    text::FUNCTIONS,
    time::FUNCTIONS,
    types::FUNCTIONS,
];

static SORTED: LazyLock<Vec<&'static Function>> = LazyLock::new(|| {
    let mut functions: Vec<_> = FAMILIES.iter().flat_map(|family| family.iter()).collect();
    functions.sort_by_key(|function| function.name);
    functions
});

/// Writes a time, in seconds since 1970, as the functions over time do: `2024-02-29T12:00:00Z`.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    calendar::Moment::from_seconds(seconds).to_string()
}

/// Returns all functions, sorted by name.
pub fn all() -> impl Iterator<Item = &'static Function> {
    SORTED.iter().copied()
}

/// Finds a function by its name; `core::` before it is accepted.
#[must_use]
pub fn lookup(name: &str) -> Option<&'static Function> {
    let name = name.strip_prefix("core::").unwrap_or(name);
    let at = SORTED
        .binary_search_by_key(&name, |function| function.name)
        .ok()?;
    SORTED.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_is_documented_and_named_once() {
        assert!(
            all()
                .map(|function| function.name)
                .is_sorted_by(|one, next| one < next),
            "a name stands twice"
        );
        for function in all() {
            assert!(function.summary.ends_with('.'), "{}", function.name);
            assert!(
                function.example.contains(&format!("{}(", function.name)),
                "{}",
                function.name
            );
        }
        assert!(lookup("core::upper").is_some() && lookup("try").is_none());
    }
}
