//! The policy model against a real OpenBao: random policies, the model's answer beside the server's.
//!
//! `ACL_SOAK=N` sets the number of policy sets (200 by default), `ACL_SEED=N` repeats a run.
#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at the world itself"
)]

mod common;

use std::collections::BTreeMap;

use common::{Bao, ROOT};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use vaultform::policy::{
    Alias, Context, Decision, Entity, Group, Identity, Operation, Policy, Request, RuleSet, Server,
    Version, parse_at,
};

const SEED: u64 = 20_261_121;

#[test]
fn the_model_answers_as_openbao_does() {
    let number = |name: &str, usual: u64| {
        let text = std::env::var(name).ok();
        text.map_or(usual, |text| text.parse().expect("a number"))
    };
    let (seed, rounds) = (number("ACL_SEED", SEED), number("ACL_SOAK", 300));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if rounds < 5_000 {
        1
    } else {
        cores.min(4) as u64
    };
    println!("seed {seed}, {rounds} policy sets on {threads} servers");
    let share = rounds.div_ceil(threads);
    let runs: Vec<std::thread::JoinHandle<BTreeMap<String, u64>>> = (0..threads)
        .map(|at| {
            std::thread::spawn(move || {
                let mut run = Run::new(seed + at);
                for round in 1..=share {
                    run.round();
                    if round % 10_000 == 0 {
                        println!("server {at}: {round} sets, no disagreement");
                    }
                }
                run.counts
            })
        })
        .collect();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for run in runs {
        for (what, count) in run.join().expect("the model disagrees with the server") {
            *counts.entry(what).or_default() += count;
        }
    }
    for (what, count) in &counts {
        println!("{count:>9}  {what}");
    }
    println!("0 disagreements");
    if rounds >= 300 {
        for must in CONSTRUCTS {
            let tried = counts.keys().any(|what| what.starts_with(must));
            assert!(tried, "no {must} was tried");
        }
    }
}

/// What every longer run must have tried.
const CONSTRUCTS: &[&str] = &[
    "query granted",
    "query denied",
    "query with a final slash",
    "request LIST",
    "request SCAN",
    "request GET",
    "request POST",
    "request DELETE",
    "request wrapped",
    "request with limit",
    "request Allowed",
    "request Denied",
    "request LacksSudo",
    "request Wrapping",
    "request Missing",
    "request ParameterDenied",
    "request ParameterNotAllowed",
    "request Limit",
    "keys of LIST compared",
    "page of LIST compared",
    "keys of LIST filtered",
    "broken token",
    "policy refused",
    "JSON policy",
    "namespace",
    "identity",
    "exact rule",
    "prefix rule",
    "segment rule",
    "segment rule, open",
    "single plus",
    "star in the middle",
    "rule on everything",
    "sudo path",
    "template",
    "template with wildcard",
    "template without value",
    "paths that merge",
    "shorthand",
    "deny",
    "capability scan",
    "capability sudo",
    "capability subscribe",
    "with allowed_parameters",
    "with denied_parameters",
    "with required_parameters",
    "with min_wrapping_ttl",
    "with max_wrapping_ttl",
    "with pagination_limit",
    "with list_scan_response_keys_filter_path",
    "with expiration",
    "with mfa_methods",
];

/// One run: the server, what lies on it, and what was tried so far.
struct Run {
    bao: Bao,
    dice: StdRng,
    server: Server,
    identity: Identity,
    counts: BTreeMap<String, u64>,
    context: &'static str,
}

const KEYS: &[&str] = &["a", "b", "ab", "a/b", "a/a", "b/a/b"];
/// Roles of `aclpki`, whose LIST knows pages; that of `aclkv` does not.
const ROLES: &[&str] = &["r0", "r1", "r2", "r3"];
const MOUNTS: &[(&str, &str)] = &[("aclkv/", "kv"), ("aclpki/", "pki")];

impl Run {
    fn new(seed: u64) -> Run {
        let bao = Bao::start();
        let health = bao.root("GET", "sys/health", Value::Null);
        let version = Version::read(health["version"].as_str().expect("a version"));
        let server = Server {
            version: version.expect("a version"),
            ..Server::OPENBAO
        };
        bao.root("POST", "sys/mounts/aclkv", json!({"type": "kv"}));
        bao.root("POST", "sys/mounts/aclpki", json!({"type": "pki"}));
        bao.root("POST", "sys/namespaces/ns1", Value::Null);
        for key in KEYS {
            bao.root("POST", &format!("aclkv/{key}"), json!({"x": "1"}));
        }
        for role in ROLES {
            bao.root(
                "POST",
                &format!("aclpki/roles/{role}"),
                json!({"allow_any_name": true}),
            );
        }
        let identity = alice(&bao);
        Run {
            bao,
            dice: StdRng::seed_from_u64(seed),
            server,
            identity,
            counts: BTreeMap::new(),
            context: "",
        }
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    fn round(&mut self) {
        self.context = if self.dice.random_bool(0.1) {
            "ns1/"
        } else {
            ""
        };
        let texts: Vec<String> = (0..self.dice.random_range(1..=3))
            .map(|_| self.policy())
            .collect();
        let mut policies = Vec::new();
        for text in &texts {
            if let Some(policy) = self.write(policies.len(), text) {
                policies.push(policy);
            }
        }
        if policies.is_empty() {
            return;
        }
        let known = self.context.is_empty() && self.dice.random_bool(0.4);
        let token = if known {
            self.login(policies.len())
        } else {
            self.token(policies.len())
        };
        let Some(token) = token else {
            return;
        };
        self.compare(&policies, &texts, &token, known);
        let body = json!({"token": token});
        let headers = self.headers();
        self.bao
            .request("POST", "auth/token/revoke", ROOT, Some(&body), &headers);
    }

    fn compare(&mut self, policies: &[Policy], texts: &[String], token: &str, known: bool) {
        let paths: Vec<&str> = policies
            .iter()
            .flat_map(|one| &one.rules)
            .map(|rule| rule.path.as_str())
            .collect();
        let distinct: std::collections::BTreeSet<&str> = paths.iter().copied().collect();
        if distinct.len() < paths.len() {
            self.count("paths that merge");
        }
        let identity = self.identity.clone();
        let context = Context {
            server: self.server,
            identity: known.then_some(&identity),
            now: Some(now()),
            mounts: MOUNTS,
        };
        let Ok(rules) = RuleSet::new(policies, &context) else {
            self.broken(token, texts);
            return;
        };
        self.compare_capabilities(&rules, policies, token, texts);
        for _ in 0..6 {
            self.compare_request(&rules, &context, token, texts);
        }
    }

    fn headers(&self) -> Vec<(&'static str, &'static str)> {
        if self.context.is_empty() {
            vec![]
        } else {
            vec![("X-Vault-Namespace", self.context)]
        }
    }

    /// Writes a policy; both sides must agree on whether it can be written.
    fn write(&mut self, at: usize, text: &str) -> Option<Policy> {
        let (mut policy, faults) = parse_at(text, None, self.server, Some(now()));
        policy.namespace = self.context.to_owned();
        let path = format!("sys/policies/acl/p{at}");
        let answer = self.bao.request(
            "POST",
            &path,
            ROOT,
            Some(&json!({"policy": text})),
            &self.headers(),
        );
        let sound = !faults.iter().any(|one| one.is_error());
        assert_eq!(
            sound,
            answer.status == 204,
            "{text}\nserver: {answer:?}\nmodel: {faults:#?}"
        );
        self.count(if sound {
            "policy written"
        } else {
            "policy refused"
        });
        sound.then_some(policy)
    }

    fn token(&mut self, count: usize) -> Option<String> {
        if !self.context.is_empty() {
            self.count("namespace");
        }
        let names: Vec<String> = (0..count).map(|at| format!("p{at}")).collect();
        let body = json!({"policies": names, "no_default_policy": true, "ttl": "1h"});
        let answer = self.bao.request(
            "POST",
            "auth/token/create",
            ROOT,
            Some(&body),
            &self.headers(),
        );
        answer.body["auth"]["client_token"]
            .as_str()
            .map(str::to_owned)
    }

    fn login(&mut self, count: usize) -> Option<String> {
        self.count("identity");
        let names: Vec<String> = (0..count).map(|at| format!("p{at}")).collect();
        let user =
            json!({"password": "pw", "token_policies": names, "token_no_default_policy": true});
        self.bao.root("POST", "auth/userpass/users/alice", user);
        let answer = self.bao.root(
            "POST",
            "auth/userpass/login/alice",
            json!({"password": "pw"}),
        );
        answer["auth"]["client_token"].as_str().map(str::to_owned)
    }

    fn broken(&mut self, token: &str, texts: &[String]) {
        let body = json!({"token": token, "paths": ["aclkv/a"]});
        let answer = self.bao.request(
            "POST",
            "sys/capabilities",
            ROOT,
            Some(&body),
            &self.headers(),
        );
        assert_eq!(answer.status, 403, "{texts:?}: {answer:?}");
        self.count("broken token");
    }

    fn compare_capabilities(
        &mut self,
        rules: &RuleSet,
        policies: &[Policy],
        token: &str,
        texts: &[String],
    ) {
        let mut paths: Vec<String> = (0..30).map(|_| self.query(policies)).collect();
        paths.sort();
        paths.dedup();
        let body = json!({"token": token, "paths": paths});
        let answer = self.bao.request(
            "POST",
            "sys/capabilities",
            ROOT,
            Some(&body),
            &self.headers(),
        );
        assert_eq!(answer.status, 200, "{texts:?}: {answer:?}");
        for path in paths {
            let ours = rules.capabilities(self.context, &path);
            let theirs = &answer.body["data"][&path];
            assert_eq!(
                &json!(ours),
                theirs,
                "`{path}` in `{}` of\n{}",
                self.context,
                texts.join("---\n")
            );
            self.count("query");
            if path.ends_with('/') {
                self.count("query with a final slash");
            }
            self.count(if ours == ["deny"] {
                "query denied"
            } else {
                "query granted"
            });
        }
    }

    /// Sends a real request and compares refusals.
    fn compare_request(
        &mut self,
        rules: &RuleSet,
        context: &Context<'_>,
        token: &str,
        texts: &[String],
    ) {
        let Some((method, request)) = self.request() else {
            return;
        };
        let (path, body) = wire(&request);
        let mut headers = self.headers();
        let ttl = request
            .wrap_ttl
            .map(|ttl| format!("{}s", ttl / 1_000_000_000));
        if let Some(ttl) = &ttl {
            headers.push(("X-Vault-Wrap-TTL", ttl.as_str()));
        }
        let decision = rules.decide(&request, context);
        let answer = self
            .bao
            .request(method, &path, token, body.as_ref(), &headers);
        assert_eq!(
            decision.allowed,
            answer.status != 403,
            "{method} {path} {body:?} {ttl:?} by\n{}\nserver {answer:?}\nmodel {:?}",
            texts.join("---\n"),
            decision.reason
        );
        self.count("request");
        self.count(format!("request {method}"));
        if ttl.is_some() {
            self.count("request wrapped");
        }
        if request.data.contains_key("limit") {
            self.count("request with limit");
        }
        if method == "LIST" && decision.allowed && ttl.is_none() && answer.status == 200 {
            self.compare_keys(rules, &request, &decision, context, (&answer.body, texts));
        }
        let reason = format!("{:?}", decision.reason);
        let reason = reason
            .split(['(', ' '])
            .next()
            .unwrap_or_default()
            .to_owned();
        self.count(format!("request {reason}"));
        if matches!(
            request.operation,
            Operation::Create | Operation::Update | Operation::Delete
        ) {
            self.restore(&request.path);
        }
    }

    /// Compares the keys that a LIST shows: all, a page of them, or those that a filter lets through.
    fn compare_keys(
        &mut self,
        rules: &RuleSet,
        request: &Request,
        decision: &Decision,
        context: &Context<'_>,
        (answer, texts): (&Value, &[String]),
    ) {
        let directory = format!("{}/", request.path.trim_end_matches('/'));
        let all = match directory.as_str() {
            "aclpki/roles/" => ROLES.iter().map(ToString::to_string).collect(),
            _ => children(&directory),
        };
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut expected = match rules.shown_keys(request, decision, &all, context) {
            Some(keys) => keys,
            None => return,
        };
        // A page is cut before keys are hidden: both together say too little to compare.
        if decision.keys_filter.is_some() && decision.limit.is_some() {
            return;
        }
        if let Some(limit) = decision.limit.filter(|_| directory == "aclpki/roles/") {
            expected.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            self.count("page of LIST compared");
        }
        if decision.keys_filter.is_some() && expected.len() < all.len() {
            self.count("keys of LIST filtered");
        }
        self.count("keys of LIST compared");
        let keys: Vec<&str> = answer["data"]["keys"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(
            keys,
            expected,
            "LIST {directory} by\n{}",
            texts.join("---\n")
        );
    }

    fn restore(&self, path: &str) {
        let Some(key) = path.strip_prefix("aclkv/") else {
            return;
        };
        if KEYS.contains(&key) {
            self.bao.root("POST", path, json!({"x": "1"}));
        } else {
            self.bao.root("DELETE", path, Value::Null);
        }
    }

    /// Makes a request that changes nothing but keys of `aclkv`.
    fn request(&mut self) -> Option<(&'static str, Request)> {
        if !self.context.is_empty() {
            return None;
        }
        if self.dice.random_bool(0.15) {
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
        if self.dice.random_bool(0.1) {
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
        let path = format!("aclkv/{key}");
        let exists = KEYS.contains(&key);
        let operation = match operation {
            Operation::Update if !exists => Operation::Create,
            other => other,
        };
        let mut request = Request::new(operation, path);
        if method == "POST" {
            request.data = self.data();
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
    fn query(&mut self, policies: &[Policy]) -> String {
        let rules: Vec<&str> = policies
            .iter()
            .flat_map(|one| &one.rules)
            .map(|rule| rule.path.as_str())
            .collect();
        let seed = rules.choose(&mut self.dice).copied().unwrap_or("aclkv/a");
        let mut path = String::new();
        for (at, segment) in seed.trim_start_matches('/').split('/').enumerate() {
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
        path = path.replace("{{identity.entity.name}}", "alice");
        let path = path.trim_start_matches('/');
        if path.is_empty() {
            "aclkv/a".to_owned()
        } else {
            path.to_owned()
        }
    }

    fn policy(&mut self) -> String {
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

    fn path(&mut self) -> (String, &'static str) {
        let special = [
            ("*", "rule on everything"),
            ("aclkv/{{identity.entity.name}}/*", "template"),
            ("aclkv/{{identity.entity.metadata.ok}}", "template"),
            ("aclkv/{{identity.groups.names.ops.id}}/+", "template"),
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
        ];
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
        if self.dice.random_bool(0.35) && !path.ends_with('+') {
            path.push('*');
            kind = if kind == "segment rule" {
                "segment rule, open"
            } else {
                "prefix rule"
            };
        }
        (path, kind)
    }

    fn stanza(&mut self) -> String {
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

/// Returns the keys of `aclkv` right below a directory, as LIST answers them.
fn children(directory: &str) -> Vec<String> {
    let below = directory.trim_start_matches("aclkv/");
    let mut found = std::collections::BTreeSet::new();
    for key in KEYS {
        if let Some(rest) = key.strip_prefix(below) {
            match rest.split_once('/') {
                Some((first, _)) => found.insert(format!("{first}/")),
                None => found.insert(rest.to_owned()),
            };
        }
    }
    found.into_iter().collect()
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
    ("unknown = 1", 0.005),
    ("capabilities = [\"raed\"]", 0.005),
];

/// Splits a request into path with query, and body.
fn wire(request: &Request) -> (String, Option<Value>) {
    match request.operation {
        Operation::List | Operation::Scan | Operation::Read | Operation::Delete => {
            let query: Vec<String> = request
                .data
                .iter()
                .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
                .collect();
            let mark = if query.is_empty() { "" } else { "?" };
            (format!("{}{mark}{}", request.path, query.join("&")), None)
        }
        _ => (
            request.path.clone(),
            Some(Value::Object(request.data.clone())),
        ),
    }
}

/// Makes a user with an entity, metadata and a group.
fn alice(bao: &Bao) -> Identity {
    bao.root("POST", "sys/auth/userpass", json!({"type": "userpass"}));
    let mounts = bao.root("GET", "sys/auth", Value::Null);
    let accessor = mounts["data"]["userpass/"]["accessor"]
        .as_str()
        .expect("an accessor");
    bao.root(
        "POST",
        "auth/userpass/users/alice",
        json!({"password": "pw"}),
    );
    let metadata = BTreeMap::from([
        ("ok".to_owned(), "v".to_owned()),
        ("star".to_owned(), "a*".to_owned()),
    ]);
    let entity = bao.root(
        "POST",
        "identity/entity",
        json!({"name": "alice", "metadata": metadata}),
    );
    let id = entity["data"]["id"].as_str().expect("an id").to_owned();
    let alias = json!({"name": "alice", "canonical_id": id, "mount_accessor": accessor});
    let alias = bao.root("POST", "identity/entity-alias", alias);
    let group = bao.root(
        "POST",
        "identity/group",
        json!({"name": "ops", "member_entity_ids": [id]}),
    );
    Identity {
        entity: Some(Entity {
            id,
            name: "alice".to_owned(),
            metadata,
            aliases: vec![Alias {
                accessor: accessor.to_owned(),
                id: alias["data"]["id"].as_str().unwrap_or_default().to_owned(),
                name: "alice".to_owned(),
                ..Alias::default()
            }],
        }),
        groups: vec![Group {
            id: group["data"]["id"].as_str().expect("an id").to_owned(),
            name: "ops".to_owned(),
            ..Group::default()
        }],
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
