//! The layout against the vectors of Go HCL, and whole files against what `terraform fmt` 1.11.4 made of them.

use serde_json::Value as Json;
use vaultform::syntax::{format, layout};

/// Returns input and expectation of every row.
fn rows(text: &str) -> Vec<(String, String)> {
    let field = |row: &Json, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row is JSON"))
        .map(|row: Json| (field(&row, "input"), field(&row, "expected")))
        .collect()
}

#[test]
fn layout_of_the_vectors() {
    let rows = rows(include_str!("vectors/fmt_vectors.jsonl"));
    assert!(rows.len() > 20, "the vectors are not there");
    for (input, expected) in rows {
        assert_eq!(layout(&input), expected);
        assert_eq!(layout(&expected), expected, "not stable");
    }
}

#[test]
fn whole_files_come_out_as_terraform_has_them() {
    let rows = rows(include_str!("vectors/fmt_files.jsonl"));
    assert!(rows.len() > 50, "the files are not there");
    for (input, expected) in rows {
        assert_eq!(format(&input).as_ref(), Ok(&expected), "of:\n{input}");
        assert_eq!(format(&expected).as_ref(), Ok(&expected), "not stable");
    }
}

#[test]
fn old_habits_are_rewritten() {
    let old = "variable x /* why */ \"y\" {\n  type = \"list\"\n}\nvariable \"z\" {\n  type=map\n}\nlocals {\n  a = \"${var.x}\"\n  b = \"${\n  cond ?\n 1 : 2\n}\"\n  c = \"${a}${b}\"\n}\n";
    let new = "variable \"x\" \"y\" {\n  type = list(string)\n}\nvariable \"z\" {\n  type = map(any)\n}\nlocals {\n  a = var.x\n  b = (cond ?\n  1 : 2)\n  c = \"${a}${b}\"\n}\n";
    assert_eq!(format(old).as_deref(), Ok(new));
}

#[test]
fn what_cannot_be_read_is_not_rearranged() {
    let errors = format("a = [1\nb = }\n").expect_err("no configuration");
    assert!(!errors.is_empty());
}
