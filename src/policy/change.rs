//! What a comparison of policies finds.

use super::capability::{Capabilities, Capability};
use super::merged::{Broken, Merged, RuleSet};
use super::paths::{PathSet, Segment};
use super::power::Powers;

/// Which way an answer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    Gained,
    Lost,
    /// Granted before and after, under other conditions (parameters, wrapping, approvals, page size).
    Conditions,
}

/// Paths whose answer for one capability changes: those of `pattern` that are in no set of `except`.
/// For `list` and `scan` they are the listed directories, without a final slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub pattern: PathSet,
    pub except: Vec<PathSet>,
    pub capability: Capability,
    pub direction: Direction,
    /// One such path.
    pub example: String,
    pub danger: Danger,
}

/// Why two sets of policies cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incomparable {
    /// The server would fail every request of the token.
    Broken(Broken),
    /// Hundreds of long rules overlap with each other: all ways in which they do are too many to look at.
    Overlaps,
}

/// How much somebody can do with what changes, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Danger {
    /// Whoever has it can give itself every right.
    RootEquivalent,
    Sudo,
    /// The server's own endpoints.
    System,
    /// Anything below a path.
    Wildcard,
    Plain,
}

impl Danger {
    /// Returns the rank of what is granted with this danger, the worst first: `sudo` that makes as good as root, other `sudo`,
    /// what makes as good as root without it, and the rest.
    #[must_use]
    pub fn rank(self, granted: &[Capability]) -> (u8, Danger) {
        let rank = match (self, granted.contains(&Capability::Sudo)) {
            (Danger::RootEquivalent, true) => 0,
            (Danger::Sudo, _) => 1,
            _ => 2,
        };
        (rank, self)
    }

    /// Returns the word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Danger::Sudo => "sudo",
            Danger::RootEquivalent => "root-equivalent",
            Danger::System => "system",
            Danger::Wildcard => "wildcard",
            Danger::Plain => "plain",
        }
    }
}

impl Change {
    /// Tells whether this change concerns a path.
    #[must_use]
    pub fn concerns(&self, path: &str) -> bool {
        self.pattern.contains(path) && !self.except.iter().any(|set| set.contains(path))
    }

    /// Returns the rule that decides for the example.
    pub(super) fn rule_of<'r>(&self, rules: &'r RuleSet) -> Option<&'r Merged> {
        let listing = matches!(self.capability, Capability::List | Capability::Scan);
        let slash = if listing { "/" } else { "" };
        let (at, _) = rules.find(&format!("{}{slash}", self.example), listing)?;
        rules.rule(at)
    }
}

/// Judges a change; `granted` is all that is granted, with the change, for its example.
pub(super) fn danger(change: &Change, granted: Capabilities, powers: &Powers) -> Danger {
    let set = &change.pattern;
    let all = granted.with(change.capability);
    match set.first() {
        _ if powers.reached(set, all, Some(change.capability)).is_some() => Danger::RootEquivalent,
        _ if change.capability == Capability::Sudo => Danger::Sudo,
        Some(Segment::Begins(_)) => Danger::System,
        Some(Segment::Is(first)) if first == "sys" => Danger::System,
        _ if set.is_open() || set.segments().iter().any(is_wild) => Danger::Wildcard,
        _ => Danger::Plain,
    }
}

fn is_wild(segment: &Segment) -> bool {
    matches!(segment, Segment::Begins(_))
}
