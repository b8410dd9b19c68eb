//! What stands in a mount or a namespace that goes: it goes along, and the plan says so.

use super::walk::Walk;
use crate::catalog::{Life, ResourceType};
use crate::plan::place::{ancestors, governs};
use crate::plan::{Change, Step};
use crate::source::Diagnostic;
use crate::value::{Address, ServerPath};
use std::collections::{HashMap, HashSet};

/// Places of what is made anew.
#[derive(Default)]
pub(super) struct Anew {
    /// Those below which everything goes: of mounts and namespaces.
    ruled: HashSet<ServerPath>,
    /// Those of other objects: what a server makes below them, such as ids of a role, goes too.
    own: HashSet<ServerPath>,
}

impl Anew {
    fn note(&mut self, kind: &ResourceType, place: &ServerPath) {
        match governs(kind, place) {
            Some(ruled) => self.ruled.insert(ruled),
            None => self.own.insert(place.clone()),
        };
    }

    fn takes(&self, kind: &ResourceType, place: &ServerPath) -> bool {
        let made = matches!(kind.life, Life::Generate(_));
        !(self.ruled.is_empty() && self.own.is_empty())
            && ancestors(place)
                .any(|above| self.ruled.contains(&above) || made && self.own.contains(&above))
    }
}

impl Walk<'_> {
    /// Notes that a declared object is made anew.
    pub(super) fn note_anew(&mut self, kind: &ResourceType, place: Option<&ServerPath>) {
        if let Some(place) = place {
            self.anew.note(kind, place);
        }
    }

    /// Tells whether an object goes because what it stands in is made anew.
    pub(super) fn goes_along(&self, kind: &ResourceType, place: Option<&ServerPath>) -> bool {
        place.is_some_and(|place| self.anew.takes(kind, place))
    }

    /// Refuses to take declared objects along that the plan means to keep, and protected ones; notes at each step what it
    /// takes along of objects that this plan leaves out.
    pub(super) fn taken_along(&mut self) {
        let going = self.going();
        if going.is_empty() {
            return;
        }
        let taker = |place: &ServerPath| {
            ancestors(place)
                .find_map(|above| going.get(&above))
                .copied()
        };
        let mut problems = Vec::new();
        for step in self.plan.steps.iter().filter(|step| stays(step.change)) {
            if let Some(index) = step.place.as_ref().and_then(taker) {
                problems.push(stands_in(step, &self.plan.steps[index]));
            }
        }
        let planned: HashSet<&ServerPath> = self
            .plan
            .steps
            .iter()
            .flat_map(|step| step.place.iter().chain(&step.old_place))
            .collect();
        let mut left_out: HashMap<usize, Vec<Address>> = HashMap::new();
        for record in self.book.records() {
            let Some(index) = taker(&record.place).filter(|_| !planned.contains(&record.place))
            else {
                continue;
            };
            let by = &self.plan.steps[index].address;
            let declared = self.world.block(&record.address);
            if declared.map_or(record.prevent_destroy, |block| {
                block.lifecycle.prevent_destroy
            }) {
                problems.push(protected(&record.address, by));
            }
            left_out
                .entry(index)
                .or_default()
                .push(record.address.clone());
        }
        for (index, addresses) in left_out {
            self.plan.steps[index]
                .losses
                .push(match addresses.as_slice() {
                    [one] => format!("`{one}`, which this plan leaves out"),
                    all => format!("{} objects that this plan leaves out", all.len()),
                });
        }
        self.tell(problems);
    }

    /// Returns the places below which everything goes, with the step that takes it.
    fn going(&self) -> HashMap<ServerPath, usize> {
        let mut found = HashMap::new();
        for (index, step) in self.plan.steps.iter().enumerate() {
            if matches!(
                step.change,
                Change::Delete | Change::Replace | Change::ReplaceCreateFirst
            ) {
                let place = step.old_place.as_ref().or(step.place.as_ref());
                found.extend(
                    place
                        .and_then(|place| governs(step.kind, place))
                        .map(|ruled| (ruled, index)),
                );
            }
        }
        found
    }
}

/// Tells whether a step means its object to be there afterwards, as it is or changed.
fn stays(change: Change) -> bool {
    matches!(
        change,
        Change::Keep | Change::Adopt | Change::Relabel | Change::Update
    )
}

fn stands_in(step: &Step, taker: &Step) -> Diagnostic {
    let (address, by) = (&step.address, &taker.address);
    let (message, hint) = match taker.change {
        Change::Delete => (
            format!("`{address}` is declared in what the plan destroys: `{by}`"),
            format!("remove it too, or put the block of `{by}` back"),
        ),
        _ => (
            format!("`{address}` is declared in what the plan makes anew: `{by}`"),
            format!("refer to `{by}` in it, so that it is made anew afterwards"),
        ),
    };
    let problem = Diagnostic::error("declared-in-what-goes", message)
        .hint(hint)
        .address(address);
    match step.span {
        Some(span) => problem.at(span, "declared here"),
        None => problem,
    }
}

fn protected(address: &Address, by: &Address) -> Diagnostic {
    let message = format!("`{address}` must not be destroyed, but it goes with `{by}`");
    Diagnostic::error("prevent-destroy", message)
        .hint("leave both, or apply it with `prevent_destroy = false` first")
        .address(address)
}
