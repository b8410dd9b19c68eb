//! Removing objects, by how they live.

use super::create::{is_exclusive, kept};
use super::run::Run;
use super::write::{Problems, told};
use crate::catalog::{Generate, Life, Omitted, Presence, ReadBack, Removal, ResourceType};
use crate::observe::{Connection, secret_at};
use crate::plan::Owned;
use crate::plan::given::texts;
use crate::plan::place::{ancestors, governs};
use crate::plan::template::{effective, fill, lacking};
use crate::plan::wire::{Carry, encode, get, put};
use crate::server::{Request, ServerError};
use crate::value::{ServerPath, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often an asynchronous removal is looked at before giving up, a tenth of a second apart.
const TRIES: usize = 300;

impl Run<'_> {
    /// Removes an object and forgets it.
    pub(super) async fn delete(&self, index: usize) -> Result<Option<String>, Problems> {
        let step = &self.plan.steps[index];
        let work = &self.work[index];
        let place = step.place.clone();
        if let (Some(place), Some(connection)) = (&place, &work.connection) {
            let guide = self.guide(index);
            let is_namespace = governs(step.kind, place).is_some_and(|ruled| ruled.path.is_empty());
            if is_namespace || !self.goes_along(place) {
                self.nothing_new(step, place, connection).await?;
                self.remove(step.kind, place, &guide, work.owned.as_deref(), connection)
                    .await?;
            }
        }
        if let Some(owned) = &work.owned {
            self.keeper
                .forget(owned)
                .await
                .map_err(|problem| vec![problem])?;
        }
        Ok(None)
    }

    /// Returns what is known of an object that goes: what was seen, and what the ledger remembers.
    fn guide(&self, index: usize) -> Value {
        let work = &self.work[index];
        let seen = work.observed.as_ref().map(|seen| seen.attributes.clone());
        let seen = seen.unwrap_or_else(|| Value::object(BTreeMap::new()));
        let deletion = work.owned.iter().flat_map(|owned| owned.deletion.iter());
        let fields = deletion.filter_map(|(name, text)| {
            let json: Json = serde_json::from_str(text).ok()?;
            Some((name.clone(), crate::value::json::from_json(&json).ok()?))
        });
        super::fill::overlaid(&seen, &Value::object(fields.collect()))
    }

    /// Tells whether the mount or namespace that holds a place goes in this plan: then the place goes with it.
    pub(super) fn goes_along(&self, place: &ServerPath) -> bool {
        let mut steps = ancestors(place)
            .filter_map(|above| self.leaving.get(&above))
            .flatten();
        steps.any(|step| self.plan.steps[*step].place.as_ref() != Some(place))
    }

    /// Removes an object from the server. What is gone already is no error.
    pub(super) async fn remove(
        &self,
        kind: &'static ResourceType,
        place: &ServerPath,
        guide: &Value,
        owned: Option<&Owned>,
        connection: &Connection,
    ) -> Result<(), Problems> {
        let outcome = match kind.life {
            Life::Upsert(_) | Life::CreateOnly { .. } => {
                self.send_delete(place, &place.path, connection).await
            }
            Life::Mounted(..) => self.send_delete(place, &place.path, connection).await,
            Life::Singleton { delete: true, .. } => {
                self.send_delete(place, &place.path, connection).await
            }
            Life::Singleton { omitted, .. } => {
                self.reset(kind, place, owned, omitted, connection).await
            }
            Life::Generate(generate) => {
                let id = owned.map(|owned| owned.id.to_string()).unwrap_or_default();
                self.remove_generated(kind, &generate, place, guide, &id, connection)
                    .await
            }
            Life::Versioned => self.remove_versioned(kind, place, guide, connection).await,
            Life::Secret => self.remove_secret(kind, place, guide, connection).await,
            Life::Endpoint => {
                if flag(kind, guide, "disable_delete") {
                    return Ok(());
                }
                self.send_delete(place, &place.path, connection).await
            }
            Life::Member {
                field, elements, ..
            } => {
                self.remove_member(kind, place, guide, field, elements, connection)
                    .await
            }
            Life::Data(_) | Life::Local(_) => Ok(()),
        };
        match outcome {
            Ok(()) => self.until_gone(kind, place, connection).await,
            Err(error) if error.is_absent() => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }

    /// Deletes what is at a place, where the server lets that be done.
    pub(super) async fn remove_at(
        &self,
        place: &ServerPath,
        connection: &Connection,
    ) -> Result<(), Problems> {
        match self.send_delete(place, &place.path, connection).await {
            Err(ServerError::Unsupported { .. }) | Ok(()) => Ok(()),
            Err(error) if crate::observe::is_gone(&error) => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }

    async fn send_delete(
        &self,
        place: &ServerPath,
        path: &str,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        let request = Request::delete(path).namespace(&place.namespace);
        connection.server.send(request).await.map(|_| ())
    }

    async fn send_post(
        &self,
        place: &ServerPath,
        path: &str,
        body: Json,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        let request = Request::post(path, body).namespace(&place.namespace);
        connection.server.send(request).await.map(|_| ())
    }

    /// Waits until a removal that goes on in the background is done.
    async fn until_gone(
        &self,
        kind: &ResourceType,
        place: &ServerPath,
        connection: &Connection,
    ) -> Result<(), Problems> {
        if !kind.removed_later {
            return Ok(());
        }
        let list = kind.place.split("/{").next().unwrap_or_default();
        let name = place
            .path
            .strip_prefix(list)
            .unwrap_or_default()
            .trim_matches('/')
            .to_owned();
        for _ in 0..TRIES {
            let request = Request::list(list).namespace(&place.namespace);
            let there = match connection.server.send(request).await {
                Ok(reply) => reply.keys().iter().any(|key| key.trim_matches('/') == name),
                Err(error) if error.is_absent() => false,
                Err(error) => return Err(told(&error)),
            };
            if !there {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Puts an object that exists with its mount back to its defaults.
    async fn reset(
        &self,
        kind: &'static ResourceType,
        place: &ServerPath,
        owned: Option<&Owned>,
        omitted: Omitted,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        // What cannot be left out has no default to go back to.
        let needs = kind
            .all()
            .any(|one| one.presence == Presence::Required && one.read != ReadBack::Place);
        if needs {
            return Ok(());
        }
        let lacks = lacking(kind, &|products| connection.is_one_of(products));
        let carry = if omitted == Omitted::Kept {
            Carry::Update
        } else {
            Carry::Create
        };
        let nothing = Value::object(BTreeMap::new());
        let mut body = encode(kind, "", &nothing, carry, &|path| !lacks.contains(path));
        if omitted == Omitted::Reset {
            // What the server chose stays its choice; what we said goes.
            let said = |name: &str| owned.is_some_and(|owned| owned.desired.contains_key(name));
            let request = Request::get(&*place.path).namespace(&place.namespace);
            if let Ok(live) = connection.server.send(request).await {
                body = kept(kind, "", body, live.data(), &|name| !said(name));
            }
        }
        let sent = self.send_post(place, &place.path, body.clone(), connection);
        match sent.await {
            Err(error) if is_named(kind.stays, &error) => {
                self.reset_the_rest(kind, place, body, connection).await
            }
            other => other,
        }
    }

    /// Puts settings back where some of them must have a value: those stay as they are.
    async fn reset_the_rest(
        &self,
        kind: &'static ResourceType,
        place: &ServerPath,
        body: Json,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        let request = Request::get(&*place.path).namespace(&place.namespace);
        let live = connection.server.send(request).await?;
        let body = kept(kind, "", body, live.data(), &|_| true);
        match self.send_post(place, &place.path, body, connection).await {
            Err(error) if is_named(kind.stays, &error) => Ok(()),
            other => other,
        }
    }

    async fn remove_generated(
        &self,
        kind: &'static ResourceType,
        generate: &Generate,
        place: &ServerPath,
        guide: &Value,
        id: &str,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        let body = |field: &str| Json::Object(Map::from_iter([(field.to_owned(), Json::from(id))]));
        let outcome = match generate.removal {
            Removal::Delete => self.send_delete(place, &place.path, connection).await,
            Removal::Post { path, field } => match fill(path, kind, guide, Some(id)).known() {
                Some(path) => self.send_post(place, &path, body(field), connection).await,
                None => Ok(()),
            },
            Removal::PostWhen { path, field, when } => {
                match fill(path, kind, guide, Some(id))
                    .known()
                    .filter(|_| flag(kind, guide, when))
                {
                    Some(path) => self.send_post(place, &path, body(field), connection).await,
                    None => Ok(()),
                }
            }
            Removal::Stays => Ok(()),
        };
        match outcome {
            Err(error) if crate::observe::is_gone(&error) => Ok(()),
            other => other,
        }
    }

    async fn remove_versioned(
        &self,
        kind: &'static ResourceType,
        place: &ServerPath,
        guide: &Value,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        let path = if flag(kind, guide, "delete_all_versions") {
            place.path.replacen("/data/", "/metadata/", 1)
        } else {
            place.path.to_string()
        };
        self.send_delete(place, &path, connection).await
    }

    async fn remove_secret(
        &self,
        kind: &'static ResourceType,
        place: &ServerPath,
        guide: &Value,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        self.cache.clear();
        let Some(secret) = secret_at(&connection.server, place, &self.cache).await else {
            return Ok(());
        };
        let all = secret.version == 2 && flag(kind, guide, "delete_all_versions");
        let path = if all {
            secret.metadata_path()
        } else {
            secret.data_path()
        };
        self.send_delete(place, &path, connection).await
    }

    /// Takes our elements out of a list that another object holds.
    async fn remove_member(
        &self,
        kind: &'static ResourceType,
        place: &ServerPath,
        guide: &Value,
        field: &str,
        elements: &str,
        connection: &Connection,
    ) -> Result<(), ServerError> {
        let lock = self.place_lock(&place.to_string());
        let _one_at_a_time = lock.lock().await;
        let request = Request::get(&*place.path).namespace(&place.namespace);
        let reply = connection.server.send(request).await?;
        let live = get(reply.data(), field)
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default();
        let ours = texts(guide.field(elements));
        let exclusive = is_exclusive(kind, guide);
        let rest: Vec<Json> = live
            .into_iter()
            .filter(|one| {
                !exclusive
                    && one
                        .as_str()
                        .is_some_and(|text| !ours.iter().any(|own| own == text))
            })
            .collect();
        let mut body = Map::new();
        put(&mut body, field, Json::Array(rest));
        self.send_post(place, &place.path, Json::Object(body), connection)
            .await
    }
}

/// Tells whether a refusal says one of these texts.
fn is_named(texts: &[&str], error: &ServerError) -> bool {
    let said = error.texts().iter();
    said.into_iter()
        .any(|said| texts.iter().any(|text| said.contains(text)))
}

fn flag(kind: &ResourceType, guide: &Value, name: &str) -> bool {
    let attribute = kind.attribute(name);
    let value = effective(attribute, guide.field(name), guide);
    value.and_then(|value| value.as_bool()).unwrap_or(false)
}
