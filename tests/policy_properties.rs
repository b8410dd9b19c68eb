//! What must hold for every policy: reading never panics, answers come fast, differences are exact.

use proptest::prelude::*;
use vaultform::policy::lint::{Facts, NamedPolicy, lint};
use vaultform::policy::{
    Capability, Change, Context, Direction, Incomparable, Operation, Pattern, Policy, Product,
    Request, RuleSet, Server, Version, difference, parse, same,
};

const OLD_BAO: Server = Server::new(Product::OpenBao, Version::new(2, 5, 0));
const SERVERS: [Server; 3] = [Server::OPENBAO, Server::VAULT, OLD_BAO];

/// Segments from a small alphabet, so that patterns meet often.
fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{0,2}",
        2 => Just("+".to_owned()),
        1 => Just("sys".to_owned()),
        1 => Just("+a".to_owned()),
    ]
}

fn rule_path() -> impl Strategy<Value = String> {
    (prop::collection::vec(segment(), 1..4), any::<bool>())
        .prop_map(|(segments, open)| segments.join("/") + if open { "*" } else { "" })
        .prop_filter("a path that servers accept", |path| !path.contains("+*"))
}

fn stanza() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &["read", "list", "update", "sudo", "deny", "scan"];
    const CONDITIONS: &[&str] = &["", "", "denied_parameters = { x = [] }"];
    (
        rule_path(),
        prop::sample::subsequence(NAMES, 0..3),
        prop::sample::select(CONDITIONS),
    )
        .prop_map(|(path, names, conditions)| {
            let names: Vec<String> = names.iter().map(|one| format!("{one:?}")).collect();
            format!(
                "path {path:?} {{ capabilities = [{}] {conditions} }}\n",
                names.join(", ")
            )
        })
}

fn policy_text() -> impl Strategy<Value = String> {
    prop::collection::vec(stanza(), 0..6).prop_map(|stanzas| stanzas.concat())
}

fn parsed(text: &str, server: Server) -> Policy {
    parse(text, None, server).0
}

fn query() -> impl Strategy<Value = String> {
    prop::collection::vec("[abz]{0,3}|sys|\\+a", 1..5).prop_map(|segments| segments.join("/"))
}

/// Returns what a path's answers are: the capability's conditions, where it is granted.
fn answer(rules: &RuleSet, capability: Capability, path: &str, server: Server) -> Option<String> {
    let operation = match capability {
        Capability::Read => Operation::Read,
        Capability::Update => Operation::Update,
        Capability::List => Operation::List,
        _ => Operation::Scan,
    };
    let asked = match operation {
        Operation::List | Operation::Scan => format!("{path}/"),
        _ => path.to_owned(),
    };
    let mut request = Request::new(operation, asked);
    request.path = request.path.trim_start_matches('/').to_owned();
    let rule = rules.decide(&request, &Context::new(server)).rule?;
    let granted = rule.permissions.capabilities.has(capability);
    granted.then(|| format!("{:?}", rule.permissions.denied))
}

fn expected(before: Option<String>, after: Option<String>) -> Option<Direction> {
    match (before, after) {
        (None, Some(_)) => Some(Direction::Gained),
        (Some(_), None) => Some(Direction::Lost),
        (Some(before), Some(after)) if before != after => Some(Direction::Conditions),
        _ => None,
    }
}

fn said(changes: &[Change], capability: Capability, path: &str) -> Vec<Direction> {
    changes
        .iter()
        .filter(|change| change.capability == capability && change.concerns(path))
        .map(|change| change.direction)
        .collect()
}

/// How many cases are tried: `PROPTEST_CASES`, else so many.
#[allow(
    clippy::disallowed_methods,
    reason = "longer runs are asked for by the environment"
)]
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig::with_cases(asked.and_then(|text| text.parse().ok()).unwrap_or(usual))
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn differences_are_exact(
        before in policy_text(),
        after in policy_text(),
        paths in prop::collection::vec(query(), 40),
    ) {
        for server in SERVERS {
            let context = Context::new(server);
            let (before, after) = ([parsed(&before, server)], [parsed(&after, server)]);
            let changes = difference(&before, &after, &context).expect("no templates");
            let rules = [&before, &after].map(|side| RuleSet::new(side, &context).expect("no templates"));
            let examples = changes.iter().map(|change| change.example.as_str());
            for path in paths.iter().map(String::as_str).chain(examples).filter(|path| !path.starts_with('/')) {
                for capability in [Capability::Read, Capability::Update, Capability::List, Capability::Scan] {
                    let [was, is] = [0, 1].map(|side: usize| answer(&rules[side], capability, path, server));
                    let directions = said(&changes, capability, path);
                    let expected: Vec<Direction> = expected(was, is).into_iter().collect();
                    let mut unique = directions.clone();
                    unique.dedup();
                    prop_assert_eq!(unique, expected, "{} {} on {}: {:#?}", capability, path, server, changes);
                }
            }
            for change in &changes {
                prop_assert!(change.concerns(&change.example), "{:?}", change);
            }
        }
    }

    #[test]
    fn nothing_changes_between_equal_policies(text in policy_text(), other in policy_text()) {
        let context = Context::new(Server::OPENBAO);
        let twice = [parsed(&text, Server::OPENBAO)];
        prop_assert_eq!(difference(&twice, &twice, &context).expect("no templates"), vec![]);
        if same(&text, &other, Server::OPENBAO) {
            let other = [parsed(&other, Server::OPENBAO)];
            prop_assert_eq!(difference(&twice, &other, &context).expect("no templates"), vec![]);
        }
    }

    #[test]
    fn finding_by_index_equals_looking_at_all(text in policy_text(), path in query()) {
        let rules = RuleSet::new(&[parsed(&text, Server::OPENBAO)], &Context::new(Server::OPENBAO)).expect("no templates");
        let request = Request::new(Operation::Read, path.clone());
        let found = rules.decide(&request, &Context::new(Server::OPENBAO)).rule.map(|rule| rule.pattern);
        let path = path.trim_start_matches('/');
        let all = rules.rules().iter().map(|rule| &rule.pattern).filter(|pattern| matches(pattern, path));
        let best = all.max_by_key(|pattern| pattern.rank()).cloned();
        prop_assert_eq!(found, best);
    }

    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        never_panics(&text);
    }

    #[test]
    fn near_policies_are_read(text in policy_text(), cut in 0..400_usize, with in "[\\\\\"{}\\[\\]<\\-#/*$=,\\r\\n0x.é]{0,4}") {
        let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        never_panics(&format!("{}{with}{}", &text[..at], &text[at..]));
        never_panics(&text[..at]);
        never_panics(&format!("{{\"path\": {{\"a\": {{\"capabilities\": [{with}]}}}}{with}"));
    }
}

fn matches(pattern: &Pattern, path: &str) -> bool {
    pattern.matches(path)
}

fn never_panics(text: &str) {
    for server in SERVERS {
        let (policy, _) = parse(text, None, server);
        let policies = [policy];
        let context = Context::new(server);
        if let Ok(rules) = RuleSet::new(&policies, &context) {
            let _ = rules.capabilities("", "a/b/");
            let _ = difference(&[], &policies, &context);
        }
        let [policy] = policies;
        let named = [NamedPolicy::new("p", &policy, text)];
        let _ = lint(&Facts::new(server, &named));
    }
}

/// Bytes that are no UTF-8 cannot be handed over; everything that can be made of them is.
#[test]
fn random_bytes_are_read() {
    let mut state = 7_u64;
    for _ in 0..2_000 {
        let bytes: Vec<u8> = (0..80)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        never_panics(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for text in ["path \"a\" { x = ", "{\"a\":"] {
        for open in ["[", "{ a = ", "{\"a\":"] {
            let text = format!("{text}{}", open.repeat(50_000));
            assert!(
                parse(&text, None, Server::OPENBAO)
                    .1
                    .iter()
                    .any(|one| one.is_error())
            );
        }
    }
}

/// Ten thousand rules with long common beginnings and paths of 4 KB. Without an index this takes minutes.
#[test]
fn large_policies_are_decided_by_index() {
    use std::fmt::Write;
    let deep = "segment/".repeat(500);
    let mut text = String::new();
    for at in 0..10_000 {
        let path = match at % 4 {
            0 => format!("{deep}{at}"),
            1 => format!("{}*", &deep[..10 + at / 3]),
            2 => format!("kv/+/{at}/*"),
            _ => format!("+/team-{at}/+/x"),
        };
        writeln!(text, "path \"{path}\" {{ capabilities = [\"read\"] }}").expect("a text");
    }
    let (policy, faults) = parse(&text, None, Server::OPENBAO);
    assert!(faults.is_empty() && policy.rules.len() == 10_000);
    let context = Context::new(Server::OPENBAO);
    let rules = RuleSet::new(&[policy], &context).expect("no templates");
    let mut granted = 0;
    for at in 0..2_000 {
        let answers = [
            rules.capabilities("", &format!("{deep}{at}")),
            rules.capabilities("", &format!("kv/q/{at}/x")),
            rules.capabilities("", &format!("z/team-{at}/q/x")),
        ];
        granted += answers.iter().filter(|names| names[..] == ["read"]).count();
    }
    assert_eq!(granted, 2_000 + 500 + 500);
}

#[test]
fn large_policies_are_linted() {
    let text: String = (0..10_000)
        .map(|at| {
            format!(
                "path \"kv/{}/team-{at}/*\" {{ capabilities = [\"read\"] }}\n",
                at % 7
            )
        })
        .collect();
    let policy = parsed(&text, Server::OPENBAO);
    let named = [NamedPolicy::new("p", &policy, &text)];
    assert_eq!(lint(&Facts::new(Server::OPENBAO, &named)), vec![]);
}

#[test]
fn a_small_change_to_a_large_policy_is_small() {
    let text: String = (0..2_000)
        .map(|at| format!("path \"kv/team-{at}/*\" {{ capabilities = [\"read\"] }}\n"))
        .collect();
    let more = format!("{text}path \"sys/policies/acl/*\" {{ capabilities = [\"update\"] }}\n");
    let [before, after] = [&text, &more].map(|text| [parsed(text, Server::OPENBAO)]);
    let changes =
        difference(&before, &after, &Context::new(Server::OPENBAO)).expect("no templates");
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].pattern.to_string(), "sys/policies/acl/*");
    assert_eq!(changes[0].capability, Capability::Update);
}

/// Returns a difference in words.
fn words(before: &str, after: &str) -> Vec<String> {
    let [before, after] = [before, after].map(|text| [parsed(text, Server::OPENBAO)]);
    difference(&before, &after, &Context::new(Server::OPENBAO))
        .expect("no templates")
        .iter()
        .map(|change| {
            let except: Vec<String> = change.except.iter().map(ToString::to_string).collect();
            format!(
                "{:?} {} on {} but {:?}",
                change.direction, change.capability, change.pattern, except
            )
        })
        .collect()
}

#[test]
fn differences_are_the_smallest_and_worst_first() {
    let wide = r#"path "kv/*" { capabilities = ["read"] }"#;
    let narrow =
        r#"path "kv/*" { capabilities = ["read"] } path "kv/a" { capabilities = ["deny"] }"#;
    assert_eq!(words(wide, narrow), ["Lost read on kv/a but []"]);
    let both =
        r#"path "kv/*" { capabilities = ["read"] } path "kv/a*" { capabilities = ["read"] }"#;
    assert_eq!(words(wide, both), Vec::<String>::new());
    assert_eq!(words(both, ""), ["Lost read on kv/* but []"]);
    assert_eq!(
        words(
            "",
            r#"path "kv/*" { capabilities = ["read"] } path "kv/a" { capabilities = ["list"] }"#
        ),
        [
            "Gained read on kv/* but [\"kv/a\"]",
            "Gained list on kv/a but []"
        ]
    );
    let sorted = words(
        "",
        r#"path "kv/*" { capabilities = ["read"] }
           path "sys/mounts" { capabilities = ["read"] }
           path "sys/audit" { capabilities = ["sudo"] }"#,
    );
    assert_eq!(
        sorted,
        [
            "Gained sudo on sys/audit but []",
            "Gained read on sys/mounts but []",
            "Gained read on kv/* but []",
        ]
    );
    assert_eq!(
        words(
            r#"path "kv/a*" { capabilities = ["read"] }"#,
            r#"path "kv/+" { capabilities = ["read"] }"#
        ),
        [
            "Gained read on kv/+ but [\"kv/a[^/]*\"]",
            "Lost read on kv/a* but [\"kv/a[^/]*\"]"
        ]
    );
}

#[test]
fn policies_that_overlap_without_end_are_an_answer_too() {
    let chains = |end: &str, name: &str| -> [Policy; 1] {
        let rule = |length: usize| {
            let path = format!("{}{end}", "+/".repeat(length));
            format!("path \"{path}\" {{ capabilities = [\"{name}\"] }}\n")
        };
        [parsed(
            &(1..400).map(rule).collect::<String>(),
            Server::OPENBAO,
        )]
    };
    let context = Context::new(Server::OPENBAO);
    let few = difference(&chains("x", "read"), &chains("x", "update"), &context);
    assert_eq!(few.expect("they do not overlap").len(), 798);
    let many = difference(&chains("x", "read"), &chains("*", "update"), &context);
    assert_eq!(many, Err(Incomparable::Overlaps));
}

#[test]
fn large_policies_are_compared_by_index() {
    let text = |end: &str, name: &str| -> [Policy; 1] {
        let rule =
            |at: usize| format!("path \"kv/team-{at}{end}\" {{ capabilities = [\"{name}\"] }}\n");
        [parsed(
            &(0..2_000).map(rule).collect::<String>(),
            Server::OPENBAO,
        )]
    };
    let context = Context::new(Server::OPENBAO);
    let narrowed =
        difference(&text("/*", "read"), &text("/a/*", "read"), &context).expect("few overlap");
    assert_eq!(narrowed.len(), 2_000);
    let first = &narrowed[0];
    assert_eq!((first.direction, first.except.len()), (Direction::Lost, 1));
    let wider = difference(&text("/*", "read"), &text("*", "read"), &context).expect("few overlap");
    assert!(
        wider.iter().all(|one| one.direction == Direction::Gained),
        "{:?}",
        wider[0]
    );
}
