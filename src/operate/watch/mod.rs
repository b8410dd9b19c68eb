//! Drift over time: since when it stands, who was told of it, when it was over.
//!
//! A channel is told of drift once, again when the drift becomes another one, and once when it is over. What could not be
//! told stays to be told, so a receiver that is down misses nothing.

pub mod ignore;
mod memory;
pub mod signature;

pub use memory::Memory;

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Seconds since 1970.
pub type Seconds = i64;

/// An object that is not as the last apply left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub address: String,
    pub deleted: bool,
    /// The attributes that were changed; none where it was deleted.
    pub attributes: Vec<String>,
    /// A keyed digest of what is there now: drift that becomes another one is told again.
    pub digest: String,
}

/// What a look at the server saw.
#[derive(Clone, Debug, Default)]
pub struct Look {
    pub now: Seconds,
    pub seen: Vec<Sighting>,
    /// The addresses that were looked at, where that was not the whole configuration: of others nothing is known.
    pub examined: Option<BTreeSet<String>>,
    /// The addresses that this run put right.
    pub healed: BTreeSet<String>,
    /// The addresses of which some drift is ignored.
    pub ignored: BTreeSet<String>,
}

/// An object in a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub address: String,
    pub deleted: bool,
    pub attributes: Vec<String>,
    pub since: Seconds,
    /// When it was over.
    pub until: Option<Seconds>,
    pub end: End,
}

/// Why drift counts no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The object is as declared again, or is declared otherwise, or no more.
    #[default]
    Over,
    /// `drift -heal` put it right.
    Healed,
    /// The settings say to ignore it.
    Ignored,
}

/// What a channel has not been told yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    pub new: Vec<Item>,
    /// It was told of before, and is another drift now.
    pub changed: Vec<Item>,
    pub recovered: Vec<Item>,
    /// Drift that it knows already.
    pub standing: Vec<Item>,
}

impl News {
    /// Tells whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.recovered.is_empty()
    }

    /// Returns `drift` where something drifted, else `recovery`.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match self.new.is_empty() && self.changed.is_empty() {
            true => "recovery",
            false => "drift",
        }
    }

    /// Tells whether the channel knows of no drift that still stands.
    #[must_use]
    pub fn all_clear(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.standing.is_empty()
    }
}
