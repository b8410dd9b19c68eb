//! Writing objects that blocks of another object declare.

use super::create::always;
use super::run::Run;
use super::write::{Problems, Task};
use crate::catalog::Part;
use crate::observe::object_path;
use crate::plan::leaf::leaves;
use crate::plan::many::{blocks_of, in_table, name_in, named, objects_of};
use crate::plan::wire::{Carry, encode_object};
use serde_json::Value as Json;

impl Run<'_> {
    /// Writes the objects of a part that are new or touched, and removes those that left the configuration.
    pub(super) async fn write_objects(
        &self,
        task: &Task<'_>,
        part: &Part,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Problems> {
        for block in blocks_of(task.step.kind, part) {
            let Some((by, inner)) = objects_of(block) else {
                continue;
            };
            for (name, object) in named(task.desired.attributes.field(block.name), by) {
                let there = is_there(task, part, &name);
                if there && !self.is_object_touched(task, block.name, &name) {
                    continue;
                }
                let (carry, wanted) = if there {
                    (Carry::Update, wanted)
                } else {
                    (Carry::Whole, &always as &(dyn Fn(&str) -> bool + Sync))
                };
                let has = |path: &str| !task.desired.lacks.contains(in_table(path)) && wanted(path);
                let body = encode_object(block.name, &name, inner, object, carry, &has);
                self.write_object(task, part, &name, body).await?;
            }
        }
        self.remove_objects(task, part).await
    }

    async fn write_object(
        &self,
        task: &Task<'_>,
        part: &Part,
        name: &str,
        body: Json,
    ) -> Result<(), Problems> {
        let path = object_path(task.step.kind, part, &task.desired.attributes, name);
        match path {
            Some(path) => self.post(task, &path, body).await.map(|_| ()),
            None => Ok(()),
        }
    }

    fn is_object_touched(&self, task: &Task<'_>, block: &str, name: &str) -> bool {
        let all = leaves(task.step.kind, &task.desired.attributes, None);
        all.iter()
            .filter(|leaf| leaf.top() == block && name_in(&leaf.path) == Some(name))
            .any(|leaf| self.is_touched(task, &leaf.path))
    }

    async fn remove_objects(&self, task: &Task<'_>, part: &Part) -> Result<(), Problems> {
        let gone = task.step.attributes.iter().filter_map(|(path, change)| {
            let (block, name) = path.split_once('@')?;
            let whole = !block.contains('.') && change.differs;
            let carried = blocks_of(task.step.kind, part).any(|one| one.name == block);
            (whole && carried).then_some(name)
        });
        for name in gone {
            let path = object_path(task.step.kind, part, &task.desired.attributes, name);
            if let Some(path) = path {
                let place = task.place.beside(&path);
                self.remove_at(&place, &task.connection).await?;
            }
        }
        Ok(())
    }
}

/// Tells whether the plan saw an object of a part.
fn is_there(task: &Task<'_>, part: &Part, name: &str) -> bool {
    let seen = task.work.observed.as_ref();
    let replaced = matches!(
        task.step.change,
        crate::plan::Change::Replace | crate::plan::Change::ReplaceCreateFirst
    );
    let answers = seen.and_then(|seen| seen.raw.0.get(part.name));
    !replaced && answers.is_some_and(|answers| answers.get(name).is_some())
}
