//! Writes that need what a server gave once, in a run before.

use super::walk::{Planned, Walk, Work};
use crate::plan::sends::{held_value_needed, sends};
use crate::plan::{Owned, Step};
use crate::source::Diagnostic;
use crate::value::{Address, Value};
use std::collections::BTreeSet;

impl Planned {
    /// Returns the objects whose once-given values an unfinished run did not bring to those that need them.
    pub(super) fn undelivered(&self) -> BTreeSet<Address> {
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
        needed.cloned().collect()
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
        let mut problems: Vec<Diagnostic> = Vec::new();
        for (step, work) in self.plan.steps.iter().zip(&self.work) {
            let Some(desired) = &work.desired else {
                continue;
            };
            if desired.needs.iter().any(|giver| waiting.contains(giver)) {
                continue;
            }
            let told = |path: String| held_value_needed(desired, &path).address(&step.address);
            problems.extend(gone(step, work).into_iter().map(told));
        }
        self.tell(problems);
    }
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
