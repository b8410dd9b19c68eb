//! Writes on their way. What must not be done twice is not sent again before the server was asked what became of it.

use super::record::blank;
use super::run::Run;
use super::write::{Problems, Task, told};
use crate::catalog::{Kind, Life, MountTable};
use crate::observe::is_as_declared;
use crate::plan::leaf::leaves;
use crate::plan::wire::get;
use crate::server::{Reply, Request, ServerError};
use crate::source::Diagnostic;
use crate::value::Value;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// How often a call is repeated that was not done.
pub(super) const TRIES: u32 = 6;

/// How often it is looked whether a mount has moved, a tenth of a second apart, before the move counts as not begun.
const MOVE_LOOKS: usize = 30;

/// What became of a call whose answer got lost.
pub(super) enum Fate<T> {
    Done(T),
    NotDone,
    /// It cannot be found out, or something is there that is not as we want it.
    Unknown,
}

/// Waits before a call is repeated: longer each time.
pub(super) async fn rest(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
}

impl Run<'_> {
    /// Sends a write of a whole object in the namespace of a task.
    pub(super) async fn post(
        &self,
        task: &Task<'_>,
        path: &str,
        body: Json,
    ) -> Result<Json, Problems> {
        let reply = self.send(task, written(task, path, body)).await;
        let reply = reply.map_err(|error| told(&error))?;
        Ok(reply.body.json().clone())
    }

    /// Sends a write of a task, and notes unless the server certainly did nothing.
    pub(super) async fn send(
        &self,
        task: &Task<'_>,
        request: Request,
    ) -> Result<Reply, ServerError> {
        let server = &task.connection.server;
        let first = server.send(request.clone().once()).await;
        if first.as_ref().is_err_and(ServerError::is_not_done) {
            return first;
        }
        self.written().insert(task.index);
        match first {
            Err(ServerError::Unsure { .. }) if request.idempotent => server.send(request).await,
            other => other,
        }
    }

    fn written(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was noted of an object that we do not own, when nothing was written to it after all: what is at its
    /// place later is another's.
    pub(super) async fn forget_unwritten(&self, index: usize) -> Result<(), Diagnostic> {
        let step = &self.plan.steps[index];
        let ours = self.work[index].owned.is_some() || matches!(step.kind.life, Life::Local(_));
        if ours || self.keeper.is_lost() || self.written().contains(&index) {
            return Ok(());
        }
        let desired = self.work[index].desired.as_ref();
        match (self.records.begun(&step.address), desired) {
            (Some(place), Some(desired)) => self.keeper.forget(&blank(desired, place)).await,
            _ => Ok(()),
        }
    }

    /// Sends a write that must not be done twice. Where its fate is open, also when its repetition was refused, `fate`
    /// asks the server about it.
    pub(super) async fn send_once<F>(
        &self,
        task: &Task<'_>,
        request: Request,
        fate: impl Fn() -> F,
    ) -> Result<Reply, ServerError>
    where
        F: Future<Output = Fate<Reply>>,
    {
        let request = request.once();
        let mut open = false;
        let mut attempt = 0;
        loop {
            let error = match self.send(task, request.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let unsure = matches!(error, ServerError::Unsure { .. });
            open |= unsure;
            if !open {
                return Err(error);
            }
            match fate().await {
                Fate::Done(reply) => return Ok(reply),
                Fate::NotDone if unsure && attempt < TRIES => rest(attempt).await,
                Fate::NotDone | Fate::Unknown => return Err(error),
            }
            attempt += 1;
        }
    }

    /// Makes an object that the server refuses to make again while it is there.
    pub(super) async fn post_new(
        &self,
        task: &Task<'_>,
        path: &str,
        body: Json,
    ) -> Result<(), Problems> {
        let request = written(task, path, body);
        let sent = self.send_once(task, request, || self.fate_of_new(task));
        sent.await.map(|_| ()).map_err(|error| told(&error))
    }

    async fn fate_of_new(&self, task: &Task<'_>) -> Fate<Reply> {
        match self.observe(task, &task.place, None).await {
            Ok(None) => Fate::NotDone,
            Ok(Some(seen)) if is_as_declared(task.step.kind, &task.desired.attributes, &seen) => {
                Fate::Done(Reply::default())
            }
            Ok(Some(_)) | Err(_) => Fate::Unknown,
        }
    }

    /// Asks for the move of a mount: `from` and `to` are paths in the table.
    pub(super) async fn post_move(
        &self,
        task: &Task<'_>,
        table: MountTable,
        [from, to]: [&str; 2],
        body: Json,
    ) -> Result<Json, Problems> {
        let request = written(task, "sys/remount", body);
        let fate = || self.fate_of_move(task, table, [from, to]);
        let reply = self.send_once(task, request, fate).await;
        let reply = reply.map_err(|error| told(&error))?;
        Ok(reply.body.json().clone())
    }

    async fn fate_of_move(
        &self,
        task: &Task<'_>,
        table: MountTable,
        [from, to]: [&str; 2],
    ) -> Fate<Reply> {
        for _ in 0..MOVE_LOOKS {
            let request = Request::get(table.root()).namespace(&task.place.namespace);
            let Ok(reply) = task.connection.server.send(request).await else {
                return Fate::Unknown;
            };
            let has = |name: &str| reply.data().get(format!("{name}/")).is_some();
            match (has(from), has(to)) {
                (false, true) => return Fate::Done(Reply::default()),
                // It may be on its way.
                (true, false) => tokio::time::sleep(Duration::from_millis(100)).await,
                _ => return Fate::Unknown,
            }
        }
        Fate::NotDone
    }

    /// Writes a version of a secret after the one that the body names.
    pub(super) async fn post_version_after(
        &self,
        task: &Task<'_>,
        body: &Json,
    ) -> Result<(), ServerError> {
        let request = written(task, &task.place.path, body.clone());
        let sent = self.send_once(task, request, || self.fate_of_version(task, body));
        sent.await.map(|_| ())
    }

    async fn fate_of_version(&self, task: &Task<'_>, body: &Json) -> Fate<Reply> {
        let before = get(body, "options.cas").and_then(Json::as_u64);
        let request = Request::get(&*task.place.path).namespace(&task.place.namespace);
        match task.connection.server.send(request).await {
            Ok(reply) => {
                let version = get(reply.data(), "metadata.version").and_then(Json::as_u64);
                let next = before.map(|before| before + 1);
                match reply.data().get("data") == body.get("data") && version == next {
                    true => Fate::Done(reply),
                    false if version == before => Fate::NotDone,
                    false => Fate::Unknown,
                }
            }
            Err(error) if error.is_absent() => Fate::NotDone,
            Err(_) => Fate::Unknown,
        }
    }

    /// Writes a secret where every write is another version.
    pub(super) async fn post_secret(
        &self,
        task: &Task<'_>,
        path: &str,
        body: Json,
    ) -> Result<(), Problems> {
        let data = body.get("data").cloned();
        let fate = || async {
            let request = Request::get(path).namespace(&task.place.namespace);
            match task.connection.server.send(request).await {
                Ok(reply) if reply.data().get("data") == data.as_ref() => Fate::Done(reply),
                Ok(_) => Fate::NotDone,
                Err(error) if error.is_absent() => Fate::NotDone,
                Err(_) => Fate::Unknown,
            }
        };
        let sent = self.send_once(task, written(task, path, body), fate);
        sent.await.map(|_| ()).map_err(|error| told(&error))
    }
}

fn written(task: &Task<'_>, path: &str, body: Json) -> Request {
    Request::post(path, body)
        .namespace(&task.place.namespace)
        .settles(task.step.kind.settles)
        .plain(plain_texts(task))
}

/// Returns the texts of a wish that everybody may see: the server's words about them help.
pub(super) fn plain_texts(task: &Task<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for leaf in leaves(task.step.kind, &task.desired.attributes, None) {
        let url = matches!(leaf.attribute.kind, Kind::Url);
        let Some(value) = leaf.desired.as_ref().filter(|_| leaf.set && !leaf.unread()) else {
            continue;
        };
        if url || leaf.attribute.sensitive || value.marks_within().sensitive || value.has_held() {
            continue;
        }
        let single = std::slice::from_ref(value);
        let texts = value.as_items().unwrap_or(single).iter();
        found.extend(texts.filter_map(Value::as_text).map(str::to_owned));
    }
    found
}
