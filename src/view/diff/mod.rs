//! What changes between two values, as a tree that the renderer walks. The layout that comes out is that of Terraform.

mod block;
mod dynamic;
mod paths;
mod sequence;
mod typed;

pub use block::compare_block;
pub use dynamic::{compare_dynamic, compare_json};
pub use paths::{PathStep, Paths};
pub use sequence::align;
pub use typed::compare_field;

use super::shown::{Form, Shown};
use std::collections::BTreeMap;

/// What happens to one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Keep,
    Create,
    Update,
    Delete,
}

impl Action {
    /// Returns what happens to a collection, after one more of its elements.
    #[must_use]
    pub fn with(self, element: Action) -> Action {
        match element {
            Action::Keep => self,
            other if other == self => self,
            _ => Action::Update,
        }
    }
}

/// Both sides of one value. `None` is: not there at all, which for attributes is the same as null.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    pub before: Option<&'a Shown>,
    pub after: Option<&'a Shown>,
}

/// A value and what happens to it.
#[derive(Clone)]
pub struct Diff {
    pub action: Action,
    pub replaces: bool,
    pub body: Body,
}

/// What is written for a value.
#[derive(Clone)]
pub enum Body {
    /// Truth values and numbers, as written; `None` is null.
    Plain(Option<String>, Option<String>),
    /// Text; `None` is null.
    Text(Option<String>, Option<String>),
    /// Elements in order; with `context` the neighbours of what changes are shown.
    List {
        items: Vec<Diff>,
        context: bool,
    },
    /// Elements without order; those of nested sets say themselves that they force replacement.
    Set {
        items: Vec<Diff>,
        nested: bool,
    },
    /// Elements by quoted key.
    Map {
        items: BTreeMap<String, Diff>,
        nested: bool,
    },
    /// Attributes by name.
    Object {
        items: BTreeMap<String, Diff>,
        nested: bool,
    },
    /// Attributes and nested blocks.
    Block {
        attributes: BTreeMap<String, Diff>,
        blocks: BTreeMap<String, Group>,
    },
    /// A value that is not shown: what happens to it, and which sides are secret.
    Sensitive {
        inner: Action,
        before: bool,
        after: bool,
    },
    /// The same, for a block.
    SensitiveBlock {
        inner: Action,
        before: bool,
        after: bool,
    },
    /// Not known yet, with what there was.
    Unknown(Option<Box<Diff>>),
    /// Something else than before.
    Instead(Box<Diff>, Box<Diff>),
    WriteOnly,
}

/// All blocks of one name.
#[derive(Clone)]
pub struct Group {
    /// With its label, where blocks have one.
    pub items: Vec<(Option<String>, Diff)>,
    /// All of them force replacement.
    pub replaces: bool,
    /// The group is a set: its blocks force replacement with the object.
    pub is_set: bool,
}

impl<'a> Pair<'a> {
    /// Makes the pair of an object's attribute: null is not there.
    #[must_use]
    pub fn implicit(self) -> Pair<'a> {
        let present = |side: Option<&'a Shown>| side.filter(|value| value.form != Form::Null);
        Pair {
            before: present(self.before),
            after: present(self.after),
        }
    }

    /// Returns both sides of an attribute or element by name.
    #[must_use]
    pub fn field(self, name: &str) -> Pair<'a> {
        let of = |side: Option<&'a Shown>| side?.fields()?.get(name);
        Pair {
            before: of(self.before),
            after: of(self.after),
        }
    }

    /// Returns both sides of two elements by index.
    #[must_use]
    pub fn item(self, before: Option<usize>, after: Option<usize>) -> Pair<'a> {
        let of = |side: Option<&'a Shown>, at: Option<usize>| side?.items()?.get(at?);
        Pair {
            before: of(self.before, before),
            after: of(self.after, after),
        }
    }

    /// Returns the elements of both sides.
    #[must_use]
    pub fn lists(self) -> (&'a [Shown], &'a [Shown]) {
        let of = |side: Option<&'a Shown>| side.and_then(Shown::items).unwrap_or_default();
        (of(self.before), of(self.after))
    }

    /// Returns the keys of both sides.
    #[must_use]
    pub fn keys(self) -> Vec<&'a str> {
        let of = |side: Option<&'a Shown>| side.and_then(Shown::fields).into_iter().flatten();
        let mut keys: Vec<&str> = of(self.before)
            .chain(of(self.after))
            .map(|(key, _)| key.as_str())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Tells whether there is nothing on either side.
    #[must_use]
    pub fn is_empty(self) -> bool {
        is_nothing(self.before) && is_nothing(self.after)
    }

    /// Returns what happens to the value as a whole.
    #[must_use]
    pub fn action(self) -> Action {
        match (self.before, self.after) {
            (None, None) => Action::Keep,
            (None, Some(_)) => Action::Create,
            (Some(_), None) => Action::Delete,
            (Some(before), Some(after)) if before.same(after) => Action::Keep,
            _ => Action::Update,
        }
    }

    /// Returns what happens to a collection before its elements are looked at.
    #[must_use]
    pub fn outset(self) -> Action {
        match (is_nothing(self.before), is_nothing(self.after)) {
            (true, false) => Action::Create,
            (false, true) => Action::Delete,
            _ => Action::Keep,
        }
    }

    /// Returns which sides are secret.
    #[must_use]
    pub fn secrecy(self) -> (bool, bool) {
        let of = |side: Option<&Shown>| side.is_some_and(|value| value.sensitive);
        (of(self.before), of(self.after))
    }

    /// Tells whether the value will be known only later.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self.after.is_some_and(|value| value.form == Form::Unknown)
    }
}

fn is_nothing(side: Option<&Shown>) -> bool {
    side.is_none_or(|value| value.form == Form::Null)
}

/// Compares what is secret on one side or both; `None` where neither is.
fn secret(pair: Pair<'_>, replaces: bool) -> Option<Diff> {
    let (before, after) = pair.secrecy();
    if !before && !after {
        return None;
    }
    let inner = pair.action();
    let moved = inner == Action::Keep && before != after && !pair.is_empty();
    Some(Diff {
        action: if moved { Action::Update } else { inner },
        replaces,
        body: Body::Sensitive {
            inner,
            before,
            after,
        },
    })
}

/// Makes the difference of what is not known yet; `earlier` is how the old value goes, where there was one.
fn unknown(pair: Pair<'_>, replaces: bool, earlier: impl FnOnce(Pair<'_>) -> Diff) -> Option<Diff> {
    if !pair.is_unknown() {
        return None;
    }
    let old = Pair {
        before: pair.before,
        after: None,
    };
    let had = !is_nothing(pair.before);
    Some(Diff {
        action: if had { Action::Update } else { Action::Create },
        replaces,
        body: Body::Unknown(had.then(|| Box::new(earlier(old)))),
    })
}
