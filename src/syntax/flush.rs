//! `<<-`: the indent that the lines of a heredoc share is no part of the text.
//!
//! The rule is Go HCL's: the least indent over all lines counts, blank lines are left alone, a line that begins with an
//! interpolation or a directive has no indent. Interpolated text plays no part.

use super::template::Piece;
use unicode_segmentation::UnicodeSegmentation;

/// Removes the common indent from the literals that begin a line. Every literal must be of one line at most.
pub(super) fn flush(pieces: &mut [Piece]) {
    let starts = line_starts(pieces);
    let indent = starts
        .iter()
        .filter_map(|at| pieces.get(*at).and_then(indent_of))
        .min()
        .unwrap_or(0);
    for at in starts {
        if let Some(Piece::Literal(text, _)) = pieces.get_mut(at)
            && !is_blank_line(text)
        {
            *text = text.graphemes(true).skip(indent).collect();
        }
    }
}

/// Returns the positions of the pieces that begin a line.
fn line_starts(pieces: &[Piece]) -> Vec<usize> {
    let ends_line =
        |piece: &Piece| matches!(piece, Piece::Literal(text, _) if text.ends_with('\n'));
    (0..pieces.len())
        .filter(|at| *at == 0 || pieces.get(at - 1).is_some_and(ends_line))
        .collect()
}

/// Returns how far a line is indented; nothing for a blank line, which does not count.
fn indent_of(piece: &Piece) -> Option<usize> {
    match piece {
        Piece::Literal(text, _) if is_blank_line(text) => None,
        Piece::Literal(text, _) => {
            let blank = text.len() - text.trim_start().len();
            Some(
                text.get(..blank)
                    .unwrap_or_default()
                    .graphemes(true)
                    .count(),
            )
        }
        _ => Some(0),
    }
}

fn is_blank_line(text: &str) -> bool {
    text.ends_with('\n') && text.trim().is_empty()
}
