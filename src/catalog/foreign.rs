//! The schema of terraform-provider-vault 5.12, by names and types: for types that have no table here, and to prove that
//! the tables have all that the provider has.
//!
//! `provider_schema.txt` holds a line a type: mode (`r`, `d`, `e`), name, who has it, attributes as `name:type` with the
//! type's letters (`s` text, `b` truth value, `n` and `f` numbers, `a` any, `L` list of, `S` set of, `M` map of, `B`
//! block), a letter for the presence (`r`, `o`, `c`, `x` optional and computed), `!` for secret and `w` for write-only; a
//! block's attributes stand in braces.

use super::{Presence, registry};
use crate::value::{Mode, Type};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Why a type of the provider has no table here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Only Vault Enterprise has it.
    Enterprise,
    /// OpenBao has no such engine; Vault has.
    NoEngine,
    /// The servers have it, and this program does not manage it yet.
    NotYet,
}

/// A type of the provider that has no table here.
#[derive(Clone, Copy, Debug)]
pub struct Missing {
    pub reason: Reason,
    pub schema: &'static Schema,
}

/// What the provider says of a type.
#[derive(Clone, Debug)]
pub struct Schema {
    pub mode: Mode,
    pub name: &'static str,
    /// Who has it: `None` where both products do.
    pub reason: Option<Reason>,
    pub attributes: Vec<Foreign>,
}

/// What the provider says of an attribute.
#[derive(Clone, Debug)]
pub struct Foreign {
    pub name: &'static str,
    pub shape: Shape,
    pub presence: Presence,
    /// Whether the server may say it where the configuration does not.
    pub computed: bool,
    pub sensitive: bool,
    pub write_only: bool,
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum Shape {
    Value(Type),
    /// Nested blocks, in order or not.
    Blocks {
        ordered: bool,
        attributes: Vec<Foreign>,
    },
}

/// Returns what is known of a type that has no table. `bao_x` is another name of `vault_x`.
#[must_use]
pub fn known_elsewhere(mode: Mode, name: &str) -> Option<Missing> {
    if registry::lookup(mode, name).is_some() {
        return None;
    }
    let schema = schema(mode, name)?;
    Some(Missing {
        reason: schema.reason.unwrap_or(Reason::NotYet),
        schema,
    })
}

/// Returns the provider's schema of a type.
#[must_use]
pub fn schema(mode: Mode, name: &str) -> Option<&'static Schema> {
    let name = registry::canonical(name);
    let at = index().get(&(mode, name.as_ref()))?;
    schemas().get(*at)
}

/// Returns the provider's schema of every type.
#[must_use]
pub fn schemas() -> &'static [Schema] {
    static ALL: OnceLock<Vec<Schema>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("provider_schema.txt");
        text.lines().filter_map(type_from).collect()
    })
}

fn index() -> &'static HashMap<(Mode, &'static str), usize> {
    static INDEX: OnceLock<HashMap<(Mode, &'static str), usize>> = OnceLock::new();
    INDEX.get_or_init(|| {
        let all = schemas().iter().enumerate();
        all.map(|(at, schema)| ((schema.mode, schema.name), at))
            .collect()
    })
}

fn type_from(line: &'static str) -> Option<Schema> {
    let mut words = line.splitn(4, ' ');
    let mode = match words.next()? {
        "r" => Mode::Managed,
        "d" => Mode::Data,
        _ => Mode::Ephemeral,
    };
    let name = words.next()?;
    let reason = match words.next()? {
        "enterprise" => Some(Reason::Enterprise),
        "vault" => Some(Reason::NoEngine),
        _ => None,
    };
    let attributes = attributes_from(words.next().unwrap_or_default()).0;
    Some(Schema {
        mode,
        name,
        reason,
        attributes,
    })
}

/// Reads attributes up to the end or a closing brace, and gives what follows it.
fn attributes_from(text: &'static str) -> (Vec<Foreign>, &'static str) {
    let mut attributes = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix('}') {
            return (attributes, after);
        }
        let Some((name, after)) = rest.split_once(':') else {
            return (attributes, "");
        };
        let end = after.find([' ', '{', '}']).unwrap_or(after.len());
        let (letters, after) = after.split_at(end);
        let (nested, after) = match after.strip_prefix('{') {
            Some(inner) => attributes_from(inner),
            None => (Vec::new(), after),
        };
        attributes.extend(attribute_from(name, letters, nested));
        rest = after;
    }
}

fn attribute_from(name: &'static str, letters: &str, nested: Vec<Foreign>) -> Option<Foreign> {
    let end = letters.find(['r', 'o', 'c', 'x'])?;
    let (kind, rest) = letters.split_at(end);
    let shape = match kind.strip_suffix('B') {
        Some(order) => Shape::Blocks {
            ordered: order != "S",
            attributes: nested,
        },
        None => Shape::Value(type_of(kind)),
    };
    let presence = match rest.get(..1)? {
        "r" => Presence::Required,
        "c" => Presence::Computed,
        _ => Presence::Optional,
    };
    Some(Foreign {
        name,
        shape,
        presence,
        computed: rest.starts_with(['c', 'x']),
        sensitive: rest.contains('!'),
        write_only: rest.contains('w'),
    })
}

fn type_of(letters: &str) -> Type {
    let mut letters = letters.chars();
    let first = letters.next();
    let inner = letters.as_str();
    match first {
        Some('s') => Type::String,
        Some('b') => Type::Bool,
        Some('n' | 'f') => Type::Number,
        Some('L') => Type::list(type_of(inner)),
        Some('S') => Type::set(type_of(inner)),
        Some('M') => Type::map(type_of(inner)),
        _ => Type::Dynamic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_provider_is_known() {
        assert_eq!(schemas().len(), 278);
        let all = schemas()
            .iter()
            .map(|schema| schema.attributes.len())
            .sum::<usize>();
        assert!(all > 3000, "{all} attributes");
    }

    #[test]
    fn a_missing_type_says_why() {
        let reason = |name| known_elsewhere(Mode::Managed, name).map(|missing| missing.reason);
        assert_eq!(reason("vault_aws_secret_backend"), Some(Reason::NoEngine));
        assert_eq!(reason("bao_kmip_secret_backend"), Some(Reason::Enterprise));
        assert_eq!(reason("vault_mount"), None);
        assert_eq!(reason("vault_teapot"), None);
    }

    #[test]
    fn blocks_and_flags_are_read() {
        let schema = schema(Mode::Managed, "vault_kv_secret_v2").unwrap();
        let find = |name| {
            schema
                .attributes
                .iter()
                .find(|one| one.name == name)
                .unwrap()
        };
        assert!(find("data_json").sensitive);
        assert!(find("data_json_wo").write_only);
        let Shape::Blocks {
            ordered,
            attributes,
        } = &find("custom_metadata").shape
        else {
            panic!("custom_metadata is a block");
        };
        assert!(*ordered);
        assert_eq!(attributes.len(), 4);
    }
}
