//! Attributes of a known type.

use super::dynamic::compare_dynamic;
use super::{Action, Body, Diff, Form, Pair, Paths, Shown, align, secret, unknown};
use crate::value::Type;
use crate::view::schema::{Field, Nesting};
use std::collections::BTreeMap;

/// Compares an attribute. `parent` is what happens to the object around it, which write-only attributes share.
#[must_use]
pub fn compare_field(pair: Pair<'_>, field: &Field, paths: &Paths, parent: Action) -> Diff {
    match field {
        Field::Typed(ty) => compare_type(pair, ty, paths),
        Field::Nested(nesting, inner) => compare_nested(pair, *nesting, inner, paths),
        Field::WriteOnly => compare_write_only(pair, paths, parent),
    }
}

fn compare_write_only(pair: Pair<'_>, paths: &Paths, parent: Action) -> Diff {
    let own = pair.action();
    let forced = own == Action::Keep && parent != Action::Keep && paths.here();
    Diff {
        action: if forced { Action::Update } else { own },
        replaces: paths.here(),
        body: Body::WriteOnly,
    }
}

fn compare_type(pair: Pair<'_>, ty: &Type, paths: &Paths) -> Diff {
    let replaces = paths.here();
    if *ty == Type::Dynamic {
        return compare_dynamic(pair, paths);
    }
    if let Some(diff) = secret(pair, replaces) {
        return diff;
    }
    if let Some(diff) = unknown(pair, replaces, |old| compare_type(old, ty, paths)) {
        return diff;
    }
    match ty {
        Type::List(element) => list(pair, element, paths),
        Type::Tuple(types) => tuple(pair, types, paths),
        Type::Set(element) => {
            let (items, action) = set(pair, paths, |pair, paths| {
                compare_type(pair, element, paths)
            });
            Diff {
                action,
                replaces,
                body: Body::Set {
                    items,
                    nested: false,
                },
            }
        }
        Type::Map(element) => {
            let (items, action) = map(pair, paths, |pair, paths| {
                compare_type(pair, element, paths)
            });
            Diff {
                action,
                replaces,
                body: Body::Map {
                    items,
                    nested: false,
                },
            }
        }
        Type::Object(object) => {
            let fields = object.attributes.iter().map(|(name, ty)| (&**name, ty));
            let compare =
                |pair: Pair<'_>, ty: &Type, paths: &Paths, _| compare_type(pair, ty, paths);
            fields_of(pair, fields, paths, false, compare)
        }
        _ => primitive(pair, replaces),
    }
}

/// Compares text, numbers and truth values.
pub(super) fn primitive(pair: Pair<'_>, replaces: bool) -> Diff {
    Diff {
        action: pair.action(),
        replaces,
        body: written(pair),
    }
}

fn written(pair: Pair<'_>) -> Body {
    let sides = [pair.before, pair.after].map(|side| side.map(|value| &value.form));
    let is_text = sides.iter().any(|form| matches!(form, Some(Form::Text(_))));
    let [before, after] = sides.map(|form| match form? {
        Form::Text(text) | Form::Number(text) => Some(text.clone()),
        Form::Bool(value) => Some(value.to_string()),
        _ => None,
    });
    if is_text {
        Body::Text(before, after)
    } else {
        Body::Plain(before, after)
    }
}

fn list(pair: Pair<'_>, element: &Type, paths: &Paths) -> Diff {
    let objects = matches!(element, Type::Object(_));
    let alike = |left: &Shown, right: &Shown| objects || share_a_line(left, right);
    elements_in_order(pair, paths, alike, |pair, paths| {
        compare_type(pair, element, paths)
    })
}

/// Compares lists by their longest common subsequence.
pub(super) fn elements_in_order(
    pair: Pair<'_>,
    paths: &Paths,
    alike: impl Fn(&Shown, &Shown) -> bool,
    compare: impl Fn(Pair<'_>, &Paths) -> Diff,
) -> Diff {
    let (before, after) = pair.lists();
    let mut action = match (
        pair.before.and_then(Shown::items),
        pair.after.and_then(Shown::items),
    ) {
        (Some(_), None) => Action::Delete,
        (None, Some(_)) => Action::Create,
        _ => Action::Keep,
    };
    let mut items = Vec::new();
    for (left, right) in align(before, after, Shown::same, alike) {
        let below = paths.at(left.or(right).unwrap_or_default());
        let item = compare(pair.item(left, right), &below);
        action = action.with(item.action);
        items.push(item);
    }
    Diff {
        action,
        replaces: paths.here(),
        body: Body::List {
            items,
            context: true,
        },
    }
}

/// Tells whether both are text, one of several lines, with a line in common: then their difference is shown line by line.
pub(super) fn share_a_line(left: &Shown, right: &Shown) -> bool {
    let (Form::Text(left), Form::Text(right)) = (&left.form, &right.form) else {
        return false;
    };
    let several = left.contains('\n') || right.contains('\n');
    several
        && left
            .split('\n')
            .any(|line| right.split('\n').any(|other| line == other))
}

fn tuple(pair: Pair<'_>, types: &[Type], paths: &Paths) -> Diff {
    let mut action = pair.outset();
    let mut items = Vec::new();
    for (index, ty) in types.iter().enumerate() {
        let item = compare_type(pair.item(Some(index), Some(index)), ty, &paths.at(index));
        action = action.with(item.action);
        items.push(item);
    }
    Diff {
        action,
        replaces: paths.here(),
        body: Body::List {
            items,
            context: true,
        },
    }
}

/// Compares sets: equal elements belong together, all others come or go.
pub(super) fn set(
    pair: Pair<'_>,
    paths: &Paths,
    compare: impl Fn(Pair<'_>, &Paths) -> Diff,
) -> (Vec<Diff>, Action) {
    let (before, after) = pair.lists();
    let mut taken = vec![false; after.len()];
    let mut pairs = Vec::new();
    for (left, value) in before.iter().enumerate() {
        let free = |&right: &usize| !taken[right] && value.same(&after[right]);
        let right = (0..after.len()).find(free);
        if let Some(right) = right {
            taken[right] = true;
        }
        pairs.push((Some(left), right));
    }
    let new = (0..after.len()).filter(|&right| !taken[right]);
    pairs.extend(new.map(|right| (None, Some(right))));
    let mut action = pair.outset();
    let mut items = Vec::new();
    for (left, right) in pairs {
        let below = paths.at(left.or(right).unwrap_or_default());
        let item = compare(pair.item(left, right), &below);
        action = action.with(item.action);
        items.push(item);
    }
    (items, action)
}

/// Compares maps key by key.
pub(super) fn map(
    pair: Pair<'_>,
    paths: &Paths,
    compare: impl Fn(Pair<'_>, &Paths) -> Diff,
) -> (BTreeMap<String, Diff>, Action) {
    let mut action = match (
        pair.before.and_then(Shown::fields),
        pair.after.and_then(Shown::fields),
    ) {
        (Some(_), None) => Action::Delete,
        (None, Some(_)) => Action::Create,
        _ => Action::Keep,
    };
    let mut items = BTreeMap::new();
    for key in pair.keys() {
        let item = compare(pair.field(key), &paths.below(key));
        action = action.with(item.action);
        items.insert(key.to_owned(), item);
    }
    (items, action)
}

/// Compares objects attribute by attribute; null attributes are left out.
fn fields_of<'t, T: 't>(
    pair: Pair<'_>,
    fields: impl Iterator<Item = (&'t str, &'t T)>,
    paths: &Paths,
    nested: bool,
    compare: impl Fn(Pair<'_>, &T, &Paths, Action) -> Diff,
) -> Diff {
    let mut action = pair.outset();
    let mut items = BTreeMap::new();
    for (name, field) in fields {
        let sides = pair.field(name).implicit();
        let item = compare(sides, field, &paths.below(name), action);
        if item.action == Action::Keep && sides.is_empty() {
            continue;
        }
        action = action.with(item.action);
        items.insert(name.to_owned(), item);
    }
    Diff {
        action,
        replaces: paths.here(),
        body: Body::Object { items, nested },
    }
}

type Fields = BTreeMap<String, Field>;

fn compare_nested(pair: Pair<'_>, nesting: Nesting, inner: &Fields, paths: &Paths) -> Diff {
    let replaces = paths.here();
    if let Some(diff) = secret(pair, replaces) {
        return diff;
    }
    let earlier = |old: Pair<'_>| {
        let unknown = all_unknown(inner.keys());
        let after = (nesting == Nesting::Single).then_some(&unknown);
        compare_nested(Pair { after, ..old }, nesting, inner, paths)
    };
    if let Some(diff) = unknown(pair, replaces, earlier) {
        return diff;
    }
    let single =
        |pair: Pair<'_>, paths: &Paths| compare_nested(pair, Nesting::Single, inner, paths);
    let (action, body) = match nesting {
        Nesting::Single => {
            let fields = inner.iter().map(|(name, field)| (name.as_str(), field));
            return fields_of(pair, fields, paths, true, compare_field);
        }
        Nesting::List => {
            let (items, action) = by_index(pair, paths, single);
            (
                action,
                Body::List {
                    items,
                    context: false,
                },
            )
        }
        Nesting::Set => {
            let (items, action) = set(pair, paths, single);
            (
                action,
                Body::Set {
                    items,
                    nested: true,
                },
            )
        }
        Nesting::Map => {
            let (items, action) = map(pair, paths, single);
            (
                action,
                Body::Map {
                    items,
                    nested: true,
                },
            )
        }
    };
    Diff {
        action,
        replaces,
        body,
    }
}

/// Makes an object whose attributes are all unknown.
pub(super) fn all_unknown<'a>(names: impl Iterator<Item = &'a String>) -> Shown {
    let fields = names.map(|name| (name.clone(), Shown::from(Form::Unknown)));
    Form::Map(fields.collect()).into()
}

/// Compares lists position by position.
pub(super) fn by_index(
    pair: Pair<'_>,
    paths: &Paths,
    compare: impl Fn(Pair<'_>, &Paths) -> Diff,
) -> (Vec<Diff>, Action) {
    let (before, after) = pair.lists();
    let mut action = pair.outset();
    let mut items = Vec::new();
    for index in 0..before.len().max(after.len()) {
        let item = compare(pair.item(Some(index), Some(index)), &paths.at(index));
        action = action.with(item.action);
        items.push(item);
    }
    (items, action)
}
