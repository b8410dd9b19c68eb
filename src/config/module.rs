//! From the blocks of one directory to the declarations of a module.

use super::declared::{
    DeclaredCall, DeclaredCheck, DeclaredLocal, DeclaredOutput, DeclaredProvider, DeclaredResource,
    DeclaredVariable, Module, ResourceId,
};
use super::layout::{duplicate, suggest};
use super::{call, refactor, resource, settings, variable};
use crate::source::{Diagnostic, Span};
use crate::syntax::{Attribute, Block, Body};
use crate::value::Mode;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

/// The kinds of block that a configuration file holds.
const KINDS: [&str; 13] = [
    "resource",
    "data",
    "variable",
    "locals",
    "output",
    "module",
    "provider",
    "terraform",
    "moved",
    "import",
    "removed",
    "check",
    "ephemeral",
];

/// Reads the blocks of a directory into a module that knows its path and directory.
pub(super) fn read(body: &Body, module: &mut Module, told: &mut Vec<Diagnostic>) {
    for attribute in &body.attributes {
        told.push(stray(attribute));
    }
    for block in &body.blocks {
        read_block(block, module, told);
    }
}

fn stray(attribute: &Attribute) -> Diagnostic {
    let name = &attribute.name.text;
    Diagnostic::error("unknown-argument", "a configuration file holds blocks only")
        .at(attribute.name.span, "this is an argument")
        .hint(format!(
            "to name a value write `locals {{ {name} = … }}`; values of variables stand in `.tfvars` files"
        ))
}

fn read_block(block: &Block, module: &mut Module, told: &mut Vec<Diagnostic>) {
    let root = module.path.is_empty();
    match &*block.kind.text {
        "terraform" => settings::terraform(block, root, &mut module.settings, told),
        "variable" => {
            let found = variable::variable(block, told);
            keep(&mut module.variables, "the variable ", found, told);
        }
        "locals" => {
            for found in variable::locals(block, told) {
                keep(&mut module.locals, "the local value ", Some(found), told);
            }
        }
        "output" => {
            let found = variable::output(block, told);
            keep(&mut module.outputs, "the output ", found, told);
        }
        "module" => {
            let found = call::call(block, told);
            keep(&mut module.calls, "the module ", found, told);
        }
        "provider" => {
            let found = settings::provider(block, told);
            keep(&mut module.providers, "the provider ", found, told);
        }
        "check" => {
            let found = resource::check(block, told);
            keep(&mut module.checks, "the check ", found, told);
        }
        "moved" => module.moved.extend(refactor::moved(block, told)),
        "import" => module.imports.extend(refactor::import(block, root, told)),
        "removed" => module.removed.extend(refactor::removed(block, told)),
        kind => match resource::mode_of(kind) {
            Some(mode) => {
                let found = resource::resource(block, mode, told);
                keep(&mut module.resources, "", found, told);
            }
            None => told.push(unknown(block)),
        },
    }
}

fn unknown(block: &Block) -> Diagnostic {
    let kind = &*block.kind.text;
    let error = Diagnostic::error("unknown-block", format!("there is no block `{kind}`"))
        .at(block.header, "not expected here");
    suggest(error, kind, KINDS)
}

/// What is declared under a name of its own.
trait Named {
    type Key: Ord + fmt::Display;
    fn key(&self) -> Self::Key;
    /// What a diagnostic underlines.
    fn place(&self) -> Span;
}

/// Keeps what is declared first under a name; tells of what comes again.
fn keep<T: Named>(
    known: &mut BTreeMap<T::Key, T>,
    what: &str,
    found: Option<T>,
    told: &mut Vec<Diagnostic>,
) {
    let Some(found) = found else { return };
    match known.entry(found.key()) {
        Entry::Vacant(free) => {
            free.insert(found);
        }
        Entry::Occupied(first) => {
            let what = format!("{what}`{}`", first.key());
            told.push(duplicate(&what, found.place(), first.get().place()));
        }
    }
}

impl Named for DeclaredResource {
    type Key = ResourceId;
    fn key(&self) -> ResourceId {
        self.id()
    }
    fn place(&self) -> Span {
        self.span
    }
}

impl Named for DeclaredProvider {
    type Key = Arc<str>;
    fn key(&self) -> Arc<str> {
        self.full_name()
    }
    fn place(&self) -> Span {
        self.span
    }
}

macro_rules! named {
    ($($declared:ty),*) => {$(
        impl Named for $declared {
            type Key = Arc<str>;
            fn key(&self) -> Arc<str> {
                self.name.text.clone()
            }
            fn place(&self) -> Span {
                self.span
            }
        }
    )*};
}

named!(
    DeclaredVariable,
    DeclaredLocal,
    DeclaredOutput,
    DeclaredCall,
    DeclaredCheck
);

impl DeclaredResource {
    /// Returns its name within the module.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId {
            mode: self.mode,
            type_name: self.type_name.text.clone(),
            name: self.name.text.clone(),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.mode {
            Mode::Managed => "",
            Mode::Data => "data.",
            Mode::Ephemeral => "ephemeral.",
        })?;
        write!(out, "{}.{}", self.type_name, self.name)
    }
}
