//! `resource` blocks for objects that live: `plan -generate-config-out`.

use crate::catalog::{Attribute, Check, Kind, Presence, ReadBack, ResourceType, Rule};
use crate::plan::normal::normal;
use crate::plan::template::effective;
use crate::value::{Shape, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A block with the variables that stand for what cannot be written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub text: String,
    /// Names of the variables that it refers to, and whether each is a secret.
    pub variables: Vec<(String, bool)>,
}

/// Writes the block of an object: what is not as it would be without saying so. Secrets are left out; where the block needs
/// one, a variable stands for it.
#[must_use]
pub fn resource_text(kind: &ResourceType, name: &str, attributes: &Value) -> Written {
    let mut writer = Writer {
        name,
        variables: Vec::new(),
    };
    let all: Vec<&Attribute> = kind.all().collect();
    let skipped = excluded(kind, attributes);
    let mut body = String::new();
    for attribute in all.iter().filter(|one| !skipped.contains(one.name)) {
        body.push_str(&writer.argument(attribute, attributes, "", 1));
    }
    for hole in holes(kind, attributes) {
        body.push_str(&writer.hole(hole, hole, true, 1));
    }
    let kept: Vec<&str> = all
        .iter()
        .filter(|one| is_secret(one, attributes.field(one.name)) && says(one, attributes))
        .filter(|one| one.presence != Presence::Computed && one.write_only.is_none())
        .map(|one| one.name)
        .collect();
    if !kept.is_empty() {
        let names = kept.join(", ");
        let _ = write!(
            body,
            "\n  # A secret, not written here: it stays as it is on the server.\n  lifecycle {{\n    ignore_changes = [{names}]\n  }}\n"
        );
    }
    let head = format!("resource \"{}\" \"{name}\"", kind.name);
    Written {
        text: format!("{head} {{\n{body}}}\n"),
        variables: writer.variables,
    }
}

struct Writer<'a> {
    name: &'a str,
    variables: Vec<(String, bool)>,
}

/// Tells whether an attribute must not be shown.
fn is_secret(attribute: &Attribute, value: Option<&Value>) -> bool {
    attribute.sensitive
        || attribute.write_only.is_some()
        || value.is_some_and(|value| value.marks.any())
}

/// Tells whether a value says something that the block does not say without it.
fn says(attribute: &Attribute, around: &Value) -> bool {
    let Some(value) = around
        .field(attribute.name)
        .filter(|value| !value.is_null())
    else {
        return false;
    };
    let without = effective(Some(attribute), None, around);
    let nothing = Value::null(value.ty());
    let without = normal(&attribute.kind, without.as_ref().unwrap_or(&nothing));
    normal(&attribute.kind, value) != without
}

/// Names the attributes that rules exclude: of several ways to say a thing the first one stands.
fn excluded(kind: &ResourceType, attributes: &Value) -> BTreeSet<&'static str> {
    let mut skipped = BTreeSet::new();
    for rule in kind.rules {
        if let Rule::Conflict(names) | Rule::ExactlyOne(names) = rule {
            let said = names.iter().filter(|name| {
                kind.attribute(name)
                    .is_some_and(|one| says(one, attributes) && !skipped.contains(*name))
            });
            skipped.extend(said.skip(1).copied().collect::<Vec<_>>());
        }
    }
    skipped
}

/// Names what the block cannot do without, and cannot say: secrets, one of each group of which one is needed.
fn holes(kind: &ResourceType, attributes: &Value) -> Vec<&'static str> {
    let mut found = Vec::new();
    for rule in kind.rules {
        let (Rule::ExactlyOne(names) | Rule::AtLeastOne(names)) = rule else {
            continue;
        };
        let secret = |name: &&&str| {
            let attribute = kind.attribute(name);
            attribute.is_some_and(|one| is_secret(one, attributes.field(one.name)))
        };
        let open = |name: &&str| {
            let attribute = kind.attribute(name);
            attribute.is_some_and(|one| {
                says(one, attributes) && !is_secret(one, attributes.field(one.name))
            })
        };
        if names.iter().any(open) {
            continue;
        }
        let write_only = |name: &&&str| {
            kind.attribute(name)
                .is_some_and(|one| one.write_only.is_some())
        };
        let hole = names
            .iter()
            .find(write_only)
            .or_else(|| names.iter().find(secret));
        found.extend(hole.copied());
    }
    found
}

impl Writer<'_> {
    /// Writes an argument or the blocks of an attribute; nothing where there is nothing to say.
    fn argument(
        &mut self,
        attribute: &Attribute,
        around: &Value,
        prefix: &str,
        depth: usize,
    ) -> String {
        let value = around.field(attribute.name);
        let required = attribute.presence == Presence::Required;
        if attribute.presence == Presence::Computed || attribute.deprecated.is_some() {
            return String::new();
        }
        if is_secret(attribute, value) || attribute.read == ReadBack::Never {
            return match required {
                true => {
                    let about = format!("{prefix}{}", attribute.name);
                    let secret = is_secret(attribute, value);
                    self.hole(attribute.name, &about, secret, depth)
                }
                false => String::new(),
            };
        }
        let Some(value) = value.filter(|_| required || says(attribute, around)) else {
            return String::new();
        };
        if let Kind::Block(_, inner) = attribute.kind {
            return self.blocks(attribute.name, inner, value, depth);
        }
        let room = "  ".repeat(depth);
        format!(
            "{room}{} = {}\n",
            attribute.name,
            self.expression(attribute, value)
        )
    }

    fn blocks(&mut self, name: &str, inner: &[Attribute], value: &Value, depth: usize) -> String {
        let room = "  ".repeat(depth);
        let mut out = String::new();
        for element in value.elements() {
            let mut body = String::new();
            for attribute in inner {
                body.push_str(&self.argument(attribute, element, &format!("{name}_"), depth + 1));
            }
            let _ = writeln!(out, "\n{room}{name} {{\n{body}{room}}}");
        }
        out
    }

    /// Writes a variable in the place of what cannot be written.
    fn hole(&mut self, argument: &str, about: &str, secret: bool, depth: usize) -> String {
        let variable = format!("{}_{about}", self.name);
        let room = "  ".repeat(depth);
        let line = format!("{room}{argument} = var.{variable}\n");
        if !self.variables.iter().any(|(name, _)| *name == variable) {
            self.variables.push((variable, secret));
        }
        line
    }

    fn expression(&self, attribute: &Attribute, value: &Value) -> String {
        if let (Kind::Json(_), Some(text)) = (attribute.kind, value.as_text())
            && let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
            && let Ok(value) = crate::value::json::from_json(&json)
        {
            return format!("jsonencode({})", literal(&value, 1));
        }
        if attribute.checks.contains(&Check::DurationWithUnit)
            && let Some(text) = value.as_text()
            && text.chars().all(|letter| letter.is_ascii_digit())
        {
            return quoted(&format!("{text}s"));
        }
        literal(value, 1)
    }
}

/// Writes a value as an expression that gives it.
#[must_use]
pub fn literal(value: &Value, depth: usize) -> String {
    let (outer, inner) = ("  ".repeat(depth), "  ".repeat(depth + 1));
    match &value.shape {
        Shape::Null(_) | Shape::Unknown { .. } | Shape::Held { .. } => "null".to_owned(),
        Shape::Bool(truth) => truth.to_string(),
        Shape::Number(number) => number.to_string(),
        Shape::Text(text) => text_literal(text),
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
            let items: Vec<String> = items.iter().map(|item| literal(item, depth + 1)).collect();
            let line = items.join(", ");
            match line.len() < 80 && !line.contains('\n') {
                true => format!("[{line}]"),
                false => {
                    let lines = items.iter().map(|item| format!("{inner}{item},\n"));
                    format!("[\n{}{outer}]", lines.collect::<String>())
                }
            }
        }
        Shape::Map(_, fields) | Shape::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Shape::Map(_, fields) | Shape::Object(fields) => {
            let lines = fields.iter().map(|(key, value)| {
                format!(
                    "{inner}{} = {}\n",
                    key_literal(key),
                    literal(value, depth + 1)
                )
            });
            format!("{{\n{}{outer}}}", lines.collect::<String>())
        }
    }
}

fn key_literal(key: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let first = key
        .chars()
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic());
    match first && key.chars().all(plain) && !matches!(key, "null" | "true" | "false" | "for") {
        true => key.to_owned(),
        false => quoted(key),
    }
}

fn text_literal(text: &str) -> String {
    let lines = text.strip_suffix('\n');
    let shown = |letter: char| letter == '\n' || letter == '\t' || !letter.is_control();
    match lines {
        Some(lines) if lines.contains('\n') && text.chars().all(shown) => heredoc(lines),
        _ => quoted(text),
    }
}

fn heredoc(lines: &str) -> String {
    let mut delimiter = "EOT".to_owned();
    while lines.lines().any(|line| line.trim() == delimiter) {
        delimiter.push('_');
    }
    let lines = lines.replace("${", "$${").replace("%{", "%%{");
    format!("<<{delimiter}\n{lines}\n{delimiter}")
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    let out = out.replace("${", "$${").replace("%{", "%%{");
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back_as_they_are() {
        assert_eq!(
            text_literal("a \"b\" ${c}\u{1}"),
            "\"a \\\"b\\\" $${c}\\u0001\""
        );
        assert_eq!(text_literal("a\n%{b}\n"), "<<EOT\na\n%%{b}\nEOT");
        assert_eq!(text_literal("a\nb"), "\"a\\nb\"");
        assert_eq!(key_literal("a-b"), "a-b");
        assert_eq!(key_literal("1 x"), "\"1 x\"");
    }
}
