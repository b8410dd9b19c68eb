//! Every lint has a page, and its examples are true: the program raises the code on the one and not on the other.
//! `BLESS=1 cargo test --test policy_pages` writes the pages anew.
#![allow(
    clippy::disallowed_methods,
    reason = "pages are files, and the program is started"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use vaultform::policy::lint::{LINTS, Lint, docs};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint")
}

#[test]
fn pages_are_those_of_the_lints() {
    let mut pages: Vec<(String, String)> = LINTS
        .iter()
        .map(|lint| (docs::file_name(lint), docs::page(lint)))
        .collect();
    pages.push(("README.md".to_owned(), docs::index()));
    if std::env::var_os("BLESS").is_some() {
        let _ = std::fs::remove_dir_all(folder());
        std::fs::create_dir_all(folder()).unwrap();
        for (name, text) in &pages {
            std::fs::write(folder().join(name), text).unwrap();
        }
    }
    for (name, text) in &pages {
        let found = std::fs::read_to_string(folder().join(name)).unwrap_or_default();
        assert!(
            found == *text,
            "docs/lint/{name} is stale: BLESS=1 cargo test --test policy_pages"
        );
    }
    let there = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(there, pages.len(), "a page of no lint");
}

/// What the examples of policies stand beside.
const AROUND: &str = r#"
resource "vault_mount" "kv" {
  path = "kv"
  type = "kv-v2"
}

resource "vault_mount" "kv1" {
  path = "kv1"
  type = "kv"
}

resource "vault_mount" "pki" {
  path = "pki"
  type = "pki"
}

resource "vault_policy" "example" {
  name   = "example"
  policy = file("example.hcl")
}
"#;

fn lint(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vaultform"))
        .arg("lint")
        .args(arguments)
        .arg(directory)
        .env_clear()
        .output()
        .unwrap()
}

/// Writes an example as a configuration and returns the codes that are raised.
fn codes(lint_of: &Lint, example: &str) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    if lint_of.code.starts_with("VF-P") {
        std::fs::write(place.path().join("main.tf"), AROUND).unwrap();
        std::fs::write(place.path().join("example.hcl"), example).unwrap();
    } else {
        std::fs::write(place.path().join("main.tf"), example).unwrap();
    }
    let ran = lint(place.path(), &["-format=json"]);
    let out = String::from_utf8_lossy(&ran.stdout);
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(
        matches!(ran.status.code(), Some(0 | 2)),
        "{}: {out}\n{error}",
        lint_of.code
    );
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let found = report["findings"].as_array().unwrap();
    let codes = found
        .iter()
        .map(|one| one["code"].as_str().unwrap().to_owned());
    codes.collect()
}

#[test]
fn each_code_fires_on_its_bad_example_and_not_on_its_good_one() {
    for one in LINTS {
        let (bad, good) = (codes(one, one.bad), codes(one, one.good));
        let code = one.code.to_owned();
        assert!(
            bad.contains(&code),
            "{code}: the bad example raises {bad:?}"
        );
        assert!(
            !good.contains(&code),
            "{code}: the good example raises {good:?}"
        );
    }
}

#[test]
fn examples_and_policies_of_the_repository_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = std::fs::read_dir(root.join("examples")).unwrap();
    let mut places: Vec<PathBuf> = examples.map(|one| one.unwrap().path()).collect();
    assert_eq!(places.len(), 5);
    places.push(root.join("policies"));
    for place in places {
        let ran = lint(&place, &[]);
        let out = String::from_utf8_lossy(&ran.stdout);
        let error = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(
            ran.status.code(),
            Some(0),
            "{}: {out}{error}",
            place.display()
        );
        assert!(out.contains("No findings."), "{out}");
    }
}
