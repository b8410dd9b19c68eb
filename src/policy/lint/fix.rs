//! Putting right what can be put right without changing what a policy means: edits of its text that keep the layout.

use super::Finding;
use crate::policy::tree::Extent;
use crate::policy::{Capabilities, Permissions, Policy, Rule};

/// A piece of the text, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub extent: Extent,
    pub text: String,
}

/// Returns the edits that put a finding right; nothing where only the author can. The text must be HCL.
#[must_use]
pub fn fix(finding: &Finding, policy: &Policy, text: &str) -> Vec<Edit> {
    let Some((_, place)) = finding.place else {
        return Vec::new();
    };
    let inside = |rule: &&Rule| rule.extent.start <= place.start && place.end <= rule.extent.end;
    let Some(rule) = policy.rules.iter().find(inside) else {
        return Vec::new();
    };
    if text.trim_start().starts_with('{') {
        return Vec::new();
    }
    let edits = match unneeded(finding) {
        Some(name) => without(rule, name, text).map(|edit| vec![edit]),
        None => match finding.lint.code {
            "VF-P015" => spelled_out(rule, text).map(|edit| vec![edit]),
            "VF-P016" => united(policy, rule, text),
            "VF-P018" => Some(vec![removed(rule, text)]),
            _ => None,
        },
    };
    edits.unwrap_or_default()
}

/// Returns the capability that a finding says is never used, where taking it away changes nothing.
#[must_use]
pub fn unneeded(finding: &Finding) -> Option<&'static str> {
    match finding.lint.code {
        "VF-P006" => Some("list"),
        "VF-P007" => Some("sudo"),
        _ => None,
    }
}

fn without(rule: &Rule, name: &str, text: &str) -> Option<Edit> {
    let extent = rule.capabilities_extent;
    Some(Edit {
        extent,
        text: without_element(extent.of(text), name)?,
    })
}

/// Returns a list of texts without one element, its layout kept; `None` where it is not there just once, is the only one,
/// or has comments beside it.
#[must_use]
pub fn without_element(list: &str, name: &str) -> Option<String> {
    let quoted = format!("\"{name}\"");
    let commented = list.contains('#') || list.contains("//") || list.contains("/*");
    if commented || list.matches(&quoted).count() != 1 || !list.contains('[') {
        return None;
    }
    let (before, after) = list.split_once(&quoted)?;
    let behind = after.trim_start_matches([' ', '\t']);
    let first = before.trim_end().ends_with('[');
    if let Some(rest) = behind.strip_prefix(',') {
        let own_line = before.trim_end_matches([' ', '\t']).ends_with('\n');
        let tail = rest.trim_start_matches([' ', '\t', '\r']);
        if own_line && tail.starts_with('\n') {
            let kept = before.trim_end_matches([' ', '\t']);
            let only = first && tail.trim_start().starts_with(']');
            return (!only).then(|| format!("{kept}{}", tail.get(1..).unwrap_or_default()));
        }
        let only = first && tail.trim_start().starts_with(']');
        return (!only).then(|| format!("{before}{}", rest.trim_start_matches([' ', '\t'])));
    }
    // The last one: the comma before it goes too.
    let (kept, gap) = before.rsplit_once(',')?;
    gap.trim().is_empty().then(|| format!("{kept}{after}"))
}

/// Returns capabilities as policies write them.
fn list(capabilities: Capabilities) -> String {
    let names: Vec<String> = capabilities
        .iter()
        .map(|one| format!("\"{one}\""))
        .collect();
    format!("[{}]", names.join(", "))
}

/// Writes `policy = "read"` as capabilities.
fn spelled_out(rule: &Rule, text: &str) -> Option<Edit> {
    let body = Extent {
        start: rule.path_extent.end,
        end: rule.extent.end,
    };
    let inside = body.of(text);
    if inside.contains("capabilities") || inside.matches("policy").count() != 1 {
        return None;
    }
    let (before, after) = inside.split_once("policy")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let word = value.strip_prefix('"')?.split('"').next()?;
    let length = inside.len() - before.len() - (value.len() - word.len() - 2);
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let start = body.start + narrow(before.len());
    Some(Edit {
        extent: Extent {
            start,
            end: start + narrow(length),
        },
        text: format!("capabilities = {}", list(rule.permissions.capabilities)),
    })
}

/// Tells whether a rule has capabilities and nothing else.
fn is_plain(rule: &Rule, text: &str) -> bool {
    let nothing_else = Permissions {
        capabilities: rule.permissions.capabilities,
        ..Permissions::default()
    };
    let extent = rule.extent.of(text);
    rule.permissions == nothing_else
        && rule.expiration.is_none()
        && !rule.shorthand
        && extent.matches('=').count() == 1
        && extent.matches("capabilities").count() == 1
}

/// Unites a stanza with the first one of the same path.
fn united(policy: &Policy, rule: &Rule, text: &str) -> Option<Vec<Edit>> {
    let mut same = policy
        .rules
        .iter()
        .filter(|one| one.pattern == rule.pattern);
    let first = same.next().filter(|first| first.extent != rule.extent)?;
    if !is_plain(first, text) || !is_plain(rule, text) || rule.pattern.is_none() {
        return None;
    }
    let both = first
        .permissions
        .capabilities
        .union(rule.permissions.capabilities);
    let written = first.capabilities_extent.of(text);
    let (head, _) = written.split_once('[')?;
    Some(vec![
        Edit {
            extent: first.capabilities_extent,
            text: format!("{head}{}", list(both)),
        },
        removed(rule, text),
    ])
}

/// Removes a stanza with its line, the comments right above it, and one blank line.
fn removed(rule: &Rule, text: &str) -> Edit {
    let (start, end) = (rule.extent.start as usize, rule.extent.end as usize);
    let (before, after) = (
        text.get(..start).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    let mut start = before.rfind('\n').map_or(0, |at| at + 1);
    let alone = before.get(start..).unwrap_or_default().trim().is_empty();
    let tail = after.split_inclusive('\n').next().unwrap_or_default();
    if !alone || !tail.trim().is_empty() {
        return Edit {
            extent: rule.extent,
            text: String::new(),
        };
    }
    let mut end = end + tail.len();
    for line in before
        .get(..start)
        .unwrap_or_default()
        .split_inclusive('\n')
        .rev()
    {
        if !line.trim_start().starts_with(['#', '/']) {
            break;
        }
        start -= line.len();
    }
    let next = text.get(end..).unwrap_or_default();
    let blank = next
        .split_inclusive('\n')
        .next()
        .filter(|line| line.trim().is_empty());
    let above = text.get(..start).unwrap_or_default();
    match blank {
        Some(line) if !line.is_empty() => end += line.len(),
        // At the end: the blank line above goes instead.
        _ if next.is_empty() && above.ends_with("\n\n") => start -= 1,
        _ => {}
    }
    Edit {
        extent: Extent::new(start, end),
        text: String::new(),
    }
}

/// Returns the text after some edits; of two that overlap the first counts.
#[must_use]
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.extent);
    let (mut out, mut at) = (String::new(), 0);
    for edit in sorted {
        let (start, end) = (edit.extent.start as usize, edit.extent.end as usize);
        if start < at {
            continue;
        }
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(&edit.text);
        at = end;
    }
    out + text.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lint::{Facts, NamedPolicy, lint};
    use crate::policy::{Server, parse};

    fn fixed(text: &str) -> String {
        let (policy, faults) = parse(text, None, Server::OPENBAO);
        assert!(faults.is_empty(), "{faults:?}");
        let named = [NamedPolicy::new("p", &policy, text)];
        let facts = Facts {
            now: Some(1_795_000_000),
            ..Facts::new(Server::OPENBAO, &named)
        };
        let edits: Vec<Edit> = lint(&facts)
            .iter()
            .flat_map(|finding| fix(finding, &policy, text))
            .collect();
        edited(text, &edits)
    }

    #[test]
    fn elements_go_with_their_comma() {
        let without = |list: &str| without_element(list, "sudo");
        assert_eq!(
            without("[\"read\", \"sudo\"]").as_deref(),
            Some("[\"read\"]")
        );
        assert_eq!(
            without("[\"sudo\", \"read\"]").as_deref(),
            Some("[\"read\"]")
        );
        assert_eq!(
            without("[ \"a\", \"sudo\", \"b\" ]").as_deref(),
            Some("[ \"a\", \"b\" ]")
        );
        assert_eq!(
            without("[\n  \"a\",\n  \"sudo\",\n]").as_deref(),
            Some("[\n  \"a\",\n]")
        );
        assert_eq!(
            without("[\n  \"a\",\n  \"sudo\"\n]").as_deref(),
            Some("[\n  \"a\"\n]")
        );
        assert_eq!(without("[\"sudo\"]"), None);
        assert_eq!(without("[\n  \"sudo\",\n]"), None);
        assert_eq!(without("[\"sudo\", # why\n \"a\"]"), None);
    }

    #[test]
    fn shorthand_is_spelled_out() {
        assert_eq!(
            fixed("path \"kv/a\" {\n  policy = \"read\" # old\n}\n"),
            "path \"kv/a\" {\n  capabilities = [\"list\", \"read\"] # old\n}\n"
        );
    }

    #[test]
    fn stanzas_of_one_path_become_one() {
        let text = "path \"kv/a\" {\n  capabilities = [\"read\"]\n}\n\n# more\npath \"/kv/a\" {\n  capabilities = [\"update\"]\n}\n\npath \"kv/b\" {\n  capabilities = [\"read\"]\n}\n";
        let one = "path \"kv/a\" {\n  capabilities = [\"read\", \"update\"]\n}\n\npath \"kv/b\" {\n  capabilities = [\"read\"]\n}\n";
        assert_eq!(fixed(text), one);
        assert_eq!(fixed(one), one);
    }

    #[test]
    fn expired_stanzas_go() {
        let rest = "path \"kv/b\" {\n  capabilities = [\"read\"]\n}\n";
        let gone = "\n# for a week\npath \"kv/a\" {\n  capabilities = [\"read\"]\n  expiration = \"2001-01-01T00:00:00Z\"\n}\n";
        assert_eq!(fixed(&format!("{rest}{gone}")), rest);
        let first = gone.trim_start();
        assert_eq!(fixed(&format!("{first}\n{rest}")), rest);
    }
}
