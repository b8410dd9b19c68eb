//! Test files: `*.tftest.hcl`, whose `run` blocks plan or apply the configuration and ask for what must hold then.

use super::constant::{quoted, text_argument};
use super::declared::{Condition, DeclaredProvider, ProviderReference};
use super::layout::{Layout, labels, single};
use super::list;
use super::reference::{Reference, reference};
use super::settings;
use super::variable::conditions;
use crate::source::Diagnostic;
use crate::syntax::{Attribute, Block, Body, Name, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A test file as declared.
#[derive(Clone, Debug, Default)]
pub struct TestFile {
    /// Variables of all runs.
    pub variables: Vec<Attribute>,
    /// Provider blocks that take the place of the configuration's, by `vault` or `vault.alias`.
    pub providers: BTreeMap<Arc<str>, DeclaredProvider>,
    /// In the order in which they run.
    pub runs: Vec<Run>,
}

/// A `run` block.
#[derive(Clone, Debug)]
pub struct Run {
    pub name: Name,
    /// `command = apply`, which is the default; otherwise it only plans.
    pub applies: bool,
    pub variables: Vec<Attribute>,
    /// The source of another module to run instead of the configuration.
    pub module: Option<Name>,
    /// Which providers of the test file the run uses; empty for those of the same names.
    pub providers: BTreeMap<Arc<str>, ProviderReference>,
    pub assertions: Vec<Condition>,
    /// What must fail: variables, outputs, checks, resources.
    pub expected: Vec<Reference>,
    pub options: RunOptions,
    /// Runs with the same key share their objects.
    pub state_key: Option<Arc<str>>,
}

/// A `plan_options` block.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    pub refresh_only: bool,
    pub targets: Vec<String>,
    pub replace: Vec<String>,
}

const FILE: Layout = Layout {
    what: "a test file",
    required: &[],
    optional: &[],
    blocks: &["variables", "provider", "run", "test"],
};

const RUN: Layout = Layout {
    what: "a `run` block",
    required: &[],
    optional: &[
        "command",
        "providers",
        "expect_failures",
        "state_key",
        "parallel",
    ],
    blocks: &["variables", "module", "assert", "plan_options"],
};

const MODULE: Layout = Layout {
    what: "a `module` block of a run",
    required: &["source"],
    optional: &["version"],
    blocks: &[],
};

const OPTIONS: Layout = Layout {
    what: "a `plan_options` block",
    required: &[],
    optional: &["mode", "refresh", "replace", "target"],
    blocks: &[],
};

/// Reads a test file.
#[must_use]
pub fn test_file(body: &Body, told: &mut Vec<Diagnostic>) -> TestFile {
    let mut found = TestFile::default();
    let body = without_mocks(body, told);
    if let Some(span) = body.span {
        FILE.check(&body, span, told);
    }
    if let Some(block) = single(&body, "variables", told) {
        found.variables.clone_from(&block.body.attributes);
    }
    for block in body.blocks_of("provider") {
        if let Some(provider) = settings::provider(block, told) {
            found.providers.insert(provider.full_name(), provider);
        }
    }
    for block in body.blocks_of("run") {
        let Some(run) = run(block, told) else {
            continue;
        };
        match found
            .runs
            .iter()
            .find(|other| other.name.text == run.name.text)
        {
            Some(other) => told.push(
                Diagnostic::error(
                    "duplicate",
                    format!("the run `{}` is declared twice", run.name.text),
                )
                .at(run.name.span, "again here")
                .at(other.name.span, "first here")
                .hint("rename one of the two"),
            ),
            None => found.runs.push(run),
        }
    }
    found
}

/// Tells of blocks that stand in for a server, and leaves them out.
fn without_mocks(body: &Body, told: &mut Vec<Diagnostic>) -> Body {
    let stands_in = |block: &&Block| {
        block.kind.text.starts_with("mock_") || block.kind.text.starts_with("override_")
    };
    for block in body.blocks.iter().filter(stands_in) {
        let message = format!(
            "`{}` is not available: tests run against a real server",
            block.kind.text
        );
        told.push(
            Diagnostic::error("unsupported-block", message)
                .at(block.header, "not expected here")
                .hint("remove it, and give the tests a server of their own: `bao server -dev`"),
        );
    }
    let mut rest = body.clone();
    rest.blocks.retain(|block| !stands_in(&block));
    rest
}

fn run(block: &Block, told: &mut Vec<Diagnostic>) -> Option<Run> {
    let [name] = labels(block, ["NAME"], told)?;
    let body = without_mocks(&block.body, told);
    RUN.check(&body, block.header, told);
    let variables = single(&body, "variables", told);
    let module = single(&body, "module", told);
    let options = single(&body, "plan_options", told);
    Some(Run {
        name: name.clone(),
        applies: word(&body, "command", &["apply", "plan"], told).as_deref() != Some("plan"),
        variables: variables.map_or_else(Vec::new, |block| block.body.attributes.clone()),
        module: module.and_then(|block| source(block, told)),
        providers: providers(&body, told),
        assertions: conditions(&body, "assert", told),
        expected: expected(&body, told),
        options: options.map_or_else(RunOptions::default, |block| run_options(block, told)),
        state_key: text_argument(&body, "state_key", told),
    })
}

/// Reads an argument that is one of a few bare words.
fn word(body: &Body, name: &str, words: &[&str], told: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    let given = &body.attribute(name)?.value;
    if let Node::Variable(word) = &given.node
        && words.contains(&&*word.text)
    {
        return Some(word.text.clone());
    }
    let all: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    told.push(
        Diagnostic::error(
            "invalid-value",
            format!("`{name}` is one of {}", all.join(", ")),
        )
        .at(given.span, "this is none of them")
        .hint("write the word without quotes"),
    );
    None
}

fn source(block: &Block, told: &mut Vec<Diagnostic>) -> Option<Name> {
    MODULE.check(&block.body, block.header, told);
    let text = text_argument(&block.body, "source", told)?;
    let span = block.body.attribute("source")?.value.span;
    Some(Name { text, span })
}

fn providers(body: &Body, told: &mut Vec<Diagnostic>) -> BTreeMap<Arc<str>, ProviderReference> {
    let Some(given) = body.attribute("providers") else {
        return BTreeMap::new();
    };
    let Node::Object(items) = &given.value.node else {
        told.push(list::not_a_provider(given.value.span));
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for item in items {
        match list::provider_name(&item.key) {
            Some(slot) => {
                if let Some(provider) = list::provider(&item.value, told) {
                    found.insert(slot, provider);
                }
            }
            None => told.push(list::not_a_provider(item.key.span)),
        }
    }
    found
}

fn expected(body: &Body, told: &mut Vec<Diagnostic>) -> Vec<Reference> {
    let Some(given) = body.attribute("expect_failures") else {
        return Vec::new();
    };
    let Node::Tuple(items) = &given.value.node else {
        told.push(
            Diagnostic::error("wrong-type", "`expect_failures` is a list")
                .at(given.value.span, "this is none")
                .hint("write `[var.name, check.name]`"),
        );
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        match reference(item) {
            Some(Ok(one)) => found.push(one),
            Some(Err(misnamed)) => told.push(misnamed.diagnostic()),
            None => told.push(
                Diagnostic::error("invalid-reference", "this names nothing that can fail")
                    .at(item.span, "here")
                    .hint("name a variable, an output, a check or a resource"),
            ),
        }
    }
    found
}

fn run_options(block: &Block, told: &mut Vec<Diagnostic>) -> RunOptions {
    let body = &block.body;
    OPTIONS.check(body, block.header, told);
    let mode = word(body, "mode", &["normal", "refresh-only"], told);
    RunOptions {
        refresh_only: mode.as_deref() == Some("refresh-only"),
        targets: addresses(body, "target", told),
        replace: addresses(body, "replace", told),
    }
}

/// Reads a list of addresses as the text that they are written with.
fn addresses(body: &Body, name: &str, told: &mut Vec<Diagnostic>) -> Vec<String> {
    let Some(given) = body.attribute(name) else {
        return Vec::new();
    };
    let Node::Tuple(items) = &given.value.node else {
        told.push(
            Diagnostic::error("wrong-type", format!("`{name}` is a list of addresses"))
                .at(given.value.span, "this is none"),
        );
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let place = super::place::place(item, &mut |_| None);
        match (place, quoted(item)) {
            (Ok(place), _) => found.extend(
                place
                    .address(&crate::value::ModuleAddress::default())
                    .map(|address| address.to_string()),
            ),
            (Err(_), Some(text)) => found.push(text.text.to_string()),
            (Err(problem), None) => told.push(*problem),
        }
    }
    found
}
