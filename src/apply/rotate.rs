//! Passwords that the server takes over: noted before and after the call that does it, never compared nor sent again.

use super::run::Run;
use super::write::{Problems, Task};
use crate::catalog::Rotation;
use crate::plan::leaf::leaves;
use crate::plan::template::{effective, fill};
use crate::plan::{Owned, Pending};
use crate::value::{Address, ServerPath, Value};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What the ledger was told in this run, by address.
#[derive(Default)]
pub(super) struct Records {
    /// Of what is done.
    done: Mutex<BTreeMap<Address, Owned>>,
    /// Of what was begun and is not done: no whole records, of which there may be thousands.
    begun: Mutex<BTreeMap<Address, Noted>>,
}

/// What stands in the ledger before a write.
struct Noted {
    place: ServerPath,
    pending: Option<Pending>,
}

impl Records {
    /// Notes what is about to be written.
    pub(super) fn begin(&self, records: &[Owned]) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.extend(records.iter().map(|owned| {
            let noted = Noted {
                place: owned.place.clone(),
                pending: owned.pending.clone(),
            };
            (owned.address.clone(), noted)
        }));
    }

    /// Returns what was noted before an object was made; `None` where it could not be known what was there then.
    pub(super) fn pending(&self, address: &Address) -> Option<Pending> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = begun.get(address)?.pending.as_ref()?;
        matches!(&*pending.action, "create" | "replace").then(|| pending.clone())
    }

    /// Returns the place that was noted of a write that was begun.
    pub(super) fn begun(&self, address: &Address) -> Option<ServerPath> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.get(address).map(|noted| noted.place.clone())
    }

    fn note(&self, owned: &Owned) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.remove(&owned.address);
        drop(begun);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.insert(owned.address.clone(), owned.clone());
    }
}

impl Run<'_> {
    /// Tells the ledger what is ours now.
    pub(super) async fn keep(&self, owned: Owned) -> Result<(), Problems> {
        self.records.note(&owned);
        self.keeper
            .record(owned)
            .await
            .map_err(|problem| vec![problem])
    }

    /// Returns the record of a step's object as it is now.
    pub(super) fn record_of(&self, index: usize) -> Option<Owned> {
        let records = self
            .records
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let new = self
            .plan
            .steps
            .get(index)
            .and_then(|step| records.get(&step.address));
        new.cloned()
            .or_else(|| self.work.get(index)?.owned.as_deref().cloned())
    }

    /// Lets the server take over a password, where the object asks for it and it has not been done.
    pub(super) async fn rotate_if_asked(&self, task: &Task<'_>) -> Result<(), Problems> {
        let Some(rotation) = task.step.kind.rotation else {
            return Ok(());
        };
        let attributes = &task.desired.attributes;
        let asked = effective(
            task.step.kind.attribute(rotation.when),
            attributes.field(rotation.when),
            attributes,
        );
        let asked = asked.and_then(|asked| asked.as_bool()) == Some(true);
        let interrupted = task
            .work
            .owned
            .as_ref()
            .and_then(|owned| owned.pending.as_ref());
        let again = interrupted.is_some_and(|pending| &*pending.action == "rotate");
        let done = self
            .record_of(task.index)
            .is_some_and(|owned| !owned.rotated.is_empty());
        let path = fill(rotation.path, task.step.kind, attributes, None).known();
        let Some(path) = path.filter(|_| asked && (again || !done)) else {
            return Ok(());
        };
        let taken_over = [task.index].into();
        self.while_rotating(
            &taken_over,
            self.post(task, &path, Json::Object(Map::new())),
        )
        .await?;
        Ok(())
    }

    /// Returns the steps whose objects' passwords a write to a place takes over.
    pub(super) fn rotated_by(&self, place: &ServerPath) -> BTreeSet<usize> {
        let steps = self.plan.steps.iter().zip(self.work).enumerate();
        let hit = |step: &crate::plan::Step, attributes: &Value| {
            let rotation = step.kind.rotation?;
            let path = fill(rotation.path, step.kind, attributes, None).known()?;
            let own = step.place.as_ref()?;
            (own.beside(&path) == *place).then_some(())
        };
        let hits = steps.filter(|(_, (step, work))| {
            let attributes = work.desired.as_ref().map(|desired| &desired.attributes);
            attributes
                .and_then(|attributes| hit(step, attributes))
                .is_some()
        });
        hits.map(|(index, _)| index).collect()
    }

    /// Sends a call after which the server owns passwords of some steps' objects.
    pub(super) async fn while_rotating<T>(
        &self,
        steps: &BTreeSet<usize>,
        call: impl Future<Output = Result<T, Problems>>,
    ) -> Result<T, Problems> {
        let mut records = Vec::new();
        let mut before = Vec::new();
        for index in steps {
            let Some(mut owned) = self.record_of(*index) else {
                continue;
            };
            before.push(owned.clone());
            owned.rotated.extend(self.owned_afterwards(*index));
            owned.pending = None;
            records.push(owned);
        }
        let begun = records.iter().cloned().map(|mut owned| {
            owned.pending = Some(Pending {
                action: "rotate".into(),
                before: BTreeSet::new(),
            });
            owned
        });
        let begun: Vec<Owned> = begun.collect();
        if !begun.is_empty() {
            self.keeper
                .begin(begun)
                .await
                .map_err(|problem| vec![problem])?;
        }
        let outcome = call.await;
        let refused = outcome.as_ref().err().is_some_and(|problems| {
            problems
                .iter()
                .all(|problem| problem.code == "refused-by-server")
        });
        let told = if refused { before } else { records };
        if refused || outcome.is_ok() {
            for owned in told {
                self.keep(owned).await?;
            }
        }
        outcome
    }

    /// Returns the paths of what the server owns after a rotation: the password, in whichever way it is said.
    fn owned_afterwards(&self, index: usize) -> Vec<Arc<str>> {
        let desired = self.work.get(index).and_then(|work| work.desired.as_ref());
        let Some((desired, rotation)) =
            desired.and_then(|desired| Some((desired, desired.kind.rotation?)))
        else {
            return Vec::new();
        };
        let all = leaves(desired.kind, &desired.attributes, None);
        let paths = all.iter().flat_map(|leaf| each_way(&rotation, &leaf.path));
        paths.collect()
    }
}

fn each_way(rotation: &Rotation, path: &str) -> Vec<Arc<str>> {
    let (block, name) = path
        .rsplit_once('.')
        .map_or(("", path), |(block, name)| (block, name));
    if !rotation.owns.contains(&name) {
        return Vec::new();
    }
    let prefix = if block.is_empty() {
        String::new()
    } else {
        format!("{block}.")
    };
    rotation
        .owns
        .iter()
        .map(|name| Arc::from(format!("{prefix}{name}")))
        .collect()
}
