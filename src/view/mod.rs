//! Plans, outcomes and diagnostics → text and JSON. Nothing here calls a server or reads a file, and what is secret is
//! gone before the first line is written.
//!
//! ```text
//! Plan ─plan_json─▶ PlanDocument ─┬─▶ JSON, saved plans          (document)
//!        conceal                  ├─▶ plan_text, drift_text, prompt
//!                                 └─▶ events                     (ui_json)
//! both sides of an object ─conceal─▶ JSON and classes ─reveal─▶ shown ─diff─▶ tree ─render─▶ text
//! ```
//!
//! Every form of a plan is made from the document alone, so a saved plan is shown without its configuration, and a form
//! that is added (a test report, a message) takes a `&PlanDocument` or `&[Diagnostic]` and
//! needs no thought about secrets.

// What a reader may know.
pub mod conceal; // two sides → JSON without secrets, and back
pub mod document; // the plan document
pub mod schema; // which attributes are blocks, sets, maps
pub mod shown; // values as they may be shown

// How things are written.
pub mod diff; // what changes between two values
pub mod hcl_text; // values as the language writes them
pub mod marker; // signs and counts of changes
pub mod paint; // colours, wrapping, quoting
pub mod product; // Terraform, OpenTofu or vaultform
pub mod render; // differences → text

// Documents.
pub mod checks_json; // what checks came to
pub mod configuration; // the configuration, as plan documents show it
pub mod diagnostic_json; // `validate -json`
pub mod findings; // diagnostics as SARIF and JUnit
pub mod plan_json; // Plan → plan document
pub mod relevant_json; // which attributes the configuration looks at
pub mod state_json; // live objects
pub mod ui_json; // the stream of events

// Texts.
pub mod block_text; // `resource` blocks for objects that live
pub mod answer; // what `console` answers
pub mod access; // who gains or loses what
pub mod diagnostic;
pub mod drift_metrics; // for Prometheus
pub mod drift_notice; // messages about new drift
pub mod drift_text;
pub mod lint_text;
pub mod outputs;
pub mod page; // a plan or drift for reviewers
pub mod plan_html;
pub mod plan_markdown;
mod plan_header;
pub mod plan_text;
pub mod progress;
pub mod prompt;
pub mod state_text;
pub mod test_report; // what `test` tells
pub mod test_text;
