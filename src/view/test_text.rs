//! Results of policy tests: as people read them, as JSON, as JUnit.

use super::diagnostic::{DiagnosticStyle, diagnostic_text};
use super::diagnostic_json::diagnostic_json;
use super::findings::{Case, Outcome, Suite, junit_document};
use super::paint::Paint;
use crate::source::{Diagnostic, Sources, Span};
use serde_json::{Value as Json, json};

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
}

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    pub name: String,
    pub span: Span,
    pub expectations: usize,
    pub seconds: f64,
    pub verdict: Verdict,
    pub problems: Vec<Diagnostic>,
    pub notes: Vec<Diagnostic>,
}

/// What came of one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    pub path: String,
    pub cases: Vec<CaseReport>,
}

impl FileReport {
    /// Tells whether a case failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.cases
            .iter()
            .any(|case| case.verdict == Verdict::Failed)
    }
}

fn number(reports: &[FileReport], verdict: Verdict) -> usize {
    let cases = reports.iter().flat_map(|file| &file.cases);
    cases.filter(|case| case.verdict == verdict).count()
}

/// Returns one line a case, then what went wrong, then how many passed.
#[must_use]
pub fn test_text(reports: &[FileReport], sources: &Sources, paint: Paint) -> String {
    let style = DiagnosticStyle {
        paint,
        drawn: paint.0,
        width: 77,
    };
    let mut out = String::new();
    for file in reports {
        out.push_str(&format!("{}\n", paint.bold(&file.path)));
        for case in &file.cases {
            let mark = match case.verdict {
                Verdict::Passed => paint.green("ok  "),
                Verdict::Failed => paint.red("FAIL"),
            };
            out.push_str(&format!("  {mark} {} ({})\n", case.name, case.expectations));
        }
    }
    let cases = || reports.iter().flat_map(|file| &file.cases);
    let told = cases().flat_map(|case| case.problems.iter().chain(&case.notes));
    for problem in told {
        out.push('\n');
        out.push_str(&diagnostic_text(problem, sources, style));
    }
    let (passed, failed) = (
        number(reports, Verdict::Passed),
        number(reports, Verdict::Failed),
    );
    let line = format!("{passed} passed, {failed} failed.");
    let line = if failed > 0 {
        paint.red(&line)
    } else {
        paint.green(&line)
    };
    format!("{out}\n{}\n", paint.bold(&line))
}

/// Returns the same as JSON.
#[must_use]
pub fn test_document(reports: &[FileReport], sources: &Sources) -> Json {
    let cases: Vec<Json> = reports
        .iter()
        .flat_map(|file| file.cases.iter().map(move |case| (file, case)))
        .map(|(file, case)| {
            let told = |all: &[Diagnostic]| -> Vec<Json> {
                all.iter()
                    .map(|one| diagnostic_json(one, sources))
                    .collect()
            };
            json!({
                "file": file.path,
                "line": sources.position(case.span.file, case.span.start).line,
                "name": case.name,
                "passed": case.verdict == Verdict::Passed,
                "expectations": case.expectations,
                "problems": told(&case.problems),
                "notes": told(&case.notes),
            })
        })
        .collect();
    json!({
        "format_version": "1.0",
        "passed": number(reports, Verdict::Passed),
        "failed": number(reports, Verdict::Failed),
        "cases": cases,
    })
}

/// Returns the same as JUnit, a suite a file.
#[must_use]
pub fn test_junit(reports: &[FileReport], sources: &Sources) -> String {
    let style = DiagnosticStyle {
        paint: Paint(false),
        drawn: false,
        width: 120,
    };
    let case = |file: &FileReport, case: &CaseReport| {
        let texts: Vec<String> = case
            .problems
            .iter()
            .map(|problem| diagnostic_text(problem, sources, style))
            .collect();
        let outcome = match case.problems.first() {
            None => Outcome::default(),
            Some(first) => Outcome::Failed {
                message: first.message.clone(),
                kind: first.code.to_owned(),
                text: texts.join("\n"),
            },
        };
        Case {
            name: case.name.clone(),
            file: Some(file.path.clone()),
            line: Some(sources.position(case.span.file, case.span.start).line),
            seconds: Some(case.seconds),
            outcome,
        }
    };
    let suites: Vec<Suite> = reports
        .iter()
        .map(|file| Suite {
            name: file.path.clone(),
            cases: file.cases.iter().map(|one| case(file, one)).collect(),
        })
        .collect();
    junit_document(&suites)
}
