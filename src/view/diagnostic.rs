//! Diagnostics as people read them. Each begins with `Error: ` or `Warning: `, at the start of the line or after the edge
//! of a box: other tools look for that.

use super::paint::{Paint, count, harmless, wrap};
use crate::source::{Diagnostic, FileId, Label, Severity, Sources, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use std::fmt;

/// How diagnostics are written.
#[derive(Clone, Copy, Debug)]
pub struct DiagnosticStyle {
    pub paint: Paint,
    /// Boxes and drawn snippets, for terminals; without, plain lines.
    pub drawn: bool,
    /// The length of the longest line of sentences.
    pub width: usize,
}

/// Returns the text of all diagnostics, with their number at the end where there is more than one error.
#[must_use]
pub fn diagnostics_text(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    style: DiagnosticStyle,
) -> String {
    let texts = diagnostics
        .iter()
        .map(|diagnostic| diagnostic_text(diagnostic, sources, style));
    let mut out: Vec<String> = texts.collect();
    out.extend(summary(diagnostics));
    out.join("\n")
}

/// Returns `2 errors, 1 warning`; nothing for less than two errors.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let number = |severity| {
        diagnostics
            .iter()
            .filter(|found| found.severity == severity)
            .count()
    };
    let (errors, warnings) = (number(Severity::Error), number(Severity::Warning));
    if errors < 2 {
        return None;
    }
    let more = if warnings > 0 {
        format!(", {}", count(warnings, "warning"))
    } else {
        String::new()
    };
    Some(format!("{}{more}\n", count(errors, "error")))
}

/// Returns what `validate` says of a configuration without errors.
#[must_use]
pub fn valid_text(warnings: usize, paint: Paint) -> String {
    let success = paint.bold(&paint.green("Success!"));
    match warnings {
        0 => format!("{success} The configuration is valid.\n"),
        _ => format!(
            "{success} The configuration is valid, but there were some\nvalidation warnings as shown above.\n"
        ),
    }
}

/// Returns the text of one diagnostic, ended by a line feed.
#[must_use]
pub fn diagnostic_text(
    diagnostic: &Diagnostic,
    sources: &Sources,
    style: DiagnosticStyle,
) -> String {
    let mut parts = vec![heading(diagnostic, style)];
    let labels = merged(&diagnostic.labels);
    if let Some(place) = place(diagnostic, labels.first(), sources) {
        parts.push(place);
    }
    let mut snippets = snippets(&labels, sources, style);
    snippets.push_str(&values(diagnostic));
    let with_place = parts.len() > 1;
    if let (true, Some(last)) = (with_place, parts.last_mut()) {
        last.push_str(&snippets);
    }
    parts.extend(
        diagnostic
            .detail
            .as_ref()
            .map(|detail| wrap(&harmless_lines(detail), style.width)),
    );
    parts.extend(diagnostic.hints.iter().map(|hint| {
        let help = format!("help: {}", harmless_lines(hint));
        let help = wrap(&help, style.width);
        help.replacen("help:", &style.paint.cyan("help:"), 1)
    }));
    let text = parts.join("\n\n");
    if style.drawn {
        boxed(&text, diagnostic.severity, style.paint)
    } else {
        text + "\n"
    }
}

fn heading(diagnostic: &Diagnostic, style: DiagnosticStyle) -> String {
    let word = match diagnostic.severity {
        Severity::Error => style.paint.red("Error: "),
        Severity::Warning => style.paint.yellow("Warning: "),
        Severity::Note => style.paint.cyan("Note: "),
    };
    format!("{word}{}", style.paint.bold(&sentence(&diagnostic.message)))
}

/// Returns a message as a heading: with a capital letter, on one line.
#[must_use]
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    harmless(&format!(
        "{}{}",
        first.unwrap_or_default(),
        letters.as_str()
    ))
}

fn harmless_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(harmless).collect();
    lines.join("\n")
}

/// Joins labels of the same span.
fn merged(labels: &[Label]) -> Vec<Label> {
    let mut merged: Vec<Label> = Vec::new();
    for label in labels {
        match merged.iter_mut().find(|other| other.span == label.span) {
            Some(other) if label.text.is_empty() || other.text == label.text => {}
            Some(other) if other.text.is_empty() => other.text.clone_from(&label.text),
            Some(other) => other.text = format!("{}; {}", other.text, label.text),
            None => merged.push(label.clone()),
        }
    }
    merged
}

fn place(diagnostic: &Diagnostic, label: Option<&Label>, sources: &Sources) -> Option<String> {
    let mut lines = Vec::new();
    if let Some(address) = &diagnostic.address {
        let comma = if label.is_some() { "," } else { "" };
        lines.push(format!("  with {}{comma}", harmless(address)));
    }
    if let Some(label) = label {
        let at = sources.position(label.span.file, label.span.start);
        let path = sources.file(label.span.file).path.display().to_string();
        let context = context(label.span, sources).map(|text| format!(", in {text}"));
        let context = context.unwrap_or_default();
        lines.push(format!(
            "  on {} line {}{context}:",
            harmless(&path),
            at.line
        ));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// How far above a place its block's header is looked for, in bytes.
const FAR: usize = 16_000;

/// Returns the header of the block around a span: `resource "vault_mount" "kv"`.
#[must_use]
pub fn context(span: Span, sources: &Sources) -> Option<String> {
    let text = &sources.file(span.file).text;
    let end = text
        .get(span.start as usize..)?
        .find('\n')
        .map_or(text.len(), |at| at + span.start as usize);
    let near = (end.saturating_sub(FAR)..=end).find(|at| text.is_char_boundary(*at))?;
    let whole = match near {
        0 => text.get(..end)?,
        _ => text.get(near..end)?.split_once('\n')?.1,
    };
    let mut above = whole.rsplit('\n');
    let line = above.find(|line| line.starts_with(|letter: char| !letter.is_whitespace()))?;
    let header = line.split('{').next()?.trim();
    let word = header.split_whitespace().next()?;
    let named = word
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter == '_');
    (line.contains('{') && named && !header.contains('=')).then(|| harmless(header))
}

fn values(diagnostic: &Diagnostic) -> String {
    if diagnostic.values.is_empty() {
        return String::new();
    }
    let mut out = "\n    ├────────────────".to_owned();
    for (name, value) in &diagnostic.values {
        out.push_str(&format!("\n    │ {} {}", harmless(name), statement(value)));
    }
    out
}

/// Returns what is said about a value: `is "a"`, `has a sensitive value`.
#[must_use]
pub fn statement(value: &str) -> String {
    match value {
        "(sensitive value)" => "has a sensitive value".to_owned(),
        "(known after apply)" => "will be known only after apply".to_owned(),
        other => format!("is {}", harmless_lines(other)),
    }
}

fn snippets(labels: &[Label], sources: &Sources, style: DiagnosticStyle) -> String {
    let mut files: Vec<FileId> = Vec::new();
    for label in labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let mut out = String::new();
    for file in files {
        let here: Vec<&Label> = labels
            .iter()
            .filter(|label| label.span.file == file)
            .collect();
        let drawn = style
            .drawn
            .then(|| drawn_snippet(file, &here, sources, style.paint))
            .flatten();
        match drawn {
            Some(snippet) => out.push_str(&snippet),
            None => here
                .iter()
                .for_each(|label| out.push_str(&plain_snippet(label, sources))),
        }
    }
    out
}

/// How many bytes of a line are shown on either side of what is meant.
const AROUND: usize = 200;

/// Cuts what is far from a place in a text; returns the rest and where it begins.
#[must_use]
pub fn clipped(text: &str, start: usize, end: usize) -> (&str, usize) {
    let place = |at: usize| {
        let mut near = (0..=at.min(text.len())).rev();
        near.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    let from = place(start.saturating_sub(AROUND));
    let to = place(end.max(start).min(start + 5 * AROUND) + AROUND);
    if text.len() <= 10 * AROUND {
        return (text, 0);
    }
    (text.get(from..to).unwrap_or_default(), from)
}

/// Writes the line of a label with its number, and a line of carets with the label's text.
fn plain_snippet(label: &Label, sources: &Sources) -> String {
    let span = label.span;
    let at = sources.position(span.file, span.start);
    let (lines, start) = sources.lines(span);
    let line = lines.lines().next().unwrap_or_default();
    let inside = span.start.saturating_sub(start) as usize;
    let end = inside + span.end.saturating_sub(span.start) as usize;
    let (line, cut) = clipped(line, inside, end);
    let before = line.get(..inside.saturating_sub(cut)).unwrap_or_default();
    let below = line.get(before.len()..end.saturating_sub(cut).min(line.len()));
    let before: String = before.chars().map(blank).collect();
    let carets = "^".repeat(below.unwrap_or_default().chars().count().max(1));
    let words = if label.text.is_empty() {
        String::new()
    } else {
        format!(" {}", harmless(&label.text))
    };
    format!(
        "\n{:>4}: {}\n      {before}{carets}{words}",
        at.line,
        harmless(line)
    )
}

fn blank(letter: char) -> char {
    if letter == '\t' { '\t' } else { ' ' }
}

/// A snippet for the drawing library: no message, only a source and labels.
struct Drawing {
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Debug for Drawing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(snippet)")
    }
}

impl fmt::Display for Drawing {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Drawing {}

impl miette::Diagnostic for Drawing {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// The longest file that snippets are drawn of, in bytes: the drawing library reads all of it for each.
const DRAWN: usize = 200_000;

fn drawn_snippet(
    file: FileId,
    labels: &[&Label],
    sources: &Sources,
    paint: Paint,
) -> Option<String> {
    let source = sources.file(file);
    if source.text.len() > DRAWN {
        return None;
    }
    let spans = labels.iter().map(|label| {
        let text = (!label.text.is_empty()).then(|| harmless(&label.text));
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        LabeledSpan::new(text, start, end.saturating_sub(start).max(1))
    });
    let visible: String = source.text.chars().map(harmless_letter).collect();
    let drawing = Drawing {
        source: NamedSource::new(source.path.display().to_string(), visible),
        labels: spans.collect(),
    };
    let theme = if paint.0 {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(120);
    let mut out = String::new();
    handler.render_report(&mut out, &drawing).ok()?;
    let lines = out.lines().skip_while(|line| !line.contains('╭'));
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    (!lines.is_empty()).then(|| format!("\n{}", lines.join("\n")))
}

/// Replaces what a terminal would act on by a sign of the same number of bytes.
fn harmless_letter(letter: char) -> char {
    if letter.is_ascii_control() && !matches!(letter, '\n' | '\t' | '\r') {
        '?'
    } else {
        letter
    }
}

fn boxed(text: &str, severity: Severity, paint: Paint) -> String {
    let edge = |part: &str| match severity {
        Severity::Error => paint.red(part),
        Severity::Warning => paint.yellow(part),
        Severity::Note => paint.cyan(part),
    };
    let lines = text.lines().map(|line| format!("{} {line}\n", edge("│")));
    let lines: String = lines.collect();
    format!("{}\n{lines}{}\n", edge("╷"), edge("╵"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (Sources, Diagnostic) {
        let mut sources = Sources::default();
        let text = "resource \"vault_mount\" \"kv\" {\n  pth = \"kv\"\n}\n";
        let file = sources.add("main.tf", text);
        let span = Span {
            file,
            start: 32,
            end: 35,
        };
        let diagnostic = Diagnostic::error("unknown-attribute", "unknown attribute `pth`")
            .at(span, "not an attribute of `vault_mount`")
            .at(span, "here")
            .hint("did you mean `path`")
            .address("vault_mount.kv");
        (sources, diagnostic)
    }

    fn style(drawn: bool) -> DiagnosticStyle {
        DiagnosticStyle {
            paint: Paint(false),
            drawn,
            width: 77,
        }
    }

    #[test]
    fn plain_text_begins_with_the_word() {
        let (sources, mut diagnostic) = example();
        diagnostic
            .values
            .push(("var.x".to_owned(), "\"a\"".to_owned()));
        let expected = "Error: Unknown attribute `pth`

  with vault_mount.kv,
  on main.tf line 2, in resource \"vault_mount\" \"kv\":
   2:   pth = \"kv\"
        ^^^ not an attribute of `vault_mount`; here
    ├────────────────
    │ var.x is \"a\"

help: did you mean `path`
";
        assert_eq!(
            diagnostic_text(&diagnostic, &sources, style(false)),
            expected
        );
    }

    #[test]
    fn far_ends_of_long_lines_are_left_out() {
        let mut sources = Sources::default();
        let text = format!(
            "# one\nx = [{}raed{}]\n",
            "\"é\", ".repeat(900),
            ", 1".repeat(900)
        );
        let file = sources.add("main.tf", &text);
        let start = u32::try_from(text.find("raed").unwrap()).unwrap();
        let span = Span {
            file,
            start,
            end: start + 4,
        };
        let told = diagnostic_text(
            &Diagnostic::error("x", "no").at(span, "here"),
            &sources,
            style(false),
        );
        let lines: Vec<&str> = told.lines().collect();
        let at = lines.iter().position(|line| line.contains("raed")).unwrap();
        assert!(lines[at].len() < 500, "{told}");
        let column = |text: &str, what: &str| text[..text.find(what).unwrap()].chars().count();
        assert_eq!(
            column(lines[at], "raed"),
            column(lines[at + 1], "^^^^ here")
        );
    }

    #[test]
    fn drawn_text_is_a_box_with_one_label_a_span() {
        let (sources, diagnostic) = example();
        let text = diagnostic_text(&diagnostic, &sources, style(true));
        assert!(
            text.starts_with("╷\n│ Error: Unknown attribute `pth`\n│ \n"),
            "{text}"
        );
        assert!(text.ends_with("│ help: did you mean `path`\n╵\n"), "{text}");
        assert_eq!(
            text.matches("not an attribute of `vault_mount`; here")
                .count(),
            1,
            "{text}"
        );
        assert!(text.contains("pth = \"kv\""), "{text}");
    }

    #[test]
    fn several_errors_are_counted() {
        let (sources, diagnostic) = example();
        let all = [
            diagnostic.clone(),
            diagnostic,
            Diagnostic::warning("w", "odd"),
        ];
        let text = diagnostics_text(&all, &sources, style(false));
        assert!(
            text.ends_with("Warning: Odd\n\n2 errors, 1 warning\n"),
            "{text}"
        );
    }
}
