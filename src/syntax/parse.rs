//! The parser's frame: where it stands in the tokens, what it says when it cannot go on, how it finds its feet again.
//!
//! Every reading function returns `None` after it has noted why; the item of a body around it is then skipped, so that
//! one slip costs one item and the rest of the file is still read.

use super::scan::{scan_code, scan_template};
use super::token::{Kind, Token};
use super::tree::{Body, Expression, Part};
use crate::source::{Diagnostic, FileId, Outcome, Span};

/// How deep brackets, blocks and templates may be nested: the tree is walked on the stack.
const DEEPEST: usize = 160;

/// How the parser's byte offsets become spans.
#[derive(Clone, Copy)]
pub(super) enum Places {
    /// The text begins at this byte of the file.
    From(FileId, usize),
    /// The text was written with other escapes: everything is here.
    Everywhere(Span),
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) places: Places,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    /// Whether line breaks mean something, innermost bracket last.
    pub(super) newlines: Vec<bool>,
    /// The end of the token that was read last.
    pub(super) last_end: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The text ended inside of a bracket, and that has been said.
    pub(super) unclosed: bool,
    /// The bracket inside of which it ended.
    pub(super) opener: Option<Span>,
    /// How often reading began anew.
    pub(super) restarts: usize,
    /// How many brackets and blocks are open around this.
    pub(super) depth: usize,
}

/// Parses a file: what could be read, and what could not.
///
/// After an error the body lacks the item with the error ([`Body::incomplete`] tells), and nothing else.
#[must_use]
pub fn parse_file(file: FileId, text: &str) -> (Body, Vec<Diagnostic>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser::new(text, scan_code(text, 0), Places::From(file, 0));
    let body = parser.file();
    (body, parser.diagnostics)
}

/// Parses an expression that begins at byte `offset` of a file; `text` is the expression alone.
///
/// # Errors
/// Tells every place at which the text is no expression.
pub fn parse_expression(file: FileId, text: &str, offset: usize) -> Outcome<Expression> {
    let mut parser = Parser::new(text, scan_code(text, 0), Places::From(file, offset));
    parser.newlines.push(false);
    let expression = parser.expression();
    if expression.is_some() {
        parser.expect_end();
    }
    parser.outcome(expression)
}

/// Tells whether an expression goes on after the end of the text: a bracket, a template or a heredoc is open.
#[must_use]
pub fn goes_on(text: &str) -> bool {
    // A heredoc is open only once its line has ended.
    let tokens = scan_code(&format!("{text}\n"), 0);
    let count = |kind| tokens.iter().filter(|token| token.kind == kind).count();
    let nesting: i32 = tokens.iter().map(|token| token.kind.nesting()).sum();
    nesting > 0
        || count(Kind::OpenHeredoc) > count(Kind::CloseHeredoc)
        || count(Kind::BrokenComment) > 0
}

/// Parses a template file, as `templatefile` reads it. A single interpolation and nothing else keeps its type.
///
/// # Errors
/// Tells every place at which the text is no template.
pub fn parse_template(file: FileId, text: &str) -> Outcome<Vec<Part>> {
    parse_template_at(text, Places::From(file, 0))
}

pub(super) fn parse_template_at(text: &str, places: Places) -> Outcome<Vec<Part>> {
    let mut parser = Parser::new(text, scan_template(text), places);
    let parts = parser.template(Kind::End, false);
    parser.outcome(parts)
}

pub(super) fn parse_expression_at(text: &str, span: Span) -> Outcome<Expression> {
    let mut parser = Parser::new(text, scan_code(text, 0), Places::Everywhere(span));
    parser.newlines.push(false);
    let expression = parser.expression();
    if expression.is_some() {
        parser.expect_end();
    }
    parser.outcome(expression)
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tokens: Vec<Token>, places: Places) -> Parser<'a> {
        Parser {
            text,
            places,
            tokens,
            at: 0,
            newlines: vec![true],
            last_end: 0,
            diagnostics: Vec::new(),
            unclosed: false,
            opener: None,
            restarts: 0,
            depth: 0,
        }
    }

    fn outcome<T>(self, parsed: Option<T>) -> Outcome<T> {
        match parsed {
            Some(parsed) if self.diagnostics.is_empty() => Ok(parsed),
            _ => Err(self.diagnostics),
        }
    }

    fn expect_end(&mut self) {
        let next = self.peek();
        if next.kind != Kind::End {
            let found = self.found(next);
            self.fail::<()>(
                next,
                format!("unexpected {found} after the expression"),
                "the expression has ended before this",
            );
        }
    }

    pub(super) fn token(&self, at: usize) -> Token {
        let end = self.text.len();
        self.tokens.get(at).copied().unwrap_or(Token {
            kind: Kind::End,
            start: end,
            end,
        })
    }

    /// Returns the index of the next token that means something here.
    fn next_at(&self) -> usize {
        let keep = self.newlines.last().copied().unwrap_or(true);
        let mut at = self.at;
        loop {
            let token = self.token(at);
            match token.kind {
                Kind::Newline if !keep => {}
                Kind::Comment if !(keep && token.ends_line(self.text)) => {}
                _ => return at,
            }
            at += 1;
        }
    }

    /// Returns the next token. A comment that ends its line counts as the line break.
    pub(super) fn peek(&self) -> Token {
        let token = self.token(self.next_at());
        match token.kind {
            Kind::Comment => Token {
                kind: Kind::Newline,
                ..token
            },
            _ => token,
        }
    }

    pub(super) fn next_is(&self, kind: Kind) -> bool {
        self.peek().kind == kind
    }

    pub(super) fn next_is_word(&self, word: &str) -> bool {
        let next = self.peek();
        next.kind == Kind::Name && next.text(self.text) == word
    }

    /// Goes past the next token. At the end of the text it stays.
    pub(super) fn read(&mut self) -> Token {
        let token = self.peek();
        self.at = self.next_at();
        if token.kind != Kind::End {
            self.at += 1;
            self.last_end = token.end;
        }
        token
    }

    /// Reads the next token when it is of a kind.
    pub(super) fn accept(&mut self, kind: Kind) -> Option<Token> {
        (self.peek().kind == kind).then(|| self.read())
    }

    /// Does something with line breaks meaning something, or not.
    pub(super) fn with_newlines<T>(
        &mut self,
        keep: bool,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        self.newlines.push(keep);
        let result = read(self);
        self.newlines.pop();
        result
    }

    /// Does something one level deeper, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEEPEST {
            let next = self.peek();
            self.note(
                Diagnostic::error("nested-too-deep", "this is nested too deep")
                    .at(
                        self.token_span(next),
                        format!("more than {DEEPEST} levels deep"),
                    )
                    .hint("move the inner part to a local value of its own"),
            );
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        match self.places {
            Places::Everywhere(span) => span,
            Places::From(file, offset) => Span {
                file,
                start: number(start + offset),
                end: number(end.max(start) + offset),
            },
        }
    }

    /// Returns what a diagnostic underlines: a line break becomes the place where the line ends.
    pub(super) fn token_span(&self, token: Token) -> Span {
        match token.kind {
            Kind::Newline => self.span(token.start, token.start),
            _ => self.span(token.start, token.end),
        }
    }

    /// Returns the span from a byte to the end of what was read last.
    pub(super) fn since(&self, start: usize) -> Span {
        self.span(start, self.last_end)
    }

    pub(super) fn note(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Notes a syntax error at a token. Unreadable pieces of text are named as such, whatever was expected.
    pub(super) fn fail<T>(
        &mut self,
        at: Token,
        message: impl Into<String>,
        label: &str,
    ) -> Option<T> {
        let diagnostic = self.unreadable(at).unwrap_or_else(|| {
            Diagnostic::error("invalid-syntax", message).at(self.token_span(at), label)
        });
        self.note(diagnostic);
        None
    }

    /// The same, with a hint.
    pub(super) fn fail_hint<T>(
        &mut self,
        at: Token,
        message: impl Into<String>,
        label: &str,
        hint: impl Into<String>,
    ) -> Option<T> {
        let diagnostic = self.unreadable(at).unwrap_or_else(|| {
            Diagnostic::error("invalid-syntax", message)
                .at(self.token_span(at), label)
                .hint(hint)
        });
        self.note(diagnostic);
        None
    }

    fn unreadable(&self, at: Token) -> Option<Diagnostic> {
        let error = |message: String| Diagnostic::error("invalid-syntax", message);
        let letter = at.text(self.text);
        Some(match (at.kind, letter) {
            (Kind::BrokenComment, _) => error("this comment is never closed".into())
                .at(self.span(at.start, at.start + 2), "opened here")
                .hint("end it with `*/`"),
            (Kind::Stranger, "'" | "‘" | "’" | "“" | "”") => {
                error(format!("`{letter}` is no quotation mark of this language"))
                    .at(self.token_span(at), "here")
                    .hint("write strings between `\"`")
            }
            (Kind::Stranger, "`") => error("a backtick cannot quote a string".into())
                .at(self.token_span(at), "here")
                .hint("use a heredoc (`<<-EOT`) for text of several lines"),
            (Kind::Stranger, "|" | "&") => error(format!("there is no operator `{letter}`"))
                .at(self.token_span(at), "here")
                .hint(format!("did you mean `{letter}{letter}`?")),
            (Kind::Stranger, "^") => error("there is no operator `^`".into())
                .at(self.token_span(at), "here")
                .hint("use the function `pow`"),
            (Kind::Stranger, ";") => error("a semicolon ends nothing here".into())
                .at(self.token_span(at), "here")
                .hint("put every argument on a line of its own"),
            (Kind::Stranger, "–" | "—" | "−") => {
                error(format!("`{letter}` is no minus sign"))
                    .at(self.token_span(at), "here")
                    .hint("write `-`")
            }
            (Kind::Stranger, _) => error(format!("the character `{letter}` has no meaning here"))
                .at(self.token_span(at), "here"),
            _ => return None,
        })
    }

    /// Names a token for a message.
    pub(super) fn found(&self, token: Token) -> String {
        match token.kind {
            Kind::End => "end of the text".into(),
            Kind::Newline | Kind::BrokenString => "end of the line".into(),
            Kind::OpenQuote => "string".into(),
            Kind::OpenHeredoc => "heredoc".into(),
            _ => format!("`{}`", token.text(self.text)),
        }
    }
}
