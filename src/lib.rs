//! From text to a changed server. A room may use only the rooms above it.

// Pure: same input, same output. No file, clock, network, environment or terminal.
pub mod source; // files, spans, diagnostics; trait Surroundings (files, time), implemented in command
pub mod value; // values, types, conversion; unknown and sensitive marks; addresses
pub mod syntax; // HCL text → tree with spans, its JSON form, the formatter
pub mod catalog; // what every resource type is, as data
pub mod config; // tree → declarations: variables, locals, modules, resources, moved, import …
pub mod eval; // expressions and functions; declaration → Desired
pub mod policy; // Vault ACL policies: parse, decide, lint, test
pub mod plan; // Desired + Observed + Owned → Change; graph, order, guards, Plan

// The world.
#[allow(
    clippy::disallowed_methods,
    reason = "certificates, tokens and time are its business"
)]
pub mod server; // the one door: trait Server; http, memory (a fake with faults), login
#[allow(
    clippy::disallowed_methods,
    reason = "a local ledger is a file, and a lock has an age"
)]
pub mod ledger; // ownership, lock, digests; kept in Vault itself
pub mod observe; // server → Observed, through the catalog, with as few requests as possible
pub mod reconcile; // walks the graph: evaluates, observes, plans; wave by wave
#[allow(clippy::disallowed_methods, reason = "progress is told with its time")]
pub mod apply; // Plan → server
#[allow(
    clippy::disallowed_methods,
    reason = "key sinks, secrets from files and snapshots are files and programs"
)]
pub mod operate; // bootstrap, unseal, snapshots, moving secrets in
pub mod view; // plans, outcomes, diagnostics → text, JSON, Markdown, HTML, SARIF, JUnit
pub mod command; // one thin file per subcommand
