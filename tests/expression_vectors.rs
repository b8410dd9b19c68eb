//! Expressions and templates against the vectors of Go HCL and OpenTofu.

#![allow(
    clippy::disallowed_methods,
    reason = "tests start servers, read files and the environment"
)]

mod typed;

use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use typed::{MarkNames, comparable};
use vaultform::eval::functions::Phase;
use vaultform::eval::{Reference, Scope, World, evaluate, evaluate_template};
use vaultform::source::{Diagnostic, Entry, FileId, Outcome, Surroundings};
use vaultform::syntax::{parse_expression, parse_template};
use vaultform::value::Value;

/// The files that the vectors read.
struct Files;

const FILES: &[(&str, &str)] = &[
    ("hello.tmpl", "Hello, ${name}!"),
    ("hello.txt", "hello!"),
    ("subdirectory/hello.tmpl", "Hello, ${name}!"),
    ("subdirectory/hello.txt", "hello!"),
];

fn plain(path: &Path) -> String {
    let names: Vec<String> = path
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    names.join("/")
}

impl Surroundings for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let path = plain(path);
        let found = FILES.iter().find(|(name, _)| *name == path);
        found
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or_else(|| format!("no file `{path}`"))
    }

    fn list(&self, path: &Path) -> Result<Vec<Entry>, String> {
        let prefix = match plain(path) {
            path if path.is_empty() => path,
            path => path + "/",
        };
        let names: BTreeSet<(String, bool)> = FILES
            .iter()
            .filter_map(|(name, _)| name.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((directory, _)) => (directory.to_owned(), true),
                None => (rest.to_owned(), false),
            })
            .collect();
        let entry = |(name, is_directory)| Entry { name, is_directory };
        match names.is_empty() {
            true => Err(format!("no directory `{prefix}`")),
            false => Ok(names.into_iter().map(entry).collect()),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.read(path).is_ok() || self.list(path).is_ok()
    }

    fn started(&self) -> i64 {
        1_082_905_200
    }

    fn working_directory(&self) -> PathBuf {
        PathBuf::from("/")
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }
}

/// Answers the bare names of a vector.
struct Names(BTreeMap<String, Value>);

impl Scope for Names {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        let told = Diagnostic::error("undeclared", "not declared");
        Err(vec![told.at(reference.span, "here")])
    }

    fn bound(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn bound_names(&self) -> Vec<Arc<str>> {
        self.0.keys().map(|name| name.as_str().into()).collect()
    }

    fn world(&self) -> World<'_> {
        World {
            surroundings: &Files,
            base_directory: Path::new("."),
            phase: Phase::Plan,
            now: 0,
            entropy: &|_| {},
        }
    }
}

fn evaluated(row: &Json, names: &Names) -> Outcome<Value> {
    let text = row["expr"].as_str().unwrap_or_default();
    if row["kind"] == "hcl_template" {
        let parts = parse_template(FileId(0), text)?;
        return evaluate_template(&parts, names);
    }
    let expression = parse_expression(FileId(0), text, 0)?;
    evaluate(&expression, names)
}

/// Returns what is wrong with a row, if anything is.
fn miss(row: &Json) -> Option<String> {
    let mut marks = MarkNames::default();
    let names = row["variables"].as_object().into_iter().flatten();
    let names = Names(
        names
            .map(|(name, json)| (name.clone(), marks.value(json)))
            .collect(),
    );
    let fails = row["diag_count"].as_u64().is_some_and(|count| count > 0)
        || row.get("error").is_some_and(|error| !error.is_null());
    match evaluated(row, &names) {
        Err(_) if fails => None,
        Err(told) => Some(format!("unexpected error: {told:?}")),
        Ok(value) if fails => Some(format!("an error is missing, got {}: {value}", value.ty())),
        Ok(value) => {
            let expected = comparable(marks.value(&row["expected_cty"]));
            let value = comparable(value);
            (value != expected).then(|| {
                format!(
                    "got {} {value} {:?}, expected {} {expected} {:?}",
                    value.ty(),
                    refined(&value),
                    expected.ty(),
                    refined(&expected)
                )
            })
        }
    }
}

fn refined(value: &Value) -> String {
    match &value.shape {
        vaultform::value::Shape::Unknown { refined, .. } => {
            format!("{:?} {refined:?}", value.marks)
        }
        _ => format!("{:?}", value.marks),
    }
}

/// The rows that `misses.tsv` names, each with its reason.
fn known_misses() -> BTreeSet<(String, u64)> {
    include_str!("vectors/misses.tsv")
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split('\t');
            Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
        })
        .collect()
}

fn check(text: &str, kinds: &[&str], share: f64) {
    let rows: Vec<Json> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let rows = rows
        .iter()
        .filter(|row| kinds.iter().any(|kind| row["kind"] == *kind));
    let known = known_misses();
    let (mut count, mut missed, mut news) = (0_u32, 0_u32, Vec::new());
    for row in rows {
        count += 1;
        if let Some(why) = miss(row) {
            missed += 1;
            let source = row["source"].as_str().unwrap_or_default().to_owned();
            let line = row["line"].as_u64().unwrap_or_default();
            if !known.contains(&(source.clone(), line)) {
                news.push(format!("{source}:{line} {}: {why}", row["expr"]));
            }
        }
    }
    assert!(count > 50, "the vectors are not there");
    assert!(
        news.is_empty(),
        "{} new misses of {count}:\n{}",
        news.len(),
        news.join("\n")
    );
    assert!(
        f64::from(count - missed) >= share * f64::from(count),
        "{missed} misses of {count}"
    );
}

#[test]
fn expressions_and_templates_of_go_hcl() {
    check(
        include_str!("vectors/hcl_expr_vectors.jsonl"),
        &["hcl_expr", "hcl_template"],
        0.98,
    );
}

#[test]
fn function_expressions_of_opentofu() {
    check(
        include_str!("vectors/function_vectors.jsonl"),
        &["expr"],
        0.98,
    );
}
