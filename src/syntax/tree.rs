//! The tree of a configuration file: what the author wrote, with the place of every node.

use crate::source::Span;
use crate::value::Number;
use std::sync::Arc;

/// A name with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

/// The content of a file or of a block. Order is the author's.
#[derive(Clone, Debug, Default)]
pub struct Body {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
    /// `None` only for a body that no file holds.
    pub span: Option<Span>,
    /// A syntax error, already told, is in it: what seems to be missing may only have been unreadable.
    pub incomplete: bool,
    /// A body in JSON, whose attributes and blocks are found by [`Body::with_blocks`].
    pub json: Option<Arc<super::json_body::JsonBody>>,
}

/// `name = value`
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: Name,
    pub value: Arc<Expression>,
    pub span: Span,
}

/// `kind "label" { … }`
#[derive(Clone, Debug)]
pub struct Block {
    pub kind: Name,
    pub labels: Vec<Name>,
    pub body: Body,
    /// The whole block.
    pub span: Span,
    /// The block's kind and labels, without the braces: what a diagnostic underlines.
    pub header: Span,
}

/// An expression with its place.
#[derive(Clone, Debug)]
pub struct Expression {
    pub node: Node,
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum Node {
    Null,
    Bool(bool),
    Number(Number),
    /// A string, heredoc or template file: `"a${b}"`. A string without interpolation is one literal part, or none.
    Template(Vec<Part>),
    /// `"${x}"` and nothing else: keeps the type of `x`.
    Wrapped(Box<Expression>),
    /// `[a, b]`
    Tuple(Vec<Expression>),
    /// `{ a = 1 }`
    Object(Vec<ObjectItem>),
    /// The first name of a reference: `var` in `var.x`.
    Variable(Name),
    /// `base.name`
    Attribute(Box<Expression>, Name),
    /// `base[key]`, also the legacy `base.0`
    Index(Box<Expression>, Box<Expression>),
    /// `base[*].rest` (`full`) or `base.*.rest`; `each` is evaluated with [`Node::SplatItem`] standing for the element.
    Splat {
        base: Box<Expression>,
        full: bool,
        each: Box<Expression>,
    },
    /// The element that the nearest [`Node::Splat`] around it is at.
    SplatItem,
    /// `f(a, b...)`; `namespace` is `provider::vault` in `provider::vault::f()`.
    Call {
        name: Name,
        namespace: Vec<Name>,
        arguments: Vec<Expression>,
        /// The last argument is expanded (`...`).
        expand: bool,
    },
    /// `(a)`
    Parenthesis(Box<Expression>),
    /// `-a`, `!a`
    Unary(Unary, Box<Expression>),
    /// `a + b`
    Binary(Binary, Box<Expression>, Box<Expression>),
    /// `a ? b : c`
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `[for k, v in c : r if f]`, `{for k, v in c : n => r... if f}`
    For(Box<For>),
}

/// A `for` expression.
#[derive(Clone, Debug)]
pub struct For {
    pub key_variable: Option<Name>,
    pub value_variable: Name,
    pub collection: Expression,
    /// The key expression of a `for` that makes an object.
    pub key: Option<Expression>,
    pub value: Expression,
    pub condition: Option<Expression>,
    /// `...`: values of equal keys are gathered in tuples.
    pub grouping: bool,
}

/// `key = value` of an object expression. A bare name as key is a [`Node::Template`] with one literal part.
#[derive(Clone, Debug)]
pub struct ObjectItem {
    pub key: Expression,
    pub value: Expression,
}

/// A piece of a template, heredoc dedent and strip markers already applied.
#[derive(Clone, Debug)]
pub enum Part {
    /// Text as it shall come out: escapes resolved, normal form C.
    Literal(Arc<str>, Span),
    /// `${a}`
    Interpolation(Expression),
    /// `%{ if a }…%{ else }…%{ endif }`
    If {
        condition: Expression,
        then: Vec<Part>,
        otherwise: Vec<Part>,
    },
    /// `%{ for k, v in c }…%{ endfor }`
    For {
        key_variable: Option<Name>,
        value_variable: Name,
        collection: Expression,
        body: Vec<Part>,
    },
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Negate,
    Not,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

impl Body {
    /// Returns the attribute of a name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| &*attribute.name.text == name)
    }

    /// Iterates over the blocks of a kind.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks
            .iter()
            .filter(move |block| &*block.kind.text == kind)
    }
}

impl Expression {
    /// Calls `visit` on this expression and on each below it, in the order of the text.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        visit(self);
        match &self.node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Variable(_) | Node::SplatItem => {}
            Node::Template(parts) => walk_parts(parts, visit),
            Node::Wrapped(inner)
            | Node::Attribute(inner, _)
            | Node::Parenthesis(inner)
            | Node::Unary(_, inner) => inner.walk(visit),
            Node::Tuple(items) => items.iter().for_each(|item| item.walk(visit)),
            Node::Object(items) => {
                for item in items {
                    item.key.walk(visit);
                    item.value.walk(visit);
                }
            }
            Node::Index(left, right) | Node::Binary(_, left, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            Node::Splat { base, each, .. } => {
                base.walk(visit);
                each.walk(visit);
            }
            Node::Call { arguments, .. } => arguments.iter().for_each(|item| item.walk(visit)),
            Node::Conditional(condition, then, otherwise) => {
                condition.walk(visit);
                then.walk(visit);
                otherwise.walk(visit);
            }
            Node::For(inner) => {
                inner.collection.walk(visit);
                if let Some(key) = &inner.key {
                    key.walk(visit);
                }
                inner.value.walk(visit);
                if let Some(condition) = &inner.condition {
                    condition.walk(visit);
                }
            }
        }
    }
}

fn walk_parts<'a>(parts: &'a [Part], visit: &mut dyn FnMut(&'a Expression)) {
    for part in parts {
        match part {
            Part::Literal(..) => {}
            Part::Interpolation(inner) => inner.walk(visit),
            Part::If {
                condition,
                then,
                otherwise,
            } => {
                condition.walk(visit);
                walk_parts(then, visit);
                walk_parts(otherwise, visit);
            }
            Part::For {
                collection, body, ..
            } => {
                collection.walk(visit);
                walk_parts(body, visit);
            }
        }
    }
}
