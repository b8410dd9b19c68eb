//! A token's life: got at the beginning, renewed on long runs, revoked at the end when we made it.

use super::Server;
use super::connect::Settings;
use super::error::{About, ServerError};
use super::http::Http;
use super::identity::Readiness;
use super::login::Login;
use super::message::{Reply, Request};
use crate::value::Text;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The shortest time between two attempts to renew.
const RENEW_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// A server with a token in use.
pub struct Connection {
    pub server: Arc<Http>,
    /// The provider's namespace: as set, else the token's own; empty for the root namespace.
    pub namespace: Arc<str>,
    lease: Lease,
    /// The namespace that the token belongs to.
    home: String,
    /// Whether a login of ours made the token, and it can be revoked.
    ours: bool,
}

/// What is known of a token's end.
#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    /// Zero for a token that never ends.
    ttl: Duration,
    renewable: bool,
}

impl Connection {
    /// Connects, logs in, and looks at the token.
    ///
    /// # Errors
    /// When the server cannot be worked with (sealed ones included), or does not accept the login or token.
    pub async fn open(settings: &Settings) -> Result<Connection, ServerError> {
        let server = Arc::new(Http::reach(settings).await?);
        let address = server.identity().address.clone();
        match server.identity().readiness {
            Readiness::Uninitialised => return Err(ServerError::Uninitialised { address }),
            Readiness::Sealed => return Err(ServerError::Sealed { address }),
            Readiness::Active | Readiness::Standby => {}
        }
        let mut connection = Connection {
            server,
            namespace: settings.namespace.as_str().into(),
            lease: Lease::default(),
            home: String::new(),
            ours: false,
        };
        connection.log_in(settings).await?;
        Ok(connection)
    }

    async fn log_in(&mut self, settings: &Settings) -> Result<(), ServerError> {
        match &settings.login {
            Login::None => Ok(()),
            Login::Token(token) => {
                self.server.set_token(Some(token.clone()))?;
                self.look_at_token(settings).await
            }
            Login::At {
                path,
                namespace,
                body,
            } => {
                let request = login_request(path, namespace, body);
                let about = About::from(&request);
                let reply = self.server.send(request).await.map_err(denied)?;
                self.use_answer(about, &reply, namespace)
            }
        }
    }

    /// Asks the server about a token that somebody else made: whether it is valid, how long it lives, where it belongs.
    async fn look_at_token(&mut self, settings: &Settings) -> Result<(), ServerError> {
        let Some(reply) = self.look_up().await? else {
            return Ok(());
        };
        self.lease = lease(reply.data(), "ttl");
        let own = reply.data().get("namespace_path").and_then(Json::as_str);
        if let Some(own) = own {
            self.home = own.trim_matches('/').to_owned();
        }
        if self.namespace.is_empty() && settings.namespace_from_token {
            self.namespace = self.home.as_str().into();
        }
        Ok(())
    }

    /// Looks the token up where every token may look (without a namespace), then in the provider's namespace. `None` for
    /// a token that lives without the default policy and may know nothing of itself.
    async fn look_up(&mut self) -> Result<Option<Reply>, ServerError> {
        let request = |namespace: &str| Request::get("auth/token/lookup-self").namespace(namespace);
        let mut answer = self.server.send(request("")).await;
        let refused = matches!(
            answer,
            Err(ServerError::Denied { .. } | ServerError::BadToken { .. })
        );
        if refused && !self.namespace.is_empty() {
            self.home = self.namespace.to_string();
            answer = self.server.send(request(&self.namespace)).await;
        }
        match answer {
            Err(ServerError::Denied { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    fn use_answer(
        &mut self,
        about: About,
        reply: &Reply,
        namespace: &str,
    ) -> Result<(), ServerError> {
        let garbled = |why: &str| ServerError::Garbled {
            about: about.clone(),
            status: reply.status,
            why: why.into(),
        };
        let auth = reply
            .auth()
            .ok_or_else(|| garbled("a login answers a token, and there is none"))?;
        if auth
            .get("mfa_requirement")
            .is_some_and(|needed| !needed.is_null())
        {
            return Err(ServerError::Settings {
                what: "the login asks for a second factor".into(),
                hint: "log in by hand and set `VAULT_TOKEN`, or use a login without one".into(),
            });
        }
        let token = auth
            .get("client_token")
            .and_then(Json::as_str)
            .filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| garbled("a login answers a token, and there is none"))?;
        self.server.set_token(Some(Text::from(token)))?;
        self.lease = lease(auth, "lease_duration");
        // A batch token is no object on the server: it can be neither renewed nor revoked.
        let batch = auth.get("token_type").and_then(Json::as_str) == Some("batch");
        self.ours = !batch;
        self.home = namespace.to_owned();
        Ok(())
    }

    /// Renews the token at half its time for as long as the returned value is kept.
    #[must_use]
    pub fn keep_alive(&self) -> KeepAlive {
        let lasts = self.lease.renewable && !self.lease.ttl.is_zero();
        let renewing = lasts.then(|| {
            tokio::spawn(renew(
                self.server.clone(),
                self.home.clone(),
                self.lease.ttl,
            ))
        });
        KeepAlive(renewing)
    }

    /// Revokes the token when we made it, and forgets it in any case.
    ///
    /// # Errors
    /// When the token could not be revoked; it then ends by itself.
    pub async fn close(self) -> Result<(), ServerError> {
        let outcome = if self.ours {
            let nothing = Json::Object(Map::new());
            let request = Request::post("auth/token/revoke-self", nothing).namespace(&self.home);
            self.server.send(request).await.map(|_| ())
        } else {
            Ok(())
        };
        self.server.set_token(None)?;
        // Revoked twice, the second time it is unknown: the first answer got lost.
        match outcome {
            Err(ServerError::BadToken { .. }) => Ok(()),
            other => other,
        }
    }
}

/// A login goes without a token, so its denial says nothing about one.
fn denied(error: ServerError) -> ServerError {
    match error {
        ServerError::Denied { about } | ServerError::BadToken { about } => ServerError::Settings {
            what: format!("{about}: the login is denied"),
            hint: "check what is sent, and from where the role may be used".into(),
        },
        other => other,
    }
}

fn login_request(
    path: &str,
    namespace: &str,
    body: &std::collections::BTreeMap<String, Text>,
) -> Request {
    let fields = body
        .iter()
        .map(|(name, value)| (name.clone(), Json::String(value.to_string())));
    // A secret ID may serve only once, so a login is not repeated when its fate is unknown.
    Request::post(path, Json::Object(fields.collect()))
        .namespace(namespace)
        .once()
}

fn lease(from: &Json, ttl: &str) -> Lease {
    Lease {
        ttl: Duration::from_secs(from.get(ttl).and_then(Json::as_u64).unwrap_or_default()),
        renewable: from
            .get("renewable")
            .and_then(Json::as_bool)
            .unwrap_or_default(),
    }
}

/// Keeps a token alive until it is dropped.
pub struct KeepAlive(Option<JoinHandle<()>>);

impl Drop for KeepAlive {
    fn drop(&mut self) {
        if let Some(renewing) = &self.0 {
            renewing.abort();
        }
    }
}

/// Renews at half the time that is left; after a failure at half of the rest, until the token has ended.
async fn renew(server: Arc<Http>, namespace: String, mut left: Duration) {
    while left > RENEW_AT_MOST_EVERY {
        let pause = (left / 2).max(RENEW_AT_MOST_EVERY);
        tokio::time::sleep(pause).await;
        let request =
            Request::post("auth/token/renew-self", Json::Object(Map::new())).namespace(&namespace);
        left = match server.send(request).await {
            Ok(reply) => match reply.auth().map(|auth| lease(auth, "lease_duration")) {
                Some(Lease {
                    ttl,
                    renewable: true,
                }) => ttl,
                _ => return,
            },
            Err(_) => left.saturating_sub(pause),
        };
    }
}
