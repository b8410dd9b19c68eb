//! Answers that tell many objects at once, asked for once a run.

use super::{Wanted, data, get};
use crate::catalog::Life;
use crate::plan::template::fill;
use crate::server::{Request, Server, ServerError};
use crate::value::ServerPath;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Where a bulk answer comes from: server, namespace, path.
type Key = (Arc<str>, Arc<str>, String);

/// A bulk answer; errors are kept so that they are asked for once.
type Answer = Arc<OnceCell<Result<Arc<Json>, ServerError>>>;

/// What bulk answers were fetched, and how many objects each could serve. Empty it after writing.
#[derive(Default)]
pub struct Cache {
    answers: Mutex<BTreeMap<Key, Answer>>,
    crowds: Mutex<BTreeMap<Key, usize>>,
    taken: Mutex<BTreeSet<Arc<str>>>,
}

/// From how many objects on one LIST is worth it to learn which of them are absent.
const CROWD: usize = 3;

impl Cache {
    /// Counts how many objects of this batch each LIST could serve.
    pub(super) fn announce(&self, wanted: &[Wanted]) {
        let mut crowds = self.crowds.lock().unwrap_or_else(PoisonError::into_inner);
        for one in wanted {
            for path in [list_path(one), bulk_path(one)].into_iter().flatten() {
                *crowds.entry(key(&one.place, path)).or_default() += 1;
            }
        }
    }

    /// Notes which ids of generated objects records have.
    pub fn know(&self, ids: impl IntoIterator<Item = Arc<str>>) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.extend(ids.into_iter().filter(|id| !id.is_empty()));
    }

    /// Returns an empty cache that knows the same ids.
    #[must_use]
    pub fn afresh(&self) -> Cache {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        Cache {
            taken: Mutex::new(taken.clone()),
            ..Cache::default()
        }
    }

    /// Tells whether a record has this id.
    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(id)
    }

    /// Forgets all answers: the server was written to.
    pub fn clear(&self) {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.crowds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn crowd(&self, key: &Key) -> usize {
        let crowds = self.crowds.lock().unwrap_or_else(PoisonError::into_inner);
        crowds.get(key).copied().unwrap_or_default()
    }

    async fn fetch(
        &self,
        server: &Arc<dyn Server>,
        place: &ServerPath,
        path: &str,
        request: Request,
    ) -> Result<Arc<Json>, ServerError> {
        let cell = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers
                .entry(key(place, path.to_owned()))
                .or_default()
                .clone()
        };
        let request = request.namespace(&place.namespace);
        cell.get_or_init(|| async {
            server
                .send(request)
                .await
                .map(|reply| Arc::new(data(&reply)))
        })
        .await
        .clone()
    }

    /// Returns the whole table at a path: `sys/mounts`.
    pub(super) async fn table(
        &self,
        server: &Arc<dyn Server>,
        place: &ServerPath,
        path: &str,
    ) -> Result<Arc<Json>, ServerError> {
        self.fetch(server, place, path, get(place, path)).await
    }

    /// Returns the keys that LIST of a path names; none where nothing is there.
    ///
    /// # Errors
    /// Whatever the server refuses.
    pub async fn keys(
        &self,
        server: &Arc<dyn Server>,
        place: &ServerPath,
        path: &str,
    ) -> Result<BTreeSet<String>, ServerError> {
        match self.fetch(server, place, path, Request::list(path)).await {
            Ok(answer) => {
                let keys = answer.get("keys").and_then(Json::as_array);
                let keys = keys.into_iter().flatten().filter_map(Json::as_str);
                Ok(keys.map(str::to_owned).collect())
            }
            Err(error) if error.is_absent() => Ok(BTreeSet::new()),
            Err(error) => Err(error),
        }
    }

    /// Returns the answer of LIST of a path.
    pub(super) async fn listing(
        &self,
        server: &Arc<dyn Server>,
        place: &ServerPath,
        path: &str,
    ) -> Result<Arc<Json>, ServerError> {
        self.fetch(server, place, path, Request::list(path)).await
    }

    /// Looks an object up in a bulk answer. `None`: there is no such answer here, read it alone.
    pub(super) async fn told_in_bulk(
        &self,
        wanted: &Wanted,
    ) -> Result<Option<Option<Json>>, ServerError> {
        let Some(path) = bulk_path(wanted) else {
            return Ok(None);
        };
        let only_way = wanted.kind.list.is_none();
        if !only_way && self.crowd(&key(&wanted.place, path.clone())) < CROWD {
            return Ok(None);
        }
        let answer = self.listing(&wanted.server, &wanted.place, &path).await;
        let head = wanted.kind.place.split('{').next().unwrap_or_default();
        let name = wanted.place.path.strip_prefix(head);
        let name = name.unwrap_or_else(|| last_segment(&wanted.place.path));
        match answer {
            Ok(answer) => {
                let info = answer.get("key_info");
                let entry =
                    info.and_then(|info| info.get(name).or_else(|| info.get(format!("{name}/"))));
                Ok(Some(entry.cloned()))
            }
            Err(error) if error.is_absent() => Ok(Some(None)),
            Err(ServerError::Unsupported { .. } | ServerError::Denied { .. }) if !only_way => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells from a LIST that an object is absent, where enough objects share that LIST. `false` is not known.
    pub(super) async fn surely_absent(&self, wanted: &Wanted) -> bool {
        let Some(path) = list_path(wanted) else {
            return false;
        };
        if self.crowd(&key(&wanted.place, path.clone())) < CROWD
            || wanted.owned.as_deref().is_some()
        {
            return false;
        }
        let Ok(keys) = self.keys(&wanted.server, &wanted.place, &path).await else {
            return false;
        };
        let name = last_segment(&wanted.place.path).to_lowercase();
        !keys
            .iter()
            .any(|key| key.trim_end_matches('/').to_lowercase() == name)
    }

    /// Returns the entry of the mount that holds a place.
    pub(super) async fn mount_above(
        &self,
        server: &Arc<dyn Server>,
        place: &ServerPath,
    ) -> Option<Json> {
        let (table, rest) = match place.path.strip_prefix("auth/") {
            Some(rest) => ("sys/auth", rest),
            None => ("sys/mounts", &*place.path),
        };
        let Ok(table) = self.table(server, place, table).await else {
            return self.mount_told(server, place).await;
        };
        let entries = table.as_object()?;
        let holding = entries.iter().filter(|(path, entry)| {
            entry.is_object() && format!("{rest}/").starts_with(path.as_str())
        });
        let (path, entry) = holding.max_by_key(|(path, _)| path.len())?;
        let mut entry = entry.clone();
        if let Json::Object(fields) = &mut entry {
            fields.insert("path".to_owned(), Json::from(path.as_str()));
        }
        Some(entry)
    }
}

impl Cache {
    /// Returns what everybody who may use a mount is told of it, for who may not read the table of mounts.
    async fn mount_told(&self, server: &Arc<dyn Server>, place: &ServerPath) -> Option<Json> {
        let path = format!("sys/internal/ui/mounts/{}", place.path);
        let answer = self
            .fetch(server, place, &path, Request::get(&*path))
            .await
            .ok()?;
        Some((*answer).clone())
    }
}

fn key(place: &ServerPath, path: String) -> Key {
    (place.server.clone(), place.namespace.clone(), path)
}

fn list_path(wanted: &Wanted) -> Option<String> {
    if matches!(wanted.kind.life, Life::Generate(_)) {
        return None;
    }
    fill(wanted.kind.list?, wanted.kind, &wanted.guide, None).known()
}

fn bulk_path(wanted: &Wanted) -> Option<String> {
    fill(wanted.kind.bulk?, wanted.kind, &wanted.guide, None).known()
}

/// Returns what follows the last slash.
pub(super) fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
