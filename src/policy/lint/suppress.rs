//! Comments that silence findings.

use super::{Facts, Finding, NamedPolicy, table};
use crate::policy::Rule;
use crate::policy::time;
use crate::policy::tree::{Comment, Extent};

/// The words that make a comment a suppression.
const MARK: &str = "vaultform:allow";

/// What a comment such as `# vaultform:allow VF-P009,VF-P011 until=2027-01-31 break-glass account` says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Suppression {
    pub codes: Vec<String>,
    /// Seconds since 1970 at which it ends; `Err` holds a date that cannot be read.
    pub until: Option<Result<i64, String>>,
    pub reason: String,
}

impl Suppression {
    /// Reads a comment, its marks included; `None` when it is an ordinary one.
    #[must_use]
    pub fn read(comment: &str) -> Option<Suppression> {
        let (_, rest) = comment.split_once(MARK)?;
        let rest = rest.trim_end_matches("*/");
        let mut found = Suppression::default();
        let mut words = rest.split_whitespace().peekable();
        while let Some(word) = words.next_if(|word| word.starts_with("VF-")) {
            let codes = word.split(',').filter(|code| !code.is_empty());
            found.codes.extend(codes.map(str::to_owned));
        }
        if let Some(date) = words.next_if(|word| word.starts_with("until=")) {
            let date = date.trim_start_matches("until=");
            found.until = Some(time::day(date).ok_or_else(|| date.to_owned()));
        }
        found.reason = words.collect::<Vec<_>>().join(" ");
        Some(found)
    }

    /// Tells in words why it silences nothing; `None` when it does.
    #[must_use]
    pub fn fault(&self, now: Option<i64>) -> Option<String> {
        if self.codes.is_empty() {
            return Some("this suppression names no lint".to_owned());
        }
        let unknown = self.codes.iter().find(|code| table::named(code).is_none());
        if let Some(code) = unknown {
            return Some(format!("there is no lint `{code}`"));
        }
        if self.reason.is_empty() {
            return Some("this suppression gives no reason".to_owned());
        }
        match &self.until {
            Some(Err(date)) => Some(format!("`{date}` is no date such as 2027-01-31")),
            Some(Ok(end)) if now.is_some_and(|now| now >= *end) => {
                Some("this suppression has ended".to_owned())
            }
            _ => None,
        }
    }
}

/// Marks the findings that comments silence, and adds findings about comments that silence nothing.
pub(super) fn apply(facts: &Facts<'_>, found: &mut Vec<Finding>) {
    let mut faults = super::Report {
        facts,
        found: Vec::new(),
    };
    for (at, named) in facts.policies.iter().enumerate() {
        for comment in &named.policy.comments {
            let Some(suppression) = Suppression::read(&comment.text) else {
                continue;
            };
            if let Some(fault) = suppression.fault(facts.now) {
                let hint =
                    "write `# vaultform:allow VF-P009 until=2027-01-31 why it is right here`";
                faults.at("VF-P019", at, comment.extent, fault, hint);
                continue;
            }
            if let Some(rule) = target(named, comment) {
                silence(found, at, rule.extent, &suppression);
            }
        }
    }
    found.append(&mut faults.found);
}

fn silence(found: &mut [Finding], policy: usize, rule: Extent, suppression: &Suppression) {
    for finding in found {
        let inside = finding.place.is_some_and(|(at, extent)| {
            at == policy && rule.start <= extent.start && extent.end <= rule.end
        });
        if inside
            && suppression
                .codes
                .iter()
                .any(|code| code == finding.lint.code)
        {
            finding.silenced = Some(suppression.reason.clone());
        }
    }
}

/// Returns the rule that a comment is about: the one it stands in, the one before it on its line, or the next
/// one, when no empty line lies between.
fn target<'p>(named: &NamedPolicy<'p>, comment: &Comment) -> Option<&'p Rule> {
    let rules = &named.policy.rules;
    let at = comment.extent;
    let around = rules
        .iter()
        .find(|rule| rule.extent.start <= at.start && at.end <= rule.extent.end);
    let between = |start: u32, end: u32| Extent { start, end }.of(named.text);
    let before = || {
        let last = rules.iter().rev().find(|rule| rule.extent.end <= at.start);
        last.filter(|rule| !between(rule.extent.end, at.start).contains('\n'))
    };
    let after = || {
        let next = rules.iter().find(|rule| rule.extent.start >= at.end);
        next.filter(|rule| {
            !between(at.end, rule.extent.start)
                .replace('\r', "")
                .contains("\n\n")
        })
    };
    around.or_else(before).or_else(after)
}
