//! Policy commands that ask a real server.

mod common;
mod run;

use common::{Bao, ROOT};
use run::Place;
use serde_json::{Value, json};

fn place(bao: &Bao, files: &[(&str, &str)]) -> Place {
    let mut place = Place::new(files);
    place.set("VAULT_ADDR", &bao.address);
    place.set("VAULT_TOKEN", ROOT);
    place
}

#[test]
fn who_and_can_ask_the_live_server() {
    let bao = Bao::start();
    let admin = r#"path "sys/policies/acl/*" { capabilities = ["update"] }"#;
    bao.root("POST", "sys/policies/acl/admin", json!({ "policy": admin }));
    for (path, kind) in [
        ("sys/auth/people", "userpass"),
        ("sys/auth/approle", "approle"),
    ] {
        bao.root("POST", path, json!({ "type": kind }));
    }
    bao.root(
        "POST",
        "auth/people/users/ann",
        json!({ "password": "canary-password", "token_policies": ["admin"] }),
    );
    bao.root(
        "POST",
        "auth/approle/role/ci",
        json!({ "token_policies": ["admin"] }),
    );
    bao.root(
        "POST",
        "auth/token/roles/made",
        json!({ "allowed_policies": ["admin"] }),
    );
    let entity = bao.root("POST", "identity/entity", json!({ "name": "bob" }));
    let group = json!({ "name": "ops", "policies": ["admin"], "member_entity_ids": [entity["data"]["id"]] });
    bao.root("POST", "identity/group", group);
    let place = place(&bao, &[]);
    let ran = place
        .run(&["policy", "who", "-live", "update", "sys/policies/acl/x"])
        .ended(0);
    let ran = ran
        .says("role auth/people/users/ann")
        .says("role auth/approle/role/ci");
    ran.says("token role auth/token/roles/made")
        .says("group ops")
        .says("entity bob")
        .says_not("canary");
    place
        .run(&[
            "policy",
            "can",
            "-live",
            "bob",
            "update",
            "sys/policies/acl/x",
        ])
        .ended(0);
    place
        .run(&[
            "policy",
            "can",
            "-live",
            "bob",
            "read",
            "sys/policies/acl/x",
        ])
        .ended(2);
}

const TESTS: &str = r#"
case "own data" {
  policies = ["own", "shared"]
  identity = { name = "ann", metadata = { team = "red" }, groups = ["ops"] }

  table {
    allow = {
      "kv/ann/x"   = ["read"]
      "team/red/y" = ["update"]
      "kv/shared"  = ["list"]
    }
    deny = { "kv/bob/x" = ["read"] }
  }
}

case "nobody" {
  policies = ["own"]
  expect deny "kv/ann/x" {}
}
"#;

#[test]
fn tests_are_put_to_the_server_and_leave_nothing_behind() {
    let bao = Bao::start();
    let own = "path \"kv/{{identity.entity.name}}/*\" { capabilities = [\"read\"] }\npath \"team/{{identity.entity.metadata.team}}/*\" { capabilities = [\"update\"] }\n";
    let shared = "path \"kv/shared/*\" { capabilities = [\"list\"] }";
    let place = place(
        &bao,
        &[
            ("own.hcl", own),
            ("shared.hcl", shared),
            ("a.vaultpolicytest.hcl", TESTS),
        ],
    );
    place
        .run(&["policy", "test", "-live"])
        .ended(0)
        .says("2 passed, 0 failed.")
        .says_not("Note");
    let policies = bao.root("LIST", "sys/policies/acl", Value::Null);
    let left: Vec<&str> = policies["data"]["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        left.iter().all(|name| !name.starts_with("vaultform-test")),
        "{left:?}"
    );
    for path in [
        "identity/entity/id",
        "identity/group/id",
        "auth/token/roles",
    ] {
        assert_eq!(
            bao.request("LIST", path, ROOT, None, &[]).status,
            404,
            "{path}"
        );
    }
    bao.root("POST", "identity/entity", json!({ "name": "ann" }));
    let ran = place.run(&["policy", "test", "-live"]).ended(0);
    ran.says("was not asked of the server");
    place.write(
        "shared.hcl",
        "path \"kv/shared/*\" { capabilities = [\"subscribe\"] }",
    );
    place
        .run(&["policy", "test", "-live", "-run", "own"])
        .ended(1);
}

#[test]
fn policies_of_the_repository_agree_with_a_server() {
    let bao = Bao::start();
    let mut place = Place::copy(&["policies"]);
    place.set("VAULT_ADDR", &bao.address);
    place.set("VAULT_TOKEN", ROOT);
    place
        .run(&["policy", "test", "-live", "policies"])
        .ended(0)
        .says(" 0 failed.");
}

#[test]
fn drift_is_a_report_for_other_tools() {
    let bao = Bao::start();
    let place = place(
        &bao,
        &[(
            "main.tf",
            "resource \"vault_policy\" \"a\" {\n  name   = \"a\"\n  policy = \"path \\\"kv/a\\\" { capabilities = [\\\"read\\\"] }\"\n}\n",
        )],
    );
    place.run(&["apply", "-auto-approve"]).ended(0);
    bao.root("DELETE", "sys/policies/acl/a", Value::Null);
    let log = place.run(&["drift", "-format=sarif"]).ended(2).json();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "drift");
    assert_eq!(
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
        "vault_policy.a"
    );
    let report = place.run(&["drift", "-format=junit"]).ended(2).out;
    assert!(report.contains("failures=\"1\""), "{report}");
}
