//! Policy lints that look at what lies behind a path: mounts, engines, `sudo`, dangerous endpoints.

use super::{Mount, NamedPolicy, Report};
use crate::policy::paths::PathSet;
use crate::policy::sudo::sudo_paths;
use crate::policy::{Capability, Pattern, Rule, Segment};
use crate::source::nearest;

/// Runs the lints of this file on one policy.
pub(super) fn check(at: usize, named: &NamedPolicy<'_>, report: &mut Report<'_>) {
    for rule in &named.policy.rules {
        let Some(pattern) = &rule.pattern else {
            continue;
        };
        let set = PathSet::of(pattern);
        if rule.permissions.capabilities.is_deny() {
            continue;
        }
        sudo(at, rule, &set, report);
        breadth(at, rule, &set, report);
        if let Some(mounts) = report.facts.mounts {
            declared(at, rule, &set, mounts, report);
            key_value(at, rule, pattern, mounts, report);
        }
    }
}

fn set(path: &str) -> Option<PathSet> {
    Pattern::read(path).map(|pattern| PathSet::of(&pattern))
}

/// Returns the paths that need `sudo`; engines stand at their mounts, or anywhere when these are not known.
fn sudo_sets(report: &Report<'_>) -> Vec<PathSet> {
    let mut sets = Vec::new();
    for sudo in sudo_paths(report.facts.server.product) {
        match (sudo.engine, report.facts.mounts) {
            (None, _) => sets.extend(set(sudo.path)),
            (Some(_), None) => sets.extend(set(&format!("+/{}", sudo.path))),
            (Some(engine), Some(mounts)) => {
                let mounts = mounts.iter().filter(|mount| mount.kind == engine);
                sets.extend(
                    mounts.filter_map(|mount| set(&format!("{}{}", mount.path, sudo.path))),
                );
            }
        }
    }
    sets
}

fn sudo(at: usize, rule: &Rule, path: &PathSet, report: &mut Report<'_>) {
    let granted = rule.permissions.capabilities;
    let sets = sudo_sets(report);
    if granted.has(Capability::Sudo) {
        // Creating tokens asks for `sudo` by parameter, not by path.
        let tokens = set("auth/token/*").and_then(|tokens| tokens.meet(path));
        if tokens.is_none() && !sets.iter().any(|one| one.meet(path).is_some()) {
            let message = format!("nothing below `{}` needs `sudo`", rule.path);
            report.at(
                "VF-P007",
                at,
                rule.capabilities_extent,
                message,
                "remove `sudo`",
            );
        }
    } else if granted.grants() && sets.iter().any(|one| path.is_within(one)) {
        let message = format!("`{}` needs `sudo` besides {granted}", rule.path);
        report.at(
            "VF-P008",
            at,
            rule.capabilities_extent,
            message,
            "add `sudo`, or remove the rule",
        );
    }
}

/// A path whose holder can become root, and what it takes.
struct RootEquivalent {
    path: &'static str,
    capabilities: &'static [Capability],
    why: &'static str,
}

const WRITES: &[Capability] = &[Capability::Create, Capability::Update, Capability::Patch];

const ROOT_EQUIVALENTS: &[RootEquivalent] = &[
    RootEquivalent {
        path: "sys/policies/acl/*",
        capabilities: WRITES,
        why: "rewrite its own policies",
    },
    RootEquivalent {
        path: "sys/policy/*",
        capabilities: WRITES,
        why: "rewrite its own policies",
    },
    RootEquivalent {
        path: "sys/auth/*",
        capabilities: &[Capability::Sudo],
        why: "mount an auth method of its own",
    },
    RootEquivalent {
        path: "sys/raw/*",
        capabilities: &[Capability::Sudo],
        why: "rewrite the storage",
    },
    RootEquivalent {
        path: "sys/storage/raft/snapshot*",
        capabilities: WRITES,
        why: "put another storage in place",
    },
    RootEquivalent {
        path: "sys/generate-root-token/*",
        capabilities: WRITES,
        why: "make a root token",
    },
    RootEquivalent {
        path: "auth/token/create*",
        capabilities: &[Capability::Sudo],
        why: "make tokens with any policy",
    },
    RootEquivalent {
        path: "auth/token/roles/*",
        capabilities: WRITES,
        why: "make tokens with any policy",
    },
    RootEquivalent {
        path: "auth/+/role/*",
        capabilities: WRITES,
        why: "log in with any policy",
    },
    RootEquivalent {
        path: "auth/+/users/*",
        capabilities: WRITES,
        why: "log in with any policy",
    },
    RootEquivalent {
        path: "identity/entity/*",
        capabilities: WRITES,
        why: "give itself any policy",
    },
    RootEquivalent {
        path: "identity/group/*",
        capabilities: WRITES,
        why: "give itself any policy",
    },
];

fn breadth(at: usize, rule: &Rule, path: &PathSet, report: &mut Report<'_>) {
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
    let found = ROOT_EQUIVALENTS.iter().find(|one| {
        let holds = one
            .capabilities
            .iter()
            .any(|capability| granted.has(*capability));
        holds && set(one.path).is_some_and(|set| set.meet(path).is_some())
    });
    if let Some(found) = found {
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

fn declared(at: usize, rule: &Rule, path: &PathSet, mounts: &[Mount], report: &mut Report<'_>) {
    let places = || {
        mounts
            .iter()
            .map(|mount| mount.path.as_str())
            .chain(BUILT_IN.iter().copied())
    };
    let reached = places().any(|place| {
        let below = set(&format!("{place}*")).and_then(|set| set.meet(path));
        below.is_some() || path.contains(place.trim_end_matches('/'))
    });
    if reached || path.contains("auth") || path.contains("auth/") {
        return;
    }
    let stem = rule.path.trim_start_matches('/');
    let depth = if stem.starts_with("auth/") { 2 } else { 1 };
    let first: Vec<&str> = stem.split('/').take(depth).collect();
    let first = first.join("/") + "/";
    let hint = nearest(&first, places()).map(|near| format!("did you mean `{near}`?"));
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

fn key_value(at: usize, rule: &Rule, pattern: &Pattern, mounts: &[Mount], report: &mut Report<'_>) {
    let versioned = mounts
        .iter()
        .filter(|mount| mount.kind == "kv-v2" || mount.kind == "kv" && mount.version == Some(2));
    for mount in versioned {
        let Some(rest) = pattern.stem().strip_prefix(&mount.path) else {
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
                mount.path
            );
            report.rule("VF-P005", at, rule, message, &hint);
        }
        if first == "data" && rule.permissions.capabilities.has(Capability::List) {
            let message = format!(
                "`list` on `{}` is never used: KV version 2 lists below `metadata/`",
                rule.path
            );
            let hint = format!("grant `list` on `{}metadata/…`", mount.path);
            report.at("VF-P006", at, rule.capabilities_extent, message, &hint);
        }
    }
}
