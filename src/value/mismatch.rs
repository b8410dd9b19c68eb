//! Why a type cannot be converted to another, in the words that users of the language know.

use super::unify::{Safety, convertible};
use super::{ObjectType, Type};

/// Tells in words what is required instead of `got`.
#[must_use]
pub fn mismatch(got: &Type, want: &Type) -> String {
    match (got, want) {
        (Type::Object(got), Type::Object(want)) => objects(got, want),
        (Type::Tuple(_), Type::List(element)) if **element == Type::Dynamic => {
            "all list elements must have the same type".to_owned()
        }
        (Type::Tuple(_), Type::Set(element)) if **element == Type::Dynamic => {
            "all set elements must have the same type".to_owned()
        }
        (Type::Object(_), Type::Map(element)) if **element == Type::Dynamic => {
            "all map elements must have the same type".to_owned()
        }
        (Type::Tuple(members), Type::List(element) | Type::Set(element)) => {
            let named = members
                .iter()
                .enumerate()
                .map(|(at, ty)| (at.to_string(), ty));
            members_to_elements(named, element)
        }
        (Type::Object(object), Type::Map(element)) => {
            let named = object
                .attributes
                .iter()
                .map(|(name, ty)| (format!("\"{name}\""), ty));
            members_to_elements(named, element)
        }
        (Type::List(got) | Type::Set(got), Type::List(want)) => elements("list", got, want),
        (Type::List(got) | Type::Set(got), Type::Set(want)) => elements("set", got, want),
        (Type::Map(got), Type::Map(want)) => elements("map", got, want),
        _ if worth_naming_both(got, want) => {
            format!("{} required, but have {}", name(want), name(got))
        }
        _ => format!("{} required", name(want)),
    }
}

fn elements(kind: &str, got: &Type, want: &Type) -> String {
    format!("incorrect {kind} element type: {}", mismatch(got, want))
}

fn members_to_elements<'a>(
    members: impl Iterator<Item = (String, &'a Type)>,
    element: &Type,
) -> String {
    for (label, ty) in members {
        if !convertible(ty, element, Safety::Unsafe) {
            return format!("element {label}: {}", mismatch(ty, element));
        }
    }
    format!("all elements must be {}", name(element))
}

fn objects(got: &ObjectType, want: &ObjectType) -> String {
    let missing: Vec<String> = want
        .attributes
        .keys()
        .filter(|name| !got.attributes.contains_key(*name) && !want.optional.contains(*name))
        .map(|name| format!("\"{name}\""))
        .collect();
    if let Some(text) = required(&missing) {
        return text;
    }
    for safety in [Safety::Unsafe, Safety::Safe] {
        for (name, wanted) in &want.attributes {
            if let Some(ty) = got.attributes.get(name)
                && !convertible(ty, wanted, safety)
            {
                return format!("attribute \"{name}\": {}", mismatch(ty, wanted));
            }
        }
    }
    "incorrect object attributes".to_owned()
}

fn required(missing: &[String]) -> Option<String> {
    match missing {
        [] => None,
        [one] => Some(format!("attribute {one} is required")),
        [one, other] => Some(format!("attributes {one} and {other} are required")),
        [first @ .., last] => Some(format!(
            "attributes {}, and {last} are required",
            first.join(", ")
        )),
    }
}

/// Tells whether naming what is there helps: not where text could have been a number, or a number a truth value.
fn worth_naming_both(got: &Type, want: &Type) -> bool {
    match (got, want) {
        (Type::Dynamic, _) => false,
        (Type::Bool, Type::Number) | (Type::Number, Type::Bool) | (_, Type::String) => true,
        _ => {
            got.is_primitive() != want.is_primitive()
                || matches!((got, want), (Type::Tuple(_), Type::Object(_)))
        }
    }
}

/// Returns the name of a type in messages: `list of string`, `object`.
#[must_use]
pub fn name(ty: &Type) -> String {
    let element = |element: &Type| match element {
        Type::Dynamic => "any single type".to_owned(),
        other => name(other),
    };
    match ty {
        Type::Dynamic => "any type".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(inner) => format!("list of {}", element(inner)),
        Type::Set(inner) => format!("set of {}", element(inner)),
        Type::Map(inner) => format!("map of {}", element(inner)),
        Type::Tuple(_) => "tuple".to_owned(),
        Type::Object(_) => "object".to_owned(),
    }
}
