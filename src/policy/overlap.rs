//! Finding the path sets that have a path in common with one, without looking at all of them.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::paths::{PathSet, Segment};

/// Path sets with a number each, as a tree of segments.
#[derive(Clone, Debug)]
pub(super) struct Overlaps {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Sets that end here and admit nothing behind.
    ends: Vec<usize>,
    /// Sets whose last segment begins so, and that admit anything behind.
    open: BTreeMap<String, Vec<usize>>,
    /// Below a segment that is this text.
    is: BTreeMap<String, usize>,
    /// Below a segment that begins so.
    begins: BTreeMap<String, usize>,
}

impl Default for Overlaps {
    fn default() -> Overlaps {
        Overlaps {
            nodes: vec![Node::default()],
        }
    }
}

/// Where a search stands: a node, and how many segments of the set led there; `None` once all below it overlaps.
type Place = (usize, Option<usize>);

impl Overlaps {
    /// Adds a set under a number.
    pub(super) fn insert(&mut self, set: &PathSet, number: usize) {
        let (last, before) = match set.segments().split_last() {
            Some((Segment::Begins(start), before)) if set.is_open() => (Some(start), before),
            _ => (None, set.segments()),
        };
        let at = before.iter().fold(0, |at, segment| self.child(at, segment));
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        match last {
            Some(start) => node.open.entry(start.clone()).or_default().push(number),
            None => node.ends.push(number),
        }
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let fresh = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return 0;
        };
        let (children, text) = match segment {
            Segment::Is(text) => (&mut node.is, text),
            Segment::Begins(text) => (&mut node.begins, text),
        };
        if let Some(known) = children.get(text) {
            return *known;
        }
        children.insert(text.clone(), fresh);
        self.nodes.push(Node::default());
        fresh
    }

    /// Returns the numbers of all sets that have a path in common with this one, in order.
    pub(super) fn meeting(&self, set: &PathSet) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open: Vec<Place> = vec![(0, Some(0))];
        while let Some((at, depth)) = open.pop() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            match depth.map(|depth| (depth, set.segments().get(depth))) {
                None => below(node, &mut found, &mut open),
                Some((depth, None)) if set.is_open() && depth > 0 => {
                    below(node, &mut found, &mut open);
                }
                Some((_, None)) => found.extend(&node.ends),
                Some((depth, Some(segment))) => {
                    beside(node, segment, depth + 1, &mut found, &mut open);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Takes all that a node holds.
fn below(node: &Node, found: &mut Vec<usize>, open: &mut Vec<Place>) {
    found.extend(&node.ends);
    found.extend(node.open.values().flatten());
    open.extend(
        node.is
            .values()
            .chain(node.begins.values())
            .map(|at| (*at, None)),
    );
}

/// Takes what a node holds beside one segment of the set that is searched for.
fn beside(
    node: &Node,
    segment: &Segment,
    depth: usize,
    found: &mut Vec<usize>,
    open: &mut Vec<Place>,
) {
    let next = Some(depth);
    match segment {
        Segment::Is(text) => {
            open.extend(node.is.get(text).map(|at| (*at, next)));
            open.extend(outer(&node.begins, text).map(|at| (*at, next)));
            found.extend(outer(&node.open, text).flatten());
        }
        Segment::Begins(start) => {
            open.extend(inner(&node.is, start).map(|at| (*at, next)));
            let begins = inner(&node.begins, start).chain(outer_but(&node.begins, start));
            open.extend(begins.map(|at| (*at, next)));
            let ends = inner(&node.open, start).chain(outer_but(&node.open, start));
            found.extend(ends.flatten());
        }
    }
}

/// Iterates over the entries whose text begins with another.
fn inner<'n, T>(entries: &'n BTreeMap<String, T>, start: &'n str) -> impl Iterator<Item = &'n T> {
    let range = entries.range::<str, _>((Bound::Included(start), Bound::Unbounded));
    range
        .take_while(move |(text, _)| text.starts_with(start))
        .map(|(_, value)| value)
}

/// Iterates over the entries that a text begins with, the text itself among them.
fn outer<'n, T>(entries: &'n BTreeMap<String, T>, text: &'n str) -> impl Iterator<Item = &'n T> {
    let few = entries.len() <= text.len();
    let all = entries
        .iter()
        .filter(move |(start, _)| few && text.starts_with(start.as_str()));
    let ends = (0..=text.len()).filter(move |end| !few && text.is_char_boundary(*end));
    let each = ends.filter_map(|end| entries.get(text.get(..end)?));
    all.map(|(_, value)| value).chain(each)
}

/// Iterates over the entries that a text begins with and is not.
fn outer_but<'n, T>(
    entries: &'n BTreeMap<String, T>,
    text: &'n str,
) -> impl Iterator<Item = &'n T> {
    let few = entries.len() <= text.len();
    let shorter = move |start: &str| text.len() > start.len() && text.starts_with(start);
    let all = entries
        .iter()
        .filter(move |(start, _)| few && shorter(start));
    let ends = (0..text.len()).filter(move |end| !few && text.is_char_boundary(*end));
    let each = ends.filter_map(|end| entries.get(text.get(..end)?));
    all.map(|(_, value)| value).chain(each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Pattern;

    fn set(path: &str) -> PathSet {
        PathSet::of(&Pattern::read(path).expect("a pattern"))
    }

    #[test]
    fn what_is_found_is_what_meets() {
        let paths = [
            "*",
            "+",
            "+/*",
            "kv",
            "kv/",
            "kv/*",
            "kv/a",
            "kv/a*",
            "kv/ab",
            "kv/+",
            "kv/+/x",
            "kv/a/*",
            "+/a",
            "+/a*",
            "k*",
            "other/a",
            "kv/+/+/x*",
            "kv/a/b/x",
        ];
        let mut sets: Vec<PathSet> = paths.iter().map(|path| set(path)).collect();
        let meets: Vec<PathSet> = sets
            .iter()
            .flat_map(|left| sets.iter().filter_map(|right| left.meet(right)))
            .collect();
        sets.extend(meets);
        let mut tree = Overlaps::default();
        for (number, one) in sets.iter().enumerate() {
            tree.insert(one, number);
        }
        for one in &sets {
            let all = sets.iter().enumerate();
            let expected: Vec<usize> = all
                .filter(|(_, other)| one.meet(other).is_some())
                .map(|(number, _)| number)
                .collect();
            assert_eq!(tree.meeting(one), expected, "{one}");
        }
    }
}
