//! A root token made anew from shares, for a cluster whose first one was revoked. It lives in memory, and is revoked by
//! whoever asked for it.

use super::program;
use crate::server::{Request, Server, ServerError};
use crate::source::Diagnostic;
use crate::value::Text;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Map, Value as Json, json};
use zeroize::Zeroizing;

/// Where servers hold the ceremony: Vault, and OpenBao before 2.6, without a token; OpenBao since then with one.
const PLACES: [&str; 2] = ["sys/generate-root", "sys/generate-root-token"];

/// How the token comes back from the server.
pub enum Cover {
    /// Combined with a one-time password of the server's.
    OneTimePassword,
    /// Encrypted to an OpenPGP key, in base64, and opened by a program.
    OpenPgp { key: String, decrypt: Vec<String> },
}

/// Why there is no token.
#[derive(Debug)]
pub enum NoToken {
    /// Somebody else holds a ceremony.
    Running {
        progress: u64,
        required: u64,
    },
    TooFewShares {
        progress: u64,
        required: u64,
    },
    /// What the server answered cannot be opened.
    Closed(String),
    Server(ServerError),
}

impl From<ServerError> for NoToken {
    fn from(error: ServerError) -> NoToken {
        NoToken::Server(error)
    }
}

impl NoToken {
    /// Says it.
    #[must_use]
    pub fn to_diagnostic(&self) -> Diagnostic {
        match self {
            NoToken::Running { progress, required } => {
                let message = format!(
                    "somebody else is making a root token: {progress} of {required} shares are given"
                );
                Diagnostic::error("ceremony-running", message)
                    .hint("ask who it is; `-cancel-running` ends it")
            }
            NoToken::TooFewShares { progress, required } => {
                let message =
                    format!("a root token takes {required} shares, and there were {progress}");
                Diagnostic::error("too-few-shares", message)
                    .hint("the attempt was cancelled; give all of them at once")
            }
            NoToken::Closed(why) => {
                let message = format!("what the server answered cannot be opened: {why}");
                Diagnostic::error("root-token-closed", message)
                    .hint("a root token lives that nobody knows: revoke it by its accessor (`token list-accessors`)")
            }
            NoToken::Server(error) => error.to_diagnostic(),
        }
    }
}

/// A ceremony on its way.
struct Ceremony<'a> {
    server: &'a dyn Server,
    place: &'static str,
}

/// Makes a root token from shares. An attempt that comes to nothing is cancelled.
///
/// # Errors
/// When shares are wrong or too few, or somebody else's attempt is running.
pub async fn root_token(
    server: &dyn Server,
    shares: &[Text],
    cover: &Cover,
    cancel_running: bool,
) -> Result<Text, NoToken> {
    let (ceremony, status) = found(server).await?;
    let number =
        |json: &Json, name: &str| json.get(name).and_then(Json::as_u64).unwrap_or_default();
    if status.get("started").and_then(Json::as_bool) == Some(true) {
        if !cancel_running {
            return Err(NoToken::Running {
                progress: number(&status, "progress"),
                required: number(&status, "required"),
            });
        }
        ceremony.cancel().await?;
    }
    let token = ceremony.hold(shares, cover).await;
    if token.is_err() {
        // What failed stands in the way of the next attempt; that it cannot be cancelled says less than why it failed.
        let _ = ceremony.cancel().await;
    }
    token
}

/// Finds out where this server holds ceremonies, and how far one is.
async fn found(server: &dyn Server) -> Result<(Ceremony<'_>, Json), NoToken> {
    let mut last = None;
    for place in PLACES {
        let ceremony = Ceremony { server, place };
        match server.send(Request::get(ceremony.path("attempt"))).await {
            Ok(reply) => return Ok((ceremony, reply.data().clone())),
            Err(error @ ServerError::Unsupported { .. }) => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    let address = server.identity().address.clone();
    Err(NoToken::Server(
        last.unwrap_or(ServerError::Standby { address }),
    ))
}

impl Ceremony<'_> {
    fn path(&self, end: &str) -> String {
        format!("{}/{end}", self.place)
    }

    async fn cancel(&self) -> Result<(), ServerError> {
        self.server
            .send(Request::delete(self.path("attempt")))
            .await
            .map(|_| ())
    }

    async fn hold(&self, shares: &[Text], cover: &Cover) -> Result<Text, NoToken> {
        let body = match cover {
            Cover::OneTimePassword => Json::Object(Map::new()),
            Cover::OpenPgp { key, .. } => json!({ "pgp_key": key }),
        };
        let begun = Request::post(self.path("attempt"), body).once();
        let reply = self.server.send(begun).await?;
        let text = |name: &str| {
            let text = reply.data().get(name).and_then(Json::as_str);
            Zeroizing::new(text.unwrap_or_default().to_owned())
        };
        let (nonce, password) = (text("nonce"), text("otp"));
        let encoded = self.give(shares, &nonce).await?;
        match cover {
            Cover::OneTimePassword => uncovered(&encoded, &password)
                .ok_or_else(|| NoToken::Closed("it does not fit the one-time password".to_owned())),
            Cover::OpenPgp { decrypt, .. } => opened(&encoded, decrypt).await,
        }
    }

    /// Gives the shares one by one; returns the covered token.
    async fn give(&self, shares: &[Text], nonce: &str) -> Result<Zeroizing<String>, NoToken> {
        let (mut progress, mut required) = (0, 0);
        for share in shares {
            let body = json!({ "key": &**share, "nonce": nonce });
            let request = Request::post(self.path("update"), body).once();
            let reply = self.server.send(request).await?;
            let data = reply.data();
            let number = |name: &str| data.get(name).and_then(Json::as_u64).unwrap_or_default();
            (progress, required) = (number("progress"), number("required"));
            let encoded = ["encoded_token", "encoded_root_token"]
                .iter()
                .filter_map(|name| data.get(*name)?.as_str())
                .find(|text| !text.is_empty());
            if let Some(encoded) = encoded {
                return Ok(Zeroizing::new(encoded.to_owned()));
            }
        }
        Err(NoToken::TooFewShares { progress, required })
    }
}

/// Takes the one-time password off: both as long, byte by byte.
fn uncovered(encoded: &str, password: &str) -> Option<Text> {
    let plain = encoded.trim_end_matches('=');
    let covered = Zeroizing::new(STANDARD_NO_PAD.decode(plain).ok()?);
    if covered.len() != password.len() || covered.is_empty() {
        return None;
    }
    let bytes = covered.iter().zip(password.bytes());
    let token: Zeroizing<Vec<u8>> =
        Zeroizing::new(bytes.map(|(left, right)| left ^ right).collect());
    let token = std::str::from_utf8(&token).ok()?;
    Some(Text::from(token))
}

async fn opened(encoded: &str, decrypt: &[String]) -> Result<Text, NoToken> {
    let closed = |why: String| NoToken::Closed(why);
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|_| closed("it is no base64".to_owned()))?;
    let plain = program::run(decrypt, &bytes).await;
    let plain = plain.map_err(|failed| closed(failed.words))?;
    let text = std::str::from_utf8(&plain).map_err(|_| closed("it is no text".to_owned()))?;
    Ok(Text::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_taken_off() {
        let password = "abcdefghijkl";
        let token = "s.0123456789";
        let covered: Vec<u8> = token
            .bytes()
            .zip(password.bytes())
            .map(|(a, b)| a ^ b)
            .collect();
        let encoded = STANDARD_NO_PAD.encode(covered);
        assert_eq!(&*uncovered(&encoded, password).unwrap(), token);
        assert!(uncovered(&encoded, "short").is_none());
        assert!(uncovered("", "").is_none());
        assert!(uncovered("***", password).is_none());
    }
}
