//! Policies: texts in use, bent; and texts made to be dear to read, to merge, to decide or to compare.

use super::chance::Chance;
use super::{corpus, with_texts};
use std::fmt::Write;
use std::path::Path;
use vaultform::policy::lint::{Facts, NamedPolicy, lint};
use vaultform::policy::{
    Context, Entity, Group, Identity, Operation, Policy, Product, Request, RuleSet, Server,
    Version, difference, parse,
};
use vaultform::source::FileId;

const OLD_BAO: Server = Server::new(Product::OpenBao, Version::new(2, 5, 0));
const SERVERS: [Server; 3] = [Server::OPENBAO, Server::VAULT, OLD_BAO];

fn folder(path: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folder(&path, found);
        } else if path.extension().is_some_and(|end| end == "hcl") {
            found.extend(std::fs::read_to_string(&path).ok());
        }
    }
}

/// Policies of the repository, those that servers were asked about, and every key and form there is.
fn texts() -> Vec<String> {
    let mut found = Vec::new();
    folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"),
        &mut found,
    );
    found.sort();
    for cases in [
        include_str!("../policy/acl_cases.json"),
        include_str!("../policy/acl_ops.json"),
    ] {
        let cases: serde_json::Value = serde_json::from_str(cases).unwrap();
        let policies = cases.as_array().unwrap().iter();
        let policies = policies.flat_map(|case| case["policies"].as_array().unwrap());
        found.extend(policies.map(|text| text.as_str().unwrap().to_owned()));
    }
    found.push(EVERYTHING.to_owned());
    found.push(r#"{"path": {"kv/*": {"capabilities": ["read", "list"], "allowed_parameters": {"a": ["b", 1, true, null]}}}}"#.to_owned());
    assert!(found.len() > 50);
    found
}

const EVERYTHING: &str = r#"name = "all"
path "kv/{{identity.entity.name}}/+/{{identity.groups.names.ops.id}}*" {
  comment = "why"
  capabilities = ["create", "read", "update", "delete", "list", "sudo", "patch", "scan"]
  allowed_parameters = { "*" = [] ttl = ["1h", "2*"] }
  denied_parameters = { "x" = [] }
  required_parameters = ["ttl"]
  min_wrapping_ttl = "1s"
  max_wrapping_ttl = 90
  pagination_limit = 3
  expiration = "2099-01-01T00:00:00Z"
  list_scan_response_keys_filter_path = "{{ .path }}{{ .key }}"
}
path "+/+/x" { policy = "write" }
"#;

fn identity() -> Identity {
    Identity {
        entity: Some(Entity {
            name: "ann".to_owned(),
            ..Entity::default()
        }),
        groups: vec![Group {
            id: "1".to_owned(),
            name: "ops".to_owned(),
            ..Group::default()
        }],
    }
}

/// Asks all there is to ask of a text; answers that belong together must agree.
fn ask(text: &str) {
    let identity = identity();
    for server in SERVERS {
        let (policy, told) = parse(text, Some(FileId(0)), server);
        super::labels_lie_in(text, &told);
        let paths: Vec<String> = policy
            .rules
            .iter()
            .take(20)
            .map(|rule| rule.path.clone())
            .collect();
        let policies = [policy];
        let mut context = Context::new(server);
        let _ = difference(&[], &policies, &context);
        assert!(difference(&policies, &policies, &context).is_ok_and(|changes| changes.is_empty()));
        context.identity = Some(&identity);
        if let Ok(rules) = RuleSet::new(&policies, &context) {
            decide(&rules, &paths, &context);
        }
        let [policy] = policies;
        let _ = lint(&Facts::new(server, &[NamedPolicy::new("p", &policy, text)]));
    }
}

fn decide(rules: &RuleSet, paths: &[String], context: &Context<'_>) {
    for path in paths {
        let path = path.replace(['*', '+'], "x");
        let names = rules.capabilities("", &path);
        let decided = rules.decide(&Request::new(Operation::Delete, path.as_str()), context);
        if decided.allowed && !path.ends_with('/') && !path.starts_with('/') {
            assert!(
                names.contains(&"delete") || names == ["root"],
                "{path}: {names:?}"
            );
        }
    }
}

#[test]
fn policies_are_read_and_decided_whatever_they_say() {
    let corpus = texts();
    with_texts("policies", |chance| corpus::bent(&corpus, chance), ask);
}

#[test]
fn bytes_that_are_no_text_are_read_as_what_is_left_of_them() {
    let corpus = texts();
    let make = |chance: &mut Chance| {
        let mut bytes = corpus::bent(&corpus, chance).into_bytes();
        for _ in 0..=chance.below(8) {
            let at = chance.below(bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(chance.below(256)).unwrap();
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    with_texts("policies of any bytes", make, ask);
}

/// Texts that grow with a number, each made to be dear in its own way.
pub fn bombs(size: usize) -> Vec<(&'static str, String)> {
    let each = |line: &dyn Fn(usize) -> String| (0..size).map(line).collect::<String>();
    let read = "{ capabilities = [\"read\"] }\n";
    let deep = "segment/".repeat(500);
    vec![
        (
            "rules",
            each(&|at| format!("path \"kv/team-{at}/*\" {read}")),
        ),
        ("paths of 4 KB", {
            let few = (0..size / 50).map(|at| format!("path \"{deep}{at}\" {read}"));
            few.collect()
        }),
        (
            "one path",
            format!("path \"{}*\" {read}", "a/".repeat(size)),
        ),
        ("prefixes of each other", {
            let all = (0..size / 50).map(|at| format!("path \"{}*\" {read}", &deep[..at + 1]));
            all.collect()
        }),
        ("chains of `+`", {
            let all =
                (1..size / 50).map(|at| format!("path \"{}x\" {read}", "+/".repeat(at % 500)));
            all.collect()
        }),
        (
            "`+` in the middle",
            each(&|at| format!("path \"+/team-{at}/+/x\" {read}")),
        ),
        (
            "the same path",
            each(&|at| {
                format!(
                    "path \"kv/a\" {{ capabilities = [\"read\"] allowed_parameters = {{ p{at} = [\"{at}\"] }} }}\n"
                )
            }),
        ),
        (
            "values",
            format!(
                "path \"a\" {{ capabilities = [\"read\"] denied_parameters = {{ p = [{}] }} }}",
                each(&|at| format!("\"{at}\", "))
            ),
        ),
        (
            "templates",
            each(&|at| format!("path \"kv/{{{{identity.entity.metadata.k{at}}}}}\" {read}")),
        ),
        (
            "unknown keys",
            format!(
                "path \"a\" {{\n{}}}\n",
                each(&|at| format!("capabilites{at} = 1\n"))
            ),
        ),
        (
            "unknown capabilities",
            format!(
                "path \"a\" {{ capabilities = [{}] }}",
                each(&|at| format!("\"raed{at}\", "))
            ),
        ),
        (
            "unknown blocks",
            each(&|at| format!("paht{at} \"a\" {{ }}\n")),
        ),
        ("open heredocs", "path \"a\" { x = <<A\n".repeat(size)),
        ("open comments", "/* ".repeat(size)),
        ("open texts", "path \"".repeat(size)),
        (
            "open lists",
            format!("path \"a\" {{ x = {}", "[".repeat(size)),
        ),
        (
            "open objects",
            format!("path \"a\" {{ x = {}", "{ a = ".repeat(size)),
        ),
        (
            "JSON",
            format!(
                "{{\"path\": [{}{{}}]}}",
                each(&|at| format!("{{\"a{at}\": {{\"capabilities\": [\"read\"]}}}}, "))
            ),
        ),
        (
            "open JSON",
            format!("{{\"path\": {}", "{\"a\": [".repeat(size)),
        ),
        (
            "comments",
            each(&|at| format!("# vaultform:allow VF-P009 x\npath \"k{at}/*\" {read}")),
        ),
    ]
}

/// Ten thousand of each: an answer or a diagnostic.
#[test]
fn bombs_are_read_and_decided() {
    for (what, text) in bombs(10_000) {
        let mut words = String::new();
        let (policy, told) = parse(&text, Some(FileId(0)), Server::OPENBAO);
        let _ = write!(
            words,
            "{what}: {} rules, {} told",
            policy.rules.len(),
            told.len()
        );
        assert!(policy.rules.len() + told.len() > 0, "{words}");
        let policies: [Policy; 1] = [policy];
        let context = Context::new(Server::OPENBAO);
        let rules = RuleSet::new(&policies, &context).expect("no identity");
        let _ = rules.capabilities("", &"a/".repeat(2_000));
        let _ = difference(&[], &policies, &context);
        let [policy] = policies;
        let found = lint(&Facts::new(
            Server::OPENBAO,
            &[NamedPolicy::new("p", &policy, &text)],
        ));
        println!("{words}, {} found", found.len());
    }
}
