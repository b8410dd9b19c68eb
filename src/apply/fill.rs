//! Filling what a plan did not know: the only evaluation that an apply does.

use super::run::Run;
use crate::eval::decode_body;
use crate::plan::normal::normal;
use crate::plan::{Change, Desired};
use crate::reconcile::graph::Item;
use crate::reconcile::made::refreshed;
use crate::reconcile::world::{InstanceScope, Seen, View, World};
use crate::source::Diagnostic;
use crate::value::{Address, Value};
use std::sync::PoisonError;

impl<'a> Run<'a> {
    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the random values that steps of this plan need.
    pub(super) async fn learn_kept(&self) {
        let needed = self.needed_nodes();
        for (index, step) in self.plan.steps.iter().enumerate() {
            let crate::catalog::Life::Local(local) = step.kind.life else {
                continue;
            };
            let work = &self.work[index];
            let (Some(owned), Some(node)) = (&work.owned, &work.node) else {
                continue;
            };
            let stays = matches!(step.change, Change::Keep | Change::Relabel | Change::Update);
            if !local.is_kept() || !stays || !needed.contains(node) {
                continue;
            }
            if let Some(value) = self.keeper.read_random(&owned.id).await {
                let wish = work.desired.as_ref().map(|desired| &desired.attributes);
                let nothing = Value::object(std::collections::BTreeMap::new());
                let now = self.settings.now;
                let value = refreshed(local, wish.unwrap_or(&nothing), value, now);
                let plan = step.after.clone().unwrap_or_else(|| value.clone());
                let real = overlaid(&plan, &value);
                self.world().learn(
                    &step.address,
                    Some(Seen {
                        plan,
                        real: Some(real),
                    }),
                );
            }
        }
    }

    /// Returns the nodes that steps which write need.
    fn needed_nodes(&self) -> std::collections::BTreeSet<crate::reconcile::graph::Node> {
        let writing = self
            .plan
            .steps
            .iter()
            .zip(self.work)
            .filter(|(step, _)| step.change.writes() || step.change == Change::Read);
        let mut seen = std::collections::BTreeSet::new();
        let mut found = std::collections::BTreeSet::new();
        for (_, work) in writing {
            if let Some(node) = &work.node
                && seen.insert(node.clone())
            {
                found.extend(self.graph.resources_needed(node));
            }
        }
        // Outputs are worked out against real values too.
        found
    }

    /// Evaluates an instance again, as a view sees it now.
    ///
    /// # Errors
    /// Whatever is wrong with its expressions now that more is known.
    pub(super) fn attributes(&self, index: usize, view: View) -> Result<Value, Vec<Diagnostic>> {
        let work = &self.work[index];
        let step = &self.plan.steps[index];
        let Some(Item::Resource(id)) = work.node.as_ref().map(|node| &node.item) else {
            return Err(Vec::new());
        };
        let world = self.world();
        let Some(module) = work
            .node
            .as_ref()
            .and_then(|node| world.module(&node.module))
            .cloned()
        else {
            return Err(Vec::new());
        };
        let Some(declared) = module.resources.get(id) else {
            return Err(Vec::new());
        };
        let each = match (&declared.repetition, &work.each_value) {
            (crate::config::Repetition::ForEach(_), Some(value))
                if !value.is_wholly_known() || value.has_held() =>
            {
                let keys = world.keys(&step.address.module, &declared.repetition, view)?;
                keys.keys
                    .into_iter()
                    .find(|(key, _)| *key == step.address.key)
                    .and_then(|(_, value)| value)
            }
            (_, value) => value.clone(),
        };
        let scope = InstanceScope::of(&world, &step.address, each, view);
        let decoded = decode_body(&declared.body, step.kind, &scope);
        let errors: Vec<Diagnostic> = decoded
            .diagnostics
            .into_iter()
            .filter(Diagnostic::is_error)
            .collect();
        if errors.is_empty() {
            Ok(decoded.attributes)
        } else {
            Err(errors)
        }
    }

    /// Returns the wish of a step with everything known filled in.
    ///
    /// # Errors
    /// A planned value that came out different; a value that is still not known.
    pub(super) fn filled(&self, index: usize) -> Result<Desired, Vec<Diagnostic>> {
        let Some(planned) = &self.work[index].desired else {
            return Err(Vec::new());
        };
        if planned.attributes.is_wholly_known() && !planned.attributes.has_held() {
            return Ok(planned.clone());
        }
        let fresh = self.attributes(index, View::Real)?;
        let mut problems = Vec::new();
        let mut fields = std::collections::BTreeMap::new();
        for attribute in planned.kind.all() {
            let (Some(was), Some(now)) = (
                planned.attributes.field(attribute.name),
                fresh.field(attribute.name),
            ) else {
                continue;
            };
            let ignored = planned.lifecycle.ignore_changes.iter();
            let ignored = ignored.map(|path| path.split(['.', '[']).next());
            let ignores = ignored.flatten().any(|name| name == attribute.name);
            if planned.lacks.contains(attribute.name) || (ignores && was.is_wholly_known()) {
                fields.insert(attribute.name.into(), was.clone());
                continue;
            }
            let known = was.is_wholly_known() && !was.has_held() && !was.marks_within().fresh;
            let left_out = was.is_null() && attribute.products != crate::catalog::Products::Both;
            if known
                && !holds_all(was, now)
                && !left_out
                && normal(&attribute.kind, was) != normal(&attribute.kind, now)
            {
                problems.push(moved(planned, attribute.name));
            }
            let value = if known { was.clone() } else { now.clone() };
            if !value.is_wholly_known() {
                problems.push(unknown(planned, attribute.name, &value));
            }
            fields.insert(attribute.name.into(), value);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut desired = planned.clone();
        desired.attributes = Value::object(fields);
        Ok(desired)
    }

    /// Notes what an object is now, as both views see it.
    pub(super) fn learn(&self, address: &Address, plan: Value, real: Value) {
        self.world().learn(
            address,
            Some(Seen {
                plan,
                real: Some(real),
            }),
        );
    }
}

/// Tells whether a planned list has all of another: other blocks may add to it.
fn holds_all(was: &Value, now: &Value) -> bool {
    let (Some(was), Some(now)) = (was.as_items(), now.as_items()) else {
        return false;
    };
    now.iter().all(|item| was.contains(item))
}

/// Returns an object with the fields of another over it, where they are not null.
pub(super) fn overlaid(base: &Value, over: &Value) -> Value {
    let mut fields = base.as_fields().cloned().unwrap_or_default();
    for (name, value) in over.as_fields().into_iter().flatten() {
        if !value.is_null() {
            let marks = fields.get(name).map(|old| old.marks).unwrap_or_default();
            fields.insert(name.clone(), value.clone().marked(marks));
        }
    }
    Value::object(fields)
}

fn moved(desired: &Desired, name: &str) -> Diagnostic {
    let problem = Diagnostic::error(
        "planned-value-changed",
        format!("`{name}` comes out different from what was planned"),
    );
    let span = desired.spans.get(name).copied().unwrap_or(desired.span);
    problem
        .at(span, "this expression")
        .hint("plan again: something that it is made of has moved")
}

fn unknown(desired: &Desired, name: &str, value: &Value) -> Diagnostic {
    let waits: Vec<String> = value
        .waits_for()
        .iter()
        .map(|address| format!("`{address}`"))
        .collect();
    let span = desired.spans.get(name).copied().unwrap_or(desired.span);
    Diagnostic::error("still-unknown", format!("`{name}` is still not known"))
        .at(span, format!("it waits for {}", waits.join(", ")))
        .hint("check that what it refers to was made")
}
