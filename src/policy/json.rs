//! The JSON dialect of HCL 1: read as loosely as Go's hcl v1 reads it, then flattened into the HCL tree.

use super::literal::unquote_json;
use super::tree::{DEEPEST, Document, Extent, Fault, Item, Key, Kind, Literal, Node};

/// Parses a text that begins with `{`. What follows the closing brace is not read.
pub(super) fn parse(text: &str) -> Document {
    let mut reader = Reader {
        text,
        at: 0,
        current: (Type::End, Extent::default()),
        depth: 0,
        fault: None,
    };
    reader.token();
    let (_, open) = reader.current;
    let object = reader.object(open);
    let fault = reader.fault.take();
    let (items, fault) = match object {
        Ok(Node::Object(items, _)) => (items, fault),
        Ok(_) => (Vec::new(), fault),
        Err(error) => (Vec::new(), fault.or(Some(error))),
    };
    Document {
        items: flatten(items),
        comments: Vec::new(),
        fault,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    End,
    Number,
    Float,
    Bool,
    Null,
    Text,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Comma,
    Colon,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    current: (Type, Extent),
    depth: usize,
    fault: Option<Fault>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
    }

    fn token(&mut self) -> Type {
        self.skip(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        let start = self.at;
        let kind = match self.next() {
            None => Type::End,
            Some('[') => Type::OpenBracket,
            Some(']') => Type::CloseBracket,
            Some('{') => Type::OpenBrace,
            Some('}') => Type::CloseBrace,
            Some(',') => Type::Comma,
            Some(':') => Type::Colon,
            Some('"') => self.string(start),
            Some(c) if c.is_ascii_digit() => self.number(start),
            Some('-') if self.peek().is_some_and(|c| c.is_ascii_digit()) => self.number(start),
            Some(c) if super::scan::is_letter(c) => self.word(start),
            Some(c) => self.fail(start, format!("illegal character `{c}`")),
        };
        self.current = (kind, Extent::new(start, self.at));
        kind
    }

    fn fail(&mut self, start: usize, message: impl Into<String>) -> Type {
        if self.fault.is_none() {
            self.fault = Some(Fault::new(Extent::new(start, self.at), message));
        }
        self.at = self.text.len();
        Type::End
    }

    fn word(&mut self, start: usize) -> Type {
        self.skip(|c| super::scan::is_letter(c) || super::scan::is_digit(c) || c == '-');
        match self.text.get(start..self.at).unwrap_or_default() {
            "true" | "false" => Type::Bool,
            "null" => Type::Null,
            other => {
                let message = format!("`{other}` is no JSON value");
                self.fail(start, message)
            }
        }
    }

    fn number(&mut self, start: usize) -> Type {
        self.skip(|c| c.is_ascii_digit());
        let digits = self.text.get(start..self.at).unwrap_or_default();
        let leading_zero = digits.trim_start_matches('-').starts_with('0') && digits.len() > 1;
        let mut kind = Type::Number;
        if self.peek() == Some('.') {
            self.next();
            self.skip(|c| c.is_ascii_digit());
            kind = Type::Float;
        }
        if self.peek().is_some_and(|c| matches!(c, 'e' | 'E')) {
            self.next();
            self.skip(|c| c.is_ascii_digit() || matches!(c, '+' | '-'));
            kind = Type::Float;
        }
        if leading_zero && kind == Type::Number && !digits.ends_with("-0") {
            return self.fail(start, "numbers cannot begin with 0");
        }
        kind
    }

    fn string(&mut self, start: usize) -> Type {
        loop {
            match self.next() {
                Some('"') => return Type::Text,
                Some('\\') => match self.next() {
                    Some(
                        'a'
                        | 'b'
                        | 'f'
                        | 'n'
                        | 'r'
                        | 't'
                        | 'v'
                        | '\\'
                        | '"'
                        | 'x'
                        | 'u'
                        | 'U'
                        | '0'..='7',
                    ) => {}
                    _ => return self.fail(start, "illegal escape in a string"),
                },
                None | Some('\n') => return self.fail(start, "this string is not closed"),
                Some(_) => {}
            }
        }
    }

    fn here(&self, message: &str) -> Fault {
        Fault::new(self.current.1, message)
    }

    /// Reads an object whose `{` is the current token. An error in it is forgiven where the token that
    /// raised it is `}`, as Go's parser does.
    fn object(&mut self, open: Extent) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::new(open, "this is nested too deeply"));
        }
        let mut items = Vec::new();
        let end = self.items(&mut items);
        if let Err(fault) = end
            && self.current.0 != Type::CloseBrace
        {
            return Err(fault);
        }
        self.depth -= 1;
        Ok(Node::Object(items, open.to(self.current.1)))
    }

    fn items(&mut self, items: &mut Vec<Item>) -> Result<(), Fault> {
        loop {
            let Some(keys) = self.keys()? else {
                return Ok(());
            };
            let Some(value) = self.value()? else {
                return Ok(());
            };
            items.push(Item {
                keys,
                assigned: true,
                value,
            });
            if self.token() != Type::Comma {
                return Ok(());
            }
        }
    }

    fn keys(&mut self) -> Result<Option<Vec<Key>>, Fault> {
        let mut keys = Vec::new();
        loop {
            match self.token() {
                Type::End => return Ok(None),
                Type::Text => {
                    let text = self.unquote()?;
                    let extent = self.current.1;
                    let written = extent.of(self.text).to_owned();
                    keys.push(Key {
                        text,
                        written,
                        extent,
                    });
                }
                Type::Colon if !keys.is_empty() => return Ok(Some(keys)),
                _ => return Err(self.here("expected a string as name")),
            }
        }
    }

    fn unquote(&self) -> Result<String, Fault> {
        let written = self.current.1.of(self.text);
        written
            .strip_prefix('"')
            .and_then(|inside| inside.strip_suffix('"'))
            .and_then(unquote_json)
            .ok_or_else(|| self.here("this string has an escape that cannot be read"))
    }

    /// Reads a value; `None` at the end of the text.
    fn value(&mut self) -> Result<Option<Node>, Fault> {
        let kind = self.token();
        let extent = self.current.1;
        Ok(Some(match kind {
            Type::End => return Ok(None),
            Type::OpenBrace => self.object(extent)?,
            Type::OpenBracket => self.list(extent)?,
            kind => match self.literal(kind)? {
                Some(literal) => Node::Literal(literal),
                None => return Err(self.here("expected a value")),
            },
        }))
    }

    fn literal(&self, kind: Type) -> Result<Option<Literal>, Fault> {
        let extent = self.current.1;
        let written = extent.of(self.text).to_owned();
        let (kind, text) = match kind {
            Type::Number => (Kind::Number, written),
            Type::Float => (Kind::Float, written),
            Type::Bool => (Kind::Bool, written),
            Type::Null => (Kind::Text, String::new()),
            Type::Text => (Kind::Text, self.unquote()?),
            _ => return Ok(None),
        };
        Ok(Some(Literal { kind, text, extent }))
    }

    /// Reads a list whose `[` is the current token. Go's parser drops booleans and the brackets of inner lists.
    fn list(&mut self, open: Extent) -> Result<Node, Fault> {
        let mut nodes = Vec::new();
        loop {
            let kind = self.token();
            let extent = self.current.1;
            match kind {
                Type::Number | Type::Float | Type::Text => {
                    nodes.extend(self.literal(kind)?.map(Node::Literal));
                }
                Type::Comma | Type::Bool | Type::OpenBracket => {}
                Type::OpenBrace => nodes.push(self.object(extent)?),
                Type::CloseBracket => return Ok(Node::List(nodes, open.to(extent))),
                _ => return Err(self.here("expected a value or `]` in a list")),
            }
        }
    }
}

/// Unfolds objects of objects and lists of objects: `{"path": {"a": {…}}}` becomes `path "a" {…}`.
fn flatten(items: Vec<Item>) -> Vec<Item> {
    let mut flat = Vec::new();
    let mut open = items;
    while let Some(item) = open.pop() {
        let Item {
            keys,
            assigned,
            value,
        } = item;
        match value {
            Node::Object(inner, _) if !inner.is_empty() && all_objects(&inner) => {
                open.extend(inner.into_iter().map(|sub| Item {
                    keys: keys.iter().cloned().chain(sub.keys).collect(),
                    assigned,
                    value: sub.value,
                }));
            }
            Node::List(nodes, _) if !nodes.is_empty() && nodes.iter().all(is_object) => {
                open.extend(nodes.into_iter().map(|value| Item {
                    keys: keys.clone(),
                    assigned,
                    value,
                }));
            }
            value => flat.push(Item {
                keys,
                assigned,
                value,
            }),
        }
    }
    flat.reverse();
    for item in &mut flat {
        flatten_below(&mut item.value);
    }
    flat
}

fn flatten_below(node: &mut Node) {
    match node {
        Node::Object(items, _) => *items = flatten(std::mem::take(items)),
        Node::List(nodes, _) => nodes.iter_mut().for_each(flatten_below),
        Node::Literal(_) => {}
    }
}

fn all_objects(items: &[Item]) -> bool {
    items.iter().all(|item| is_object(&item.value))
}

fn is_object(node: &Node) -> bool {
    matches!(node, Node::Object(..))
}
