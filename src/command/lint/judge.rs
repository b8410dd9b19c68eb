//! What the lints say of what was found in a directory, each finding at its place in a file.

use crate::command::stock::{Place, Read, Stock, faults, read_policy};
use crate::policy::lint::{
    AuthRole, Edit, Facts, Finding, Mount, NamedPolicy, fix, lint, unneeded, without_element,
};
use crate::policy::{Census, Policy, PolicyText, Server};
use crate::source::{Diagnostic, FileId, Label, Sources, Span};
use std::collections::{BTreeMap, BTreeSet};

/// A finding: where it is, who has silenced it with which reason, and what would put it right.
#[derive(Clone, Debug)]
pub struct Found {
    pub diagnostic: Diagnostic,
    pub silenced: Option<String>,
    pub edits: Vec<(Span, String)>,
}

/// How to judge.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The server that the policies are for; either product where nothing is said.
    pub server: Option<Server>,
    /// Seconds since 1970.
    pub now: i64,
}

/// A policy with its text, as it was read, and its place.
struct Known<'s> {
    text: &'s PolicyText,
    read: Read,
    place: Place,
}

/// The file that texts seem to stand in while they are read; spans in it are places in the text.
const TEXT: FileId = FileId(u32::MAX);

/// Judges all that was found.
#[must_use]
pub fn judge(stock: &Stock, sources: &Sources, manner: Manner) -> Vec<Found> {
    let mut found = Vec::new();
    let declared = stock.census.policies.iter().zip(&stock.places);
    let declared: Vec<Known<'_>> = declared
        .map(|(text, place)| known(text, place.clone(), manner))
        .collect();
    for namespace in namespaces(&stock.census) {
        let here: Vec<&Known<'_>> = declared
            .iter()
            .filter(|known| known.text.namespace == namespace)
            .collect();
        let facts = Ground::of(&stock.census, &namespace);
        found.extend(facts.judge(&here, sources, manner, true));
    }
    let files = stock.loose.iter().zip(&stock.loose_files);
    let loose: Vec<Known<'_>> = files
        .map(|(text, file)| {
            let map = crate::command::stock::TextMap::whole(*file, &text.text);
            known(text, Place::Text(map), manner)
        })
        .collect();
    let ground = Ground::of(&stock.census, "");
    let here: Vec<&Known<'_>> = loose.iter().collect();
    found.extend(ground.judge(&here, sources, manner, false));
    without_repetition(found)
}

fn known(text: &PolicyText, place: Place, manner: Manner) -> Known<'_> {
    let mut read = read_policy(&text.text, Some(TEXT), manner.server, manner.now);
    read.0.file = None;
    Known { text, read, place }
}

fn namespaces(census: &Census) -> BTreeSet<String> {
    let policies = census.policies.iter().map(|one| one.namespace.clone());
    let holders = census.holders.iter().map(|one| one.namespace.clone());
    let mut all: BTreeSet<String> = policies.chain(holders).collect();
    all.insert(String::new());
    all
}

/// A namespace as lints see it.
struct Ground<'s> {
    census: &'s Census,
    namespace: String,
    roles: Vec<AuthRole>,
    /// Those of the namespaces below have these in their path.
    mounts: Vec<Mount>,
}

impl<'s> Ground<'s> {
    fn of(census: &'s Census, namespace: &str) -> Ground<'s> {
        let roles = census
            .holders
            .iter()
            .filter(|one| one.namespace == namespace);
        let mounts = census.mounts.iter().filter_map(|mount| {
            let below = mount.namespace.strip_prefix(namespace)?;
            Some(Mount {
                path: format!("{below}{}", mount.path),
                ..mount.clone()
            })
        });
        Ground {
            census,
            namespace: namespace.to_owned(),
            roles: roles.map(|holder| holder.role.clone()).collect(),
            mounts: mounts.collect(),
        }
    }

    /// Judges policies, and where they are those of the configuration, roles and engines too.
    fn judge(
        &self,
        policies: &[&Known<'_>],
        sources: &Sources,
        manner: Manner,
        declared: bool,
    ) -> Vec<Found> {
        let mut found: Vec<Found> = policies.iter().flat_map(|known| refused(known)).collect();
        let named: Vec<NamedPolicy<'_>> = policies
            .iter()
            .map(|known| NamedPolicy {
                origin: known.text.origin.clone(),
                ..NamedPolicy::new(&known.text.name, &known.read.0, &known.text.text)
            })
            .collect();
        let server = policies.iter().map(|known| known.read.2).next_back();
        let server = manner.server.or(server).unwrap_or(Server::OPENBAO);
        let facts = self.facts(&named, server, manner, declared);
        for finding in lint(&facts) {
            found.push(self.placed(&finding, policies, sources));
        }
        found
    }

    fn facts<'f>(
        &'f self,
        policies: &'f [NamedPolicy<'f>],
        server: Server,
        manner: Manner,
        declared: bool,
    ) -> Facts<'f> {
        let census = self.census;
        let engines = self.mounts.iter().any(is_engine);
        let doors = self
            .mounts
            .iter()
            .any(|mount| mount.path.starts_with("auth/"));
        let mut facts = Facts {
            now: Some(manner.now),
            mounts: (!self.mounts.is_empty()).then_some(&self.mounts),
            mounts_complete: engines,
            ..Facts::new(server, policies)
        };
        let root = declared && self.namespace.is_empty();
        if declared {
            facts.policies_complete = !policies.is_empty();
            facts.roles = &self.roles;
            facts.roles_complete = !self.roles.is_empty();
        }
        if root {
            facts.pki_roles = &census.pki_roles;
            facts.transit_keys = &census.transit_keys;
            facts.database_roles = &census.database_roles;
            facts.aliases = &census.aliases;
            facts.audit_devices = doors.then_some(census.audit_devices);
        }
        facts
    }

    fn placed(&self, finding: &Finding, policies: &[&Known<'_>], sources: &Sources) -> Found {
        let mut diagnostic = finding.diagnostic();
        let mut edits = Vec::new();
        let known = finding
            .place
            .and_then(|(at, extent)| Some((policies.get(at)?, extent)));
        if let Some((known, extent)) = known {
            if let Some(span) = known.place.span(&known.read.0, extent) {
                put(&mut diagnostic, span);
            }
            edits = mending(finding, known, sources).unwrap_or_default();
        }
        if diagnostic.labels.is_empty() {
            let door = self
                .mounts
                .iter()
                .find(|mount| mount.path.starts_with("auth/"));
            let span = door.and_then(|mount| mount.origin.span);
            span.into_iter().for_each(|span| put(&mut diagnostic, span));
        }
        Found {
            diagnostic,
            silenced: finding.silenced.clone(),
            edits,
        }
    }
}

fn is_engine(mount: &Mount) -> bool {
    !mount.path.starts_with("auth/") && !mount.kind.is_empty()
}

fn put(diagnostic: &mut Diagnostic, span: Span) {
    let label = Label {
        span,
        text: String::new(),
    };
    diagnostic.labels = vec![label];
}

/// Returns what the server would refuse in a policy's text.
fn refused(known: &Known<'_>) -> Vec<Found> {
    let told = faults(&known.read, &known.place, &known.text.origin).into_iter();
    let found = told.map(|diagnostic| Found {
        diagnostic,
        silenced: None,
        edits: Vec::new(),
    });
    found.collect()
}

/// Returns the edits of files that put a finding right.
fn mending(finding: &Finding, known: &Known<'_>, sources: &Sources) -> Option<Vec<(Span, String)>> {
    let policy: &Policy = &known.read.0;
    if let Place::Rules(_) = known.place {
        let (_, extent) = finding.place?;
        let span = known.place.rule(policy, extent)?.capabilities?;
        let text = without_element(sources.text(span), unneeded(finding)?)?;
        return Some(vec![(span, text)]);
    }
    let edits = fix(finding, policy, &known.text.text);
    let spans = edits.into_iter().map(|Edit { extent, text }| {
        let span = known.place.exact(policy, extent)?;
        Some((span, text))
    });
    spans.collect()
}

/// Puts together what is found again at the same place: the instances of a block, policies that share a file.
fn without_repetition(found: Vec<Found>) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::new();
    let mut places: BTreeMap<(&'static str, Option<Span>, String), usize> = BTreeMap::new();
    for one in found {
        let span = one.diagnostic.labels.first().map(|label| label.span);
        // Without a place and an address only the message tells findings apart.
        let told = match (&span, &one.diagnostic.address) {
            (Some(_), Some(_)) => String::new(),
            _ => one.diagnostic.message.clone(),
        };
        let known = *places
            .entry((one.diagnostic.code, span, told))
            .or_insert(kept.len());
        match kept.get_mut(known) {
            Some(first) => add_instance(&mut first.diagnostic, &one.diagnostic),
            None => kept.push(one),
        }
    }
    kept
}

fn add_instance(first: &mut Diagnostic, again: &Diagnostic) {
    let Some(address) = again
        .address
        .as_ref()
        .filter(|_| again.address != first.address)
    else {
        return;
    };
    let also = format!("`{address}`");
    match &mut first.detail {
        None => first.detail = Some(format!("The same holds for {also}.")),
        Some(detail) if !detail.contains(&also) => {
            let list = detail.trim_end_matches('.').to_owned();
            *detail = format!("{list}, {also}.");
        }
        Some(_) => {}
    }
}
