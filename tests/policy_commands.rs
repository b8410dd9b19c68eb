//! `policy decide`, `can`, `who`, `diff` and `test` as they are called.

#![allow(
    clippy::disallowed_methods,
    reason = "it writes a file that is no text"
)]

mod run;

use run::Place;
use serde_json::{Value as Json, json};

const CONFIGURATION: &str = r#"
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_policy" "reader" {
  name   = "reader"
  policy = file("reader.hcl")
}

resource "vault_policy" "own" {
  name   = "own"
  policy = <<-EOT
    path "kv/data/{{identity.entity.name}}/*" {
      capabilities = ["update"]
    }
  EOT
}

resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_approle_auth_backend_role" "ci" {
  backend        = vault_auth_backend.approle.path
  role_name      = "ci"
  token_policies = ["reader", "elsewhere"]
}

resource "vault_identity_entity" "ann" {
  name = "ann"
}

resource "vault_identity_group" "ops" {
  name              = "ops"
  policies          = ["own"]
  member_entity_ids = [vault_identity_entity.ann.id]
}
"#;

const READER: &str = "path \"kv/data/*\" {\n  capabilities = [\"read\"]\n}\n\npath \"kv/data/secret\" {\n  capabilities = [\"deny\"]\n}\n";

fn place() -> Place {
    Place::new(&[("main.tf", CONFIGURATION), ("reader.hcl", READER)])
}

#[test]
fn questions_are_answered_one_a_line() {
    let question = json!({
        "policies": [READER],
        "identity": {},
        "server": "openbao-2.7",
        "namespace": "",
        "operation": "read",
        "path": "kv/data/secret",
        "parameters": {},
    });
    let mut other = question.clone();
    other["path"] = json!("kv/data/x");
    let ran = Place::new(&[])
        .fed(
            &["policy", "decide"],
            &format!("{question}\n\nnot json\n{other}"),
        )
        .ended(0);
    let lines: Vec<Json> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3, "{}", ran.out);
    assert_eq!(lines[0]["allowed"], false);
    assert_eq!(lines[0]["capabilities"], json!(["deny"]));
    assert_eq!(lines[0]["rule"]["path"], "kv/data/secret");
    assert!(
        lines[0]["why"]
            .as_str()
            .unwrap()
            .starts_with("`kv/data/secret` denies it; `kv/data/*`")
    );
    assert!(lines[1]["error"].as_str().unwrap().contains("no JSON"));
    assert_eq!(lines[2]["allowed"], true);
}

#[test]
fn holders_can_or_cannot() {
    let place = place();
    let can = |words: &[&str]| place.run(&[&["policy", "can"], words].concat());
    can(&["auth/approle/role/ci", "read", "kv/data/x"])
        .ended(0)
        .says("yes: role auth/approle/role/ci may read kv/data/x")
        .says("policy reader, reader.hcl:1")
        .says("`elsewhere` is held");
    can(&["ci", "read", "kv/data/secret"])
        .ended(2)
        .says("no:")
        .says("reader.hcl:5");
    can(&["reader", "read", "kv/data/x"])
        .ended(0)
        .says("policy reader");
    can(&["reader.hcl,own", "update", "kv/data/ann/x"])
        .ended(2)
        .says("has no value");
    can(&["ann", "update", "kv/data/ann/x"])
        .ended(0)
        .says("entity ann")
        .says("main.tf:15");
    can(&["ann", "update", "kv/data/bob/x"]).ended(2);
    can(&["ci", "read", "kv/*"]).ended(0).says("on kv/data/*");
    can(&["ci", "delete", "kv/*"]).ended(2);
    can(&["root", "sudo", "sys/raw/x"]).ended(0);
    can(&["raeder", "read", "kv/data/x"])
        .ended(1)
        .says("did you mean `reader`?");
    can(&["ci", "raed", "kv/data/x"])
        .ended(1)
        .says("did you mean `read`?");
    let said = can(&["-json", "ci", "read", "kv/data/x"]).ended(0).json();
    assert_eq!(said["allowed"], true);
    assert_eq!(said["places"], json!(["policy reader, reader.hcl:1"]));
}

#[test]
fn everybody_who_can_is_listed() {
    let place = place();
    let who = |words: &[&str]| place.run(&[&["policy", "who"], words].concat()).ended(0);
    who(&["read", "kv/data/x"])
        .says("role auth/approle/role/ci")
        .says_not("entity ann");
    let people = who(&["-json", "update", "kv/data/ann/x"]).json();
    assert_eq!(people[0]["holder"], "entity ann");
    who(&["update", "kv/data/+/*"]).says("group ops");
    who(&["sudo", "sys/*"]).says("Nobody here.");
}

#[test]
fn policies_are_compared_by_what_they_say() {
    let place = Place::new(&[
        ("a.hcl", READER),
        (
            "b.hcl",
            "path \"kv/data/*\" { capabilities = [\"read\", \"sudo\"] }",
        ),
        (
            "same.hcl",
            "# laid out anew\npath \"kv/data/secret\" { policy = \"deny\" }\npath \"/kv/data/*\" { capabilities = [\"read\"] }",
        ),
        ("broken.hcl", "path \"kv\" { capabilities = [\"raed\"] }"),
        ("old/x.hcl", READER),
        (
            "new/x.hcl",
            "path \"kv/data/*\" { capabilities = [\"read\"] }",
        ),
    ]);
    let diff = |words: &[&str]| place.run(&[&["policy", "diff"], words].concat());
    diff(&["a.hcl", "same.hcl"]).ended(0).says("No difference");
    let rows = diff(&["-json", "-detailed-exitcode", "a.hcl", "b.hcl"])
        .ended(2)
        .json();
    let first = &rows[0];
    assert_eq!(
        (&first["direction"], &first["path"]),
        (&json!("gains"), &json!("kv/data/*"))
    );
    assert_eq!(first["capabilities"], json!(["sudo"]));
    assert_eq!(rows[1]["path"], "kv/data/secret");
    assert_eq!(rows.as_array().unwrap().len(), 2, "{rows:#}");
    diff(&["old", "new"])
        .ended(0)
        .says("policy x gains read on kv/data/secret");
    diff(&["a.hcl", "broken.hcl"])
        .ended(1)
        .says("`raed` is no capability");
    diff(&["a.hcl", "nowhere"])
        .ended(1)
        .says("`nowhere` is no policy file");
}

const TESTS: &str = r#"covers = ["reader"]

case "readers read" {
  policies = ["reader"]

  expect allow "kv/data/x" {}
  expect deny "kv/data/secret" { capabilities = ["read", "update"] }
}

case "own data" {
  policies = ["own"]
  identity = { name = "ann" }

  table {
    allow = { "kv/data/ann/x" = ["update"] }
    deny  = { "kv/data/bob/x" = ["update"] }
  }
}
"#;

fn tested(tests: &str) -> Place {
    let place = place();
    place.write(
        "reader.vaultpolicytest.hcl",
        &format!("config = \".\"\n{tests}"),
    );
    place
}

#[test]
fn tests_pass_and_fail_with_the_rule_and_the_case() {
    let place = tested(TESTS);
    let ran = place.run(&["policy", "test"]).ended(0);
    let ran = ran.says("ok   readers read (3)").says("ok   own data (2)");
    ran.says("every rule of `reader` is covered")
        .says("3 passed, 0 failed.");
    place.write("reader.hcl", &READER.replace("[\"read\"]", "[\"list\"]"));
    let ran = place
        .run(&["policy", "test"])
        .ended(1)
        .says("FAIL readers read");
    let ran =
        ran.says("Case `readers read`: `read` on `kv/data/x` should be allowed and is denied");
    let ran = ran
        .says("reader.vaultpolicytest.hcl line 7")
        .says("this rule of `reader` decides");
    ran.says("`kv/data/*` decides, and does not grant `read`")
        .says("2 passed, 1 failed.");
    place
        .run(&["policy", "test", "-run", "own"])
        .ended(0)
        .says("1 passed");
    let report = place.run(&["policy", "test", "-format=junit"]).ended(1).out;
    assert!(report.contains("tests=\"3\" failures=\"1\""), "{report}");
    assert!(
        report.contains("name=\"readers read\"") && report.contains("reader.vaultpolicytest.hcl"),
        "{report}"
    );
    let report = place.run(&["policy", "test", "-json"]).ended(1).json();
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        report["cases"][0]["problems"][0]["vaultform"]["labels"][1]["range"]["filename"],
        "reader.hcl"
    );
}

#[test]
fn rules_that_nothing_hits_are_told() {
    let place = tested(&TESTS.replace(
        "  expect deny \"kv/data/secret\" { capabilities = [\"read\", \"update\"] }\n",
        "",
    ));
    place
        .run(&["policy", "test"])
        .ended(1)
        .says("No expectation is decided by the rule `kv/data/secret` of `reader`");
    let place = tested(TESTS);
    place.write(
        "reader.hcl",
        &format!("{READER}path \"kv/data/+/x*\" {{\n  capabilities = [\"read\"]\n}}\n"),
    );
    place
        .run(&["policy", "test"])
        .ended(1)
        .says("can never decide");
}

#[test]
fn what_is_wrong_in_a_test_file_is_told_at_its_place() {
    let wrong = [
        ("case \"a\" { policies = [\"reader\"] }", "expects nothing"),
        ("case \"a\" {\n expect allow \"x\" {}\n}", "has no policies"),
        ("case { policies = [] }", "has no name"),
        (
            "case \"a\" {\n policies = [\"reader\"]\n expect maybe \"x\" {}\n}",
            "says `allow` or `deny`",
        ),
        (
            "case \"a\" {\n policies = [\"reader\"]\n expect allow \"x\" { capabilities = [\"raed\"] }\n}",
            "did you mean `read`?",
        ),
        (
            "case \"a\" { polices = [\"reader\"] }",
            "did you mean `policies`?",
        ),
        (
            "case \"a\" {\n policies = [\"raeder\"]\n expect allow \"x\" {}\n}",
            "did you mean `reader`?",
        ),
        (
            "case \"a\" {\n policies = var.x\n expect allow \"x\" {}\n}",
            "refers to nothing",
        ),
        ("server = \"consul-1\"", "is no server"),
    ];
    for (text, says) in wrong {
        tested(text).run(&["policy", "test"]).ended(1).says(says);
    }
    Place::new(&[])
        .run(&["policy", "test"])
        .ended(1)
        .says("There is no");
}

#[test]
fn policies_of_the_repository_pass_and_fail_where_a_capability_is_missing() {
    let place = Place::copy(&["policies", "examples"]);
    place.run(&["policy", "test"]).ended(0).says(" 0 failed.");
    let alone = Place::copy(&["policies"]);
    alone
        .run(&["policy", "test", "policies"])
        .ended(0)
        .says(" 0 failed.");
    let text = alone.read("policies/zakupai/billing.hcl");
    alone.write(
        "policies/zakupai/billing.hcl",
        &text.replacen("[\"read\"]", "[]", 1),
    );
    let ran = alone.run(&["policy", "test", "policies"]).ended(1);
    let ran = ran.says("Case `billing reads its own secrets and no others`");
    ran.says("policies/zakupai/billing.hcl:2")
        .says("`zakupai/data/billing` decides, and does not grant `read`");
}

#[test]
fn hostile_input_is_an_answer_or_a_diagnostic() {
    let place = Place::new(&[]);
    std::fs::write(
        place.path().join("bytes.hcl"),
        b"path \"kv/\xff\xfe\" { capabilities = [\"read\"] }",
    )
    .unwrap();
    place
        .run(&["lint", "bytes.hcl"])
        .ended(1)
        .says("is not UTF-8");
    place
        .run(&["policy", "diff", "bytes.hcl", "bytes.hcl"])
        .ended(1)
        .says("is not UTF-8");
    place
        .run(&["policy", "can", "bytes.hcl", "read", "kv/a"])
        .ended(1)
        .says("is not UTF-8");
    let nested = format!("path \"kv\" {{ capabilities = {}", "[".repeat(100_000));
    place.write("deep.hcl", &nested);
    place
        .run(&["lint", "deep.hcl"])
        .ended(2)
        .says("nested too deeply");
    let question = json!({ "policies": [nested], "operation": "read", "path": "kv" });
    let long = json!({
        "policies": [format!("path \"{}*\" {{ capabilities = [\"read\"] }}", "a/".repeat(2_000))],
        "operation": "read",
        "path": format!("{}b", "a/".repeat(2_000)),
    });
    let garbage = "{\"policies\": [\"\\ud800\"]}";
    let ran = place
        .fed(
            &["policy", "decide"],
            &format!("{question}\n{garbage}\n{long}\n"),
        )
        .ended(0);
    let lines: Vec<Json> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        lines[0]["error"].is_string() && lines[1]["error"].is_string(),
        "{}",
        ran.out
    );
    assert_eq!(lines[2]["allowed"], true);
    place.write("bad.vaultpolicytest.hcl", &"case \"a\" {\n".repeat(20_000));
    place.run(&["policy", "test"]).ended(1);
}
