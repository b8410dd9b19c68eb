//! Writes that need what a server gave once, in a run before.

use super::walk::{Planned, Walk, Work};
use super::world::{InstanceScope, Seen, View, World};
use crate::eval::decode_body;
use crate::plan::change::Digester;
use crate::plan::leaf::{Leaf, leaves};
use crate::plan::sends::{held_value_needed, sends, top};
use crate::plan::{Desired, Owned, Step};
use crate::source::Diagnostic;
use crate::value::{Address, Digest, Shape, Value};
use std::collections::BTreeSet;

impl Planned {
    /// Returns the objects whose once-given values an unfinished run did not bring to those that need them. `anew` are
    /// those that are made anew for that reason. Where their records say that they were written with the same value as now,
    /// what gave it was made in the same run, since nobody else could have written it, and is made anew too.
    pub(super) fn undelivered(
        &mut self,
        anew: &BTreeSet<Address>,
        digester: &dyn Digester,
    ) -> BTreeSet<Address> {
        let all = self.plan.steps.iter().zip(&self.work);
        let waiting = all.filter(|(step, work)| {
            let owned = work.owned.as_deref();
            step.after.is_some() && owned.is_some_and(Owned::is_undelivered)
        });
        let waiting: BTreeSet<&Address> = waiting.map(|(step, _)| &step.address).collect();
        if waiting.is_empty() {
            return BTreeSet::new();
        }
        let steps = self.plan.steps.iter().zip(&self.work);
        let needing = steps.filter(|(step, work)| !gone(step, work).is_empty());
        let needs = needing.filter_map(|(_, work)| Some(&work.desired.as_ref()?.needs));
        let needed = needs.flatten().filter(|giver| waiting.contains(giver));
        let mut found: BTreeSet<Address> = needed.cloned().collect();
        for (step, work) in self.plan.steps.iter().zip(&self.work) {
            let again = work.desired.as_ref();
            let Some(desired) = again.filter(|_| anew.contains(&step.address)) else {
                continue;
            };
            let same = |path: &String| was_written(work, desired, path, digester);
            for path in gone(step, work).into_iter().filter(same) {
                found.extend(givers(&mut self.world, desired, work, top(&path)));
            }
        }
        found
    }
}

impl Walk<'_> {
    /// Tells of each write that needs a value which nobody can read again, and which no unfinished run accounts for.
    pub(super) fn refuse_gone(&mut self) {
        let records = self.work.iter().filter_map(|work| work.owned.as_deref());
        let waiting: BTreeSet<Address> = records
            .filter(|owned| owned.is_undelivered())
            .map(|owned| owned.address.clone())
            .collect();
        let mut found: Vec<(usize, String)> = Vec::new();
        for (index, (step, work)) in self.plan.steps.iter().zip(&self.work).enumerate() {
            let needs = work.desired.iter().flat_map(|desired| &desired.needs);
            if !needs.into_iter().any(|giver| waiting.contains(giver)) {
                found.extend(gone(step, work).into_iter().map(|path| (index, path)));
            }
        }
        let mut problems: Vec<Diagnostic> = Vec::new();
        for (index, path) in found {
            let work = &self.work[index];
            let Some(desired) = &work.desired else {
                continue;
            };
            let mut givers = givers(&mut self.world, desired, work, top(&path));
            if givers.is_empty() {
                givers = may_have_given(&self.world, desired);
            }
            problems.push(held_value_needed(desired, &path, &givers).address(&desired.address));
        }
        self.tell(problems);
    }
}

/// Tells whether the record of an object has the value that is wished for a leaf now.
fn was_written(work: &Work, desired: &Desired, path: &str, digester: &dyn Digester) -> bool {
    let leaves = leaves(desired.kind, &desired.attributes, None);
    let leaf = leaves.iter().find(|leaf| leaf.path == path);
    let wish = leaf.and_then(Leaf::wish);
    let written = work
        .owned
        .as_ref()
        .and_then(|owned| owned.desired.get(path));
    wish.is_some_and(|wish| written == Some(&digester.digest(&wish)))
}

/// How many objects are tried one by one, to find which of them gave a value.
const TRIED: usize = 100;

/// Finds the objects that gave what an attribute holds: with another value of theirs, the attribute is another. Nothing
/// where it cannot be told.
fn givers(world: &mut World, desired: &Desired, work: &Work, name: &str) -> Vec<Address> {
    let all = may_have_given(world, desired);
    match all.len() {
        0 | 1 => return all,
        2..=TRIED => {}
        _ => return Vec::new(),
    }
    let was = attribute(world, desired, work, name);
    let mut found = Vec::new();
    for address in &all {
        let Some(seen) = world.seen(address).cloned() else {
            continue;
        };
        let other = Seen {
            plan: otherwise(&seen.plan),
            real: None,
        };
        world.learn(address, Some(other));
        world.forget();
        if attribute(world, desired, work, name) != was {
            found.push(address.clone());
        }
        world.learn(address, Some(seen));
    }
    world.forget();
    found
}

/// Returns the objects with values that nobody can read again, among those that an object needs.
fn may_have_given(world: &World, desired: &Desired) -> Vec<Address> {
    let gave = |address: &&Address| world.seen(address).is_some_and(|seen| seen.plan.has_gone());
    desired.needs.iter().filter(gave).cloned().collect()
}

/// Evaluates one attribute again.
fn attribute(world: &World, desired: &Desired, work: &Work, name: &str) -> Option<Value> {
    let address = &desired.address;
    let declared = world.declares(address)?;
    let each = match &work.each_value {
        Some(each) if each.has_held() => {
            let keys = world.keys(&address.module, &declared.repetition, View::Plan);
            let mut keys = keys.ok()?.keys.into_iter();
            keys.find(|(key, _)| *key == address.key)?.1
        }
        each => each.clone(),
    };
    let scope = InstanceScope::of(world, address, each, View::Plan);
    let decoded = decode_body(&declared.body, desired.kind, &scope);
    decoded.attributes.field(name).cloned()
}

/// Returns an object as it would be if the server had given other values.
fn otherwise(object: &Value) -> Value {
    let fields = object.as_fields().into_iter().flatten();
    let fields = fields.map(|(name, value)| {
        let other = match &value.shape {
            Shape::Held {
                ty, kept: false, ..
            } => Value::from(Shape::Held {
                ty: ty.clone(),
                digest: Digest("other".into()),
                kept: false,
            })
            .marked(value.marks),
            _ => value.clone(),
        };
        (name.clone(), other)
    });
    Value::object(fields.collect())
}

/// Returns the paths that a step would send and whose values nobody can read again.
fn gone(step: &Step, work: &Work) -> Vec<String> {
    let Some(desired) = work.desired.as_ref().filter(|_| step.change.writes()) else {
        return Vec::new();
    };
    if !desired.attributes.has_gone() {
        return Vec::new();
    }
    let sends = sends(
        step.change,
        desired,
        work.owned.as_deref(),
        &step.attributes,
    );
    sends.holding(Value::has_gone).map(str::to_owned).collect()
}
