//! Conversion of values between types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::mismatch::mismatch;
use super::unify::{Safety, convertible};
use super::{Number, ObjectType, Refinement, Shape, Text, Type, VEILED, Value, unify};

/// Converts a value to a type by the rules of the language. What is null, unknown or held stays so; marks stay.
///
/// # Errors
/// Tells in words what is required; never shows the value.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, String> {
    let have = value.ty();
    if *ty == Type::Dynamic || (have == *ty && !ty.has_optional()) {
        return Ok(value.clone());
    }
    let converted = match convertible(&have, ty, Safety::Unsafe) {
        false => Err(mismatch(&have, ty)),
        true => convert_shape(&value.shape, &have, ty),
    };
    match converted {
        Ok(converted) => Ok(converted.marked(value.marks)),
        Err(why) if value.marks.any() => Err(without_keys(why, value, ty)),
        Err(why) => Err(why),
    }
}

/// Takes the keys of a secret value out of a message; what the wanted type names is no secret.
fn without_keys(message: String, value: &Value, ty: &Type) -> String {
    let (mut keys, mut wanted) = (BTreeSet::new(), BTreeSet::new());
    keys_of(value, &mut keys);
    names_of(&value.ty(), &mut keys);
    names_of(ty, &mut wanted);
    keys.difference(&wanted).fold(message, |message, key| {
        message.replace(&format!("\"{key}\""), VEILED)
    })
}

fn keys_of(value: &Value, found: &mut BTreeSet<Arc<str>>) {
    found.extend(
        value
            .as_fields()
            .into_iter()
            .flat_map(|all| all.keys())
            .cloned(),
    );
    value.elements().for_each(|element| keys_of(element, found));
}

fn names_of(ty: &Type, found: &mut BTreeSet<Arc<str>>) {
    match ty {
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => names_of(inner, found),
        Type::Tuple(members) => members.iter().for_each(|member| names_of(member, found)),
        Type::Object(object) => {
            found.extend(object.attributes.keys().cloned());
            object
                .attributes
                .values()
                .for_each(|inner| names_of(inner, found));
        }
        _ => {}
    }
}

/// Converts what is known to be convertible as far as types tell.
fn convert_shape(shape: &Shape, have: &Type, ty: &Type) -> Result<Value, String> {
    match (shape, ty) {
        (Shape::Null(_), _) => Ok(Value::null(filled_in(have, ty))),
        (
            Shape::Unknown {
                waits_for, refined, ..
            },
            _,
        ) => Ok(Shape::Unknown {
            ty: filled_in(have, ty),
            waits_for: waits_for.clone(),
            refined: refinement(have, ty, refined.as_deref()),
        }
        .into()),
        (Shape::Held { digest, kept, .. }, _) => Ok(Shape::Held {
            ty: filled_in(have, ty),
            digest: digest.clone(),
            kept: *kept,
        }
        .into()),
        (Shape::Bool(_) | Shape::Number(_) | Shape::Text(_), _) => primitive(shape, ty),
        (Shape::Tuple(items), Type::Tuple(members)) => items
            .iter()
            .zip(members)
            .enumerate()
            .map(|(at, (item, ty))| inside(&at, convert(item, ty)))
            .collect::<Result<_, _>>()
            .map(Value::tuple),
        (Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items), _) => {
            sequence(items, have, ty)
        }
        (Shape::Map(_, fields) | Shape::Object(fields), Type::Object(object)) => {
            to_object(fields, object)
        }
        (Shape::Map(_, fields) | Shape::Object(fields), Type::Map(element)) => {
            to_map(fields, have, element)
        }
        _ => Err(mismatch(have, ty)),
    }
}

/// Puts before a message in which element it arose.
fn inside(at: &dyn std::fmt::Display, result: Result<Value, String>) -> Result<Value, String> {
    result.map_err(|message| format!("element {at}: {message}"))
}

fn primitive(shape: &Shape, ty: &Type) -> Result<Value, String> {
    match (shape, ty) {
        (Shape::Text(_), Type::String)
        | (Shape::Number(_), Type::Number)
        | (Shape::Bool(_), Type::Bool) => Ok(shape.clone().into()),
        (Shape::Number(number), Type::String) => Ok(Value::from(number.to_string())),
        (Shape::Bool(value), Type::String) => Ok(Value::from(value.to_string())),
        (Shape::Text(text), Type::Number) => Number::parse(text)
            .map(Value::from)
            .ok_or_else(|| "a number is required".to_owned()),
        (Shape::Text(text), Type::Bool) => truth(text).map(Value::from),
        _ => Err(mismatch(&Value::from(shape.clone()).ty(), ty)),
    }
}

fn truth(text: &Text) -> Result<bool, String> {
    match &**text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => {
            let word = other.to_lowercase();
            let hint = match &*word {
                "true" | "false" => format!("; to convert from string, use lowercase \"{word}\""),
                _ => String::new(),
            };
            Err(format!("a bool is required{hint}"))
        }
    }
}

/// Returns the element type to convert to: `any` stands for the one type that all members fit.
fn element_type(have: &Type, element: &Type) -> Type {
    if *element != Type::Dynamic {
        return element.clone();
    }
    let unified = match have {
        Type::Tuple(members) => unify(members),
        Type::Object(object) => unify(&object.attributes.values().cloned().collect::<Vec<_>>()),
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => Some((**inner).clone()),
        _ => None,
    };
    unified.unwrap_or(Type::Dynamic)
}

fn sequence(items: &[Value], have: &Type, ty: &Type) -> Result<Value, String> {
    let (Type::List(element) | Type::Set(element)) = ty else {
        return Err(mismatch(have, ty));
    };
    let element = element_type(have, element);
    let converted = items
        .iter()
        .enumerate()
        .map(|(at, item)| inside(&at, convert(item, &element)))
        .collect::<Result<Vec<_>, _>>()?;
    let (inner, converted) = of_one_type(converted, &element)?;
    Ok(match ty {
        Type::Set(_) => Value::set(inner, converted),
        _ => Value::list(inner, converted),
    })
}

fn to_map(
    fields: &BTreeMap<Arc<str>, Value>,
    have: &Type,
    element: &Type,
) -> Result<Value, String> {
    let element = element_type(have, element);
    let converted = fields
        .iter()
        .map(|(key, item)| inside(&format!("\"{key}\""), convert(item, &element)))
        .collect::<Result<Vec<_>, _>>()?;
    let (inner, converted) = of_one_type(converted, &element)?;
    Ok(Value::map(
        inner,
        fields.keys().cloned().zip(converted).collect(),
    ))
}

/// Brings elements to one type where `any` inside the element type let them differ.
fn of_one_type(items: Vec<Value>, wanted: &Type) -> Result<(Type, Vec<Value>), String> {
    let plain = wanted.without_optional();
    let types: Vec<Type> = items.iter().map(Value::ty).collect();
    if types.iter().all(|ty| *ty == plain) {
        return Ok((plain, items));
    }
    let unified = unify(&types)
        .ok_or_else(|| "cannot find a common base type for all elements".to_owned())?;
    let items = items
        .iter()
        .map(|item| convert(item, &unified))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((unified, items))
}

fn to_object(fields: &BTreeMap<Arc<str>, Value>, object: &ObjectType) -> Result<Value, String> {
    let mut attributes = BTreeMap::new();
    for (name, ty) in &object.attributes {
        let value = match fields.get(name) {
            Some(value) => {
                convert(value, ty).map_err(|message| format!("attribute \"{name}\": {message}"))?
            }
            None if object.optional.contains(name) => Value::null(ty.without_optional()),
            None => {
                return Err(format!(
                    "map has no element for required attribute \"{name}\""
                ));
            }
        };
        attributes.insert(name.clone(), value);
    }
    Ok(Value::object(attributes))
}

/// Returns the type that an unknown or null value of type `have` gets: `any` in `ty` is filled from `have`.
fn filled_in(have: &Type, ty: &Type) -> Type {
    match (have, ty) {
        (Type::Dynamic, _) => ty.without_optional(),
        (_, Type::Dynamic) => have.clone(),
        (_, Type::List(element)) => {
            Type::list(filled_in(&element_type(have, &Type::Dynamic), element))
        }
        (_, Type::Set(element)) => {
            Type::set(filled_in(&element_type(have, &Type::Dynamic), element))
        }
        (_, Type::Map(element)) => {
            Type::map(filled_in(&element_type(have, &Type::Dynamic), element))
        }
        (Type::Tuple(have), Type::Tuple(members)) => Type::Tuple(
            have.iter()
                .zip(members)
                .map(|(have, ty)| filled_in(have, ty))
                .collect(),
        ),
        (_, Type::Object(object)) => Type::object(object.attributes.iter().map(|(name, ty)| {
            let inner = match have {
                Type::Object(have) => have.attributes.get(name),
                Type::Map(element) => Some(&**element),
                _ => None,
            };
            (name.clone(), filled_in(inner.unwrap_or(&Type::Dynamic), ty))
        })),
        _ => ty.without_optional(),
    }
}

/// Returns what is known of an unknown value after its conversion.
fn refinement(have: &Type, ty: &Type, known: Option<&Refinement>) -> Option<Box<Refinement>> {
    let length = match (have, ty) {
        (Type::Object(object), Type::Map(_)) => exactly(object.attributes.len()),
        (Type::Tuple(members), Type::List(_)) => exactly(members.len()),
        (Type::Tuple(members), Type::Set(_)) => Some((members.len().min(1), Some(members.len()))),
        (_, Type::Set(_)) => known
            .and_then(|known| known.length)
            .map(|(least, most)| (least.min(1), most)),
        _ => known.and_then(|known| known.length),
    };
    let refined = Refinement {
        not_null: known.is_some_and(|known| known.not_null),
        length,
        ..Refinement::default()
    };
    (refined != Refinement::default()).then(|| Box::new(refined))
}

fn exactly(count: usize) -> Option<(usize, Option<usize>)> {
    Some((count, Some(count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Marks;

    fn tuple(items: &[Value]) -> Value {
        Value::tuple(items.to_vec())
    }

    #[test]
    fn a_secret_is_not_told_when_it_does_not_convert() {
        let secret = Value::text("hunter2").marked(Marks::SENSITIVE);
        assert_eq!(
            convert(&secret, &Type::Number),
            Err("a number is required".to_owned())
        );
        let nested = tuple(&[Value::from(1), secret]);
        assert_eq!(
            convert(&nested, &Type::list(Type::Number)),
            Err("element 1: a number is required".to_owned())
        );
    }

    #[test]
    fn any_inside_a_collection_is_one_type() {
        let mixed = tuple(&[Value::from(1), Value::text("a")]);
        let list = convert(&mixed, &Type::list(Type::Dynamic)).unwrap();
        assert_eq!(
            list,
            Value::list(Type::String, vec![Value::text("1"), Value::text("a")])
        );
        let deep = tuple(&[tuple(&[Value::from(1)]), tuple(&[Value::text("a")])]);
        let list = convert(&deep, &Type::list(Type::list(Type::Dynamic))).unwrap();
        assert_eq!(list.ty(), Type::list(Type::list(Type::String)));
    }

    #[test]
    fn objects_lose_what_is_not_asked_for_and_gain_what_is_optional() {
        let value =
            Value::object([("a".into(), Value::from(1)), ("z".into(), Value::from(2))].into());
        let wanted = Type::Object(Arc::new(ObjectType {
            attributes: [("a".into(), Type::String), ("b".into(), Type::Bool)].into(),
            optional: ["b".into()].into(),
        }));
        let converted = convert(&value, &wanted).unwrap();
        assert_eq!(converted.field("a"), Some(&Value::text("1")));
        assert_eq!(converted.field("b"), Some(&Value::null(Type::Bool)));
        assert_eq!(converted.field("z"), None);
    }

    #[test]
    fn marks_stay_where_they_are() {
        let secret = Value::from(1).marked(Marks::SENSITIVE);
        let list = convert(
            &tuple(&[secret.clone(), Value::from(2)]),
            &Type::list(Type::String),
        )
        .unwrap();
        assert!(!list.marks.sensitive && list.as_items().unwrap()[0].marks.sensitive);
        let set = convert(&tuple(&[secret, Value::from(1)]), &Type::set(Type::String)).unwrap();
        assert!(set.marks.sensitive && set.as_items().unwrap().len() == 1);
    }
}
