//! The rules of all policies of a token, merged by path: what a server builds before it decides.

use std::collections::HashMap;

use super::capability::Capabilities;
use super::index::{Prefixes, Segments};
use super::parameter::Parameters;
use super::pattern::{Form, Pattern};
use super::rule::{Permissions, Policy, Rule};
use super::server::{Product, Server};
use super::template::{Filling, Identity, Unfilled, fill};
use super::time::Nanoseconds;

/// Where a rule was written: which of the policies, which of its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    pub policy: usize,
    pub rule: usize,
}

/// What surrounds a decision besides policies and request.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub server: Server,
    /// Whose token it is; without one, templated rules are not there.
    pub identity: Option<&'a Identity>,
    /// Seconds since 1970; without it no rule has expired.
    pub now: Option<i64>,
    /// Mounts as `path/` and type, for `sudo` paths of engines.
    pub mounts: &'a [(&'a str, &'a str)],
}

impl<'a> Context<'a> {
    /// Makes a context without identity, clock and mounts.
    #[must_use]
    pub const fn new(server: Server) -> Context<'a> {
        Context {
            server,
            identity: None,
            now: None,
            mounts: &[],
        }
    }
}

/// A rule after merging, and where its parts were written.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    pub pattern: Pattern,
    pub permissions: Permissions,
    pub sources: Vec<Source>,
}

/// Why a written rule is not among the merged ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    Expired,
    /// Its template has no value for this identity.
    Unfilled(Unfilled),
    /// Its path cannot be read as a pattern.
    Unreadable,
}

/// A policy that makes every request of its token fail: OpenBao 2.7 does so when a substituted value holds a
/// wildcard or a slash, all servers when the filled-in path has `+*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub source: Source,
    pub why: Absent,
}

/// All rules of a token, ready for decisions.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub(super) server: Server,
    rules: Vec<Merged>,
    /// Place of each rule in the order of priority; the greater wins.
    order: Vec<usize>,
    exact: HashMap<String, usize>,
    prefixes: Prefixes,
    segments: Segments,
    absent: Vec<(Source, Absent)>,
    /// The namespace of the `root` policy, where it is among them.
    root: Option<String>,
}

/// How a path was looked up when a rule was found for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Exact,
    /// LIST only: the exact rule for the path without its final slash.
    ExactTrimmed,
    Wild,
    /// LIST only: the wildcard rules for the path without its final slash.
    WildTrimmed,
}

impl RuleSet {
    /// Merges the rules of policies.
    ///
    /// # Errors
    /// With this identity the server would fail every request of the token.
    pub fn new(policies: &[Policy], context: &Context<'_>) -> Result<RuleSet, Broken> {
        let mut merging = Merging::default();
        for (at, policy) in policies.iter().enumerate() {
            for (index, rule) in policy.rules.iter().enumerate() {
                let source = Source {
                    policy: at,
                    rule: index,
                };
                merging.add(policy, rule, source, context)?;
            }
        }
        let root = policies.iter().find(|policy| policy.name == "root");
        Ok(merging.finish(context.server, root.map(|policy| policy.namespace.clone())))
    }

    /// Returns the merged rules, in the order in which their paths were first written.
    #[must_use]
    pub fn rules(&self) -> &[Merged] {
        &self.rules
    }

    /// Returns the written rules that are not there, and why.
    #[must_use]
    pub fn absent(&self) -> &[(Source, Absent)] {
        &self.absent
    }

    pub(super) fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    pub(super) fn rule(&self, at: usize) -> Option<&Merged> {
        self.rules.get(at)
    }

    /// Returns a rule's place in the order of priority.
    pub(super) fn place(&self, at: usize) -> usize {
        self.order.get(at).copied().unwrap_or(0)
    }

    fn best_wild(&self, path: &str) -> Option<usize> {
        let prefix = self.prefixes.of(path).next();
        let all = self.segments.of(path).into_iter().chain(prefix);
        all.max_by_key(|at| self.place(*at))
    }

    /// Returns the steps of a look-up, first hit first: `listing` adds the path without its final slash.
    pub(super) fn steps(&self, listing: bool) -> &'static [Step] {
        match (listing, self.server.lists_with_slash_first()) {
            (false, _) => &[Step::Exact, Step::Wild],
            (true, true) => &[
                Step::Exact,
                Step::ExactTrimmed,
                Step::Wild,
                Step::WildTrimmed,
            ],
            (true, false) => &[
                Step::Exact,
                Step::ExactTrimmed,
                Step::WildTrimmed,
                Step::Wild,
            ],
        }
    }

    /// Returns the one rule that decides for a full path, and the step that found it.
    pub(super) fn find(&self, path: &str, listing: bool) -> Option<(usize, Step)> {
        self.steps(listing).iter().find_map(|step| {
            let at = match step {
                Step::Exact => self.exact.get(path).copied(),
                Step::ExactTrimmed => self.exact.get(trimmed(path)).copied(),
                Step::Wild => self.best_wild(path),
                Step::WildTrimmed => self.best_wild(path.strip_suffix('/')?),
            };
            at.map(|at| (at, *step))
        })
    }

    /// Returns every rule that matches, the deciding one first, each with the step that would find it.
    pub(super) fn matching(&self, path: &str, listing: bool) -> Vec<(usize, Step)> {
        let mut found: Vec<(usize, Step)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for step in self.steps(listing) {
            let mut hits: Vec<usize> = match step {
                Step::Exact => self.exact.get(path).copied().into_iter().collect(),
                Step::ExactTrimmed => self.exact.get(trimmed(path)).copied().into_iter().collect(),
                Step::Wild => self.all_wild(path),
                Step::WildTrimmed => path
                    .strip_suffix('/')
                    .map_or_else(Vec::new, |path| self.all_wild(path)),
            };
            hits.sort_by_key(|at| std::cmp::Reverse(self.place(*at)));
            found.extend(
                hits.into_iter()
                    .filter(|at| seen.insert(*at))
                    .map(|at| (at, *step)),
            );
        }
        found
    }

    fn all_wild(&self, path: &str) -> Vec<usize> {
        let mut all = self.segments.of(path);
        all.extend(self.prefixes.of(path));
        all
    }
}

fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[derive(Default)]
struct Merging {
    rules: Vec<Merged>,
    by_pattern: HashMap<Pattern, usize>,
    absent: Vec<(Source, Absent)>,
}

impl Merging {
    fn add(
        &mut self,
        policy: &Policy,
        rule: &Rule,
        source: Source,
        context: &Context<'_>,
    ) -> Result<(), Broken> {
        let expired = rule
            .expiration
            .zip(context.now)
            .is_some_and(|(end, now)| now > end);
        let pattern = pattern(policy, rule, context);
        match pattern {
            // Templates are filled before anyone looks at the expiration.
            Err(why) if breaks(rule, &why, context.server, expired) => {
                return Err(Broken { source, why });
            }
            _ if expired => self.absent.push((source, Absent::Expired)),
            Ok(pattern) => self.put(pattern, rule, source),
            Err(why) => self.absent.push((source, why)),
        }
        Ok(())
    }

    fn put(&mut self, pattern: Pattern, rule: &Rule, source: Source) {
        if let Some(merged) = self
            .by_pattern
            .get(&pattern)
            .and_then(|at| self.rules.get_mut(*at))
        {
            merge(&mut merged.permissions, &rule.permissions);
            merged.sources.push(source);
            return;
        }
        self.by_pattern.insert(pattern.clone(), self.rules.len());
        self.rules.push(Merged {
            pattern,
            permissions: rule.permissions.clone(),
            sources: vec![source],
        });
    }

    fn finish(self, server: Server, root: Option<String>) -> RuleSet {
        let rules = self.rules;
        let mut by_rank: Vec<usize> = (0..rules.len()).collect();
        by_rank.sort_by_cached_key(|at| rules.get(*at).map(|rule| rule.pattern.rank()));
        let mut order = vec![0; rules.len()];
        for (place, at) in by_rank.into_iter().enumerate() {
            if let Some(slot) = order.get_mut(at) {
                *slot = place;
            }
        }
        let of_form = |form: Form| {
            let numbered = rules.iter().enumerate();
            numbered.filter(move |(_, rule)| rule.pattern.form() == form)
        };
        let stems =
            |form: Form| of_form(form).map(|(at, rule)| (rule.pattern.stem().to_owned(), at));
        RuleSet {
            server,
            order,
            exact: stems(Form::Exact).collect(),
            prefixes: Prefixes::new(stems(Form::Prefix).collect()),
            segments: Segments::new(
                of_form(Form::Segments)
                    .map(|(at, rule)| (rule.pattern.stem(), rule.pattern.is_open(), at)),
            ),
            absent: self.absent,
            root,
            rules,
        }
    }
}

/// Tells whether an absent rule takes the whole token down with it.
fn breaks(rule: &Rule, why: &Absent, server: Server, expired: bool) -> bool {
    match why {
        Absent::Unfilled(Unfilled::Blocked { .. }) => server.is(Product::OpenBao, 2, 7),
        Absent::Unreadable => !expired && super::template::has_template(&rule.path) == Some(true),
        _ => false,
    }
}

fn pattern(policy: &Policy, rule: &Rule, context: &Context<'_>) -> Result<Pattern, Absent> {
    if let Some(pattern) = &rule.pattern {
        if policy.namespace.is_empty() {
            return Ok(pattern.clone());
        }
        let path = format!("{}{pattern}", policy.namespace);
        return Pattern::read(&path).ok_or(Absent::Unreadable);
    }
    let path = match super::template::has_template(&rule.path) {
        Some(true) => filled(policy, rule, context)?,
        Some(false) => rule.path.clone(),
        None => return Err(Absent::Unreadable),
    };
    let path = path.strip_prefix('/').unwrap_or(&path);
    Pattern::read(&format!("{}{path}", policy.namespace)).ok_or(Absent::Unreadable)
}

fn filled(policy: &Policy, rule: &Rule, context: &Context<'_>) -> Result<String, Absent> {
    let guards = context.server.guards_templates();
    let mut blocked = Vec::new();
    if guards && !policy.allow_slashes {
        blocked.push('/');
    }
    if guards && !policy.allow_wildcards {
        blocked.extend(['*', '+']);
    }
    let filling = Filling {
        identity: context.identity,
        now: context.now,
        namespace: &policy.namespace,
        blocked: &blocked,
    };
    fill(&rule.path, filling).map_err(Absent::Unfilled)
}

/// Merges what another rule with the same path says.
pub(super) fn merge(into: &mut Permissions, from: &Permissions) {
    if into.capabilities.is_deny() {
        return;
    }
    if from.capabilities.is_deny() {
        into.capabilities = Capabilities::DENY;
        into.allowed = None;
        into.denied = None;
        return;
    }
    into.capabilities = into.capabilities.union(from.capabilities);
    into.max_wrapping_ttl = lower(into.max_wrapping_ttl, from.max_wrapping_ttl);
    into.min_wrapping_ttl = lower(into.min_wrapping_ttl, from.min_wrapping_ttl);
    into.pagination_limit = lower(into.pagination_limit, from.pagination_limit);
    unite(&mut into.allowed, from.allowed.as_ref());
    unite(&mut into.denied, from.denied.as_ref());
    add(&mut into.required, &from.required);
    add(&mut into.mfa_methods, &from.mfa_methods);
    add(&mut into.subscribe_event_types, &from.subscribe_event_types);
    if into.keys_filter.is_none() {
        into.keys_filter.clone_from(&from.keys_filter);
    }
}

/// Returns the lower of two limits, where 0 is none.
fn lower(left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
    if right > 0 && (left <= 0 || right < left) {
        return right;
    }
    left
}

fn add(into: &mut Vec<String>, from: &[String]) {
    for one in from {
        if !into.contains(one) {
            into.push(one.clone());
        }
    }
}

/// Unites values by parameter; an empty list, which means any value, wins.
fn unite(into: &mut Option<Parameters>, from: Option<&Parameters>) {
    let Some(from) = from.filter(|from| !from.is_empty()) else {
        return;
    };
    let Some(into) = into else {
        *into = Some(from.clone());
        return;
    };
    for (key, values) in from {
        match into.get_mut(key) {
            Some(known) if known.is_empty() || values.is_empty() => known.clear(),
            Some(known) => known.extend(values.iter().cloned()),
            None => {
                into.insert(key.clone(), values.clone());
            }
        }
    }
}
