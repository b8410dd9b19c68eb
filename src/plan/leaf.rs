//! The leaves of an object: what can be compared, digested and written by itself. `token_ttl`, `tune.max_lease_ttl`,
//! `postgresql.password`; blocks that may stand several times are one leaf, and one more (`postgresql.*`) for what in them
//! cannot be read back.

use crate::catalog::{Attribute, Default, Kind, Nesting, ReadBack, ResourceType};
use crate::plan::many::{named, objects_of};
use crate::plan::normal::normal;
use crate::plan::template::{effective, is_alternative, is_elsewhere, respelled};
use crate::value::Value;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// One comparable piece of an object.
#[derive(Clone, Debug)]
pub struct Leaf {
    pub path: String,
    pub attribute: &'static Attribute,
    /// What is wished: the configured value or the default; `None` is null without a default.
    pub desired: Option<Value>,
    /// Whether the configuration sets it.
    pub set: bool,
    pub observed: Option<Value>,
    /// It stands for the unreadable attributes of repeated blocks.
    pub hidden: bool,
}

impl Leaf {
    /// Returns the name of the attribute at the top.
    #[must_use]
    pub fn top(&self) -> &str {
        self.path.split(['.', '@']).next().unwrap_or(&self.path)
    }

    /// Returns the normal form of the wish; `None` while it is not known.
    #[must_use]
    pub fn wish(&self) -> Option<Json> {
        let Some(value) = &self.desired else {
            return Some(Json::Null);
        };
        if self.hidden {
            return hidden_normal(&self.attribute.kind, value);
        }
        normal(&self.attribute.kind, value)
    }

    /// Returns the normal form of the live value; null where there is none.
    #[must_use]
    pub fn live(&self) -> Json {
        let live = self.observed.as_ref();
        live.and_then(|value| normal(&self.attribute.kind, value))
            .unwrap_or(Json::Null)
    }

    /// Tells whether its live value can be learnt.
    #[must_use]
    pub fn readable(&self) -> bool {
        !self.hidden && is_live(self.attribute.read)
    }

    /// Tells whether its live value is not in the object's answers: it is known by the digest of what was sent.
    #[must_use]
    pub fn unread(&self) -> bool {
        use ReadBack::{Argument, Count, Place, Sent, Template, Time};
        let apart = matches!(
            self.attribute.read,
            Argument | Count | Place | Sent | Template(_) | Time
        );
        self.hidden || (!apart && !is_live(self.attribute.read))
    }
}

/// Tells whether an attribute stands in the answers that an object gives at any time.
#[must_use]
pub fn is_live(read: ReadBack) -> bool {
    use ReadBack::{At, Host, Named, Same, Without, ZeroOr};
    matches!(
        read,
        Same | At(_) | ZeroOr(_) | Without(_) | Named { .. } | Host(_)
    )
}

/// Returns the leaves of an object.
#[must_use]
pub fn leaves(kind: &ResourceType, desired: &Value, observed: Option<&Value>) -> Vec<Leaf> {
    let desired = respelled(kind, desired);
    let mut found = Vec::new();
    let written_otherwise: Vec<(&str, &str)> = kind
        .all()
        .filter_map(|other| Some((other.write_only?, other.name)))
        .collect();
    for attribute in kind.all() {
        let absent = desired.field(attribute.name).is_none_or(|value| {
            value.is_null() || value.as_items().is_some_and(<[Value]>::is_empty)
        });
        let skipped = absent && is_alternative(kind, attribute.name);
        let said_otherwise = written_otherwise.iter().any(|(name, other)| {
            *name == attribute.name && desired.field(other).is_some_and(|value| !value.is_null())
        });
        if !skipped && !said_otherwise && !is_elsewhere(attribute, &desired) {
            collect(&mut found, String::new(), attribute, &desired, observed);
        }
    }
    found
}

fn collect(
    found: &mut Vec<Leaf>,
    prefix: String,
    attribute: &'static Attribute,
    around: &Value,
    observed_around: Option<&Value>,
) {
    let path = format!("{prefix}{}", attribute.name);
    let value = around.field(attribute.name);
    let observed = observed_around.and_then(|object| object.field(attribute.name));
    let set = value.is_some_and(|value| !value.is_null());
    if objects_of(attribute).is_some() && !value.is_some_and(Value::is_unknown) {
        collect_objects(found, attribute, value, observed);
        return;
    }
    if let Kind::Block(Nesting::One, inner) = &attribute.kind
        && !value.is_some_and(Value::is_unknown)
    {
        let object = value.and_then(|value| value.as_items()?.first());
        if object.is_none() && attribute.default == Default::Server {
            return;
        }
        let nothing = Value::object(BTreeMap::new());
        let live = observed.and_then(|value| value.as_items()?.first());
        for inner in *inner {
            collect(
                found,
                format!("{path}."),
                inner,
                object.unwrap_or(&nothing),
                live,
            );
        }
        return;
    }
    let desired = effective(Some(attribute), value, around);
    if let Kind::Block(_, inner) = &attribute.kind
        && inner.iter().any(|inner| inner.read == ReadBack::Never)
    {
        found.push(Leaf {
            path: format!("{path}.*"),
            attribute,
            desired: desired.clone(),
            set,
            observed: None,
            hidden: true,
        });
    }
    found.push(Leaf {
        path,
        attribute,
        desired,
        set,
        observed: observed.filter(|value| !value.is_null()).cloned(),
        hidden: false,
    });
}

/// Collects the leaves of blocks that are objects of their own, and one for each that is there and not declared.
fn collect_objects(
    found: &mut Vec<Leaf>,
    attribute: &'static Attribute,
    value: Option<&Value>,
    observed: Option<&Value>,
) {
    let Some((by, inner)) = objects_of(attribute) else {
        return;
    };
    let live: BTreeMap<String, &Value> = named(observed, by).collect();
    let mut declared = BTreeSet::new();
    for (name, object) in named(value, by) {
        let mut leaves = Vec::new();
        for inner in inner {
            let prefix = format!("{}.", attribute.name);
            collect(&mut leaves, prefix, inner, object, live.get(&name).copied());
        }
        found.extend(leaves.into_iter().map(|leaf| Leaf {
            path: format!("{}@{name}", leaf.path),
            ..leaf
        }));
        declared.insert(name);
    }
    for (name, object) in live.iter().filter(|(name, _)| !declared.contains(*name)) {
        found.push(Leaf {
            path: format!("{}@{name}", attribute.name),
            attribute,
            desired: None,
            set: false,
            observed: Some((*object).clone()),
            hidden: false,
        });
    }
}

/// Returns the normal form of what cannot be read back in repeated blocks.
fn hidden_normal(kind: &Kind, value: &Value) -> Option<Json> {
    let Kind::Block(_, inner) = kind else {
        return Some(Json::Null);
    };
    let mut objects = Vec::new();
    for object in value.as_items().unwrap_or_default() {
        let mut fields = Vec::new();
        for attribute in inner.iter().filter(|inner| inner.read == ReadBack::Never) {
            let value = object.field(attribute.name);
            fields.push(value.map_or(Some(Json::Null), |value| normal(&attribute.kind, value))?);
        }
        objects.push(Json::Array(fields));
    }
    Some(if value.is_unknown() {
        return None;
    } else {
        Json::Array(objects)
    })
}
