//! JSON with the place of every value.

use crate::source::{Diagnostic, FileId, Span};

/// How deep arrays and objects may be nested.
const DEEPEST: usize = 160;

/// A JSON value with its place.
#[derive(Clone, Debug)]
pub(super) struct Json {
    pub(super) node: JsonNode,
    pub(super) span: Span,
}

/// What a JSON value is.
#[derive(Clone, Debug)]
pub(super) enum JsonNode {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    /// Escapes resolved; `plain` when there were none, so that places within it are places of the file.
    Text {
        text: String,
        plain: bool,
    },
    Array(Vec<Json>),
    Object(Vec<Property>),
}

/// `"key": value`
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) value: Json,
}

/// Reads a JSON text.
pub(super) fn parse_json(file: FileId, text: &str) -> Result<Json, Box<Diagnostic>> {
    let mut reader = Reader {
        file,
        text,
        at: 0,
        depth: 0,
    };
    let json = reader.value()?;
    reader.blanks();
    match reader.peek() {
        None => Ok(json),
        Some(_) => reader.fail("unexpected text after the end of the JSON value", 1),
    }
}

type Read<T> = Result<T, Box<Diagnostic>>;

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn accept(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn span(&self, start: usize) -> Span {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: number(start),
            end: number(self.at),
        }
    }

    fn fail<T>(&mut self, message: impl Into<String>, length: usize) -> Read<T> {
        let start = self.at;
        let mut end = (start + length).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.at = end;
        let told = Diagnostic::error("invalid-json", message).at(self.span(start), "here");
        self.at = start;
        Err(Box::new(told))
    }

    fn value(&mut self) -> Read<Json> {
        self.blanks();
        let start = self.at;
        let node = match self.peek() {
            Some('{') => self.deeper(Reader::object)?,
            Some('[') => self.deeper(Reader::array)?,
            Some('"') => {
                let (text, plain) = self.string()?;
                JsonNode::Text { text, plain }
            }
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Json {
            node,
            span: self.span(start),
        })
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Read<JsonNode>) -> Read<JsonNode> {
        if self.depth >= DEEPEST {
            return self.fail("this is nested too deep", 1);
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn word(&mut self) -> Read<JsonNode> {
        let words = [
            ("null", JsonNode::Null),
            ("true", JsonNode::Bool(true)),
            ("false", JsonNode::Bool(false)),
        ];
        for (word, node) in words {
            if self.accept(word) {
                return Ok(node);
            }
        }
        match self.peek() {
            None => self.fail("unexpected end of the file, a JSON value is missing", 0),
            Some('\'') => self.fail("JSON strings stand between `\"`", 1),
            Some('#' | '/') => self.fail("JSON has no comments; use a property `\"//\"`", 1),
            Some(letter) => self.fail(format!("unexpected `{letter}`, a JSON value is missing"), 1),
        }
    }

    fn array(&mut self) -> Read<JsonNode> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.accept("]") {
            return Ok(JsonNode::Array(items));
        }
        loop {
            items.push(self.value()?);
            if !self.goes_on("]", "element")? {
                return Ok(JsonNode::Array(items));
            }
        }
    }

    fn object(&mut self) -> Read<JsonNode> {
        self.at += 1;
        let mut properties = Vec::new();
        self.blanks();
        if self.accept("}") {
            return Ok(JsonNode::Object(properties));
        }
        loop {
            properties.push(self.property()?);
            if !self.goes_on("}", "property")? {
                return Ok(JsonNode::Object(properties));
            }
        }
    }

    fn property(&mut self) -> Read<Property> {
        self.blanks();
        let start = self.at;
        if self.peek() != Some('"') {
            return self.fail("the name of a property must be a string between `\"`", 1);
        }
        let (key, _) = self.string()?;
        let key_span = self.span(start);
        self.blanks();
        if !self.accept(":") {
            return self.fail(format!("`:` is missing after the property `{key}`"), 1);
        }
        let value = self.value()?;
        Ok(Property {
            key,
            key_span,
            value,
        })
    }

    /// Tells whether another element follows; fails when neither a comma nor the end does.
    fn goes_on(&mut self, close: &str, what: &str) -> Read<bool> {
        self.blanks();
        if self.accept(",") {
            self.blanks();
            if self.rest().starts_with(close) {
                return self.fail(format!("no comma may stand after the last {what}"), 1);
            }
            return Ok(true);
        }
        if self.accept(close) {
            return Ok(false);
        }
        self.fail(format!("`,` or `{close}` is missing after this {what}"), 1)
    }

    fn number(&mut self) -> Read<JsonNode> {
        let rest = self.rest();
        let length = rest
            .find(|letter: char| !matches!(letter, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default().to_owned();
        if !is_number(&text) {
            return self.fail(format!("`{text}` is no JSON number"), length);
        }
        self.at += length;
        Ok(JsonNode::Number(text))
    }

    /// Reads a string; tells whether it has no escapes.
    fn string(&mut self) -> Read<(String, bool)> {
        let start = self.at;
        self.at += 1;
        let (mut text, mut plain) = (String::new(), true);
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok((text, plain));
                }
                Some('\\') => {
                    plain = false;
                    text.push(self.escape()?);
                }
                None | Some('\n') => {
                    self.at = start;
                    return self.fail("this string is not closed on its line", 1);
                }
                Some(letter) if letter < ' ' => {
                    return self.fail("a control character must be written as an escape", 1);
                }
                Some(letter) => {
                    text.push(letter);
                    self.at += letter.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let letter = match self.rest().chars().nth(1) {
            Some('u') => return self.code_point(),
            Some('"') => '"',
            Some('\\') => '\\',
            Some('/') => '/',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            _ => return self.fail("there is no such escape in JSON", 2),
        };
        self.at += 2;
        Ok(letter)
    }

    /// Reads `\u00e9`, or two of them that are one letter.
    fn code_point(&mut self) -> Read<char> {
        let Some(first) = unit(self.rest()) else {
            return self.fail("`\\u` needs four hexadecimal digits", 2);
        };
        let second = unit(self.rest().get(6..).unwrap_or_default());
        let (point, length) = match (first, second) {
            (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                (0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 12)
            }
            _ => (first, 6),
        };
        self.at += length;
        Ok(char::from_u32(point).unwrap_or('\u{fffd}'))
    }
}

/// Reads `\uNNNN`.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent
            .is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
