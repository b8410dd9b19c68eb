//! `terraform` and `provider` blocks: which providers a module uses, and what else is accepted and not needed.

use super::constant::{constant, quoted};
use super::declared::{DeclaredProvider, RequiredProvider, Settings};
use super::layout::{Layout, duplicate, labels, single, valid_name};
use super::list::provider_name;
use super::variable::value;
use super::version;
use crate::source::Diagnostic;
use crate::syntax::{Attribute, Block, Body, Expression, Name, Node};
use std::sync::Arc;

const TERRAFORM: Layout = Layout {
    what: "a `terraform` block",
    required: &[],
    optional: &["required_version", "experiments", "language"],
    blocks: &[
        "required_providers",
        "backend",
        "cloud",
        "encryption",
        "provider_meta",
        "language",
    ],
};

/// Reads a `terraform` block into the settings of its module.
pub(super) fn terraform(
    block: &Block,
    root: bool,
    settings: &mut Settings,
    told: &mut Vec<Diagnostic>,
) {
    if labels(block, [], told).is_none() {
        return;
    }
    let body = &block.body;
    TERRAFORM.check(body, block.header, told);
    if let Some(attribute) = body.attribute("required_version") {
        required_version(attribute, told);
    }
    for inner in &body.blocks {
        match &*inner.kind.text {
            "required_providers" => required_providers(inner, settings, told),
            "backend" => backend(inner, inner.labels.first(), root, settings, told),
            "cloud" => backend(inner, None, root, settings, told),
            "encryption" => told.push(
                Diagnostic::note(
                    "not-used",
                    "`encryption` is not used: vaultform keeps no state",
                )
                .at(inner.header, "here"),
            ),
            _ => {}
        }
    }
}

fn required_version(attribute: &Attribute, told: &mut Vec<Diagnostic>) {
    let value = match constant(&attribute.value) {
        Ok(value) => value,
        Err(error) => {
            told.push(*error);
            return;
        }
    };
    let satisfied = value
        .as_text()
        .and_then(|text| version::satisfies(version::LANGUAGE, text));
    let span = attribute.value.span;
    match satisfied {
        Some(true) => {}
        Some(false) => told.push(
            Diagnostic::warning(
                "required-version",
                "the configuration asks for another version",
            )
            .at(span, "of Terraform or OpenTofu")
            .hint(format!(
                "vaultform goes on: it understands the language as of version {}",
                version::LANGUAGE_TEXT
            )),
        ),
        None => told.push(
            Diagnostic::warning("required-version", "this is not a version constraint")
                .at(span, "expected such as `>= 1.5, < 2.0`"),
        ),
    }
}

fn backend(
    block: &Block,
    kind: Option<&Name>,
    root: bool,
    settings: &mut Settings,
    told: &mut Vec<Diagnostic>,
) {
    let name = kind.unwrap_or(&block.kind).clone();
    if let Some(first) = &settings.backend {
        told.push(duplicate("a place for state", block.header, first.span));
        return;
    }
    if root {
        let what = match kind {
            Some(kind) => format!("the backend `{}`", kind.text),
            None => "`cloud`".to_owned(),
        };
        told.push(
            Diagnostic::note(
                "not-used",
                format!("{what} is not used: vaultform keeps no state"),
            )
            .at(block.header, "may stay for other tools"),
        );
    }
    settings.backend = Some(name);
}

fn required_providers(block: &Block, settings: &mut Settings, told: &mut Vec<Diagnostic>) {
    if labels(block, [], told).is_none() {
        return;
    }
    for attribute in &block.body.attributes {
        let Some(provider) = required_provider(attribute, told) else {
            continue;
        };
        let name = provider.name.clone();
        let before = settings
            .required_providers
            .insert(name.text.clone(), provider);
        if let Some(before) = before {
            let what = format!("the provider `{}`", name.text);
            told.push(duplicate(&what, name.span, before.name.span));
        }
    }
}

fn required_provider(
    attribute: &Attribute,
    told: &mut Vec<Diagnostic>,
) -> Option<RequiredProvider> {
    let name = attribute.name.clone();
    let mut provider = RequiredProvider {
        source: format!("hashicorp/{}", name.text).into(),
        name,
        version: None,
        aliases: Vec::new(),
    };
    match &attribute.value.node {
        Node::Template(_) => {
            let text = quoted(&attribute.value);
            provider.version = text.map(|text| text.text);
            told.push(
                Diagnostic::warning("quoted-version", "a version alone is an old spelling")
                    .at(attribute.value.span, "still understood here")
                    .hint(format!("write `{{ source = \"{}\" }}`", provider.source)),
            );
        }
        Node::Object(items) => {
            for item in items {
                let key = quoted(&item.key).map(|key| key.text).unwrap_or_default();
                match &*key {
                    "source" => provider.source = source(&item.value, told)?,
                    "version" => provider.version = text(&item.value, told),
                    "configuration_aliases" => provider.aliases = aliases(&item.value, told),
                    _ => told.push(
                        Diagnostic::error(
                            "unknown-argument",
                            format!("a required provider has no `{key}`"),
                        )
                        .at(item.key.span, "not expected here")
                        .hint("there is `source`, `version` and `configuration_aliases`"),
                    ),
                }
            }
        }
        _ => {
            told.push(
                Diagnostic::error("wrong-type", "a required provider is an object")
                    .at(attribute.value.span, "this is none")
                    .hint(format!("write `{{ source = \"{}\" }}`", provider.source)),
            );
            return None;
        }
    }
    Some(provider)
}

fn text(expression: &Expression, told: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    match constant(expression) {
        Ok(value) => value.as_text().map(Arc::from),
        Err(error) => {
            told.push(*error);
            None
        }
    }
}

/// Returns a provider's source as `namespace/name`: the registry's host in front is left out.
fn source(expression: &Expression, told: &mut Vec<Diagnostic>) -> Option<Arc<str>> {
    let written = text(expression, told)?;
    let parts: Vec<&str> = written.split('/').collect();
    match parts.as_slice() {
        [name] if !name.is_empty() => Some(format!("hashicorp/{name}").into()),
        [.., namespace, name] if parts.len() <= 3 && !namespace.is_empty() && !name.is_empty() => {
            Some(format!("{namespace}/{name}").to_lowercase().into())
        }
        _ => {
            told.push(
                Diagnostic::error("wrong-value", "this is not the source of a provider")
                    .at(expression.span, "expected such as `hashicorp/vault`"),
            );
            None
        }
    }
}

fn aliases(expression: &Expression, told: &mut Vec<Diagnostic>) -> Vec<Arc<str>> {
    let Node::Tuple(items) = &expression.node else {
        told.push(super::list::not_a_provider(expression.span));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        match provider_name(item) {
            Some(name) => found.push(name),
            None => told.push(super::list::not_a_provider(item.span)),
        }
    }
    found
}

/// Reads a `provider` block.
pub(super) fn provider(block: &Block, told: &mut Vec<Diagnostic>) -> Option<DeclaredProvider> {
    let [name] = labels(block, ["NAME"], told)?;
    let body = &block.body;
    let alias_given = body.attribute("alias");
    let alias = match alias_given {
        None => None,
        Some(attribute) => match quoted(&attribute.value) {
            Some(alias) if valid_name(&alias, told) => Some(alias),
            Some(_) => return None,
            None => {
                told.push(
                    Diagnostic::error(
                        "not-constant",
                        "the alias of a provider must be written out",
                    )
                    .at(attribute.value.span, "expected a name in quotes"),
                );
                return None;
            }
        },
    };
    let for_each = value(body, "for_each");
    if let (Some(attribute), None) = (body.attribute("for_each"), alias_given) {
        told.push(
            Diagnostic::error(
                "missing-argument",
                "a provider with `for_each` needs an `alias`",
            )
            .at(attribute.name.span, "here")
            .hint("add `alias = \"name\"`"),
        );
    }
    if let Some(version) = body.attribute("version") {
        told.push(
            Diagnostic::warning(
                "deprecated",
                "`version` in a `provider` block is an old spelling",
            )
            .at(version.name.span, "not used")
            .hint("write it in `required_providers`"),
        );
    }
    Some(DeclaredProvider {
        name: name.clone(),
        alias,
        for_each,
        body: provider_body(block, told),
        span: block.header,
    })
}

fn provider_body(block: &Block, told: &mut Vec<Diagnostic>) -> Body {
    let body = &block.body;
    let mut rest = body.clone();
    rest.span = Some(block.header);
    rest.attributes
        .retain(|attribute| !matches!(&*attribute.name.text, "alias" | "for_each" | "version"));
    if let Some(escape) = single(body, "_", told) {
        rest.blocks.retain(|block| &*block.kind.text != "_");
        rest.attributes
            .extend(escape.body.attributes.iter().cloned());
        rest.blocks.extend(escape.body.blocks.iter().cloned());
    }
    rest
}

impl DeclaredProvider {
    /// Returns the name by which resources choose it: `vault` or `vault.east`.
    #[must_use]
    pub fn full_name(&self) -> Arc<str> {
        match &self.alias {
            None => self.name.text.clone(),
            Some(alias) => format!("{}.{}", self.name.text, alias.text).into(),
        }
    }
}
