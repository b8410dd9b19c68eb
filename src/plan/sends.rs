//! Which leaves a write sends.

use super::leaf::{Leaf, leaves};
use super::{AttributeChange, Change, Desired, Owned};
use crate::catalog::{Life, Omitted, ResourceType};
use crate::source::Diagnostic;
use crate::value::{Address, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The leaves of an object, and what a write does with them.
pub struct Sends {
    pub leaves: Vec<Leaf>,
    /// Paths that go into the request.
    pub sent: BTreeSet<String>,
    /// Paths that stay out.
    pub unsent: BTreeSet<String>,
}

impl Sends {
    /// Returns the paths that are sent and hold something.
    pub fn holding(&self, what: fn(&Value) -> bool) -> impl Iterator<Item = &str> {
        let holds = move |leaf: &&Leaf| leaf.desired.as_ref().is_some_and(what);
        let sent = |leaf: &&Leaf| self.sent.contains(&leaf.path);
        let found = self.leaves.iter().filter(sent).filter(holds);
        found.map(|leaf| leaf.path.as_str())
    }
}

/// Makes the error of a value that the server gave once and that a write needs again; `givers` are those that may have given it.
#[must_use]
pub fn held_value_needed(desired: &Desired, path: &str, givers: &[Address]) -> Diagnostic {
    let span = desired.spans.get(top(path)).copied();
    let options: Vec<String> = givers
        .iter()
        .map(|address| format!("`-replace='{address}'`"))
        .collect();
    let hint = match options.as_slice() {
        [] => "make the object that gives it anew with `-replace=ADDRESS`".to_owned(),
        options => format!("make what gives it anew with {}", options.join(" ")),
    };
    Diagnostic::error(
        "held-value-needed",
        format!("`{path}` needs a value that the server gave only once"),
    )
    .at(
        span.unwrap_or(desired.span),
        "it was given when its object was made, and cannot be read again",
    )
    .hint(hint)
}

/// Returns the attribute that a leaf is in.
#[must_use]
pub fn top(path: &str) -> &str {
    path.split(['.', '@']).next().unwrap_or(path)
}

/// Returns what a change sends of an object: all when it is made, and what an update must send.
#[must_use]
pub fn sends(
    change: Change,
    desired: &Desired,
    owned: Option<&Owned>,
    attributes: &BTreeMap<Arc<str>, AttributeChange>,
) -> Sends {
    let made = matches!(
        change,
        Change::Create | Change::Replace | Change::ReplaceCreateFirst
    );
    let all = leaves(desired.kind, &desired.attributes, None);
    let (mut sent, mut unsent) = (BTreeSet::new(), BTreeSet::new());
    for leaf in &all {
        match made || is_updated(leaf, desired.kind, owned, attributes) {
            true => sent.insert(leaf.path.clone()),
            false => unsent.insert(leaf.path.clone()),
        };
    }
    Sends {
        leaves: all,
        sent,
        unsent,
    }
}

/// Tells whether an update sends a leaf: where the endpoint keeps what is left out, only what moved and what is at hand.
fn is_updated(
    leaf: &Leaf,
    kind: &ResourceType,
    owned: Option<&Owned>,
    attributes: &BTreeMap<Arc<str>, AttributeChange>,
) -> bool {
    let differs = |path: &str| attributes.get(path).is_some_and(|change| change.differs);
    let doubt = owned.is_some_and(Owned::in_doubt);
    let rotated = owned.is_some_and(|owned| owned.rotated.contains(leaf.path.as_str()));
    let held = leaf.desired.as_ref().is_some_and(Value::has_held);
    let bumped = differs(&format!("{}_version", leaf.top()));
    let moved = differs(&leaf.path) || bumped || (doubt && leaf.set);
    if leaf.attribute.create_only || rotated {
        false
    } else if omitted(kind, leaf) == Omitted::Kept {
        moved || (leaf.set && !leaf.unread() && !held)
    } else {
        leaf.desired.is_some() || moved
    }
}

/// Returns what a write to the endpoint that carries a leaf does to what it leaves out.
fn omitted(kind: &ResourceType, leaf: &Leaf) -> Omitted {
    let top = kind.attribute(leaf.top());
    let part = top.map(|attribute| attribute.part).unwrap_or_default();
    if let Some(part) = kind.parts.iter().find(|one| one.name == part) {
        return part.omitted;
    }
    match kind.life {
        Life::Upsert(omitted) | Life::Singleton { omitted, .. } => omitted,
        Life::Generate(generate) => generate.omitted,
        Life::Mounted(..) => Omitted::Kept,
        _ => Omitted::Reset,
    }
}
