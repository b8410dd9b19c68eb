//! Values of variables: their sources, which of them wins, and what becomes of those that do not fit.

mod memory;

use memory::Files;
use std::path::{Path, PathBuf};
use vaultform::config::variables::{Argument, Assigned, Given, assign, missing, prepare};
use vaultform::config::{Options, load};
use vaultform::source::{Diagnostic, Sources};
use vaultform::value::{Type, Value};

fn run(files: &[(&str, &str)], given: &Given) -> (Assigned, Vec<Diagnostic>) {
    let files = Files::of(files);
    let mut sources = Sources::default();
    let (configuration, told) = load(Path::new("."), &files, &mut sources, Options::default());
    assert!(told.is_empty(), "{told:#?}");
    assign(&configuration.root, given, &files, &mut sources)
}

fn variable(name: &str, text: &str) -> Argument {
    Argument::Value {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn environment(pairs: &[(&str, &str)]) -> Given {
    let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Given {
        environment: pairs.iter().map(pair).collect(),
        arguments: Vec::new(),
    }
}

fn shown(assigned: &Assigned, name: &str) -> String {
    format!("{:?}", assigned.values[name])
}

#[test]
fn later_sources_win() {
    let main = "variable \"a\" {}\nvariable \"b\" {}\nvariable \"c\" {}\nvariable \"d\" {}\nvariable \"e\" {}\nvariable \"f\" {\n  default = \"default\"\n}\n";
    let files = [
        ("main.tf", main),
        (
            "terraform.tfvars",
            "b = \"tfvars\"\nc = \"tfvars\"\nd = \"tfvars\"\n",
        ),
        (
            "terraform.tfvars.json",
            "{\"c\": \"json\", \"d\": \"json\", \"//\": 1}",
        ),
        ("a.auto.tfvars", "d = \"a\"\ne = \"a\"\n"),
        ("b.auto.tfvars.json", "{\"d\": \"b\"}"),
        ("given.tfvars", "e = \"file\"\n"),
    ];
    let names = ["a", "b", "c", "d", "e", "unknown"];
    let mut given = environment(&names.map(|name| (name, "environment")));
    given.arguments.push(variable("e", "first"));
    given
        .arguments
        .push(Argument::File(PathBuf::from("given.tfvars")));
    let (assigned, told) = run(&files, &given);
    assert!(told.is_empty(), "{told:#?}");
    let all: Vec<String> = ["a", "b", "c", "d", "e", "f"]
        .map(|name| shown(&assigned, name))
        .into();
    assert_eq!(
        all,
        [
            "\"environment\"",
            "\"tfvars\"",
            "\"json\"",
            "\"b\"",
            "\"file\"",
            "\"default\""
        ]
    );
    assert!(assigned.given.contains("a") && !assigned.given.contains("f"));
}

#[test]
fn text_is_an_expression_only_for_collections() {
    let main = "variable \"none\" {}\nvariable \"text\" {\n  type = string\n}\nvariable \"number\" {\n  type = number\n}\nvariable \"list\" {\n  type = list(string)\n}\nvariable \"any\" {\n  type = any\n}\n";
    let given = environment(&[
        ("none", "[1]"),
        ("text", "[1]"),
        ("number", "12"),
        ("list", "[\"a\", 2]"),
        ("any", "{ a = true }"),
    ]);
    let (assigned, told) = run(&[("main.tf", main)], &given);
    assert!(told.is_empty(), "{told:#?}");
    let all = ["none", "text", "number", "list", "any"].map(|name| shown(&assigned, name));
    assert_eq!(
        all,
        [
            "\"[1]\"",
            "\"[1]\"",
            "12",
            "[\"a\", \"2\"]",
            "{\"a\": true}"
        ]
    );
}

#[test]
fn all_missing_variables_are_told_at_once() {
    let main = "variable \"a\" {\n  type        = number\n  description = \"how many\"\n}\nvariable \"b\" {\n  sensitive = true\n}\n";
    let (assigned, told) = run(&[("main.tf", main)], &Given::default());
    assert!(told.is_empty(), "{told:#?}");
    let names: Vec<&str> = assigned.missing.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(assigned.missing[1].sensitive);
    let error = missing(&assigned.missing).unwrap();
    assert_eq!(error.message, "the variables `a` and `b` have no value");
    assert_eq!(error.labels[0].text, "`a`, a `number`: how many");
    assert_eq!(error.labels.len(), 2);
    assert!(missing(&[]).is_none());
}

#[test]
fn undeclared_values_are_silent_warned_of_or_refused() {
    let files = [
        ("main.tf", "variable \"name\" {\n  default = 1\n}\n"),
        ("terraform.tfvars", "nmae = 2\n"),
        ("terraform.tfvars.json", "{\"nam\": 3}"),
    ];
    let mut given = environment(&[("other", "x")]);
    given.arguments.push(variable("names", "x"));
    let (_, told) = run(&files, &given);
    let told: Vec<(bool, &str, &str)> = told
        .iter()
        .map(|one| (one.is_error(), one.message.as_str(), one.hints[0].as_str()))
        .collect();
    let hint = "did you mean `name`?";
    assert_eq!(
        told,
        [
            (
                false,
                "the variable `nmae` in `terraform.tfvars` is not declared",
                hint
            ),
            (
                false,
                "the variable `nam` in `terraform.tfvars.json` is not declared",
                hint
            ),
            (true, "the variable `names` of `-var` is not declared", hint),
        ]
    );
}

#[test]
fn what_does_not_fit_is_told_without_the_value_of_a_secret() {
    let main = "variable \"ttl\" {\n  type = number\n}\nvariable \"token\" {\n  type      = list(string)\n  sensitive = true\n}\nvariable \"pin\" {\n  type      = number\n  sensitive = true\n}\n";
    let files = [
        ("main.tf", main),
        (
            "terraform.tfvars",
            "ttl = \"one hour\"\npin = \"canary-pin\"\n",
        ),
    ];
    let (assigned, told) = run(&files, &environment(&[("token", "[canary-token")]));
    assert!(assigned.values.is_empty());
    assert_eq!(told.len(), 3, "{told:#?}");
    let whole = format!("{told:#?}");
    assert!(!whole.contains("canary"), "{whole}");
    let ttl = told
        .iter()
        .find(|one| one.message.contains("`ttl`"))
        .unwrap();
    assert_eq!(
        ttl.message,
        "the value of `ttl` from `terraform.tfvars` does not fit: a number is required"
    );
    assert_eq!(ttl.labels[0].text, "this value");
    // The line of a secret must not be quoted, so only the declaration is pointed at.
    let pin = told
        .iter()
        .find(|one| one.message.contains("`pin`"))
        .unwrap();
    assert_eq!(pin.labels.len(), 1);
    assert_eq!(pin.labels[0].text, "declared here as `number`");
}

#[test]
fn files_of_values_hold_constants() {
    let files = [
        ("main.tf", "variable \"a\" {}\nvariable \"b\" {}\n"),
        (
            "terraform.tfvars",
            "a = 1 + 2 * 3\nb = upper(\"x\")\nblock {}\n",
        ),
        (".x.auto.tfvars", "a = broken(\n"),
    ];
    let (assigned, told) = run(&files, &Given::default());
    assert_eq!(shown(&assigned, "a"), "7");
    let codes: Vec<&str> = told.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["unknown-block", "not-constant"]);
}

#[test]
fn defaults_and_nulls_are_applied() {
    let main = "variable \"team\" {\n  type = object({ name = string, ttl = optional(number, 60), tags = optional(object({ a = optional(string, \"x\") }), {}) })\n}\nvariable \"kept\" {\n  type     = string\n  default  = \"d\"\n  nullable = false\n}\nvariable \"free\" {\n  type    = string\n  default = \"d\"\n}\n";
    let files = [
        ("main.tf", main),
        (
            "terraform.tfvars",
            "team = { name = \"n\", more = 1 }\nkept = null\nfree = null\n",
        ),
    ];
    let (assigned, told) = run(&files, &Given::default());
    assert!(told.is_empty(), "{told:#?}");
    assert_eq!(
        shown(&assigned, "team"),
        "{\"name\": \"n\", \"tags\": {\"a\": \"x\"}, \"ttl\": 60}"
    );
    assert_eq!(shown(&assigned, "kept"), "\"d\"");
    assert!(assigned.values["free"].is_null());
}

#[test]
fn marks_of_a_variable_are_put_on_its_value() {
    let main = "variable \"a\" {\n  default   = \"canary\"\n  sensitive = true\n}\nvariable \"b\" {\n  default   = \"x\"\n  ephemeral = true\n}\n";
    let files = Files::of(&[("main.tf", main)]);
    let mut sources = Sources::default();
    let (configuration, _) = load(Path::new("."), &files, &mut sources, Options::default());
    let value = |name: &str| prepare(&configuration.root.variables[name], None).unwrap();
    assert!(value("a").marks.sensitive && !value("a").marks.ephemeral);
    assert!(value("b").marks.ephemeral);
    assert!(!format!("{configuration:?}").contains("canary"));
}

#[test]
fn a_module_must_be_given_what_has_no_default() {
    let files = Files::of(&[(
        "main.tf",
        "variable \"a\" {\n  type     = number\n  nullable = false\n}\n",
    )]);
    let mut sources = Sources::default();
    let (configuration, _) = load(Path::new("."), &files, &mut sources, Options::default());
    let declared = &configuration.root.variables["a"];
    assert!(prepare(declared, None).is_err());
    assert!(prepare(declared, Some(Value::null(Type::Dynamic))).is_err());
    let given = prepare(declared, Some(Value::from("5"))).unwrap();
    assert_eq!(
        given.as_number().and_then(|number| number.as_i64()),
        Some(5)
    );
}
