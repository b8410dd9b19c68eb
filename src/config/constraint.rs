//! Type constraints: `list(object({ name = string, ttl = optional(number, 3600) }))`.

use super::constant::{constant, quoted};
use super::layout::suggest;
use crate::source::{Diagnostic, Span};
use crate::syntax::{Expression, Name, Node, ObjectItem};
use crate::value::{Defaults, ObjectType, Type, convert};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A type with the defaults of its optional attributes.
pub(super) struct Constraint {
    pub ty: Type,
    pub defaults: Defaults,
}

const WORDS: [&str; 8] = [
    "string", "number", "bool", "any", "list", "set", "map", "object",
];

/// Reads a type constraint; tells what is wrong, and returns `None` then.
pub(super) fn constraint(
    expression: &Expression,
    told: &mut Vec<Diagnostic>,
) -> Option<Constraint> {
    match &expression.node {
        Node::Variable(word) => keyword(word, told),
        Node::Template(_) => legacy(expression, told),
        Node::Parenthesis(inner) => constraint(inner, told),
        Node::Call {
            name,
            namespace,
            arguments,
            expand: false,
        } if namespace.is_empty() => constructed(name, arguments, expression.span, told),
        _ => {
            told.push(invalid(expression.span, "this is not a type"));
            None
        }
    }
}

fn plain(ty: Type) -> Option<Constraint> {
    Some(Constraint {
        defaults: Defaults::none(ty.clone()),
        ty,
    })
}

fn keyword(word: &Name, told: &mut Vec<Diagnostic>) -> Option<Constraint> {
    match &*word.text {
        "string" => plain(Type::String),
        "number" => plain(Type::Number),
        "bool" => plain(Type::Bool),
        "any" => plain(Type::Dynamic),
        "list" => plain(Type::list(Type::Dynamic)),
        "map" => plain(Type::map(Type::Dynamic)),
        "set" => plain(Type::set(Type::Dynamic)),
        "object" | "tuple" => {
            let error = invalid(word.span, "this type needs an argument");
            told.push(
                error
                    .hint("write such as `object({ name = string })` or `tuple([string, number])`"),
            );
            None
        }
        other => {
            told.push(suggest(invalid(word.span, "no such type"), other, WORDS));
            None
        }
    }
}

fn legacy(expression: &Expression, told: &mut Vec<Diagnostic>) -> Option<Constraint> {
    let ty = quoted(expression).and_then(|word| match &*word.text {
        "string" => Some(Type::String),
        "list" => Some(Type::list(Type::String)),
        "map" => Some(Type::map(Type::String)),
        _ => None,
    });
    let Some(ty) = ty else {
        told.push(invalid(expression.span, "a type is not written in quotes"));
        return None;
    };
    told.push(
        Diagnostic::warning("quoted-type", "types in quotes are an old spelling")
            .at(expression.span, "still understood here")
            .hint(format!("write `{ty}`: newer tools refuse the quotes")),
    );
    plain(ty)
}

fn constructed(
    name: &Name,
    arguments: &[Expression],
    span: Span,
    told: &mut Vec<Diagnostic>,
) -> Option<Constraint> {
    match (&*name.text, arguments) {
        ("list", [element]) => collection(Type::list, element, told),
        ("set", [element]) => collection(Type::set, element, told),
        ("map", [element]) => collection(Type::map, element, told),
        ("object", [inner]) => match &inner.node {
            Node::Object(items) => object(items, told),
            _ => refuse(inner.span, "expected attributes in braces", told),
        },
        ("tuple", [inner]) => match &inner.node {
            Node::Tuple(items) => tuple(items, told),
            _ => refuse(inner.span, "expected types in brackets", told),
        },
        ("optional", _) => refuse(
            span,
            "`optional` stands only around the type of an object's attribute",
            told,
        ),
        ("list" | "set" | "map" | "object" | "tuple", _) => {
            refuse(span, "this type takes exactly one argument", told)
        }
        ("string" | "number" | "bool" | "any", _) => {
            refuse(span, "this type takes no argument", told)
        }
        (other, _) => {
            told.push(suggest(invalid(name.span, "no such type"), other, WORDS));
            None
        }
    }
}

fn refuse(span: Span, label: &str, told: &mut Vec<Diagnostic>) -> Option<Constraint> {
    told.push(invalid(span, label));
    None
}

fn collection(
    make: fn(Type) -> Type,
    element: &Expression,
    told: &mut Vec<Diagnostic>,
) -> Option<Constraint> {
    let element = constraint(element, told)?;
    let ty = make(element.ty);
    let mut defaults = Defaults::none(ty.clone());
    keep(&mut defaults, "", element.defaults);
    Some(Constraint { ty, defaults })
}

fn keep(defaults: &mut Defaults, place: &str, below: Defaults) {
    if !below.is_empty() {
        defaults.children.insert(place.into(), below);
    }
}

fn tuple(items: &[Expression], told: &mut Vec<Diagnostic>) -> Option<Constraint> {
    let items: Vec<Option<Constraint>> = items.iter().map(|item| constraint(item, told)).collect();
    let items: Vec<Constraint> = items.into_iter().collect::<Option<_>>()?;
    let ty = Type::Tuple(items.iter().map(|item| item.ty.clone()).collect());
    let mut defaults = Defaults::none(ty.clone());
    for (index, item) in items.into_iter().enumerate() {
        keep(&mut defaults, &index.to_string(), item.defaults);
    }
    Some(Constraint { ty, defaults })
}

fn object(items: &[ObjectItem], told: &mut Vec<Diagnostic>) -> Option<Constraint> {
    let mut attributes: BTreeMap<Arc<str>, Type> = BTreeMap::new();
    let mut optional = BTreeSet::new();
    let mut defaults = Defaults::none(Type::Dynamic);
    let mut whole = true;
    for item in items {
        let Some(name) = quoted(&item.key) else {
            told.push(invalid(item.key.span, "expected the name of an attribute"));
            whole = false;
            continue;
        };
        let Some((inner, is_optional)) = attribute(&item.value, &name, &mut defaults, told) else {
            whole = false;
            continue;
        };
        if is_optional {
            optional.insert(name.text.clone());
        }
        keep(&mut defaults, &name.text, inner.defaults);
        if attributes.insert(name.text.clone(), inner.ty).is_some() {
            told.push(invalid(name.span, "this attribute is there twice"));
        }
    }
    let ty = Type::Object(Arc::new(ObjectType {
        attributes,
        optional,
    }));
    defaults.ty = ty.clone();
    whole.then_some(Constraint { ty, defaults })
}

/// Reads the type of an object's attribute; tells whether it is optional, and notes its default.
fn attribute(
    value: &Expression,
    name: &Name,
    defaults: &mut Defaults,
    told: &mut Vec<Diagnostic>,
) -> Option<(Constraint, bool)> {
    let Node::Call {
        name: word,
        arguments,
        ..
    } = &value.node
    else {
        return Some((constraint(value, told)?, false));
    };
    if &*word.text != "optional" {
        return Some((constraint(value, told)?, false));
    }
    let (ty, default) = match arguments.as_slice() {
        [ty] => (ty, None),
        [ty, default] => (ty, Some(default)),
        _ => {
            told.push(invalid(
                value.span,
                "expected `optional(TYPE)` or `optional(TYPE, DEFAULT)`",
            ));
            return None;
        }
    };
    let inner = constraint(ty, told)?;
    if let Some(default) = default {
        default_of(default, &inner, name, defaults, told);
    }
    Some((inner, true))
}

fn default_of(
    expression: &Expression,
    inner: &Constraint,
    name: &Name,
    defaults: &mut Defaults,
    told: &mut Vec<Diagnostic>,
) {
    match constant(expression) {
        Err(error) => told.push(*error),
        Ok(value) => match convert(&inner.defaults.apply(&value), &inner.ty) {
            Ok(value) => {
                defaults.values.insert(name.text.clone(), value);
            }
            Err(words) => told.push(
                Diagnostic::error(
                    "invalid-default",
                    format!(
                        "the default of `{}` does not fit its type: {words}",
                        name.text
                    ),
                )
                .at(expression.span, "this default"),
            ),
        },
    }
}

fn invalid(span: Span, label: &str) -> Diagnostic {
    Diagnostic::error("invalid-type", "invalid type constraint").at(span, label)
}
