//! `lint` as it is called: places in files, comments, fixes, forms, exit codes.

mod run;

use run::Place;
use serde_json::json;

const POLICY: &str = r#"# Billing
path "kv/data/billing/*" {
  capabilities = [
    "read",
    "list",
  ]
}

path "sys/health" { policy = "read" } # the probe

path "kv/metadata/billing/*" {
  capabilities = ["list", "sudo"]
}
"#;

const CONFIGURATION: &str = r#"
variable "ttl" {
  type = number
}

resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_policy" "billing" {
  name   = "billing"
  policy = file("${path.module}/billing.hcl")
}

resource "vault_policy" "inline" {
  name   = "inline"
  policy = <<-EOT
    path "kv/data/a" {
      capabilities = ["read", "sudo"]
    }

    # for the audit of last year
    path "kv/data/b" {
      capabilities = ["read"]
      expiration   = "2001-01-01T00:00:00Z"
    }
  EOT
}

data "vault_policy_document" "rules" {
  rule {
    path         = "kv/data/c"
    capabilities = ["read", "sudo"]
  }
}

resource "vault_policy" "rules" {
  name   = "rules"
  policy = data.vault_policy_document.rules.hcl
}

resource "vault_token_auth_backend_role" "all" {
  role_name              = "all"
  allowed_policies       = ["billing", "inline", "rules"]
  token_explicit_max_ttl = var.ttl
}
"#;

fn place() -> Place {
    Place::new(&[("main.tf", CONFIGURATION), ("billing.hcl", POLICY)])
}

#[test]
fn findings_stand_where_the_author_wrote_them() {
    let report = place().run(&["lint", "-json"]).ended(2).json();
    let found: Vec<(String, String, u64)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &serde_json::Value| key.as_str().unwrap().to_owned();
            let line = one["range"]["start"]["line"].as_u64().unwrap();
            (text(&one["code"]), text(&one["range"]["filename"]), line)
        })
        .collect();
    let expected = [
        ("VF-P007", "main.tf", 20),
        ("VF-P018", "main.tf", 24),
        ("VF-P007", "main.tf", 32),
        ("VF-P006", "billing.hcl", 3),
        ("VF-P015", "billing.hcl", 9),
        ("VF-P007", "billing.hcl", 12),
    ];
    let expected: Vec<(String, String, u64)> = expected
        .iter()
        .map(|(code, file, line)| ((*code).to_owned(), (*file).to_owned(), *line))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(report["counts"]["policies"], 3);
    assert_eq!(report["counts"]["holders"], 1);
}

#[test]
fn fixes_keep_the_layout_and_settle_at_once() {
    let place = place();
    place
        .run(&["lint", "-fix"])
        .ended(0)
        .says("Fixed: 6.")
        .says("No findings.");
    let fixed = r#"# Billing
path "kv/data/billing/*" {
  capabilities = [
    "read",
  ]
}

path "sys/health" { capabilities = ["list", "read"] } # the probe

path "kv/metadata/billing/*" {
  capabilities = ["list"]
}
"#;
    assert_eq!(place.read("billing.hcl"), fixed);
    let main = place.read("main.tf");
    let removed = "    # for the audit of last year\n    path \"kv/data/b\" {\n      capabilities = [\"read\"]\n      expiration   = \"2001-01-01T00:00:00Z\"\n    }\n";
    let expected = CONFIGURATION
        .replace("[\"read\", \"sudo\"]", "[\"read\"]")
        .replace(&format!("\n{removed}"), "");
    assert_eq!(main, expected);
    place.run(&["lint", "-fix"]).ended(0).says_not("Fixed");
    assert_eq!(
        (place.read("main.tf"), place.read("billing.hcl")),
        (main, fixed.to_owned())
    );
}

#[test]
fn comments_silence_with_a_reason_until_their_day() {
    let block = |comment: &str| {
        format!(
            "{comment}resource \"vault_token_auth_backend_role\" \"ci\" {{\n  role_name = \"ci\"\n  token_period = 60\n}}\n"
        )
    };
    let run = |comment: &str| Place::new(&[("main.tf", &block(comment))]).run(&["lint"]);
    run("").ended(2).says("[VF-R004]");
    run("# vaultform:allow VF-R004 it renews its one token\n")
        .ended(0)
        .says("Silenced: 1.");
    run("# vaultform:allow VF-R004\n")
        .ended(2)
        .says("[VF-P019]")
        .says("[VF-R004]");
    run("# vaultform:allow VF-R004 until=2020-01-01 once\n")
        .ended(2)
        .says("has ended");
    run("# vaultform:allow VF-R004 far away\n\n")
        .ended(2)
        .says("[VF-R004]");
    run("# vaultform:allow VF-R009 another\n")
        .ended(2)
        .says("[VF-R004]");
    let inside = block("").replace(
        "  token_period",
        "  // vaultform:allow VF-R004 here\n  token_period",
    );
    let place = Place::new(&[("main.tf", &inside)]);
    place
        .run(&["lint", "-show-silenced"])
        .ended(0)
        .says("silenced: here");
}

#[test]
fn other_tools_get_their_own_forms() {
    let place = place();
    std::fs::create_dir(place.path().join(".git")).unwrap();
    let log = place
        .run(&["lint", "-format=sarif", "-level=warning"])
        .ended(2)
        .json();
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "{results:#?}");
    assert!(results.iter().all(|one| one["level"] == "warning"));
    let last = &results[1]["locations"][0];
    assert_eq!(
        last["physicalLocation"]["artifactLocation"]["uri"],
        "billing.hcl"
    );
    assert_eq!(
        last["logicalLocations"][0]["fullyQualifiedName"],
        "vault_policy.billing"
    );
    let report = place.run(&["lint", "-format=junit"]).ended(2).out;
    assert!(report.contains("tests=\"6\" failures=\"2\""), "{report}");
    let wrong = place.run(&["lint", "-format=pdf"]).ended(1);
    wrong.says("is none of `text`, `json`, `sarif` and `junit`");
}

#[test]
fn validate_writes_reports_too() {
    let place = Place::new(&[(
        "main.tf",
        "resource \"vault_mount\" \"kv\" {\n  pth = \"kv\"\n}\n",
    )]);
    let log = place.run(&["validate", "-format=sarif"]).ended(1).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let codes: Vec<&str> = results
        .iter()
        .map(|one| one["ruleId"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"unknown-argument"), "{codes:?}");
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    assert!(region["startLine"].is_u64(), "{results:#?}");
    let report = place.run(&["validate", "-format=junit"]).ended(1).out;
    assert!(
        report.starts_with("<?xml") && report.contains("<failure "),
        "{report}"
    );
    let sound = Place::new(&[("main.tf", "")]);
    let log = sound.run(&["validate", "-format=sarif"]).ended(0).json();
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn policies_of_no_configuration_are_looked_at_by_themselves() {
    let place = Place::new(&[
        ("a/ci.hcl", "path \"*\" { capabilities = [\"read\"] }"),
        (
            "a/server.hcl",
            "storage \"raft\" {\n  path = \"/data\"\n}\n",
        ),
        ("a/bad.hcl", "path \"kv\" { capabilities = [\"raed\"] }"),
        ("b/clean.hcl", "path \"kv/a\" { capabilities = [\"read\"] }"),
    ]);
    let all = place.run(&["lint"]).ended(2);
    all.says("[VF-P009]")
        .says("a/ci.hcl")
        .says("did you mean `read`")
        .says_not("raft");
    place
        .run(&["lint", "b"])
        .ended(0)
        .says("Looked at 1 policy");
    place
        .run(&["lint", "a/ci.hcl"])
        .ended(2)
        .says("a/ci.hcl line 1");
    place
        .run(&["lint", "nowhere"])
        .ended(1)
        .says("it does not exist");
    let vault = "path \"kv/a\" { capabilities = [\"subscribe\"] }";
    place.write("b/clean.hcl", vault);
    place.run(&["lint", "b"]).ended(0);
    place
        .run(&["lint", "-server=openbao-2.7", "b"])
        .ended(2)
        .says("OpenBao 2.7.0 does not know it");
}

#[test]
fn a_broken_configuration_is_an_error() {
    let place = Place::new(&[("main.tf", "resource \"vault_mount\" {\n}\n")]);
    place.run(&["lint"]).ended(1);
}
