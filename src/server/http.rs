//! The server in earnest: repeats what is safe to repeat, keeps to the active node, never follows a redirect elsewhere.

use super::connect::Settings;
use super::error::{About, ServerError};
use super::fault::{self, Fault, Verdict};
use super::identity::{Feature, Readiness, ServerIdentity, is_health};
use super::limits::Limits;
use super::message::{Counts, Reply, Request};
use super::path::Base;
use super::wire::{self, Extra, Pieces, Token, Wire};
use super::{Server, tls};
use futures::future::BoxFuture;
use reqwest::header::{HOST, HeaderMap, HeaderValue};
use serde_json::Value as Json;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long the first contact is tried: a wrong address should be told at once.
const FIRST_CONTACT: Duration = Duration::from_secs(3);

/// How long is waited before `sys/health` is asked again, where something in between answered for it.
const HEALTH_PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// Every state that `sys/health` has a status of its own for.
const HEALTH_CODES: [&str; 7] = [
    "standbycode",
    "performancestandbycode",
    "drsecondarycode",
    "haunhealthycode",
    "removedcode",
    "sealedcode",
    "uninitcode",
];

/// How long a sealed server is asked again: it may just be starting.
const WHILE_SEALED: Duration = Duration::from_secs(3);

/// How long a leader's own address has to answer before we stay with the one that was configured.
const LEADER_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// A connection to a server over HTTP.
pub struct Http {
    link: Link,
    identity: ServerIdentity,
}

/// What stands before the server is known: where to send, how, and how patiently.
struct Link {
    wire: Wire,
    base: Base,
    address: Arc<str>,
    /// The active node's own address, where it answers and is not ours.
    leader: RwLock<Option<Base>>,
    /// Whether a leader's address may be used at all.
    follows: bool,
    patience: Duration,
    max_retries: Option<u32>,
}

impl Http {
    /// Connects and finds out which server it is. It may be sealed or uninitialised: look at `identity().readiness`.
    ///
    /// # Errors
    /// When nothing answers there, TLS fails, or what answers is no Vault server.
    pub async fn reach(settings: &Settings) -> Result<Http, ServerError> {
        let link = Link::new(settings)?;
        let identity = link.detect(settings).await?;
        if identity.readiness == Readiness::Standby {
            link.find_leader().await;
        }
        Ok(Http { link, identity })
    }

    /// Puts a token in use, or none.
    ///
    /// # Errors
    /// When the text cannot be a token.
    pub(super) fn set_token(&self, token: Option<crate::value::Text>) -> Result<(), ServerError> {
        let bad = || ServerError::Settings {
            what: "the token has characters that no token has".into(),
            hint: "check `VAULT_TOKEN` or the token file for line breaks and spaces".into(),
        };
        let token = token
            .map(|text| Token::new(text).ok_or_else(bad))
            .transpose()?;
        self.link.wire.set_token(token);
        Ok(())
    }

    /// Tells what goes on a request to this server, or why it is not sent at all.
    fn extra(&self, request: &Request) -> Result<Extra, ServerError> {
        let about = || About::from(request);
        let namespace = match &*request.namespace {
            "" | "root" => None,
            _ if !self.identity.has(Feature::Namespaces) => {
                let server = self.identity.to_string();
                return Err(ServerError::NoNamespacesHere {
                    about: about(),
                    server,
                });
            }
            name => Some(HeaderValue::from_bytes(name.as_bytes()).map_err(|_| {
                ServerError::Invalid {
                    about: about(),
                    why: "the namespace has a control character".into(),
                }
            })?),
        };
        Ok(Extra {
            namespace,
            index: self.identity.has(Feature::IndexHeaders),
        })
    }
}

impl Server for Http {
    fn send<'a>(&'a self, request: Request) -> BoxFuture<'a, Result<Reply, ServerError>> {
        Box::pin(async move {
            let extra = self.extra(&request)?;
            self.link
                .persist(&request, &extra, self.link.patience)
                .await
        })
    }

    fn identity(&self) -> &ServerIdentity {
        &self.identity
    }

    fn counts(&self) -> Counts {
        self.link.wire.counts()
    }
}

impl Link {
    fn new(settings: &Settings) -> Result<Link, ServerError> {
        let bad = |what| {
            ServerError::Settings {
            what,
            hint: "set `VAULT_ADDR` (or `address`) to an address such as `https://vault.example.org:8200`".into(),
        }
        };
        let base = Base::parse(&settings.address).map_err(bad)?;
        let client = tls::client(
            &base,
            &settings.tls,
            settings.proxy.as_deref(),
            settings.timeout,
        )?;
        let named = tls::named(&base, &settings.tls);
        let headers = headers(settings, &base, &named)?;
        let limits = Limits::new(settings.in_flight, settings.rate_limit);
        Ok(Link {
            wire: Wire::new(client, headers, limits, settings.log.clone()),
            address: settings.address.trim_end_matches('/').into(),
            // Under another TLS name every host is looked up as the first one, so no other node can be reached.
            follows: settings.follow_leader && named == base && base.socket.is_none(),
            base: named,
            leader: RwLock::new(None),
            patience: settings.patience,
            max_retries: settings.max_retries,
        })
    }

    /// Asks which server it is, without a token.
    async fn detect(&self, settings: &Settings) -> Result<ServerIdentity, ServerError> {
        // Who skips detection says the version; which cluster it is must be known all the same, where it is told.
        let asked = match settings.skip_detection {
            true => Ok(self
                .ask()
                .await
                .map_or((Json::Null, None), |(seal, health)| {
                    (unversioned(seal), health.map(unversioned))
                })),
            false => self.ask().await,
        };
        let named = settings
            .version_override
            .as_deref()
            .map(|version| serde_json::json!({ "version": version }));
        match (asked, named) {
            (Ok((seal, health)), named) => {
                let detect =
                    |seal: &Json| ServerIdentity::detect(&self.address, seal, health.as_ref());
                let found = detect(&seal).or_else(|| detect(&with_version(&seal, &named?)));
                found.ok_or_else(|| ServerError::Settings {
                    what: format!("the server at `{}` does not tell its version", self.address),
                    hint: "set `vault_version_override` in the provider block".into(),
                })
            }
            (Err(error), Some(named)) if !error.is_unreachable() => {
                ServerIdentity::detect(&self.address, &named, None).ok_or(error)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Reads `sys/seal-status`, and `sys/health` where it may be read.
    async fn ask(&self) -> Result<(Json, Option<Json>), ServerError> {
        let seal = self
            .persist(
                &Request::get("sys/seal-status"),
                &Extra::default(),
                FIRST_CONTACT,
            )
            .await?;
        // What only OpenBao says there tells enough: a health that cannot be read is asked for again else.
        let mut health = self.health().await;
        let told = |health: &Option<Json>| health.as_ref().is_some_and(is_health);
        for pause in HEALTH_PAUSES {
            if told(&health) || seal.body.json().get("commit_date").is_some() {
                break;
            }
            tokio::time::sleep(pause).await;
            health = self.health().await;
        }
        Ok((seal.body.json().clone(), health))
    }

    /// Asks `sys/health` once, so that it answers 200 in whatever state the server is.
    async fn health(&self) -> Option<Json> {
        let request = HEALTH_CODES
            .iter()
            .fold(Request::get("sys/health"), |request, code| {
                request.query(code, "200")
            });
        let request = ["standbyok", "perfstandbyok"]
            .iter()
            .fold(request, |request, name| request.query(name, "true"));
        let reply = self
            .wire
            .attempt(&self.base, &request, &Extra::default())
            .await;
        Some(reply.ok()?.body.json().clone())
    }

    /// Returns where to send now: the leader's own address where we know it, else the configured one.
    fn target(&self) -> Base {
        let leader = self.leader.read().unwrap_or_else(PoisonError::into_inner);
        leader.as_ref().unwrap_or(&self.base).clone()
    }

    fn set_leader(&self, leader: Option<Base>) {
        *self.leader.write().unwrap_or_else(PoisonError::into_inner) = leader;
    }

    /// Looks for the active node's own address and uses it when it answers as a node of the same cluster.
    async fn find_leader(&self) -> Option<Base> {
        let leader = self.leader_address().await?;
        self.set_leader(Some(leader.clone()));
        Some(leader)
    }

    async fn leader_address(&self) -> Option<Base> {
        if !self.follows {
            return None;
        }
        let plain = Extra::default();
        let reply = self
            .wire
            .attempt(&self.base, &Request::get("sys/leader"), &plain)
            .await
            .ok()?;
        let address = reply.body.json().get("leader_address")?.as_str()?;
        let leader = Base::parse(address).ok()?;
        if self.base.is_https() && !leader.is_https() {
            return None;
        }
        let same = tokio::time::timeout(LEADER_ANSWERS_WITHIN, self.is_same_cluster(&leader)).await;
        (same == Ok(true)).then_some(leader)
    }

    /// Asks both addresses which cluster they are of. Without a token: a stranger at the leader's address must not get it.
    async fn is_same_cluster(&self, leader: &Base) -> bool {
        let (here, there) = futures::join!(self.cluster_id(&self.base), self.cluster_id(leader));
        here.is_some() && here == there
    }

    async fn cluster_id(&self, base: &Base) -> Option<String> {
        let url = format!("{}/v1/sys/seal-status", base.url);
        let mut headers = self.wire.headers.clone();
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        let answer = self
            .wire
            .client
            .get(url)
            .headers(headers)
            .send()
            .await
            .ok()?;
        let answer: Json = serde_json::from_slice(&answer.bytes().await.ok()?).ok()?;
        Some(answer.get("cluster_id")?.as_str()?.to_owned())
    }

    /// Sends a request until it is done, cannot be done, or the deadline passes.
    async fn persist(
        &self,
        request: &Request,
        extra: &Extra,
        patience: Duration,
    ) -> Result<Reply, ServerError> {
        let mut course = Course::new(patience, self.max_retries);
        loop {
            let target = self.target();
            match self.wire.attempt(&target, request, extra).await {
                Ok(reply) => return Ok(reply),
                Err(fault) => self.recover(request, fault, &mut course).await?,
            }
        }
    }

    /// After a fault: follows the leader or waits, and returns when the request is to be sent again.
    async fn recover(
        &self,
        request: &Request,
        fault: Fault,
        course: &mut Course,
    ) -> Result<(), ServerError> {
        if let Some(location) = redirect(&fault) {
            if std::mem::take(&mut course.may_follow) && self.follow(&location).await {
                return Ok(());
            }
        } else if matches!(fault, Fault::NoConnection { .. } | Fault::Broken { .. }) {
            self.set_leader(None);
        }
        let pause = match fault::verdict(request, &fault) {
            Verdict::Stop => None,
            Verdict::Unsure => return Err(fault::unsure(request, fault)),
            Verdict::Again(after) => course.next(after, course.patience),
            Verdict::Briefly => course.next(None, WHILE_SEALED),
        };
        match pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(fault::error_of(request, fault, &self.address)),
        }
        Ok(())
    }

    /// Follows a redirect only to what the server we know names as its leader, and what answers as one of its cluster.
    async fn follow(&self, location: &str) -> bool {
        let Ok(to) = reqwest::Url::parse(location) else {
            return false;
        };
        let leader = self.leader_address().await;
        let leader = leader.filter(|leader| leader.origin() == to.origin().ascii_serialization());
        let found = leader.is_some();
        if found {
            self.set_leader(leader);
        }
        found
    }
}

/// Returns an answer without the version in it.
fn unversioned(mut answer: Json) -> Json {
    if let Json::Object(fields) = &mut answer {
        fields.remove("version");
    }
    answer
}

/// Returns an answer with the version that somebody says.
fn with_version(answer: &Json, named: &Json) -> Json {
    let mut fields = answer.as_object().cloned().unwrap_or_default();
    fields.extend(named.as_object().cloned().unwrap_or_default());
    Json::Object(fields)
}

/// Returns where a fault redirects to: 307 is how a standby that may not forward names its leader.
fn redirect(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Status(refusal) if refusal.status == 307 => {
            Some(refusal.location.clone().unwrap_or_default())
        }
        _ => None,
    }
}

fn headers(settings: &Settings, base: &Base, named: &Base) -> Result<HeaderMap, ServerError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        wire::add_header(&mut headers, name, value).ok_or_else(|| ServerError::Settings {
            what: format!("the header `{name}` cannot be sent"),
            hint: "check `headers` in the provider block".into(),
        })?;
    }
    if let (true, Some(host)) = (named != base, tls::host_header(base)) {
        headers.extend(HeaderValue::from_str(&host).ok().map(|host| (HOST, host)));
    }
    Ok(headers)
}

/// How far one request has come: attempts, time, and whether it was sent on to a leader.
struct Course {
    began: Instant,
    made: u32,
    patience: Duration,
    max: Option<u32>,
    may_follow: bool,
}

impl Course {
    fn new(patience: Duration, max: Option<u32>) -> Course {
        Course {
            began: Instant::now(),
            made: 0,
            patience,
            max,
            may_follow: true,
        }
    }

    /// Returns how long to wait before the next attempt; `None` when there is none. `limit` is the time since the first.
    fn next(&mut self, at_least: Option<Duration>, limit: Duration) -> Option<Duration> {
        self.made += 1;
        if self.max.is_some_and(|max| self.made > max) {
            return None;
        }
        let pause = fault::pause(self.made, rand::random()).max(at_least.unwrap_or_default());
        (self.began.elapsed() + pause <= limit.min(self.patience)).then_some(pause)
    }
}

/// Bytes instead of JSON: Raft snapshots.
impl Http {
    /// Reads a path whose answer is not JSON, handing it on piece by piece; returns the number of bytes.
    ///
    /// # Errors
    /// As [`Server::send`]; what was handed on before a connection broke is then incomplete.
    pub async fn download(
        &self,
        request: Request,
        mut take: impl FnMut(&[u8]) -> std::io::Result<()> + Send,
    ) -> Result<u64, ServerError> {
        let mut response = self.asked(&request).await?;
        let mut length = 0;
        loop {
            let piece = response.chunk().await.map_err(tls::fault_of);
            let Some(piece) =
                piece.map_err(|fault| fault::error_of(&request, fault, &self.link.address))?
            else {
                return Ok(length);
            };
            length += piece.len() as u64;
            take(&piece).map_err(|error| ServerError::Invalid {
                about: About::from(&request),
                why: format!("what was read could not be written: {error}"),
            })?;
        }
    }

    async fn asked(&self, request: &Request) -> Result<reqwest::Response, ServerError> {
        let extra = self.extra(request)?;
        let mut course = Course::new(self.link.patience, self.link.max_retries);
        loop {
            let target = self.link.target();
            let sent = self.link.wire.transfer(&target, request, &extra, None);
            match sent.await {
                Ok(response) => return Ok(response),
                Err(fault) => self.link.recover(request, fault, &mut course).await?,
            }
        }
    }

    /// Sends bytes, as they come, as the body of a request; they cannot be sent again, so neither is the request.
    ///
    /// # Errors
    /// As [`Server::send`].
    pub async fn upload(&self, request: Request, pieces: Pieces) -> Result<(), ServerError> {
        let request = request.once();
        let (extra, target) = (self.extra(&request)?, self.link.target());
        let sent = self
            .link
            .wire
            .transfer(&target, &request, &extra, Some(pieces));
        let Err(fault) = sent.await else {
            return Ok(());
        };
        Err(match fault::verdict(&request, &fault) {
            Verdict::Unsure => fault::unsure(&request, fault),
            _ => fault::error_of(&request, fault, &self.link.address),
        })
    }
}

#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
