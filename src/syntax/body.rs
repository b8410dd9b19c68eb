//! Bodies: files, blocks and attributes, and how the parser goes on after an error in one of them.

use super::parse::Parser;
use super::scan::scan_code;
use super::token::{Kind, Token};
use super::tree::{Attribute, Block, Body, Name};
use crate::source::{Diagnostic, Span};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// How often reading may begin anew in one file after an item that never ends.
const MOST_RESTARTS: usize = 50;

/// Returns text in normal form C.
pub(super) fn normal(text: &str) -> Arc<str> {
    if text.is_ascii() {
        text.into()
    } else {
        text.nfc().collect::<String>().into()
    }
}

impl Parser<'_> {
    pub(super) fn file(&mut self) -> Body {
        let mut body = Body {
            span: Some(self.span(0, self.text.len())),
            ..Body::default()
        };
        loop {
            while self.accept(Kind::Newline).is_some() {}
            if self.next_is(Kind::End) {
                return body;
            }
            let (start, told) = (self.peek().start, self.diagnostics.len());
            self.item(&mut body);
            if self.unclosed {
                self.resume(&mut body, start, told);
            }
        }
    }

    /// Goes on at the next line that begins like a block, because the item before it never ends. `told` errors were
    /// told before that item.
    fn resume(&mut self, body: &mut Body, start: usize, told: usize) {
        self.unclosed = false;
        let next = next_item_line(self.text, start);
        let at = next.unwrap_or(self.text.len());
        let place = self.span(at, at);
        cut(body, place.start);
        // What was said of the blocks that the item seemed to hold will be said again, better.
        let primary = |told: &Diagnostic| told.labels.first().map(|label| label.span.start);
        let mut own = self.diagnostics.split_off(told);
        own.retain(|told| primary(told).is_none_or(|start| start < place.start));
        if own.is_empty() {
            own.extend(self.opener.map(never_closed));
        }
        if next.is_some()
            && let Some(last) = own.pop()
        {
            own.push(last.at(place, "it must be closed before this"));
        }
        self.diagnostics.extend(own);
        self.go_on_at(at);
    }

    /// Reads on from a byte at which a line of a body begins. After too many restarts the rest is not read: each costs
    /// a scan of all that is left.
    fn go_on_at(&mut self, byte: usize) {
        self.restarts += 1;
        let byte = if self.restarts > MOST_RESTARTS {
            self.text.len()
        } else {
            byte
        };
        self.tokens = scan_code(self.text, byte);
        self.at = 0;
    }

    /// Reads the items of a block up to its closing brace, which is read too.
    fn block_body(&mut self, header: Span) -> Body {
        let start = self.last_end;
        let mut body = Body::default();
        loop {
            while self.accept(Kind::Newline).is_some() {}
            let next = self.peek();
            match next.kind {
                Kind::CloseBrace => break,
                Kind::End => {
                    self.unclosed_block(header);
                    body.incomplete = true;
                    break;
                }
                _ => self.item(&mut body),
            }
        }
        body.span = Some(self.span(start, self.peek().start));
        self.read();
        body
    }

    fn unclosed_block(&mut self, header: Span) {
        if !self.unclosed {
            self.unclosed = true;
            self.note(
                Diagnostic::error("invalid-syntax", "this block is never closed")
                    .at(self.brace_after(header), "opened here")
                    .hint("add the missing `}`"),
            );
        }
    }

    /// Returns the place of the brace that follows a header.
    fn brace_after(&self, header: Span) -> Span {
        let opens = |token: &&Token| {
            let span = self.token_span(**token);
            token.kind == Kind::OpenBrace && span.start >= header.end
        };
        let brace = self.tokens.iter().find(opens);
        brace.map_or(header, |token| self.token_span(*token))
    }

    /// Reads an attribute or a block with the end of its line; after an error it goes past it.
    fn item(&mut self, body: &mut Body) {
        let (from, levels) = (self.at, self.newlines.len());
        let read = self.deeper(|parser| parser.try_item(body));
        if read.is_none() {
            body.incomplete = true;
            self.newlines.truncate(levels);
            self.skip_item(from);
        }
    }

    fn try_item(&mut self, body: &mut Body) -> Option<()> {
        let name = self.item_name()?;
        match self.peek().kind {
            Kind::Assign => {
                let attribute = self.attribute(name)?;
                self.end_of_item("argument")?;
                self.add_attribute(body, attribute);
            }
            kind if matches!(kind, Kind::OpenQuote | Kind::OpenBrace | Kind::Name)
                || (kind == Kind::Newline && self.brace_on_next_line()) =>
            {
                let block = self.block(name)?;
                body.incomplete |= block.body.incomplete;
                body.blocks.push(block);
                if !self.unclosed {
                    self.end_of_item("block")?;
                }
            }
            _ => return self.neither(name),
        }
        Some(())
    }

    fn item_name(&mut self) -> Option<Token> {
        let token = self.peek();
        match token.kind {
            Kind::Name => Some(self.read()),
            Kind::OpenQuote => self.fail_hint(
                token,
                "the name of an argument must not be quoted",
                "this is a string",
                "remove the quotation marks",
            ),
            Kind::CloseBrace => self.fail_hint(
                token,
                "this `}` closes nothing",
                "no block is open here",
                "remove it, or look for a `{` that is missing above",
            ),
            _ => {
                let found = self.found(token);
                self.fail_hint(
                    token,
                    format!("unexpected {found}"),
                    "an argument or a block must begin here",
                    "write `name = value` for an argument and `name { … }` for a block",
                )
            }
        }
    }

    fn neither(&mut self, name: Token) -> Option<()> {
        let next = self.peek();
        let word = name.text(self.text).to_owned();
        match next.kind {
            Kind::Colon => self.fail_hint(
                next,
                format!("the argument `{word}` is set with `=`, not with `:`"),
                "this is a colon",
                format!("write `{word} = …`"),
            ),
            Kind::Equal => self.fail_hint(
                next,
                format!("the argument `{word}` is set with `=`, not with `==`"),
                "this compares",
                format!("write `{word} = …`"),
            ),
            _ => self.fail_hint(
                name,
                format!("`{word}` is neither an argument nor a block"),
                "nothing that gives it a value follows",
                format!("write `{word} = value` for an argument and `{word} {{ … }}` for a block"),
            ),
        }
    }

    fn end_of_item(&mut self, what: &str) -> Option<()> {
        let next = self.peek();
        match next.kind {
            Kind::Newline => {
                self.read();
                Some(())
            }
            Kind::End => Some(()),
            Kind::Comma => self.fail_hint(
                next,
                format!("unexpected comma after the {what}"),
                "here",
                format!("every {what} stands on a line of its own, without a comma"),
            ),
            _ => {
                let found = self.found(next);
                let hint = match next.text(self.text) {
                    "and" => "write `&&`",
                    "or" => "write `||`",
                    "if" => "write `condition ? one : other`",
                    _ => "begin a new line here",
                };
                self.fail_hint(
                    next,
                    format!("unexpected {found} after the {what}"),
                    &format!("the {what} has ended before this"),
                    hint,
                )
            }
        }
    }

    fn attribute(&mut self, name: Token) -> Option<Attribute> {
        self.read();
        let value = self.expression()?;
        Some(Attribute {
            name: self.name(name),
            value: Arc::new(value),
            span: self.since(name.start),
        })
    }

    pub(super) fn name(&self, token: Token) -> Name {
        Name {
            text: normal(token.text(self.text)),
            span: self.token_span(token),
        }
    }

    fn add_attribute(&mut self, body: &mut Body, attribute: Attribute) {
        match body.attribute(&attribute.name.text) {
            Some(first) => {
                let message = format!("the argument `{}` is set twice", attribute.name.text);
                let told = Diagnostic::error("duplicate-argument", message)
                    .at(attribute.name.span, "again here")
                    .at(first.name.span, "first here")
                    .hint("keep one of the two");
                self.note(told);
            }
            None => body.attributes.push(attribute),
        }
    }

    fn block(&mut self, kind: Token) -> Option<Block> {
        let mut labels = Vec::new();
        loop {
            let next = self.peek();
            match next.kind {
                Kind::OpenBrace => break,
                Kind::Name => {
                    self.read();
                    labels.push(self.name(next));
                }
                Kind::OpenQuote => labels.push(self.label()?),
                Kind::Newline if self.brace_on_next_line() => self.misplaced_brace(kind, next),
                _ => return self.no_block(kind, next),
            }
        }
        let header = self.since(kind.start);
        self.read();
        let body = match self.peek().kind {
            Kind::Newline | Kind::CloseBrace | Kind::End => self.block_body(header),
            _ => self.one_line_body(header)?,
        };
        Some(Block {
            kind: self.name(kind),
            labels,
            body,
            span: self.since(kind.start),
            header,
        })
    }

    fn brace_on_next_line(&self) -> bool {
        // One line break, and then the brace.
        self.token(self.at).kind == Kind::Newline && self.token(self.at + 1).kind == Kind::OpenBrace
    }

    /// Tells that the brace stands on the wrong line, and goes on at it.
    fn misplaced_brace(&mut self, kind: Token, line_end: Token) {
        let told = Diagnostic::error(
            "invalid-syntax",
            format!(
                "the `{{` of the block `{}` stands on the next line",
                kind.text(self.text)
            ),
        );
        let told = told
            .at(self.token_span(line_end), "it belongs here")
            .hint("put `{` at the end of this line");
        self.note(told);
        while self.accept(Kind::Newline).is_some() {}
    }

    fn no_block(&mut self, kind: Token, next: Token) -> Option<Block> {
        let word = kind.text(self.text).to_owned();
        match next.kind {
            Kind::Assign => self.fail_hint(
                next,
                "a block takes no `=`",
                "here",
                format!("remove the `=`, or write `{word} = …` for an argument"),
            ),
            Kind::Newline | Kind::End => self.fail_hint(
                next,
                format!("the block `{word}` has no body"),
                "`{` must follow on the same line",
                "open the block with `{` at the end of this line",
            ),
            _ => {
                let found = self.found(next);
                self.fail_hint(
                    next,
                    format!("unexpected {found} in the head of the block `{word}`"),
                    "a label in quotation marks or `{` belongs here",
                    format!("write `{word} \"label\" {{ … }}`"),
                )
            }
        }
    }

    /// Reads a quoted label: a string without interpolation.
    fn label(&mut self) -> Option<Name> {
        let open = self.read();
        let mut text = String::new();
        loop {
            let token = self.read();
            match token.kind {
                Kind::CloseQuote => break,
                Kind::QuotedText => text.push_str(&self.unescape(token, true)?),
                Kind::Interpolation | Kind::Directive => {
                    return self.fail_hint(
                        token,
                        "the label of a block cannot contain an interpolation",
                        "here",
                        "labels are fixed: use `for_each` to make several of one block",
                    );
                }
                _ => return self.unclosed_string(open, token),
            }
        }
        Some(Name {
            text: normal(&text),
            span: self.since(open.start),
        })
    }

    /// Reads `{ name = value }` after its opening brace.
    fn one_line_body(&mut self, header: Span) -> Option<Body> {
        let start = self.last_end;
        let name = self.item_name()?;
        if !self.next_is(Kind::Assign) {
            let next = self.peek();
            return match next.kind {
                Kind::OpenQuote | Kind::OpenBrace | Kind::Name => self.fail_hint(
                    name,
                    "a block on one line can hold one argument and nothing else",
                    "this begins another block",
                    "put the inner block on lines of its own",
                ),
                _ => self.neither(name).and(None),
            };
        }
        let attribute = self.attribute(name)?;
        let next = self.peek();
        match next.kind {
            Kind::CloseBrace => {}
            Kind::End => {
                self.unclosed_block(header);
                return None;
            }
            _ => {
                let found = self.found(next);
                return self.fail_hint(
                    next,
                    format!("unexpected {found} in a block on one line"),
                    "`}` belongs here",
                    "a block on one line holds one argument; put several on lines of their own",
                );
            }
        }
        self.read();
        Some(Body {
            attributes: vec![attribute],
            span: Some(self.span(start, self.last_end.saturating_sub(1))),
            ..Body::default()
        })
    }

    /// Goes past the item that begins at a token: to the end of its line, or before the brace that closes its body.
    fn skip_item(&mut self, from: usize) {
        let mut open: Vec<Token> = Vec::new();
        let mut at = from;
        loop {
            let token = self.token(at);
            match token.kind {
                Kind::End => {
                    self.unclosed |= !open.is_empty();
                    self.opener = open.first().map(|token| self.token_span(*token));
                    break;
                }
                Kind::CloseBrace if !open.iter().any(|token| token.kind == Kind::OpenBrace) => {
                    // In a file it closes nothing: it is the error, so it is skipped.
                    at += usize::from(self.depth == 0);
                    break;
                }
                _ if token.ends_line(self.text) && open.is_empty() => {
                    at += 1;
                    break;
                }
                _ if token.ends_line(self.text) && self.string_is_torn(&open, token) => {
                    return self.go_on_at(token.end);
                }
                _ => track(&mut open, token),
            }
            at += 1;
        }
        self.at = at;
    }

    /// Tells whether a line ends inside of `"${…`, after an error: most likely the `}` was forgotten, and the rest of
    /// the file was taken for code of the interpolation.
    fn string_is_torn(&self, open: &[Token], line_end: Token) -> bool {
        let error = self.diagnostics.last().and_then(|told| told.labels.first());
        let limit = self.token_span(line_end).start;
        let innermost = open.get(open.len().saturating_sub(8)..).unwrap_or_default();
        error.is_some_and(|label| label.span.start <= limit)
            && innermost.windows(2).any(|pair| {
                matches!(pair, [quote, inner] if quote.kind == Kind::OpenQuote && inner.kind.nesting() > 0)
            })
    }
}

fn never_closed(opener: Span) -> Diagnostic {
    Diagnostic::error("invalid-syntax", "this is never closed").at(opener, "opened here")
}

/// Keeps the list of open brackets; a closing one closes what is open inside of it too.
fn track(open: &mut Vec<Token>, token: Token) {
    let opener: &[Kind] = match token.kind {
        Kind::OpenBrace
        | Kind::OpenBracket
        | Kind::OpenParen
        | Kind::OpenQuote
        | Kind::OpenHeredoc
        | Kind::Interpolation
        | Kind::Directive => {
            open.push(token);
            return;
        }
        Kind::CloseBrace => &[Kind::OpenBrace],
        Kind::CloseBracket => &[Kind::OpenBracket],
        Kind::CloseParen => &[Kind::OpenParen],
        Kind::CloseQuote | Kind::BrokenString => &[Kind::OpenQuote],
        Kind::CloseHeredoc => &[Kind::OpenHeredoc],
        Kind::SequenceEnd => &[Kind::Interpolation, Kind::Directive],
        _ => return,
    };
    if let Some(at) = open.iter().rposition(|token| opener.contains(&token.kind)) {
        open.truncate(at);
    }
}

/// Removes from a body what begins at or after a byte.
fn cut(body: &mut Body, limit: u32) {
    body.attributes.retain(|item| item.span.start < limit);
    body.blocks.retain(|block| block.span.start < limit);
    for block in &mut body.blocks {
        if block.span.end >= limit {
            cut(&mut block.body, limit);
        }
    }
}

/// Returns the start of the next line after `from` that begins at its left edge like a block or an attribute. Heredocs
/// are stepped over, so that a policy in one is not taken for blocks.
fn next_item_line(text: &str, from: usize) -> Option<usize> {
    let mut at = from + text.get(from..)?.find('\n')? + 1;
    let mut heredoc = heredoc_marker(text.get(from..at)?, text.get(at..)?);
    while let Some(line) = text.get(at..)?.split_inclusive('\n').next() {
        match heredoc {
            Some(marker) if line.trim() == marker => heredoc = None,
            Some(_) => {}
            None if begins_item(line) => return Some(at),
            None => heredoc = heredoc_marker(line, text.get(at + line.len()..)?),
        }
        at += line.len();
    }
    None
}

/// Returns the marker of the heredoc that a line begins, when a later line ends it.
fn heredoc_marker<'a>(line: &'a str, after: &str) -> Option<&'a str> {
    let marker = line.trim_end().rsplit_once("<<")?.1.trim_start_matches('-');
    let plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let named = !marker.is_empty() && marker.chars().all(plain);
    (named && after.lines().any(|line| line.trim() == marker)).then_some(marker)
}

fn begins_item(line: &str) -> bool {
    let name = line
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '-'))
        .unwrap_or(line.len());
    let starts = line
        .chars()
        .next()
        .is_some_and(|letter| letter.is_alphabetic() || letter == '_');
    let rest = line.get(name..).unwrap_or_default().trim();
    starts
        && name > 0
        && (rest.starts_with(['{', '"']) || rest.starts_with('=') && !rest.starts_with("=="))
}
