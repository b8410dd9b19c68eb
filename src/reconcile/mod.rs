//! Walks the graph: evaluates, observes, plans; wave by wave.

mod adjust;
mod ahead;
pub mod blind;
mod book;
pub mod conditions;
pub mod data;
pub mod discover;
mod finish;
pub mod graph;
pub mod healing;
mod local;
mod losses;
pub mod made;
mod memory;
mod members;
mod moved;
pub mod needs;
mod object;
mod offline;
mod orphan;
pub mod outside;
pub mod preflight;
mod provider;
mod relocate;
mod repeat;
mod scope;
mod supported;
mod undelivered;
pub mod unmanaged;
mod validation;
mod walk;
pub mod world;

pub use moved::parse_address;
pub use offline::offline;
pub use provider::provider_now;
pub use walk::{Connector, Memory, Options, Planned, Work, plan};
