//! Lints: what a policy or role most likely does not mean. Pure functions over [`Facts`]; every code is stable.
//!
//! A comment in a policy silences a finding of its stanza, with a reason and perhaps an end:
//! `# vaultform:allow VF-P009 until=2027-01-31 break-glass account`.

pub mod docs;
mod facts;
mod fix;
mod paths;
mod roles;
mod shapes;
mod suppress;
mod table;

pub use facts::{
    AuthRole, Binding, DatabaseRole, EntityAlias, Facts, Mount, NamedPolicy, Origin, PkiRole,
    TransitKey,
};
pub use fix::{Edit, edited, fix, unneeded, without_element};
pub use shapes::unreachable;
pub use suppress::Suppression;
pub use table::{LINTS, Lint, named};

use super::{Extent, Rule};
use crate::source::{Diagnostic, Severity, Span};

/// Something that a lint found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub lint: &'static Lint,
    /// One line, about this case.
    pub message: String,
    pub hint: Option<String>,
    pub origin: Origin,
    /// Which policy of the facts, and where in its text.
    pub place: Option<(usize, Extent)>,
    /// The reason of the comment that silences it.
    pub silenced: Option<String>,
}

impl Finding {
    /// Returns it as a diagnostic.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let lint = self.lint;
        let mut diagnostic = match lint.severity {
            Severity::Error => Diagnostic::error(lint.code, &self.message),
            Severity::Warning => Diagnostic::warning(lint.code, &self.message),
            Severity::Note => Diagnostic::note(lint.code, &self.message),
        };
        if let Some(span) = self.origin.span {
            diagnostic = diagnostic.at(span, "");
        }
        if let Some(hint) = &self.hint {
            diagnostic = diagnostic.hint(hint);
        }
        if let Some(address) = &self.origin.address {
            diagnostic = diagnostic.address(address);
        }
        diagnostic
    }
}

/// Runs every lint. Silenced findings are among the answer, marked; order: policies, then roles, each by code.
#[must_use]
pub fn lint(facts: &Facts<'_>) -> Vec<Finding> {
    let mut report = Report {
        facts,
        found: Vec::new(),
    };
    let ground = paths::Ground::new(facts);
    for (at, named) in facts.policies.iter().enumerate() {
        shapes::check(at, named, &mut report);
        paths::check(at, named, &ground, &mut report);
    }
    roles::check(&mut report);
    let mut found = report.found;
    suppress::apply(facts, &mut found);
    found.sort_by_key(|one| {
        let place = one.place.map(|(policy, extent)| (policy, extent.start));
        (one.place.is_none(), place, one.lint.code)
    });
    found
}

/// Collects findings.
pub(super) struct Report<'f> {
    pub facts: &'f Facts<'f>,
    found: Vec<Finding>,
}

impl Report<'_> {
    /// Adds a finding at a place of a policy.
    fn at(&mut self, code: &str, policy: usize, extent: Extent, message: String, hint: &str) {
        let named = self.facts.policies.get(policy);
        let span: Option<Span> = named.and_then(|named| named.policy.span(extent));
        let origin = named.map(|named| named.origin.clone()).unwrap_or_default();
        let origin = Origin {
            span: span.or(origin.span),
            ..origin
        };
        self.add(code, origin, message, hint, Some((policy, extent)));
    }

    /// Adds a finding about a rule's path.
    fn rule(&mut self, code: &str, policy: usize, rule: &Rule, message: String, hint: &str) {
        self.at(code, policy, rule.path_extent, message, hint);
    }

    /// Adds a finding about something that is no policy.
    fn object(&mut self, code: &str, origin: &Origin, message: String, hint: &str) {
        self.add(code, origin.clone(), message, hint, None);
    }

    fn add(
        &mut self,
        code: &str,
        origin: Origin,
        message: String,
        hint: &str,
        place: Option<(usize, Extent)>,
    ) {
        self.found.extend(table::named(code).map(|lint| Finding {
            lint,
            message,
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
            origin,
            place,
            silenced: None,
        }));
    }
}
