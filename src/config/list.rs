//! Lists of references that stand literally: `depends_on`, `ignore_changes`, `provider`, `replace_triggered_by`.

use super::constant::quoted;
use super::declared::{IgnoreChanges, ProviderReference};
use super::layout::is_name;
use super::reference::{Reference, Target, reference};
use crate::source::{Diagnostic, Span};
use crate::syntax::{Body, Expression, Name, Node, unquoted};
use crate::value::InstanceKey;
use std::borrow::Cow;
use std::sync::Arc;

/// Reads `depends_on`.
pub(super) fn depends_on(body: &Body, told: &mut Vec<Diagnostic>) -> Vec<Reference> {
    let Some(attribute) = body.attribute("depends_on") else {
        return Vec::new();
    };
    items(&attribute.value, "depends_on", told)
        .into_iter()
        .filter_map(|item| dependency(&item, told))
        .collect()
}

fn dependency(item: &Expression, told: &mut Vec<Diagnostic>) -> Option<Reference> {
    let wrong = |hint: &str| {
        Diagnostic::error("invalid-reference", "`depends_on` takes whole objects")
            .at(item.span, "not such an object")
            .hint(hint.to_owned())
    };
    let found = match reference(item) {
        Some(Ok(found)) => found,
        Some(Err(misnamed)) => {
            told.push(misnamed.diagnostic());
            return None;
        }
        None => {
            told.push(wrong("write such as `vault_mount.kv` or `module.team`"));
            return None;
        }
    };
    let whole = match &found.target {
        Target::Resource(..) | Target::Call(_) => found.steps.is_empty(),
        Target::Variable(_) | Target::Local(_) => found.steps.is_empty(),
        _ => false,
    };
    if !whole {
        told.push(wrong(
            "leave out instance keys and attributes: `vault_mount.kv`",
        ));
        return None;
    }
    Some(found)
}

/// Returns the expressions of a list, quoted ones read as what they quote.
fn items<'a>(
    list: &'a Expression,
    name: &str,
    told: &mut Vec<Diagnostic>,
) -> Vec<Cow<'a, Expression>> {
    let Node::Tuple(items) = &list.node else {
        told.push(
            Diagnostic::error("wrong-type", format!("`{name}` takes a list"))
                .at(list.span, "this is none")
                .hint(format!("write `{name} = [ … ]`")),
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| unquote(item, told))
        .collect()
}

/// Reads a quoted reference, the spelling of old, with a warning.
fn unquote<'a>(item: &'a Expression, told: &mut Vec<Diagnostic>) -> Option<Cow<'a, Expression>> {
    if quoted(item).is_none() {
        return Some(Cow::Borrowed(item));
    }
    told.push(
        Diagnostic::warning(
            "quoted-reference",
            "references in quotes are an old spelling",
        )
        .at(item.span, "still understood here")
        .hint("remove the quotation marks"),
    );
    match unquoted(item) {
        Ok(inner) => Some(inner),
        Err(errors) => {
            told.extend(errors);
            None
        }
    }
}

/// Reads `ignore_changes`.
pub(super) fn ignore_changes(value: &Expression, told: &mut Vec<Diagnostic>) -> IgnoreChanges {
    match &value.node {
        Node::Variable(word) if &*word.text == "all" => return IgnoreChanges::All,
        Node::Tuple(list) => {
            let star = |item: &Expression| quoted(item).is_some_and(|text| &*text.text == "*");
            if list.iter().any(star) {
                told.push(
                    Diagnostic::warning("quoted-reference", "`[\"*\"]` is an old spelling")
                        .at(value.span, "still understood here")
                        .hint("write `ignore_changes = all`"),
                );
                return IgnoreChanges::All;
            }
        }
        _ => {}
    }
    let paths = items(value, "ignore_changes", told)
        .into_iter()
        .filter_map(|item| {
            let path = path(&item);
            if path.is_none() {
                told.push(
                    Diagnostic::error("invalid-reference", "this is not an attribute")
                        .at(item.span, "here")
                        .hint("name attributes of this block: `policy`, `options[\"version\"]`"),
                );
            }
            Some(Name {
                text: path?.into(),
                span: item.span,
            })
        });
    IgnoreChanges::These(paths.collect())
}

/// Writes a path of attributes: `options.version`, `tune[0].max_lease_ttl`.
fn path(expression: &Expression) -> Option<String> {
    match &expression.node {
        Node::Variable(name) => Some(name.text.to_string()),
        Node::Attribute(base, name) => Some(format!("{}.{}", path(base)?, name.text)),
        Node::Index(base, key) => match super::place::written_key(key)? {
            InstanceKey::Key(key) if is_name(&key) => Some(format!("{}.{key}", path(base)?)),
            key => Some(format!("{}{key}", path(base)?)),
        },
        _ => None,
    }
}

/// Reads `replace_triggered_by`: references to resources or their attributes.
pub(super) fn triggers(value: &Expression, told: &mut Vec<Diagnostic>) -> Vec<Arc<Expression>> {
    items(value, "replace_triggered_by", told)
        .into_iter()
        .filter_map(|item| {
            let good = match reference(&item) {
                Some(Ok(found)) => matches!(found.target, Target::Resource(..)),
                _ => false,
            };
            if !good {
                told.push(
                    Diagnostic::error("invalid-reference", "this is not a resource or an attribute of one")
                        .at(item.span, "here")
                        .hint("name a managed resource of this module: `vault_mount.kv` or `vault_mount.kv.path`"),
                );
                return None;
            }
            Some(Arc::new(item.into_owned()))
        })
        .collect()
}

/// Reads `provider`: `vault`, `vault.east`, `vault.team[each.key]`.
pub(super) fn provider(
    value: &Expression,
    told: &mut Vec<Diagnostic>,
) -> Option<ProviderReference> {
    let value = unquote(value, told)?;
    let (base, key) = match &value.node {
        Node::Index(base, key) => (&**base, Some(Arc::new((**key).clone()))),
        _ => (&*value, None),
    };
    let Some(name) = provider_name(base) else {
        told.push(not_a_provider(value.span));
        return None;
    };
    Some(ProviderReference {
        name,
        key,
        span: value.span,
    })
}

/// Returns the name of a provider that an expression writes: `vault` or `vault.east`.
pub(super) fn provider_name(expression: &Expression) -> Option<Arc<str>> {
    match &expression.node {
        Node::Variable(name) => Some(name.text.clone()),
        Node::Attribute(base, alias) => match &base.node {
            Node::Variable(name) => Some(format!("{}.{}", name.text, alias.text).into()),
            _ => None,
        },
        Node::Template(_) => quoted(expression).map(|name| name.text),
        _ => None,
    }
}

pub(super) fn not_a_provider(span: Span) -> Diagnostic {
    Diagnostic::error("invalid-reference", "this is not the name of a provider")
        .at(span, "here")
        .hint("write the provider's name, with its alias where it has one: `vault`, `vault.east`")
}
