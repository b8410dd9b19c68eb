//! Attributes and indexes: going from a value into it.

use super::blame::{error_at, labelled};
use super::context::Context;
use super::opaque::opaque;
use crate::source::{Diagnostic, Outcome, nearest};
use crate::syntax::{Expression, Name};
use crate::value::{Shape, Type, Value, convert, type_name};
use std::sync::Arc;

/// Returns `value.name`; `base` is the expression of the value.
pub(super) fn attribute_of(
    value: &Value,
    name: &Name,
    base: &Expression,
    context: Context<'_>,
) -> Outcome<Value> {
    let marks = value.marks;
    if value.is_null() {
        return Err(vec![error_at(
            base,
            context,
            format!("this is null, so it has no attribute `{}`", name.text),
        )]);
    }
    if let Some(inner) = value.field(&name.text) {
        return Ok(inner.clone().marked(marks));
    }
    match (value.ty(), value.is_readable()) {
        (Type::Dynamic, _) => {
            Ok(opaque(".", Type::Dynamic, &[value, &Value::from(&*name.text)]).marked(marks))
        }
        (Type::Map(element), false) => {
            Ok(opaque(".", *element, &[value, &Value::from(&*name.text)]).marked(marks))
        }
        (Type::Object(object), false) if object.attributes.contains_key(&name.text) => {
            let ty = object
                .attributes
                .get(&name.text)
                .cloned()
                .unwrap_or(Type::Dynamic);
            Ok(opaque(".", ty, &[value, &Value::from(&*name.text)]).marked(marks))
        }
        (ty, _) => Err(vec![no_attribute(&ty, value, name, base, context)]),
    }
}

fn no_attribute(
    ty: &Type,
    value: &Value,
    name: &Name,
    base: &Expression,
    context: Context<'_>,
) -> Diagnostic {
    let mut told = labelled(
        base,
        context,
        missing(ty, name),
        "this is what it is looked up in",
    );
    if let Some(place) = told.labels.first_mut() {
        // What is wrong is the name; the value is named beside it.
        *place = crate::source::Label {
            span: name.span,
            text: "here".into(),
        };
    }
    let near = match ty {
        _ if value.marks.any() => None,
        Type::Object(object) => nearest(&name.text, object.attributes.keys().map(|key| &**key)),
        Type::Map(_) => {
            let keys = value
                .as_fields()
                .into_iter()
                .flat_map(|fields| fields.keys());
            nearest(&name.text, keys.map(|key| &**key))
        }
        _ => None,
    };
    if let Some(near) = near {
        return told.hint(format!("did you mean `{near}`?"));
    }
    match ty {
        Type::Map(_) | Type::Object(_) if value.marks.any() => told,
        Type::Object(object) => listed(told, object.attributes.keys()),
        Type::Map(_) => {
            let fields = value.as_fields();
            listed(told, fields.into_iter().flat_map(|fields| fields.keys()))
        }
        Type::List(_) | Type::Tuple(_) => told.hint(format!(
            "choose one element with `[0].{0}`, or take it of each with `[*].{0}`",
            name.text
        )),
        Type::Set(_) => told.hint(format!("use `[for item in … : item.{}]`", name.text)),
        _ => told,
    }
}

/// How many names are told where there is no near one.
const FEW: usize = 8;

/// Adds which names there are, where they are few.
fn listed<'a>(told: Diagnostic, names: impl Iterator<Item = &'a Arc<str>>) -> Diagnostic {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => told.hint("it is empty"),
        count if count <= FEW => told.hint(format!("there is {}", names.join(", "))),
        _ => told,
    }
}

fn missing(ty: &Type, name: &Name) -> String {
    match ty {
        Type::Map(_) => format!("this map has no element `{}`", name.text),
        Type::Object(_) => format!("this object has no attribute `{}`", name.text),
        _ => format!(
            "this is {}, so it has no attribute `{}`",
            with_article(ty),
            name.text
        ),
    }
}

fn with_article(ty: &Type) -> String {
    let name = type_name(ty);
    let article = if name.starts_with(['a', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// Returns `value[key]`; `step` is the whole expression.
pub(super) fn index_of(
    value: &Value,
    key: &Value,
    step: &Expression,
    context: Context<'_>,
) -> Outcome<Value> {
    let fail = |message: String| Err(vec![error_at(step, context, message)]);
    if value.is_null() {
        return fail("this is null, so it has no elements".into());
    }
    if key.is_null() {
        return fail("an index must not be null".into());
    }
    let ty = value.ty();
    let marks = value.marks.union(key.marks);
    if ty == Type::Dynamic || key.ty() == Type::Dynamic {
        return Ok(opaque("[]", Type::Dynamic, &[value, key]).marked(marks));
    }
    let wanted = match ty {
        Type::List(_) | Type::Tuple(_) => Type::Number,
        Type::Map(_) | Type::Object(_) => Type::String,
        Type::Set(_) => {
            return fail(
                "the elements of a set have no index; use `tolist`, `one` or a `for` expression"
                    .into(),
            );
        }
        _ => {
            return fail(format!(
                "this is {}, so it has no elements",
                with_article(&ty)
            ));
        }
    };
    let key = match convert(key, &wanted) {
        Ok(key) => key,
        Err(why) => return fail(format!("this cannot be the index: {why}")),
    };
    match element(value, &key, &ty) {
        Ok(inner) => Ok(inner.marked(marks)),
        Err(why) => fail(why),
    }
}

/// Returns an element by a key of the right type.
fn element(value: &Value, key: &Value, ty: &Type) -> Result<Value, String> {
    if !key.is_readable() || !value.is_readable() {
        return Ok(opaque("[]", element_type(ty, key)?, &[value, key]));
    }
    match &value.shape {
        Shape::Map(_, fields) | Shape::Object(fields) => {
            let name = key.as_text().unwrap_or_default();
            let hidden = key.marks.any() || value.marks.any();
            fields.get(name).cloned().ok_or_else(|| match hidden {
                true => "the index names no element of this collection".into(),
                false => no_element(name, fields.keys().map(|key| &**key)),
            })
        }
        _ => at_position(value.as_items().unwrap_or_default(), key),
    }
}

fn no_element<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, names) {
        Some(near) => format!("there is no element `{name}`; did you mean `{near}`?"),
        None => format!("there is no element `{name}`"),
    }
}

fn at_position(items: &[Value], key: &Value) -> Result<Value, String> {
    let number = key.as_number().ok_or("an index must be a number")?;
    if !number.is_integer() {
        return Err("an index must be a whole number".into());
    }
    if number.is_negative() {
        return Err("an index must not be negative".into());
    }
    let count = items.len();
    number
        .as_usize()
        .and_then(|at| items.get(at))
        .cloned()
        .ok_or_else(|| match count {
            0 => "this has no elements".into(),
            1 => "this has only one element, and the index is beyond it".into(),
            _ => format!("this has {count} elements, and the index is beyond them"),
        })
}

/// Returns the type that an element has, as far as it is known before the element is.
fn element_type(ty: &Type, key: &Value) -> Result<Type, String> {
    match ty {
        Type::List(element) | Type::Map(element) => Ok((**element).clone()),
        Type::Tuple(types) => match key.as_number().and_then(|number| number.as_usize()) {
            Some(at) => types
                .get(at)
                .cloned()
                .ok_or("the index is beyond the elements".into()),
            None => Ok(Type::Dynamic),
        },
        Type::Object(object) => match key.as_text() {
            Some(name) => object
                .attributes
                .get(name)
                .cloned()
                .ok_or_else(|| no_element(name, object.attributes.keys().map(|key| &**key))),
            None => Ok(Type::Dynamic),
        },
        _ => Ok(Type::Dynamic),
    }
}
