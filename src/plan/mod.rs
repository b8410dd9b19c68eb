//! Desired + Observed + Owned → Change. Pure: the plan is a value, `apply` obeys it and decides nothing.

pub mod census;
pub mod certificate;
pub mod change;
pub mod given;
pub mod guard;
pub mod ignore;
pub mod hidden;
pub mod leaf;
pub mod many;
pub mod normal;
pub mod order;
pub mod place;
mod read;
pub mod sends;
mod shapes;
pub mod shown;
pub mod template;
mod types;
pub mod wire;

pub use types::*;
