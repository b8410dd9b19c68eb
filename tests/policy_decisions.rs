//! Why a decision fell as it did: the deciding rule, the losing ones, reasons, identities, namespaces.

use std::collections::BTreeMap;

use serde_json::json;
use vaultform::policy::{
    Absent, Capability, Context, Decision, Direction, Entity, Identity, Operation, Policy, Product,
    Reason, Request, Server, Unfilled, Version, Why, capabilities, decide, difference, parse, same,
};

fn policy(text: &str, server: Server) -> Policy {
    let (policy, faults) = parse(text, None, server);
    assert!(faults.is_empty(), "{text}: {faults:?}");
    policy
}

fn read(text: &str, path: &str) -> Decision {
    let request = Request::new(Operation::Read, path);
    decide(
        &[policy(text, Server::OPENBAO)],
        &request,
        &Context::new(Server::OPENBAO),
    )
}

fn reason(text: &str, operation: Operation, path: &str) -> Reason {
    let context = Context {
        mounts: &[("ca/", "pki")],
        ..Context::new(Server::OPENBAO)
    };
    decide(
        &[policy(text, Server::OPENBAO)],
        &Request::new(operation, path),
        &context,
    )
    .reason
}

/// Returns each losing pattern with the reason.
fn lost(decision: &Decision) -> Vec<(String, Why)> {
    let named = |pattern: Option<&vaultform::policy::Pattern>| {
        pattern.map_or("absent".to_owned(), ToString::to_string)
    };
    let all = decision.lost.iter();
    all.map(|lost| (named(lost.pattern.as_ref()), lost.why.clone()))
        .collect()
}

#[test]
fn losing_rules_tell_why() {
    let text = r#"
        path "kv/*"     { capabilities = ["read"] }
        path "kv/a*"    { capabilities = ["read"] }
        path "kv/+"     { capabilities = ["read"] }
        path "+/+"      { capabilities = ["read"] }
        path "+/a"      { capabilities = ["read"] }
        path "+/a*"     { capabilities = ["read"] }
        path "other/*"  { capabilities = ["read"] }
    "#;
    let decision = read(text, "kv/a");
    let winner = decision.rule.as_ref().expect("a rule");
    assert_eq!(winner.pattern.to_string(), "kv/a*");
    assert!(
        lost(&decision)
            .iter()
            .all(|(_, why)| *why == Why::LaterWildcard)
    );
    assert_eq!(decision.lost.len(), 5);
    let without = text.replace(r#"path "kv/a*" "#, r#"path "no/x" "#);
    let decision = read(&without, "kv/a");
    assert_eq!(
        decision.rule.as_ref().expect("a rule").pattern.to_string(),
        "kv/+"
    );
    assert!(lost(&decision).contains(&("kv/*".to_owned(), Why::NotOpen)));
    let plus = r#"path "+/a" { capabilities = ["read"] } path "+/+" { capabilities = ["read"] }"#;
    assert_eq!(
        lost(&read(plus, "kv/a")),
        [("+/+".to_owned(), Why::FewerPlus)]
    );
    let longer = r#"path "+/ab*" { capabilities = [] } path "+/a*" { capabilities = ["read"] }"#;
    let decision = read(longer, "kv/abc");
    assert_eq!(lost(&decision), [("+/a*".to_owned(), Why::Longer)]);
    assert_eq!(decision.reason, Reason::Lacks(Capability::Read));
    let exact =
        r#"path "kv/a" { capabilities = ["deny"] } path "kv/*" { capabilities = ["read"] }"#;
    let decision = read(exact, "kv/a");
    assert_eq!(lost(&decision), [("kv/*".to_owned(), Why::ExactWins)]);
    assert_eq!(decision.reason, Reason::Denied);
}

#[test]
fn sources_name_policy_and_rule() {
    let server = Server::OPENBAO;
    let policies = [
        policy(
            r#"path "a" {} path "kv/a" { capabilities = ["read"] }"#,
            server,
        ),
        policy(r#"path "kv/a" { capabilities = ["update"] }"#, server),
    ];
    let decision = decide(
        &policies,
        &Request::new(Operation::Update, "kv/a"),
        &Context::new(server),
    );
    let sources = decision.rule.expect("a rule").sources;
    let places: Vec<(usize, usize)> = sources.iter().map(|one| (one.policy, one.rule)).collect();
    assert_eq!(places, [(0, 1), (1, 0)]);
    assert!(decision.allowed);
}

#[test]
fn sudo_is_asked_for_where_the_server_does() {
    let plain = r#"path "*" { capabilities = ["read", "list", "update", "delete"] }"#;
    let sudo = r#"path "*" { capabilities = ["read", "list", "update", "delete", "sudo"] }"#;
    let protected = [
        (Operation::Read, "sys/audit"),
        (Operation::List, "auth/token/accessors"),
        (Operation::Update, "sys/seal"),
        (Operation::Delete, "ca/root"),
    ];
    for (operation, path) in protected {
        assert_eq!(reason(plain, operation, path), Reason::LacksSudo, "{path}");
        assert_eq!(reason(sudo, operation, path), Reason::Allowed, "{path}");
    }
    assert_eq!(
        reason(plain, Operation::Read, "sys/mounts"),
        Reason::Allowed
    );
    assert_eq!(
        reason(plain, Operation::Delete, "pki/root"),
        Reason::Allowed,
        "no engine is mounted there"
    );
}

#[test]
fn templates_follow_the_identity() {
    let text = r#"
        path "kv/{{identity.entity.metadata.team}}/*" { capabilities = ["read"] }
        path "k*" { capabilities = ["list"] }
    "#;
    let asked = |server: Server, team: Option<&str>| {
        let metadata = team.map(|team| ("team".to_owned(), team.to_owned()));
        let identity = Identity {
            entity: Some(Entity {
                metadata: BTreeMap::from_iter(metadata),
                ..Entity::default()
            }),
            ..Identity::default()
        };
        let context = Context {
            identity: Some(&identity),
            ..Context::new(server)
        };
        capabilities(&[policy(text, server)], "kv/red/x", &context)
    };
    assert_eq!(asked(Server::OPENBAO, Some("red")), Ok(vec!["read"]));
    assert_eq!(asked(Server::OPENBAO, None), Ok(vec!["list"]));
    let broken = asked(Server::OPENBAO, Some("+")).expect_err("OpenBao refuses the token");
    assert!(matches!(
        broken.why,
        Absent::Unfilled(Unfilled::Blocked { character: '+', .. })
    ));
    assert_eq!(
        asked(Server::VAULT, Some("+")),
        Ok(vec!["read"]),
        "a live wildcard on Vault"
    );
    let early = Server::new(Product::OpenBao, Version::new(2, 6, 1));
    assert_eq!(
        asked(early, Some("+")),
        Ok(vec!["list"]),
        "dropped before 2.7"
    );
    let mut allowed = policy(text, Server::OPENBAO);
    allowed.allow_wildcards = true;
    let identity = Identity {
        entity: Some(Entity {
            metadata: BTreeMap::from([("team".to_owned(), "+".to_owned())]),
            ..Entity::default()
        }),
        ..Identity::default()
    };
    let context = Context {
        identity: Some(&identity),
        ..Context::new(Server::OPENBAO)
    };
    assert_eq!(
        capabilities(&[allowed], "kv/red/x", &context),
        Ok(vec!["read"])
    );
}

#[test]
fn expired_rules_are_not_there() {
    let text = r#"path "kv/a" { capabilities = ["read"] expiration = "2027-01-01T00:00:00Z" }"#;
    let at = |now: i64| {
        let context = Context {
            now: Some(now),
            ..Context::new(Server::OPENBAO)
        };
        decide(
            &[policy(text, Server::OPENBAO)],
            &Request::new(Operation::Read, "kv/a"),
            &context,
        )
    };
    assert!(at(1_795_000_000).allowed);
    let late = at(1_895_000_000);
    assert_eq!((late.allowed, late.reason), (false, Reason::NoRule));
    assert_eq!(late.lost[0].why, Why::Absent(Absent::Expired));
}

#[test]
fn namespaces_stand_before_paths() {
    let mut inner = policy(
        r#"path "/kv/+" { capabilities = ["read"] }"#,
        Server::OPENBAO,
    );
    inner.namespace = "team-a/".to_owned();
    let outer = policy(
        r#"path "team-a/kv/b*" { capabilities = ["delete"] }"#,
        Server::OPENBAO,
    );
    let policies = [inner, outer];
    let mut request = Request::new(Operation::Read, "kv/a");
    let context = Context::new(Server::OPENBAO);
    assert_eq!(decide(&policies, &request, &context).reason, Reason::NoRule);
    request.namespace = "team-a/".to_owned();
    assert!(decide(&policies, &request, &context).allowed);
    request.path = "kv/bc".to_owned();
    assert_eq!(
        decide(&policies, &request, &context).reason,
        Reason::Lacks(Capability::Read)
    );
    let mut root = Policy::default().named("root");
    root.namespace = "team-a/".to_owned();
    assert_eq!(
        decide(&[root.clone()], &request, &context).reason,
        Reason::Root
    );
    request.namespace = String::new();
    assert!(!decide(&[root], &request, &context).allowed);
}

#[test]
fn refusals_name_the_parameter() {
    let text = r#"path "kv/a" {
        capabilities        = ["update"]
        required_parameters = ["owner"]
        allowed_parameters  = { owner = [], ttl = ["1h"] }
        denied_parameters   = { owner = ["root"] }
    }"#;
    let answer = |data: serde_json::Value| {
        let mut request = Request::new(Operation::Update, "kv/a");
        request.data = data.as_object().cloned().unwrap_or_default();
        let policies = [policy(text, Server::OPENBAO)];
        decide(&policies, &request, &Context::new(Server::OPENBAO)).reason
    };
    assert_eq!(answer(json!({})), Reason::Missing("owner".into()));
    assert_eq!(
        answer(json!({"owner": "root"})),
        Reason::ParameterDenied("owner".into())
    );
    assert_eq!(
        answer(json!({"owner": "me", "ttl": "2h"})),
        Reason::ParameterNotAllowed("ttl".into())
    );
    assert_eq!(
        answer(json!({"owner": "me", "x": 1})),
        Reason::ParameterNotAllowed("x".into())
    );
    assert_eq!(answer(json!({"owner": "me", "ttl": "1h"})), Reason::Allowed);
}

#[test]
fn products_know_different_words() {
    let faults = |text: &str, server: Server| parse(text, None, server).1.len();
    let subscribe = r#"path "kv/a" { capabilities = ["subscribe"] subscribe_event_types = ["*"] }"#;
    assert_eq!(
        (
            faults(subscribe, Server::VAULT),
            faults(subscribe, Server::OPENBAO)
        ),
        (0, 2)
    );
    let scan = r#"path "kv/a" { capabilities = ["scan"] pagination_limit = 5 }"#;
    assert_eq!(
        (faults(scan, Server::VAULT), faults(scan, Server::OPENBAO)),
        (2, 0)
    );
    let twice = r#"path "kv/a" { capabilities = ["read"] capabilities = ["list"] }"#;
    assert_eq!(
        (faults(twice, Server::VAULT), faults(twice, Server::OPENBAO)),
        (1, 0)
    );
    let vault_1_20 = Server::new(Product::Vault, Version::new(1, 20, 0));
    assert_eq!(faults(twice, vault_1_20), 0);
    assert!(same(
        r#"path "a" { capabilities = ["read"] comment = "why" }"#,
        r#"path "a" { capabilities = ["read"] }"#,
        Server::VAULT
    ));
}

#[test]
fn a_lost_root_policy_is_a_lost_everything() {
    let root = [Policy::default().named("root")];
    let changes = difference(&root, &[], &Context::new(Server::OPENBAO)).expect("no templates");
    assert!(
        changes
            .iter()
            .all(|one| one.pattern.to_string() == "*" && one.direction == Direction::Lost)
    );
    assert_eq!(changes[0].capability, Capability::Sudo);
    let template = r#"path "kv/{{identity.entity.id}}/*" { capabilities = ["read"] }"#;
    let after = [policy(template, Server::OPENBAO)];
    let changes = difference(&[], &after, &Context::new(Server::OPENBAO)).expect("no identity");
    assert_eq!(
        changes[0].pattern.to_string(),
        "kv/{{identity.entity.id}}/*"
    );
}
