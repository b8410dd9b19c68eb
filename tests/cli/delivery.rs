//! Values that the server gives once, and runs that end before they arrived.

use crate::place::{Place, request, started};
use serde_json::{Value as Json, json};

const APPROLE: &str = r#"
resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_approle_auth_backend_role" "ci" {
  backend   = vault_auth_backend.approle.path
  role_name = "ci"
}

resource "vault_approle_auth_backend_role_secret_id" "ci" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.ci.role_name
}
"#;

const KEPT: &str = r#"
resource "vault_generic_secret" "ci" {
  path      = "apart/ci"
  data_json = jsonencode({ secret_id = vault_approle_auth_backend_role_secret_id.ci.secret_id })
}
"#;

#[test]
fn a_value_that_did_not_arrive_is_made_anew() {
    let (runtime, bao) = started();
    let ask = |method: &str, path: &str, body: &Json| request(&runtime, &bao, method, path, body);
    let place = Place::on(&bao, &format!("{APPROLE}{KEPT}"));
    place
        .run(&["apply", "-auto-approve"])
        .ended(3)
        .says("apart/ci");
    let kv = json!({ "type": "kv", "options": { "version": "1" } });
    ask("POST", "sys/mounts/apart", &kv);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
    let ids = ask("LIST", "auth/approle/role/ci/secret-id", &Json::Null);
    assert_eq!(ids["keys"].as_array().unwrap().len(), 1, "{ids}");
    let role = ask("GET", "auth/approle/role/ci/role-id", &Json::Null);
    let kept = ask("GET", "apart/ci", &Json::Null);
    let login = json!({ "role_id": role["role_id"], "secret_id": kept["secret_id"] });
    ask("POST", "auth/approle/login", &login);
}

#[test]
fn a_value_that_had_arrived_is_not_made_anew_unasked() {
    let (runtime, bao) = started();
    let place = Place::on(&bao, APPROLE);
    place.run(&["apply", "-auto-approve"]).ended(0);
    let kv = json!({ "type": "kv", "options": { "version": "1" } });
    request(&runtime, &bao, "POST", "sys/mounts/apart", &kv);
    std::fs::write(place.path("main.tf"), format!("{APPROLE}{KEPT}")).unwrap();
    let giver = "vault_approle_auth_backend_role_secret_id.ci";
    place
        .run(&["plan"])
        .ended(1)
        .says("`data_json` needs a value that the server gave only once")
        .says(giver);
    let anew = format!("-replace={giver}");
    place.run(&["apply", "-auto-approve", &anew]).ended(0);
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
}

#[test]
fn the_one_object_that_gave_a_value_is_named() {
    let (runtime, bao) = started();
    let calls = "module \"app\" {\n  source   = \"./app\"\n  for_each = toset([\"blog\", \"shop\", \"wiki\"])\n  name     = each.key\n}\n";
    let place = Place::on(&bao, calls);
    std::fs::create_dir(place.path("app")).unwrap();
    let module = format!("variable \"name\" {{}}\n{APPROLE}").replace(
        "type = \"approle\"",
        "type = \"approle\"\n  path = var.name",
    );
    let write = |text: &str| std::fs::write(place.path("app/main.tf"), text).unwrap();
    write(&module);
    place.run(&["apply", "-auto-approve"]).ended(0);
    let kv = json!({ "type": "kv", "options": { "version": "1" } });
    request(&runtime, &bao, "POST", "sys/mounts/apart", &kv);
    write(&format!(
        "{module}{}",
        KEPT.replace("apart/ci", "apart/${var.name}")
    ));
    let plan = place.run(&["plan", "-no-color"]).ended(1);
    let told = plan.error.clone() + &plan.out;
    let hints: Vec<&str> = told.split("help: ").skip(1).collect();
    assert_eq!(hints.len(), 3, "{told}");
    for (hint, app) in hints.iter().zip(["blog", "shop", "wiki"]) {
        let hint = hint.split_whitespace().collect::<Vec<_>>().join(" ");
        let giver = "vault_approle_auth_backend_role_secret_id.ci";
        let wanted = format!("with `-replace='module.app[\"{app}\"].{giver}'`");
        assert!(hint.contains(&wanted), "{hint}");
        assert_eq!(hint.matches("-replace").count(), 1, "{hint}");
    }
}
