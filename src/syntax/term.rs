//! Terms: literals, names, calls, tuples, objects, `for` expressions.

use super::parse::Parser;
use super::token::{Kind, Token};
use super::tree::{Expression, For, Name, Node, ObjectItem, Part, Unary};

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Option<Expression> {
        let next = self.peek();
        match next.kind {
            Kind::OpenParen => self.parenthesis(),
            Kind::Number => {
                self.read();
                self.number(next)
            }
            Kind::Name => self.named(),
            Kind::OpenQuote | Kind::OpenHeredoc => self.deeper(Parser::string),
            Kind::Minus => self.unary(Unary::Negate),
            Kind::Bang => self.unary(Unary::Not),
            Kind::OpenBracket => self.tuple(),
            Kind::OpenBrace => self.object(),
            _ => self.no_term(next),
        }
    }

    fn no_term(&mut self, next: Token) -> Option<Expression> {
        match next.kind {
            Kind::Newline | Kind::End => {
                let found = self.found(next);
                self.fail_hint(
                    next,
                    format!("unexpected {found}, a value is missing"),
                    "a value belongs here",
                    "put the value on this line, or `(` before a value of several lines",
                )
            }
            _ => {
                let found = self.found(next);
                self.fail(
                    next,
                    format!("unexpected {found}, a value is missing"),
                    "a value belongs here",
                )
            }
        }
    }

    fn parenthesis(&mut self) -> Option<Expression> {
        let open = self.read();
        let inner = self.with_newlines(false, |parser| {
            let inner = parser.expression()?;
            parser.close(Kind::CloseParen, open, ")")?;
            Some(inner)
        })?;
        Some(Expression {
            node: Node::Parenthesis(Box::new(inner)),
            span: self.since(open.start),
        })
    }

    /// Reads what begins with a name: a keyword, a call or the first name of a reference.
    fn named(&mut self) -> Option<Expression> {
        let token = self.read();
        if matches!(self.peek().kind, Kind::OpenParen | Kind::DoubleColon) {
            return self.call(token);
        }
        let node = match token.text(self.text) {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            "null" => Node::Null,
            _ => Node::Variable(self.name(token)),
        };
        Some(Expression {
            node,
            span: self.token_span(token),
        })
    }

    fn call(&mut self, first: Token) -> Option<Expression> {
        let mut namespace = Vec::new();
        let mut name = self.name(first);
        while self.accept(Kind::DoubleColon).is_some() {
            let next = self.peek();
            if next.kind != Kind::Name {
                let found = self.found(next);
                return self.fail(
                    next,
                    format!("unexpected {found} after `::`"),
                    "the name of a function belongs here",
                );
            }
            self.read();
            namespace.push(std::mem::replace(&mut name, self.name(next)));
        }
        let open = self.peek();
        if open.kind != Kind::OpenParen {
            let message = format!("the function `{}` is not called", name.text);
            return self.fail(open, message, "`(` belongs here");
        }
        self.read();
        let (arguments, expand) = self.with_newlines(false, |parser| parser.arguments(open))?;
        Some(Expression {
            node: Node::Call {
                name,
                namespace,
                arguments,
                expand,
            },
            span: self.since(first.start),
        })
    }

    /// Reads the arguments of a call up to its closing parenthesis, which is read too.
    fn arguments(&mut self, open: Token) -> Option<(Vec<Expression>, bool)> {
        let mut arguments = Vec::new();
        loop {
            if self.accept(Kind::CloseParen).is_some() {
                return Some((arguments, false));
            }
            arguments.push(self.expression()?);
            if self.accept(Kind::Ellipsis).is_some() {
                self.close(Kind::CloseParen, open, ")")?;
                return Some((arguments, true));
            }
            if self.accept(Kind::Comma).is_none() {
                self.separated(Kind::CloseParen, open, ")", "argument")?;
                self.read();
                return Some((arguments, false));
            }
        }
    }

    /// Fails unless the closing bracket follows an element that no comma follows.
    fn separated(&mut self, close: Kind, open: Token, symbol: &str, what: &str) -> Option<()> {
        let next = self.peek();
        if next.kind == close {
            return Some(());
        }
        if begins_term(next.kind) {
            let found = self.found(next);
            let message = format!("unexpected {found}, a comma is missing");
            let hint = format!("put `,` between one {what} and the next");
            return self.fail_hint(next, message, "`,` belongs before this", hint);
        }
        self.close(close, open, symbol).map(|_| ())
    }

    fn tuple(&mut self) -> Option<Expression> {
        let open = self.read();
        self.with_newlines(false, |parser| {
            if parser.next_is_word("for") {
                return parser.for_expression(open);
            }
            let mut items = Vec::new();
            loop {
                if parser.accept(Kind::CloseBracket).is_some() {
                    break;
                }
                items.push(parser.expression()?);
                if parser.accept(Kind::Comma).is_none() {
                    parser.separated(Kind::CloseBracket, open, "]", "element")?;
                    parser.read();
                    break;
                }
            }
            Some(Expression {
                node: Node::Tuple(items),
                span: parser.since(open.start),
            })
        })
    }

    fn object(&mut self) -> Option<Expression> {
        let open = self.read();
        let is_for = self.with_newlines(false, |parser| Some(parser.next_is_word("for")))?;
        if is_for {
            return self.with_newlines(false, |parser| parser.for_expression(open));
        }
        self.with_newlines(true, |parser| {
            let mut items = Vec::new();
            loop {
                while parser.accept(Kind::Newline).is_some() {}
                if parser.accept(Kind::CloseBrace).is_some() {
                    break;
                }
                items.push(parser.object_item(open)?);
                if matches!(parser.peek().kind, Kind::Comma | Kind::Newline) {
                    parser.read();
                    continue;
                }
                parser.separated(Kind::CloseBrace, open, "}", "attribute")?;
                parser.read();
                break;
            }
            Some(Expression {
                node: Node::Object(items),
                span: parser.since(open.start),
            })
        })
    }

    fn object_item(&mut self, open: Token) -> Option<ObjectItem> {
        let key = literal_key(self.expression()?);
        let next = self.peek();
        if !matches!(next.kind, Kind::Assign | Kind::Colon) {
            if next.kind == Kind::End {
                self.close(Kind::CloseBrace, open, "}")?;
            }
            let found = self.found(next);
            return self.fail_hint(
                next,
                format!("unexpected {found} after the key of an object"),
                "`=` and a value belong here",
                "write `key = value`; put a key with points or blanks in quotation marks",
            );
        }
        self.read();
        let value = self.expression()?;
        Some(ObjectItem { key, value })
    }

    fn for_expression(&mut self, open: Token) -> Option<Expression> {
        let object = open.kind == Kind::OpenBrace;
        self.read();
        let (key_variable, value_variable) = self.for_names()?;
        let collection = self.expression()?;
        if self.accept(Kind::Colon).is_none() {
            let next = self.peek();
            let found = self.found(next);
            return self.fail_hint(
                next,
                format!("unexpected {found} in a `for` expression"),
                "`:` belongs here",
                "write `[for item in collection : value]`",
            );
        }
        let first = self.expression()?;
        let (key, value) = match self.accept(Kind::Arrow) {
            Some(_) => (Some(first), self.expression()?),
            None => (None, first),
        };
        let ellipsis = self.accept(Kind::Ellipsis);
        let condition = match self.next_is_word("if") {
            true => {
                self.read();
                Some(self.expression()?)
            }
            false => None,
        };
        let closer = if object {
            Kind::CloseBrace
        } else {
            Kind::CloseBracket
        };
        self.close(closer, open, if object { "}" } else { "]" })?;
        self.suits(object, key.as_ref(), &value, ellipsis)?;
        let node = Node::For(Box::new(For {
            key_variable,
            value_variable,
            collection,
            key,
            value,
            condition,
            grouping: ellipsis.is_some(),
        }));
        Some(Expression {
            node,
            span: self.since(open.start),
        })
    }

    /// Reads `k, v in` or `v in`.
    pub(super) fn for_names(&mut self) -> Option<(Option<Name>, Name)> {
        let first = self.for_name()?;
        let names = match self.accept(Kind::Comma) {
            Some(_) => (Some(first), self.for_name()?),
            None => (None, first),
        };
        if !self.next_is_word("in") {
            let next = self.peek();
            let found = self.found(next);
            return self.fail_hint(
                next,
                format!("unexpected {found} in a `for`"),
                "`in` belongs here",
                "write `for item in collection` or `for key, item in collection`",
            );
        }
        self.read();
        Some(names)
    }

    fn for_name(&mut self) -> Option<Name> {
        let next = self.peek();
        if next.kind != Kind::Name {
            let found = self.found(next);
            return self.fail(
                next,
                format!("unexpected {found} in a `for`"),
                "the name of a variable belongs here",
            );
        }
        self.read();
        Some(self.name(next))
    }

    /// Fails when a `for` expression lacks what its brackets ask for, or has what they forbid.
    fn suits(
        &mut self,
        object: bool,
        key: Option<&Expression>,
        value: &Expression,
        ellipsis: Option<Token>,
    ) -> Option<()> {
        use crate::source::Diagnostic;
        let error = |message: &str| Diagnostic::error("invalid-syntax", message);
        let told = match (object, key, ellipsis) {
            (true, None, _) => error("a `for` expression in braces needs a key")
                .at(value.span, "this is the value")
                .hint("write `{for item in collection : key => value}`"),
            (false, Some(key), _) => error("a `for` expression in brackets takes no key")
                .at(key.span, "this is a key")
                .hint("put it in braces to make an object"),
            (false, None, Some(token)) => error("a `for` expression in brackets cannot group")
                .at(self.token_span(token), "here")
                .hint("remove `...`, or put it in braces with a key"),
            _ => return Some(()),
        };
        self.note(told);
        None
    }
}

fn begins_term(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Name
            | Kind::Number
            | Kind::OpenQuote
            | Kind::OpenHeredoc
            | Kind::OpenParen
            | Kind::OpenBracket
            | Kind::OpenBrace
            | Kind::Bang
    )
}

/// A bare name as key means its own text.
fn literal_key(key: Expression) -> Expression {
    let text = match &key.node {
        Node::Variable(name) => name.text.clone(),
        Node::Bool(true) => "true".into(),
        Node::Bool(false) => "false".into(),
        Node::Null => "null".into(),
        _ => return key,
    };
    Expression {
        span: key.span,
        node: Node::Template(vec![Part::Literal(text, key.span)]),
    }
}
