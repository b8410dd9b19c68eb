//! What is below `sys/`, and the token's own endpoints.

use super::super::error::ServerError;
use super::super::identity::Feature;
use super::super::message::{Reply, Verb};
use super::Call;
use super::store::{Store, below, children};
use serde_json::{Map, Value as Json, json};

type Answer = Result<Reply, ServerError>;

/// Answers what the system knows; `None` for what is kept like any other object.
pub(super) fn answer(store: &mut Store, call: &Call<'_>) -> Option<Answer> {
    let path = call.path;
    Some(match (path, call.request.verb) {
        ("sys/seal-status" | "sys/health", Verb::Get) => Ok(Reply::new(200, status(call))),
        ("sys/leader", Verb::Get) => Ok(Reply::new(200, json!({ "ha_enabled": false, "is_self": false, "leader_address": "" }))),
        ("sys/mounts", Verb::Get) => call.data(all_mounts(store, call, false)),
        ("sys/auth", Verb::Get) => call.data(all_mounts(store, call, true)),
        ("sys/remount", _) => remount(store, call),
        ("auth/token/lookup-self", Verb::Get) => call.data(json!({ "policies": ["root"], "ttl": 0, "renewable": false, "path": "auth/token/root" })),
        ("sys/capabilities-self", _) => call.data(capabilities(call)),
        _ => return below_system(store, call),
    })
}

fn below_system(store: &mut Store, call: &Call<'_>) -> Option<Answer> {
    let path = call.path;
    if let Some(mount) = below(path, "sys/mounts") {
        return Some(mounts(store, call, mount, ""));
    }
    if let Some(mount) = below(path, "sys/auth") {
        return Some(mounts(store, call, mount, "auth/"));
    }
    if below(path, "sys/remount/status").is_some() {
        return Some(call.data(json!({ "migration_info": { "status": "success" } })));
    }
    if path == "sys/policies/detailed/acl" {
        return Some(detailed_policies(store, call));
    }
    for start in ["sys/policies/acl", "sys/policy"] {
        let name = if path == start {
            Some("")
        } else {
            below(path, start)
        };
        if let Some(name) = name {
            return Some(policies(store, call, &name.to_lowercase()));
        }
    }
    let name = if path == "sys/namespaces" {
        Some("")
    } else {
        below(path, "sys/namespaces")
    };
    name.map(|name| namespaces(store, call, name))
}

fn status(call: &Call<'_>) -> Json {
    let mut status = json!({
        "initialized": true, "sealed": false, "standby": false, "version": &*call.identity.version_text,
        "storage_type": &*call.identity.storage, "cluster_id": &*call.identity.id,
    });
    let (key, value) = match call.identity.has(Feature::Namespaces) {
        true => ("commit_date", json!("2026-01-01T00:00:00Z")),
        false => ("enterprise", json!(false)),
    };
    status[key] = value;
    status
}

fn capabilities(call: &Call<'_>) -> Json {
    let paths = call.field("paths").as_array();
    let each = paths.into_iter().flatten().filter_map(Json::as_str);
    Json::Object(
        each.map(|path| (path.to_owned(), json!(["root"])))
            .collect(),
    )
}

impl Store {
    /// Makes what `sys/mounts` shows of a mount.
    pub fn new_mount(&mut self, path: &str, wish: &Json) -> Json {
        let kind = wish.get("type").and_then(Json::as_str).unwrap_or_default();
        let auth = path.starts_with("auth/");
        let versioned = kind == "kv-v2";
        let kind = if versioned { "kv" } else { kind };
        let mut config =
            json!({ "default_lease_ttl": 0, "force_no_cache": false, "max_lease_ttl": 0 });
        if auth {
            config["token_type"] = json!("default-service");
        }
        tune(&mut config, wish.get("config").unwrap_or(&Json::Null));
        let options = if versioned {
            json!({ "version": "2" })
        } else {
            Json::Null
        };
        let given = |name: &str, default: Json| {
            wish.get(name)
                .filter(|value| !value.is_null())
                .cloned()
                .unwrap_or(default)
        };
        json!({
            "accessor": format!("{}{kind}_{:08x}", if auth { "auth_" } else { "" }, self.fresh_number()),
            "config": config, "deprecation_status": "supported",
            "description": given("description", json!("")), "external_entropy_access": given("external_entropy_access", json!(false)),
            "local": given("local", json!(false)), "options": given("options", options), "plugin_version": "",
            "running_plugin_version": "", "running_sha256": "", "seal_wrap": given("seal_wrap", json!(false)),
            "type": kind, "uuid": self.fresh_id(),
        })
    }
}

/// Takes what a write says over into a mount's config: times of life become seconds.
fn tune(config: &mut Json, wish: &Json) {
    for (name, value) in wish.as_object().into_iter().flatten() {
        let seconds = || super::super::connect::seconds(value.as_str()?);
        config[name.as_str()] = match name.ends_with("_ttl") {
            true => seconds().map_or_else(|| value.clone(), |seconds| json!(seconds)),
            false => value.clone(),
        };
    }
}

fn all_mounts(store: &Store, call: &Call<'_>, auth: bool) -> Json {
    let own = store
        .mounts
        .iter()
        .filter(|((namespace, _), _)| namespace == call.namespace);
    let shown = own.filter_map(|((_, path), mount)| {
        let name = match (auth, path.strip_prefix("auth/")) {
            (true, Some(name)) => name,
            (false, None) => path,
            _ => return None,
        };
        Some((format!("{name}/"), mount.clone()))
    });
    Json::Object(shown.collect::<Map<_, _>>())
}

fn mounts(store: &mut Store, call: &Call<'_>, mount: &str, prefix: &str) -> Answer {
    if let Some(mount) = mount.strip_suffix("/tune") {
        return tuned(store, call, mount, prefix);
    }
    let place = (call.namespace.to_owned(), format!("{prefix}{mount}"));
    match call.request.verb {
        Verb::Get => match store.mounts.get(&place) {
            Some(found) => call.data(found.clone()),
            None if prefix.is_empty() => call.refuse(
                400,
                &[format!("No secret engine mount at {mount}/").as_str()],
            ),
            None => call.refuse(400, &[format!("No auth engine at {mount}/").as_str()]),
        },
        Verb::Delete => {
            store.mounts.remove(&place);
            store.clear_below(call.namespace, &place.1);
            call.done()
        }
        Verb::Post | Verb::Put => {
            if is_taken(store, call.namespace, &place.1) {
                return call.refuse(
                    400,
                    &[format!("path is already in use at {mount}/").as_str()],
                );
            }
            let body = call
                .request
                .body
                .as_ref()
                .map(|body| body.json().clone())
                .unwrap_or_default();
            let made = store.new_mount(&place.1, &body);
            store.mounts.insert(place, made);
            call.done()
        }
        Verb::List | Verb::Scan | Verb::Patch => {
            call.refuse(405, &["1 error occurred:\n\t* unsupported operation\n\n"])
        }
    }
}

/// A mount may stand neither at, nor below, nor above another one.
fn is_taken(store: &Store, namespace: &str, path: &str) -> bool {
    let above = |(own, other): &(String, String)| own == namespace && below(other, path).is_some();
    store.mount_of(namespace, path).is_some() || store.mounts.keys().any(above)
}

fn tuned(store: &mut Store, call: &Call<'_>, mount: &str, prefix: &str) -> Answer {
    let place = (call.namespace.to_owned(), format!("{prefix}{mount}"));
    let Some(found) = store.mounts.get_mut(&place) else {
        return call.refuse(
            400,
            &[format!("cannot fetch sysview for path \"{}/\"", place.1).as_str()],
        );
    };
    if call.request.verb == Verb::Get {
        let mut shown = found["config"].clone();
        for ttl in ["default_lease_ttl", "max_lease_ttl"] {
            if shown[ttl] == json!(0) {
                shown[ttl] = json!(2_764_800);
            }
        }
        shown["description"] = found["description"].clone();
        shown["options"] = found["options"].clone();
        return call.data(shown);
    }
    let mut config = call
        .request
        .body
        .as_ref()
        .map(|body| body.json().clone())
        .unwrap_or_default();
    for outside in ["description", "options"] {
        if let Some(value) = config
            .as_object_mut()
            .and_then(|config| config.shift_remove(outside))
        {
            found[outside] = value;
        }
    }
    tune(&mut found["config"], &config);
    call.done()
}

fn remount(store: &mut Store, call: &Call<'_>) -> Answer {
    let (from, to) = (
        call.text("from").trim_matches('/').to_owned(),
        call.text("to").trim_matches('/').to_owned(),
    );
    if is_taken(store, call.namespace, &to) {
        return call.refuse(400, &[format!("path already in use at \"{to}/\"").as_str()]);
    }
    match store
        .mounts
        .remove(&(call.namespace.to_owned(), from.clone()))
    {
        Some(mount) => {
            store
                .mounts
                .insert((call.namespace.to_owned(), to.clone()), mount);
            store.move_below(call.namespace, &from, &to);
            let id = store.fresh_id();
            call.data(json!({ "migration_id": id }))
        }
        None => call.refuse(400, &[format!("no matching mount at \"{from}/\"").as_str()]),
    }
}

fn detailed_policies(store: &Store, call: &Call<'_>) -> Answer {
    if !call.identity.has(Feature::DetailedPolicies) {
        return call.refuse(404, &["1 error occurred:\n\t* unsupported path\n\n"]);
    }
    let own = store
        .policies
        .iter()
        .filter(|((namespace, name), _)| namespace == call.namespace && name != "root");
    let info: Map<String, Json> = own
        .map(|((_, name), policy)| (name.clone(), policy.clone()))
        .collect();
    let keys: Vec<_> = info.keys().cloned().collect();
    call.data(json!({ "key_info": info, "keys": keys }))
}

fn policies(store: &mut Store, call: &Call<'_>, name: &str) -> Answer {
    let place = (call.namespace.to_owned(), name.to_owned());
    match call.request.verb {
        Verb::Get if !name.is_empty() => match store.policies.get(&place) {
            Some(policy) => call.data(policy.clone()),
            None => call.missing(),
        },
        Verb::List | Verb::Get => {
            let own = store
                .policies
                .keys()
                .filter(|(namespace, _)| namespace == call.namespace);
            call.list(&own.map(|(_, name)| name.clone()).collect::<Vec<_>>())
        }
        Verb::Delete if matches!(name, "root" | "default") => {
            call.refuse(400, &[format!("cannot delete {name} policy").as_str()])
        }
        Verb::Delete => {
            store.policies.remove(&place);
            call.done()
        }
        Verb::Post | Verb::Put if call.text("policy").is_empty() => {
            call.refuse(400, &["'policy' parameter not supplied or empty"])
        }
        Verb::Post | Verb::Put => {
            let version = store
                .policies
                .get(&place)
                .and_then(|old| old["version"].as_u64())
                .unwrap_or_default();
            let policy = match call.identity.has(Feature::PolicyCheckAndSet) {
                true => {
                    json!({ "name": name, "policy": call.text("policy"), "cas_required": false, "version": version + 1, "modified": store.now() })
                }
                false => json!({ "name": name, "policy": call.text("policy") }),
            };
            store.policies.insert(place, policy);
            call.done()
        }
        Verb::Scan | Verb::Patch => {
            call.refuse(405, &["1 error occurred:\n\t* unsupported operation\n\n"])
        }
    }
}

fn namespaces(store: &mut Store, call: &Call<'_>, name: &str) -> Answer {
    if !call.identity.has(Feature::Namespaces) {
        return call.refuse(404, &["enterprise-only feature"]);
    }
    let full = [call.namespace, name].join(if call.namespace.is_empty() || name.is_empty() {
        ""
    } else {
        "/"
    });
    match call.request.verb {
        Verb::List | Verb::Scan => list_namespaces(store, call),
        Verb::Get => match store.namespaces.get(&full) {
            Some(found) => call.data(found.clone()),
            None => call.missing(),
        },
        Verb::Delete => {
            let gone = |other: &str| other == full || below(other, &full).is_some();
            store.namespaces.retain(|other, _| !gone(other));
            store.mounts.retain(|(other, _), _| !gone(other));
            store.policies.retain(|(other, _), _| !gone(other));
            call.done()
        }
        Verb::Post | Verb::Put | Verb::Patch => {
            let made = json!({
                "id": format!("ns{}", store.fresh_number()), "uuid": store.fresh_id(), "path": format!("{full}/"),
                "locked": false, "tainted": false, "custom_metadata": call.field("custom_metadata"),
            });
            let kept = store.namespaces.get(&full).cloned();
            let mut now = kept.clone().unwrap_or(made);
            now["custom_metadata"] = call
                .field("custom_metadata")
                .as_object()
                .cloned()
                .unwrap_or_default()
                .into();
            store.namespaces.insert(full.clone(), now.clone());
            if kept.is_none() {
                store.furnish(&full);
            }
            call.data(now)
        }
    }
}

fn list_namespaces(store: &Store, call: &Call<'_>) -> Answer {
    let places: Vec<_> = store
        .namespaces
        .keys()
        .map(|path| (String::new(), format!("/{path}")))
        .collect();
    let start = if call.namespace.is_empty() {
        String::new()
    } else {
        format!("/{}", call.namespace)
    };
    let keys: Vec<String> = children(places.iter(), "", &start)
        .into_iter()
        .map(|key| format!("{}/", key.trim_end_matches('/')))
        .collect();
    let keys: std::collections::BTreeSet<String> = keys.into_iter().collect();
    if keys.is_empty() {
        return call.missing();
    }
    let info = keys.iter().filter_map(|key| {
        let full = [call.namespace, key.trim_end_matches('/')].join("/");
        Some((
            key.clone(),
            store.namespaces.get(full.trim_matches('/'))?.clone(),
        ))
    });
    call.data(json!({ "keys": keys, "key_info": info.collect::<Map<_, _>>() }))
}
