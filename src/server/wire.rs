//! One attempt: a request goes over the wire once, and what comes back is read, counted and logged.

use super::fault::{self, Fault, Refusal};
use super::limits::Limits;
use super::message::{Body, Counts, Reply, Request, Verb};
use super::path::{self, Base};
use super::{scrub, tls};
use crate::value::Text;
use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What happened to one attempt; never a body, a header or a token.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub verb: Verb,
    pub namespace: &'a str,
    pub path: &'a str,
    /// `None` when no answer came.
    pub status: Option<u16>,
    pub took: Duration,
}

/// Is told of every attempt, for `-v`.
pub type Log = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// Answers larger than this are refused: nothing that we read comes near.
const LARGEST_ANSWER: usize = 512 << 20;

/// How long a transfer of bytes may take: a snapshot may be gigabytes.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(3600);

/// The client with what goes on every request.
pub(super) struct Wire {
    pub client: reqwest::Client,
    /// Headers of the provider block, and `Host` where the TLS name differs.
    pub headers: HeaderMap,
    pub limits: Limits,
    pub log: Option<Log>,
    pub token: RwLock<Option<Token>>,
    counts: [AtomicU64; VERBS.len()],
    /// The newest `X-Vault-Index`: reads that carry it are at least as new.
    index: Mutex<Option<HeaderValue>>,
}

const VERBS: [Verb; 7] = [
    Verb::Get,
    Verb::List,
    Verb::Scan,
    Verb::Post,
    Verb::Put,
    Verb::Patch,
    Verb::Delete,
];

/// A token, ready to be sent, and wiped when the last copy goes.
#[derive(Clone)]
pub(super) struct Token {
    pub text: Text,
    header: HeaderValue,
}

impl Token {
    /// Makes one; `None` when it has characters that no header can carry.
    pub fn new(text: Text) -> Option<Token> {
        struct Shared(Text);
        impl AsRef<[u8]> for Shared {
            fn as_ref(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }
        let bytes = Bytes::from_owner(Shared(text.clone()));
        let mut header = HeaderValue::from_maybe_shared(bytes).ok()?;
        header.set_sensitive(true);
        Some(Token { text, header })
    }
}

/// What goes on some requests only.
#[derive(Clone, Default)]
pub(super) struct Extra {
    /// Set only for servers that honour namespaces.
    pub namespace: Option<HeaderValue>,
    /// Set only for servers that know index headers.
    pub index: bool,
}

impl Wire {
    pub fn new(
        client: reqwest::Client,
        headers: HeaderMap,
        limits: Limits,
        log: Option<Log>,
    ) -> Wire {
        Wire {
            client,
            headers,
            limits,
            log,
            token: RwLock::new(None),
            counts: Default::default(),
            index: Mutex::new(None),
        }
    }

    /// Returns the token in use.
    pub fn token(&self) -> Option<Token> {
        self.token
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts another token in use.
    pub fn set_token(&self, token: Option<Token>) {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Returns how many attempts were made.
    pub fn counts(&self) -> Counts {
        let each = VERBS.iter().zip(&self.counts);
        let each = each.map(|(verb, count)| (*verb, count.load(Ordering::Relaxed)));
        Counts(
            each.filter(|(_, count)| *count > 0)
                .collect::<BTreeMap<_, _>>(),
        )
    }

    fn count(&self, verb: Verb) {
        let at = VERBS.iter().position(|one| *one == verb);
        if let Some(counter) = at.and_then(|at| self.counts.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends a request once.
    pub async fn attempt(
        &self,
        base: &Base,
        request: &Request,
        extra: &Extra,
    ) -> Result<Reply, Fault> {
        let token = self.token();
        let prepared = self.prepare(base, request, extra, token.as_ref())?;
        let _turn = self.limits.turn(request).await;
        // Not before its turn has come: meanwhile anything may have happened.
        request.may_go().map_err(Fault::Final)?;
        self.count(request.verb);
        let started = Instant::now();
        let outcome = self.exchange(prepared, request).await;
        let status = match &outcome {
            Ok(reply) => Some(reply.status),
            Err(Fault::Status(refusal)) => Some(refusal.status),
            Err(Fault::Garbled { status, .. }) => Some(*status),
            Err(_) => None,
        };
        self.tell(request, status, started.elapsed());
        outcome.map_err(|fault| self.scrubbed(fault, request, token.as_ref()))
    }

    /// Tells the log of an attempt.
    pub fn tell(&self, request: &Request, status: Option<u16>, took: Duration) {
        if let Some(log) = &self.log {
            log(&Event {
                verb: request.verb,
                namespace: &request.namespace,
                path: &request.path,
                status,
                took,
            });
        }
    }

    fn scrubbed(&self, fault: Fault, request: &Request, token: Option<&Token>) -> Fault {
        match fault {
            Fault::Status(mut refusal) => {
                let texts = std::mem::take(&mut refusal.texts);
                let token = token.map(|token| &*token.text);
                let plain = &request.plain;
                refusal.texts = scrub::scrub(texts, request.body.as_ref(), token, plain);
                Fault::Status(refusal)
            }
            other => other,
        }
    }

    fn prepare(
        &self,
        base: &Base,
        request: &Request,
        extra: &Extra,
        token: Option<&Token>,
    ) -> Result<reqwest::RequestBuilder, Fault> {
        let invalid = |why| {
            Fault::Final(super::ServerError::Invalid {
                about: request.into(),
                why,
            })
        };
        let url = url_of(base, request).map_err(invalid)?;
        let method = reqwest::Method::from_bytes(request.verb.method().as_bytes());
        let method = method.map_err(|error| invalid(error.to_string()))?;
        let mut headers = self.headers.clone();
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        if let Some(token) = token {
            headers.insert("x-vault-token", token.header.clone());
        }
        if let Some(namespace) = &extra.namespace {
            headers.insert("x-vault-namespace", namespace.clone());
        }
        if let Some(ttl) = request.wrap_ttl {
            headers.insert("x-vault-wrap-ttl", HeaderValue::from(ttl.as_secs()));
        }
        if extra.index {
            self.add_index(request, &mut headers);
        }
        let builder = self.client.request(method, url);
        Ok(match &request.body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, content_type(request.verb));
                let bytes = serialised(body).map_err(|error| invalid(error.to_string()))?;
                builder.headers(headers).body(bytes)
            }
            None => builder.headers(headers),
        })
    }

    /// Asks that a read be at least as new as our last write; a node that is behind passes it on to the active one.
    fn add_index(&self, request: &Request, headers: &mut HeaderMap) {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(index)) = (request.verb.reads(), index.as_ref()) {
            headers.insert("x-vault-index", index.clone());
            headers.insert(
                "x-vault-inconsistent",
                HeaderValue::from_static("forward-active-node"),
            );
        }
    }

    async fn exchange(
        &self,
        prepared: reqwest::RequestBuilder,
        request: &Request,
    ) -> Result<Reply, Fault> {
        let response = prepared.send().await.map_err(tls::fault_of)?;
        if !request.verb.reads() {
            self.remember_index(response.headers());
        }
        answer(request, response).await
    }

    /// Sends a request once and leaves the answer's body unread; `bytes` go as they come in place of a JSON body.
    pub async fn transfer(
        &self,
        base: &Base,
        request: &Request,
        extra: &Extra,
        bytes: Option<Pieces>,
    ) -> Result<Response, Fault> {
        let token = self.token();
        let mut prepared = self
            .prepare(base, request, extra, token.as_ref())?
            .timeout(TRANSFER_TIMEOUT);
        if let Some(bytes) = bytes {
            prepared = prepared.body(reqwest::Body::wrap(Streamed(bytes)));
        }
        let _turn = self.limits.turn(request).await;
        request.may_go().map_err(Fault::Final)?;
        self.count(request.verb);
        let started = Instant::now();
        let response = prepared.send().await.map_err(tls::fault_of);
        let status = response
            .as_ref()
            .ok()
            .map(|response| response.status().as_u16());
        self.tell(request, status, started.elapsed());
        let response = response?;
        if response.status().is_success() {
            return Ok(response);
        }
        let fault = answer(request, response).await.err();
        let fault = fault.unwrap_or(Fault::Garbled {
            status: status.unwrap_or_default(),
            why: "it is no error".into(),
        });
        Err(self.scrubbed(fault, request, token.as_ref()))
    }

    fn remember_index(&self, headers: &HeaderMap) {
        if let Some(index) = headers.get("x-vault-index") {
            let mut newest = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            if newest.as_ref().is_none_or(|old| is_newer(index, old)) {
                *newest = Some(index.clone());
            }
        }
    }
}

/// Bytes on their way, piece by piece; an error breaks the request off.
pub type Pieces = tokio::sync::mpsc::Receiver<io::Result<Bytes>>;

/// Pieces as the body of a request.
struct Streamed(Pieces);

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        let next = self.0.poll_recv(task);
        next.map(|piece| piece.map(|piece| piece.map(http_body::Frame::data)))
    }
}

/// Adds a header of the provider block; `None` when no header can be that.
pub(super) fn add_header(headers: &mut HeaderMap, name: &str, value: &str) -> Option<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    headers.append(name, value);
    Some(())
}

fn url_of(base: &Base, request: &Request) -> Result<String, String> {
    let path = path::encode_path(&request.path)?;
    let mut query = request.query.clone();
    match request.verb {
        Verb::List => query.push(("list".into(), "true".into())),
        Verb::Scan => query.push(("scan".into(), "true".into())),
        _ => {}
    }
    Ok(format!(
        "{}/v1/{path}{}",
        base.url,
        path::encode_query(&query)
    ))
}

fn content_type(verb: Verb) -> HeaderValue {
    HeaderValue::from_static(match verb {
        Verb::Patch => "application/merge-patch+json",
        _ => "application/json",
    })
}

/// Writes a body into memory of exactly its size (growing would leave copies behind) that is wiped after sending.
fn serialised(body: &Body) -> serde_json::Result<Bytes> {
    struct Length(usize);
    impl io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    struct Wiping(Zeroizing<Vec<u8>>);
    impl AsRef<[u8]> for Wiping {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    let mut length = Length(0);
    serde_json::to_writer(&mut length, body.json())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *bytes, body.json())?;
    Ok(Bytes::from_owner(Wiping(bytes)))
}

/// Reads an answer: a reply when it is 2xx, else what the server refuses.
async fn answer(request: &Request, response: Response) -> Result<Reply, Fault> {
    let status = response.status().as_u16();
    let (retry_after, location) = (
        retry_after(response.headers()),
        location(response.headers()),
    );
    let bytes = read(response).await?;
    if (300..400).contains(&status) {
        let refusal = Refusal {
            status,
            location,
            ..Refusal::default()
        };
        return Err(Fault::Status(Box::new(refusal)));
    }
    let reply = parse(request, status, &bytes)?;
    if (200..300).contains(&status) {
        return Ok(reply);
    }
    Err(Fault::Status(Box::new(Refusal {
        status,
        texts: texts(&reply),
        retry_after,
        location: None,
        left: Some(Box::new(reply)),
    })))
}

async fn read(mut response: Response) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let announced = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(4096).min(1 << 20)));
    while let Some(chunk) = response.chunk().await.map_err(tls::fault_of)? {
        if bytes.len() + chunk.len() > LARGEST_ANSWER {
            let status = response.status().as_u16();
            return Err(Fault::Garbled {
                status,
                why: "it does not end".into(),
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads the envelope. The server's text is never quoted where it is not JSON: a gateway may echo the request.
fn parse(request: &Request, status: u16, bytes: &[u8]) -> Result<Reply, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return if fault::may_be_empty(request, status) {
            Ok(Reply::new(status, serde_json::Value::Null))
        } else {
            Err(Fault::Garbled {
                status,
                why: "it is empty".into(),
            })
        };
    }
    if status == 400 && bytes.starts_with(b"Client sent an HTTP request to an HTTPS server") {
        return Err(tls::https_wanted());
    }
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(json) => Ok(Reply::new(status, json)),
        Err(_) => Err(Fault::Garbled {
            status,
            why: "it is not JSON".into(),
        }),
    }
}

fn texts(reply: &Reply) -> Vec<String> {
    let errors = reply
        .body
        .json()
        .get("errors")
        .and_then(serde_json::Value::as_array);
    let texts = errors
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str);
    texts
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

fn location(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(LOCATION)?.to_str().ok()?.to_owned())
}

/// Tells which of two index headers is newer; what cannot be read counts as newer when it came later.
fn is_newer(new: &HeaderValue, old: &HeaderValue) -> bool {
    match (position(new), position(old)) {
        (Some(new), Some(old)) => new >= old,
        _ => true,
    }
}

/// Reads OpenBao's index: base64 of `{"cluster":"…","value":"30"}`.
fn position(header: &HeaderValue) -> Option<u64> {
    use base64::Engine as _;
    let raw = base64::engine::general_purpose::STANDARD
        .decode(header.as_bytes())
        .ok()?;
    let index: serde_json::Value = serde_json::from_slice(&raw).ok()?;
    index.get("value")?.as_str()?.parse().ok()
}
