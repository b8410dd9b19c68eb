//! The look before a run: the server is asked what this identity may do, and what is missing is told all at once.

use super::needs::Need;
use crate::observe::Connection;
use crate::policy::Capability;
use crate::server::{Request, ServerError};
use crate::source::Diagnostic;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many paths one request may ask of: OpenBao refuses more than 1,000 strings, keys included.
const PATHS: usize = 900;

/// What the server says of paths: names of capabilities by path.
type Granted = BTreeMap<String, BTreeSet<String>>;

/// Asks the server of a connection for what is needed there; returns what is missing.
///
/// # Errors
/// When it may not be asked.
pub async fn missing(connection: &Connection, needs: &[Need]) -> Result<Vec<Need>, ServerError> {
    let mut by_namespace: BTreeMap<Arc<str>, Vec<&Need>> = BTreeMap::new();
    for need in needs {
        by_namespace
            .entry(need.namespace.clone())
            .or_default()
            .push(need);
    }
    let mut missing = Vec::new();
    for (namespace, needs) in by_namespace {
        let probes: BTreeSet<&str> = needs.iter().map(|need| need.probe.as_str()).collect();
        let granted = granted(connection, &namespace, probes.into_iter().collect()).await?;
        let lacking = needs.into_iter().filter(|need| !is_granted(need, &granted));
        missing.extend(lacking.cloned());
    }
    Ok(missing)
}

async fn granted(
    connection: &Connection,
    namespace: &str,
    probes: Vec<&str>,
) -> Result<Granted, ServerError> {
    let mut granted = Granted::new();
    for paths in probes.chunks(PATHS) {
        let request = Request::post("sys/capabilities-self", json!({ "paths": paths }));
        let reply = connection.server.send(request.namespace(namespace)).await?;
        for path in paths {
            let names = reply.data().get(*path).and_then(Json::as_array);
            let names = names.into_iter().flatten().filter_map(Json::as_str);
            granted.insert((*path).to_owned(), names.map(str::to_owned).collect());
        }
    }
    Ok(granted)
}

fn is_granted(need: &Need, granted: &Granted) -> bool {
    let Some(names) = granted.get(&need.probe) else {
        return false;
    };
    let has = |capability: &Capability| names.contains(capability.name());
    names.contains("root")
        || match need.any {
            true => need.grants.iter().any(has),
            false => need.grants.iter().all(has),
        }
}

/// Says what is missing: one line a path, with the capabilities and what they are for.
#[must_use]
pub fn told(missing: &[Need]) -> Vec<String> {
    let mut by_path: BTreeMap<(&str, &str), (BTreeSet<Capability>, &str)> = BTreeMap::new();
    for need in missing {
        let key = (&*need.namespace, need.path.as_str());
        let entry = by_path
            .entry(key)
            .or_insert((BTreeSet::new(), &need.reason));
        entry.0.extend(need.grants.iter().copied());
    }
    let line = |((namespace, path), (capabilities, reason)): (
        (&str, &str),
        (BTreeSet<Capability>, &str),
    )| {
        let names: Vec<&str> = capabilities.iter().map(|one| one.name()).collect();
        let place = match namespace {
            "" => String::new(),
            namespace => format!(" in the namespace `{namespace}`"),
        };
        format!("{path}{place}: {} (for {reason})", names.join(", "))
    };
    by_path.into_iter().map(line).collect()
}

/// Makes an error of what is missing now, and of what later runs will miss.
#[must_use]
pub fn refusal(now: &[Need], later: &[Need]) -> Diagnostic {
    let lines = told(now);
    let message = match lines.len() {
        1 => "this identity lacks a capability on one path".to_owned(),
        count => format!("this identity lacks capabilities on {count} paths"),
    };
    let mut detail = lines.join("\n");
    if !later.is_empty() {
        detail.push_str("\n\nLater runs will need as well:\n");
        detail.push_str(&told(later).join("\n"));
    }
    Diagnostic::error("capabilities-missing", message)
        .detail(detail)
        .hint("nothing was written; `vaultform policy for-apply` writes the policy that this needs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(path: &str, grants: &[Capability], any: bool) -> Need {
        Need {
            provider: "vault".into(),
            namespace: "".into(),
            path: path.into(),
            grants: grants.to_vec(),
            probe: path.into(),
            any,
            reason: "vault_policy.a".into(),
        }
    }

    #[test]
    fn what_is_granted_is_told_from_what_is_not() {
        use Capability::{Create, Read, Update};
        let granted = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Granted::from([("a".to_owned(), names)])
        };
        let both = [Create, Update];
        assert!(is_granted(&need("a", &both, true), &granted(&["update"])));
        assert!(!is_granted(&need("a", &both, false), &granted(&["update"])));
        assert!(!is_granted(&need("a", &[Read], false), &granted(&["deny"])));
        assert!(is_granted(&need("a", &[Read], false), &granted(&["root"])));
        assert!(!is_granted(&need("b", &[Read], false), &granted(&["root"])));
    }

    #[test]
    fn a_path_is_told_once_with_all_that_it_lacks() {
        use Capability::{Read, Update};
        let lines = told(&[
            need("a", &[Update], false),
            need("a", &[Read], false),
            need("b", &[Read], false),
        ]);
        assert_eq!(
            lines,
            [
                "a: read, update (for vault_policy.a)",
                "b: read (for vault_policy.a)"
            ]
        );
    }
}
