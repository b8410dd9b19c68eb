//! Where a blank stands between two tokens.

use super::format::Cell;
use super::token::Kind;

/// Tells whether a blank stands between two neighbours; `before` is what stands before them on the line.
pub(super) fn space_between(before: Option<&Cell>, subject: &Cell, after: &Cell) -> bool {
    if let Some(answer) = tight(subject.kind, after.kind) {
        return answer;
    }
    let before_kind = before.map(|cell| cell.kind);
    if subject.text == "in" && subject.kind == Kind::Name && before_kind == Some(Kind::Name) {
        // `in` of a `for` is no name that an index follows.
        return true;
    }
    match (subject.kind, after.kind) {
        (subject, Kind::OpenBracket)
            if matches!(subject, Kind::Name | Kind::Number) || subject.nesting() < 0 =>
        {
            false
        }
        (Kind::Bang, _) => false,
        (Kind::Minus, _) => !begins_operand(before_kind),
        (Kind::OpenBrace, Kind::CloseBrace) => false,
        (Kind::OpenBrace, _) | (_, Kind::CloseBrace) => true,
        (Kind::Interpolation | Kind::Directive, Kind::OpenBrace) => true,
        (Kind::CloseBrace, Kind::SequenceEnd) => true,
        (Kind::SequenceEnd, Kind::Interpolation | Kind::Directive) => false,
        (subject, after) => subject.nesting() <= 0 && after.nesting() >= 0,
    }
}

/// Decides by the two kinds alone, where they do.
fn tight(subject: Kind, after: Kind) -> Option<bool> {
    let within_text = |kind| matches!(kind, Kind::QuotedText | Kind::PlainText);
    match (subject, after) {
        (_, Kind::Newline)
        | (Kind::Name, Kind::OpenParen | Kind::DoubleColon)
        | (Kind::DoubleColon, Kind::Name)
        | (Kind::Dot, _)
        | (_, Kind::Dot | Kind::Comma | Kind::Ellipsis) => Some(false),
        (Kind::Comma, _) => Some(true),
        (Kind::OpenQuote | Kind::OpenHeredoc, _) | (_, Kind::CloseQuote | Kind::CloseHeredoc) => {
            Some(false)
        }
        (subject, after) if within_text(subject) || within_text(after) => Some(false),
        _ => None,
    }
}

/// Tells whether a minus after this token is a sign and no operator.
fn begins_operand(before: Option<Kind>) -> bool {
    let Some(before) = before else {
        return true;
    };
    matches!(
        before,
        Kind::OpenParen
            | Kind::OpenBrace
            | Kind::OpenBracket
            | Kind::Assign
            | Kind::Colon
            | Kind::Comma
            | Kind::Question
            | Kind::Plus
            | Kind::Star
            | Kind::Slash
            | Kind::Percent
            | Kind::Minus
            | Kind::Equal
            | Kind::NotEqual
            | Kind::Greater
            | Kind::GreaterOrEqual
            | Kind::Less
            | Kind::LessOrEqual
            | Kind::And
            | Kind::Or
            | Kind::Bang
    )
}
