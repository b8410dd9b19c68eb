//! Kinds of attribute: what a value is, and therefore when two spellings of it are the same.

use super::Attribute;

/// What an attribute holds. Equality belongs to the kind.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Bool,
    /// A whole number.
    Integer,
    Float,
    /// Text, equal by letter. Where the server stores it in lower case, `lower`.
    Text {
        lower: bool,
    },
    /// A number of seconds in the configuration; the server may answer a Go duration: `86400` = `"24h"`.
    Seconds,
    /// The same, sent as text with its unit: `90s`.
    SecondsText,
    /// Text in the configuration, a number or a Go duration on the server: `"24h"` = `"86400"` = 86400.
    Duration,
    /// A path: slashes at its ends do not count.
    Path,
    /// A URL that may hold a password: the server answers it masked, and nobody is shown it. Equal where the rest is.
    Url,
    /// Text whose words, split at commas, count, in any order; the server may answer a list. It goes as a list where
    /// `list`, unsplit where the attribute `whole` is true.
    Words {
        list: bool,
        whole: Option<&'static str>,
    },
    /// Text that is base64 on the server.
    Base64,
    /// A version: `1.2.3` = `v1.2.3`.
    Version,
    /// PEM text: white space at its ends does not count.
    Pem,
    /// An ACL policy, compared as HCL.
    Policy,
    /// JSON in text, compared as JSON.
    Json(JsonWire),
    /// A network: `10.0.0.9/32` = `10.0.0.9`.
    Cidr,
    /// Elements in order, or in an order that the server changes, of one kind. The server may answer `"a,b"` or null.
    List(&'static Kind, Order),
    /// Elements without order.
    Set(&'static Kind),
    /// Elements without order, which go in alphabetical order: a server that answers only the first shall answer the one that
    /// Terraform's provider makes the first.
    SortedSet(&'static Kind),
    /// Elements without order, which go as one string with commas.
    SetText(&'static Kind),
    /// Elements by key.
    Map(&'static Kind),
    /// Nested attributes.
    Block(Nesting, &'static [Attribute]),
    /// Any value: `terraform_data.input`.
    Any,
}

/// How JSON text goes to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonWire {
    /// As the object that it is.
    Object,
    /// As a string.
    Text,
    /// As the whole body of the request.
    Body,
}

/// Whether the order of a list means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Kept,
    /// The server sorts it: compared as a set.
    Ignored,
    /// Sent as one string with commas.
    Comma,
}

/// How often a block may stand, and how it shows as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// At most one block; a list of at most one object as value (the provider's shape).
    One,
    /// Any number, a list of objects.
    List,
    /// Any number, a set of objects.
    Set,
    /// Any number, a set of objects; the server keeps a list of texts, each an object in JSON.
    JsonSet,
    /// Any number, a set of objects; on the server an object by this attribute. An inner attribute with the field `.` is
    /// the whole value there.
    Keyed(&'static str),
    /// The same, sent as text of JSON.
    KeyedText(&'static str),
    /// Any number, a list of objects; each is an object of its own on the server, named by this attribute
    /// ([`super::Part::each`]).
    Objects(&'static str),
}
