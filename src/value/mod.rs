//! Values of the configuration language: types, unknown and held values, sensitive marks, addresses.
//!
//! *Absent*, null, zero and unknown are four different things everywhere.

mod address;
mod convert;
mod defaults;
mod digits;
mod equality;
mod held;
pub mod json;
mod mismatch;
mod number;
mod sets;
mod text;
mod types;
mod unify;
mod veil;

pub use address::{Address, InstanceKey, Mode, ModuleAddress, ModuleStep, ServerPath};
pub use convert::convert;
pub use defaults::Defaults;
pub use held::held_result;
pub use mismatch::{mismatch, name as type_name};
pub use number::Number;
pub use text::normalized;
pub use types::{ObjectType, Type};
pub use unify::{Safety, convertible, unify, unify_safely};
pub use veil::{VEILED, Veil};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use zeroize::Zeroize;

/// Text that is wiped from memory when the last copy goes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<Wiped>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Wiped(String);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.0.0.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(Arc::new(Wiped(text.to_owned())))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text(Arc::new(Wiped(text)))
    }
}

/// What must be remembered about a value wherever it goes. A mark sticks to each value by itself; a collection also
/// counts as marked where one of its elements is (see [`Value::marks_within`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks {
    /// Never shown; null in JSON output.
    pub sensitive: bool,
    /// Exists only during this run: providers, write-only arguments, ephemeral blocks.
    pub ephemeral: bool,
    /// Given anew at each opening, so it stands in no digest (semantics 1.6).
    pub fresh: bool,
}

impl Marks {
    /// No mark at all.
    pub const NONE: Marks = Marks {
        sensitive: false,
        ephemeral: false,
        fresh: false,
    };
    /// The mark of a secret.
    pub const SENSITIVE: Marks = Marks {
        sensitive: true,
        ..Marks::NONE
    };
    /// The mark of what exists only during this run.
    pub const EPHEMERAL: Marks = Marks {
        ephemeral: true,
        ..Marks::NONE
    };

    /// Returns the marks of either.
    #[must_use]
    pub fn union(self, other: Marks) -> Marks {
        Marks {
            sensitive: self.sensitive || other.sensitive,
            ephemeral: self.ephemeral || other.ephemeral,
            fresh: self.fresh || other.fresh,
        }
    }

    /// Tells whether there is any mark.
    #[must_use]
    pub fn any(self) -> bool {
        self != Marks::NONE
    }
}

/// A keyed digest: tells whether a value is the one seen before, and nothing else. Hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub Arc<str>);

/// A limit of an unknown number, with "inclusive".
pub type Bound = Option<(Number, bool)>;

/// What is known of a value that is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// The text that it will begin with.
    pub prefix: Option<Arc<str>>,
    /// The least and the greatest length of the collection that it will be.
    pub length: Option<(usize, Option<usize>)>,
    /// The least and the greatest number that it will be.
    pub range: (Bound, Bound),
}

/// The objects that an unknown value waits for.
pub type Waits = Arc<BTreeSet<Address>>;

/// A value without its marks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// No value, of a type: `null` of [`Type::Dynamic`] fits everywhere.
    Null(Type),
    /// `true`
    Bool(bool),
    /// `8200`, exact
    Number(Number),
    /// `"kv"`, in normal form C
    Text(Text),
    /// Elements of one type, ordered; the type is that of the elements.
    List(Type, Vec<Value>),
    /// Elements of one type, sorted and without repetition.
    Set(Type, Vec<Value>),
    /// Elements of one type by key.
    Map(Type, Arc<BTreeMap<Arc<str>, Value>>),
    /// `["a", 1]`
    Tuple(Vec<Value>),
    /// `{ a = 1, b = "x" }`
    Object(Arc<BTreeMap<Arc<str>, Value>>),
    /// `(known after apply)`
    Unknown {
        ty: Type,
        waits_for: Waits,
        refined: Option<Box<Refinement>>,
    },
    /// Made once and unchanged since: equal to itself by `digest`. A `kept` one lies beside the ledger, for an apply to
    /// read; any other was given once by the server, and nobody can read it again.
    Held {
        ty: Type,
        digest: Digest,
        kept: bool,
    },
}

/// A value of the language. `Debug` and `Display` never show a sensitive one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value {
    pub shape: Shape,
    pub marks: Marks,
}

impl From<Shape> for Value {
    fn from(shape: Shape) -> Value {
        Value {
            shape,
            marks: Marks::NONE,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Shape::Bool(value).into()
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Shape::Number(Number::from(value)).into()
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Value {
        Shape::Number(value).into()
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Shape::Text(value.into()).into()
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Shape::Text(value.into()).into()
    }
}

impl Value {
    /// Makes a null of a type.
    #[must_use]
    pub fn null(ty: Type) -> Value {
        Shape::Null(ty).into()
    }

    /// Makes a value that is known only after the objects in `waits_for` are made.
    #[must_use]
    pub fn unknown(ty: Type, waits_for: Waits) -> Value {
        Shape::Unknown {
            ty,
            waits_for,
            refined: None,
        }
        .into()
    }

    /// Makes a list; every element must be of type `ty`.
    #[must_use]
    pub fn list(ty: Type, elements: Vec<Value>) -> Value {
        Shape::List(ty, elements).into()
    }

    /// Makes a set: sorts the elements and removes repetitions. Marks of elements become the set's.
    #[must_use]
    pub fn set(ty: Type, elements: Vec<Value>) -> Value {
        let (shape, marks) = sets::set(ty, elements);
        Value { shape, marks }
    }

    /// Makes a map; every element must be of type `ty`.
    #[must_use]
    pub fn map(ty: Type, elements: BTreeMap<Arc<str>, Value>) -> Value {
        Shape::Map(ty, Arc::new(elements)).into()
    }

    /// Makes a tuple.
    #[must_use]
    pub fn tuple(elements: Vec<Value>) -> Value {
        Shape::Tuple(elements).into()
    }

    /// Makes an object.
    #[must_use]
    pub fn object(attributes: BTreeMap<Arc<str>, Value>) -> Value {
        Shape::Object(Arc::new(attributes)).into()
    }

    /// Returns the value with further marks on it.
    #[must_use]
    pub fn marked(mut self, marks: Marks) -> Value {
        self.marks = self.marks.union(marks);
        self
    }

    /// Makes text, in normal form C.
    #[must_use]
    pub fn text(text: &str) -> Value {
        Value::from(&*normalized(text))
    }

    /// Returns the value without any mark, on itself or within.
    #[must_use]
    pub fn without_marks(self) -> Value {
        self.with_elements(&Value::without_marks)
            .marks_replaced(Marks::NONE)
    }

    /// Returns the value with other marks on itself; those within stay.
    #[must_use]
    pub fn marks_replaced(mut self, marks: Marks) -> Value {
        self.marks = marks;
        self
    }

    /// Returns the value with each direct element replaced; the replacements must be of the same type.
    #[must_use]
    pub fn with_elements(self, change: &dyn Fn(Value) -> Value) -> Value {
        let items = |items: Vec<Value>| items.into_iter().map(change).collect();
        let fields = |fields: Arc<BTreeMap<Arc<str>, Value>>| {
            let changed = Arc::unwrap_or_clone(fields)
                .into_iter()
                .map(|(name, inner)| (name, change(inner)));
            Arc::new(changed.collect())
        };
        let shape = match self.shape {
            Shape::List(ty, inner) => Shape::List(ty, items(inner)),
            Shape::Set(ty, inner) => return Value::set(ty, items(inner)).marked(self.marks),
            Shape::Tuple(inner) => Shape::Tuple(items(inner)),
            Shape::Map(ty, inner) => Shape::Map(ty, fields(inner)),
            Shape::Object(inner) => Shape::Object(fields(inner)),
            other => other,
        };
        Value {
            shape,
            marks: self.marks,
        }
    }

    /// Returns an unknown value of which it is known that it will not be null; others unchanged.
    #[must_use]
    pub fn refined_not_null(mut self) -> Value {
        if let Shape::Unknown { refined, .. } = &mut self.shape {
            refined.get_or_insert_default().not_null = true;
        }
        self
    }

    /// Tells whether the value itself can be looked at: neither unknown nor held.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !matches!(self.shape, Shape::Unknown { .. } | Shape::Held { .. })
    }

    /// Tells whether the value and everything in it can be looked at.
    #[must_use]
    pub fn is_wholly_readable(&self) -> bool {
        self.is_readable() && self.elements().all(Value::is_wholly_readable)
    }

    /// Returns the marks of the value and of everything in it.
    #[must_use]
    pub fn marks_within(&self) -> Marks {
        self.elements()
            .fold(self.marks, |all, inner| all.union(inner.marks_within()))
    }

    /// Iterates over the direct elements of a collection, tuple or object.
    #[must_use]
    pub fn elements(&self) -> Box<dyn Iterator<Item = &Value> + '_> {
        match &self.shape {
            Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
                Box::new(items.iter())
            }
            Shape::Map(_, items) | Shape::Object(items) => Box::new(items.values()),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Tells whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.shape, Shape::Null(_))
    }

    /// Tells whether the value itself is unknown (its elements may be unknown even when it is not).
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.shape, Shape::Unknown { .. })
    }

    /// Tells whether nothing in it is unknown. A held value counts as known.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        !self.is_unknown() && self.elements().all(Value::is_wholly_known)
    }

    /// Tells whether a held value is in it.
    #[must_use]
    pub fn has_held(&self) -> bool {
        matches!(self.shape, Shape::Held { .. }) || self.elements().any(Value::has_held)
    }

    /// Tells whether a held value is in it that no apply can read again.
    #[must_use]
    pub fn has_gone(&self) -> bool {
        matches!(self.shape, Shape::Held { kept: false, .. })
            || self.elements().any(Value::has_gone)
    }

    /// Returns all objects that unknown parts of it wait for.
    #[must_use]
    pub fn waits_for(&self) -> BTreeSet<Address> {
        match &self.shape {
            Shape::Unknown { waits_for, .. } => (**waits_for).clone(),
            _ => self.elements().flat_map(Value::waits_for).collect(),
        }
    }

    /// Returns the text, when it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth value, when it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.shape {
            Shape::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the number, when it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match &self.shape {
            Shape::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the elements by key, when it is an object or a map.
    #[must_use]
    pub fn as_fields(&self) -> Option<&BTreeMap<Arc<str>, Value>> {
        match &self.shape {
            Shape::Map(_, fields) | Shape::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// Returns the elements in order, when it is a list, a set or a tuple.
    #[must_use]
    pub fn as_items(&self) -> Option<&[Value]> {
        match &self.shape {
            Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Returns an attribute of an object or an element of a map.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.as_fields()?.get(name)
    }

    /// Returns its type.
    #[must_use]
    pub fn ty(&self) -> Type {
        match &self.shape {
            Shape::Null(ty) | Shape::Unknown { ty, .. } | Shape::Held { ty, .. } => ty.clone(),
            Shape::Bool(_) => Type::Bool,
            Shape::Number(_) => Type::Number,
            Shape::Text(_) => Type::String,
            Shape::List(ty, _) => Type::List(Box::new(ty.clone())),
            Shape::Set(ty, _) => Type::Set(Box::new(ty.clone())),
            Shape::Map(ty, _) => Type::Map(Box::new(ty.clone())),
            Shape::Tuple(items) => Type::Tuple(items.iter().map(Value::ty).collect()),
            Shape::Object(fields) => Type::object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.ty())),
            ),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.marks.sensitive {
            return out.write_str("(sensitive value)");
        }
        match &self.shape {
            Shape::Null(_) => out.write_str("null"),
            Shape::Bool(value) => write!(out, "{value}"),
            Shape::Number(number) => write!(out, "{number}"),
            Shape::Text(text) => write!(out, "{:?}", &**text),
            Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
                out.debug_list().entries(items).finish()
            }
            Shape::Map(_, fields) | Shape::Object(fields) => {
                out.debug_map().entries(&**fields).finish()
            }
            Shape::Unknown { .. } => out.write_str("(known after apply)"),
            Shape::Held { .. } => out.write_str("(held value)"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}
