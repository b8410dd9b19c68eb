//! Lints about roles, keys, mounts and what names policies.

use std::collections::BTreeSet;

use super::{AuthRole, Binding, Report};
use crate::source::nearest;

/// Runs the lints of this file.
pub(super) fn check(report: &mut Report<'_>) {
    policies(report);
    let facts = report.facts;
    for role in facts.roles {
        life(role, report);
        binding(role, report);
    }
    certificates(report);
    engines(report);
    server(report);
}

/// Policies that every server has.
const BUILT_IN: &[&str] = &["root", "default"];

fn policies(report: &mut Report<'_>) {
    let facts = report.facts;
    // The servers keep the names of policies in lower case.
    let named = facts.roles.iter().flat_map(|role| &role.policies);
    let named: BTreeSet<String> = named.map(|name| name.to_lowercase()).collect();
    let known: BTreeSet<String> = facts
        .policies
        .iter()
        .map(|policy| policy.name.to_lowercase())
        .collect();
    if facts.roles_complete {
        for policy in facts.policies {
            let name = policy.name.to_lowercase();
            if !named.contains(&name) && !BUILT_IN.contains(&name.as_str()) {
                let message = format!("no role, user or group uses the policy `{name}`");
                let hint = "remove it, or give it to a role";
                report.object("VF-R001", &policy.origin, message, hint);
            }
        }
    }
    if !facts.policies_complete {
        return;
    }
    for role in facts.roles {
        for name in &role.policies {
            let name = name.to_lowercase();
            if BUILT_IN.contains(&name.as_str()) || known.contains(&name) {
                continue;
            }
            let near = nearest(&name, known.iter().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let message = format!(
                "`{}` names the policy `{name}`, which does not exist",
                role.name
            );
            let hint = hint
                .as_deref()
                .unwrap_or("the server takes it silently, and grants nothing");
            report.object("VF-R002", &role.origin, message, hint);
        }
    }
}

fn life(role: &AuthRole, report: &mut Report<'_>) {
    if role.ttl == Some(0) && role.max_ttl == Some(0) && role.period.unwrap_or(0) == 0 {
        let message = format!(
            "tokens of `{}` live as long as the mount allows, usually 32 days",
            role.name
        );
        report.object(
            "VF-R003",
            &role.origin,
            message,
            "set `token_ttl` and `token_max_ttl`",
        );
    }
    let unbounded = role.explicit_max_ttl == Some(0) || role.explicit_max_ttl.is_none();
    if role.period.is_some_and(|period| period > 0) && unbounded {
        let message = format!("tokens of `{}` can be renewed for ever", role.name);
        let hint =
            "set `token_explicit_max_ttl`, or use `token_ttl` and `token_max_ttl` without a period";
        report.object("VF-R004", &role.origin, message, hint);
    }
    let bounded = role.max_ttl.is_some_and(|limit| limit > 0) && !role.token_role;
    if role.period.is_some_and(|period| period > 0) && bounded {
        let message = format!(
            "the maximum of `{}` bounds nothing: its tokens are periodic",
            role.name
        );
        let hint = "remove `token_max_ttl`, or the period";
        report.object("VF-R014", &role.origin, message, hint);
    }
}

fn binding(role: &AuthRole, report: &mut Report<'_>) {
    let open = |values: &[String]| values.is_empty() || values.iter().any(|one| one == "*");
    let decisive = |one: &Binding| one.decisive && open(&one.values);
    let bound =
        role.bindings.iter().any(|one| !open(&one.values)) && !role.bindings.iter().any(decisive);
    let asked = !role.bindings.is_empty() || role.needs_secret == Some(false);
    if asked && !bound && role.needs_secret != Some(true) {
        let named = role
            .bindings
            .iter()
            .filter(|one| !role.bindings.iter().any(decisive) || decisive(one));
        let names: Vec<String> = named.map(|one| format!("`{}`", one.name)).collect();
        let message = format!(
            "`{}` is bound to nothing: whoever reaches the server can log in with it",
            role.name
        );
        let hint = if names.is_empty() {
            "bind it to networks, or ask for a secret".to_owned()
        } else {
            format!("give {} real values", names.join(" or "))
        };
        report.object("VF-R005", &role.origin, message, &hint);
    }
}

/// Bits below which a key of a type counts as small.
fn smallest_key(kind: &str) -> Option<i64> {
    match kind {
        "rsa" => Some(2048),
        "ec" => Some(256),
        _ => None,
    }
}

fn certificates(report: &mut Report<'_>) {
    for role in report.facts.pki_roles {
        if role.allow_any_name == Some(true) {
            let message = format!("`{}` issues certificates for any name", role.name);
            report.object(
                "VF-R006",
                &role.origin,
                message,
                "set `allowed_domains` instead of `allow_any_name`",
            );
        }
        let least = role.key_type.as_deref().and_then(smallest_key);
        if let (Some(bits), Some(least)) = (role.key_bits, least)
            && bits > 0
            && bits < least
        {
            let message = format!("`{}` allows keys of {bits} bits", role.name);
            report.object(
                "VF-R007",
                &role.origin,
                message,
                &format!("ask for at least {least}"),
            );
        }
        if let (Some(ttl), Some(left)) = (role.max_ttl, role.issuer_remaining)
            && ttl > left
        {
            let message = format!("certificates of `{}` would outlive their issuer", role.name);
            report.object(
                "VF-R008",
                &role.origin,
                message,
                "lower `max_ttl`, or renew the issuer",
            );
        }
    }
}

fn engines(report: &mut Report<'_>) {
    for key in report.facts.transit_keys {
        let open = [
            ("exportable", key.exportable),
            ("allow_plaintext_backup", key.allow_plaintext_backup),
        ];
        for (name, _) in open.into_iter().filter(|(_, set)| *set == Some(true)) {
            let message = format!(
                "the key `{}` can leave the server: `{name}` is set, and cannot be unset",
                key.name
            );
            report.object(
                "VF-R009",
                &key.origin,
                message,
                "make a new key without it, and rewrap",
            );
        }
    }
    for role in report.facts.database_roles {
        let none = role
            .revocation_statements
            .as_ref()
            .is_some_and(Vec::is_empty);
        if none {
            let message = format!(
                "`{}` relies on the plugin's default to revoke users",
                role.name
            );
            let hint = "write `revocation_statements` that undo `creation_statements`";
            report.object("VF-R010", &role.origin, message, hint);
        }
    }
}

fn server(report: &mut Report<'_>) {
    let facts = report.facts;
    if facts.audit_devices == Some(0) {
        let message = "the server has no audit device: nobody can tell what was done".to_owned();
        report.object("VF-R011", &super::Origin::default(), message, "declare one");
    }
    let mounts = facts.mounts.unwrap_or_default();
    for mount in mounts
        .iter()
        .filter(|mount| mount.lockout_disabled == Some(true))
    {
        let message = format!(
            "`{}` never locks a user out: passwords can be guessed",
            mount.path
        );
        report.object(
            "VF-R012",
            &mount.origin,
            message,
            "switch the lockout on again",
        );
    }
    for alias in facts.aliases {
        let known = |mount: &super::Mount| mount.accessor.as_ref() == Some(&alias.mount_accessor);
        let complete = !mounts.is_empty() && mounts.iter().all(|mount| mount.accessor.is_some());
        let orphan = alias.has_entity == Some(false)
            || complete && !mounts.iter().any(known)
            || !may_be_accessor(&alias.mount_accessor);
        if orphan {
            let message = format!(
                "the entity alias `{}` belongs to no entity or no auth mount",
                alias.name
            );
            report.object(
                "VF-R013",
                &alias.origin,
                message,
                "remove it, or name an accessor that exists",
            );
        }
    }
}

/// Tells whether a text is of the form that the servers give accessors of auth mounts, `auth_userpass_1a2b3c4d`; nothing
/// is one that is not known yet.
fn may_be_accessor(text: &str) -> bool {
    let hex = |digits: &str| digits.len() == 8 && digits.bytes().all(|one| one.is_ascii_hexdigit());
    let rest = text
        .strip_prefix("auth_")
        .and_then(|rest| rest.rsplit_once('_'));
    text.is_empty() || rest.is_some_and(|(kind, digits)| !kind.is_empty() && hex(digits))
}
