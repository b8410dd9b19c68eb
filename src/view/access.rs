//! Who gains or loses what, as plan documents tell it and as people read it.

use super::paint::{Paint, harmless, wrap};
use crate::policy::{Access, AccessChange, Direction, Who};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// An entry of `access_changes` of plan documents. All ways to show access changes are made from these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessRow {
    pub who: Vec<Holder>,
    /// `gains`, `loses`, or `conditions` where the same is granted under others.
    pub direction: String,
    pub capabilities: Vec<String>,
    /// In the language of policies.
    pub path: String,
    /// Parts of the path that are not concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// One path that is concerned.
    pub example: String,
    /// `sudo`, `root-equivalent`, `system`, `wildcard` or `plain`.
    pub danger: String,
    /// The policies that decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
    /// The mount whose coming or going makes the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount: Option<String>,
}

/// Whose access changes: `role` and `auth/approle/role/ci`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    pub kind: String,
    pub name: String,
}

impl From<&Who> for Holder {
    fn from(who: &Who) -> Holder {
        Holder {
            kind: who.kind.to_owned(),
            name: who.name.clone(),
        }
    }
}

impl AccessRow {
    /// Changes every text that may name an object.
    pub fn veil(&mut self, over: &dyn Fn(&str) -> String) {
        let names = self.who.iter_mut().map(|holder| &mut holder.name);
        let paths = [&mut self.path, &mut self.example].into_iter();
        let lists = self.except.iter_mut().chain(&mut self.through);
        for text in names.chain(paths).chain(lists).chain(&mut self.mount) {
            *text = over(text);
        }
    }
}

impl From<&AccessChange> for AccessRow {
    fn from(change: &AccessChange) -> AccessRow {
        AccessRow {
            who: change.who.iter().map(Holder::from).collect(),
            direction: direction(change.direction).to_owned(),
            capabilities: change
                .capabilities
                .iter()
                .map(|one| one.name().to_owned())
                .collect(),
            path: change.pattern.clone(),
            except: change.except.clone(),
            example: change.example.clone(),
            danger: change.danger.name().to_owned(),
            through: change.through.clone(),
            mount: change.mount.clone(),
        }
    }
}

/// Returns the word for a direction.
#[must_use]
pub fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Gained => "gains",
        Direction::Lost => "loses",
        Direction::Conditions => "conditions",
    }
}

/// Returns the rows of what was found, the worst first.
#[must_use]
pub fn rows(access: &Access) -> Vec<AccessRow> {
    access.changes.iter().map(AccessRow::from).collect()
}

/// How many holders a line names, and how many lines and exceptions a text has.
const NAMES: usize = 4;
const LINES: usize = 40;

/// Returns who it is about: `role auth/approle/role/ci`, `3 roles`.
#[must_use]
pub fn subject(row: &AccessRow) -> String {
    let named: Vec<String> = row
        .who
        .iter()
        .take(NAMES)
        .map(|who| format!("{} {}", who.kind, harmless(&who.name)))
        .collect();
    let more = row.who.len().saturating_sub(NAMES);
    let text = named.join(", ");
    match more {
        0 => text,
        _ => format!("{text} and {more} more"),
    }
}

/// Returns what happens, without who: `gains read on kv/*, except kv/a`.
#[must_use]
pub fn predicate(row: &AccessRow) -> String {
    let many = row.who.len() > 1;
    let capabilities = row.capabilities.join(", ");
    let path = harmless(&row.path);
    let what = match (row.direction.as_str(), many) {
        ("gains", false) => format!("gains {capabilities} on {path}"),
        ("gains", true) => format!("gain {capabilities} on {path}"),
        ("loses", false) => format!("loses {capabilities} on {path}"),
        ("loses", true) => format!("lose {capabilities} on {path}"),
        (_, false) => format!("has {capabilities} on {path} under other conditions"),
        (_, true) => format!("have {capabilities} on {path} under other conditions"),
    };
    let except: Vec<String> = row
        .except
        .iter()
        .take(NAMES)
        .map(|one| harmless(one))
        .collect();
    let more = row.except.len().saturating_sub(NAMES);
    match (except.is_empty(), more) {
        (true, _) => what,
        (false, 0) => format!("{what}, except {}", except.join(", ")),
        (false, _) => format!("{what}, except {} and {more} more", except.join(", ")),
    }
}

/// Returns where it comes from: `such as kv/x, through policy ci`.
#[must_use]
pub fn source(row: &AccessRow) -> String {
    let mut text = String::new();
    if row.example != row.path {
        let _ = write!(text, "such as {}", harmless(&row.example));
    }
    let mut add = |more: String| {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&more);
    };
    let names: Vec<String> = row.through.iter().map(|name| harmless(name)).collect();
    match names.as_slice() {
        [] => {}
        [one] => add(format!("through policy {one}")),
        many => add(format!("through policies {}", many.join(", "))),
    }
    if let Some(mount) = &row.mount {
        let moves = if row.direction == "loses" {
            "goes"
        } else {
            "is new"
        };
        add(format!("as the mount {} {moves}", harmless(mount)));
    }
    text
}

/// Returns the section of a plan's text; nothing where nobody's access changes. `unknown` are policies whose text is not known.
#[must_use]
pub fn access_text(rows: &[AccessRow], unknown: &[String], paint: Paint, width: usize) -> String {
    if rows.is_empty() && unknown.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", paint.bold("Access changes, the worst first:"));
    if !rows.is_empty() {
        out.push('\n');
    }
    for row in rows.iter().take(LINES) {
        out.push_str(&line(row, paint));
    }
    if rows.len() > LINES {
        let _ = writeln!(
            out,
            "    and {} more; all of them stand in the JSON of the plan",
            rows.len() - LINES
        );
    }
    if !unknown.is_empty() {
        let names: Vec<String> = unknown
            .iter()
            .map(|name| format!("`{}`", harmless(name)))
            .collect();
        let text = format!(
            "Not among them is what these policies grant, as their text is not known: {}.",
            names.join(", ")
        );
        let _ = writeln!(out, "\n{}", wrap(&text, width));
    }
    out
}

fn line(row: &AccessRow, paint: Paint) -> String {
    let (sign, danger) = match (row.direction.as_str(), row.danger.as_str()) {
        ("gains", "sudo" | "root-equivalent") => (paint.red("+"), true),
        ("gains", _) => (paint.green("+"), false),
        ("loses", _) => (paint.red("-"), false),
        _ => (paint.yellow("~"), false),
    };
    let mark = match (danger, row.danger.as_str()) {
        (true, "root-equivalent") => format!(" {}", paint.red("(as good as root)")),
        _ => String::new(),
    };
    let mut out = format!("  {sign} {} {}{mark}\n", subject(row), predicate(row));
    let source = source(row);
    if !source.is_empty() {
        let _ = writeln!(out, "      {}", paint.grey(&source));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_what_where_and_by_what() {
        let row = AccessRow {
            who: vec![Holder {
                kind: "role".into(),
                name: "auth/approle/role/ci".into(),
            }],
            direction: "gains".into(),
            capabilities: vec!["read".into(), "update".into()],
            path: "sys/policies/acl/*".into(),
            except: vec!["sys/policies/acl/a".into()],
            example: "sys/policies/acl/x".into(),
            danger: "root-equivalent".into(),
            through: vec!["ci".into()],
            mount: None,
        };
        let text = access_text(&[row], &["other".into()], Paint(false), 77);
        let expected = "Access changes, the worst first:

  + role auth/approle/role/ci gains read, update on sys/policies/acl/*, except sys/policies/acl/a (as good as root)
      such as sys/policies/acl/x, through policy ci

Not among them is what these policies grant, as their text is not known:
`other`.
";
        assert_eq!(text, expected);
        assert_eq!(access_text(&[], &[], Paint(false), 77), "");
    }
}
