//! Resources of types that no table tells of: their arguments against the provider's own schema.

use super::declared::DeclaredResource;
use super::layout::suggest;
use crate::catalog::Presence;
use crate::catalog::foreign::{Foreign, Schema, Shape};
use crate::source::{Diagnostic, Span};
use crate::syntax::Body;

/// Arguments that every type has, whatever its schema says.
const COMMON: [&str; 1] = ["namespace"];

/// Tells what is wrong with a resource by the provider's schema: names that it does not have, arguments that are missing
/// or cannot be set.
pub(super) fn check(resource: &DeclaredResource, schema: &Schema) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let header = resource.type_name.span;
    level(
        &resource.body,
        &schema.attributes,
        &resource.type_name.text,
        header,
        &mut told,
    );
    told
}

fn level(
    body: &Body,
    attributes: &[Foreign],
    what: &str,
    header: Span,
    told: &mut Vec<Diagnostic>,
) {
    let nested: Vec<(&str, usize)> = attributes
        .iter()
        .filter(|attribute| matches!(attribute.shape, Shape::Blocks { .. }))
        .map(|attribute| (attribute.name, 0))
        .chain([("dynamic", 1)])
        .collect();
    let (body, errors) = body.with_blocks(&nested);
    told.extend(errors);
    for given in &body.attributes {
        let known = attributes.iter().find(|one| one.name == &*given.name.text);
        match known {
            Some(known) if known.presence == Presence::Computed => told.push(
                Diagnostic::error(
                    "computed-attribute",
                    format!("`{}` is set by the server", known.name),
                )
                .at(given.name.span, "it cannot be set")
                .hint("remove it; other blocks can refer to it"),
            ),
            Some(_) => {}
            None if COMMON.contains(&&*given.name.text) => {}
            None => told.push(unknown(&given.name.text, given.name.span, what, attributes)),
        }
    }
    for block in &body.blocks {
        let name = match (&*block.kind.text, block.labels.first()) {
            ("dynamic", Some(label)) => label,
            _ => &block.kind,
        };
        let known = attributes.iter().find(|one| one.name == &*name.text);
        match known.map(|known| &known.shape) {
            Some(Shape::Blocks { attributes, .. }) if &*block.kind.text != "dynamic" => {
                level(&block.body, attributes, &name.text, block.header, told);
            }
            Some(_) => {}
            None => told.push(unknown(&name.text, name.span, what, attributes)),
        }
    }
    if !body.incomplete {
        told.extend(missing(&body, attributes, what, header));
    }
}

fn unknown(name: &str, span: Span, what: &str, attributes: &[Foreign]) -> Diagnostic {
    let message = format!("`{what}` has no argument `{name}`");
    let error = Diagnostic::error("unknown-argument", message).at(span, "not expected here");
    let settable = attributes
        .iter()
        .filter(|attribute| attribute.presence != Presence::Computed);
    suggest(error, name, settable.map(|attribute| attribute.name))
}

fn missing(
    body: &Body,
    attributes: &[Foreign],
    what: &str,
    header: Span,
) -> impl Iterator<Item = Diagnostic> {
    let is_given = |name: &str| {
        let dynamic = body.blocks_of("dynamic");
        let mut made = dynamic.filter_map(|block| block.labels.first());
        body.attribute(name).is_some()
            || body.blocks_of(name).next().is_some()
            || made.any(|label| &*label.text == name)
    };
    let absent = attributes
        .iter()
        .filter(|attribute| attribute.presence == Presence::Required && !is_given(attribute.name));
    let tell = |attribute: &Foreign| {
        let message = format!("`{what}` needs `{}`", attribute.name);
        Diagnostic::error("missing-argument", message)
            .at(header, "here")
            .hint(format!("add `{} = …`", attribute.name))
    };
    absent.map(tell).collect::<Vec<_>>().into_iter()
}
