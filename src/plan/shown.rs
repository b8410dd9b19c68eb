//! What is shown of an object before and after: the wish with what is known of the rest.

use super::change::is_given_once_to;
use crate::catalog::registry::shared_name;
use crate::catalog::{Attribute, Default, Kind, Nesting, Presence, ReadBack, ResourceType};
use crate::eval::schema::type_of;
use crate::plan::hidden::{secret_paths, without_repeats};
use crate::plan::leaf::is_live;
use crate::plan::many::{named, objects_of};
use crate::plan::normal::url_with_password;
use crate::plan::template::{Filled, effective, fill, respelled};
use crate::plan::types::{AttributeChange, Comparison, Desired, Observed, Owned};
use crate::value::{Address, Marks, Shape, Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the object as it will be. `observed` is `None` where a new one is made.
#[must_use]
pub fn planned(
    desired: &Desired,
    observed: Option<&Observed>,
    owned: Option<&Owned>,
    changes: &BTreeMap<Arc<str>, AttributeChange>,
) -> Value {
    let mut fields = BTreeMap::new();
    let live = observed.map(|observed| &observed.attributes);
    for attribute in desired.kind.all() {
        let wish = desired.attributes.field(attribute.name);
        let seen = live.and_then(|live| live.field(attribute.name));
        let value = if desired.lacks.contains(attribute.name) {
            Value::null(type_of(&attribute.kind))
        } else {
            planned_attribute(desired, attribute, wish, seen, observed.is_some(), owned)
        };
        fields.insert(shared_name(attribute.name), value);
    }
    for (path, change) in changes {
        let ignored = change.comparison == Comparison::NotComparable && !path.contains('.');
        let attribute = desired.kind.attribute(path);
        let comparable = attribute.is_some_and(|attribute| is_live(attribute.read));
        if ignored
            && comparable
            && let Some(seen) = live.and_then(|live| live.field(path))
            && !seen.is_null()
        {
            fields.insert(path.clone(), seen.clone());
        }
    }
    said_otherwise(desired, changes, &mut fields);
    let object = Value::object(fields.clone());
    fields.insert(
        Arc::from("id"),
        object_id(desired, &object, observed, owned),
    );
    let secret = secret_paths(desired.kind, &desired.attributes);
    without_repeats(Value::object(fields), desired.kind, &secret)
}

/// Fills in what differs and is said by another attribute: `type = "kv-v2"` says the version too.
fn said_otherwise(
    desired: &Desired,
    changes: &BTreeMap<Arc<str>, AttributeChange>,
    fields: &mut BTreeMap<Arc<str>, Value>,
) {
    if desired.kind.spellings.is_empty() {
        return;
    }
    let said = respelled(desired.kind, &desired.attributes);
    for (path, _) in changes.iter().filter(|(_, change)| change.differs) {
        let silent = fields.get(path).is_some_and(Value::is_null);
        if let (true, Some(value)) = (silent, said.field(path)) {
            fields.insert(path.clone(), value.clone());
        }
    }
}

fn object_id(
    desired: &Desired,
    object: &Value,
    observed: Option<&Observed>,
    owned: Option<&Owned>,
) -> Value {
    let kind = desired.kind;
    if let Some(seen) = observed.and_then(|seen| seen.attributes.field("id"))
        && !seen.is_null()
    {
        return seen.clone();
    }
    let own = kind
        .attributes
        .iter()
        .find(|attribute| attribute.name == "id");
    let template = kind.id_template();
    let id = owned.map(|owned| &*owned.id).filter(|id| !id.is_empty());
    let needs_id = template.contains("{id}") || own.is_some() || template.is_empty();
    if needs_id && (id.is_none() || template.is_empty()) {
        return id.map_or_else(|| unknown_of(&desired.address, Type::String), Value::from);
    }
    match fill(template, kind, object, id) {
        Filled::Known(path) => path.into(),
        Filled::Unknown(waits) => Value::unknown(Type::String, waits),
        Filled::Missing(_) => unknown_of(&desired.address, Type::String),
    }
}

fn unknown_of(address: &Address, ty: Type) -> Value {
    Value::unknown(ty, Arc::new([address.clone()].into()))
}

fn planned_attribute(
    desired: &Desired,
    attribute: &'static Attribute,
    wish: Option<&Value>,
    seen: Option<&Value>,
    exists: bool,
    owned: Option<&Owned>,
) -> Value {
    let marks = if attribute.sensitive {
        Marks::SENSITIVE
    } else {
        Marks::NONE
    };
    let ty = type_of(&attribute.kind);
    if let Some(wish) = wish.filter(|wish| !wish.is_null()) {
        if let (Kind::Block(Nesting::One, inner), Some(object)) =
            (&attribute.kind, wish.as_items().and_then(<[Value]>::first))
        {
            let seen = seen.and_then(|seen| seen.as_items()?.first());
            return planned_block(desired, inner, object, seen, exists, owned);
        }
        if let (Some((by, inner)), false) = (objects_of(attribute), wish.is_unknown()) {
            let live: BTreeMap<String, &Value> = named(seen, by).collect();
            let blocks = named(Some(wish), by).map(|(name, object)| {
                let seen = live.get(&name).copied();
                planned_object(desired, inner, object, seen, seen.is_some(), owned)
            });
            return {
                let ty = type_of(&Kind::Block(Nesting::Set, inner));
                let element = ty.element().cloned().unwrap_or(Type::Dynamic);
                Value::list(element, blocks.collect())
            };
        }
        let secret = url_with_password(&attribute.kind, wish).is_some();
        let marks = if secret { Marks::SENSITIVE } else { marks };
        return wish.clone().marked(marks);
    }
    if let Some(value) = effective(Some(attribute), None, &desired.attributes) {
        return value.marked(marks);
    }
    if let ReadBack::Template(template) = attribute.read {
        return crate::plan::wire::formed(desired.kind, template, &desired.attributes)
            .marked(marks);
    }
    if attribute.default != Default::Server {
        return Value::null(ty);
    }
    let once = is_given_once_to(attribute, &desired.attributes);
    let secret = once && matches!(attribute.read, ReadBack::OnceUnless { secret: true, .. });
    let marks = if secret { Marks::SENSITIVE } else { marks };
    if once && exists {
        return held(attribute.name, ty, owned).marked(marks);
    }
    match seen.filter(|seen| !seen.is_null()) {
        Some(seen) => seen.clone().marked(marks),
        None if exists || (attribute.write_only.is_some()) => Value::null(ty),
        None if matches!(attribute.kind, Kind::Block(..))
            && attribute.presence != Presence::Computed =>
        {
            Value::null(ty)
        }
        None => unknown_of(&desired.address, ty).marked(marks),
    }
}

/// Returns what stands for a value that was given once: equal to itself by the digest of what was given.
fn held(name: &str, ty: Type, owned: Option<&Owned>) -> Value {
    let digest = owned.and_then(|owned| owned.sent.get(name).cloned());
    let Some(digest) = digest else {
        return Value::null(ty);
    };
    Shape::Held {
        ty,
        digest,
        kept: false,
    }
    .into()
}

fn planned_block(
    desired: &Desired,
    inner: &'static [Attribute],
    object: &Value,
    seen: Option<&Value>,
    exists: bool,
    owned: Option<&Owned>,
) -> Value {
    let object = planned_object(desired, inner, object, seen, exists, owned);
    Value::list(object.ty(), vec![object])
}

fn planned_object(
    desired: &Desired,
    inner: &'static [Attribute],
    object: &Value,
    seen: Option<&Value>,
    exists: bool,
    owned: Option<&Owned>,
) -> Value {
    let fields = inner.iter().map(|attribute| {
        let wish = object.field(attribute.name);
        let seen = seen.and_then(|seen| seen.field(attribute.name));
        let value = planned_attribute(desired, attribute, wish, seen, exists, owned);
        (shared_name(attribute.name), value)
    });
    Value::object(fields.collect())
}

/// Returns the object as it is, in the spelling of the configuration wherever both are the same.
pub(super) fn shown_before(
    desired: &Desired,
    live: &Value,
    after: &Value,
    changes: &BTreeMap<Arc<str>, AttributeChange>,
    (replaced, id): (bool, Option<&str>),
) -> Value {
    if !replaced && !changes.values().any(|change| change.differs) {
        return after.clone();
    }
    let differs = |name: &str| {
        let top = |path: &str| path.split(['.', '@']).next() == Some(name);
        changes
            .iter()
            .any(|(path, change)| change.differs && top(path))
    };
    let fields = desired.kind.all().map(|attribute| {
        let seen = live.field(attribute.name).cloned();
        let seen = seen.unwrap_or_else(|| Value::null(type_of(&attribute.kind)));
        let wish = after.field(attribute.name);
        let anew = replaced && attribute.default == Default::Server;
        let same = !differs(attribute.name) && !anew;
        let value = match wish {
            Some(wish) if same => wish.clone(),
            Some(wish) if !replaced => shown_blocks(attribute, &seen, wish, changes),
            _ => seen,
        };
        (shared_name(attribute.name), value)
    });
    let mut fields: BTreeMap<Arc<str>, Value> = fields.collect();
    // Of all attributes, this one is made of the others.
    let own = live.field("id").cloned();
    fields.insert("id".into(), own.unwrap_or(Value::null(Type::String)));
    let id = id_of(desired.kind, &Value::object(fields.clone()), id);
    let id = id.or_else(|| after.field("id").filter(|_| !replaced).cloned());
    fields.extend(id.map(|id| (Arc::from("id"), id)));
    Value::object(fields)
}

/// Returns what the attribute `id` of an object says that is there; `id` is what the server calls a generated one.
#[must_use]
pub fn id_of(kind: &ResourceType, object: &Value, id: Option<&str>) -> Option<Value> {
    let said = object.field("id").filter(|value| !value.is_null());
    if let Some(said) = said {
        return Some(said.clone());
    }
    let own = kind.attributes.iter().any(|one| one.name == "id");
    let template = kind.id_template();
    if own || template.is_empty() {
        return id.map(Value::from);
    }
    fill(template, kind, object, id).known().map(Value::from)
}

/// Returns blocks as they are, in the spelling of the configuration where a leaf does not differ.
fn shown_blocks(
    attribute: &Attribute,
    seen: &Value,
    after: &Value,
    changes: &BTreeMap<Arc<str>, AttributeChange>,
) -> Value {
    let many = objects_of(attribute);
    let inner = match (attribute.kind, many) {
        (_, Some((_, inner))) | (Kind::Block(Nesting::One, inner), None) => inner,
        _ => return seen.clone(),
    };
    let (Some(blocks), Some(wishes)) = (seen.as_items(), after.as_items()) else {
        return seen.clone();
    };
    let shown = blocks.iter().map(|block| {
        let name = many.and_then(|(by, _)| Some((by, block.field(by)?)));
        let mut wishes = wishes.iter();
        let wish = wishes.find(|wish| name.is_none_or(|(by, name)| wish.field(by) == Some(name)));
        let end = name.and_then(|(_, name)| name.as_text());
        let end = end.map(|name| format!("@{name}")).unwrap_or_default();
        let fields = inner.iter().map(|inner| {
            let path = format!("{}.{}{end}", attribute.name, inner.name);
            let same = changes.get(&*path).is_none_or(|change| !change.differs);
            let said = wish.and_then(|wish| wish.field(inner.name));
            let value = said
                .filter(|_| same)
                .or_else(|| block.field(inner.name))
                .cloned();
            let value = value.unwrap_or_else(|| Value::null(type_of(&inner.kind)));
            (shared_name(inner.name), value)
        });
        Value::object(fields.collect())
    });
    let shown: Vec<Value> = shown.collect();
    Value::list(shown.first().map_or(Type::Dynamic, Value::ty), shown)
}
