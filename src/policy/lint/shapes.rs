//! Policy lints that look at one rule, or at the rules of one policy, alone.

use std::collections::HashMap;

use super::{NamedPolicy, Report};
use crate::policy::paths::PathSet;
use crate::policy::{
    Capabilities, Capability, Context, Form, Parameter, Parameters, Pattern, Policy, Rule, RuleSet,
};

/// Runs the lints of this file on one policy.
pub(super) fn check(at: usize, named: &NamedPolicy<'_>, report: &mut Report<'_>) {
    let mut seen: HashMap<&Pattern, usize> = HashMap::new();
    for rule in &named.policy.rules {
        spelling(at, rule, report);
        grants(at, rule, report);
        parameters(at, rule, report);
        selectors(at, rule, report);
        if let Some(pattern) = &rule.pattern {
            let count = seen.entry(pattern).or_default();
            *count += 1;
            if *count == 2 {
                let message = format!(
                    "`{pattern}` stands in this policy more than once: the stanzas are united"
                );
                report.rule("VF-P016", at, rule, message, "write one stanza");
            }
        }
    }
    order(at, named.policy, report);
}

/// Looks for wildcards that are none, and slashes that hide a rule.
fn spelling(at: usize, rule: &Rule, report: &mut Report<'_>) {
    let Some(pattern) = &rule.pattern else {
        return;
    };
    let path = &rule.path;
    if pattern.stem().contains('*') {
        let message =
            format!("the `*` within `{path}` stands for itself: only a final `*` is a wildcard");
        report.rule("VF-P013", at, rule, message, "use `+` for one segment");
    }
    let segments = pattern.stem().split('/');
    if segments
        .clone()
        .any(|one| one.len() > 1 && one.contains('+'))
    {
        let message = format!("the `+` within a segment of `{path}` stands for itself");
        report.rule("VF-P014", at, rule, message, "`+` must be a whole segment");
    }
    let (list, scan) = (Capability::List, Capability::Scan);
    let other = rule
        .permissions
        .capabilities
        .iter()
        .find(|one| *one != list && *one != scan);
    if let (Form::Exact, true, Some(other)) = (pattern.form(), pattern.stem().ends_with('/'), other)
        && !rule.permissions.capabilities.is_deny()
    {
        let message = format!(
            "`{other}` on `{path}` is never used: only LIST asks for a path with a final slash"
        );
        report.rule(
            "VF-P004",
            at,
            rule,
            message,
            "remove the slash, or write `*` behind it",
        );
    }
}

fn grants(at: usize, rule: &Rule, report: &mut Report<'_>) {
    if rule.permissions.capabilities == Capabilities::NONE {
        let message = format!("`{}` grants nothing, and hides every wider rule", rule.path);
        let hint = "write `deny` if that is meant";
        report.at("VF-P012", at, rule.capabilities_extent, message, hint);
    }
    if rule.shorthand {
        let message = format!("`policy = …` on `{}` is an old shorthand", rule.path);
        report.rule("VF-P015", at, rule, message, "write `capabilities = […]`");
    }
    let ended = rule
        .expiration
        .zip(report.facts.now)
        .is_some_and(|(end, now)| now > end);
    if ended {
        let message = format!("the rule for `{}` has expired", rule.path);
        report.rule("VF-P018", at, rule, message, "remove it");
    }
}

fn parameters(at: usize, rule: &Rule, report: &mut Report<'_>) {
    let permissions = &rule.permissions;
    for (name, parameters) in [
        ("allowed", &permissions.allowed),
        ("denied", &permissions.denied),
    ] {
        let number = parameters.as_ref().and_then(|all| with_number(all));
        if let Some(key) = number {
            let message =
                format!("the number that `{name}_parameters` lists for `{key}` matches no request");
            let hint = "the servers compare numbers as two different types: only texts and booleans can be listed";
            report.rule("VF-P017", at, rule, message, hint);
        }
    }
}

fn with_number(parameters: &Parameters) -> Option<&str> {
    let listed =
        |values: &Vec<Parameter>| values.iter().any(|one| matches!(one, Parameter::Number(_)));
    let found = parameters.iter().find(|(_, values)| listed(values));
    found.map(|(key, _)| key.as_str())
}

fn selectors(at: usize, rule: &Rule, report: &mut Report<'_>) {
    for piece in rule.path.split("{{").skip(1) {
        let selector = piece.split("}}").next().unwrap_or_default().trim();
        if !is_known(selector) {
            let message =
                format!("`{selector}` is no identity selector: the rule is silently dropped");
            let hint = "write such as `identity.entity.id` or `identity.groups.names.NAME.id`";
            report.rule("VF-P020", at, rule, message, hint);
        }
    }
}

fn is_known(selector: &str) -> bool {
    let parts: Vec<&str> = selector.split('.').collect();
    match parts.as_slice() {
        ["identity", "entity", rest @ ..] => match rest {
            ["aliases", _, rest @ ..] => is_value(rest, true),
            rest => is_value(rest, false),
        },
        ["identity", "groups", "ids" | "names", _, rest @ ..] => is_value(rest, false),
        ["time", "now"] | ["time", "now", "plus" | "minus", _, ..] => true,
        _ => false,
    }
}

fn is_value(parts: &[&str], alias: bool) -> bool {
    match parts {
        ["id" | "name"] | ["metadata", _, ..] => true,
        ["custom_metadata", _, ..] => alias,
        _ => false,
    }
}

/// Returns the rules of a policy, by number, that decide no path: others of the policy always win.
#[must_use]
pub fn unreachable(policy: &Policy, server: crate::policy::Server) -> Vec<usize> {
    let Ok(rules) = RuleSet::new(std::slice::from_ref(policy), &Context::new(server)) else {
        return Vec::new();
    };
    let reach = Reach::new(&rules);
    let hidden = rules.rules().iter().enumerate();
    hidden
        .filter(|(number, merged)| !reach.is_reached(*number, &merged.pattern))
        .flat_map(|(_, merged)| merged.sources.iter().map(|source| source.rule))
        .collect()
}

/// Looks for rules that others hide, wholly or against expectation.
fn order(at: usize, policy: &Policy, report: &mut Report<'_>) {
    let context = Context::new(report.facts.server);
    let Ok(rules) = RuleSet::new(std::slice::from_ref(policy), &context) else {
        return;
    };
    let reach = Reach::new(&rules);
    for (number, merged) in rules.rules().iter().enumerate() {
        let source = merged.sources.first();
        let Some(rule) = source.and_then(|source| policy.rules.get(source.rule)) else {
            continue;
        };
        if !reach.is_reached(number, &merged.pattern) {
            let message = format!(
                "`{}` never decides: other rules of this policy always win",
                rule.path
            );
            let hint =
                "the later the first wildcard stands, the stronger the rule; then the fewer `+`";
            report.rule("VF-P001", at, rule, message, hint);
            continue;
        }
        let example = PathSet::of(&merged.pattern).sample(1, &reach.fresh);
        let matching = rules.matching(&example, false);
        let next = matching.iter().find(|(other, _)| *other != number);
        if let Some(wider) = next.and_then(|(other, _)| rules.rule(*other)) {
            let granted = (
                merged.permissions.capabilities,
                wider.permissions.capabilities,
            );
            // Who denies first and allows then means an exception.
            let follows = wider.sources.last() > merged.sources.first();
            against(at, rule, granted, (&wider.pattern, follows), report);
        }
    }
}

/// Compares a rule with the wider one that would decide without it.
fn against(
    at: usize,
    rule: &Rule,
    (own, other): (Capabilities, Capabilities),
    (wider, follows): (&Pattern, bool),
    report: &mut Report<'_>,
) {
    if own.grants() && other.is_deny() && follows {
        let message = format!(
            "the deny on `{wider}` does not touch `{}`, which grants {own}",
            rule.path
        );
        let hint = "only one rule decides, the most specific one: deny the same path to close it";
        report.rule("VF-P003", at, rule, message, hint);
    }
    let hidden: Capabilities = other.iter().filter(|one| !own.has(*one)).collect();
    if own.grants() && hidden.grants() {
        let message = format!("`{}` hides {hidden} of the wider `{wider}`", rule.path);
        let hint =
            "rules with different paths are not united: repeat the capabilities if they are meant";
        report.rule("VF-P002", at, rule, message, hint);
    }
}

/// Tells which rules decide at least one path or LIST.
struct Reach<'r> {
    rules: &'r RuleSet,
    lengths: std::collections::BTreeSet<usize>,
    fresh: String,
}

impl<'r> Reach<'r> {
    fn new(rules: &'r RuleSet) -> Reach<'r> {
        let sets = rules
            .rules()
            .iter()
            .map(|rule| PathSet::of(&rule.pattern).length());
        let stems = rules.rules().iter().map(|rule| rule.pattern.stem());
        Reach {
            lengths: sets.flat_map(|length| [length, length + 1]).collect(),
            fresh: crate::policy::paths::fresh(stems),
            rules,
        }
    }

    fn is_reached(&self, number: usize, pattern: &Pattern) -> bool {
        let set = PathSet::of(pattern);
        let decides = |set: &PathSet, listing: bool| {
            let longer = self
                .lengths
                .range(set.length() + 1..)
                .filter(|_| set.is_open());
            let lengths = std::iter::once(set.length()).chain(longer.copied());
            lengths
                .map(|length| set.sample(length, &self.fresh))
                .any(|path| {
                    let path = if listing { path + "/" } else { path };
                    self.rules
                        .find(&path, listing)
                        .is_some_and(|(at, _)| at == number)
                })
        };
        decides(&set, false)
            || decides(&set, true)
            || set.directories().iter().any(|one| decides(one, true))
    }
}
