//! Expressions: operators, and what may follow an operand.

use super::parse::Parser;
use super::token::{Kind, Token};
use super::tree::{Binary, Expression, Name, Node, Unary};
use crate::value::Number;

/// How many operators or steps may follow one another: each deepens the tree by one.
const LONGEST: usize = 400;

/// The operators with two operands, those that bind least first.
const LEVELS: &[&[(Kind, Binary)]] = &[
    &[(Kind::Or, Binary::Or)],
    &[(Kind::And, Binary::And)],
    &[
        (Kind::Equal, Binary::Equal),
        (Kind::NotEqual, Binary::NotEqual),
    ],
    &[
        (Kind::Greater, Binary::Greater),
        (Kind::GreaterOrEqual, Binary::GreaterOrEqual),
        (Kind::Less, Binary::Less),
        (Kind::LessOrEqual, Binary::LessOrEqual),
    ],
    &[(Kind::Plus, Binary::Add), (Kind::Minus, Binary::Subtract)],
    &[
        (Kind::Star, Binary::Multiply),
        (Kind::Slash, Binary::Divide),
        (Kind::Percent, Binary::Modulo),
    ],
];

/// Returns an operator and how strongly it binds.
fn operator(kind: Kind) -> Option<(Binary, usize)> {
    LEVELS.iter().enumerate().find_map(|(level, operators)| {
        let (_, operator) = operators.iter().find(|(token, _)| *token == kind)?;
        Some((*operator, level))
    })
}

impl Parser<'_> {
    /// Reads an expression.
    pub(super) fn expression(&mut self) -> Option<Expression> {
        self.deeper(Parser::conditional)
    }

    fn conditional(&mut self) -> Option<Expression> {
        let condition = self.binary(0)?;
        if self.accept(Kind::Question).is_none() {
            return Some(condition);
        }
        let then = self.expression()?;
        if self.accept(Kind::Colon).is_none() {
            let next = self.peek();
            return self.fail_hint(
                next,
                "this conditional has no `:`",
                "`:` and the value for `false` belong here",
                "write `condition ? value if true : value if false`",
            );
        }
        let otherwise = self.expression()?;
        let span = condition.span.to(otherwise.span);
        let node = Node::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise));
        Some(Expression { node, span })
    }

    /// Reads operands that operators of at least this level join, leftmost first.
    fn binary(&mut self, level: usize) -> Option<Expression> {
        let mut left = self.operand()?;
        for length in 0.. {
            let next = self.peek();
            let Some((operator, binds)) = operator(next.kind).filter(|(_, binds)| *binds >= level)
            else {
                break;
            };
            self.short_enough(length, next)?;
            self.read();
            let right = self.binary(binds + 1)?;
            let span = left.span.to(right.span);
            let node = Node::Binary(operator, Box::new(left), Box::new(right));
            left = Expression { node, span };
        }
        Some(left)
    }

    fn short_enough(&mut self, length: usize, next: Token) -> Option<()> {
        if length < LONGEST {
            return Some(());
        }
        self.fail_hint(
            next,
            format!("more than {LONGEST} operators or steps follow one another"),
            "this is one too many",
            "put a part of the expression in a local value",
        )
    }

    /// Reads an operand with all that follows it: `.name`, `[index]`, `[*]`.
    pub(super) fn operand(&mut self) -> Option<Expression> {
        let base = self.term()?;
        self.steps(base)
    }

    pub(super) fn unary(&mut self, operator: Unary) -> Option<Expression> {
        let symbol = self.read();
        let inner = self.deeper(Parser::operand)?;
        Some(Expression {
            node: Node::Unary(operator, Box::new(inner)),
            span: self.since(symbol.start),
        })
    }

    fn steps(&mut self, mut base: Expression) -> Option<Expression> {
        for length in 0.. {
            let next = self.peek();
            base = match next.kind {
                Kind::Dot => {
                    self.short_enough(length, next)?;
                    self.dot(base)?
                }
                Kind::OpenBracket => {
                    self.short_enough(length, next)?;
                    self.bracket(base)?
                }
                _ => break,
            };
        }
        Some(base)
    }

    fn dot(&mut self, base: Expression) -> Option<Expression> {
        self.read();
        if let Some(star) = self.accept(Kind::Star) {
            return self.attribute_splat(base, star);
        }
        self.after_dot(base)
    }

    /// Reads the name or the legacy index after a dot.
    fn after_dot(&mut self, base: Expression) -> Option<Expression> {
        let next = self.peek();
        match next.kind {
            Kind::Name => {
                self.read();
                let name = self.name(next);
                Some(attribute(base, name))
            }
            Kind::Number => {
                let index = self.legacy_index()?;
                let span = base.span.to(index.span);
                let node = Node::Index(Box::new(base), Box::new(index));
                Some(Expression { node, span })
            }
            Kind::Star => self.fail_hint(
                next,
                "`.*` cannot stand inside of another `.*`",
                "the second one",
                "use `[*]`",
            ),
            _ => {
                let found = self.found(next);
                self.fail_hint(
                    next,
                    format!("unexpected {found} after `.`"),
                    "the name of an attribute belongs here",
                    "write `[\"…\"]` for a key that is no name",
                )
            }
        }
    }

    fn legacy_index(&mut self) -> Option<Expression> {
        let token = self.read();
        let text = token.text(self.text);
        match text.split_once('.') {
            Some((first, second)) => self.fail_hint(
                token,
                "two legacy indexes cannot follow one another",
                "this reads as one number",
                format!("write `[{first}][{second}]`"),
            ),
            None => self.number(token),
        }
    }

    /// Reads what follows `.*`: names and legacy indexes, which are taken of every element.
    fn attribute_splat(&mut self, base: Expression, star: Token) -> Option<Expression> {
        let mut each = Expression {
            node: Node::SplatItem,
            span: self.token_span(star),
        };
        for length in 0.. {
            let Some(dot) = self.accept(Kind::Dot) else {
                break;
            };
            self.short_enough(length, dot)?;
            each = self.after_dot(each)?;
        }
        Some(splat(base, false, each))
    }

    fn bracket(&mut self, base: Expression) -> Option<Expression> {
        let open = self.read();
        if let Some(star) = self.accept(Kind::Star) {
            self.close(Kind::CloseBracket, open, "]")?;
            let item = Expression {
                node: Node::SplatItem,
                span: self.token_span(star),
            };
            let each = self.deeper(|parser| parser.steps(item))?;
            return Some(splat(base, true, each));
        }
        let key = self.with_newlines(false, |parser| {
            let key = parser.expression()?;
            parser.close(Kind::CloseBracket, open, "]")?;
            Some(key)
        })?;
        let end = self.since(open.start);
        let span = base.span.to(end);
        let node = Node::Index(Box::new(base), Box::new(key));
        Some(Expression { node, span })
    }

    /// Reads a closing bracket.
    pub(super) fn close(&mut self, kind: Kind, open: Token, symbol: &str) -> Option<Token> {
        if let Some(token) = self.accept(kind) {
            return Some(token);
        }
        let next = self.peek();
        let opened = self.token_span(open);
        let found = self.found(next);
        self.fail_hint::<()>(
            next,
            format!("unexpected {found}, `{symbol}` is missing"),
            &format!("`{symbol}` belongs here"),
            format!("close the `{}`", open.text(self.text)),
        );
        if let Some(told) = self.diagnostics.pop() {
            self.note(told.at(opened, "opened here"));
        }
        None
    }

    /// Makes a number of its exact text.
    pub(super) fn number(&mut self, token: Token) -> Option<Expression> {
        match Number::parse(token.text(self.text)) {
            Some(number) => Some(Expression {
                node: Node::Number(number),
                span: self.token_span(token),
            }),
            None => {
                let text = token.text(self.text).to_owned();
                self.fail_hint(
                    token,
                    format!("`{text}` is no number"),
                    "here",
                    "a number has one point and one exponent at most; put other text in quotation marks",
                )
            }
        }
    }
}

fn attribute(base: Expression, name: Name) -> Expression {
    let span = base.span.to(name.span);
    Expression {
        node: Node::Attribute(Box::new(base), name),
        span,
    }
}

fn splat(base: Expression, full: bool, each: Expression) -> Expression {
    let span = base.span.to(each.span);
    let node = Node::Splat {
        base: Box::new(base),
        full,
        each: Box::new(each),
    };
    Expression { node, span }
}
