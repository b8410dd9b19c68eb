//! `VAULTFORM_STATS=FILE`: how many requests a run took.

use super::context::Context;
use serde_json::json;
use std::collections::BTreeMap;

/// Writes the numbers, where that is asked for.
pub fn write(context: &Context) {
    let Some(file) = context.variable("VAULTFORM_STATS") else {
        return;
    };
    let mut by_verb: BTreeMap<String, u64> = BTreeMap::new();
    let servers = context
        .links
        .borrow()
        .iter()
        .flat_map(|links| links.servers())
        .collect::<Vec<_>>();
    for server in servers {
        for (verb, count) in server.counts().0 {
            *by_verb.entry(verb.to_string()).or_default() += count;
        }
    }
    let numbers = json!({
        "requests": by_verb.values().sum::<u64>(),
        "by_verb": by_verb,
        "wall_ms": u64::try_from(context.clock.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    if let Err(error) = std::fs::write(file, format!("{numbers}\n")) {
        context.mutter(&format!(
            "`{file}` cannot be written: {}\n",
            super::files::words(&error)
        ));
    }
}
