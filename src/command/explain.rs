//! `explain`: what a resource type or one of its attributes is, from the catalog.

use super::context::Context;
use super::exit::{Done, Exit};
use super::flags::{switch, word};
use crate::catalog::foreign::{Foreign, Missing, Shape, known_elsewhere};
use crate::catalog::registry::{lookup, names};
use crate::catalog::{Attribute, Kind, ResourceType};
use crate::catalog::{docs, elsewhere};
use crate::source::{Diagnostic, nearest};
use crate::value::Mode;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("explain")
        .about("Tell what a resource type or an attribute is")
        .arg(
            word(
                "TYPE",
                "`vault_mount`, `data.vault_policy_document`, `vault_mount.path`",
            )
            .required(true),
        )
        .arg(switch("data", "The data source of that name"))
        .arg(switch("ephemeral", "The ephemeral resource of that name"))
}

/// Explains a type or an attribute.
///
/// # Errors
/// When there is no such type or attribute.
pub fn run(context: &Context, matches: &ArgMatches) -> Done {
    let asked = super::flags::text(matches, "TYPE").unwrap_or_default();
    let mut words = asked.split('.').peekable();
    let mode = match words.peek() {
        Some(&"data") => Some(Mode::Data),
        Some(&"ephemeral") => Some(Mode::Ephemeral),
        Some(&"resource") => Some(Mode::Managed),
        _ => None,
    };
    if mode.is_some() {
        words.next();
    }
    let chosen = ["data", "ephemeral"]
        .iter()
        .find(|name| super::flags::is_set(matches, name));
    let mode = mode.or(chosen.map(|name| {
        if *name == "data" {
            Mode::Data
        } else {
            Mode::Ephemeral
        }
    }));
    let name = words.next().unwrap_or_default();
    let path: Vec<&str> = words.collect();
    let table = match table(name, mode) {
        Ok(table) => table,
        Err(problem) => {
            let missing = modes(mode).find_map(|mode| known_elsewhere(mode, name));
            let missing = missing.ok_or(problem)?;
            context.say(&explain_elsewhere(&missing, &path)?);
            return Ok(Exit::Done);
        }
    };
    let attribute = match path.as_slice() {
        [] => None,
        path => Some(attribute(table, path)?),
    };
    context.say(&docs::explain(table, attribute));
    Ok(Exit::Done)
}

fn table(name: &str, mode: Option<Mode>) -> Result<&'static ResourceType, Diagnostic> {
    let found = modes(mode).find_map(|mode| lookup(mode, name));
    found.ok_or_else(|| {
        let problem = Diagnostic::error(
            "unknown-type",
            format!("there is no resource type `{name}`"),
        );
        let all: Vec<&str> = modes(mode).flat_map(names).collect();
        suggest(problem, name, &all)
    })
}

fn modes(mode: Option<Mode>) -> impl Iterator<Item = Mode> {
    let all = [Mode::Managed, Mode::Data, Mode::Ephemeral];
    all.into_iter()
        .filter(move |one| mode.is_none_or(|mode| mode == *one))
}

/// Explains a type that is not managed here, or one of its attributes.
fn explain_elsewhere(missing: &Missing, path: &[&str]) -> Result<String, Diagnostic> {
    let mut level = &missing.schema.attributes;
    let mut found: Option<&Foreign> = None;
    for name in path {
        let next = level.iter().find(|attribute| attribute.name == *name);
        let Some(next) = next else {
            let message = format!(
                "`{}` has no attribute `{}`",
                missing.schema.name,
                path.join(".")
            );
            let names: Vec<&str> = level.iter().map(|attribute| attribute.name).collect();
            let problem = Diagnostic::error("unknown-attribute", message);
            return Err(suggest(problem, name, &names));
        };
        found = Some(next);
        level = match &next.shape {
            Shape::Blocks { attributes, .. } => attributes,
            Shape::Value(_) => &NONE,
        };
    }
    Ok(match found {
        Some(attribute) => elsewhere::explain_attribute(missing, &path.join("."), attribute),
        None => elsewhere::explain_type(missing),
    })
}

static NONE: Vec<Foreign> = Vec::new();

fn attribute(
    table: &'static ResourceType,
    path: &[&str],
) -> Result<&'static Attribute, Diagnostic> {
    let mut level: Vec<&'static Attribute> = table.all().collect();
    let mut found: Option<&'static Attribute> = None;
    for name in path {
        let next = level
            .iter()
            .find(|attribute| attribute.name == *name)
            .copied();
        let Some(next) = next else {
            let message = format!("`{}` has no attribute `{}`", table.name, path.join("."));
            let names: Vec<&str> = level.iter().map(|attribute| attribute.name).collect();
            return Err(suggest(
                Diagnostic::error("unknown-attribute", message),
                name,
                &names,
            ));
        };
        found = Some(next);
        level = match next.kind {
            Kind::Block(_, inner) => inner.iter().collect(),
            _ => Vec::new(),
        };
    }
    found.ok_or_else(|| Diagnostic::error("unknown-attribute", "no attribute is named"))
}

fn suggest(problem: Diagnostic, name: &str, all: &[&str]) -> Diagnostic {
    match nearest(name, all.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}
