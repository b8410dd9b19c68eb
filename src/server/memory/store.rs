//! What the server in memory keeps: mounts, policies, and objects below mounts.

use super::super::error::ServerError;
use super::super::message::{Reply, Verb};
use super::Call;
use super::kv::Secret;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Namespace and path.
pub(super) type Place = (String, String);

/// Everything that the server in memory keeps.
#[derive(Default)]
pub(super) struct Store {
    pub namespaces: BTreeMap<String, Json>,
    /// Secrets engines by path without slash: `kv`; auth methods by path with `auth/` before it.
    pub mounts: BTreeMap<Place, Json>,
    pub policies: BTreeMap<Place, Json>,
    pub secrets: BTreeMap<Place, Secret>,
    objects: BTreeMap<Place, Map<String, Json>>,
    pub replacing: Vec<String>,
    pub defaults: Vec<(String, Json)>,
    pub hidden: Vec<(String, BTreeSet<String>)>,
    made: u64,
    clock: Duration,
}

impl Store {
    /// Makes a store with what every fresh server has.
    pub fn new() -> Store {
        let mut store = Store::default();
        store.furnish("");
        store
    }

    /// Puts in a namespace what it has from birth.
    pub fn furnish(&mut self, namespace: &str) {
        for (path, kind) in [
            ("sys", "system"),
            ("identity", "identity"),
            ("cubbyhole", "cubbyhole"),
            ("auth/token", "token"),
        ] {
            let mount = self.new_mount(path, &json!({ "type": kind }));
            self.mounts.insert((namespace.into(), path.into()), mount);
        }
        for name in ["default", "root"] {
            let policy = json!({ "name": name, "policy": "", "version": 1 });
            self.policies
                .insert((namespace.into(), name.into()), policy);
        }
    }

    /// Tells whether a namespace is there.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        namespace.is_empty() || self.namespaces.contains_key(namespace)
    }

    /// Returns a number that no other thing here has.
    pub fn fresh_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// Returns an id that no other thing here has.
    pub fn fresh_id(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.fresh_number())
    }

    /// Moves the clock on.
    pub fn advance(&mut self, by: Duration) {
        self.clock += by;
    }

    /// Returns the time, a millisecond later at each call, as RFC 3339.
    pub fn now(&mut self) -> String {
        self.clock += Duration::from_millis(1);
        let millis = i64::try_from(self.clock.as_millis()).unwrap_or_default();
        let since = jiff::SignedDuration::from_millis(1_767_225_600_000_i64.saturating_add(millis));
        jiff::Timestamp::from_duration(since)
            .unwrap_or_default()
            .to_string()
    }

    /// Returns path and settings of the mount that a path is below.
    pub fn mount_of(&self, namespace: &str, path: &str) -> Option<(&str, &Json)> {
        let in_namespace = self.mounts.iter().filter(|((own, _), _)| own == namespace);
        in_namespace
            .map(|((_, mount), settings)| (mount.as_str(), settings))
            .filter(|(mount, _)| path == *mount || below(path, mount).is_some())
            .max_by_key(|(mount, _)| mount.len())
    }

    /// Forgets everything below a path.
    pub fn clear_below(&mut self, namespace: &str, mount: &str) {
        let stays = |place: &Place| place.0 != namespace || below(&place.1, mount).is_none();
        self.objects.retain(|place, _| stays(place));
        self.secrets.retain(|place, _| stays(place));
    }

    /// Moves everything below a path to another.
    pub fn move_below(&mut self, namespace: &str, from: &str, to: &str) {
        self.objects = moved(std::mem::take(&mut self.objects), namespace, from, to);
        self.secrets = moved(std::mem::take(&mut self.secrets), namespace, from, to);
    }

    /// Answers for what is below a mount.
    pub fn answer(&mut self, call: &Call<'_>) -> Result<Reply, ServerError> {
        let Some((mount, settings)) = self.mount_of(call.namespace, call.path) else {
            let text = format!(
                "no handler for route \"{}\". route entry not found.",
                call.path
            );
            return call.refuse(404, &[text.as_str()]);
        };
        let mount = mount.to_owned();
        if settings.pointer("/options/version").and_then(Json::as_str) == Some("2") {
            return super::kv::answer(self, call, &mount);
        }
        self.object(call)
    }

    fn object(&mut self, call: &Call<'_>) -> Result<Reply, ServerError> {
        let place = (call.namespace.to_owned(), call.path.to_owned());
        match call.request.verb {
            Verb::Get => match self.objects.get(&place) {
                Some(fields) => call.data(Json::Object(self.visible(call.path, fields))),
                None => call.missing(),
            },
            Verb::List => call.list(&children(self.objects.keys(), call.namespace, call.path)),
            Verb::Scan => call.refuse(405, &["unsupported operation"]),
            Verb::Delete => {
                self.objects.remove(&place);
                call.done()
            }
            Verb::Patch if !self.objects.contains_key(&place) => call.missing(),
            Verb::Post | Verb::Put | Verb::Patch => {
                self.write(call, place);
                call.done()
            }
        }
    }

    fn write(&mut self, call: &Call<'_>, place: Place) {
        let replaces = self
            .replacing
            .iter()
            .any(|pattern| matches(pattern, call.path));
        let fresh = self
            .defaults
            .iter()
            .find(|(pattern, _)| matches(pattern, call.path));
        let fresh = fresh
            .and_then(|(_, fields)| fields.as_object().cloned())
            .unwrap_or_default();
        let object = self.objects.entry(place).or_insert_with(|| fresh.clone());
        if replaces && call.request.verb != Verb::Patch {
            *object = fresh;
        }
        let body = call
            .request
            .body
            .as_ref()
            .and_then(|body| body.json().as_object());
        for (name, value) in body.into_iter().flatten() {
            object.insert(name.clone(), value.clone());
        }
    }

    fn visible(&self, path: &str, fields: &Map<String, Json>) -> Map<String, Json> {
        let hidden = |name: &str| {
            let mut rules = self
                .hidden
                .iter()
                .filter(|(pattern, _)| matches(pattern, path));
            rules.any(|(_, names)| names.contains(name))
        };
        let seen = fields.iter().filter(|(name, _)| !hidden(name));
        seen.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Returns what is left of a path below another; `None` when it is not below it.
pub(super) fn below<'a>(path: &'a str, start: &str) -> Option<&'a str> {
    path.strip_prefix(start)?.strip_prefix('/')
}

fn moved<T>(
    things: BTreeMap<Place, T>,
    namespace: &str,
    from: &str,
    to: &str,
) -> BTreeMap<Place, T> {
    let each = things
        .into_iter()
        .map(|((own, path), thing)| match below(&path, from) {
            Some(rest) if own == namespace => ((own, format!("{to}/{rest}")), thing),
            _ => ((own, path), thing),
        });
    each.collect()
}

/// Returns what a list of a path shows: names, and folders with a slash.
pub(super) fn children<'a>(
    places: impl Iterator<Item = &'a Place>,
    namespace: &str,
    path: &str,
) -> Vec<String> {
    let rest = places
        .filter(|place| place.0 == namespace)
        .filter_map(|place| below(&place.1, path));
    let names: BTreeSet<String> = rest
        .map(|rest| match rest.split_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => rest.to_owned(),
        })
        .collect();
    names.into_iter().collect()
}

/// Tells whether a path is of a pattern; `*` stands for one segment.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == "*" || wanted == found => {}
            _ => return false,
        }
    }
}
