//! `drift -heal`: puts right what the world changed, and nothing else.

use super::settings::Watch;
use crate::command::apply::unattended;
use crate::command::context::Context;
use crate::command::exit::{Exit, Failure};
use crate::command::planning::{Hold, Order};
use crate::ledger::LockWish;
use crate::operate::watch::ignore::ignore;
use crate::reconcile::Planned;
use crate::reconcile::healing::{Healing, narrow};
use crate::source::{Diagnostic, Severity, Surroundings};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What became of it.
#[derive(Default)]
pub struct Healed {
    /// What was to be put right.
    pub addresses: BTreeSet<String>,
    /// How the run ends, where not all went well.
    pub failure: Option<Failure>,
}

/// Plans again with the lock held, and applies what is drift and nothing else.
pub async fn heal(
    context: &Context,
    mut order: Order,
    watch: &Watch,
    wait: Option<std::time::Duration>,
) -> Healed {
    let found: Arc<Mutex<Healing>> = Arc::default();
    let (rules, limit, now) = (
        watch.rules.clone(),
        watch.heal_limit,
        context.files.started(),
    );
    let kept = found.clone();
    order.narrow = Some(Arc::new(move |planned: &mut Planned| {
        let ignored = ignore(&mut planned.plan.steps, &rules, now);
        let gone = planned
            .plan
            .diagnostics
            .iter()
            .filter(|told| told.code == "held-value-needed");
        let gone = gone.filter_map(|told| told.address.clone());
        let gone = gone.map(|address| (address, "it needs a value that the server gave only once"));
        let ignored = ignored
            .into_iter()
            .map(|one| (one.address, "part of its drift is ignored"));
        let spared = ignored.chain(gone).collect();
        let healing = narrow(planned, &spared);
        soften(planned);
        let told = told(&healing, limit);
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = healing;
        told
    }));
    order.options.unmanaged = false;
    order.wish.allow_lockout = false;
    order.hold = Some(Hold {
        operation: "drift -heal",
        wait: wait.unwrap_or(LockWish::DEFAULT_WAIT),
    });
    let outcome = unattended(context, order).await;
    let healing = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let failure = match outcome {
        Ok(Exit::Done) => None,
        Ok(other) => Some(Failure {
            diagnostics: Vec::new(),
            exit: Some(other),
        }),
        Err(failure) => Some(failure.graded()),
    };
    Healed {
        addresses: healing.healed,
        failure,
    }
}

/// Codes of what an apply would be refused for, and what is no reason not to look.
const OF_WRITES: &[&str] = &[
    "declared-in-what-goes",
    "held-value-needed",
    "object-exists",
    "owned-elsewhere",
    "prevent-destroy",
    "wrong-ledger",
];

/// What an apply would be refused for keeps nobody from looking, nor from putting other things right.
pub fn soften(planned: &mut Planned) {
    for problem in &mut planned.plan.diagnostics {
        if OF_WRITES.contains(&problem.code) {
            problem.severity = Severity::Warning;
        }
    }
}

fn told(healing: &Healing, limit: usize) -> Vec<Diagnostic> {
    if healing.unfinished {
        let message = "nothing is put right: an earlier apply did not come to its end";
        return vec![Diagnostic::error("heal-refused", message).hint("run `vaultform apply`")];
    }
    let number = healing.healed.len();
    if number > limit {
        let message =
            format!("nothing is put right: {number} objects drifted, and one run may heal {limit}");
        return vec![Diagnostic::error("heal-refused", message).hint(
            "look at `vaultform plan` and apply it, or raise `drift { heal { max_objects = … } }`",
        )];
    }
    let left = healing.left.iter().map(|(address, why)| {
        let message = format!("`{address}` is not put right: {why}");
        Diagnostic::warning("not-healed", message)
    });
    left.collect()
}
