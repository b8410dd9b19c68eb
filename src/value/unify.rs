//! Which types can be converted to which, and the one type that several types fit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::Type;

/// Which conversions may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// Those that cannot fail: a number to text, a set to a list.
    Safe,
    /// All: text to a number, a map to an object.
    Unsafe,
}

/// Returns the type that values of all the types can be converted to; text may become number or truth value. `None`
/// when there is none, and for no types at all.
#[must_use]
pub fn unify(types: &[Type]) -> Option<Type> {
    unify_by(types, Safety::Unsafe)
}

/// Returns the type that values of all the types can be converted to by conversions that cannot fail.
#[must_use]
pub fn unify_safely(types: &[Type]) -> Option<Type> {
    unify_by(types, Safety::Safe)
}

/// How many of the types are of each kind.
#[derive(Default)]
struct Count {
    maps: usize,
    lists: usize,
    sets: usize,
    objects: usize,
    tuples: usize,
    dynamic: usize,
}

fn count(types: &[Type]) -> Count {
    let mut count = Count::default();
    for ty in types {
        match ty {
            Type::Map(_) => count.maps += 1,
            Type::List(_) => count.lists += 1,
            Type::Set(_) => count.sets += 1,
            Type::Object(_) => count.objects += 1,
            Type::Tuple(_) => count.tuples += 1,
            Type::Dynamic => count.dynamic += 1,
            Type::Bool | Type::Number | Type::String => {}
        }
    }
    count
}

fn unify_by(types: &[Type], safety: Safety) -> Option<Type> {
    // A list of a thousand texts is one type, not a thousand.
    let mut seen = BTreeSet::new();
    let different: Vec<Type> = types
        .iter()
        .filter(|ty| seen.insert(*ty))
        .cloned()
        .collect();
    let types = different.as_slice();
    let count = count(types);
    let only = |kinds: usize| kinds > 0 && kinds + count.dynamic == types.len();
    let exact = if only(count.maps) || only(count.lists) || only(count.sets) {
        return unify_collections(types, count.dynamic > 0, safety);
    } else if only(count.objects) {
        return unify_structures(
            types,
            count.dynamic > 0,
            safety,
            unify_objects,
            unify_to_map,
        );
    } else if only(count.tuples) {
        return unify_structures(
            types,
            count.dynamic > 0,
            safety,
            unify_tuples,
            unify_to_list,
        );
    } else if count.maps > 0 && only(count.maps + count.objects) {
        unify_with_structures(types, safety, is_object, unify_to_map)
    } else if count.lists > 0 && only(count.lists + count.tuples) {
        unify_with_structures(types, safety, is_tuple, unify_to_list)
    } else if count.objects > 0 && count.tuples > 0 {
        return None;
    } else {
        None
    };
    exact.or_else(|| preferred(types, safety))
}

fn is_object(ty: &Type) -> bool {
    matches!(ty, Type::Object(_))
}

fn is_tuple(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(_))
}

/// Returns the most general of the types that all others can be converted to.
fn preferred(types: &[Type], safety: Safety) -> Option<Type> {
    order_of_preference(types)
        .into_iter()
        .filter_map(|index| types.get(index))
        .find(|wanted| all_convertible(types, wanted, safety))
        .cloned()
}

fn all_convertible(types: &[Type], wanted: &Type, safety: Safety) -> bool {
    types.iter().all(|ty| convertible(ty, wanted, safety))
}

fn unify_collections(types: &[Type], has_dynamic: bool, safety: Safety) -> Option<Type> {
    if has_dynamic {
        return Some(Type::Dynamic);
    }
    let elements: Vec<Type> = types.iter().filter_map(element_of).cloned().collect();
    let element = unify_by(&elements, safety)?;
    let wanted = match types.first()? {
        Type::Map(_) => Type::map(element),
        Type::Set(_) => Type::set(element),
        _ => Type::list(element),
    };
    all_convertible(types, &wanted, safety).then_some(wanted)
}

fn element_of(ty: &Type) -> Option<&Type> {
    match ty {
        Type::List(element) | Type::Set(element) | Type::Map(element) => Some(element),
        _ => None,
    }
}

/// Unifies structures of one form member by member, and of different forms as a collection.
fn unify_structures(
    types: &[Type],
    has_dynamic: bool,
    safety: Safety,
    by_member: fn(&[Type], Safety) -> Option<Option<Type>>,
    as_collection: fn(&[Type], Safety) -> Option<Type>,
) -> Option<Type> {
    if has_dynamic {
        return Some(Type::Dynamic);
    }
    match by_member(types, safety) {
        Some(None) => None,
        Some(Some(wanted)) if all_convertible(types, &wanted, safety) => Some(wanted),
        _ => as_collection(types, safety),
    }
}

/// `None` when the objects differ in their attributes, `Some(None)` when an attribute has no common type.
fn unify_objects(types: &[Type], safety: Safety) -> Option<Option<Type>> {
    let objects: Vec<&BTreeMap<Arc<str>, Type>> = types.iter().filter_map(attributes_of).collect();
    let first = *objects.first()?;
    if objects.iter().any(|other| !other.keys().eq(first.keys())) {
        return None;
    }
    let attributes = first.keys().map(|name| {
        let across: Vec<Type> = objects
            .iter()
            .filter_map(|object| object.get(name))
            .cloned()
            .collect();
        Some((name.clone(), unify_by(&across, safety)?))
    });
    Some(attributes.collect::<Option<Vec<_>>>().map(Type::object))
}

fn attributes_of(ty: &Type) -> Option<&BTreeMap<Arc<str>, Type>> {
    match ty {
        Type::Object(object) => Some(&object.attributes),
        _ => None,
    }
}

/// `None` when the tuples differ in length, `Some(None)` when a position has no common type.
fn unify_tuples(types: &[Type], safety: Safety) -> Option<Option<Type>> {
    let tuples: Vec<&[Type]> = types.iter().filter_map(members_of).collect();
    let first = *tuples.first()?;
    if tuples.iter().any(|other| other.len() != first.len()) {
        return None;
    }
    let members = (0..first.len()).map(|at| {
        let across: Vec<Type> = tuples
            .iter()
            .filter_map(|tuple| tuple.get(at))
            .cloned()
            .collect();
        unify_by(&across, safety)
    });
    Some(members.collect::<Option<Vec<_>>>().map(Type::Tuple))
}

fn members_of(ty: &Type) -> Option<&[Type]> {
    match ty {
        Type::Tuple(members) => Some(members),
        _ => None,
    }
}

fn unify_to_map(types: &[Type], safety: Safety) -> Option<Type> {
    let all: Vec<Type> = types
        .iter()
        .filter_map(attributes_of)
        .flat_map(BTreeMap::values)
        .cloned()
        .collect();
    let wanted = Type::map(unify_by(&all, safety)?);
    all_convertible(types, &wanted, safety).then_some(wanted)
}

fn unify_to_list(types: &[Type], safety: Safety) -> Option<Type> {
    let all: Vec<Type> = types
        .iter()
        .filter_map(members_of)
        .flatten()
        .cloned()
        .collect();
    let wanted = Type::list(unify_by(&all, safety)?);
    all_convertible(types, &wanted, safety).then_some(wanted)
}

/// Turns the structures among collections into a collection first, then unifies all as collections.
fn unify_with_structures(
    types: &[Type],
    safety: Safety,
    is_structure: fn(&Type) -> bool,
    as_collection: fn(&[Type], Safety) -> Option<Type>,
) -> Option<Type> {
    let (structures, mut collections): (Vec<Type>, Vec<Type>) =
        types.iter().cloned().partition(is_structure);
    collections.push(as_collection(&structures, safety)?);
    unify_by(&collections, safety).filter(|ty| matches!(ty, Type::List(_) | Type::Map(_)))
}

/// Tells whether values of one type can, as far as types tell, be converted to another.
#[must_use]
pub fn convertible(from: &Type, to: &Type, safety: Safety) -> bool {
    if from == to || *to == Type::Dynamic {
        return true;
    }
    let any = safety == Safety::Unsafe;
    match (from, to) {
        (Type::Dynamic, _) | (Type::String, Type::Bool | Type::Number) => any,
        (Type::Bool | Type::Number, Type::String) => true,
        (Type::List(from), Type::Set(to)) => any && convertible(from, to, safety),
        (Type::List(from) | Type::Set(from), Type::List(to))
        | (Type::Set(from), Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => convertible(from, to, safety),
        (Type::Tuple(members), Type::List(to) | Type::Set(to)) => {
            members_convertible(members, to, safety)
        }
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len()
                && from
                    .iter()
                    .zip(to)
                    .all(|(from, to)| convertible(from, to, safety))
        }
        (Type::Object(from), Type::Map(to)) => {
            let members: Vec<Type> = from.attributes.values().cloned().collect();
            members_convertible(&members, to, safety)
        }
        (Type::Object(from), Type::Object(to)) => {
            to.attributes
                .iter()
                .all(|(name, wanted)| match from.attributes.get(name) {
                    Some(ty) => convertible(ty, wanted, safety),
                    None => to.optional.contains(name),
                })
        }
        (Type::Map(from), Type::Object(to)) => {
            any && to.attributes.iter().all(|(name, wanted)| {
                convertible(from, wanted, safety) || to.optional.contains(name)
            })
        }
        _ => false,
    }
}

/// Tells whether the members of a structure can all become elements of one type.
fn members_convertible(members: &[Type], element: &Type, safety: Safety) -> bool {
    let element = match element {
        Type::Dynamic if !members.is_empty() => unify_by(members, safety),
        other => Some(other.clone()),
    };
    match element {
        None => false,
        Some(Type::Dynamic) => members.iter().all(|member| *member == Type::Dynamic),
        Some(element) => all_convertible(members, &element, safety),
    }
}

/// Returns the positions of the types, the more general before those that can be converted to them.
fn order_of_preference(types: &[Type]) -> Vec<usize> {
    let before = |left: usize, right: usize| match (types.get(left), types.get(right)) {
        (Some(one), Some(other)) if left < right => preference(one, other) < 0,
        (Some(one), Some(other)) if left > right => preference(other, one) > 0,
        _ => false,
    };
    let mut waiting: Vec<usize> = (0..types.len())
        .map(|at| (0..types.len()).filter(|other| before(*other, at)).count())
        .collect();
    let mut queue: VecDeque<usize> = (0..types.len())
        .filter(|at| waiting.get(*at) == Some(&0))
        .collect();
    let mut order = Vec::new();
    while let Some(at) = queue.pop_front() {
        order.push(at);
        for (later, count) in waiting
            .iter_mut()
            .enumerate()
            .filter(|(later, _)| before(at, *later))
        {
            *count -= 1;
            if *count == 0 {
                queue.push_back(later);
            }
        }
    }
    order
}

/// Negative when `left` is the more general of the two, positive when `right` is, 0 when neither.
fn preference(left: &Type, right: &Type) -> i8 {
    match (left, right) {
        (Type::Dynamic, Type::Dynamic) => 0,
        (_, Type::Dynamic) => -1,
        (Type::Dynamic, _) => 1,
        (Type::String, Type::Bool | Type::Number) => -1,
        (Type::Bool | Type::Number, Type::String) => 1,
        (Type::List(left), Type::List(right))
        | (Type::Set(left), Type::Set(right))
        | (Type::Map(left), Type::Map(right)) => preference(left, right),
        (Type::List(_), Type::Tuple(_) | Type::Set(_))
        | (Type::Tuple(_), Type::Set(_))
        | (Type::Map(_), Type::Object(_)) => -1,
        (Type::Tuple(_) | Type::Set(_), Type::List(_))
        | (Type::Set(_), Type::Tuple(_))
        | (Type::Object(_), Type::Map(_)) => 1,
        (Type::Object(left), Type::Object(right)) => {
            let same = left.attributes.keys().eq(right.attributes.keys());
            let pairs = left.attributes.values().zip(right.attributes.values());
            if same { joint_preference(pairs) } else { 0 }
        }
        (Type::Tuple(left), Type::Tuple(right)) if left.len() == right.len() => {
            joint_preference(left.iter().zip(right))
        }
        _ => 0,
    }
}

fn joint_preference<'a>(pairs: impl Iterator<Item = (&'a Type, &'a Type)>) -> i8 {
    let (mut left_wins, mut right_wins) = (false, false);
    for (left, right) in pairs {
        let preference = preference(left, right);
        left_wins |= preference < 0;
        right_wins |= preference > 0;
    }
    i8::from(right_wins) - i8::from(left_wins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_most_general_primitive() {
        assert_eq!(unify(&[Type::Number, Type::String]), Some(Type::String));
        assert_eq!(unify(&[Type::Number, Type::Bool]), None);
        assert_eq!(unify(&[]), None);
    }

    #[test]
    fn structures_become_collections_when_they_differ() {
        let short = Type::Tuple(vec![Type::Number]);
        let long = Type::Tuple(vec![Type::Number, Type::String]);
        assert_eq!(unify(&[short.clone(), short.clone()]), Some(short.clone()));
        assert_eq!(
            unify(&[short.clone(), long]),
            Some(Type::list(Type::String))
        );
        assert_eq!(
            unify(&[short, Type::list(Type::Bool), Type::Dynamic]).map(|ty| ty.to_string()),
            Some("any".to_owned())
        );
        let left = Type::object([("a".into(), Type::Number)]);
        let right = Type::object([("b".into(), Type::String)]);
        assert_eq!(unify(&[left.clone(), right]), Some(Type::map(Type::String)));
        assert_eq!(
            unify(&[left, Type::map(Type::String)]),
            Some(Type::map(Type::String))
        );
    }
}
