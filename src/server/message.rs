//! Requests and replies.

use super::error::ServerError;
use super::guard::Guard;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroize;

/// What to do at a path. `Scan` is OpenBao's recursive list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    Get,
    List,
    Scan,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// Returns the HTTP method. LIST and SCAN go as GET with `list=true`, `scan=true`, because proxies drop unknown methods.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Verb::Get | Verb::List | Verb::Scan => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }

    /// Returns the policy capability that it needs.
    #[must_use]
    pub fn capability(self) -> &'static str {
        match self {
            Verb::Get => "read",
            Verb::List => "list",
            Verb::Scan => "scan",
            Verb::Post | Verb::Put => "create or update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
        }
    }

    /// Tells whether it changes nothing on the server.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, Verb::Get | Verb::List | Verb::Scan)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Verb::List => "LIST",
            Verb::Scan => "SCAN",
            other => other.method(),
        })
    }
}

/// JSON that may hold secrets: `Debug` hides it, and its texts are wiped when it goes.
#[derive(Clone, Default, PartialEq)]
pub struct Body(Json);

impl Body {
    /// Returns the JSON.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// Takes the JSON out; wiping it is then the caller's task.
    #[must_use]
    pub fn into_json(mut self) -> Json {
        std::mem::take(&mut self.0)
    }

    /// Calls `see` with every text in it, keys not included.
    pub fn each_text<'a>(&'a self, see: &mut dyn FnMut(&'a str)) {
        each_text(&self.0, see);
    }
}

fn each_text<'a>(json: &'a Json, see: &mut dyn FnMut(&'a str)) {
    match json {
        Json::String(text) => see(text),
        Json::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Json::Object(fields) => fields.values().for_each(|item| each_text(item, see)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn wipe(json: &mut Json) {
    match json {
        Json::String(text) => text.zeroize(),
        Json::Array(items) => items.iter_mut().for_each(wipe),
        Json::Object(fields) => fields.values_mut().for_each(wipe),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl From<Json> for Body {
    fn from(json: Json) -> Body {
        Body(json)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(body)")
    }
}

/// One request, complete but for the token.
#[derive(Clone, Debug)]
pub struct Request {
    pub verb: Verb,
    /// Absolute; empty for the root namespace.
    pub namespace: Arc<str>,
    /// Without `v1/` and without encoding: `auth/approle/role/ci`.
    pub path: Arc<str>,
    pub query: Vec<(String, String)>,
    pub body: Option<Body>,
    /// Asks for the answer wrapped in a one-time token that lives this long.
    pub wrap_ttl: Option<Duration>,
    /// Whether doing it twice is the same as doing it once; only then is it repeated when its fate is unknown. What makes
    /// something new, what the server refuses the second time (a mount, an init) and check-and-set are not.
    pub idempotent: bool,
    /// Parts of 400, 404 and 500 error texts that pass by themselves; such an answer is asked for again.
    pub settles: &'static [&'static str],
    /// Texts of the body that are no secrets, so that the server's words may be shown with them.
    pub plain: Arc<[String]>,
    /// What must hold when it goes out.
    pub guard: Option<Guard>,
}

impl Request {
    /// Makes a request without body in the root namespace; idempotent.
    #[must_use]
    pub fn new(verb: Verb, path: impl Into<Arc<str>>) -> Request {
        Request {
            verb,
            namespace: "".into(),
            path: path.into(),
            query: Vec::new(),
            body: None,
            wrap_ttl: None,
            idempotent: true,
            settles: &[],
            plain: Arc::default(),
            guard: None,
        }
    }

    /// Makes a read.
    #[must_use]
    pub fn get(path: impl Into<Arc<str>>) -> Request {
        Request::new(Verb::Get, path)
    }

    /// Makes a list.
    #[must_use]
    pub fn list(path: impl Into<Arc<str>>) -> Request {
        Request::new(Verb::List, path)
    }

    /// Makes a write of a whole object.
    #[must_use]
    pub fn post(path: impl Into<Arc<str>>, body: impl Into<Body>) -> Request {
        Request::new(Verb::Post, path).body(body)
    }

    /// Makes a write of some fields (JSON merge patch); few endpoints know it.
    #[must_use]
    pub fn patch(path: impl Into<Arc<str>>, body: impl Into<Body>) -> Request {
        Request::new(Verb::Patch, path).body(body)
    }

    /// Makes a deletion.
    #[must_use]
    pub fn delete(path: impl Into<Arc<str>>) -> Request {
        Request::new(Verb::Delete, path)
    }

    /// Sets the namespace; slashes at its ends do not matter.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Request {
        self.namespace = namespace.trim_matches('/').into();
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, key: &str, value: &str) -> Request {
        self.query.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Request {
        self.body = Some(body.into());
        self
    }

    /// Asks for a wrapped answer.
    #[must_use]
    pub fn wrapped(mut self, ttl: Duration) -> Request {
        self.wrap_ttl = Some(ttl);
        self
    }

    /// Says that doing it twice makes two: it is repeated only when the server certainly did nothing.
    #[must_use]
    pub fn once(mut self) -> Request {
        self.idempotent = false;
        self
    }

    /// Sets what must hold when it goes out.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Request {
        self.guard = Some(guard);
        self
    }

    /// Tells whether it may go out now.
    ///
    /// # Errors
    /// When what it depends on holds no more.
    pub(super) fn may_go(&self) -> Result<(), ServerError> {
        match self.guard.as_ref().is_none_or(Guard::holds) {
            true => Ok(()),
            false => Err(ServerError::Withheld { about: self.into() }),
        }
    }

    /// Names the texts of the body that may be shown.
    #[must_use]
    pub fn plain(mut self, texts: Vec<String>) -> Request {
        self.plain = texts.into();
        self
    }

    /// Names the error texts that pass by themselves.
    #[must_use]
    pub fn settles(mut self, texts: &'static [&'static str]) -> Request {
        self.settles = texts;
        self
    }
}

/// A successful answer. `Debug` hides the body.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// 2xx
    pub status: u16,
    /// The whole envelope; null where the server sent nothing (204).
    pub body: Body,
    /// What the server warns about, such as parameters that it ignored.
    pub warnings: Vec<String>,
}

impl Reply {
    /// Makes a reply, taking the warnings out of the envelope.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Body>) -> Reply {
        let body = body.into();
        let warnings = body.json().get("warnings").and_then(Json::as_array);
        let warnings = warnings.into_iter().flatten().filter_map(Json::as_str);
        Reply {
            status,
            warnings: warnings.map(str::to_owned).collect(),
            body,
        }
    }

    fn part(&self, name: &str) -> Option<&Json> {
        self.body.json().get(name).filter(|part| !part.is_null())
    }

    /// Returns `data`; the whole body where the endpoint sends no envelope (`sys/health`, `sys/seal-status`); null for 204.
    #[must_use]
    pub fn data(&self) -> &Json {
        let body = self.body.json();
        match body.get("data") {
            Some(data) if body.get("request_id").is_some() => data,
            _ => body,
        }
    }

    /// Returns `auth`, which logins answer.
    #[must_use]
    pub fn auth(&self) -> Option<&Json> {
        self.part("auth")
    }

    /// Returns `wrap_info`, when a wrapped answer was asked for.
    #[must_use]
    pub fn wrap_info(&self) -> Option<&Json> {
        self.part("wrap_info")
    }

    /// Returns the lease of dynamic credentials, when there is one.
    #[must_use]
    pub fn lease_id(&self) -> Option<&str> {
        self.part("lease_id")?
            .as_str()
            .filter(|lease| !lease.is_empty())
    }

    /// Returns the names that a LIST or SCAN answered.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        let keys = self.data().get("keys").and_then(Json::as_array);
        keys.into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect()
    }
}

/// Requests by verb, repetitions included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<Verb, u64>);

impl Counts {
    /// Returns the number of all requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns the number of requests of one verb.
    #[must_use]
    pub fn of(&self, verb: Verb) -> u64 {
        self.0.get(&verb).copied().unwrap_or_default()
    }
}
