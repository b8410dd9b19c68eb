//! The ledgers of a mount: their names, who owns what, and their removal.

use super::entries::Entries;
use super::shelf::Shelf;
use super::{Home, Ledger, LedgerError, Lock, Removed, entries};
use crate::server::{Server, ServerError};
use crate::value::{Address, ServerPath};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What a ledger is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerName {
    pub name: String,
    pub workspace: String,
}

impl fmt::Display for LedgerName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.workspace.as_str() {
            "default" => out.write_str(&self.name),
            workspace => write!(out, "{}/{workspace}", self.name),
        }
    }
}

/// Another ledger that owns a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherOwner {
    pub ledger: LedgerName,
    pub address: Address,
    /// The type it is declared as there.
    pub type_name: Arc<str>,
}

/// Who owns what, by the other ledgers of the mount.
pub(super) type Others = HashMap<ServerPath, Vec<OtherOwner>>;

/// Lists the ledgers of a mount, as far as this identity may: none where there is no mount.
///
/// # Errors
/// When the server cannot be asked, or the mount may not be listed.
pub async fn ledgers(
    server: Arc<dyn Server>,
    namespace: &str,
    mount: &str,
) -> Result<Vec<LedgerName>, LedgerError> {
    list(&entries(server, namespace, mount)).await
}

/// Returns an empty list for what may not be listed.
fn if_allowed<T: Default>(result: Result<T, LedgerError>) -> Result<T, LedgerError> {
    match result {
        Err(LedgerError::Server(ServerError::Denied { .. })) => Ok(T::default()),
        other => other,
    }
}

async fn list(entries: &Entries) -> Result<Vec<LedgerName>, LedgerError> {
    let mut found = Vec::new();
    for name in folders(&entries.list("").await?) {
        for workspace in folders(&if_allowed(entries.list(&name).await)?) {
            // A run that only waited for a lock leaves other entries.
            let inside = if_allowed(entries.list(&format!("{name}/{workspace}")).await)?;
            if inside.iter().any(|entry| entry == "index") {
                found.push(LedgerName {
                    name: name.clone(),
                    workspace,
                });
            }
        }
    }
    Ok(found)
}

fn folders(names: &[String]) -> Vec<String> {
    names
        .iter()
        .filter_map(|name| Some(name.strip_suffix('/')?.to_owned()))
        .collect()
}

impl Ledger {
    /// Returns which other readable ledgers of this mount own a place. They are read once, when first asked for.
    ///
    /// # Errors
    /// When the server cannot be asked; ledgers that may not be read, or cannot be, are passed over.
    pub async fn owners_of(&self, place: &ServerPath) -> Result<Vec<OtherOwner>, LedgerError> {
        let others = self.others.get_or_try_init(|| self.read_others()).await?;
        Ok(others.get(place).cloned().unwrap_or_default())
    }

    async fn read_others(&self) -> Result<Others, LedgerError> {
        let mut others = Others::new();
        let Home::Vault(shelf, _) = &self.home else {
            return Ok(others);
        };
        for ledger in if_allowed(list(&shelf.entries).await)? {
            let own =
                ledger.name == self.settings.name && ledger.workspace == self.settings.workspace;
            if own {
                continue;
            }
            let name = format!("{}/{}", ledger.name, ledger.workspace);
            let other = Shelf::of(shelf.entries.clone(), &name);
            match other.load().await {
                Ok(loaded) => {
                    for owned in super::Book::new(loaded.records).owned() {
                        let owner = OtherOwner {
                            ledger: ledger.clone(),
                            address: owned.address.clone(),
                            type_name: owned.type_name.clone(),
                        };
                        others.entry(owned.place.clone()).or_default().push(owner);
                    }
                }
                // What cannot be read cannot be asked, and must not keep this configuration from being planned.
                Err(LedgerError::Server(ServerError::Denied { .. })) => {}
                Err(LedgerError::Damaged { .. } | LedgerError::Newer { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(others)
    }

    /// Removes a ledger that owns nothing any more, and its mount when that was ours and holds no other ledger. The lock
    /// goes with it, or is given back.
    ///
    /// # Errors
    /// When that could not be done.
    pub async fn remove_if_empty(&self, lock: Option<Lock>) -> Result<Removed, LedgerError> {
        if !self.remembers() || !self.book().is_empty() {
            if let Some(lock) = lock {
                lock.release().await?;
            }
            return Ok(Removed::default());
        }
        self.remove(lock, false).await
    }

    /// Removes a ledger; with `force` also one that still owns objects, which are then nobody's.
    ///
    /// # Errors
    /// When it still owns objects, the lock is lost, or that could not be done.
    pub async fn remove(&self, lock: Option<Lock>, force: bool) -> Result<Removed, LedgerError> {
        let records = self.book().owned().len();
        if records > 0 && !force {
            if let Some(lock) = lock {
                lock.release().await?;
            }
            return Err(LedgerError::NotEmpty {
                ledger: self.settings.ledger(),
                records,
            });
        }
        if let Some(lock) = &lock
            && !lock.held().await
        {
            return Err(LedgerError::Changed {
                entry: "lock".into(),
            });
        }
        match &self.home {
            Home::Vault(shelf, layout) => {
                // Nobody writes from here on; dropping the lock ends its renewal, and its entry goes last.
                let mut layout = layout.lock().await;
                drop(lock);
                shelf.destroy().await?;
                *layout = super::Layout::default();
                let mount = self.may_unmount() && shelf.entries.remove_mount().await?;
                Ok(Removed {
                    ledger: true,
                    mount,
                })
            }
            Home::File(cabinet, key_is_kept) => {
                let mut key_is_kept = key_is_kept.lock().await;
                cabinet.remove()?;
                *key_is_kept = false;
                drop(lock);
                Ok(Removed {
                    ledger: true,
                    mount: false,
                })
            }
            Home::Nowhere => Ok(Removed::default()),
        }
    }

    fn may_unmount(&self) -> bool {
        matches!(self.settings.kind, super::Kind::Vault { create: true, .. })
    }
}
