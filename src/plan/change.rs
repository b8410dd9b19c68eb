//! Desired + Observed + Owned → what happens to one object: the change table of planning.

use super::hidden::{concealed, secret_paths, without_repeats};
pub use super::shown::planned;
use super::shown::shown_before;
use crate::catalog::registry::shared_name;
use crate::catalog::{Attribute, Default, Life, OnChange, Presence, ReadBack, ResourceType};
use crate::plan::leaf::{Leaf, is_live, leaves};
use crate::plan::many::{in_table, name_in};
use crate::plan::normal::{normal, url_with_password};
use crate::plan::types::{
    AttributeChange, Change, Comparison, Desired, Lifecycle, Observed, Origin, Owned, Reason,
};
use crate::value::{Digest, Value};
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
        if desired.lacks.contains(in_table(&leaf.path)) {
            continue;
        }
        let change = compare(&leaf, desired, observed, owned, digester);
        attributes.insert(shared_name(&leaf.path), change);
    }
    let pending = owned.is_some_and(|owned| owned.in_doubt() && !owned.is_newborn());
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
    let id = owned.map(|owned| &*owned.id).filter(|id| !id.is_empty());
    let before = shown_before(desired, live, &after, &attributes, (replaced, id));
    let before = concealed(before, desired.kind, owned);
    let secret = secret_paths(desired.kind, &desired.attributes);
    let before = without_repeats(before, desired.kind, &secret);
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
        Some(owned) if owned.address != desired.address || owned.is_newborn() => Change::Relabel,
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
    desired: &Desired,
    observed: &Observed,
    owned: Option<&Owned>,
    digester: &dyn Digester,
) -> AttributeChange {
    let same = |comparison| AttributeChange {
        comparison,
        differs: false,
        origin: None,
        replaces: false,
    };
    if ignored(leaf, &desired.lifecycle) {
        return same(Comparison::NotComparable);
    }
    let rotated = owned.is_some_and(|owned| owned.rotated.contains(leaf.path.as_str()));
    let apart = matches!(
        leaf.attribute.read,
        ReadBack::Count | ReadBack::Place | ReadBack::Sent | ReadBack::Template(_) | ReadBack::Time
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
        let (comparison, equal) = unreadable(leaf, observed, owned, digester);
        let live = twin_live(leaf, desired.kind, observed);
        (
            comparison,
            equal && !overwritten(leaf, live, owned, digester),
        )
    };
    if equal {
        return same(comparison);
    }
    AttributeChange {
        comparison,
        differs: true,
        origin: Some(origin_of(leaf, owned, digester)),
        replaces: match leaf.attribute.on_change {
            OnChange::Rise { key, from } => falls(leaf, key, from),
            other => other == OnChange::Replace,
        },
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

/// Returns the live value of what a write-only attribute is another way to say, where the server answers it.
fn twin_live(leaf: &Leaf, kind: &ResourceType, observed: &Observed) -> Option<Json> {
    let twin = leaf
        .attribute
        .write_only
        .filter(|_| leaf.top() == leaf.path)?;
    let twin = kind.attribute(twin).filter(|twin| is_live(twin.read))?;
    let live = observed.attributes.field(twin.name)?;
    normal(&twin.kind, live).filter(|live| !live.is_null())
}

/// Tells whether what was sent of a write-only attribute stands there no more.
fn overwritten(
    leaf: &Leaf,
    live: Option<Json>,
    owned: Option<&Owned>,
    digester: &dyn Digester,
) -> bool {
    let sent = owned.and_then(|owned| sent(owned, leaf));
    live.is_some_and(|live| sent.is_some_and(|sent| digester.digest(&live) != sent))
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
    let own = in_table(&leaf.path);
    // A key of a map was taken from the server already: see `with_ignored`.
    let is_map = matches!(leaf.attribute.kind, crate::catalog::Kind::Map(_));
    let covers = |path: &String| {
        own == *path
            || own.starts_with(&format!("{path}."))
            || (!is_map && path.starts_with(&format!("{own}[")))
            || (!is_map && path.starts_with(&format!("{own}.")))
    };
    lifecycle.ignore_all || lifecycle.ignore_changes.iter().any(covers)
}

fn readable(leaf: &Leaf, owned: Option<&Owned>, digester: &dyn Digester) -> (Comparison, bool) {
    let Some(wish) = leaf.wish() else {
        return (Comparison::Compared, false);
    };
    let held = leaf.desired.as_ref().is_some_and(Value::has_held);
    if !held {
        let same = leaf.desired == leaf.observed;
        return (Comparison::Compared, same || alike(leaf, wish, leaf.live()));
    }
    let unchanged = owned.is_some_and(|owned| {
        recorded(owned, leaf).is_some_and(|digest| digest == digester.digest(&wish))
            && sent(owned, leaf).is_some_and(|digest| digest == digester.digest(&leaf.live()))
    });
    (Comparison::Held, unchanged)
}

/// Tells whether two normal forms are one, also where only one of them says what is so without being said.
fn alike(leaf: &Leaf, wish: Json, live: Json) -> bool {
    let OnChange::Rise { key, from } = leaf.attribute.on_change else {
        return wish == live;
    };
    let unsaid = |mut json: Json| {
        if number_at(&json, key) == Some(from)
            && let Some(fields) = json.as_object_mut()
        {
            fields.remove(key);
        }
        Some(json).filter(|json| json.as_object().is_some_and(|fields| !fields.is_empty()))
    };
    unsaid(wish) == unsaid(live)
}

/// Tells whether a number that can only rise would fall.
fn falls(leaf: &Leaf, key: &str, from: u64) -> bool {
    let live = number_at(&leaf.live(), key).unwrap_or(from);
    let wish = leaf
        .wish()
        .map(|wish| number_at(&wish, key).unwrap_or(from));
    wish.is_some_and(|wish| wish < live)
}

fn number_at(json: &Json, key: &str) -> Option<u64> {
    json.get(key)?.as_str()?.parse().ok()
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
    let same_object = match owned.in_doubt() {
        true => owned.is_newborn(),
        false => owned.incarnation == observed.incarnation,
    };
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
            was_adopted(owned) && recorded(owned, leaf).is_none_or(|old| old == digest),
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
    // A block that the configuration does not have any more.
    let dropped = name_in(&leaf.path).is_some() && !in_table(&leaf.path).contains('.');
    if dropped || leaf.wish().is_none() {
        return Origin::Config;
    }
    // A write of ours that was cut off, or refused, is nobody else's change.
    if !leaf.readable() && owned.in_doubt() {
        return Origin::Config;
    }
    if wish_digest(leaf, digester) == old {
        return Origin::Drift;
    }
    let live = leaf.live();
    let live = (!live.is_null()).then(|| digester.digest(&live));
    // Of a held value the record has the digest of what stood for it, and that of what was sent.
    let as_sent = live.is_some() && live == sent(owned, leaf);
    if !leaf.readable() || live == old || as_sent {
        Origin::Config
    } else {
        Origin::Both
    }
}

/// Tells whether an object of this life can be changed where it is.
#[must_use]
pub fn can_update(life: &Life) -> bool {
    !matches!(life, Life::CreateOnly { .. })
}
