//! A plan that only takes back what the world changed: everything else in it stays as it is.

use super::Planned;
use crate::plan::{Change, Origin, Step};
use std::collections::{BTreeMap, BTreeSet};

/// What a plan is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Healing {
    /// Addresses that are put right.
    pub healed: BTreeSet<String>,
    /// Addresses that drifted and are left, with the reason.
    pub left: Vec<(String, &'static str)>,
    /// An earlier run did not come to its end, so that nothing can be told apart.
    pub unfinished: bool,
}

/// Narrows a plan to drift. `spared` are addresses that are to stay as they are, and why.
pub fn narrow(planned: &mut Planned, spared: &BTreeMap<String, &'static str>) -> Healing {
    let mut found = Healing {
        unfinished: planned
            .work
            .iter()
            .filter_map(|work| work.owned.as_ref())
            .any(|owned| owned.in_doubt() || owned.is_undelivered()),
        ..Healing::default()
    };
    let steps = &planned.plan.steps;
    let mut why: Vec<Option<&'static str>> =
        steps.iter().map(|step| refusal(step, spared)).collect();
    let needs: Vec<BTreeSet<usize>> = (0..steps.len()).map(|at| needed(planned, at)).collect();
    // What waits for something that is left, however far away, is left.
    loop {
        let waits = |at: &usize| {
            let held = |other: &usize| {
                why.get(*other).is_some_and(Option::is_some) && acts(&steps[*other])
            };
            why[*at].is_none() && acts(&steps[*at]) && reaches(&needs, *at, &held)
        };
        let waiting: Vec<usize> = (0..steps.len()).filter(waits).collect();
        if waiting.is_empty() {
            break;
        }
        for at in waiting {
            why[at] = Some("it needs something that is to be applied first");
        }
    }
    for (step, why) in planned.plan.steps.iter_mut().zip(why) {
        let address = step.address.to_string();
        let drifted = matches!(step.origin, Some(Origin::Drift | Origin::Both));
        match why {
            None if acts(step) && !found.unfinished => {
                found.healed.insert(address);
                continue;
            }
            Some(why) if drifted => found.left.push((address, why)),
            _ => {}
        }
        leave(step);
    }
    found
}

/// Says why a step is not done when only drift is.
fn refusal(step: &Step, spared: &BTreeMap<String, &'static str>) -> Option<&'static str> {
    match (step.origin, step.change) {
        (_, Change::Keep) => None,
        (Some(Origin::Drift), Change::Create | Change::Update | Change::Remount) => {
            let spared = spared.get(&step.address.to_string()).copied();
            spared.or((!step.losses.is_empty()).then_some("data would be lost"))
        }
        (Some(Origin::Drift), _) => Some("it would have to be replaced"),
        (Some(Origin::Both), _) => Some("its configuration has changed as well"),
        _ => Some("it is no drift"),
    }
}

fn acts(step: &Step) -> bool {
    step.change != Change::Keep
}

/// Returns the steps that come directly before one.
fn needed(planned: &Planned, at: usize) -> BTreeSet<usize> {
    let mut found: BTreeSet<usize> = planned.plan.steps[at].after_steps.iter().copied().collect();
    for gate in &planned.plan.gates {
        if gate.then.binary_search(&at).is_ok() {
            found.extend(&gate.first);
        }
    }
    found
}

fn reaches(needs: &[BTreeSet<usize>], from: usize, is: &dyn Fn(&usize) -> bool) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(at) = open.pop() {
        for other in needs.get(at).into_iter().flatten() {
            if is(other) {
                return true;
            }
            if seen.insert(*other) {
                open.push(*other);
            }
        }
    }
    false
}

/// Makes it a step that does nothing.
fn leave(step: &mut Step) {
    step.change = Change::Keep;
    step.origin = None;
    step.reason = None;
    step.adopts = false;
    step.losses.clear();
    step.after.clone_from(&step.before);
}
