//! From trees to declarations: variables, locals, modules, resources, moved, import and the rest, and whether what is
//! written makes sense before anything is evaluated.

mod call;
mod constant;
mod constraint;
mod declared;
mod elsewhere;
mod family;
mod files;
mod json;
mod layout;
mod list;
mod load;
pub mod masked;
mod merge;
mod module;
pub mod package;
pub mod place;
mod refactor;
mod reference;
mod resource;
mod settings;
pub mod test_file;
mod validity;
mod variable;
pub mod variables;
mod version;

pub use call::{Source, source_of};
pub use declared::*;
pub use family::Family;
pub use files::{Chosen, choose, join};
pub use load::{Absent, MANIFEST, Options, absent_modules, load};
pub use place::{Place, PlaceOfResource};
pub use reference::{Misnamed, Reference, Step, Target, reference, references, references_of_body};
pub use validity::{IMPORT_UNDECLARED, check_expression};
