//! Blocks that are objects of their own below the object that declares them: the connections of a database mount. A leaf
//! of one is called `postgresql.username@billing`.

use super::read::{Reader, decode_with};
use super::wire::{field_of, get, text_of};
use crate::catalog::registry::shared_name;
use crate::catalog::{Attribute, Default, Kind, Nesting, Part, ResourceType};
use crate::value::{Type, Value};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The field of an answer that names the block which it is about.
pub const BLOCK: &str = "$block";

/// Returns the attribute that names each block, and what stands in the blocks; `None` for blocks that are no objects of
/// their own.
#[must_use]
pub fn objects_of(attribute: &Attribute) -> Option<(&'static str, &'static [Attribute])> {
    match attribute.kind {
        Kind::Block(Nesting::Objects(by), inner) => Some((by, inner)),
        _ => None,
    }
}

/// Returns the path of a leaf without the name of its block: as the type's table has it.
#[must_use]
pub fn in_table(path: &str) -> &str {
    path.split_once('@').map_or(path, |(path, _)| path)
}

/// Returns the name of the block that a leaf belongs to.
#[must_use]
pub fn name_in(path: &str) -> Option<&str> {
    path.split_once('@').map(|(_, name)| name)
}

/// Returns the blocks of a value with their names. One whose name is not known yet has none.
pub fn named<'a>(
    value: Option<&'a Value>,
    by: &'a str,
) -> impl Iterator<Item = (String, &'a Value)> {
    let items = value.and_then(Value::as_items).unwrap_or_default();
    items
        .iter()
        .map(move |item| (item.field(by).and_then(text_of).unwrap_or_default(), item))
}

/// Returns which objects of a part are to be looked at, and by which block each is declared: those of the configuration,
/// and those that leaves of these paths remember.
#[must_use]
pub fn wanted<'a>(
    kind: &ResourceType,
    part: &Part,
    guide: &Value,
    remembered: impl Iterator<Item = &'a str>,
) -> BTreeMap<String, &'static str> {
    let blocks: Vec<&Attribute> = blocks_of(kind, part).collect();
    let mut found = BTreeMap::new();
    for path in remembered {
        let top = path.split(['.', '@']).next();
        let block = blocks.iter().find(|block| Some(block.name) == top);
        if let (Some(block), Some(name)) = (block, name_in(path)) {
            found.insert(name.to_owned(), block.name);
        }
    }
    for block in blocks {
        if let Some((by, _)) = objects_of(block) {
            let declared = named(guide.field(block.name), by);
            found.extend(declared.map(|(name, _)| (name, block.name)));
        }
    }
    found.remove("");
    found
}

/// Iterates over the blocks whose objects a part carries.
pub fn blocks_of(
    kind: &ResourceType,
    part: &Part,
) -> impl Iterator<Item = &'static Attribute> + use<> {
    let name = part.name;
    kind.all()
        .filter(move |attribute| attribute.part == name && objects_of(attribute).is_some())
}

/// Tells which block an answer is about: the one with the longest default text that a field of the answer begins with.
#[must_use]
pub fn meant(kind: &ResourceType, part: &Part, answer: &Json) -> Option<&'static str> {
    let fit = |inner: &Attribute| {
        let Default::Text(text) = inner.default else {
            return None;
        };
        let live = get(answer, field_of(inner))?.as_str()?;
        live.starts_with(text).then_some(text.len())
    };
    let blocks = blocks_of(kind, part).filter_map(|block| {
        let (_, inner) = objects_of(block)?;
        Some((inner.iter().filter_map(fit).max()?, block.name))
    });
    blocks
        .max_by_key(|(length, _)| *length)
        .map(|(_, name)| name)
}

/// Returns the blocks of one attribute as the answers by name tell them, in the order of the configuration.
pub(super) fn decode(
    attribute: &Attribute,
    answers: &Json,
    within: &str,
    guide: Option<&Value>,
) -> Option<Value> {
    let (by, inner) = objects_of(attribute)?;
    let answers = answers.as_object()?;
    let declared: Vec<(String, &Value)> = named(guide, by).collect();
    let told = answers
        .iter()
        .filter(|(_, answer)| answer.get(BLOCK).and_then(Json::as_str) == Some(attribute.name));
    let known: BTreeSet<&str> = declared.iter().map(|(name, _)| name.as_str()).collect();
    let others = told
        .map(|(name, _)| (name.clone(), None))
        .filter(|(name, _)| !known.contains(name.as_str()));
    let ours = declared
        .iter()
        .map(|(name, item)| (name.clone(), Some(*item)));
    let objects: Vec<Value> = ours
        .chain(others)
        .filter_map(|(name, guide)| {
            let answer = answers.get(&name)?;
            let reader = Reader::within(answer.get(within));
            let fields = inner.iter().map(|inner| {
                let wish = guide.and_then(|guide| guide.field(inner.name));
                let value = if inner.name == by {
                    Value::from(name.as_str())
                } else {
                    decode_with(&reader, inner, answer, wish)
                };
                (shared_name(inner.name), value)
            });
            Some(Value::object(fields.collect()))
        })
        .collect();
    let ty = objects.first().map_or(Type::Dynamic, Value::ty);
    (!objects.is_empty()).then(|| Value::list(ty, objects))
}

/// Returns a name that two blocks of a part share.
#[must_use]
pub fn said_twice(kind: &ResourceType, part: &Part, attributes: &Value) -> Option<String> {
    let mut seen = BTreeSet::new();
    let blocks = blocks_of(kind, part).filter_map(|block| Some((block, objects_of(block)?.0)));
    let mut names = blocks.flat_map(|(block, by)| {
        let all = named(attributes.field(block.name), by);
        all.map(|(name, _)| name).collect::<Vec<_>>()
    });
    names.find(|name| !name.is_empty() && !seen.insert(name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::registry::lookup;
    use crate::plan::leaf::leaves;
    use crate::value::Mode;
    use serde_json::json;

    fn mount() -> &'static ResourceType {
        lookup(Mode::Managed, "vault_database_secrets_mount").unwrap()
    }

    fn with(connections: Json) -> Value {
        crate::value::json::from_json(&json!({ "path": "db", "postgresql": connections })).unwrap()
    }

    fn differing(wish: &Value, live: &Value) -> Vec<String> {
        leaves(mount(), wish, Some(live))
            .into_iter()
            .filter(|leaf| leaf.path.contains('@') && leaf.readable())
            .filter(|leaf| leaf.wish() != Some(leaf.live()))
            .map(|leaf| leaf.path)
            .collect()
    }

    #[test]
    fn blocks_are_compared_by_name_not_by_place() {
        let one = json!({ "name": "one", "username": "a" });
        let two = json!({ "name": "two", "username": "b" });
        let live = decoded(&json!({ "two": two, "one": one }), &with(json!([one, two])));
        assert_eq!(
            differing(&with(json!([two, one])), &live),
            Vec::<String>::new()
        );
        let other = json!({ "name": "two", "username": "c" });
        assert_eq!(
            differing(&with(json!([other, one])), &live),
            ["postgresql.username@two"]
        );
        assert_eq!(differing(&with(json!([one])), &live), ["postgresql@two"]);
    }

    /// Decodes answers by name, with the defaults that servers answer.
    fn decoded(answers: &Json, guide: &Value) -> Value {
        let told = answers.as_object().unwrap().iter().map(|(name, answer)| {
            let answer = json!({
                BLOCK: "postgresql",
                "plugin_name": "postgresql-database-plugin",
                "connection_details": {
                    "username": answer["username"],
                    "max_open_connections": 2,
                    "password_authentication": "password",
                },
            });
            (name.clone(), answer)
        });
        let raw = crate::plan::Raw(
            [
                ("", json!({})),
                ("connections", Json::Object(told.collect())),
            ]
            .into(),
        );
        crate::plan::wire::decode(mount(), &raw, guide)
    }

    #[test]
    fn an_answer_belongs_to_the_block_of_its_plugin() {
        let part = &mount().parts[0];
        let block = |plugin: &str| meant(mount(), part, &json!({ "plugin_name": plugin }));
        assert_eq!(block("mysql-rds-database-plugin"), Some("mysql_rds"));
        assert_eq!(block("mysql-database-plugin"), Some("mysql"));
        assert_eq!(block("my-own-plugin"), None);
    }

    #[test]
    fn a_name_stands_once_in_all_blocks() {
        let part = &mount().parts[0];
        let twice = crate::value::json::from_json(&json!({
            "postgresql": [{ "name": "a" }],
            "mysql": [{ "name": "b" }, { "name": "a" }],
        }));
        assert_eq!(
            said_twice(mount(), part, &twice.unwrap()),
            Some("a".to_owned())
        );
        assert_eq!(
            said_twice(mount(), part, &with(json!([{ "name": "a" }]))),
            None
        );
    }
}
