//! Values of `allowed_parameters` and `denied_parameters`, and how a request's value meets them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::tree::{Kind, Literal, Node};

/// A value as HCL 1 holds it. Numbers never equal a request's numbers: the servers compare two different types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    Text(String),
    Number(String),
    Bool(bool),
    List(Vec<Parameter>),
    Map(BTreeMap<String, Parameter>),
    /// An object where HCL 1 makes a list of maps, which no request's value equals.
    Blocks(Vec<BTreeMap<String, Parameter>>),
}

/// The values of each parameter, by lower-cased name; an empty list means any value.
pub type Parameters = BTreeMap<String, Vec<Parameter>>;

/// Reads a node; `within_list` tells where an object becomes a plain map.
pub(super) fn read(node: &Node, within_list: bool) -> Parameter {
    match node {
        Node::Literal(literal) => scalar(literal),
        Node::List(nodes, _) => Parameter::List(nodes.iter().map(|one| read(one, true)).collect()),
        Node::Object(items, _) => {
            let entries = items.iter().filter_map(|item| {
                let key = item.keys.first()?;
                Some((key.text.clone(), read(&item.value, false)))
            });
            if within_list {
                return Parameter::Map(entries.collect());
            }
            Parameter::Blocks(entries.map(|entry| BTreeMap::from([entry])).collect())
        }
    }
}

fn scalar(literal: &Literal) -> Parameter {
    match literal.kind {
        Kind::Number | Kind::Float => Parameter::Number(literal.text.clone()),
        Kind::Bool => Parameter::Bool(literal.text == "true"),
        Kind::Text | Kind::Heredoc => Parameter::Text(literal.text.clone()),
    }
}

/// Tells whether a value is among those listed; an empty list holds every value. Strings may have `*` at either
/// end. `split` judges list values element by element (Vault); `any` then tells whether one element is enough.
pub(super) fn is_among(value: &Value, listed: &[Parameter], split: bool, any: bool) -> bool {
    if listed.is_empty() || listed.iter().any(|one| meets(one, value)) {
        return true;
    }
    match value {
        Value::Array(parts) if split && any => parts.iter().any(|part| holds(listed, part)),
        Value::Array(parts) if split => parts.iter().all(|part| holds(listed, part)),
        _ => false,
    }
}

fn holds(listed: &[Parameter], value: &Value) -> bool {
    listed.iter().any(|one| meets(one, value))
}

fn meets(listed: &Parameter, value: &Value) -> bool {
    match (listed, value) {
        (Parameter::Text(glob), Value::String(text)) => globs(glob, text),
        _ => equals(listed, value),
    }
}

fn equals(listed: &Parameter, value: &Value) -> bool {
    match (listed, value) {
        (Parameter::Text(left), Value::String(right)) => left == right,
        (Parameter::Bool(left), Value::Bool(right)) => left == right,
        (Parameter::List(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equals(l, r))
        }
        (Parameter::Map(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, l)| right.get(key).is_some_and(|r| equals(l, r)))
        }
        _ => false,
    }
}

/// Tells whether a text matches a glob that may begin and end with `*`; a lone `*` is the text `*`.
fn globs(glob: &str, text: &str) -> bool {
    if glob.len() < 2 {
        return glob == text;
    }
    match (glob.strip_prefix('*'), glob.strip_suffix('*')) {
        (Some(inner), Some(_)) => text.contains(inner.strip_suffix('*').unwrap_or_default()),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => glob == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> Parameter {
        Parameter::Text(text.to_owned())
    }

    #[test]
    fn globs_stand_at_the_ends() {
        assert!(globs("pre-*", "pre-x") && globs("**", "") && globs("*b*", "abc"));
        assert!(!globs("a*c", "abc") && !globs("*", "a"));
    }

    #[test]
    fn lists_are_compared_as_a_whole_or_by_element() {
        let listed = [text("a"), text("b")];
        assert!(!is_among(&json!(["a"]), &listed, false, false));
        assert!(is_among(&json!(["a"]), &listed, true, false));
        assert!(!is_among(&json!(["a", "c"]), &listed, true, false));
        assert!(is_among(&json!(["a", "c"]), &listed, true, true));
        assert!(is_among(&json!([]), &listed, true, false));
        assert!(is_among(
            &json!(["a"]),
            &[Parameter::List(vec![text("a")])],
            false,
            false
        ));
    }

    #[test]
    fn numbers_never_match() {
        assert!(!is_among(
            &json!(5),
            &[Parameter::Number("5".into())],
            false,
            false
        ));
    }
}
