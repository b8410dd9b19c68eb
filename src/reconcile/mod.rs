//! Walks the graph: evaluates, observes, plans; wave by wave.

mod adjust;
mod book;
pub mod conditions;
pub mod data;
mod finish;
pub mod graph;
mod local;
mod losses;
mod memory;
mod members;
mod moved;
mod object;
mod offline;
mod orphan;
pub mod random;
mod relocate;
mod repeat;
mod scope;
mod supported;
mod undelivered;
mod validation;
mod walk;
pub mod world;

pub use moved::parse_address;
pub use offline::offline;
pub use walk::{Connector, Memory, Options, Planned, Work, plan};
