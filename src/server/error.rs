//! What can keep a request from being done, sorted by what the user or the caller can do about it.

use super::message::{Reply, Request, Verb};
use crate::source::Diagnostic;
use std::fmt;
use std::sync::Arc;

/// The request that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub verb: Verb,
    /// Absolute; empty for the root namespace.
    pub namespace: Arc<str>,
    pub path: Arc<str>,
}

impl From<&Request> for About {
    fn from(request: &Request) -> About {
        About {
            verb: request.verb,
            namespace: request.namespace.clone(),
            path: request.path.clone(),
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} `{}`", self.verb, self.path)?;
        if !self.namespace.is_empty() {
            write!(out, " in namespace `{}`", self.namespace)?;
        }
        Ok(())
    }
}

/// Why a request was not done. No variant holds a secret: texts of the server are scrubbed before they get here.
#[derive(Clone, Debug)]
pub enum ServerError {
    /// 403: a policy does not allow it (or, with a token that is not root, nothing is mounted there).
    Denied { about: About },
    /// 403: the token itself is unknown, expired or revoked.
    BadToken { about: About },
    /// 404 without a text: the object is not there, or the list is empty. `left` is what the server still says about
    /// it: the metadata of a KV secret whose version was deleted.
    Missing {
        about: About,
        left: Option<Box<Reply>>,
    },
    /// Nothing is mounted at the path.
    NoRoute { about: About },
    /// The namespace does not exist.
    NoNamespace { about: About },
    /// This server cannot do it at all; never a sign that an object is absent.
    Unsupported {
        about: About,
        enterprise: bool,
        texts: Vec<String>,
    },
    /// Check-and-set failed: somebody else wrote in between.
    Conflict { about: About, texts: Vec<String> },
    /// The server understood and refused, or failed in a way that does not pass by itself.
    Refused {
        about: About,
        status: u16,
        texts: Vec<String>,
    },
    /// 429 until the deadline.
    RateLimited { about: About, texts: Vec<String> },
    /// The server is sealed.
    Sealed { address: Arc<str> },
    /// The server was never initialised.
    Uninitialised { address: Arc<str> },
    /// No node of the cluster leads, until the deadline.
    Standby { address: Arc<str> },
    /// No answer until the deadline.
    Unreachable { address: Arc<str>, why: String },
    /// The TLS handshake failed.
    Tls {
        address: Arc<str>,
        why: String,
        hint: String,
    },
    /// The server wants to send us elsewhere, and the place is not its leader's address.
    Redirected { about: About, to: String },
    /// The request may or may not have been done, and doing it twice would make two: ask the server.
    Unsure { about: About, why: String },
    /// A namespace was asked for on a server that ignores namespaces.
    NoNamespacesHere { about: About, server: String },
    /// The answer is not what a Vault server sends.
    Garbled {
        about: About,
        status: u16,
        why: String,
    },
    /// What it depends on holds no more: the lock was lost.
    Withheld { about: About },
    /// A path, header or body that we do not send.
    Invalid { about: About, why: String },
    /// An address, certificate file, environment variable or login argument that cannot be used.
    Settings { what: String, hint: String },
}

impl ServerError {
    /// Returns the request that it is about, when it is about one.
    #[must_use]
    pub fn about(&self) -> Option<&About> {
        use ServerError as E;
        match self {
            E::Denied { about }
            | E::BadToken { about }
            | E::Missing { about, .. }
            | E::NoRoute { about }
            | E::NoNamespace { about }
            | E::Unsupported { about, .. }
            | E::Conflict { about, .. }
            | E::Refused { about, .. }
            | E::RateLimited { about, .. }
            | E::Redirected { about, .. }
            | E::Unsure { about, .. }
            | E::NoNamespacesHere { about, .. }
            | E::Garbled { about, .. }
            | E::Withheld { about }
            | E::Invalid { about, .. } => Some(about),
            E::Sealed { .. }
            | E::Uninitialised { .. }
            | E::Standby { .. }
            | E::Unreachable { .. }
            | E::Tls { .. }
            | E::Settings { .. } => None,
        }
    }

    /// Tells whether it says that nothing is at the path: no object, no mount or no namespace.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            ServerError::Missing { .. }
                | ServerError::NoRoute { .. }
                | ServerError::NoNamespace { .. }
        )
    }

    /// Tells whether a request that is sent once at most was certainly not done: it was refused, or never arrived.
    #[must_use]
    pub fn is_not_done(&self) -> bool {
        use ServerError as E;
        match self {
            E::Refused { status, .. } => (400..500).contains(status),
            E::Unsure { .. } | E::Garbled { .. } => false,
            _ => true,
        }
    }

    /// Tells whether no server could be worked with: exit code 7 of `apply`.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            ServerError::Sealed { .. }
                | ServerError::Uninitialised { .. }
                | ServerError::Standby { .. }
                | ServerError::Unreachable { .. }
                | ServerError::Tls { .. }
        )
    }

    /// Returns the server's own words, scrubbed; empty for errors that are ours.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        match self {
            ServerError::Unsupported { texts, .. }
            | ServerError::Conflict { texts, .. }
            | ServerError::Refused { texts, .. }
            | ServerError::RateLimited { texts, .. } => texts,
            _ => &[],
        }
    }

    /// Returns a stable kebab-case code for diagnostics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        use ServerError as E;
        match self {
            E::Denied { .. } => "permission-denied",
            E::BadToken { .. } => "bad-token",
            E::Missing { .. } => "not-found",
            E::NoRoute { .. } => "nothing-mounted",
            E::NoNamespace { .. } => "namespace-not-found",
            E::Unsupported { .. } => "unsupported-by-server",
            E::Conflict { .. } => "changed-meanwhile",
            E::Refused { .. } => "refused-by-server",
            E::RateLimited { .. } => "rate-limited",
            E::Sealed { .. } => "server-sealed",
            E::Uninitialised { .. } => "server-uninitialised",
            E::Standby { .. } => "no-active-node",
            E::Unreachable { .. } => "server-unreachable",
            E::Tls { .. } => "tls-failed",
            E::Redirected { .. } => "redirect-not-followed",
            E::Unsure { .. } => "outcome-unknown",
            E::NoNamespacesHere { .. } => "namespaces-unsupported",
            E::Garbled { .. } => "not-a-vault-answer",
            E::Withheld { .. } => "lock-lost",
            E::Invalid { .. } => "request-not-sent",
            E::Settings { .. } => "connection-settings",
        }
    }

    /// Returns what the user can do about it, when there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        use ServerError as E;
        Some(match self {
            E::Denied { about } => format!(
                "give the token a policy with `path \"{}\" {{ capabilities = [{}] }}`",
                about.path,
                quoted(about)
            ),
            E::BadToken { .. } => "log in again, or set `VAULT_TOKEN` to a token that is still valid".into(),
            E::NoRoute { about } => format!("check that something is mounted at the start of `{}`", about.path),
            E::NoNamespace { about } => format!("create the namespace `{}` first", about.namespace),
            E::Unsupported { enterprise: true, .. } => "it needs Vault Enterprise".into(),
            E::Conflict { .. } => "run again: the next plan starts from what is there now".into(),
            E::RateLimited { .. } => "lower `-parallelism`, set `VAULT_RATE_LIMIT`, or raise the server's quota".into(),
            E::Sealed { .. } => "unseal it, then run again".into(),
            E::Uninitialised { .. } => "initialise it with `vaultform bootstrap`".into(),
            E::Standby { .. } => "check that the cluster has a leader: GET `sys/leader`".into(),
            E::Unreachable { .. } => "check the address (`VAULT_ADDR`, or `address` in the provider block) and that the server runs".into(),
            E::Tls { hint, .. } | E::Settings { hint, .. } => hint.clone(),
            E::Redirected { .. } => "set the address to the active node itself, or let the standby forward requests".into(),
            E::Withheld { .. } => "run again: the next run looks at what is there and goes on".into(),
            E::Unsure { .. } => "run again: the next run looks at what is there before it writes".into(),
            E::NoNamespacesHere { .. } => "remove the namespace, or point it at OpenBao or Vault Enterprise".into(),
            E::Garbled { .. } => "check that the address is that of the server's API, path prefix included".into(),
            E::Missing { .. } | E::Unsupported { .. } | E::Refused { .. } | E::Invalid { .. } => return None,
        })
        .filter(|hint| !hint.is_empty())
    }

    /// Returns it as something to tell the user; the caller adds the span and the object's address.
    #[must_use]
    pub fn to_diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code(), self.to_string());
        match self.hint() {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }
    }
}

/// Lists the capabilities that a request needs, as a policy spells them: `"create", "update"`.
fn quoted(about: &About) -> String {
    let named = about.verb.capability().split(" or ");
    let sudo = needs_sudo(&about.path).then_some("sudo");
    let each = named.chain(sudo).map(|one| format!("\"{one}\""));
    each.collect::<Vec<_>>().join(", ")
}

/// Tells whether the path is one of those that need `sudo` besides (`x-vault-sudo` of both products' OpenAPI documents).
fn needs_sudo(path: &str) -> bool {
    const EXACT: &[&str] = &[
        "sys/remount",
        "sys/seal",
        "sys/step-down",
        "sys/config/cors",
        "auth/token/accessors",
    ];
    const BELOW: &[&str] = &[
        "sys/audit",
        "sys/auth",
        "sys/config/auditing",
        "sys/config/ui/headers",
        "sys/leases",
        "sys/plugins/catalog",
        "sys/raw",
        "sys/rotate",
        "sys/storage/raft/snapshot-auto",
    ];
    let below = |start: &&str| {
        path.strip_prefix(*start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // Listing the auth methods is the one request below `sys/auth` that needs none.
    path != "sys/auth" && (EXACT.contains(&path) || BELOW.iter().any(below))
}

/// Joins the server's texts into one line without its list marks.
fn joined(texts: &[String]) -> String {
    let lines = texts.iter().flat_map(|text| text.lines());
    let lines = lines.map(|line| line.trim().trim_start_matches("* "));
    let said = |line: &&str| !line.is_empty() && !is_counting_line(line);
    lines.filter(said).collect::<Vec<_>>().join("; ")
}

/// `1 error occurred:` and its plural say nothing.
fn is_counting_line(line: &str) -> bool {
    line.ends_with(" error occurred:") || line.ends_with(" errors occurred:")
}

impl fmt::Display for ServerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ServerError as E;
        match self {
            E::Denied { about } => {
                write!(
                    out,
                    "{about} is denied: the token lacks the capability {}",
                    about.verb.capability()
                )
            }
            E::BadToken { about } => write!(out, "{about} is denied: the token is not valid"),
            E::Missing { about, .. } => write!(out, "{about}: nothing is there"),
            E::NoRoute { about } => write!(out, "{about}: nothing is mounted there"),
            E::NoNamespace { about } => write!(out, "{about}: the namespace does not exist"),
            E::Unsupported { about, texts, .. } => {
                write!(out, "{about}: this server does not support it")?;
                with_texts(out, texts)
            }
            E::Conflict { about, texts } => {
                write!(out, "{about}: it was changed by somebody else meanwhile")?;
                with_texts(out, texts)
            }
            E::Refused {
                about,
                status,
                texts,
            } => {
                write!(out, "{about} was refused with status {status}")?;
                with_texts(out, texts)
            }
            E::RateLimited { about, texts } => {
                write!(out, "{about}: too many requests")?;
                with_texts(out, texts)
            }
            E::Sealed { address } => write!(out, "the server at `{address}` is sealed"),
            E::Uninitialised { address } => {
                write!(out, "the server at `{address}` is not initialised")
            }
            E::Standby { address } => write!(
                out,
                "the server at `{address}` is a standby and finds no active node"
            ),
            E::Unreachable { address, why } => {
                write!(out, "the server at `{address}` cannot be reached: {why}")
            }
            E::Tls { address, why, .. } => {
                write!(out, "no secure connection to `{address}`: {why}")
            }
            E::Redirected { about, to } => write!(
                out,
                "{about}: the server redirects to `{to}`, which is not its leader"
            ),
            E::Unsure { about, why } => write!(out, "{about} may or may not have been done: {why}"),
            E::NoNamespacesHere { about, server } => {
                write!(
                    out,
                    "{about}: {server} has no namespaces and would write into its root"
                )
            }
            E::Garbled { about, status, why } => write!(
                out,
                "{about}: the answer (status {status}) is not one of Vault's: {why}"
            ),
            E::Withheld { about } => {
                write!(out, "{about} was not sent: the ledger's lock was lost")
            }
            E::Invalid { about, why } => write!(out, "{about} was not sent: {why}"),
            E::Settings { what, .. } => out.write_str(what),
        }
    }
}

fn with_texts(out: &mut fmt::Formatter<'_>, texts: &[String]) -> fmt::Result {
    match joined(texts) {
        empty if empty.is_empty() => Ok(()),
        text => write!(out, ": {text}"),
    }
}

impl std::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_path_capability_and_namespace() {
        let request = Request::post("sys/mounts/kv", serde_json::json!({})).namespace("/team-a/");
        let error = ServerError::Denied {
            about: About::from(&request),
        };
        let text = error.to_string();
        for part in ["`sys/mounts/kv`", "create or update", "`team-a`"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(error.hint().unwrap().contains(r#"["create", "update"]"#));
    }

    #[test]
    fn the_servers_list_marks_are_cut() {
        let texts = vec!["1 error occurred:\n\t* unsupported path\n\n".to_owned()];
        assert_eq!(joined(&texts), "unsupported path");
    }
}
