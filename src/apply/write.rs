//! One step, from the plan to the server and the ledger.

use super::fill::overlaid;
use super::record::{Written, owned_after};
use super::run::{Run, id_text};
use crate::catalog::Life;
use crate::observe::{Connection, Wanted, look_at};
use crate::plan::change::{is_given_once_to, planned};
use crate::plan::hidden::secrets_in_place;
use crate::plan::leaf::leaves;
use crate::plan::many::in_table;
use crate::plan::place::{Home, ancestors, place_of};
use crate::plan::sends::{Sends, held_value_needed, sends};
use crate::plan::template::fill;
use crate::plan::wire::{Carry, encode};
use crate::plan::{Change, Desired, Observed, Owned, Step};
use crate::reconcile::Work;
use crate::reconcile::world::View;
use crate::server::ServerError;
use crate::source::Diagnostic;
use crate::value::{Address, ServerPath, Shape, Value};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What one write works on.
pub(super) struct Task<'a> {
    pub index: usize,
    pub step: &'a Step,
    pub work: &'a Work,
    pub desired: Desired,
    pub connection: Connection,
    pub place: ServerPath,
}

/// What a write left.
#[derive(Default)]
pub(super) struct Left {
    /// What the server calls the object.
    pub id: String,
    /// The answer to the call that made it, where it answers anything.
    pub answer: Json,
    /// Leaves that were not sent.
    pub unsent: BTreeSet<String>,
}

pub(super) type Problems = Vec<Diagnostic>;

pub(super) fn told(error: &ServerError) -> Problems {
    vec![error.to_diagnostic()]
}

impl Run<'_> {
    /// Does a step; returns the object's id for the line that tells of it.
    pub(super) async fn perform(&self, index: usize) -> Result<Option<String>, Problems> {
        let step = &self.plan.steps[index];
        if matches!(step.kind.life, Life::Local(_)) {
            return self.perform_local(index).await;
        }
        match step.change {
            Change::Keep => Ok(None),
            Change::Read => self.read(index).await,
            Change::Delete => self.delete(index).await,
            Change::Forget => self.forget(index).await,
            Change::Adopt | Change::Relabel => self.take_over(index).await,
            Change::Create
            | Change::Update
            | Change::Remount
            | Change::Replace
            | Change::ReplaceCreateFirst => self.write(index).await,
        }
    }

    /// Makes the task of a step: its wish filled, its place known.
    pub(super) async fn task(&self, index: usize) -> Result<Task<'_>, Problems> {
        let step = &self.plan.steps[index];
        let work = &self.work[index];
        let desired = self.filled(index)?;
        let connection = self.connection(index).await?;
        let home = Home {
            server: &connection.server.identity().id,
            namespace: &connection.namespace,
        };
        let id = work
            .owned
            .as_ref()
            .map(|owned| owned.id.to_string())
            .filter(|id| !id.is_empty());
        let fresh = !matches!(step.change, Change::Update | Change::Remount);
        let id = id.filter(|_| !fresh);
        for secret in secrets_in_place(step.kind, &desired.attributes) {
            self.connector.keep_quiet(secret);
        }
        let place = place_of(step.kind, &desired.attributes, home, id.as_deref());
        let place = place.or_else(|| step.place.clone());
        let base = ServerPath::new(
            home.server,
            &crate::plan::place::namespace_of(home, &desired.attributes),
            "",
        );
        Ok(Task {
            index,
            step,
            work,
            desired,
            place: place.unwrap_or(base),
            connection,
        })
    }

    async fn write(&self, index: usize) -> Result<Option<String>, Problems> {
        let task = self.task(index).await?;
        let change = task.step.change;
        let destroys = matches!(change, Change::Replace | Change::ReplaceCreateFirst);
        let sends = sends_of(&task);
        nothing_held(&task, &sends)?;
        self.remove_lost(&task).await?;
        if change == Change::Replace {
            self.remove_old(&task).await?;
        }
        if change == Change::Remount {
            self.remount(&task).await?;
        }
        let left = if change == Change::Create || destroys {
            self.create(&task).await?
        } else {
            self.update(&task, sends).await?
        };
        let id = self.conclude(&task, left).await?;
        if change == Change::ReplaceCreateFirst {
            self.remove_old(&task).await?;
            self.forget_replaced(&task).await?;
        }
        self.rotate_if_asked(&task).await?;
        Ok(id)
    }

    /// Reads back what was written, tells the world and the ledger.
    pub(super) async fn conclude(
        &self,
        task: &Task<'_>,
        left: Left,
    ) -> Result<Option<String>, Problems> {
        let kind = task.step.kind;
        let mut place = task.place.clone();
        if let (Life::Generate(_), false) = (&kind.life, left.id.is_empty()) {
            let path = fill(kind.place, kind, &task.desired.attributes, Some(&left.id)).known();
            place = place.beside(&path.unwrap_or_default());
        }
        let owned = self.owned_now(task, &left, &place);
        let observed = if self.must_read(task) {
            self.observe(task, &place, owned.as_ref()).await?
        } else {
            None
        };
        let mut stand_in = owned.clone();
        if let Some(owned) = &mut stand_in {
            owned.place = place.clone();
        }
        // What was not read again is as the plan saw it.
        let before = task
            .work
            .observed
            .as_ref()
            .filter(|_| task.step.change == Change::Update);
        let mut real = planned(
            &task.desired,
            observed.as_ref().or(before),
            stand_in.as_ref(),
            &BTreeMap::new(),
        );
        real = self.with_given(task, real, &left);
        let plan = self.plan_view(task, &real);
        self.learn(&task.step.address, plan, real.clone());
        let seen = self.seen_wish(task);
        let written = Written {
            seen: &seen,
            real: &task.desired.attributes,
            result: &real,
            observed: observed.as_ref(),
            id: &left.id,
            place,
            now: self.settings.now,
            unsent: &left.unsent,
        };
        let replaced = matches!(
            task.step.change,
            Change::Replace | Change::ReplaceCreateFirst | Change::Create
        );
        let before = task.work.owned.as_deref().filter(|_| !replaced);
        let owned = owned_after(&task.desired, before, &written, self.keeper.digester());
        self.forget_old_address(task.work, &owned).await?;
        self.keep_until_delivered(task.index, owned).await?;
        Ok(id_text(&real))
    }

    /// An object that changed its address or its place leaves no record of the old one.
    async fn forget_old_address(&self, work: &Work, owned: &Owned) -> Result<(), Problems> {
        match &work.owned {
            Some(old) if old.address != owned.address || old.place != owned.place => self
                .keeper
                .forget(old)
                .await
                .map_err(|problem| vec![problem]),
            _ => Ok(()),
        }
    }

    fn owned_now(&self, task: &Task<'_>, left: &Left, place: &ServerPath) -> Option<Owned> {
        let mut owned = super::record::blank(&task.desired, place.clone());
        owned.id = left.id.as_str().into();
        Some(owned)
    }

    /// Tells whether something of the object must be learnt after writing it.
    fn must_read(&self, task: &Task<'_>) -> bool {
        let kind = task.step.kind;
        if matches!(kind.life, Life::Member { .. }) {
            return false;
        }
        let after = task.step.after.as_ref();
        let node = task.work.node.as_ref();
        let read = node.and_then(|node| self.graph.read.get(node));
        let asked = |name: &str| match read {
            None => false,
            Some(None) => true,
            Some(Some(names)) => names.contains(name),
        };
        let open = kind.all().any(|attribute| {
            let value = after.and_then(|after| after.field(attribute.name));
            value.is_some_and(|value| !value.is_wholly_known()) && asked(attribute.name)
        });
        let digests = leaves(kind, &task.desired.attributes, None)
            .iter()
            .any(|leaf| leaf.set && leaf.unread());
        open || digests || matches!(kind.life, Life::Generate(_) | Life::Mounted(..))
    }

    pub(super) async fn observe(
        &self,
        task: &Task<'_>,
        place: &ServerPath,
        owned: Option<&Owned>,
    ) -> Result<Option<Observed>, Problems> {
        self.cache.clear();
        look_at(&self.wanted(task, place, owned), &self.cache)
            .await
            .map_err(|error| told(&error))
    }

    pub(super) fn wanted(
        &self,
        task: &Task<'_>,
        place: &ServerPath,
        owned: Option<&Owned>,
    ) -> Wanted {
        Wanted {
            kind: task.step.kind,
            place: place.clone(),
            server: task.connection.server.clone(),
            guide: task.desired.attributes.clone(),
            owned: owned.cloned().map(Arc::new),
            referenced: self.graph.referenced(task.work.node.as_ref()),
        }
    }

    /// Adds what the answer to the making call gave, and only it.
    fn with_given(&self, task: &Task<'_>, real: Value, left: &Left) -> Value {
        let mut given: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        for attribute in task.step.kind.all() {
            let value =
                crate::plan::given::given(attribute, &left.answer, &task.desired.attributes);
            let marks = if attribute.sensitive {
                crate::value::Marks::SENSITIVE
            } else {
                crate::value::Marks::NONE
            };
            given.extend(value.map(|value| (attribute.name.into(), value.marked(marks))));
        }
        let missing = given
            .get("id")
            .or_else(|| real.field("id"))
            .is_none_or(|id| !id.is_wholly_known() || id.is_null());
        if !left.id.is_empty() && missing {
            given.insert("id".into(), left.id.as_str().into());
        }
        for (name, value) in real.as_fields().into_iter().flatten() {
            if value.is_unknown() && &**name != "id" && !given.contains_key(name) {
                let nothing = Value::null(value.ty()).marked(value.marks);
                given.insert(name.clone(), nothing);
            }
        }
        with_fields(real, given)
    }

    /// Returns the object as a plan will see it: what was given once is held.
    fn plan_view(&self, task: &Task<'_>, real: &Value) -> Value {
        let all = task.step.kind.all();
        let wish = &task.desired.attributes;
        let once = all.filter(|attribute| is_given_once_to(attribute, wish));
        let held = once.filter_map(|attribute| {
            let value = real
                .field(attribute.name)
                .filter(|value| !value.is_null())?;
            let json = crate::plan::normal::plain(value)?;
            let held = Shape::Held {
                ty: value.ty(),
                digest: self.keeper.digester().digest(&json),
                kept: false,
            };
            Some((attribute.name.into(), Value::from(held).marked(value.marks)))
        });
        with_fields(real.clone(), held.collect())
    }

    /// Returns the wish as a plan will see it from now on.
    pub(super) fn seen_wish(&self, task: &Task<'_>) -> Value {
        let Some(planned) = &task.work.desired else {
            return task.desired.attributes.clone();
        };
        if planned.attributes.is_wholly_known() && !planned.attributes.has_held() {
            return planned.attributes.clone();
        }
        let seen = self.attributes(task.index, View::Plan);
        seen.unwrap_or_else(|_| task.desired.attributes.clone())
    }

    /// Learns an object that needs no write: the ledger only.
    async fn take_over(&self, index: usize) -> Result<Option<String>, Problems> {
        let task = self.task(index).await?;
        let observed = task.work.observed.clone();
        let id = match (&task.work.owned, &observed) {
            (Some(owned), _) if !owned.id.is_empty() => owned.id.to_string(),
            (_, Some(observed)) => generated_id(observed),
            _ => String::new(),
        };
        let place = observed
            .as_ref()
            .map_or_else(|| task.place.clone(), |seen| seen.place.clone());
        let all = leaves(task.step.kind, &task.desired.attributes, None);
        let unsent: BTreeSet<String> = all.into_iter().map(|leaf| leaf.path).collect();
        let seen = self.seen_wish(&task);
        let result = task
            .step
            .after
            .clone()
            .unwrap_or_else(|| task.desired.attributes.clone());
        let written = Written {
            seen: &seen,
            real: &task.desired.attributes,
            result: &result,
            observed: observed.as_ref(),
            id: &id,
            place,
            now: 0,
            unsent: &unsent,
        };
        let mut owned = owned_after(
            &task.desired,
            task.work.owned.as_deref(),
            &written,
            self.keeper.digester(),
        );
        match &task.work.owned {
            Some(before) => {
                owned.written_at = before.written_at;
                owned.sent = before.sent.clone();
            }
            // Nothing was sent by us: what cannot be read stays unverified.
            None => owned.sent.clear(),
        }
        self.forget_old_address(task.work, &owned).await?;
        self.keep(owned).await?;
        Ok(id_text(&result))
    }

    /// Writes what differs to an object that is there; one that went with another in the meantime is made anew.
    async fn update(&self, task: &Task<'_>, sends: Sends) -> Result<Left, Problems> {
        let wanted = |path: &str| sends.sent.contains(path) || is_inside(path, &sends.leaves);
        match self.send_update(task, &wanted).await {
            Err(_) if self.is_gone_since(task).await => return self.create(task).await,
            outcome => outcome?,
        }
        let owned = task.work.owned.as_ref();
        Ok(Left {
            id: owned.map(|owned| owned.id.to_string()).unwrap_or_default(),
            unsent: sends.unsent,
            ..Left::default()
        })
    }

    /// Tells whether an object that the server named is there no more, and another one can stand for it: nobody reads the
    /// id that the plan told, and all that it is made of is known.
    async fn is_gone_since(&self, task: &Task<'_>) -> bool {
        let referenced = self.graph.referenced(task.work.node.as_ref());
        let replaceable = matches!(task.step.kind.life, Life::Generate(_))
            && referenced.is_some_and(|names| !names.contains("id"))
            && !task.desired.attributes.has_held();
        let owned = task.work.owned.as_deref();
        replaceable && matches!(self.observe(task, &task.place, owned).await, Ok(None))
    }

    /// Removes the object that a replacement takes the place of.
    async fn remove_old(&self, task: &Task<'_>) -> Result<(), Problems> {
        let old = task
            .step
            .old_place
            .clone()
            .or_else(|| task.step.place.clone());
        let Some(observed) = &task.work.observed else {
            return Ok(());
        };
        let place = old.unwrap_or_else(|| observed.place.clone());
        let made = matches!(task.step.kind.life, Life::Generate(_));
        let gone = made && ancestors(&place).any(|above| self.remade.contains(&above));
        if gone || self.goes_along(&place) {
            return Ok(());
        }
        self.nothing_new(task.step, &place, &task.connection)
            .await?;
        let guide = overlaid(&observed.attributes, &self.remembered(task.work));
        self.remove(
            task.step.kind,
            &place,
            &guide,
            task.work.owned.as_deref(),
            &task.connection,
        )
        .await
    }

    /// Forgets the object that its successor stood beside.
    async fn forget_replaced(&self, task: &Task<'_>) -> Result<(), Problems> {
        let new = self.record_of(task.index);
        let old = task.work.owned.as_deref();
        match old.filter(|old| new.is_some_and(|new| new.place != old.place)) {
            Some(old) => self
                .keeper
                .forget(old)
                .await
                .map_err(|problem| vec![problem]),
            None => Ok(()),
        }
    }

    fn remembered(&self, work: &Work) -> Value {
        let deletion = work.owned.iter().flat_map(|owned| owned.deletion.iter());
        let fields = deletion.filter_map(|(name, text)| {
            let json: Json = serde_json::from_str(text).ok()?;
            Some((name.clone(), crate::value::json::from_json(&json).ok()?))
        });
        Value::object(fields.collect())
    }

    /// Returns the body of a request of a task.
    pub(super) fn body(
        &self,
        task: &Task<'_>,
        part: &str,
        carry: Carry,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Json {
        let has = |path: &str| !task.desired.lacks.contains(in_table(path)) && wanted(path);
        encode(task.step.kind, part, &task.desired.attributes, carry, &has)
    }
}

fn sends_of(task: &Task<'_>) -> Sends {
    let owned = task.work.owned.as_deref();
    sends(
        task.step.change,
        &task.desired,
        owned,
        &task.step.attributes,
    )
}

/// Refuses a write of a value that the server gave once, in a run before.
fn nothing_held(task: &Task<'_>, sends: &Sends) -> Result<(), Problems> {
    let lost = sends.holding(Value::has_held);
    let givers: Vec<Address> = task.desired.needs.iter().cloned().collect();
    let problems: Problems = lost
        .map(|path| held_value_needed(&task.desired, path, &givers))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Tells whether a path is that of a block around or below a leaf that is itself decided.
fn is_inside(path: &str, leaves: &[crate::plan::leaf::Leaf]) -> bool {
    !leaves.iter().any(|leaf| leaf.path == path)
}

/// Returns the id that an observed generated object carries.
fn generated_id(observed: &Observed) -> String {
    let raw = observed.raw.0.get("");
    let id = raw.and_then(|raw| raw.get("$id")?.as_str());
    id.unwrap_or_default().to_owned()
}

/// Returns an object with other values in some fields.
fn with_fields(object: Value, fields: BTreeMap<Arc<str>, Value>) -> Value {
    if fields.is_empty() {
        return object;
    }
    let mut all = object.as_fields().cloned().unwrap_or_default();
    all.extend(fields);
    Value::object(all)
}

/// An empty body.
#[must_use]
pub(super) fn empty() -> Json {
    Json::Object(Map::new())
}
