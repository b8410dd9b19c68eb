//! What no server keeps: random values are made here, once, and kept in Vault before anything uses them.

use super::record::{Written, nowhere, owned_after};
use super::run::{Run, id_text};
use super::write::Problems;
use crate::catalog::{Life, Local};
use crate::plan::normal::plain;
use crate::plan::{Change, Step};
use crate::reconcile::world::View;
use crate::value::{Shape, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Run<'_> {
    pub(super) async fn perform_local(&self, index: usize) -> Result<Option<String>, Problems> {
        let step = &self.plan.steps[index];
        let work = &self.work[index];
        let Life::Local(local) = step.kind.life else {
            return Ok(None);
        };
        match step.change {
            Change::Delete | Change::Forget => {
                if let Some(owned) = &work.owned {
                    if step.change == Change::Delete {
                        self.unmake(local, owned).await?;
                    }
                    if local.is_kept() {
                        self.keeper
                            .drop_random(&owned.id)
                            .await
                            .map_err(|problem| vec![problem])?;
                    }
                    self.keeper
                        .forget(owned)
                        .await
                        .map_err(|problem| vec![problem])?;
                }
                Ok(None)
            }
            Change::Create | Change::Replace | Change::ReplaceCreateFirst => {
                self.make_local(index, local).await
            }
            Change::Update | Change::Relabel | Change::Adopt | Change::Remount => {
                let birth = work
                    .owned
                    .as_ref()
                    .map(|owned| owned.id.to_string())
                    .unwrap_or_default();
                let seen = self.world().seen(&step.address).cloned();
                let real = seen.and_then(|seen| seen.real);
                self.conclude_local(index, &birth, real).await
            }
            Change::Keep | Change::Read => Ok(None),
        }
    }

    async fn make_local(&self, index: usize, local: Local) -> Result<Option<String>, Problems> {
        let step = &self.plan.steps[index];
        let work = &self.work[index];
        let pending = work
            .owned
            .as_ref()
            .filter(|owned| owned.in_doubt() && step.change == Change::Create);
        let remembered = pending
            .map(|owned| owned.id.to_string())
            .filter(|id| !id.is_empty());
        let birth = remembered.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let desired = self.filled(index)?;
        let made = self.made(local, &desired.attributes, &birth).await?;
        if local.is_kept() {
            self.keeper
                .keep_random(&birth, &made)
                .await
                .map_err(|problem| vec![problem])?;
        }
        let old = work.owned.as_ref().filter(|owned| *owned.id != *birth);
        if let Some(old) = old.filter(|_| local == Local::File) {
            self.remove_other_file(old, &desired.attributes).await?;
        }
        let result = self.conclude_local(index, &birth, Some(made)).await?;
        if let (Some(old), true) = (old, local.is_kept() && step.change != Change::Create) {
            self.keeper
                .drop_random(&old.id)
                .await
                .map_err(|problem| vec![problem])?;
        }
        Ok(result)
    }

    async fn conclude_local(
        &self,
        index: usize,
        birth: &str,
        made: Option<Value>,
    ) -> Result<Option<String>, Problems> {
        let step = &self.plan.steps[index];
        let work = &self.work[index];
        let desired = self.filled(index)?;
        let real = finished(step, &desired.attributes, birth, made.as_ref());
        let plan = self.held_view(step.kind, &real, step.after.as_ref(), made.is_some());
        self.learn(&step.address, plan, real.clone());
        let seen = self
            .attributes(index, View::Plan)
            .unwrap_or_else(|_| desired.attributes.clone());
        let written = Written {
            seen: &seen,
            real: &desired.attributes,
            result: &real,
            observed: None,
            id: birth,
            place: nowhere(),
            now: self.settings.now,
            unsent: &BTreeSet::new(),
        };
        let mut owned = owned_after(&desired, None, &written, self.keeper.digester());
        owned.sent = match (&made, &work.owned) {
            (Some(made), _) => self.digests(made),
            (None, Some(before)) => before.sent.clone(),
            (None, None) => BTreeMap::new(),
        };
        if let Some(old) = work
            .owned
            .as_ref()
            .filter(|old| old.address != owned.address)
        {
            self.keeper
                .forget(old)
                .await
                .map_err(|problem| vec![problem])?;
        }
        self.keeper
            .record(owned)
            .await
            .map_err(|problem| vec![problem])?;
        Ok(id_text(&real))
    }

    fn digests(&self, made: &Value) -> BTreeMap<Arc<str>, crate::value::Digest> {
        let fields = made.as_fields().into_iter().flatten();
        fields
            .filter_map(|(name, value)| {
                let json = plain(value).filter(|json| !json.is_null())?;
                Some((name.clone(), self.keeper.digester().digest(&json)))
            })
            .collect()
    }

    /// Returns the object as a plan will see it: secret outputs held.
    fn held_view(
        &self,
        kind: &crate::catalog::ResourceType,
        real: &Value,
        planned: Option<&Value>,
        made: bool,
    ) -> Value {
        let Life::Local(local) = kind.life else {
            return real.clone();
        };
        let mut fields = real.as_fields().cloned().unwrap_or_default();
        for attribute in kind
            .all()
            .filter(|attribute| local.is_secret() && attribute.sensitive)
        {
            let Some(value) = fields.get(attribute.name).filter(|value| !value.is_null()) else {
                continue;
            };
            let old = planned.and_then(|planned| planned.field(attribute.name));
            let held = match (old, plain(value)) {
                (Some(old), _) if !made && old.has_held() => old.clone(),
                (_, Some(json)) => Value::from(Shape::Held {
                    ty: value.ty(),
                    digest: self.keeper.digester().digest(&json),
                    kept: true,
                }),
                _ => continue,
            };
            let marks = value.marks;
            fields.insert(attribute.name.into(), held.marked(marks));
        }
        Value::object(fields)
    }
}

/// Returns the whole object: as planned, with what is known only now, and over it what was made.
fn finished(step: &Step, wishes: &Value, birth: &str, made: Option<&Value>) -> Value {
    let base = step.after.clone().unwrap_or_else(|| wishes.clone());
    let mut fields: BTreeMap<Arc<str>, Value> = base.as_fields().cloned().unwrap_or_default();
    for attribute in step.kind.all() {
        let wish = wishes
            .field(attribute.name)
            .filter(|value| !value.is_null());
        let open = fields
            .get(attribute.name)
            .is_none_or(|value| !value.is_wholly_known());
        if let (Some(wish), true) = (wish, open) {
            fields.insert(attribute.name.into(), wish.clone());
        }
    }
    if let Some(input) = wishes.field("input")
        && fields.contains_key("output")
    {
        fields.insert("output".into(), input.clone());
    }
    if let Some(made) = made {
        let over = super::fill::overlaid(&Value::object(fields), made);
        fields = over.as_fields().cloned().unwrap_or_default();
    }
    if fields
        .get("id")
        .is_none_or(|id| id.is_null() || !id.is_wholly_known())
    {
        fields.insert("id".into(), birth.into());
    }
    Value::object(fields)
}
