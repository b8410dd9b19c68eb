//! Paths whose holder can give itself every right.

use super::capability::{Capabilities, Capability};
use super::paths::PathSet;
use super::pattern::Pattern;

/// A path whose holder can become root, and what it takes.
#[derive(Debug)]
pub(super) struct RootEquivalent {
    /// In the language of rules.
    pub path: &'static str,
    /// Any one of them is enough.
    any: &'static [Capability],
    /// Whether `sudo` is needed besides.
    sudo: bool,
    /// What its holder can do.
    pub why: &'static str,
}

const WRITES: &[Capability] = &[Capability::Create, Capability::Update, Capability::Patch];

/// A path that must be written.
const fn write(path: &'static str, why: &'static str) -> RootEquivalent {
    RootEquivalent {
        path,
        any: WRITES,
        sudo: false,
        why,
    }
}

/// A path that must be written with `sudo`.
const fn sudo_write(path: &'static str, why: &'static str) -> RootEquivalent {
    RootEquivalent {
        sudo: true,
        ..write(path, why)
    }
}

const LOG_IN: &str = "log in with any policy";
const ITSELF: &str = "give itself any policy";

const ROOT_EQUIVALENTS: &[RootEquivalent] = &[
    write("sys/policies/acl/*", "rewrite its own policies"),
    write("sys/policy/*", "rewrite its own policies"),
    sudo_write("sys/auth/*", "mount an auth method of its own"),
    RootEquivalent {
        path: "sys/raw/*",
        any: &[Capability::Read, Capability::Create, Capability::Update],
        sudo: true,
        why: "read and rewrite the storage",
    },
    write("sys/storage/raft/snapshot*", "put another storage in place"),
    write("sys/generate-root-token/*", "make a root token"),
    sudo_write("auth/token/create*", "make tokens with any policy"),
    write("auth/token/roles/*", "make tokens with any policy"),
    write("auth/+/config", "let itself in by an issuer of its own"),
    write("auth/+/role/+", LOG_IN),
    write("auth/+/role/+/policies", LOG_IN),
    write("auth/+/+/role/+", LOG_IN),
    write("auth/+/users/+", LOG_IN),
    write("auth/+/users/+/policies", LOG_IN),
    write("auth/+/groups/+", LOG_IN),
    write("auth/+/certs/+", LOG_IN),
    write("auth/+/map/*", LOG_IN),
    write("identity/entity*", ITSELF),
    write("identity/group*", ITSELF),
];

/// The paths as sets, made once for many questions.
#[derive(Clone, Debug)]
pub(super) struct Powers {
    known: Vec<(PathSet, &'static RootEquivalent)>,
}

impl Powers {
    pub(super) fn new() -> Powers {
        let known = ROOT_EQUIVALENTS.iter().filter_map(|one| {
            let pattern = Pattern::read(one.path)?;
            Some((PathSet::of(&pattern), one))
        });
        Powers {
            known: known.collect(),
        }
    }

    /// Returns the first such path that a set reaches with these capabilities, `part` of which it takes, where that is asked.
    pub(super) fn reached(
        &self,
        set: &PathSet,
        granted: Capabilities,
        part: Option<Capability>,
    ) -> Option<&'static RootEquivalent> {
        let holds = |one: &RootEquivalent| {
            one.any.iter().any(|each| granted.has(*each))
                && (!one.sudo || granted.has(Capability::Sudo))
                && part.is_none_or(|part| {
                    one.any.contains(&part) || one.sudo && part == Capability::Sudo
                })
        };
        self.known
            .iter()
            .find(|(path, one)| holds(one) && path.touches(set))
            .map(|(_, one)| *one)
    }
}
