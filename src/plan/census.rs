//! What one side of a plan says of access: policies, who holds them, mounts, and what lints look at besides. An object is
//! told by its place in the server's API, so that a generic endpoint counts as what it is.

mod fields;
mod identity;
mod roles;

use crate::catalog::{Kind, Life, ResourceType};
use crate::plan::template::{fill, respelled};
use crate::plan::{Plan, Step};
use crate::policy::lint::{DatabaseRole, Mount, Origin, PkiRole, TransitKey};
use crate::policy::{Census, Issuer, PolicyText};
use crate::source::Span;
use crate::value::{Mode, Value, json};
use fields::Fields;
use std::borrow::Cow;

/// Which side of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// One object: where it is kept, and its attributes.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    /// The API path; `?` in place of an id that is not known.
    pub path: String,
    /// `""` for the root namespace, else with a final slash.
    pub namespace: String,
    /// The type, where the values are those of a table; none for what a server answered.
    pub kind: Option<&'static ResourceType>,
    pub values: Cow<'a, Value>,
    /// The address, or the place where no configuration declares it.
    pub address: String,
    pub span: Option<Span>,
}

impl Object<'_> {
    fn origin(&self) -> Origin {
        Origin {
            address: Some(self.address.clone()),
            span: self.span,
        }
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            kind: self.kind,
            values: &self.values,
        }
    }
}

/// Takes stock of one side of a plan.
#[must_use]
pub fn census(plan: &Plan, side: Side) -> Census {
    let mut census = Census::default();
    for step in &plan.steps {
        if let Some(object) = object(step, side) {
            add(&mut census, &object);
        }
    }
    census.settle();
    census
}

fn object(step: &Step, side: Side) -> Option<Object<'_>> {
    use crate::plan::Change::{Delete, Forget};
    if step.address.mode != Mode::Managed {
        return None;
    }
    let values = match side {
        Side::Before => step.before.as_ref()?,
        Side::After if step.change == Delete => return None,
        // It leaves the files and stays on the server.
        Side::After if step.change == Forget => step.before.as_ref()?,
        Side::After => step.after.as_ref()?,
    };
    let kind = step.kind;
    let template = match kind.life {
        Life::Member { object, .. } => object,
        _ => kind.place,
    };
    let moved = step.old_place.as_ref().filter(|_| side == Side::Before);
    let place = moved.or(step.place.as_ref());
    let own = values.field("namespace").and_then(Value::as_text);
    let namespace = place.map_or(own.unwrap_or_default(), |place| &place.namespace);
    Some(Object {
        path: path_of(template, kind, values),
        namespace: namespace_prefix(namespace),
        kind: Some(kind),
        values: Cow::Owned(respelled(kind, values)),
        address: step.address.to_string(),
        span: step.span,
    })
}

/// Fills a template of a place; what is not known is `?`.
fn path_of(template: &str, kind: &'static ResourceType, values: &Value) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((literal, names)) = rest.split_once('{') {
        let (names, tail) = names.split_once('}').unwrap_or((names, ""));
        path.push_str(literal);
        let filled = fill(&format!("{{{names}}}"), kind, values, Some("?")).known();
        path.push_str(filled.as_deref().unwrap_or("?"));
        rest = tail;
    }
    path + rest
}

/// Returns a namespace as policies write it: with a final slash, the root as nothing.
#[must_use]
pub fn namespace_prefix(namespace: &str) -> String {
    match namespace.trim_matches('/') {
        "" => String::new(),
        inner => format!("{inner}/"),
    }
}

/// Adds an object to what is known.
pub fn add(census: &mut Census, object: &Object<'_>) {
    if let Some(plain) = endpoint(object) {
        return add(census, &plain);
    }
    let segments: Vec<&str> = object.path.split('/').collect();
    match segments.as_slice() {
        ["sys", "policies", "acl", name @ ..] | ["sys", "policy", name @ ..] => {
            policy(census, object, &name.join("/"));
        }
        ["sys", "mounts", path @ ..] => mount(census, object, &format!("{}/", path.join("/"))),
        ["sys", "auth", path @ .., "tune"] => {
            tuned(census, object, &format!("auth/{}/", path.join("/")));
        }
        ["sys", "auth", path @ ..] => mount(census, object, &format!("auth/{}/", path.join("/"))),
        ["sys", "audit", _, ..] => census.audit_devices += 1,
        ["identity", "group", ..] => identity::group(census, object),
        ["identity", "entity", ..] => identity::entity(census, object),
        ["identity", "entity-alias", ..] => identity::alias(census, object),
        ["auth", ..] => roles::add(census, object),
        _ => engine(census, object),
    }
}

/// Returns what a generic endpoint writes as the object that it is.
fn endpoint<'a>(object: &Object<'a>) -> Option<Object<'a>> {
    let kind = object.kind?;
    if !matches!(kind.life, Life::Endpoint) {
        return None;
    }
    let body = object.values.field("data_json")?.as_text()?;
    let body = serde_json::from_str(body).ok()?;
    Some(Object {
        kind: None,
        values: Cow::Owned(json::from_json(&body).ok()?),
        ..object.clone()
    })
}

fn policy(census: &mut Census, object: &Object<'_>, name: &str) {
    let fields = object.fields();
    let attribute = object.kind.map_or("policy", |kind| {
        let text = kind
            .all()
            .find(|attribute| matches!(attribute.kind, Kind::Policy));
        text.map_or("policy", |attribute| attribute.name)
    });
    let text = fields.readable(attribute);
    let policy = PolicyText {
        name: name.to_lowercase(),
        namespace: object.namespace.clone(),
        text: text.clone().unwrap_or_default(),
        origin: object.origin(),
    };
    match text {
        Some(_) => census.policies.push(policy),
        None => census.unread.push(policy),
    }
}

fn mount(census: &mut Census, object: &Object<'_>, path: &str) {
    let fields = object.fields();
    let fixed = match object.kind.map(|kind| kind.life) {
        Some(Life::Mounted(_, crate::catalog::MountType::Fixed(kind))) => Some(kind.to_owned()),
        _ => None,
    };
    let version = fields
        .value("options")
        .and_then(|options| options.field("version")?.as_text()?.parse().ok());
    let limit = [
        "max_lease_ttl_seconds",
        "tune.max_lease_ttl",
        "config.max_lease_ttl",
    ]
    .iter()
    .find_map(|name| fields.seconds(name))
    .filter(|limit| *limit > 0);
    census.mounts.push(Mount {
        path: path.to_owned(),
        kind: fixed.or_else(|| fields.text("type")).unwrap_or_default(),
        version,
        accessor: fields.text("accessor"),
        namespace: object.namespace.clone(),
        max_ttl: limit,
        lockout_disabled: fields
            .flag("config.user_lockout_config.lockout_disable")
            .or_else(|| fields.flag("tune.user_lockout_config.lockout_disable")),
        origin: object.origin(),
    });
}

/// A mount's tuning that is written by itself.
fn tuned(census: &mut Census, object: &Object<'_>, path: &str) {
    let disabled = object.fields().flag("user_lockout_config.lockout_disable");
    census.mounts.push(Mount {
        path: path.to_owned(),
        namespace: object.namespace.clone(),
        lockout_disabled: disabled,
        origin: object.origin(),
        ..Mount::default()
    });
}

/// What engines keep below their mounts, told by what it says.
fn engine(census: &mut Census, object: &Object<'_>) {
    let fields = object.fields();
    let name = object.path.clone();
    let origin = object.origin();
    if fields.has("allow_any_name") {
        census.pki_roles.push(PkiRole {
            mount: fields.text("backend").unwrap_or_default(),
            name,
            allow_any_name: fields.flag("allow_any_name"),
            key_type: fields.text("key_type"),
            key_bits: fields.number("key_bits"),
            max_ttl: fields.seconds("max_ttl").filter(|ttl| *ttl > 0),
            issuer_remaining: None,
            origin,
        });
    } else if fields.has("allow_plaintext_backup") {
        census.transit_keys.push(TransitKey {
            name,
            exportable: fields.flag("exportable"),
            allow_plaintext_backup: fields.flag("allow_plaintext_backup"),
            origin,
        });
    } else if fields.has("creation_statements") && fields.has("revocation_statements") {
        let revokes = fields.is_readable("revocation_statements");
        census.database_roles.push(DatabaseRole {
            name,
            revocation_statements: revokes.then(|| fields.texts("revocation_statements")),
            origin,
        });
    } else {
        issuer(census, object);
    }
}

/// Certificates of authorities, by the path that makes them.
fn issuer(census: &mut Census, object: &Object<'_>) {
    let Some(Life::Generate(generate)) = object.kind.map(|kind| kind.life) else {
        return;
    };
    let fields = object.fields();
    let backend = fields.text("backend").unwrap_or_default();
    let mut issuer = Issuer {
        mount: backend.trim_matches('/').to_owned(),
        address: object.address.clone(),
        ttl: fields.seconds("ttl"),
        signed_by: None,
    };
    match generate.create.split_once('/').map(|(_, rest)| rest) {
        Some(path) if path.starts_with("root/generate/") => {}
        Some("intermediate/set-signed") => {
            let given = object.values.field("certificate");
            let waits = given.map(Value::waits_for).unwrap_or_default();
            issuer.signed_by = waits.first().map(ToString::to_string);
            issuer.ttl = None;
        }
        // It issues for another mount.
        Some(path) if path.contains("sign-intermediate") => issuer.mount = String::new(),
        _ => return,
    }
    census.issuers.push(issuer);
}
