//! Connections to servers: one for each distinct way to connect, kept alive, closed at the end.

use super::context::Context;
use super::outside::ThisMachine;
use crate::observe::Connection as Reached;
use crate::reconcile::Connector;
use crate::reconcile::outside::Outside;
use crate::server::connect::{ProviderBlock, Settings, settle};
use crate::server::{Connection, KeepAlive, Log, Login, Server};
use crate::source::Diagnostic;
use crate::value::{Text, Value, Veil};
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A connection that was opened.
struct Open {
    connection: Connection,
    _alive: KeepAlive,
}

/// All connections of a run.
pub struct Links {
    environment: Arc<BTreeMap<String, String>>,
    in_flight: Option<usize>,
    patience: Option<Duration>,
    /// A token for the server at one address, whatever the settings say of a login there.
    token: Option<(String, Text)>,
    log: Option<Log>,
    veil: Veil,
    open: tokio::sync::Mutex<BTreeMap<[u8; 32], Open>>,
    servers: Mutex<Vec<Arc<dyn Server>>>,
}

impl Links {
    /// Makes no connection yet.
    #[must_use]
    pub fn new(context: &Context, in_flight: Option<usize>) -> Links {
        Links {
            environment: context.environment.clone(),
            in_flight,
            patience: None,
            token: None,
            log: log(context.verbosity.get(), &context.veil),
            veil: context.veil.clone(),
            open: tokio::sync::Mutex::default(),
            servers: Mutex::default(),
        }
    }

    /// Tries connections only for so long.
    #[must_use]
    pub fn impatient(mut self, patience: Duration) -> Links {
        self.patience = Some(patience);
        self
    }

    /// Uses a token at one address instead of logging in there.
    #[must_use]
    pub fn with_token(mut self, token: Option<(String, Text)>) -> Links {
        self.token = token;
        self
    }

    /// Returns every server that was connected to.
    #[must_use]
    pub fn servers(&self) -> Vec<Arc<dyn Server>> {
        self.servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Closes all connections; tokens that were made for this run are revoked.
    pub async fn close(&self) -> Vec<Diagnostic> {
        let open = std::mem::take(&mut *self.open.lock().await);
        let mut problems = Vec::new();
        for one in open.into_values() {
            if let Err(error) = one.connection.close().await {
                let mut problem = error.to_diagnostic();
                problem.severity = crate::source::Severity::Warning;
                problems.push(problem);
            }
        }
        problems
    }

    async fn reach(&self, arguments: &Value) -> Result<Reached, Diagnostic> {
        let mut settings = settled(arguments, &self.environment)?;
        settings.log.clone_from(&self.log);
        if let Some((address, token)) = &self.token
            && same_address(address, &settings.address)
        {
            settings.login = Login::Token(token.clone());
        }
        if let Some(in_flight) = self.in_flight {
            settings.in_flight = in_flight;
        }
        settings.patience = self.patience.unwrap_or(settings.patience);
        let key = fingerprint(&settings);
        let mut open = self.open.lock().await;
        if let Some(known) = open.get(&key) {
            return Ok(reached(&known.connection));
        }
        let connection = Connection::open(&settings)
            .await
            .map_err(|error| error.to_diagnostic())?;
        let found = reached(&connection);
        self.servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(found.server.clone());
        let alive = connection.keep_alive();
        let opened = Open {
            connection,
            _alive: alive,
        };
        open.insert(key, opened);
        Ok(found)
    }
}

impl Connector for Links {
    fn connect<'a>(&'a self, arguments: &'a Value) -> BoxFuture<'a, Result<Reached, Diagnostic>> {
        Box::pin(self.reach(arguments))
    }

    fn outside(&self) -> &dyn Outside {
        &ThisMachine
    }

    fn keep_quiet(&self, secret: &Value) {
        self.veil.add_secrets(secret);
    }
}

/// Returns how the arguments of a provider block and the environment say to connect.
///
/// # Errors
/// When one of them cannot be used.
pub fn settled(
    arguments: &Value,
    environment: &BTreeMap<String, String>,
) -> Result<Settings, Diagnostic> {
    let block = ProviderBlock::from_value(arguments).map_err(first)?;
    settle(&block, environment).map_err(first)
}

fn same_address(left: &str, right: &str) -> bool {
    left.trim_end_matches('/') == right.trim_end_matches('/')
}

fn reached(connection: &Connection) -> Reached {
    Reached {
        server: connection.server.clone(),
        namespace: connection.namespace.clone(),
    }
}

/// Puts several problems of one provider block into one diagnostic.
fn first(problems: Vec<Diagnostic>) -> Diagnostic {
    let mut problems = problems.into_iter();
    let nothing = || Diagnostic::error("connection-settings", "the provider block cannot be used");
    let mut one = problems.next().unwrap_or_else(nothing);
    for other in problems {
        one.message.push_str(&format!("; {}", other.message));
        one.hints.extend(other.hints);
    }
    one
}

/// Tells ways to connect apart. What is hashed is secret in part, the hash never leaves the memory.
fn fingerprint(settings: &Settings) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    };
    add(&settings.address);
    add(&settings.namespace);
    match &settings.login {
        Login::None => add("none"),
        Login::Token(token) => {
            add("token");
            add(token);
        }
        Login::At {
            path,
            namespace,
            body,
        } => {
            add(path);
            add(namespace);
            for (name, value) in body {
                add(name);
                add(value);
            }
        }
    }
    add(&format!("{:?}", settings.tls));
    for (name, value) in &settings.headers {
        add(name);
        add(value);
    }
    add(settings.proxy.as_deref().unwrap_or_default());
    add(settings.version_override.as_deref().unwrap_or_default());
    add(&format!(
        "{}{}",
        settings.skip_detection, settings.namespace_from_token
    ));
    hash.finalize().into()
}

/// Returns what is told of each request: path and status, never a body nor a secret of the veil.
pub fn log(verbosity: u8, veil: &Veil) -> Option<Log> {
    if verbosity == 0 {
        return None;
    }
    let veil = veil.clone();
    Some(Arc::new(move |event| {
        let status = event
            .status
            .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let place = match event.namespace {
            "" => String::new(),
            namespace => format!(" (namespace {namespace})"),
        };
        let took = if verbosity > 1 {
            format!(" in {} ms", event.took.as_millis())
        } else {
            String::new()
        };
        let line = format!("{} {}{place}: {status}{took}\n", event.verb, event.path);
        let line = veil.over(&line);
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), line.as_bytes());
    }))
}
