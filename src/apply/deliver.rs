//! What the server gives only once counts as given when those that need it have it: until then the ledger says so, and a
//! run that is cut off in between is followed by one that makes it anew.

use super::run::Run;
use super::write::Problems;
use crate::plan::change::is_given_once_to;
use crate::plan::{Owned, Pending, Plan};
use crate::reconcile::Work;
use crate::reconcile::graph::Graph;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// What is on its way from those that were given it to those that need it.
#[derive(Default)]
pub(super) struct Deliveries {
    /// The steps that wait for each giver.
    open: Mutex<BTreeMap<usize, BTreeSet<usize>>>,
    /// The finished records of givers that some still wait for.
    records: Mutex<BTreeMap<usize, Owned>>,
}

impl Deliveries {
    /// Finds the steps that make something with once-given values, and the steps that write after them.
    pub(super) fn of(plan: &Plan, work: &[Work], graph: &Graph) -> Deliveries {
        let gives = |index: usize| {
            let node = work[index].node.as_ref();
            let read = node.and_then(|node| graph.read.get(node));
            let asked = |name: &str| {
                read.is_some_and(|names| names.as_ref().is_none_or(|names| names.contains(name)))
            };
            let Some(wish) = work[index].desired.as_ref() else {
                return false;
            };
            let all = wish.kind.all();
            let mut given = all.filter(|one| is_given_once_to(one, &wish.attributes));
            plan.steps[index].change.writes() && given.any(|one| asked(one.name))
        };
        let givers = (0..plan.steps.len()).filter(|index| gives(*index));
        let mut open: BTreeMap<usize, BTreeSet<usize>> =
            givers.map(|giver| (giver, BTreeSet::new())).collect();
        if open.is_empty() {
            return Deliveries::default();
        }
        let mut wait = |giver: usize, index: usize| {
            if let Some(waiting) = open.get_mut(&giver)
                && plan.steps[index].change.writes()
            {
                waiting.insert(index);
            }
        };
        for (index, step) in plan.steps.iter().enumerate() {
            step.after_steps
                .iter()
                .for_each(|giver| wait(*giver, index));
        }
        for gate in &plan.gates {
            for giver in &gate.first {
                gate.then.iter().for_each(|index| wait(*giver, *index));
            }
        }
        open.retain(|_, waiting| !waiting.is_empty());
        Deliveries {
            open: Mutex::new(open),
            records: Mutex::default(),
        }
    }

    fn awaited(&self, giver: usize) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.contains_key(&giver)
    }

    /// Notes that a step is done; returns the records of the givers that nobody waits for any more.
    fn done(&self, step: usize) -> Vec<Owned> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut over = Vec::new();
        open.retain(|giver, waiting| {
            let last = waiting.remove(&step) && waiting.is_empty();
            over.extend(last.then_some(*giver));
            !last
        });
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        over.iter()
            .filter_map(|giver| records.remove(giver))
            .collect()
    }
}

impl Run<'_> {
    /// Tells the ledger what is ours now, and whether others still wait for what came with it.
    pub(super) async fn keep_until_delivered(
        &self,
        index: usize,
        owned: Owned,
    ) -> Result<(), Problems> {
        if !self.deliveries.awaited(index) {
            return self.keep(owned).await;
        }
        let mut marked = owned.clone();
        marked.pending = Some(Pending {
            action: Pending::DELIVER.into(),
            before: BTreeSet::new(),
        });
        {
            let records = self.deliveries.records.lock();
            let mut records = records.unwrap_or_else(PoisonError::into_inner);
            records.insert(index, owned);
        }
        self.keep(marked).await
    }

    /// Tells the ledger of an object that stays as it is that nobody needs what was given with it: it had arrived.
    pub(super) async fn settle(&self, index: usize) -> Result<(), Problems> {
        self.has_become(index)?;
        match &self.work[index].owned {
            Some(owned) if owned.is_undelivered() => {
                let mut owned = Owned::clone(owned);
                owned.pending = None;
                self.keep(owned).await
            }
            _ => Ok(()),
        }
    }

    /// Tells the ledger of what has arrived now that a step is done.
    pub(super) async fn delivered(&self, step: usize) -> Result<(), Problems> {
        for owned in self.deliveries.done(step) {
            self.keep(owned).await?;
        }
        Ok(())
    }
}
