//! The generated pages are those of the tables. `BLESS=1 cargo test --test docs` writes them anew.

#![allow(clippy::disallowed_methods)] // pages are files, and blessing is asked for by the environment

use std::collections::BTreeMap;
use std::path::PathBuf;
use vaultform::catalog::{docs, registry};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/resources")
}

fn pages() -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> = registry::all()
        .map(|table| (docs::file_name(table), docs::page(table)))
        .collect();
    pages.insert("README.md".to_owned(), docs::index());
    pages
}

#[test]
fn pages_are_those_of_the_tables() {
    let pages = pages();
    if std::env::var_os("BLESS").is_some() {
        let _ = std::fs::remove_dir_all(folder());
        std::fs::create_dir_all(folder()).expect("a folder");
        for (name, text) in &pages {
            std::fs::write(folder().join(name), text).expect("a page");
        }
    }
    for (name, text) in &pages {
        let found = std::fs::read_to_string(folder().join(name)).unwrap_or_default();
        assert!(
            found == *text,
            "{name} is stale: BLESS=1 cargo test --test docs"
        );
    }
    for entry in std::fs::read_dir(folder()).expect("a folder") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a name");
        assert!(pages.contains_key(&name), "{name} is of no type");
    }
}

#[test]
fn the_index_links_every_page() {
    let index = docs::index();
    for table in registry::all() {
        let link = format!("]({})", docs::file_name(table));
        assert_eq!(index.matches(&link).count(), 1, "{}", table.name);
    }
}
