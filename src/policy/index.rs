//! Finding the rules that match a path without looking at all of them.

use std::collections::HashMap;

/// Texts with a value each, looked up by "which of them does this text begin with".
#[derive(Clone, Debug, Default)]
pub(super) struct Prefixes {
    /// Sorted by text.
    entries: Vec<(String, usize)>,
    /// The longest other entry that an entry begins with.
    parents: Vec<Option<usize>>,
}

impl Prefixes {
    pub(super) fn new(mut entries: Vec<(String, usize)>) -> Prefixes {
        entries.sort();
        let mut parents = Vec::with_capacity(entries.len());
        let mut open: Vec<usize> = Vec::new();
        for (at, (text, _)) in entries.iter().enumerate() {
            while let Some(top) = open.last()
                && !entries
                    .get(*top)
                    .is_some_and(|(outer, _)| text.starts_with(outer))
            {
                open.pop();
            }
            parents.push(open.last().copied());
            open.push(at);
        }
        Prefixes { entries, parents }
    }

    /// Returns the values of all entries that the text begins with, the longest first.
    pub(super) fn of<'p>(&'p self, text: &'p str) -> impl Iterator<Item = usize> + 'p {
        let after = self
            .entries
            .partition_point(|(entry, _)| entry.as_str() <= text);
        let nearest = after.checked_sub(1);
        let shared = nearest
            .and_then(|at| self.entries.get(at))
            .map_or(0, |(entry, _)| common(entry, text));
        std::iter::successors(nearest, |at| self.parents.get(*at).copied().flatten())
            .filter_map(|at| self.entries.get(at))
            .filter(move |(entry, _)| entry.len() <= shared)
            .map(|(_, value)| *value)
    }
}

/// Returns how many bytes two texts have in common at their beginning.
fn common(left: &str, right: &str) -> usize {
    left.bytes()
        .zip(right.bytes())
        .take_while(|(l, r)| l == r)
        .count()
}

/// Rules with segment wildcards, as a tree of segments.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: HashMap<String, usize>,
    plus: Option<usize>,
    end: Option<usize>,
    tails: Prefixes,
}

impl Segments {
    /// Builds the tree of rules given by the text before their final `*`, whether they have one, and a value.
    pub(super) fn new<'t>(rules: impl IntoIterator<Item = (&'t str, bool, usize)>) -> Segments {
        let mut tree = Segments {
            nodes: vec![Node::default()],
        };
        let mut tails: HashMap<usize, Vec<(String, usize)>> = HashMap::new();
        for (stem, open, value) in rules {
            let mut segments: Vec<&str> = stem.split('/').collect();
            let tail = if open { segments.pop() } else { None };
            let at = segments.iter().fold(0, |at, one| tree.child(at, one));
            match tail {
                Some(tail) => tails.entry(at).or_default().push((tail.to_owned(), value)),
                None => tree.set_end(at, value),
            }
        }
        for (at, entries) in tails {
            if let Some(node) = tree.nodes.get_mut(at) {
                node.tails = Prefixes::new(entries);
            }
        }
        tree
    }

    fn set_end(&mut self, at: usize, value: usize) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.end = Some(value);
        }
    }

    fn child(&mut self, at: usize, segment: &str) -> usize {
        let fresh = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return 0;
        };
        let found = if segment == "+" {
            *node.plus.get_or_insert(fresh)
        } else if let Some(child) = node.children.get(segment) {
            *child
        } else {
            node.children.insert(segment.to_owned(), fresh);
            fresh
        };
        if found == fresh {
            self.nodes.push(Node::default());
        }
        found
    }

    /// Returns the values of all rules that match a path, in no order. Each node is visited at most once.
    pub(super) fn of(&self, path: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open: Vec<(usize, Option<&str>)> = vec![(0, Some(path))];
        while let Some((at, rest)) = open.pop() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            let Some(rest) = rest else {
                found.extend(node.end);
                continue;
            };
            found.extend(node.tails.of(rest));
            let (segment, after) = match rest.split_once('/') {
                Some((segment, after)) => (segment, Some(after)),
                None => (rest, None),
            };
            open.extend(node.plus.map(|child| (child, after)));
            open.extend(node.children.get(segment).map(|child| (*child, after)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_found_longest_first() {
        let texts = ["", "kv/", "kv/a", "kv/ab", "kv/b", "other"];
        let entries = texts
            .iter()
            .enumerate()
            .map(|(at, text)| ((*text).to_owned(), at));
        let prefixes = Prefixes::new(entries.collect());
        let of = |text: &str| prefixes.of(text).collect::<Vec<_>>();
        assert_eq!(of("kv/aa"), [2, 1, 0]);
        assert_eq!(of("kv/abc"), [3, 2, 1, 0]);
        assert_eq!(of("kv/c"), [1, 0]);
        assert_eq!(of("zzz"), [0]);
    }

    #[test]
    fn segments_are_found_with_open_ends() {
        let rules = [("kv/+/x", false, 0), ("kv/+/", true, 1), ("+/a/s", true, 2)];
        let tree = Segments::new(rules);
        let of = |path: &str| {
            let mut found = tree.of(path);
            found.sort_unstable();
            found
        };
        assert_eq!(of("kv/q/x"), [0, 1]);
        assert_eq!(of("kv/a/s/t"), [1, 2]);
        assert_eq!(of("kv/a"), Vec::<usize>::new());
        assert_eq!(of("kv//x"), [0, 1]);
    }
}
