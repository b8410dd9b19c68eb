//! The guard against locking oneself out, on a real server: refused before the first write.

mod common;
mod run;

use common::{Bao, ROOT};
use run::Place;
use serde_json::{Value, json};

const ALL: &str =
    r#"path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }"#;
const APP: &str = r#"path "kv/*" { capabilities = ["read"] }"#;

/// A server with an administrator that logs in by AppRole, and its token.
fn server() -> (Bao, String) {
    let bao = Bao::start();
    bao.root(
        "POST",
        "sys/policies/acl/deployer",
        json!({ "policy": ALL }),
    );
    bao.root("POST", "sys/auth/approle", json!({ "type": "approle" }));
    bao.root(
        "POST",
        "auth/approle/role/deployer",
        json!({ "token_policies": ["deployer"] }),
    );
    let role = bao.root("GET", "auth/approle/role/deployer/role-id", Value::Null);
    let secret = bao.root("POST", "auth/approle/role/deployer/secret-id", json!({}));
    let body =
        json!({ "role_id": role["data"]["role_id"], "secret_id": secret["data"]["secret_id"] });
    let login = bao.root("POST", "auth/approle/login", body);
    let token = login["auth"]["client_token"].as_str().expect("a token");
    (bao, token.to_owned())
}

fn policy(rules: &str) -> String {
    format!(
        "resource \"vault_policy\" \"deployer\" {{\n  name   = \"deployer\"\n  policy = <<-EOT\n    {rules}\n  EOT\n}}\n"
    )
}

fn role(policies: &str) -> String {
    format!(
        "resource \"vault_approle_auth_backend_role\" \"deployer\" {{\n  role_name      = \"deployer\"\n  token_policies = {policies}\n}}\n"
    )
}

fn place(bao: &Bao, token: &str, configuration: &str) -> Place {
    let mut place = Place::new(&[("main.tf", configuration)]);
    place.set("VAULT_ADDR", &bao.address);
    place.set("VAULT_TOKEN", token);
    place.set("VAULTFORM_NAME", "lockout");
    place
}

fn text(bao: &Bao) -> Value {
    bao.root("GET", "sys/policies/acl/deployer", Value::Null)["data"]["policy"].clone()
}

#[test]
fn a_policy_that_takes_its_own_power_away_is_refused_before_anything_is_written() {
    let (bao, token) = server();
    let place = place(&bao, &token, &policy(APP));
    let ran = place.run(&["apply", "-auto-approve"]).ended(6);
    ran.says("After this plan the identity that runs it could no longer write")
        .says("-allow-lockout");
    assert_eq!(text(&bao), json!(ALL), "nothing was written");
    let mounts = bao.root("GET", "sys/mounts", Value::Null);
    assert!(
        mounts["data"]["vaultform/"].is_null(),
        "not even the ledger"
    );
    place.run(&["plan"]).ended(1).says("the ledger");
    place.run(&["plan", "-allow-lockout"]).ended(0);
    place.write("main.tf", &policy(&format!("{ALL}\n    {APP}")));
    place.run(&["apply", "-auto-approve"]).ended(0);
}

#[test]
fn the_role_and_the_mount_of_the_login_count_as_well() {
    let (bao, token) = server();
    let other = "resource \"vault_policy\" \"app\" {\n  name   = \"app\"\n  policy = \"path \\\"kv/*\\\" { capabilities = [\\\"read\\\"] }\"\n}\n";
    let whole = format!("{}{}{other}", policy(ALL), role("[\"deployer\"]"));
    let place = place(&bao, &token, &whole);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place.write("main.tf", &whole.replace("= [\"deployer\"]", "= [\"app\"]"));
    place
        .run(&["apply", "-auto-approve"])
        .ended(6)
        .says("could no longer write");
    place.write("main.tf", &format!("{}{other}", policy(ALL)));
    place
        .run(&["apply", "-auto-approve"])
        .ended(6)
        .says("removes `auth/approle/role/deployer`");
    let role = bao.request("GET", "auth/approle/role/deployer", ROOT, None, &[]);
    assert_eq!(role.body["data"]["token_policies"], json!(["deployer"]));
    let door = "resource \"vault_auth_backend\" \"approle\" {\n  type = \"approle\"\n}\n";
    place.write("main.tf", &format!("{door}{whole}"));
    place.run(&["apply", "-auto-approve"]).ended(0);
    // The method alone would take the declared role with it, which is refused before.
    place.write("main.tf", &whole);
    place
        .run(&["apply", "-auto-approve"])
        .ended(6)
        .says("`vault_approle_auth_backend_role.deployer` is declared in what the plan destroys");
    place.write("main.tf", &format!("{}{other}", policy(ALL)));
    place
        .run(&["apply", "-auto-approve"])
        .ended(6)
        .says("removes `auth/approle/`, where the identity that runs it logs in");
}

#[test]
fn the_last_way_in_of_an_administrator_is_kept_also_for_root() {
    let (bao, _) = server();
    let place = place(&bao, ROOT, &policy(APP));
    let ran = place.run(&["apply", "-auto-approve"]).ended(6);
    ran.says("nobody who logs in could write policies any more")
        .says("role auth/approle/role/deployer");
    assert_eq!(text(&bao), json!(ALL));
    bao.root("POST", "sys/policies/acl/boss", json!({ "policy": ALL }));
    bao.root("POST", "sys/auth/userpass", json!({ "type": "userpass" }));
    let boss = json!({ "password": "canary-password", "token_policies": ["boss"] });
    bao.root("POST", "auth/userpass/users/boss", boss);
    place.run(&["apply", "-auto-approve"]).ended(0);
}

#[test]
fn where_there_was_no_way_in_none_is_asked_for() {
    let bao = Bao::start();
    let place = place(&bao, ROOT, &policy(ALL));
    place.run(&["apply", "-auto-approve"]).ended(0);
    place.write("main.tf", &policy(APP));
    place.run(&["apply", "-auto-approve"]).ended(0);
}

/// Counts the requests of a plan.
fn requests(place: &mut Place, arguments: &[&str]) -> Value {
    place.set("VAULTFORM_STATS", "stats.json");
    place.run(arguments).ended(0);
    let numbers: Value = serde_json::from_str(&place.read("stats.json")).unwrap();
    numbers["by_verb"].clone()
}

#[test]
fn where_nothing_of_access_changes_nothing_more_is_asked() {
    let (bao, token) = server();
    let mount = "resource \"vault_mount\" \"kv\" {\n  path        = \"kv\"\n  type        = \"kv\"\n  description = \"one\"\n}\n";
    let whole = format!("{}{}{mount}", policy(ALL), role("[\"deployer\"]"));
    let mut place = place(&bao, &token, &whole);
    place.run(&["apply", "-auto-approve"]).ended(0);
    let equal = |place: &mut Place| {
        let guarded = requests(place, &["plan"]);
        assert_eq!(guarded, requests(place, &["plan", "-allow-lockout"]));
    };
    equal(&mut place);
    place.write("main.tf", &whole.replace("one", "two"));
    equal(&mut place);
    place.write(
        "main.tf",
        &format!("{whole}{}", policy(APP).replace("deployer", "app")),
    );
    let guarded = requests(&mut place, &["plan"]);
    let free = requests(&mut place, &["plan", "-allow-lockout"]);
    let gets = |numbers: &Value| numbers["GET"].as_u64().unwrap();
    assert!(gets(&guarded) <= gets(&free) + 2, "{guarded} {free}");
}

#[test]
fn others_who_administrate_by_a_group_of_theirs_remain() {
    let (bao, _) = server();
    bao.root("POST", "sys/policies/acl/boss", json!({ "policy": ALL }));
    bao.root("POST", "sys/auth/userpass", json!({ "type": "userpass" }));
    let mounts = bao.root("GET", "sys/auth", Value::Null);
    let outside = json!({ "name": "bosses", "type": "external", "policies": ["boss"] });
    let group = bao.root("POST", "identity/group", outside);
    let place = place(&bao, ROOT, &policy(APP));
    place
        .run(&["plan"])
        .ended(1)
        .says("nobody who logs in could write policies");
    let alias = json!({
        "name": "bosses",
        "canonical_id": group["data"]["id"],
        "mount_accessor": mounts["data"]["userpass/"]["accessor"],
    });
    bao.root("POST", "identity/group-alias", alias);
    place.run(&["plan"]).ended(0);
    bao.root("DELETE", "sys/auth/userpass", Value::Null);
    place.run(&["plan"]).ended(1);
    place
        .run(&["apply", "-auto-approve", "-allow-lockout"])
        .ended(0);
    assert!(text(&bao).as_str().unwrap().contains("kv/*"));
}

#[test]
fn what_is_only_forgotten_stays_a_way_in() {
    let (bao, token) = server();
    let whole = format!("{}{}", policy(ALL), role("[\"deployer\"]"));
    let place = place(&bao, &token, &whole);
    place.run(&["apply", "-auto-approve"]).ended(0);
    let forget = "removed {\n  from = vault_policy.deployer\n  lifecycle {\n    destroy = false\n  }\n}\nremoved {\n  from = vault_approle_auth_backend_role.deployer\n  lifecycle {\n    destroy = false\n  }\n}\n";
    place.write("main.tf", forget);
    place
        .run(&["apply", "-auto-approve"])
        .ended(0)
        .says_not("Access changes");
    assert_eq!(text(&bao).as_str().unwrap().trim(), ALL);
}

#[test]
fn all_can_be_destroyed_by_who_is_not_part_of_it() {
    let (bao, token) = server();
    let whole = format!("{}{}", policy(ALL), role("[\"deployer\"]"));
    let mut place = place(&bao, &token, &whole);
    place.run(&["apply", "-auto-approve"]).ended(0);
    place
        .run(&["destroy", "-auto-approve"])
        .ended(6)
        .says("removes `auth/approle/role/deployer`");
    assert_eq!(
        text(&bao).as_str().unwrap().trim(),
        ALL,
        "nothing was destroyed"
    );
    place.set("VAULT_TOKEN", ROOT);
    place.run(&["destroy", "-auto-approve"]).ended(0);
}
