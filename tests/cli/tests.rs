//! `test`: runs of test files on a real server, which is afterwards as it was.

use crate::place::{Place, request, started};
use serde_json::{Value as Json, json};

const CONFIGURATION: &str = r#"
variable "path" {
  type = string

  validation {
    condition     = !endswith(var.path, "/")
    error_message = "No slash at the end."
  }
}

resource "vault_mount" "kv" {
  path = var.path
  type = "kv-v2"

  lifecycle {
    precondition {
      condition     = var.path != "never"
      error_message = "Never."
    }
  }
}

output "accessor" {
  value = vault_mount.kv.accessor
}

check "length" {
  assert {
    condition     = length(var.path) < 9
    error_message = "Too long."
  }
}
"#;

const SETUP: &str = r#"
variable "path" {}
resource "vault_policy" "made" {
  name   = "made-by-setup"
  policy = "path \"${var.path}/*\" { capabilities = [\"read\"] }"
}
output "name" {
  value = upper(vault_policy.made.name)
}
"#;

const TESTS: &str = r#"
variables {
  path = "kv"
}

run "setup" {
  module {
    source = "./setup"
  }
}

run "plans" {
  command = plan

  assert {
    condition     = vault_mount.kv.path == "kv" && run.setup.name == "MADE-BY-SETUP"
    error_message = "not planned"
  }
}

run "applies" {
  assert {
    condition     = startswith(output.accessor, "kv_")
    error_message = "not applied"
  }
}

run "again" {
  variables {
    path = "kv-${lower(run.setup.name)}"
  }
  expect_failures = [check.length]

  assert {
    condition     = output.accessor == run.applies.accessor
    error_message = "moved, not made anew"
  }
}

run "refused" {
  command         = plan
  expect_failures = [var.path]
  variables {
    path = "kv/"
  }
}

run "guarded" {
  expect_failures = [vault_mount.kv]
  variables {
    path = "never"
  }
}
"#;

const FAILING: &str = r#"
run "wrong" {
  command = plan
  assert {
    condition     = vault_mount.kv.path == "xy"
    error_message = "it is ${vault_mount.kv.path}"
  }
}
run "open" {
  command = plan
  assert {
    condition     = vault_mount.kv.accessor == ""
    error_message = "never seen"
  }
}
run "left_out" {}
"#;

fn place(bao: &crate::bao::Bao, tests: &str) -> Place {
    let place = Place::on(bao, CONFIGURATION);
    std::fs::create_dir_all(place.path("setup")).unwrap();
    std::fs::create_dir_all(place.path("tests")).unwrap();
    std::fs::write(place.path("setup/main.tf"), SETUP).unwrap();
    std::fs::write(place.path("tests/main.tftest.hcl"), tests).unwrap();
    place
}

#[test]
fn runs_are_planned_applied_judged_and_taken_back() {
    let (runtime, bao) = started();
    let place = place(&bao, TESTS);
    let before = request(&runtime, &bao, "GET", "sys/mounts", &Json::Null);
    let ran = place.run(&["test"]).ended(0);
    let said = "tests/main.tftest.hcl... in progress
  run \"setup\"... pass
  run \"plans\"... pass
  run \"applies\"... pass
  run \"again\"... pass
  run \"refused\"... pass
  run \"guarded\"... pass
tests/main.tftest.hcl... tearing down
tests/main.tftest.hcl... pass

Success! 6 passed, 0 failed.
";
    assert_eq!(ran.out, said, "{}", ran.error);
    let after = request(&runtime, &bao, "GET", "sys/mounts", &Json::Null);
    assert_eq!(before, after);
    let policies = request(&runtime, &bao, "LIST", "sys/policies/acl", &Json::Null);
    assert_eq!(policies["keys"], json!(["default", "root"]));
    place
        .run(&["test", "-filter=none.tftest.hcl"])
        .ended(1)
        .says("no test file");
}

#[test]
fn failures_are_told_and_reported() {
    let (runtime, bao) = started();
    let place = place(&bao, FAILING).with("TF_VAR_path", "kv");
    let ran = place.run(&["test", "-junit-xml=report.xml"]).ended(1);
    let ran = ran
        .says("run \"wrong\"... fail")
        .says("Test assertion failed: it is kv");
    ran.says("known only after apply")
        .says("run \"left_out\"... skip")
        .says("Failure! 0 passed, 2 failed, 1 skipped.");
    let report = std::fs::read_to_string(place.path("report.xml")).unwrap();
    assert!(report.contains("tests=\"3\" skipped=\"1\" failures=\"1\" errors=\"1\""));
    let events = place.run(&["test", "-json"]).ended(1).out;
    let events: Vec<Json> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = |kind: &str| events.iter().rfind(|event| event["type"] == kind).unwrap();
    assert_eq!(last("test_summary")["test_summary"]["errored"], 1);
    assert_eq!(last("test_file")["test_file"]["status"], "error");
    // What lives already is not taken over, since it would be destroyed.
    let kv = json!({ "type": "kv", "options": { "version": "2" } });
    request(&runtime, &bao, "POST", "sys/mounts/kv", &kv);
    std::fs::write(place.path("tests/main.tftest.hcl"), "run \"takes\" {}\n").unwrap();
    place
        .run(&["test"])
        .ended(1)
        .says("give it a server of its own");
    let mounts = request(&runtime, &bao, "GET", "sys/mounts", &Json::Null);
    assert!(
        mounts.get("kv/").is_some() && mounts.get("vaultform/").is_none(),
        "{mounts}"
    );
}
