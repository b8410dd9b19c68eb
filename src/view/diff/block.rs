//! Blocks: the whole of a resource, and the blocks in it.

use super::typed::{all_unknown, by_index, compare_field, map, set};
use super::{Action, Body, Diff, Form, Group, Pair, Paths, Shown, secret, unknown};
use crate::view::schema::{Field, Nesting, Schema};
use std::collections::BTreeMap;

/// Compares a block.
#[must_use]
pub fn compare_block(pair: Pair<'_>, schema: &Schema, paths: &Paths) -> Diff {
    if let Some(diff) = secret_block(pair, paths) {
        return diff;
    }
    if let Some(diff) = unknown_block(pair, schema, paths) {
        return diff;
    }
    let mut action = pair.outset();
    let mut attributes = BTreeMap::new();
    let (late, early): (Vec<_>, Vec<_>) = schema
        .attributes
        .iter()
        .partition(|(_, field)| matches!(field, Field::WriteOnly));
    for (name, field) in early.into_iter().chain(late) {
        if let Some(diff) = attribute(pair, name, field, paths, action) {
            action = action.with(diff.action);
            attributes.insert(name.clone(), diff);
        }
    }
    let mut blocks = BTreeMap::new();
    for (name, (nesting, inner)) in &schema.blocks {
        if let Some((group, change)) = group(pair.field(name), *nesting, inner, &paths.below(name))
        {
            action = action.with(change);
            blocks.insert(name.clone(), group);
        }
    }
    Diff {
        action,
        replaces: paths.here(),
        body: Body::Block { attributes, blocks },
    }
}

fn secret_block(pair: Pair<'_>, paths: &Paths) -> Option<Diff> {
    let mut diff = secret(pair, paths.here())?;
    if let Body::Sensitive {
        inner,
        before,
        after,
    } = diff.body
    {
        diff.body = Body::SensitiveBlock {
            inner,
            before,
            after,
        };
    }
    Some(diff)
}

fn unknown_block(pair: Pair<'_>, schema: &Schema, paths: &Paths) -> Option<Diff> {
    unknown(pair, paths.here(), |old| {
        let nothing = Shown::from(Form::Map(BTreeMap::new()));
        let after = all_unknown(schema.attributes.keys());
        let is_map = old.before.is_some_and(|value| value.fields().is_some());
        let pair = Pair {
            before: if is_map { old.before } else { Some(&nothing) },
            after: Some(&after),
        };
        compare_block(pair, schema, paths)
    })
}

/// Compares an attribute; `None` where there is nothing to say. Empty text counts as null.
fn attribute(
    pair: Pair<'_>,
    name: &str,
    field: &Field,
    paths: &Paths,
    parent: Action,
) -> Option<Diff> {
    let said = |side: Option<&Shown>| {
        !side.is_some_and(|value| matches!(&value.form, Form::Text(text) if text.is_empty()))
    };
    let sides = pair.field(name).implicit();
    let sides = Pair {
        before: sides.before.filter(|value| said(Some(value))),
        after: sides.after.filter(|value| said(Some(value))),
    };
    let diff = compare_field(sides, field, &paths.below(name), parent);
    (diff.action != Action::Keep || !sides.is_empty()).then_some(diff)
}

fn group(
    pair: Pair<'_>,
    nesting: Nesting,
    schema: &Schema,
    paths: &Paths,
) -> Option<(Group, Action)> {
    let pair = pair.implicit();
    let unlabelled = |items: Vec<Diff>| items.into_iter().map(|item| (None, item)).collect();
    let each = |pair: Pair<'_>, paths: &Paths| compare_block(pair, schema, paths);
    let (items, action): (Vec<(Option<String>, Diff)>, Action) =
        if let Some(diff) = unknown_block(pair, schema, paths) {
            (vec![(None, diff)], Action::Keep)
        } else {
            match nesting {
                Nesting::Single => {
                    let diff = compare_block(pair, schema, paths);
                    let action = diff.action;
                    (vec![(None, diff)], action)
                }
                Nesting::List => {
                    let (items, action) = by_index(pair, paths, each);
                    (unlabelled(items), action)
                }
                Nesting::Set => {
                    let (items, action) = set(pair, paths, each);
                    (unlabelled(items), action)
                }
                Nesting::Map => {
                    let (items, action) = map(pair, paths, each);
                    let labelled = items.into_iter().map(|(key, item)| (Some(key), item));
                    (labelled.collect(), action)
                }
            }
        };
    let group = Group {
        items,
        replaces: paths.here(),
        is_set: nesting == Nesting::Set,
    };
    (!pair.is_empty() || action != Action::Keep).then_some((group, action))
}
