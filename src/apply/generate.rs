//! Making what the server names.

use super::create::{always, is_empty};
use super::run::Run;

use super::send::{Fate, TRIES, plain_texts, rest};
use super::write::{Left, Problems, Task, told};
use crate::catalog::Generate;
use crate::observe::{id_of, made_since};
use crate::plan::Observed;
use crate::plan::given::wrapping;
use crate::plan::template::fill;
use crate::plan::wire::{Carry, get};
use crate::server::{Request, ServerError};
use crate::source::Diagnostic;
use serde_json::Value as Json;
use std::sync::Arc;

/// The id of what was made, and the answer to the call that made it.
type Made = (String, Json);

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
            .plain(plain_texts(task))
            .once();
        if let Some(ttl) = wrapping(kind, attributes) {
            request = request.wrapped(ttl);
        }
        let (id, answer) = self.until_made(task, generate, request).await?;
        self.write_generated_parts(task, &id).await?;
        Ok(Left {
            id,
            answer,
            ..Left::default()
        })
    }

    /// Sends a call that makes something new each time; after an answer that leaves it open the server is asked whether it
    /// was done. Nothing else is made while that is asked: what is new could be another's.
    async fn until_made(
        &self,
        task: &Task<'_>,
        generate: &Generate,
        request: Request,
    ) -> Result<Made, Problems> {
        let first = {
            let _beside_others = self.making.read().await;
            self.make(task, generate, request.clone()).await
        };
        let mut error = match first {
            Ok(made) => return Ok(made),
            Err(error) if matches!(error, ServerError::Unsure { .. }) => error,
            Err(error) => return Err(told(&error)),
        };
        let _alone = self.making.write().await;
        for attempt in 0..TRIES {
            match self.fate_of_made(task, generate).await {
                Fate::Done(seen) => match &seen.lost {
                    // What was said only in the answer that got lost is needed: it is made anew.
                    Some(id) => {
                        self.remove_unusable(&task.desired, &task.connection, id)
                            .await?;
                    }
                    None => return Ok((id_of(&seen).unwrap_or_default().to_string(), Json::Null)),
                },
                Fate::NotDone if matches!(error, ServerError::Unsure { .. }) => {}
                Fate::NotDone | Fate::Unknown => break,
            }
            rest(attempt).await;
            error = match self.make(task, generate, request.clone()).await {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
        }
        Err(told(&error))
    }

    async fn make(
        &self,
        task: &Task<'_>,
        generate: &Generate,
        request: Request,
    ) -> Result<Made, ServerError> {
        let reply = self.send(task, request).await?;
        let answer = reply.body.json().clone();
        let id = named(&answer, generate.id);
        self.cache.know([Arc::from(id.as_str())]);
        Ok((id, answer))
    }

    /// Looks for what a call made whose answer got lost, as the next run would.
    async fn fate_of_made(&self, task: &Task<'_>, generate: &Generate) -> Fate<Observed> {
        let Some(pending) = self.records.pending(&task.step.address) else {
            return Fate::Unknown;
        };
        self.cache.clear();
        let wanted = self.wanted(task, &task.place, None);
        match made_since(&wanted, generate, &pending, &self.cache).await {
            Ok(Some(seen)) => Fate::Done(seen),
            Ok(None) => Fate::NotDone,
            Err(_) => Fate::Unknown,
        }
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
