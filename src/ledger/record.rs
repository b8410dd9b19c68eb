//! A record as the ledger keeps it: what planning sees of an object, and what keeps records consistent.

use crate::plan::Owned;
use crate::value::{Address, ServerPath};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What tells records apart: while an object is re-made elsewhere, one address has two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RecordKey {
    pub address: Address,
    pub place: ServerPath,
}

impl RecordKey {
    pub fn of(owned: &Owned) -> RecordKey {
        RecordKey {
            address: owned.address.clone(),
            place: owned.place.clone(),
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub owned: Arc<Owned>,
    /// Grows with each record that is written, over the whole ledger.
    pub number: u64,
    /// The record of the same object that this one stands for, should that one still be there: moving it from one shard
    /// to another takes two writes.
    pub instead_of: Option<RecordKey>,
    /// See [`spread`]; not kept.
    pub spread: u64,
}

/// Records by key.
pub(super) type Records = BTreeMap<RecordKey, Arc<Stored>>;

/// Spreads addresses evenly over shards; the same in every version of this program. Records of one address stay together.
pub(super) fn spread(address: &Address) -> u64 {
    let hash = Sha256::digest(address.to_string());
    hash.iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Lists the keys of records that a newer record stands for.
pub(super) fn superseded(records: &Records) -> Vec<RecordKey> {
    let claims = records.values().filter_map(|stored| {
        let old = records.get(stored.instead_of.as_ref()?)?;
        (old.number < stored.number).then(|| RecordKey::of(&old.owned))
    });
    claims.collect()
}
