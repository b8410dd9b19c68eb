//! Running the cases of a test file.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Expectation, TestFile};
use crate::policy::capability::Capability;
use crate::policy::decide::{Decision, Reason, Request};
use crate::policy::merged::{Context, RuleSet, Source};
use crate::policy::rule::Policy;
use crate::policy::server::Server;
use crate::policy::words;

/// Policies by the name that cases use.
pub type Named = BTreeMap<String, Policy>;

/// How one expectation came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub allowed: bool,
    pub why: String,
    /// The policy and the number of each rule that decided.
    pub rules: Vec<(String, usize)>,
}

/// How a case came out: what was found for each expectation, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub checks: Vec<Checked>,
    /// Names of policies that nobody has.
    pub missing: Vec<usize>,
}

impl Outcome {
    /// Iterates over the expectations that were not met.
    pub fn failures<'o>(
        &'o self,
        case: &'o Case,
    ) -> impl Iterator<Item = (&'o Expectation, &'o Checked)> {
        let pairs = case.expectations.iter().zip(&self.checks);
        pairs.filter(|(wanted, found)| wanted.allow != found.allowed)
    }
}

/// Runs a case. Policies that are missing grant nothing and are told by their position.
#[must_use]
pub fn run(case: &Case, file: &TestFile, named: &Named, now: i64) -> Outcome {
    let mut outcome = Outcome::default();
    let mut policies = Vec::new();
    for (at, (name, _)) in case.policies.iter().enumerate() {
        match named.get(name) {
            Some(policy) => policies.push(Policy {
                namespace: file.namespace.clone(),
                ..policy.clone()
            }),
            None => outcome.missing.push(at),
        }
    }
    let mounts: Vec<(&str, &str)> = file
        .mounts
        .iter()
        .map(|(path, kind)| (path.as_str(), kind.as_str()))
        .collect();
    let context = Context {
        server: file.server.unwrap_or(Server::OPENBAO),
        identity: case.identity.as_ref(),
        now: Some(now),
        mounts: &mounts,
    };
    let rules = RuleSet::new(&policies, &context);
    for wanted in &case.expectations {
        outcome.checks.push(match &rules {
            Ok(rules) => checked(wanted, rules, &policies, &context),
            Err(broken) => Checked {
                allowed: false,
                why: words::broken(broken),
                rules: Vec::new(),
            },
        });
    }
    outcome
}

fn checked(
    wanted: &Expectation,
    rules: &RuleSet,
    policies: &[Policy],
    context: &Context<'_>,
) -> Checked {
    let mut decision = rules.decide(&wanted.request, context);
    let bare = matches!(wanted.capability, Capability::Sudo | Capability::Subscribe);
    if bare && let Some(rule) = &decision.rule {
        decision.reason = match rule.permissions.capabilities.has(wanted.capability) {
            true => Reason::Allowed,
            false => Reason::Lacks(wanted.capability),
        };
        decision.allowed = decision.reason == Reason::Allowed;
    }
    Checked {
        allowed: decision.allowed,
        why: words::why(&decision, policies),
        rules: deciders(&decision, policies),
    }
}

fn deciders(decision: &Decision, policies: &[Policy]) -> Vec<(String, usize)> {
    let sources = decision.rule.iter().flat_map(|rule| &rule.sources);
    let named = |source: &Source| {
        let policy = policies.get(source.policy)?;
        Some((policy.name.clone(), source.rule))
    };
    sources.filter_map(named).collect()
}

/// Returns the paths and namespaces that a case asks about, for asking a server as well.
#[must_use]
pub fn requests(case: &Case) -> Vec<&Request> {
    let mut seen = BTreeSet::new();
    let requests = case.expectations.iter().map(|wanted| &wanted.request);
    requests
        .filter(|request| seen.insert(request.path.clone()))
        .collect()
}

/// Returns the rules of a policy, by number, that decided none of the outcomes.
#[must_use]
pub fn covered<'o>(
    name: &str,
    policy: &Policy,
    outcomes: impl Iterator<Item = &'o Outcome>,
) -> Vec<usize> {
    let mut hit = BTreeSet::new();
    for check in outcomes.flat_map(|outcome| &outcome.checks) {
        hit.extend(
            check
                .rules
                .iter()
                .filter(|(own, _)| own == name)
                .map(|(_, rule)| *rule),
        );
    }
    (0..policy.rules.len())
        .filter(|rule| !hit.contains(rule))
        .collect()
}
