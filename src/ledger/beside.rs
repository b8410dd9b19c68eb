//! What is kept beside the records: random values, and what `drift` remembers.

use super::{Home, Ledger, LedgerError, check_name};
use crate::server::{Body, ServerError};
use serde_json::{Value as Json, json};

/// What a random value is, when it cannot be read.
const RANDOM: &str = "random values (`random_password` and its kin, `tls_private_key`)";

/// A random value that is kept beside the ledger.
#[derive(Clone, Debug, PartialEq)]
pub enum RandomValue {
    Kept(Body),
    /// This identity may not read it: it counts as held.
    NotReadable,
    /// It was never made, or is gone.
    Missing,
}

impl Ledger {
    fn random_entry(&self, birth: &str) -> Result<(&super::Entries, String), LedgerError> {
        check_name("birth id of a random value", birth)?;
        match &self.home {
            Home::Vault(shelf, _) => Ok((&shelf.entries, shelf.name(&format!("random/{birth}")))),
            Home::File(..) | Home::Nowhere => Err(LedgerError::NeedsVault { what: RANDOM }),
        }
    }

    /// Tells whether random values can be kept; a plan that needs some says so.
    ///
    /// # Errors
    /// When the ledger is not in Vault.
    pub fn check_random(&self) -> Result<(), LedgerError> {
        match self.home {
            Home::Vault(..) => Ok(()),
            Home::File(..) | Home::Nowhere => Err(LedgerError::NeedsVault { what: RANDOM }),
        }
    }

    /// Keeps a random value under its birth id. It is made once: another value under the same id is an error.
    ///
    /// # Errors
    /// When it could not be kept (it must not be used then), or the ledger is not in Vault.
    pub async fn keep_random(&self, birth: &str, value: &Json) -> Result<(), LedgerError> {
        let (entries, name) = self.random_entry(birth)?;
        let fields = Body::from(json!({ "value": value.to_string() }));
        let entry = entries.read(&name).await?;
        match &entry.fields {
            Some(kept) if *kept == fields => Ok(()),
            Some(_) => Err(LedgerError::Changed { entry: name }),
            None => entries
                .write(&name, fields, Some(entry.version))
                .await
                .map(|_| ()),
        }
    }

    /// Reads a random value.
    ///
    /// # Errors
    /// When the server cannot be asked; a denial is none.
    pub async fn read_random(&self, birth: &str) -> Result<RandomValue, LedgerError> {
        let (entries, name) = self.random_entry(birth)?;
        let entry = match entries.read(&name).await {
            Err(LedgerError::Server(ServerError::Denied { .. })) => {
                return Ok(RandomValue::NotReadable);
            }
            other => other?,
        };
        if entry.fields.is_none() {
            return Ok(RandomValue::Missing);
        }
        let value: Option<Json> = entry
            .text("value")
            .and_then(|text| serde_json::from_str(text).ok());
        let why = "it is no random value".to_owned();
        let damaged = LedgerError::Damaged { entry: name, why };
        value
            .map(|value| RandomValue::Kept(value.into()))
            .ok_or(damaged)
    }

    /// Destroys a random value, all its versions included.
    ///
    /// # Errors
    /// When that could not be done.
    pub async fn drop_random(&self, birth: &str) -> Result<(), LedgerError> {
        let (entries, name) = self.random_entry(birth)?;
        entries.destroy(&name).await
    }

    /// Reads what `drift` remembers: fingerprints, ages, what was notified. Null where there is nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn drift_memory(&self) -> Result<Json, LedgerError> {
        match &self.home {
            Home::Vault(shelf, _) => {
                let name = shelf.name("drift");
                let entry = shelf.entries.read(&name).await?;
                let Some(text) = entry.text("memory") else {
                    return Ok(Json::Null);
                };
                let read = serde_json::from_str(text);
                read.map_err(|error| LedgerError::Damaged {
                    entry: name,
                    why: error.to_string(),
                })
            }
            Home::File(cabinet, _) => cabinet.read_beside(".drift"),
            Home::Nowhere => Ok(Json::Null),
        }
    }

    /// Keeps what `drift` remembers; no part of the ledger's version. Without a ledger it is not kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn set_drift_memory(&self, memory: &Json) -> Result<(), LedgerError> {
        match &self.home {
            Home::Vault(shelf, _) => {
                let fields = json!({ "memory": memory.to_string() });
                shelf
                    .entries
                    .write(&shelf.name("drift"), fields, None)
                    .await
                    .map(|_| ())
            }
            Home::File(cabinet, _) => cabinet.write_beside(".drift", memory),
            Home::Nowhere => Ok(()),
        }
    }
}
