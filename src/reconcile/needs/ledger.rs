//! What the ledger needs: its entries stand in one mount, below its own name.

use super::{Need, Needs, blank};
use crate::ledger::{Kind, Settings};
use crate::observe::Connection;
use crate::policy::Capability;
use crate::reconcile::Planned;
use crate::reconcile::unmanaged::asked;

/// How a run uses its ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is read; the random values in it are not.
    Read,
    /// It is written to, and made where it is missing.
    Write,
    /// It goes with its last object.
    Remove,
}

fn name(settings: &Settings) -> String {
    format!("{}/{}", settings.name, settings.workspace)
}

/// Returns what using the ledger needs.
#[must_use]
pub fn ledger(connection: &Connection, settings: &Settings, how: Use) -> Vec<Need> {
    let Kind::Vault { mount, create } = &settings.kind else {
        return Vec::new();
    };
    let ledger = name(settings);
    let mut needs = blank(connection, "vault", &connection.namespace, "the ledger");
    let entry = |name: &str| format!("{mount}/data/{ledger}/{name}");
    match how {
        Use::Read => {
            for name in ["index", "key", "records/*"] {
                needs.read(&entry(name));
            }
        }
        Use::Write => write(&mut needs, mount, &ledger, *create),
        Use::Remove => {
            let below = format!("{mount}/metadata/{ledger}/*");
            probed(
                &mut needs,
                &below,
                &["index", "records/x"],
                Capability::Delete,
            );
            needs.list(&format!("{mount}/metadata"));
            if *create {
                needs.read(&format!("sys/mounts/{mount}"));
                needs.delete(&format!("sys/mounts/{mount}"));
            }
        }
    }
    needs.found
}

/// What one rule grants is asked of some entries: somebody else's rules may name them one by one.
fn probed(needs: &mut Needs<'_>, path: &str, entries: &[&str], capability: Capability) {
    let stem = path.trim_end_matches('*');
    for entry in entries {
        needs.push(path, format!("{stem}{entry}"), vec![capability], false);
    }
}

fn write(needs: &mut Needs<'_>, mount: &str, ledger: &str, create: bool) {
    let data = format!("{mount}/data/{ledger}/*");
    let entries = ["index", "key", "lock", "records/x"];
    for capability in [Capability::Create, Capability::Read, Capability::Update] {
        probed(needs, &data, &entries, capability);
    }
    let metadata = format!("{mount}/metadata/{ledger}/*");
    probed(needs, &metadata, &["records/"], Capability::List);
    probed(needs, &metadata, &["records/x"], Capability::Delete);
    if create {
        needs.update(&format!("sys/mounts/{mount}"));
        // How many versions of an entry are kept: on some servers a making, on others a change.
        needs.either(&format!("{mount}/config"));
    }
}

/// Returns what remembering drift needs, which a run that only reads may write.
#[must_use]
pub fn drift_memory(connection: &Connection, settings: &Settings) -> Vec<Need> {
    let Kind::Vault { mount, .. } = &settings.kind else {
        return Vec::new();
    };
    let path = format!("{mount}/data/{}/drift", name(settings));
    let mut needs = blank(
        connection,
        "vault",
        &connection.namespace,
        "what drift remembers",
    );
    for capability in [Capability::Create, Capability::Read, Capability::Update] {
        needs.one(&path, capability);
    }
    needs.found
}

/// Returns what telling the unmanaged objects needs.
pub async fn unmanaged(planned: &Planned) -> Vec<Need> {
    let mut found = Vec::new();
    for (provider, connection) in &planned.connections {
        let (lists, tables) = asked(planned, connection).await;
        let namespace = &connection.namespace;
        let mut needs = blank(connection, provider, namespace, "what is unmanaged");
        for table in tables {
            needs.read(table);
        }
        for list in lists {
            needs.list(&list);
        }
        found.extend(needs.found);
    }
    found
}
