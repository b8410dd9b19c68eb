//! What can go wrong with the ledger, sorted by what the user or the caller can do about it.

use super::lock::Held;
use crate::server::ServerError;
use crate::source::Diagnostic;
use std::fmt;
use std::path::PathBuf;

/// Why the ledger could not be read or written. No variant holds a secret.
#[derive(Clone, Debug)]
pub enum LedgerError {
    /// The server did not do it; a denial names path and capability.
    Server(ServerError),
    /// Another run holds the lock: exit code 5 of `apply`.
    Locked(Box<Held>),
    /// `force-unlock` named a run that does not hold the lock; who does, if anybody.
    NotTheHolder(Option<Box<Held>>),
    /// Somebody else wrote to the ledger meanwhile.
    Changed { entry: String },
    /// An entry is not what was written.
    Damaged { entry: String, why: String },
    /// A later version of this program wrote it.
    Newer { entry: String, format: u64 },
    /// The mount is not there, and may not be made (`create = false`).
    NoMount { mount: String },
    /// Something else than KV version 2 is mounted there.
    NotVersioned { mount: String },
    /// Random values need the ledger in Vault.
    NeedsVault { what: &'static str },
    /// A name that cannot be part of a path.
    Name { what: &'static str, name: String },
    /// A ledger with records is in the way.
    NotEmpty { ledger: String, records: usize },
    /// One record alone is larger than an entry may be.
    TooLarge { entry: String, bytes: usize },
    /// The local file could not be read or written.
    File { path: PathBuf, why: String },
}

impl From<ServerError> for LedgerError {
    fn from(error: ServerError) -> LedgerError {
        LedgerError::Server(error)
    }
}

impl LedgerError {
    /// Returns a stable kebab-case code for diagnostics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            LedgerError::Server(error) => error.code(),
            LedgerError::Locked(_) => "ledger-locked",
            LedgerError::NotTheHolder(_) => "not-the-holder",
            LedgerError::Changed { .. } => "ledger-changed",
            LedgerError::Damaged { .. } => "ledger-damaged",
            LedgerError::Newer { .. } => "ledger-newer",
            LedgerError::NoMount { .. } => "ledger-mount-missing",
            LedgerError::NotVersioned { .. } => "ledger-mount-unfit",
            LedgerError::NeedsVault { .. } => "ledger-needs-vault",
            LedgerError::Name { .. } => "ledger-name",
            LedgerError::NotEmpty { .. } => "ledger-not-empty",
            LedgerError::TooLarge { .. } => "ledger-too-large",
            LedgerError::File { .. } => "ledger-file",
        }
    }

    /// Tells whether another run holds the lock: exit code 5 of `apply`.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self, LedgerError::Locked(_))
    }

    /// Tells whether no server could be worked with: exit code 7 of `apply`.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, LedgerError::Server(error) if error.is_unreachable())
    }

    /// Returns what the user can do about it, when there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            LedgerError::Server(error) => return error.hint(),
            LedgerError::Locked(held) => format!(
                "wait for it, raise `-lock-timeout`, or if it is certainly dead: `vaultform force-unlock {}`",
                held.holder.run
            ),
            LedgerError::NotTheHolder(Some(held)) => format!("the lock's id is `{}`", held.holder.run),
            LedgerError::Changed { .. } => "run again: the next run reads what is there now".into(),
            LedgerError::Damaged { .. } => {
                "restore an older version of the entry (`kv rollback`, `kv undelete`) or a backup of the ledger".into()
            }
            LedgerError::Newer { .. } => "use a version of vaultform that is at least as new as the last one used here".into(),
            LedgerError::NoMount { mount } => format!(
                "mount it by hand (`secrets enable -path={mount} -version=2 kv`), or leave out `create = false`"
            ),
            LedgerError::NotVersioned { .. } => "name another mount in `ledger { mount = … }` of `vaultform.hcl`".into(),
            LedgerError::NeedsVault { .. } => "keep the ledger in Vault: leave out `file` and `none` in `vaultform.hcl`".into(),
            LedgerError::Name { .. } => "use letters, digits, `-`, `_` and `.`".into(),
            LedgerError::NotEmpty { .. } => "destroy its objects first, or force it".into(),
            LedgerError::NotTheHolder(None) | LedgerError::TooLarge { .. } | LedgerError::File { .. } => return None,
        })
    }

    /// Returns it as something to tell the user.
    #[must_use]
    pub fn to_diagnostic(&self) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code(), self.to_string());
        match self.hint() {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerError::Server(error) => write!(out, "the ledger: {error}"),
            LedgerError::Locked(held) => write!(out, "the ledger is locked by {held}"),
            LedgerError::NotTheHolder(Some(held)) => {
                write!(out, "another run holds the lock: {held}")
            }
            LedgerError::NotTheHolder(None) => out.write_str("nobody holds the lock"),
            LedgerError::Changed { entry } => {
                write!(
                    out,
                    "somebody else wrote to the ledger meanwhile: `{entry}`"
                )
            }
            LedgerError::Damaged { entry, why } => {
                write!(out, "the ledger's entry `{entry}` cannot be used: {why}")
            }
            LedgerError::Newer { entry, format } => write!(
                out,
                "the ledger's entry `{entry}` was written by a newer vaultform (format {format})"
            ),
            LedgerError::NoMount { mount } => {
                write!(out, "the ledger's mount `{mount}` does not exist")
            }
            LedgerError::NotVersioned { mount } => {
                write!(out, "the ledger's mount `{mount}` is not KV version 2")
            }
            LedgerError::NeedsVault { what } => write!(out, "{what} need a ledger in Vault"),
            LedgerError::Name { what, name } => write!(out, "`{name}` cannot be the {what}"),
            LedgerError::NotEmpty { ledger, records } => {
                write!(out, "the ledger `{ledger}` still owns {records} objects")
            }
            LedgerError::TooLarge { entry, bytes } => {
                write!(
                    out,
                    "the ledger's entry `{entry}` would have {bytes} bytes, more than a server takes"
                )
            }
            LedgerError::File { path, why } => {
                write!(out, "the ledger's file `{}`: {why}", path.display())
            }
        }
    }
}

impl std::error::Error for LedgerError {}
