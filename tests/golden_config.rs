//! Loads every configuration of a folder of recorded cases (`GOLDEN`), and compares what is told with the record.

#![allow(clippy::disallowed_methods)] // The test is the caller that has files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use vaultform::config::{Family, Module, Options, load};
use vaultform::eval::functions::Phase;
use vaultform::eval::{Unknowing, World, decode_body, decode_provider};
use vaultform::source::{Diagnostic, Entry, Sources, Surroundings};

struct Disk;

impl Surroundings for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }
    fn list(&self, path: &Path) -> Result<Vec<Entry>, String> {
        let mut entries: Vec<Entry> = std::fs::read_dir(path)
            .map_err(|error| error.to_string())?
            .filter_map(Result::ok)
            .map(|entry| Entry {
                name: entry.file_name().to_string_lossy().into_owned(),
                is_directory: entry.path().is_dir(),
            })
            .collect();
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
    fn started(&self) -> i64 {
        0
    }
    fn working_directory(&self) -> PathBuf {
        PathBuf::from("/")
    }
    fn home(&self) -> Option<PathBuf> {
        None
    }
}

type Lines = BTreeSet<(String, u64)>;

/// The lines that errors point at.
fn lines(sources: &Sources, told: &[Diagnostic]) -> Lines {
    told.iter()
        .filter(|diagnostic| diagnostic.is_error())
        .flat_map(|diagnostic| &diagnostic.labels)
        .map(|label| {
            let file = &sources.file(label.span.file).path;
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let line = sources.position(label.span.file, label.span.start).line;
            (name, line as u64)
        })
        .collect()
}

/// The lines of errors that another program told when it checked the same configuration.
fn recorded(result: &serde_json::Value) -> Lines {
    let told = result["validate"]["diagnostics"].as_array();
    told.into_iter()
        .flatten()
        .filter(|one| one["severity"] == "error")
        .filter_map(|one| {
            let range = &one["range"];
            let file = Path::new(range["filename"].as_str()?).file_name()?;
            let line = range["start"][0].as_u64()?;
            Some((file.to_string_lossy().into_owned(), line))
        })
        .collect()
}

fn directories(root: &Path, found: &mut Vec<PathBuf>) {
    for entry in Disk
        .list(root)
        .unwrap()
        .iter()
        .filter(|entry| entry.is_directory)
    {
        let path = root.join(&entry.name);
        if Disk
            .list(&path)
            .unwrap()
            .iter()
            .any(|file| file.name.ends_with(".tf"))
        {
            found.push(path.clone());
        }
        directories(&path, found);
    }
}

fn world<'a>(base: &'a Path) -> World<'a> {
    World {
        surroundings: &Disk,
        base_directory: base,
        phase: Phase::Plan,
        now: 0,
        entropy: &|_| {},
    }
}

fn decode(module: &Module, world: World<'_>, told: &mut Vec<Diagnostic>) {
    let scope = Unknowing(world);
    for resource in module.resources.values() {
        if let Some(kind) = resource.kind {
            let decoded = decode_body(&resource.body, kind, &scope);
            told.extend(decoded.diagnostics);
        }
    }
    for (name, provider) in &module.providers {
        if module.family(name.split('.').next().unwrap()) == Family::Vault {
            let decoded = decode_provider(&provider.body, &scope);
            told.extend(decoded.diagnostics);
        }
    }
    for call in module.calls.values() {
        if let Some(module) = &call.module {
            decode(module, world, told);
        }
    }
}

/// Cases whose error only evaluation finds: cycles, marks of values, keys of known maps, unsuitable `for_each`.
const BY_VALUE: [&str; 6] = [
    "mistake-cycle",
    "mistake-for-each-list",
    "mistake-for-each-sensitive",
    "mistake-output-of-sensitive-value",
    "mistake-unknown-key-of-map",
    "series-ephemeral-variable.step2",
];

/// Cases that are understood here (types in quotation marks), or told by fewer errors.
const MILDER: [&str; 2] = ["mistake-deprecated-interpolation", "mistake-syntax"];

/// Cases that are told here before anything is planned, and elsewhere afterwards.
const EARLIER: [&str; 2] = ["mistake-moved-to-missing", "mistake-self-reference"];

#[test]
fn recorded_cases_are_judged_alike() {
    let Ok(golden) = std::env::var("GOLDEN") else {
        return;
    };
    let golden = Path::new(&golden);
    let cases = golden.join("cases");
    let mut found = Vec::new();
    directories(&cases, &mut found);
    let mut wrong = Vec::new();
    for directory in found {
        let name = directory
            .strip_prefix(&cases)
            .unwrap()
            .to_string_lossy()
            .replace('/', ".");
        let Ok(text) = std::fs::read(golden.join(format!("results/{name}.json"))) else {
            continue;
        };
        let result: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let mut sources = Sources::default();
        let (configuration, mut told) = load(&directory, &Disk, &mut sources, Options::default());
        decode(&configuration.root, world(&directory), &mut told);
        let errors: Vec<Diagnostic> = told.into_iter().filter(Diagnostic::is_error).collect();
        let beyond = |one: &Diagnostic| one.code == "unsupported-type";
        if errors.iter().any(beyond) {
            continue;
        }
        let (ours, theirs) = (lines(&sources, &errors), recorded(&result));
        let valid = result["validate"]["exit"] == 0;
        if valid && !EARLIER.contains(&&*name) && !errors.is_empty() {
            wrong.push(format!("{name} is valid: {errors:#?}"));
        }
        let excused = BY_VALUE.contains(&&*name) || MILDER.contains(&&*name);
        if !valid && !excused && !theirs.is_subset(&ours) {
            wrong.push(format!("{name}: {theirs:?} expected, {ours:?} told"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
