//! What goes with what a plan removes: data that this configuration did not write.

use super::walk::Walk;
use crate::observe::{undeclared, undeclared_within};
use crate::plan::Change;
use crate::plan::guard::may_lose_data;
use crate::plan::place::governs;
use crate::value::ServerPath;
use futures::FutureExt;
use std::collections::HashSet;

impl Walk<'_> {
    /// Notes at each step what it destroys and no configuration can bring back.
    pub(super) async fn losses(&mut self) {
        let declared = self.declared_places();
        for index in 0..self.plan.steps.len() {
            let foreign = self.foreign_losses(index, &declared).await;
            let Some(step) = self.plan.steps.get_mut(index) else {
                continue;
            };
            step.losses.extend(foreign);
            let removes = matches!(
                step.change,
                Change::Delete | Change::Replace | Change::ReplaceCreateFirst
            );
            if removes && !self.plan.destroys && !step.kind.irreplaceable.is_empty() {
                step.losses.push(step.kind.irreplaceable.to_owned());
            }
        }
    }

    /// Returns the places of everything that the ledger owns or the configuration declares.
    fn declared_places(&self) -> HashSet<ServerPath> {
        let owned = self
            .memory
            .records()
            .into_iter()
            .map(|record| record.place.clone());
        let steps = self.plan.steps.iter().filter_map(|step| step.place.clone());
        owned.chain(steps).collect()
    }

    async fn foreign_losses(&self, index: usize, declared: &HashSet<ServerPath>) -> Vec<String> {
        let step = self
            .plan
            .steps
            .get(index)
            .filter(|step| may_lose_data(step));
        let place = step.and_then(|step| step.old_place.as_ref().or(step.place.as_ref()));
        let ruled = step.and_then(|step| governs(step.kind, place?));
        let connection = self
            .work
            .get(index)
            .and_then(|work| work.connection.as_ref());
        let (Some(ruled), Some(connection)) = (ruled, connection) else {
            return Vec::new();
        };
        let count = match ruled.path.is_empty() {
            true => undeclared_within(&connection.server, &ruled, declared, &self.cache).boxed(),
            false => undeclared(&connection.server, &ruled, declared, &self.cache).boxed(),
        };
        count.await
    }
}
