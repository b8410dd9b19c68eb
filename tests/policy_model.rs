//! The policy model against answers that real servers gave (`tests/policy/acl_*.json`), and against itself.
#![allow(
    clippy::disallowed_methods,
    reason = "a test looks at the world itself"
)]

use serde_json::{Map, Value};
use vaultform::policy::{
    Context, Operation, Policy, Product, Request, RuleSet, Server, Version, capabilities, decide,
    parse,
};

fn read(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/policy/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a test file");
    serde_json::from_str(&text).expect("JSON")
}

/// Parses the policies of a case; `None` when the server would refuse one.
fn policies(case: &Value, server: Server) -> Option<Vec<Policy>> {
    let texts = case["policies"].as_array().expect("policies").iter();
    let parsed = texts.map(|text| parse(text.as_str().expect("a text"), None, server));
    parsed
        .map(|(policy, faults)| (!faults.iter().any(|one| one.is_error())).then_some(policy))
        .collect()
}

const NOW: i64 = 1_795_000_000;

fn context<'a>(server: Server) -> Context<'a> {
    Context {
        now: Some(NOW),
        ..Context::new(server)
    }
}

/// Cases that Vault 1.21.4 answers differently, with its answer; an empty one is a refusal.
const ON_VAULT: &[(&str, &[&str])] = &[
    (
        "trailing slash: glob on dir beats; query kv/a/ with kv/a* vs kv/a/*",
        &["read"],
    ),
    ("trailing slash: kv/+/ exact segment vs kv/+", &["read"]),
    ("expired stanza removed; falls to glob", &[]),
    ("future expiration kept", &[]),
    ("patch and scan", &[]),
];

#[test]
fn capabilities_are_those_of_openbao() {
    for case in read("acl_cases.json") {
        let answer = policies(&case, Server::OPENBAO).map(|policies| {
            let path = case["path"].as_str().expect("a path");
            capabilities(&policies, path, &context(Server::OPENBAO)).expect("sound templates")
        });
        assert_eq!(
            serde_json::to_value(answer).expect("JSON"),
            case["server"],
            "{}",
            case["case"]
        );
    }
}

#[test]
fn capabilities_are_those_of_vault() {
    for case in read("acl_cases.json") {
        let name = case["case"].as_str().expect("a name");
        let answer = policies(&case, Server::VAULT).map(|policies| {
            let path = case["path"].as_str().expect("a path");
            capabilities(&policies, path, &context(Server::VAULT)).expect("sound templates")
        });
        let expected = match ON_VAULT.iter().find(|(case, _)| *case == name) {
            Some((_, [])) => Value::Null,
            Some((_, names)) => serde_json::json!(names),
            None => case["server"].clone(),
        };
        assert_eq!(
            serde_json::to_value(answer).expect("JSON"),
            expected,
            "{name}"
        );
    }
}

/// Turns a measured request into what policies see of it. `aclkv/a` existed, other keys did not.
fn request(measured: &Value) -> Request {
    let text = |at: usize| measured[at].as_str().unwrap_or_default();
    let (path, query) = text(1).split_once('?').unwrap_or((text(1), ""));
    let operation = match text(0) {
        "LIST" => Operation::List,
        "GET" if query.contains("list=true") => Operation::List,
        "GET" => Operation::Read,
        _ if path == "aclkv/a" => Operation::Update,
        _ => Operation::Create,
    };
    let mut request = Request::new(operation, path);
    request.data = measured[2].as_object().cloned().unwrap_or_default();
    for (key, value) in query.split('&').filter_map(|one| one.split_once('=')) {
        if key != "list" {
            request.data.insert(key.to_owned(), value.into());
        }
    }
    let wrap = measured[3]["X-Vault-Wrap-TTL"].as_str();
    request.wrap_ttl =
        wrap.map(|ttl| ttl.trim_end_matches('s').parse::<i64>().expect("s") * 1_000_000_000);
    request
}

#[test]
fn requests_are_answered_as_openbao_answers() {
    for case in read("acl_ops.json") {
        let policies = policies(&case, Server::OPENBAO);
        let refused = case["refused"].as_bool().unwrap_or(false);
        assert_eq!(policies.is_none(), refused, "{}", case["case"]);
        let Some(policies) = policies else {
            continue;
        };
        let request = request(&case["request"]);
        let context = context(Server::OPENBAO);
        let decision = decide(&policies, &request, &context);
        let allowed = case["status"] != 403;
        assert_eq!(
            decision.allowed, allowed,
            "{}: {:?}",
            case["case"], decision.reason
        );
        if let Some(keys) = case["keys"].as_array() {
            let rules = RuleSet::new(&policies, &context).expect("sound templates");
            let all = ["r0", "r1", "r2", "r3", "r4", "r5"];
            let mut shown = rules
                .shown_keys(&request, &decision, &all, &context)
                .expect("a plain template");
            let page = decision.limit.and_then(|limit| usize::try_from(limit).ok());
            shown.truncate(page.unwrap_or(usize::MAX));
            assert_eq!(
                &serde_json::json!(shown),
                &Value::from(keys.clone()),
                "{}",
                case["case"]
            );
        }
    }
}

#[test]
fn vault_judges_list_values_by_element() {
    let allowed = |server: Server, stanza: &str, value: Value| {
        let text = format!(r#"path "kv/a" {{ capabilities = ["update"] {stanza} }}"#);
        let (policy, faults) = parse(&text, None, server);
        assert!(faults.is_empty(), "{faults:?}");
        let mut request = Request::new(Operation::Update, "kv/a");
        request.data = Map::from_iter([("p".to_owned(), value)]);
        decide(&[policy], &request, &context(server)).allowed
    };
    let list = r#"allowed_parameters = { p = ["a", "b"] }"#;
    let glob = r#"allowed_parameters = { p = ["pre-*"] }"#;
    let deny = r#"denied_parameters = { p = ["root"] }"#;
    let cases = [
        (list, serde_json::json!(["a"]), true, false),
        (list, serde_json::json!(["b", "a"]), true, false),
        (list, serde_json::json!([]), true, false),
        (list, serde_json::json!(["a", "c"]), false, false),
        (glob, serde_json::json!(["pre-1", "pre-2"]), true, false),
        (deny, serde_json::json!(["x", "root"]), false, true),
        (
            r"allowed_parameters = { p = [true] }",
            serde_json::json!(true),
            true,
            true,
        ),
        (
            r#"allowed_parameters = { p = ["true"] }"#,
            serde_json::json!(true),
            false,
            false,
        ),
    ];
    for (stanza, value, vault, bao) in cases {
        assert_eq!(
            allowed(Server::VAULT, stanza, value.clone()),
            vault,
            "Vault: {stanza} {value}"
        );
        assert_eq!(
            allowed(Server::OPENBAO, stanza, value.clone()),
            bao,
            "OpenBao: {stanza} {value}"
        );
    }
}

#[test]
fn list_order_depends_on_product_and_version() {
    let cases = [
        (
            r#"path "kv1/d*" { capabilities = ["list"] } path "kv1/d/*" { capabilities = ["read"] }"#,
            true,
        ),
        (
            r#"path "kv1/d*" { capabilities = ["read"] } path "kv1/d/*" { capabilities = ["list"] }"#,
            false,
        ),
        (
            r#"path "kv1/+" { capabilities = ["read"] } path "kv1/+/" { capabilities = ["list"] }"#,
            false,
        ),
    ];
    let old = Server::new(Product::OpenBao, Version::new(2, 5, 5));
    for (text, on_vault) in cases {
        for server in [Server::VAULT, Server::OPENBAO, old] {
            let (policy, _) = parse(text, None, server);
            let request = Request::new(Operation::List, "kv1/d");
            let decision = decide(&[policy], &request, &context(server));
            let expected = on_vault == (server != Server::OPENBAO);
            assert_eq!(decision.allowed, expected, "{server}: {text}");
        }
    }
}
