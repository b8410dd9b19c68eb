//! Drift that is watched: remembered, told to whom it may concern, measured, and put right within limits.

pub mod heal;
pub mod keep;
pub mod measure;
pub mod settings;
pub mod tell;

use crate::ledger::Ledger;
use crate::operate::watch::Sighting;
use crate::operate::watch::ignore::{Rule, drifted};
use crate::plan::{AttributeChange, Step};
use crate::source::Diagnostic;
use crate::value::json::{Secrets, to_json};
use crate::view::drift_notice::moment;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Returns what drifted.
#[must_use]
pub fn sightings(steps: &[Step], ledger: &Ledger) -> Vec<Sighting> {
    let drifted = steps.iter().filter(|step| drifted(step.origin));
    drifted.map(|step| sighting(step, ledger)).collect()
}

fn sighting(step: &Step, ledger: &Ledger) -> Sighting {
    let moved = |change: &AttributeChange| change.differs && drifted(change.origin);
    let attributes = step.attributes.iter().filter(|(_, change)| moved(change));
    let attributes: Vec<String> = attributes.map(|(path, _)| path.to_string()).collect();
    let live = attributes.iter().map(|path| {
        let name = path.split('.').next().unwrap_or_default();
        let value = step.before.as_ref().and_then(|before| before.field(name));
        let json = value.and_then(|value| to_json(value, Secrets::Shown).ok());
        (path.clone(), json.unwrap_or_default())
    });
    let live: serde_json::Map<String, Json> = live.collect();
    let deleted = step.before.is_none();
    // Without a key that lasts, a digest would be another one in each run.
    let digest = match ledger.is_new() {
        true => String::new(),
        false => {
            let known = json!({ "deleted": deleted, "live": live });
            ledger.digester().digest(&known).0.to_string()
        }
    };
    Sighting {
        address: step.address.to_string(),
        deleted,
        attributes,
        digest,
    }
}

/// Warns of rules whose time is over while their drift is there, and of rules that are for nothing.
#[must_use]
pub fn odd_rules(rules: &[Rule], steps: &[Step], now: i64, whole: bool) -> Vec<Diagnostic> {
    let addresses: BTreeSet<String> = steps.iter().map(|step| step.address.to_string()).collect();
    let still = steps.iter().filter(|step| drifted(step.origin));
    let still: Vec<String> = still.map(|step| step.address.to_string()).collect();
    let odd = rules.iter().filter_map(|rule| {
        let address = &rule.address;
        if whole && !addresses.iter().any(|one| rule.is_for(one)) {
            let message = format!("`ignore \"{address}\"` names nothing in this configuration");
            return Some(Diagnostic::warning("ignore-of-nothing", message));
        }
        let until = rule.until.filter(|_| rule.is_over(now))?;
        still.iter().any(|one| rule.is_for(one)).then(|| {
            let message = format!(
                "`ignore \"{address}\"` ended at {}: its drift counts again",
                moment(until)
            );
            Diagnostic::warning("ignore-ended", message)
                .detail(format!("it was ignored because: {}", rule.reason))
        })
    });
    odd.collect()
}
