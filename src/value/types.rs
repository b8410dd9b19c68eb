//! Types of the language and how they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A type as `variable` blocks declare it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// `any`: not decided yet.
    Dynamic,
    Bool,
    Number,
    String,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(Arc<ObjectType>),
}

/// The attributes of an object type.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectType {
    pub attributes: BTreeMap<Arc<str>, Type>,
    /// Attributes that a value may lack: they become null (`optional(T)` in a type constraint).
    pub optional: BTreeSet<Arc<str>>,
}

impl Type {
    /// Makes an object type without optional attributes.
    #[must_use]
    pub fn object(attributes: impl IntoIterator<Item = (Arc<str>, Type)>) -> Type {
        Type::Object(Arc::new(ObjectType {
            attributes: attributes.into_iter().collect(),
            optional: BTreeSet::new(),
        }))
    }

    /// Makes a list type.
    #[must_use]
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    /// Makes a set type.
    #[must_use]
    pub fn set(element: Type) -> Type {
        Type::Set(Box::new(element))
    }

    /// Makes a map type.
    #[must_use]
    pub fn map(element: Type) -> Type {
        Type::Map(Box::new(element))
    }

    /// Returns the type of the values that a type constraint gives: no attribute is optional any more.
    #[must_use]
    pub fn without_optional(&self) -> Type {
        match self {
            Type::List(element) => Type::list(element.without_optional()),
            Type::Set(element) => Type::set(element.without_optional()),
            Type::Map(element) => Type::map(element.without_optional()),
            Type::Tuple(items) => Type::Tuple(items.iter().map(Type::without_optional).collect()),
            Type::Object(object) => Type::object(
                object
                    .attributes
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.without_optional())),
            ),
            primitive => primitive.clone(),
        }
    }

    /// Tells whether an attribute anywhere in it is optional.
    #[must_use]
    pub fn has_optional(&self) -> bool {
        match self {
            Type::Dynamic | Type::Bool | Type::Number | Type::String => false,
            Type::List(element) | Type::Set(element) | Type::Map(element) => element.has_optional(),
            Type::Tuple(items) => items.iter().any(Type::has_optional),
            Type::Object(object) => {
                !object.optional.is_empty() || object.attributes.values().any(Type::has_optional)
            }
        }
    }

    /// Returns the type of the elements, when it is a list, set or map type.
    #[must_use]
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::List(element) | Type::Set(element) | Type::Map(element) => Some(element),
            _ => None,
        }
    }

    /// Tells whether `any` stands anywhere in it.
    #[must_use]
    pub fn has_dynamic(&self) -> bool {
        match self {
            Type::Dynamic => true,
            Type::Bool | Type::Number | Type::String => false,
            Type::List(element) | Type::Set(element) | Type::Map(element) => element.has_dynamic(),
            Type::Tuple(items) => items.iter().any(Type::has_dynamic),
            Type::Object(object) => object.attributes.values().any(Type::has_dynamic),
        }
    }

    /// Tells whether both can turn out to be one type when every `any` is decided.
    #[must_use]
    pub fn could_be(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Dynamic, _) | (_, Type::Dynamic) => true,
            (Type::List(one), Type::List(two))
            | (Type::Set(one), Type::Set(two))
            | (Type::Map(one), Type::Map(two)) => one.could_be(two),
            (Type::Tuple(one), Type::Tuple(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.could_be(two))
            }
            (Type::Object(one), Type::Object(two)) => {
                one.attributes.keys().eq(two.attributes.keys())
                    && one
                        .attributes
                        .values()
                        .zip(two.attributes.values())
                        .all(|(one, two)| one.could_be(two))
            }
            _ => self == other,
        }
    }

    /// Tells whether it is text, number or truth value.
    #[must_use]
    pub fn is_primitive(&self) -> bool {
        matches!(self, Type::Bool | Type::Number | Type::String)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dynamic => out.write_str("any"),
            Type::Bool => out.write_str("bool"),
            Type::Number => out.write_str("number"),
            Type::String => out.write_str("string"),
            Type::List(element) => write!(out, "list({element})"),
            Type::Set(element) => write!(out, "set({element})"),
            Type::Map(element) => write!(out, "map({element})"),
            Type::Tuple(items) => {
                out.write_str("tuple([")?;
                for (index, item) in items.iter().enumerate() {
                    write!(out, "{}{item}", if index > 0 { ", " } else { "" })?;
                }
                out.write_str("])")
            }
            Type::Object(object) => {
                out.write_str("object({")?;
                for (index, (name, ty)) in object.attributes.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    if object.optional.contains(name) {
                        write!(out, "{comma}{name} = optional({ty})")?;
                    } else {
                        write!(out, "{comma}{name} = {ty}")?;
                    }
                }
                out.write_str("})")
            }
        }
    }
}
