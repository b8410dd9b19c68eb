//! A ledger in Vault: an index, records in shards, and the key of the digests, each an entry of its own.
//!
//! ```text
//! NAME/WORKSPACE/index                   generation and number of shards; written last when these change
//! NAME/WORKSPACE/records/GENERATION-N    records of the addresses that are spread to shard N
//! NAME/WORKSPACE/key                     secret key of the digests
//! NAME/WORKSPACE/random/BIRTH            random values; lock, clock and drift stand beside it
//! ```

use super::LedgerError;
use super::cabinet::identify;
use super::digest::DigestKey;
use super::entries::{Entries, Entry};
use super::pack::{FORMAT, Pack, PackError};
use super::record::Records;
use super::shards::MOST_SHARDS;
use crate::server::{About, Request, ServerError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use serde_json::Value as Json;
use std::sync::Arc;

/// The largest shard that is written while there could be more shards, in bytes of text: 512 KiB less some growth.
const SHARD_LIMIT: usize = 384 * 1024;
/// Requests in flight.
const AT_ONCE: usize = 16;

/// The entries of one ledger.
#[derive(Clone)]
pub(super) struct Shelf {
    pub entries: Entries,
    /// `NAME/WORKSPACE`
    pub ledger: Arc<str>,
    /// See [`SHARD_LIMIT`]; less in tests.
    pub shard_limit: usize,
}

impl Shelf {
    /// Returns the shelf of a ledger.
    pub fn of(entries: Entries, ledger: &str) -> Shelf {
        Shelf {
            entries,
            ledger: ledger.into(),
            shard_limit: SHARD_LIMIT,
        }
    }
}

/// Which entries there are, as far as this run knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Empty while there is no ledger.
    pub generation: String,
    /// The version of each shard.
    pub shards: Vec<u64>,
    pub index_version: u64,
    pub key_version: u64,
    /// Whether the key of this run's digests is the one that is kept.
    pub key_is_kept: bool,
    /// New shards whose index was about to be written when that was broken off.
    pub attempt: Option<Box<Layout>>,
}

impl Layout {
    /// Tells whether there is a ledger at all.
    pub fn is_there(&self) -> bool {
        !self.generation.is_empty()
    }
}

/// What was read.
pub(super) struct Loaded {
    pub records: Records,
    pub key: Option<DigestKey>,
    pub version: u64,
    pub layout: Layout,
    pub unmounted: bool,
}

/// Returns the error of an entry that could not be unpacked.
pub(super) fn unreadable(entry: &str, error: PackError) -> LedgerError {
    let entry = entry.to_owned();
    match error {
        PackError::Newer(format) => LedgerError::Newer { entry, format },
        PackError::Damaged(why) => LedgerError::Damaged { entry, why },
    }
}

impl Shelf {
    /// Returns the name of an entry of this ledger.
    pub fn name(&self, entry: &str) -> String {
        format!("{}/{entry}", self.ledger)
    }

    /// Returns the error of an entry that this identity may not read.
    pub fn denied(&self, entry: &str) -> LedgerError {
        let path = format!("{}/data/{}", self.entries.mount, self.name(entry));
        let request = Request::get(path).namespace(&self.entries.namespace);
        let about = About::from(&request);
        LedgerError::Server(ServerError::Denied { about })
    }

    /// Returns the name of a shard.
    pub fn shard(&self, generation: &str, number: usize) -> String {
        self.name(&format!("records/{generation}-{number}"))
    }

    /// Reads everything but the random values: two requests one after the other, however large the ledger is.
    pub async fn load(&self) -> Result<Loaded, LedgerError> {
        let mut seen = None;
        loop {
            let (index_name, key_name) = (self.name("index"), self.name("key"));
            let (index, key) =
                futures::join!(self.entries.read(&index_name), self.entries.read(&key_name));
            let (index, key) = (index?, key?);
            let (generation, count) = self.read_index(&index)?;
            match self.load_shards(&generation, count).await {
                Ok(shards) => return self.loaded(generation, &index, &key, shards),
                // Another run has just moved everything into new shards.
                Err(LedgerError::Damaged { .. }) if seen != Some(index.version) => {
                    seen = Some(index.version)
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn loaded(
        &self,
        generation: String,
        index: &Entry,
        key: &Entry,
        shards: Vec<(String, u64, Records)>,
    ) -> Result<Loaded, LedgerError> {
        let version = match shards.is_empty() {
            true => 0,
            false => identify(shards.iter().map(|(text, _, _)| text.as_bytes())),
        };
        let key_version = key.version;
        let key = self.read_key(key)?;
        Ok(Loaded {
            layout: Layout {
                generation,
                shards: shards.iter().map(|(_, version, _)| *version).collect(),
                index_version: index.version,
                key_version,
                key_is_kept: key.is_some(),
                attempt: None,
            },
            records: shards
                .into_iter()
                .flat_map(|(_, _, records)| records)
                .collect(),
            key,
            version,
            unmounted: index.unmounted,
        })
    }

    /// Returns the generation (empty where there is none) and the number of shards.
    pub fn read_index(&self, index: &Entry) -> Result<(String, usize), LedgerError> {
        let Some(fields) = &index.fields else {
            return Ok((String::new(), 0));
        };
        let entry = self.name("index");
        let number = |name: &str| fields.json().get(name).and_then(Json::as_u64);
        let format = number("format").unwrap_or_default();
        if format > FORMAT {
            return Err(LedgerError::Newer { entry, format });
        }
        let count = number("shards").and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| (1..=MOST_SHARDS).contains(count));
        match (index.text("generation"), count) {
            (Some(generation), Some(count)) if !generation.is_empty() => {
                Ok((generation.to_owned(), count))
            }
            _ => Err(unreadable(
                &entry,
                PackError::Damaged("it is no index".into()),
            )),
        }
    }

    fn read_key(&self, key: &Entry) -> Result<Option<DigestKey>, LedgerError> {
        if key.fields.is_none() {
            return Ok(None);
        }
        let found = key.text("key").and_then(DigestKey::parse);
        let damaged = || unreadable(&self.name("key"), PackError::Damaged("it is no key".into()));
        found.map(Some).ok_or_else(damaged)
    }

    async fn load_shards(
        &self,
        generation: &str,
        count: usize,
    ) -> Result<Vec<(String, u64, Records)>, LedgerError> {
        let reads = (0..count).map(|number| self.load_shard(generation, number).boxed());
        at_once(reads.collect()).await.into_iter().collect()
    }

    /// Reads a shard: its text, its version, and its records.
    pub async fn load_shard(
        &self,
        generation: &str,
        number: usize,
    ) -> Result<(String, u64, Records), LedgerError> {
        let name = self.shard(generation, number);
        let entry = self.entries.read(&name).await?;
        let missing = || unreadable(&name, PackError::Damaged("it is missing".into()));
        let text = entry.text("records").ok_or_else(missing)?.to_owned();
        let records = Pack::from_text(&text).and_then(Pack::records);
        Ok((
            text,
            entry.version,
            records.map_err(|error| unreadable(&name, error))?,
        ))
    }

    /// Destroys the whole ledger: the index first, so that what is left after a crash counts for nothing; the lock last.
    pub async fn destroy(&self) -> Result<(), LedgerError> {
        self.entries.destroy(&self.name("index")).await?;
        for folder in ["records", "random"] {
            let folder = self.name(folder);
            for name in self.entries.list(&folder).await? {
                self.entries.destroy(&format!("{folder}/{name}")).await?;
            }
        }
        for entry in ["key", "drift", "clock", "lock"] {
            self.entries.destroy(&self.name(entry)).await?;
        }
        Ok(())
    }
}

/// Awaits futures, some at a time; the results are in their order.
pub(super) async fn at_once<T>(futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    stream::iter(futures).buffered(AT_ONCE).collect().await
}
