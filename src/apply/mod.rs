//! Plan → server. It obeys the plan and decides nothing: where a planned value comes out different it stops.

mod conditions;
mod create;
mod deliver;
mod effects;
mod fill;
mod generate;
mod keeper;
mod local;
mod lost;
mod many;
mod read;
mod reach;
mod record;
mod recount;
mod remove;
mod rotate;
mod run;
mod send;
mod write;

pub use conditions::WRITTEN;
pub use keeper::LedgerKeeper;
pub use run::{Events, Keeper, Outcome, Report, Settings, apply};
