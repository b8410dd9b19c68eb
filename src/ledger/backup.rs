//! A copy of a whole ledger: records, key, random values, what `drift` remembers.

use super::digest::DigestKey;
use super::pack::{FORMAT, Pack, PackError};
use super::record::Records;
use super::{Home, Ledger, LedgerError, RandomValue, Settings};
use crate::server::{Body, Server};
use serde_json::{Map, Value as Json, json};
use std::io;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A copy of a ledger. It holds secrets (the key and the random values), so it is wiped when it goes, hidden in `Debug`,
/// and to be written nowhere but encrypted.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup(Body);

impl Backup {
    /// Returns the copy as JSON text.
    #[must_use]
    pub fn bytes(&self) -> Zeroizing<Vec<u8>> {
        // Measured first: a buffer that grows leaves copies behind that nobody wipes.
        let mut length = Length(0);
        let _ = serde_json::to_writer(&mut length, self.0.json());
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
        let _ = serde_json::to_writer(&mut *bytes, self.0.json());
        bytes
    }

    /// Reads what [`Backup::bytes`] wrote.
    ///
    /// # Errors
    /// When it is something else, or of a newer version.
    pub fn parse(bytes: &[u8]) -> Result<Backup, LedgerError> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        let backup = Backup(json.into());
        match backup.0.json().get("format").and_then(Json::as_u64) {
            Some(format) if format > FORMAT => Err(LedgerError::Newer {
                entry: ENTRY.into(),
                format,
            }),
            Some(_) => Ok(backup),
            None => Err(wrong("it is no backup of a ledger".into())),
        }
    }

    fn part(&self, name: &str) -> &Json {
        self.0.json().get(name).unwrap_or(&Json::Null)
    }

    fn records(&self) -> Result<Records, LedgerError> {
        let text = self.part("records").as_str().unwrap_or_default();
        let records = Pack::from_text(text).and_then(Pack::records);
        records.map_err(|error| super::shelf::unreadable(ENTRY, error))
    }

    fn key(&self) -> Result<DigestKey, LedgerError> {
        let key = self.part("key").as_str().and_then(DigestKey::parse);
        key.ok_or_else(|| wrong("it has no key".into()))
    }
}

/// What errors call a backup.
const ENTRY: &str = "backup";

fn wrong(why: String) -> LedgerError {
    super::shelf::unreadable(ENTRY, PackError::Damaged(why))
}

/// Counts bytes.
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

impl Ledger {
    /// Copies the whole ledger, random values included.
    ///
    /// # Errors
    /// When something of it may not be read: a copy without it would be worth less than it seems.
    pub async fn backup(&self) -> Result<Backup, LedgerError> {
        let everything = self.book().everything().records;
        let records = Pack::of(everything.values()).text();
        let records = records.map_err(|error| super::shelf::unreadable(ENTRY, error))?;
        let random = self.all_random().await?;
        let drift = self.drift_memory().await?;
        let key = self.key.text();
        Ok(Backup(Body::from(json!({
            "format": FORMAT, "name": self.settings.name, "workspace": self.settings.workspace,
            "key": key.as_str(), "records": records, "random": random, "drift": drift,
        }))))
    }

    async fn all_random(&self) -> Result<Json, LedgerError> {
        let mut values = Map::new();
        if let Home::Vault(shelf, _) = &self.home {
            for birth in shelf.entries.list(&shelf.name("random")).await? {
                match self.read_random(&birth).await? {
                    RandomValue::Kept(value) => values.insert(birth, value.into_json()),
                    RandomValue::Missing => None,
                    RandomValue::NotReadable => {
                        return Err(shelf.denied(&format!("random/{birth}")));
                    }
                };
            }
        }
        Ok(Json::Object(values))
    }

    /// Puts a copy in place of a ledger that is not there or owns nothing. The mount must be there.
    ///
    /// # Errors
    /// When the ledger owns objects, the copy cannot be used, or not everything could be written; then it may be repeated.
    pub async fn restore(
        server: Arc<dyn Server>,
        namespace: &str,
        settings: Settings,
        backup: &Backup,
    ) -> Result<Ledger, LedgerError> {
        let mut ledger = Ledger::open(server, namespace, settings).await?;
        let records = ledger.records().len();
        if records > 0 {
            return Err(LedgerError::NotEmpty {
                ledger: ledger.settings.ledger(),
                records,
            });
        }
        ledger.create_mount_if_missing().await?;
        ledger.use_key(backup.key()?).await?;
        for (birth, value) in backup.part("random").as_object().into_iter().flatten() {
            ledger.keep_random(birth, value).await?;
        }
        if !backup.part("drift").is_null() {
            ledger.set_drift_memory(backup.part("drift")).await?;
        }
        {
            let mut book = ledger.book();
            for stored in backup.records()?.into_values() {
                book.put(stored.owned.clone(), None);
            }
        }
        ledger.establish().await?;
        Ok(ledger)
    }

    /// Takes another key and keeps it: before the records, which are worth nothing without it.
    async fn use_key(&mut self, key: DigestKey) -> Result<(), LedgerError> {
        self.key = key;
        self.is_new = false;
        self.notices.clear();
        match &self.home {
            Home::Vault(shelf, layout) => {
                let mut layout = layout.lock().await;
                layout.key_is_kept = false;
                shelf.keep_key(&mut layout, &self.key).await
            }
            Home::File(_, key_is_kept) => {
                *key_is_kept.lock().await = false;
                Ok(())
            }
            Home::Nowhere => Ok(()),
        }
    }
}
