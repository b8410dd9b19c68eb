//! The program as it is called: command lines, exit codes, whole runs against a real server.
#![allow(
    clippy::disallowed_methods,
    reason = "it writes configurations and starts the program"
)]

#[path = "../server_real/bao.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod bao;
mod chosen;
mod conditions;
mod console;
mod delivery;
mod documents;
mod helpers;
mod imports;
mod life;
mod modules;
mod place;
mod policies;
mod secrets;
mod tests;

use place::{Place, Ran, files, request, started};
use serde_json::Value as Json;
use std::process::{Command, Stdio};
use std::time::Duration;

pub const CANARY: &str = "canary-4f1d9b";

const CONFIGURATION: &str = r#"
variable "secret" {
  type      = string
  sensitive = true
}

variable "description" {
  type    = string
  default = "first"

  validation {
    condition     = var.description != "bad"
    error_message = "A bad description."
  }
}

resource "vault_mount" "kv" {
  path        = "kv"
  type        = "kv-v2"
  description = var.description
}

resource "vault_kv_secret_v2" "a" {
  mount     = vault_mount.kv.path
  name      = "a"
  data_json = jsonencode({ password = var.secret })
}

resource "vault_policy" "reader" {
  name   = "reader"
  policy = <<-EOT
    path "kv/data/*" {
      capabilities = ["read"]
    }
  EOT
}

output "mount" {
  value = vault_mount.kv.path
}

output "secret" {
  value     = var.secret
  sensitive = true
}
"#;

#[test]
fn help_and_slips_of_the_finger() {
    let place = Place::new("");
    place
        .run(&["--help"])
        .ended(0)
        .says("plan")
        .says("apply")
        .says("ledger");
    place
        .run(&["plan", "-help"])
        .ended(0)
        .says("--detailed-exitcode");
    place.run(&["plan", "-h"]).ended(0).says("--target");
    place.run(&["plna"]).ended(1).says("'plan'");
    place.run(&["plan", "-targt=x"]).ended(1).says("'--target'");
    place
        .run(&["plan", "-var", "x"])
        .ended(1)
        .says("name=value");
    place
        .run(&["plan", "-max-deletes=many"])
        .ended(1)
        .says("whole number");
    place.run(&["-version"]).ended(0).says("Terraform v1.");
    place
        .run(&["version"])
        .ended(0)
        .says(env!("CARGO_PKG_VERSION"));
    let json: Json = serde_json::from_str(&place.run(&["version", "-json"]).ended(0).out).unwrap();
    assert_eq!(json["provider_selections"], serde_json::json!({}));
    place
        .run(&["completions", "bash"])
        .ended(0)
        .says("_vaultform");
}

#[test]
fn what_needs_no_server() {
    let place = Place::new(
        "resource \"vault_mount\" \"kv\" {\n  path = \"kv\"\n  type = \"kv\"\n  typo = 1\n}\n",
    );
    place
        .run(&["validate"])
        .ended(1)
        .says("Error: ")
        .says("typo");
    let json: Json =
        serde_json::from_str(&place.run(&["validate", "-json", "-no-color"]).ended(1).out).unwrap();
    assert_eq!(
        (&json["valid"], &json["error_count"]),
        (&false.into(), &1.into())
    );
    std::fs::write(place.path("main.tf"), CONFIGURATION).unwrap();
    place.run(&["validate"]).ended(0).says("Success!");
    place
        .run(&["init", "-backend=false", "-input=false", "-upgrade"])
        .ended(0)
        .says("successfully initialized");
    place.run(&["get"]).ended(0);
    let graph = place.run(&["graph"]).ended(0);
    graph.says("\"vault_kv_secret_v2.a\" -> \"vault_mount.kv\"");
    place.run(&["providers"]).ended(0).says("hashicorp/vault");
    place.run(&["fmt", "-check"]).ended(0);
    std::fs::write(place.path("odd.tf"), "locals {\n a = 1\n}\n").unwrap();
    place
        .run(&["fmt", "-check", "-diff"])
        .ended(3)
        .says("odd.tf")
        .says("+  a = 1");
    place.run(&["fmt"]).ended(0).says("odd.tf");
    assert_eq!(
        std::fs::read_to_string(place.path("odd.tf")).unwrap(),
        "locals {\n  a = 1\n}\n"
    );
    place.run(&["workspace", "show"]).ended(0).says("default");
    place
        .run(&["init", "-backend=false", "-name=prod"])
        .ended(0);
    let settings = std::fs::read_to_string(place.path("vaultform.hcl")).unwrap();
    assert!(settings.contains("name = \"prod\""), "{settings}");
}

#[test]
fn arguments_come_from_the_environment_too() {
    let place = Place::new("").with("TF_CLI_ARGS_fmt", "-check -list=false");
    std::fs::write(place.path("odd.tf"), "a=1\n").unwrap();
    let ran = place.run(&["fmt"]).ended(3);
    assert_eq!(ran.out, "");
    let outside = tempfile::tempdir().unwrap();
    let mut command = place.command(&[&format!("-chdir={}", place.folder.path().display()), "fmt"]);
    let ran: Ran = command.current_dir(outside.path()).output().unwrap().into();
    ran.ended(3);
}

#[test]
fn secrets_stay_out_of_sight() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION).with("TF_LOG", "trace");
    let mut said = String::new();
    for words in [
        &["plan", "-out=p"][..],
        &["show", "p"],
        &["show", "-json", "p"],
        &["apply", "-json", "p"],
        &["plan", "-json"],
        &["show"],
        &["show", "-json"],
        &["state", "show", "vault_kv_secret_v2.a"],
        &["ledger", "show", "vault_kv_secret_v2.a"],
        &["output"],
        &["apply", "-auto-approve", "-var=description=other", "-vv"],
        &["destroy", "-auto-approve"],
    ] {
        let ran = place.run(words).ended(0);
        said.push_str(&ran.out);
        said.push_str(&ran.error);
    }
    assert!(said.contains("sys/mounts"), "the log tells of requests");
    assert!(!said.contains(CANARY), "{said}");
    for (path, bytes) in files(place.folder.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(CANARY), "{}", path.display());
    }
    let refused = Place::on(&bao, CONFIGURATION).with("CI", "true");
    refused
        .run(&["plan", "-show-sensitive"])
        .ended(1)
        .says("refused where `CI` is set");
}

#[test]
fn a_saved_plan_is_bound_to_what_it_saw() {
    let (runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place
        .run(&[
            "plan",
            "-out=p",
            "-var",
            "description=second",
            "-detailed-exitcode",
        ])
        .ended(2);
    request(
        &runtime,
        &bao,
        "POST",
        "sys/mounts/kv/tune",
        &serde_json::json!({ "description": "by hand" }),
    );
    place
        .run(&["apply", "p"])
        .ended(4)
        .says("`vault_mount.kv`: it was changed on the server");
    request(
        &runtime,
        &bao,
        "POST",
        "sys/mounts/kv/tune",
        &serde_json::json!({ "description": "first" }),
    );
    let other = Place {
        folder: tempfile::tempdir().unwrap(),
        variables: place.variables.clone(),
    };
    std::fs::copy(place.path("main.tf"), other.path("main.tf")).unwrap();
    std::fs::copy(place.path("p"), other.path("p")).unwrap();
    let other = other.with("TF_VAR_secret", "another");
    other
        .run(&["apply", "p"])
        .ended(4)
        .says("vault_kv_secret_v2.a")
        .says_not("another");
    place.run(&["apply", "p"]).ended(0).says("1 changed");
    let tuned = request(&runtime, &bao, "GET", "sys/mounts/kv/tune", &Json::Null);
    assert_eq!(
        tuned["description"], "second",
        "the plan's variable is remembered"
    );
    place
        .run(&["apply", "p"])
        .ended(4)
        .says("nothing is to be done any more");
    std::fs::write(place.path("odd"), "{}").unwrap();
    place
        .run(&["apply", "odd"])
        .ended(1)
        .says("not saved by this version");
    place
        .run(&["apply", "nowhere"])
        .ended(1)
        .says("does not exist");
}

#[test]
fn one_run_at_a_time() {
    let (runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION);
    place.run(&["apply", "-auto-approve"]).ended(0);
    let held = runtime.block_on(async {
        use vaultform::ledger::{Kind, Ledger, LockWish, Settings};
        let connection = vaultform::server::Connection::open(&bao.settings("root"))
            .await
            .unwrap();
        let settings = Settings {
            kind: Kind::Vault {
                mount: "vaultform".to_owned(),
                create: false,
            },
            name: "test".to_owned(),
            workspace: "default".to_owned(),
        };
        let ledger = Ledger::open(connection.server.clone(), "", settings)
            .await
            .unwrap();
        let wish = LockWish {
            who: "anna",
            operation: "apply",
            wait: Duration::ZERO,
            on_wait: &|_| {},
        };
        ledger.lock(wish).await.unwrap()
    });
    let locked = place
        .run(&["apply", "-auto-approve", "-lock-timeout=0s"])
        .ended(5);
    locked.says("`anna`").says("force-unlock");
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
    place
        .run(&["apply", "-auto-approve", "-lock=false"])
        .ended(0);
    place.run(&["force-unlock", "-force", "nobody"]).ended(1);
    let run = held.run().to_owned();
    place
        .run(&["force-unlock", "-force", &run])
        .ended(0)
        .says("was broken");
    place
        .run(&["apply", "-auto-approve", "-lock-timeout=0s"])
        .ended(0);
    drop(held);
}

#[test]
fn what_cannot_be_worked_with() {
    let (runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place
        .run(&["apply", "-auto-approve", "-destroy", "-max-deletes=1"])
        .ended(6)
        .says("more than 1");
    request(&runtime, &bao, "POST", "sys/seal", &serde_json::json!({}));
    place
        .run(&["apply", "-auto-approve"])
        .ended(7)
        .says("sealed");
    place
        .run(&["plan", "-detailed-exitcode"])
        .ended(1)
        .says("sealed");
    let events = place.run(&["apply", "-auto-approve", "-json"]).ended(7).out;
    let last: Json = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(
        last["exit"],
        serde_json::json!({ "code": 7, "name": "unreachable" })
    );
    let nowhere = Place::new(CONFIGURATION)
        .with("VAULT_ADDR", "http://127.0.0.1:1")
        .with("VAULT_MAX_RETRIES", "0")
        .with("VAULT_TOKEN", "root")
        .with("TF_VAR_secret", "x");
    nowhere.run(&["apply", "-auto-approve"]).ended(7);
    let broken = Place::new("resource \"vault_mount\" {\n");
    broken.run(&["apply", "-auto-approve"]).ended(1);
    broken.run(&["plan"]).ended(1);
}

#[test]
fn objects_change_their_owner_and_address() {
    let (runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place
        .run(&["state", "rm", "vault_policy.reader"])
        .ended(0)
        .says("Removed vault_policy.reader");
    place.run(&["state", "rm", "vault_policy.reader"]).ended(1);
    let adopting = place.run(&["plan", "-detailed-exitcode"]).ended(2);
    adopting.says("1 to adopt");
    place
        .run(&["import", "vault_policy.reader", "reader"])
        .ended(0)
        .says("Import successful!");
    place
        .run(&["import", "vault_policy.reader", "reader"])
        .ended(1)
        .says("owned already");
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
    place
        .run(&["state", "mv", "vault_policy.reader", "vault_policy.other"])
        .ended(0);
    place
        .run(&["state", "mv", "vault_policy.reader", "vault_policy.other"])
        .ended(1);
    let text = CONFIGURATION.replace("\"vault_policy\" \"reader\"", "\"vault_policy\" \"other\"");
    std::fs::write(place.path("main.tf"), text).unwrap();
    place.run(&["plan", "-detailed-exitcode"]).ended(0);

    let other = Place::on(
        &bao,
        "resource \"vault_policy\" \"mine\" {\n  name   = \"reader\"\n  policy = \"path \\\"x\\\" {}\"\n}\n",
    );
    let other = other.with("VAULTFORM_NAME", "second");
    other
        .run(&["apply", "-auto-approve"])
        .ended(6)
        .says("owned by the ledger `test`");
    let policy = request(
        &runtime,
        &bao,
        "GET",
        "sys/policies/acl/reader",
        &Json::Null,
    );
    assert!(policy["policy"].as_str().unwrap().contains("kv/data"));

    let place = place.with("VAULTFORM_PASSPHRASE", "correct horse");
    place.run(&["ledger", "backup", "copy.json"]).ended(0);
    place
        .run(&["ledger", "restore", "copy.json"])
        .ended(1)
        .says("still owns 3 objects");
    place.run(&["workspace", "new", "blue"]).ended(0);
    place
        .run(&["workspace", "list"])
        .ended(0)
        .says("* blue")
        .says("  default");
    place
        .run(&["ledger", "restore", "copy.json"])
        .ended(0)
        .says("owns 3 objects");
    place
        .run(&["workspace", "select", "defalt"])
        .ended(1)
        .says("did you mean `default`?");
    place.run(&["workspace", "select", "default"]).ended(0);
    place
        .run(&["workspace", "delete", "blue"])
        .ended(1)
        .says("still owns");
    place
        .run(&["workspace", "delete", "-force", "blue"])
        .ended(0);
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_heeded() {
    // The server takes the connection and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let place = Place::new(CONFIGURATION)
        .with("VAULT_ADDR", &address)
        .with("VAULT_TOKEN", "root")
        .with("TF_VAR_secret", "x");
    let mut child = place
        .command(&["plan"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (_connection, _) = silent.accept().unwrap();
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
