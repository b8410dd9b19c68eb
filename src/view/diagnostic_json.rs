//! Diagnostics as JSON: the objects of `validate -json` 1.0 and of the event stream.

use super::diagnostic::{clipped, context, sentence, statement};
use crate::source::{Diagnostic, Severity, Sources, Span};
use serde_json::{Value as Json, json};

/// Returns the word for a severity: `error`, `warning`, `note`.
#[must_use]
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Returns the document of `validate -json`.
#[must_use]
pub fn validate_document(diagnostics: &[Diagnostic], sources: &Sources) -> Json {
    let number = |severity| {
        diagnostics
            .iter()
            .filter(|found| found.severity == severity)
            .count()
    };
    let errors = number(Severity::Error);
    let entries: Vec<Json> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic_json(diagnostic, sources))
        .collect();
    json!({
        "format_version": "1.0",
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": number(Severity::Warning),
        "diagnostics": entries,
    })
}

/// Returns one diagnostic. Hints are part of the detail, and also stand by themselves under our own key.
#[must_use]
pub fn diagnostic_json(diagnostic: &Diagnostic, sources: &Sources) -> Json {
    let detail: Vec<&str> = diagnostic
        .detail
        .iter()
        .chain(&diagnostic.hints)
        .map(String::as_str)
        .collect();
    let mut object = json!({
        "severity": severity_name(diagnostic.severity),
        "summary": sentence(&diagnostic.message),
        "detail": detail.join("\n\n"),
    });
    if let Some(address) = &diagnostic.address {
        object["address"] = address.as_str().into();
    }
    if let Some(label) = diagnostic.labels.first() {
        object["range"] = range(label.span, sources);
        object["snippet"] = snippet(diagnostic, label.span, sources);
    }
    let labels: Vec<Json> = diagnostic
        .labels
        .iter()
        .map(|label| json!({ "range": range(label.span, sources), "text": label.text }))
        .collect();
    object["vaultform"] = json!({
        "code": diagnostic.code,
        "hints": diagnostic.hints,
        "labels": labels,
    });
    object
}

fn range(span: Span, sources: &Sources) -> Json {
    let position = |byte: u32| {
        let at = sources.position(span.file, byte);
        json!({ "line": at.line, "column": at.column, "byte": at.byte })
    };
    json!({
        "filename": sources.file(span.file).path.display().to_string(),
        "start": position(span.start),
        "end": position(span.end),
    })
}

/// Longer snippets, in bytes, tell only what is near: a line may have a thousand findings.
const LONG: usize = 20_000;

/// Returns the lines of a span, and where in them it is.
fn snippet(diagnostic: &Diagnostic, span: Span, sources: &Sources) -> Json {
    let (lines, first) = sources.lines(span);
    let start = span.start.saturating_sub(first) as usize;
    let end = span.end.saturating_sub(first) as usize;
    let (code, cut) = match lines.len() > LONG {
        true => clipped(lines, start, end.max(start)),
        false => (lines, 0),
    };
    let (start, end) = (
        start.saturating_sub(cut),
        end.max(start).saturating_sub(cut),
    );
    let values: Vec<Json> = diagnostic
        .values
        .iter()
        .map(|(name, value)| json!({ "traversal": name, "statement": statement(value) }))
        .collect();
    json!({
        "context": context(span, sources),
        "code": code,
        "start_line": sources.position(span.file, span.start).line,
        "highlight_start_offset": start,
        "highlight_end_offset": end.min(code.len()),
        "values": values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validate_counts_and_marks_the_place() {
        let mut sources = Sources::default();
        let file = sources.add("main.tf", "variable \"a\" {\n  typ = string\n}\n");
        let span = Span {
            file,
            start: 17,
            end: 20,
        };
        let found = Diagnostic::error("unknown-attribute", "unknown argument `typ`")
            .at(span, "")
            .hint("did you mean `type`");
        let document = validate_document(&[found, Diagnostic::warning("x", "odd")], &sources);
        assert_eq!(document["valid"], false);
        assert_eq!(
            (&document["error_count"], &document["warning_count"]),
            (&json!(1), &json!(1))
        );
        let first = &document["diagnostics"][0];
        assert_eq!(first["summary"], "Unknown argument `typ`");
        assert_eq!(first["detail"], "did you mean `type`");
        assert_eq!(
            first["range"]["start"],
            json!({ "line": 2, "column": 3, "byte": 17 })
        );
        let snippet = json!({
            "context": "variable \"a\"",
            "code": "  typ = string",
            "start_line": 2,
            "highlight_start_offset": 2,
            "highlight_end_offset": 5,
            "values": [],
        });
        assert_eq!(first["snippet"], snippet);
    }
}
