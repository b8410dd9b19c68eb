//! Policies in a configuration: what a server would refuse in their texts, and who gains what by them.

use crate::place::{Place, started};

const BROKEN: &str = r#"
locals {
  mount = "kv"
}

resource "vault_policy" "word" {
  name   = "word"
  policy = <<-EOT
    path "kv/data/*" {
      capabilities = ["read", "wriet"]
    }
  EOT
}

resource "vault_policy" "filled" {
  name   = "filled"
  policy = <<-EOT
    path "${local.mount}/data/*" {
      capabilites = ["read"]
    }
  EOT
}

resource "vault_policy" "open" {
  name   = "open"
  policy = "path \"kv/*\" { capabilities = [\"read\" }"
}

data "vault_policy_document" "rules" {
  rule {
    path         = "kv/data/*"
    capabilities = ["reed"]
  }
}

resource "vault_policy" "rules" {
  name   = "rules"
  policy = data.vault_policy_document.rules.hcl
}

resource "vault_policy" "file" {
  name   = "file"
  policy = file("file.hcl")
}
"#;

#[test]
fn what_a_server_refuses_in_a_policy_is_told_at_its_place_before_anything_is_written() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, BROKEN);
    let text = "path \"a\" {\n  capabilities = [\"read\"]\n  allowed = {}\n}\n";
    std::fs::write(place.path("file.hcl"), text).unwrap();
    let lines = [
        "on main.tf line 10,",
        "on main.tf line 19,",
        "on main.tf line 26,",
        "on main.tf line 30,",
        "on file.hcl line 3",
    ];
    for (word, code) in [("validate", 1), ("plan", 1), ("lint", 2)] {
        let mut ran = place.run(&[word]).ended(code);
        for line in lines {
            ran = ran.says(line);
        }
        let ran = ran.says("\n                                    ^^^^^^^\n");
        ran.says("`wriet`").says("`capabilites`").says("`reed`");
    }
    let secret = format!(
        "variable \"secret\" {{\n  sensitive = true\n}}\n{}",
        BROKEN.replace("wriet", "${var.secret}")
    );
    let _ = std::fs::write(place.path("main.tf"), secret);
    place
        .run(&["plan"])
        .ended(1)
        .says("`capabilites`")
        .says_not(crate::CANARY);
    // The same text with a value that is not known yet says nothing.
    let waits = BROKEN.replace("${local.mount}", "${vault_policy.word.id}");
    std::fs::write(place.path("main.tf"), waits).unwrap();
    place.run(&["plan"]).ended(1).says("`wriet`");
}

const HELD: &str = r#"
resource "vault_policy" "a" {
  name   = "acc-a"
  policy = <<-EOT
    path "kv/data/x/*" {
      capabilities = ["read", "update"]
    }
  EOT
}

resource "vault_identity_group" "g" {
  name              = "acc-g"
  policies          = [vault_policy.a.name]
  member_entity_ids = [vault_identity_entity.e.id]
}

resource "vault_identity_entity" "e" {
  name = "acc-e"
}
"#;

#[test]
fn members_of_a_group_are_told_with_it() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, HELD);
    place
        .run(&["apply", "-auto-approve", "-no-color"])
        .ended(0)
        .says("+ entity acc-e, group acc-g gain read, update on kv/data/x/*")
        .says("through policy acc-a");
    let more = HELD.replace("\"update\"]", "\"update\", \"delete\"]");
    std::fs::write(place.path("main.tf"), more).unwrap();
    place
        .run(&["plan", "-no-color"])
        .ended(0)
        .says("+ entity acc-e, group acc-g gain delete on kv/data/x/*");
}
