//! The rewritings that `terraform fmt` does beside the layout: labels in quotation marks, `"${x}"` as `x`, and types of
//! old as they are written today.

use super::format::Cell;
use super::token::{Kind, Token};
use super::tree::{Attribute, Block, Body};
use crate::source::Span;
use std::ops::Range;

/// Some tokens and what stands instead of them.
struct Edit {
    range: Range<usize>,
    cells: Vec<Cell>,
}

struct Tidier<'a> {
    tokens: &'a [Token],
    cells: &'a [Cell],
    edits: Vec<Edit>,
}

/// Rewrites the cells of a file; `cells` and `tokens` have equal positions.
pub(super) fn tidy(tokens: &[Token], body: &Body, cells: Vec<Cell>) -> Vec<Cell> {
    let mut tidier = Tidier {
        tokens,
        cells: &cells,
        edits: Vec::new(),
    };
    tidier.body(body, false, 0);
    let mut edits = tidier.edits;
    edits.sort_by_key(|edit| edit.range.start);
    let mut tidied = cells;
    for edit in edits.into_iter().rev() {
        tidied.splice(edit.range, edit.cells);
    }
    tidied
}

impl Tidier<'_> {
    fn body(&mut self, body: &Body, is_variable: bool, depth: usize) {
        for attribute in &body.attributes {
            self.attribute(attribute, is_variable && &*attribute.name.text == "type");
        }
        for block in &body.blocks {
            self.labels(block);
            self.body(
                &block.body,
                depth == 0 && &*block.kind.text == "variable",
                depth + 1,
            );
        }
    }

    fn attribute(&mut self, attribute: &Attribute, is_type: bool) {
        let range = self.range(attribute.value.span);
        let given = self.cells.get(range.clone()).unwrap_or_default();
        let better = if is_type {
            modern_type(given)
        } else {
            unwrapped(given)
        };
        if let Some(cells) = better {
            self.edits.push(Edit { range, cells });
        }
    }

    fn labels(&mut self, block: &Block) {
        let Some(last) = block.labels.last() else {
            return;
        };
        // Comments among the labels go with them.
        let kind = self.range(block.kind.span);
        let range = kind.end..self.range(last.span).end;
        let cells = block
            .labels
            .iter()
            .flat_map(|label| quoted(&label.text))
            .collect();
        self.edits.push(Edit { range, cells });
    }

    /// Returns the positions of the tokens within a span.
    fn range(&self, span: Span) -> Range<usize> {
        let start = self
            .tokens
            .partition_point(|token| token.start < span.start as usize);
        let end = self
            .tokens
            .partition_point(|token| token.start < span.end as usize);
        start..end
    }
}

fn quoted(text: &str) -> Vec<Cell> {
    let mut cells = vec![Cell::new(Kind::OpenQuote, "\"")];
    if !text.is_empty() {
        cells.push(Cell::new(Kind::QuotedText, &escaped(text)));
    }
    cells.push(Cell::new(Kind::CloseQuote, "\""));
    cells
}

/// Writes text as it stands between quotation marks.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '$' | '%' if letters.peek() == Some(&'{') => escaped.extend([letter, letter]),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Returns the inside of `"${…}"` when that is all there is.
fn unwrapped(given: &[Cell]) -> Option<Vec<Cell>> {
    let [open, begin, inside @ .., end, close] = given else {
        return None;
    };
    let kinds = (open.kind, begin.kind, end.kind, close.kind);
    let wrapped = (
        Kind::OpenQuote,
        Kind::Interpolation,
        Kind::SequenceEnd,
        Kind::CloseQuote,
    );
    if kinds != wrapped || inside.is_empty() || !is_one_sequence(inside) {
        return None;
    }
    let first = inside.iter().position(|cell| cell.kind != Kind::Newline)?;
    let last = inside.iter().rposition(|cell| cell.kind != Kind::Newline)?;
    let inside = inside.get(first..=last)?;
    let several_lines = inside.iter().any(|cell| cell.kind == Kind::Newline);
    let parenthesized = matches!(inside, [first, .., last]
        if first.kind == Kind::OpenParen && last.kind == Kind::CloseParen);
    if !several_lines || parenthesized {
        return Some(inside.to_vec());
    }
    // Outside of the quotation marks a line break would end the expression.
    let mut cells = vec![Cell::new(Kind::OpenParen, "(")];
    cells.extend_from_slice(inside);
    cells.push(Cell::new(Kind::CloseParen, ")"));
    Some(cells)
}

/// Tells whether nothing but one expression is between `${` and `}`; strings in it may hold what they like.
fn is_one_sequence(inside: &[Cell]) -> bool {
    let mut strings = 0;
    inside.iter().all(|cell| {
        match cell.kind {
            Kind::OpenQuote => strings += 1,
            Kind::CloseQuote => strings -= 1,
            Kind::Interpolation | Kind::SequenceEnd | Kind::QuotedText => return strings > 0,
            _ => {}
        }
        true
    })
}

/// Returns a type of a variable as it is written today: `list` was `list(any)`, `"list"` was `list(string)`.
fn modern_type(given: &[Cell]) -> Option<Vec<Cell>> {
    match given {
        [word] if word.kind == Kind::Name && is_collection(&word.text) => {
            Some(collection(&word.text, "any"))
        }
        [open, word, _] if open.kind == Kind::OpenQuote && word.kind == Kind::QuotedText => {
            match &*word.text {
                "string" => Some(vec![Cell::new(Kind::Name, "string")]),
                "list" | "map" => Some(collection(&word.text, "string")),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_collection(word: &str) -> bool {
    matches!(word, "list" | "map" | "set")
}

fn collection(word: &str, element: &str) -> Vec<Cell> {
    vec![
        Cell::new(Kind::Name, word),
        Cell::new(Kind::OpenParen, "("),
        Cell::new(Kind::Name, element),
        Cell::new(Kind::CloseParen, ")"),
    ]
}
