//! A server in memory, for tests: it answers as OpenBao does where that matters, and fails when told to.
//!
//! It knows mounts, auth methods, ACL policies, namespaces, KV version 2 with check-and-set, and otherwise keeps
//! whatever is written below a mount. It checks no field and no permission of what it keeps.

mod kv;
mod store;
mod system;

use super::error::{About, ServerError};
use super::fault::{self, Fault, Refusal};
use super::identity::{Feature, Product, Readiness, ServerIdentity, Version};
use super::message::{Counts, Reply, Request};
use super::{Server, path};
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::Store;

/// When a fault strikes: before the request takes effect, or after (the answer is lost).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// Decides by the request and its number (from 1) whether a fault strikes.
type Strikes = Box<dyn Fn(u64, &Request) -> bool + Send>;

struct Rule {
    strikes: Strikes,
    moment: Moment,
    error: ServerError,
}

/// A server in memory.
pub struct Memory {
    identity: ServerIdentity,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    store: Store,
    rules: Vec<Rule>,
    seen: Vec<Request>,
    counts: Counts,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

impl Memory {
    /// Makes a fresh OpenBao with its built-in mounts and policies.
    #[must_use]
    pub fn new() -> Memory {
        Memory::of(Product::OpenBao, "2.7.2")
    }

    /// Makes a fresh community Vault: no namespaces, no bulk reads.
    #[must_use]
    pub fn vault() -> Memory {
        Memory::of(Product::Vault, "1.21.4")
    }

    fn of(product: Product, version: &str) -> Memory {
        Memory {
            identity: ServerIdentity {
                id: "11111111-2222-3333-4444-555555555555".into(),
                address: "memory://".into(),
                product,
                version: Version::parse(version).unwrap_or_default(),
                version_text: version.into(),
                enterprise: false,
                storage: "inmem".into(),
                readiness: Readiness::Active,
            },
            inside: Mutex::new(Inside {
                store: Store::new(),
                ..Inside::default()
            }),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes writes to a path put the whole object, where other paths keep the fields that a write leaves out. A `*`
    /// stands for one segment: `pki/roles/*`, `auth/*/config`.
    #[must_use]
    pub fn replacing(self, pattern: &str) -> Memory {
        self.inside().store.replacing.push(pattern.into());
        self
    }

    /// Gives the fields that the server sets by itself in a fresh object at such paths.
    #[must_use]
    pub fn defaults(self, pattern: &str, fields: Json) -> Memory {
        self.inside().store.defaults.push((pattern.into(), fields));
        self
    }

    /// Makes fields at such paths unreadable, as passwords are.
    #[must_use]
    pub fn hiding(self, pattern: &str, fields: &[&str]) -> Memory {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        self.inside().store.hidden.push((pattern.into(), fields));
        self
    }

    /// Fails request number `nth` (from 1).
    pub fn fail(&self, nth: u64, moment: Moment, error: ServerError) {
        self.fail_when(moment, error, move |number, _| number == nth);
    }

    /// Fails request number `nth` (from 1) at that moment, and every later one before it takes effect: the process died there.
    pub fn die(&self, nth: u64, moment: Moment, error: ServerError) {
        self.fail(nth, moment, error.clone());
        self.fail_when(Moment::Before, error, move |number, _| number > nth);
    }

    /// Fails every request that a test says.
    pub fn fail_when(
        &self,
        moment: Moment,
        error: ServerError,
        strikes: impl Fn(u64, &Request) -> bool + Send + 'static,
    ) {
        let strikes = Box::new(strikes);
        self.inside().rules.push(Rule {
            strikes,
            moment,
            error,
        });
    }

    /// Takes all faults back.
    pub fn heal(&self) {
        self.inside().rules.clear();
    }

    /// Returns every request so far, those that failed included.
    #[must_use]
    pub fn seen(&self) -> Vec<Request> {
        self.inside().seen.clone()
    }

    /// Forgets the requests so far; their numbers begin at 1 again.
    pub fn forget_seen(&self) {
        let mut inside = self.inside();
        inside.seen.clear();
        inside.counts = Counts::default();
    }

    /// Moves the server's clock on.
    pub fn advance(&self, by: Duration) {
        self.inside().store.advance(by);
    }

    fn answer(&self, request: &Request) -> Result<Reply, ServerError> {
        request.may_go()?;
        let mut inside = self.inside();
        let number = inside.counts.total() + 1;
        *inside.counts.0.entry(request.verb).or_default() += 1;
        inside.seen.push(request.clone());
        let due = |moment| {
            let rule = inside
                .rules
                .iter()
                .find(|rule| rule.moment == moment && (rule.strikes)(number, request));
            rule.map(|rule| rule.error.clone())
        };
        let (before, after) = (due(Moment::Before), due(Moment::After));
        if let Some(error) = before {
            return Err(error);
        }
        let answer = self.handle(&mut inside.store, request);
        match after {
            Some(error) => Err(error),
            None => answer,
        }
    }

    fn handle(&self, store: &mut Store, request: &Request) -> Result<Reply, ServerError> {
        let about = || About::from(request);
        path::encode_path(&request.path).map_err(|why| ServerError::Invalid {
            about: about(),
            why,
        })?;
        let namespace: Arc<str> = if &*request.namespace == "root" {
            "".into()
        } else {
            request.namespace.clone()
        };
        if !namespace.is_empty() && !self.identity.has(Feature::Namespaces) {
            let server = self.identity.to_string();
            return Err(ServerError::NoNamespacesHere {
                about: about(),
                server,
            });
        }
        if !store.has_namespace(&namespace) {
            return Err(ServerError::NoNamespace { about: about() });
        }
        let call = Call {
            request,
            namespace: &namespace,
            path: request.path.trim_matches('/'),
            identity: &self.identity,
        };
        match system::answer(store, &call) {
            Some(answer) => answer,
            None => store.answer(&call),
        }
    }
}

impl Server for Memory {
    fn send<'a>(&'a self, request: Request) -> BoxFuture<'a, Result<Reply, ServerError>> {
        Box::pin(async move { self.answer(&request) })
    }

    fn identity(&self) -> &ServerIdentity {
        &self.identity
    }

    fn counts(&self) -> Counts {
        self.inside().counts.clone()
    }
}

/// One request on its way to where it is answered.
struct Call<'a> {
    request: &'a Request,
    namespace: &'a str,
    /// Without slashes at its ends.
    path: &'a str,
    identity: &'a ServerIdentity,
}

impl Call<'_> {
    /// Returns a field of the body; null when it is not there.
    fn field(&self, name: &str) -> &Json {
        let body = self.request.body.as_ref();
        body.and_then(|body| body.json().get(name))
            .unwrap_or(&Json::Null)
    }

    fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }

    /// Answers data in the usual envelope.
    fn data(&self, data: Json) -> Result<Reply, ServerError> {
        Ok(Reply::new(200, envelope(data)))
    }

    /// Answers as a write without a body does.
    fn done(&self) -> Result<Reply, ServerError> {
        Ok(Reply::new(204, Json::Null))
    }

    /// Answers a list, or "nothing there" when it is empty.
    fn list(&self, keys: &[String]) -> Result<Reply, ServerError> {
        match keys.is_empty() {
            true => self.missing(),
            false => self.data(json!({ "keys": keys })),
        }
    }

    fn missing(&self) -> Result<Reply, ServerError> {
        self.refuse(404, &[])
    }

    /// Refuses in the server's words, sorted as those of a real server are.
    fn refuse(&self, status: u16, texts: &[&str]) -> Result<Reply, ServerError> {
        self.refuse_with(status, texts, None)
    }

    fn refuse_with(
        &self,
        status: u16,
        texts: &[&str],
        left: Option<Box<Reply>>,
    ) -> Result<Reply, ServerError> {
        let refusal = Refusal {
            status,
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            left,
            ..Refusal::default()
        };
        let fault = Fault::Status(Box::new(refusal));
        Err(fault::error_of(self.request, fault, &self.identity.address))
    }
}

fn envelope(data: Json) -> Json {
    json!({
        "request_id": "00000000-0000-0000-0000-000000000000",
        "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": data, "wrap_info": null, "warnings": null, "auth": null,
    })
}

#[cfg(test)]
mod tests;
