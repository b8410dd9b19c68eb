//! The ledger: which objects are ours, keyed digests of what cannot be read back, the lock, and random values. It is
//! kept in Vault itself (a KV version 2 mount of its own), in a local file, or nowhere.
//!
//! No record holds a value: only digests and the non-secret arguments of deletion. All calls may run at once.

mod backup;
mod beside;
mod book;
mod cabinet;
mod digest;
mod entries;
mod error;
mod lock;
mod others;
mod pack;
mod process;
mod record;
mod renewal;
mod save;
mod shards;
mod shelf;

pub use backup::Backup;
pub use beside::RandomValue;
pub use error::LedgerError;
pub use lock::{Held, Holder, Lock, LockWish};
pub use others::{LedgerName, OtherOwner, ledgers};

use crate::plan::Owned;
use crate::plan::change::Digester;
use crate::server::Server;
use crate::source::Diagnostic;
use crate::value::{Address, ServerPath};
use book::Book;
use cabinet::Cabinet;
use digest::DigestKey;
use entries::Entries;
use record::{RecordKey, Records};
use shelf::{Layout, Shelf};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Plain, MutexGuard, PoisonError};
use tokio::sync::{Mutex, OnceCell};

/// Where ledgers are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In a KV version 2 mount of the server; `create` says whether it may be made when it is not there.
    Vault { mount: String, create: bool },
    /// In a local JSON file.
    File(PathBuf),
    /// Nowhere: nothing is remembered.
    None,
}

/// Which ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub kind: Kind,
    /// The configuration's name.
    pub name: String,
    /// `default` where none was chosen.
    pub workspace: String,
}

/// What [`Ledger::remove_if_empty`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub ledger: bool,
    /// It was the last ledger of the mount, and the mount was ours.
    pub mount: bool,
}

/// A ledger as it was read, and what this run has added to it since.
pub struct Ledger {
    settings: Settings,
    home: Home,
    key: DigestKey,
    is_new: bool,
    version: u64,
    notices: Vec<Diagnostic>,
    unmounted: AtomicBool,
    book: Plain<Book>,
    others: OnceCell<others::Others>,
}

/// Where a ledger is kept, with what is known of its entries. Who writes holds the lock of that.
enum Home {
    Vault(Shelf, Mutex<Layout>),
    /// Whether the key is in its file.
    File(Cabinet, Mutex<bool>),
    Nowhere,
}

/// What was read of a ledger.
struct Read {
    home: Home,
    records: Records,
    key: Option<DigestKey>,
    is_there: bool,
    version: u64,
    unmounted: bool,
}

impl Settings {
    /// Refuses names that cannot be part of a path.
    fn check(&self) -> Result<(), LedgerError> {
        for (what, name) in [
            ("name of a ledger", &self.name),
            ("name of a workspace", &self.workspace),
        ] {
            check_name(what, name)?;
        }
        match &self.kind {
            Kind::Vault { mount, .. } => mount
                .trim_matches('/')
                .split('/')
                .try_for_each(|part| check_name("mount of a ledger", part)),
            Kind::File(_) | Kind::None => Ok(()),
        }
    }

    /// Returns `NAME/WORKSPACE`.
    fn ledger(&self) -> String {
        format!("{}/{}", self.name, self.workspace)
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), LedgerError> {
    let odd = |letter: char| letter == '/' || letter == '\\' || letter.is_control();
    let bad =
        name.is_empty() || name.trim() != name || name == "." || name == ".." || name.contains(odd);
    match bad {
        true => Err(LedgerError::Name {
            what,
            name: name.into(),
        }),
        false => Ok(()),
    }
}

fn entries(server: Arc<dyn Server>, namespace: &str, mount: &str) -> Entries {
    Entries {
        server,
        namespace: namespace.trim_matches('/').into(),
        mount: mount.trim_matches('/').into(),
    }
}

async fn read_vault(entries: Entries, ledger: &str) -> Result<Read, LedgerError> {
    let shelf = Shelf::of(entries, ledger);
    let loaded = shelf.load().await?;
    let is_there = loaded.layout.is_there();
    if !is_there && !loaded.unmounted {
        shelf.entries.check_mount().await?;
    }
    Ok(Read {
        home: Home::Vault(shelf, Mutex::new(loaded.layout)),
        records: loaded.records,
        key: loaded.key,
        is_there,
        version: loaded.version,
        unmounted: loaded.unmounted,
    })
}

fn read_file(cabinet: Cabinet) -> Result<Read, LedgerError> {
    let contents = cabinet.load()?;
    Ok(Read {
        home: Home::File(cabinet, Mutex::new(contents.key.is_some())),
        records: contents.records,
        key: contents.key,
        is_there: contents.is_there,
        version: contents.version,
        unmounted: false,
    })
}

fn read_nothing() -> Read {
    Read {
        home: Home::Nowhere,
        records: Records::new(),
        key: None,
        is_there: false,
        version: 0,
        unmounted: false,
    }
}

impl Ledger {
    /// Reads a ledger; one that is not there is empty. Writes nothing and needs only `read` (for a new one in a mount that
    /// is there, `sys/internal/ui/mounts` is asked besides, where that is allowed).
    ///
    /// # Errors
    /// When it may not be read, or is damaged.
    pub async fn open(
        server: Arc<dyn Server>,
        namespace: &str,
        settings: Settings,
    ) -> Result<Ledger, LedgerError> {
        settings.check()?;
        let read = match &settings.kind {
            Kind::Vault { mount, .. } => {
                read_vault(entries(server, namespace, mount), &settings.ledger()).await?
            }
            Kind::File(path) => read_file(Cabinet::of(path, &settings.workspace))?,
            Kind::None => read_nothing(),
        };
        Ok(Ledger::of(settings, read))
    }

    fn of(settings: Settings, read: Read) -> Ledger {
        let mut book = Book::new(read.records);
        let mut notices = Vec::new();
        if read.is_there && read.key.is_none() {
            book.strip_digests();
            notices.push(lost_key(&settings));
        }
        Ledger {
            settings,
            home: read.home,
            is_new: read.key.is_none(),
            key: read.key.unwrap_or_else(DigestKey::random),
            version: read.version,
            notices,
            unmounted: AtomicBool::new(read.unmounted),
            book: Plain::new(book),
            others: OnceCell::new(),
        }
    }

    /// Nobody panics while holding it; were it so, the records would still be whole.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the settings that it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Lists all records, those with a pending write included.
    #[must_use]
    pub fn records(&self) -> Vec<Arc<Owned>> {
        self.book().owned()
    }

    /// Makes digests with the ledger's key.
    #[must_use]
    pub fn digester(&self) -> &dyn Digester {
        &self.key
    }

    /// Tells whether undeclared objects can be told from others: `false` without a ledger (`none`).
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.settings.kind != Kind::None
    }

    /// Tells whether there was no key yet when it was opened: its digests then mean nothing to another run (a saved plan
    /// has none of sensitive values).
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Identifies the content that was read, for saved plans; 0 where there was none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns what was odd when it was read: warnings.
    #[must_use]
    pub fn notices(&self) -> &[Diagnostic] {
        &self.notices
    }

    /// Returns the mount that is not there: the first apply makes it, or (`create = false`) cannot.
    #[must_use]
    pub fn missing_mount(&self) -> Option<&str> {
        match &self.home {
            Home::Vault(shelf, _) if self.unmounted.load(Ordering::Acquire) => {
                Some(&shelf.entries.mount)
            }
            _ => None,
        }
    }

    /// Makes the mount when it is not there; tells whether it was made. To be called before [`Ledger::lock`].
    ///
    /// # Errors
    /// When it may not be made, or something else is mounted there.
    pub async fn create_mount_if_missing(&self) -> Result<bool, LedgerError> {
        let (Home::Vault(shelf, _), Kind::Vault { create, .. }) = (&self.home, &self.settings.kind)
        else {
            return Ok(false);
        };
        let Some(mount) = self.missing_mount() else {
            return Ok(false);
        };
        if !create {
            return Err(LedgerError::NoMount {
                mount: mount.into(),
            });
        }
        let made = shelf.entries.make_mount().await?;
        self.unmounted.store(false, Ordering::Release);
        Ok(made)
    }

    /// Waits for the lock, and takes it over from a holder that is dead or has not renewed it for 20 seconds.
    ///
    /// What was read before the lock was got may be old by then: open the ledger again when [`Ledger::version`] matters.
    ///
    /// # Errors
    /// When another run still holds it after the wait.
    pub async fn lock(&self, wish: LockWish<'_>) -> Result<Lock, LedgerError> {
        match &self.home {
            Home::Vault(shelf, _) => {
                let (name, clock) = (shelf.name("lock"), shelf.name("clock"));
                lock::take_entry(&shelf.entries, &name, &clock, &wish).await
            }
            Home::File(cabinet, _) => lock::take_file(cabinet, &wish).await,
            Home::Nowhere => Ok(Lock::of_nothing()),
        }
    }

    /// Breaks the lock of a run, whose id must be given; returns who held it. The lock of a file cannot be broken: it ends
    /// with its process.
    ///
    /// # Errors
    /// When that run does not hold it.
    pub async fn force_unlock(&self, run: &str) -> Result<Holder, LedgerError> {
        match &self.home {
            Home::Vault(shelf, _) => {
                lock::break_entry(&shelf.entries, &shelf.name("lock"), run).await
            }
            Home::File(..) | Home::Nowhere => Err(LedgerError::NotTheHolder(None)),
        }
    }

    /// Write-ahead: remembers writes that are about to begin (records with `pending`). They are kept when it returns,
    /// with all results so far.
    ///
    /// # Errors
    /// When they could not be kept; the writes must not begin then.
    pub async fn begin(&self, pending: Vec<Owned>) -> Result<(), LedgerError> {
        {
            let mut book = self.book();
            let pending = pending.into_iter().map(Arc::new);
            pending.for_each(|owned| book.put(owned, None));
        }
        self.flush().await
    }

    /// Remembers the outcome of a write: replaces the record of the same address and place, and a pending one of the same
    /// address whose place was not known (its path empty). Kept with the next batch, or by [`Ledger::flush`].
    ///
    /// # Errors
    /// When a batch was due and could not be kept; it is tried again with the next one.
    pub async fn record(&self, owned: Owned) -> Result<(), LedgerError> {
        {
            let mut book = self.book();
            book.settle_placeless(&owned);
            book.put(Arc::new(owned), None);
        }
        self.flush_if_due().await
    }

    /// Remembers an object under another address or place than before (relabelled, remounted, re-made elsewhere): at no
    /// moment both or none are remembered.
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub async fn record_instead(
        &self,
        address: &Address,
        place: &ServerPath,
        owned: Owned,
    ) -> Result<(), LedgerError> {
        let old = RecordKey {
            address: address.clone(),
            place: place.clone(),
        };
        self.book().put(Arc::new(owned), Some(old));
        self.flush_if_due().await
    }

    /// Forgets an object. Kept with the next batch, or by [`Ledger::flush`].
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub async fn forget(&self, address: &Address, place: &ServerPath) -> Result<(), LedgerError> {
        let key = RecordKey {
            address: address.clone(),
            place: place.clone(),
        };
        self.book().remove(&key);
        self.flush_if_due().await
    }

    /// Keeps everything that is not kept yet.
    ///
    /// # Errors
    /// When that could not be done; it is tried again with the next batch.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        match &self.home {
            Home::Vault(shelf, layout) => {
                let mut layout = layout.lock().await;
                while self.flush_batch(shelf, &mut layout).await? {}
                Ok(())
            }
            Home::File(cabinet, key_is_kept) => {
                self.flush_file(cabinet, &mut *key_is_kept.lock().await)
            }
            Home::Nowhere => Ok(()),
        }
    }

    /// Keeps a batch when one is due and nobody is writing one already.
    async fn flush_if_due(&self) -> Result<(), LedgerError> {
        if !self.book().is_due() {
            return Ok(());
        }
        match &self.home {
            Home::Vault(shelf, layout) => match layout.try_lock() {
                Ok(mut layout) => self.flush_batch(shelf, &mut layout).await.map(|_| ()),
                Err(_) => Ok(()),
            },
            Home::File(cabinet, key_is_kept) => match key_is_kept.try_lock() {
                Ok(mut key_is_kept) => self.flush_file(cabinet, &mut key_is_kept),
                Err(_) => Ok(()),
            },
            Home::Nowhere => Ok(()),
        }
    }

    /// Writes what is to be written now; tells whether there was anything.
    async fn flush_batch(&self, shelf: &Shelf, layout: &mut Layout) -> Result<bool, LedgerError> {
        let Some(batch) = self.book().batch() else {
            return Ok(false);
        };
        let outcome = shelf.save(layout, &self.key, &batch).await;
        let mut book = self.book();
        book.kept(&batch, outcome.kept.iter());
        for (shard, count, theirs) in outcome.theirs {
            book.absorb(theirs, |stored| {
                shards::shard_of(stored.spread, count) == shard
            });
        }
        outcome.error.map_or(Ok(true), Err)
    }

    fn flush_file(&self, cabinet: &Cabinet, key_is_kept: &mut bool) -> Result<(), LedgerError> {
        loop {
            let Some(batch) = self.book().batch() else {
                return Ok(());
            };
            let key = (!*key_is_kept).then_some(&self.key);
            cabinet.save(&batch.records, key)?;
            *key_is_kept = true;
            self.book().kept(&batch, batch.touched.keys());
        }
    }

    /// Makes the ledger when it is not there, though it be empty: a new workspace.
    ///
    /// # Errors
    /// When that could not be done.
    pub async fn establish(&self) -> Result<(), LedgerError> {
        self.flush().await?;
        let nothing = self.book().everything();
        match &self.home {
            Home::Vault(shelf, layout) => {
                let mut layout = layout.lock().await;
                if layout.is_there() {
                    return Ok(());
                }
                shelf
                    .save(&mut layout, &self.key, &nothing)
                    .await
                    .error
                    .map_or(Ok(()), Err)
            }
            Home::File(cabinet, _) if !cabinet.load()?.is_there => {
                cabinet.save(&nothing.records, Some(&self.key))
            }
            Home::File(..) | Home::Nowhere => Ok(()),
        }
    }
}

fn lost_key(settings: &Settings) -> Diagnostic {
    let text = format!(
        "the key of the digests of the ledger `{}` is lost",
        settings.ledger()
    );
    Diagnostic::warning("ledger-key-lost", text).detail(
        "values that cannot be read back count as unverified until they are written again (`apply -write-secrets`)",
    )
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
