//! Conditions that a plan could not judge, judged with what the run has learnt.

use super::run::Run;
use crate::config::{Condition, DeclaredResource};
use crate::plan::{Change, Plan};
use crate::reconcile::conditions::{check_known, judge_known};
use crate::reconcile::world::{InstanceScope, View, World};
use crate::source::Diagnostic;
use crate::value::{Address, Value};

/// The code of conditions that do not hold of an object that was written.
pub const WRITTEN: &str = "postcondition-failed";

impl Run<'_> {
    /// Judges the preconditions of a step that is about to write.
    pub(super) fn may_begin(&self, index: usize) -> Result<(), Vec<Diagnostic>> {
        self.judged(index, "resource precondition failed", |_, block| {
            (block.lifecycle.preconditions.clone(), None)
        })
    }

    /// Judges the postconditions of a step that is done.
    pub(super) fn has_become(&self, index: usize) -> Result<(), Vec<Diagnostic>> {
        let address = &self.plan.steps[index].address;
        self.judged(index, "resource postcondition failed", |world, block| {
            let seen = world.seen(address);
            let itself = seen.map(|seen| seen.real.clone().unwrap_or_else(|| seen.plan.clone()));
            (block.lifecycle.postconditions.clone(), itself)
        })
        .map_err(|problems| problems.into_iter().map(written_before).collect())
    }

    fn judged(
        &self,
        index: usize,
        what: &str,
        which: impl FnOnce(&World, &DeclaredResource) -> (Vec<Condition>, Option<Value>),
    ) -> Result<(), Vec<Diagnostic>> {
        let (step, work) = (&self.plan.steps[index], &self.work[index]);
        let leaves = matches!(step.change, Change::Delete | Change::Forget);
        let world = self.world();
        let Some(block) = world.block(&step.address).filter(|_| !leaves) else {
            return Ok(());
        };
        let (conditions, itself) = which(&world, block);
        if conditions.is_empty() {
            return Ok(());
        }
        let mut scope = scope_at(&world, &step.address, work.each_value.clone());
        scope.instance.itself = itself;
        let told = |problem: Diagnostic| problem.address(&step.address);
        judge_known(&conditions, &scope, what)
            .map_err(|problems| problems.into_iter().map(told).collect())
    }
}

/// Says of a condition that does not hold that its object was written all the same.
fn written_before(problem: Diagnostic) -> Diagnostic {
    Diagnostic {
        code: WRITTEN,
        ..problem
    }
}

fn scope_at<'a>(world: &'a World, address: &Address, each: Option<Value>) -> InstanceScope<'a> {
    InstanceScope::of(world, address, each, View::Real)
}

/// Judges, once all is done, what no step stands for: variables of modules, outputs, and the checks that the plan left open.
pub(super) fn concluded(world: &World, plan: &Plan) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let open = |address: &str| {
        let mut all = plan.checks.iter();
        all.any(|check| check.address == address && check.status == "unknown")
    };
    for module in world.modules() {
        for at in world.module_instances(&module.path).unwrap_or_default() {
            let scope = InstanceScope::new(world, &at, View::Real);
            for variable in module.variables.values() {
                let what = format!("invalid value for variable `{}`", variable.name.text);
                told.extend(judge_known(&variable.validations, &scope, &what).err());
            }
            for output in module.outputs.values() {
                let what = format!("precondition of output `{}` failed", output.name.text);
                told.extend(judge_known(&output.preconditions, &scope, &what).err());
            }
            for (name, check) in &module.checks {
                let result = check_known(&at, name, &check.assertions, &scope);
                if open(&result.0.address) {
                    told.push(result.1);
                }
            }
        }
    }
    told.into_iter().flatten().collect()
}
