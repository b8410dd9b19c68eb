//! What lives in a mount without being declared.

use super::Cache;
use crate::catalog::Hoard;
use crate::server::{Server, ServerError};
use crate::value::ServerPath;
use serde_json::Value as Json;
use std::collections::HashSet;
use std::sync::Arc;

/// How many folders of a mount are opened to count what is in it.
const FOLDERS: usize = 500;

/// Counts what a mount holds besides the places that are declared: `312 secrets`; `None` where there is nothing else.
/// The mount's place is its path itself. What may not be counted is an unknown number.
pub async fn undeclared(
    server: &Arc<dyn Server>,
    mount: &ServerPath,
    declared: &HashSet<ServerPath>,
    cache: &Cache,
) -> Option<String> {
    let entry = cache.mount_above(server, mount).await?;
    let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
    let version = text(
        entry
            .get("options")
            .and_then(|options| options.get("version")),
    );
    let mount_type = text(entry.get("type"))?;
    let hoard = Hoard::of(&mount_type, version.as_deref())?;
    let Ok((names, all)) = names(server, mount, hoard, cache).await else {
        return Some(format!("an unknown number of {}", hoard.words.1));
    };
    let is_declared = |name: &String| {
        let place = |before: &&str| mount.beside(&format!("{}/{before}{name}", mount.path));
        hoard
            .places
            .iter()
            .any(|before| declared.contains(&place(before)))
    };
    let others = names.iter().filter(|name| !is_declared(name)).count();
    match (others, all) {
        (0, true) => None,
        (others, true) => Some(hoard.count(others)),
        (others, false) => Some(format!("more than {}", hoard.count(others))),
    }
}

/// Lists all names in a mount, and tells whether these are all.
async fn names(
    server: &Arc<dyn Server>,
    mount: &ServerPath,
    hoard: &Hoard,
    cache: &Cache,
) -> Result<(Vec<String>, bool), ServerError> {
    let mut folders = vec![String::new()];
    let mut found = Vec::new();
    for _ in 0..FOLDERS {
        let Some(folder) = folders.pop() else {
            return Ok((found, true));
        };
        let path = format!("{}/{folder}", hoard.folder(&mount.path));
        for key in cache.keys(server, mount, &path).await? {
            if is_worthless(server, mount, hoard, &path, &key, cache).await {
                continue;
            }
            let name = format!("{folder}{key}");
            let is_folder = hoard.deep && key.ends_with('/');
            if is_folder {
                folders.push(name)
            } else {
                found.push(name)
            }
        }
    }
    Ok((found, folders.is_empty()))
}

/// Tells whether an entry of a LIST is no loss.
async fn is_worthless(
    server: &Arc<dyn Server>,
    mount: &ServerPath,
    hoard: &Hoard,
    path: &str,
    key: &str,
    cache: &Cache,
) -> bool {
    let Some(field) = hoard.worth else {
        return false;
    };
    let Ok(answer) = cache.listing(server, mount, path).await else {
        return false;
    };
    let entry = answer.get("key_info").and_then(|info| info.get(key));
    entry.and_then(|entry| entry.get(field)) == Some(&Json::from(""))
}
