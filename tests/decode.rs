//! From bodies to objects: shapes of values, `dynamic` blocks, marks and places.

mod memory;

use memory::Files;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use vaultform::catalog::registry;
use vaultform::eval::functions::Phase;
use vaultform::eval::{Decoded, Reference, Scope, Subject, World, decode_body};
use vaultform::source::{Outcome, Sources};
use vaultform::syntax::parse_file;
use vaultform::value::{
    Address, InstanceKey, Marks, Mode, ModuleAddress, Shape, Type, Value, Waits,
};

struct Known {
    files: Files,
    variables: BTreeMap<&'static str, Value>,
}

impl Scope for Known {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        match &reference.subject {
            Subject::Variable(name) => Ok(self.variables[&**name].clone()),
            other => panic!("nothing else is used here: {other:?}"),
        }
    }

    fn world(&self) -> World<'_> {
        World {
            surroundings: &self.files,
            base_directory: Path::new("."),
            phase: Phase::Plan,
            now: 0,
            entropy: &|_| {},
        }
    }
}

fn decode(mode: Mode, kind: &str, body: &str, variables: &[(&'static str, Value)]) -> Decoded {
    let mut sources = Sources::default();
    let file = sources.add("main.tf", body);
    let (body, told) = parse_file(file, body);
    assert!(told.is_empty(), "{told:#?}");
    let scope = Known {
        files: Files::of(&[]),
        variables: variables.iter().cloned().collect(),
    };
    decode_body(&body, registry::lookup(mode, kind).unwrap(), &scope)
}

fn good(mode: Mode, kind: &str, body: &str, variables: &[(&'static str, Value)]) -> Value {
    let decoded = decode(mode, kind, body, variables);
    assert!(decoded.diagnostics.is_empty(), "{:#?}", decoded.diagnostics);
    decoded.attributes
}

fn waits() -> Waits {
    Arc::new(
        [Address {
            module: ModuleAddress::default(),
            mode: Mode::Managed,
            type_name: "vault_mount".into(),
            name: "kv".into(),
            key: InstanceKey::None,
        }]
        .into(),
    )
}

#[test]
fn every_attribute_is_there_and_what_is_left_out_is_null() {
    let mount = good(
        Mode::Managed,
        "vault_mount",
        "path = 5\ntype = \"kv\"\noptions = { version = 2 }\nlocal = \"true\"\n",
        &[],
    );
    let table = registry::lookup(Mode::Managed, "vault_mount").unwrap();
    assert_eq!(mount.as_fields().unwrap().len(), table.all().count());
    assert_eq!(mount.field("path").unwrap().as_text(), Some("5"));
    assert_eq!(mount.field("local").unwrap().as_bool(), Some(true));
    assert_eq!(
        format!("{:?}", mount.field("options").unwrap()),
        "{\"version\": \"2\"}"
    );
    let description = mount.field("description").unwrap();
    assert!(description.shape == Shape::Null(Type::String));
}

#[test]
fn a_single_block_is_a_list_of_one_and_a_missing_one_is_null() {
    let body = "type = \"userpass\"\ntune {\n  max_lease_ttl = \"1h\"\n}\n";
    let backend = good(Mode::Managed, "vault_auth_backend", body, &[]);
    let tune = backend.field("tune").unwrap();
    assert!(matches!(&tune.shape, Shape::List(Type::Object(_), items) if items.len() == 1));
    let inner = tune.elements().next().unwrap();
    assert_eq!(inner.field("max_lease_ttl").unwrap().as_text(), Some("1h"));
    assert!(inner.field("token_type").unwrap().is_null());
    let bare = good(
        Mode::Managed,
        "vault_auth_backend",
        "type = \"userpass\"\n",
        &[],
    );
    assert!(bare.field("tune").unwrap().is_null());
}

#[test]
fn a_list_of_objects_is_as_good_as_blocks() {
    let blocks = "type = \"userpass\"\ntune {\n  max_lease_ttl = \"1h\"\n}\n";
    let list = "type = \"userpass\"\ntune = [{ max_lease_ttl = \"1h\" }]\n";
    assert_eq!(
        good(Mode::Managed, "vault_auth_backend", blocks, &[]),
        good(Mode::Managed, "vault_auth_backend", list, &[])
    );
}

const RULES: &str = r#"
dynamic "rule" {
  for_each = var.paths
  content {
    path         = rule.key
    capabilities = ["read"]
    dynamic "allowed_parameter" {
      for_each = rule.value
      iterator = one
      content {
        key   = "${rule.key}-${one.value}"
        value = []
      }
    }
  }
}
rule {
  path         = "last"
  capabilities = ["deny"]
}
"#;

fn paths() -> Value {
    let list = |items: &[&str]| Value::tuple(items.iter().map(|item| Value::from(*item)).collect());
    Value::object([("a".into(), list(&["x", "y"])), ("b".into(), list(&[]))].into())
}

#[test]
fn dynamic_blocks_nest_and_keep_the_order_of_the_text() {
    let document = good(
        Mode::Data,
        "vault_policy_document",
        RULES,
        &[("paths", paths())],
    );
    let rules: Vec<&Value> = document.field("rule").unwrap().elements().collect();
    let names: Vec<&str> = rules
        .iter()
        .filter_map(|rule| rule.field("path")?.as_text())
        .collect();
    assert_eq!(names, ["a", "b", "last"]);
    let keys: Vec<&str> = rules[0]
        .field("allowed_parameter")
        .unwrap()
        .elements()
        .filter_map(|parameter| parameter.field("key")?.as_text())
        .collect();
    assert_eq!(keys, ["a-x", "a-y"]);
    assert!(rules[1].field("allowed_parameter").unwrap().is_null());
}

#[test]
fn blocks_are_unknown_while_their_number_is() {
    let unknown = Value::unknown(Type::Dynamic, waits());
    let document = good(
        Mode::Data,
        "vault_policy_document",
        RULES,
        &[("paths", unknown)],
    );
    let rules = document.field("rule").unwrap();
    assert!(rules.is_unknown());
    assert_eq!(rules.waits_for(), *waits());
    assert!(matches!(rules.ty(), Type::List(_)));
}

#[test]
fn marks_of_what_blocks_are_made_of_stay() {
    let secret = paths().marked(Marks::SENSITIVE);
    let document = good(
        Mode::Data,
        "vault_policy_document",
        RULES,
        &[("paths", secret)],
    );
    assert!(document.field("rule").unwrap().marks.sensitive);
}

#[test]
fn sensitive_attributes_are_marked_and_never_shown() {
    let body = "role_id = \"canary\"\nbackend = \"approle\"\nrole_name = \"x\"\n";
    let table = registry::lookup(Mode::Managed, "vault_kv_secret_v2").unwrap();
    assert!(
        table.attribute("data_json").unwrap().sensitive,
        "the test needs a sensitive one"
    );
    let secret = good(
        Mode::Managed,
        "vault_kv_secret_v2",
        "mount = \"kv\"\nname = \"a\"\ndata_json = \"{\\\"a\\\":\\\"canary\\\"}\"\n",
        &[],
    );
    assert!(secret.field("data_json").unwrap().marks.sensitive);
    assert!(!format!("{secret:?}").contains("canary"));
    let wrong = decode(
        Mode::Managed,
        "vault_kv_secret_v2",
        "mount = \"kv\"\nname = \"a\"\ndata_json = \"{canary\"\n",
        &[],
    );
    assert_eq!(wrong.diagnostics.len(), 1);
    assert!(!format!("{wrong:?}").contains("canary"));
    let role = good(Mode::Managed, "vault_approle_auth_backend_role", body, &[]);
    assert_eq!(role.field("role_id").unwrap().as_text(), Some("canary"));
}

#[test]
fn places_of_attributes_and_blocks_are_kept() {
    let body = "type = \"userpass\"\ntune {\n  max_lease_ttl = \"1h\"\n}\n";
    let decoded = decode(Mode::Managed, "vault_auth_backend", body, &[]);
    let text = |name: &str| {
        let span = decoded.spans[name];
        &body[span.start as usize..span.end as usize]
    };
    assert_eq!(text("type"), "\"userpass\"");
    assert_eq!(text("tune"), "tune");
    assert_eq!(text("tune.max_lease_ttl"), "\"1h\"");
}

#[test]
fn ephemeral_values_go_where_nothing_is_kept() {
    let value = Value::from("x").marked(Marks::EPHEMERAL);
    let ordinary = decode(
        Mode::Managed,
        "vault_policy",
        "name = \"a\"\npolicy = var.x\n",
        &[("x", value.clone())],
    );
    assert_eq!(ordinary.diagnostics[0].code, "ephemeral-value");
    let json = Value::from("{}").marked(Marks::EPHEMERAL);
    let body = "mount = \"kv\"\nname = \"a\"\ndata_json_wo = var.x\ndata_json_wo_version = 1\n";
    good(Mode::Managed, "vault_kv_secret_v2", body, &[("x", json)]);
    good(
        Mode::Ephemeral,
        "vault_kv_secret_v2",
        "mount = \"kv\"\nname = var.x\n",
        &[("x", value)],
    );
}

#[test]
fn rules_hold_between_attributes_and_leave_the_unknown_alone() {
    let codes = |body: &str, x: Value| -> Vec<&'static str> {
        let variables = [("x", x)];
        let kind = "vault_kv_secret_v2";
        let decoded = decode(Mode::Managed, kind, body, &variables);
        decoded.diagnostics.iter().map(|one| one.code).collect()
    };
    let both = "mount = \"kv\"\nname = \"a\"\ndata_json = var.x\ndata_json_wo = \"{}\"\ndata_json_wo_version = 1\n";
    let text = || Value::from("{}");
    assert_eq!(codes(both, text()), ["conflicting-arguments"]);
    assert!(codes(both, Value::null(Type::String)).is_empty());
    assert!(codes(both, Value::unknown(Type::String, waits())).is_empty());
    let alone = "mount = \"kv\"\nname = \"a\"\ndata_json_wo_version = 1\n";
    assert_eq!(codes(alone, text()), ["missing-argument"]);
}

#[test]
fn what_is_wrong_is_unknown_afterwards() {
    let decoded = decode(
        Mode::Managed,
        "vault_mount",
        "path = [1]\ntype = upper(1, 2)\n",
        &[],
    );
    assert_eq!(decoded.diagnostics.len(), 2, "{:#?}", decoded.diagnostics);
    assert!(decoded.attributes.field("path").unwrap().is_unknown());
    assert!(decoded.attributes.field("type").unwrap().is_unknown());
}

#[test]
fn blocks_without_order_are_a_set() {
    let vhost = |name: &str| {
        format!(
            "vhost {{\n  host = \"{name}\"\n  configure = \"\"\n  read = \".*\"\n  write = \"\"\n}}\n"
        )
    };
    let role = |first: &str, second: &str| {
        let body = format!(
            "backend = \"r\"\nname = \"n\"\n{}{}",
            vhost(first),
            vhost(second)
        );
        good(
            Mode::Managed,
            "vault_rabbitmq_secret_backend_role",
            &body,
            &[],
        )
    };
    let (one, other) = (role("a", "b"), role("b", "a"));
    assert_eq!(one, other);
    assert!(matches!(one.field("vhost").unwrap().ty(), Type::Set(_)));
}
