//! Objects that the server makes and names.

use super::bulk::Cache;
use super::{Wanted, data, get_object, main_raw, observed};
use crate::catalog::{Find, Generate, Lookup, ResourceType};
use crate::plan::change::is_given_once_to;
use crate::plan::leaf::leaves;
use crate::plan::template::fill;
use crate::plan::{Observed, Pending, wire};
use crate::server::{Request, ServerError};
use crate::value::Value;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

type Found = Result<Option<Observed>, ServerError>;

/// Reads the object that the ledger remembers; one that a run of ours made and could not note; without a memory, the one
/// that is recognised.
pub(super) async fn object(wanted: &Wanted, generate: &Generate, cache: &Cache) -> Found {
    let remembered = wanted
        .owned
        .as_deref()
        .map(|owned| &*owned.id)
        .filter(|id| !id.is_empty());
    let new = match wanted
        .owned
        .as_deref()
        .and_then(|owned| owned.pending.as_ref())
    {
        Some(pending) => newcomer(wanted, generate, pending, cache).await?,
        None => None,
    };
    let old = match remembered {
        Some(id) => by_id(wanted, generate, id, cache).await?,
        None => None,
    };
    match (new, old) {
        (Some(new), Some(mut old)) => {
            old.lost = id_of(&new);
            Ok(Some(old))
        }
        (Some(mut new), None) => {
            if needs_what_was_said_once(wanted) {
                new.lost = id_of(&new);
            }
            Ok(Some(new))
        }
        (None, None) if remembered.is_none() => match find(wanted, generate, cache).await? {
            Some(id) => by_id(wanted, generate, &id, cache).await,
            None => Ok(None),
        },
        (None, old) => Ok(old),
    }
}

/// Finds the object that a write made whose answer got lost, as [`look_at`](super::look_at) does after an unfinished run;
/// it is marked as lost when others need what was said only in that answer.
///
/// # Errors
/// When the server cannot be asked, or when several objects could be it.
pub async fn made_since(
    wanted: &Wanted,
    generate: &Generate,
    pending: &Pending,
    cache: &Cache,
) -> Found {
    let found = newcomer(wanted, generate, pending, cache).await?;
    Ok(found.map(|mut seen| {
        if needs_what_was_said_once(wanted) {
            seen.lost = id_of(&seen);
        }
        seen
    }))
}

/// Finds the object that an unfinished write made: the one that was not in the LIST before, that no record has, and that
/// is as declared.
async fn newcomer(wanted: &Wanted, generate: &Generate, pending: &Pending, cache: &Cache) -> Found {
    let list = fill(generate.list, wanted.kind, &wanted.guide, None).known();
    let Some(list) =
        list.filter(|list| !list.is_empty() && matches!(&*pending.action, "create" | "replace"))
    else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for id in cache.keys(&wanted.server, &wanted.place, &list).await? {
        if pending.before.contains(id.as_str()) || cache.is_taken(&id) {
            continue;
        }
        let seen = by_id(wanted, generate, &id, cache).await?;
        found.extend(seen.filter(|seen| is_as_declared(wanted.kind, &wanted.guide, seen)));
    }
    if found.len() > 1 && !generate.own.is_empty() {
        found.retain(|seen| is_itself(generate, seen));
    }
    if found.len() > 1 {
        return Err(ambiguous(wanted, &list));
    }
    Ok(found.pop())
}

/// Tells whether something new is the object, not what came into being beside it.
fn is_itself(generate: &Generate, seen: &Observed) -> bool {
    let raw = seen.raw.0.get("");
    let own = raw.and_then(|raw| raw.get(generate.own)?.as_str());
    own.is_some_and(|own| !own.is_empty())
}

/// Tells whether an object has all that is declared of it, as far as it can be read.
#[must_use]
pub fn is_as_declared(kind: &'static ResourceType, declared: &Value, seen: &Observed) -> bool {
    leaves(kind, declared, Some(&seen.attributes))
        .iter()
        .filter(|leaf| leaf.set && leaf.observed.is_some())
        .all(|leaf| leaf.wish().is_none_or(|wish| wish == leaf.live()))
}

/// Tells whether other expressions read something that the server says only once.
fn needs_what_was_said_once(wanted: &Wanted) -> bool {
    let mut once = wanted
        .kind
        .all()
        .filter(|attribute| is_given_once_to(attribute, &wanted.guide));
    once.any(|attribute| {
        wanted
            .referenced
            .as_deref()
            .is_none_or(|names| names.contains(attribute.name))
    })
}

/// Returns the server's id of a generated object.
#[must_use]
pub fn id_of(seen: &Observed) -> Option<Arc<str>> {
    let id = seen.raw.0.get("")?.get("$id")?.as_str()?;
    Some(Arc::from(id))
}

async fn by_id(wanted: &Wanted, generate: &Generate, id: &str, cache: &Cache) -> Found {
    let Some(json) = lookup(wanted, generate, id, cache).await? else {
        return Ok(None);
    };
    let mut json = json;
    if let Json::Object(fields) = &mut json {
        fields
            .entry("id".to_owned())
            .or_insert_with(|| Json::from(id));
        fields.insert("$id".to_owned(), Json::from(id));
        let named = generate.id.split('|').next().unwrap_or_default();
        match named.strip_suffix("[0]") {
            Some(list) => {
                fields
                    .entry(list.to_owned())
                    .or_insert_with(|| Json::from(vec![id]));
            }
            None if !named.contains('.') => {
                fields
                    .entry(named.to_owned())
                    .or_insert_with(|| Json::from(id));
            }
            None => {}
        }
    }
    let mut seen = observed(wanted, main_raw(json));
    if let Some(path) = fill(wanted.kind.place, wanted.kind, &wanted.guide, Some(id)).known() {
        seen.place = wanted.place.beside(&path);
    }
    Ok(Some(seen))
}

async fn lookup(
    wanted: &Wanted,
    generate: &Generate,
    id: &str,
    cache: &Cache,
) -> Result<Option<Json>, ServerError> {
    let filled = |template: &str| fill(template, wanted.kind, &wanted.guide, Some(id)).known();
    let answer = match generate.lookup {
        Lookup::Get => {
            let Some(path) = filled(wanted.kind.place) else {
                return Ok(None);
            };
            wanted
                .server
                .send(get_object(wanted, &path))
                .await
                .map(|reply| Some(data(&reply)))
        }
        Lookup::Post { path, field } => {
            let Some(path) = filled(path) else {
                return Ok(None);
            };
            let body = Json::Object(Map::from_iter([(field.to_owned(), Json::from(id))]));
            let request = Request::post(path, body).namespace(&wanted.place.namespace);
            let reply = wanted.server.send(request).await;
            reply.map(|reply| (reply.status != 204).then(|| data(&reply)))
        }
        Lookup::KeyInfo | Lookup::Listed => {
            let Some(list) = filled(generate.list) else {
                return Ok(None);
            };
            from_list(wanted, generate, id, &list, cache).await
        }
    };
    match answer {
        Ok(found) => Ok(found),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn from_list(
    wanted: &Wanted,
    generate: &Generate,
    id: &str,
    list: &str,
    cache: &Cache,
) -> Result<Option<Json>, ServerError> {
    let answer = cache.listing(&wanted.server, &wanted.place, list).await?;
    if generate.lookup == Lookup::KeyInfo {
        return Ok(answer
            .get("key_info")
            .and_then(|info| info.get(id))
            .cloned());
    }
    let keys = answer.get("keys").and_then(Json::as_array);
    let there = keys
        .into_iter()
        .flatten()
        .any(|key| key.as_str() == Some(id));
    Ok(there.then(|| Json::Object(Map::new())))
}

/// Tells whether an error says that a generated object is gone: besides 404, PKI answers 500 `unable to find …`, and
/// AppRole 404 or 500 `failed to find accessor entry` (OpenBao 2.7).
pub fn is_gone(error: &ServerError) -> bool {
    let text = error.texts().join(" ");
    error.is_absent()
        || text.contains("unable to find")
        || text.contains("failed to find")
        || text.contains("invalid accessor")
        || text.contains("does not exist")
}

/// Returns the id of the one object that the declared attributes recognise.
async fn find(
    wanted: &Wanted,
    generate: &Generate,
    cache: &Cache,
) -> Result<Option<String>, ServerError> {
    match generate.find {
        Find::No => Ok(None),
        Find::Lookup { path, fields } => by_lookup(wanted, path, fields).await,
        Find::Fields(fields) => by_fields(wanted, generate, fields, cache).await,
        Find::Certificate => by_certificate(wanted, generate, cache).await,
    }
}

async fn by_lookup(
    wanted: &Wanted,
    path: &str,
    fields: &[(&str, &str)],
) -> Result<Option<String>, ServerError> {
    let mut body = Map::new();
    for (field, attribute) in fields {
        let Some(text) = wanted.guide.field(attribute).and_then(Value::as_text) else {
            return Ok(None);
        };
        body.insert((*field).to_owned(), Json::from(text));
    }
    let request =
        Request::post(path, Json::Object(body.clone())).namespace(&wanted.place.namespace);
    let reply = match wanted.server.send(request).await {
        Ok(reply) if reply.status != 204 => reply,
        Ok(_) => return Ok(None),
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    // An entity is answered: the alias of these fields is among its aliases.
    let answer = data(&reply);
    let aliases = answer.get("aliases").and_then(Json::as_array);
    let matches = |alias: &&Json| {
        body.iter().all(|(field, text)| {
            let short = field.strip_prefix("alias_").unwrap_or(field);
            alias.get(short) == Some(text)
        })
    };
    let found = match aliases {
        Some(aliases) => aliases.iter().find(matches),
        None => answer.get("alias").filter(matches),
    };
    Ok(found.and_then(|alias| Some(alias.get("id")?.as_str()?.to_owned())))
}

async fn by_fields(
    wanted: &Wanted,
    generate: &Generate,
    fields: &[(&str, &str)],
    cache: &Cache,
) -> Result<Option<String>, ServerError> {
    let Some(list) = fill(generate.list, wanted.kind, &wanted.guide, None).known() else {
        return Ok(None);
    };
    let answer = match cache.listing(&wanted.server, &wanted.place, &list).await {
        Ok(answer) => answer,
        Err(error) if error.is_absent() => return Ok(None),
        Err(error) => return Err(error),
    };
    let info = answer.get("key_info").and_then(Json::as_object);
    let matches = |entry: &Json| {
        fields.iter().all(|(field, attribute)| {
            let wish = wanted.guide.field(attribute).and_then(wire::text_of);
            let live = entry.get(*field).and_then(Json::as_str);
            wish.is_some_and(|wish| live == Some(wish.as_str()))
        })
    };
    let mut found = info
        .into_iter()
        .flatten()
        .filter(|(_, entry)| matches(entry));
    let first = found.next().map(|(id, _)| id.clone());
    if found.next().is_some() {
        return Err(ambiguous(wanted, &list));
    }
    Ok(first)
}

fn ambiguous(wanted: &Wanted, list: &str) -> ServerError {
    ServerError::Refused {
        about: (&Request::list(list).namespace(&wanted.place.namespace)).into(),
        status: 200,
        texts: vec![
            "several objects there match the declaration: import the one that is meant".to_owned(),
        ],
    }
}

/// Recognises a certificate authority by the subject of its certificate and its key: never generated on doubt.
async fn by_certificate(
    wanted: &Wanted,
    generate: &Generate,
    cache: &Cache,
) -> Result<Option<String>, ServerError> {
    let Some(list) = fill(generate.list, wanted.kind, &wanted.guide, None).known() else {
        return Ok(None);
    };
    let ids = cache.keys(&wanted.server, &wanted.place, &list).await?;
    if wanted
        .guide
        .field("common_name")
        .and_then(Value::as_text)
        .is_none()
    {
        return Ok(None);
    }
    let mut found = Vec::new();
    for id in ids.into_iter().filter(|id| !cache.is_taken(id)) {
        let seen = by_id(wanted, generate, &id, cache).await?;
        found.extend(
            seen.filter(|seen| is_as_declared(wanted.kind, &wanted.guide, seen))
                .map(|_| id),
        );
    }
    if found.len() > 1 {
        return Err(ambiguous(wanted, &list));
    }
    Ok(found.pop())
}
