//! Whether somebody can still do tomorrow what they do today.

use std::collections::BTreeSet;

use super::census::{Census, Holder, HolderKind, Key};
use super::decide::{Operation, Request};
use super::merged::{Context, RuleSet};
use super::parse::parse_at;
use super::rule::Policy;

/// Something that an identity must be able to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub operation: Operation,
    /// Relative to the namespace.
    pub path: String,
    /// `""` for the root namespace, else with a final slash.
    pub namespace: String,
    /// What it is for: an address, `the ledger`.
    pub what: String,
}

/// Returns the policies of these names, as one side of a plan has them. What it does not know grants nothing.
#[must_use]
pub fn policies_of(
    census: &Census,
    namespace: &str,
    names: &BTreeSet<String>,
    context: &Context<'_>,
) -> Vec<Policy> {
    let each = names.iter().filter_map(|name| {
        if name == "root" {
            return Some(Policy::default().named("root"));
        }
        let text = census
            .policies
            .iter()
            .find(|text| text.name == *name && text.namespace == namespace)?;
        let (mut policy, _) = parse_at(&text.text, None, context.server, context.now);
        policy.namespace.clone_from(&text.namespace);
        Some(policy.named(name))
    });
    each.collect()
}

/// Returns what could be done before and cannot be done after. A write counts as possible where an object may be made or
/// changed.
#[must_use]
pub fn lost<'n>(
    before: &[Policy],
    after: &[Policy],
    needs: &'n [Need],
    context: &Context<'_>,
) -> Vec<&'n Need> {
    let [before, after] = [before, after].map(|policies| RuleSet::new(policies, context).ok());
    let may = |rules: &Option<RuleSet>, need: &Need| {
        rules
            .as_ref()
            .is_some_and(|rules| possible(rules, need, context))
    };
    needs
        .iter()
        .filter(|need| may(&before, need) && !may(&after, need))
        .collect()
}

fn possible(rules: &RuleSet, need: &Need, context: &Context<'_>) -> bool {
    let operations: &[Operation] = match need.operation {
        Operation::Update => &[Operation::Update, Operation::Create],
        ref other => std::slice::from_ref(other),
    };
    operations.iter().any(|operation| {
        let mut request = Request::new(*operation, need.path.as_str());
        request.namespace.clone_from(&need.namespace);
        rules.decide(&request, context).allowed
    })
}

/// Tells whether policies make an administrator: somebody who may write any policy of the namespace, and so give itself
/// all else.
#[must_use]
pub fn is_administrator(policies: &[Policy], namespace: &str, context: &Context<'_>) -> bool {
    let need = Need {
        operation: Operation::Update,
        path: "sys/policies/acl/some-new-policy".to_owned(),
        namespace: namespace.to_owned(),
        what: String::new(),
    };
    RuleSet::new(policies, context).is_ok_and(|rules| possible(&rules, &need, context))
}

/// Returns who can log in and is an administrator then, by name. Groups and entities count: their members log in.
#[must_use]
pub fn administrators(census: &Census, context: &Context<'_>) -> BTreeSet<String> {
    let holders = census.holders.iter().filter(|holder| {
        let names = census.policies_of(holder).into_iter().collect();
        let policies = policies_of(census, &holder.namespace, &names, context);
        is_administrator(&policies, &holder.namespace, context)
            && has_door(census, holder, &mut BTreeSet::new())
    });
    holders.map(name).collect()
}

/// Tells whether somebody can log in. Tokens that were made once, and roles to make more of them, are no way in; what is
/// not known counts as one.
fn has_door<'c>(census: &'c Census, holder: &'c Holder, seen: &mut BTreeSet<&'c Key>) -> bool {
    match holder.kind {
        HolderKind::Role => true,
        HolderKind::Token | HolderKind::TokenRole => false,
        HolderKind::Entity => is_known_somewhere(census, holder).unwrap_or(true),
        HolderKind::Group => {
            let mut member = |kind: HolderKind, key: &'c Key| {
                let known = census.holder(kind, std::slice::from_ref(key));
                seen.insert(key) && known.is_none_or(|one| has_door(census, one, seen))
            };
            is_known_somewhere(census, holder) == Some(true)
                || holder
                    .entities
                    .iter()
                    .any(|key| member(HolderKind::Entity, key))
                || holder
                    .groups
                    .iter()
                    .any(|key| member(HolderKind::Group, key))
        }
    }
}

/// Tells whether a mount that is there knows somebody by an alias; nothing where aliases or accessors are not known.
fn is_known_somewhere(census: &Census, holder: &Holder) -> Option<bool> {
    let accessors = holder.accessors.as_ref()?;
    let mut there = census.mounts.iter().filter_map(|one| one.accessor.as_ref());
    Some(there.any(|accessor| accessors.contains(accessor)))
}

fn name(holder: &Holder) -> String {
    format!(
        "{} {}{}",
        holder.kind.word(),
        holder.namespace,
        holder.role.name
    )
}

/// Returns what a server holds after a plan: `live` with what the plan takes out, changes and adds.
#[must_use]
pub fn applied(live: &Census, before: &Census, after: &Census) -> Census {
    let mut result = live.clone();
    let gone = |path: &str, namespace: &str| {
        let has = |census: &Census| {
            let mut mounts = census.mounts.iter().filter(|one| !one.kind.is_empty());
            mounts.any(|mount| mount.path == path && mount.namespace == namespace)
        };
        has(before) && !has(after)
    };
    result
        .mounts
        .retain(|mount| !gone(&mount.path, &mount.namespace));
    let same = |one: &Holder, other: &Holder| {
        one.kind == other.kind
            && one.namespace == other.namespace
            && one.role.name == other.role.name
    };
    let planned = |holder: &Holder| {
        let in_plan = |census: &Census| census.holders.iter().any(|one| same(one, holder));
        in_plan(before) || in_plan(after)
    };
    result
        .holders
        .retain(|holder| !planned(holder) && !gone(&holder.mount, &holder.namespace));
    result.holders.extend(after.holders.iter().map(|holder| {
        let known = live.holders.iter().find(|one| same(one, holder));
        let accessors = known.and_then(|one| one.accessors.clone());
        Holder {
            accessors: holder.accessors.clone().or(accessors),
            ..holder.clone()
        }
    }));
    let named = |census: &Census, name: &str, namespace: &str| {
        census
            .policies
            .iter()
            .any(|one| one.name == name && one.namespace == namespace)
    };
    result.policies.retain(|one| {
        !named(before, &one.name, &one.namespace) && !named(after, &one.name, &one.namespace)
    });
    result.policies.extend(after.policies.iter().cloned());
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::census::PolicyText;
    use crate::policy::lint::{AuthRole, Mount, Origin};
    use crate::policy::server::Server;

    fn census(policies: &[(&str, &str)], roles: &[(&str, &str)]) -> Census {
        Census {
            policies: policies
                .iter()
                .map(|(name, text)| PolicyText {
                    name: (*name).to_owned(),
                    namespace: String::new(),
                    text: (*text).to_owned(),
                    origin: Origin::default(),
                })
                .collect(),
            holders: roles
                .iter()
                .map(|(name, policy)| {
                    let role = AuthRole {
                        name: (*name).to_owned(),
                        policies: vec![(*policy).to_owned()],
                        ..AuthRole::default()
                    };
                    let mut holder = Holder::new(HolderKind::Role, role);
                    holder.mount = "auth/approle/".to_owned();
                    holder
                })
                .collect(),
            ..Census::default()
        }
    }

    const ADMIN: &str = r#"path "sys/policies/acl/*" { capabilities = ["create", "update"] }"#;
    const NARROW: &str = r#"path "sys/policies/acl/app" { capabilities = ["update"] }"#;

    #[test]
    fn what_is_lost_is_told() {
        let context = Context::new(Server::OPENBAO);
        let names = BTreeSet::from(["p".to_owned()]);
        let policies = |text: &str| policies_of(&census(&[("p", text)], &[]), "", &names, &context);
        let need = |path: &str| Need {
            operation: Operation::Update,
            path: path.to_owned(),
            namespace: String::new(),
            what: path.to_owned(),
        };
        let needs = [
            need("sys/policies/acl/app"),
            need("sys/policies/acl/other"),
            need("kv/a"),
        ];
        let found = lost(&policies(ADMIN), &policies(NARROW), &needs, &context);
        assert_eq!(found, [&needs[1]], "what was never possible is not lost");
        assert!(lost(&policies(NARROW), &policies(ADMIN), &needs, &context).is_empty());
    }

    #[test]
    fn administrators_are_found_before_and_after() {
        let context = Context::new(Server::OPENBAO);
        let live = census(
            &[("admin", ADMIN), ("app", NARROW)],
            &[("a", "admin"), ("b", "app")],
        );
        assert_eq!(
            administrators(&live, &context),
            BTreeSet::from(["role a".to_owned()])
        );
        let before = census(&[("admin", ADMIN)], &[]);
        let after = census(&[("admin", NARROW)], &[]);
        assert!(administrators(&applied(&live, &before, &after), &context).is_empty());
        let taken = census(&[], &[("a", "admin")]);
        let left = applied(&live, &taken, &census(&[], &[]));
        assert!(administrators(&left, &context).is_empty());
        let mut door = Census::default();
        door.mounts.push(Mount {
            path: "auth/approle/".to_owned(),
            kind: "approle".to_owned(),
            ..Mount::default()
        });
        assert!(administrators(&applied(&live, &door, &Census::default()), &context).is_empty());
        assert_eq!(
            administrators(&applied(&live, &door, &door), &context).len(),
            1
        );
        door.mounts[0].namespace = "team/".to_owned();
        assert_eq!(
            administrators(&applied(&live, &door, &Census::default()), &context).len(),
            1,
            "the mount of another namespace"
        );
        door.mounts[0].namespace.clear();
        door.mounts[0].kind.clear();
        assert_eq!(
            administrators(&applied(&live, &door, &Census::default()), &context).len(),
            1,
            "only its tuning goes"
        );
    }

    #[test]
    fn people_come_in_by_their_aliases() {
        let context = Context::new(Server::OPENBAO);
        let mut live = census(&[("admin", ADMIN)], &[]);
        live.mounts.push(Mount {
            path: "auth/oidc/".to_owned(),
            kind: "oidc".to_owned(),
            accessor: Some("oidc_1".to_owned()),
            ..Mount::default()
        });
        let holder = |kind, name: &str, accessors: &[&str]| {
            let role = AuthRole {
                name: name.to_owned(),
                policies: vec!["admin".to_owned()],
                ..AuthRole::default()
            };
            let mut holder = Holder::new(kind, role);
            holder.keys.push(Key::Id(name.to_owned()));
            holder.accessors = Some(accessors.iter().map(ToString::to_string).collect());
            holder
        };
        let mut members = holder(HolderKind::Group, "members", &[]);
        members.entities.push(Key::Id("bob".to_owned()));
        live.holders = vec![
            holder(HolderKind::Entity, "ann", &["oidc_1"]),
            holder(HolderKind::Entity, "bob", &["gone_1"]),
            holder(HolderKind::Group, "outside", &["oidc_1"]),
            holder(HolderKind::Group, "nobody", &[]),
            members,
        ];
        let found = administrators(&live, &context);
        let expected = ["entity ann", "group outside"].map(str::to_owned);
        assert_eq!(found, BTreeSet::from(expected));
        live.holders[1].accessors = None;
        assert!(
            administrators(&live, &context).contains("group members"),
            "what is not known counts"
        );
    }
}
