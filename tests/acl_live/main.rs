//! The policy model against a real OpenBao: random policies, the model's answer beside the server's.
//!
//! `ACL_SOAK=N` sets the number of policy sets (200 by default), `ACL_SEED=N` repeats a run.
#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at the world itself"
)]

#[path = "../common/mod.rs"]
mod common;
mod generate;

use std::collections::BTreeMap;

use common::{Bao, ROOT};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
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
                    if round % 1_000 == 0 {
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
    let untried = report(&counts);
    assert!(rounds < 300 || untried.is_empty(), "not tried: {untried:?}");
}

/// What every longer run must have tried: a name, and what of the counts belongs to it.
const CONSTRUCTS: &[(&str, &[&str])] = &[
    ("allowed_parameters", &["with allowed_parameters"]),
    ("denied_parameters", &["with denied_parameters"]),
    ("required_parameters", &["with required_parameters"]),
    ("refused for a missing parameter", &["request Missing"]),
    (
        "refused for a denied parameter",
        &["request ParameterDenied"],
    ),
    (
        "refused for one not allowed",
        &["request ParameterNotAllowed"],
    ),
    ("min_wrapping_ttl", &["with min_wrapping_ttl"]),
    ("max_wrapping_ttl", &["with max_wrapping_ttl"]),
    ("wrapped requests", &["request wrapped"]),
    ("refused for the wrapping", &["request Wrapping"]),
    ("pagination_limit", &["with pagination_limit"]),
    ("pages of LIST compared", &["page of LIST compared"]),
    ("refused for the limit", &["request Limit"]),
    (
        "list_scan_response_keys_filter_path",
        &["with list_scan", "policy that hides keys"],
    ),
    ("keys of LIST hidden", &["keys of LIST filtered"]),
    ("expiration", &["with expiration"]),
    ("scan", &["capability scan"]),
    ("SCAN requests", &["request SCAN"]),
    ("subscribe (OpenBao refuses it)", &["capability subscribe"]),
    ("keys of another product", &["with subscribe_event_types"]),
    ("unknown keys", &["with unknown"]),
    ("unknown capabilities", &["with capabilities = [\"raed\"]"]),
    (
        "attributes that stand twice",
        &["with capabilities = [\"read\"]"],
    ),
    ("refused policies", &["policy refused"]),
    ("JSON policies", &["JSON policy"]),
    ("legacy `policy =`", &["shorthand"]),
    ("deny", &["capability deny"]),
    ("sudo", &["capability sudo"]),
    ("sudo paths", &["sudo path"]),
    ("refused for want of sudo", &["request LacksSudo"]),
    ("exact rules", &["exact rule"]),
    ("globs", &["prefix rule", "rule on everything"]),
    ("`+`", &["segment rule", "single plus"]),
    ("`+` and glob", &["segment rule, open"]),
    ("star in the middle", &["star in the middle"]),
    ("paths that merge", &["paths that merge"]),
    ("rules with a final slash", &["rule with a final slash"]),
    ("LIST requests", &["request LIST"]),
    (
        "requests with a final slash",
        &["request with a final slash"],
    ),
    (
        "capabilities with a final slash",
        &["query with a final slash"],
    ),
    ("templates", &["template"]),
    (
        "templates of aliases and groups",
        &["template of an alias", "template of a group"],
    ),
    ("templates without value", &["template without value"]),
    ("templates that break a token", &["broken token"]),
    ("identities", &["identity"]),
    ("namespaces: policies of a child", &["namespace of its own"]),
    ("namespaces: policies of the parent", &["namespace below"]),
    ("requests in a namespace", &["request in a namespace"]),
    (
        "GET requests with parameters",
        &["request GET with parameters"],
    ),
    ("POST requests", &["request POST"]),
    ("PATCH requests", &["request PATCH"]),
    ("DELETE requests", &["request DELETE"]),
    ("granted", &["query granted", "request Allowed"]),
    ("denied", &["query denied", "request Denied"]),
];

/// Prints how often each construct was tried, and tells those that were not.
fn report(counts: &BTreeMap<String, u64>) -> Vec<&'static str> {
    for (what, count) in counts {
        println!("{count:>9}  {what}");
    }
    println!("\nconstructs:");
    let mut untried = Vec::new();
    for (name, kinds) in CONSTRUCTS {
        let of_it = counts
            .iter()
            .filter(|(what, _)| kinds.iter().any(|kind| what.starts_with(kind)));
        let count: u64 = of_it.map(|(_, count)| count).sum();
        println!("{count:>9}  {name}");
        if count == 0 {
            untried.push(*name);
        }
    }
    let of = |what: &str| counts.get(what).copied().unwrap_or_default();
    println!(
        "\n{} policies, {} capabilities and {} requests compared with the server: 0 disagreements",
        of("policy written") + of("policy refused"),
        of("query"),
        of("request")
    );
    untried
}

/// One run: the server, what lies on it, and what was tried so far.
struct Run {
    bao: Bao,
    dice: StdRng,
    server: Server,
    identity: Identity,
    counts: BTreeMap<String, u64>,
    /// The namespace of policies and token.
    context: &'static str,
    /// The namespace of requests: that of the token, or one below.
    asked: &'static str,
}

const KEYS: &[&str] = &["a", "b", "ab", "a/b", "a/a", "b/a/b"];
/// Roles of `aclpki`, whose LIST knows pages; that of `aclkv` does not.
const ROLES: &[&str] = &["r0", "r1", "r2", "r3"];
const MOUNTS: &[(&str, &str)] = &[("aclkv/", "kv"), ("aclv2/", "kv"), ("aclpki/", "pki")];
const NAMESPACE: &str = "ns1/";

impl Run {
    fn new(seed: u64) -> Run {
        let bao = Bao::start();
        let health = bao.root("GET", "sys/health", Value::Null);
        let version = Version::read(health["version"].as_str().expect("a version"));
        let server = Server {
            version: version.expect("a version"),
            ..Server::OPENBAO
        };
        bao.root("POST", "sys/mounts/aclpki", json!({"type": "pki"}));
        bao.root("POST", "sys/namespaces/ns1", Value::Null);
        fill(&bao, "");
        fill(&bao, NAMESPACE);
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
            asked: "",
        }
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    fn round(&mut self) {
        (self.context, self.asked) = match self.dice.random_range(0..10) {
            0 => (NAMESPACE, NAMESPACE),
            1 => ("", NAMESPACE),
            _ => ("", ""),
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
        let headers = in_namespace(self.context);
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
            &in_namespace(self.context),
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
        if !self.asked.is_empty() {
            let own = self.context == self.asked;
            self.count(if own {
                "namespace of its own"
            } else {
                "namespace below"
            });
        }
        let names: Vec<String> = (0..count).map(|at| format!("p{at}")).collect();
        let body = json!({"policies": names, "no_default_policy": true, "ttl": "1h"});
        let answer = self.bao.request(
            "POST",
            "auth/token/create",
            ROOT,
            Some(&body),
            &in_namespace(self.context),
        );
        answer.body["auth"]["client_token"]
            .as_str()
            .map(str::to_owned)
    }

    fn login(&mut self, count: usize) -> Option<String> {
        self.count("identity");
        let names: Vec<String> = (0..count).map(|at| format!("p{at}")).collect();
        let body = json!({
            "policies": names,
            "no_default_policy": true,
            "entity_alias": "alice",
            "ttl": "1h",
        });
        let answer = self.bao.root("POST", "auth/token/create/acl", body);
        answer["auth"]["client_token"].as_str().map(str::to_owned)
    }

    fn broken(&mut self, token: &str, texts: &[String]) {
        let body = json!({"token": token, "paths": ["aclkv/a"]});
        let answer = self.bao.request(
            "POST",
            "sys/capabilities",
            ROOT,
            Some(&body),
            &in_namespace(self.asked),
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
            &in_namespace(self.asked),
        );
        assert_eq!(answer.status, 200, "{texts:?}: {answer:?}");
        for path in paths {
            let ours = rules.capabilities(self.asked, &path);
            let theirs = &answer.body["data"][&path];
            assert_eq!(
                &json!(ours),
                theirs,
                "`{path}` in `{}` of\n{}",
                self.asked,
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
        let Some((method, mut request)) = self.request() else {
            return;
        };
        request.namespace = self.asked.to_owned();
        let (path, body) = wire(&request);
        let mut headers = in_namespace(self.asked);
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
        if method == "GET" && !request.data.is_empty() {
            self.count("request GET with parameters");
        }
        if !self.asked.is_empty() {
            self.count("request in a namespace");
        }
        if request.path.ends_with('/') {
            self.count("request with a final slash");
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
        let headers = in_namespace(self.asked);
        let value = json!({"x": "1"});
        let answer = if KEYS.contains(&key) {
            self.bao.request("POST", path, ROOT, Some(&value), &headers)
        } else {
            self.bao.request("DELETE", path, ROOT, None, &headers)
        };
        assert_eq!(answer.status, 204, "{path} cannot be put back: {answer:?}");
    }
}

/// Returns the header that sends a request into a namespace.
fn in_namespace(namespace: &str) -> Vec<(&str, &str)> {
    match namespace {
        "" => vec![],
        _ => vec![("X-Vault-Namespace", namespace)],
    }
}

/// Mounts the engines that requests go to, and puts something into them.
fn fill(bao: &Bao, namespace: &str) {
    let headers = in_namespace(namespace);
    let write = |path: &str, body: Value| {
        for _ in 0..100 {
            let answer = bao.request("POST", path, ROOT, Some(&body), &headers);
            if matches!(answer.status, 200 | 204) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{path} cannot be written");
    };
    write("sys/mounts/aclkv", json!({"type": "kv"}));
    write("sys/mounts/aclv2", json!({"type": "kv-v2"}));
    for key in KEYS {
        write(&format!("aclkv/{key}"), json!({"x": "1"}));
    }
    for key in ["a", "b"] {
        write(&format!("aclv2/data/{key}"), json!({"data": {"x": "1"}}));
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

/// Makes an entity with an alias of tokens, metadata and a group.
fn alice(bao: &Bao) -> Identity {
    let mounts = bao.root("GET", "sys/auth", Value::Null);
    let accessor = mounts["data"]["token/"]["accessor"]
        .as_str()
        .expect("an accessor");
    // A password would cost the server more than all else that is asked of it.
    bao.root(
        "POST",
        "auth/token/roles/acl",
        json!({"allowed_entity_aliases": ["alice"]}),
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
