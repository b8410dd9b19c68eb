//! What goes with what a plan removes: data that this configuration did not write.

use super::walk::Walk;
use crate::catalog::Life;
use crate::observe::undeclared;
use crate::plan::Change;
use crate::plan::guard::may_lose_data;
use crate::value::ServerPath;
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

    async fn foreign_losses(&self, index: usize, declared: &HashSet<ServerPath>) -> Option<String> {
        let step = self
            .plan
            .steps
            .get(index)
            .filter(|step| may_lose_data(step))?;
        let Life::Mounted(table, _) = step.kind.life else {
            return None;
        };
        let connection = self.work.get(index)?.connection.as_ref()?;
        let place = step.old_place.as_ref().or(step.place.as_ref())?;
        let path = place.path.strip_prefix(table.root())?;
        undeclared(
            &connection.server,
            &place.beside(path),
            declared,
            &self.cache,
        )
        .await
    }
}
