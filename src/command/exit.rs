//! Exit codes and what leads to them.

use crate::source::Diagnostic;

/// How a run of the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Nothing was changed, because of an error.
    Failed,
    /// `plan -detailed-exitcode`: there are changes. `drift`: there is drift.
    Changes,
    /// An apply failed half-way; `fmt -check` found a file.
    Partly,
    /// The saved plan no longer fits.
    Stale,
    /// Another run holds the lock.
    Locked,
    /// A guard refused.
    Refused,
    /// The server is sealed or cannot be reached.
    Unreachable,
    /// The answer to an initialisation was lost, or it stopped half-way: the storage holds nothing and must be wiped.
    Unfounded,
    Interrupted,
    /// What `drift -exit-code` asks for.
    Chosen(u8),
}

impl Exit {
    /// Returns the number that the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Changes => 2,
            Exit::Partly => 3,
            Exit::Stale => 4,
            Exit::Locked => 5,
            Exit::Refused => 6,
            Exit::Unreachable => 7,
            Exit::Unfounded => 8,
            Exit::Interrupted => 130,
            Exit::Chosen(code) => code,
        }
    }

    /// Returns the name that JSON output tells beside the number.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "failed",
            Exit::Changes | Exit::Chosen(_) => "changes",
            Exit::Partly => "partly-applied",
            Exit::Stale => "plan-stale",
            Exit::Locked => "locked",
            Exit::Refused => "refused",
            Exit::Unreachable => "unreachable",
            Exit::Unfounded => "init-answer-lost",
            Exit::Interrupted => "interrupted",
        }
    }
}

/// Why a command ends early: what to tell, and how the process ends where that is not simply 1.
#[derive(Debug, Default)]
pub struct Failure {
    pub diagnostics: Vec<Diagnostic>,
    pub exit: Option<Exit>,
}

impl Failure {
    /// Makes a failure that ends in a certain way.
    #[must_use]
    pub fn with(diagnostics: Vec<Diagnostic>, exit: Exit) -> Failure {
        Failure {
            diagnostics,
            exit: Some(exit),
        }
    }

    /// Says how an apply ends that came to nothing because of this.
    #[must_use]
    pub fn graded(mut self) -> Failure {
        self.exit = self.exit.or_else(|| grade(&self.diagnostics));
        self
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Failure {
        Failure {
            diagnostics,
            exit: None,
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Failure {
        vec![diagnostic].into()
    }
}

/// What a command comes to.
pub type Done = Result<Exit, Failure>;

/// Codes of diagnostics that mean that no server can be worked with.
const UNREACHABLE: &[&str] = &[
    "server-sealed",
    "server-uninitialised",
    "no-active-node",
    "server-unreachable",
    "tls-failed",
];

/// Codes of the guards.
const GUARDS: &[&str] = &[
    "data-loss",
    "too-many-deletes",
    "too-many-changes",
    "wrong-ledger",
    "prevent-destroy",
    "self-lockout",
    "capabilities-missing",
    "last-audit-device",
    "object-exists",
    "declared-in-what-goes",
    "owned-elsewhere",
    "heal-refused",
    "unsupported-attribute",
];

/// Finds the exit code of `apply` for errors before anything was written.
fn grade(diagnostics: &[Diagnostic]) -> Option<Exit> {
    let errors = || diagnostics.iter().filter(|found| found.is_error());
    let any = |codes: &[&str]| errors().any(|error| codes.contains(&error.code));
    if any(UNREACHABLE) {
        return Some(Exit::Unreachable);
    }
    if any(&["ledger-locked"]) {
        return Some(Exit::Locked);
    }
    let refused = errors().all(|error| GUARDS.contains(&error.code));
    (refused && errors().next().is_some()).then_some(Exit::Refused)
}
