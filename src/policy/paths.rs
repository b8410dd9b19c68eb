//! Sets of paths that a rule's pattern, or the overlap of two, describes; computed, never sampled.

use std::fmt;

use super::pattern::{Form, Pattern};

/// What one segment of a path must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    Is(String),
    /// Begins with it; with the empty text, any segment.
    Begins(String),
}

impl Segment {
    fn admits(&self, text: &str) -> bool {
        match self {
            Segment::Is(literal) => literal == text,
            Segment::Begins(start) => text.starts_with(start),
        }
    }

    fn touches(&self, other: &Segment) -> bool {
        match (self, other) {
            (Segment::Is(literal), _) => other.admits(literal),
            (_, Segment::Is(literal)) => self.admits(literal),
            (Segment::Begins(left), Segment::Begins(right)) => {
                left.starts_with(right) || right.starts_with(left)
            }
        }
    }

    fn is_within(&self, other: &Segment) -> bool {
        match (self, other) {
            (Segment::Is(literal), _) => other.admits(literal),
            (Segment::Begins(_), Segment::Is(_)) => false,
            (Segment::Begins(left), Segment::Begins(right)) => left.starts_with(right),
        }
    }

    fn meet(&self, other: &Segment) -> Option<Segment> {
        let fits = match (self, other) {
            (Segment::Is(literal), _) => other.admits(literal).then_some(self),
            (_, Segment::Is(literal)) => self.admits(literal).then_some(other),
            (Segment::Begins(left), Segment::Begins(right)) if left.starts_with(right) => {
                Some(self)
            }
            (Segment::Begins(left), Segment::Begins(right)) => {
                right.starts_with(left).then_some(other)
            }
        };
        fits.cloned()
    }
}

/// All paths with these segments; `open`: and with anything behind the last one, which is then a `Begins`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathSet {
    segments: Vec<Segment>,
    open: bool,
}

impl PathSet {
    /// Every path.
    #[must_use]
    pub fn all() -> PathSet {
        PathSet {
            segments: vec![Segment::Begins(String::new())],
            open: true,
        }
    }

    /// Returns the paths that a pattern matches.
    #[must_use]
    pub fn of(pattern: &Pattern) -> PathSet {
        let wild = pattern.form() == Form::Segments;
        let mut segments: Vec<Segment> = pattern
            .stem()
            .split('/')
            .map(|one| match one {
                "+" if wild => Segment::Begins(String::new()),
                _ => Segment::Is(one.to_owned()),
            })
            .collect();
        if pattern.is_open()
            && let Some(last) = segments.last_mut()
            && let Segment::Is(text) = last
        {
            *last = Segment::Begins(std::mem::take(text));
        }
        PathSet {
            segments,
            open: pattern.is_open(),
        }
    }

    /// Returns how many segments its shortest paths have.
    #[must_use]
    pub fn length(&self) -> usize {
        self.segments.len()
    }

    /// Tells whether anything may follow its last segment.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Returns what its segments must be.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns what its first segment must be.
    #[must_use]
    pub fn first(&self) -> Option<&Segment> {
        self.segments.first()
    }

    /// Tells whether a path is in it.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        let fits = self
            .segments
            .iter()
            .all(|segment| parts.next().is_some_and(|part| segment.admits(part)));
        fits && (self.open || parts.next().is_none())
    }

    /// Tells whether there is a path that is in both.
    #[must_use]
    pub fn touches(&self, other: &PathSet) -> bool {
        let (long, short) = if self.length() >= other.length() {
            (self, other)
        } else {
            (other, self)
        };
        let reaches = long.length() == short.length() || short.open;
        let mut shared = long.segments.iter().zip(&short.segments);
        reaches && shared.all(|(long, short)| long.touches(short))
    }

    /// Returns the paths that are in both.
    #[must_use]
    pub fn meet(&self, other: &PathSet) -> Option<PathSet> {
        let (long, short) = if self.length() >= other.length() {
            (self, other)
        } else {
            (other, self)
        };
        // Most pairs have nothing in common: see that before anything is copied.
        if !self.touches(other) {
            return None;
        }
        let shared = long.segments.iter().zip(&short.segments);
        let mut segments: Vec<Segment> = shared.map(|(l, s)| l.meet(s)).collect::<Option<_>>()?;
        segments.extend(long.segments.iter().skip(short.length()).cloned());
        Some(PathSet {
            segments,
            open: self.open && other.open,
        })
    }

    /// Tells whether all of its paths are in the other.
    #[must_use]
    pub fn is_within(&self, other: &PathSet) -> bool {
        let deep_enough =
            self.length() == other.length() || self.length() > other.length() && other.open;
        deep_enough
            && (other.open || !self.open)
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|(own, other)| own.is_within(other))
    }

    /// Returns the directories whose LIST (the path with a slash behind it) is in this set.
    #[must_use]
    pub fn directories(&self) -> Vec<PathSet> {
        let mut found = Vec::new();
        if let Some((last, before)) = self.segments.split_last()
            && last.admits("")
            && !before.is_empty()
        {
            found.push(PathSet {
                segments: before.to_vec(),
                open: false,
            });
        }
        if self.open {
            found.push(self.clone());
        }
        found
    }

    /// Returns the path of so many segments that is in as few other sets as can be: where the set leaves a
    /// choice it takes `fresh`, a text that no pattern knows.
    #[must_use]
    pub fn sample(&self, length: usize, fresh: &str) -> String {
        let mut parts: Vec<String> = self
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::Is(literal) => literal.clone(),
                Segment::Begins(start) => format!("{start}{fresh}"),
            })
            .collect();
        while parts.len() < length {
            parts.push(fresh.to_owned());
        }
        parts.join("/")
    }

    /// Returns how much it fixes: the wider the set, the smaller the number.
    #[must_use]
    pub(super) fn narrowness(&self) -> (bool, usize, usize) {
        let fixed = self.segments.iter().map(|segment| match segment {
            Segment::Is(text) => text.len() + 1,
            Segment::Begins(text) => text.len(),
        });
        (!self.open, self.length(), fixed.sum())
    }
}

impl fmt::Display for PathSet {
    /// Writes it as a rule would; where no rule can say it, a segment that only begins so is `abc[^/]*`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.length().saturating_sub(1);
        for (at, segment) in self.segments.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            match segment {
                Segment::Is(text) => f.write_str(text)?,
                Segment::Begins(text) if self.open && at == last => write!(f, "{text}*")?,
                Segment::Begins(text) if text.is_empty() => f.write_str("+")?,
                Segment::Begins(text) => write!(f, "{text}[^/]*")?,
            }
        }
        Ok(())
    }
}

/// Returns a text of one character that occurs in none of the given ones.
pub(super) fn fresh<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let used: std::collections::HashSet<char> = texts.flat_map(str::chars).collect();
    ('a'..='z')
        .rev()
        .skip(2)
        .chain('0'..='9')
        .chain('\u{4e00}'..='\u{9fff}')
        .chain('\u{10000}'..='\u{1ffff}')
        .find(|c| !used.contains(c))
        .unwrap_or('x')
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(path: &str) -> PathSet {
        PathSet::of(&Pattern::read(path).expect("a pattern"))
    }

    fn meet(left: &str, right: &str) -> Option<String> {
        set(left).meet(&set(right)).map(|met| met.to_string())
    }

    #[test]
    fn overlaps_are_computed() {
        assert_eq!(meet("kv/*", "kv/+/x").as_deref(), Some("kv/+/x"));
        assert_eq!(meet("kv/+", "kv/a*").as_deref(), Some("kv/a[^/]*"));
        assert_eq!(meet("+/a*", "kv/*").as_deref(), Some("kv/a*"));
        assert_eq!(meet("kv/+/x", "kv/a/y"), None);
        assert_eq!(meet("kv/a", "kv/b*"), None);
        assert_eq!(meet("kv", "kv/*"), None);
        assert!(set("kv/a*").is_within(&set("kv/*")));
        assert!(!set("kv/*").is_within(&set("kv/+")));
    }

    #[test]
    fn directories_lose_their_slash() {
        let of = |path: &str| {
            let found = set(path).directories();
            found.iter().map(PathSet::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of("kv/"), ["kv"]);
        assert_eq!(of("kv/+"), ["kv"]);
        assert_eq!(of("kv/*"), ["kv", "kv/*"]);
        assert_eq!(of("kv/a*"), ["kv/a*"]);
        assert_eq!(of("kv/a"), Vec::<String>::new());
    }
}
