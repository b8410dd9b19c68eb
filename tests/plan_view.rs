//! What our plans show that Terraform's do not, made from steps of real types; and that no secret is ever in it.

use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use vaultform::catalog::registry::lookup;
use vaultform::plan::{
    AttributeChange, Change, Comparison, Origin, OutputChange, Plan, Reason, Step,
};
use vaultform::value::{Address, InstanceKey, Marks, Mode, ModuleAddress, ServerPath, Type, Value};
use vaultform::view::configuration::ConfigurationView;
use vaultform::view::document::PlanDocument;
use vaultform::view::drift_text::{drift_counts, drift_text};
use vaultform::view::paint::Paint;
use vaultform::view::plan_json::{PlanFacts, plan_document};
use vaultform::view::plan_text::{TextOptions, plan_text};
use vaultform::view::product::Product;
use vaultform::view::prompt::approval;
use vaultform::view::schema::Schema;
use vaultform::view::state_json::{DocumentStyle, StateObject, state_document};
use vaultform::view::state_text::state_text;
use vaultform::view::ui_json::Stream;

const CANARY: &str = "canary-0b5c";

fn address(type_name: &str, name: &str) -> Address {
    Address {
        module: ModuleAddress::default(),
        mode: Mode::Managed,
        type_name: type_name.into(),
        name: name.into(),
        key: InstanceKey::None,
    }
}

fn object(fields: &[(&str, Value)]) -> Value {
    Value::object(
        fields
            .iter()
            .map(|(name, value)| (Arc::from(*name), value.clone()))
            .collect(),
    )
}

fn step(type_name: &str, name: &str, change: Change) -> Step {
    Step {
        address: address(type_name, name),
        previous: None,
        kind: lookup(Mode::Managed, type_name).unwrap(),
        provider: "vault".into(),
        place: Some(ServerPath::new("cluster", "", &format!("sys/{name}"))),
        old_place: None,
        change,
        before: None,
        after: None,
        attributes: BTreeMap::new(),
        origin: None,
        reason: None,
        adopts: false,
        import: None,
        after_steps: Vec::new(),
        span: None,
        losses: Vec::new(),
    }
}

fn differs(comparison: Comparison, origin: Origin) -> AttributeChange {
    AttributeChange {
        comparison,
        differs: true,
        origin: Some(origin),
        replaces: false,
    }
}

fn facts(show_sensitive: bool) -> PlanFacts<'static> {
    PlanFacts {
        style: DocumentStyle {
            terraform_version: "1.11.4",
            registry: "",
            show_sensitive,
        },
        variables: BTreeMap::from([
            (Arc::from("open"), Value::from("seen")),
            (
                Arc::from("closed"),
                Value::from(CANARY).marked(Marks::SENSITIVE),
            ),
        ]),
        data: Vec::new(),
        configuration: ConfigurationView::default(),
        timestamp: 1_795_315_200,
        whole: true,
        errored: false,
        saved: Some(json!({ "flags": ["-allow-data-loss"] })),
        access: vaultform::policy::Access::default(),
    }
}

fn schemas(mode: &str, name: &str) -> Option<Schema> {
    let mode = if mode == "data" {
        Mode::Data
    } else {
        Mode::Managed
    };
    lookup(mode, name).map(Schema::of)
}

/// Writes, reads and shows, as `plan -out` and `show` do.
fn text_of(plan: &Plan) -> String {
    let written = plan_document(plan, &facts(false)).to_json().unwrap();
    assert!(!written.contains(CANARY), "{written}");
    let read = PlanDocument::from_json(&written).unwrap();
    plan_text(&read, &schemas, TextOptions::default())
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        steps,
        ..Plan::default()
    }
}

fn body(text: &str) -> &str {
    let begin = text.find("following actions:\n").map_or(0, |at| at + 20);
    &text[begin..]
}

#[test]
fn an_update_tells_who_moved() {
    let mut drifted = step("vault_policy", "reader", Change::Update);
    drifted.before = Some(object(&[
        ("id", "reader".into()),
        ("name", "reader".into()),
        (
            "policy",
            "path \"a\" {\n  capabilities = [\"read\"]\n}\n".into(),
        ),
    ]));
    drifted.after = Some(object(&[
        ("id", "reader".into()),
        ("name", "reader".into()),
        (
            "policy",
            "path \"a\" {\n  capabilities = [\"list\"]\n}\n".into(),
        ),
    ]));
    drifted.origin = Some(Origin::Drift);
    let expected = "
  # vault_policy.reader will be updated in-place
  # drift: changed outside of vaultform
  ~ resource \"vault_policy\" \"reader\" {
        id     = \"reader\"
        name   = \"reader\"
      ~ policy = <<-EOT
            path \"a\" {
          -   capabilities = [\"read\"]
          +   capabilities = [\"list\"]
            }
        EOT
    }

Plan: 0 to add, 1 to change, 0 to destroy.
";
    assert_eq!(
        body(&text_of(&plan(vec![drifted]))),
        expected.trim_start_matches('\n')
    );
}

#[test]
fn adoption_is_a_line_and_a_count() {
    let mut first = step("vault_policy", "a", Change::Adopt);
    first.before = Some(object(&[("name", "a".into())]));
    first.after.clone_from(&first.before);
    let second = Step {
        address: address("vault_policy", "b"),
        ..first.clone()
    };
    let mut update = step("vault_policy", "c", Change::Update);
    update.before = Some(object(&[("name", "c".into()), ("policy", "x".into())]));
    update.after = Some(object(&[("name", "c".into()), ("policy", "y".into())]));
    update.adopts = true;
    let expected = "  # vault_policy.a will be adopted
  # vault_policy.b will be adopted

  # vault_policy.c will be updated in-place
  # adopts existing object
  ~ resource \"vault_policy\" \"c\" {
        name   = \"c\"
      ~ policy = \"x\" -> \"y\"
    }

Plan: 2 to adopt, 0 to add, 1 to change, 0 to destroy.
";
    assert_eq!(body(&text_of(&plan(vec![update, second, first]))), expected);
}

#[test]
fn a_mount_moves_and_a_loss_is_counted() {
    let mut remount = step("vault_mount", "kv", Change::Remount);
    remount.before = Some(object(&[("path", "a".into()), ("type", "kv".into())]));
    remount.after = Some(object(&[("path", "b".into()), ("type", "kv".into())]));
    let mut gone = step("vault_mount", "old", Change::Delete);
    gone.before = Some(object(&[("path", "old".into())]));
    gone.reason = Some(Reason::NoBlock);
    gone.losses = vec!["312 secrets".to_owned(), "4 issuers".to_owned()];
    let expected = "  # vault_mount.kv will be moved on the server from \"a/\" to \"b/\"
  ~ resource \"vault_mount\" \"kv\" {
      ~ path = \"a\" -> \"b\"
        # (1 unchanged attribute hidden)
    }

  # vault_mount.old will be destroyed
  # (because vault_mount.old is not in configuration)
  # destroys 312 secrets, 4 issuers
  - resource \"vault_mount\" \"old\" {
      - path = \"old\" -> null
    }

Plan: 0 to add, 1 to change, 1 to destroy.
";
    assert_eq!(body(&text_of(&plan(vec![gone, remount]))), expected);
}

/// A role whose description comes from a sensitive variable: the live value, sent by an earlier apply, is a secret too.
fn secretive() -> Step {
    let secret = |text: &str| Value::from(format!("{CANARY}-{text}"));
    let mut step = step("vault_mount", "kv", Change::Update);
    step.before = Some(object(&[
        ("path", "kv".into()),
        ("description", secret("old")),
    ]));
    step.after = Some(object(&[
        ("path", "kv".into()),
        ("description", secret("new").marked(Marks::SENSITIVE)),
    ]));
    step
}

#[test]
fn no_secret_is_in_any_form() {
    let secret = Value::from(CANARY).marked(Marks::SENSITIVE);
    let mut plan = plan(vec![secretive()]);
    let mut drifted = secretive();
    drifted.origin = Some(Origin::Drift);
    text_of(&Plan {
        steps: vec![drifted],
        ..Plan::default()
    });
    plan.outputs.push(OutputChange {
        name: "password".into(),
        before: Some(Value::from(format!("{CANARY}-old"))),
        after: Some(Value::from(CANARY)),
        sensitive: true,
    });
    plan.outputs.push(OutputChange {
        name: "nested".into(),
        before: None,
        after: Some(object(&[("open", "seen".into()), ("closed", secret)])),
        sensitive: false,
    });
    let text = text_of(&plan);
    let expected = "  # vault_mount.kv will be updated in-place
  ~ resource \"vault_mount\" \"kv\" {
      ~ description = (sensitive value)
        # (1 unchanged attribute hidden)
    }

Plan: 0 to add, 1 to change, 0 to destroy.

Changes to Outputs:
  + nested   = {
      + closed = (sensitive value)
      + open   = \"seen\"
    }
  ~ password = (sensitive value)
";
    assert_eq!(body(&text), expected);
    let document = plan_document(&plan, &facts(false));
    let stream = Stream {
        product: Product::Terraform,
        version: "1.11.4",
        now: 1_795_315_200_000_000,
    };
    assert!(!stream.plan(&document).contains(CANARY));
    assert!(!drift_text(&document, &schemas, TextOptions::default()).contains(CANARY));
}

#[test]
fn secrets_are_shown_on_request_only() {
    let document = plan_document(&plan(vec![secretive()]), &facts(true));
    let show = |show_sensitive| {
        let options = TextOptions {
            show_sensitive,
            ..TextOptions::default()
        };
        plan_text(&document, &schemas, options)
    };
    assert!(show(true).contains(&format!("\"{CANARY}-old\" -> \"{CANARY}-new\"")));
    assert!(!show(false).contains(CANARY));
}

#[test]
fn what_cannot_be_read_is_unchanged_or_changed_but_never_added() {
    let mut step = step(
        "vault_approle_auth_backend_role_secret_id",
        "ci",
        Change::Update,
    );
    let secret = Value::from(CANARY).marked(Marks::SENSITIVE);
    step.before = Some(object(&[
        ("secret_id", Value::null(Type::String)),
        ("metadata", "{}".into()),
    ]));
    step.after = Some(object(&[
        ("secret_id", secret.clone()),
        ("metadata", "{\"a\":1}".into()),
    ]));
    step.attributes.insert(
        "secret_id".into(),
        differs(Comparison::Digest, Origin::Config),
    );
    assert!(text_of(&plan(vec![step.clone()])).contains("      ~ secret_id = (sensitive value)\n"));
    step.before = Some(object(&[("secret_id", secret), ("metadata", "{}".into())]));
    step.attributes.insert(
        "secret_id".into(),
        AttributeChange {
            differs: false,
            comparison: Comparison::Unverified,
            origin: None,
            replaces: false,
        },
    );
    let text = text_of(&plan(vec![step]));
    assert!(!text.contains("secret_id = (sensitive value)"), "{text}");
    assert!(text.contains("  # unverified: secret_id\n"), "{text}");
}

#[test]
fn drift_is_told_apart_from_what_is_pending() {
    let mut drifted = step("vault_mount", "kv", Change::Update);
    drifted.before = Some(object(&[
        ("path", "kv".into()),
        ("description", "by hand".into()),
        ("default_lease_ttl_seconds", 60.into()),
    ]));
    drifted.after = Some(object(&[
        ("path", "kv".into()),
        ("description", "settings".into()),
        ("default_lease_ttl_seconds", 90.into()),
    ]));
    drifted.origin = Some(Origin::Both);
    drifted.attributes = BTreeMap::from([
        (
            "description".into(),
            differs(Comparison::Compared, Origin::Drift),
        ),
        (
            "default_lease_ttl_seconds".into(),
            differs(Comparison::Compared, Origin::Config),
        ),
    ]);
    let mut deleted = step("vault_policy", "gone", Change::Create);
    deleted.after = Some(object(&[("name", "gone".into())]));
    deleted.origin = Some(Origin::Drift);
    let mut new = step("vault_policy", "new", Change::Create);
    new.after = Some(object(&[("name", "new".into())]));
    new.origin = Some(Origin::Config);
    let document = plan_document(&plan(vec![drifted, deleted, new]), &facts(false));
    let expected = "  # vault_mount.kv has changed
  # at \"sys/kv\"
  ~ resource \"vault_mount\" \"kv\" {
      ~ description               = \"settings\" -> \"by hand\"
        # (2 unchanged attributes hidden)
    }

  # vault_policy.gone has been deleted
  # at \"sys/gone\"

Pending configuration, which is no drift:
  ~ vault_mount.kv
  + vault_policy.new

Drift: 1 changed, 1 deleted outside of vaultform. Pending: 2 objects.
";
    let text = drift_text(&document, &schemas, TextOptions::default());
    assert_eq!(text, expected);
    assert!(drift_counts(&document).any());
    let text = plan_text(&document, &schemas, TextOptions::default());
    assert!(
        text.contains("  # drift: description changed outside of vaultform\n"),
        "{text}"
    );
    assert!(
        text.contains("  # drift: deleted outside of vaultform\n"),
        "{text}"
    );
}

#[test]
fn documents_have_the_shape_that_tools_read() {
    let mut created = step("vault_policy", "reader", Change::Create);
    created.address.key = InstanceKey::Key("a b".into());
    created.address.module = ModuleAddress::default().child("team", InstanceKey::Index(0));
    created.after = Some(object(&[
        ("id", Value::unknown(Type::String, Arc::default())),
        ("name", "reader".into()),
    ]));
    let plan = plan(vec![created, secretive()]);
    let document: Json =
        serde_json::from_str(&plan_document(&plan, &facts(false)).to_json().unwrap()).unwrap();
    assert_eq!(document["format_version"], "1.2");
    assert_eq!(document["timestamp"], "2026-11-22T02:40:00Z");
    assert_eq!(
        document["variables"],
        json!({ "open": { "value": "seen" }, "closed": {} })
    );
    let updated = &document["resource_changes"][0]["change"];
    assert_eq!(updated["actions"], json!(["update"]));
    assert_eq!(
        updated["after"],
        json!({ "description": null, "path": "kv" })
    );
    assert_eq!(updated["after_sensitive"], json!({ "description": true }));
    assert_eq!(updated["before_sensitive"], json!({ "description": true }));
    let created = &document["resource_changes"][1];
    assert_eq!(
        created["address"],
        "module.team[0].vault_policy.reader[\"a b\"]"
    );
    assert_eq!(created["module_address"], "module.team[0]");
    assert_eq!(created["index"], "a b");
    assert_eq!(created["provider_name"], "hashicorp/vault");
    assert_eq!(created["change"]["before"], Json::Null);
    assert_eq!(created["change"]["after"], json!({ "name": "reader" }));
    assert_eq!(created["change"]["after_unknown"], json!({ "id": true }));
    let root = &document["planned_values"]["root_module"];
    assert_eq!(
        root["resources"][0]["values"],
        json!({ "description": null, "path": "kv" })
    );
    let child = &root["child_modules"][0];
    assert_eq!(child["address"], "module.team[0]");
    assert_eq!(child["resources"][0]["index"], "a b");
    let prior = &document["prior_state"]["values"]["root_module"];
    assert_eq!(
        prior["resources"][0]["values"],
        json!({ "description": null, "path": "kv" })
    );
    assert_eq!(
        document["vaultform"]["saved"],
        json!({ "flags": ["-allow-data-loss"] })
    );
    assert_eq!(document["applyable"], true);
}

#[test]
fn events_are_one_a_line() {
    let mut created = step("vault_policy", "reader", Change::Create);
    created.after = Some(object(&[("name", "reader".into())]));
    let document = plan_document(&plan(vec![created]), &facts(false));
    let stream = Stream {
        product: Product::OpenTofu,
        version: "1.11.4",
        now: 1_795_315_200_000_000,
    };
    let text = stream.version() + &stream.plan(&document);
    let events: Vec<Json> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["version", "planned_change", "change_summary"]);
    assert_eq!(events[0]["tofu"], "1.11.4");
    assert_eq!(events[0]["ui"], "1.2");
    assert_eq!(events[0]["@timestamp"], "2026-11-22T02:40:00.000000Z");
    assert_eq!(events[1]["change"]["action"], "create");
    let resource = json!({
        "addr": "vault_policy.reader",
        "module": "",
        "resource": "vault_policy.reader",
        "implied_provider": "vault",
        "resource_type": "vault_policy",
        "resource_name": "reader",
        "resource_key": null,
    });
    assert_eq!(events[1]["change"]["resource"], resource);
    assert_eq!(
        events[2]["@message"],
        "Plan: 1 to add, 0 to change, 0 to destroy."
    );
    assert_eq!(events[2]["changes"]["add"], 1);
}

#[test]
fn nothing_to_do_says_so() {
    let text = text_of(&plan(Vec::new()));
    let expected = "No changes. Your infrastructure matches the configuration.

Terraform has compared your real infrastructure against your configuration
and found no differences, so no changes are needed.
";
    assert_eq!(text, expected);
}

#[test]
fn live_objects_read_as_blocks() {
    let object = StateObject {
        address: address("vault_mount", "kv"),
        kind: lookup(Mode::Managed, "vault_mount").unwrap(),
        values: object(&[
            ("path", "kv".into()),
            ("description", Value::from(CANARY).marked(Marks::SENSITIVE)),
            (
                "options",
                Value::map(
                    Type::String,
                    BTreeMap::from([("version".into(), "2".into())]),
                ),
            ),
        ]),
        depends_on: Vec::new(),
    };
    let outputs = BTreeMap::from([(Arc::from("path"), Value::from("kv"))]);
    let expected = "# vault_mount.kv:
resource \"vault_mount\" \"kv\" {
    description = (sensitive value)
    options     = {
        \"version\" = \"2\"
    }
    path        = \"kv\"
}


Outputs:

path = \"kv\"
";
    let objects = [object];
    assert_eq!(
        state_text(&objects, &outputs, Paint(false), false),
        expected
    );
    let document = state_document(&objects, &outputs, facts(false).style);
    let entry = &document["values"]["root_module"]["resources"][0];
    assert_eq!(entry["values"]["description"], Json::Null);
    assert_eq!(entry["sensitive_values"], json!({ "description": true }));
    assert_eq!(document["values"]["outputs"]["path"]["value"], "kv");
    assert_eq!(document["format_version"], "1.0");
}

#[test]
fn the_question_names_what_is_lost() {
    let mut gone = step("vault_mount", "old", Change::Delete);
    gone.before = Some(object(&[("path", "old".into())]));
    gone.losses = vec!["312 secrets".to_owned()];
    let document = plan_document(&plan(vec![gone]), &facts(false));
    let expected = "Do you want to perform these actions?
  Terraform will perform the actions described above.
  This destroys data that this configuration did not write:
    vault_mount.old: 312 secrets
  Only 'yes' will be accepted to approve.

  Enter a value: ";
    assert_eq!(
        approval(&document, Product::Terraform, Paint(false)),
        expected
    );
}
