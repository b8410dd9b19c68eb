//! The stanzas by which an OpenBao server initialises itself (`initialize`, `audit`; openbao.org, self-init), from the
//! requests of a rehearsal.

use super::rehearsal::Written;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The name of the stanza.
const NAME: &str = "vaultform";

/// What texts in requests stand for.
#[derive(Default)]
pub struct Meanings {
    /// Texts that stand for a secret variable, with the variable of the environment that a server reads instead.
    pub variables: BTreeMap<String, String>,
    /// Accessors of mounts, with the paths that tell them.
    pub accessors: BTreeMap<String, String>,
    /// Paths whose first write is a making: the operation is `create`.
    pub makings: BTreeSet<String>,
}

/// The stanzas.
#[derive(Debug, Default)]
pub struct Stanzas {
    pub text: String,
    /// Variables of the environment that the server needs at its first start.
    pub variables: BTreeSet<String>,
    /// Requests that could not be written: a text in them only contains what another answers, or a secret.
    pub left_out: Vec<String>,
}

/// Where a made-up text is told: the request's name and the fields of its answer.
type Told = BTreeMap<String, (String, Vec<String>)>;

/// Writes the stanzas.
#[must_use]
pub fn stanzas(written: &[Written], meanings: &Meanings) -> Stanzas {
    let mut writing = Writing {
        meanings,
        told: Told::new(),
        stanzas: Stanzas::default(),
        number: 0,
        seen: BTreeSet::new(),
    };
    let mut requests = String::new();
    let mut audits = String::new();
    for one in written {
        match one.path.strip_prefix("sys/audit/") {
            Some(path) => audits.push_str(&audit(path, &one.body)),
            None => requests.push_str(&writing.request(one)),
        }
    }
    let mut stanzas = writing.stanzas;
    stanzas.text = format!("{audits}initialize \"{NAME}\" {{\n{requests}}}\n");
    stanzas
}

/// Writes an audit device as a server's file wants it.
fn audit(path: &str, body: &Json) -> String {
    let kind = body.get("type").and_then(Json::as_str).unwrap_or("file");
    let options = body.get("options").and_then(Json::as_object);
    let lines = options.into_iter().flatten();
    let lines: String = lines
        .map(|(name, value)| format!("    {name} = {value}\n"))
        .collect();
    format!("audit \"{kind}\" \"{path}\" {{\n  options {{\n{lines}  }}\n}}\n\n")
}

struct Writing<'a> {
    meanings: &'a Meanings,
    told: Told,
    stanzas: Stanzas,
    number: usize,
    seen: BTreeSet<String>,
}

impl Writing<'_> {
    /// Writes a request, and before it those that tell what it needs.
    fn request(&mut self, one: &Written) -> String {
        let mut before = String::new();
        self.tell_accessors(&one.body, &mut before);
        let name = self.name(&one.path);
        let place = match one.namespace.as_str() {
            "" => one.path.clone(),
            namespace => format!("{namespace}/{}", one.path),
        };
        let made = self.told.keys().chain(self.meanings.variables.keys());
        if made.into_iter().any(|text| place.contains(text.as_str())) || self.hides(&one.body) {
            self.stanzas.left_out.push(place);
            return before;
        }
        let operation =
            match self.meanings.makings.contains(&one.path) && self.seen.insert(one.path.clone()) {
                true => "create",
                false => "update",
            };
        let mut text = before;
        let _ = writeln!(text, "  request \"{name}\" {{");
        let _ = writeln!(
            text,
            "    operation = \"{operation}\"\n    path      = {}",
            quoted(&place)
        );
        if one
            .body
            .as_object()
            .is_some_and(|fields| !fields.is_empty())
        {
            let _ = writeln!(text, "    data = {}", self.value(&one.body, 4));
        }
        text.push_str("  }\n");
        if let Some((id, fields)) = &one.answered {
            self.told.insert(id.clone(), (name, fields.clone()));
        }
        text
    }

    /// Names are letters, digits, `_` and `-`, and each stands once.
    fn name(&mut self, path: &str) -> String {
        self.number += 1;
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        };
        let path: String = path.chars().map(plain).collect();
        format!("r{}_{path}", self.number)
    }

    /// A mount's accessor is told by a read of it.
    fn tell_accessors(&mut self, body: &Json, before: &mut String) {
        let mut wanted = Vec::new();
        each_text(body, &mut |text| {
            if let Some(path) = self
                .meanings
                .accessors
                .get(text)
                .filter(|_| !self.told.contains_key(text))
            {
                wanted.push((text.to_owned(), path.clone()));
            }
        });
        for (accessor, path) in wanted {
            let name = self.name(&path);
            let _ = writeln!(
                before,
                "  request \"{name}\" {{\n    operation = \"read\"\n    path      = {}\n  }}",
                quoted(&path)
            );
            let fields = ["data", "accessor"].map(str::to_owned).to_vec();
            self.told.insert(accessor, (name, fields));
        }
    }

    /// Tells whether a text has something in it that only a whole text can stand for.
    fn hides(&self, body: &Json) -> bool {
        let mut found = false;
        each_text(body, &mut |text| {
            let known = self.told.keys().chain(self.meanings.variables.keys());
            found |= known
                .into_iter()
                .any(|one| text != one && text.contains(one.as_str()));
        });
        found
    }

    fn value(&mut self, json: &Json, indent: usize) -> String {
        let inner = " ".repeat(indent + 2);
        let end = " ".repeat(indent);
        match json {
            Json::String(text) => self.text(text, indent),
            Json::Array(items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| self.value(item, indent + 2))
                    .collect();
                format!("[{}]", items.join(", "))
            }
            Json::Object(fields) => {
                let mut lines = String::from("{\n");
                for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                    let value = self.value(value, indent + 2);
                    let _ = writeln!(lines, "{inner}{} = {value}", quoted(name));
                }
                lines + &end + "}"
            }
            other => other.to_string(),
        }
    }

    fn text(&mut self, text: &str, indent: usize) -> String {
        let source = |lines: &[(&str, String)]| {
            let inner = " ".repeat(indent + 2);
            let lines: String = lines
                .iter()
                .map(|(name, value)| format!("{inner}{name} = {value}\n"))
                .collect();
            format!("{{\n{lines}{}}}", " ".repeat(indent))
        };
        if let Some(variable) = self.meanings.variables.get(text) {
            self.stanzas.variables.insert(variable.clone());
            return source(&[
                ("eval_source", quoted("env")),
                ("eval_type", quoted("string")),
                ("env_var", quoted(variable)),
                ("require_present", "true".to_owned()),
            ]);
        }
        let Some((name, fields)) = self.told.get(text) else {
            return quoted(text);
        };
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        source(&[
            ("eval_source", quoted("response")),
            ("eval_type", quoted("string")),
            ("initialize_name", quoted(NAME)),
            ("response_name", quoted(name)),
            ("field_selector", format!("[{}]", fields.join(", "))),
        ])
    }
}

fn each_text(json: &Json, see: &mut dyn FnMut(&str)) {
    match json {
        Json::String(text) => see(text),
        Json::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Json::Object(fields) => fields.values().for_each(|item| each_text(item, see)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Writes a text as HCL1 and JSON both have it.
fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Verb;
    use serde_json::json;

    fn write(path: &str, body: Json, answered: Option<&str>) -> Written {
        Written {
            verb: Verb::Post,
            namespace: String::new(),
            path: path.to_owned(),
            body,
            answered: answered.map(|id| (id.to_owned(), vec!["data".to_owned(), "id".to_owned()])),
        }
    }

    #[test]
    fn secrets_ids_and_accessors_are_told_where_a_server_finds_them() {
        let written = [
            write(
                "sys/audit/to-file",
                json!({"type": "file", "options": {"file_path": "stdout"}}),
                None,
            ),
            write(
                "auth/people/users/ada",
                json!({"password": "SECRET", "token_policies": ["admin"]}),
                None,
            ),
            write("identity/entity", json!({"name": "ada"}), Some("ID")),
            write(
                "identity/entity-alias",
                json!({"canonical_id": "ID", "mount_accessor": "ACCESSOR", "name": "ada"}),
                None,
            ),
            write(
                "kv/data/x",
                json!({"data": {"url": "pg://SECRET@host"}}),
                None,
            ),
        ];
        let pair = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let meanings = Meanings {
            variables: pair("SECRET", "TF_VAR_password"),
            accessors: pair("ACCESSOR", "sys/auth/people"),
            makings: ["auth/people/users/ada".to_owned()].into(),
        };
        let stanzas = stanzas(&written, &meanings);
        let text = &stanzas.text;
        assert!(
            text.starts_with(
                "audit \"file\" \"to-file\" {\n  options {\n    file_path = \"stdout\"\n  }\n}\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("operation = \"create\"\n    path      = \"auth/people/users/ada\""),
            "{text}"
        );
        assert!(text.contains("env_var = \"TF_VAR_password\""), "{text}");
        assert!(
            text.contains("response_name = \"r2_identity_entity\""),
            "{text}"
        );
        assert!(
            text.contains("operation = \"read\"\n    path      = \"sys/auth/people\""),
            "{text}"
        );
        assert!(
            !text.contains("SECRET") && !text.contains("ACCESSOR"),
            "{text}"
        );
        assert_eq!(stanzas.left_out, ["kv/data/x"]);
        assert_eq!(stanzas.variables.len(), 1);
    }
}
