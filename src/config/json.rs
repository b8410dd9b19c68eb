//! Files in JSON: which of their properties are blocks, by what the language and the catalog know, so that everything
//! after sees blocks and attributes as in other files.

use crate::catalog::{Attribute, Kind, PROVIDER, registry};
use crate::source::Diagnostic;
use crate::syntax::{Block, Body, Expression, Node, ObjectItem, unquoted};
use std::sync::Arc;

/// Kinds of block with the number of their labels.
type Kinds<'a> = Vec<(&'a str, usize)>;

const FILE: [(&str, usize); 13] = [
    ("resource", 2),
    ("data", 2),
    ("ephemeral", 2),
    ("variable", 1),
    ("locals", 0),
    ("output", 1),
    ("module", 1),
    ("provider", 1),
    ("terraform", 0),
    ("moved", 0),
    ("import", 0),
    ("removed", 0),
    ("check", 1),
];

/// Divides the body of a file that was written in JSON into attributes and blocks.
pub(super) fn divide(body: &Body, told: &mut Vec<Diagnostic>) -> Body {
    let mut body = divided(body, &FILE, told);
    for block in &mut body.blocks {
        divide_block(block, told);
    }
    body
}

fn divided(body: &Body, kinds: &[(&str, usize)], told: &mut Vec<Diagnostic>) -> Body {
    let (body, errors) = body.with_blocks(kinds);
    told.extend(errors);
    body.into_owned()
}

fn divide_block(block: &mut Block, told: &mut Vec<Diagnostic>) {
    let kind = block.kind.text.clone();
    match &*kind {
        "resource" | "data" | "ephemeral" => divide_resource(block, told),
        "provider" => divide_schema(block, PROVIDER.attributes, &[], told),
        // What a local value or a backend calls a name is its own affair.
        "locals" | "backend" | "cloud" | "required_providers" => {
            block.body = divided(&block.body, &[], told);
        }
        other => {
            block.body = divided(&block.body, &kinds_within(other), told);
            for argument in names_within(other) {
                name(&mut block.body, argument, told);
            }
            for inner in &mut block.body.blocks {
                divide_block(inner, told);
            }
        }
    }
}

/// Returns the blocks that a block of the language holds.
fn kinds_within(kind: &str) -> Kinds<'static> {
    match kind {
        "terraform" => vec![
            ("required_providers", 0),
            ("backend", 1),
            ("cloud", 0),
            ("provider_meta", 1),
            ("encryption", 0),
        ],
        "variable" => vec![("validation", 0)],
        "output" => vec![("precondition", 0)],
        "module" | "removed" => vec![("lifecycle", 0)],
        "check" => vec![("data", 2), ("assert", 0)],
        "lifecycle" => vec![("precondition", 0), ("postcondition", 0)],
        "provisioner" => vec![("connection", 0)],
        _ => Vec::new(),
    }
}

fn divide_resource(block: &mut Block, told: &mut Vec<Diagnostic>) {
    let mode = super::resource::mode_of(&block.kind.text);
    let table = mode
        .zip(block.labels.first())
        .and_then(|(mode, label)| registry::lookup(mode, &label.text));
    let attributes: Vec<Attribute> = table
        .into_iter()
        .flat_map(|table| table.all())
        .copied()
        .collect();
    let meta = [
        ("lifecycle", 0),
        ("provisioner", 1),
        ("connection", 0),
        ("timeouts", 0),
    ];
    divide_schema(block, &attributes, &meta, told);
    for argument in names_within(&block.kind.text) {
        name(&mut block.body, argument, told);
    }
}

/// Divides a body by its schema; `meta` are blocks of the language beside those of the schema.
fn divide_schema(
    block: &mut Block,
    attributes: &[Attribute],
    meta: &[(&'static str, usize)],
    told: &mut Vec<Diagnostic>,
) {
    let nested = |name: &str| {
        let found = attributes.iter().find(|attribute| attribute.name == name)?;
        match found.kind {
            Kind::Block(_, inner) => Some(inner),
            _ => None,
        }
    };
    let blocks = attributes.iter().map(|attribute| attribute.name);
    let mut kinds: Kinds<'_> = blocks
        .filter(|name| nested(name).is_some())
        .map(|name| (name, 0))
        .collect();
    kinds.extend_from_slice(meta);
    kinds.push(("dynamic", 1));
    block.body = divided(&block.body, &kinds, told);
    for inner in &mut block.body.blocks {
        let label = inner.labels.first().map(|label| label.text.clone());
        match (&*inner.kind.text, label) {
            ("dynamic", Some(label)) => {
                inner.body = divided(&inner.body, &[("content", 0)], told);
                name(&mut inner.body, "iterator", told);
                for content in &mut inner.body.blocks {
                    divide_schema(content, nested(&label).unwrap_or_default(), &[], told);
                }
            }
            (kind, _) => match nested(kind) {
                Some(attributes) => divide_schema(inner, attributes, &[], told),
                None => divide_block(inner, told),
            },
        }
    }
}

/// Returns the arguments of a block of the language that hold names: in JSON they stand in quotation marks.
fn names_within(kind: &str) -> &'static [&'static str] {
    match kind {
        "resource" | "data" | "ephemeral" => &["depends_on", "provider"],
        "variable" => &["type"],
        "output" => &["depends_on"],
        "module" => &["depends_on", "providers"],
        "moved" => &["from", "to"],
        "import" => &["to", "provider"],
        "removed" => &["from"],
        "lifecycle" => &["ignore_changes", "replace_triggered_by"],
        _ => &[],
    }
}

/// Takes the quotation marks from an argument that holds names.
fn name(body: &mut Body, argument: &str, told: &mut Vec<Diagnostic>) {
    let mut attributes = body.attributes.iter_mut();
    if let Some(found) = attributes.find(|attribute| &*attribute.name.text == argument) {
        found.value = Arc::new(bare(&found.value, told));
    }
}

fn bare(value: &Expression, told: &mut Vec<Diagnostic>) -> Expression {
    let node = match &value.node {
        Node::Tuple(items) => Node::Tuple(items.iter().map(|item| bare(item, told)).collect()),
        Node::Object(items) => Node::Object(
            items
                .iter()
                .map(|item| ObjectItem {
                    key: item.key.clone(),
                    value: bare(&item.value, told),
                })
                .collect(),
        ),
        _ => match unquoted(value) {
            Ok(inner) => return inner.into_owned(),
            Err(errors) => {
                told.extend(errors);
                value.node.clone()
            }
        },
    };
    Expression {
        node,
        span: value.span,
    }
}
