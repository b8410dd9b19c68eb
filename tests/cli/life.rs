//! A configuration from its first plan to its end, a room after the other.

use crate::place::{Place, Ran, request, started};
use crate::{CANARY, CONFIGURATION};
use serde_json::Value as Json;

fn json(ran: Ran) -> Json {
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_whole_life() {
    let (runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION).with("VAULTFORM_STATS", "stats.json");
    planned(&place);
    applied(&place);
    looked_at(&place);
    changed_behind_its_back(&place, &|| {
        let policy = serde_json::json!({ "policy": "path \"x\" { capabilities = [\"read\"] }" });
        request(&runtime, &bao, "POST", "sys/policies/acl/reader", &policy);
    });
    place
        .run(&["destroy", "-auto-approve"])
        .ended(0)
        .says("Destroy complete! Resources: 3 destroyed.");
    nothing_is_left(&request(&runtime, &bao, "GET", "sys/mounts", &Json::Null));
}

fn planned(place: &Place) {
    let plan = place.run(&[
        "plan",
        "-input=false",
        "-no-color",
        "-detailed-exitcode",
        "-out=first.plan",
    ]);
    let plan = plan
        .ended(2)
        .says("Plan: 3 to add, 0 to change, 0 to destroy.");
    plan.says("  # vault_mount.kv will be created")
        .says("the ledger's mount \"vaultform/\" will be created");
    let shown = Place::new("")
        .command(&["show", "-json"])
        .arg(place.path("first.plan"))
        .output()
        .unwrap();
    let document: Json = json(Ran::from(shown).ended(0));
    assert_eq!(document["format_version"], "1.2");
    assert_eq!(
        document["resource_changes"].as_array().map(Vec::len),
        Some(3)
    );
}

fn applied(place: &Place) {
    place.run(&["apply"]).ended(1).says("-auto-approve");
    let applied = place
        .run(&["apply", "-input=false", "-no-color", "first.plan"])
        .ended(0);
    applied
        .says("Apply complete! Resources: 3 added, 0 changed, 0 destroyed.")
        .says("mount = \"kv\"")
        .says("<sensitive>");
    place
        .run(&["plan", "-detailed-exitcode"])
        .ended(0)
        .says("No changes.");
    place.run(&["drift"]).ended(0).says("No drift.");
    let stats: Json =
        serde_json::from_slice(&std::fs::read(place.path("stats.json")).unwrap()).unwrap();
    assert!(
        stats["requests"]
            .as_u64()
            .is_some_and(|count| count > 3 && count < 30),
        "{stats}"
    );
}

fn looked_at(place: &Place) {
    let ours = place.run(&["state", "list"]).ended(0);
    assert_eq!(
        ours.out,
        "vault_kv_secret_v2.a\nvault_mount.kv\nvault_policy.reader\n"
    );
    place
        .run(&["ledger", "show", "vault_mount.kv"])
        .ended(0)
        .says("path: sys/mounts/kv");
    let live: Json = json(place.run(&["show", "-json", "-no-color"]).ended(0));
    assert_eq!(
        live["values"]["root_module"]["resources"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    assert_eq!(place.run(&["output", "-raw", "mount"]).ended(0).out, "kv");
    assert_eq!(
        place.run(&["output", "-raw", "secret"]).ended(0).out,
        CANARY
    );
    place
        .run(&["output"])
        .ended(0)
        .says("secret = <sensitive>")
        .says_not(CANARY);
    place.run(&["output", "nothing"]).ended(1);
}

fn changed_behind_its_back(place: &Place, change: &dyn Fn()) {
    change();
    place
        .run(&["drift"])
        .ended(2)
        .says("vault_policy.reader has changed");
    place
        .run(&["apply", "-refresh-only", "-auto-approve"])
        .ended(0)
        .says("vault_policy.reader has changed");
    place.run(&["drift", "-exit-code=9"]).ended(9);
    let drift: Json = json(place.run(&["drift", "-json"]).ended(2));
    assert_eq!(
        (&drift["counts"]["changed"], &drift["exit"]),
        (&1.into(), &"changes".into())
    );
    place
        .run(&["apply", "-auto-approve"])
        .ended(0)
        .says("0 added, 1 changed, 0 destroyed");
}

fn nothing_is_left(mounts: &Json) {
    assert!(
        mounts.get("kv/").is_none() && mounts.get("vaultform/").is_none(),
        "{mounts}"
    );
}

#[test]
fn a_page_of_drift_shows_also_what_failed() {
    let (_runtime, bao) = started();
    let kept = CONFIGURATION.replace("description = var.description", "description = var.description\n  lifecycle {\n    postcondition {\n      condition     = self.description == \"first\"\n      error_message = \"Another description.\"\n    }\n  }");
    let place = Place::on(&bao, &kept);
    place.run(&["apply", "-auto-approve"]).ended(0);
    let looked = ["plan", "-refresh-only", "-format=markdown"];
    let page = place.run(&looked).ended(0).out;
    assert!(!page.contains("Another description."), "{page}");
    let failed = [&looked[..], &["-var=description=other"]].concat();
    let page = place.run(&failed).ended(1).out;
    assert!(page.contains("Another description."), "{page}");
}

#[test]
fn a_known_refusal_says_what_to_do() {
    let (_runtime, bao) = started();
    let text = "resource \"vault_audit\" \"log\" {\n  type    = \"file\"\n  options = { file_path = \"discard\" }\n}\n";
    Place::on(&bao, text)
        .run(&["apply", "-auto-approve"])
        .ended(1)
        .says("cannot enable audit device via API")
        .says("unsafe_allow_api_audit_creation = true");
}
