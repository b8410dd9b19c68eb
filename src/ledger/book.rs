//! The records in memory, and which of them are not kept yet.

use super::record::{RecordKey, Records, Stored, spread, superseded};
use crate::plan::Owned;
use crate::value::ServerPath;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records that changed, each with what the server may have of it by now: what was read or written last, and what was
/// being written when a write failed.
pub(super) type Touched = BTreeMap<RecordKey, Vec<Option<Arc<Stored>>>>;

/// How many results are collected before they are written, at least.
const BATCH: usize = 200;
/// Or this share of all records: every batch touches most shards, and rewrites them whole.
const BATCH_SHARE: usize = 8;
/// How long a result is kept back, at least.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// And at least so many times longer than the last batch took to write.
const BATCH_REST: u32 = 10;

/// All records of a ledger.
#[derive(Default)]
pub(super) struct Book {
    records: Records,
    touched: Touched,
    /// Records that go once the ones that stand for them are kept.
    leaving: BTreeSet<RecordKey>,
    /// The highest number of a record.
    last: u64,
    /// Since when something is not kept.
    since: Option<Instant>,
    /// How long the last batch took.
    took: Duration,
}

/// What is to be written now.
pub(super) struct Batch {
    /// All records, those that did not change included.
    pub records: Records,
    pub touched: Touched,
    began: Instant,
}

impl Book {
    /// Opens the book with what was read. Records that newer ones stand for are gone already.
    pub fn new(records: Records) -> Book {
        let mut book = Book {
            last: records
                .values()
                .map(|stored| stored.number)
                .max()
                .unwrap_or_default(),
            records,
            ..Book::default()
        };
        for key in superseded(&book.records) {
            book.remove(&key);
        }
        // Nothing is urgent about it: it is tidied up with the first write.
        book.since = None;
        book
    }

    /// Lists the records.
    pub fn owned(&self) -> Vec<Arc<Owned>> {
        let here = self
            .records
            .iter()
            .filter(|(key, _)| !self.leaving.contains(key));
        here.map(|(_, stored)| stored.owned.clone()).collect()
    }

    /// Tells whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.records.keys().all(|key| self.leaving.contains(key))
    }

    fn touch(&mut self, key: &RecordKey) {
        let before = self.records.get(key).cloned();
        self.touched
            .entry(key.clone())
            .or_insert_with(|| vec![before]);
        self.since.get_or_insert_with(Instant::now);
    }

    /// Puts a record, in place of another one where that is given.
    pub fn put(&mut self, owned: Arc<Owned>, instead_of: Option<RecordKey>) {
        let key = RecordKey::of(&owned);
        self.leaving.remove(&key);
        let same = self
            .records
            .get(&key)
            .is_some_and(|stored| stored.owned == owned);
        if !same {
            self.touch(&key);
            self.last += 1;
            let stored = Stored {
                spread: spread(&owned.address),
                number: self.last,
                instead_of: instead_of.clone(),
                owned,
            };
            self.records.insert(key.clone(), Arc::new(stored));
        }
        match instead_of {
            // One address is in one shard: both change in one write.
            Some(old) if old != key && old.address == key.address => self.remove(&old),
            Some(old) if old != key && self.records.contains_key(&old) => {
                self.leaving.insert(old);
            }
            _ => {}
        }
    }

    /// Removes the pending records of an address whose place was not known when they were begun.
    pub fn settle_placeless(&mut self, owned: &Owned) {
        let first = RecordKey {
            address: owned.address.clone(),
            place: ServerPath::new("", "", ""),
        };
        let of_address = self
            .records
            .range(first..)
            .take_while(|(key, _)| key.address == owned.address);
        let placeless = of_address
            .filter(|(key, stored)| key.place.path.is_empty() && stored.owned.pending.is_some());
        let keys: Vec<_> = placeless.map(|(key, _)| key.clone()).collect();
        for key in keys.iter().filter(|key| key.place != owned.place) {
            self.remove(key);
        }
    }

    /// Removes a record.
    pub fn remove(&mut self, key: &RecordKey) {
        if self.records.contains_key(key) {
            self.touch(key);
            self.records.remove(key);
        }
        self.leaving.remove(key);
    }

    /// Drops all digests: they were made with a key that is lost.
    pub fn strip_digests(&mut self) {
        let all: Vec<Arc<Owned>> = self
            .records
            .values()
            .map(|stored| stored.owned.clone())
            .collect();
        for mut owned in all {
            let stripped = Arc::make_mut(&mut owned);
            stripped.desired.clear();
            stripped.sent.clear();
            self.put(owned, None);
        }
    }

    /// Tells whether enough is not kept yet to be written.
    pub fn is_due(&self) -> bool {
        let many = BATCH.max(self.records.len() / BATCH_SHARE);
        let long = BATCH_TIME.max(self.took.saturating_mul(BATCH_REST));
        self.touched.len() >= many || self.since.is_some_and(|since| since.elapsed() >= long)
    }

    /// Returns what is to be written; `None` when everything is kept.
    pub fn batch(&mut self) -> Option<Batch> {
        if self.touched.is_empty() {
            for key in std::mem::take(&mut self.leaving) {
                self.remove(&key);
            }
        }
        if self.touched.is_empty() {
            return None;
        }
        for (key, bases) in &mut self.touched {
            // Whatever becomes of the write, this may be what the server has afterwards.
            let ours = self.records.get(key).cloned();
            if !bases.contains(&ours) {
                bases.push(ours);
            }
        }
        Some(Batch {
            records: self.records.clone(),
            touched: self.touched.clone(),
            began: Instant::now(),
        })
    }

    /// Returns all records as a batch in which nothing changed.
    pub fn everything(&self) -> Batch {
        Batch {
            records: self.records.clone(),
            touched: Touched::new(),
            began: Instant::now(),
        }
    }

    /// Says that records of a batch are kept. What changed again meanwhile stays to be written.
    pub fn kept<'a>(&mut self, batch: &Batch, keys: impl Iterator<Item = &'a RecordKey>) {
        for key in keys {
            let ours = batch.records.get(key);
            if self.records.get(key) == ours {
                self.touched.remove(key);
            } else if let Some(bases) = self.touched.get_mut(key) {
                *bases = vec![ours.cloned()];
            }
        }
        self.took = batch.began.elapsed();
        self.since = (!self.touched.is_empty()).then(Instant::now);
    }

    /// Takes over what somebody else wrote to the records that `is_of` covers, where we changed nothing.
    pub fn absorb(&mut self, theirs: Records, is_of: impl Fn(&Stored) -> bool) {
        let gone = self
            .records
            .iter()
            .filter(|(key, stored)| is_of(stored) && !theirs.contains_key(*key));
        let gone: Vec<_> = gone.map(|(key, _)| key.clone()).collect();
        for key in gone
            .into_iter()
            .filter(|key| !self.is_ours(key))
            .collect::<Vec<_>>()
        {
            self.records.remove(&key);
        }
        for (key, stored) in theirs {
            self.last = self.last.max(stored.number);
            if !self.is_ours(&key) {
                self.records.insert(key, stored);
            }
        }
    }

    /// Tells whether we changed a record and have not kept that yet.
    fn is_ours(&self, key: &RecordKey) -> bool {
        self.touched.contains_key(key) || self.leaving.contains(key)
    }
}

/// Puts our changes on top of what somebody else wrote meanwhile; `None` where both changed the same record.
pub(super) fn merge(theirs: &Records, ours: &Records, touched: &Touched) -> Option<Records> {
    let mut merged = theirs.clone();
    for (key, bases) in touched {
        let (their, our) = (theirs.get(key), ours.get(key));
        if their != our && !bases.iter().any(|base| base.as_ref() == their) {
            return None;
        }
        match our {
            Some(our) => merged.insert(key.clone(), our.clone()),
            None => merged.remove(key),
        };
    }
    Some(merged)
}
