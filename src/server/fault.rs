//! Faults of one attempt: what they mean, and whether to try again.

use super::error::{About, ServerError};
use super::message::{Reply, Request, Verb};
use std::sync::Arc;
use std::time::Duration;

/// What went wrong in one attempt. All texts are scrubbed already.
#[derive(Debug)]
pub(super) enum Fault {
    /// No connection came about, so nothing was sent.
    NoConnection { why: String },
    /// The TLS handshake failed; nothing was sent.
    Tls { why: String, hint: String },
    /// The connection broke or timed out after the request may have arrived.
    Broken { why: String },
    /// An answer other than 2xx.
    Status(Box<Refusal>),
    /// An answer that no Vault server gives.
    Garbled { status: u16, why: String },
    /// Decided already; never repeated.
    Final(ServerError),
}

/// An answer other than 2xx.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    pub status: u16,
    pub texts: Vec<String>,
    pub retry_after: Option<Duration>,
    /// Where a redirect points.
    pub location: Option<String>,
    /// The whole answer, where it has more than errors in it.
    pub left: Option<Box<Reply>>,
}

impl Refusal {
    fn says(&self, parts: &[&str]) -> bool {
        self.texts
            .iter()
            .any(|text| parts.iter().any(|part| text.contains(part)))
    }
}

/// Whether an attempt is worth repeating.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not at all.
    Stop,
    /// The request may have been done, and must not be done twice.
    Unsure,
    /// Yes, until the deadline, not before this time has passed.
    Again(Option<Duration>),
    /// Yes, but only for a short while: it rarely passes by itself.
    Briefly,
}

/// The server certainly did nothing, and soon will.
const NOT_DONE: &[&str] = &[
    "local node not active but active cluster node not found",
    "node is not the leader",
    "leadership transfer in progress",
    "no leader",
    // OpenBao rolls its transaction back: measured, refused and never half done.
    "transaction commit failed",
];

/// The server may have done it or not; it passes by itself (a leader that changes meanwhile).
const MAYBE_DONE: &[&str] = &[
    "leadership lost while committing log",
    "error during forwarding RPC request",
    "failed to forward",
    "rpc error: code = Unavailable",
    // All that OpenBao tells of a write that its storage did not take in time (seen on a busy machine, 2.7.2).
    "internal error",
];

/// Decides whether to repeat a request after a fault. Statuses as Vault documents them: 412 not yet replicated,
/// 429 too many requests or a standby behind, 472 and 473 replication standbys, 502 to 504 gateways, 503 sealed.
pub(super) fn verdict(request: &Request, fault: &Fault) -> Verdict {
    let repeat = || {
        if request.idempotent {
            Verdict::Again(None)
        } else {
            Verdict::Unsure
        }
    };
    match fault {
        Fault::NoConnection { .. } => Verdict::Again(None),
        Fault::Broken { .. } => repeat(),
        Fault::Status(refusal) => match refusal.status {
            412 | 429 | 472 | 473 => Verdict::Again(refusal.retry_after),
            503 if refusal.says(&["sealed"]) => Verdict::Briefly,
            400 | 404 | 500 if refusal.says(request.settles) => Verdict::Again(None),
            500 if refusal.says(NOT_DONE) => Verdict::Again(None),
            500 if refusal.says(MAYBE_DONE) => repeat(),
            502..=504 => repeat(),
            _ => Verdict::Stop,
        },
        // A reply that broke off in JSON, or a gateway's own page instead of the server's answer.
        Fault::Garbled {
            status: 200..=299 | 502..=504,
            ..
        } => repeat(),
        Fault::Tls { .. } | Fault::Garbled { .. } | Fault::Final(_) => Verdict::Stop,
    }
}

/// Returns what to tell when a fault ends the attempts.
pub(super) fn error_of(request: &Request, fault: Fault, address: &Arc<str>) -> ServerError {
    let about = About::from(request);
    let address = address.clone();
    match fault {
        Fault::NoConnection { why } | Fault::Broken { why } => {
            ServerError::Unreachable { address, why }
        }
        Fault::Tls { why, hint } => ServerError::Tls { address, why, hint },
        Fault::Garbled { status, why } => ServerError::Garbled { about, status, why },
        Fault::Status(refusal) => refused(about, *refusal, address),
        Fault::Final(error) => error,
    }
}

/// Returns what to tell when a request that must not be done twice may have been done.
pub(super) fn unsure(request: &Request, fault: Fault) -> ServerError {
    let why = match fault {
        Fault::NoConnection { why }
        | Fault::Broken { why }
        | Fault::Garbled { why, .. }
        | Fault::Tls { why, .. } => why,
        Fault::Status(refusal) => format!("status {} {}", refusal.status, refusal.texts.join("; ")),
        Fault::Final(error) => error.to_string(),
    };
    ServerError::Unsure {
        about: About::from(request),
        why: why.trim().to_owned(),
    }
}

/// Sorts an answer other than 2xx by its meaning (statuses and texts measured on Vault 1.21.4 and OpenBao 2.7.2).
fn refused(about: About, refusal: Refusal, address: Arc<str>) -> ServerError {
    let says = |parts: &[&str]| refusal.says(parts);
    let enterprise = says(ENTERPRISE);
    match refusal.status {
        403 if is_bad_token(&refusal.texts) => ServerError::BadToken { about },
        403 => ServerError::Denied { about },
        404 if says(&["no handler for route"]) => ServerError::NoRoute { about },
        404 if says(&["namespace not found"]) => ServerError::NoNamespace { about },
        404 if says(&["unsupported path", "enterprise-only feature"]) => {
            unsupported(about, enterprise, refusal)
        }
        404 if refusal.texts.is_empty() => ServerError::Missing {
            about,
            left: refusal.left,
        },
        405 => unsupported(about, enterprise, refusal),
        400 if enterprise => unsupported(about, enterprise, refusal),
        400 | 412 if says(CONFLICTS) => ServerError::Conflict {
            about,
            texts: refusal.texts,
        },
        429 => ServerError::RateLimited {
            about,
            texts: refusal.texts,
        },
        472 | 473 => ServerError::Standby { address },
        500 if says(NOT_DONE) => ServerError::Standby { address },
        503 if says(&["sealed"]) => ServerError::Sealed { address },
        502..=504 => ServerError::Unreachable {
            why: format!("status {} from a gateway before it", refusal.status),
            address,
        },
        300..=399 => ServerError::Redirected {
            about,
            to: refusal.location.unwrap_or_default(),
        },
        status => ServerError::Refused {
            about,
            status,
            texts: refusal.texts,
        },
    }
}

/// How Vault's community edition says what it lacks.
const ENTERPRISE: &[&str] = &[
    "enterprise-only",
    "enterprise only",
    "Enterprise only",
    "only available in enterprise",
    "community edition",
];

const CONFLICTS: &[&str] = &["did not match the current version", "on existing entry"];

fn unsupported(about: About, enterprise: bool, refusal: Refusal) -> ServerError {
    ServerError::Unsupported {
        about,
        enterprise,
        texts: refusal.texts,
    }
}

/// OpenBao tells an unknown token by the bare text, a policy's denial by the same text in a list of one; Vault names it.
fn is_bad_token(texts: &[String]) -> bool {
    texts
        .iter()
        .any(|text| text == "permission denied" || text.contains("invalid token"))
}

/// Says how a mistaken verb is told from a missing object: OpenBao answers a PATCH of what is not there with an empty body.
pub(super) fn may_be_empty(request: &Request, status: u16) -> bool {
    (200..300).contains(&status) || (status == 404 && request.verb == Verb::Patch)
}

/// Returns how long to wait before attempt `number` (from 1): doubling from 50 ms to 2 s, half of it by chance, so that many
/// clients that failed together do not come back together.
pub(super) fn pause(number: u32, chance: f64) -> Duration {
    let full = Duration::from_millis(50)
        .saturating_mul(1 << number.min(6))
        .min(Duration::from_secs(2));
    full.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, texts: &[&str]) -> Fault {
        Fault::Status(Box::new(Refusal {
            status,
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            ..Refusal::default()
        }))
    }

    fn told(code: u16, texts: &[&str]) -> &'static str {
        error_of(
            &Request::get("a/b"),
            status(code, texts),
            &"http://x".into(),
        )
        .code()
    }

    #[test]
    fn only_what_is_safe_is_repeated() {
        let many = Request::post("a", serde_json::json!({}));
        let once = many.clone().once();
        let broken = || Fault::Broken {
            why: "reset".into(),
        };
        assert_eq!(verdict(&many, &broken()), Verdict::Again(None));
        assert_eq!(verdict(&once, &broken()), Verdict::Unsure);
        let commit = status(
            500,
            &["1 error occurred:\n\t* transaction commit failed\n\n"],
        );
        assert_eq!(verdict(&many, &commit), Verdict::Again(None));
        assert_eq!(verdict(&once, &commit), Verdict::Again(None));
        for safe in [412, 429, 472, 473] {
            assert_eq!(
                verdict(&once, &status(safe, &[])),
                Verdict::Again(None),
                "{safe}"
            );
        }
        assert_eq!(
            verdict(&once, &Fault::NoConnection { why: String::new() }),
            Verdict::Again(None)
        );
        assert_eq!(verdict(&once, &status(502, &[])), Verdict::Unsure);
        assert_eq!(
            verdict(&many, &status(503, &["Vault is sealed"])),
            Verdict::Briefly
        );
        assert_eq!(
            verdict(&many, &status(500, &["invalid character 'a'"])),
            Verdict::Stop
        );
        assert_eq!(verdict(&many, &status(400, &["no"])), Verdict::Stop);
    }

    #[test]
    fn settling_texts_are_waited_for() {
        let request = Request::get("a").settles(&["still upgrading"]);
        assert_eq!(
            verdict(&request, &status(400, &["x: still upgrading, wait"])),
            Verdict::Again(None)
        );
        assert_eq!(
            verdict(&request, &status(400, &["something else"])),
            Verdict::Stop
        );
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(told(404, &[]), "not-found");
        assert_eq!(
            told(
                404,
                &["no handler for route \"x/y\". route entry not found."]
            ),
            "nothing-mounted"
        );
        assert_eq!(told(404, &["namespace not found"]), "namespace-not-found");
        assert_eq!(
            told(404, &["1 error occurred:\n\t* unsupported path\n\n"]),
            "unsupported-by-server"
        );
        assert_eq!(
            told(404, &["enterprise-only feature"]),
            "unsupported-by-server"
        );
        assert_eq!(told(405, &[]), "unsupported-by-server");
        assert_eq!(
            told(403, &["1 error occurred:\n\t* permission denied\n\n"]),
            "permission-denied"
        );
        assert_eq!(told(403, &["permission denied"]), "bad-token");
        assert_eq!(
            told(
                403,
                &["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]
            ),
            "bad-token"
        );
        assert_eq!(
            told(
                400,
                &["check-and-set parameter did not match the current version"]
            ),
            "changed-meanwhile"
        );
        assert_eq!(
            told(400, &["check-and-set parameter required for this call"]),
            "refused-by-server"
        );
        assert_eq!(told(503, &["Vault is sealed"]), "server-sealed");
        assert_eq!(
            told(
                500,
                &["local node not active but active cluster node not found"]
            ),
            "no-active-node"
        );
    }

    #[test]
    fn pauses_grow_to_a_limit_and_vary() {
        assert!(pause(1, 0.0) < pause(1, 1.0));
        assert!(pause(1, 1.0) < pause(4, 0.0));
        assert_eq!(pause(60, 1.0), Duration::from_secs(2));
    }
}
