//! `module` blocks, and where their sources are.

use super::constant::text_argument;
use super::declared::{DeclaredCall, ProviderReference};
use super::layout::{Layout, labels, single};
use super::list::{self, depends_on, provider_name};
use super::resource::repetition;
use crate::source::Diagnostic;
use crate::syntax::{Block, Body, Name, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

const META: [&str; 6] = [
    "source",
    "version",
    "count",
    "for_each",
    "depends_on",
    "providers",
];

const LIFECYCLE: Layout = Layout {
    what: "a `lifecycle` block of a module",
    required: &[],
    optional: &["enabled"],
    blocks: &[],
};

/// Reads a `module` block; its module is loaded afterwards.
pub(super) fn call(block: &Block, told: &mut Vec<Diagnostic>) -> Option<DeclaredCall> {
    let [name] = labels(block, ["NAME"], told)?;
    let body = &block.body;
    for inner in &body.blocks {
        if !matches!(&*inner.kind.text, "lifecycle" | "providers") {
            let message = format!("a `module` block holds no block `{}`", inner.kind.text);
            told.push(
                Diagnostic::error("unknown-block", message)
                    .at(inner.header, "not expected here")
                    .hint(format!(
                        "to set an input variable write `{} = …`",
                        inner.kind.text
                    )),
            );
        }
    }
    let lifecycle = single(body, "lifecycle", told);
    if let Some(inner) = lifecycle {
        LIFECYCLE.check(&inner.body, inner.header, told);
    }
    let enabled = lifecycle.and_then(|inner| inner.body.attribute("enabled"));
    if body.attribute("source").is_none() && !body.incomplete {
        told.push(
            Diagnostic::error(
                "missing-argument",
                "a `module` block needs the argument `source`",
            )
            .at(block.header, "here")
            .hint("add `source = \"./modules/NAME\"`"),
        );
    }
    Some(DeclaredCall {
        name: name.clone(),
        source: source(block, told),
        module: None,
        repetition: repetition(body, enabled, told),
        depends_on: depends_on(body, told),
        providers: providers(body, told),
        arguments: arguments(body),
        span: block.header,
    })
}

fn source(block: &Block, told: &mut Vec<Diagnostic>) -> Name {
    let attribute = block.body.attribute("source");
    Name {
        text: text_argument(&block.body, "source", told).unwrap_or_default(),
        span: attribute.map_or(block.header, |attribute| attribute.value.span),
    }
}

fn arguments(body: &Body) -> Body {
    let mut rest = body.clone();
    rest.blocks.clear();
    rest.attributes
        .retain(|attribute| !META.contains(&&*attribute.name.text));
    rest
}

fn providers(body: &Body, told: &mut Vec<Diagnostic>) -> BTreeMap<Arc<str>, ProviderReference> {
    let mut found = BTreeMap::new();
    let Some(attribute) = body.attribute("providers") else {
        return found;
    };
    let Node::Object(items) = &attribute.value.node else {
        told.push(list::not_a_provider(attribute.value.span));
        return found;
    };
    for item in items {
        let Some(slot) = provider_name(&item.key) else {
            told.push(list::not_a_provider(item.key.span));
            continue;
        };
        if let Some(given) = list::provider(&item.value, told) {
            found.insert(slot, given);
        }
    }
    found
}

/// What a module's source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `./x`, `../x`: a directory beside the calling module.
    Local,
    /// `git::…`, `github.com/…`
    Git,
    /// `namespace/name/provider`
    Registry,
    /// `https://…`, `s3::…` and the like.
    Archive,
}

/// Tells what a module's source says.
#[must_use]
pub fn source_of(source: &str) -> Source {
    let starts = |beginnings: &[&str]| beginnings.iter().any(|start| source.starts_with(start));
    if matches!(source, "." | "..") || starts(&["./", "../", "/", ".\\", "..\\"]) {
        Source::Local
    } else if starts(&[
        "git::",
        "git@",
        "github.com/",
        "gitlab.com/",
        "bitbucket.org/",
        "hg::",
    ]) {
        Source::Git
    } else if source.contains("::") || source.contains("://") {
        Source::Archive
    } else {
        Source::Registry
    }
}
