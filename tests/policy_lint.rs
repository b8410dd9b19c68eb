//! The lints: each table entry's examples, suppressions, and findings about roles.

use vaultform::policy::lint::{
    AuthRole, Binding, DatabaseRole, EntityAlias, Facts, Finding, LINTS, Mount, NamedPolicy,
    PkiRole, Suppression, TransitKey, lint,
};
use vaultform::policy::{Server, parse};
use vaultform::source::Sources;

const NOW: i64 = 1_795_000_000;

fn mounts() -> Vec<Mount> {
    let mount = |path: &str, kind: &str, version: Option<u32>| Mount {
        path: path.to_owned(),
        kind: kind.to_owned(),
        version,
        accessor: Some(format!("{kind}_1")),
        ..Mount::default()
    };
    vec![
        mount("kv/", "kv", Some(2)),
        mount("kv1/", "kv", Some(1)),
        mount("pki/", "pki", None),
        mount("auth/approle/", "approle", None),
    ]
}

fn findings(text: &str) -> Vec<Finding> {
    let (policy, faults) = parse(text, None, Server::OPENBAO);
    assert!(faults.is_empty(), "{text}: {faults:?}");
    let policies = [NamedPolicy::new("p", &policy, text)];
    let mounts = mounts();
    lint(&Facts {
        now: Some(NOW),
        mounts: Some(&mounts),
        ..Facts::new(Server::OPENBAO, &policies)
    })
}

/// Returns the codes that are not silenced.
fn codes(found: &[Finding]) -> Vec<&'static str> {
    let loud = found.iter().filter(|one| one.silenced.is_none());
    loud.map(|one| one.lint.code).collect()
}

#[test]
fn every_example_shows_its_lint() {
    for one in LINTS.iter().filter(|lint| lint.code.starts_with("VF-P")) {
        let (bad, good) = (codes(&findings(one.bad)), codes(&findings(one.good)));
        assert!(
            bad.contains(&one.code),
            "{}: the bad example raises {bad:?}",
            one.code
        );
        assert!(
            !good.contains(&one.code),
            "{}: the good example raises it too",
            one.code
        );
    }
}

#[test]
fn the_table_is_complete_and_in_order() {
    let codes: Vec<&str> = LINTS.iter().map(|lint| lint.code).collect();
    let expected: Vec<String> = (1..=20)
        .map(|at| format!("VF-P{at:03}"))
        .chain((1..=14).map(|at| format!("VF-R{at:03}")))
        .collect();
    assert_eq!(codes, expected);
    for lint in LINTS {
        let good = !lint.title.is_empty() && lint.doc.ends_with('.') && lint.bad != lint.good;
        assert!(good, "{}", lint.code);
    }
}

#[test]
fn a_plain_policy_is_clean() {
    let text = r#"
        path "kv/data/team/*" { capabilities = ["create", "read", "update", "delete"] }
        path "kv/metadata/team/*" { capabilities = ["list", "read", "delete"] }
        path "auth/token/renew-self" { capabilities = ["update"] }
        path "sys/leases/lookup/*" { capabilities = ["list", "sudo"] }
        path "pki/issue/web" { capabilities = ["update"] }
    "#;
    assert_eq!(codes(&findings(text)), Vec::<&str>::new());
}

#[test]
fn comments_silence_with_a_reason() {
    let silenced = |comment: &str| {
        let found = findings(&format!(
            "{comment}\npath \"*\" {{ capabilities = [\"read\"] }}"
        ));
        codes(&found)
    };
    assert_eq!(silenced("# ordinary"), ["VF-P009"]);
    assert_eq!(
        silenced("# vaultform:allow VF-P009 read-only auditors"),
        Vec::<&str>::new()
    );
    assert_eq!(
        silenced("// vaultform:allow VF-P009 until=2199-01-01 auditors"),
        Vec::<&str>::new()
    );
    assert_eq!(
        silenced("# vaultform:allow VF-P009"),
        ["VF-P019", "VF-P009"]
    );
    assert_eq!(
        silenced("# vaultform:allow VF-P009 until=2020-01-01 over"),
        ["VF-P019", "VF-P009"]
    );
    assert_eq!(
        silenced("# vaultform:allow VF-P999 who"),
        ["VF-P019", "VF-P009"]
    );
    assert_eq!(
        silenced("# vaultform:allow VF-P009 too far away\n"),
        ["VF-P009"]
    );
    let inside = "path \"*\" {\n  capabilities = [\"read\"] # vaultform:allow VF-P009 auditors\n}";
    assert_eq!(codes(&findings(inside)), Vec::<&str>::new());
    let behind = "path \"*\" { capabilities = [\"read\"] } /* vaultform:allow VF-P009 auditors */";
    let found = findings(behind);
    assert_eq!(found[0].silenced.as_deref(), Some("auditors"));
    assert_eq!(Suppression::read("# nothing of ours"), None);
}

#[test]
fn findings_point_into_the_text() {
    let mut sources = Sources::default();
    let text = "# a comment\npath \"kv2/*\" {\n  capabilities = [\"read\"]\n}\n";
    let file = sources.add("p.hcl", text);
    let (policy, _) = parse(text, Some(file), Server::OPENBAO);
    let policies = [NamedPolicy::new("p", &policy, text)];
    let mounts = mounts();
    let found = lint(&Facts {
        mounts: Some(&mounts),
        ..Facts::new(Server::OPENBAO, &policies)
    });
    let diagnostic = found[0].diagnostic();
    assert_eq!(diagnostic.code, "VF-P010");
    assert_eq!(sources.text(diagnostic.labels[0].span), "\"kv2/*\"");
    assert!(
        diagnostic.hints[0].starts_with("did you mean `kv"),
        "{:?}",
        diagnostic.hints
    );
}

#[test]
fn parse_errors_point_into_the_text() {
    let mut sources = Sources::default();
    let cases = [
        (
            "path \"a\" { capabilities = [\"raed\"] }",
            "\"raed\"",
            "did you mean `read`?",
        ),
        (
            "path \"a\" { capabilites = [\"read\"] }",
            "capabilites",
            "did you mean `capabilities`?",
        ),
        ("paht \"a\" { }", "paht", "did you mean `path`?"),
        ("path \"a/+*\" { }", "\"a/+*\"", "`+` is one whole segment"),
        (
            "path \"a\" { subscribe_event_types = [] }",
            "subscribe_event_types",
            "another product",
        ),
        (
            "path \"a\" { capabilities = concat([]) }",
            "concat",
            "policies are HCL 1",
        ),
        (
            "path \"a\" { expiration = \"soon\" }",
            "\"soon\"",
            "write it like",
        ),
    ];
    for (text, place, hint) in cases {
        let file = sources.add("p.hcl", text);
        let (_, faults) = parse(text, Some(file), Server::OPENBAO);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert_eq!(sources.text(faults[0].labels[0].span), place, "{text}");
        assert!(
            faults[0].hints[0].contains(hint),
            "{text}: {:?}",
            faults[0].hints
        );
    }
    let two =
        "path \"a\" { capabilities = [\"raed\"] foo = 1 }\npath \"b\" { pagination_limit = [] }";
    assert_eq!(
        parse(two, None, Server::OPENBAO).1.len(),
        3,
        "all errors at once"
    );
}

fn role(name: &str) -> AuthRole {
    AuthRole {
        name: name.to_owned(),
        ..AuthRole::default()
    }
}

/// Lints roles beside a policy `reader`.
fn with_roles(roles: &[AuthRole]) -> Vec<&'static str> {
    let text = r#"path "kv1/a" { capabilities = ["read"] }"#;
    let (policy, _) = parse(text, None, Server::OPENBAO);
    let policies = [NamedPolicy::new("reader", &policy, text)];
    codes(&lint(&Facts {
        policies_complete: true,
        roles,
        roles_complete: true,
        ..Facts::new(Server::OPENBAO, &policies)
    }))
}

#[test]
fn roles_name_policies_that_exist() {
    let reader = AuthRole {
        policies: vec!["Reader".into(), "default".into()],
        ..role("ci")
    };
    assert_eq!(
        with_roles(&[reader]),
        Vec::<&str>::new(),
        "the servers keep names in lower case"
    );
    let reader = AuthRole {
        policies: vec!["reader".into()],
        ..role("ci")
    };
    assert_eq!(
        with_roles(std::slice::from_ref(&reader)),
        Vec::<&str>::new()
    );
    let slip = AuthRole {
        policies: vec!["raeder".into()],
        ..role("ci")
    };
    assert_eq!(with_roles(&[reader, slip]), ["VF-R002"]);
    assert_eq!(with_roles(&[]), ["VF-R001"]);
}

#[test]
fn roles_bound_life_and_holder() {
    let base = AuthRole {
        policies: vec!["reader".into()],
        ..role("ci")
    };
    let life = |ttl: i64, max_ttl: i64, period: i64, explicit: i64| {
        with_roles(&[AuthRole {
            ttl: Some(ttl),
            max_ttl: Some(max_ttl),
            period: Some(period),
            explicit_max_ttl: Some(explicit),
            ..base.clone()
        }])
    };
    assert_eq!(life(0, 0, 0, 0), ["VF-R003"]);
    assert_eq!(life(60, 3_600, 0, 0), Vec::<&str>::new());
    assert_eq!(life(0, 0, 3_600, 0), ["VF-R004"]);
    assert_eq!(life(0, 0, 3_600, 86_400), Vec::<&str>::new());
    let bound = |values: &[&[&str]], needs_secret: Option<bool>| {
        let binding = |values: &&[&str]| Binding {
            name: "bound_claims".into(),
            decisive: false,
            values: values.iter().map(ToString::to_string).collect(),
        };
        with_roles(&[AuthRole {
            bindings: values.iter().map(binding).collect(),
            needs_secret,
            ..base.clone()
        }])
    };
    assert_eq!(bound(&[&["*"], &[]], None), ["VF-R005"]);
    assert_eq!(bound(&[&["*"], &["prod"]], None), Vec::<&str>::new());
    assert_eq!(bound(&[], Some(false)), ["VF-R005"]);
    assert_eq!(bound(&[&[]], Some(true)), Vec::<&str>::new());
    assert_eq!(
        bound(&[], None),
        Vec::<&str>::new(),
        "what is not known raises nothing"
    );
}

#[test]
fn engines_and_server_are_looked_at() {
    let pki = |change: fn(&mut PkiRole)| {
        let mut role = PkiRole {
            name: "web".into(),
            key_type: Some("rsa".into()),
            ..PkiRole::default()
        };
        change(&mut role);
        let roles = [role];
        codes(&lint(&Facts {
            pki_roles: &roles,
            ..Facts::new(Server::VAULT, &[])
        }))
    };
    assert_eq!(pki(|_| {}), Vec::<&str>::new());
    assert_eq!(pki(|role| role.allow_any_name = Some(true)), ["VF-R006"]);
    assert_eq!(pki(|role| role.key_bits = Some(1_024)), ["VF-R007"]);
    assert_eq!(
        pki(|role| (role.max_ttl, role.issuer_remaining) = (Some(10), Some(5))),
        ["VF-R008"]
    );
    let keys = [TransitKey {
        exportable: Some(true),
        allow_plaintext_backup: Some(true),
        ..TransitKey::default()
    }];
    let databases = [DatabaseRole {
        revocation_statements: Some(vec![]),
        ..DatabaseRole::default()
    }];
    let mounts = [Mount {
        accessor: Some("auth_userpass_1a2b3c4d".into()),
        lockout_disabled: Some(true),
        ..Mount::default()
    }];
    let aliases = [
        EntityAlias {
            mount_accessor: "auth_userpass_1a2b3c4d".into(),
            ..EntityAlias::default()
        },
        EntityAlias {
            mount_accessor: "gone".into(),
            ..EntityAlias::default()
        },
    ];
    let found = lint(&Facts {
        transit_keys: &keys,
        database_roles: &databases,
        audit_devices: Some(0),
        mounts: Some(&mounts),
        aliases: &aliases,
        ..Facts::new(Server::VAULT, &[])
    });
    assert_eq!(
        codes(&found),
        [
            "VF-R009", "VF-R009", "VF-R010", "VF-R011", "VF-R012", "VF-R013"
        ]
    );
}
