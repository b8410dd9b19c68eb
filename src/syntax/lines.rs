//! Lines for the layout: what stands before the equals sign, what after it, and the comment.

use super::format::Cell;
use super::token::Kind;
use std::ops::Range;

/// A line as three ranges of tokens, each of which may be empty.
pub(super) struct Line {
    /// All that is in neither of the others.
    pub(super) lead: Range<usize>,
    /// From the equals sign on, when the value ends on this line.
    pub(super) assign: Range<usize>,
    /// A comment after something else.
    pub(super) comment: Range<usize>,
}

/// Divides tokens into lines. Line breaks within heredocs and strings are none.
pub(super) fn lines(cells: &[Cell]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, cell) in cells.iter().enumerate() {
        if cell.ends_line() {
            lines.push(line(cells, start..at + 1));
            start = at + 1;
        }
    }
    lines.push(line(cells, start..cells.len()));
    lines
}

fn line(cells: &[Cell], all: Range<usize>) -> Line {
    let mut end = all.end;
    let last = all.end.checked_sub(1).and_then(|last| cells.get(last));
    if all.len() > 1 && last.is_some_and(|cell| cell.kind == Kind::Comment) {
        end -= 1;
    }
    let equals = (all.start + 1..end)
        .find(|at| cells.get(*at).is_some_and(|cell| cell.kind == Kind::Assign))
        .filter(|at| ends_here(cells.get(*at..end).unwrap_or_default()))
        .unwrap_or(end);
    Line {
        lead: all.start..equals,
        assign: equals..end,
        comment: end..all.end,
    }
}

/// Tells whether a value closes as many brackets as it opens.
fn ends_here(value: &[Cell]) -> bool {
    value.iter().map(|cell| cell.kind.nesting()).sum::<i32>() == 0
}
