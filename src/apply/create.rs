//! Making and changing objects, by how they live.

use super::run::Run;
use super::write::{Left, Problems, Task, told};
use crate::catalog::{Life, MountTable, MountType, Omitted, ReadBack, ResourceType};
use crate::observe::secret_at;
use crate::plan::given::texts;
use crate::plan::leaf::leaves;
use crate::plan::template::{effective, fill};
use crate::plan::wire;
use crate::plan::wire::{Carry, get};
use crate::server::{Request, ServerError};
use crate::source::Diagnostic;
use crate::value::Value;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::Duration;

/// How long a move of a mount may take.
const REMOUNT_TRIES: usize = 600;

/// Tells whether an unfinished run made the object, in one request and as it is declared: writing to it again could
/// only reset what its type does not tell of.
fn was_made_whole(task: &Task<'_>) -> bool {
    let pending = task
        .work
        .owned
        .as_ref()
        .and_then(|owned| owned.pending.as_ref());
    pending.is_some_and(|pending| matches!(&*pending.action, "create" | "replace"))
}

pub(super) fn always(_: &str) -> bool {
    true
}

impl Run<'_> {
    /// Makes an object.
    pub(super) async fn create(&self, task: &Task<'_>) -> Result<Left, Problems> {
        match task.step.kind.life {
            Life::Upsert(_) | Life::Singleton { .. } => self.create_upsert(task).await,
            Life::Mounted(table, kind) => self.enable(task, table, kind).await,
            Life::CreateOnly { .. } => {
                let body = self.body(task, "", Carry::Create, &always);
                self.post_new(task, &task.place.path, body).await?;
                Ok(Left::default())
            }
            Life::Generate(generate) => self.generate(task, &generate).await,
            Life::Versioned => self.put_versioned(task, true).await,
            Life::Secret => self.put_secret(task).await,
            Life::Endpoint => self.put_endpoint(task).await,
            Life::Member {
                field, elements, ..
            } => self.put_member(task, field, elements).await,
            Life::Data(_) | Life::Local(_) => Ok(Left::default()),
        }
    }

    /// Changes an object that is there.
    pub(super) async fn send_update(
        &self,
        task: &Task<'_>,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Problems> {
        match task.step.kind.life {
            Life::Upsert(omitted) | Life::Singleton { omitted, .. } => {
                self.update_upsert(task, omitted, wanted).await
            }
            Life::Mounted(table, _) => self.tune(task, table, wanted).await,
            Life::Generate(generate) => {
                let own = self.body(task, "", Carry::Create, &|path| wanted(path));
                let differs = task.step.attributes.values().any(|change| change.differs);
                let body = self.full_body(task, "", generate.omitted, wanted);
                let asked = differs || (!is_empty(&own) && !was_made_whole(task));
                if !is_empty(&body) && asked {
                    self.post(task, &task.place.path, body).await?;
                }
                self.write_parts(task, Carry::Update, wanted).await
            }
            Life::Versioned => self.put_versioned(task, false).await.map(|_| ()),
            Life::Secret => self.put_secret(task).await.map(|_| ()),
            Life::Endpoint => self.put_endpoint(task).await.map(|_| ()),
            Life::Member {
                field, elements, ..
            } => self.put_member(task, field, elements).await.map(|_| ()),
            Life::CreateOnly { .. } | Life::Data(_) | Life::Local(_) => Ok(()),
        }
    }

    async fn create_upsert(&self, task: &Task<'_>) -> Result<Left, Problems> {
        let mut body = self.body(task, "", Carry::Whole, &always);
        if let Life::Singleton {
            omitted: Omitted::Reset,
            ..
        } = task.step.kind.life
        {
            // It is there already, with its mount: what the server decided stays.
            let request = Request::get(&*task.place.path).namespace(&task.place.namespace);
            if let Ok(reply) = task.connection.server.send(request).await {
                body = kept(task.step.kind, "", body, reply.data(), &always);
            }
        }
        let answer = self.post(task, &task.place.path, body).await?;
        self.write_parts(task, Carry::Create, &always).await?;
        let id = answer.get("data").and_then(|data| data.get("id")?.as_str());
        Ok(Left {
            id: id.unwrap_or_default().to_owned(),
            answer,
            ..Left::default()
        })
    }

    async fn update_upsert(
        &self,
        task: &Task<'_>,
        omitted: Omitted,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Problems> {
        let touched = leaves(task.step.kind, &task.desired.attributes, None)
            .iter()
            .any(|leaf| part_of(task, leaf.top()) == Some("") && self.is_touched(task, &leaf.path));
        if touched || task.step.attributes.is_empty() {
            let body = self.full_body(task, "", omitted, wanted);
            self.post(task, &task.place.path, body).await?;
        }
        self.write_parts(task, Carry::Update, wanted).await
    }

    /// Tells whether a leaf differs, or the object's last write is in doubt.
    pub(super) fn is_touched(&self, task: &Task<'_>, path: &str) -> bool {
        let doubt = task
            .work
            .owned
            .as_deref()
            .is_some_and(crate::plan::Owned::in_doubt);
        let resend = self.plan.steps[task.index].change == crate::plan::Change::Update
            && !task.step.attributes.values().any(|change| change.differs);
        doubt
            || resend
            || task
                .step
                .attributes
                .get(path)
                .is_some_and(|change| change.differs)
    }

    /// Returns the body of an update; where a write resets what it leaves out, with what the server decides in it.
    fn full_body(
        &self,
        task: &Task<'_>,
        part: &str,
        omitted: Omitted,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Json {
        let carry = if omitted == Omitted::Kept {
            Carry::Update
        } else {
            Carry::Create
        };
        let body = self.body(task, part, carry, &|path| wanted(path));
        let live = task.work.observed.as_ref();
        let live = live.and_then(|seen| seen.raw.0.get(part));
        match live.filter(|_| omitted == Omitted::Reset) {
            Some(live) => kept(task.step.kind, part, body, live, &always),
            None => body,
        }
    }

    /// Writes the parts that carry something set or changed.
    async fn write_parts(
        &self,
        task: &Task<'_>,
        carry: Carry,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Problems> {
        for part in task.step.kind.parts {
            if !part.each.is_empty() {
                self.write_objects(task, part, wanted).await?;
                continue;
            }
            let all = leaves(task.step.kind, &task.desired.attributes, None);
            let mut carried = all
                .iter()
                .filter(|leaf| part_of(task, leaf.top()) == Some(part.name));
            let needed = match carry {
                Carry::Create | Carry::Whole => !part.only_if_set || carried.any(|leaf| leaf.set),
                Carry::Update => carried.any(|leaf| self.is_touched(task, &leaf.path)),
            };
            if !needed {
                continue;
            }
            let Some(path) =
                fill(part.path, task.step.kind, &task.desired.attributes, None).known()
            else {
                continue;
            };
            let body = if carry == Carry::Create {
                self.body(task, part.name, carry, &always)
            } else {
                self.full_body(task, part.name, part.omitted, wanted)
            };
            if !is_empty(&body) {
                self.post(task, &path, body).await?;
            }
        }
        Ok(())
    }

    async fn enable(
        &self,
        task: &Task<'_>,
        table: MountTable,
        kind: MountType,
    ) -> Result<Left, Problems> {
        let mut body = self.body(task, "", Carry::Create, &always);
        if let Json::Object(fields) = &mut body {
            if let MountType::Fixed(name) = kind {
                fields.insert("type".to_owned(), Json::from(name));
            }
            // As Terraform does: an auth method without options says null, not none.
            if table == MountTable::Auth {
                fields.entry("options".to_owned()).or_insert(Json::Null);
            }
        }
        let path = mount_path(task, table);
        self.post_new(task, &path, body).await?;
        self.write_parts(task, Carry::Create, &always).await?;
        Ok(Left::default())
    }

    /// Changes the settings of a mount: those below `config` stand at the top of a request to tune it.
    async fn tune(
        &self,
        task: &Task<'_>,
        table: MountTable,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Problems> {
        let body = self.body(task, "", Carry::Update, &|path| {
            wanted(path) && self.is_touched(task, path)
        });
        let mut flat = Map::new();
        if let Json::Object(fields) = body {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("config", Json::Object(inner)) => flat.extend(inner),
                    ("type" | "local" | "seal_wrap" | "external_entropy_access", _) => {}
                    (_, value) => {
                        flat.insert(name, value);
                    }
                }
            }
        }
        if !flat.is_empty() {
            let path = format!("{}/tune", mount_path(task, table));
            self.post(task, &path, Json::Object(flat)).await?;
        }
        self.write_parts(task, Carry::Update, wanted).await
    }

    /// Moves a mount and waits until it is there.
    pub(super) async fn remount(&self, task: &Task<'_>) -> Result<(), Problems> {
        let Life::Mounted(table, _) = task.step.kind.life else {
            return Ok(());
        };
        let Some(old) = &task.step.old_place else {
            return Ok(());
        };
        let name = |path: &str| {
            let path = path.strip_prefix(table.root()).unwrap_or(path);
            path.trim_matches('/').to_owned()
        };
        let names = [name(&old.path), name(&task.place.path)];
        let [from, to] = names.each_ref().map(|name| match table {
            MountTable::Auth => format!("auth/{name}"),
            _ => name.clone(),
        });
        let body = serde_json::json!({ "from": from, "to": to });
        let answer = self
            .post_move(task, table, names.each_ref().map(String::as_str), body)
            .await?;
        let id = answer.get("data").and_then(|data| data.get("migration_id"));
        let id = id
            .or_else(|| answer.get("migration_id"))
            .and_then(Json::as_str);
        let Some(id) = id.map(str::to_owned) else {
            return Ok(());
        };
        for _ in 0..REMOUNT_TRIES {
            let request =
                Request::get(format!("sys/remount/status/{id}")).namespace(&task.place.namespace);
            let reply = task
                .connection
                .server
                .send(request)
                .await
                .map_err(|error| told(&error))?;
            let info = reply
                .data()
                .get("migration_info")
                .cloned()
                .unwrap_or_default();
            match info.get("status").and_then(Json::as_str) {
                Some("success") => return Ok(()),
                Some("failure") => break,
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(vec![
            Diagnostic::error("remount-failed", "the mount was not moved")
                .hint("look at the server's log, then run again"),
        ])
    }

    /// Writes a version of a secret; the write names the version that the plan saw.
    async fn put_versioned(&self, task: &Task<'_>, new: bool) -> Result<Left, Problems> {
        let secret_leaf = |path: &str| {
            matches!(
                path,
                "data_json" | "data_json_wo" | "data_json_wo_version" | "options"
            )
        };
        let touched = new
            || task
                .step
                .attributes
                .iter()
                .any(|(path, change)| secret_leaf(path) && change.differs)
            || !task.step.attributes.values().any(|change| change.differs);
        if touched {
            let mut body = self.body(task, "", Carry::Create, &always);
            let live = task
                .work
                .observed
                .as_ref()
                .and_then(|seen| seen.raw.0.get(""));
            let live = live.filter(|_| !new);
            let version = live.and_then(|live| get(live, "metadata.version")).cloned();
            if let Json::Object(fields) = &mut body {
                fields
                    .entry("data".to_owned())
                    .or_insert_with(super::write::empty);
                let options = fields
                    .entry("options".to_owned())
                    .or_insert_with(super::write::empty);
                if let Json::Object(options) = options {
                    numeric(options, "cas");
                    if !options.contains_key("cas") {
                        options.insert("cas".to_owned(), version.unwrap_or_else(|| Json::from(0)));
                    }
                }
            }
            self.post_version(task, body, new).await?;
        }
        self.write_parts(
            task,
            if new { Carry::Create } else { Carry::Update },
            &always,
        )
        .await?;
        Ok(Left::default())
    }

    /// A secret whose versions were deleted counts on: its next version is named after the last.
    async fn post_version(&self, task: &Task<'_>, body: Json, new: bool) -> Result<(), Problems> {
        let Err(error) = self.post_version_after(task, &body).await else {
            return Ok(());
        };
        let user_set = task
            .desired
            .attributes
            .field("options")
            .is_some_and(|options| options.field("cas").is_some());
        if !(new && matches!(error, ServerError::Conflict { .. })) || user_set {
            return Err(told(&error));
        }
        let Some(version) = self.left_version(task).await else {
            return Err(told(&error));
        };
        let mut body = body;
        if let Some(Json::Object(options)) = body.get_mut("options") {
            options.insert("cas".to_owned(), version);
        }
        let again = self.post_version_after(task, &body).await;
        again.map_err(|error| told(&error))
    }

    /// Returns the last version of a secret whose last version is deleted or destroyed; `None` where it can be read, which
    /// is then another's since the plan, or where nothing is left of it.
    async fn left_version(&self, task: &Task<'_>) -> Option<Json> {
        let request = Request::get(&*task.place.path).namespace(&task.place.namespace);
        match task.connection.server.send(request).await {
            Err(ServerError::Missing { left, .. }) => {
                get(left?.data(), "metadata.version").cloned()
            }
            _ => None,
        }
    }

    async fn put_secret(&self, task: &Task<'_>) -> Result<Left, Problems> {
        self.cache.clear();
        let body = self.body(task, "", Carry::Create, &always);
        let values = body.get("data").cloned().unwrap_or(body);
        let Some(secret) = secret_at(&task.connection.server, &task.place, &self.cache).await
        else {
            return Err(vec![
                Diagnostic::error(
                    "nothing-mounted",
                    format!("nothing is mounted at the start of `{}`", task.place),
                )
                .hint("declare the mount, or correct the path"),
            ]);
        };
        let path = secret.data_path();
        if secret.version == 2 {
            let body = serde_json::json!({ "data": values });
            self.post_secret(task, &path, body).await?;
        } else {
            self.post(task, &path, values).await?;
        }
        Ok(Left::default())
    }

    async fn put_endpoint(&self, task: &Task<'_>) -> Result<Left, Problems> {
        let body = self.body(task, "", Carry::Create, &always);
        let taken_over = self.rotated_by(&task.place);
        let answer = self
            .while_rotating(&taken_over, self.post(task, &task.place.path, body))
            .await?;
        Ok(Left {
            answer,
            ..Left::default()
        })
    }

    /// Adds elements to a list that another object holds, or where the object is ours alone sets it.
    async fn put_member(
        &self,
        task: &Task<'_>,
        field: &str,
        elements: &str,
    ) -> Result<Left, Problems> {
        let lock = self.place_lock(&task.place.to_string());
        let _one_at_a_time = lock.lock().await;
        let request = Request::get(&*task.place.path).namespace(&task.place.namespace);
        let reply = task
            .connection
            .server
            .send(request)
            .await
            .map_err(|error| told(&error))?;
        let live = get(reply.data(), field)
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default();
        let wished = texts(task.desired.attributes.field(elements));
        let exclusive = is_exclusive(task.step.kind, &task.desired.attributes);
        let mut list: Vec<String> = Vec::new();
        if !exclusive {
            list.extend(live.iter().filter_map(Json::as_str).map(str::to_owned));
            let before = task
                .work
                .observed
                .as_ref()
                .and_then(|seen| seen.attributes.field(elements));
            let old = texts(before);
            list.retain(|one| !old.contains(one) || wished.contains(one));
        }
        for one in wished {
            if !list.contains(&one) {
                list.push(one);
            }
        }
        let mut body = Map::new();
        wire::put(&mut body, field, Json::from(list));
        self.post(task, &task.place.path, Json::Object(body))
            .await?;
        Ok(Left::default())
    }

    /// Returns the lock of a place that several steps write to.
    pub(super) fn place_lock(&self, place: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut places = self
            .places
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        places.entry(place.to_owned()).or_default().clone()
    }
}

/// Adds to a body what the server decided and a write would reset, of the attributes that `wanted` names.
pub(super) fn kept(
    kind: &ResourceType,
    part: &str,
    mut body: Json,
    live: &Json,
    wanted: &dyn Fn(&str) -> bool,
) -> Json {
    for attribute in kind
        .all()
        .filter(|one| one.part == part && wanted(one.name))
    {
        let ours = attribute.default != crate::catalog::Default::Server;
        let computed = attribute.presence == crate::catalog::Presence::Computed;
        // What may be written by its name may be written by its id.
        let again = matches!(attribute.read, ReadBack::Same | ReadBack::Named { .. });
        if ours || computed || !again {
            continue;
        }
        let field = if attribute.field.is_empty() {
            attribute.name
        } else {
            attribute.field
        };
        let said = get(&body, field).is_some();
        // An empty text is nothing chosen, and some servers refuse it.
        let chosen = |value: &&Json| !value.is_null() && value.as_str() != Some("");
        let value = get(live, field).filter(|value| chosen(value) && !said);
        if let (Some(value), Json::Object(fields)) = (value, &mut body) {
            wire::put(fields, field, value.clone());
        }
    }
    body
}

/// Tells whether an object claims the whole list that its elements stand in.
pub(super) fn is_exclusive(kind: &crate::catalog::ResourceType, attributes: &Value) -> bool {
    let attribute = kind.attribute("exclusive");
    let value = attribute.and_then(|attribute| {
        effective(Some(attribute), attributes.field("exclusive"), attributes)
    });
    value.and_then(|value| value.as_bool()).unwrap_or(false)
}

fn part_of(task: &Task<'_>, name: &str) -> Option<&'static str> {
    task.step
        .kind
        .attribute(name)
        .map(|attribute| attribute.part)
}

pub(super) fn is_empty(body: &Json) -> bool {
    body.as_object().is_none_or(Map::is_empty)
}

fn mount_path(task: &Task<'_>, table: MountTable) -> String {
    let path = &task.place.path;
    if path.starts_with(table.root()) {
        path.to_string()
    } else {
        format!("{}/{path}", table.root())
    }
}

/// Makes a number of text: options of a secret are text in the configuration.
fn numeric(fields: &mut Map<String, Json>, name: &str) {
    if let Some(Json::String(text)) = fields.get(name)
        && let Ok(number) = text.parse::<i64>()
    {
        fields.insert(name.to_owned(), Json::from(number));
    }
}
