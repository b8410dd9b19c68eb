//! Keeps a lock ours: writes it again every few seconds, and knows when that failed.

use super::LedgerError;
use super::entries::Entries;
use super::lock::{Holder, STALE, free, taken};
use crate::server::Guard;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Plain, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// How often it is renewed.
const EVERY: Duration = Duration::from_secs(5);
/// How often one renewal is tried on top of earlier ones of ours that arrived late.
const TRIES: usize = 3;
/// A renewal that takes longer is tried anew.
const PATIENCE: Duration = Duration::from_secs(8);
/// So old a renewal is not relied on without asking.
const FRESH: Duration = Duration::from_secs(10);
/// Without renewal for so long, it may be another's in a moment.
const LOST_AFTER: Duration = Duration::from_secs(STALE.as_secs() * 3 / 4);

/// A lock that is being renewed; it stops when it is dropped.
pub(super) struct Renewal {
    lease: Arc<Lease>,
    task: JoinHandle<()>,
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is known of a lock of ours.
struct Lease {
    entries: Entries,
    name: String,
    holder: Holder,
    written: Mutex<Last>,
    confirmed: Plain<Confirmed>,
    lost: AtomicBool,
}

/// The last write of it.
#[derive(Clone, Copy)]
struct Last {
    version: u64,
    attempts: u64,
}

/// When it was certainly ours. The steady clock stands still while a machine sleeps, and the other one can be set: the
/// later one counts.
#[derive(Clone, Copy)]
struct Confirmed(Instant, SystemTime);

impl Confirmed {
    fn now() -> Confirmed {
        Confirmed(Instant::now(), SystemTime::now())
    }

    fn elapsed(self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

impl Renewal {
    /// Takes the lock when its entry still has that version, and renews it from then on.
    pub async fn begin(
        entries: &Entries,
        name: &str,
        mut holder: Holder,
        version: u64,
    ) -> Result<Renewal, LedgerError> {
        let confirmed = Confirmed::now();
        let written = entries
            .write(name, taken(&holder, 0), Some(version))
            .await?;
        holder.since = written
            .created
            .map(|created| created.to_string())
            .unwrap_or_default();
        let lease = Arc::new(Lease {
            entries: entries.clone(),
            name: name.into(),
            holder,
            written: Mutex::new(Last {
                version: written.version,
                attempts: 0,
            }),
            confirmed: Plain::new(confirmed),
            lost: AtomicBool::new(false),
        });
        let task = tokio::spawn(lease.clone().keep());
        Ok(Renewal { lease, task })
    }

    pub fn is_lost(&self) -> bool {
        self.lease.is_lost()
    }

    /// Returns what lets writes out only while it is ours.
    pub fn guard(&self) -> Guard {
        let lease = self.lease.clone();
        Guard::new(move || !lease.is_lost())
    }

    pub async fn held(&self) -> bool {
        if self.lease.lost.load(Ordering::Acquire) {
            return false;
        }
        if self.lease.unconfirmed() < FRESH {
            return true;
        }
        self.renew().await
    }

    /// Renews it now; `false` when that failed or it is another's.
    pub async fn renew(&self) -> bool {
        self.lease.renew().await
    }

    /// Gives it back. One that is another's by now is left alone.
    pub async fn release(self) -> Result<(), LedgerError> {
        self.task.abort();
        let mut last = self.lease.written.lock().await;
        loop {
            let done = self
                .lease
                .entries
                .write(&self.lease.name, free(), Some(last.version))
                .await;
            match done {
                Err(LedgerError::Changed { .. }) if self.lease.look(&mut last).await? => {}
                Err(LedgerError::Changed { .. } | LedgerError::NoMount { .. }) => return Ok(()),
                other => return other.map(|_| ()),
            }
        }
    }
}

impl Lease {
    async fn keep(self: Arc<Lease>) {
        while !self.lost.load(Ordering::Acquire) {
            tokio::time::sleep(EVERY).await;
            self.renew().await;
        }
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire) || self.unconfirmed() >= LOST_AFTER
    }

    fn unconfirmed(&self) -> Duration {
        self.confirmed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    async fn renew(&self) -> bool {
        let mut last = self.written.lock().await;
        for _ in 0..TRIES {
            if self.lost.load(Ordering::Acquire) {
                return false;
            }
            let began = Confirmed::now();
            match tokio::time::timeout(PATIENCE, self.write(&mut last)).await {
                Ok(Ok(())) => {
                    *self
                        .confirmed
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = began;
                    return true;
                }
                // An earlier write of ours may have arrived late; then this one is tried on top of it.
                Ok(Err(LedgerError::Changed { .. })) => match self.look(&mut last).await {
                    Ok(true) => {}
                    _ => return false,
                },
                Ok(Err(LedgerError::NoMount { .. })) => self.lost.store(true, Ordering::Release),
                Ok(Err(_)) | Err(_) => return false,
            }
        }
        false
    }

    /// Every attempt says something else, so that the fate of one is not taken for that of another.
    async fn write(&self, last: &mut Last) -> Result<(), LedgerError> {
        last.attempts += 1;
        let fields = taken(&self.holder, last.attempts);
        let written = self
            .entries
            .write(&self.name, fields, Some(last.version))
            .await?;
        last.version = written.version;
        Ok(())
    }

    /// Looks who holds it after a write that did not fit; tells whether we do.
    async fn look(&self, last: &mut Last) -> Result<bool, LedgerError> {
        let entry = self.entries.read(&self.name).await?;
        let ours = Holder::of(&entry).is_some_and(|holder| holder.run == self.holder.run);
        match ours {
            true => last.version = entry.version,
            false => self.lost.store(true, Ordering::Release),
        }
        Ok(ours)
    }
}
