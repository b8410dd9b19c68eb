//! Decisions in words.

use super::decide::{Decision, Lost, Reason, Why};
use super::merged::{Absent, Broken, Source};
use super::rule::Policy;
use super::template::Unfilled;

/// Tells in one line why a request is allowed or refused, and which rules lost to the one that decided.
#[must_use]
pub fn why(decision: &Decision, policies: &[Policy]) -> String {
    let mut text = reason(decision);
    for lost in &decision.lost {
        if let Some(more) = loser(lost, policies) {
            text.push_str("; ");
            text.push_str(&more);
        }
    }
    text
}

fn reason(decision: &Decision) -> String {
    let rule = decision.rule.as_ref().map(|rule| rule.pattern.to_string());
    let rule = rule.unwrap_or_default();
    match &decision.reason {
        Reason::Allowed if rule.is_empty() => "every token may do this".to_owned(),
        Reason::Allowed => format!("`{rule}` grants it"),
        Reason::Root => "the policy `root` grants everything".to_owned(),
        Reason::NoRule => "no rule matches the path".to_owned(),
        Reason::Denied => format!("`{rule}` denies it"),
        Reason::Lacks(capability) => format!("`{rule}` decides, and does not grant `{capability}`"),
        Reason::LacksSudo => format!("`{rule}` decides, and the path needs `sudo` besides"),
        Reason::Wrapping => {
            format!("`{rule}` wants the answer wrapped, for a time within its bounds")
        }
        Reason::Missing(name) => format!("`{rule}` requires the parameter `{name}`"),
        Reason::ParameterDenied(name) => {
            format!("`{rule}` denies the parameter `{name}`, or its value")
        }
        Reason::ParameterNotAllowed(name) => {
            format!("`{rule}` does not allow the parameter `{name}`, or its value")
        }
        Reason::Limit => format!("`{rule}` bounds `limit`, and the request does not keep within"),
        Reason::Broken(broken) => self::broken(broken),
    }
}

/// Tells what makes every request of a token fail.
#[must_use]
pub fn broken(broken: &Broken) -> String {
    let why = match &broken.why {
        Absent::Unfilled(Unfilled::Blocked {
            selector,
            character,
        }) => format!("the value of `{selector}` holds `{character}`"),
        Absent::Unfilled(Unfilled::Missing(selector)) => format!("`{selector}` has no value"),
        Absent::Expired => "a rule has expired".to_owned(),
        Absent::Unreadable => "a path with its values filled in cannot be read".to_owned(),
    };
    format!("every request of this token fails: {why}")
}

fn loser(lost: &Lost, policies: &[Policy]) -> Option<String> {
    let written = |source: &Source| {
        let rule = policies.get(source.policy)?.rules.get(source.rule)?;
        Some(rule.path.clone())
    };
    let name = match &lost.pattern {
        Some(pattern) => pattern.to_string(),
        None => lost.sources.first().and_then(written)?,
    };
    let why = match &lost.why {
        Why::ExactWins => "an exact rule wins".to_owned(),
        Why::OtherSlash => {
            "rules for the other spelling of the path, with or without its final slash, come first"
                .to_owned()
        }
        Why::LaterWildcard => "the other's first wildcard stands later".to_owned(),
        Why::NotOpen => "the other does not end in `*`".to_owned(),
        Why::FewerPlus => "the other has fewer `+`".to_owned(),
        Why::Longer => "the other is longer".to_owned(),
        Why::Greater => "the other comes later in the alphabet".to_owned(),
        Why::Absent(Absent::Expired) => return Some(format!("`{name}` has expired")),
        Why::Absent(Absent::Unfilled(Unfilled::Missing(selector))) => {
            return Some(format!(
                "`{name}` is not there, as `{selector}` has no value"
            ));
        }
        Why::Absent(_) => return Some(format!("`{name}` is not there")),
    };
    Some(format!("`{name}` matches too, but {why}"))
}
