//! What the renderer must know of a type: which attributes are blocks, sets, maps. Made from the catalog.

use crate::catalog::{Attribute, Kind, Nesting as BlockNesting, ResourceType};
use crate::eval::schema::type_of;
use crate::value::Type;
use std::collections::{BTreeMap, BTreeSet};

/// How the values of a nested block or nested attribute are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    Single,
    List,
    Set,
    Map,
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum Field {
    /// A value of a type; [`Type::Dynamic`] is taken as it comes.
    Typed(Type),
    /// Objects that are written as a value: `disks = [{ … }]`.
    Nested(Nesting, BTreeMap<String, Field>),
    /// Goes to the server and is never shown.
    WriteOnly,
}

/// The attributes and blocks of a block.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub attributes: BTreeMap<String, Field>,
    pub blocks: BTreeMap<String, (Nesting, Schema)>,
    /// The attributes that are never shown.
    pub secrets: BTreeSet<String>,
}

impl Schema {
    /// Makes the schema of a type of the catalog. `id` is added where the type does not name it.
    #[must_use]
    pub fn of(kind: &ResourceType) -> Schema {
        let mut schema = Schema::of_attributes(kind.all());
        let id = schema.attributes.entry("id".to_owned());
        id.or_insert(Field::Typed(Type::String));
        schema
    }

    fn of_attributes<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Schema {
        let mut schema = Schema::default();
        for attribute in attributes {
            schema.add(attribute);
        }
        schema
    }

    fn add(&mut self, attribute: &Attribute) {
        let name = attribute.name.to_owned();
        if attribute.sensitive || attribute.write_only.is_some() {
            self.secrets.insert(name.clone());
        }
        if attribute.write_only.is_some() {
            self.attributes.insert(name, Field::WriteOnly);
        } else if let Kind::Block(nesting, inner) = attribute.kind {
            let inner = Schema::of_attributes(inner.iter());
            self.blocks.insert(name, (block_nesting(nesting), inner));
        } else {
            let field = Field::Typed(type_of(&attribute.kind));
            self.attributes.insert(name, field);
        }
    }
}

fn block_nesting(nesting: BlockNesting) -> Nesting {
    match nesting {
        BlockNesting::One | BlockNesting::List | BlockNesting::Objects(_) => Nesting::List,
        _ => Nesting::Set,
    }
}
