//! What lives on a server and in no configuration: mounts, and objects of the types that can be listed. Inside a mount
//! that is itself in no configuration nothing is listed, and what clients keep in engines of their own neither.

use super::Planned;
use crate::catalog::{Hoard, Life, MountTable, ResourceType, registry};
use crate::observe::Connection;
use crate::server::{Request, ServerError};
use crate::source::Diagnostic;
use crate::value::{Mode, ServerPath};
use futures::StreamExt as _;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// How many lists are asked for together; the connection limits what is in flight.
const TOGETHER: usize = 32;

/// Mounts that every server has by itself.
const OWN_MOUNTS: &[&str] = &[
    "system",
    "identity",
    "cubbyhole",
    "token",
    "ns_system",
    "ns_identity",
    "ns_cubbyhole",
    "ns_token",
];

/// A LIST, and how what it names is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listing {
    list: String,
    /// The place of a named object is this, a slash, and its name.
    place: String,
    built_in: &'static [&'static str],
}

/// Lists what a plan knows nothing of. Also what may not be asked. `home` is the server of the ledger, which is asked where
/// the configuration has nothing that leads to one.
pub async fn unmanaged(
    planned: &Planned,
    home: &Connection,
    ledger_mount: &str,
) -> (Vec<ServerPath>, Vec<Diagnostic>) {
    let (mut found, mut refused) = (BTreeMap::new(), BTreeSet::new());
    let alone = planned.connections.is_empty().then_some(home);
    for connection in connections(planned).chain(alone) {
        let mut looking = Looking {
            connection,
            known: known(planned, connection),
            ledger_mount,
        };
        let mounts = looking.mounts(&mut found, &mut refused).await;
        for mount in &mounts {
            let more = respelled(&looking.known, mount);
            looking.known.extend(more);
        }
        let listings = listings(&mounts);
        let answers = futures::stream::iter(listings.iter().map(|listing| looking.keys(listing)))
            .buffered(TOGETHER)
            .collect::<Vec<_>>()
            .await;
        for (listing, answer) in listings.iter().zip(answers) {
            match answer {
                Ok(keys) => looking.sort(listing, &keys, &mut found),
                Err(ServerError::Denied { .. }) => {
                    refused.insert(listing.list.clone());
                }
                // An engine that has no such objects.
                Err(_) => {}
            }
        }
    }
    let places = found.into_values().collect();
    (places, told(&refused).into_iter().collect())
}

/// Returns the paths that must be listed to tell what is unmanaged, and the tables that must be read.
pub async fn asked(planned: &Planned, connection: &Connection) -> (Vec<String>, [&'static str; 2]) {
    let looking = Looking {
        connection,
        known: known(planned, connection),
        ledger_mount: "",
    };
    let mounts = looking
        .mounts(&mut BTreeMap::new(), &mut BTreeSet::new())
        .await;
    let lists = listings(&mounts).into_iter().map(|listing| listing.list);
    let lists: BTreeSet<String> = lists.collect();
    let tables = [MountTable::Secrets.root(), MountTable::Auth.root()];
    (lists.into_iter().collect(), tables)
}

fn told(refused: &BTreeSet<String>) -> Option<Diagnostic> {
    if refused.is_empty() {
        return None;
    }
    let message = "what is unmanaged is known in part only: this identity may not list all of it";
    let paths: Vec<&str> = refused.iter().map(String::as_str).collect();
    let problem = Diagnostic::warning("unmanaged-in-part", message).detail(paths.join("\n"));
    Some(
        problem
            .hint("with `drift { unmanaged = true }`, `policy for-drift` writes the policy for it"),
    )
}

/// Returns one connection for each server and namespace.
fn connections(planned: &Planned) -> impl Iterator<Item = &Connection> {
    let mut seen = BTreeSet::new();
    planned.connections.values().filter(move |connection| {
        let server = connection.server.identity().id.to_string();
        seen.insert((server, connection.namespace.to_string()))
    })
}

/// Returns the paths in one namespace that a plan speaks of.
fn known(planned: &Planned, connection: &Connection) -> BTreeSet<String> {
    let server = &connection.server.identity().id;
    let namespace = connection.namespace.trim_matches('/');
    let steps = planned.plan.steps.iter();
    let places = steps.flat_map(|step| step.place.iter().chain(&step.old_place));
    places
        .filter(|place| place.server == *server && &*place.namespace == namespace)
        .map(|place| place.path.to_string())
        .collect()
}

/// A mount that the configuration has.
struct Mount {
    table: MountTable,
    /// Without slashes at its ends.
    path: String,
    kind: String,
    version_two: bool,
}

/// Returns the other spellings of known paths in a mount: one secret may be declared below `data/`, or without it.
fn respelled(known: &BTreeSet<String>, mount: &Mount) -> Vec<String> {
    let version = mount.version_two.then_some("2");
    let mut hoards = Hoard::of(mount.table, &mount.kind, version);
    let Some(hoard) = hoards.find(|hoard| hoard.places.len() > 1) else {
        return Vec::new();
    };
    let within = format!("{}/", mount.path);
    let within = within.as_str();
    let mut found = Vec::new();
    for rest in known.iter().filter_map(|path| path.strip_prefix(within)) {
        let name = hoard
            .places
            .iter()
            .find_map(|before| rest.strip_prefix(before));
        let spellings = |name| {
            let before = hoard.places.iter();
            before.map(move |before| [within, *before, name].concat())
        };
        found.extend(name.into_iter().flat_map(spellings));
    }
    found
}

struct Looking<'a> {
    connection: &'a Connection,
    known: BTreeSet<String>,
    ledger_mount: &'a str,
}

impl Looking<'_> {
    /// Reads the mount tables: sorts out what is unmanaged, and returns the rest.
    async fn mounts(
        &self,
        found: &mut BTreeMap<String, ServerPath>,
        refused: &mut BTreeSet<String>,
    ) -> Vec<Mount> {
        let mut mounts = Vec::new();
        for table in [MountTable::Secrets, MountTable::Auth] {
            let request = Request::get(table.root()).namespace(&self.connection.namespace);
            let reply = match self.connection.server.send(request).await {
                Ok(reply) => reply,
                Err(_) => {
                    refused.insert(table.root().to_owned());
                    continue;
                }
            };
            for (path, entry) in reply.data().as_object().into_iter().flatten() {
                let text = |name: &str| {
                    entry
                        .pointer(name)
                        .and_then(Json::as_str)
                        .unwrap_or_default()
                };
                let (path, kind) = (path.trim_matches('/'), text("/type"));
                let is_mount = entry.get("accessor").is_some();
                if !is_mount || OWN_MOUNTS.contains(&kind) || self.is_ledger(table, path) {
                    continue;
                }
                let place = format!("{}/{path}", table.root());
                if !self.known.contains(&place) {
                    self.put(&place, found);
                    continue;
                }
                mounts.push(Mount {
                    table,
                    path: path.to_owned(),
                    kind: kind.to_owned(),
                    version_two: text("/options/version") == "2",
                });
            }
        }
        mounts
    }

    fn is_ledger(&self, table: MountTable, path: &str) -> bool {
        table == MountTable::Secrets && path == self.ledger_mount.trim_matches('/')
    }

    fn put(&self, path: &str, found: &mut BTreeMap<String, ServerPath>) {
        let server = &self.connection.server.identity().id;
        let place = ServerPath::new(server, &self.connection.namespace, path);
        found.insert(place.to_string(), place);
    }

    async fn keys(&self, listing: &Listing) -> Result<Vec<String>, ServerError> {
        let request = Request::list(listing.list.as_str()).namespace(&self.connection.namespace);
        match self.connection.server.send(request).await {
            Ok(reply) => Ok(reply.keys().into_iter().map(str::to_owned).collect()),
            Err(error) if error.is_absent() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Sorts out the keys of which nothing is known. A folder is known where something in it is.
    fn sort(&self, listing: &Listing, keys: &[String], found: &mut BTreeMap<String, ServerPath>) {
        for key in keys
            .iter()
            .filter(|key| !listing.built_in.contains(&key.as_str()))
        {
            let place = format!("{}/{key}", listing.place);
            let known = match place.strip_suffix('/') {
                Some(folder) => {
                    let within = |known: &String| known.starts_with(&place) || known == folder;
                    self.known.iter().any(within)
                }
                None => self.known.contains(&place),
            };
            if !known {
                self.put(place.trim_end_matches('/'), found);
            }
        }
    }
}

/// Returns the lists of all types, in the mounts that there are.
fn listings(mounts: &[Mount]) -> BTreeSet<Listing> {
    let managed = registry::all().filter(|kind| kind.mode == Mode::Managed);
    let mut found = BTreeSet::new();
    for kind in managed {
        let Some((list, place)) = kind.list.and_then(|list| Some((list, kept_in(kind)?))) else {
            continue;
        };
        let listing = |list: String, place: String| Listing {
            list,
            place,
            built_in: kind.built_in,
        };
        if !list.contains('{') {
            found.insert(listing(list.to_owned(), place.to_owned()));
            continue;
        }
        for mount in mounts.iter().filter(|mount| may_hold(mount, kind, list)) {
            found.insert(listing(inside(list, mount), inside(place, mount)));
        }
    }
    found
}

/// Returns the template of what comes before an object's own name.
fn kept_in(kind: &ResourceType) -> Option<&'static str> {
    let (before, name) = kind.place.rsplit_once('/')?;
    name.starts_with('{').then_some(before)
}

/// Fills the first placeholder, which is the mount.
fn inside(template: &str, mount: &Mount) -> String {
    let (Some((before, _)), Some((_, after))) =
        (template.split_once('{'), template.split_once('}'))
    else {
        return template.to_owned();
    };
    format!("{before}{}{after}", mount.path)
}

/// Tells whether a mount may hold objects of a type. What stands below a KV mount is the keys' own business, so only its
/// secrets are listed there.
fn may_hold(mount: &Mount, kind: &ResourceType, list: &str) -> bool {
    let auth = list.starts_with("auth/");
    let secrets = matches!(kind.life, Life::Versioned);
    match mount.table {
        MountTable::Auth => auth,
        MountTable::Secrets if mount.kind == "kv" => secrets && mount.version_two,
        MountTable::Secrets => !auth && !secrets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(table: MountTable, kind: &str) -> Mount {
        Mount {
            table,
            path: "m".to_owned(),
            kind: kind.to_owned(),
            version_two: true,
        }
    }

    #[test]
    fn lists_are_those_of_the_mounts() {
        let lists = |mount: Mount| -> BTreeSet<(String, String)> {
            let all = listings(&[mount]).into_iter();
            all.map(|one| (one.list, one.place)).collect()
        };
        let pair = |list: &str, place: &str| (list.to_owned(), place.to_owned());
        let kv = lists(mount(MountTable::Secrets, "kv"));
        assert!(kv.contains(&pair("m/metadata", "m/data")));
        assert!(kv.contains(&pair("sys/policies/acl", "sys/policies/acl")));
        assert!(!kv.iter().any(|(list, _)| list == "m/roles"));
        let auth = lists(mount(MountTable::Auth, "userpass"));
        assert!(auth.contains(&pair("auth/m/users", "auth/m/users")));
        assert!(!auth.iter().any(|(list, _)| list.contains("metadata")));
        let database = lists(mount(MountTable::Secrets, "database"));
        assert!(database.contains(&pair("m/static-roles", "m/static-roles")));
    }

    #[test]
    fn a_secret_is_known_by_each_of_its_spellings() {
        let known = ["m/app", "m/data/deep/app", "n/other"]
            .map(str::to_owned)
            .into();
        let spelled = respelled(&known, &mount(MountTable::Secrets, "kv"));
        for place in ["m/data/app", "m/data/deep/app", "m/metadata/app"] {
            assert!(spelled.contains(&place.to_owned()), "{place}: {spelled:?}");
        }
        assert!(!spelled.iter().any(|place| place.contains("data/data")));
        let other = mount(MountTable::Secrets, "database");
        assert!(respelled(&known, &other).is_empty());
    }
}
