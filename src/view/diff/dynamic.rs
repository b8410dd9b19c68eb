//! Values without a declared type: outputs, JSON in text.

use super::typed::{elements_in_order, map, primitive, share_a_line};
use super::{Action, Body, Diff, Form, Pair, Paths, Shown, secret, unknown};
use serde_json::Value as Json;

/// Compares two values of whatever type.
#[must_use]
pub fn compare_dynamic(pair: Pair<'_>, paths: &Paths) -> Diff {
    let replaces = paths.here();
    if let Some(diff) = secret(pair, replaces) {
        return diff;
    }
    if let Some(diff) = unknown(pair, replaces, |old| compare_dynamic(old, paths)) {
        return diff;
    }
    let (before, after) = (rank(pair.before), rank(pair.after));
    if before == after || pair.before.is_none() || pair.after.is_none() {
        return compare_alike(pair, before.max(after), paths);
    }
    let gone = Pair {
        after: None,
        ..pair
    };
    let new = Pair {
        before: None,
        ..pair
    };
    let gone = compare_alike(gone, before, paths);
    let new = compare_alike(new, after, paths);
    Diff {
        action: Action::Update,
        replaces,
        body: Body::Instead(Box::new(gone), Box::new(new)),
    }
}

/// What sort of value it is: null, truth value, number, text, list, map.
fn rank(side: Option<&Shown>) -> u8 {
    match side.map(|value| &value.form) {
        Some(Form::Bool(_)) => 1,
        Some(Form::Number(_)) => 2,
        Some(Form::Text(_)) => 3,
        Some(Form::List(_)) => 4,
        Some(Form::Map(_)) => 5,
        _ => 0,
    }
}

fn compare_alike(pair: Pair<'_>, rank: u8, paths: &Paths) -> Diff {
    match rank {
        4 => elements_in_order(pair, paths, alike, compare_dynamic),
        5 => {
            let (items, action) = map(pair, paths, compare_dynamic);
            Diff {
                action,
                replaces: paths.here(),
                body: Body::Object {
                    items,
                    nested: false,
                },
            }
        }
        _ => primitive(pair, paths.here()),
    }
}

fn alike(left: &Shown, right: &Shown) -> bool {
    let maps = left.fields().is_some() && right.fields().is_some();
    maps || share_a_line(left, right)
}

/// Compares two JSON documents; `None` is: no document, null is a document.
#[must_use]
pub fn compare_json(before: Option<&Json>, after: Option<&Json>) -> Diff {
    let (before, after) = (before.map(from_json), after.map(from_json));
    let pair = Pair {
        before: before.as_ref(),
        after: after.as_ref(),
    };
    compare_dynamic(pair, &Paths::default())
}

/// Makes a shown value of JSON without marks.
#[must_use]
pub fn from_json(json: &Json) -> Shown {
    let form = match json {
        Json::Null => Form::Null,
        Json::Bool(value) => Form::Bool(*value),
        Json::Number(number) => Form::Number(number.to_string()),
        Json::String(text) => Form::Text(text.clone()),
        Json::Array(items) => Form::List(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (key.clone(), from_json(value)));
            Form::Map(fields.collect())
        }
    };
    form.into()
}
