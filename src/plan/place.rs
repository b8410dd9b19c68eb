//! Where objects are kept, and what follows from it: which object stands in which mount or namespace.

use crate::catalog::{Life, MountTable, ResourceType};
use crate::plan::template::{Filled, effective, fill};
use crate::value::{ServerPath, Value};
use std::collections::BTreeMap;

/// Which server and namespace a provider block leads to.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The cluster's id.
    pub server: &'a str,
    /// The provider's namespace, absolute.
    pub namespace: &'a str,
}

/// Returns the absolute namespace of an object: that of the provider, and below it what the object says.
#[must_use]
pub fn namespace_of(home: Home<'_>, attributes: &Value) -> String {
    let own = attributes.field("namespace").and_then(Value::as_text);
    let own = own.unwrap_or_default().trim_matches('/');
    let base = home.namespace.trim_matches('/');
    match (base.is_empty(), own.is_empty()) {
        (true, _) => own.to_owned(),
        (false, true) => base.to_owned(),
        (false, false) => format!("{base}/{own}"),
    }
}

/// Returns the place of an object; `None` while it is not known. `id` is what the server calls a generated object.
#[must_use]
pub fn place_of(
    kind: &ResourceType,
    attributes: &Value,
    home: Home<'_>,
    id: Option<&str>,
) -> Option<ServerPath> {
    let template = match kind.life {
        Life::Member { object, .. } => object,
        _ => kind.place,
    };
    if attributes.field("namespace").is_some_and(Value::is_unknown) {
        return None;
    }
    match fill(template, kind, attributes, id) {
        Filled::Known(path) => {
            let path = stored_spelling(kind, &path, attributes);
            Some(ServerPath::new(
                home.server,
                &namespace_of(home, attributes),
                &path,
            ))
        }
        _ => None,
    }
}

/// Returns what no two declarations may have in common: what names an object, and among which things. A mount or a secret
/// is the same one in every type that can declare it; else a type's places are its own.
#[must_use]
pub fn claim_of(kind: &ResourceType, place: &ServerPath) -> (ServerPath, &'static str) {
    match (kind.life, kind.one_of) {
        (Life::Mounted(..), _) => (place.clone(), "mount"),
        (_, Some((things, template))) => {
            let texts = read_back(kind.place, &place.path);
            let name = texts.iter().fold(template.to_owned(), |name, (key, text)| {
                name.replace(&format!("{{{key}}}"), text)
            });
            (place.beside(&name), things)
        }
        _ => (place.clone(), kind.name),
    }
}

/// Returns the texts that a template's placeholders have in a path; empty where the path is not of the template. A
/// placeholder before literal text holds the shortest fitting text, the last one the rest.
#[must_use]
pub fn read_back(template: &str, path: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (mut template, mut path) = (template, path);
    while let Some((literal, rest)) = template.split_once('{') {
        let (Some(after), Some((names, tail))) = (path.strip_prefix(literal), rest.split_once('}'))
        else {
            return BTreeMap::new();
        };
        let next = tail.split('{').next().unwrap_or_default();
        let cut = if next.is_empty() {
            Some(after.len())
        } else {
            after.find(next)
        };
        let Some((text, left)) = cut.and_then(|cut| after.split_at_checked(cut)) else {
            return BTreeMap::new();
        };
        for name in names.split('|') {
            found.insert(name.to_owned(), text.to_owned());
        }
        (template, path) = (tail, left);
    }
    if template == path {
        found
    } else {
        BTreeMap::new()
    }
}

/// Names that the server stores in lower case make one place in every spelling.
fn stored_spelling(kind: &ResourceType, path: &str, attributes: &Value) -> String {
    let mut path = path.to_owned();
    for attribute in kind.all() {
        let lower = matches!(attribute.kind, crate::catalog::Kind::Text { lower: true });
        let value = effective(
            Some(attribute),
            attributes.field(attribute.name),
            attributes,
        );
        if lower
            && attribute.read == crate::catalog::ReadBack::Place
            && let Some(text) = value.as_ref().and_then(Value::as_text)
            && let Some(head) = path.strip_suffix(text)
        {
            path = format!("{head}{}", text.to_lowercase());
        }
    }
    path
}

/// Returns the path below which everything belongs to the object: a mount's, a namespace's.
#[must_use]
pub fn governs(kind: &ResourceType, place: &ServerPath) -> Option<ServerPath> {
    match kind.life {
        Life::Mounted(MountTable::Secrets, _) => {
            Some(place.beside(place.path.strip_prefix("sys/mounts/")?))
        }
        Life::Mounted(MountTable::Auth, _) => {
            let path = place.path.strip_prefix("sys/auth/")?;
            Some(place.beside(&format!("auth/{path}")))
        }
        _ => {
            let path = place.path.strip_prefix("sys/namespaces/")?;
            let namespace = format!("{}/{path}", place.namespace);
            Some(ServerPath::new(&place.server, &namespace, ""))
        }
    }
}

/// Iterates over the places that may govern a place, from the nearest outwards: each mount path above it, then each
/// namespace around it.
pub fn ancestors(place: &ServerPath) -> impl Iterator<Item = ServerPath> {
    let mut found = Vec::new();
    let mut path: &str = &place.path;
    while let Some(cut) = path.rfind('/') {
        path = &path[..cut];
        found.push(place.beside(path));
    }
    let mut namespace: &str = &place.namespace;
    while !namespace.is_empty() {
        found.push(ServerPath::new(&place.server, namespace, ""));
        namespace = namespace.rfind('/').map_or("", |cut| &namespace[..cut]);
    }
    found.into_iter()
}

/// Returns the places that the object's attributes name: policies, database connections.
#[must_use]
pub fn referred(kind: &ResourceType, attributes: &Value, place: &ServerPath) -> Vec<ServerPath> {
    let mut found = Vec::new();
    for attribute in kind.all() {
        let (Some(template), Some(value)) = (attribute.refers, attributes.field(attribute.name))
        else {
            continue;
        };
        let single = std::slice::from_ref(value);
        for name in value.as_items().unwrap_or(single) {
            let Some(name) = name.as_text() else { continue };
            let template = template.replace("{}", name);
            if let Filled::Known(path) = fill(&template, kind, attributes, None) {
                found.push(place.beside(&path));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{claim_of, read_back};
    use crate::catalog::registry::lookup;
    use crate::value::{Mode, ServerPath};

    fn claim(type_name: &str, path: &str) -> (ServerPath, &'static str) {
        let kind = lookup(Mode::Managed, type_name).unwrap();
        claim_of(kind, &ServerPath::new("one", "", path))
    }

    #[test]
    fn a_thing_is_the_same_one_in_every_type_that_can_declare_it() {
        let secret = claim("vault_kv_secret_v2", "kv/data/app/one");
        assert_eq!(secret, claim("vault_generic_secret", "kv/app/one"));
        assert_eq!(secret, claim("vault_kv_secret", "kv/app/one"));
        assert_ne!(secret, claim("vault_generic_secret", "kv/app/two"));
        let mount = claim("vault_mount", "sys/mounts/db");
        assert_eq!(
            mount,
            claim("vault_database_secrets_mount", "sys/mounts/db")
        );
        // What is written to any path may be a part of what another type declares.
        let whole = claim(
            "vault_userpass_auth_backend_user",
            "auth/userpass/users/ada",
        );
        assert_ne!(
            whole,
            claim("vault_generic_endpoint", "auth/userpass/users/ada")
        );
    }

    #[test]
    fn a_path_tells_what_its_template_was_filled_with() {
        let found = read_back("auth/{backend}/role/{role_name}", "auth/a/b/role/web/x");
        let pairs: Vec<_> = found
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        assert_eq!(pairs, [("backend", "a/b"), ("role_name", "web/x")]);
        assert!(read_back("auth/{backend}/role/{role_name}", "auth/a").is_empty());
        assert_eq!(
            read_back("sys/mounts/{path|type}", "sys/mounts/kv").len(),
            2
        );
        assert!(read_back("{backend}/config", "pki/other").is_empty());
    }
}
