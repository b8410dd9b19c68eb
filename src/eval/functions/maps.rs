//! Functions over maps and objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::call::{Call, FunctionError, shown, texts};
use super::collections::outer_marks;
use super::function::{Function, Takes, any, parameter, text};
use super::lists::sequence;
use crate::value::{Marks, Type, Value, convert, type_name};

const TEXT_LISTS: Takes = Takes::Map(&Takes::List(&Takes::Text));

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "keys",
        "Returns the keys of a map or the attribute names of an object, sorted.",
        "keys({ a = 1, b = 2 })",
        &[any("inputMap").unknown().marked()],
        gives_keys,
        keys,
    ),
    Function::new(
        "lookup",
        "Returns the element of a key, or a default.",
        r#"lookup({ a = "x" }, "b", "none")"#,
        &[any("inputMap").marked(), text("key").marked()],
        gives_looked_up,
        lookup,
    )
    .variadic(any("default").open())
    .may_be_null(),
    Function::new(
        "merge",
        "Merges maps or objects; later ones win.",
        "merge({ a = 1 }, { b = 2 })",
        &[],
        gives_merged,
        merge,
    )
    .variadic(any("maps").nullable().dynamic().marked()),
    Function::new(
        "transpose",
        "Turns a map of lists round: what was an element becomes a key.",
        r#"transpose({ a = ["1", "2"], b = ["2"] })"#,
        &[parameter("values", TEXT_LISTS)],
        gives_transposed,
        transpose,
    ),
    Function::new(
        "values",
        "Returns the elements of a map in the order of its keys.",
        "values({ a = 1, b = 2 })",
        &[any("mapping").marked()],
        gives_values,
        values,
    ),
    Function::new(
        "zipmap",
        "Makes a map of a list of keys and a list of values.",
        r#"zipmap(["a", "b"], [1, 2])"#,
        &[
            parameter("keys", Takes::List(&Takes::Text)).marked(),
            any("values").marked(),
        ],
        gives_zipped,
        zipmap,
    ),
];

type Outcome = Result<Value, FunctionError>;

fn first_type(arguments: &[Value]) -> Type {
    arguments.first().map_or(Type::Dynamic, Value::ty)
}

fn gives_keys(arguments: &[Value]) -> Result<Type, FunctionError> {
    match first_type(arguments) {
        Type::Map(_) => Ok(Type::list(Type::String)),
        Type::Object(object) => Ok(Type::Tuple(vec![Type::String; object.attributes.len()])),
        other => Err(FunctionError::at(
            0,
            format!(
                "a map or object is required, but have {}",
                type_name(&other)
            ),
        )),
    }
}

fn keys(call: &Call<'_>) -> Outcome {
    let map = call.argument(0);
    let keys = match (map.ty(), map.as_fields()) {
        (Type::Object(object), _) => Value::tuple(
            object
                .attributes
                .keys()
                .map(|name| Value::text(name))
                .collect(),
        ),
        (_, Some(fields)) => texts(fields.keys().map(|key| &**key)),
        _ => call.unknown(),
    };
    Ok(keys.marked(map.marks))
}

fn gives_looked_up(arguments: &[Value]) -> Result<Type, FunctionError> {
    let (map, key, default) = match arguments {
        [map, key] => (map, key, None),
        [map, key, default] => (map, key, Some(default)),
        _ => return Err(FunctionError::new("`lookup` takes two or three arguments")),
    };
    match (map.ty(), key.as_text()) {
        (Type::Object(_), None) => Ok(Type::Dynamic),
        (Type::Object(object), Some(name)) => match (object.attributes.get(name), default) {
            (Some(ty), _) => Ok(ty.clone()),
            (None, Some(default)) => Ok(default.ty()),
            (None, None) => Err(FunctionError::at(
                1,
                format!("the object has no attribute {}", shown(name, key.marks)),
            )),
        },
        (Type::Map(element), _) => match default.map(|default| convert(default, &element)) {
            Some(Err(_)) => Err(FunctionError::at(
                2,
                "the default must have the type of the map's elements",
            )),
            _ => Ok(*element),
        },
        _ => Err(FunctionError::at(0, "a map or object is required")),
    }
}

fn lookup(call: &Call<'_>) -> Outcome {
    let (map, key) = (call.argument(0), call.argument(1));
    let name = key.as_text().unwrap_or_default();
    let found = match (map.field(name), call.arguments.get(2)) {
        (Some(found), _) => found.clone(),
        (None, Some(default)) => {
            convert(default, call.ty).map_err(|message| FunctionError::at(2, message))?
        }
        (None, None) => {
            let shown = shown(name, key.marks);
            return Err(FunctionError::at(
                1,
                format!("the map has no element {shown}"),
            ));
        }
    };
    Ok(found.marked(map.marks.union(key.marks)))
}

fn gives_merged(arguments: &[Value]) -> Result<Type, FunctionError> {
    let mut attributes = BTreeMap::new();
    let (mut first, mut same, mut known) = (None, true, true);
    for (at, argument) in arguments.iter().enumerate() {
        let ty = match argument.ty() {
            Type::Object(_) if argument.is_null() => Type::object([]),
            other => other,
        };
        match &ty {
            Type::Dynamic => return Ok(Type::Dynamic),
            Type::Object(object) => attributes.extend(object.attributes.clone()),
            Type::Map(element) => {
                known &= argument.is_readable();
                let keys = argument.as_fields().into_iter().flat_map(BTreeMap::keys);
                attributes.extend(keys.map(|key| (key.clone(), (**element).clone())));
            }
            other => {
                let got = type_name(other);
                return Err(FunctionError::at(
                    at,
                    format!("a map or object is required, but have {got}"),
                ));
            }
        }
        same &= *first.get_or_insert_with(|| ty.clone()) == ty;
    }
    Ok(match first {
        Some(first) if same => first,
        _ if !known => Type::Dynamic,
        _ => Type::object(attributes),
    })
}

fn merge(call: &Call<'_>) -> Outcome {
    let fields = call.arguments.iter().filter_map(Value::as_fields).flatten();
    let merged: BTreeMap<Arc<str>, Value> = fields
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let merged = match call.ty {
        Type::Map(element) => Value::map((**element).clone(), merged),
        _ => Value::object(merged),
    };
    Ok(merged.marked(outer_marks(call.arguments)))
}

fn gives_transposed(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::map(Type::list(Type::String)))
}

fn transpose(call: &Call<'_>) -> Outcome {
    if !call.argument(0).is_wholly_readable() {
        return Ok(call.unknown());
    }
    let mut turned: BTreeMap<Arc<str>, Vec<&str>> = BTreeMap::new();
    for (key, list) in call.argument(0).as_fields().into_iter().flatten() {
        let items = list
            .as_items()
            .ok_or_else(|| FunctionError::at(0, "a list is null"))?;
        for item in items {
            let item = item
                .as_text()
                .ok_or_else(|| FunctionError::at(0, "an element is null"))?;
            turned.entry(item.into()).or_default().push(key);
        }
    }
    let lists = turned.into_iter().map(|(key, keys)| (key, texts(keys)));
    Ok(Value::map(Type::list(Type::String), lists.collect()))
}

fn gives_values(arguments: &[Value]) -> Result<Type, FunctionError> {
    match first_type(arguments) {
        Type::Map(element) => Ok(Type::List(element)),
        Type::Object(object) => Ok(Type::Tuple(object.attributes.values().cloned().collect())),
        other => Err(FunctionError::at(
            0,
            format!(
                "a map or object is required, but have {}",
                type_name(&other)
            ),
        )),
    }
}

fn values(call: &Call<'_>) -> Outcome {
    let map = call.argument(0);
    Ok(sequence(call.ty, map.elements().cloned().collect()).marked(map.marks))
}

fn unequal(keys: usize, values: usize) -> FunctionError {
    FunctionError::new(format!("there are {keys} keys but {values} values"))
}

fn gives_zipped(arguments: &[Value]) -> Result<Type, FunctionError> {
    let [keys, values] = arguments else {
        return Ok(Type::Dynamic);
    };
    match values.ty() {
        Type::List(element) => Ok(Type::Map(element)),
        Type::Tuple(_) if !keys.is_wholly_readable() => Ok(Type::Dynamic),
        Type::Tuple(members) => {
            let names: Vec<&Value> = keys.elements().collect();
            if names.len() != members.len() {
                return Err(unequal(names.len(), members.len()));
            }
            let named = names
                .into_iter()
                .zip(members)
                .map(|(name, ty)| Ok((key(name)?, ty)));
            Ok(Type::object(named.collect::<Result<Vec<_>, _>>()?))
        }
        _ => Err(FunctionError::at(1, "a list or tuple is required")),
    }
}

fn key(value: &Value) -> Result<Arc<str>, FunctionError> {
    value
        .as_text()
        .map(Arc::from)
        .ok_or_else(|| FunctionError::at(0, "a key is null"))
}

fn zipmap(call: &Call<'_>) -> Outcome {
    let (keys, values) = (call.argument(0), call.items(1));
    let outer = outer_marks(call.arguments);
    if !keys.is_wholly_readable() {
        return Ok(call.unknown().marked(outer));
    }
    let names = call.items(0);
    if names.len() != values.len() {
        return Err(unequal(names.len(), values.len()));
    }
    // Keys carry no marks in a map, so those of the keys go to the whole.
    let marks = names
        .iter()
        .fold(Marks::NONE, |all, name| all.union(name.marks));
    let named = names
        .iter()
        .zip(values)
        .map(|(name, value)| Ok((key(name)?, value.clone())));
    let zipped = named.collect::<Result<BTreeMap<_, _>, FunctionError>>()?;
    let zipped = match call.ty {
        Type::Map(element) => Value::map((**element).clone(), zipped),
        _ => Value::object(zipped),
    };
    Ok(zipped.marked(outer.union(marks)))
}
