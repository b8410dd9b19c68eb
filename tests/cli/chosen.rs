//! What a plan is told to leave out, and moves of what is still there.

use crate::place::{Place, started};

const MOVED: &str = r#"
resource "random_password" "r" {
  for_each = toset(["a", "b"])
  length   = 12
}

module "app" {
  source   = "./app"
  for_each = toset(["shop"])
  name     = each.key
}
"#;

const MODULE: &str = r#"
variable "name" {}

resource "vault_policy" "p" {
  name   = var.name
  policy = "path \"x\" {}"
}
"#;

#[test]
fn what_is_still_declared_does_not_move() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, MOVED);
    std::fs::create_dir(place.path("app")).unwrap();
    std::fs::write(place.path("app/main.tf"), MODULE).unwrap();
    place.run(&["apply", "-auto-approve"]).ended(0);
    let moves = |from: &str, to: &str, text: &str| {
        let moved = format!("{text}\nmoved {{\n  from = {from}\n  to   = {to}\n}}\n");
        std::fs::write(place.path("main.tf"), moved).unwrap();
        place.run(&["plan", "-no-color"])
    };
    for (from, to) in [
        (r#"random_password.r["a"]"#, r#"random_password.r["c"]"#),
        (r#"module.app["shop"]"#, r#"module.app["store"]"#),
        (
            r#"module.app["shop"].vault_policy.p"#,
            "vault_policy.elsewhere",
        ),
    ] {
        moves(from, to, MOVED)
            .ended(1)
            .says(&format!("`{from}` is still declared"))
            .says("on main.tf line 14");
    }
    let renamed = MOVED.replace(r#"["a", "b"]"#, r#"["c", "b"]"#);
    moves(
        r#"random_password.r["a"]"#,
        r#"random_password.r["c"]"#,
        &renamed,
    )
    .ended(0)
    .says("has moved to")
    .says("Plan: 0 to add, 0 to change, 0 to destroy.");
}

const TWO: &str = r#"
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_policy" "other" {
  name   = "other"
  policy = "path \"x\" {}"
}

output "acc" {
  value = vault_mount.kv.accessor
}

output "name" {
  value = vault_policy.other.name
}
"#;

#[test]
fn outputs_of_what_a_target_leaves_out_are_left_alone() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, TWO);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place
        .run(&["plan", "-target=vault_policy.other", "-no-color"])
        .ended(0)
        .says("No changes.")
        .says_not("acc");
    let applied = place
        .run(&[
            "apply",
            "-auto-approve",
            "-target=vault_policy.other",
            "-no-color",
        ])
        .ended(0);
    applied.says("name = \"other\"").says_not("acc");
    for word in ["-target=vault_policy.no", "-exclude=module.no"] {
        place
            .run(&["plan", word])
            .ended(0)
            .says(&format!("`{word}` names nothing"));
    }
    let word = "-replace=vault_policy.other[\"x\"]";
    place
        .run(&["plan", word])
        .ended(0)
        .says(&format!("`{word}` names nothing"));
    place
        .run(&["plan", "-replace=vault_policy.other"])
        .ended(0)
        .says_not("names nothing");
}

const SETTABLE: &str = r#"
variable "env" {
  default = "test"
}

variable "secret" {
  sensitive = true
}

resource "vault_policy" "p" {
  name   = var.env
  policy = "path \"${var.env}\" {} # ${var.secret}"
}
"#;

#[test]
fn a_saved_plan_keeps_its_variables() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, SETTABLE);
    place.run(&["plan", "-out=p.json"]).ended(0);
    std::fs::write(place.path("dev.tfvars"), "env = \"dev\"\n").unwrap();
    for word in ["-var=env=dev", "-var-file=dev.tfvars"] {
        place
            .run(&["apply", word, "p.json"])
            .ended(1)
            .says("annot set variables with a saved plan")
            .says_not("moved");
    }
    let secret = format!("-var=secret={}", crate::CANARY);
    place.run(&["apply", &secret, "p.json"]).ended(0);
}

#[test]
fn numbers_and_times_that_are_none_are_refused() {
    let place = Place::new("");
    for command in ["plan", "apply", "destroy"] {
        place
            .run(&[command, "-parallelism=0"])
            .ended(1)
            .says("`-parallelism=0` is not a whole number above 0");
        place
            .run(&[command, "-lock-timeout=abc"])
            .ended(1)
            .says("`-lock-timeout=abc` is not a duration");
    }
}

#[test]
fn a_local_that_nothing_uses_is_looked_at_all_the_same() {
    let (_runtime, bao) = started();
    let text = "locals {\n  n = tonumber(\"x\")\n}\n\nvariable \"v\" {\n  default = \"x\"\n}\n\nlocals {\n  m = tonumber(var.v)\n}\n";
    let place = Place::on(&bao, text);
    place.run(&["validate"]).ended(1).says("on main.tf line 2");
    place
        .run(&["plan"])
        .ended(1)
        .says("on main.tf line 2")
        .says("on main.tf line 10");
}

#[test]
fn mistakes_in_the_settings_are_told_at_their_places_all_at_once() {
    let place = Place::new("");
    let settings = |text: &str| std::fs::write(place.path("vaultform.hcl"), text).unwrap();
    settings("nam = \"x\"\n\nledger {\n  mount =\n}\n\ndrift {\n  heal { max_object = 3 }\n}\n");
    for command in ["validate", "plan", "drift"] {
        place
            .run(&[command])
            .ended(1)
            .says("on vaultform.hcl line 1:")
            .says("did you mean `name`?")
            .says("on vaultform.hcl line 4, in ledger:")
            .says("on vaultform.hcl line 8, in drift:")
            .says("did you mean `max_objects`?");
    }
    settings("name = \"x\"\n");
    place.run(&["validate"]).ended(0);
}

const TWINS: &str = r#"
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_kv_secret_v2" "typed" {
  mount     = vault_mount.kv.path
  name      = "app/one"
  data_json = "{}"
}

resource "vault_generic_secret" "plain" {
  path      = "kv/app/one"
  data_json = "{}"
}

resource "vault_generic_secret" "other" {
  path      = "kv/app/two"
  data_json = "{}"
}

resource "vault_auth_backend" "entry" {
  type = "jwt"
}

resource "vault_jwt_auth_backend" "whole" {
  path     = "jwt"
  jwks_url = "http://127.0.0.1:1/keys"
}
"#;

#[test]
fn one_thing_declared_by_two_types_is_refused() {
    let (_runtime, bao) = started();
    Place::on(&bao, TWINS)
        .run(&["plan"])
        .ended(1)
        .says("`vault_kv_secret_v2.typed` and `vault_generic_secret.plain` declare the same object, `kv/data/app/one`")
        .says("`vault_jwt_auth_backend.whole` and `vault_auth_backend.entry` declare the same object, `sys/auth/jwt`")
        .says("2 errors");
}
