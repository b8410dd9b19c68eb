//! The grammar of HCL 1: tokens to a tree, accepting what Go's hcl v1 parser accepts, oddities included.

use super::literal;
use super::scan::{Scanner, Token, Type};
use super::tree::{DEEPEST, Document, Extent, Fault, Item, Key, Kind, Literal, Node};

/// Parses HCL 1. Never fails: the document holds what was read, and the first fault.
pub(super) fn parse(text: &str) -> Document {
    let mut parser = Parser {
        scanner: Scanner::new(text),
        back: None,
        depth: 0,
    };
    let mut document = Document::default();
    let end = parser.items(false, &mut document.items);
    document.fault = parser.scanner.fault.take().or(end.err());
    document.comments = parser.scanner.comments;
    document
}

struct Parser<'t> {
    scanner: Scanner<'t>,
    back: Option<Token>,
    depth: usize,
}

/// An item, or the end of the text where one could stand. Go's parser drops an unfinished `name =` at the end.
type Found<T> = Result<Option<T>, Fault>;

impl Parser<'_> {
    fn token(&mut self) -> Token {
        self.back.take().unwrap_or_else(|| self.scanner.token())
    }

    fn put_back(&mut self, token: Token) {
        self.back = Some(token);
    }

    /// Reads items up to the closing brace (which stays) or the end of the text.
    fn items(&mut self, inside: bool, items: &mut Vec<Item>) -> Result<(), Fault> {
        loop {
            if inside {
                let token = self.token();
                self.put_back(token);
                if token.kind == Type::CloseBrace {
                    return Ok(());
                }
            }
            let Some(item) = self.item()? else {
                return Ok(());
            };
            items.push(item);
            let token = self.token();
            if token.kind != Type::Comma {
                self.put_back(token);
            }
        }
    }

    fn item(&mut self) -> Found<Item> {
        let mut keys = Vec::new();
        let end = self.keys(&mut keys)?;
        if keys.is_empty() && end.kind == Type::End {
            return Ok(None);
        }
        let value = match end.kind {
            Type::Assign => self.value()?,
            Type::OpenBrace => Some(self.object(end)?),
            _ => return Err(missing_value(&keys, end)),
        };
        Ok(value.map(|value| Item {
            keys,
            assigned: end.kind == Type::Assign,
            value,
        }))
    }

    /// Reads keys up to `=`, `{`, `}` or the end; returns that token.
    fn keys(&mut self, keys: &mut Vec<Key>) -> Result<Token, Fault> {
        loop {
            let token = self.token();
            match token.kind {
                Type::Identifier | Type::Text => keys.push(self.key(token)?),
                Type::End => return Ok(token),
                Type::CloseBrace if !keys.is_empty() => return Ok(token),
                Type::Assign if keys.len() == 1 => return Ok(token),
                Type::OpenBrace if !keys.is_empty() => return Ok(token),
                Type::Assign if keys.len() > 1 => {
                    return Err(
                        Fault::new(token.extent, "`=` may follow a single name only").hint(
                            "remove the `=`: a block with labels is written `name \"label\" { … }`",
                        ),
                    );
                }
                _ => {
                    let found = self.scanner.text(token);
                    return Err(Fault::new(
                        token.extent,
                        format!("expected a name or a string, found `{found}`"),
                    ));
                }
            }
        }
    }

    fn key(&self, token: Token) -> Result<Key, Fault> {
        let written = self.scanner.text(token);
        let text = match token.kind {
            Type::Text => self.unquote(token)?,
            _ => written.to_owned(),
        };
        Ok(Key {
            text,
            written: written.to_owned(),
            extent: token.extent,
        })
    }

    fn unquote(&self, token: Token) -> Result<String, Fault> {
        let written = self.scanner.text(token).replace("\r\n", "\n");
        written
            .strip_prefix('"')
            .and_then(|inside| inside.strip_suffix('"'))
            .and_then(literal::unquote)
            .ok_or_else(|| {
                Fault::new(
                    token.extent,
                    "this string has an escape that cannot be read",
                )
            })
    }

    /// Reads what follows `=`; `None` at the end of the text.
    fn value(&mut self) -> Found<Node> {
        let token = self.token();
        Ok(Some(match token.kind {
            Type::End => return Ok(None),
            Type::OpenBrace => self.object(token)?,
            Type::OpenBracket => self.list(token)?,
            _ => match self.literal(token)? {
                Some(literal) => Node::Literal(literal),
                None => return Err(self.no_value(token)),
            },
        }))
    }

    fn no_value(&self, token: Token) -> Fault {
        let found = self.scanner.text(token);
        let fault = Fault::new(token.extent, format!("expected a value, found `{found}`"));
        if token.kind == Type::Identifier {
            return fault
                .hint("policies are HCL 1: values are literals, without functions and references");
        }
        fault
    }

    fn literal(&self, token: Token) -> Result<Option<Literal>, Fault> {
        let written = self.scanner.text(token);
        let (kind, text) = match token.kind {
            Type::Number => (Kind::Number, written.to_owned()),
            Type::Float => (Kind::Float, written.to_owned()),
            Type::Bool => (Kind::Bool, written.to_owned()),
            Type::Text => (Kind::Text, self.unquote(token)?),
            Type::Heredoc => {
                let text = literal::heredoc(&written.replace("\r\n", "\n"));
                (Kind::Heredoc, text.unwrap_or_default())
            }
            _ => return Ok(None),
        };
        let extent = token.extent;
        Ok(Some(Literal { kind, text, extent }))
    }

    fn deeper(&mut self, open: Token) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::new(open.extent, "this is nested too deeply"));
        }
        Ok(())
    }

    fn object(&mut self, open: Token) -> Result<Node, Fault> {
        self.deeper(open)?;
        let mut items = Vec::new();
        self.items(true, &mut items)?;
        let close = self.token();
        if close.kind != Type::CloseBrace {
            return Err(Fault::new(open.extent, "this `{` is not closed"));
        }
        self.depth -= 1;
        Ok(Node::Object(items, open.extent.to(close.extent)))
    }

    fn list(&mut self, open: Token) -> Result<Node, Fault> {
        self.deeper(open)?;
        let mut nodes = Vec::new();
        let mut comma = false;
        loop {
            let token = self.token();
            if comma && !matches!(token.kind, Type::Comma | Type::CloseBracket) {
                return Err(Fault::new(token.extent, "expected `,` or `]` in a list"));
            }
            match token.kind {
                Type::Comma => comma = false,
                Type::CloseBracket => {
                    self.depth -= 1;
                    return Ok(Node::List(nodes, open.extent.to(token.extent)));
                }
                Type::OpenBrace => {
                    nodes.push(self.object(token)?);
                    comma = true;
                }
                // Go's parser asks for no comma behind a list within a list.
                Type::OpenBracket => nodes.push(self.list(token)?),
                Type::End => return Err(Fault::new(open.extent, "this `[` is not closed")),
                _ => match self.literal(token)? {
                    Some(literal) => {
                        nodes.push(Node::Literal(literal));
                        comma = true;
                    }
                    None => return Err(self.no_value(token)),
                },
            }
        }
    }
}

fn missing_value(keys: &[Key], at: Token) -> Fault {
    let names: Vec<&str> = keys.iter().map(|key| key.written.as_str()).collect();
    let extent = keys
        .first()
        .map_or(at.extent, |key: &Key| Extent::to(key.extent, at.extent));
    Fault::new(extent, format!("`{}` has no value", names.join(" ")))
        .hint("write `name = value` or `name { … }`")
}
