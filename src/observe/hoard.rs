//! What lives in a mount without being declared.

use super::Cache;
use crate::catalog::{Hoard, MountTable};
use crate::server::{Server, ServerError};
use crate::value::ServerPath;
use serde_json::Value as Json;
use std::collections::HashSet;
use std::sync::Arc;

/// How many folders of a mount are opened to count what is in it.
const FOLDERS: usize = 500;

/// Counts what a mount holds besides the places that are declared: `312 secrets`; nothing where there is nothing else. The
/// mount's place is the path that it governs. What may not be counted, or what nobody knows how to count, is an unknown
/// number.
pub async fn undeclared(
    server: &Arc<dyn Server>,
    mount: &ServerPath,
    declared: &HashSet<ServerPath>,
    cache: &Cache,
) -> Vec<String> {
    let Some(entry) = cache.mount_above(server, mount).await else {
        return Vec::new();
    };
    let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
    let option = |options: &Json| text(options.get("version"));
    let version = entry.get("options").and_then(option);
    let mount_type = text(entry.get("type")).unwrap_or_default();
    let table = match mount.path.starts_with("auth/") {
        true => MountTable::Auth,
        false => MountTable::Secrets,
    };
    let hoards: Vec<&Hoard> = Hoard::of(table, &mount_type, version.as_deref()).collect();
    if hoards.is_empty() {
        return vec![format!(
            "an unknown number of objects of the plugin `{mount_type}`"
        )];
    }
    let mut found = Vec::new();
    for hoard in hoards {
        found.extend(counted(server, mount, hoard, declared, cache).await);
    }
    found
}

async fn counted(
    server: &Arc<dyn Server>,
    mount: &ServerPath,
    hoard: &Hoard,
    declared: &HashSet<ServerPath>,
    cache: &Cache,
) -> Option<String> {
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
    let others: Vec<&String> = names.iter().filter(|name| !is_declared(name)).collect();
    let counted = hoard.count(others.len());
    match (others.as_slice(), all) {
        ([], true) => None,
        (few, true) if few.len() <= NAMED => {
            let few: Vec<String> = few.iter().map(|name| format!("`{name}`")).collect();
            Some(format!("{counted} ({})", few.join(", ")))
        }
        (_, true) => Some(counted),
        (_, false) => Some(format!("more than {counted}")),
    }
}

/// Up to how many are told by name.
const NAMED: usize = 3;

/// Counts what the mounts of a namespace hold, and of those within it, besides the places that are declared; a mount that is
/// not declared counts itself. The namespace's place has no path.
pub async fn undeclared_within(
    server: &Arc<dyn Server>,
    namespace: &ServerPath,
    declared: &HashSet<ServerPath>,
    cache: &Cache,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![namespace.clone()];
    while let Some(inner) = open.pop() {
        for (table, root) in [("sys/mounts", ""), ("sys/auth", "auth/")] {
            let Ok(entries) = cache.table(server, &inner, table).await else {
                return vec!["an unknown number of objects".to_owned()];
            };
            for path in own_mounts(&entries) {
                let mount = inner.beside(&format!("{root}{path}"));
                let name = format!("`{}/{}`", mount.namespace, mount.path);
                let held = undeclared(server, &mount, declared, cache).await;
                let known = declared.contains(&inner.beside(&format!("{table}/{path}")));
                match (held.is_empty(), known) {
                    (true, true) => {}
                    (true, false) => found.push(format!("the mount {name}")),
                    (false, _) => found.push(format!("{} in {name}", held.join(" and "))),
                }
            }
        }
        let children = cache.keys(server, &inner, "sys/namespaces").await;
        open.extend(children.unwrap_or_default().iter().map(|child| {
            let below = format!("{}/{}", inner.namespace, child.trim_matches('/'));
            ServerPath::new(&inner.server, &below, "")
        }));
    }
    found
}

/// Iterates over the mounts that people made: those that every namespace comes with hold nothing of theirs.
fn own_mounts(entries: &Json) -> impl Iterator<Item = &str> {
    const BUILT_IN: [&str; 4] = ["cubbyhole", "identity", "system", "token"];
    let all = entries.as_object().into_iter().flatten();
    all.filter_map(|(path, entry)| {
        let kind = entry.get("type")?.as_str()?;
        let kind = kind.strip_prefix("ns_").unwrap_or(kind);
        (!BUILT_IN.contains(&kind)).then(|| path.trim_matches('/'))
    })
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
