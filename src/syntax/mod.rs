//! HCL text → tree with spans, and text in canonical layout. The parser is our own; the rest of the house sees this
//! tree only.

mod body;
mod escape;
mod expression;
mod flush;
mod format;
mod json;
mod json_body;
mod lines;
mod parse;
mod scan;
mod spaces;
mod template;
mod term;
mod tidy;
mod token;
mod tree;

pub use format::{format, layout};
pub use json_body::{JsonBody, parse_json_file, unquoted};
pub use parse::{parse_expression, parse_file, parse_template};
pub use scan::comments;
pub use tree::*;
