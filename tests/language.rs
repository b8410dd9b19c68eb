//! Runs the documents in `tests/language`: each case is a few files and what is told of them.
//!
//! A case is a heading `## …` with fenced blocks: the files, each with its name, and `told`, one diagnostic a line with its
//! place, its hints indented below. `BLESS=1` writes what is told now.

#![allow(clippy::disallowed_methods)] // The test is the caller that has files.

mod memory;

use memory::Files;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vaultform::catalog::registry;
use vaultform::config::Options;
use vaultform::reconcile::blind;
use vaultform::reconcile::world::World;
use vaultform::source::{Diagnostic, Severity, Sources, Surroundings};

fn told(files: BTreeMap<PathBuf, String>, skip_foreign: bool) -> String {
    let files: Arc<dyn Surroundings> = Arc::new(Files(files));
    let mut sources = Sources::default();
    let options = Options {
        skip_foreign,
        ..Options::default()
    };
    let root = Path::new(".");
    let loaded = blind::load(root, &files, &mut sources, options);
    let mut told = loaded.diagnostics;
    if !told.iter().any(Diagnostic::is_error) {
        let world = World::blind(loaded.configuration, files, root);
        told.extend(blind::check(&world));
    }
    told.iter().map(|one| written(one, &sources)).collect()
}

fn written(one: &Diagnostic, sources: &Sources) -> String {
    let severity = match one.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = format!("{severity}[{}]: {}\n", one.code, one.message);
    for label in &one.labels {
        let file = sources.file(label.span.file).path.display();
        let at = sources.position(label.span.file, label.span.start);
        let snippet = sources.text(label.span).lines().next().unwrap_or_default();
        let place = format!("{file}:{}:{} `{snippet}`", at.line, at.column);
        writeln!(text, "  at {place} {}", label.text).unwrap();
    }
    for (name, value) in &one.values {
        writeln!(text, "  where {name} is {value}").unwrap();
    }
    for hint in &one.hints {
        writeln!(text, "  hint: {hint}").unwrap();
    }
    text
}

/// Returns the document with what is told now in its `told` blocks.
fn run(document: &str) -> String {
    let mut out = String::new();
    let mut files = BTreeMap::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        if line.starts_with("## ") {
            files.clear();
        }
        let Some(fence) = line.strip_prefix("```") else {
            continue;
        };
        let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let content: String = content.iter().map(|line| format!("{line}\n")).collect();
        match fence.split_once(' ') {
            Some((_, name)) if !fence.starts_with("told") => {
                out.push_str(&content);
                files.insert(PathBuf::from(name), content);
            }
            _ => out.push_str(&told(files.clone(), fence == "told -skip-foreign")),
        }
        out.push_str("```\n");
    }
    out
}

#[test]
fn examples_of_the_catalog_are_valid() {
    for table in registry::all().filter(|table| !table.example.is_empty()) {
        let files = [(PathBuf::from("main.tf"), table.example.to_owned())];
        let text = told(files.into(), false);
        assert_eq!(text, "", "the example of `{}`", table.name);
    }
}

#[test]
fn documents_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let bless = std::env::var_os("BLESS").is_some();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let document = std::fs::read_to_string(&path).unwrap();
        let now = run(&document);
        seen += document.matches("\n## ").count();
        if bless {
            std::fs::write(&path, now).unwrap();
        } else {
            assert_eq!(
                document,
                now,
                "{}: `BLESS=1` writes what is told now",
                path.display()
            );
        }
    }
    assert!(seen > 0, "no documents found");
}
