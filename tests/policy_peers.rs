//! The classes of questions that other checkers answer wrongly, each a test: the model, and a real server beside it.

mod common;

use common::{Bao, ROOT};
use serde_json::{Value, json};
use vaultform::policy::{Context, Operation, Policy, Request, Server, capabilities, decide, parse};

/// Policies, a path, and what a server answers.
struct Class {
    policies: &'static [&'static str],
    path: &'static str,
    capabilities: &'static [&'static str],
}

/// One rule decides: the rules of several policies are not united over different paths.
const UNITED: Class = Class {
    policies: &[
        r#"path "peers/*" { capabilities = ["read", "list", "delete"] }"#,
        r#"path "peers/app" { capabilities = ["read"] }"#,
    ],
    path: "peers/app",
    capabilities: &["read"],
};

/// A deny on a wider path does not beat an allow on a narrower one.
const DENIED: Class = Class {
    policies: &[
        r#"path "peers/*" { capabilities = ["deny"] }"#,
        r#"path "peers/app" { capabilities = ["read"] }"#,
    ],
    path: "peers/app",
    capabilities: &["read"],
};

/// The later first wildcard wins, also that of a prefix over a segment.
const RANKED: Class = Class {
    policies: &[r#"path "peers/+/config" { capabilities = ["read"] }
                   path "peers/app/*" { capabilities = ["update"] }"#],
    path: "peers/app/config",
    capabilities: &["update"],
};

/// A final `/*` does not match the path without it.
const SHORTER: Class = Class {
    policies: &[r#"path "peers/foo/*" { capabilities = ["read"] }"#],
    path: "peers/foo",
    capabilities: &["deny"],
};

const CLASSES: [&Class; 4] = [&UNITED, &DENIED, &RANKED, &SHORTER];

fn parsed(class: &Class) -> Vec<Policy> {
    let texts = class.policies.iter();
    texts
        .map(|text| parse(text, None, Server::OPENBAO).0)
        .collect()
}

fn check(class: &Class) {
    for server in [Server::OPENBAO, Server::VAULT] {
        let found = capabilities(&parsed(class), class.path, &Context::new(server));
        assert_eq!(
            found.expect("no templates"),
            class.capabilities,
            "{}",
            class.path
        );
    }
}

#[test]
fn rules_of_several_policies_are_not_united_over_paths() {
    check(&UNITED);
    let request = Request::new(Operation::Delete, UNITED.path);
    assert!(!decide(&parsed(&UNITED), &request, &Context::new(Server::OPENBAO)).allowed);
}

#[test]
fn a_wider_deny_does_not_beat_a_narrower_allow() {
    check(&DENIED);
}

#[test]
fn a_prefix_with_a_later_wildcard_beats_a_segment() {
    check(&RANKED);
}

#[test]
fn a_final_star_does_not_match_the_path_without_it() {
    check(&SHORTER);
}

const BOUND: &str = r#"path "peers/app" {
  capabilities        = ["create", "update"]
  required_parameters = ["owner"]
  denied_parameters   = { owner = ["root"] }
  allowed_parameters  = { owner = [], ttl = ["1h"] }
}"#;

/// Bodies of a write under [`BOUND`], and whether it is allowed.
fn bodies() -> [(Value, bool); 5] {
    [
        (json!({ "owner": "ann", "ttl": "1h" }), true),
        (json!({ "owner": "ann", "ttl": "9h" }), false),
        (json!({ "owner": "root" }), false),
        (json!({ "ttl": "1h" }), false),
        (json!({ "owner": "ann", "other": "x" }), false),
    ]
}

#[test]
fn parameters_decide_too() {
    let (policy, _) = parse(BOUND, None, Server::OPENBAO);
    for (body, allowed) in bodies() {
        let mut request = Request::new(Operation::Update, "peers/app");
        request.data = body.as_object().cloned().unwrap_or_default();
        let decision = decide(
            std::slice::from_ref(&policy),
            &request,
            &Context::new(Server::OPENBAO),
        );
        assert_eq!(decision.allowed, allowed, "{body}: {:?}", decision.reason);
    }
}

#[test]
fn a_real_server_answers_the_same() {
    let bao = Bao::start();
    bao.root("POST", "sys/mounts/peers", json!({ "type": "kv" }));
    let token = |texts: &[&str]| {
        let names: Vec<String> = (0..texts.len()).map(|at| format!("p{at}")).collect();
        for (name, text) in names.iter().zip(texts) {
            bao.root(
                "POST",
                &format!("sys/policies/acl/{name}"),
                json!({ "policy": text }),
            );
        }
        let body = json!({ "policies": names, "no_default_policy": true });
        let made = bao.root("POST", "auth/token/create", body);
        made["auth"]["client_token"]
            .as_str()
            .expect("a token")
            .to_owned()
    };
    for class in CLASSES {
        let body = json!({ "token": token(class.policies), "paths": [class.path] });
        let answer = bao.request("POST", "sys/capabilities", ROOT, Some(&body), &[]);
        assert_eq!(
            answer.body["data"][class.path],
            json!(class.capabilities),
            "{}",
            class.path
        );
    }
    let token = token(&[BOUND]);
    for (body, allowed) in bodies() {
        let answer = bao.request("POST", "peers/app", &token, Some(&body), &[]);
        assert_eq!(answer.status == 204, allowed, "{body}: {answer:?}");
    }
}
