//! One `path "…" { … }`: keys and values, as the servers decode and check them.

use std::collections::BTreeMap;

use super::capability::{Capabilities, Capability};
use super::control_group;
use super::filter;
use super::parameter::{self, Parameters};
use super::parse::Notes;
use super::pattern::Pattern;
use super::rule::{Permissions, Rule};
use super::template;
use super::time::{self, Nanoseconds};
use super::tree::{Extent, Item, Key, Kind, Literal, Node};
use crate::source::nearest;

/// Reads a stanza; `None` when it is not even an object. Errors go to the notes.
pub(super) fn rule(item: &Item, labels: &[Key], notes: &mut Notes) -> Option<Rule> {
    let keyword = item.keys.first()?;
    let label = labels.first().unwrap_or(keyword);
    let path = label.text.clone();
    let Node::Object(items, body) = &item.value else {
        notes.hinted(
            item.extent(),
            "policy-value",
            "`path` must be a block",
            "write `path \"…\" { capabilities = […] }`",
        );
        return None;
    };
    for one in items {
        check_key(one, notes);
    }
    let capabilities_extent = fields(items, "capabilities")
        .next()
        .map_or(*body, Item::extent);
    let stanza = Stanza { items };
    let expiration = stanza.expiration(notes);
    notes.expired = expiration
        .zip(notes.now)
        .is_some_and(|(end, now)| now > end);
    let permissions = stanza.permissions(notes);
    let pattern = pattern(&path, label.extent, notes);
    Some(Rule {
        path,
        pattern,
        permissions,
        expiration,
        shorthand: fields(items, "policy").next().is_some(),
        extent: item.extent(),
        path_extent: label.extent,
        capabilities_extent,
    })
}

fn check_key(item: &Item, notes: &mut Notes) {
    if let Some(key) = item.keys.first()
        && !notes.server.knows_key(&key.text)
    {
        notes.unknown_key(key.extent, &key.text);
    }
}

/// Reads a rule's path as a pattern, without one leading slash; `None` with a template in it.
fn pattern(path: &str, extent: Extent, notes: &mut Notes) -> Option<Pattern> {
    match template::has_template(path) {
        None => {
            let message = "`{{` and `}}` do not match in this path";
            notes.error(extent, "policy-template", message);
            return None;
        }
        Some(true) if !path.contains("+*") => return None,
        Some(_) => {}
    }
    let read = Pattern::read(path.strip_prefix('/').unwrap_or(path));
    if read.is_none() && !notes.expired {
        let hint = "`+` is one whole segment: write `+/*` for all below it, or `*` alone";
        notes.hinted(extent, "policy-path", "`+*` is not allowed in a path", hint);
    }
    read
}

/// Iterates over the items of an object that carry one name.
pub(super) fn fields<'i>(items: &'i [Item], name: &'static str) -> impl Iterator<Item = &'i Item> {
    items
        .iter()
        .filter(move |item| item.keys.first().is_some_and(|key| key.text == name))
}

struct Stanza<'i> {
    items: &'i [Item],
}

impl Stanza<'_> {
    fn expiration(&self, notes: &mut Notes) -> Option<i64> {
        let (text, extent) = text(self.items, "expiration", notes)?;
        let Some(time) = time::absolute(&text) else {
            let message = format!("`{text}` is no point in time");
            let hint = "write it like `2027-01-31T00:00:00Z`";
            notes.hinted(extent, "policy-value", message, hint);
            return None;
        };
        time
    }

    fn permissions(&self, notes: &mut Notes) -> Permissions {
        let items = self.items;
        let capabilities = self.capabilities(notes);
        let mut permissions = Permissions {
            allowed: parameters(items, "allowed_parameters", notes),
            denied: parameters(items, "denied_parameters", notes),
            required: texts(items, "required_parameters", notes),
            mfa_methods: texts(items, "mfa_methods", notes),
            pagination_limit: whole_number(items, "pagination_limit", notes).unwrap_or(0),
            control_group: control_group::read(items, capabilities, notes),
            subscribe_event_types: texts(items, "subscribe_event_types", notes),
            capabilities,
            ..Permissions::default()
        };
        let filter = text(items, "list_scan_response_keys_filter_path", notes);
        if capabilities.is_deny() {
            // The servers stop reading a stanza at its `deny`.
            let control_group = permissions.control_group.take();
            return Permissions {
                capabilities,
                control_group,
                ..Permissions::default()
            };
        }
        permissions.min_wrapping_ttl = duration(items, "min_wrapping_ttl", notes);
        permissions.max_wrapping_ttl = duration(items, "max_wrapping_ttl", notes);
        check_wrapping(&permissions, items, notes);
        if let Some((path, extent)) = filter.filter(|(path, _)| !path.is_empty()) {
            check_filter(&path, extent, capabilities, notes);
            permissions.keys_filter = Some(path);
        }
        permissions
    }

    fn capabilities(&self, notes: &mut Notes) -> Capabilities {
        let mut found = Capabilities::NONE;
        let mut named = Vec::new();
        for item in fields(self.items, "capabilities") {
            named.extend(literals(item, "capabilities", notes));
        }
        let legacy = text(self.items, "policy", notes).filter(|(name, _)| !name.is_empty());
        if let Some((name, _)) = &legacy
            && name == "deny"
        {
            return Capabilities::DENY;
        }
        for (name, extent) in named {
            match Capability::named(&name).filter(|one| one.known_to(notes.server)) {
                Some(Capability::Deny) => return Capabilities::DENY,
                Some(one) => found = found.with(one),
                None => unknown_capability(&name, extent, notes),
            }
        }
        legacy.map_or(found, |(name, extent)| {
            found.union(shorthand(&name, extent, notes))
        })
    }
}

/// Returns what the old `policy = "…"` stands for.
fn shorthand(name: &str, extent: Extent, notes: &mut Notes) -> Capabilities {
    use Capability::{Create, Delete, List, Read, Sudo, Update};
    let all: &[Capability] = match name {
        "read" => &[Read, List],
        "write" => &[Create, Read, Update, Delete, List],
        "sudo" => &[Create, Read, Update, Delete, List, Sudo],
        _ if notes.expired => &[],
        _ => {
            let hint = "it is one of `deny`, `read`, `write`, `sudo`; better write `capabilities`";
            notes.hinted(
                extent,
                "policy-value",
                format!("`{name}` is no policy shorthand"),
                hint,
            );
            &[]
        }
    };
    all.iter().copied().collect()
}

fn unknown_capability(name: &str, extent: Extent, notes: &mut Notes) {
    if notes.expired {
        return;
    }
    let server = notes.server;
    let known = Capability::ALL
        .into_iter()
        .filter(|one| one.known_to(server));
    let names: Vec<&str> = known.map(Capability::name).collect();
    let hint = match nearest(name, names.iter().copied()) {
        _ if Capability::named(name).is_some() => format!("{server} does not know it"),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{server} knows {}", names.join(", ")),
    };
    notes.hinted(
        extent,
        "policy-capability",
        format!("`{name}` is no capability"),
        hint,
    );
}

fn check_wrapping(permissions: &Permissions, items: &[Item], notes: &mut Notes) {
    let (min, max) = (permissions.min_wrapping_ttl, permissions.max_wrapping_ttl);
    if min != 0 && max != 0 && max < min && !notes.expired {
        let at = fields(items, "max_wrapping_ttl").last();
        notes.error(
            at.map(Item::extent).unwrap_or_default(),
            "policy-value",
            "`max_wrapping_ttl` cannot be less than `min_wrapping_ttl`",
        );
    }
}

fn check_filter(path: &str, extent: Extent, granted: Capabilities, notes: &mut Notes) {
    const NAME: &str = "list_scan_response_keys_filter_path";
    if notes.expired {
        return;
    }
    if !granted.has(Capability::List) {
        let message = format!("`{NAME}` needs the capability `list`");
        notes.error(extent, "policy-value", message);
    }
    if let Err(message) = filter::check(path) {
        let hint = "write a path such as `kv/metadata/{{ .key }}`";
        notes.hinted(extent, "policy-value", message, hint);
    }
}

fn wrong(item: &Item, name: &str, wanted: &str, notes: &mut Notes) {
    let message = format!("`{name}` must be {wanted}");
    notes.error(item.value.extent(), "policy-value", message);
}

/// Returns the text of a literal where the server decodes a string.
fn as_text(literal: &Literal) -> Option<String> {
    matches!(literal.kind, Kind::Text | Kind::Heredoc | Kind::Number).then(|| literal.text.clone())
}

/// Reads a text; where it is set more than once the last one counts.
pub(super) fn text(
    items: &[Item],
    name: &'static str,
    notes: &mut Notes,
) -> Option<(String, Extent)> {
    let mut found = None;
    for item in fields(items, name) {
        let value = match &item.value {
            Node::Literal(literal) if item.keys.len() == 1 => as_text(literal),
            _ => None,
        };
        match value {
            Some(value) => found = Some((value, item.value.extent())),
            None => wrong(item, name, "a text", notes),
        }
    }
    found
}

/// Reads the texts of one list; objects without items count as empty lists, as in Go's decoder.
fn literals(item: &Item, name: &str, notes: &mut Notes) -> Vec<(String, Extent)> {
    let nodes = match &item.value {
        Node::List(nodes, _) if item.keys.len() == 1 => nodes.as_slice(),
        Node::Object(inner, _) if inner.is_empty() && item.keys.len() == 1 => &[],
        _ => {
            wrong(item, name, "a list of texts", notes);
            &[]
        }
    };
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Literal(literal) if as_text(literal).is_some() => {
                found.push((literal.text.clone(), literal.extent));
            }
            _ => {
                let message = format!("`{name}` must be a list of texts");
                notes.error(node.extent(), "policy-value", message);
            }
        }
    }
    found
}

/// Reads a list of texts; where it is set more than once the lists are joined.
pub(super) fn texts(items: &[Item], name: &'static str, notes: &mut Notes) -> Vec<String> {
    let mut found = Vec::new();
    for item in fields(items, name) {
        found.extend(
            literals(item, name, notes)
                .into_iter()
                .map(|(text, _)| text),
        );
    }
    found
}

/// Reads a whole number, also one in quotes; `0x10` is 16.
pub(super) fn whole_number(items: &[Item], name: &'static str, notes: &mut Notes) -> Option<i64> {
    let mut found = None;
    for item in fields(items, name) {
        let value = match &item.value {
            Node::Literal(one) if matches!(one.kind, Kind::Number | Kind::Text) => {
                integer(&one.text)
            }
            _ => None,
        };
        match value {
            Some(value) => found = Some(value),
            None => wrong(item, name, "a whole number", notes),
        }
    }
    found
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match (lower.get(..2), lower.len()) {
        (Some("0x"), _) => (16, lower.get(2..)?),
        (Some("0o"), _) => (8, lower.get(2..)?),
        (Some("0b"), _) => (2, lower.get(2..)?),
        (_, 2..) if lower.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    i64::from_str_radix(digits, base).ok()?.checked_mul(sign)
}

/// Reads a duration; 0 where there is none.
pub(super) fn duration(items: &[Item], name: &'static str, notes: &mut Notes) -> Nanoseconds {
    let mut found = 0;
    for item in fields(items, name) {
        let value = match &item.value {
            Node::Literal(one) => match one.kind {
                Kind::Text | Kind::Heredoc => time::duration(&one.text),
                Kind::Number => {
                    integer(&one.text).and_then(|seconds| time::duration(&seconds.to_string()))
                }
                Kind::Float => one.text.split('.').next().and_then(time::duration),
                Kind::Bool => None,
            },
            _ => None,
        };
        match value {
            Some(value) => found = value,
            None if notes.expired => {}
            None => wrong(item, name, "a duration such as `90s` or `1h`", notes),
        }
    }
    found
}

/// Reads `allowed_parameters` or `denied_parameters`; `None` where it is not set at all.
fn parameters(items: &[Item], name: &'static str, notes: &mut Notes) -> Option<Parameters> {
    let mut found: Option<BTreeMap<String, Vec<parameter::Parameter>>> = None;
    for item in fields(items, name) {
        let entries: &[Item] = match &item.value {
            Node::Object(entries, _) => entries,
            _ => {
                wrong(item, name, "a map from names to lists of values", notes);
                continue;
            }
        };
        let map = found.get_or_insert_default();
        if let Some(label) = item.keys.get(1) {
            let values = map.entry(label.text.clone()).or_default();
            values.push(parameter::read(&item.value, true));
            continue;
        }
        for entry in entries {
            parameter_values(entry, name, map, notes);
        }
    }
    let found = found?;
    let mut lowered = Parameters::new();
    for (key, values) in found {
        lowered.insert(key.to_lowercase(), values);
    }
    Some(lowered)
}

fn parameter_values(
    entry: &Item,
    name: &str,
    map: &mut BTreeMap<String, Vec<parameter::Parameter>>,
    notes: &mut Notes,
) {
    let Some(key) = entry.keys.first() else {
        return;
    };
    let values = map.entry(key.text.clone()).or_default();
    match &entry.value {
        Node::List(nodes, _) => values.extend(nodes.iter().map(|node| parameter::read(node, true))),
        Node::Object(..) => values.push(parameter::read(&entry.value, true)),
        Node::Literal(literal) => notes.hinted(
            literal.extent,
            "policy-value",
            format!("the values of `{}` in `{name}` must be a list", key.text),
            format!(
                "write `\"{}\" = [{}]`, or `[]` for any value",
                key.text,
                quoted(literal)
            ),
        ),
    }
}

fn quoted(literal: &Literal) -> String {
    match literal.kind {
        Kind::Text | Kind::Heredoc => format!("{:?}", literal.text),
        _ => literal.text.clone(),
    }
}
