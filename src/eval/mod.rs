//! Expressions and functions: from declarations to what is desired.

mod access;
mod blame;
mod call;
mod compute;
mod conditional;
mod context;
mod decode;
mod expression;
pub mod functions;
mod iteration;
mod opaque;
mod operators;
mod reference;
mod render;
pub mod schema;
mod scope;
mod template;

pub use blame::values_in;
pub use compute::compute_data;
pub use decode::{Decoded, Unknowing, decode_body, decode_provider};
pub use expression::{evaluate, evaluate_template};
pub use scope::{Reference, Scope, Step, Subject, World};
