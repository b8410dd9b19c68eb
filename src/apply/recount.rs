//! What a mount holds is counted again right before it goes: the plan may have waited long for its yes.

use super::run::Run;
use super::write::Problems;
use crate::observe::{Cache, Connection, undeclared, undeclared_within};
use crate::plan::guard::may_lose_data;
use crate::plan::place::governs;
use crate::plan::{Plan, Step};
use crate::reconcile::Work;
use crate::source::Diagnostic;
use crate::value::ServerPath;
use futures::FutureExt;
use std::collections::HashSet;

/// Returns the places that a plan knows of.
pub(super) fn known(plan: &Plan, work: &[Work]) -> HashSet<ServerPath> {
    if !plan.steps.iter().any(may_lose_data) {
        return HashSet::new();
    }
    let of_steps = plan
        .steps
        .iter()
        .flat_map(|step| step.place.iter().chain(&step.old_place));
    let of_records = work
        .iter()
        .filter_map(|work| work.owned.as_deref())
        .map(|owned| &owned.place);
    of_steps.chain(of_records).cloned().collect()
}

impl Run<'_> {
    /// Refuses to remove what has got something since the plan was made that would go with it. What the plan told of was
    /// allowed.
    pub(super) async fn nothing_new(
        &self,
        step: &Step,
        place: &ServerPath,
        connection: &Connection,
    ) -> Result<(), Problems> {
        let allowed = !may_lose_data(step) || !step.losses.is_empty();
        let Some(ruled) = governs(step.kind, place).filter(|_| !allowed) else {
            return Ok(());
        };
        let (server, cache) = (&connection.server, Cache::default());
        let count = match ruled.path.is_empty() {
            true => undeclared_within(server, &ruled, &self.known, &cache).boxed(),
            false => undeclared(server, &ruled, &self.known, &cache).boxed(),
        };
        let found = count.await;
        if found.is_empty() {
            return Ok(());
        }
        let message = format!(
            "`{}` was not destroyed: since the plan was made it has got {}",
            step.address,
            found.join(", ")
        );
        let problem = Diagnostic::error("data-loss", message)
            .hint("plan again with `-allow-data-loss` if that is to go with it");
        Err(vec![problem])
    }
}
