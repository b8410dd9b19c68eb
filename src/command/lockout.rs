//! The guard against locking oneself out: after the plan, can the identity that runs it still run it, and does a way in
//! remain for an administrator?

use super::access::{Stock, main_connection, policy_text};
use super::live;
use crate::ledger::{Kind, Settings};
use crate::observe::Connection;
use crate::plan::Change;
use crate::plan::census::namespace_prefix;
use crate::policy::lockout::{Need, administrators, applied, is_administrator, lost, policies_of};
use crate::policy::{Census, Context, Holder, HolderKind, Key, Operation};
use crate::reconcile::Planned;
use crate::server::Request;
use crate::source::Diagnostic;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// How many of the things that could no longer be done are named.
const NAMED: usize = 5;

/// Who runs the plan, as its token tells.
struct Oneself {
    /// Names of policies of the token itself.
    own: BTreeSet<String>,
    /// Names of policies by its entity and groups.
    lent: BTreeSet<String>,
    entity: String,
    /// Where it logged in: `auth/approle/`; empty for a token that was made by another.
    mount: String,
    /// As which role or user.
    role: Option<String>,
    namespace: String,
}

/// Looks whether a plan locks out who runs it, or everybody who could help.
pub async fn guard(planned: &Planned, stock: &mut Stock, ledger: &Settings) -> Vec<Diagnostic> {
    let touched = stock.before.policies != stock.after.policies
        || stock.before.holders != stock.after.holders
        || doors(&stock.before) != doors(&stock.after);
    let Some(connection) = main_connection(planned).filter(|_| touched) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    if let Some(oneself) = oneself(connection).await
        && !oneself.own.contains("root")
    {
        problems.extend(own_way(planned, connection, stock, &oneself, ledger).await);
    }
    if !planned.plan.destroys {
        problems.extend(ways_in(connection, stock).await);
    }
    problems
}

/// Returns the auth mounts, by namespace and path; what only tunes one has no kind.
fn doors(census: &Census) -> BTreeSet<(&str, &str)> {
    let mounts = census.mounts.iter();
    mounts
        .filter(|mount| !mount.kind.is_empty())
        .map(|mount| (mount.namespace.as_str(), mount.path.as_str()))
        .filter(|(_, path)| path.starts_with("auth/"))
        .collect()
}

/// Asks the token who it is; nothing where it may not know.
async fn oneself(connection: &Connection) -> Option<Oneself> {
    let request = |namespace: &str| Request::get("auth/token/lookup-self").namespace(namespace);
    let reply = match connection.server.send(request("")).await {
        Ok(reply) => reply,
        Err(_) => connection
            .server
            .send(request(&connection.namespace))
            .await
            .ok()?,
    };
    let data = reply.data();
    let names = |key: &str| -> BTreeSet<String> {
        let list = data[key].as_array().into_iter().flatten();
        list.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let text = |key: &str| data[key].as_str().unwrap_or_default();
    let meta = |key: &str| data["meta"][key].as_str().map(str::to_owned);
    let path = text("path");
    let mount = path
        .split_once("/login")
        .map(|(mount, _)| format!("{mount}/"));
    let (own, lent) = (names("policies"), names("identity_policies"));
    Some(Oneself {
        own,
        lent,
        entity: text("entity_id").to_owned(),
        mount: mount.unwrap_or_default(),
        role: meta("role_name")
            .or_else(|| meta("role"))
            .or_else(|| meta("username"))
            .or_else(|| meta("cert_name")),
        namespace: namespace_prefix(text("namespace_path")),
    })
}

/// Looks whether the identity that runs the plan can do so again.
async fn own_way(
    planned: &Planned,
    connection: &Connection,
    stock: &mut Stock,
    oneself: &Oneself,
    ledger: &Settings,
) -> Option<Diagnostic> {
    let door = (oneself.namespace.as_str(), oneself.mount.as_str());
    if doors(&stock.before).contains(&door) && !doors(&stock.after).contains(&door) {
        let message = format!(
            "the plan removes `{}`, where the identity that runs it logs in",
            oneself.mount
        );
        return Some(locked_out(message));
    }
    let role = |census: &Census| login_role(census, oneself).cloned();
    let (was, is) = (role(&stock.before), role(&stock.after));
    if let (Some(was), None) = (&was, &is) {
        let message = format!(
            "the plan removes `{}`, by which the identity that runs it logs in",
            was.role.name
        );
        return Some(locked_out(message));
    }
    let before: BTreeSet<String> = oneself.own.union(&oneself.lent).cloned().collect();
    let mut after = lent_after(stock, oneself);
    match &is {
        Some(role) => after.extend(stock.after.policies_of(role)),
        None => after.extend(oneself.own.iter().cloned()),
    }
    for name in before.union(&after) {
        learn(connection, stock, &oneself.namespace, name).await;
    }
    let context = Context {
        now: Some(stock.now),
        ..Context::new(stock.server)
    };
    let policies = |census: &Census, names: &BTreeSet<String>| {
        policies_of(census, &oneself.namespace, names, &context)
    };
    let needs = needs(planned, connection, ledger);
    let lost = lost(
        &policies(&stock.before, &before),
        &policies(&stock.after, &after),
        &needs,
        &context,
    );
    let first = lost.first()?;
    let message = format!(
        "after this plan the identity that runs it could no longer write `{}{}` ({})",
        first.namespace, first.path, first.what
    );
    let mut problem = locked_out(message);
    if lost.len() > 1 {
        let paths: Vec<String> = lost
            .iter()
            .skip(1)
            .take(NAMED)
            .map(|need| format!("`{}{}`", need.namespace, need.path))
            .collect();
        let more = lost.len().saturating_sub(1 + NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        problem = problem.detail(format!("Nor {}{more}.", paths.join(", ")));
    }
    Some(problem)
}

fn locked_out(message: String) -> Diagnostic {
    Diagnostic::error("self-lockout", message).hint("plan with `-allow-lockout` if that is meant")
}

/// Returns the role or user that the identity logs in as.
fn login_role<'c>(census: &'c Census, oneself: &Oneself) -> Option<&'c Holder> {
    let name = oneself
        .role
        .as_deref()
        .filter(|_| !oneself.mount.is_empty())?;
    let end = format!("/{}", name.to_lowercase());
    census.holders.iter().find(|holder| {
        let own = holder.role.name.to_lowercase();
        holder.kind == HolderKind::Role
            && holder.namespace == oneself.namespace
            && own.starts_with(&oneself.mount.to_lowercase())
            && own.ends_with(&end)
    })
}

/// Returns the policies that entity and groups lend after the plan.
fn lent_after(stock: &Stock, oneself: &Oneself) -> BTreeSet<String> {
    let given = |census: &Census| -> BTreeSet<String> {
        let key = Key::Id(oneself.entity.clone());
        let mut found = BTreeSet::new();
        let mut around = vec![key];
        let mut seen = BTreeSet::new();
        while let Some(key) = around.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            for holder in &census.holders {
                let itself = holder.kind == HolderKind::Entity && holder.keys.contains(&key);
                let member = holder.entities.contains(&key) || holder.groups.contains(&key);
                if itself || member {
                    found.extend(holder.role.policies.iter().map(|name| name.to_lowercase()));
                }
                if member {
                    around.extend(holder.keys.iter().cloned());
                }
            }
        }
        found
    };
    if oneself.entity.is_empty() {
        return oneself.lent.clone();
    }
    let (was, is) = (given(&stock.before), given(&stock.after));
    let stays = oneself.lent.difference(&was).cloned();
    stays.chain(is).collect()
}

/// Reads a policy that the plan does not have.
async fn learn(connection: &Connection, stock: &mut Stock, namespace: &str, name: &str) {
    let known = |census: &Census| {
        let mut all = census.policies.iter().chain(&census.unread);
        all.any(|policy| policy.name == name && policy.namespace == namespace)
    };
    if name == "root" || known(&stock.before) || known(&stock.after) {
        return;
    }
    if let Some(text) = policy_text(connection, namespace, name).await {
        stock.add(namespace, name, &text);
    }
}

/// Lists what running the plan takes: writing every object, and the ledger.
fn needs(planned: &Planned, connection: &Connection, ledger: &Settings) -> Vec<Need> {
    let mut needs = Vec::new();
    if let Kind::Vault { mount, .. } = &ledger.kind {
        let path = format!("{mount}/data/{}/{}/index", ledger.name, ledger.workspace);
        needs.push(Need {
            operation: Operation::Update,
            path,
            namespace: namespace_prefix(&connection.namespace),
            what: "the ledger".to_owned(),
        });
    }
    let server = &connection.server.identity().id;
    for step in &planned.plan.steps {
        let Some(place) = step.place.as_ref().filter(|place| place.server == *server) else {
            continue;
        };
        let operation = match step.change {
            Change::Forget | Change::Read => continue,
            Change::Delete => Operation::Delete,
            _ => Operation::Update,
        };
        needs.push(Need {
            operation,
            path: place.path.to_string(),
            namespace: namespace_prefix(&place.namespace),
            what: step.address.to_string(),
        });
    }
    needs
}

/// Looks whether a way in remains for an administrator, where there was one.
async fn ways_in(connection: &Connection, stock: &Stock) -> Option<Diagnostic> {
    let context = Context {
        now: Some(stock.now),
        ..Context::new(stock.server)
    };
    let suspicious = weaker(stock, &context) || {
        let before = administrators(&stock.before, &context);
        let after = administrators(&stock.after, &context);
        before.difference(&after).next().is_some()
            || doors(&stock.before)
                .difference(&doors(&stock.after))
                .next()
                .is_some()
    };
    if !suspicious {
        return None;
    }
    let live = live::census(connection).await.census;
    let before = administrators(&live, &context);
    let after = administrators(&applied(&live, &stock.before, &stock.after), &context);
    if before.is_empty() || !after.is_empty() {
        return None;
    }
    let names: Vec<&str> = before.iter().take(NAMED).map(String::as_str).collect();
    let message = "after this plan nobody who logs in could write policies any more".to_owned();
    Some(locked_out(message).detail(format!("Now it can be done by {}.", names.join(", "))))
}

/// Tells whether a policy that makes an administrator does not after the plan.
fn weaker(stock: &Stock, context: &Context<'_>) -> bool {
    let makes = |census: &Census, name: &str, namespace: &str| {
        let names = BTreeSet::from([name.to_owned()]);
        is_administrator(
            &policies_of(census, namespace, &names, context),
            namespace,
            context,
        )
    };
    stock.before.policies.iter().any(|policy| {
        makes(&stock.before, &policy.name, &policy.namespace)
            && !makes(&stock.after, &policy.name, &policy.namespace)
    })
}
