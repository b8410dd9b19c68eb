//! Guards: what a plan must not do unasked.

use crate::plan::place::governs;
use crate::plan::types::{Change, Plan, Step};
use crate::source::Diagnostic;

/// The limits of a plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub max_deletes: Option<usize>,
    pub max_changes_percent: Option<usize>,
    pub allow_data_loss: bool,
}

/// Returns what a plan does against its limits. `owned` is how many objects the ledger owns.
#[must_use]
pub fn check(plan: &Plan, limits: Limits, owned: usize) -> Vec<Diagnostic> {
    let counts = plan.counts();
    let mut problems = Vec::new();
    if let Some(limit) = limits.max_deletes
        && counts.destroy > limit
    {
        let message = format!(
            "the plan destroys {} objects, more than {limit}",
            counts.destroy
        );
        problems.push(refuse(
            "too-many-deletes",
            message,
            "raise `-max-deletes` if that is meant",
        ));
    }
    let changed = counts.add + counts.change + counts.destroy;
    if let Some(limit) = limits.max_changes_percent
        && owned > 0
        && changed * 100 > limit * owned
    {
        let message = format!("the plan changes {changed} objects of {owned}, more than {limit} %");
        problems.push(refuse(
            "too-many-changes",
            message,
            "raise `-max-changes` if that is meant",
        ));
    }
    if !limits.allow_data_loss {
        problems.extend(
            plan.steps
                .iter()
                .filter(|step| !step.losses.is_empty())
                .map(loss),
        );
    }
    problems
}

fn refuse(code: &'static str, message: String, hint: &str) -> Diagnostic {
    Diagnostic::error(code, message).hint(hint)
}

fn loss(step: &Step) -> Diagnostic {
    let message = format!(
        "`{}` takes data with it: {}",
        step.address,
        step.losses.join(", ")
    );
    let problem = refuse(
        "data-loss",
        message,
        "plan with `-allow-data-loss` if that is meant",
    );
    let problem = problem.address(&step.address);
    match step.span {
        Some(span) => problem.at(span, "declared here"),
        None => problem,
    }
}

/// Tells whether a step removes what may hold data that no configuration wrote.
#[must_use]
pub fn may_lose_data(step: &Step) -> bool {
    let removes = matches!(
        step.change,
        Change::Delete | Change::Replace | Change::ReplaceCreateFirst
    );
    let place = step.place.as_ref();
    removes && place.is_some_and(|place| governs(step.kind, place).is_some())
}
