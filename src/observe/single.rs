//! Objects that one GET, or one entry of a table, tells.

use super::bulk::Cache;
use super::{Wanted, data, get, get_object, main_raw, observed};
use crate::catalog::registry::shared_name;
use crate::catalog::{Kind, MountTable, Part, ReadBack};
use crate::plan::given::{picked, wrapping};
use crate::plan::leaf::leaves;
use crate::plan::template::{effective, fill};
use crate::plan::{Observed, Raw, wire};
use crate::server::{Reply, Request, ServerError};
use crate::value::{Mode, Type, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

type Found = Result<Option<Observed>, ServerError>;

/// Reads an object that GET of its place answers.
pub(super) async fn object(wanted: &Wanted, cache: &Cache) -> Found {
    let main = match cache.told_in_bulk(wanted).await? {
        Some(None) => return Ok(None),
        Some(Some(entry)) => entry,
        None if cache.surely_absent(wanted).await => return Ok(None),
        None => {
            let reply = wanted
                .server
                .send(get_object(wanted, &wanted.place.path))
                .await?;
            if reply.status == 204 {
                return Ok(None);
            }
            data(&reply)
        }
    };
    let mut raw = main_raw(main);
    parts(wanted, &mut raw).await?;
    Ok(Some(observed(wanted, raw)))
}

/// Reads the parts that carry something configured or referenced.
async fn parts(wanted: &Wanted, raw: &mut Raw) -> Result<(), ServerError> {
    for part in wanted.kind.parts.iter().filter(|part| part.read) {
        if !part.each.is_empty() {
            raw.0
                .insert(part.name, super::many::objects(wanted, part).await?);
            continue;
        }
        if !is_needed(wanted, part) {
            raw.0.insert(part.name, Json::Null);
            continue;
        }
        let Some(path) = fill(part.path, wanted.kind, &wanted.guide, None).known() else {
            continue;
        };
        let answer = match wanted.server.send(get(&wanted.place, &path)).await {
            Ok(reply) => data(&reply),
            Err(error) if error.is_absent() => Json::Null,
            Err(error) => return Err(error),
        };
        raw.0.insert(part.name, answer);
    }
    Ok(())
}

fn is_needed(wanted: &Wanted, part: &Part) -> bool {
    if !part.only_if_set {
        return true;
    }
    let set = leaves(wanted.kind, &wanted.guide, None)
        .iter()
        .any(|leaf| leaf.attribute.part == part.name && leaf.set);
    let asked = wanted.referenced.as_deref().is_none_or(|names| {
        let carried = wanted
            .kind
            .all()
            .filter(|attribute| attribute.part == part.name);
        carried
            .into_iter()
            .any(|attribute| names.contains(attribute.name))
    });
    let remembered = wanted.owned.as_deref().is_some_and(|owned| {
        let carried = wanted
            .kind
            .all()
            .filter(|attribute| attribute.part == part.name);
        carried
            .into_iter()
            .any(|attribute| owned.desired.contains_key(attribute.name))
    });
    set || asked || remembered
}

/// Reads a mount from its table, and its parts.
pub(super) async fn mount(wanted: &Wanted, table: MountTable, cache: &Cache) -> Found {
    let Some(entry) = mount_entry(wanted, table, cache).await? else {
        return Ok(None);
    };
    let mut raw = main_raw(entry);
    parts(wanted, &mut raw).await?;
    Ok(Some(observed(wanted, raw)))
}

async fn mount_entry(
    wanted: &Wanted,
    table: MountTable,
    cache: &Cache,
) -> Result<Option<Json>, ServerError> {
    let root = table.root();
    let name = wanted
        .place
        .path
        .strip_prefix(root)
        .unwrap_or(&wanted.place.path)
        .trim_matches('/');
    match cache.table(&wanted.server, &wanted.place, root).await {
        Ok(entries) => Ok(entries.get(format!("{name}/")).cloned()),
        // Who may not read the table may still read an entry of it.
        Err(denied @ ServerError::Denied { .. }) => {
            let alone = get(&wanted.place, &format!("{root}/{name}"));
            match wanted.server.send(alone).await {
                Ok(reply) => Ok(Some(data(&reply))),
                Err(error) if error.is_absent() => Ok(None),
                Err(_) => Err(denied),
            }
        }
        Err(error) => Err(error),
    }
}

/// Reads an object from a table that answers all of its kind.
pub(super) async fn entry(wanted: &Wanted, table: &str, cache: &Cache) -> Found {
    let entries = cache.table(&wanted.server, &wanted.place, table).await?;
    let name = wanted
        .place
        .path
        .strip_prefix(table)
        .unwrap_or(&wanted.place.path);
    let name = name.trim_matches('/');
    let entry = entries
        .get(format!("{name}/"))
        .or_else(|| entries.get(name));
    Ok(entry.map(|entry| observed(wanted, main_raw(entry.clone()))))
}

/// Reads whatever is at a path, unless the configuration says not to.
pub(super) async fn endpoint(wanted: &Wanted) -> Found {
    let flag = |name: &str| {
        let attribute = wanted.kind.attribute(name);
        let value = effective(attribute, wanted.guide.field(name), &wanted.guide);
        value.and_then(|value| value.as_bool()) == Some(true)
    };
    if flag("disable_read") {
        return Ok(wanted.owned.as_deref().map(|_| unread(wanted)));
    }
    let reply = match wanted
        .server
        .send(get(&wanted.place, &wanted.place.path))
        .await
    {
        Ok(reply) => reply,
        Err(ServerError::Unsupported { .. }) if wanted.owned.as_deref().is_some() => {
            return Ok(Some(unread(wanted)));
        }
        Err(ServerError::Unsupported { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let live = data(&reply);
    let shown = as_declared(wanted, &live, flag("ignore_absent_fields"));
    Ok(Some(observed(wanted, main_raw(shown))))
}

/// Returns an object of ours that is not read: as it was declared, to be compared by digest.
fn unread(wanted: &Wanted) -> Observed {
    let shown = as_declared(wanted, &Json::Object(Map::new()), true);
    observed(wanted, main_raw(shown))
}

/// Returns the live object reduced to the fields that the configuration declares, in its spelling where the server only
/// writes durations or lists otherwise. A field that is never answered counts as declared when we own the object.
fn as_declared(wanted: &Wanted, live: &Json, _ignore_absent: bool) -> Json {
    let declared = wanted.kind.all().find_map(|attribute| {
        let body = matches!(attribute.kind, crate::catalog::Kind::Json(_));
        let text = wanted.guide.field(attribute.name)?.as_text()?;
        body.then(|| serde_json::from_str::<Json>(text).ok())?
    });
    let Some(Json::Object(declared)) = declared else {
        return live.clone();
    };
    let mut shown = Map::new();
    for (name, wish) in declared {
        let value = match live.get(&name) {
            Some(value) if same_loosely(&wish, value) => wish,
            Some(value) => value.clone(),
            None if wanted.owned.as_deref().is_some() => wish,
            None => continue,
        };
        shown.insert(name, value);
    }
    Json::Object(shown)
}

/// Tells whether two JSON values are one value that the server spells its own way.
fn same_loosely(wish: &Json, live: &Json) -> bool {
    if wish == live {
        return true;
    }
    let text = |json: &Json| match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    match (wish, live) {
        (Json::String(wish), Json::Array(live)) => {
            let items: Vec<_> = live.iter().filter_map(text).collect();
            wish.split(',')
                .map(str::trim)
                .eq(items.iter().map(String::as_str))
        }
        (Json::Array(wish), Json::Array(live)) => {
            let sorted = |items: &[Json]| {
                let mut texts: Vec<_> = items.iter().map(ToString::to_string).collect();
                texts.sort();
                texts
            };
            sorted(wish) == sorted(live)
        }
        _ => match (text(wish), text(live)) {
            (Some(wish), Some(live)) => {
                let seconds = crate::plan::normal::duration_seconds;
                wish == live || seconds(&wish).is_some_and(|wish| Some(wish) == seconds(&live))
            }
            _ => false,
        },
    }
}

/// Reads which of the declared elements another object's list holds.
pub(super) async fn member(wanted: &Wanted, field: &str, elements: &str) -> Found {
    let reply = wanted
        .server
        .send(get(&wanted.place, &wanted.place.path))
        .await?;
    let live = data(&reply);
    let held = wire::get(&live, field)
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default();
    let exclusive = wanted.kind.attribute("exclusive").map(|attribute| {
        effective(
            Some(attribute),
            wanted.guide.field("exclusive"),
            &wanted.guide,
        )
    });
    let exclusive = exclusive
        .flatten()
        .and_then(|value| value.as_bool())
        .unwrap_or(false);
    let declared = wanted.guide.field(elements);
    let declared: Vec<&str> = declared.map_or_else(Vec::new, |value| {
        let single = std::slice::from_ref(value);
        value
            .as_items()
            .unwrap_or(single)
            .iter()
            .filter_map(Value::as_text)
            .collect()
    });
    let ours = |item: &&Json| {
        let text = item.as_str().unwrap_or_default();
        exclusive || declared.iter().any(|one| one.eq_ignore_ascii_case(text))
    };
    let shown: Vec<Json> = held.iter().filter(ours).cloned().collect();
    if shown.is_empty() && !declared.is_empty() {
        return Ok(None);
    }
    let mut json = live.clone();
    let many = wanted.kind.attribute(elements).is_none_or(|attribute| {
        matches!(
            attribute.kind,
            Kind::List(..) | Kind::Set(_) | Kind::SortedSet(_) | Kind::SetText(_)
        )
    });
    let shown = if many {
        Json::Array(shown)
    } else {
        shown.into_iter().next().unwrap_or_default()
    };
    if let Json::Object(fields) = &mut json {
        fields.insert(elements.to_owned(), shown);
    }
    Ok(Some(observed(wanted, main_raw(json))))
}

type Data = Result<(Value, Option<String>), ServerError>;

/// Returns the attributes of a data source: what it was asked with, and what the answer tells.
pub(super) fn answered(wanted: &Wanted, raw: &Raw) -> Value {
    let told = wire::decode(wanted.kind, raw, &wanted.guide);
    let mut fields = BTreeMap::new();
    for attribute in wanted.kind.all() {
        let asked = wanted
            .guide
            .field(attribute.name)
            .filter(|value| !value.is_null());
        let value = match asked {
            Some(asked) => asked.clone(),
            None => told
                .field(attribute.name)
                .cloned()
                .unwrap_or_else(|| Value::null(Type::Dynamic)),
        };
        let value = if value.is_null() && attribute.read != ReadBack::Place {
            effective(Some(attribute), None, &wanted.guide).unwrap_or(value)
        } else {
            value
        };
        fields.insert(shared_name(attribute.name), value);
    }
    let template = wanted.kind.id_template();
    let around = Value::object(fields.clone());
    if fields.get("id").is_none_or(Value::is_null) {
        let id = fill(template, wanted.kind, &around, None).known();
        fields.insert(
            "id".into(),
            id.unwrap_or_else(|| wanted.place.path.to_string()).into(),
        );
    }
    Value::object(fields)
}

pub(super) async fn data_get(wanted: &Wanted) -> Data {
    let reply = wanted
        .server
        .send(steered(wanted, get_object(wanted, &wanted.place.path)))
        .await?;
    let lease = reply.lease_id().map(str::to_owned);
    Ok((answered(wanted, &with_lease(&reply)), lease))
}

/// Adds what steers a reading as query parameters.
pub(super) fn steered(wanted: &Wanted, mut request: Request) -> Request {
    for attribute in wanted
        .kind
        .all()
        .filter(|attribute| attribute.read == ReadBack::Sent)
    {
        let field = if attribute.field.is_empty() {
            attribute.name
        } else {
            attribute.field
        };
        let value = effective(
            Some(attribute),
            wanted.guide.field(attribute.name),
            &wanted.guide,
        );
        if let Some(value) = value.as_ref().and_then(wire::text_of) {
            request = request.query(field, &value);
        }
    }
    request
}

/// Returns a reply's data, with what stands around it.
pub(super) fn with_lease(reply: &Reply) -> Raw {
    let names = [
        "lease_id",
        "lease_duration",
        "renewable",
        "auth",
        "wrap_info",
    ];
    let around = names.iter().filter_map(|name| {
        let value = reply
            .body
            .json()
            .get(*name)
            .filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    });
    let mut raw = main_raw(data(reply));
    raw.0.insert(wire::AROUND, Json::Object(around.collect()));
    raw
}

pub(super) async fn data_post(wanted: &Wanted) -> Data {
    let body = wire::encode(wanted.kind, "", &wanted.guide, wire::Carry::Create, &|_| {
        true
    });
    let mut request = Request::post(&*wanted.place.path, body)
        .namespace(&wanted.place.namespace)
        .once();
    if let Some(ttl) = wrapping(wanted.kind, &wanted.guide) {
        request = request.wrapped(ttl);
    }
    let about = (&request).into();
    let reply = wanted.server.send(request).await?;
    // Whoever looks something up and gets no answer has found nothing.
    if reply.status == 204 && wanted.kind.mode == Mode::Data {
        return Err(ServerError::Missing { about, left: None });
    }
    let lease = reply.lease_id().map(str::to_owned);
    let told = answered(wanted, &with_lease(&reply));
    Ok((picked(wanted.kind, told, reply.body.json()), lease))
}

pub(super) async fn data_list(wanted: &Wanted, keys: &str) -> Data {
    let request = Request::list(&*wanted.place.path).namespace(&wanted.place.namespace);
    let request = steered(wanted, request);
    let mut json = match wanted.server.send(request).await {
        Ok(reply) => data(&reply),
        Err(ServerError::Missing { .. }) => Json::Object(Map::new()),
        Err(error) => return Err(error),
    };
    if let Json::Object(fields) = &mut json {
        let found = fields
            .get("keys")
            .cloned()
            .unwrap_or_else(|| Json::Array(Vec::new()));
        fields.insert(keys.to_owned(), found);
    }
    Ok((answered(wanted, &main_raw(json)), None))
}

pub(super) async fn data_mount(wanted: &Wanted, table: MountTable, cache: &Cache) -> Data {
    let missing = || ServerError::NoRoute {
        about: (&get(&wanted.place, &wanted.place.path)).into(),
    };
    let entry = mount_entry(wanted, table, cache)
        .await?
        .ok_or_else(missing)?;
    Ok((answered(wanted, &main_raw(entry)), None))
}
