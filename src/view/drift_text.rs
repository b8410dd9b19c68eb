//! What the world changed: the report of `drift`.

use super::conceal::reveal;
use super::diff::{Pair, Paths, compare_block};
use super::document::{IgnoredDrift, PlanDocument, ResourceChange};
use super::drift_notice::span;
use super::marker::Marker;
use super::paint::{count, quote};
use super::plan_text::{Schemas, TextOptions, schema_of};
use super::render::{Options, render};
use serde_json::{Value as Json, json};

/// How many objects a report is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DriftCounts {
    pub changed: usize,
    pub deleted: usize,
    /// Objects whose configuration is not applied yet; no drift.
    pub pending: usize,
    pub unmanaged: usize,
}

impl DriftCounts {
    /// Tells whether anything drifted: exit code 2.
    #[must_use]
    pub fn any(self) -> bool {
        self.changed + self.deleted > 0
    }
}

/// Counts drift and what is pending.
#[must_use]
pub fn drift_counts(document: &PlanDocument) -> DriftCounts {
    let deleted = document
        .resource_drift
        .iter()
        .filter(|entry| is_deleted(entry))
        .count();
    DriftCounts {
        changed: document.resource_drift.len() - deleted,
        deleted,
        pending: pending(document).count(),
        unmanaged: document.vaultform.unmanaged.len(),
    }
}

fn is_deleted(entry: &ResourceChange) -> bool {
    entry.change.actions == ["delete"]
}

/// Returns the changes that the configuration asks for, alone or besides drift.
pub(super) fn pending(document: &PlanDocument) -> impl Iterator<Item = &ResourceChange> {
    document.resource_changes.iter().filter(|change| {
        let origin = change
            .vaultform
            .as_ref()
            .and_then(|notes| notes.origin.as_deref());
        let marker = Marker::of(change);
        origin != Some("drift")
            && (marker.acts() || marker == Marker::Adopt)
            && marker != Marker::Read
    })
}

/// Returns the report: each drifted object with what changed in it, what is pending, what nobody manages.
#[must_use]
pub fn drift_text(document: &PlanDocument, schemas: Schemas<'_>, options: TextOptions) -> String {
    let paint = options.paint;
    let mut out = String::new();
    for entry in &document.resource_drift {
        out.push_str(&entry_text(entry, schemas, options));
        out.push('\n');
    }
    let waiting: Vec<&ResourceChange> = pending(document).collect();
    if !waiting.is_empty() {
        out.push_str("Pending configuration, which is no drift:\n");
        for change in waiting {
            let sign = Marker::of(change).sign(paint);
            out.push_str(&format!("{sign} {}\n", change.address));
        }
        out.push('\n');
    }
    if !document.vaultform.ignored.is_empty() {
        out.push_str("Ignored, as `vaultform.hcl` says:\n");
        for one in &document.vaultform.ignored {
            out.push_str(&ignored_line(one));
        }
        out.push('\n');
    }
    if !document.vaultform.unmanaged.is_empty() {
        out.push_str("On the server and in no configuration:\n");
        for place in &document.vaultform.unmanaged {
            out.push_str(&format!("  {}\n", quote(place)));
        }
        out.push('\n');
    }
    out + &last_line(drift_counts(document), options)
}

pub(super) fn entry_text(
    entry: &ResourceChange,
    schemas: Schemas<'_>,
    options: TextOptions,
) -> String {
    let paint = options.paint;
    let subject = paint.bold(&format!("  # {}", entry.address));
    let place = entry
        .vaultform
        .as_ref()
        .and_then(|notes| notes.place.as_deref());
    let place = place
        .map(|place| format!("  # at {}\n", quote(place)))
        .unwrap_or_default();
    let place = place + &age(entry);
    if is_deleted(entry) {
        return format!("{subject} has been {}\n{place}", paint.red("deleted"));
    }
    let (before, after) = reveal(&entry.change, options.show_sensitive);
    let pair = Pair {
        before: before.as_ref(),
        after: after.as_ref(),
    };
    let diff = compare_block(pair, &schema_of(entry, schemas), &Paths::default());
    let rendering = Options {
        paint,
        ..Options::default()
    };
    let sign = Marker::Update.sign(paint);
    let (kind, name) = (&entry.type_name, &entry.name);
    let body = render(&diff, 0, rendering);
    format!("{subject} has changed\n{place}{sign} resource \"{kind}\" \"{name}\" {body}\n")
}

/// Returns the line that says since when an object has been drifting.
fn age(entry: &ResourceChange) -> String {
    let notes = entry.vaultform.as_ref();
    let known = notes.and_then(|notes| Some((notes.since.as_ref()?, notes.age?)));
    known.map_or_else(String::new, |(since, age)| {
        format!("  # since {since} ({})\n", span(age))
    })
}

/// Returns a line that says what drift is ignored, and why.
pub(super) fn ignored_line(one: &IgnoredDrift) -> String {
    let attributes = match one.attributes.is_empty() {
        true => String::new(),
        false => format!(" ({})", one.attributes.join(", ")),
    };
    let until = one.until.as_ref();
    let until = until.map_or_else(String::new, |until| format!(", until {until}"));
    let (address, reason) = (&one.address, &one.reason);
    format!("  {address}{attributes}: {reason}{until}\n")
}

fn last_line(counts: DriftCounts, options: TextOptions) -> String {
    let whole = verdict(counts);
    let (word, rest) = match whole.split_once(':') {
        Some((word, rest)) if counts.any() => (options.paint.bold(&format!("{word}:")), rest),
        _ => {
            let rest = whole.strip_prefix(IN_SYNC).unwrap_or_default();
            (options.paint.bold(&options.paint.green(IN_SYNC)), rest)
        }
    };
    format!("{word}{rest}\n")
}

const IN_SYNC: &str = "No drift.";

/// Returns what was found, in one line: `Drift: 1 changed, 2 deleted outside of vaultform. Pending: 1 object.`
#[must_use]
pub fn verdict(counts: DriftCounts) -> String {
    let mut parts = Vec::new();
    for (number, word) in [(counts.changed, "changed"), (counts.deleted, "deleted")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let mut line = match parts.is_empty() {
        true => IN_SYNC.to_owned(),
        false => format!("Drift: {} outside of vaultform.", parts.join(", ")),
    };
    for (number, word) in [(counts.pending, "Pending"), (counts.unmanaged, "Unmanaged")] {
        if number > 0 {
            line.push_str(&format!(" {word}: {}.", count(number, "object")));
        }
    }
    line
}

/// Returns the report as JSON: entries as in `resource_drift` of plan documents.
#[must_use]
pub fn drift_document(document: &PlanDocument) -> Json {
    let counts = drift_counts(document);
    let waiting: Vec<&str> = pending(document)
        .map(|change| change.address.as_str())
        .collect();
    json!({
        "format_version": "1.0",
        "drift": document.resource_drift,
        "pending": waiting,
        "unmanaged": document.vaultform.unmanaged,
        "ignored": document.vaultform.ignored,
        "counts": {
            "changed": counts.changed,
            "deleted": counts.deleted,
            "pending": counts.pending,
            "unmanaged": counts.unmanaged,
        },
        "timestamp": document.timestamp,
    })
}
