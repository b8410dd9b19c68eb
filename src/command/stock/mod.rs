//! The policies of a directory and who holds them, without a server: what the `.tf` files declare, evaluated as far as that
//! goes, and policies that stand in files of their own.

mod loose;
mod place;
mod refused;
mod witness;

pub use place::{Place, TextMap};
pub use refused::{Judged, faults, refused};
pub use witness::Witness;

use super::context::Context;
use super::exit::Failure;
use super::project;
use crate::catalog::{DataRead, Life, Local};
use crate::config::choose;
use crate::config::variables::{Argument, Given, assign};
use crate::plan::census::{Side, census};
use crate::policy::lint::Origin;
use crate::policy::{Census, Policy, PolicyText, Server, parse_at};
use crate::reconcile::world::World;
use crate::reconcile::{Planned, offline};
use crate::source::{Diagnostic, FileId, Severity, Surroundings};
use place::{Document, Finder, Written};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All that was found.
#[derive(Default)]
pub struct Stock {
    pub census: Census,
    /// Where the text of each policy stands.
    pub places: Vec<Place>,
    /// Whether there is a configuration, or only policies in files.
    pub configured: bool,
    /// Policies in files that no configuration here uses.
    pub loose: Vec<PolicyText>,
    pub loose_files: Vec<FileId>,
    /// What could not be evaluated without a server.
    pub notes: Vec<Diagnostic>,
    /// Top-level blocks of the configuration files, for comments.
    pub written: Written,
}

/// Takes stock of the current directory.
///
/// # Errors
/// Whatever is wrong with the configuration.
pub async fn take(context: &Context, arguments: Vec<Argument>) -> Result<Stock, Failure> {
    let mut stock = Stock::default();
    let entries = context.files.list(Path::new(".")).unwrap_or_default();
    let mut used = Vec::new();
    let chosen = choose(&entries);
    if !chosen.primary.is_empty() || !chosen.overrides.is_empty() {
        stock.configured = true;
        used = configured(context, arguments, &mut stock).await?;
    }
    let mut files = Vec::new();
    loose::find(Path::new("."), &mut files);
    for path in files {
        add_loose(context, &mut stock, &path, &used);
    }
    Ok(stock)
}

/// Takes a policy file that is named.
///
/// # Errors
/// When it cannot be read.
pub fn add_file(context: &Context, stock: &mut Stock, path: &Path) -> Result<(), Diagnostic> {
    let bytes = context.files.read(path).map_err(|why| {
        let message = format!("`{}` cannot be read: {why}", path.display());
        Diagnostic::error("file-unusable", message)
    })?;
    let Ok(text) = String::from_utf8(bytes) else {
        let message = format!("`{}` is not UTF-8", path.display());
        return Err(Diagnostic::error("file-unusable", message));
    };
    let file = context.sources.borrow_mut().add(path, &text);
    let text = context.sources.borrow().file(file).text.to_string();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    stock.loose.push(PolicyText {
        name: name.to_lowercase(),
        namespace: String::new(),
        text,
        origin: Origin::default(),
    });
    stock.loose_files.push(file);
    Ok(())
}

fn add_loose(context: &Context, stock: &mut Stock, path: &Path, used: &[PathBuf]) {
    if used.iter().any(|one| same_path(one, path)) {
        return;
    }
    if context
        .files
        .read(path)
        .is_ok_and(|bytes| loose::is_policy(&String::from_utf8_lossy(&bytes)))
        && let Err(problem) = add_file(context, stock, path)
    {
        stock.notes.push(problem);
    }
}

fn same_path(left: &Path, right: &Path) -> bool {
    let plain = |path: &Path| path.strip_prefix(".").unwrap_or(path).to_owned();
    plain(left) == plain(right)
}

/// Evaluates the configuration; returns the files that it read.
async fn configured(
    context: &Context,
    arguments: Vec<Argument>,
    stock: &mut Stock,
) -> Result<Vec<PathBuf>, Failure> {
    let project = project::read(context, true)?;
    let given = Given {
        environment: project::environment(context),
        arguments,
    };
    let assigned = {
        let mut sources = context.sources.borrow_mut();
        assign(
            &project.configuration.root,
            &given,
            &*context.files,
            &mut sources,
        )
        .0
    };
    let witness = Arc::new(Witness::new(context.files.clone()));
    let world = World::new(
        project.configuration.clone(),
        witness.clone(),
        assigned.values,
        context.workspace.clone(),
        PathBuf::from("."),
    );
    let planned = offline(world, project.graph).await;
    stock.census = census(&planned.plan, Side::After);
    stock.notes = told(&planned);
    stock.written = Written::of(&context.sources.borrow());
    let documents = documents(&planned);
    let read = witness.texts();
    let finder = Finder {
        world: &planned.world,
        read: &read,
        documents: &documents,
        written: &stock.written,
    };
    let mut sources = context.sources.borrow_mut();
    let policies = stock.census.policies.iter();
    stock.places = policies
        .map(|policy| finder.place(policy, &mut sources))
        .collect();
    Ok(read.into_iter().map(|(path, _)| path).collect())
}

/// Returns what went wrong, as far as a server would not put it right: what is not known yet is a note.
fn told(planned: &Planned) -> Vec<Diagnostic> {
    let waits = ["repetition-unknown", "repetition-sensitive"];
    let mut told = planned.plan.diagnostics.clone();
    for found in &mut told {
        if waits.contains(&found.code) {
            found.severity = Severity::Note;
        }
    }
    told
}

/// Lists the policies that the configuration writes as rules, with the places of these.
fn documents(planned: &Planned) -> Vec<Document> {
    let world = &planned.world;
    let mut found = Vec::new();
    for module in world.modules() {
        for (id, declared) in &module.resources {
            let computed = declared.kind.is_some_and(|kind| {
                matches!(
                    kind.life,
                    Life::Data(DataRead::Local(Local::PolicyDocument))
                )
            });
            if !computed {
                continue;
            }
            for at in world.module_instances(&module.path).unwrap_or_default() {
                let seen = world.instances(&at, id).into_iter();
                for seen in seen.flat_map(|known| known.seen.values()).flatten() {
                    found.extend(Document::of(&seen.plan, &declared.body));
                }
            }
        }
    }
    found
}

/// A policy as a server read it, and what that server says of its text.
pub type Read = (Policy, Vec<Diagnostic>, Server);

/// Reads a policy as the given server does, or, where none is given, as the first that takes it.
#[must_use]
pub fn read_policy(text: &str, file: Option<FileId>, server: Option<Server>, now: i64) -> Read {
    let read = |server: Server| {
        let (policy, faults) = parse_at(text, file, server, Some(now));
        (policy, faults, server)
    };
    let first = read(server.unwrap_or(Server::OPENBAO));
    let refused = |read: &Read| read.1.iter().any(Diagnostic::is_error);
    if server.is_some() || !refused(&first) {
        return first;
    }
    let other = read(Server::VAULT);
    if refused(&other) { first } else { other }
}
