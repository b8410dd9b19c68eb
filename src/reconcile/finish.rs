//! The end of the walk: order, guards, and the plan as a value.

use super::graph::Node;
use super::object::FEW;
use super::walk::{Planned, Walk};
use crate::plan::guard::{Limits, check};
use crate::plan::order::order;
use crate::plan::{Change, Gate, Plan};
use crate::source::Diagnostic;
use crate::value::Address;
use std::collections::{BTreeSet, HashMap};

impl Walk<'_> {
    /// Puts the steps in order, asks the guards, and hands everything over.
    pub(super) fn finish(mut self) -> Planned {
        self.wrong_ledger();
        self.refuse_gone();
        let settled = self
            .plan
            .steps
            .iter()
            .all(|step| matches!(step.change, Change::Keep | Change::Read));
        for output in &mut self.plan.outputs {
            output.before = output.after.clone().filter(|_| settled);
        }
        let owned = self.book.records().len();
        let (needs, gates) = self.step_needs();
        self.plan.gates = gates;
        order(&mut self.plan, &needs);
        let limits = Limits {
            max_deletes: self.options.max_deletes,
            max_changes_percent: self.options.max_changes_percent,
            allow_data_loss: self.options.allow_data_loss,
        };
        let refused = check(&self.plan, limits, owned);
        self.tell(refused);
        let connections = self
            .connections
            .into_iter()
            .filter_map(|(name, connection)| Some((name, connection?)))
            .collect();
        Planned {
            plan: self.plan,
            work: self.work,
            world: self.world,
            graph: self.graph,
            connections,
            leases: self.leases,
        }
    }

    /// Returns the addresses that each step needs: those that its block refers to, or that the ledger remembers. Blocks of
    /// many instances are needed as a whole, through a gate.
    fn step_needs(&self) -> (Vec<BTreeSet<Address>>, Vec<Gate>) {
        let mut gates: HashMap<&Node, Gate> = HashMap::new();
        let mut blocks: HashMap<&Node, Vec<(&Node, &Vec<usize>)>> = HashMap::new();
        let mut needs = Vec::new();
        for (index, work) in self.work.iter().enumerate() {
            let mut own = BTreeSet::new();
            match (&work.node, &work.owned) {
                (Some(node), _) => {
                    let needed = blocks.entry(node).or_insert_with(|| {
                        let nodes = self.graph.resources_needed(node);
                        let known = |node: &Node| self.by_node.get_key_value(node);
                        nodes.iter().filter_map(known).collect()
                    });
                    for (block, steps) in needed {
                        if steps.len() > FEW {
                            let gate = gates.entry(block).or_insert_with(|| Gate {
                                first: (*steps).clone(),
                                then: Vec::new(),
                            });
                            gate.then.push(index);
                        } else {
                            let address = |step: &usize| self.plan.steps[*step].address.clone();
                            own.extend(steps.iter().map(address));
                        }
                    }
                }
                (None, Some(owned)) => own.clone_from(&owned.needs),
                (None, None) => {}
            }
            needs.push(own);
        }
        let mut gates: Vec<Gate> = gates.into_values().collect();
        gates.sort_by(|one, other| one.first.cmp(&other.first));
        (needs, gates)
    }

    /// A plan that deletes most of what the ledger owns, and knows none of it, has the wrong ledger.
    fn wrong_ledger(&mut self) {
        if self.options.destroy || self.book.records().is_empty() {
            return;
        }
        let deletes = count(&self.plan, |change| change == Change::Delete);
        let records = self.book.records();
        let shared = records.iter().any(|record| {
            self.steps.get(&record.address).is_some_and(|index| {
                !matches!(
                    self.plan.steps[*index].change,
                    Change::Delete | Change::Forget
                )
            })
        });
        if deletes * 2 > records.len()
            && !shared
            && self.plan.steps.iter().any(|step| step.after.is_some())
        {
            let problem = Diagnostic::error(
                "wrong-ledger",
                format!(
                    "the plan would delete {deletes} of the {} objects that the ledger owns, and the configuration declares none of them",
                    records.len()
                ),
            )
            .hint("check `name` in vaultform.hcl and the workspace: this is probably the ledger of another configuration");
            self.tell([problem]);
        }
    }
}

fn count(plan: &Plan, which: impl Fn(Change) -> bool) -> usize {
    plan.steps.iter().filter(|step| which(step.change)).count()
}
