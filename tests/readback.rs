//! The tables against measurements: every parameter of 109 endpoints, written to a real OpenBao 2.7.2 and read back. For
//! each that an attribute maps to, equality, default and reset must be those that were measured. Run with `--nocapture`
//! for the parameters that no type reaches.

use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use vaultform::catalog::{
    Attribute, Default, Kind, Life, MountTable, Nesting, Omitted, Presence, ReadBack, ResourceType,
    registry,
};
use vaultform::plan::normal::normal;
use vaultform::plan::wire::from_wire;
use vaultform::value::{Mode, Type, Value};

/// One row of the measurements.
struct Row {
    endpoint: &'static str,
    parameter: &'static str,
    written: Json,
    read: Option<Json>,
    class: &'static str,
    default: Option<Json>,
    omit: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = include_str!("vectors/readback.tsv").lines().skip(1);
    let json = |cell: &str| serde_json::from_str::<Json>(cell).ok();
    let row = |line: &'static str| {
        let cells: Vec<&'static str> = line.split('\t').collect();
        Some(Row {
            endpoint: cells.first()?,
            parameter: cells.get(1)?,
            written: json(cells.get(2)?)?,
            read: json(cells.get(3)?),
            class: cells.get(4)?,
            default: json(cells.get(5)?),
            omit: cells.get(6)?,
        })
    };
    lines.filter_map(row).collect()
}

/// The path of an endpoint, without what tells variants apart.
fn path(endpoint: &str) -> String {
    let endpoint = match endpoint.strip_prefix("kv v2 ") {
        Some(rest) => format!("kv/{rest}"),
        None => endpoint.replace("kubernetes(secrets)", "kubernetes"),
    };
    let path = endpoint.split(' ').next().unwrap_or_default();
    // By name or by id, it is the same object.
    path.replace("entity/name/:name", "entity/id/:id")
        .replace("group/name/:name", "group/id/:id")
}

fn fits(template: &str, path: &str) -> bool {
    let (mine, theirs): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let same = |(mine, theirs): (&&str, &&str)| mine.starts_with('{') || mine == theirs;
    mine.len() == theirs.len() && mine.iter().zip(&theirs).all(same)
}

/// Tells whether a path is one of the engine that a type is of: `pki/roles/:name` for `vault_pki_secret_backend_role`.
fn of_engine(table: &ResourceType, template: &str, path: &str) -> bool {
    let word = table.name.split('_').nth(1).unwrap_or_default();
    let mut segments = path.split('/');
    match segments.next() {
        Some("sys" | "identity") => true,
        Some("auth") => segments.next() == Some(word) && template.starts_with("auth/"),
        first => first == Some(word) && !template.starts_with("auth/"),
    }
}

/// An attribute with the field that it is sent in.
struct Sent {
    field: String,
    attribute: &'static Attribute,
    part: &'static str,
}

fn sent(table: &ResourceType) -> Vec<Sent> {
    let mut found = Vec::new();
    for attribute in table.all() {
        collect(&mut found, "", attribute, attribute.part);
    }
    found
}

fn collect(found: &mut Vec<Sent>, prefix: &str, attribute: &'static Attribute, part: &'static str) {
    if let Kind::Block(Nesting::One, inner) = attribute.kind {
        let prefix = match attribute.field {
            "" => prefix.to_owned(),
            field => format!("{prefix}{field}."),
        };
        for inner in inner {
            collect(found, &prefix, inner, part);
        }
        return;
    }
    let own = match attribute.field {
        "" => attribute.name,
        field => field,
    };
    found.push(Sent {
        field: format!("{prefix}{own}"),
        attribute,
        part,
    });
}

/// The endpoints of a table by part, with what a write does to what it leaves out.
fn endpoints(table: &ResourceType) -> Vec<(&'static str, &'static str, Option<Omitted>)> {
    let mut found: Vec<_> = table
        .parts
        .iter()
        .map(|part| (part.name, part.path, Some(part.omitted)))
        .collect();
    match table.life {
        Life::Upsert(omitted) | Life::Singleton { omitted, .. } => {
            found.push(("", table.place, Some(omitted)));
        }
        Life::Generate(generate) => {
            found.push(("", table.place, Some(generate.omitted)));
            found.push(("", generate.create, None));
            found.extend(generate.instead.iter().map(|(_, path)| ("", *path, None)));
        }
        Life::Mounted(table, _) => {
            let tune = match table {
                MountTable::Secrets => "sys/mounts/{path}/tune",
                MountTable::Auth => "sys/auth/{path}/tune",
            };
            found.push(("", tune, None));
            found.push(("", &tune[..tune.len() - "/tune".len()], None));
        }
        _ => found.push(("", table.place, None)),
    }
    found
}

/// What of one row an attribute gets wrong.
fn faults(row: &Row, sent: &Sent, omitted: Option<Omitted>) -> Vec<String> {
    let attribute = sent.attribute;
    let mut faults = Vec::new();
    let form = |json: &Json| {
        let value = from_wire(&attribute.kind, json);
        value.map_or(Some(Json::Null), |value| normal(&attribute.kind, &value))
    };
    if let (Some(read), true) = (&row.read, is_comparable(row, attribute)) {
        let read = less(attribute, read);
        if form(&row.written) != form(&read) {
            faults.push(format!(
                "{} is read back as {read}, and counts as another value",
                row.written
            ));
        }
    }
    let unread = row.class == "not returned";
    if unread && is_live(attribute) && attribute.presence != Presence::Computed {
        faults.push("the server never answers it, and the table reads it".to_owned());
    }
    // What the shortest write had to say is no default.
    let default = row.default.as_ref().filter(|_| row.omit != "required");
    if let (Some(default), Some(own)) = (default, own_default(attribute)) {
        let own = own.map_or(Some(Json::Null), |own| normal(&attribute.kind, &own));
        if form(&less(attribute, default)) != own {
            faults.push(format!(
                "the server's default is {default}, the table's another"
            ));
        }
    }
    let settled = attribute.create_only || attribute.presence != Presence::Optional;
    match (row.omit, omitted) {
        // A default that is not zero is written out.
        ("kept", Some(Omitted::Reset)) if !settled && attribute.default == Default::Zero => {
            faults.push("the server keeps it where it is left out".to_owned());
        }
        ("reset", Some(Omitted::Kept)) if !settled => {
            faults.push("the server resets it where it is left out".to_owned());
        }
        _ => {}
    }
    faults
}

fn is_live(attribute: &Attribute) -> bool {
    use ReadBack::{At, Named, Same, Without, ZeroOr};
    matches!(
        attribute.read,
        Same | At(_) | Named { .. } | Without(_) | ZeroOr(_)
    )
}

/// Tells whether written and read are to be the same: ids that stand for names are asked for when comparing.
fn is_comparable(row: &Row, attribute: &Attribute) -> bool {
    is_live(attribute)
        && !matches!(attribute.read, ReadBack::Named { .. })
        && attribute.presence != Presence::Computed
        && !matches!(
            row.class,
            "not returned" | "returned empty (hidden)" | "string->list"
        )
}

/// An answer less what the server adds to it by itself.
fn less(attribute: &Attribute, answer: &Json) -> Json {
    match (attribute.read, answer) {
        (ReadBack::Without(extra), Json::Array(items)) => {
            let added = |item: &&Json| {
                let text = item.as_str().unwrap_or_default();
                !extra.iter().any(|one| one.eq_ignore_ascii_case(text))
            };
            Json::Array(items.iter().filter(added).cloned().collect())
        }
        _ => answer.clone(),
    }
}

/// The default of the table: `Some(None)` is null; `None` where the table has none to compare.
fn own_default(attribute: &Attribute) -> Option<Option<Value>> {
    if attribute.presence != Presence::Optional || !is_live(attribute) {
        return None;
    }
    Some(match attribute.default {
        Default::Zero => None,
        Default::Bool(flag) => Some(flag.into()),
        Default::Integer(number) => Some(number.into()),
        Default::Text(text) => Some(text.into()),
        Default::Texts(texts) => {
            let texts = texts.iter().map(|text| Value::from(*text)).collect();
            Some(Value::list(Type::String, texts))
        }
        Default::Server | Default::Of(_) | Default::With(_) => return None,
    })
}

/// Where a table differs from the measurement on purpose: endpoint, parameter, why.
const ON_PURPOSE: &[(&str, &str, &str)] = &[
    (
        "auth/approle/role/:name/custom-secret-id",
        "ttl",
        "looked up by its accessor, it is told as `secret_id_ttl`",
    ),
    (
        "sys/mounts/:path/tune",
        "default_lease_ttl",
        "`tune` answers what holds; the entry in the table of mounts, what was said",
    ),
    (
        "sys/mounts/:path/tune",
        "max_lease_ttl",
        "`tune` answers what holds; the entry in the table of mounts, what was said",
    ),
    (
        "sys/auth/:path/tune",
        "default_lease_ttl",
        "`tune` answers what holds; the entry in the table of mounts, what was said",
    ),
    (
        "sys/auth/:path/tune",
        "max_lease_ttl",
        "`tune` answers what holds; the entry in the table of mounts, what was said",
    ),
    (
        "auth/jwt/role/:name jwt",
        "bound_claims_type",
        "an update sends what is set, so that nothing is reset",
    ),
    (
        "auth/kubernetes/role/:name",
        "bound_service_account_namespace_selector",
        "an update sends what is set, so that nothing is reset",
    ),
    (
        "auth/kubernetes/config",
        "disable_iss_validation",
        "the default is that of Terraform's provider: a second look after it is quiet",
    ),
    (
        "identity/mfa/method/totp/:id",
        "algorithm",
        "the default is that of Terraform's provider: a second look after it is quiet",
    ),
    (
        "identity/oidc/config",
        "issuer",
        "measured with the value written; without, the server answers nothing",
    ),
    (
        "sys/config/ui/headers/:header",
        "values",
        "answered where it is asked for with `multivalue`",
    ),
];

#[test]
fn the_tables_are_as_measured() {
    let rows = rows();
    assert_eq!(rows.len(), 672);
    let tables: Vec<&ResourceType> = registry::all()
        .filter(|table| table.mode == Mode::Managed && !table.place.is_empty())
        .collect();
    let mut wrong: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut covered, mut excused) = (0, BTreeSet::new());
    let mut unreached = Vec::new();
    for row in &rows {
        let path = path(row.endpoint);
        let mut reached = false;
        for table in &tables {
            for (part, template, omitted) in endpoints(table) {
                if !fits(template, &path) || !of_engine(table, template, &path) {
                    continue;
                }
                let all = sent(table);
                // What stands below `config` in a mount's entry stands at the top where it is tuned.
                let field = |sent: &Sent| match template.ends_with("/tune") {
                    true => sent.field.trim_start_matches("config.").to_owned(),
                    false => sent.field.clone(),
                };
                let meant = |sent: &&Sent| sent.part == part && field(sent) == row.parameter;
                for sent in all.iter().filter(meant) {
                    reached = true;
                    let faults = faults(row, sent, omitted);
                    let excuse = ON_PURPOSE
                        .iter()
                        .find(|(at, name, _)| *at == row.endpoint && *name == row.parameter);
                    match (faults.is_empty(), excuse) {
                        (true, _) => {}
                        (false, Some((at, name, _))) => drop(excused.insert((*at, *name))),
                        (false, None) => {
                            let at = format!("{} {}", row.endpoint, row.parameter);
                            let told = faults.into_iter().map(|fault| {
                                format!("{}.{}: {fault}", table.name, sent.attribute.name)
                            });
                            wrong.entry(at).or_default().extend(told);
                        }
                    }
                }
            }
        }
        match reached {
            true => covered += 1,
            false => unreached.push(format!("{} {}", row.endpoint, row.parameter)),
        }
    }
    println!("{covered} parameters of {} are reached", rows.len());
    println!("not reached by any type:\n  {}", unreached.join("\n  "));
    let idle = ON_PURPOSE
        .iter()
        .filter(|(at, name, _)| !excused.contains(&(*at, *name)));
    let idle: Vec<_> = idle.collect();
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
    let told: Vec<String> = wrong
        .iter()
        .map(|(at, faults)| {
            format!(
                "{at}\n    {}",
                Vec::from_iter(faults.iter().map(String::as_str)).join("\n    ")
            )
        })
        .collect();
    assert!(told.is_empty(), "{} rows:\n{}", told.len(), told.join("\n"));
    assert!(covered >= 400, "{covered}");
}
