//! Desired + Observed + Owned → what happens to one object: the change table of planning.

use crate::catalog::{Attribute, Default, Kind, Life, Nesting, OnChange, Presence, ReadBack};
use crate::plan::leaf::{Leaf, is_live, leaves};
use crate::plan::normal::url_with_password;
use crate::plan::template::{Filled, effective, fill};
use crate::plan::types::{
    AttributeChange, Change, Comparison, Desired, Lifecycle, Observed, Origin, Owned, Reason,
};
use crate::plan::wire::type_of;
use crate::value::{Address, Digest, Marks, Shape, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Makes keyed digests of normal forms; the key is the ledger's.
pub trait Digester: Send + Sync {
    /// Returns the digest of a normal form.
    fn digest(&self, normal: &Json) -> Digest;
}

/// What was decided for one object.
#[derive(Clone, Debug)]
pub struct Decision {
    pub change: Change,
    pub before: Option<Value>,
    pub after: Value,
    pub attributes: BTreeMap<Arc<str>, AttributeChange>,
    pub origin: Option<Origin>,
    pub reason: Option<Reason>,
    pub adopts: bool,
}

/// Decides what happens to an object that the configuration wants.
#[must_use]
pub fn change_for(
    desired: &Desired,
    observed: Option<&Observed>,
    owned: Option<&Owned>,
    digester: &dyn Digester,
) -> Decision {
    let Some(observed) = observed else {
        return create(desired, owned);
    };
    let live = &observed.attributes;
    let mut attributes = BTreeMap::new();
    for leaf in leaves(desired.kind, &desired.attributes, Some(live)) {
        if desired.lacks.contains(&leaf.path) {
            continue;
        }
        let change = compare(&leaf, observed, owned, &desired.lifecycle, digester);
        attributes.insert(Arc::from(leaf.path.as_str()), change);
    }
    let pending = owned.is_some_and(Owned::in_doubt);
    let differing = || attributes.values().filter(|change| change.differs);
    let (change, reason) = if desired.lifecycle.triggered {
        (replacement(desired), Some(Reason::Triggered))
    } else if differing().any(|change| change.replaces) {
        (replacement(desired), Some(Reason::CannotUpdate))
    } else if differing().next().is_some() || pending {
        (Change::Update, None)
    } else {
        (settled(desired, owned), None)
    };
    let origin = change
        .writes()
        .then(|| overall_origin(differing(), owned.is_some()));
    let replaced = matches!(change, Change::Replace | Change::ReplaceCreateFirst);
    let after = planned(desired, (!replaced).then_some(observed), owned, &attributes);
    let before = shown_before(desired, live, &after, &attributes, replaced);
    let before = concealed(before, owned);
    Decision {
        change,
        before: Some(before),
        after,
        attributes,
        origin,
        reason,
        adopts: owned.is_none(),
    }
}

fn create(desired: &Desired, owned: Option<&Owned>) -> Decision {
    Decision {
        change: Change::Create,
        before: None,
        after: planned(desired, None, None, &BTreeMap::new()),
        attributes: BTreeMap::new(),
        origin: Some(if owned.is_some_and(|owned| !owned.in_doubt()) {
            Origin::Drift
        } else {
            Origin::Config
        }),
        reason: None,
        adopts: false,
    }
}

/// What the server names can stand beside its successor; what keeps its place goes first.
fn replacement(desired: &Desired) -> Change {
    let beside = matches!(desired.kind.life, Life::Generate(_) | Life::Local(_));
    if desired.lifecycle.create_before_destroy && beside {
        Change::ReplaceCreateFirst
    } else {
        Change::Replace
    }
}

fn settled(desired: &Desired, owned: Option<&Owned>) -> Change {
    match owned {
        None => Change::Adopt,
        Some(owned) if owned.address != desired.address => Change::Relabel,
        Some(_) => Change::Keep,
    }
}

fn overall_origin<'a>(
    differing: impl Iterator<Item = &'a AttributeChange>,
    is_owned: bool,
) -> Origin {
    let mut seen: Vec<Origin> = differing.filter_map(|change| change.origin).collect();
    seen.sort();
    seen.dedup();
    match seen.as_slice() {
        [one] if is_owned => *one,
        [] | [_] => Origin::Config,
        _ => Origin::Both,
    }
}

/// Compares one leaf.
fn compare(
    leaf: &Leaf,
    observed: &Observed,
    owned: Option<&Owned>,
    lifecycle: &Lifecycle,
    digester: &dyn Digester,
) -> AttributeChange {
    let same = |comparison| AttributeChange {
        comparison,
        differs: false,
        origin: None,
        replaces: false,
    };
    if ignored(leaf, lifecycle) {
        return same(Comparison::NotComparable);
    }
    let rotated = owned.is_some_and(|owned| owned.rotated.contains(leaf.path.as_str()));
    let apart = matches!(
        leaf.attribute.read,
        ReadBack::Place | ReadBack::Sent | ReadBack::Template(_) | ReadBack::Time
    );
    if rotated
        || apart
        || leaf.attribute.on_change == OnChange::Nothing && leaf.attribute.create_only
    {
        return same(Comparison::NotComparable);
    }
    if !leaf.set && nothing_wished(leaf) {
        return same(Comparison::NotComparable);
    }
    let (comparison, equal) = if leaf.readable() {
        let (comparison, equal) = readable(leaf, owned, digester);
        (comparison, equal && !resaid(leaf, owned, digester))
    } else if leaf.attribute.read == ReadBack::Argument {
        let equal = owned.is_none_or(|owned| wish_digest(leaf, digester) == recorded(owned, leaf));
        (Comparison::NotComparable, equal)
    } else {
        unreadable(leaf, observed, owned, digester)
    };
    if equal {
        return same(comparison);
    }
    AttributeChange {
        comparison,
        differs: true,
        origin: Some(origin_of(leaf, owned, digester)),
        replaces: leaf.attribute.on_change == OnChange::Replace,
    }
}

/// Tells whether a whole body, of which the server answers only parts, or the password in a URL, is not the one that was
/// sent.
fn resaid(leaf: &Leaf, owned: Option<&Owned>, digester: &dyn Digester) -> bool {
    let whole = crate::plan::normal::is_body(&leaf.attribute.kind);
    let old = owned.and_then(|owned| recorded(owned, leaf));
    if whole && old.is_some() && wish_digest(leaf, digester) != old {
        return true;
    }
    let said = owned.and_then(|owned| sent(owned, leaf));
    let wish = leaf.desired.as_ref();
    let says = wish.and_then(|wish| url_with_password(&leaf.attribute.kind, wish));
    said.is_some_and(|said| says.is_some_and(|says| digester.digest(&says) != said))
}

/// Tells whether an attribute that the configuration leaves out is the server's business.
fn nothing_wished(leaf: &Leaf) -> bool {
    leaf.attribute.presence == Presence::Computed
        || leaf.attribute.default == Default::Server
        || leaf.attribute.read == ReadBack::Certificate
        || (is_given_once(leaf.attribute) && leaf.desired.is_none())
        || (leaf.attribute.write_only.is_some() && leaf.desired.is_none())
}

/// Tells whether a value comes with an answer to a write and from nowhere afterwards.
#[must_use]
pub fn is_given_once(attribute: &Attribute) -> bool {
    matches!(
        attribute.read,
        ReadBack::Once | ReadBack::Bundle(_) | ReadBack::Picked(_)
    )
}

/// Tells the same of an attribute of an object that is configured like this.
#[must_use]
pub fn is_given_once_to(attribute: &Attribute, object: &Value) -> bool {
    let ReadBack::OnceUnless {
        attribute: other,
        is,
        ..
    } = attribute.read
    else {
        return is_given_once(attribute);
    };
    let said = object.field(other).and_then(Value::as_text);
    said.is_some_and(|said| said != is)
}

fn ignored(leaf: &Leaf, lifecycle: &Lifecycle) -> bool {
    let covers = |path: &String| {
        leaf.path == *path
            || leaf.path.starts_with(&format!("{path}."))
            || (path.starts_with(&format!("{}[", leaf.path)))
            || (path.starts_with(&format!("{}.", leaf.path)))
    };
    lifecycle.ignore_all || lifecycle.ignore_changes.iter().any(covers)
}

fn readable(leaf: &Leaf, owned: Option<&Owned>, digester: &dyn Digester) -> (Comparison, bool) {
    let Some(wish) = leaf.wish() else {
        return (Comparison::Compared, false);
    };
    let held = leaf.desired.as_ref().is_some_and(Value::has_held);
    if !held {
        return (Comparison::Compared, wish == leaf.live());
    }
    let unchanged = owned.is_some_and(|owned| {
        recorded(owned, leaf).is_some_and(|digest| digest == digester.digest(&wish))
            && sent(owned, leaf).is_some_and(|digest| digest == digester.digest(&leaf.live()))
    });
    (Comparison::Held, unchanged)
}

fn unreadable(
    leaf: &Leaf,
    observed: &Observed,
    owned: Option<&Owned>,
    digester: &dyn Digester,
) -> (Comparison, bool) {
    let known = owned.and_then(|owned| sent(owned, leaf));
    if let (None, true, Some(wish)) = (known, leaf.observed.is_some(), leaf.wish()) {
        return (Comparison::Compared, wish == leaf.live());
    }
    let Some(owned) = owned else {
        return (Comparison::Unverified, true);
    };
    let Some(wish) = leaf.wish() else {
        return (Comparison::Digest, false);
    };
    let same_object = owned.incarnation == observed.incarnation && !owned.in_doubt();
    if leaf
        .desired
        .as_ref()
        .is_some_and(|value| value.marks_within().fresh)
    {
        return (Comparison::NotComparable, same_object);
    }
    let digest = digester.digest(&wish);
    if leaf.desired.as_ref().is_some_and(Value::has_held) {
        let unchanged = recorded(owned, leaf).is_some_and(|old| old == digest);
        return (Comparison::Held, unchanged && same_object);
    }
    match sent(owned, leaf) {
        None if wish.is_null() => (Comparison::Digest, true),
        None => (
            Comparison::Unverified,
            recorded(owned, leaf).is_none() && was_adopted(owned),
        ),
        Some(old) => (Comparison::Digest, old == digest && same_object),
    }
}

/// Tells whether nothing was ever written to the object by us: it was taken over as it was.
fn was_adopted(owned: &Owned) -> bool {
    owned.sent.is_empty() && owned.written_at == 0
}

fn recorded(owned: &Owned, leaf: &Leaf) -> Option<Digest> {
    owned.desired.get(leaf.path.as_str()).cloned()
}

fn sent(owned: &Owned, leaf: &Leaf) -> Option<Digest> {
    owned.sent.get(leaf.path.as_str()).cloned()
}

fn wish_digest(leaf: &Leaf, digester: &dyn Digester) -> Option<Digest> {
    leaf.wish()
        .filter(|wish| !wish.is_null())
        .map(|wish| digester.digest(&wish))
}

fn origin_of(leaf: &Leaf, owned: Option<&Owned>, digester: &dyn Digester) -> Origin {
    let Some(owned) = owned else {
        return Origin::Config;
    };
    let old = recorded(owned, leaf);
    if leaf.wish().is_none() {
        return Origin::Config;
    }
    if wish_digest(leaf, digester) == old {
        return Origin::Drift;
    }
    let live = leaf.live();
    let live = (!live.is_null()).then(|| digester.digest(&live));
    if !leaf.readable() || live == old {
        Origin::Config
    } else {
        Origin::Both
    }
}

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
        fields.insert(Arc::from(attribute.name), value);
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
    let object = Value::object(fields.clone());
    fields.insert(
        Arc::from("id"),
        object_id(desired, &object, observed, owned),
    );
    Value::object(fields)
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
    let template = if kind.id.is_empty() {
        kind.place
    } else {
        kind.id
    };
    let id = owned.map(|owned| &*owned.id).filter(|id| !id.is_empty());
    let needs_id = template.contains("{id}") || own.is_some() || template.is_empty();
    if needs_id && (id.is_none() || template.is_empty()) {
        return id.map_or_else(
            || unknown_of(&desired.address, crate::value::Type::String),
            Value::from,
        );
    }
    match fill(template, kind, object, id) {
        Filled::Known(path) => path.into(),
        Filled::Unknown(waits) => Value::unknown(crate::value::Type::String, waits),
        Filled::Missing(_) => unknown_of(&desired.address, crate::value::Type::String),
    }
}

fn unknown_of(address: &Address, ty: crate::value::Type) -> Value {
    Value::unknown(ty, Arc::new([address.clone()].into()))
}

fn planned_attribute(
    desired: &Desired,
    attribute: &'static crate::catalog::Attribute,
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
fn held(name: &str, ty: crate::value::Type, owned: Option<&Owned>) -> Value {
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
    inner: &'static [crate::catalog::Attribute],
    object: &Value,
    seen: Option<&Value>,
    exists: bool,
    owned: Option<&Owned>,
) -> Value {
    let fields = inner.iter().map(|attribute| {
        let wish = object.field(attribute.name);
        let seen = seen.and_then(|seen| seen.field(attribute.name));
        let value = planned_attribute(desired, attribute, wish, seen, exists, owned);
        (Arc::from(attribute.name), value)
    });
    let object = Value::object(fields.collect());
    Value::list(object.ty(), vec![object])
}

/// Returns the object as it is, in the spelling of the configuration wherever both are the same.
fn shown_before(
    desired: &Desired,
    live: &Value,
    after: &Value,
    changes: &BTreeMap<Arc<str>, AttributeChange>,
    replaced: bool,
) -> Value {
    let differs = |name: &str| {
        changes
            .iter()
            .any(|(path, change)| change.differs && path.split('.').next() == Some(name))
    };
    let fields = desired.kind.all().map(|attribute| {
        let seen = live.field(attribute.name).cloned();
        let seen = seen.unwrap_or_else(|| Value::null(type_of(&attribute.kind)));
        let wish = after.field(attribute.name);
        let anew = replaced && attribute.default == Default::Server;
        let same = !differs(attribute.name) && !anew;
        let value = match wish {
            Some(wish) if same => wish.clone(),
            _ => seen,
        };
        (Arc::from(attribute.name), value)
    });
    Value::object(fields.collect())
}

/// Marks what was secret when we wrote it, though neither the type says so nor the configuration any more.
#[must_use]
pub fn concealed(object: Value, owned: Option<&Owned>) -> Value {
    let hidden = owned.into_iter().flat_map(|owned| &owned.hidden);
    hidden.fold(object, |object, path| {
        sensitive_at(object, path.trim_end_matches(".*"))
    })
}

fn sensitive_at(value: Value, path: &str) -> Value {
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(mut fields) = value.as_fields().cloned() else {
        return value;
    };
    let Some(inner) = fields.get(head).cloned() else {
        return value;
    };
    let inner = match (rest, inner.as_items().and_then(<[Value]>::first)) {
        ("", _) | (_, None) => inner.marked(Marks::SENSITIVE),
        (rest, Some(block)) => {
            let block = sensitive_at(block.clone(), rest);
            Value::list(block.ty(), vec![block])
        }
    };
    fields.insert(head.into(), inner);
    Value::object(fields)
}

/// Tells whether an object of this life can be changed where it is.
#[must_use]
pub fn can_update(life: &Life) -> bool {
    !matches!(life, Life::CreateOnly { .. })
}
