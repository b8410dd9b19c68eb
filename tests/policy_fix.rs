//! What `lint -fix` does to a server: the plan of the fixed files differs from nothing but where that was meant.

mod common;
mod run;

use common::{Bao, ROOT};
use run::Place;
use serde_json::{Value, json};

const CONFIGURATION: &str = r#"
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_policy" "billing" {
  name   = "billing"
  policy = file("billing.hcl")
}

resource "vault_policy" "inline" {
  name   = "inline"
  policy = data.vault_policy_document.rules.hcl
}

data "vault_policy_document" "rules" {
  rule {
    path         = "kv/data/c"
    capabilities = ["read"]
  }
}

resource "vault_token_auth_backend_role" "all" {
  role_name              = "all"
  allowed_policies       = [vault_policy.billing.name, vault_policy.inline.name]
  token_explicit_max_ttl = 3600
}
"#;

/// A finding, the rules that raise it, and what putting it right changes.
struct Fix {
    code: &'static str,
    policy: &'static str,
    /// Who may do less: the capability and the path.
    lost: &'static [(&'static str, &'static str)],
    /// Whether the server's policy becomes another, whatever it grants.
    updates: bool,
}

const FIXES: [Fix; 5] = [
    Fix {
        code: "VF-P006",
        policy: "path \"kv/data/a/*\" {\n  capabilities = [\"read\", \"list\"]\n}\n",
        lost: &[("list", "kv/data/a/*"), ("list", "kv/data/a")],
        updates: true,
    },
    Fix {
        code: "VF-P007",
        policy: "path \"kv/data/a/*\" {\n  capabilities = [\"read\", \"sudo\"] # all of it\n}\n",
        lost: &[("sudo", "kv/data/a/*")],
        updates: true,
    },
    Fix {
        code: "VF-P015",
        policy: "path \"kv/metadata/a\" { policy = \"write\" }\n",
        lost: &[],
        updates: false,
    },
    Fix {
        code: "VF-P016",
        policy: "path \"kv/data/a\" {\n  capabilities = [\"read\"]\n}\n\npath \"kv/data/a\" {\n  capabilities = [\"update\"]\n}\n",
        lost: &[],
        updates: false,
    },
    Fix {
        code: "VF-P018",
        policy: "path \"kv/data/a\" {\n  capabilities = [\"read\"]\n}\n\npath \"kv/data/b\" {\n  capabilities = [\"read\"]\n  expiration   = \"2001-01-01T00:00:00Z\"\n}\n",
        lost: &[],
        updates: true,
    },
];

fn place(bao: &Bao) -> Place {
    let mut place = Place::new(&[("main.tf", CONFIGURATION)]);
    place.set("VAULT_ADDR", &bao.address);
    place.set("VAULT_TOKEN", ROOT);
    place.set("VAULTFORM_NAME", "fixed");
    place
}

fn codes(place: &Place) -> Vec<String> {
    let report = place.run(&["lint", "-json"]).json();
    let found = report["findings"].as_array().unwrap();
    let codes = found.iter().map(|one| one["code"].as_str().unwrap());
    codes.map(str::to_owned).collect()
}

/// Returns what a plan changes, and who gains or loses what by it.
fn planned(place: &Place) -> (Vec<String>, Value) {
    place.run(&["plan", "-out=p.json"]).ended(0);
    let plan: Value = serde_json::from_str(&place.read("p.json")).unwrap();
    let changes = plan["resource_changes"].as_array().unwrap();
    let moved = changes
        .iter()
        .filter(|one| one["change"]["actions"] != json!(["no-op"]) && one["mode"] == "managed");
    let addresses = moved.map(|one| one["address"].as_str().unwrap().to_owned());
    let access = plan.get("access_changes").cloned();
    (addresses.collect(), access.unwrap_or(json!([])))
}

#[test]
fn each_fix_changes_on_the_server_only_what_it_is_for() {
    let bao = Bao::start();
    let place = place(&bao);
    for fix in FIXES {
        place.write("billing.hcl", fix.policy);
        place.run(&["apply", "-auto-approve"]).ended(0);
        assert_eq!(codes(&place), [fix.code]);
        place.run(&["lint", "-fix"]).ended(0).says("Fixed: 1.");
        let once = place.read("billing.hcl");
        assert_ne!(once, fix.policy, "{}", fix.code);
        place.run(&["lint", "-fix"]).ended(0).says_not("Fixed");
        assert_eq!(place.read("billing.hcl"), once, "{} again", fix.code);
        let (moved, access) = planned(&place);
        let lost: Vec<(Value, Value)> = fix
            .lost
            .iter()
            .map(|(capability, path)| (json!([capability]), json!(path)))
            .collect();
        let told: Vec<(Value, Value)> = access
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                assert_eq!(row["direction"], "loses", "{}: {access:#}", fix.code);
                (row["capabilities"].clone(), row["path"].clone())
            })
            .collect();
        assert_eq!(told, lost, "{}", fix.code);
        let expected: &[&str] = match fix.updates {
            false => &[],
            true => &["vault_policy.billing"],
        };
        assert_eq!(moved, expected, "{}", fix.code);
    }
}

#[test]
fn a_fix_of_a_block_keeps_the_rest_of_the_file() {
    let bao = Bao::start();
    let place = place(&bao);
    place.write(
        "billing.hcl",
        "path \"kv/data/a\" { capabilities = [\"read\"] }\n",
    );
    let more = CONFIGURATION.replace("[\"read\"]", "[\"read\", \"sudo\"]");
    place.write("main.tf", &more);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place.run(&["lint", "-fix"]).ended(0).says("Fixed: 1.");
    assert_eq!(place.read("main.tf"), CONFIGURATION);
    place.run(&["lint", "-fix"]).ended(0).says_not("Fixed");
    let (moved, access) = planned(&place);
    assert_eq!(moved, ["vault_policy.inline"]);
    assert_eq!(access[0]["capabilities"], json!(["sudo"]));
    assert_eq!(access.as_array().unwrap().len(), 1);
}
