//! Which record is in which shard, and the texts of shards.

use super::LedgerError;
use super::book::{Batch, Touched};
use super::pack::Pack;
use super::record::{Stored, spread};
use super::shelf::unreadable;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The largest entry at all: raft refuses values above 1 MiB.
const ENTRY_LIMIT: usize = 1_000_000;
/// Shards grow in number by this factor, until there are so many.
const GROWTH: usize = 4;
pub(super) const MOST_SHARDS: usize = 1024;
/// With fewer records a shard, more shards would not make it smaller: one record is large by itself.
const FEWEST_RECORDS: usize = 16;

/// A shard that is to be written.
pub(super) struct ShardWrite {
    pub number: usize,
    pub text: String,
    /// What changed in it.
    pub touched: Touched,
}

/// Returns the shard of so many that a record is in.
pub(super) fn shard_of(spread: u64, count: usize) -> usize {
    let count = u64::try_from(count).unwrap_or(1).max(1);
    usize::try_from(spread % count).unwrap_or_default()
}

/// Tells whether more shards would help.
fn can_grow(shards: usize, records: usize) -> bool {
    shards < MOST_SHARDS && records / FEWEST_RECORDS >= shards
}

/// Packs records into the text of an entry.
pub(super) fn pack<'a>(
    name: &str,
    records: impl IntoIterator<Item = &'a Arc<Stored>>,
) -> Result<String, LedgerError> {
    let text = Pack::of(records)
        .text()
        .map_err(|error| unreadable(name, error))?;
    match text.len() {
        bytes if bytes > ENTRY_LIMIT => Err(LedgerError::TooLarge {
            entry: name.into(),
            bytes,
        }),
        _ => Ok(text),
    }
}

fn distribute(batch: &Batch, count: usize) -> Vec<Vec<&Arc<Stored>>> {
    let mut shards = vec![Vec::new(); count];
    for stored in batch.records.values() {
        if let Some(shard) = shards.get_mut(shard_of(stored.spread, count)) {
            shard.push(stored);
        }
    }
    shards
}

/// Packs a shard; `None` when it is too large and more shards would help.
fn pack_shard(
    number: usize,
    records: &[&Arc<Stored>],
    limit: usize,
    grows: bool,
) -> Result<Option<String>, LedgerError> {
    match pack(&format!("records, shard {number}"), records.iter().copied()) {
        Err(LedgerError::TooLarge { .. }) if grows => Ok(None),
        Ok(text) if grows && text.len() > limit => Ok(None),
        other => other.map(Some),
    }
}

/// Packs the shards that a batch touches; `None` when one of them has grown too large.
pub(super) fn touched(
    batch: &Batch,
    count: usize,
    limit: usize,
) -> Result<Option<Vec<ShardWrite>>, LedgerError> {
    let mut changes: BTreeMap<usize, Touched> = BTreeMap::new();
    for (key, bases) in &batch.touched {
        let known = batch.records.get(key).map(|stored| stored.spread);
        let number = shard_of(known.unwrap_or_else(|| spread(&key.address)), count);
        changes
            .entry(number)
            .or_default()
            .insert(key.clone(), bases.clone());
    }
    let grows = can_grow(count, batch.records.len());
    let records = distribute(batch, count);
    let mut writes = Vec::new();
    for (number, touched) in changes {
        let records = records.get(number).map(Vec::as_slice).unwrap_or_default();
        let Some(text) = pack_shard(number, records, limit, grows)? else {
            return Ok(None);
        };
        writes.push(ShardWrite {
            number,
            text,
            touched,
        });
    }
    Ok(Some(writes))
}

/// Packs all records into as few shards as they fit in, more than there were.
pub(super) fn all(batch: &Batch, before: usize, limit: usize) -> Result<Vec<String>, LedgerError> {
    let mut count = (before * GROWTH).max(1);
    loop {
        let grows = can_grow(count, batch.records.len());
        let shards = distribute(batch, count);
        let texts = shards
            .iter()
            .enumerate()
            .map(|(number, records)| pack_shard(number, records, limit, grows));
        let texts: Option<Vec<String>> = texts.collect::<Result<_, _>>()?;
        match texts {
            Some(texts) => return Ok(texts),
            None => count *= GROWTH,
        }
    }
}
