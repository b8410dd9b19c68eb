//! A server's first request and its seal: initialise, unseal, join a cluster.

use super::keys::ShareKind;
use crate::server::{Request, Server, ServerError};
use crate::source::Diagnostic;
use crate::value::Text;
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

/// How long a server that was unsealed may take to work: an election, an upgrade of its storage.
const UNTIL_ACTIVE: Duration = Duration::from_secs(60);

/// How long the other nodes may take to check the shares of one that joins.
const UNTIL_CHECKED: Duration = Duration::from_secs(15);

/// How often it is asked meanwhile.
const EACH: Duration = Duration::from_millis(100);

/// What `sys/seal-status` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealStatus {
    pub initialised: bool,
    pub sealed: bool,
    /// `shamir`, `transit`, `static` …
    pub kind: String,
    /// Whether the server unseals by itself, so that shares are for recovery.
    pub recovers: bool,
    pub threshold: usize,
    pub shares: usize,
    /// Shares given since the last attempt.
    pub progress: usize,
    /// `raft`, `inmem`, `file` …
    pub storage: String,
    /// Told only when unsealed.
    pub cluster: Option<String>,
}

/// What to ask for at the initialisation.
#[derive(Clone, Debug, Default)]
pub struct Founding {
    pub shares: usize,
    pub threshold: usize,
    /// OpenPGP keys in base64, one a share; empty for shares in the open.
    pub share_keys: Vec<String>,
    pub root_key: Option<String>,
}

/// What the initialisation answers. Base64; encrypted where keys were given.
pub struct Founded {
    pub shares: Vec<Text>,
    pub root_token: Text,
}

/// Why a server is not initialised.
#[derive(Debug)]
pub enum Unfounded {
    /// An earlier attempt stopped half-way; the storage has remains of it.
    HalfDone,
    /// Whether it happened is not known: its answer was lost.
    Lost(ServerError),
    Refused(ServerError),
}

/// Asks for the seal.
///
/// # Errors
/// When the server does not answer.
pub async fn seal_status(server: &dyn Server) -> Result<SealStatus, ServerError> {
    let reply = server.send(Request::get("sys/seal-status")).await?;
    Ok(read_status(reply.data()))
}

fn read_status(data: &Json) -> SealStatus {
    let is = |name: &str| data.get(name).and_then(Json::as_bool).unwrap_or_default();
    let text = |name: &str| data.get(name).and_then(Json::as_str);
    let number = |name: &str| {
        let number = data.get(name).and_then(Json::as_u64).unwrap_or_default();
        usize::try_from(number).unwrap_or_default()
    };
    let kind = text("type").unwrap_or("shamir").to_owned();
    SealStatus {
        initialised: is("initialized"),
        sealed: is("sealed"),
        // Before the initialisation some versions do not say `recovery_seal`.
        recovers: is("recovery_seal") || kind != "shamir",
        kind,
        threshold: number("t"),
        shares: number("n"),
        progress: number("progress"),
        storage: text("storage_type").unwrap_or_default().to_owned(),
        cluster: text("cluster_id").map(str::to_owned),
    }
}

impl SealStatus {
    /// Returns what its shares are for.
    #[must_use]
    pub fn share_kind(&self) -> ShareKind {
        match self.recovers {
            true => ShareKind::Recovery,
            false => ShareKind::Unseal,
        }
    }
}

impl Founding {
    fn body(&self, kind: ShareKind) -> Json {
        let names = match kind {
            ShareKind::Unseal => ["secret_shares", "secret_threshold", "pgp_keys"],
            ShareKind::Recovery => ["recovery_shares", "recovery_threshold", "recovery_pgp_keys"],
        };
        let mut body = Map::new();
        let [shares, threshold, keys] = names;
        body.insert(shares.into(), self.shares.into());
        body.insert(threshold.into(), self.threshold.into());
        if !self.share_keys.is_empty() {
            body.insert(keys.into(), json!(self.share_keys));
        }
        if let Some(key) = &self.root_key {
            body.insert("root_token_pgp_key".into(), json!(key));
        }
        Json::Object(body)
    }
}

/// Initialises a server; asked once and never again.
///
/// # Errors
/// When it is refused, or its answer was lost.
pub async fn found(
    server: &dyn Server,
    kind: ShareKind,
    founding: &Founding,
) -> Result<Founded, Unfounded> {
    let request = Request::post("sys/init", founding.body(kind)).once();
    let reply = match server.send(request).await {
        Ok(reply) => reply,
        Err(error @ (ServerError::Unsure { .. } | ServerError::Garbled { .. })) => {
            return Err(Unfounded::Lost(error));
        }
        Err(error) if error.texts().iter().any(|text| text.contains(REMAINS)) => {
            return Err(Unfounded::HalfDone);
        }
        Err(error) => return Err(Unfounded::Refused(error)),
    };
    let data = reply.data();
    let field = match kind {
        ShareKind::Unseal => "keys_base64",
        ShareKind::Recovery => "recovery_keys_base64",
    };
    let shares = data.get(field).and_then(Json::as_array);
    let shares = shares.into_iter().flatten().filter_map(Json::as_str);
    let token = data.get("root_token").and_then(Json::as_str);
    Ok(Founded {
        shares: shares.map(Text::from).collect(),
        root_token: Text::from(token.unwrap_or_default()),
    })
}

/// How raft says that an initialisation stopped half-way (measured: OpenBao 2.7.2 after a refused OpenPGP key).
const REMAINS: &str = "cluster already has state";

/// Why a server stays sealed.
#[derive(Debug)]
pub enum StillSealed {
    /// The server refuses the shares: they are damaged or another server's.
    WrongShares(String),
    /// It takes more of them.
    TooFew {
        progress: usize,
        threshold: usize,
    },
    /// It has all that it takes, and does not come up.
    NotYet,
    Server(ServerError),
}

impl From<ServerError> for StillSealed {
    fn from(error: ServerError) -> StillSealed {
        StillSealed::Server(error)
    }
}

impl StillSealed {
    /// Says it.
    #[must_use]
    pub fn to_diagnostic(&self, address: &str) -> Diagnostic {
        match self {
            StillSealed::WrongShares(why) => {
                let message = format!("the server at `{address}` refuses the shares: {why}");
                Diagnostic::error("wrong-shares", message).hint(
                    "they are damaged or those of another server; none of them is counted any more",
                )
            }
            StillSealed::TooFew {
                progress,
                threshold,
            } => {
                let message = format!(
                    "the server at `{address}` is still sealed: it has {progress} of the {threshold} shares that it takes"
                );
                Diagnostic::error("too-few-shares", message)
                    .hint("give the others to `vaultform unseal`; those given count until then")
            }
            StillSealed::NotYet => {
                let message =
                    format!("the server at `{address}` has its shares and is still sealed");
                Diagnostic::error("still-sealed", message)
                    .hint("its own log tells why: a node that joins must reach the others at their cluster addresses")
            }
            StillSealed::Server(error) => error.to_diagnostic(),
        }
    }
}

/// Unseals a server; tells of each share that was taken.
///
/// # Errors
/// When shares are wrong or too few, or the server does not answer.
pub async fn unseal(
    server: &dyn Server,
    shares: &[Text],
    tell: &dyn Fn(&SealStatus),
) -> Result<(), StillSealed> {
    let before = seal_status(server).await?;
    if !before.sealed {
        return Ok(());
    }
    let mut outcome = give(server, shares, before.threshold, tell).await;
    // Somebody else's shares stood in the count: they are gone now, ours are tried by themselves.
    if let (Err(StillSealed::WrongShares(_)), 1..) = (&outcome, before.progress) {
        outcome = give(server, shares, before.threshold, tell).await;
    }
    outcome
}

async fn give(
    server: &dyn Server,
    shares: &[Text],
    threshold: usize,
    tell: &dyn Fn(&SealStatus),
) -> Result<(), StillSealed> {
    let mut progress = 0;
    for share in shares {
        let request = Request::post("sys/unseal", json!({ "key": &**share }));
        let status = match server.send(request).await {
            Ok(reply) => read_status(reply.data()),
            Err(error @ ServerError::Refused { .. }) => return Err(wrong(&error)),
            Err(error) => return Err(error.into()),
        };
        if !status.sealed {
            return Ok(());
        }
        progress = status.progress;
        tell(&status);
        // A node that joins a cluster has its shares checked by the others and goes on by itself.
        if progress == 0 {
            let unsealed = unsealed_soon(server).await?;
            return unsealed.then_some(()).ok_or(StillSealed::NotYet);
        }
    }
    Err(StillSealed::TooFew {
        progress,
        threshold,
    })
}

fn wrong(error: &ServerError) -> StillSealed {
    let texts = error.texts().join("; ");
    let short = texts.lines().next().unwrap_or_default();
    StillSealed::WrongShares(short.trim_end_matches(':').to_owned())
}

async fn unsealed_soon(server: &dyn Server) -> Result<bool, ServerError> {
    let waiting = async {
        while seal_status(server).await?.sealed {
            tokio::time::sleep(EACH).await;
        }
        Ok(true)
    };
    let waited = tokio::time::timeout(UNTIL_CHECKED, waiting).await;
    waited.unwrap_or(Ok(false))
}

/// Waits until the cluster has an active node.
///
/// # Errors
/// When it has none in time.
pub async fn active(server: &dyn Server) -> Result<(), ServerError> {
    let waiting = async {
        loop {
            let reply = server.send(Request::get("sys/leader")).await;
            let leads = reply.is_ok_and(|reply| has_leader(reply.data()));
            if leads && seal_status(server).await.is_ok_and(|status| !status.sealed) {
                return;
            }
            tokio::time::sleep(EACH).await;
        }
    };
    let waited = tokio::time::timeout(UNTIL_ACTIVE, waiting).await;
    waited.map_err(|_| ServerError::Standby {
        address: server.identity().address.clone(),
    })
}

fn has_leader(data: &Json) -> bool {
    let alone = data.get("ha_enabled").and_then(Json::as_bool) == Some(false);
    let leader = data.get("leader_address").and_then(Json::as_str);
    alone || leader.is_some_and(|address| !address.is_empty())
}

/// Makes a node that is not initialised part of a raft cluster.
///
/// # Errors
/// When the node refuses or does not answer.
pub async fn join(
    node: &dyn Server,
    leader: &str,
    authority: Option<&str>,
) -> Result<(), ServerError> {
    let mut body = json!({ "leader_api_addr": leader, "retry": true });
    if let Some(authority) = authority {
        body["leader_ca_cert"] = json!(authority);
    }
    let request = Request::post("sys/storage/raft/join", body);
    node.send(request).await?;
    // It joins by and by; until then it refuses shares.
    let waiting = async {
        while !seal_status(node).await?.initialised {
            tokio::time::sleep(EACH).await;
        }
        Ok(())
    };
    let waited = tokio::time::timeout(UNTIL_ACTIVE, waiting).await;
    waited.unwrap_or_else(|_| {
        Err(ServerError::Uninitialised {
            address: node.identity().address.clone(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let status = read_status(&json!({
            "type": "shamir", "initialized": true, "sealed": true, "t": 2, "n": 3, "progress": 1,
            "recovery_seal": false, "storage_type": "raft",
        }));
        assert_eq!(
            (status.threshold, status.shares, status.progress),
            (2, 3, 1)
        );
        assert_eq!(status.share_kind(), ShareKind::Unseal);
        let status = read_status(&json!({ "type": "static", "initialized": false }));
        assert_eq!(status.share_kind(), ShareKind::Recovery);
    }

    #[test]
    fn a_founding_asks_for_the_shares_of_the_seal() {
        let founding = Founding {
            shares: 3,
            threshold: 2,
            share_keys: vec!["a".into()],
            root_key: Some("r".into()),
        };
        assert_eq!(
            founding.body(ShareKind::Recovery),
            json!({"recovery_shares": 3, "recovery_threshold": 2, "recovery_pgp_keys": ["a"], "root_token_pgp_key": "r"})
        );
        let plain = Founding {
            share_keys: Vec::new(),
            root_key: None,
            ..founding
        };
        assert_eq!(
            plain.body(ShareKind::Unseal),
            json!({"secret_shares": 3, "secret_threshold": 2})
        );
    }
}
