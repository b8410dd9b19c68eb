//! Short constructors, one for each kind, so that a table reads as a list of names.

use super::{Attribute, Check, JsonWire, Kind, Nesting, Order};

const TEXT: Kind = Kind::Text { lower: false };

/// Text.
#[must_use]
pub const fn text(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, TEXT, about)
}

/// A truth value.
#[must_use]
pub const fn boolean(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Bool, about)
}

/// A URL.
#[must_use]
pub const fn url(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Url, about)
}

/// A number of seconds that goes to the server as text with its unit: `90s`.
#[must_use]
pub const fn seconds_text(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::SecondsText, about)
}

/// A whole number.
#[must_use]
pub const fn integer(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Integer, about)
}

/// A number.
#[must_use]
pub const fn float(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Float, about)
}

/// A number of seconds.
#[must_use]
pub const fn seconds(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Seconds, about)
}

/// A duration as text.
#[must_use]
pub const fn duration(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Duration, about)
}

/// A path.
#[must_use]
pub const fn path(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Path, about)
}

/// PEM text.
#[must_use]
pub const fn pem(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Pem, about)
}

/// An ACL policy.
#[must_use]
pub const fn policy(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Policy, about)
}

/// JSON in text.
#[must_use]
pub const fn json(name: &'static str, wire: JsonWire, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Json(wire), about).checks(&[Check::Json])
}

/// A list of text, its order kept.
#[must_use]
pub const fn list(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::List(&TEXT, Order::Kept), about)
}

/// A set of text.
#[must_use]
pub const fn set(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Set(&TEXT), about)
}

/// A set of text that goes in alphabetical order.
#[must_use]
pub const fn sorted_set(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::SortedSet(&TEXT), about)
}

/// A set of networks.
#[must_use]
pub const fn cidrs(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Set(&Kind::Cidr), about)
}

/// A map of text.
#[must_use]
pub const fn map(name: &'static str, about: &'static str) -> Attribute {
    Attribute::new(name, Kind::Map(&TEXT), about)
}

/// A block that may stand once.
#[must_use]
pub const fn block(
    name: &'static str,
    attributes: &'static [Attribute],
    about: &'static str,
) -> Attribute {
    Attribute::new(name, Kind::Block(Nesting::One, attributes), about)
}

/// A block that may stand any number of times, in order.
#[must_use]
pub const fn blocks(
    name: &'static str,
    attributes: &'static [Attribute],
    about: &'static str,
) -> Attribute {
    Attribute::new(name, Kind::Block(Nesting::List, attributes), about)
}

/// A block that may stand any number of times, without order.
#[must_use]
pub const fn block_set(
    name: &'static str,
    attributes: &'static [Attribute],
    about: &'static str,
) -> Attribute {
    Attribute::new(name, Kind::Block(Nesting::Set, attributes), about)
}

/// A block that may stand any number of times, each an object of its own on the server, named by one of its attributes.
#[must_use]
pub const fn objects(
    name: &'static str,
    by: &'static str,
    attributes: &'static [Attribute],
    about: &'static str,
) -> Attribute {
    Attribute::new(name, Kind::Block(Nesting::Objects(by), attributes), about)
}

/// Puts two groups of attributes together; `N` is how many they are, and does not compile when it is not.
#[must_use]
pub const fn joined<const N: usize>(first: &[Attribute], second: &[Attribute]) -> [Attribute; N] {
    assert!(
        first.len() + second.len() == N,
        "the number of attributes is wrong"
    );
    let mut all = [text("", ""); N];
    let mut index = 0;
    while index < N {
        all[index] = if index < first.len() {
            first[index]
        } else {
            second[index - first.len()]
        };
        index += 1;
    }
    all
}
