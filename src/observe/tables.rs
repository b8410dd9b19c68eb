//! Data sources that tell whole tables: all mounts, all namespaces.

use super::bulk::Cache;
use super::single::answered;
use super::{Wanted, main_raw};
use crate::catalog::{MountTable, Presence};
use crate::server::ServerError;
use crate::value::Value;
use serde_json::{Map, Value as Json};

type Data = Result<(Value, Option<String>), ServerError>;

/// Lists a place and, where the attribute `deep` is true, all that is below; the keys are whole paths.
pub(super) async fn data_tree(wanted: &Wanted, keys: &str, deep: &str, cache: &Cache) -> Data {
    let deep = wanted.guide.field(deep).and_then(Value::as_bool) == Some(true);
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = wanted.place.path.to_string();
        let place = crate::value::ServerPath::new(
            &wanted.place.server,
            &format!("{}/{folder}", wanted.place.namespace),
            &path,
        );
        for key in cache.keys(&wanted.server, &place, &path).await? {
            let key = key.trim_matches('/');
            let whole = if folder.is_empty() {
                key.to_owned()
            } else {
                format!("{folder}/{key}")
            };
            if deep {
                folders.push(whole.clone());
            }
            paths.push(whole);
        }
    }
    paths.sort();
    let answer = Map::from_iter([(keys.to_owned(), Json::from(paths))]);
    Ok((answered(wanted, &main_raw(Json::Object(answer))), None))
}

/// Lists the entries of a mount table whose fields equal what is set.
pub(super) async fn data_mounts(wanted: &Wanted, table: MountTable, cache: &Cache) -> Data {
    let entries = cache
        .table(&wanted.server, &wanted.place, table.root())
        .await?;
    let asked = |entry: &Json| {
        wanted
            .kind
            .all()
            .filter(|one| one.presence != Presence::Computed)
            .all(|one| {
                let wish = wanted.guide.field(one.name).and_then(Value::as_text);
                wish.is_none_or(|wish| entry.get(one.name).and_then(Json::as_str) == Some(wish))
            })
    };
    let mut found = Map::new();
    for (path, entry) in entries.as_object().into_iter().flatten() {
        if entry.get("accessor").is_none() || !asked(entry) {
            continue;
        }
        for column in wanted
            .kind
            .all()
            .filter(|one| one.presence == Presence::Computed)
        {
            let value = match column.field {
                "path" => Json::from(path.trim_matches('/')),
                field => entry.get(field).cloned().unwrap_or_default(),
            };
            let list = found
                .entry(column.field.to_owned())
                .or_insert_with(|| Json::Array(Vec::new()));
            if let Json::Array(list) = list {
                list.push(value);
            }
        }
    }
    Ok((answered(wanted, &main_raw(Json::Object(found))), None))
}
