//! All types of the provider: `explain` and `validate` have an answer for each, managed here or not.
#![allow(
    clippy::disallowed_methods,
    reason = "it writes configurations and starts the program"
)]

use std::process::{Command, Output};
use vaultform::catalog::Presence;
use vaultform::catalog::foreign::{Foreign, Schema, Shape, known_elsewhere, schemas};
use vaultform::value::{Mode, Type};

fn run(folder: &std::path::Path, arguments: &[&str]) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_vaultform"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let text = [stdout, stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (status.code().unwrap_or(-1), text)
}

/// A value of a type, as it is written.
fn value(ty: &Type) -> String {
    match ty {
        Type::Bool => "true".to_owned(),
        Type::Number => "7".to_owned(),
        Type::List(inner) | Type::Set(inner) => format!("[{}]", value(inner)),
        Type::Map(inner) => format!("{{ a = {} }}", value(inner)),
        _ => "\"1\"".to_owned(),
    }
}

/// What must be said of a type, and nothing else.
fn least(attributes: &[Foreign], indent: &str) -> String {
    let needed = attributes
        .iter()
        .filter(|attribute| attribute.presence == Presence::Required);
    let lines = needed.map(|attribute| match &attribute.shape {
        Shape::Value(ty) => format!("{indent}{} = {}\n", attribute.name, value(ty)),
        Shape::Blocks { attributes, .. } => {
            let inner = least(attributes, &format!("{indent}  "));
            format!("{indent}{} {{\n{inner}{indent}}}\n", attribute.name)
        }
    });
    lines.collect()
}

fn block(schema: &Schema, extra: &str) -> String {
    let word = match schema.mode {
        Mode::Managed => "resource",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
    };
    let body = least(&schema.attributes, "  ");
    format!("{word} \"{}\" \"one\" {{\n{body}{extra}}}\n", schema.name)
}

#[test]
fn every_type_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(schemas().len(), 278);
    for schema in schemas() {
        let mode = match schema.mode {
            Mode::Managed => "resource",
            Mode::Data => "data",
            Mode::Ephemeral => "ephemeral",
        };
        let (code, text) = run(
            folder.path(),
            &["explain", &format!("{mode}.{}", schema.name)],
        );
        assert_eq!(code, 0, "{text}");
        assert!(text.starts_with(&format!("{} (", schema.name)), "{text}");
        if known_elsewhere(schema.mode, schema.name).is_some() {
            assert!(text.contains("not managed here"), "{text}");
            assert!(text.contains("needs "), "{text}");
        }
        let first = schema.attributes.first().map(|one| one.name);
        assert!(text.contains(first.unwrap_or("id")), "{text}");
    }
}

/// Writes a block of each of these types into one file.
fn file(schemas: &[&Schema], extra: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let blocks: String = schemas.iter().map(|schema| block(schema, extra)).collect();
    std::fs::write(folder.path().join("main.tf"), blocks).unwrap();
    folder
}

fn sorted(managed: bool) -> Vec<&'static Schema> {
    let is_managed = |schema: &&Schema| known_elsewhere(schema.mode, schema.name).is_none();
    let all = schemas().iter();
    all.filter(|schema| is_managed(schema) == managed).collect()
}

#[test]
fn every_type_that_is_not_managed_is_checked_and_named() {
    let missing = sorted(false);
    assert!(missing.len() > 100, "{}", missing.len());
    let folder = file(&missing, "");
    let (code, text) = run(folder.path(), &["validate"]);
    assert_eq!(code, 0, "{text}");
    for schema in &missing {
        assert!(
            text.contains(&format!("`{}`", schema.name)),
            "{}\n{text}",
            schema.name
        );
    }
    let (code, text) = run(folder.path(), &["plan"]);
    assert_eq!(code, 1, "{text}");
    let folder = file(&missing, "  teapot = 1\n");
    every_teapot_is_found(folder.path(), &missing);
}

#[test]
fn every_type_that_is_managed_is_checked_against_its_table() {
    let managed = sorted(true);
    assert_eq!(managed.len() + sorted(false).len(), 278);
    let folder = file(&managed, "  teapot = 1\n");
    every_teapot_is_found(folder.path(), &managed);
}

fn every_teapot_is_found(folder: &std::path::Path, schemas: &[&Schema]) {
    let (code, text) = run(folder, &["validate"]);
    assert_eq!(code, 1, "{text}");
    for schema in schemas {
        let told = format!("`{}` has no argument `teapot`", schema.name);
        assert!(
            text.replace('\n', " ").contains(&told),
            "no {told} in\n{text}"
        );
    }
}
