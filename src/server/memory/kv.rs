//! KV version 2: versions, soft deletion, check-and-set.

use super::super::error::ServerError;
use super::super::message::{Reply, Verb};
use super::store::{Store, below, children};
use super::{Call, envelope};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// One secret with all its versions.
#[derive(Clone, Default)]
pub(super) struct Secret {
    versions: BTreeMap<u64, Version>,
    created: String,
    updated: String,
    custom: Json,
    cas_required: bool,
    max_versions: u64,
}

#[derive(Clone, Default)]
struct Version {
    /// `None` once destroyed.
    data: Option<Json>,
    created: String,
    deleted: String,
}

impl Secret {
    fn current(&self) -> u64 {
        self.versions.keys().last().copied().unwrap_or_default()
    }
}

/// Answers below a mount of KV version 2.
pub(super) fn answer(
    store: &mut Store,
    call: &Call<'_>,
    mount: &str,
) -> Result<Reply, ServerError> {
    let rest = below(call.path, mount).unwrap_or_default();
    let (part, name) = rest.split_once('/').unwrap_or((rest, ""));
    let place = (call.namespace.to_owned(), format!("{mount}/{name}"));
    match (part, call.request.verb) {
        ("data", Verb::Get) => read(store, call, &place),
        ("data", Verb::Post | Verb::Put | Verb::Patch) => write(store, call, &place),
        ("data", Verb::Delete) => {
            let current = store.secrets.get(&place).map(Secret::current);
            mark_deleted(store, &place, current.into_iter().collect());
            call.done()
        }
        ("metadata", Verb::List) => {
            let folder = place.1.trim_end_matches('/');
            call.list(&children(store.secrets.keys(), call.namespace, folder))
        }
        ("metadata", Verb::Get) => match store.secrets.get(&place) {
            Some(secret) => call.data(metadata(secret)),
            None => call.missing(),
        },
        ("metadata", Verb::Post | Verb::Put | Verb::Patch) => write_metadata(store, call, place),
        ("metadata", Verb::Delete) => {
            store.secrets.remove(&place);
            call.done()
        }
        ("delete", Verb::Post | Verb::Put) => {
            mark_deleted(store, &place, versions(call));
            call.done()
        }
        ("undelete" | "destroy", Verb::Post | Verb::Put) => {
            revive_or_destroy(store, call, &place, part == "destroy");
            call.done()
        }
        ("config", Verb::Get) => call.data(json!({
            "cas_required": false, "delete_version_after": "0s", "max_versions": 0, "metadata_cas_required": false,
        })),
        ("config", Verb::Post | Verb::Put) => call.done(),
        _ => call.refuse(405, &["1 error occurred:\n\t* unsupported operation\n\n"]),
    }
}

fn version_json(secret: &Secret, number: u64, version: &Version) -> Json {
    json!({
        "created_time": version.created, "custom_metadata": secret.custom, "deletion_time": version.deleted,
        "destroyed": version.data.is_none(), "version": number,
    })
}

/// A deleted version answers 404 with its metadata, as the real server does.
fn read(store: &Store, call: &Call<'_>, place: &super::store::Place) -> Result<Reply, ServerError> {
    let asked = call.request.query.iter().find(|(key, _)| key == "version");
    let asked = asked
        .and_then(|(_, value)| value.parse().ok())
        .filter(|number| *number > 0);
    let secret = store.secrets.get(place);
    let found = secret.and_then(|secret| {
        let number = asked.unwrap_or_else(|| secret.current());
        secret
            .versions
            .get(&number)
            .map(|version| (secret, number, version))
    });
    let Some((secret, number, version)) = found else {
        return call.missing();
    };
    let metadata = version_json(secret, number, version);
    match version.data.as_ref().filter(|_| version.deleted.is_empty()) {
        Some(data) => call.data(json!({ "data": data, "metadata": metadata })),
        None => {
            let left = Reply::new(404, envelope(json!({ "data": null, "metadata": metadata })));
            call.refuse_with(404, &[], Some(Box::new(left)))
        }
    }
}

fn write(
    store: &mut Store,
    call: &Call<'_>,
    place: &super::store::Place,
) -> Result<Reply, ServerError> {
    let now = store.now();
    let patch = call.request.verb == Verb::Patch;
    let known = store.secrets.get(place);
    if patch && known.is_none() {
        return call.missing();
    }
    let current = known.map(Secret::current).unwrap_or_default();
    match call.field("options").get("cas").and_then(Json::as_u64) {
        Some(cas) if cas != current => {
            return call.refuse(
                400,
                &["check-and-set parameter did not match the current version"],
            );
        }
        None if known.is_some_and(|secret| secret.cas_required) => {
            return call.refuse(400, &["check-and-set parameter required for this call"]);
        }
        _ => {}
    }
    let secret = store
        .secrets
        .entry(place.clone())
        .or_insert_with(|| Secret {
            created: now.clone(),
            ..Secret::default()
        });
    let number = secret.put(call.field("data"), patch, now);
    let answer = secret
        .versions
        .get(&number)
        .map(|version| version_json(secret, number, version));
    call.data(answer.unwrap_or_default())
}

impl Secret {
    /// Adds a version and forgets those beyond the limit (10 unless set); returns its number.
    fn put(&mut self, data: &Json, patch: bool, now: String) -> u64 {
        let old = self
            .versions
            .get(&self.current())
            .and_then(|version| version.data.clone());
        let data = if patch {
            merged(old.unwrap_or_default(), data)
        } else {
            data.clone()
        };
        let number = self.current() + 1;
        self.versions.insert(
            number,
            Version {
                data: Some(data),
                created: now.clone(),
                deleted: String::new(),
            },
        );
        self.updated = now;
        let keep = if self.max_versions == 0 {
            10
        } else {
            self.max_versions
        };
        self.versions.retain(|version, _| version + keep > number);
        number
    }
}

/// JSON merge patch (RFC 7396).
fn merged(old: Json, patch: &Json) -> Json {
    let Json::Object(fields) = patch else {
        return patch.clone();
    };
    let mut object = match old {
        Json::Object(object) => object,
        _ => Map::new(),
    };
    for (name, value) in fields {
        let before = object.remove(name).unwrap_or_default();
        if !value.is_null() {
            object.insert(name.clone(), merged(before, value));
        }
    }
    Json::Object(object)
}

fn metadata(secret: &Secret) -> Json {
    let versions = secret.versions.iter().map(|(number, version)| {
        let state = json!({
            "created_time": version.created, "deletion_time": version.deleted, "destroyed": version.data.is_none(),
        });
        (number.to_string(), state)
    });
    json!({
        "cas_required": secret.cas_required, "created_time": secret.created, "current_metadata_version": 0,
        "current_version": secret.current(), "custom_metadata": secret.custom, "delete_version_after": "0s",
        "max_versions": secret.max_versions, "metadata_cas_required": false,
        "oldest_version": secret.versions.keys().next().filter(|oldest| **oldest > 1).copied().unwrap_or_default(),
        "updated_time": secret.updated, "versions": versions.collect::<Map<_, _>>(),
    })
}

fn write_metadata(
    store: &mut Store,
    call: &Call<'_>,
    place: super::store::Place,
) -> Result<Reply, ServerError> {
    let now = store.now();
    let secret = store.secrets.entry(place).or_insert_with(|| Secret {
        created: now.clone(),
        ..Secret::default()
    });
    if !call.field("custom_metadata").is_null() {
        secret.custom = call.field("custom_metadata").clone();
    }
    secret.cas_required = call
        .field("cas_required")
        .as_bool()
        .unwrap_or(secret.cas_required);
    secret.max_versions = call
        .field("max_versions")
        .as_u64()
        .unwrap_or(secret.max_versions);
    secret.updated = now;
    call.done()
}

fn versions(call: &Call<'_>) -> Vec<u64> {
    let numbers = call.field("versions").as_array();
    numbers
        .into_iter()
        .flatten()
        .filter_map(Json::as_u64)
        .collect()
}

fn mark_deleted(store: &mut Store, place: &super::store::Place, numbers: Vec<u64>) {
    let now = store.now();
    let Some(secret) = store.secrets.get_mut(place) else {
        return;
    };
    for number in numbers {
        if let Some(version) = secret
            .versions
            .get_mut(&number)
            .filter(|version| version.deleted.is_empty())
        {
            version.deleted.clone_from(&now);
        }
    }
}

fn revive_or_destroy(
    store: &mut Store,
    call: &Call<'_>,
    place: &super::store::Place,
    destroy: bool,
) {
    let Some(secret) = store.secrets.get_mut(place) else {
        return;
    };
    for number in versions(call) {
        if let Some(version) = secret.versions.get_mut(&number) {
            if destroy {
                version.data = None;
            } else {
                version.deleted.clear();
            }
        }
    }
}
