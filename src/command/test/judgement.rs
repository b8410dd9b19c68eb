//! Whether a run came to what its test file asks for: assertions, and failures that must happen.

use super::scope::{OWN, TestScope};
use crate::config::test_file::Run;
use crate::config::{Condition, Module, Reference, Target, check_expression};
use crate::reconcile::conditions::{Verdict, failure, judge};
use crate::source::{Diagnostic, Severity, Span};
use crate::view::test_report::Status;
use std::collections::BTreeSet;

/// Judges an assertion.
pub(super) fn asserted(
    module: &Module,
    assertion: &Condition,
    scope: &TestScope<'_>,
) -> (Status, Vec<Diagnostic>) {
    let undeclared = check_expression(module, &assertion.condition, &OWN);
    if !undeclared.is_empty() {
        return (Status::Error, undeclared);
    }
    match judge(assertion, scope) {
        Verdict::Holds => (Status::Pass, Vec::new()),
        Verdict::Fails(text) => {
            let what = "test assertion failed";
            let problem = failure(
                Severity::Error,
                "assertion-failed",
                what,
                &text,
                assertion,
                scope,
            );
            (Status::Fail, vec![problem])
        }
        Verdict::Open => {
            let problem = Diagnostic::error("condition-unknown", "this condition cannot be judged")
                .at(
                    assertion.condition.span,
                    "it needs what is known only after apply",
                )
                .hint("leave `command = plan` out, so that the run applies");
            (Status::Error, vec![problem])
        }
        Verdict::Broken(problems) if problems.is_empty() => {
            let problem = Diagnostic::error("condition-unknown", "this condition has no value")
                .at(assertion.condition.span, "something that it needs is wrong");
            (Status::Error, vec![problem])
        }
        Verdict::Broken(problems) => (Status::Error, problems),
    }
}

/// What a run expects to fail.
pub(super) struct Judgement<'a> {
    /// The places of the conditions of each thing that must fail.
    expected: Vec<(&'a Reference, Vec<Span>)>,
}

impl Judgement<'_> {
    /// Finds the conditions that the run expects to fail.
    pub(super) fn new<'a>(run: &'a Run, module: &Module) -> Judgement<'a> {
        let expected = run.expected.iter();
        Judgement {
            expected: expected
                .map(|one| (one, conditions(module, &one.target)))
                .collect(),
        }
    }

    /// Returns what was not expected; notes which expectations were met. A failing check is a failure here.
    pub(super) fn unexpected(
        &self,
        told: Vec<Diagnostic>,
        seen: &mut BTreeSet<usize>,
    ) -> Vec<Diagnostic> {
        let mut rest = Vec::new();
        for mut problem in told {
            let place = problem.labels.first().map(|label| label.span);
            let met = self
                .expected
                .iter()
                .position(|(_, spans)| place.is_some_and(|place| spans.contains(&place)));
            match met {
                Some(index) => {
                    seen.insert(index);
                }
                None => {
                    if problem.code == "check-failed" {
                        problem.severity = Severity::Error;
                    }
                    rest.push(problem);
                }
            }
        }
        rest
    }

    /// Tells of what should have failed and did not.
    pub(super) fn missing(&self, seen: &BTreeSet<usize>) -> Vec<Diagnostic> {
        let all = self.expected.iter().enumerate();
        let missing = all.filter(|(index, _)| !seen.contains(index));
        missing
            .map(|(_, (reference, spans))| {
                let problem =
                    Diagnostic::error("missing-failure", "this was expected to fail, and did not")
                        .at(reference.span, "expected here");
                match spans.is_empty() {
                    true => problem.hint("it has no conditions that could fail"),
                    false => problem,
                }
            })
            .collect()
    }
}

/// Returns the places of the conditions of a thing.
fn conditions(module: &Module, target: &Target) -> Vec<Span> {
    let spans = |conditions: &[Condition]| -> Vec<Span> {
        conditions.iter().map(|one| one.condition.span).collect()
    };
    let found = match target {
        Target::Variable(name) => module
            .variables
            .get(&name.text)
            .map(|one| spans(&one.validations)),
        Target::Resource(id, _) if &*id.type_name == "output" => module
            .outputs
            .get(&id.name)
            .map(|one| spans(&one.preconditions)),
        Target::Resource(id, _) if &*id.type_name == "check" => module
            .checks
            .get(&id.name)
            .map(|one| spans(&one.assertions)),
        Target::Resource(id, _) => module.resources.get(id).map(|one| {
            let mut all = spans(&one.lifecycle.preconditions);
            all.extend(spans(&one.lifecycle.postconditions));
            all
        }),
        _ => None,
    };
    found.unwrap_or_default()
}
