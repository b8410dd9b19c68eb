//! The path of a rule: exact, prefix (`kv/*`) or with segment wildcards (`kv/+/x`), and which one wins.

use std::cmp::Reverse;
use std::fmt;

/// How a rule's path is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// The path and no other.
    Exact,
    /// Every path that begins with it: written with a final `*`.
    Prefix,
    /// With `+` for any one segment; a final `*` opens the end.
    Segments,
}

/// A rule's path without its leading slash. Two rules with equal patterns merge; all others compete.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    form: Form,
    /// Without the final `*`.
    stem: String,
    open: bool,
}

/// What decides between two patterns that match one path: the greater wins.
/// Source: the comparison that the servers document for path priority, an exact rule above all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank<'p> {
    /// Exact rules are looked up first.
    pub exact: bool,
    /// The byte at which the first `+` or the `*` stands.
    pub wildcard_at: usize,
    /// Without a final `*`.
    pub closed: bool,
    /// How many segments are `+`; fewer is greater.
    pub plus: Reverse<usize>,
    /// Length in bytes without the `*`.
    pub length: usize,
    /// The text itself, where nothing else decides.
    pub text: &'p str,
}

impl Pattern {
    /// Reads a rule's path; `None` where it has the forbidden `+*`.
    #[must_use]
    pub fn read(path: &str) -> Option<Pattern> {
        if path.contains("+*") {
            return None;
        }
        let segments = path == "+" || path.starts_with("+/") || path.contains("/+");
        let stem = path.strip_suffix('*');
        let form = match (segments, stem) {
            (true, _) => Form::Segments,
            (false, Some(_)) => Form::Prefix,
            (false, None) => Form::Exact,
        };
        Some(Pattern {
            form,
            stem: stem.unwrap_or(path).to_owned(),
            open: stem.is_some(),
        })
    }

    /// Returns how it is matched.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Returns its text without the final `*`.
    #[must_use]
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// Tells whether it ends in `*`.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Tells whether it matches a path.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match self.form {
            Form::Exact => self.stem == path,
            Form::Prefix => path.starts_with(&self.stem),
            Form::Segments => super::paths::PathSet::of(self).contains(path),
        }
    }

    /// Returns its place in the order of priority.
    #[must_use]
    pub fn rank(&self) -> Rank<'_> {
        let segments = self.form == Form::Segments;
        let plus = self.stem.split('/').filter(|one| segments && *one == "+");
        let wildcard = if segments { self.stem.find('+') } else { None };
        Rank {
            exact: self.form == Form::Exact,
            wildcard_at: wildcard.unwrap_or(self.stem.len()),
            closed: !self.open,
            plus: Reverse(plus.count()),
            length: self.stem.len(),
            text: &self.stem,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stem)?;
        f.write_str(if self.open { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(path: &str) -> Pattern {
        Pattern::read(path).expect("a pattern")
    }

    #[test]
    fn forms_are_told_apart() {
        assert_eq!(pattern("kv/foo+/x").form(), Form::Exact);
        assert_eq!(pattern("kv/+a/x").form(), Form::Segments);
        assert_eq!(pattern("kv/*/x").form(), Form::Exact);
        assert_eq!(pattern("*").form(), Form::Prefix);
        assert_eq!(Pattern::read("kv/+*"), None);
    }

    #[test]
    fn the_order_is_that_of_the_servers() {
        let winners = [
            ("kv/a*", "kv/+"),
            ("kv/+", "kv/*"),
            ("kv/+/b", "kv/+/b*"),
            ("kv/a/+", "kv/+/b"),
            ("kv/+/b", "kv/+/+"),
            ("kv/+/*", "kv/+/+/*"),
            ("kv/+/ba*", "kv/+/b*"),
            ("kv/a", "kv/a*"),
        ];
        for (winner, loser) in winners {
            assert!(
                pattern(winner).rank() > pattern(loser).rank(),
                "{winner} beats {loser}"
            );
        }
    }

    #[test]
    fn plus_matches_one_segment_also_an_empty_one() {
        assert!(pattern("kv/+/x").matches("kv//x"));
        assert!(!pattern("kv/+").matches("kv/a/b"));
        assert!(pattern("kv/+/s*").matches("kv/a/secret/deep"));
        assert!(!pattern("kv/+/*").matches("kv/a"));
    }
}
