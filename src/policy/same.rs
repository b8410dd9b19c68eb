//! Whether two policy texts say the same.

use std::collections::BTreeMap;

use super::merged::merge;
use super::parse::parse;
use super::rule::{Permissions, Policy};
use super::server::Server;

/// Tells whether two texts are equal as policies: comments, format, order and spelling do not count.
/// Texts that the server would refuse are equal only when they are the same text.
#[must_use]
pub fn same(left: &str, right: &str, server: Server) -> bool {
    if left == right {
        return true;
    }
    let ((left, left_faults), (right, right_faults)) =
        (parse(left, None, server), parse(right, None, server));
    let sound = left_faults
        .iter()
        .chain(&right_faults)
        .all(|one| !one.is_error());
    sound && canonical(&left) == canonical(&right)
}

/// Returns text that equal policies share, for digests and comparison; a text that the server would refuse is its own.
#[must_use]
pub fn normal(text: &str, server: Server) -> String {
    let (policy, faults) = parse(text, None, server);
    if faults.iter().any(crate::source::Diagnostic::is_error) {
        return text.to_owned();
    }
    format!("{:?}", canonical(&policy))
}

/// A rule's path without one leading slash, and when it ends: rules merge only while both are equal.
type Place = (String, Option<i64>);

fn canonical(policy: &Policy) -> BTreeMap<Place, Permissions> {
    let mut rules: BTreeMap<Place, Permissions> = BTreeMap::new();
    for rule in &policy.rules {
        let path = rule.path.strip_prefix('/').unwrap_or(&rule.path).to_owned();
        match rules.entry((path, rule.expiration)) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(rule.permissions.clone());
            }
            std::collections::btree_map::Entry::Occupied(mut known) => {
                merge(known.get_mut(), &rule.permissions);
            }
        }
    }
    rules
        .into_iter()
        .map(|(place, one)| (place, plain(one)))
        .collect()
}

/// Returns permissions in the one form that equal ones share.
pub(super) fn plain(mut permissions: Permissions) -> Permissions {
    if !permissions.capabilities.grants() {
        return Permissions {
            capabilities: permissions.capabilities,
            ..Permissions::default()
        };
    }
    for parameters in [&mut permissions.allowed, &mut permissions.denied] {
        if parameters.as_ref().is_some_and(BTreeMap::is_empty) {
            *parameters = None;
        }
        for values in parameters.iter_mut().flat_map(|all| all.values_mut()) {
            values.sort();
            values.dedup();
        }
    }
    permissions.required = sorted(permissions.required.iter().map(|one| one.to_lowercase()));
    permissions.mfa_methods = sorted(permissions.mfa_methods);
    permissions.subscribe_event_types = sorted(permissions.subscribe_event_types);
    permissions.min_wrapping_ttl = permissions.min_wrapping_ttl.max(0);
    permissions.max_wrapping_ttl = permissions.max_wrapping_ttl.max(0);
    permissions.pagination_limit = permissions.pagination_limit.max(0);
    if let Some(group) = &mut permissions.control_group {
        group.factors.sort();
    }
    permissions
}

fn sorted(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.into_iter().collect();
    texts.sort();
    texts.dedup();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(left: &str, right: &str) -> bool {
        same(left, right, Server::OPENBAO)
    }

    #[test]
    fn form_does_not_count() {
        let plain = r#"path "kv/*" { capabilities = ["read", "list"] }"#;
        assert!(equal(
            plain,
            "# why\npath \"/kv/*\" {\n  capabilities = [\"list\", \"read\"]\n}\n"
        ));
        assert!(equal(
            plain,
            r#"{"path": {"kv/*": {"capabilities": ["read", "list"]}}}"#
        ));
        assert!(equal(plain, r#"path "kv/*" { policy = "read" }"#));
        assert!(equal(
            plain,
            r#"path "kv/*" { capabilities = ["read"] } path "kv/*" { capabilities = ["list"] }"#
        ));
    }

    #[test]
    fn meaning_counts() {
        let plain = r#"path "kv/*" { capabilities = ["read", "list"] }"#;
        assert!(!equal(plain, r#"path "kv/*" { capabilities = ["read"] }"#));
        assert!(!equal(
            plain,
            r#"path "kv/" { capabilities = ["read", "list"] }"#
        ));
        assert!(!equal(
            plain,
            r#"path "kv/*" { capabilities = ["read", "list"] denied_parameters = { a = [] } }"#
        ));
        assert!(!equal(
            r#"path "a" {}"#,
            r#"path "a" { capabilities = ["deny"] }"#
        ));
        assert!(!equal("path {", "path  {"));
    }
}
