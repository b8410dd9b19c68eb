//! Templates: strings, heredocs and template files, flat at first, then as a tree.

use super::body::normal;
use super::flush::flush;
use super::parse::Parser;
use super::token::{Kind, Token};
use super::tree::{Expression, Name, Node, Part};
use crate::source::{Diagnostic, Span};

/// A piece of a template before directives are matched with their ends.
pub(super) enum Piece {
    Literal(String, Span),
    Interpolation(Expression),
    If(Expression, Span),
    For {
        key_variable: Option<Name>,
        value_variable: Name,
        collection: Expression,
        span: Span,
    },
    Else(Span),
    EndIf(Span),
    EndFor(Span),
}

/// The directive that a list of parts belongs to.
#[derive(Clone, Copy)]
enum Around {
    Nothing,
    If(Span),
    Else(Span),
    For(Span),
}

/// How a list of parts ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Text,
    Else,
    EndIf,
    EndFor,
}

impl Parser<'_> {
    /// Reads a string or a heredoc.
    pub(super) fn string(&mut self) -> Option<Expression> {
        let open = self.read();
        let heredoc = open.kind == Kind::OpenHeredoc;
        let end = if heredoc {
            Kind::CloseHeredoc
        } else {
            Kind::CloseQuote
        };
        let indented = heredoc && open.text(self.text).starts_with("<<-");
        let mut parts = self.template_in(open, end, indented)?;
        let span = self.since(open.start);
        let node = match parts.as_slice() {
            [Part::Interpolation(_)] => match parts.pop() {
                Some(Part::Interpolation(inner)) => Node::Wrapped(Box::new(inner)),
                _ => Node::Template(parts),
            },
            _ => Node::Template(parts),
        };
        Some(Expression { node, span })
    }

    /// Reads a template up to a token, which is read too.
    pub(super) fn template(&mut self, end: Kind, indented: bool) -> Option<Vec<Part>> {
        let start = self.token(self.at);
        self.template_in(start, end, indented)
    }

    fn template_in(&mut self, open: Token, end: Kind, indented: bool) -> Option<Vec<Part>> {
        let mut pieces = self.pieces(open, end)?;
        if indented {
            flush(&mut pieces);
        }
        let mut pieces = pieces.into_iter().peekable();
        let mut parts = Vec::new();
        self.parts(&mut pieces, &mut parts, Around::Nothing)?;
        Some(parts)
    }

    fn pieces(&mut self, open: Token, end: Kind) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        // Whether `~}` came just before, and whether a literal did.
        let (mut strip, mut literal_before) = (false, false);
        loop {
            let token = self.read_raw();
            let (was_strip, was_literal) = (strip, literal_before);
            (strip, literal_before) = (false, false);
            match token.kind {
                kind if kind == end => return Some(pieces),
                Kind::QuotedText | Kind::PlainText => {
                    let text = self.unescape(token, token.kind == Kind::QuotedText)?;
                    let text = if was_strip {
                        text.trim_start().to_owned()
                    } else {
                        text
                    };
                    pieces.push(Piece::Literal(text, self.token_span(token)));
                    literal_before = true;
                }
                Kind::Interpolation | Kind::Directive => {
                    if was_literal && token.end - token.start == 3 {
                        strip_end(&mut pieces);
                    }
                    strip = self.with_newlines(false, |parser| {
                        let (piece, strip) = parser.sequence(token)?;
                        pieces.push(piece);
                        Some(strip)
                    })?;
                }
                _ => return self.unclosed_string(open, token),
            }
        }
    }

    /// Reads the next token of a template: blanks and line breaks between tokens cannot occur there.
    fn read_raw(&mut self) -> Token {
        let token = self.token(self.at);
        if token.kind != Kind::End {
            self.at += 1;
            self.last_end = token.end;
        }
        token
    }

    /// Reads an interpolation or a directive after its opening; tells whether it ends with `~}`.
    fn sequence(&mut self, open: Token) -> Option<(Piece, bool)> {
        let piece = self.deeper(|parser| match open.kind {
            Kind::Interpolation => Some(Piece::Interpolation(parser.expression()?)),
            _ => parser.directive(open),
        })?;
        let close = self.peek();
        if close.kind != Kind::SequenceEnd {
            return self.unclosed_sequence(open, close);
        }
        self.read();
        Some((piece, close.end - close.start == 2))
    }

    fn unclosed_sequence<T>(&mut self, open: Token, next: Token) -> Option<T> {
        let (symbol, what) = match open.kind {
            Kind::Interpolation => ("$", "interpolation"),
            _ => ("%", "directive"),
        };
        let found = self.found(next);
        let opened = self.token_span(open);
        let told = Diagnostic::error(
            "invalid-syntax",
            format!("unexpected {found} in a template {what}"),
        )
        .at(self.token_span(next), "`}` belongs here")
        .at(opened, "opened here")
        .hint(match next.kind {
            Kind::OpenQuote | Kind::Newline => format!("close the {what} with `}}`"),
            _ => format!("write `{symbol}{symbol}{{` where the text itself has `{symbol}{{`"),
        });
        self.note(told);
        None
    }

    fn directive(&mut self, open: Token) -> Option<Piece> {
        let word = self.peek();
        let span = self.span(open.start, word.end);
        let text = match word.kind {
            Kind::Name => self.read().text(self.text),
            _ => "",
        };
        match text {
            "if" => Some(Piece::If(self.expression()?, span)),
            "else" => Some(Piece::Else(span)),
            "endif" => Some(Piece::EndIf(span)),
            "for" => {
                let (key_variable, value_variable) = self.for_names()?;
                Some(Piece::For {
                    key_variable,
                    value_variable,
                    collection: self.expression()?,
                    span,
                })
            }
            "endfor" => Some(Piece::EndFor(span)),
            _ => {
                let found = self.found(word);
                self.fail_hint(
                    word,
                    format!("unexpected {found} after `%{{`"),
                    "`if`, `else`, `endif`, `for` or `endfor` belongs here",
                    "write `%%{` where the text itself has `%{`",
                )
            }
        }
    }

    pub(super) fn unclosed_string<T>(&mut self, open: Token, at: Token) -> Option<T> {
        let opened = self.token_span(open);
        let told = if open.kind == Kind::OpenHeredoc {
            let marker = open
                .text(self.text)
                .trim_start_matches(['<', '-'])
                .trim_end()
                .to_owned();
            Diagnostic::error("invalid-syntax", "this heredoc is never closed")
                .at(opened, "opened here")
                .hint(format!(
                    "end it with a line that holds `{marker}` and nothing else, not even a comma; a line must follow it"
                ))
        } else if at.kind == Kind::End && open.kind != Kind::OpenQuote {
            Diagnostic::error("invalid-syntax", "this template ends too early")
                .at(opened, "begun here")
        } else {
            Diagnostic::error("invalid-syntax", "this string is not closed on its line")
                .at(self.span(open.start, at.start), "opened here")
                .hint("add the missing `\"`; write `\\n` for a line break, or use a heredoc for text of several lines")
        };
        self.note(told);
        None
    }

    /// Makes a tree of pieces, up to the directive that ends the one around them.
    fn parts(
        &mut self,
        pieces: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
        parts: &mut Vec<Part>,
        around: Around,
    ) -> Option<Ended> {
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Literal(text, span) => add_literal(parts, &text, span),
                Piece::Interpolation(inner) => parts.push(Part::Interpolation(inner)),
                Piece::If(condition, span) => {
                    let part = self.deeper(|parser| parser.if_part(pieces, condition, span))?;
                    parts.push(part);
                }
                Piece::For {
                    key_variable,
                    value_variable,
                    collection,
                    span,
                } => {
                    let mut body = Vec::new();
                    self.deeper(|parser| parser.parts(pieces, &mut body, Around::For(span)))?;
                    parts.push(Part::For {
                        key_variable,
                        value_variable,
                        collection,
                        body,
                    });
                }
                Piece::Else(span) => return self.end_of_parts(around, Ended::Else, span),
                Piece::EndIf(span) => return self.end_of_parts(around, Ended::EndIf, span),
                Piece::EndFor(span) => return self.end_of_parts(around, Ended::EndFor, span),
            }
        }
        match around {
            Around::Nothing => Some(Ended::Text),
            Around::If(span) | Around::Else(span) => self.no_end(span, "if"),
            Around::For(span) => self.no_end(span, "for"),
        }
    }

    fn if_part(
        &mut self,
        pieces: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
        condition: Expression,
        span: Span,
    ) -> Option<Part> {
        let (mut then, mut otherwise) = (Vec::new(), Vec::new());
        if self.parts(pieces, &mut then, Around::If(span))? == Ended::Else {
            self.parts(pieces, &mut otherwise, Around::Else(span))?;
        }
        Some(Part::If {
            condition,
            then,
            otherwise,
        })
    }

    fn no_end<T>(&mut self, span: Span, what: &str) -> Option<T> {
        self.note(
            Diagnostic::error(
                "invalid-syntax",
                format!("this `%{{ {what} }}` is never closed"),
            )
            .at(span, "opened here")
            .hint(format!("add `%{{ end{what} }}` before the text ends")),
        );
        None
    }

    fn end_of_parts(&mut self, around: Around, ended: Ended, span: Span) -> Option<Ended> {
        let name = match ended {
            Ended::Else => "else",
            Ended::EndIf => "endif",
            _ => "endfor",
        };
        let error = Diagnostic::error("invalid-syntax", format!("unexpected directive `{name}`"));
        let told = match (around, ended) {
            (Around::If(_), Ended::Else | Ended::EndIf)
            | (Around::Else(_), Ended::EndIf)
            | (Around::For(_), Ended::EndFor) => return Some(ended),
            (Around::Nothing, _) => error.at(span, "no directive is open here"),
            (Around::Else(open), Ended::Else) => {
                error.at(span, "the second one").at(open, "of this `if`")
            }
            (Around::If(open) | Around::Else(open), _) => error
                .at(span, "here")
                .at(open, "this `if` must be closed first")
                .hint("add `%{ endif }`"),
            (Around::For(open), _) => error
                .at(span, "here")
                .at(open, "this `for` must be closed first")
                .hint("add `%{ endfor }`"),
        };
        self.note(told);
        None
    }
}

/// Adds text to the literal before it, if there is one.
fn add_literal(parts: &mut Vec<Part>, text: &str, span: Span) {
    if let Some(Part::Literal(before, whole)) = parts.last_mut() {
        *before = normal(&format!("{before}{text}"));
        *whole = whole.to(span);
    } else {
        parts.push(Part::Literal(normal(text), span));
    }
}

/// Removes the blanks at the end of the literal that came last, for `${~` and `%{~`.
fn strip_end(pieces: &mut [Piece]) {
    if let Some(Piece::Literal(text, _)) = pieces.last_mut() {
        text.truncate(text.trim_end().len());
    }
}
