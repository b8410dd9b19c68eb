//! Objects that blocks of another object declare: the connections of a database mount.

use super::{Wanted, data, get};
use crate::catalog::Part;
use crate::plan::many::{self, BLOCK};
use crate::plan::template::fill;
use crate::server::{Request, ServerError};
use crate::value::Value;
use futures::future::try_join_all;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Reads the objects of a part, by name: those that are declared or remembered. Where neither the configuration nor the
/// ledger names any, as when importing, all that are there.
pub(super) async fn objects(wanted: &Wanted, part: &Part) -> Result<Json, ServerError> {
    let remembered = wanted.owned.iter().flat_map(|owned| owned.desired.keys());
    let ours = many::wanted(
        wanted.kind,
        part,
        &wanted.guide,
        remembered.map(|path| &**path),
    );
    let all = if ours.is_empty() && wanted.owned.is_none() {
        listed(wanted, part).await?
    } else {
        ours.iter()
            .map(|(name, block)| (name.clone(), Some(*block)))
            .collect()
    };
    let read = all.into_iter().map(|(name, block)| async move {
        let answer = object(wanted, part, &name).await?;
        Ok::<_, ServerError>(answer.and_then(|mut answer| {
            let block = block.or_else(|| many::meant(wanted.kind, part, &answer))?;
            answer
                .as_object_mut()?
                .insert(BLOCK.to_owned(), Json::from(block));
            Some((name, answer))
        }))
    });
    let found = try_join_all(read).await?.into_iter().flatten();
    Ok(Json::Object(found.collect::<Map<_, _>>()))
}

async fn object(wanted: &Wanted, part: &Part, name: &str) -> Result<Option<Json>, ServerError> {
    let Some(path) = path_of(wanted.kind, part, &wanted.guide, name) else {
        return Ok(None);
    };
    match wanted.server.send(get(&wanted.place, &path)).await {
        Ok(reply) => Ok(Some(data(&reply))),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the path of an object of a part.
#[must_use]
pub fn path_of(
    kind: &crate::catalog::ResourceType,
    part: &Part,
    around: &Value,
    name: &str,
) -> Option<String> {
    let mut fields = around.as_fields().cloned().unwrap_or_default();
    fields.insert(Arc::from(part.each), name.into());
    fill(part.path, kind, &Value::object(fields), None).known()
}

async fn listed(
    wanted: &Wanted,
    part: &Part,
) -> Result<Vec<(String, Option<&'static str>)>, ServerError> {
    let folder = path_of(wanted.kind, part, &wanted.guide, "");
    let Some(folder) = folder else {
        return Ok(Vec::new());
    };
    let request = Request::list(folder.trim_end_matches('/')).namespace(&wanted.place.namespace);
    match wanted.server.send(request).await {
        Ok(reply) => Ok(reply
            .keys()
            .iter()
            .map(|key| (key.to_string(), None))
            .collect()),
        Err(error) if error.is_absent() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
