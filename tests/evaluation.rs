//! The evaluator: what is unknown, held or secret, what an error tells, which references an expression has.

#![allow(
    clippy::disallowed_methods,
    reason = "tests start servers, read files and the environment"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vaultform::config::{references, references_of_body};
use vaultform::eval::functions::Phase;
use vaultform::eval::{Reference, Scope, Subject, World, evaluate};
use vaultform::source::{Diagnostic, Entry, FileId, Outcome, Surroundings};
use vaultform::syntax::{parse_expression, parse_file};
use vaultform::value::{
    Address, Digest, InstanceKey, Marks, Mode, ModuleAddress, Shape, Type, Value,
};

/// One template file and nothing else.
struct Files;

impl Surroundings for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("policy.tftpl") => {
                Ok(b"path \"${path}/*\" {}\n%{ for x in more ~}\n${x}\n%{ endfor ~}\n".to_vec())
            }
            Some("broken.tftpl") => Ok(b"line\n  ${nothing}\n".to_vec()),
            Some("nested.tftpl") => Ok(b"${templatefile(\"policy.tftpl\", {})}".to_vec()),
            _ => Err("it is not there".into()),
        }
    }
    fn list(&self, _: &Path) -> Result<Vec<Entry>, String> {
        Err("it is not there".into())
    }
    fn exists(&self, path: &Path) -> bool {
        self.read(path).is_ok()
    }
    fn started(&self) -> i64 {
        0
    }
    fn working_directory(&self) -> PathBuf {
        "/".into()
    }
    fn home(&self) -> Option<PathBuf> {
        None
    }
}

/// Variables by name, and one resource that is still to be made.
struct Variables(BTreeMap<&'static str, Value>);

fn mount() -> Address {
    Address {
        module: ModuleAddress::default(),
        mode: Mode::Managed,
        type_name: "vault_mount".into(),
        name: "kv".into(),
        key: InstanceKey::None,
    }
}

fn unknown(ty: Type) -> Value {
    Value::unknown(ty, Arc::new([mount()].into()))
}

fn held(digest: &str) -> Value {
    let digest = Digest(digest.into());
    Shape::Held {
        ty: Type::String,
        digest,
        kept: false,
    }
    .into()
}

impl Scope for Variables {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        let found = match &reference.subject {
            Subject::Variable(name) => self.0.get(&**name).cloned(),
            Subject::Resource { type_name, .. } if &**type_name == "vault_mount" => {
                let accessor = [
                    ("accessor".into(), unknown(Type::String)),
                    ("path".into(), Value::from("kv")),
                ];
                Some(Value::object(accessor.into()))
            }
            _ => None,
        };
        found.ok_or_else(|| {
            vec![Diagnostic::error("undeclared", "it is not declared").at(reference.span, "here")]
        })
    }

    fn world(&self) -> World<'_> {
        World {
            surroundings: &Files,
            base_directory: Path::new("/"),
            phase: Phase::Plan,
            now: 0,
            entropy: &|_| {},
        }
    }
}

fn scope() -> Variables {
    let secret = Value::from("hunter2").marked(Marks::SENSITIVE);
    Variables(BTreeMap::from([
        ("n", Value::from(5)),
        ("name", Value::from("ci")),
        ("secret", secret),
        ("token", Value::from("t").marked(Marks::EPHEMERAL)),
        ("nothing", Value::null(Type::String)),
        ("held", held("aa")),
        ("other", held("bb")),
        (
            "list",
            Value::list(Type::String, vec![Value::from("a"), Value::from("b")]),
        ),
        ("lazy", unknown(Type::Bool)),
        ("any", unknown(Type::Dynamic)),
    ]))
}

fn outcome(text: &str) -> Outcome<Value> {
    let expression = parse_expression(FileId(0), text, 0)?;
    evaluate(&expression, &scope())
}

fn value(text: &str) -> Value {
    outcome(text).unwrap_or_else(|told| panic!("{text}: {told:?}"))
}

fn error(text: &str) -> Diagnostic {
    let mut told = outcome(text).expect_err(text);
    assert_eq!(told.len(), 1, "{text}: {told:?}");
    told.remove(0)
}

#[test]
fn an_unknown_result_waits_for_what_its_operands_wait_for() {
    for text in [
        "vault_mount.kv.accessor",
        "\"x-${vault_mount.kv.accessor}\"",
        "vault_mount.kv.accessor == \"y\" ? 1 : 2",
        "upper(vault_mount.kv.accessor)",
        "var.any.x.y[0]",
        "var.any[*].z",
        "[for x in var.any : x]",
        "{ (vault_mount.kv.accessor) = 1 }",
        "concat(var.any...)",
        "try(vault_mount.kv.accessor, \"d\")",
        "can(var.any.x)",
        "!var.lazy",
        "var.lazy && var.lazy",
    ] {
        let value = value(text);
        assert!(value.is_unknown(), "{text}: {value}");
        assert_eq!(value.waits_for(), [mount()].into(), "{text}");
    }
    assert_eq!(value("vault_mount.kv.path"), Value::from("kv"));
    assert_eq!(
        value("length([vault_mount.kv.accessor, \"b\"])"),
        Value::from(2)
    );
}

#[test]
fn an_open_condition_gives_what_both_arms_agree_on() {
    assert_eq!(value("var.lazy ? \"a\" : \"a\""), Value::from("a"));
    let value = value("var.lazy ? 1 : \"b\"");
    assert_eq!((value.ty(), value.is_unknown()), (Type::String, true));
}

#[test]
fn a_held_result_is_the_same_while_its_inputs_are() {
    for text in [
        "\"x-${var.held}\"",
        "upper(var.held)",
        "var.held == \"x\"",
        "[var.held, 1][var.n - 5]",
        "jsonencode({ a = var.held })",
    ] {
        let first = value(text);
        assert!(matches!(first.shape, Shape::Held { .. }), "{text}: {first}");
        assert_eq!(first, value(text), "{text}");
    }
    assert_ne!(value("\"x-${var.held}\""), value("\"x-${var.other}\""));
    assert_ne!(value("\"x-${var.held}\""), value("\"y-${var.held}\""));
    assert!(value("\"${var.held}${vault_mount.kv.accessor}\"").is_unknown());
    assert_eq!(value("var.held == var.held"), Value::from(true));
}

#[test]
fn marks_stick() {
    for text in [
        "\"x${var.secret}\"",
        "var.secret == \"x\"",
        "var.secret == \"x\" ? 1 : 2",
        "upper(var.secret)",
        "[for x in var.list : x if x != var.secret]",
        "{ (var.secret) = 1 }",
        "var.lazy ? var.secret : \"\"",
    ] {
        assert!(value(text).marks.sensitive, "{text}");
    }
    let both = value("\"${var.secret}${var.token}\"").marks;
    assert!(both.sensitive && both.ephemeral);
    assert!(!value("{ a = var.secret }").marks.sensitive);
    assert!(value("{ a = var.secret }.a").marks.sensitive);
}

#[test]
fn an_error_tells_the_values_that_led_to_it_and_no_secret() {
    let told = error("60 * (var.n - (var.secret))");
    assert_eq!(told.labels[0].span.start, 14);
    assert_eq!(
        told.values,
        [("var.secret".to_owned(), "(sensitive value)".to_owned())]
    );
    assert!(!format!("{told:?}").contains("hunter2"));
    let told = error("var.list[var.n]");
    let expected = [
        ("var.n", "5"),
        ("var.list", "list of string with 2 elements"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(told.values, expected);
}

#[test]
fn errors_say_what_to_do() {
    let cases = [
        (
            "\"a ${var.list} b\"",
            "list of string cannot be put into text",
            "join",
        ),
        (
            "\"a ${var.nothing} b\"",
            "null cannot be put into text",
            "coalesce",
        ),
        (
            "var.list.name",
            "this is a list of string, so it has no attribute `name`",
            "[*].name",
        ),
        (
            "{ path = 1 }.pth",
            "this object has no attribute `pth`",
            "`path`",
        ),
        ("uper(\"a\")", "there is no function `uper`", "`upper`"),
        (
            "[for listt in var.list : lisst]",
            "`lisst` names nothing here",
            "`listt`",
        ),
        (
            "var",
            "`var` must be followed by the name of a variable",
            "var.NAME",
        ),
        ("foo", "`foo` names nothing here", "var.foo"),
        ("each.vlaue", "there is no `each.vlaue`", "`each.value`"),
        (
            "data.x",
            "`data` must be followed by a type and a name",
            "data.TYPE.NAME",
        ),
        (
            "{ a.b = 1 }",
            "it is not clear what this key means",
            "parentheses",
        ),
        (
            "{for x in [1, 1] : x => x}",
            "two elements have the key `1`",
            "...",
        ),
        (
            "true ? [] : 1",
            "the two results of this conditional are of types that do not go together",
            "convert",
        ),
    ];
    for (text, message, hint) in cases {
        let told = error(text);
        assert_eq!(told.message, message, "{text}");
        let hints = told.hints.join(" ");
        assert!(hints.contains(hint), "{text}: {hints:?} lacks {hint}");
    }
    assert_eq!(
        outcome("[var.x, var.y, 1 + \"b\"]")
            .expect_err("three errors")
            .len(),
        3
    );
}

#[test]
fn templates_know_their_variables_and_nothing_else() {
    let rendered = value("templatefile(\"policy.tftpl\", { path = \"kv\", more = [\"a\", 2] })");
    assert_eq!(rendered, Value::from("path \"kv/*\" {}\na\n2\n"));
    let told = error("templatefile(\"broken.tftpl\", { x = 1 })");
    assert!(
        told.message
            .contains("broken.tftpl:2:5: `nothing` names nothing here"),
        "{}",
        told.message
    );
    assert!(
        error("templatefile(\"nested.tftpl\", {})")
            .message
            .contains("within a template")
    );
    assert!(
        value("templatefile(\"policy.tftpl\", { path = var.secret, more = [] })")
            .marks_within()
            .sensitive
    );
}

#[test]
fn an_operand_that_decides_makes_up_for_an_error_of_the_other() {
    assert_eq!(
        value("var.nothing == null || var.nothing.x"),
        Value::from(true)
    );
    assert_eq!(value("false && foo(1)"), Value::from(false));
    assert!(outcome("true && foo(1)").is_err());
    assert!(outcome("\"no\" && true").is_err());
    assert!(value("var.lazy && var.list[9]").is_unknown());
}

#[test]
fn try_tells_all_that_it_tried() {
    assert_eq!(value("try(var.list[7], var.n.x, \"d\")"), Value::from("d"));
    let told = error("try(var.list[7], var.n.x)");
    assert_eq!(told.labels.len(), 3);
    assert_eq!(value("can(var.list[7])"), Value::from(false));
}

#[test]
fn deep_expressions_fit_the_stack_of_a_thread() {
    let deep = format!("{}1{}", "(".repeat(150), ")".repeat(150));
    assert_eq!(value(&deep), Value::from(1));
    let text = format!("{}1{}", "[for x in [1] : ".repeat(70), "]".repeat(70));
    assert!(value(&text).is_wholly_known());
    assert_eq!(value(&vec!["1"; 390].join(" + ")), Value::from(390));
}

/// Writes a reference with the steps after it, keys as `[]`.
fn written(found: &vaultform::config::Reference) -> String {
    use vaultform::config::{Step, Target};
    let mut text = match &found.target {
        Target::Variable(name) => format!("var.{}", name.text),
        Target::Local(name) => format!("local.{}", name.text),
        Target::Call(name) => format!("module.{}", name.text),
        Target::Each(name) => format!("each.{}", name.text),
        Target::Count(name) => format!("count.{}", name.text),
        Target::Resource(id, _) => format!("{:?} {}.{}", id.mode, id.type_name, id.name),
        other => format!("{other:?}"),
    };
    for step in &found.steps {
        match step {
            Step::Attribute(name) => text.push_str(&format!(".{}", name.text)),
            Step::Index(_) => text.push_str("[]"),
            Step::Splat(_) => text.push_str("[*]"),
        }
    }
    text
}

#[test]
fn references_are_found_without_names_that_are_bound() {
    let text = "[for k, v in module.team[\"a\"].roles : \"${v}-${local.x}-${k}\" if v != each.key] == data.vault_mount.kv[*].path && f(var.a[count.index].b)";
    let found = references(&parse_expression(FileId(0), text, 0).expect("an expression"));
    let found: Vec<String> = found.iter().map(written).collect();
    let expected = [
        "module.team[].roles",
        "local.x",
        "each.key",
        "Data vault_mount.kv[*].path",
        "count.index",
        "var.a[].b",
    ];
    assert_eq!(found, expected);
}

#[test]
fn iterators_of_dynamic_blocks_are_no_references() {
    let text = "resource \"a\" \"b\" {\n  dynamic \"rule\" {\n    for_each = var.rules\n    content {\n      p = rule.value.p\n      dynamic \"x\" {\n        for_each = rule.value.xs\n        iterator = it\n        content {\n          q = it.key + rule.key + x.y.z\n        }\n      }\n    }\n  }\n}\n";
    let (body, errors) = parse_file(FileId(0), text);
    assert_eq!(errors, []);
    let found: Vec<String> = references_of_body(&body).iter().map(written).collect();
    assert_eq!(found, ["var.rules", "Managed x.y.z"]);
}
