//! Tokens: the smallest pieces of a configuration file, as the HCL native syntax specification divides it.

use std::ops::Range;

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    /// The quotation mark that begins a string.
    OpenQuote,
    /// The quotation mark that ends a string.
    CloseQuote,
    /// `<<EOT` or `<<-EOT` with its line break.
    OpenHeredoc,
    /// The line that ends a heredoc, with its indent, without its line break.
    CloseHeredoc,
    /// `${` or `${~`
    Interpolation,
    /// `%{` or `%{~`
    Directive,
    /// `}` or `~}` that ends an interpolation or a directive.
    SequenceEnd,
    /// Text inside quotation marks, escapes unresolved.
    QuotedText,
    /// Text of a heredoc or a template file, at most one line with its line break.
    PlainText,
    Number,
    Name,
    /// A comment; one of a single line includes its line break.
    Comment,
    Newline,
    Star,
    Slash,
    Percent,
    Plus,
    Minus,
    Assign,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Bang,
    Dot,
    Comma,
    Ellipsis,
    Arrow,
    Question,
    Colon,
    DoubleColon,
    /// A string that its line ends before its quotation mark.
    BrokenString,
    /// A `/*` without `*/`.
    BrokenComment,
    /// A character that has no meaning here.
    Stranger,
    /// The end of the text.
    End,
}

/// A piece of the text, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    /// Returns the range of bytes.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Returns the text of the token.
    #[must_use]
    pub fn text(self, source: &str) -> &str {
        source.get(self.range()).unwrap_or_default()
    }

    /// Tells whether the line ends with this token.
    #[must_use]
    pub fn ends_line(self, source: &str) -> bool {
        self.kind == Kind::Newline
            || (self.kind == Kind::Comment && self.text(source).ends_with('\n'))
    }
}

impl Kind {
    /// Returns by how much the nesting of brackets changes at this token.
    #[must_use]
    pub fn nesting(self) -> i32 {
        match self {
            Kind::OpenBrace
            | Kind::OpenBracket
            | Kind::OpenParen
            | Kind::Interpolation
            | Kind::Directive => 1,
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::SequenceEnd => -1,
            _ => 0,
        }
    }
}
