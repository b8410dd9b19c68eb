//! What is tried: policies, paths and requests by the dice.

use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};
use vaultform::policy::{Operation, Policy, Request};

use super::{KEYS, Run};

impl Run {
    /// Makes a request that changes nothing but keys of `aclkv`.
    pub fn request(&mut self) -> Option<(&'static str, Request)> {
        if self.asked.is_empty() && self.dice.random_bool(0.15) {
            let paths = [
                "sys/audit",
                "sys/config/cors",
                "sys/auth/token/tune",
                "sys/mounts",
                "sys/leases",
            ];
            let path = *paths.choose(&mut self.dice)?;
            return Some(("GET", Request::new(Operation::Read, path)));
        }
        if self.dice.random_bool(0.08) {
            let key = *["a", "b", "c"].choose(&mut self.dice)?;
            let mut request = Request::new(Operation::Patch, format!("aclv2/data/{key}"));
            request.data = self.data();
            request.data.insert("data".to_owned(), json!({"y": "2"}));
            return Some(("PATCH", request));
        }
        if self.asked.is_empty() && self.dice.random_bool(0.15) {
            let mut request = Request::new(Operation::List, "aclpki/roles");
            if self.dice.random_bool(0.4) {
                let limit = *["1", "2", "3", "max"].choose(&mut self.dice)?;
                request.data.insert("limit".to_owned(), limit.into());
            }
            return Some(("LIST", request));
        }
        let mut key = *["a", "b", "ab", "a/b", "c", "b/a/b"].choose(&mut self.dice)?;
        let (method, operation) = *[
            ("GET", Operation::Read),
            ("LIST", Operation::List),
            ("SCAN", Operation::Scan),
            ("POST", Operation::Update),
            ("DELETE", Operation::Delete),
        ]
        .choose(&mut self.dice)?;
        if matches!(method, "LIST" | "SCAN") && self.dice.random_bool(0.5) {
            key = *["", "", "", "a", "b", "b/a"].choose(&mut self.dice)?;
        }
        let slash = matches!(method, "GET" | "DELETE") && self.dice.random_bool(0.1);
        let path = format!("aclkv/{key}{}", if slash { "/" } else { "" });
        let exists = KEYS.contains(&key);
        let operation = match operation {
            Operation::Update if !exists => Operation::Create,
            other => other,
        };
        let mut request = Request::new(operation, path);
        if method == "POST" {
            request.data = self.data();
        } else if method == "GET" && self.dice.random_bool(0.3) {
            let name = *["p", "q", "x"].choose(&mut self.dice)?;
            let value = *["a", "pre-1", "1", "z"].choose(&mut self.dice)?;
            request.data.insert(name.to_owned(), value.into());
        } else if method == "LIST" && self.dice.random_bool(0.3) {
            let limit = *["1", "5", "max", "0", "-1"].choose(&mut self.dice)?;
            request.data.insert("limit".to_owned(), limit.into());
        }
        if self.dice.random_bool(0.2) {
            request.wrap_ttl = Some(self.dice.random_range(1..4) * 60_000_000_000);
        }
        Some((method, request))
    }

    fn data(&mut self) -> Map<String, Value> {
        let values = [
            json!("a"),
            json!("pre-1"),
            json!(["a"]),
            json!(5),
            json!(true),
            json!(null),
        ];
        let mut data = Map::new();
        data.insert("x".to_owned(), json!("1"));
        for _ in 0..self.dice.random_range(0..3) {
            let name = *["p", "q", "P", "x"].choose(&mut self.dice).expect("a name");
            data.insert(
                name.to_owned(),
                values.choose(&mut self.dice).expect("a value").clone(),
            );
        }
        data
    }

    /// Makes a path that some rule may match.
    pub fn query(&mut self, policies: &[Policy]) -> String {
        let rules: Vec<&str> = policies
            .iter()
            .flat_map(|one| &one.rules)
            .map(|rule| rule.path.as_str())
            .collect();
        let seed = rules.choose(&mut self.dice).copied().unwrap_or("aclkv/a");
        let seed = seed.trim_start_matches('/');
        let seed = seed.strip_prefix(self.asked).unwrap_or(seed);
        let mut path = String::new();
        for (at, segment) in seed.split('/').enumerate() {
            if at > 0 {
                path.push('/');
            }
            let other = *["a", "b", "ab", "", "alice", "v"]
                .choose(&mut self.dice)
                .expect("a segment");
            let keep = self.dice.random_bool(0.85) && segment != "+";
            path.push_str(if keep { segment } else { other });
        }
        if let Some(stem) = path.strip_suffix('*') {
            path = format!(
                "{stem}{}",
                ["", "a", "a/b", "/"]
                    .choose(&mut self.dice)
                    .expect("an end")
            );
        }
        if self.dice.random_bool(0.2) {
            path.push('/');
        }
        for (template, value) in self.templates() {
            path = path.replace(&template, &value);
        }
        // The server cuts white space off the ends of the paths that it is asked about.
        let path = path.trim().trim_start_matches('/').trim();
        if path.is_empty() {
            "aclkv/a".to_owned()
        } else {
            path.to_owned()
        }
    }

    /// Makes a policy; one of the namespace above says where in it the path is.
    pub fn policy(&mut self) -> String {
        let text = self.policy_of_one_namespace();
        let below = self.context != self.asked && self.dice.random_bool(0.8);
        if below {
            return text.replace("aclkv", &format!("{}aclkv", self.asked));
        }
        text
    }

    fn policy_of_one_namespace(&mut self) -> String {
        let stanzas = self.dice.random_range(1..=6);
        if self.dice.random_bool(0.05) {
            self.count("JSON policy");
            let (path, _) = self.path();
            return json!({"path": {path: {"capabilities": ["read", "list"]}}}).to_string();
        }
        if self.dice.random_bool(0.06) {
            self.count("policy that hides keys");
            return self.hiding();
        }
        if self.dice.random_bool(0.05) {
            self.count("policy that cuts pages");
            return self.paging();
        }
        let mut text: String = (0..stanzas).map(|_| self.stanza()).collect();
        if self.dice.random_bool(0.08) {
            text = self.spoil(&text);
        }
        text
    }

    /// Makes a policy whose LIST shows only what else may be read.
    fn hiding(&mut self) -> String {
        let template = *["aclkv/{{ .key }}", "{{ .path }}{{ .key }}"]
            .choose(&mut self.dice)
            .expect("a template");
        let mut text = format!(
            "path \"aclkv/\" {{\n  capabilities = [\"list\"]\n  list_scan_response_keys_filter_path = \"{template}\"\n}}\n"
        );
        for key in ["a", "ab", "b", "a/", "b/*", "+"] {
            if self.dice.random_bool(0.4) {
                let name = *["read", "list", "deny"]
                    .choose(&mut self.dice)
                    .expect("a name");
                text.push_str(&format!(
                    "path \"aclkv/{key}\" {{ capabilities = [\"{name}\"] }}\n"
                ));
            }
        }
        text
    }

    /// Makes a policy whose LIST answers pages, and may want to be asked for them.
    fn paging(&mut self) -> String {
        let limit = self.dice.random_range(1..=3);
        let required = if self.dice.random_bool(0.3) {
            "\n  required_parameters = [\"limit\"]"
        } else {
            ""
        };
        format!(
            "path \"aclpki/roles\" {{\n  capabilities = [\"list\"]\n  pagination_limit = {limit}{required}\n}}\n"
        )
    }

    /// Cuts or overwrites a piece of a text.
    fn spoil(&mut self, text: &str) -> String {
        let pieces = [
            "", "\"", "}", "{", "]", "[", "=", ",", "#", "/*", "<<E\nE\n", "\\", "0x", "foo", "$",
            "+*",
        ];
        let piece = *pieces.choose(&mut self.dice).expect("a piece");
        let at = self.dice.random_range(0..text.len());
        let end = (at + self.dice.random_range(0..4)).min(text.len());
        format!("{}{piece}{}", &text[..at], &text[end..])
    }

    /// Returns templates and what they are for the one identity of the server.
    fn templates(&self) -> Vec<(String, String)> {
        let entity = self.identity.entity.as_ref().expect("an entity");
        let group = &self.identity.groups[0];
        let alias = &entity.aliases[0];
        vec![
            ("{{identity.entity.name}}".to_owned(), entity.name.clone()),
            ("{{identity.entity.metadata.ok}}".to_owned(), "v".to_owned()),
            (
                format!("{{{{identity.groups.names.{}.id}}}}", group.name),
                group.id.clone(),
            ),
            (
                format!("{{{{identity.groups.ids.{}.name}}}}", group.id),
                group.name.clone(),
            ),
            (
                format!("{{{{identity.entity.aliases.{}.name}}}}", alias.accessor),
                alias.name.clone(),
            ),
        ]
    }

    fn templated(&mut self) -> (String, &'static str) {
        let templates = self.templates();
        let (template, _) = templates.choose(&mut self.dice).expect("a template");
        let end = *["", "/*", "/+"].choose(&mut self.dice).expect("an end");
        let kind = if template.contains("aliases") {
            "template of an alias"
        } else if template.contains("groups") {
            "template of a group"
        } else {
            "template of an entity"
        };
        (format!("aclkv/{template}{end}"), kind)
    }

    fn path(&mut self) -> (String, &'static str) {
        let special = [
            ("*", "rule on everything"),
            (
                "aclkv/{{identity.entity.metadata.none}}",
                "template without value",
            ),
            ("sys/audit", "sudo path"),
            ("sys/auth/*", "sudo path"),
            ("sys/*", "sudo path"),
            ("+", "single plus"),
            ("aclkv/*/x", "star in the middle"),
            ("aclpki/roles", "rule of an engine with pages"),
            ("aclpki/+", "rule of an engine with pages"),
            ("aclv2/data/*", "rule of an engine with PATCH"),
            ("aclv2/data/+", "rule of an engine with PATCH"),
        ];
        if self.dice.random_bool(0.06) {
            return self.templated();
        }
        if self.dice.random_bool(0.15) {
            return ("aclkv/*".to_owned(), "prefix rule");
        }
        if self.dice.random_bool(0.02) {
            return (
                "aclkv/{{identity.entity.metadata.star}}".to_owned(),
                "template with wildcard",
            );
        }
        if self.dice.random_bool(0.2) {
            let (path, kind) = *special.choose(&mut self.dice).expect("a path");
            return (path.to_owned(), kind);
        }
        let mut path = if self.dice.random_bool(0.05) {
            "/aclkv"
        } else {
            "aclkv"
        }
        .to_owned();
        if self.dice.random_bool(0.08) {
            path = "+".to_owned();
        }
        let mut kind = "exact rule";
        for _ in 0..self.dice.random_range(0..4) {
            let segment = *["a", "b", "ab", "+", "+", "", "+a", "a+"]
                .choose(&mut self.dice)
                .expect("a segment");
            path = format!("{path}/{segment}");
            kind = if path.contains("/+") {
                "segment rule"
            } else {
                kind
            };
        }
        if self.dice.random_bool(0.08) {
            self.count("rule with a final slash");
            path.push('/');
        } else if self.dice.random_bool(0.35) && !path.ends_with('+') {
            path.push('*');
            kind = if kind == "segment rule" {
                "segment rule, open"
            } else {
                "prefix rule"
            };
        }
        (path, kind)
    }

    pub fn stanza(&mut self) -> String {
        let (path, kind) = self.path();
        self.count(kind);
        let names = [
            "create", "read", "update", "delete", "list", "sudo", "patch", "scan",
        ];
        let mut lines = Vec::new();
        if self.dice.random_bool(0.06) {
            self.count("shorthand");
            let name = *["read", "write", "sudo", "deny"]
                .choose(&mut self.dice)
                .expect("a name");
            lines.push(format!("policy = \"{name}\""));
        } else {
            let mut chosen: Vec<&str> = names
                .iter()
                .copied()
                .filter(|_| self.dice.random_bool(0.5))
                .collect();
            if self.dice.random_bool(0.06) {
                self.count("deny");
                chosen.push("deny");
            }
            if self.dice.random_bool(0.004) {
                chosen.push("subscribe");
            }
            for name in &chosen {
                self.count(format!("capability {name}"));
            }
            lines.push(format!("capabilities = {}", json!(chosen)));
        }
        for (text, chance) in EXTRAS {
            if self.dice.random_bool(*chance) {
                self.count(format!("with {text}"));
                lines.push((*text).to_owned());
            }
        }
        if self.dice.random_bool(0.05) {
            self.count("one line");
            return format!("path {} {{ {} }} ", json!(path), lines.join(" "));
        }
        format!("path \"{path}\" {{\n  {}\n}}\n", lines.join("\n  "))
    }
}

/// Lines that a stanza may have besides its capabilities, and how often.
const EXTRAS: &[(&str, f64)] = &[
    ("allowed_parameters = { \"*\" = [] }", 0.03),
    (
        "allowed_parameters = { x = [] p = [\"a\", \"pre-*\"] }",
        0.06,
    ),
    (
        "allowed_parameters = { x = [\"1\"] p = [[\"a\"]] Q = [true, 5] }",
        0.04,
    ),
    ("denied_parameters = { p = [\"a\", true] }", 0.05),
    ("denied_parameters = { q = [] }", 0.04),
    ("denied_parameters = { \"*\" = [] }", 0.02),
    ("required_parameters = [\"p\"]", 0.03),
    ("required_parameters = [\"limit\"]", 0.02),
    ("min_wrapping_ttl = \"90s\"", 0.03),
    ("max_wrapping_ttl = \"2m\"", 0.03),
    ("min_wrapping_ttl = 60", 0.02),
    ("max_wrapping_ttl = \"0\"", 0.01),
    ("pagination_limit = 2", 0.06),
    ("expiration = \"2001-01-01T00:00:00Z\"", 0.03),
    ("expiration = \"2199-01-01T00:00:00Z\"", 0.03),
    (
        "list_scan_response_keys_filter_path = \"aclkv/{{ .key }}\"",
        0.03,
    ),
    ("comment = \"why\"", 0.03),
    ("mfa_methods = [\"m\"]", 0.01),
    ("capabilities = [\"read\"]", 0.03),
    ("subscribe_event_types = [\"kv*\"]", 0.003),
    ("unknown = 1", 0.005),
    ("capabilities = [\"raed\"]", 0.005),
];
