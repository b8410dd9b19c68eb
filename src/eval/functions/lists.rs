//! Functions over lists and tuples.

use std::collections::BTreeSet;

use super::call::{Call, FunctionError, gives_any, gives_first, gives_number, gives_texts, texts};
use super::collections::outer_marks;
use super::function::{Function, Takes, any, number, parameter};
use crate::value::{
    Marks, Number, Refinement, Shape, Type, Value, Waits, convert, type_name, unify,
};

const TEXTS: Takes = Takes::List(&Takes::Text);
const LIST: Takes = Takes::List(&Takes::Any);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "chunklist",
        "Splits a list into lists of a size.",
        r#"chunklist(["a", "b", "c"], 2)"#,
        &[parameter("list", LIST).marked(), number("size").marked()],
        gives_chunks,
        chunklist,
    ),
    Function::new(
        "coalescelist",
        "Returns the first list that is not empty.",
        r#"coalescelist([], ["a"])"#,
        &[],
        gives_first_list,
        coalescelist,
    )
    .variadic(any("vals").nullable().unknown().dynamic()),
    Function::new(
        "compact",
        "Leaves empty text and null out of a list.",
        r#"compact(["a", "", "b"])"#,
        &[parameter("list", TEXTS)],
        gives_texts,
        compact,
    ),
    Function::new(
        "concat",
        "Joins lists and tuples to one.",
        r#"concat(["a"], ["b", "c"])"#,
        &[],
        gives_concatenation,
        concat,
    )
    .variadic(any("seqs").marked()),
    Function::new(
        "distinct",
        "Leaves out what already came before.",
        r#"distinct(["a", "b", "a"])"#,
        &[parameter("list", LIST)],
        gives_first,
        distinct,
    ),
    Function::new(
        "element",
        "Returns an element; past the end it starts again.",
        r#"element(["a", "b"], 3)"#,
        &[any("list").marked(), number("index")],
        gives_element,
        element,
    )
    .may_be_null(),
    Function::new(
        "flatten",
        "Replaces lists within a list by their elements, at all depths.",
        r#"flatten([["a"], ["b", "c"]])"#,
        &[any("list").marked()],
        gives_any,
        flatten,
    ),
    Function::new(
        "index",
        "Returns the position of a value in a list.",
        r#"index(["a", "b"], "b")"#,
        &[any("list"), any("value")],
        gives_number,
        index,
    ),
    Function::new(
        "matchkeys",
        "Returns the values whose keys are among those searched.",
        r#"matchkeys(["i-1", "i-2"], ["east", "west"], ["east"])"#,
        &[
            parameter("values", LIST),
            parameter("keys", LIST),
            parameter("searchset", LIST),
        ],
        gives_matched,
        matchkeys,
    ),
    Function::new(
        "reverse",
        "Turns the order of a list round.",
        r#"reverse(["a", "b"])"#,
        &[any("list").marked()],
        gives_reversed,
        reverse,
    ),
    Function::new(
        "slice",
        "Takes the elements from one position up to, without, another.",
        r#"slice(["a", "b", "c"], 1, 2)"#,
        &[
            any("list").marked(),
            number("start_index"),
            number("end_index"),
        ],
        gives_slice,
        slice,
    ),
    Function::new(
        "sort",
        "Sorts text by its bytes.",
        r#"sort(["b", "a"])"#,
        &[parameter("list", TEXTS).unknown()],
        gives_texts,
        sort,
    ),
];

type Outcome = Result<Value, FunctionError>;

/// Makes a list or tuple as the type of the result says.
pub(super) fn sequence(ty: &Type, items: Vec<Value>) -> Value {
    match ty {
        Type::List(element) => Value::list((**element).clone(), items),
        _ => Value::tuple(items),
    }
}

fn gives_chunks(arguments: &[Value]) -> Result<Type, FunctionError> {
    gives_first(arguments).map(Type::list)
}

fn chunklist(call: &Call<'_>) -> Outcome {
    let size = usize::try_from(call.whole(1)?)
        .map_err(|_| FunctionError::at(1, "the size must not be negative"))?;
    let (items, marks) = (call.items(0), outer_marks(call.arguments));
    let element = call.ty.element().cloned().unwrap_or(Type::Dynamic);
    let chunk = |items: &[Value]| sequence(&element, items.to_vec());
    let chunks = match size {
        _ if items.is_empty() => Vec::new(),
        0 => vec![chunk(items)],
        size => items.chunks(size).map(chunk).collect(),
    };
    Ok(Value::list(element.clone(), chunks).marked(marks))
}

fn gives_first_list(arguments: &[Value]) -> Result<Type, FunctionError> {
    let first = arguments
        .first()
        .ok_or_else(|| FunctionError::new("at least one argument is required"))?;
    let mut same = true;
    for (at, argument) in arguments.iter().enumerate() {
        if !argument.is_readable() {
            return Ok(Type::Dynamic);
        }
        if !matches!(argument.ty(), Type::List(_) | Type::Tuple(_)) && !argument.is_null() {
            return Err(FunctionError::at(at, "a list or tuple is required"));
        }
        same &= argument.ty() == first.ty();
    }
    Ok(if same { first.ty() } else { Type::Dynamic })
}

fn coalescelist(call: &Call<'_>) -> Outcome {
    for argument in call.arguments {
        if !argument.is_readable() {
            return Ok(call.unknown());
        }
        if argument.elements().next().is_some() {
            return Ok(argument.clone());
        }
    }
    Err(FunctionError::new("all arguments are null or empty"))
}

fn compact(call: &Call<'_>) -> Outcome {
    if !call.argument(0).is_wholly_readable() {
        return Ok(call.unknown());
    }
    Ok(texts(
        call.items(0)
            .iter()
            .filter_map(Value::as_text)
            .filter(|text| !text.is_empty()),
    ))
}

fn gives_concatenation(arguments: &[Value]) -> Result<Type, FunctionError> {
    if arguments.is_empty() {
        return Err(FunctionError::new("at least one argument is required"));
    }
    let types: Vec<Type> = arguments.iter().map(Value::ty).collect();
    if types.iter().all(|ty| matches!(ty, Type::List(_)))
        && let Some(common) = unify(&types)
    {
        return Ok(common);
    }
    let mut members = Vec::new();
    for (at, (argument, ty)) in arguments.iter().zip(types).enumerate() {
        match ty {
            Type::Tuple(types) => members.extend(types),
            Type::List(_) if !argument.is_readable() => return Ok(Type::Dynamic),
            Type::List(element) => members.extend(argument.elements().map(|_| (*element).clone())),
            other => {
                let got = type_name(&other);
                return Err(FunctionError::at(
                    at,
                    format!("a list or tuple is required, but have {got}"),
                ));
            }
        }
    }
    Ok(Type::Tuple(members))
}

fn concat(call: &Call<'_>) -> Outcome {
    let mut all = Vec::new();
    for (at, argument) in call.arguments.iter().enumerate() {
        let argument = match call.ty {
            Type::List(_) => {
                convert(argument, call.ty).map_err(|message| FunctionError::at(at, message))?
            }
            _ => argument.clone(),
        };
        all.extend(argument.elements().cloned());
    }
    Ok(sequence(call.ty, all).marked(outer_marks(call.arguments)))
}

fn distinct(call: &Call<'_>) -> Outcome {
    if !call.argument(0).is_wholly_readable() {
        return Ok(call.unknown());
    }
    let mut seen = BTreeSet::new();
    let kept = call
        .items(0)
        .iter()
        .filter(|item| seen.insert(*item))
        .cloned()
        .collect();
    Ok(sequence(call.ty, kept))
}

/// Returns a position within a length, counted round from either end.
fn wrapped(index: &Value, length: usize) -> Result<usize, FunctionError> {
    let whole = index.as_number().filter(|number| number.as_i64().is_some());
    let whole = whole.ok_or_else(|| FunctionError::at(1, "a whole number is required"))?;
    let rest = whole.rem(&Number::count(length)).unwrap_or(Number::ZERO);
    let rest = if rest.is_negative() {
        rest.add(&Number::count(length)).unwrap_or(rest)
    } else {
        rest
    };
    rest.as_usize()
        .filter(|_| length > 0)
        .ok_or_else(|| FunctionError::at(0, "an empty list has no elements"))
}

fn gives_element(arguments: &[Value]) -> Result<Type, FunctionError> {
    let [list, index] = arguments else {
        return Ok(Type::Dynamic);
    };
    match list.ty() {
        Type::List(element) => Ok(*element),
        Type::Tuple(_) if !index.is_readable() => Ok(Type::Dynamic),
        Type::Tuple(members) => {
            let at = wrapped(index, members.len())?;
            Ok(members.get(at).cloned().unwrap_or(Type::Dynamic))
        }
        other => Err(FunctionError::at(
            0,
            format!(
                "a list or tuple is required, but have {}",
                type_name(&other)
            ),
        )),
    }
}

fn element(call: &Call<'_>) -> Outcome {
    let list = call.argument(0);
    let at = wrapped(call.argument(1), call.items(0).len())?;
    Ok(call
        .items(0)
        .get(at)
        .cloned()
        .unwrap_or_else(|| call.unknown())
        .marked(list.marks))
}

fn flatten(call: &Call<'_>) -> Outcome {
    let list = call.argument(0);
    if list.as_items().is_none() {
        return Err(FunctionError::at(0, "a list, set or tuple is required"));
    }
    let mut flat = Flat {
        items: Vec::new(),
        marks: Marks::NONE,
        known: true,
    };
    flat.take(list);
    let result = if flat.known {
        Value::tuple(flat.items)
    } else {
        call.unknown()
    };
    Ok(result.marked(flat.marks))
}

/// What [`flatten`] gathers.
struct Flat {
    items: Vec<Value>,
    marks: Marks,
    known: bool,
}

impl Flat {
    /// Takes in the elements of a list; an unknown one may be a list of any length, so it leaves all open.
    fn take(&mut self, list: &Value) {
        self.marks = self.marks.union(list.marks);
        let Some(items) = list.as_items() else {
            self.known = false;
            return;
        };
        // Equal elements of a set may yet come together.
        self.known &= !matches!(list.shape, Shape::Set(..)) || list.is_wholly_readable();
        for item in items {
            let nested = matches!(item.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_))
                && !item.is_null();
            if nested {
                self.take(item);
            } else {
                self.known &= item.is_readable() || item.ty() != Type::Dynamic;
                self.items.push(item.clone());
            }
        }
    }
}

fn index(call: &Call<'_>) -> Outcome {
    if !matches!(call.argument(0).shape, Shape::List(..) | Shape::Tuple(_)) {
        return Err(FunctionError::at(0, "a list or tuple is required"));
    }
    for (at, item) in call.items(0).iter().enumerate() {
        match item.equals(call.argument(1)).as_bool() {
            None => return Ok(call.unknown()),
            Some(true) => return Ok(Value::from(Number::count(at))),
            Some(false) => {}
        }
    }
    Err(FunctionError::new("the value is not in the list"))
}

fn gives_matched(arguments: &[Value]) -> Result<Type, FunctionError> {
    let types: Vec<Type> = arguments.iter().skip(1).map(Value::ty).collect();
    unify(&types)
        .ok_or_else(|| FunctionError::new("keys and searched keys must have the same type"))?;
    gives_first(arguments)
}

fn matchkeys(call: &Call<'_>) -> Outcome {
    if call.items(0).len() != call.items(1).len() {
        return Err(FunctionError::new("there must be as many keys as values"));
    }
    let common = unify(&[call.argument(1).ty(), call.argument(2).ty()]).unwrap_or(Type::Dynamic);
    let converted = |at: usize| {
        convert(call.argument(at), &common).map_err(|message| FunctionError::at(at, message))
    };
    let (keys, searched) = (converted(1)?, converted(2)?);
    let searched = searched.as_items().unwrap_or_default();
    if searched.is_empty() {
        return Ok(sequence(call.ty, Vec::new()));
    }
    let readable = [call.argument(0), &keys]
        .into_iter()
        .chain(searched)
        .all(Value::is_wholly_readable);
    if !readable {
        return Ok(call.unknown());
    }
    let matched = call
        .items(0)
        .iter()
        .zip(keys.elements())
        .filter(|(_, key)| searched.contains(key));
    Ok(sequence(
        call.ty,
        matched.map(|(value, _)| value.clone()).collect(),
    ))
}

fn gives_reversed(arguments: &[Value]) -> Result<Type, FunctionError> {
    match gives_first(arguments)? {
        Type::Tuple(members) => Ok(Type::Tuple(members.into_iter().rev().collect())),
        Type::List(element) | Type::Set(element) => Ok(Type::List(element)),
        other => Err(FunctionError::at(
            0,
            format!(
                "a list or tuple is required, but have {}",
                type_name(&other)
            ),
        )),
    }
}

fn reverse(call: &Call<'_>) -> Outcome {
    let reversed = call.items(0).iter().rev().cloned().collect();
    Ok(sequence(call.ty, reversed).marked(call.argument(0).marks))
}

fn gives_slice(arguments: &[Value]) -> Result<Type, FunctionError> {
    let bounds = bounds(arguments)?;
    match (gives_first(arguments)?, bounds) {
        (Type::Tuple(members), Some((start, end))) => Ok(Type::Tuple(
            members.get(start..end).unwrap_or_default().to_vec(),
        )),
        (Type::Tuple(_), None) => Ok(Type::Dynamic),
        (Type::Set(_), _) => Err(FunctionError::at(
            0,
            "a set has no positions; convert it to a list first",
        )),
        (list @ Type::List(_), _) => Ok(list),
        _ => Err(FunctionError::at(0, "a list or tuple is required")),
    }
}

/// Returns start and end when both are known.
fn bounds(arguments: &[Value]) -> Result<Option<(usize, usize)>, FunctionError> {
    let length = arguments.first().and_then(|list| match list.ty() {
        Type::Tuple(members) => Some(members.len()),
        _ => list.as_items().map(<[Value]>::len),
    });
    let bound = |at: usize| -> Result<Option<usize>, FunctionError> {
        let Some(number) = arguments.get(at).and_then(Value::as_number) else {
            return Ok(None);
        };
        let within = |bound: &usize| length.is_none_or(|length| *bound <= length);
        let bound = number.as_usize().filter(within);
        bound.map(Some).ok_or_else(|| {
            FunctionError::at(
                at,
                "a whole number from 0 to the length of the list is required",
            )
        })
    };
    match (bound(1)?, bound(2)?) {
        (Some(start), Some(end)) if start > end => {
            Err(FunctionError::at(1, "the start must not be past the end"))
        }
        (start, end) => Ok(start.zip(end)),
    }
}

fn slice(call: &Call<'_>) -> Outcome {
    let range = bounds(call.arguments)?.and_then(|(start, end)| call.items(0).get(start..end));
    let items = range.unwrap_or_default().to_vec();
    Ok(sequence(call.ty, items).marked(call.argument(0).marks))
}

fn sort(call: &Call<'_>) -> Outcome {
    if !call.argument(0).is_wholly_readable() {
        return Ok(of_same_length(call.argument(0), call.unknown()));
    }
    let mut sorted = Vec::new();
    for (at, item) in call.items(0).iter().enumerate() {
        let text = item.as_text();
        sorted.push(text.ok_or_else(|| {
            FunctionError::at(0, format!("element {at} is null; null cannot be sorted"))
        })?);
    }
    sorted.sort_unstable();
    Ok(texts(sorted))
}

/// Returns the result for a list of which not all is known: as long as the list, where its length is settled.
fn of_same_length(list: &Value, mut result: Value) -> Value {
    let count = list.elements().count();
    let length = match &list.shape {
        Shape::Unknown { refined, .. } => refined.as_ref().and_then(|refined| refined.length),
        Shape::Held { .. } => None,
        _ => Some((count, Some(count))),
    };
    if let Some((least, Some(most))) = length
        && least == most
    {
        let unknown = Value::unknown(Type::String, Waits::default());
        return Value::list(Type::String, vec![unknown; least]);
    }
    if let Shape::Unknown { refined, .. } = &mut result.shape
        && length.is_some()
    {
        *refined = Some(Box::new(Refinement {
            length,
            ..Refinement::default()
        }));
    }
    result
}
