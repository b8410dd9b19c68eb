//! Types of attributes: what their kinds are in the language.

use crate::catalog::{Attribute, Kind, Nesting};
use crate::value::{ObjectType, Type};
use std::sync::Arc;

/// Returns the type of the values of a kind. Blocks are lists or sets of objects, [`Nesting::One`] a list too.
#[must_use]
pub fn type_of(kind: &Kind) -> Type {
    match kind {
        Kind::Bool => Type::Bool,
        Kind::Integer | Kind::Float | Kind::Seconds | Kind::SecondsText => Type::Number,
        Kind::Text { .. }
        | Kind::Duration
        | Kind::Path
        | Kind::Pem
        | Kind::Policy
        | Kind::Json(_)
        | Kind::Url
        | Kind::Words { .. }
        | Kind::Base64
        | Kind::Version
        | Kind::Cidr => Type::String,
        Kind::List(element, _) => Type::list(type_of(element)),
        Kind::Set(element) | Kind::SortedSet(element) | Kind::SetText(element) => {
            Type::set(type_of(element))
        }
        Kind::Map(element) => Type::map(type_of(element)),
        Kind::Block(nesting, attributes) => nested(*nesting, object_of(*attributes)),
        Kind::Any => Type::Dynamic,
    }
}

/// Returns the type of the blocks of which each is of a type.
pub(super) fn nested(nesting: Nesting, object: Type) -> Type {
    match nesting {
        Nesting::One | Nesting::List | Nesting::Objects(_) => Type::list(object),
        _ => Type::set(object),
    }
}

/// Returns the type of an object with these attributes.
#[must_use]
pub fn object_of<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Type {
    Type::object(
        attributes
            .into_iter()
            .map(|attribute| (Arc::from(attribute.name), type_of(&attribute.kind))),
    )
}

/// Returns the type that an expression for a kind is converted to: attributes of blocks may be left out.
pub(super) fn accepted(kind: &Kind) -> Type {
    let Kind::Block(nesting, attributes) = kind else {
        return type_of(kind);
    };
    let fields = attributes
        .iter()
        .map(|inner| (Arc::from(inner.name), accepted(&inner.kind)));
    let object = ObjectType {
        attributes: fields.collect(),
        optional: attributes
            .iter()
            .map(|inner| Arc::from(inner.name))
            .collect(),
    };
    nested(*nesting, Type::Object(Arc::new(object)))
}
