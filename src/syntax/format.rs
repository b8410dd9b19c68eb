//! Canonical layout, byte for byte that of `terraform fmt`: two blanks a level, one blank between most tokens, equals
//! signs and comments of neighbouring lines in one column.
//!
//! Only blanks between tokens change, so comments, strings and heredocs stay as they are; [`tidy`](super::tidy) then
//! does the few rewritings that `terraform fmt` does too.

use super::lines::{Line, lines};
use super::parse::parse_file;
use super::scan::scan_code;
use super::spaces::space_between;
use super::tidy::tidy;
use super::token::{Kind, Token};
use crate::source::{Diagnostic, FileId};
use unicode_segmentation::UnicodeSegmentation;

/// A token as it will be written: its text, and the blanks before it.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) blanks: usize,
}

impl Cell {
    pub(super) fn new(kind: Kind, text: &str) -> Cell {
        Cell {
            kind,
            text: text.to_owned(),
            blanks: 0,
        }
    }

    /// Tells whether the line ends with this token.
    pub(super) fn ends_line(&self) -> bool {
        self.kind == Kind::Newline || (self.kind == Kind::Comment && self.text.ends_with('\n'))
    }
}

/// Returns a file in its canonical layout.
///
/// # Errors
/// Tells every syntax error: what cannot be read is not rearranged.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let text = text.trim_start_matches('\u{feff}');
    let (body, errors) = parse_file(FileId(0), text);
    if !errors.is_empty() {
        return Err(errors);
    }
    let tokens = scan_code(text, 0);
    let cells = tidy(&tokens, &body, cells(text, &tokens));
    Ok(written(&arranged(cells), blanks_at_end(text, &tokens)))
}

/// Returns any piece of the language with the canonical blanks, even one that is no whole file. Nothing is rewritten.
#[must_use]
pub fn layout(text: &str) -> String {
    let tokens = scan_code(text, 0);
    written(
        &arranged(cells(text, &tokens)),
        blanks_at_end(text, &tokens),
    )
}

/// Returns how many blanks follow the last token: they are kept, as `terraform fmt` keeps them.
fn blanks_at_end(text: &str, tokens: &[Token]) -> usize {
    let last = tokens.iter().rev().find(|token| token.kind != Kind::End);
    text.len() - last.map_or(0, |token| token.end)
}

fn cells(text: &str, tokens: &[Token]) -> Vec<Cell> {
    let mut last = 0;
    let mut cells = Vec::new();
    for token in tokens.iter().filter(|token| token.kind != Kind::End) {
        cells.push(Cell {
            kind: token.kind,
            text: token.text(text).to_owned(),
            blanks: token.start - last,
        });
        last = token.end;
    }
    cells
}

fn written(cells: &[Cell], blanks_at_end: usize) -> String {
    let mut text = String::new();
    for cell in cells {
        text.extend(std::iter::repeat_n(' ', cell.blanks));
        text.push_str(&cell.text);
    }
    text.extend(std::iter::repeat_n(' ', blanks_at_end));
    text
}

/// Sets the blanks before every token.
fn arranged(mut cells: Vec<Cell>) -> Vec<Cell> {
    let lines = lines(&cells);
    indent(&mut cells, &lines);
    for line in &lines {
        space(&mut cells, line.lead.clone());
        if let Some(first) = cells
            .get_mut(line.assign.start)
            .filter(|_| !line.assign.is_empty())
        {
            first.blanks = 1;
        }
        space(&mut cells, line.assign.clone());
    }
    align(
        &mut cells,
        &lines,
        |line| (line.assign.start, line.assign.is_empty()),
        |line| vec![line.lead.clone()],
    );
    align(
        &mut cells,
        &lines,
        |line| (line.comment.start, line.comment.is_empty()),
        |line| vec![line.lead.clone(), line.assign.clone()],
    );
    cells
}

/// Indents every line by what is open before it. Lines that open several brackets indent once; what they opened is
/// remembered, so that the line that closes them all comes back by one level.
fn indent(cells: &mut [Cell], lines: &[Line]) {
    let mut open: Vec<i32> = Vec::new();
    for line in lines {
        let Some(first) = cells.get(line.lead.start).filter(|_| !line.lead.is_empty()) else {
            continue;
        };
        let blanks = if first.kind == Kind::Newline {
            0
        } else {
            let change = nesting(cells, line);
            let before = open.len();
            close(&mut open, -change);
            if change > 0 {
                open.push(change);
            }
            2 * before.min(open.len())
        };
        if let Some(first) = cells.get_mut(line.lead.start) {
            first.blanks = blanks;
        }
    }
}

/// Closes so many brackets, innermost first.
fn close(open: &mut Vec<i32>, mut closed: i32) {
    while closed > 0
        && let Some(last) = open.last_mut()
    {
        if closed < *last {
            *last -= closed;
            return;
        }
        closed -= *last;
        open.pop();
    }
}

/// Returns how many more brackets a line opens than it closes. What follows the start of a heredoc belongs to the text.
fn nesting(cells: &[Cell], line: &Line) -> i32 {
    let lead = cells.get(line.lead.clone()).unwrap_or_default();
    let heredoc = lead.iter().position(|cell| cell.kind == Kind::OpenHeredoc);
    let counted = lead
        .get(..heredoc.unwrap_or(lead.len()))
        .unwrap_or_default();
    let assign = cells.get(line.assign.clone()).unwrap_or_default();
    counted
        .iter()
        .chain(assign)
        .map(|cell| cell.kind.nesting())
        .sum()
}

fn space(cells: &mut [Cell], range: std::ops::Range<usize>) {
    for at in range.clone().skip(1) {
        let before = (at > range.start + 1).then(|| cells.get(at - 2)).flatten();
        let (Some(subject), Some(after)) = (cells.get(at - 1), cells.get(at)) else {
            continue;
        };
        let blanks = usize::from(space_between(before, subject, after));
        if let Some(cell) = cells.get_mut(at) {
            cell.blanks = blanks;
        }
    }
}

/// Puts one part of consecutive lines in one column: one blank after the widest of what stands before it.
fn align(
    cells: &mut [Cell],
    lines: &[Line],
    part: impl Fn(&Line) -> (usize, bool),
    before: impl Fn(&Line) -> Vec<std::ops::Range<usize>>,
) {
    let has_part = |line: &Line| !part(line).1;
    for group in lines.chunk_by(|one, other| has_part(one) && has_part(other)) {
        let widths: Vec<usize> = group
            .iter()
            .map(|line| {
                before(line)
                    .into_iter()
                    .map(|range| columns(cells, range))
                    .sum()
            })
            .collect();
        let widest = widths.iter().max().copied().unwrap_or(0);
        for (line, width) in group.iter().zip(widths).filter(|(line, _)| has_part(line)) {
            if let Some(cell) = cells.get_mut(part(line).0) {
                cell.blanks = widest - width + 1;
            }
        }
    }
}

/// Returns the number of columns that tokens take: one for each letter as people count them.
fn columns(cells: &[Cell], range: std::ops::Range<usize>) -> usize {
    let cells = cells.get(range).unwrap_or_default();
    cells
        .iter()
        .map(|cell| cell.blanks + cell.text.graphemes(true).count())
        .sum()
}
