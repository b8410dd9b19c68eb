//! Tests of policies: cases with what they expect, read from `*.vaultpolicytest.hcl` and run against the model.

mod read;
mod run;

pub use read::read;
pub use run::{Checked, Named, Outcome, covered, requests, run};

use super::decide::Request;
use super::server::Server;
use super::template::Identity;
use crate::source::Span;

/// A file of tests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestFile {
    /// The server whose rules count; the newest OpenBao where nothing is said.
    pub server: Option<Server>,
    /// The directory of the configuration whose policies are meant, relative to the file.
    pub config: Option<String>,
    pub namespace: String,
    /// Mounts as `path/` and type, for `sudo` paths of engines.
    pub mounts: Vec<(String, String)>,
    pub cases: Vec<Case>,
    /// Policies each of whose rules must decide at least one expectation, and where that is asked for.
    pub covers: Vec<(String, Span)>,
}

/// One case: who asks, and what is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub name: String,
    /// The block's header.
    pub span: Span,
    /// Names of policies, or files of them, with the places where they are named.
    pub policies: Vec<(String, Span)>,
    pub identity: Option<Identity>,
    pub expectations: Vec<Expectation>,
}

/// What is expected of one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    pub allow: bool,
    pub request: Request,
    /// What is asked for: the operation's capability, `sudo` or `subscribe`.
    pub capability: super::Capability,
    pub span: Span,
}
