//! Diagnostics for other people's tools: SARIF 2.1.0 for code scanning, JUnit for test reports. `lint`, `validate` and
//! `drift` write them alike.

use super::diagnostic::sentence;
use crate::source::{Diagnostic, Severity, Sources, Span};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Something that was found; `silenced` is the reason of the comment that says that it is right so.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    pub diagnostic: &'a Diagnostic,
    pub silenced: Option<&'a str>,
}

impl<'a> Finding<'a> {
    /// Makes a finding that nobody has silenced.
    #[must_use]
    pub fn loud(diagnostic: &'a Diagnostic) -> Finding<'a> {
        Finding {
            diagnostic,
            silenced: None,
        }
    }
}

/// What a report tells of a rule besides its code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub title: String,
    pub help: String,
}

/// What all reports are made from.
pub struct Origins<'a> {
    /// `lint`, `validate` …: the name of the suite.
    pub command: &'a str,
    /// The version of this program.
    pub version: &'a str,
    pub sources: &'a Sources,
    /// Returns a path as the report names it: relative to the top of the repository, with `/`.
    pub locate: &'a dyn Fn(&Path) -> String,
    /// What is known of codes.
    pub about: &'a dyn Fn(&str) -> Option<About>,
}

/// Returns a SARIF 2.1.0 log of one run. Columns count characters from 1.
#[must_use]
pub fn sarif(findings: &[Finding<'_>], origins: &Origins<'_>) -> Json {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        places.entry(finding.diagnostic.code).or_default();
    }
    for (place, at) in places.values_mut().enumerate() {
        *at = place;
    }
    let rules: Vec<Json> = places.keys().map(|code| rule(code, origins)).collect();
    let results: Vec<Json> = findings
        .iter()
        .map(|finding| result(finding, &places, origins))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "vaultform",
                "version": origins.version,
                "rules": rules,
            } },
            "automationDetails": { "id": format!("vaultform/{}", origins.command) },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str, origins: &Origins<'_>) -> Json {
    let mut rule = json!({ "id": code });
    if let Some(about) = (origins.about)(code) {
        rule["shortDescription"] = json!({ "text": sentence(&about.title) });
        rule["fullDescription"] = json!({ "text": about.help });
        rule["help"] = json!({ "text": about.help });
    }
    rule
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(finding: &Finding<'_>, places: &BTreeMap<&str, usize>, origins: &Origins<'_>) -> Json {
    let diagnostic = finding.diagnostic;
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": places.get(diagnostic.code),
        "level": level(diagnostic.severity),
        "message": { "text": words(diagnostic) },
    });
    let mut location = json!({});
    if let Some(label) = diagnostic.labels.first() {
        location["physicalLocation"] = physical(label.span, origins);
    }
    if let Some(address) = &diagnostic.address {
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": address, "kind": "resource" }]);
    }
    if location.as_object().is_some_and(|known| !known.is_empty()) {
        result["locations"] = json!([location]);
    }
    let others = diagnostic.labels.iter().skip(1).enumerate();
    let others: Vec<Json> = others
        .map(|(at, label)| {
            json!({
                "id": at,
                "physicalLocation": physical(label.span, origins),
                "message": { "text": label.text },
            })
        })
        .collect();
    if !others.is_empty() {
        result["relatedLocations"] = others.into();
    }
    if let Some(reason) = finding.silenced {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
    }
    result
}

/// Returns message, detail and hints as one text.
fn words(diagnostic: &Diagnostic) -> String {
    let mut text = sentence(&diagnostic.message);
    for more in diagnostic.detail.iter().chain(&diagnostic.hints) {
        let _ = write!(text, "\n{more}");
    }
    text
}

fn physical(span: Span, origins: &Origins<'_>) -> Json {
    let start = origins.sources.position(span.file, span.start);
    let end = origins.sources.position(span.file, span.end);
    let path = (origins.locate)(&origins.sources.file(span.file).path);
    json!({
        "artifactLocation": { "uri": uri(&path) },
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    })
}

/// Returns a path as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Returns a JUnit report: a failing case for each finding, a skipped one for each that is silenced, and one that passes
/// where nothing was found. Notes pass, with their text as output.
#[must_use]
pub fn junit(findings: &[Finding<'_>], origins: &Origins<'_>) -> String {
    let mut cases: Vec<Case> = findings
        .iter()
        .map(|finding| case(finding, origins))
        .collect();
    if cases.is_empty() {
        cases.push(Case {
            name: "no findings".to_owned(),
            ..Case::default()
        });
    }
    junit_document(&[Suite {
        name: format!("vaultform {}", origins.command),
        cases,
    }])
}

fn case(finding: &Finding<'_>, origins: &Origins<'_>) -> Case {
    let diagnostic = finding.diagnostic;
    let place = diagnostic.labels.first().map(|label| {
        let file = origins.sources.file(label.span.file);
        let at = origins.sources.position(label.span.file, label.span.start);
        ((origins.locate)(&file.path), at.line)
    });
    let where_to = diagnostic.address.clone().or_else(|| {
        let (path, line) = place.as_ref()?;
        Some(format!("{path}:{line}"))
    });
    let text = words(diagnostic);
    let outcome = match (finding.silenced, diagnostic.severity) {
        (Some(reason), _) => Outcome::Skipped(reason.to_owned()),
        (None, Severity::Note) => Outcome::Passed(text),
        (None, _) => Outcome::Failed {
            message: sentence(&diagnostic.message),
            kind: diagnostic.code.to_owned(),
            text,
        },
    };
    Case {
        name: match where_to {
            Some(where_to) => format!("{} {where_to}", diagnostic.code),
            None => diagnostic.code.to_owned(),
        },
        file: place.as_ref().map(|(path, _)| path.clone()),
        line: place.map(|(_, line)| line),
        seconds: None,
        outcome,
    }
}

/// A group of test cases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
}

/// A test case; its class is the suite's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Case {
    pub name: String,
    pub file: Option<String>,
    pub line: Option<usize>,
    pub seconds: Option<f64>,
    pub outcome: Outcome,
}

/// How a test case ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With what it printed.
    Passed(String),
    /// With the reason.
    Skipped(String),
    Failed {
        message: String,
        kind: String,
        text: String,
    },
    /// It could not be run.
    Broken(String),
}

impl Default for Outcome {
    fn default() -> Outcome {
        Outcome::Passed(String::new())
    }
}

/// Returns the JUnit document of some suites.
#[must_use]
pub fn junit_document(suites: &[Suite]) -> String {
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let (total, _) = numbers(all);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vaultform\" {total}>\n"
    );
    for suite in suites {
        let name = escaped(&suite.name);
        let (total, skipped) = numbers(suite.cases.iter());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" {total} skipped=\"{skipped}\">"
        );
        for case in &suite.cases {
            out.push_str(&case_text(case, &name));
        }
        out.push_str("  </testsuite>\n");
    }
    out + "</testsuites>\n"
}

/// Returns the counts that suites and their whole have, and how many are skipped, which only suites tell.
fn numbers<'c>(cases: impl Iterator<Item = &'c Case>) -> (String, usize) {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.outcome {
            Outcome::Failed { .. } => failures += 1,
            Outcome::Broken(_) => errors += 1,
            Outcome::Skipped(_) => skipped += 1,
            Outcome::Passed(_) => {}
        }
    }
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    (counts, skipped)
}

/// Writes a case with what the schemas of Jenkins allow: where it stands is the first line of its text.
fn case_text(case: &Case, class: &str) -> String {
    let mut head = format!(
        "    <testcase classname=\"{class}\" name=\"{}\"",
        escaped(&case.name)
    );
    if let Some(seconds) = case.seconds {
        let _ = write!(head, " time=\"{seconds:.3}\"");
    }
    let place = match (&case.file, case.line) {
        (Some(file), Some(line)) => format!("{file}:{line}\n"),
        (Some(file), None) => format!("{file}\n"),
        (None, _) => String::new(),
    };
    let inside = match &case.outcome {
        Outcome::Passed(text) if text.is_empty() => return head + "/>\n",
        Outcome::Passed(text) => format!(
            "<system-out>{}</system-out>",
            escaped(&format!("{place}{text}"))
        ),
        Outcome::Skipped(reason) => format!("<skipped>{}</skipped>", escaped(reason)),
        Outcome::Failed {
            message,
            kind,
            text,
        } => format!(
            "<failure message=\"{}\" type=\"{}\">{}</failure>",
            escaped(message),
            escaped(kind),
            escaped(&format!("{place}{text}"))
        ),
        Outcome::Broken(why) => format!("<error message=\"{}\"/>", escaped(why)),
    };
    format!("{head}>\n      {inside}\n    </testcase>\n")
}

/// Returns text as XML 1.0 may hold it; what it may not hold becomes `?`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push('?'),
            letter if letter.is_control() => out.push('?'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(findings: &[Finding<'_>], sources: &Sources) -> (Json, String) {
        let origins = Origins {
            command: "lint",
            version: "1.2.3",
            sources,
            locate: &|path| format!("top dir/{}", path.display()),
            about: &|code| {
                (code == "VF-P007").then(|| About {
                    title: "sudo where nothing needs it".to_owned(),
                    help: "Remove it.".to_owned(),
                })
            },
        };
        (sarif(findings, &origins), junit(findings, &origins))
    }

    #[test]
    fn places_count_characters_and_reasons_suppress() {
        let mut sources = Sources::default();
        let file = sources.add("a.hcl", "# ä\nä = \"x\"\n");
        let span = Span {
            file,
            start: 10,
            end: 13,
        };
        let found = Diagnostic::warning("VF-P007", "`<x>` needs no `sudo`")
            .at(span, "")
            .hint("remove it")
            .address("vault_policy.a");
        let silenced = Finding {
            diagnostic: &found,
            silenced: Some("the plugin asks for it"),
        };
        let (log, report) = told(&[Finding::loud(&found), silenced], &sources);
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "VF-P007");
        let result = &run["results"][0];
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "top%20dir/a.hcl");
        let region = json!({ "startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 8 });
        assert_eq!(physical["region"], region);
        assert_eq!(
            result["message"]["text"],
            "`<x>` needs no `sudo`\nremove it"
        );
        assert_eq!(
            run["results"][1]["suppressions"][0]["justification"],
            "the plugin asks for it"
        );
        assert!(
            report.contains("<testsuite name=\"vaultform lint\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""),
            "{report}"
        );
        assert!(
            report.contains("&lt;x&gt;") && !report.contains("<x>"),
            "{report}"
        );
        assert!(report.contains(">top dir/a.hcl:2&#10;"), "{report}");
    }

    #[test]
    fn nothing_found_is_a_case_that_passes() {
        let (log, report) = told(&[], &Sources::default());
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert!(report.contains("<testcase classname=\"vaultform lint\" name=\"no findings\"/>"));
    }
}
