//! Rules of the house that no compiler checks: which room uses which, sizes, who prints, how much is borrowed.

#![allow(clippy::disallowed_methods, reason = "it reads the sources")]

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FUNCTION_LINES: usize = 80;
const FILE_LINES: usize = 600;
/// Packages in Cargo.lock, ours and the test-only ones included. A tool that holds root tokens borrows little.
const PACKAGES: usize = 310;

/// Path below `src` and text of every source file.
fn sources() -> Vec<(String, String)> {
    let (root, mut found) = (Path::new(ROOT).join("src"), Vec::new());
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

/// `plan` for `plan/graph.rs` and for `plan.rs`.
fn room(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

/// The first names of all paths from `crate::` on, those of a group `crate::{a::B, c::{D}}` too.
fn used(code: &str) -> Vec<String> {
    let comments = Regex::new(r"(?m)^\s*//.*").unwrap();
    let (inner, mut code) = (
        Regex::new(r"::\{[^{}]*\}").unwrap(),
        comments.replace_all(code, "").into_owned(),
    );
    let group = Regex::new(r"crate::\{([^{}]*)\}").unwrap();
    let mut names = Vec::new();
    // From the inside out: a group right after `crate::` is read, any other is dropped.
    while inner.is_match(&code) {
        for found in group.captures_iter(&code) {
            names.extend(
                found[1]
                    .split(',')
                    .map(|path| room(&path.trim().replace("::", "/")).to_owned()),
            );
        }
        code = inner.replace_all(&code, "").into_owned();
    }
    let single = Regex::new(r"\bcrate::(\w+)").unwrap();
    names.extend(single.captures_iter(&code).map(|found| found[1].to_owned()));
    names.retain(|name| !name.is_empty());
    names
}

/// First line and length of every function; rustfmt ends one on a line of its own indentation and `}`.
fn functions(code: &str) -> Vec<(usize, usize)> {
    let head = Regex::new(r"^(\s*)(pub(\([a-z ]+\))? )?(const |async )*fn \w+.*[^;}]$").unwrap();
    let (mut found, mut open) = (Vec::new(), None);
    for (number, line) in code.lines().enumerate() {
        if let Some(start) = head.captures(line) {
            open = Some((number, format!("{}}}", &start[1])));
        } else if let Some((start, _)) = open.take_if(|(_, end)| end == line) {
            found.push((start + 1, number - start + 1));
        }
    }
    found
}

fn assert_none(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn a_room_uses_only_the_rooms_above_it() {
    let library = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    let rooms: Vec<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.split(';').next())
        .collect();
    let place = |name: &str| rooms.iter().position(|room| *room == name);
    assert!(rooms.len() > 3, "src/lib.rs lists no rooms");
    let mut broken = Vec::new();
    for (path, code) in sources() {
        let Some(own) = place(room(&path)) else {
            continue;
        };
        let lower = used(&code)
            .into_iter()
            .filter(|name| place(name) > Some(own));
        broken.extend(lower.map(|name| format!("src/{path} uses `{name}`")));
    }
    assert_none(
        "a room may use only the rooms above it in src/lib.rs",
        broken,
    );
}

#[test]
fn files_and_functions_stay_small() {
    let mut broken = Vec::new();
    for (path, code) in sources() {
        let lines = code.lines().count();
        broken.extend((lines > FILE_LINES).then(|| format!("src/{path}: {lines} lines")));
        let long = functions(&code)
            .into_iter()
            .filter(|(_, lines)| *lines > FUNCTION_LINES);
        broken.extend(
            long.map(|(start, lines)| format!("src/{path}:{start}: a function of {lines} lines")),
        );
    }
    assert_none("split by theme", broken);
}

#[test]
fn only_view_and_command_print() {
    let prints =
        Regex::new(r"(?m)^\s*[^/\s].*\b(e?println?|dbg)!\(|^\s*(e?println?|dbg)!\(").unwrap();
    let silent = sources()
        .into_iter()
        .filter(|(path, _)| !["view", "command", "main"].contains(&room(path)));
    let broken = silent
        .filter(|(_, code)| prints.is_match(code))
        .map(|(path, _)| format!("src/{path}"));
    assert_none("only view and command print", broken.collect());
}

#[test]
fn dependencies_stay_within_the_budget() {
    let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap();
    let packages = lock.matches("[[package]]").count();
    assert!(
        packages <= PACKAGES,
        "{packages} packages, {PACKAGES} allowed: drop one, or argue for a larger budget"
    );
}

/// Lines that each type of the catalog takes: from the end of the table before it, constants and imports of its own included.
fn lines_of_types(code: &str) -> Vec<usize> {
    let head = Regex::new(r"^(pub(\([a-z]+\))? )?const \w+: ResourceType =").unwrap();
    let (mut sizes, mut begun, mut within) = (Vec::new(), 0, false);
    for (number, line) in code.lines().enumerate() {
        within |= head.is_match(line);
        if within && line.ends_with(';') && !line.starts_with(' ') {
            sizes.push(number + 1 - begun);
            (begun, within) = (number + 1, false);
        }
    }
    sizes
}

#[test]
fn a_type_is_a_table() {
    let all = sources();
    let tables = all.iter().filter(|(path, _)| room(path) == "catalog");
    let mut sizes: Vec<usize> = tables.flat_map(|(_, code)| lines_of_types(code)).collect();
    sizes.sort_unstable();
    assert!(sizes.len() > 140, "{} tables found", sizes.len());
    let median = sizes[sizes.len() / 2];
    assert!(median <= 45, "the median type takes {median} lines");
}

#[test]
fn no_type_is_named_outside_the_catalog() {
    let names: std::collections::BTreeSet<&str> = vaultform::catalog::registry::all()
        .map(|kind| kind.name)
        .filter(|name| name.contains('_'))
        .collect();
    // The examples of lints are HCL in quotes: `resource "vault_mount" "kv"`.
    let header = Regex::new(r#"(resource|data|ephemeral) "\w+""#).unwrap();
    let quoted = Regex::new(r#""([a-z0-9]+_[a-z0-9_]+)""#).unwrap();
    let mut broken = Vec::new();
    for (path, code) in sources() {
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        if room(&path) == "catalog" || path.contains("tests") || path.ends_with("samples.rs") {
            continue;
        }
        for (number, line) in code.lines().enumerate() {
            let line = header.replace_all(line.split("//").next().unwrap_or_default(), "");
            for found in quoted.captures_iter(&line) {
                if names.contains(&found[1]) {
                    broken.push(format!("{path}:{}: {}", number + 1, &found[1]));
                }
            }
        }
    }
    assert_none("a type is named in the catalog alone", broken);
}

#[test]
fn paths_and_sizes_are_read_rightly() {
    let code = "use crate::{\n    plan::{A, b::{B}},\n    value,\n};\n// crate::view\nlet x = crate::eval_more::f(crate::policy::X);";
    assert_eq!(used(code), ["plan", "value", "eval_more", "policy"]);
    assert_eq!(
        functions(
            "fn one() {}\nimpl A {\n    pub async fn two(\n    ) {\n        if x {\n        }\n    }\n}\n"
        ),
        [(3, 5)]
    );
}
