//! All tables, by name.

use super::{Attribute, Kind, ResourceType, auth, helpers, identity, secrets, system};
use crate::value::Mode;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// The types of one engine, as the index of the documentation lists them.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its title: `AppRole`.
    pub name: &'static str,
    pub types: &'static [ResourceType],
}

/// Every engine, in the order of the documentation.
pub const ENGINES: &[Engine] = &[
    engine("Mounts", system::mounts::TYPES),
    engine("Policies", system::policies::TYPES),
    engine("Namespaces", system::namespaces::TYPES),
    engine("Audit", system::audit::TYPES),
    engine("Quotas", system::quotas::TYPES),
    engine("Server settings", system::settings::TYPES),
    engine("KV", secrets::kv::TYPES),
    engine("Any secret or endpoint", secrets::generic::TYPES),
    engine("Databases", secrets::database::TYPES),
    engine("PKI", secrets::pki::TYPES),
    engine("Transit", secrets::transit::TYPES),
    engine("SSH", secrets::ssh::TYPES),
    engine("Kubernetes", secrets::kubernetes::TYPES),
    engine("RabbitMQ", secrets::rabbitmq::TYPES),
    engine("One-time passwords", secrets::totp::TYPES),
    engine("AppRole", auth::approle::TYPES),
    engine("Tokens", auth::token::TYPES),
    engine("Userpass", auth::userpass::TYPES),
    engine("Kubernetes auth", auth::kubernetes::TYPES),
    engine("JWT and OIDC auth", auth::jwt::TYPES),
    engine("Certificate auth", auth::cert::TYPES),
    engine("Entities", identity::entities::TYPES),
    engine("Groups", identity::groups::TYPES),
    engine("Second factors", identity::mfa::TYPES),
    engine("OIDC provider", identity::oidc::TYPES),
    engine("Helpers", helpers::TYPES),
    engine("Random values", helpers::random::TYPES),
    engine("Times", helpers::time::TYPES),
    engine("Keys and certificates made here", helpers::tls::TYPES),
    engine("Files, programs, pages", helpers::outside::TYPES),
];

const fn engine(name: &'static str, types: &'static [ResourceType]) -> Engine {
    Engine { name, types }
}

/// Returns the table of a type. `bao_x` is another name of `vault_x`, and the other way round.
#[must_use]
pub fn lookup(mode: Mode, name: &str) -> Option<&'static ResourceType> {
    static BY_NAME: OnceLock<HashMap<(Mode, &'static str), &'static ResourceType>> =
        OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        all()
            .map(|table| ((table.mode, table.name), table))
            .collect()
    });
    let spelled = |name: &str| by_name.get(&(mode, name)).copied();
    spelled(name)
        .or_else(|| spelled(&canonical(name)))
        .or_else(|| spelled(&format!("bao_{}", name.strip_prefix("vault_")?)))
}

/// Returns the name of an attribute as a text that all objects share; of another name, a text of its own.
#[must_use]
pub fn shared_name(name: &str) -> Arc<str> {
    static KEYS: LazyLock<HashMap<&'static str, Arc<str>>> = LazyLock::new(|| {
        let mut keys = HashMap::new();
        for attribute in all().flat_map(ResourceType::all) {
            learn(attribute, &mut keys);
        }
        keys
    });
    KEYS.get(name).cloned().unwrap_or_else(|| Arc::from(name))
}

fn learn(attribute: &Attribute, keys: &mut HashMap<&'static str, Arc<str>>) {
    keys.entry(attribute.name)
        .or_insert_with(|| Arc::from(attribute.name));
    if let Kind::Block(_, inner) = attribute.kind {
        inner.iter().for_each(|inner| learn(inner, keys));
    }
}

/// Iterates over all tables, engine by engine.
pub fn all() -> impl Iterator<Item = &'static ResourceType> {
    ENGINES.iter().flat_map(|engine| engine.types)
}

/// Returns the names of all types of a mode, sorted.
#[must_use]
pub fn names(mode: Mode) -> Vec<&'static str> {
    let mut names: Vec<_> = all()
        .filter(|table| table.mode == mode)
        .map(|table| table.name)
        .collect();
    names.sort_unstable();
    names
}

/// Returns the name under which tables list a type: `vault_mount` for `bao_mount`.
#[must_use]
pub fn canonical(name: &str) -> std::borrow::Cow<'_, str> {
    match name.strip_prefix("bao_") {
        Some(rest) => format!("vault_{rest}").into(),
        None => name.into(),
    }
}
