//! Policy lints that look at what lies behind a path: mounts, engines, `sudo`, dangerous endpoints.

use super::{Facts, NamedPolicy, Report};
use crate::policy::overlap::Overlaps;
use crate::policy::paths::PathSet;
use crate::policy::power::Powers;
use crate::policy::sudo::sudo_paths;
use crate::policy::{Capability, Pattern, Rule, Segment};
use crate::source::nearest;

/// What the lints of this file know before they look at the first policy.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// Paths that need `sudo`; engines stand at their mounts, or anywhere when these are not known.
    sudo: Vec<PathSet>,
    /// Paths below the token method: creating tokens asks for `sudo` by parameter, not by path.
    tokens: Option<PathSet>,
    powers: Powers,
    /// Mounts and built-in places; what lies below each.
    places: Vec<String>,
    below: Overlaps,
    /// Mounts of KV version 2.
    versioned: Vec<String>,
    /// Whether any auth method is known.
    doors: bool,
}

impl Ground {
    pub(super) fn new(facts: &Facts<'_>) -> Ground {
        let mounts = facts.mounts.unwrap_or_default();
        let mut places: Vec<String> = mounts.iter().map(|mount| mount.path.clone()).collect();
        places.extend(BUILT_IN.iter().map(|place| (*place).to_owned()));
        let mut below = Overlaps::default();
        for (at, place) in places.iter().enumerate() {
            for path in [format!("{place}*"), place.trim_end_matches('/').to_owned()] {
                if let Some(set) = set(&path) {
                    below.insert(&set, at);
                }
            }
        }
        let versioned = mounts
            .iter()
            .filter(|mount| mount.kind == "kv-v2" || mount.kind == "kv" && mount.version == Some(2))
            .map(|mount| mount.path.clone());
        Ground {
            sudo: sudo_sets(facts),
            tokens: set("auth/token/*"),
            powers: Powers::new(),
            below,
            versioned: versioned.collect(),
            doors: mounts.iter().any(|mount| mount.path.starts_with("auth/")),
            places,
        }
    }
}

/// Runs the lints of this file on one policy.
pub(super) fn check(at: usize, named: &NamedPolicy<'_>, ground: &Ground, report: &mut Report<'_>) {
    for rule in &named.policy.rules {
        let Some(pattern) = &rule.pattern else {
            continue;
        };
        let set = PathSet::of(pattern);
        if rule.permissions.capabilities.is_deny() {
            continue;
        }
        sudo(at, rule, &set, ground, report);
        breadth(at, rule, &set, ground, report);
        if report.facts.mounts.is_some() {
            key_value(at, rule, pattern, ground, report);
        }
        if report.facts.mounts.is_some() && report.facts.mounts_complete {
            declared(at, rule, &set, ground, report);
        }
    }
}

fn set(path: &str) -> Option<PathSet> {
    Pattern::read(path).map(|pattern| PathSet::of(&pattern))
}

fn sudo_sets(facts: &Facts<'_>) -> Vec<PathSet> {
    let mut sets = Vec::new();
    for sudo in sudo_paths(facts.server.product) {
        match (sudo.engine, facts.mounts) {
            (None, _) => sets.extend(set(sudo.path)),
            (Some(_), mounts) if mounts.is_none() || !facts.mounts_complete => {
                sets.extend(set(&format!("+/{}", sudo.path)));
            }
            (Some(engine), mounts) => {
                let mounts = mounts.unwrap_or_default();
                let mounts = mounts.iter().filter(|mount| mount.kind == engine);
                sets.extend(
                    mounts.filter_map(|mount| set(&format!("{}{}", mount.path, sudo.path))),
                );
            }
        }
    }
    sets
}

fn sudo(at: usize, rule: &Rule, path: &PathSet, ground: &Ground, report: &mut Report<'_>) {
    let granted = rule.permissions.capabilities;
    if granted.has(Capability::Sudo) {
        let tokens = ground.tokens.as_ref().is_some_and(|set| set.touches(path));
        if !tokens && !ground.sudo.iter().any(|one| one.touches(path)) {
            let message = format!("nothing below `{}` needs `sudo`", rule.path);
            let place = rule.capabilities_extent;
            report.at("VF-P007", at, place, message, "remove `sudo`");
        }
    } else if granted.grants() && ground.sudo.iter().any(|one| path.is_within(one)) {
        let message = format!("`{}` needs `sudo` besides {granted}", rule.path);
        let hint = "add `sudo`, or remove the rule";
        report.at("VF-P008", at, rule.capabilities_extent, message, hint);
    }
}

fn breadth(at: usize, rule: &Rule, path: &PathSet, ground: &Ground, report: &mut Report<'_>) {
    let granted = rule.permissions.capabilities;
    if !granted.grants() {
        return;
    }
    if matches!(path.first(), Some(Segment::Begins(start)) if start.is_empty()) {
        let message = format!(
            "`{}` begins with a wildcard: it reaches every mount, `sys/` too",
            rule.path
        );
        report.rule("VF-P009", at, rule, message, "name the mount");
    }
    if let Some(found) = ground.powers.reached(path, granted, None) {
        let message = format!(
            "`{}` is as good as root: its holder can {} (`{}`)",
            rule.path, found.why, found.path
        );
        let hint =
            "name the one object that must be written, or grant it to a break-glass identity only";
        report.rule("VF-P011", at, rule, message, hint);
    }
}

/// Places that every server has.
const BUILT_IN: &[&str] = &["sys/", "identity/", "cubbyhole/", "auth/token/"];

fn declared(at: usize, rule: &Rule, path: &PathSet, ground: &Ground, report: &mut Report<'_>) {
    let reached = !ground.below.meeting(path).is_empty();
    if reached || path.contains("auth") || path.contains("auth/") {
        return;
    }
    let stem = rule.path.trim_start_matches('/');
    if stem.starts_with("auth/") && !ground.doors {
        return;
    }
    let near = ground.places.iter().find(|place| is_slip(stem, place));
    let hint = near.map(|near| format!("did you mean `{near}`?"));
    let message = format!("`{}` lies in no mount", rule.path);
    report.rule(
        "VF-P010",
        at,
        rule,
        message,
        hint.as_deref()
            .unwrap_or("declare the mount, or remove the rule"),
    );
}

/// Tells whether a path begins with a place but for a slip of the finger in one segment.
fn is_slip(path: &str, place: &str) -> bool {
    let place: Vec<&str> = place.trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.split('/').take(place.len()).collect();
    let pairs = path.iter().zip(&place);
    let mut others = pairs.filter(|(written, meant)| written != meant);
    let Some((written, meant)) = others.next().filter(|_| path.len() == place.len()) else {
        return false;
    };
    others.next().is_none() && nearest(written, [*meant]).is_some()
}

/// The first segments below a KV version 2 mount.
const KV2: &[&str] = &[
    "config",
    "data",
    "delete",
    "destroy",
    "detailed-metadata",
    "metadata",
    "subkeys",
    "undelete",
];

fn key_value(at: usize, rule: &Rule, pattern: &Pattern, ground: &Ground, report: &mut Report<'_>) {
    for mount in &ground.versioned {
        let Some(rest) = pattern.stem().strip_prefix(mount.as_str()) else {
            continue;
        };
        let (first, deeper) = rest
            .split_once('/')
            .map_or((rest, false), |(first, _)| (first, true));
        let partial = pattern.is_open() && !deeper;
        let known = KV2
            .iter()
            .any(|one| *one == first || partial && one.starts_with(first));
        if !known && first != "+" && !first.is_empty() {
            let message = format!(
                "`{}` lies in a KV version 2 mount, below neither `data/` nor `metadata/`",
                rule.path
            );
            let end = if pattern.is_open() { "*" } else { "" };
            let hint = format!(
                "write `{0}data/{rest}{end}` for the secrets, `{0}metadata/{rest}{end}` for listing and deleting",
                mount
            );
            report.rule("VF-P005", at, rule, message, &hint);
        }
        if first == "data" && rule.permissions.capabilities.has(Capability::List) {
            let message = format!(
                "`list` on `{}` is never used: KV version 2 lists below `metadata/`",
                rule.path
            );
            let hint = format!("grant `list` on `{mount}metadata/…`");
            report.at("VF-P006", at, rule.capabilities_extent, message, &hint);
        }
    }
}
