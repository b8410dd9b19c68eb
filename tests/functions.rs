//! What holds for all functions: marks, unknown and held values, files, and what only an apply may give.

#![allow(
    clippy::disallowed_methods,
    reason = "tests start servers, read files and the environment"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vaultform::eval::functions::{CallContext, Phase, all, lookup};
use vaultform::source::{Entry, Surroundings};
use vaultform::value::{
    Address, Digest, InstanceKey, Marks, Mode, ModuleAddress, Shape, Type, Value, Waits,
};

/// A directory `/base` with a few files.
struct Files;

const FILES: [(&str, &str); 5] = [
    ("/base/a.hcl", "path \"a\" {}"),
    ("/base/policies/b.hcl", "b"),
    ("/base/policies/deep/c.hcl", "c"),
    ("/base/policies/deep/.d.json", "{}"),
    ("/base/hello.tftpl", "Hello, ${name}!"),
];

impl Surroundings for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let found = FILES.iter().find(|(name, _)| Path::new(name) == path);
        found
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or_else(|| "no such file".to_owned())
    }

    fn list(&self, path: &Path) -> Result<Vec<Entry>, String> {
        let mut entries = BTreeMap::new();
        for rest in FILES
            .iter()
            .filter_map(|(name, _)| Path::new(name).strip_prefix(path).ok())
        {
            let mut parts = rest.iter().filter_map(|part| part.to_str());
            if let Some(name) = parts.next() {
                entries.insert(name.to_owned(), parts.next().is_some());
            }
        }
        if entries.is_empty() {
            return Err("no such directory".to_owned());
        }
        Ok(entries
            .into_iter()
            .map(|(name, is_directory)| Entry { name, is_directory })
            .collect())
    }

    fn exists(&self, path: &Path) -> bool {
        FILES
            .iter()
            .any(|(name, _)| Path::new(name).starts_with(path))
    }

    fn started(&self) -> i64 {
        1_082_905_200
    }

    fn working_directory(&self) -> PathBuf {
        "/base".into()
    }

    fn home(&self) -> Option<PathBuf> {
        Some("/home/user".into())
    }
}

fn call_in(phase: Phase, name: &str, arguments: &[Value]) -> Result<Value, String> {
    let render = |text: &str, name: &Path, variables: BTreeMap<Arc<str>, Value>| {
        Ok(Value::text(&format!(
            "{} rendered {text} with {}",
            name.display(),
            variables.len()
        )))
    };
    let context = CallContext {
        surroundings: &Files,
        base_directory: Path::new("/base"),
        phase,
        now: 1_082_905_201,
        entropy: &|bytes| bytes.fill(7),
        render: &render,
    };
    lookup(name)
        .expect(name)
        .call(&context, arguments)
        .map_err(|error| error.message)
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    call_in(Phase::Plan, name, arguments)
}

fn secret(text: &str) -> Value {
    Value::text(text).marked(Marks::SENSITIVE)
}

fn texts(items: &[&str]) -> Value {
    Value::tuple(items.iter().map(|item| Value::text(item)).collect())
}

fn mount() -> Address {
    Address {
        module: ModuleAddress::default(),
        mode: Mode::Managed,
        type_name: "vault_mount".into(),
        name: "kv".into(),
        key: InstanceKey::None,
    }
}

fn unknown() -> Value {
    Value::unknown(Type::String, Waits::new([mount()].into()))
}

fn held(digest: &str) -> Value {
    Shape::Held {
        ty: Type::String,
        digest: Digest(digest.into()),
        kept: false,
    }
    .into()
}

#[test]
fn secrets_stay_secret() {
    let upper = call("upper", &[secret("a")]).unwrap();
    assert!(upper.marks.sensitive && upper.as_text() == Some("A"));
    let list = Value::tuple(vec![Value::text("a"), secret("b")]);
    let length = call("length", std::slice::from_ref(&list)).unwrap();
    assert_eq!(length, Value::from(2));
    assert!(
        call("join", &[Value::text(","), list.clone()])
            .unwrap()
            .marks
            .sensitive
    );
    let chosen = call("concat", &[list]).unwrap();
    assert!(!chosen.marks.sensitive && chosen.marks_within().sensitive);
    assert!(
        !call("nonsensitive", &[secret("a")])
            .unwrap()
            .marks
            .sensitive
    );
}

#[test]
fn no_message_tells_a_secret() {
    let words = [
        "hunter2",
        "%hunter2",
        "%[hunter2",
        "%5é hunter2",
        "(?P<hunter2>a)(?P<hunter2>",
        "(hunter2",
        "[hunter2",
        "hunter2,hunter2\n1,2",
        "\"hunter2",
        "a: hunter2: b",
        "*hunter2",
        "!hunter2 a",
        "&hunter2 [*hunter2]",
        "{\"hunter2\": hunter2",
        "~hunter2",
        "%zz hunter2",
        "'hunter2",
        "2018-hunter2",
    ];
    let plain = [
        Value::text("a"),
        Value::from(1),
        Value::tuple(vec![]),
        Value::object(BTreeMap::new()),
    ];
    let mut told = Vec::new();
    for function in all() {
        let fixed = function.parameters.len().max(1);
        for (word, other) in words
            .iter()
            .flat_map(|word| plain.iter().map(move |other| (word, other)))
        {
            for (count, place) in
                (fixed..fixed + 3).flat_map(|count| (0..=count).map(move |place| (count, place)))
            {
                let mut arguments = vec![other.clone(); count];
                match arguments.get_mut(place) {
                    Some(argument) => *argument = secret(word),
                    None => arguments.fill(secret(word)),
                }
                if let Err(message) = call(function.name, &arguments)
                    && message.contains("hunter2")
                {
                    told.push(format!("{}: {message}", function.name));
                }
            }
        }
    }
    told.sort();
    told.dedup();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn unknown_results_wait_for_what_their_arguments_wait_for() {
    let result = call("upper", &[unknown()]).unwrap();
    assert_eq!(result.ty(), Type::String);
    assert_eq!(result.waits_for(), [mount()].into());
    let lines = call(
        "formatlist",
        &[
            Value::text("%s!"),
            Value::tuple(vec![unknown(), Value::text("b")]),
        ],
    );
    let lines = lines.unwrap();
    assert_eq!(lines.as_items().unwrap()[1], Value::text("b!"));
    assert_eq!(lines.waits_for(), [mount()].into());
    let known = call("length", &[Value::tuple(vec![unknown()])]).unwrap();
    assert_eq!(known, Value::from(1));
}

#[test]
fn what_comes_of_held_values_is_held() {
    let once = call("upper", &[held("01")]).unwrap();
    assert!(matches!(
        &once.shape,
        Shape::Held {
            ty: Type::String,
            ..
        }
    ));
    assert_eq!(call("upper", &[held("01")]).unwrap(), once);
    assert_ne!(call("upper", &[held("02")]).unwrap(), once);
    assert_ne!(call("lower", &[held("01")]).unwrap(), once);
    let both = call(
        "join",
        &[Value::text("-"), Value::tuple(vec![held("01"), unknown()])],
    )
    .unwrap();
    assert!(both.is_unknown(), "unknown weighs more than held");
    let lines = call(
        "formatlist",
        &[
            Value::text("%s"),
            Value::tuple(vec![held("01"), held("01")]),
        ],
    )
    .unwrap();
    assert!(lines.has_held() && lines.is_wholly_known());
    assert_eq!(
        call("length", &[Value::tuple(vec![held("01")])]).unwrap(),
        Value::from(1)
    );
}

#[test]
fn what_differs_each_time_is_for_apply_only() {
    for name in ["timestamp", "uuid"] {
        assert!(call(name, &[]).unwrap().is_unknown(), "{name}");
        assert!(
            call_in(Phase::Apply, name, &[])
                .unwrap()
                .as_text()
                .is_some(),
            "{name}"
        );
    }
    assert!(call("bcrypt", &[held("01")]).unwrap().is_unknown());
    let hash = call_in(Phase::Apply, "bcrypt", &[Value::text("a"), Value::from(4)]).unwrap();
    assert!(hash.as_text().unwrap().starts_with("$2a$04$"));
    assert!(bcrypt::verify("a", hash.as_text().unwrap()).unwrap());
    assert_eq!(
        call("plantimestamp", &[]).unwrap(),
        Value::text("2004-04-25T15:00:00Z")
    );
    assert_eq!(
        call_in(Phase::Apply, "timestamp", &[]).unwrap(),
        Value::text("2004-04-25T15:00:01Z")
    );
}

#[test]
fn files_are_found_from_the_base_directory() {
    assert_eq!(
        call("file", &[Value::text("./policies/../a.hcl")]).unwrap(),
        Value::text("path \"a\" {}")
    );
    assert!(
        call("file", &[Value::text("none")])
            .unwrap_err()
            .contains("no file")
    );
    assert_eq!(
        call("fileexists", &[Value::text("a.hcl")]).unwrap(),
        Value::from(true)
    );
    assert!(call("fileexists", &[Value::text("policies")]).is_err());
    assert_eq!(
        call("abspath", &[Value::text("x/../y")]).unwrap(),
        Value::text("/base/y")
    );
    assert_eq!(
        call("pathexpand", &[Value::text("~/x")]).unwrap(),
        Value::text("/home/user/x")
    );
}

#[test]
fn filesets_follow_their_pattern() {
    let found = |path: &str, pattern: &str| {
        let set = call("fileset", &[Value::text(path), Value::text(pattern)]).unwrap();
        set.elements()
            .filter_map(Value::as_text)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(".", "*.hcl"), ["a.hcl"]);
    assert_eq!(
        found(".", "**/*.hcl"),
        ["a.hcl", "policies/b.hcl", "policies/deep/c.hcl"]
    );
    assert_eq!(
        found("policies", "**"),
        ["b.hcl", "deep/.d.json", "deep/c.hcl"]
    );
    assert_eq!(found("policies", "{b,x}.[a-h]cl"), ["b.hcl"]);
    assert_eq!(found("policies/deep", "../*.hcl"), ["../b.hcl"]);
    assert_eq!(found("/base", "policies/b.hcl"), ["policies/b.hcl"]);
    assert!(found("nowhere", "*").is_empty());
}

#[test]
fn templates_are_rendered_by_the_given_renderer() {
    let variables = Value::object([("name".into(), Value::text("x"))].into());
    let file = call(
        "templatefile",
        &[Value::text("hello.tftpl"), variables.clone()],
    )
    .unwrap();
    assert_eq!(
        file,
        Value::text("/base/hello.tftpl rendered Hello, ${name}! with 1")
    );
    let text = call("templatestring", &[secret("t"), variables]).unwrap();
    assert!(text.marks.sensitive);
    let wrong = Value::object([("1".into(), Value::text("x"))].into());
    assert!(
        call("templatestring", &[Value::text("t"), wrong])
            .unwrap_err()
            .contains("variable")
    );
}

#[test]
fn arguments_are_counted_converted_and_refused_when_null() {
    assert!(call("upper", &[]).unwrap_err().contains("1 argument"));
    assert!(
        call("upper", &[Value::null(Type::String)])
            .unwrap_err()
            .contains("null")
    );
    assert_eq!(call("upper", &[Value::from(5)]).unwrap(), Value::text("5"));
    assert_eq!(
        call("sort", &[texts(&["b", "a"])]).unwrap().ty(),
        Type::list(Type::String)
    );
    assert!(call("list", &[]).unwrap_err().contains("tolist"));
}

#[test]
fn empty_and_mixed_collections_keep_their_type() {
    assert_eq!(
        call("tolist", &[Value::tuple(vec![])]).unwrap().ty(),
        Type::list(Type::Dynamic)
    );
    let mixed = Value::tuple(vec![Value::from(1), Value::text("1"), Value::text("1")]);
    let set = call("toset", &[mixed]).unwrap();
    assert_eq!(set, Value::set(Type::String, vec![Value::text("1")]));
    let union = call("setunion", &[texts(&["b"]), texts(&["a", "b"])]).unwrap();
    assert_eq!(
        union,
        Value::set(Type::String, vec![Value::text("a"), Value::text("b")])
    );
    let distinct = call("distinct", &[texts(&["b", "a", "b"])]).unwrap();
    assert_eq!(
        distinct,
        Value::list(Type::String, vec![Value::text("b"), Value::text("a")])
    );
}
