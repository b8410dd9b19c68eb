//! Policy text → [`Policy`], judged as the server judges it when the policy is written.

use crate::source::{Diagnostic, FileId, Span, nearest};

use super::rule::Policy;
use super::server::{KEYS, Server};
use super::stanza;
use super::tree::{Document, Extent, Fault, Item, Kind, Node};
use super::{grammar, json};

/// Parses a policy, HCL 1 or JSON, as a server of this product and version would. The policy holds all that
/// could be read; with an error among the diagnostics the server refuses the text. Linear in the text, never panics.
#[must_use]
pub fn parse(text: &str, file: Option<FileId>, server: Server) -> (Policy, Vec<Diagnostic>) {
    parse_at(text, file, server, None)
}

/// Parses like [`parse`], at a time in seconds since 1970: servers look less closely at stanzas that have expired.
#[must_use]
pub fn parse_at(
    text: &str,
    file: Option<FileId>,
    server: Server,
    now: Option<i64>,
) -> (Policy, Vec<Diagnostic>) {
    let mut notes = Notes {
        server,
        now,
        expired: false,
        file,
        found: Vec::new(),
    };
    let mut policy = Policy {
        file,
        ..Policy::default()
    };
    if text.is_empty() {
        notes.error(
            Extent::default(),
            "policy-empty",
            "a policy text cannot be empty",
        );
        return (policy, notes.found);
    }
    let document = read(text);
    if let Some(fault) = document.fault {
        notes.syntax(&fault);
    }
    for item in &document.items {
        top_level(item, &mut policy, &mut notes);
    }
    check_duplicates(&document.items, &mut notes);
    policy.comments = document.comments;
    (policy, notes.found)
}

fn read(text: &str) -> Document {
    if text.trim_start().starts_with('{') {
        return json::parse(text);
    }
    grammar::parse(text)
}

fn top_level(item: &Item, policy: &mut Policy, notes: &mut Notes) {
    let Some((key, labels)) = item.keys.split_first() else {
        return;
    };
    match key.text.as_str() {
        "path" => policy.rules.extend(stanza::rule(item, labels, notes)),
        "name" => {
            let named = matches!(&item.value, Node::Literal(one) if one.kind != Kind::Bool && one.kind != Kind::Float);
            if !named || !labels.is_empty() {
                notes.error(item.extent(), "policy-value", "`name` must be a text");
            }
        }
        other => {
            let hint = nearest(other, ["path", "name"])
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| "a policy holds `path \"…\" { … }` stanzas only".to_owned());
            notes.hinted(
                key.extent,
                "policy-key",
                format!("`{other}` does not belong at the top of a policy"),
                hint,
            );
        }
    }
}

/// Reports attributes that are set twice, where the server refuses them.
fn check_duplicates(items: &[Item], notes: &mut Notes) {
    if !notes.server.refuses_duplicates() {
        return;
    }
    let mut seen = std::collections::HashSet::new();
    for item in items {
        let key = item
            .keys
            .first()
            .filter(|key| item.assigned && !key.written.is_empty());
        if let Some(key) = key.filter(|key| !seen.insert(key.written.as_str())) {
            notes.hinted(
                key.extent,
                "policy-duplicate",
                format!("`{}` is set twice", key.text),
                "keep one of them, or merge their values".to_owned(),
            );
        }
        below(&item.value, notes);
    }
}

fn below(node: &Node, notes: &mut Notes) {
    match node {
        Node::Object(items, _) => check_duplicates(items, notes),
        Node::List(nodes, _) => nodes.iter().for_each(|one| below(one, notes)),
        Node::Literal(_) => {}
    }
}

/// Collects what is wrong with a text.
pub(super) struct Notes {
    pub server: Server,
    /// Seconds since 1970.
    pub now: Option<i64>,
    /// Whether the stanza at hand has expired: servers then decode it without judging what it means.
    pub expired: bool,
    file: Option<FileId>,
    found: Vec<Diagnostic>,
}

impl Notes {
    fn push(&mut self, extent: Extent, diagnostic: Diagnostic) {
        let span = self.file.map(|file| Span {
            file,
            start: extent.start,
            end: extent.end,
        });
        self.found.push(match span {
            Some(span) => diagnostic.at(span, ""),
            None => diagnostic,
        });
    }

    pub(super) fn error(&mut self, extent: Extent, code: &'static str, message: impl Into<String>) {
        self.push(extent, Diagnostic::error(code, message));
    }

    pub(super) fn hinted(
        &mut self,
        extent: Extent,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(extent, Diagnostic::error(code, message).hint(hint));
    }

    pub(super) fn syntax(&mut self, fault: &Fault) {
        let mut diagnostic = Diagnostic::error("policy-syntax", fault.message.clone());
        if let Some(hint) = fault.hint {
            diagnostic = diagnostic.hint(hint);
        }
        self.push(fault.extent, diagnostic);
    }

    /// Reports a stanza key that this server does not know.
    pub(super) fn unknown_key(&mut self, extent: Extent, key: &str) {
        let server = self.server;
        let hint = if KEYS.contains(&key) {
            format!("{server} does not know it: another product or version does")
        } else if let Some(near) = nearest(
            key,
            KEYS.iter().copied().filter(|one| server.knows_key(one)),
        ) {
            format!("did you mean `{near}`?")
        } else {
            "remove it: the server would refuse the whole policy".to_owned()
        };
        self.hinted(
            extent,
            "policy-key",
            format!("`{key}` is no key of a policy stanza"),
            hint,
        );
    }
}
