//! Who gains or loses what: the lines of a report against every path tried by itself.

use proptest::prelude::*;
use regex::Regex;
use std::collections::BTreeMap;
use vaultform::policy::lint::{AuthRole, Mount, Origin};
use vaultform::policy::{
    Access, AccessChange, Capability, Census, Context, Danger, Direction, Holder, HolderKind, Key,
    Listed, Operation, Policy, PolicyText, Request, RuleSet, Server, Share, access, missing, parse,
};

const SERVER: Server = Server::OPENBAO;

fn policy(name: &str, text: &str) -> PolicyText {
    PolicyText {
        name: name.to_owned(),
        namespace: String::new(),
        text: text.to_owned(),
        origin: Origin::default(),
    }
}

fn role(name: &str, policies: &[&str]) -> Holder {
    let role = AuthRole {
        name: name.to_owned(),
        policies: policies.iter().map(ToString::to_string).collect(),
        ..AuthRole::default()
    };
    Holder::new(HolderKind::Role, role)
}

fn compared(before: &Census, after: &Census) -> Access {
    access(before, after, &Context::new(SERVER))
}

fn side(policies: &[(&str, &str)], holders: Vec<Holder>) -> Census {
    Census {
        policies: policies
            .iter()
            .map(|(name, text)| policy(name, text))
            .collect(),
        holders,
        ..Census::default()
    }
}

/// Returns lines in words.
fn lines(access: &Access) -> Vec<String> {
    let line = |one: &AccessChange| {
        let who: Vec<String> = one
            .who
            .iter()
            .map(|who| format!("{} {}", who.kind, who.name))
            .collect();
        let names: Vec<&str> = one.capabilities.iter().map(|one| one.name()).collect();
        format!(
            "{}: {:?} {} on {} by {}",
            who.join(", "),
            one.direction,
            names.join(" "),
            one.pattern,
            one.through.join(" ")
        )
    };
    access.changes.iter().map(line).collect()
}

const READ: &str = r#"path "kv/a" { capabilities = ["read"] }"#;
const WRITE: &str = r#"path "kv/a" { capabilities = ["read", "update"] }"#;

#[test]
fn roles_change_by_their_policies_and_by_their_lists() {
    let before = side(
        &[("r", READ), ("w", WRITE)],
        vec![role("ci", &["r"]), role("app", &["r"]), role("old", &["w"])],
    );
    let after = side(
        &[("r", READ), ("w", WRITE)],
        vec![role("ci", &["R", "w"]), role("app", &["r"])],
    );
    assert_eq!(
        lines(&compared(&before, &after)),
        [
            "role ci: Gained update on kv/a by w",
            "role old: Lost read update on kv/a by w",
        ]
    );
    let rewritten = side(&[("r", WRITE), ("w", WRITE)], before.holders.clone());
    assert_eq!(
        lines(&compared(&before, &rewritten)),
        ["role app, role ci: Gained update on kv/a by r"]
    );
    let formatted = side(
        &[
            (
                "r",
                "# the same\npath \"/kv/a\" {\n  policy = \"read\"\n  capabilities = []\n}\n",
            ),
            ("w", WRITE),
        ],
        before.holders.clone(),
    );
    let listed = r#"path "kv/a" { capabilities = ["list", "read"] }"#;
    let before = side(&[("r", listed), ("w", WRITE)], before.holders.clone());
    assert_eq!(lines(&compared(&before, &formatted)), Vec::<String>::new());
}

#[test]
fn policies_that_nobody_holds_speak_for_themselves() {
    let before = side(&[("r", READ)], vec![]);
    let after = side(&[("r", WRITE)], vec![]);
    assert_eq!(
        lines(&compared(&before, &after)),
        ["policy r: Gained update on kv/a by r"]
    );
    assert!(compared(&before, &after).gains());
    assert!(!compared(&after, &before).gains());
}

#[test]
fn the_worst_comes_first() {
    let after = side(
        &[(
            "p",
            r#"path "kv/a" { capabilities = ["read"] }
               path "kv/*" { capabilities = ["read"] }
               path "sys/mounts" { capabilities = ["read"] }
               path "sys/policies/acl/*" { capabilities = ["update"] }
               path "sys/audit" { capabilities = ["read", "sudo"] }"#,
        )],
        vec![role("ci", &["p"])],
    );
    let changes = compared(&side(&[], vec![role("ci", &["p"])]), &after).changes;
    let dangers: Vec<Danger> = changes.iter().map(|one| one.danger).collect();
    assert_eq!(
        dangers,
        [
            Danger::Sudo,
            Danger::RootEquivalent,
            Danger::System,
            Danger::Wildcard
        ]
    );
    let all = r#"path "*" { capabilities = ["create", "read", "update", "delete", "list", "patch", "sudo"] }"#;
    let after = side(
        &[
            (
                "p",
                r#"path "sys/policies/acl/*" { capabilities = ["update"] }"#,
            ),
            (
                "q",
                r#"path "sys/health" { capabilities = ["read", "sudo"] }"#,
            ),
            ("z", all),
        ],
        vec![role("a", &["q"]), role("b", &["p"]), role("c", &["z"])],
    );
    let changes = compared(&side(&[], after.holders.clone()), &after).changes;
    let told: Vec<_> = changes
        .iter()
        .map(|one| (one.pattern.as_str(), one.danger))
        .collect();
    assert_eq!(
        told,
        [
            ("*", Danger::RootEquivalent),
            ("sys/health", Danger::Sudo),
            ("sys/policies/acl/*", Danger::RootEquivalent)
        ]
    );
    // What is there already counts: `sudo` makes it as good as root.
    let made = |capabilities: &str| {
        let text = format!(r#"path "auth/token/create" {{ capabilities = [{capabilities}] }}"#);
        side(&[("t", &text)], vec![role("a", &["t"])])
    };
    let changes = compared(&made(r#""update""#), &made(r#""update", "sudo""#)).changes;
    assert_eq!(changes.len(), 1);
    assert!(
        changes
            .iter()
            .all(|one| one.danger == Danger::RootEquivalent)
    );
    let changes = compared(&made(r#""update""#), &made(r#""update", "read""#)).changes;
    assert!(changes.iter().all(|one| one.danger == Danger::Plain));
}

#[test]
fn each_is_told_with_the_policies_by_which_it_gains() {
    let mut group = group("g", &["id-e"], &["a"]);
    group.others_give = false;
    let holders = vec![
        role("b", &["b"]),
        role("both", &["a", "b"]),
        group,
        entity("e"),
    ];
    let after = side(&[("a", WRITE), ("b", READ)], holders.clone());
    assert_eq!(
        lines(&compared(&side(&[], holders), &after)),
        [
            "entity e, group g: Gained read update on kv/a by a",
            "role both: Gained read update on kv/a by a b",
            "role b: Gained read on kv/a by b",
        ]
    );
}

fn group(name: &str, entities: &[&str], policies: &[&str]) -> Holder {
    let mut group = role(name, policies);
    group.kind = HolderKind::Group;
    group.keys.push(Key::Id(format!("id-{name}")));
    group.entities = entities
        .iter()
        .map(|one| Key::Id((*one).to_owned()))
        .collect();
    group
}

fn entity(name: &str) -> Holder {
    let mut entity = role(name, &[]);
    entity.kind = HolderKind::Entity;
    entity.keys.push(Key::Id(format!("id-{name}")));
    entity
}

#[test]
fn groups_and_their_members_are_told_apart() {
    let both = |members: &[&str], text: &str| {
        side(
            &[("r", text)],
            vec![group("ops", members, &["r"]), entity("ann"), entity("bob")],
        )
    };
    assert_eq!(
        lines(&compared(
            &both(&["id-ann"], READ),
            &both(&["id-ann"], WRITE)
        )),
        ["entity ann, group ops: Gained update on kv/a by r"]
    );
    assert_eq!(
        lines(&compared(
            &both(&["id-ann"], READ),
            &both(&["id-ann", "id-bob"], READ)
        )),
        ["entity bob: Gained read on kv/a by r"]
    );
    let nested = |members: &[&str]| {
        let mut outer = group("all", &[], &["r"]);
        outer.groups = vec![Key::Id("id-ops".to_owned())];
        side(
            &[("r", READ)],
            vec![outer, group("ops", members, &[]), entity("ann")],
        )
    };
    assert_eq!(
        lines(&compared(&nested(&[]), &nested(&["id-ann"]))),
        ["entity ann: Gained read on kv/a by r"]
    );
}

#[test]
fn lists_that_others_fill_keep_what_is_not_taken_out() {
    let census = |own: &[&str], shared: &[&str], left: bool| {
        let mut ops = group("ops", &[], own);
        ops.others_give = left;
        let mut census = side(&[("r", READ), ("w", WRITE)], vec![ops]);
        census.shares.push(Share {
            target: Key::Id("id-ops".to_owned()),
            kind: HolderKind::Group,
            name: None,
            listed: Listed::Policies,
            elements: shared
                .iter()
                .map(|one| Key::Id((*one).to_owned()))
                .collect(),
            exclusive: false,
        });
        census.settle();
        census
    };
    let before = census(&["r", "w"], &["w"], false);
    assert_eq!(
        lines(&compared(&before, &census(&[], &[], true))),
        ["group ops: Lost update on kv/a by w"],
        "`r` is somebody else's gift"
    );
    assert_eq!(
        lines(&compared(&before, &census(&[], &["w"], true))),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_not_known_is_named() {
    let before = side(&[], vec![role("ci", &[])]);
    let after = side(&[], vec![role("ci", &["elsewhere"])]);
    assert_eq!(
        missing(&before, &after),
        [
            (String::new(), "default".to_owned()),
            (String::new(), "elsewhere".to_owned())
        ]
    );
    assert_eq!(missing(&after, &after), []);
    assert_eq!(compared(&before, &after).unknown, ["elsewhere"]);
    let mut unread = after.clone();
    unread.unread.push(policy("elsewhere", ""));
    assert_eq!(compared(&unread, &unread).unknown, ["elsewhere"]);
}

#[test]
fn a_new_mount_comes_into_reach_of_what_is_granted_already() {
    let text =
        r#"path "kv/*" { capabilities = ["read"] } path "other/*" { capabilities = ["read"] }"#;
    let before = side(&[("r", text)], vec![role("ci", &["r"])]);
    let mut after = before.clone();
    after.mounts.push(Mount {
        path: "kv/".to_owned(),
        kind: "kv".to_owned(),
        ..Mount::default()
    });
    let found = compared(&before, &after);
    assert_eq!(lines(&found), ["role ci: Gained read on kv/* by r"]);
    assert_eq!(found.changes[0].mount.as_deref(), Some("kv/"));
    assert_eq!(
        lines(&compared(&after, &before)),
        ["role ci: Lost read on kv/* by r"]
    );
    assert_eq!(lines(&compared(&after, &after)), Vec::<String>::new());
}

#[test]
fn other_conditions_are_told() {
    let bound =
        r#"path "kv/a" { capabilities = ["update"] allowed_parameters = { ttl = ["1h", "2h"] } }"#;
    let turned =
        r#"path "kv/a" { capabilities = ["update"] allowed_parameters = { ttl = ["2h", "1h"] } }"#;
    let free = r#"path "kv/a" { capabilities = ["update"] }"#;
    let census = |text: &str| side(&[("r", text)], vec![role("ci", &["r"])]);
    assert_eq!(
        lines(&compared(&census(bound), &census(turned))),
        Vec::<String>::new()
    );
    let found = compared(&census(bound), &census(free));
    assert_eq!(lines(&found), ["role ci: Conditions update on kv/a by r"]);
    assert!(found.gains(), "fewer conditions are a gain for pipelines");
}

/// Returns what a pattern of a report matches, as a regular expression.
fn expression(pattern: &str) -> Regex {
    let (body, open) = match pattern.strip_suffix('*') {
        Some(stem) if !pattern.ends_with("[^/]*") => (stem, ".*"),
        _ => (pattern, ""),
    };
    let segments: Vec<String> = body
        .split('/')
        .map(|segment| match (segment, segment.strip_suffix("[^/]*")) {
            ("+", _) => "[^/]*".to_owned(),
            (_, Some(start)) => format!("{}[^/]*", regex::escape(start)),
            (literal, None) => regex::escape(literal),
        })
        .collect();
    // Segments that only begin with a class were split at its slash.
    let text = segments.join("/").replace("\\[\\^/\\]\\*", "[^/]*");
    Regex::new(&format!("^{text}{open}$")).expect("an expression")
}

fn concerns(change: &AccessChange, path: &str) -> bool {
    expression(&change.pattern).is_match(path)
        && !change
            .except
            .iter()
            .any(|except| expression(except).is_match(path))
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ab]{1,2}", 2 => Just("+".to_owned())]
}

fn text() -> impl Strategy<Value = String> {
    let path = (prop::collection::vec(segment(), 1..4), any::<bool>())
        .prop_map(|(segments, open)| segments.join("/") + if open { "*" } else { "" })
        .prop_filter("a path that servers accept", |path| !path.contains("+*"));
    let names = prop::sample::subsequence(&["read", "update", "sudo", "deny"][..], 0..3);
    let stanza = (path, names).prop_map(|(path, names)| {
        let names: Vec<String> = names.iter().map(|one| format!("{one:?}")).collect();
        format!(
            "path {path:?} {{ capabilities = [{}] }}\n",
            names.join(", ")
        )
    });
    prop::collection::vec(stanza, 0..4).prop_map(|stanzas| stanzas.concat())
}

fn census() -> impl Strategy<Value = Census> {
    let texts = prop::collection::vec(text(), 3);
    let lists = prop::collection::vec(prop::sample::subsequence(&["p0", "p1", "p2"][..], 0..3), 2);
    (texts, lists).prop_map(|(texts, lists)| Census {
        policies: texts
            .iter()
            .enumerate()
            .map(|(at, text)| policy(&format!("p{at}"), text))
            .collect(),
        holders: lists
            .iter()
            .enumerate()
            .map(|(at, names)| role(&format!("r{at}"), names))
            .collect(),
        ..Census::default()
    })
}

/// Returns who may do what on a path, by asking for it.
fn asked(census: &Census, path: &str) -> BTreeMap<(String, Capability), bool> {
    let mut found = BTreeMap::new();
    for holder in &census.holders {
        let held = census
            .policies
            .iter()
            .filter(|one| holder.role.policies.contains(&one.name));
        let policies: Vec<Policy> = held.map(|one| parse(&one.text, None, SERVER).0).collect();
        let context = Context::new(SERVER);
        let rules = RuleSet::new(&policies, &context).expect("no templates");
        for (capability, operation) in [
            (Capability::Read, Operation::Read),
            (Capability::Update, Operation::Update),
        ] {
            let decision = rules.decide(&Request::new(operation, path), &context);
            let granted = decision
                .rule
                .is_some_and(|rule| rule.permissions.capabilities.has(capability));
            found.insert((holder.role.name.clone(), capability), granted);
        }
    }
    found
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
    #![proptest_config(cases(120))]

    #[test]
    fn lines_are_exact_for_every_holder(
        before in census(),
        after in census(),
        paths in prop::collection::vec("[abz]{1,2}(/[abz]{0,2}){0,3}", 30),
    ) {
        let found = compared(&before, &after);
        prop_assert!(found.incomparable.is_empty());
        let examples = found.changes.iter().map(|one| one.example.clone());
        let paths: Vec<String> = paths.into_iter().chain(examples).collect();
        for path in &paths {
            let (was, is) = (asked(&before, path), asked(&after, path));
            for ((name, capability), before) in was {
                let after = is[&(name.clone(), capability)];
                let expected = match (before, after) {
                    (false, true) => vec![Direction::Gained],
                    (true, false) => vec![Direction::Lost],
                    _ => vec![],
                };
                let mut said: Vec<Direction> = found
                    .changes
                    .iter()
                    .filter(|one| one.capabilities.contains(&capability))
                    .filter(|one| one.who.iter().any(|who| who.kind == "role" && who.name == name))
                    .filter(|one| concerns(one, path))
                    .map(|one| one.direction)
                    .collect();
                said.dedup();
                prop_assert_eq!(said, expected, "{} {} of {}: {:#?}", capability, path, name, found);
            }
        }
    }
}
