//! `import` blocks: with `for_each`, and for objects that nothing declares yet.

use crate::CANARY;
use crate::place::{Place, request, started};
use serde_json::json;

const IMPORTS: &str = r#"
import {
  to = vault_mount.apps
  id = "apps"
}
import {
  to = vault_policy.reader
  id = "reader"
}
import {
  to = vault_auth_backend.approle
  id = "approle"
}
import {
  to = vault_approle_auth_backend_role.ci
  id = "auth/approle/role/ci"
}
import {
  to = vault_kv_secret_v2.db
  id = "apps/data/db"
}
import {
  to = vault_pki_secret_backend_role.server
  id = "pki/roles/server"
}
"#;

const POLICY: &str = "path \"apps/data/{{identity.entity.name}}/*\" {\n  capabilities = [\"read\"]\n}\n# ${not a template}\n";

#[test]
fn blocks_are_written_for_what_lives_and_plan_empty() {
    let (runtime, bao) = started();
    let ask = |path: &str, body| request(&runtime, &bao, "POST", path, &body);
    let kv = json!({ "type": "kv", "options": { "version": "2" }, "description": "apps' secrets" });
    ask("sys/mounts/apps", kv);
    ask(
        "sys/mounts/pki",
        json!({ "type": "pki", "config": { "max_lease_ttl": "48h" } }),
    );
    ask(
        "pki/roles/server",
        json!({ "allowed_domains": "example.org", "max_ttl": "24h", "key_bits": 2048 }),
    );
    ask("sys/auth/approle", json!({ "type": "approle" }));
    let role = json!({ "token_policies": "reader", "token_ttl": 1200, "secret_id_num_uses": 3 });
    ask("auth/approle/role/ci", role);
    ask("sys/policies/acl/reader", json!({ "policy": POLICY }));
    ask("apps/data/db", json!({ "data": { "password": CANARY } }));
    let place = Place::on(&bao, IMPORTS);
    place
        .run(&["plan"])
        .ended(1)
        .says("`vault_mount.apps` is not declared")
        .says("-generate-config-out");
    place
        .run(&["plan", "-generate-config-out=sub/x.tf"])
        .ended(1)
        .says("no part of the configuration");
    place
        .run(&["plan", "-generate-config-out=made.tf"])
        .ended(0)
        .says("Plan: 6 to import, 0 to add, 0 to change, 0 to destroy.");
    let made = std::fs::read_to_string(place.path("made.tf")).unwrap();
    assert!(!made.contains(CANARY), "{made}");
    assert!(made.contains("token_ttl          = 1200"), "{made}");
    assert!(made.contains("$${not a template}"), "{made}");
    assert!(made.contains("ignore_changes = [data_json]"), "{made}");
    place.run(&["fmt", "-check"]).ended(0);
    place
        .run(&["apply", "-auto-approve"])
        .ended(0)
        .says("6 imported");
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
    place
        .run(&["plan", "-generate-config-out=made.tf"])
        .ended(1)
        .says("is there already");
}

#[test]
fn one_block_imports_many() {
    let (runtime, bao) = started();
    for name in ["a", "b"] {
        let body =
            json!({ "policy": format!("path \"{name}\" {{\n  capabilities = [\"read\"]\n}}\n") });
        request(
            &runtime,
            &bao,
            "POST",
            &format!("sys/policies/acl/{name}"),
            &body,
        );
    }
    let place = Place::on(
        &bao,
        r#"
locals {
  names = toset(["a", "b"])
}
import {
  for_each = local.names
  to       = vault_policy.each[each.key]
  id       = each.value
}
resource "vault_policy" "each" {
  for_each = local.names
  name     = each.key
  policy   = "path \"${each.key}\" {\n  capabilities = [\"read\"]\n}\n"
}
"#,
    );
    place
        .run(&["plan"])
        .ended(0)
        .says("Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.");
    place.run(&["apply", "-auto-approve"]).ended(0);
    place.run(&["plan", "-detailed-exitcode"]).ended(0);
}
