//! `resource`, `data` and `ephemeral` blocks: their meta-arguments, and what is left for the schema.

use super::constant::bool_argument;
use super::declared::{DeclaredResource, IgnoreChanges, Lifecycle, Provisioner, Repetition};
use super::layout::{Layout, labels, single};
use super::list::{depends_on, ignore_changes, provider, triggers};
use super::variable::conditions;
use crate::catalog::registry;
use crate::source::Diagnostic;
use crate::syntax::{Attribute, Block, Body, Name, Node};
use crate::value::Mode;

/// Arguments that mean the same in every block with instances.
const META: [&str; 4] = ["count", "for_each", "provider", "depends_on"];
/// Blocks that belong to the language and not to the schema.
const META_BLOCKS: [&str; 5] = ["lifecycle", "provisioner", "connection", "timeouts", "_"];

const MANAGED_LIFECYCLE: Layout = Layout {
    what: "a `lifecycle` block of a resource",
    required: &[],
    optional: &[
        "create_before_destroy",
        "prevent_destroy",
        "ignore_changes",
        "replace_triggered_by",
        "destroy",
        "enabled",
    ],
    blocks: &["precondition", "postcondition"],
};

const READ_LIFECYCLE: Layout = Layout {
    what: "a `lifecycle` block of a data source or ephemeral resource",
    required: &[],
    optional: &["enabled"],
    blocks: &["precondition", "postcondition"],
};

/// Returns the mode that a kind of block declares.
pub(super) fn mode_of(kind: &str) -> Option<Mode> {
    match kind {
        "resource" => Some(Mode::Managed),
        "data" => Some(Mode::Data),
        "ephemeral" => Some(Mode::Ephemeral),
        _ => None,
    }
}

/// Reads a `resource`, `data` or `ephemeral` block.
pub(super) fn resource(
    block: &Block,
    mode: Mode,
    told: &mut Vec<Diagnostic>,
) -> Option<DeclaredResource> {
    let [type_name, name] = labels(block, ["TYPE", "NAME"], told)?;
    let body = &block.body;
    let (lifecycle, enabled) = lifecycle(body, mode, told);
    let only_managed = |kind: &str, told: &mut Vec<Diagnostic>| {
        for inner in body.blocks_of(kind).filter(|_| mode != Mode::Managed) {
            told.push(misplaced(inner));
        }
    };
    only_managed("provisioner", told);
    only_managed("connection", told);
    Some(DeclaredResource {
        mode,
        type_name: type_name.clone(),
        name: name.clone(),
        kind: registry::lookup(mode, &type_name.text),
        repetition: repetition(body, enabled, told),
        provider: body
            .attribute("provider")
            .and_then(|attribute| provider(&attribute.value, told)),
        depends_on: depends_on(body, told),
        lifecycle,
        provisioners: provisioners(body, told),
        connection: single(body, "connection", told).map(|inner| inner.body.clone()),
        body: schema_body(block),
        span: block.header,
    })
}

fn misplaced(inner: &Block) -> Diagnostic {
    let message = format!(
        "a `{}` block stands only in a `resource` block",
        inner.kind.text
    );
    Diagnostic::error("unknown-block", message)
        .at(inner.header, "not expected here")
        .hint("remove it")
}

/// Returns a body without what belongs to the language. What stands in a block `_` belongs to the schema, whatever its
/// name.
fn schema_body(block: &Block) -> Body {
    let body = &block.body;
    let mut rest = Body {
        span: Some(block.header),
        incomplete: body.incomplete,
        ..Body::default()
    };
    let own = |attribute: &&Attribute| !META.contains(&&*attribute.name.text);
    rest.attributes
        .extend(body.attributes.iter().filter(own).cloned());
    for block in &body.blocks {
        if &*block.kind.text == "_" {
            rest.attributes
                .extend(block.body.attributes.iter().cloned());
            rest.blocks.extend(block.body.blocks.iter().cloned());
        } else if !META_BLOCKS.contains(&&*block.kind.text) {
            rest.blocks.push(block.clone());
        }
    }
    rest
}

/// Reads `count`, `for_each` and `lifecycle { enabled }`, of which one may stand.
pub(super) fn repetition(
    body: &Body,
    enabled: Option<&Attribute>,
    told: &mut Vec<Diagnostic>,
) -> Repetition {
    let (count, for_each) = (body.attribute("count"), body.attribute("for_each"));
    let given: Vec<&Attribute> = [for_each, count, enabled].into_iter().flatten().collect();
    if let [first, second, ..] = given.as_slice() {
        told.push(
            Diagnostic::error(
                "conflicting-arguments",
                format!(
                    "`{}` and `{}` exclude each other",
                    first.name.text, second.name.text
                ),
            )
            .at(first.name.span, "here")
            .at(second.name.span, "and here")
            .hint("keep the one that says how many there shall be"),
        );
    }
    match (count, for_each, enabled) {
        (Some(attribute), None, None) => Repetition::Count(attribute.value.clone()),
        (_, Some(attribute), _) => Repetition::ForEach(attribute.value.clone()),
        (Some(attribute), None, Some(_)) => Repetition::Count(attribute.value.clone()),
        (None, None, Some(attribute)) => Repetition::Enabled(attribute.value.clone()),
        (None, None, None) => Repetition::Once,
    }
}

/// Reads the `lifecycle` block, and `enabled` apart, which says how many there are.
fn lifecycle<'a>(
    body: &'a Body,
    mode: Mode,
    told: &mut Vec<Diagnostic>,
) -> (Lifecycle, Option<&'a Attribute>) {
    let Some(block) = single(body, "lifecycle", told) else {
        return (Lifecycle::default(), None);
    };
    let body = &block.body;
    let layout = if mode == Mode::Managed {
        MANAGED_LIFECYCLE
    } else {
        READ_LIFECYCLE
    };
    layout.check(body, block.header, told);
    let mut declared = Lifecycle {
        preconditions: conditions(body, "precondition", told),
        postconditions: conditions(body, "postcondition", told),
        span: Some(block.header),
        ..Lifecycle::default()
    };
    if mode == Mode::Managed {
        declared.prevent_destroy = bool_argument(body, "prevent_destroy", told).unwrap_or(false);
        declared.create_before_destroy =
            bool_argument(body, "create_before_destroy", told).unwrap_or(false);
        declared.destroy = bool_argument(body, "destroy", told);
        declared.ignore_changes = match body.attribute("ignore_changes") {
            Some(attribute) => ignore_changes(&attribute.value, told),
            None => IgnoreChanges::default(),
        };
        declared.replace_triggered_by = match body.attribute("replace_triggered_by") {
            Some(attribute) => triggers(&attribute.value, told),
            None => Vec::new(),
        };
    }
    (declared, body.attribute("enabled"))
}

fn provisioners(body: &Body, told: &mut Vec<Diagnostic>) -> Vec<Provisioner> {
    body.blocks_of("provisioner")
        .filter_map(|block| {
            let [kind] = labels(block, ["TYPE"], told)?;
            let inner = &block.body;
            let mut rest = inner.clone();
            rest.attributes
                .retain(|attribute| !matches!(&*attribute.name.text, "when" | "on_failure"));
            rest.blocks
                .retain(|block| &*block.kind.text != "connection");
            Some(Provisioner {
                kind: kind.clone(),
                on_destroy: word(inner, "when", ["create", "destroy"], told) == Some("destroy"),
                goes_on: word(inner, "on_failure", ["fail", "continue"], told) == Some("continue"),
                connection: single(inner, "connection", told).map(|inner| inner.body.clone()),
                body: rest,
                span: block.header,
            })
        })
        .collect()
}

/// Reads an argument that is one of two bare words.
fn word(
    body: &Body,
    name: &str,
    words: [&'static str; 2],
    told: &mut Vec<Diagnostic>,
) -> Option<&'static str> {
    let attribute = body.attribute(name)?;
    let written: Option<Name> = match &attribute.value.node {
        Node::Variable(word) => Some(word.clone()),
        _ => super::constant::quoted(&attribute.value),
    };
    let found = written.and_then(|written| words.into_iter().find(|word| **word == *written.text));
    if found.is_none() {
        let [first, second] = words;
        told.push(
            Diagnostic::error(
                "wrong-value",
                format!("`{name}` is `{first}` or `{second}`"),
            )
            .at(attribute.value.span, "neither"),
        );
    }
    found
}

const CHECK: Layout = Layout {
    what: "a `check` block",
    required: &[],
    optional: &[],
    blocks: &["data", "assert"],
};

/// Reads a `check` block.
pub(super) fn check(
    block: &Block,
    told: &mut Vec<Diagnostic>,
) -> Option<super::declared::DeclaredCheck> {
    let [name] = labels(block, ["NAME"], told)?;
    let body = &block.body;
    CHECK.check(body, block.header, told);
    let assertions = conditions(body, "assert", told);
    if assertions.is_empty() && !body.incomplete && body.blocks_of("assert").next().is_none() {
        told.push(
            Diagnostic::error(
                "missing-block",
                "a `check` block needs at least one `assert` block",
            )
            .at(block.header, "here"),
        );
    }
    let data = single(body, "data", told).and_then(|inner| resource(inner, Mode::Data, told));
    Some(super::declared::DeclaredCheck {
        name: name.clone(),
        data,
        assertions,
        span: block.header,
    })
}
