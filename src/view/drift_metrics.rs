//! What a run of `drift` came to, in the text format of Prometheus.

use crate::operate::watch::Seconds;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is measured of a run.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The configuration's name.
    pub name: String,
    pub workspace: String,
    pub now: Seconds,
    /// In seconds.
    pub duration: f64,
    pub exit: u8,
    /// When a run last came to a result; of an earlier one where this did not.
    pub last_success: Option<Seconds>,
    /// What was found; nothing where the run came to no result.
    pub found: Option<Found>,
    /// Each channel, and whether it could be told.
    pub notified: BTreeMap<String, bool>,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub checked: usize,
    /// By type and origin.
    pub drifted: BTreeMap<(String, String), usize>,
    pub pending: usize,
    pub ignored: usize,
    pub healed: usize,
    /// Nothing where it was not asked for.
    pub unmanaged: Option<usize>,
    /// Since when the oldest drift stands.
    pub oldest: Option<Seconds>,
}

/// The name of the metric that outlives a run without a result.
const LAST_SUCCESS: &str = "vaultform_drift_last_success_timestamp_seconds";

/// Returns the text of the file.
#[must_use]
pub fn metrics(measured: &Measured) -> String {
    let mut page = Page {
        text: String::new(),
        labels: format!(
            "configuration=\"{}\",workspace=\"{}\"",
            escape(&measured.name),
            escape(&measured.workspace)
        ),
    };
    if let Some(found) = &measured.found {
        page.found(found, measured.now);
    }
    page.one(
        "vaultform_drift_duration_seconds",
        "How long the last run took.",
        measured.duration,
    );
    page.one(
        "vaultform_drift_last_run_timestamp_seconds",
        "When the last run ended.",
        measured.now,
    );
    if let Some(at) = measured.last_success {
        page.one(LAST_SUCCESS, "When a run last came to a result.", at);
    }
    page.one(
        "vaultform_drift_exit_code",
        "The exit code of the last run: 0 in sync, 1 error, 2 drift.",
        measured.exit,
    );
    let failed = measured.notified.iter().map(|(channel, told)| {
        let label = format!("channel=\"{}\"", escape(channel));
        (label, u8::from(!told))
    });
    page.many(
        "vaultform_drift_notification_failed",
        "Whether the channel could not be told of what is new.",
        failed.collect(),
    );
    page.text
}

/// Finds when a run last came to a result in an earlier file.
#[must_use]
pub fn last_success(text: &str) -> Option<Seconds> {
    let line = text.lines().find(|line| line.starts_with(LAST_SUCCESS))?;
    line.rsplit(' ').next()?.parse().ok()
}

struct Page {
    text: String,
    labels: String,
}

impl Page {
    fn found(&mut self, found: &Found, now: Seconds) {
        let drifted: usize = found.drifted.values().sum();
        self.one(
            "vaultform_drift_in_sync",
            "Whether the server is as the last apply left it.",
            u8::from(drifted == 0),
        );
        self.one(
            "vaultform_drift_checked_objects",
            "How many objects were compared.",
            found.checked,
        );
        let by_type = found.drifted.iter().map(|((kind, origin), number)| {
            let label = format!("type=\"{}\",origin=\"{}\"", escape(kind), escape(origin));
            (label, *number)
        });
        self.many(
            "vaultform_drift_objects",
            "Objects that were changed outside: by type, and whether the configuration changed as well (both).",
            by_type.collect(),
        );
        for (name, help, number) in [
            (
                "pending",
                "Objects whose configuration is not applied yet.",
                found.pending,
            ),
            (
                "ignored",
                "Objects whose drift is ignored as the settings say.",
                found.ignored,
            ),
            (
                "healed",
                "Objects that the last run put right.",
                found.healed,
            ),
        ] {
            self.one(&format!("vaultform_drift_{name}_objects"), help, number);
        }
        if let Some(number) = found.unmanaged {
            let help = "Objects on the server that are in no configuration.";
            self.one("vaultform_drift_unmanaged_objects", help, number);
        }
        self.one(
            "vaultform_drift_oldest_seconds",
            "How long the oldest drift has been standing; 0 without drift.",
            found.oldest.map_or(0, |since| (now - since).max(0)),
        );
    }

    fn one(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.many(name, help, vec![(String::new(), value)]);
    }

    fn many<V: std::fmt::Display>(&mut self, name: &str, help: &str, values: Vec<(String, V)>) {
        if values.is_empty() {
            return;
        }
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (label, value) in values {
            let comma = if label.is_empty() { "" } else { "," };
            let _ = writeln!(self.text, "{name}{{{}{comma}{label}}} {value}", self.labels);
        }
    }
}

/// Escapes the value of a label.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_with_drift_is_written() {
        let key = |kind: &str| (kind.to_owned(), "drift".to_owned());
        let measured = Measured {
            name: "a\"b".to_owned(),
            workspace: "default".to_owned(),
            now: 1_000,
            duration: 0.25,
            exit: 2,
            last_success: Some(1_000),
            found: Some(Found {
                checked: 7,
                drifted: BTreeMap::from([(key("vault_mount"), 1), (key("vault_policy"), 2)]),
                oldest: Some(400),
                ..Found::default()
            }),
            notified: BTreeMap::from([("slack".to_owned(), false)]),
        };
        let text = metrics(&measured);
        let labels = "configuration=\"a\\\"b\",workspace=\"default\"";
        for line in [
            format!("vaultform_drift_in_sync{{{labels}}} 0"),
            format!("vaultform_drift_objects{{{labels},type=\"vault_policy\",origin=\"drift\"}} 2"),
            format!("vaultform_drift_oldest_seconds{{{labels}}} 600"),
            format!("vaultform_drift_duration_seconds{{{labels}}} 0.25"),
            format!("vaultform_drift_notification_failed{{{labels},channel=\"slack\"}} 1"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("unmanaged"));
        assert_eq!(last_success(&text), Some(1_000));
    }

    #[test]
    fn a_run_without_a_result_says_nothing_of_the_server() {
        let text = metrics(&Measured {
            exit: 1,
            ..Measured::default()
        });
        assert!(!text.contains("in_sync") && text.contains("exit_code"));
        assert_eq!(last_success(&text), None);
    }
}
