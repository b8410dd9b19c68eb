//! What is secret by its own nature and not by its type, and what else of an object tells it.

use super::wire::{field_of, join};
use crate::catalog::{Attribute, Kind, Nesting, ReadBack, ResourceType};
use crate::plan::leaf::{is_live, leaves};
use crate::plan::many::in_table;
use crate::plan::template::placeholders;
use crate::plan::types::Owned;
use crate::value::{Marks, Shape, Type, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Returns the paths whose wish is secret by its own nature, not by its type.
#[must_use]
pub fn secret_paths(kind: &ResourceType, wish: &Value) -> BTreeSet<Arc<str>> {
    let marked = |name| {
        wish.field(name)
            .is_some_and(|value| value.marks_within().sensitive)
    };
    let mut open = kind.all().filter(|attribute| !attribute.sensitive);
    if !open.any(|attribute| marked(attribute.name)) {
        return BTreeSet::new();
    }
    let secret = leaves(kind, wish, None).into_iter().filter(|leaf| {
        let marked = leaf
            .desired
            .as_ref()
            .is_some_and(|value| value.marks_within().sensitive);
        marked && leaf.set && !leaf.attribute.sensitive
    });
    secret.map(|leaf| Arc::from(leaf.path.as_str())).collect()
}

/// Marks what was secret when we wrote it, though neither the type says so nor the configuration any more, and what the
/// server says of the same field elsewhere.
#[must_use]
pub fn concealed(object: Value, kind: &ResourceType, owned: Option<&Owned>) -> Value {
    let Some(owned) = owned else {
        return object;
    };
    let hidden = &owned.hidden;
    let object = hidden.iter().fold(object, |object, path| {
        sensitive_at(object, in_table(path).trim_end_matches(".*"))
    });
    without_repeats(object, kind, hidden)
}

/// Marks what an object repeats of its own secret attributes.
#[must_use]
pub fn consistent(object: Value, kind: &ResourceType) -> Value {
    let secret = secret_paths(kind, &object);
    without_repeats(object, kind, &secret)
}

/// Marks the attributes that tell the same fields of the server as these secret ones. What is not known yet is left as it
/// is: it tells nothing.
#[must_use]
pub fn without_repeats(object: Value, kind: &ResourceType, secret: &BTreeSet<Arc<str>>) -> Value {
    if secret.is_empty() {
        return object;
    }
    let fields = fields_of(kind);
    let secret: Vec<&str> = secret
        .iter()
        .map(|path| in_table(path).trim_end_matches(".*"))
        .collect();
    let hidden = |path: &str| secret.iter().any(|secret| meets(secret, path));
    let told: Vec<&Told> = fields.iter().filter(|told| hidden(&told.path)).collect();
    let others = fields.iter().filter(|one| !hidden(&one.path));
    let same = |one: &&Told| {
        let tells = |other: &&Told| other.part == one.part && meets(&other.field, &one.field);
        told.iter().any(tells)
    };
    let paths = others.filter(same).map(|told| told.path.clone());
    let repeats = kind.all().flat_map(|attribute| {
        let repeated = attribute.repeats.iter().filter(|(_, of)| hidden(of));
        repeated.map(|(entry, _)| join(attribute.name, entry))
    });
    let formed = kind.all().filter_map(|attribute| match attribute.read {
        ReadBack::Template(template) => Some((attribute.name, template)),
        _ => None,
    });
    let formed = formed.chain([("id", kind.id_template())]);
    let formed = formed.filter(|(_, template)| placeholders(template).any(hidden));
    let formed = formed.map(|(name, _)| name.to_owned());
    let paths: BTreeSet<String> = paths.chain(repeats).chain(formed).collect();
    let known = |path: &&String| {
        let top = object.field(path.split('.').next().unwrap_or_default());
        top.is_some_and(|value| !value.is_unknown() && !value.is_null())
    };
    let paths: Vec<&String> = paths.iter().filter(known).collect();
    paths
        .into_iter()
        .fold(object.clone(), |object, path| sensitive_at(object, path))
}

/// Names the attributes that make an object's place.
fn placing(kind: &ResourceType) -> impl Iterator<Item = &'static str> {
    let templates = [kind.place, kind.id_template()];
    let names = templates.into_iter().flat_map(placeholders);
    names.chain(["namespace"])
}

/// Returns the secret values that an object's place is made of.
pub fn secrets_in_place<'a>(
    kind: &ResourceType,
    attributes: &'a Value,
) -> impl Iterator<Item = &'a Value> {
    let values = placing(kind).filter_map(|name| attributes.field(name));
    values.filter(|value| value.marks_within().sensitive)
}

/// Tells whether an object's place was secret when we wrote it.
#[must_use]
pub fn was_in_secret_place(kind: &ResourceType, owned: &Owned) -> bool {
    placing(kind).any(|name| owned.hidden.contains(name))
}

/// Tells whether one dotted path is the other, or within it; the empty path holds all.
fn meets(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        outer.is_empty()
            || inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    within(one, other) || within(other, one)
}

/// Which field of which part an attribute is read from.
struct Told {
    path: String,
    part: &'static str,
    field: String,
}

fn fields_of(kind: &ResourceType) -> Vec<Told> {
    let mut found = Vec::new();
    for attribute in kind.all() {
        told(&mut found, attribute, attribute.part, "", "");
    }
    found
}

fn told(
    found: &mut Vec<Told>,
    attribute: &'static Attribute,
    part: &'static str,
    path: &str,
    prefix: &str,
) {
    let path = join(path, attribute.name);
    let own = match attribute.read {
        ReadBack::At(".") => String::new(),
        ReadBack::At(field) if path == attribute.name => field.to_owned(),
        _ => join(prefix, field_of(attribute)),
    };
    match attribute.kind {
        Kind::Block(Nesting::One, inner) => {
            let around = match attribute.read {
                ReadBack::At(field) => join(prefix, field),
                _ if attribute.field.is_empty() => prefix.to_owned(),
                _ => own,
            };
            for inner in inner {
                told(found, inner, part, &path, &around);
            }
        }
        _ if is_live(attribute.read) => found.push(Told {
            path,
            part,
            field: own,
        }),
        _ => {}
    }
}

fn sensitive_at(value: Value, path: &str) -> Value {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(mut fields) = value.as_fields().cloned() else {
        return value;
    };
    let Some(inner) = fields.get(head).cloned() else {
        return value;
    };
    let inner = match (rest, inner.as_items(), inner.as_fields()) {
        ("", ..) => inner.marked(Marks::SENSITIVE),
        (rest, _, Some(_)) => sensitive_at(inner, rest),
        (_, None | Some([]), None) => inner.marked(Marks::SENSITIVE),
        (rest, Some(blocks), None) => {
            let hide = |block: &Value| sensitive_at(block.clone(), rest);
            let blocks: Vec<Value> = blocks.iter().map(hide).collect();
            Value::list(blocks.first().map_or(Type::Dynamic, Value::ty), blocks)
        }
    };
    fields.insert(head.into(), inner);
    let shape = match &value.shape {
        Shape::Map(element, _) => Shape::Map(element.clone(), Arc::new(fields)),
        _ => Shape::Object(Arc::new(fields)),
    };
    Value {
        shape,
        marks: value.marks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Life, Omitted, block, map, text};

    const INNER: &[Attribute] = &[map("data", "x").field("notes")];
    const KIND: ResourceType = ResourceType::new("x_y", "x", "x/y", Life::Upsert(Omitted::Kept))
        .attributes(&[
            text("plain", "x"),
            text("again", "x").computed().reads("plain"),
            map("whole", "x").computed().reads("."),
            block("beside", INNER, "x").part("apart"),
            map("told", "x")
                .computed()
                .reads("elsewhere")
                .repeats(&[("notes", "beside.data")]),
        ]);

    fn marked(secret: &str) -> Vec<String> {
        let entries = |name: &str| Value::map(Type::String, [(name.into(), "v".into())].into());
        let beside = Value::object([("data".into(), entries("k"))].into());
        let object = Value::object(
            [
                ("plain".into(), "v".into()),
                ("again".into(), "v".into()),
                ("whole".into(), entries("plain")),
                ("beside".into(), Value::list(beside.ty(), vec![beside])),
                ("told".into(), entries("notes")),
            ]
            .into(),
        );
        let object = without_repeats(object, &KIND, &[secret.into()].into());
        let fields = object.as_fields().unwrap().iter();
        let marked = fields.filter(|(_, value)| value.marks_within().sensitive);
        marked.map(|(name, _)| name.to_string()).collect()
    }

    #[test]
    fn a_place_of_secrets_is_secret() {
        const PLACED: ResourceType =
            ResourceType::new("x_z", "x", "{mount}/x/{name}", Life::Upsert(Omitted::Kept))
                .attributes(&[
                    text("mount", "x").identity(),
                    text("name", "x").identity(),
                    text("path", "x").computed().formed("{mount}/x/{name}"),
                    text("other", "x").computed().formed("{mount}"),
                ]);
        let names = ["mount", "name", "path", "other", "id"];
        let fields = names.map(|name| (name.into(), Value::from("v")));
        let object = Value::object(fields.into());
        let object = without_repeats(object, &PLACED, &["name".into()].into());
        let secret = |name: &&str| object.field(name).unwrap().marks.sensitive;
        let secret: Vec<&str> = names.into_iter().filter(secret).collect();
        assert_eq!(secret, ["path", "id"]);
    }

    #[test]
    fn what_tells_a_secret_field_too_is_hidden() {
        assert_eq!(marked("plain"), ["again", "whole"]);
        assert_eq!(marked("beside.data"), ["told"]);
        assert_eq!(marked("other"), [""; 0]);
    }
}
