//! Tokens of HCL 1, as Go's hcl v1 cuts them. `\r\n` counts as `\n`. The first illegal character ends the scan.

use std::sync::LazyLock;

use regex::Regex;

use super::tree::{Comment, Extent, Fault};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    End,
    Identifier,
    Number,
    Float,
    Bool,
    Text,
    Heredoc,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Comma,
    Assign,
    Other,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Type,
    pub extent: Extent,
}

/// Cuts a text into tokens; comments are set aside.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    pub comments: Vec<Comment>,
    pub fault: Option<Fault>,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Scanner<'t> {
        Scanner {
            text,
            at: 0,
            comments: Vec::new(),
            fault: None,
        }
    }

    /// Returns the text of a token.
    pub(super) fn text(&self, token: Token) -> &'t str {
        self.text
            .get(token.extent.start as usize..token.extent.end as usize)
            .unwrap_or_default()
    }

    /// Returns the next token that is no comment; [`Type::End`] for ever after the end or a fault.
    pub(super) fn token(&mut self) -> Token {
        loop {
            while self
                .peek()
                .is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
            {
                self.next();
            }
            let start = self.at;
            let kind = self.next().map(|first| self.rest(first));
            let extent = Extent::new(start, self.at);
            match kind {
                _ if self.fault.is_some() => return self.end(),
                None => return self.end(),
                Some(Some(kind)) => return Token { kind, extent },
                Some(None) => self.comments.push(Comment {
                    extent,
                    text: extent.of(self.text).to_owned(),
                }),
            }
        }
    }

    fn end(&self) -> Token {
        let extent = Extent::new(self.at, self.at);
        let kind = Type::End;
        Token { kind, extent }
    }

    /// Reads the rest of a token; `None` when it was a comment.
    fn rest(&mut self, first: char) -> Option<Type> {
        Some(match first {
            '#' | '/' => {
                self.comment(first);
                return None;
            }
            '"' => self.string(),
            '<' => self.heredoc(),
            '[' => Type::OpenBracket,
            ']' => Type::CloseBracket,
            '{' => Type::OpenBrace,
            '}' => Type::CloseBrace,
            ',' => Type::Comma,
            '=' => Type::Assign,
            '+' => Type::Other,
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.fraction();
                Type::Float
            }
            '-' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                let digit = self.next().unwrap_or('0');
                self.number(digit)
            }
            '.' | '-' => Type::Other,
            c if c.is_ascii_digit() => self.number(c),
            c if is_letter(c) => self.identifier(c),
            c => {
                self.fail(self.at - c.len_utf8(), format!("illegal character `{c}`"));
                Type::Other
            }
        })
    }

    fn peek(&self) -> Option<char> {
        if self.fault.is_some() {
            return None;
        }
        let rest = self.text.get(self.at..)?;
        if rest.starts_with("\r\n") {
            return Some('\n');
        }
        rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        let wide = c == '\n' && self.text.as_bytes().get(self.at) == Some(&b'\r');
        if matches!(c, '\0' | '\u{e123}') {
            self.fail(self.at, "this character is reserved");
            return None;
        }
        self.at += if wide { 2 } else { c.len_utf8() };
        Some(c)
    }

    fn fail(&mut self, start: usize, message: impl Into<String>) {
        if self.fault.is_none() {
            let extent = Extent::new(start, self.at.max(start));
            self.fault = Some(Fault::new(extent, message));
        }
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) -> usize {
        let mut count = 0;
        while self.peek().is_some_and(&wanted) && self.next().is_some() {
            count += 1;
        }
        count
    }

    fn identifier(&mut self, first: char) -> Type {
        let start = self.at - first.len_utf8();
        self.skip(|c| is_letter(c) || is_digit(c) || c == '-' || c == '.');
        match self.text.get(start..self.at) {
            Some("true" | "false") => Type::Bool,
            _ => Type::Identifier,
        }
    }

    fn comment(&mut self, first: char) {
        let start = self.at - 1;
        if first == '/' && self.peek() == Some('*') {
            self.next();
            let mut previous = ' ';
            loop {
                match self.next() {
                    None => return self.fail(start, "this comment is not closed"),
                    Some('/') if previous == '*' => return,
                    Some(c) => previous = c,
                }
            }
        }
        if first == '/' && self.peek() != Some('/') {
            return self.fail(start, "a comment begins with `#`, `//` or `/*`");
        }
        self.skip(|c| c != '\n');
    }

    fn number(&mut self, first: char) -> Type {
        let start = self.at - 1;
        if first == '0' && self.peek().is_some_and(|c| matches!(c, 'x' | 'X')) {
            self.next();
            if self.skip(|c| c.is_ascii_hexdigit()) == 0 {
                self.fail(start, "illegal hexadecimal number");
            }
            return Type::Number;
        }
        self.skip(|c| c.is_ascii_digit());
        let digits = self.text.get(start..self.at).unwrap_or_default();
        let octal = first != '0' || !digits.chars().skip(2).any(|c| matches!(c, '8' | '9'));
        if self.peek() == Some('.') {
            self.next();
            self.fraction();
            return Type::Float;
        }
        if self.exponent() {
            return Type::Float;
        }
        if !octal {
            self.fail(start, "illegal octal number");
        }
        Type::Number
    }

    fn fraction(&mut self) {
        self.skip(|c| c.is_ascii_digit());
        self.exponent();
    }

    fn exponent(&mut self) -> bool {
        if !self.peek().is_some_and(|c| matches!(c, 'e' | 'E')) {
            return false;
        }
        self.next();
        if self.peek().is_some_and(|c| matches!(c, '+' | '-')) {
            self.next();
        }
        self.skip(|c| c.is_ascii_digit());
        true
    }

    fn string(&mut self) -> Type {
        let start = self.at - 1;
        let mut open = 0_usize;
        loop {
            let c = self.next();
            match c {
                None => {
                    self.fail(start, "this string is not closed");
                    return Type::Text;
                }
                Some('\n') if open == 0 => {
                    self.fail(start, "this string is not closed on its line");
                    return Type::Text;
                }
                Some('"') if open == 0 => return Type::Text,
                Some('$') if open == 0 && self.peek() == Some('{') => {
                    self.next();
                    open = 1;
                }
                Some('{') if open > 0 => open += 1,
                Some('}') if open > 0 => open -= 1,
                Some('\\') => self.escape(),
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self) {
        let start = self.at - 1;
        let (base, length) = match self.peek() {
            Some('0'..='7') => (8, 3),
            Some('x') => (16, 2),
            Some('u') => (16, 4),
            Some('U') => (16, 8),
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '"') => {
                self.next();
                return;
            }
            _ => return self.fail(start, "illegal escape in a string"),
        };
        if base == 16 {
            self.next();
        }
        for _ in 0..length {
            if !self.peek().is_some_and(|c| c.is_digit(base)) {
                return self.fail(start, "illegal escape in a string");
            }
            self.next();
        }
    }

    fn heredoc(&mut self) -> Type {
        let start = self.at - 1;
        if self.next() != Some('<') {
            self.fail(start, "a heredoc begins with `<<`");
            return Type::Heredoc;
        }
        if self.peek() == Some('-') {
            self.next();
        }
        let from = self.at;
        self.skip(|c| is_letter(c) || is_digit(c));
        let mark = self.text.get(from..self.at).unwrap_or_default();
        if self.peek() == Some('\r') {
            self.next();
        }
        if self.next() != Some('\n') || mark.is_empty() {
            self.fail(start, "a heredoc needs a name that ends its line");
            return Type::Heredoc;
        }
        self.heredoc_body(start, mark);
        Type::Heredoc
    }

    fn heredoc_body(&mut self, start: usize, mark: &str) {
        loop {
            let from = self.at;
            self.skip(|c| c != '\n');
            let line = self.text.get(from..self.at).unwrap_or_default();
            if self.next().is_none() {
                return self.fail(
                    start,
                    format!("this heredoc is not closed by a line `{mark}`"),
                );
            }
            let line = line.trim_start_matches([' ', '\t', '\r', '\u{b}', '\u{c}']);
            if line.trim_end_matches('\r') == mark {
                return;
            }
        }
    }
}

/// Tells whether Go's `unicode.IsLetter`, or `_`.
pub(super) fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{L}$").ok());
    c.is_ascii_alphabetic() || c == '_' || is_wide(c, &LETTER)
}

/// Tells whether Go's `unicode.IsDigit`.
pub(super) fn is_digit(c: char) -> bool {
    static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Nd}$").ok());
    c.is_ascii_digit() || is_wide(c, &DIGIT)
}

fn is_wide(c: char, class: &Option<Regex>) -> bool {
    !c.is_ascii()
        && class
            .as_ref()
            .is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4])))
}
