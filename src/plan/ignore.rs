//! `ignore_changes`: what a configuration leaves to others is as the server has it.

use crate::plan::types::Lifecycle;
use crate::value::{Shape, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns a wish in which everything that `ignore_changes` names is as the server has it, as far as it can be read, so that
/// a write of the rest does not undo it.
#[must_use]
pub fn with_ignored(wish: &Value, live: &Value, lifecycle: &Lifecycle) -> Value {
    let mut found = wish.clone();
    for path in &lifecycle.ignore_changes {
        if let Some(names) = names(path) {
            found = taken(&found, live, &names).unwrap_or(found);
        }
    }
    found
}

/// Splits `custom_metadata.data["team"]`; `None` for what names an element of a list.
fn names(path: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(key) = rest.strip_prefix("[\"") {
            let (key, tail) = key.split_once("\"]")?;
            found.push(key.to_owned());
            rest = tail.trim_start_matches('.');
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at_checked(end)?;
        if name.is_empty() {
            return None;
        }
        found.push(name.to_owned());
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    Some(found)
}

/// Returns a value with one part as it is in another; `None` where that part cannot be read.
fn taken(wish: &Value, live: &Value, names: &[String]) -> Option<Value> {
    let Some((name, below)) = names.split_first() else {
        return live
            .is_wholly_known()
            .then(|| live.clone().marked(wish.marks));
    };
    if let Some([inner]) = wish.as_items() {
        // A block that may stand once is a list of one.
        let there = live.as_items().and_then(<[Value]>::first).unwrap_or(live);
        let made = taken(inner, there, names)?;
        return Some(wish.clone().with_elements(&|_| made.clone()));
    }
    let of_live = live.field(name).filter(|part| !part.is_null());
    let mut fields = match wish.as_fields() {
        Some(fields) => fields.clone(),
        None if wish.is_null() => BTreeMap::new(),
        None => return None,
    };
    let own = fields.get(&**name).cloned();
    match (own, of_live) {
        (Some(own), Some(part)) => {
            fields.insert(name.as_str().into(), taken(&own, part, below)?);
        }
        (None, Some(part)) if below.is_empty() && is_map(live) => {
            fields.insert(name.as_str().into(), part.clone());
        }
        (Some(_), None) if below.is_empty() && is_map(live) => {
            fields.remove(&**name);
        }
        _ => return None,
    }
    Some(rebuilt(wish, live, fields))
}

fn is_map(value: &Value) -> bool {
    matches!(value.shape, Shape::Map(..))
}

fn rebuilt(wish: &Value, live: &Value, fields: BTreeMap<Arc<str>, Value>) -> Value {
    let like = if wish.is_null() { live } else { wish };
    let made = match &like.shape {
        Shape::Map(ty, _) => Value::map(ty.clone(), fields),
        _ => Value::object(fields),
    };
    made.marked(wish.marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Type;

    fn map(pairs: &[(&str, &str)]) -> Value {
        let pairs = pairs
            .iter()
            .map(|(name, text)| (Arc::from(*name), Value::from(*text)));
        Value::map(Type::String, pairs.collect())
    }

    fn object(name: &str, inner: Value) -> Value {
        Value::object([(Arc::from(name), inner)].into())
    }

    fn ignoring(wish: &Value, live: &Value, path: &str) -> Value {
        let lifecycle = Lifecycle {
            ignore_changes: vec![path.to_owned()],
            ..Lifecycle::default()
        };
        with_ignored(wish, live, &lifecycle)
    }

    #[test]
    fn one_key_of_a_map_is_left_to_others_and_no_other() {
        let wish = object("metadata", map(&[("a", "1"), ("b", "2")]));
        let live = object("metadata", map(&[("a", "9"), ("b", "8"), ("c", "7")]));
        assert_eq!(
            ignoring(&wish, &live, "metadata[\"a\"]"),
            object("metadata", map(&[("a", "9"), ("b", "2")]))
        );
        assert_eq!(
            ignoring(&wish, &live, "metadata.c"),
            object("metadata", map(&[("a", "1"), ("b", "2"), ("c", "7")]))
        );
        let gone = object("metadata", map(&[("b", "8")]));
        assert_eq!(
            ignoring(&wish, &gone, "metadata[\"a\"]"),
            object("metadata", map(&[("b", "2")]))
        );
    }

    #[test]
    fn a_key_within_a_block_is_found() {
        let block = |pairs| {
            let inner = object("data", map(pairs));
            object("custom_metadata", Value::tuple(vec![inner]))
        };
        assert_eq!(
            ignoring(
                &block(&[("k", "1"), ("l", "2")]),
                &block(&[("k", "9"), ("l", "8")]),
                "custom_metadata.data[\"k\"]"
            ),
            block(&[("k", "9"), ("l", "2")])
        );
    }

    #[test]
    fn a_whole_attribute_is_as_the_server_has_it_where_that_can_be_read() {
        let wish = object("ttl", "60".into());
        assert_eq!(
            ignoring(&wish, &object("ttl", "90".into()), "ttl"),
            object("ttl", "90".into())
        );
        let unread = object("ttl", Value::null(Type::String));
        assert_eq!(ignoring(&wish, &unread, "ttl"), wish);
        assert_eq!(ignoring(&wish, &unread, "ttl[0]"), wish);
    }
}
