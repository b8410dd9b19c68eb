//! Who and what there is on a live server, as far as the identity that asks may see it.

use crate::catalog::registry;
use crate::observe::Connection;
use crate::plan::census::{Object, add, namespace_prefix};
use crate::policy::Census;
use crate::server::{Reply, Request, ServerError};
use crate::source::Diagnostic;
use crate::value::json;
use futures::StreamExt;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What was seen, and what was refused.
pub struct Found {
    pub census: Census,
    pub notes: Vec<Diagnostic>,
}

/// How many objects are asked for together; the connection limits what is in flight.
const TOGETHER: usize = 32;

/// Asks a server for its policies, mounts, and everybody who holds policies.
pub async fn census(connection: &Connection) -> Found {
    let asking = Asking { connection };
    let mut found = Found {
        census: Census::default(),
        notes: Vec::new(),
    };
    for (table, before) in [("sys/mounts", "sys/mounts"), ("sys/auth", "sys/auth")] {
        for (path, entry) in asking.table(table, &mut found.notes).await {
            found.take(&asking, &format!("{before}/{path}"), &entry);
        }
    }
    let mut lists = vec!["sys/policies/acl".to_owned()];
    let doors = found.census.mounts.iter().map(|mount| mount.path.clone());
    for door in doors.filter(|path| path.starts_with("auth/")) {
        let below = role_lists();
        let token = door == "auth/token/";
        let fitting = below.iter().filter(|tail| token == (**tail == "roles"));
        lists.extend(fitting.map(|tail| format!("{door}{tail}")));
    }
    lists.extend([
        "identity/group/id".to_owned(),
        "identity/entity/id".to_owned(),
    ]);
    let mut objects = Vec::new();
    for list in &lists {
        let keys = asking.keys(list, &mut found.notes).await;
        let whole = |key: &String| format!("{list}/{}", key.trim_end_matches('/'));
        objects.extend(keys.iter().map(whole));
    }
    let mut answers = futures::stream::iter(objects)
        .map(|path| asking.object(path))
        .buffered(TOGETHER);
    while let Some((path, answer)) = answers.next().await {
        match answer {
            Ok(body) => found.take(&asking, &path, &body),
            Err(error) if error.is_absent() => {}
            Err(error) => found.notes.push(refused(&error)),
        }
    }
    found.census.settle();
    found
}

/// Returns what follows an auth mount's path in the LISTs of roles and users that the catalog knows.
fn role_lists() -> BTreeSet<&'static str> {
    let lists = registry::all().filter_map(|kind| kind.list);
    lists
        .filter_map(|list| match list.strip_prefix("auth/") {
            Some("token/roles") => Some("roles"),
            Some(below) => Some(below.strip_prefix('{')?.split_once("}/")?.1),
            None => None,
        })
        .filter(|tail| !tail.contains('{'))
        .collect()
}

fn refused(error: &ServerError) -> Diagnostic {
    let mut note = error.to_diagnostic();
    note.severity = crate::source::Severity::Note;
    note.hint("who and what it would have told is missing here")
}

impl Found {
    fn take(&mut self, asking: &Asking<'_>, path: &str, body: &Json) {
        let Ok(values) = json::from_json(body) else {
            return;
        };
        let object = Object {
            path: path.trim_end_matches('/').to_owned(),
            namespace: namespace_prefix(&asking.connection.namespace),
            kind: None,
            values: Cow::Owned(values),
            address: path.trim_end_matches('/').to_owned(),
            span: None,
        };
        add(&mut self.census, &object);
    }
}

struct Asking<'c> {
    connection: &'c Connection,
}

impl Asking<'_> {
    async fn send(&self, request: Request) -> Result<Reply, ServerError> {
        let request = request.namespace(&self.connection.namespace);
        self.connection.server.send(request).await
    }

    async fn table(&self, path: &str, notes: &mut Vec<Diagnostic>) -> Vec<(String, Json)> {
        match self.send(Request::get(path)).await {
            Ok(reply) => {
                let entries = reply.data().as_object().cloned().unwrap_or_default();
                let mounts = entries.into_iter().filter(|(path, _)| path.ends_with('/'));
                mounts.collect()
            }
            Err(error) => {
                notes.push(refused(&error));
                Vec::new()
            }
        }
    }

    /// Lists the keys at a path; what has no such path has none.
    async fn keys(&self, path: &str, notes: &mut Vec<Diagnostic>) -> Vec<String> {
        match self.send(Request::list(path)).await {
            Ok(reply) => {
                let keys = reply.data().get("keys").and_then(Json::as_array);
                let texts = keys.into_iter().flatten().filter_map(Json::as_str);
                texts.map(str::to_owned).collect()
            }
            Err(error @ ServerError::Denied { .. }) => {
                notes.push(refused(&error));
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    async fn object(&self, path: String) -> (String, Result<Json, ServerError>) {
        let answer = self.send(Request::get(path.as_str())).await;
        (path, answer.map(|reply| reply.data().clone()))
    }
}
