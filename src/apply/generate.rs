//! Making what the server names.

use super::create::{always, is_empty};
use super::run::Run;
use super::write::{Left, Problems, Task, told};
use crate::catalog::Generate;
use crate::plan::given::wrapping;
use crate::plan::template::fill;
use crate::plan::wire::{Carry, get};
use crate::server::{Reply, Request, ServerError};
use crate::source::Diagnostic;
use serde_json::Value as Json;
use std::time::Duration;

/// How often a call is repeated that was not done.
const TRIES: u32 = 6;

impl Run<'_> {
    /// Asks the server to make an object.
    pub(super) async fn generate(
        &self,
        task: &Task<'_>,
        generate: &Generate,
    ) -> Result<Left, Problems> {
        let attributes = &task.desired.attributes;
        let kind = task.step.kind;
        let set = |name: &str| attributes.field(name).is_some_and(|value| !value.is_null());
        let instead = generate
            .instead
            .iter()
            .find(|(names, _)| names.split('+').all(set));
        let template = instead.map_or(generate.create, |(_, template)| template);
        let Some(path) = fill(template, kind, attributes, None).known() else {
            return Err(vec![Diagnostic::error(
                "no-place",
                "the path that makes it is not known",
            )]);
        };
        let body = self.body(task, "", Carry::Whole, &always);
        let mut request = Request::post(path, body)
            .namespace(&task.place.namespace)
            .once();
        if let Some(ttl) = wrapping(kind, attributes) {
            request = request.wrapped(ttl);
        }
        let reply = self.until_done(task, generate, request).await?;
        let answer = reply.body.json().clone();
        let id = named(&answer, generate.id);
        self.write_generated_parts(task, &id).await?;
        Ok(Left {
            id,
            answer,
            ..Left::default()
        })
    }

    /// Sends a call that must not be done twice; after an answer that leaves it open the server is asked whether it was.
    async fn until_done(
        &self,
        task: &Task<'_>,
        generate: &Generate,
        request: Request,
    ) -> Result<Reply, Problems> {
        for attempt in 0..TRIES {
            match task.connection.server.send(request.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(ServerError::Unsure { .. }) if self.was_not_done(task, generate).await => {
                    tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
                }
                Err(error) => return Err(told(&error)),
            }
        }
        let last = task.connection.server.send(request).await;
        last.map_err(|error| told(&error))
    }

    /// Tells whether everything that is there was there before, or is what other steps made.
    async fn was_not_done(&self, task: &Task<'_>, generate: &Generate) -> bool {
        let Some(before) = self.records.before(&task.step.address) else {
            return false;
        };
        let list = fill(
            generate.list,
            task.step.kind,
            &task.desired.attributes,
            None,
        )
        .known();
        let Some(list) = list.filter(|list| !list.is_empty()) else {
            return false;
        };
        self.cache.clear();
        let now = self
            .cache
            .keys(&task.connection.server, &task.place, &list)
            .await;
        let known = |id: &String| before.contains(id.as_str()) || self.records.has_id(id);
        now.is_ok_and(|ids| ids.iter().all(known))
    }

    async fn write_generated_parts(&self, task: &Task<'_>, id: &str) -> Result<(), Problems> {
        for part in task.step.kind.parts {
            let body = self.body(task, part.name, Carry::Create, &always);
            let path = fill(
                part.path,
                task.step.kind,
                &task.desired.attributes,
                Some(id),
            )
            .known();
            if let (Some(path), false) = (path, is_empty(&body)) {
                self.post(task, &path, body).await?;
            }
        }
        Ok(())
    }
}

/// Returns the id that an answer names: the first of several fields that is there; a wrapped answer names the accessor.
fn named(answer: &Json, fields: &str) -> String {
    let wrapped = get(answer, "wrap_info.wrapped_accessor").and_then(Json::as_str);
    let data = answer
        .get("data")
        .filter(|data| !data.is_null())
        .unwrap_or(answer);
    let mut found = fields.split('|').filter_map(|field| {
        let value = get(data, field).or_else(|| get(answer, field))?;
        value.as_str().map(str::to_owned)
    });
    let found = found.find(|text| !text.is_empty());
    found
        .or_else(|| wrapped.map(str::to_owned))
        .unwrap_or_default()
}
