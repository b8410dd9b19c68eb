//! Where the memory of drift is kept: in the ledger's own entry, or in a file.

use crate::command::files::words;
use crate::ledger::{Ledger, LedgerError};
use crate::operate::{durable, watch::Memory};
use crate::server::ServerError;
use crate::source::Diagnostic;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// The memory as it was read.
pub struct Kept {
    pub memory: Memory,
    read: Json,
    file: Option<PathBuf>,
    /// Why there is none that can be relied on.
    pub problem: Option<Diagnostic>,
}

/// Reads the memory. One that cannot be read is an empty one, and nothing is written over it.
pub async fn recall(ledger: &Ledger, file: Option<PathBuf>, matters: bool) -> Kept {
    let found = match &file {
        Some(path) => from_file(path),
        None => from_ledger(ledger).await,
    };
    let parsed = found.and_then(|json| {
        let memory = Memory::read(&json).map_err(|why| Some(unusable(&why)))?;
        Ok((memory, json))
    });
    match parsed {
        Ok((memory, read)) => Kept {
            memory,
            read,
            file,
            problem: None,
        },
        Err(problem) => Kept {
            memory: Memory::default(),
            read: Json::Null,
            file,
            // Who may not read it is told where it matters.
            problem: problem.or_else(|| matters.then(|| unusable("this identity may not read it"))),
        }
        .lost(),
    }
}

fn from_file(path: &Path) -> Result<Json, Option<Diagnostic>> {
    let named = |why: &str| Some(unusable(&format!("`{}`: {why}", path.display())));
    match durable::read(path) {
        Ok(None) => Ok(Json::Null),
        Ok(Some(bytes)) => {
            serde_json::from_slice(&bytes).map_err(|error| named(&error.to_string()))
        }
        Err(error) => Err(named(&words(&error))),
    }
}

/// `None` where it may not be read.
async fn from_ledger(ledger: &Ledger) -> Result<Json, Option<Diagnostic>> {
    match ledger.drift_memory().await {
        Ok(json) => Ok(json),
        Err(LedgerError::Server(ServerError::Denied { .. })) => Err(None),
        Err(error) => Err(Some(unusable(&error.to_string()))),
    }
}

fn unusable(why: &str) -> Diagnostic {
    let message = format!("what is remembered of drift cannot be used: {why}");
    Diagnostic::warning("drift-memory", message)
        .hint("each run tells of all drift as if it were new; `policy for-drift` writes the policy that a run needs, `-memory FILE` keeps it elsewhere")
}

impl Kept {
    fn lost(mut self) -> Kept {
        self.read = Json::Bool(false);
        self
    }

    /// Tells whether what is remembered can be relied on.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.read != Json::Bool(false)
    }

    /// Keeps the memory where it changed. `matters` says that somebody relies on it.
    pub async fn keep(&self, ledger: &Ledger, matters: bool) -> Option<Diagnostic> {
        let json = self.memory.to_json();
        let nothing = self.read.is_null() && self.memory == Memory::default();
        if !self.is_sound() || nothing || json == self.read {
            return None;
        }
        if let Some(path) = &self.file {
            let written = durable::write(path, json.to_string().as_bytes());
            let error = written.err()?;
            return Some(unusable(&format!(
                "`{}`: {}",
                path.display(),
                words(&error)
            )));
        }
        if ledger.missing_mount().is_some() {
            return None;
        }
        match ledger.set_drift_memory(&json).await {
            Ok(()) => None,
            Err(LedgerError::Server(ServerError::Denied { .. })) if !matters => None,
            Err(error) => Some(unusable(&error.to_string())),
        }
    }
}
