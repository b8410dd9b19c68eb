//! What lints found, as people read it and as JSON.

use super::diagnostic::{DiagnosticStyle, diagnostic_text};
use super::diagnostic_json::diagnostic_json;
use super::findings::Finding;
use super::paint::{Paint, count};
use crate::source::{Severity, Sources};
use serde_json::{Value as Json, json};

/// All that a report tells.
#[derive(Clone, Copy)]
pub struct LintText<'a> {
    pub findings: &'a [Finding<'a>],
    pub sources: &'a Sources,
    pub paint: Paint,
    /// How many policies were looked at.
    pub policies: usize,
    /// How many roles, users, groups and entities.
    pub holders: usize,
    /// How many findings were put right.
    pub fixed: usize,
    /// Whether silenced findings are shown.
    pub show_silenced: bool,
}

/// Returns the findings one after the other, and a last line that counts them.
#[must_use]
pub fn lint_text(report: &LintText<'_>) -> String {
    let style = DiagnosticStyle {
        paint: report.paint,
        drawn: report.paint.0,
        width: 77,
    };
    let mut out = String::new();
    for finding in report.findings {
        if finding.silenced.is_some() && !report.show_silenced {
            continue;
        }
        let mut shown = finding.diagnostic.clone();
        shown.message = format!("{} [{}]", shown.message, shown.code);
        if let Some(reason) = finding.silenced {
            shown.severity = Severity::Note;
            shown.detail = Some(format!("silenced: {reason}"));
        }
        out.push('\n');
        out.push_str(&diagnostic_text(&shown, report.sources, style));
    }
    format!("{out}\n{}\n", last_line(report))
}

fn numbers(report: &LintText<'_>) -> [(usize, &'static str); 3] {
    let number = |severity| {
        let loud = report.findings.iter().filter(|one| one.silenced.is_none());
        loud.filter(|one| one.diagnostic.severity == severity)
            .count()
    };
    [
        (number(Severity::Error), "error"),
        (number(Severity::Warning), "warning"),
        (number(Severity::Note), "note"),
    ]
}

fn silenced(report: &LintText<'_>) -> usize {
    let silenced = report.findings.iter().filter(|one| one.silenced.is_some());
    silenced.count()
}

fn last_line(report: &LintText<'_>) -> String {
    let found: Vec<String> = numbers(report)
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| count(number, word))
        .collect();
    let mut parts = vec![if found.is_empty() {
        report.paint.bold(&report.paint.green("No findings."))
    } else {
        format!("{} {}.", report.paint.bold("Found:"), found.join(", "))
    }];
    if report.fixed > 0 {
        parts.push(format!("Fixed: {}.", report.fixed));
    }
    if silenced(report) > 0 {
        parts.push(format!("Silenced: {}.", silenced(report)));
    }
    let policies = match report.policies {
        1 => "1 policy".to_owned(),
        number => format!("{number} policies"),
    };
    parts.push(format!(
        "Looked at {policies} and {}.",
        count(report.holders, "holder")
    ));
    parts.join(" ")
}

/// Returns the same as JSON: diagnostics as `validate -json` has them, with their code.
#[must_use]
pub fn lint_document(report: &LintText<'_>) -> Json {
    let entries: Vec<Json> = report
        .findings
        .iter()
        .map(|finding| {
            let mut entry = diagnostic_json(finding.diagnostic, report.sources);
            entry["code"] = finding.diagnostic.code.into();
            if let Some(reason) = finding.silenced {
                entry["silenced"] = reason.into();
            }
            entry
        })
        .collect();
    let [(errors, _), (warnings, _), (notes, _)] = numbers(report);
    json!({
        "format_version": "1.0",
        "findings": entries,
        "counts": {
            "error": errors,
            "warning": warnings,
            "note": notes,
            "silenced": silenced(report),
            "fixed": report.fixed,
            "policies": report.policies,
            "holders": report.holders,
        },
    })
}
