//! What a run needs to be allowed: for each object of a configuration the requests that reading, making, changing and
//! removing it take, by what its type's table says. From it come least-privilege policies and the look before a run.

mod ledger;
mod life;
mod pattern;

use super::{Planned, Work};
use crate::catalog::Products;
use crate::observe::Connection;
use crate::plan::place::namespace_of;
use crate::plan::{Change, ProviderName, Step};
use crate::policy::{Capabilities, Capability, Pattern};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use ledger::{Use, drift_memory, ledger, unmanaged};
pub use life::sudo;

/// What is done to an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deeds {
    pub read: bool,
    pub make: bool,
    pub change: bool,
    pub remove: bool,
}

/// One thing that a run must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Whose connection it goes through.
    pub provider: ProviderName,
    /// Absolute; empty for the root namespace.
    pub namespace: Arc<str>,
    /// The path of a rule: `+` is a segment that nobody knows before, a final `*` whatever comes.
    pub path: String,
    /// What a rule for the path is to grant.
    pub grants: Vec<Capability>,
    /// A path of which the server can be asked.
    pub probe: String,
    /// Whether one of the grants is enough: the server makes no difference that is known here.
    pub any: bool,
    /// What it is for: an address, or words.
    pub reason: String,
}

/// Collects needs in one namespace, for one object.
pub(super) struct Needs<'a> {
    pub provider: ProviderName,
    pub namespace: Arc<str>,
    pub reason: String,
    pub connection: &'a Connection,
    pub found: Vec<Need>,
}

impl Needs<'_> {
    fn add(&mut self, path: &str, probe: String, grants: &[Capability], any: bool) {
        let mut grants = grants.to_vec();
        if sudo(self.connection, path) || sudo(self.connection, &probe) {
            self.push(path, probe.clone(), vec![Capability::Sudo], false);
        }
        grants.sort_unstable();
        self.push(path, probe, grants, any);
    }

    fn push(&mut self, path: &str, probe: String, grants: Vec<Capability>, any: bool) {
        self.found.push(Need {
            provider: self.provider.clone(),
            namespace: self.namespace.clone(),
            path: path.to_owned(),
            grants,
            probe,
            any,
            reason: self.reason.clone(),
        });
    }

    pub fn one(&mut self, path: &str, capability: Capability) {
        self.add(path, path.replace('*', "x"), &[capability], false);
    }

    pub fn read(&mut self, path: &str) {
        self.one(path, Capability::Read);
    }

    /// A LIST is decided with a slash at the end of its path.
    pub fn list(&mut self, path: &str) {
        let probe = match path.strip_suffix("/*") {
            Some(folder) => format!("{folder}/x/"),
            None => format!("{}/", path.trim_end_matches('/')),
        };
        self.add(
            path.trim_end_matches('/'),
            probe,
            &[Capability::List],
            false,
        );
    }

    pub fn update(&mut self, path: &str) {
        self.one(path, Capability::Update);
    }

    pub fn delete(&mut self, path: &str) {
        self.one(path, Capability::Delete);
    }

    /// A write of which it is not known whether the server calls it making or changing.
    pub fn either(&mut self, path: &str) {
        let both = [Capability::Create, Capability::Update];
        self.add(path, path.replace('*', "x"), &both, true);
    }
}

/// Returns what a step needs by what the plan does with it.
#[must_use]
pub fn deeds(step: &Step) -> Deeds {
    let reads = Deeds {
        read: true,
        ..Deeds::default()
    };
    match step.change {
        Change::Create => Deeds {
            make: true,
            ..reads
        },
        Change::Update | Change::Remount => Deeds {
            change: true,
            ..reads
        },
        Change::Replace | Change::ReplaceCreateFirst => Deeds {
            make: true,
            remove: true,
            ..reads
        },
        Change::Delete => Deeds {
            remove: true,
            ..reads
        },
        Change::Keep | Change::Adopt | Change::Relabel | Change::Read => reads,
        Change::Forget => Deeds::default(),
    }
}

/// Returns what all steps of a plan need; `deeds` says what is done with each.
pub async fn needs(planned: &Planned, deeds: &dyn Fn(&Step) -> Deeds) -> Vec<Need> {
    let mut found = Vec::new();
    for (step, work) in planned.plan.steps.iter().zip(&planned.work) {
        let connection = work
            .connection
            .as_ref()
            .or_else(|| planned.connections.get(&step.provider));
        let Some(connection) = connection else {
            continue;
        };
        found.extend(of_step(planned, step, work, connection, deeds(step)).await);
    }
    if !planned.leases.is_empty() {
        for (connection, _) in &planned.leases {
            let mut needs = blank(
                connection,
                "vault",
                &connection.namespace,
                "leases that are given back",
            );
            needs.update("sys/leases/revoke");
            found.extend(needs.found);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn blank<'a>(
    connection: &'a Connection,
    provider: &str,
    namespace: &str,
    reason: &str,
) -> Needs<'a> {
    Needs {
        provider: provider.into(),
        namespace: namespace.into(),
        reason: reason.to_owned(),
        connection,
        found: Vec::new(),
    }
}

async fn of_step(
    planned: &Planned,
    step: &Step,
    work: &Work,
    connection: &Connection,
    deeds: Deeds,
) -> Vec<Need> {
    if step.kind.products == Products::Nobody {
        return Vec::new();
    }
    let attributes = attributes(step, work);
    let home = super::object::home_of(connection);
    let namespace = namespace_of(home, &attributes);
    let mut needs = blank(
        connection,
        &step.provider,
        &namespace,
        &step.address.to_string(),
    );
    let task = life::Task {
        planned,
        kind: step.kind,
        place: step.place.as_ref().map(|place| place.path.to_string()),
        change: step.change,
        wished: work.desired.as_ref().map(|desired| &desired.attributes),
        node: work.node.as_ref(),
        attributes: pattern::open(&attributes),
    };
    task.needs(&mut needs, deeds).await;
    needs.found
}

/// Returns what the data sources and ephemerals need that were read while planning.
pub async fn data(planned: &Planned) -> Vec<Need> {
    let mut found = Vec::new();
    let connections = &planned.connections;
    let usual = connections
        .get_key_value("vault")
        .or_else(|| connections.iter().next());
    let Some((provider, connection)) = usual else {
        return found;
    };
    for (address, kind, value) in planned.world.read_while_planning() {
        let namespace = namespace_of(super::object::home_of(connection), &value);
        let mut needs = blank(connection, provider, &namespace, &address.to_string());
        let task = life::Task {
            planned,
            kind,
            place: None,
            change: Change::Read,
            wished: None,
            node: None,
            attributes: pattern::open(&value),
        };
        let reads = Deeds {
            read: true,
            ..Deeds::default()
        };
        task.needs(&mut needs, reads).await;
        found.extend(needs.found);
    }
    found
}

/// The object as it is to be, else as it is, else as far as the ledger remembers it.
fn attributes(step: &Step, work: &Work) -> Value {
    let wished = work
        .desired
        .as_ref()
        .map(|desired| desired.attributes.clone());
    let seen = step.after.clone().or_else(|| step.before.clone());
    let merged = match (wished, seen) {
        (Some(wished), Some(seen)) => over(&wished, &seen),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Value::object(BTreeMap::new()),
    };
    let remembered = work.owned.as_ref().map(|owned| {
        crate::plan::place::read_back(step.kind.place, &owned.place.path)
            .into_iter()
            .map(|(name, text)| (Arc::from(name), Value::from(text.as_str())))
            .collect()
    });
    let whole = match remembered {
        Some(fields) => over(&merged, &Value::object(fields)),
        None => merged,
    };
    // How it is deleted stands in the ledger alone once it has left the files.
    match work
        .owned
        .as_ref()
        .filter(|_| step.change == Change::Delete)
    {
        Some(owned) => over(&super::orphan::guide_of(owned, step.kind), &whole),
        None => whole,
    }
}

/// Fills what is null in one object in from another.
fn over(first: &Value, second: &Value) -> Value {
    let mut fields = second.as_fields().cloned().unwrap_or_default();
    for (name, value) in first.as_fields().into_iter().flatten() {
        if !value.is_null() || !fields.contains_key(name) {
            fields.insert(name.clone(), value.clone());
        }
    }
    Value::object(fields)
}

/// Puts needs together by the path of a rule: what is to be granted, and what for.
#[must_use]
pub fn by_path(needs: &[Need]) -> BTreeMap<String, (Capabilities, String)> {
    let mut found: BTreeMap<String, (Capabilities, String)> = BTreeMap::new();
    for need in needs {
        let path = match &*need.namespace {
            "" => need.path.clone(),
            namespace => format!("{namespace}/{}", need.path),
        };
        let granted: Capabilities = need.grants.iter().copied().collect();
        let entry = found
            .entry(path)
            .or_insert_with(|| (Capabilities::NONE, need.reason.clone()));
        entry.0 = entry.0.union(granted);
    }
    shadowed(found)
}

/// A narrower rule hides a wider one, so it grants what that one does as well.
fn shadowed(
    rules: BTreeMap<String, (Capabilities, String)>,
) -> BTreeMap<String, (Capabilities, String)> {
    let wide: Vec<(Pattern, Capabilities)> = rules
        .iter()
        .filter(|(path, _)| path.ends_with('*') || path.contains('+'))
        .filter_map(|(path, (granted, _))| Some((Pattern::read(path)?, *granted)))
        .collect();
    let united = |path: &str, own: Capabilities| {
        // What stands for anything in a narrower rule stands for itself here.
        let over = wide.iter().filter(|(pattern, _)| pattern.matches(path));
        over.fold(own, |all, (_, granted)| all.union(*granted))
    };
    let each = rules.iter();
    each.map(|(path, (own, reason))| (path.clone(), (united(path, *own), reason.clone())))
        .collect()
}
