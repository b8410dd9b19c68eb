//! What a server answers to a request, and which rule decided.

use serde_json::{Map, Value};

use super::capability::Capability;
use super::merged::{Absent, Broken, Context, Merged, RuleSet, Source, Step};
use super::parameter::is_among;
use super::pattern::{Form, Pattern};
use super::rule::{ControlGroup, Permissions, Policy};
use super::server::{Product, Version};
use super::sudo;
use super::time::Nanoseconds;

/// What a request does. POST and PUT are `Create` where nothing is there yet and the endpoint can tell, else `Update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    Create,
    Read,
    Update,
    Patch,
    Delete,
    List,
    Scan,
    Recover,
    Help,
}

impl Operation {
    /// Returns the capability that it needs; none for help.
    #[must_use]
    pub fn needs(self) -> Option<Capability> {
        Some(match self {
            Operation::Create => Capability::Create,
            Operation::Read => Capability::Read,
            Operation::Update => Capability::Update,
            Operation::Patch => Capability::Patch,
            Operation::Delete => Capability::Delete,
            Operation::List => Capability::List,
            Operation::Scan => Capability::Scan,
            Operation::Recover => Capability::Recover,
            Operation::Help => return None,
        })
    }

    fn lists(self) -> bool {
        matches!(self, Operation::List | Operation::Scan)
    }
}

/// A request, as far as policies look at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub operation: Operation,
    /// Without leading `/v1/`, relative to the namespace.
    pub path: String,
    /// `""` for the root, else with a final slash.
    pub namespace: String,
    /// Body and query parameters.
    pub data: Map<String, Value>,
    /// The wish to have the answer wrapped.
    pub wrap_ttl: Option<Nanoseconds>,
}

impl Request {
    /// Makes a request without data in the root namespace.
    #[must_use]
    pub fn new(operation: Operation, path: impl Into<String>) -> Request {
        Request {
            operation,
            path: path.into(),
            namespace: String::new(),
            data: Map::new(),
            wrap_ttl: None,
        }
    }

    /// Returns the full path as the servers look it up: LIST always ends in a slash.
    fn full_path(&self) -> String {
        let path = full_path(&self.namespace, &self.path);
        if self.operation.lists() && !path.ends_with('/') {
            return path + "/";
        }
        path
    }
}

fn full_path(namespace: &str, path: &str) -> String {
    format!("{namespace}{path}")
        .trim_start_matches('/')
        .to_owned()
}

/// Why a request is allowed or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Allowed,
    /// The `root` policy.
    Root,
    /// No rule matches.
    NoRule,
    /// The rule says `deny`.
    Denied,
    Lacks(Capability),
    /// The path needs `sudo` besides.
    LacksSudo,
    /// The rule wants the answer wrapped, within its bounds.
    Wrapping,
    /// A required parameter is not given.
    Missing(String),
    /// A parameter is denied, or its value is.
    ParameterDenied(String),
    /// A parameter is not among the allowed ones, or its value is not.
    ParameterNotAllowed(String),
    /// A LIST must say its `limit`, or said one above the cap.
    Limit,
    /// The token fails as a whole.
    Broken(Broken),
}

/// A rule that took part in a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Winner {
    pub pattern: Pattern,
    pub permissions: Permissions,
    pub sources: Vec<Source>,
}

/// Why a rule that matches did not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// An exact rule decides alone.
    ExactWins,
    /// LIST: rules for the other spelling of the path, with or without its final slash, are looked up first.
    OtherSlash,
    /// The first wildcard of the other rule stands later.
    LaterWildcard,
    /// The other rule does not end in `*`.
    NotOpen,
    /// The other rule has fewer `+`.
    FewerPlus,
    /// The other rule is longer.
    Longer,
    /// The other rule comes later in the alphabet.
    Greater,
    /// It is not there at all.
    Absent(Absent),
}

/// A rule that matches and did not decide. `pattern` is missing where its template could not be filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    pub pattern: Option<Pattern>,
    pub sources: Vec<Source>,
    pub why: Why,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub allowed: bool,
    pub reason: Reason,
    /// The one rule that decided.
    pub rule: Option<Winner>,
    /// The rules that match and did not decide; absent rules of any path are among them.
    pub lost: Vec<Lost>,
    /// The page size that the server puts on a LIST.
    pub limit: Option<i64>,
    /// The template that hides keys of a LIST.
    pub keys_filter: Option<String>,
    /// Approvals that the answer waits for.
    pub control_group: Option<ControlGroup>,
}

impl Decision {
    fn bare(allowed: bool, reason: Reason) -> Decision {
        Decision {
            allowed,
            reason,
            rule: None,
            lost: Vec::new(),
            limit: None,
            keys_filter: None,
            control_group: None,
        }
    }
}

/// Decides one request by the policies of a token. For many requests build a [`RuleSet`] once.
#[must_use]
pub fn decide(policies: &[Policy], request: &Request, context: &Context<'_>) -> Decision {
    match RuleSet::new(policies, context) {
        Ok(rules) => rules.decide(request, context),
        Err(broken) => Decision::bare(false, Reason::Broken(broken)),
    }
}

/// Answers what `sys/capabilities` answers for a path: alphabetical names, `deny` for nothing, `root` for root.
///
/// # Errors
/// With this identity the server would fail every request of the token.
pub fn capabilities(
    policies: &[Policy],
    path: &str,
    context: &Context<'_>,
) -> Result<Vec<&'static str>, Broken> {
    Ok(RuleSet::new(policies, context)?.capabilities("", path))
}

impl RuleSet {
    /// Answers what `sys/capabilities` answers for a path of a namespace.
    #[must_use]
    pub fn capabilities(&self, namespace: &str, path: &str) -> Vec<&'static str> {
        match self.root() {
            Some(root) if namespace.starts_with(root) => return vec!["root"],
            Some(_) => return vec!["deny"],
            None => {}
        }
        let found = self.find(&full_path(namespace, path), true);
        let rule = found.and_then(|(at, _)| self.rule(at));
        rule.map_or(vec!["deny"], |rule| rule.permissions.capabilities.answer())
    }

    /// Decides one request, and tells why.
    #[must_use]
    pub fn decide(&self, request: &Request, context: &Context<'_>) -> Decision {
        if let Some(root) = self.root() {
            let allowed = request.namespace.starts_with(root);
            return Decision::bare(
                allowed,
                if allowed {
                    Reason::Root
                } else {
                    Reason::NoRule
                },
            );
        }
        let Some(needed) = request.operation.needs() else {
            return Decision::bare(true, Reason::Allowed);
        };
        let path = request.full_path();
        let matching = self.matching(&path, request.operation.lists());
        let mut decision = Decision::bare(false, Reason::NoRule);
        decision.lost = self.lost(&matching);
        let Some(rule) = matching.first().and_then(|(at, _)| self.rule(*at)) else {
            return decision;
        };
        decision.reason = self
            .refusal(rule, needed, request, &path, context)
            .unwrap_or(Reason::Allowed);
        decision.allowed = decision.reason == Reason::Allowed;
        if decision.allowed {
            decision.control_group = controls(&rule.permissions, request.operation);
            if request.operation.lists() {
                decision.limit = page_size(&rule.permissions, request);
                decision
                    .keys_filter
                    .clone_from(&rule.permissions.keys_filter);
            }
        }
        decision.rule = Some(Winner {
            pattern: rule.pattern.clone(),
            permissions: rule.permissions.clone(),
            sources: rule.sources.clone(),
        });
        decision
    }

    /// Returns which of the keys that a LIST found are shown; `None` when its template cannot be computed here.
    #[must_use]
    pub fn shown_keys<'k>(
        &self,
        request: &Request,
        decision: &Decision,
        keys: &[&'k str],
        context: &Context<'_>,
    ) -> Option<Vec<&'k str>> {
        let Some(template) = &decision.keys_filter else {
            return Some(keys.to_vec());
        };
        let mut listed = request.path.clone();
        if !listed.ends_with('/') {
            listed.push('/');
        }
        let mut shown = Vec::new();
        for key in keys {
            let operation = if key.ends_with('/') {
                Operation::List
            } else {
                Operation::Read
            };
            let mut check = Request::new(
                operation,
                super::filter::path_of_key(template, &listed, key)?,
            );
            check.namespace.clone_from(&request.namespace);
            if self.decide(&check, context).allowed {
                shown.push(*key);
            }
        }
        Some(shown)
    }

    fn refusal(
        &self,
        rule: &Merged,
        needed: Capability,
        request: &Request,
        path: &str,
        context: &Context<'_>,
    ) -> Option<Reason> {
        let permissions = &rule.permissions;
        if permissions.capabilities.is_deny() {
            return Some(Reason::Denied);
        }
        if !permissions.capabilities.has(needed) {
            return Some(Reason::Lacks(needed));
        }
        if !wrapping_fits(permissions, request.wrap_ttl) {
            return Some(Reason::Wrapping);
        }
        let refused = match request.operation {
            Operation::Read | Operation::Create | Operation::Update | Operation::Patch => {
                self.parameters_refused(permissions, &request.data)
            }
            _ if request.operation.lists() && !self.limit_fits(permissions, &request.data) => {
                Some(Reason::Limit)
            }
            _ => None,
        };
        if refused.is_some() {
            return refused;
        }
        let sudo = sudo::needs(path, &request.namespace, context);
        (sudo && !permissions.capabilities.has(Capability::Sudo)).then_some(Reason::LacksSudo)
    }

    fn parameters_refused(
        &self,
        permissions: &Permissions,
        data: &Map<String, Value>,
    ) -> Option<Reason> {
        let missing = permissions
            .required
            .iter()
            .find(|name| !data.contains_key(&name.to_lowercase()));
        if let Some(name) = missing {
            return Some(Reason::Missing(name.clone()));
        }
        if data.is_empty() {
            return None;
        }
        self.denied(permissions, data)
            .or_else(|| self.not_allowed(permissions, data))
    }

    fn denied(&self, permissions: &Permissions, data: &Map<String, Value>) -> Option<Reason> {
        let denied = permissions.denied.as_ref()?;
        if denied.contains_key("*") {
            return Some(Reason::ParameterDenied("*".to_owned()));
        }
        let split = self.server.splits_list_values();
        data.iter()
            .find(|(name, value)| {
                denied
                    .get(&name.to_lowercase())
                    .is_some_and(|listed| is_among(value, listed, split, true))
            })
            .map(|(name, _)| Reason::ParameterDenied(name.clone()))
    }

    fn not_allowed(&self, permissions: &Permissions, data: &Map<String, Value>) -> Option<Reason> {
        let allowed = permissions.allowed.as_ref().filter(|all| !all.is_empty())?;
        let all = allowed.contains_key("*");
        if all && allowed.len() == 1 {
            return None;
        }
        let split = self.server.splits_list_values();
        data.iter()
            .find(|(name, value)| match allowed.get(&name.to_lowercase()) {
                Some(listed) => !is_among(value, listed, split, false),
                None => !all,
            })
            .map(|(name, _)| Reason::ParameterNotAllowed(name.clone()))
    }

    fn limit_fits(&self, permissions: &Permissions, data: &Map<String, Value>) -> bool {
        let cap = permissions.pagination_limit;
        if cap <= 0 {
            return true;
        }
        let Some(given) = data.get("limit") else {
            return !permissions
                .required
                .iter()
                .any(|name| name.to_lowercase() == "limit");
        };
        let strict =
            self.server.product == Product::OpenBao && self.server.version >= Version::new(2, 6, 2);
        match as_number(given) {
            Some(limit) => limit <= cap && (limit >= 0 || !strict),
            None => given == "max",
        }
    }

    fn lost(&self, matching: &[(usize, Step)]) -> Vec<Lost> {
        let mut lost = Vec::new();
        let winner = matching.first();
        for (at, step) in matching.iter().skip(1) {
            if let Some((rule, (best, first))) = self.rule(*at).zip(winner) {
                lost.push(Lost {
                    pattern: Some(rule.pattern.clone()),
                    sources: rule.sources.clone(),
                    why: self.why(*best, *first, rule, *step),
                });
            }
        }
        lost.extend(self.absent().iter().map(|(source, why)| Lost {
            pattern: None,
            sources: vec![*source],
            why: Why::Absent(why.clone()),
        }));
        lost
    }

    fn why(&self, best: usize, first: Step, rule: &Merged, step: Step) -> Why {
        let Some(winner) = self.rule(best).map(|one| &one.pattern) else {
            return Why::OtherSlash;
        };
        if winner.form() == Form::Exact {
            return Why::ExactWins;
        }
        if step != first {
            return Why::OtherSlash;
        }
        let (winner, loser) = (winner.rank(), rule.pattern.rank());
        if winner.wildcard_at != loser.wildcard_at {
            Why::LaterWildcard
        } else if winner.closed != loser.closed {
            Why::NotOpen
        } else if winner.plus != loser.plus {
            Why::FewerPlus
        } else if winner.length != loser.length {
            Why::Longer
        } else {
            Why::Greater
        }
    }
}

fn wrapping_fits(permissions: &Permissions, wish: Option<Nanoseconds>) -> bool {
    let (min, max) = (permissions.min_wrapping_ttl, permissions.max_wrapping_ttl);
    let below = max <= 0 || wish.is_some_and(|ttl| ttl <= max);
    let above = min <= 0 || wish.is_some_and(|ttl| ttl >= min);
    below && above && (min == 0 || max == 0 || max >= min)
}

fn as_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.is_empty() => Some(0),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn page_size(permissions: &Permissions, request: &Request) -> Option<i64> {
    let given = request
        .data
        .get("limit")
        .and_then(as_number)
        .filter(|limit| *limit > 0);
    let cap = Some(permissions.pagination_limit).filter(|cap| *cap > 0);
    given.or(cap)
}

/// Returns the control group, where it has a say in this operation.
fn controls(permissions: &Permissions, operation: Operation) -> Option<ControlGroup> {
    let group = permissions.control_group.as_ref()?;
    let name = operation.needs()?.name();
    let concerned = group.factors.iter().any(|factor| {
        factor.capabilities.is_empty() || factor.capabilities.iter().any(|one| one == name)
    });
    concerned.then(|| group.clone())
}
