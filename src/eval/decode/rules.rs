//! Rules between the attributes of one object, as the catalog states them.

use super::Given;
use crate::catalog::Rule;
use crate::source::{Diagnostic, Span};
use std::collections::BTreeMap;

type All = BTreeMap<String, Given>;

/// Tells which rules what is set breaks. What is unknown may still turn out to be null, so it breaks none.
pub(super) fn check(rules: &[Rule], given: &All, header: Option<Span>, told: &mut Vec<Diagnostic>) {
    for rule in rules {
        match rule {
            Rule::Conflict(names) => told.extend(conflict(names, given)),
            Rule::ExactlyOne(names) => {
                told.extend(conflict(names, given));
                told.extend(none(names, "exactly one of", given, header));
            }
            Rule::AtLeastOne(names) => {
                told.extend(none(names, "at least one of", given, header));
            }
            Rule::Needs(one, other) => told.extend(needs(one, other, given)),
        }
    }
}

fn conflict(names: &[&str], given: &All) -> Option<Diagnostic> {
    let known = |name: &&&str| given.get(**name).is_some_and(|one| !one.unknown);
    let set: Vec<&str> = names.iter().filter(known).copied().collect();
    let [first, others @ ..] = set.as_slice() else {
        return None;
    };
    if others.is_empty() {
        return None;
    }
    let message = format!("{} exclude each other", listed(&set));
    let mut error = Diagnostic::error("conflicting-arguments", message);
    for name in std::iter::once(first).chain(others) {
        if let Some(one) = given.get(*name) {
            error = error.at(one.span, format!("`{name}` is set here"));
        }
    }
    Some(error.hint("keep one of them"))
}

fn none(names: &[&str], words: &str, given: &All, header: Option<Span>) -> Option<Diagnostic> {
    let outer = |name: &str| name.rsplit_once('.').map(|(block, _)| block.to_owned());
    let absent_block = |name: &&str| outer(name).is_some_and(|block| !given.contains_key(&block));
    if names.iter().any(|name| given.contains_key(*name)) || names.iter().all(absent_block) {
        return None;
    }
    let message = format!("{words} {} must be set", listed(names));
    let error = Diagnostic::error("missing-argument", message);
    Some(super::placed(error, header, "none is set here").hint("add the one that you need"))
}

fn needs(one: &str, other: &str, given: &All) -> Option<Diagnostic> {
    let set = given.get(one).filter(|set| !set.unknown)?;
    if given.contains_key(other) {
        return None;
    }
    let message = format!("`{one}` needs `{other}` beside it");
    Some(
        Diagnostic::error("missing-argument", message)
            .at(set.span, "set here")
            .hint(format!("add `{other} = …`, or remove `{one}`")),
    )
}

fn listed(names: &[&str]) -> String {
    const MOST: usize = 8;
    let mut names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.len() > MOST {
        let more = names.len() - MOST;
        names.truncate(MOST);
        names.push(format!("{more} others"));
    }
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        all => all.concat(),
    }
}
