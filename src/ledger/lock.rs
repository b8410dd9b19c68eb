//! The lock: one run at a time changes what a ledger owns. In Vault it is an entry with check-and-set that its holder
//! keeps writing; for a file it is a lock of the operating system.

use super::LedgerError;
use super::cabinet::{Cabinet, file_error};
use super::entries::{Entries, Entry};
use super::process::Process;
use super::renewal::Renewal;
use crate::server::Guard;
use crate::source::Diagnostic;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::time::{Duration, Instant};

/// Without renewal for so long, a lock is anybody's.
pub(super) const STALE: Duration = Duration::from_secs(20);
/// How often a waiting run looks.
const POLL: Duration = Duration::from_secs(1);
/// How often a waiting run says so.
const TELL: Duration = Duration::from_secs(5);

/// Who holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// The lock's id: one of each run.
    pub run: String,
    /// Who started it, as far as that is known: `anna`, `ci`.
    pub who: String,
    /// `apply`, `destroy`, …
    pub operation: String,
    pub host: String,
    pub pid: u32,
    /// When it got the lock, by the server's clock, RFC 3339.
    pub since: String,
    /// The start of the host, the space that `pid` counts in, and the start of the process, as Linux names them.
    pub boot: String,
    pub space: String,
    pub began: u64,
}

impl Holder {
    fn own(wish: &LockWish<'_>) -> Holder {
        let process = Process::own();
        Holder {
            run: uuid::Uuid::new_v4().to_string(),
            who: wish.who.into(),
            operation: wish.operation.into(),
            host: process.host,
            pid: process.pid,
            since: String::new(),
            boot: process.boot,
            space: process.space,
            began: process.began,
        }
    }

    fn process(&self) -> Process {
        Process {
            host: self.host.clone(),
            boot: self.boot.clone(),
            space: self.space.clone(),
            pid: self.pid,
            began: self.began,
        }
    }

    /// Reads the holder of a lock; `None` when it is free.
    pub(super) fn of(entry: &Entry) -> Option<Holder> {
        let holder = entry.fields.as_ref()?.json().get("holder")?;
        let mut holder = Holder::deserialize(holder).unwrap_or_default();
        if holder.since.is_empty() {
            holder.since = entry
                .created
                .map(|created| created.to_string())
                .unwrap_or_default();
        }
        Some(holder)
    }
}

/// A lock that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub holder: Holder,
    /// The time since its last renewal, by the server's clock; `None` where that cannot be found out.
    pub age: Option<Duration>,
}

impl fmt::Display for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder {
            run,
            who,
            operation,
            host,
            pid,
            since,
            ..
        } = &self.holder;
        match operation.as_str() {
            "" => out.write_str("a run")?,
            operation => write!(out, "`{operation}`")?,
        }
        if !who.is_empty() {
            write!(out, " of `{who}`")?;
        }
        write!(out, " on `{host}` (process {pid}, run `{run}`)")?;
        if !since.is_empty() {
            write!(out, " since {since}")?;
        }
        match self.age {
            Some(age) => write!(out, ", last renewed {} s ago", age.as_secs()),
            None => Ok(()),
        }
    }
}

/// How a lock is asked for.
pub struct LockWish<'a> {
    /// Who starts it: a user's name. May be empty.
    pub who: &'a str,
    /// `apply`, `destroy`, …
    pub operation: &'a str,
    /// How long to wait for another holder; the default is [`LockWish::DEFAULT_WAIT`].
    pub wait: Duration,
    /// Called when the waiting begins, and then every few seconds.
    pub on_wait: &'a (dyn Fn(&Held) + Send + Sync),
}

impl LockWish<'_> {
    /// Long enough to take over from a run that died a moment ago.
    pub const DEFAULT_WAIT: Duration = Duration::from_secs(25);
}

/// A lock that we hold, renewed in the background for as long as it is kept.
pub struct Lock {
    run: String,
    notice: Option<Diagnostic>,
    keep: Keep,
}

/// What keeps the lock ours.
enum Keep {
    Entry(Renewal),
    /// Closing it gives the lock back, also when the process dies.
    File(File),
    Nothing,
}

impl Lock {
    /// Returns the lock's id.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Says whom it was taken over from, and why; `None` when it was free.
    #[must_use]
    pub fn notice(&self) -> Option<&Diagnostic> {
        self.notice.as_ref()
    }

    /// Tells whether it is another's by now, or may be: it could not be renewed for too long. Costs nothing.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match &self.keep {
            Keep::Entry(renewal) => renewal.is_lost(),
            Keep::File(_) | Keep::Nothing => false,
        }
    }

    /// Returns what lets writes out only while it is ours; none where it cannot be lost.
    #[must_use]
    pub fn guard(&self) -> Option<Guard> {
        match &self.keep {
            Keep::Entry(renewal) => Some(renewal.guard()),
            Keep::File(_) | Keep::Nothing => None,
        }
    }

    /// Tells whether it is still ours; renews it when the last renewal is some seconds old. To be asked before each
    /// write.
    pub async fn held(&self) -> bool {
        match &self.keep {
            Keep::Entry(renewal) => renewal.held().await,
            Keep::File(_) | Keep::Nothing => true,
        }
    }

    /// Renews it now; tells whether it is ours.
    pub async fn renew(&self) -> bool {
        match &self.keep {
            Keep::Entry(renewal) => renewal.renew().await,
            Keep::File(_) | Keep::Nothing => true,
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// When the server could not be told; others then wait until it is stale.
    pub async fn release(self) -> Result<(), LedgerError> {
        match self.keep {
            Keep::Entry(renewal) => renewal.release().await,
            Keep::File(file) => {
                // Best effort: what stands in the file means nothing while it is not locked.
                let _ = file.set_len(0);
                Ok(())
            }
            Keep::Nothing => Ok(()),
        }
    }

    /// Makes the lock of a run without a ledger.
    pub(super) fn of_nothing() -> Lock {
        Lock {
            run: uuid::Uuid::new_v4().to_string(),
            notice: None,
            keep: Keep::Nothing,
        }
    }
}

/// The server's clock, asked for by a write. It is asked again now and then, because the active node may change.
struct Clock<'a> {
    entries: &'a Entries,
    name: &'a str,
    asked: Option<(Timestamp, Instant)>,
}

impl Clock<'_> {
    /// Returns the time since a moment of the server's; `None` where this identity may not ask.
    async fn since(&mut self, moment: Option<Timestamp>) -> Option<Duration> {
        if self.asked.is_none_or(|(_, asked)| asked.elapsed() >= TELL) {
            let written = self
                .entries
                .write(self.name, json!({ "asked": true }), None)
                .await;
            self.asked = Some((written.ok()?.created?, Instant::now()));
        }
        let (then, asked) = self.asked?;
        let since = then.duration_since(moment?).max(SignedDuration::ZERO);
        Some(since.unsigned_abs() + asked.elapsed())
    }
}

/// Waits for the lock of a ledger in Vault.
pub(super) async fn take_entry(
    entries: &Entries,
    name: &str,
    clock: &str,
    wish: &LockWish<'_>,
) -> Result<Lock, LedgerError> {
    let began = Instant::now();
    let mut clock = Clock {
        entries,
        name: clock,
        asked: None,
    };
    let mut watch = Watch::default();
    let holder = Holder::own(wish);
    loop {
        let entry = entries.read(name).await?;
        let (notice, held) = match Holder::of(&entry) {
            None => (None, None),
            Some(other) => {
                let age = clock.since(entry.created).await;
                let unchanged = watch.unchanged(entry.version);
                let held = Held { holder: other, age };
                (over(&held, unchanged), Some(held))
            }
        };
        match held {
            Some(held) if notice.is_none() => {
                if began.elapsed() >= wish.wait {
                    return Err(LedgerError::Locked(Box::new(held)));
                }
                watch.tell(|| (wish.on_wait)(&held));
                tokio::time::sleep(POLL.min(wish.wait.saturating_sub(began.elapsed()))).await;
            }
            _ => match Renewal::begin(entries, name, holder.clone(), entry.version).await {
                Ok(renewal) => {
                    return Ok(Lock {
                        run: holder.run,
                        notice,
                        keep: Keep::Entry(renewal),
                    });
                }
                // Somebody was faster, or the holder lives after all.
                Err(LedgerError::Changed { .. }) => {}
                Err(error) => return Err(error),
            },
        }
    }
}

/// What a waiting run has seen.
#[derive(Default)]
struct Watch {
    version: Option<(u64, Instant)>,
    told: Option<Instant>,
}

impl Watch {
    /// Returns how long the lock was not written, as far as we saw it.
    fn unchanged(&mut self, version: u64) -> Duration {
        match self.version {
            Some((seen, since)) if seen == version => since.elapsed(),
            _ => {
                self.version = Some((version, Instant::now()));
                Duration::ZERO
            }
        }
    }

    fn tell(&mut self, tell: impl FnOnce()) {
        if self.told.is_none_or(|told| told.elapsed() >= TELL) {
            self.told = Some(Instant::now());
            tell();
        }
    }
}

/// Decides whether a lock may be taken over; returns the notice about it.
fn over(held: &Held, unchanged: Duration) -> Option<Diagnostic> {
    let why = if held.holder.process().is_dead() {
        format!("its process {} on this host is dead", held.holder.pid)
    } else if held.age.unwrap_or(unchanged) >= STALE {
        format!(
            "it was not renewed for {} s",
            held.age.unwrap_or(unchanged).as_secs()
        )
    } else {
        return None;
    };
    let text = format!("the lock was taken over from {held}: {why}");
    let detail = "what that run had begun is looked at on the server before anything is written";
    Some(Diagnostic::warning("lock-taken-over", text).detail(detail))
}

/// Breaks the lock of a run.
pub(super) async fn break_entry(
    entries: &Entries,
    name: &str,
    run: &str,
) -> Result<Holder, LedgerError> {
    let entry = entries.read(name).await?;
    match Holder::of(&entry) {
        Some(holder) if holder.run == run => {
            entries.write(name, free(), Some(entry.version)).await?;
            Ok(holder)
        }
        other => Err(LedgerError::NotTheHolder(
            other.map(|holder| Box::new(Held { holder, age: None })),
        )),
    }
}

/// What stands in a lock that nobody holds. The entry itself stays: its deletion could not be checked for being ours.
pub(super) fn free() -> serde_json::Value {
    json!({ "free": true })
}

/// Waits for the lock of a ledger in a file.
pub(super) async fn take_file(cabinet: &Cabinet, wish: &LockWish<'_>) -> Result<Lock, LedgerError> {
    let path = cabinet.beside(".lock");
    let wrong = |error: std::io::Error| file_error(&path, error);
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(wrong)?;
    let (began, mut watch) = (Instant::now(), Watch::default());
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        let mut text = String::new();
        file.rewind()
            .and_then(|()| file.read_to_string(&mut text))
            .map_err(wrong)?;
        let holder = serde_json::from_str(&text).unwrap_or_default();
        let held = Held { holder, age: None };
        if began.elapsed() >= wish.wait {
            return Err(LedgerError::Locked(Box::new(held)));
        }
        watch.tell(|| (wish.on_wait)(&held));
        tokio::time::sleep(POLL.min(wish.wait.saturating_sub(began.elapsed()))).await;
    }
    let holder = Holder {
        since: Timestamp::now().to_string(),
        ..Holder::own(wish)
    };
    let text = json!(holder).to_string();
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()));
    written.map_err(wrong)?;
    Ok(Lock {
        run: holder.run,
        notice: None,
        keep: Keep::File(file),
    })
}

/// A lock's entry with the holder in it.
pub(super) fn taken(holder: &Holder, attempts: u64) -> serde_json::Value {
    json!({ "holder": holder, "renewal": attempts })
}
