//! The syntax tree of a policy text, as HCL 1 and its JSON dialect share it.

/// A range of bytes in the policy text, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Extent {
    pub start: u32,
    pub end: u32,
}

impl Extent {
    pub(super) fn new(start: usize, end: usize) -> Extent {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Extent {
            start: narrow(start),
            end: narrow(end),
        }
    }

    pub(super) fn to(self, other: Extent) -> Extent {
        Extent {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Returns the text below it.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// A comment with its marks, kept for suppressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub extent: Extent,
    pub text: String,
}

/// Why a text is not HCL 1 (or JSON).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub extent: Extent,
    pub message: String,
    pub hint: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(extent: Extent, message: impl Into<String>) -> Fault {
        Fault {
            extent,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: &'static str) -> Fault {
        self.hint = Some(hint);
        self
    }
}

/// Deeper nesting than any policy has; bounds the recursion.
pub(super) const DEEPEST: usize = 120;

/// A key of an item: an identifier or a string, unquoted; `written` is what stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub text: String,
    pub written: String,
    pub extent: Extent,
}

/// `keys… = value` or `keys… { … }`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub keys: Vec<Key>,
    pub assigned: bool,
    pub value: Node,
}

impl Item {
    pub(super) fn extent(&self) -> Extent {
        let value = self.value.extent();
        self.keys.first().map_or(value, |key| key.extent.to(value))
    }
}

/// What stands right of an item's keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Literal(Literal),
    List(Vec<Node>, Extent),
    Object(Vec<Item>, Extent),
}

impl Node {
    pub(super) fn extent(&self) -> Extent {
        match self {
            Node::Literal(literal) => literal.extent,
            Node::List(_, extent) | Node::Object(_, extent) => *extent,
        }
    }
}

/// Which token a literal was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Float,
    Bool,
    Text,
    Heredoc,
}

/// A literal: its text without quotes and escapes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal {
    pub kind: Kind,
    pub text: String,
    pub extent: Extent,
}

/// A parsed text: what was read before the first fault, and the fault.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub items: Vec<Item>,
    pub comments: Vec<Comment>,
    pub fault: Option<Fault>,
}
