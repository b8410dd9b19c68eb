//! The tables against two witnesses: the provider's schema (every attribute, its type and presence) and the servers'
//! OpenAPI documents (every field of every request, and which product has it).

use std::collections::{BTreeMap, BTreeSet};
use vaultform::catalog::foreign::{self, Foreign, Shape};
use vaultform::catalog::{
    Attribute, Kind, Life, Nesting, Presence, Products, ReadBack, ResourceType, registry,
};
use vaultform::eval::schema::type_of;
use vaultform::value::Mode;

/// What the tables have beyond the provider: attributes of our own, by type.
const OURS: &[(&str, &str)] = &[
    ("vault_database_secret_backend_connection", "valkey"),
    ("vault_database_secret_backend_connection", "rotate_root"),
    ("vault_database_secrets_mount", "valkey"),
];

#[test]
fn names_are_unique_and_both_spellings_are_found() {
    let mut seen = BTreeSet::new();
    for table in registry::all() {
        assert!(
            seen.insert((table.mode, table.name)),
            "{} stands twice",
            table.name
        );
    }
    let mount = registry::lookup(Mode::Managed, "bao_mount").expect("an alias");
    assert_eq!(mount.name, "vault_mount");
    assert!(registry::lookup(Mode::Managed, "vault_teapot").is_none());
    assert!(registry::lookup(Mode::Ephemeral, "vault_mount").is_none());
}

#[test]
fn every_table_has_an_example_and_about_texts() {
    for table in registry::all() {
        let block = match table.mode {
            Mode::Managed => "resource",
            Mode::Data => "data",
            Mode::Ephemeral => "ephemeral",
        };
        let start = format!("{block} \"{}\" \"", table.name);
        assert!(
            table.example.contains(&start),
            "the example of {} lacks it",
            table.name
        );
        assert!(
            table.about.ends_with('.'),
            "{}: {}",
            table.name,
            table.about
        );
        for attribute in table.all() {
            let whole = attribute.about.ends_with(['.', '…', '*']) && attribute.about.len() > 3;
            assert!(
                whole,
                "{}.{}: {}",
                table.name, attribute.name, attribute.about
            );
        }
    }
}

#[test]
fn tables_have_what_the_provider_has() {
    let mut faults = Vec::new();
    for table in registry::all() {
        let Some(schema) = foreign::schema(table.mode, table.name) else {
            continue;
        };
        let own: Vec<&Attribute> = table.all().collect();
        compare(table.name, &own, &schema.attributes, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn compare(at: &str, own: &[&Attribute], theirs: &[Foreign], faults: &mut Vec<String>) {
    let names: BTreeSet<&str> = theirs.iter().map(|foreign| foreign.name).collect();
    for attribute in own {
        let ours =
            OURS.contains(&(at, attribute.name)) || ["id", "namespace"].contains(&attribute.name);
        if !ours && !names.contains(attribute.name) {
            faults.push(format!("{at}.{}: not in the provider", attribute.name));
        }
    }
    for foreign in theirs {
        match own.iter().find(|attribute| attribute.name == foreign.name) {
            Some(attribute) => compare_one(at, attribute, foreign, faults),
            None if foreign.name == "id" => {}
            None => faults.push(format!("{at}.{}: missing", foreign.name)),
        }
    }
}

fn compare_one(at: &str, own: &Attribute, theirs: &Foreign, faults: &mut Vec<String>) {
    let at = format!("{at}.{}", own.name);
    match (&own.kind, &theirs.shape) {
        (
            Kind::Block(nesting, inner),
            Shape::Blocks {
                ordered,
                attributes,
            },
        ) => {
            let list = matches!(nesting, Nesting::One | Nesting::List | Nesting::Objects(_));
            if list != *ordered {
                faults.push(format!("{at}: {nesting:?} is not the provider's nesting"));
            }
            let inner: Vec<&Attribute> = inner.iter().collect();
            compare(&at, &inner, attributes, faults);
        }
        (kind, Shape::Value(ty)) => {
            if type_of(kind) != *ty && *ty != vaultform::value::Type::Dynamic {
                faults.push(format!("{at}: {kind:?} is not {ty:?}"));
            }
        }
        (kind, Shape::Blocks { .. }) => faults.push(format!("{at}: {kind:?} is no block")),
    }
    if own.presence != theirs.presence {
        faults.push(format!(
            "{at}: {:?} is not {:?}",
            own.presence, theirs.presence
        ));
    }
    if theirs.sensitive && !own.sensitive {
        faults.push(format!("{at}: not sensitive"));
    }
    let marked = own.write_only.is_some() || own.only_written();
    if theirs.write_only && !marked {
        faults.push(format!("{at}: not write-only"));
    }
}

/// Attributes that OpenAPI does not tell: of plugins, of KV, and of endpoints whose schema there is that of another.
const UNTOLD: &[&str] = &[
    "vault_database_secret_backend_connection",
    "vault_kv_secret_v2",
    "vault_kv_secret",
    "vault_kv_secret_backend_v2",
    "vault_generic_endpoint",
    "vault_generic_secret",
    "vault_jwt_auth_backend_role",
    "vault_raft_autopilot",
];

type Fields = BTreeMap<&'static str, Option<Products>>;

/// Returns the fields of every request body by path, with the product where only one has it.
fn openapi() -> Vec<(&'static str, Fields)> {
    let lines = include_str!("openapi_fields.txt").lines();
    let parse = |line: &'static str| {
        let mut words = line.split(' ');
        let path = words.next().unwrap_or_default();
        let fields = words.map(|word| match word.split_once(':') {
            Some(("b", field)) => (field, Some(Products::OpenBao)),
            Some((_, field)) => (field, Some(Products::Vault)),
            None => (word, None),
        });
        (path, fields.collect())
    };
    lines.map(parse).collect()
}

/// Tells whether a path of the document may be what a template becomes: mount paths stand under the engine's own name.
fn fits(template: &str, path: &str) -> bool {
    let mine: Vec<_> = template.split('/').collect();
    let theirs: Vec<_> = path.split('/').collect();
    mine.len() == theirs.len()
        && mine
            .iter()
            .zip(&theirs)
            .all(|(mine, theirs)| mine.starts_with('{') || *theirs == "{}" || mine == theirs)
}

/// Returns the paths that a table writes an attribute to.
fn targets(table: &ResourceType, part: &str) -> Vec<&'static str> {
    if let Some(part) = table
        .parts
        .iter()
        .find(|one| !part.is_empty() && one.name == part)
    {
        return vec![part.path];
    }
    match table.life {
        Life::Generate(generate) => {
            let instead = generate.instead.iter().map(|(_, path)| *path);
            instead.chain([generate.create, table.place]).collect()
        }
        Life::Mounted(..) => vec!["sys/mounts/{path}", "sys/mounts/{path}/tune"],
        Life::Member { object, .. } => vec![object],
        _ => vec![table.place],
    }
}

/// The engine's name in the document: `pki` of `vault_pki_secret_backend_role`.
fn engine(table: &ResourceType, path: &str) -> bool {
    let word = table.name.split('_').nth(1).unwrap_or_default();
    let first = path.split('/').next().unwrap_or_default();
    let second = path.split('/').nth(1).unwrap_or_default();
    match first {
        "sys" | "identity" => true,
        "auth" => second == word || second == "token",
        _ => first == word,
    }
}

#[test]
fn every_field_is_one_of_the_servers() {
    let document = openapi();
    let mut faults = Vec::new();
    for table in registry::all() {
        if table.mode != Mode::Managed || UNTOLD.contains(&table.name) || table.place.is_empty() {
            continue;
        }
        let single =
            |attribute: &&Attribute| !matches!(attribute.kind, Kind::Block(Nesting::Objects(_), _));
        for attribute in table
            .all()
            .filter(|attribute| attribute.is_sent() && !names_a_path(table, attribute))
            .filter(single)
        {
            let mut fields = Fields::new();
            for target in targets(table, attribute.part) {
                let found = document
                    .iter()
                    .filter(|(path, _)| fits(target, path) && engine(table, path));
                for (field, product) in found.flat_map(|(_, fields)| fields) {
                    let known = fields.entry(field).or_insert(*product);
                    if *known != *product {
                        *known = None;
                    }
                }
            }
            check_field(table, attribute, &fields, &mut faults);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Tells whether an attribute stands in the path that makes the object: `root/generate/{type}`.
fn names_a_path(table: &ResourceType, attribute: &Attribute) -> bool {
    let Life::Generate(generate) = table.life else {
        return false;
    };
    let placeholder = format!("{{{}}}", attribute.name);
    let mut paths = generate
        .instead
        .iter()
        .map(|(_, path)| *path)
        .chain([generate.create]);
    paths.any(|path| path.contains(&placeholder))
}

fn check_field(
    table: &ResourceType,
    attribute: &Attribute,
    fields: &Fields,
    faults: &mut Vec<String>,
) {
    let whole = if let Life::Member {
        field, elements, ..
    } = table.life
        && elements == attribute.name
    {
        field
    } else if attribute.field.is_empty() {
        attribute.name
    } else {
        attribute.field
    };
    let mut steps = whole.split('.');
    let first = steps.next().unwrap_or_default();
    let last = steps.next_back().unwrap_or(first);
    let at = format!("{}.{}", table.name, attribute.name);
    let own = if attribute.products == Products::Both {
        table.products
    } else {
        attribute.products
    };
    match fields.get(last).or_else(|| fields.get(first)) {
        None if matches!(own, Products::Enterprise | Products::Nobody) => {}
        None => faults.push(format!("{at}: no server has the field `{whole}`")),
        Some(Some(Products::OpenBao)) if matches!(own, Products::Both | Products::Vault) => {
            faults.push(format!("{at}: only OpenBao has `{whole}`"));
        }
        Some(Some(Products::Vault)) if matches!(own, Products::Both | Products::OpenBao) => {
            faults.push(format!("{at}: only Vault has `{whole}`"));
        }
        Some(_) => {}
    }
}

trait Sent {
    fn is_sent(&self) -> bool;
    fn only_written(&self) -> bool;
}

impl Sent for Attribute {
    fn is_sent(&self) -> bool {
        let silent = matches!(
            self.read,
            ReadBack::Place
                | ReadBack::Argument
                | ReadBack::Wrap
                | ReadBack::Template(_)
                | ReadBack::Time
                | ReadBack::Count
        );
        !silent && self.presence != Presence::Computed && self.field != "*"
    }

    fn only_written(&self) -> bool {
        matches!(self.read, ReadBack::Never | ReadBack::Argument)
    }
}
