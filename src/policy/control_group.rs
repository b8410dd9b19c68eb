//! `control_group` of a stanza: who must approve a request. Checks as measured on OpenBao 2.7.2; Vault's are
//! those of its documented schema.

use super::capability::{Capabilities, Capability};
use super::parse::Notes;
use super::rule::{ControlGroup, Factor};
use super::server::Product;
use super::stanza::{duration, fields, texts, whole_number};
use super::tree::{Item, Kind, Node};

/// Reads the control group of a stanza; the last one counts.
pub(super) fn read(
    items: &[Item],
    granted: Capabilities,
    notes: &mut Notes,
) -> Option<ControlGroup> {
    let mut found = None;
    for item in fields(items, "control_group") {
        found = one(item, granted, notes);
    }
    found
}

fn one(item: &Item, granted: Capabilities, notes: &mut Notes) -> Option<ControlGroup> {
    let Node::Object(items, extent) = &item.value else {
        notes.error(
            item.extent(),
            "policy-value",
            "`control_group` must be a block",
        );
        return None;
    };
    check_keys(items, &["ttl", "self_auth_allowed", "factor"], notes);
    let factors: Vec<Factor> = fields(items, "factor")
        .filter_map(|factor| self::factor(factor, granted, notes))
        .collect();
    if fields(items, "factor").next().is_none() {
        notes.hinted(
            *extent,
            "policy-value",
            "a control group needs a factor",
            "write `factor \"name\" { controlled_capabilities = […] identity { group_names = […] approvals = 1 } }`",
        );
    }
    Some(ControlGroup {
        ttl: duration(items, "ttl", notes),
        self_authorization: is_true(items, "self_auth_allowed", notes),
        factors,
    })
}

fn is_true(items: &[Item], name: &'static str, notes: &mut Notes) -> bool {
    let mut found = false;
    for item in fields(items, name) {
        match &item.value {
            Node::Literal(literal) if literal.kind == Kind::Bool => found = literal.text == "true",
            other => {
                let message = format!("`{name}` must be true or false");
                notes.error(other.extent(), "policy-value", message);
            }
        }
    }
    found
}

fn check_keys(items: &[Item], known: &[&str], notes: &mut Notes) {
    for key in items.iter().filter_map(|item| item.keys.first()) {
        if !known.contains(&key.text.as_str()) {
            let message = format!("`{}` does not belong in a control group here", key.text);
            let hint = format!("known here: {}", known.join(", "));
            notes.hinted(key.extent, "policy-key", message, hint);
        }
    }
}

fn factor(item: &Item, granted: Capabilities, notes: &mut Notes) -> Option<Factor> {
    let Some(name) = item.keys.get(1) else {
        notes.error(
            item.extent(),
            "policy-value",
            "a factor needs a name: `factor \"name\" { … }`",
        );
        return None;
    };
    let Node::Object(items, extent) = &item.value else {
        notes.error(item.extent(), "policy-value", "`factor` must be a block");
        return None;
    };
    check_keys(items, &["controlled_capabilities", "identity"], notes);
    let mut factor = Factor {
        name: name.text.clone(),
        capabilities: texts(items, "controlled_capabilities", notes),
        ..Factor::default()
    };
    for identity in fields(items, "identity") {
        if let Node::Object(inner, _) = &identity.value {
            factor
                .group_names
                .extend(texts(inner, "group_names", notes));
            factor.group_ids.extend(texts(inner, "group_ids", notes));
            factor.approvals = whole_number(inner, "approvals", notes).unwrap_or(factor.approvals);
        }
    }
    for message in faults(&factor, granted, notes.server.product) {
        notes.error(*extent, "policy-value", message);
    }
    Some(factor)
}

/// Returns what is wrong with a factor. OpenBao wants capabilities and group names; Vault wants groups by name
/// or id, and no capability that the stanza does not grant.
fn faults(factor: &Factor, granted: Capabilities, product: Product) -> Vec<String> {
    let mut faults = Vec::new();
    let vault = product == Product::Vault;
    if factor.capabilities.is_empty() && !vault {
        faults.push("this factor has no `controlled_capabilities`".to_owned());
    }
    for name in &factor.capabilities {
        let known = Capability::named(name);
        let fits = match known {
            Some(one) if vault => granted.has(one),
            Some(one) => !matches!(one, Capability::Deny | Capability::Sudo),
            None => !vault && matches!(name.as_str(), "revoke" | "renew" | "rollback" | "help"),
        };
        if !fits {
            faults.push(format!("`{name}` cannot be controlled by this factor"));
        }
    }
    if factor.approvals <= 0 {
        faults.push("this factor needs `approvals` of at least 1".to_owned());
    }
    if factor.group_names.is_empty() && (!vault || factor.group_ids.is_empty()) {
        faults.push("this factor names no groups that may approve".to_owned());
    }
    faults
}
