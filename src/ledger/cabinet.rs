//! A ledger in a local file.

use super::LedgerError;
use super::digest::DigestKey;
use super::pack::{Pack, PackError};
use super::record::Records;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The file of one workspace. The key of its digests is in another file beside it, so that who gets a copy of the
/// ledger cannot guess at values.
#[derive(Clone, Debug)]
pub(super) struct Cabinet {
    pub path: PathBuf,
}

/// What was in the file.
pub(super) struct Contents {
    pub records: Records,
    pub key: Option<DigestKey>,
    pub is_there: bool,
    pub version: u64,
}

impl Cabinet {
    /// Chooses the file: `ledger.json`, for other workspaces than the default one `ledger.NAME.json`.
    pub fn of(path: &Path, workspace: &str) -> Cabinet {
        if workspace == "default" {
            return Cabinet { path: path.into() };
        }
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy());
        let extension = extension.unwrap_or_else(|| "json".into());
        Cabinet {
            path: path.with_extension(format!("{workspace}.{extension}")),
        }
    }

    /// Returns the path of a file beside it.
    pub fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    /// Reads the ledger.
    pub fn load(&self) -> Result<Contents, LedgerError> {
        let bytes = read(&self.path)?;
        let key_path = self.beside(".key");
        let key = read(&key_path)?.map(zeroize::Zeroizing::new);
        let damaged = || file_error(&key_path, "it holds no key");
        let text = key.as_ref().map(|bytes| std::str::from_utf8(bytes));
        let text = text.transpose().map_err(|_| damaged())?;
        let key = text.map(|text| DigestKey::parse(text.trim()).ok_or_else(damaged));
        let records = match &bytes {
            None => Records::new(),
            Some(bytes) => Pack::from_json(bytes)
                .and_then(Pack::records)
                .map_err(|error| self.unreadable(error))?,
        };
        Ok(Contents {
            records,
            key: key.transpose()?,
            version: bytes
                .as_ref()
                .map(|bytes| identify([bytes.as_slice()]))
                .unwrap_or_default(),
            is_there: bytes.is_some(),
        })
    }

    fn unreadable(&self, error: PackError) -> LedgerError {
        super::shelf::unreadable(&self.path.display().to_string(), error)
    }

    /// Writes the ledger: wholly or not at all.
    pub fn save(&self, records: &Records, key: Option<&DigestKey>) -> Result<(), LedgerError> {
        if let Some(key) = key {
            replace(&self.beside(".key"), key.text().as_bytes())?;
        }
        let json = serde_json::to_vec(&Pack::of(records.values()));
        let json = json.map_err(|error| file_error(&self.path, error))?;
        replace(&self.path, &json)
    }

    /// Reads a small file of JSON beside it; null where there is none.
    pub fn read_beside(&self, suffix: &str) -> Result<serde_json::Value, LedgerError> {
        let path = self.beside(suffix);
        match read(&path)? {
            None => Ok(serde_json::Value::Null),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| file_error(&path, error)),
        }
    }

    /// Writes a small file beside it.
    pub fn write_beside(&self, suffix: &str, json: &serde_json::Value) -> Result<(), LedgerError> {
        replace(&self.beside(suffix), json.to_string().as_bytes())
    }

    /// Removes the ledger and what is beside it.
    pub fn remove(&self) -> Result<(), LedgerError> {
        let beside = [".key", ".drift", ".lock"].map(|suffix| self.beside(suffix));
        for path in std::iter::once(self.path.clone()).chain(beside) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(file_error(&path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Identifies a content; never 0.
pub(super) fn identify<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    }
    let hash = hash.finalize();
    hash.iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
        .max(1)
}

pub(super) fn file_error(path: &Path, why: impl ToString) -> LedgerError {
    LedgerError::File {
        path: path.into(),
        why: why.to_string(),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(path, error)),
    }
}

/// Puts a file in place of another at once: readers see the old one or the new one, also after a power cut.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let wrong = |error: std::io::Error| file_error(path, error);
    std::fs::create_dir_all(folder).map_err(wrong)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(bytes).map_err(wrong)?;
    file.as_file().sync_all().map_err(wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    // Not every system can do this to a folder; the file itself is written.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}
