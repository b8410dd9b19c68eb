//! ACL policies of HashiCorp Vault and OpenBao: read, decide, compare, lint.
//!
//! The model is exact: [`decide`] and [`capabilities`] answer what the server would, rule by rule. One rule decides
//! each request; rules with different paths are never united. Product and version are an input, because they differ.
//!
//! ```
//! use vaultform::policy::{Context, Operation, Request, Server, decide, parse};
//!
//! let text = r#"path "kv/*" { capabilities = ["read", "delete"] } path "kv/a" { capabilities = ["read"] }"#;
//! let (policy, errors) = parse(text, None, Server::OPENBAO);
//! assert!(errors.is_empty());
//! let request = Request::new(Operation::Delete, "kv/a");
//! let decision = decide(&[policy], &request, &Context::new(Server::OPENBAO));
//! assert!(!decision.allowed, "the exact rule hides the wider one");
//! ```

mod access;
mod capability;
mod census;
mod change;
mod control_group;
mod decide;
mod difference;
mod filter;
mod grammar;
mod grants;
mod index;
mod json;
pub mod lint;
mod literal;
pub mod lockout;
mod merged;
mod overlap;
mod parameter;
mod parse;
mod paths;
mod pattern;
mod power;
mod rule;
mod same;
mod scan;
mod server;
mod stanza;
mod sudo;
mod template;
mod time;
mod tree;
pub mod testing;
pub mod wire;
pub mod words;

pub use access::{Access, AccessChange, Who, access, missing};
pub use capability::{Capabilities, Capability};
pub use census::{Census, Holder, HolderKind, Issuer, Key, Listed, PolicyText, Share};
pub use change::{Change, Danger, Direction, Incomparable};
pub use decide::{Decision, Lost, Operation, Reason, Request, Why, Winner, capabilities, decide};
pub use difference::difference;
pub use filter::path_of_key;
pub use grants::written;
pub use merged::{Absent, Broken, Context, Merged, RuleSet, Source};
pub use parameter::{Parameter, Parameters};
pub use parse::{parse, parse_at};
pub use paths::{PathSet, Segment};
pub use pattern::{Form, Pattern, Rank};
pub use rule::{ControlGroup, Factor, Permissions, Policy, Rule};
pub use same::{normal, same};
pub use server::{Product, Server, Version};
pub use sudo::{SUDO_PATHS, SudoPath, needs_sudo};
pub use template::{Alias, Entity, Group, Identity, Unfilled, has_template};
pub use time::Nanoseconds;
pub use tree::{Comment, Extent};
