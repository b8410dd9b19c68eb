//! Who logs in: roles and users of auth methods, token roles, tokens.

use super::Object;
use super::fields::Fields;
use crate::catalog::{Life, Presence};
use crate::policy::lint::{AuthRole, Binding};
use crate::policy::{Census, Holder, HolderKind};

/// The template of the place that names of policies stand for.
const POLICIES: &str = "sys/policies/acl/{}";

/// Adds what stands below `auth/`, where it gives tokens.
pub(super) fn add(census: &mut Census, object: &Object<'_>) {
    let (fields, path) = (object.fields(), object.path.as_str());
    let token_role = path.starts_with("auth/token/roles/");
    let Some(policies) = policies(object, token_role) else {
        return;
    };
    let made = object
        .kind
        .is_some_and(|kind| matches!(kind.life, Life::Generate(_)));
    let kind = match (token_role, made) {
        (true, _) => HolderKind::TokenRole,
        (_, true) => HolderKind::Token,
        _ => HolderKind::Role,
    };
    let mut role = AuthRole {
        name: if made {
            object.address.clone()
        } else {
            path.to_owned()
        },
        policies,
        token_role,
        origin: object.origin(),
        ..AuthRole::default()
    };
    if kind != HolderKind::Token {
        life(&mut role, fields, kind);
    }
    if kind == HolderKind::Role {
        role.bindings = bindings(object);
        role.needs_secret = needs_secret(object);
    }
    let mut holder = Holder::new(kind, role);
    holder.namespace.clone_from(&object.namespace);
    holder.no_default = ["token_no_default_policy", "no_default_policy"]
        .iter()
        .any(|name| fields.flag(name) == Some(true));
    holder.mount = mount_of(path);
    census.holders.push(holder);
}

/// Returns the mount that a path below `auth/` belongs to: what stands before the last two segments, as mounts may have
/// slashes within.
fn mount_of(path: &str) -> String {
    let mut segments: Vec<&str> = path.split('/').collect();
    segments.truncate(segments.len().saturating_sub(2).max(2));
    segments.join("/") + "/"
}

/// Returns the policies that tokens get; `None` for what gives none.
fn policies(object: &Object<'_>, token_role: bool) -> Option<Vec<String>> {
    let fields = object.fields();
    if token_role {
        return Some(fields.texts("allowed_policies"));
    }
    let Some(kind) = object.kind else {
        let name = ["token_policies", "policies"]
            .into_iter()
            .find(|name| object.values.field(name).is_some())?;
        return Some(fields.texts(name));
    };
    let mut names = kind.all().filter(|attribute| {
        attribute.refers == Some(POLICIES) && attribute.presence != Presence::Computed
    });
    let mut found = fields.texts(names.next()?.name);
    names.for_each(|attribute| found.extend(fields.texts(attribute.name)));
    Some(found)
}

fn life(role: &mut AuthRole, fields: Fields<'_>, kind: HolderKind) {
    role.explicit_max_ttl = fields.seconds("token_explicit_max_ttl");
    role.period = fields.seconds("token_period");
    if kind == HolderKind::TokenRole {
        // Servers keep no other bound for token roles.
        role.ttl = role.explicit_max_ttl;
        role.max_ttl = role.explicit_max_ttl;
    } else {
        role.ttl = fields.seconds("token_ttl");
        role.max_ttl = fields.seconds("token_max_ttl");
    }
}

/// Returns what a login must match. Audiences name the server, not who logs in.
fn bindings(object: &Object<'_>) -> Vec<Binding> {
    let fields = object.fields();
    let names: Vec<String> = match object.kind {
        Some(kind) => kind
            .all()
            .map(|attribute| attribute.name.to_owned())
            .collect(),
        None => {
            let known = object.values.as_fields();
            known
                .into_iter()
                .flatten()
                .map(|(name, _)| name.to_string())
                .collect()
        }
    };
    let binds = |name: &&String| {
        let network = name.ends_with("bound_cidrs");
        (name.starts_with("bound_") || network)
            && !name.ends_with("audiences")
            && !name.ends_with("_type")
    };
    let readable = |name: &&String| fields.is_readable(name);
    let chosen: Vec<&String> = names.iter().filter(binds).collect();
    let only_networks = chosen.iter().all(|name| name.ends_with("bound_cidrs"));
    if only_networks && fields.flag("bind_secret_id").is_none() {
        return Vec::new();
    }
    if !chosen.iter().all(readable) {
        return Vec::new();
    }
    let binding = |name: &String| Binding {
        name: name.clone(),
        values: values(fields, name),
        decisive: name == "bound_service_account_namespaces",
    };
    chosen.into_iter().map(binding).collect()
}

/// Returns the values of a constraint; one that holds `*` alone says nothing.
fn values(fields: Fields<'_>, name: &str) -> Vec<String> {
    let mut values = fields.texts(name);
    let map = fields
        .value(name)
        .is_some_and(|value| value.as_fields().is_some());
    if map && values.iter().any(|value| value != "*") {
        values.retain(|value| value != "*");
    }
    values
}

/// Tells whether a login needs more than a name: where no attribute says so, a password or certificate.
fn needs_secret(object: &Object<'_>) -> Option<bool> {
    let fields = object.fields();
    if let Some(asks) = fields.flag("bind_secret_id") {
        return Some(asks);
    }
    let proves = [
        "password",
        "password_wo",
        "password_hash",
        "certificate",
        "public_keys",
    ];
    proves.iter().any(|name| fields.has(name)).then_some(true)
}
