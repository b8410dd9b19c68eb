//! A plan, or drift, as a page for people who review it: what is lost first, then who gains or loses what, then what
//! somebody else changed, then each change. The writers of Markdown and HTML take it from here.

use super::access::AccessRow;
use super::document::{PlanDocument, ResourceChange};
use super::drift_text::{drift_counts, entry_text, ignored_line, pending, verdict};
use super::marker::{Marker, counts, plan_line};
use super::paint::{Paint, harmless};
use super::plan_header::header;
use super::plan_text::{
    Schemas, TextOptions, headline, is_shown, output_lines, resource_change_text,
};
use serde_json::Value as Json;

/// What a page tells, in the order in which it tells it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The summary line: `Plan: 1 to add, 0 to change, 2 to destroy.`
    pub title: String,
    /// What is wrong besides, errors first.
    pub problems: Vec<Problem>,
    /// What is destroyed or replaced, and with it what.
    pub destroyed: Vec<Destroyed>,
    /// Who gains or loses what, the worst first.
    pub access: Vec<AccessRow>,
    /// Policies whose text is not known.
    pub access_unknown: Vec<String>,
    /// What was changed outside.
    pub drift: Vec<Entry>,
    /// What happens, with what is destroyed in front.
    pub changes: Vec<Entry>,
    pub outputs: Vec<Line>,
    /// Checks that fail: which, and what they say.
    pub checks: Vec<(String, String)>,
    /// Drift that is ignored: what, and why.
    pub ignored: Vec<String>,
    /// Declared and not applied, besides drift.
    pub pending: Vec<String>,
    /// What is on the server and in no configuration.
    pub unmanaged: Vec<String>,
    pub notes: Vec<String>,
    /// When it was made, RFC 3339.
    pub timestamp: String,
}

/// An error or a warning, as it is told elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    pub error: bool,
    pub text: String,
}

/// An object that goes.
#[derive(Clone, Debug, Default)]
pub struct Destroyed {
    pub address: String,
    /// `destroyed` or `replaced`
    pub how: &'static str,
    /// What goes with it that no configuration wrote: `312 secrets`.
    pub losses: Vec<String>,
}

/// One object.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// `+`, `~`, `-`, `-/+` …; empty where nothing is written for it.
    pub sign: String,
    pub tone: Tone,
    pub address: String,
    /// `will be created`
    pub predicate: String,
    pub body: Vec<Line>,
}

/// How a part of a line is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Comes,
    Goes,
    Changes,
    Read,
    Quiet,
}

/// One line of a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What the sign at its front says.
    pub tone: Tone,
    pub parts: Vec<(Tone, String)>,
}

impl Line {
    /// Returns the line without tones.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Makes the page of a plan.
#[must_use]
pub fn plan_page(document: &PlanDocument, schemas: Schemas<'_>, options: TextOptions) -> Page {
    let options = TextOptions {
        paint: Paint(true),
        ..options
    };
    let mut shown: Vec<&ResourceChange> = document
        .resource_changes
        .iter()
        .filter(|change| is_shown(change))
        .collect();
    shown.sort_by_key(|change| !goes(Marker::of(change)));
    let outputs = lines(&output_lines(&document.output_changes, options));
    let title = if shown.is_empty() && outputs.is_empty() {
        headline(document).to_owned()
    } else {
        plan_line(counts(document))
    };
    let mut notes = Vec::new();
    if document.errored {
        notes.push("Planning failed; this is what it came to until then.".to_owned());
    }
    notes.extend(document.vaultform.ledger_notice.iter().cloned());
    Page {
        title,
        destroyed: shown
            .iter()
            .filter_map(|change| destroyed(change))
            .collect(),
        access: document.access_changes.clone(),
        access_unknown: document.vaultform.access_unknown.clone(),
        drift: drifted(document, schemas, options),
        changes: shown
            .iter()
            .map(|change| entry(change, schemas, options))
            .collect(),
        outputs,
        checks: document.checks.iter().flat_map(failing).collect(),
        notes,
        timestamp: document.timestamp.clone(),
        ..Page::default()
    }
}

/// Makes the page of what `drift` found.
#[must_use]
pub fn drift_page(document: &PlanDocument, schemas: Schemas<'_>, options: TextOptions) -> Page {
    let options = TextOptions {
        paint: Paint(true),
        ..options
    };
    Page {
        title: verdict(drift_counts(document)),
        drift: drifted(document, schemas, options),
        ignored: ignored(document),
        pending: pending(document)
            .map(|change| change.address.clone())
            .collect(),
        unmanaged: document.vaultform.unmanaged.clone(),
        timestamp: document.timestamp.clone(),
        ..Page::default()
    }
}

fn ignored(document: &PlanDocument) -> Vec<String> {
    let lines = document.vaultform.ignored.iter().map(ignored_line);
    lines.map(|line| line.trim().to_owned()).collect()
}

fn goes(marker: Marker) -> bool {
    matches!(
        marker,
        Marker::Delete | Marker::DeleteThenCreate | Marker::CreateThenDelete
    )
}

fn destroyed(change: &ResourceChange) -> Option<Destroyed> {
    let how = match Marker::of(change) {
        Marker::Delete => "destroyed",
        Marker::DeleteThenCreate | Marker::CreateThenDelete => "replaced",
        _ => return None,
    };
    let notes = change.vaultform.as_ref();
    Some(Destroyed {
        address: change.address.clone(),
        how,
        losses: notes.map(|notes| notes.losses.clone()).unwrap_or_default(),
    })
}

fn entry(change: &ResourceChange, schemas: Schemas<'_>, options: TextOptions) -> Entry {
    let marker = Marker::of(change);
    let plain = header(change, options.product, Paint(false));
    let first = plain.lines().next().unwrap_or_default();
    let first = first.trim_start_matches([' ', '#']);
    // What has moved names the old address first.
    let address = match marker {
        Marker::Relabel => change.previous_address.as_deref().unwrap_or_default(),
        _ => &change.address,
    };
    let predicate = first.strip_prefix(address).unwrap_or(first).trim();
    let body = lines(&resource_change_text(change, schemas, options));
    Entry {
        sign: marker.sign(Paint(false)).trim().to_owned(),
        tone: tone(marker),
        address: harmless(address),
        predicate: harmless(predicate),
        body: body.into_iter().skip(1).collect(),
    }
}

fn tone(marker: Marker) -> Tone {
    match marker {
        Marker::Keep | Marker::Adopt | Marker::Relabel => Tone::Quiet,
        Marker::Create => Tone::Comes,
        Marker::Update | Marker::Remount => Tone::Changes,
        Marker::Delete | Marker::DeleteThenCreate | Marker::CreateThenDelete | Marker::Forget => {
            Tone::Goes
        }
        Marker::Read => Tone::Read,
    }
}

fn drifted(document: &PlanDocument, schemas: Schemas<'_>, options: TextOptions) -> Vec<Entry> {
    let entry = |change: &ResourceChange| {
        let gone = change.change.actions == ["delete"];
        let (sign, tone, predicate) = match gone {
            true => ("-", Tone::Goes, "has been deleted"),
            false => ("~", Tone::Changes, "has changed"),
        };
        let body = lines(&entry_text(change, schemas, options));
        Entry {
            sign: sign.to_owned(),
            tone,
            address: harmless(&change.address),
            predicate: predicate.to_owned(),
            body: body.into_iter().skip(1).collect(),
        }
    };
    document.resource_drift.iter().map(entry).collect()
}

/// Returns what failing checks say.
fn failing(check: &Json) -> Vec<(String, String)> {
    if check["status"] != "fail" && check["status"] != "error" {
        return Vec::new();
    }
    let name = check["address"]["to_display"].as_str().unwrap_or_default();
    let instances = check["instances"].as_array().into_iter().flatten();
    let problems = instances.flat_map(|one| one["problems"].as_array().into_iter().flatten());
    let said: Vec<(String, String)> = problems
        .filter_map(|problem| Some((name.to_owned(), problem["message"].as_str()?.to_owned())))
        .collect();
    match said.is_empty() {
        true => vec![(name.to_owned(), "does not hold".to_owned())],
        false => said,
    }
}

/// Reads painted text; what a terminal obeys is in it only where it was painted.
fn lines(painted: &str) -> Vec<Line> {
    painted.lines().map(line).collect()
}

fn line(painted: &str) -> Line {
    let mut parts: Vec<(Tone, String)> = Vec::new();
    let mut rest = painted;
    let mut tone = Tone::Plain;
    loop {
        let (before, after) = rest.split_once('\u{1b}').unwrap_or((rest, ""));
        if !before.is_empty() {
            parts.push((tone, before.to_owned()));
        }
        if after.is_empty() {
            break;
        }
        let (code, text) = after
            .strip_prefix('[')
            .and_then(|code| code.split_once('m'))
            .unwrap_or(("0", after));
        tone = by_code(code);
        rest = text;
    }
    let signed = parts.iter().find(|(_, text)| !text.trim().is_empty());
    let tone = match signed {
        Some((tone, sign)) if is_sign(sign) => *tone,
        _ => Tone::Plain,
    };
    Line { tone, parts }
}

fn by_code(code: &str) -> Tone {
    match code {
        "31" => Tone::Goes,
        "32" => Tone::Comes,
        "33" => Tone::Changes,
        "36" => Tone::Read,
        "90" => Tone::Quiet,
        _ => Tone::Plain,
    }
}

fn is_sign(text: &str) -> bool {
    matches!(text, "+" | "-" | "~" | "<=" | ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_from_text_that_looks_like_them() {
        let signed = line("      \u{1b}[32m+\u{1b}[0m a = \u{1b}[90mnull\u{1b}[0m");
        assert_eq!(signed.tone, Tone::Comes);
        assert_eq!(signed.text(), "      + a = null");
        assert_eq!(signed.parts.last(), Some(&(Tone::Quiet, "null".to_owned())));
        let item = line("      - an item of a list");
        assert_eq!(item.tone, Tone::Plain);
        assert_eq!(item.text(), "      - an item of a list");
        let both = line("\u{1b}[31m-\u{1b}[0m/\u{1b}[32m+\u{1b}[0m resource");
        assert_eq!(both.tone, Tone::Goes);
        assert_eq!(line("a \u{1b} b").text(), "a  b");
    }
}
