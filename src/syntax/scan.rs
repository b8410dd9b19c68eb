//! The scanner: text → tokens. It never fails; what it cannot read becomes a token that says so.

use super::token::{Kind, Token};

/// What the scanner reads at the moment; modes are stacked.
enum Mode {
    /// Blocks and expressions; counts the braces that are open since the mode began.
    Code { braces: usize },
    /// Between quotation marks.
    Quoted,
    /// Between `<<EOT` and its end.
    Heredoc { marker: String, line_start: bool },
    /// A template file.
    Plain,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    modes: Vec<Mode>,
    tokens: Vec<Token>,
}

/// Divides blocks and expressions into tokens, from a byte offset on. The last token is [`Kind::End`].
#[must_use]
pub fn scan_code(text: &str, from: usize) -> Vec<Token> {
    scan(text, from, Mode::Code { braces: 0 })
}

/// Divides a template file into tokens. The last token is [`Kind::End`].
#[must_use]
pub fn scan_template(text: &str) -> Vec<Token> {
    scan(text, 0, Mode::Plain)
}

fn scan(text: &str, from: usize, mode: Mode) -> Vec<Token> {
    let mut scanner = Scanner {
        text,
        at: from,
        modes: vec![mode],
        tokens: Vec::new(),
    };
    while scanner.at < text.len() {
        scanner.step();
    }
    scanner.push(Kind::End, 0);
    scanner.tokens
}

/// Returns where the comments of a configuration file stand, in bytes; those within heredocs are text.
#[must_use]
pub fn comments(text: &str) -> Vec<std::ops::Range<usize>> {
    let tokens = scan_code(text, 0).into_iter();
    let comments = tokens.filter(|token| token.kind == Kind::Comment);
    comments.map(|token| token.start..token.end).collect()
}

/// Operators and punctuation, longer ones first.
const SYMBOLS: &[(&str, Kind)] = &[
    ("...", Kind::Ellipsis),
    ("==", Kind::Equal),
    ("!=", Kind::NotEqual),
    (">=", Kind::GreaterOrEqual),
    ("<=", Kind::LessOrEqual),
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("::", Kind::DoubleColon),
    ("=>", Kind::Arrow),
    ("\r\n", Kind::Newline),
    ("\n", Kind::Newline),
    ("[", Kind::OpenBracket),
    ("]", Kind::CloseBracket),
    ("(", Kind::OpenParen),
    (")", Kind::CloseParen),
    (".", Kind::Dot),
    (",", Kind::Comma),
    ("*", Kind::Star),
    ("/", Kind::Slash),
    ("%", Kind::Percent),
    ("+", Kind::Plus),
    ("-", Kind::Minus),
    ("=", Kind::Assign),
    ("<", Kind::Less),
    (">", Kind::Greater),
    ("!", Kind::Bang),
    ("?", Kind::Question),
    (":", Kind::Colon),
];

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.tokens.push(Token {
            kind,
            start: self.at,
            end: self.at + length,
        });
        self.at += length;
    }

    fn step(&mut self) {
        match self.modes.last() {
            Some(Mode::Quoted) => self.quoted(),
            Some(Mode::Heredoc { .. } | Mode::Plain) => self.plain(),
            _ => self.code(),
        }
    }

    fn code(&mut self) {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            ' ' | '\t' => self.at += 1,
            '"' => {
                self.push(Kind::OpenQuote, 1);
                self.modes.push(Mode::Quoted);
            }
            '{' => self.open_brace(),
            '}' => self.close_brace(1),
            '~' if rest.starts_with("~}") => self.close_brace(2),
            '#' => self.push(Kind::Comment, line_length(rest)),
            '/' if rest.starts_with("//") => self.push(Kind::Comment, line_length(rest)),
            '/' if rest.starts_with("/*") => self.long_comment(rest),
            '<' if rest.starts_with("<<") => self.heredoc_or_less(rest),
            '0'..='9' => self.push(Kind::Number, number_length(rest)),
            _ if starts_name(first) => self.push(Kind::Name, name_length(rest)),
            _ => self.symbol(rest, first),
        }
    }

    fn symbol(&mut self, rest: &str, first: char) {
        match SYMBOLS.iter().find(|(text, _)| rest.starts_with(text)) {
            Some((text, kind)) => self.push(*kind, text.len()),
            None => self.push(Kind::Stranger, first.len_utf8()),
        }
    }

    fn open_brace(&mut self) {
        if let Some(Mode::Code { braces }) = self.modes.last_mut() {
            *braces += 1;
        }
        self.push(Kind::OpenBrace, 1);
    }

    /// A brace closes the sequence that this mode began with, unless it was opened since.
    fn close_brace(&mut self, length: usize) {
        let nested = self.modes.len() > 1;
        let kind = match self.modes.last_mut() {
            Some(Mode::Code { braces: 0 }) if nested => {
                self.modes.pop();
                Kind::SequenceEnd
            }
            Some(Mode::Code { braces }) => {
                *braces = braces.saturating_sub(1);
                if length == 2 {
                    Kind::SequenceEnd
                } else {
                    Kind::CloseBrace
                }
            }
            _ => Kind::Stranger,
        };
        self.push(kind, length);
    }

    fn long_comment(&mut self, rest: &str) {
        match rest.get(2..).and_then(|inner| inner.find("*/")) {
            Some(end) => self.push(Kind::Comment, end + 4),
            None => self.push(Kind::BrokenComment, rest.len()),
        }
    }

    fn heredoc_or_less(&mut self, rest: &str) {
        let name_at = if rest.starts_with("<<-") { 3 } else { 2 };
        let name = rest.get(name_at..).unwrap_or_default();
        let length = if name.chars().next().is_some_and(starts_name) {
            name_length(name)
        } else {
            0
        };
        let after = name.get(length..).unwrap_or_default();
        let line_break = line_break_length(after);
        if length == 0 || line_break == 0 {
            self.push(Kind::Less, 1);
            return;
        }
        self.push(Kind::OpenHeredoc, name_at + length + line_break);
        self.modes.push(Mode::Heredoc {
            marker: name.get(..length).unwrap_or_default().to_owned(),
            line_start: true,
        });
    }

    /// Begins `${` or `%{`, when one is here.
    fn sequence(&mut self) -> bool {
        let rest = self.rest();
        let kind = if rest.starts_with("${") {
            Kind::Interpolation
        } else if rest.starts_with("%{") {
            Kind::Directive
        } else {
            return false;
        };
        if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
            *line_start = false;
        }
        self.push(
            kind,
            if rest.as_bytes().get(2) == Some(&b'~') {
                3
            } else {
                2
            },
        );
        self.modes.push(Mode::Code { braces: 0 });
        true
    }

    fn quoted(&mut self) {
        let rest = self.rest();
        if rest.starts_with('"') {
            self.push(Kind::CloseQuote, 1);
            self.modes.pop();
        } else if line_break_length(rest) > 0 {
            // A string ends with its line: what follows is read as code, so that one slip is one error.
            self.push(Kind::BrokenString, 0);
            self.modes.pop();
        } else if !self.sequence() {
            let length = text_length(rest, true);
            self.push(Kind::QuotedText, length);
        }
    }

    fn plain(&mut self) {
        if self.heredoc_end() || self.sequence() {
            return;
        }
        let rest = self.rest();
        let length = text_length(rest, false);
        let ended = rest.get(..length).is_some_and(|line| line.ends_with('\n'));
        self.push(Kind::PlainText, length);
        if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
            *line_start = ended;
        }
    }

    /// Ends the heredoc, when this line holds nothing but its marker.
    fn heredoc_end(&mut self) -> bool {
        let rest = self.rest();
        let Some(Mode::Heredoc {
            marker,
            line_start: true,
        }) = self.modes.last()
        else {
            return false;
        };
        let Some(line) = rest.split_inclusive('\n').next() else {
            return false;
        };
        if !line.ends_with('\n') || line.trim() != marker {
            return false;
        }
        let length = line.trim_end_matches('\n').trim_end_matches('\r').len();
        self.push(Kind::CloseHeredoc, length);
        self.modes.pop();
        true
    }
}

fn line_break_length(text: &str) -> usize {
    if text.starts_with('\n') {
        1
    } else if text.starts_with("\r\n") {
        2
    } else {
        0
    }
}

/// Returns the length of the line with its line break.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

fn starts_name(letter: char) -> bool {
    letter == '_' || letter.is_alphabetic()
}

fn name_length(text: &str) -> usize {
    text.find(|letter: char| !(letter == '_' || letter == '-' || letter.is_alphanumeric()))
        .unwrap_or(text.len())
}

/// Returns the length of the longest number at the start: digits, points and exponents, not ending in a point.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut length = 1;
    let mut at = 1;
    loop {
        match bytes.get(at) {
            Some(b'.') => {
                at += 1;
                continue;
            }
            Some(b'0'..=b'9') => at += 1,
            Some(b'e' | b'E') if digit(at + 1) => at += 2,
            Some(b'e' | b'E')
                if matches!(bytes.get(at + 1), Some(b'+' | b'-')) && digit(at + 2) =>
            {
                at += 3;
            }
            _ => return length,
        }
        length = at;
    }
}

/// Returns the length of the text up to the next sequence, the end of the string (`quoted`) or after the line break.
fn text_length(text: &str, quoted: bool) -> usize {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        match letter {
            '\\' if quoted && !matches!(next, Some('\n' | '\r') | None) => {
                letters.next();
            }
            '"' if quoted => return at,
            '\n' if quoted => return at,
            '\r' if quoted && next == Some('\n') => return at,
            '\n' => return at + 1,
            '$' | '%' => {
                let after = text.get(at + 1..).unwrap_or_default();
                if after.starts_with('{') {
                    return at;
                }
                // `$${` is an escape: its brace opens nothing.
                if after.starts_with(letter)
                    && after.get(1..).is_some_and(|more| more.starts_with('{'))
                {
                    letters.next();
                    letters.next();
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        scan_code(text, 0)
            .into_iter()
            .map(|token| token.kind)
            .collect()
    }

    #[test]
    fn numbers_end_before_a_point_that_no_digit_follows() {
        assert_eq!(number_length("1.e5"), 4);
        assert_eq!(number_length("1.foo"), 1);
        assert_eq!(number_length("0.0.name"), 3);
        assert_eq!(number_length("12e+3x"), 5);
    }

    #[test]
    fn nested_quotes_and_braces_are_matched() {
        let text = "\"a${ {x = \"}\"}[\"x\"] }b\"";
        assert_eq!(kinds(text).first(), Some(&Kind::OpenQuote));
        assert_eq!(
            kinds(text)
                .iter()
                .filter(|kind| **kind == Kind::SequenceEnd)
                .count(),
            1
        );
        assert_eq!(
            kinds(text).get(kinds(text).len() - 2),
            Some(&Kind::CloseQuote)
        );
    }

    #[test]
    fn a_heredoc_ends_only_at_a_line_with_its_marker_alone() {
        let text = "<<EOT\nEOT,\n  EOT  \n";
        assert_eq!(
            kinds(text),
            [
                Kind::OpenHeredoc,
                Kind::PlainText,
                Kind::CloseHeredoc,
                Kind::Newline,
                Kind::End
            ]
        );
    }

    #[test]
    fn a_string_ends_with_its_line() {
        assert_eq!(
            kinds("\"abc\nx"),
            [
                Kind::OpenQuote,
                Kind::QuotedText,
                Kind::BrokenString,
                Kind::Newline,
                Kind::Name,
                Kind::End
            ]
        );
    }

    #[test]
    fn a_doubled_dollar_opens_nothing() {
        assert_eq!(text_length("a$${b}", false), 6);
        assert_eq!(text_length("a$$${b}", false), 7);
        assert_eq!(text_length("a$b${c}", false), 3);
    }
}
