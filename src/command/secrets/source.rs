//! From files to places: what is to be where.

use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::flags::{is_set, text, texts};
use crate::operate::secrets::rules::{Fate, Rules, Target};
use crate::operate::secrets::store::Wanted;
use crate::operate::secrets::{Flaw, Listing, Named, dotenv, tree};
use crate::source::{Diagnostic, Surroundings, nearest};
use clap::ArgMatches;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// All secrets by the place where they go.
#[derive(Default)]
pub struct Sorted {
    pub places: BTreeMap<Target, Wanted>,
    /// How many names the rules leave out.
    pub ignored: usize,
    /// Names without a value.
    pub empty: Vec<String>,
}

/// Reads the files of the command line and sorts their secrets.
///
/// # Errors
/// All that is wrong with the files, and all names that no rule maps.
pub fn sorted(context: &Context, matches: &ArgMatches) -> Result<Sorted, Failure> {
    let rules = super::settings::read(context)?;
    let categories = texts(matches, "category");
    known(&rules, &categories)?;
    let (mut secrets, mut problems): (Vec<Named>, Vec<Diagnostic>) = (Vec::new(), Vec::new());
    for file in texts(matches, "FILE") {
        match listing(context, matches, &file)? {
            Ok(listing) => {
                let odd = listing
                    .oddities
                    .iter()
                    .map(|flaw| told(&file, flaw, Diagnostic::warning));
                context.tell(&odd.collect::<Vec<_>>());
                secrets.extend(listing.secrets);
            }
            Err(flaws) => problems.extend(
                flaws
                    .iter()
                    .map(|flaw| told(&file, flaw, Diagnostic::error)),
            ),
        }
    }
    let sorted = sort(&rules, &categories, secrets, &mut problems);
    match problems.is_empty() {
        true => Ok(sorted),
        false => Err(problems.into()),
    }
}

fn known(rules: &Rules, categories: &[String]) -> Result<(), Diagnostic> {
    let names: Vec<&str> = rules
        .rules
        .iter()
        .map(|rule| rule.category.as_str())
        .collect();
    let Some(unknown) = categories
        .iter()
        .find(|name| !names.contains(&name.as_str()))
    else {
        return Ok(());
    };
    let message = format!("there is no rule `{unknown}`");
    let hint = match nearest(unknown, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are `{}`", names.join("`, `")),
    };
    Err(Diagnostic::error("invalid-option", message).hint(hint))
}

type Read = Result<Listing, Vec<Flaw>>;

fn listing(context: &Context, matches: &ArgMatches, file: &str) -> Result<Read, Diagnostic> {
    let unread =
        |why: String| Diagnostic::error("file-unusable", format!("`{file}` cannot be read: {why}"));
    let path = if file == "-" { "/dev/fd/0" } else { file };
    let bytes = Zeroizing::new(context.files.read(Path::new(path)).map_err(unread)?);
    let content = std::str::from_utf8(&bytes).map_err(|_| unread("it is not UTF-8".to_owned()))?;
    let ending = Path::new(file)
        .extension()
        .and_then(|ending| ending.to_str());
    let format = text(matches, "format").or(ending).unwrap_or_default();
    match format {
        "json" => Ok(tree::json(content)),
        "yaml" | "yml" => Ok(tree::yaml(content)),
        _ if text(matches, "format").is_some_and(|format| format != "env") => {
            let message = format!("`-format={format}` is none of `env`, `json`, `yaml`");
            Err(Diagnostic::error("invalid-option", message))
        }
        _ => Ok(dotenv::read(content, is_set(matches, "expand"))),
    }
}

/// Says where a flaw is, and never shows the line: it may hold a secret.
fn told(file: &str, flaw: &Flaw, severity: fn(&'static str, String) -> Diagnostic) -> Diagnostic {
    let place = match (flaw.line, flaw.column) {
        (0, _) => format!("`{file}`"),
        (line, column) => format!("`{file}`, line {line}, column {column}"),
    };
    severity("secrets-file", format!("{place}: {}", flaw.what))
}

fn sort(
    rules: &Rules,
    categories: &[String],
    secrets: Vec<Named>,
    problems: &mut Vec<Diagnostic>,
) -> Sorted {
    let (mut sorted, mut unmapped) = (Sorted::default(), Vec::new());
    for Named { name, value, .. } in secrets {
        match rules.fate(&name) {
            Fate::Ignored => sorted.ignored += 1,
            Fate::Unmapped => unmapped.push(name),
            Fate::Goes { category, .. }
                if !categories.is_empty() && !categories.contains(&category) =>
            {
                sorted.ignored += 1;
            }
            Fate::Goes { .. } if value.is_empty() => sorted.empty.push(name),
            Fate::Goes { target, field, .. } => {
                let whole = format!("{target} {field}");
                let before = sorted
                    .places
                    .entry(target)
                    .or_default()
                    .0
                    .insert(field, (name.clone(), value));
                if let Some((other, _)) = before.filter(|(other, _)| *other != name) {
                    problems.push(same_place(&other, &name, &whole));
                }
            }
        }
    }
    if !unmapped.is_empty() {
        problems.push(no_rule(&unmapped));
    }
    sorted
}

fn same_place(one: &str, other: &str, place: &str) -> Diagnostic {
    let message = format!("`{one}` and `{other}` go to the same place: {place}");
    Diagnostic::error("secrets-collide", message)
        .hint("let `path` or `field` of a rule tell them apart, by `{rest}` or `{name}`")
}

fn no_rule(names: &[String]) -> Diagnostic {
    let message = match names {
        [name] => format!("no rule says where `{name}` goes"),
        names => format!("no rule says where {} names go", names.len()),
    };
    Diagnostic::error("secrets-unmapped", message)
        .detail(names.join("\n"))
        .hint("add a `rule` for them to the block `secrets`, or leave them out with `ignore = [\"…\"]`")
}
