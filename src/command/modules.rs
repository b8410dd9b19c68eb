//! Fetching modules into `.terraform/modules`, where Terraform and OpenTofu keep them too, with the same list of them.

use super::context::Context;
use super::exit::Failure;
use crate::config::package::Package;
use crate::config::{Absent, MANIFEST, absent_modules};
use crate::operate::modules::fetch;
use crate::source::{Diagnostic, Sources};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

/// Where modules are kept.
const FOLDER: &str = ".terraform/modules";

/// Fetches all modules that are elsewhere and not here yet, and those that they call; `anew`: also those that are here.
///
/// # Errors
/// When a module cannot be had. What could be fetched stays.
pub async fn fetch_all(context: &Context, anew: bool) -> Result<(), Failure> {
    let mut list = read(anew);
    if anew {
        write(&list)?;
    }
    let mut tried: Vec<String> = Vec::new();
    let mut told = Vec::new();
    loop {
        // The files change under way: nothing of an earlier look is kept.
        let mut sources = Sources::default();
        let absent = absent_modules(Path::new("."), &*context.files, &mut sources);
        let next = absent
            .into_iter()
            .find(|one| !tried.contains(&one.key) && fetchable(one));
        let Some(next) = next else { break };
        tried.push(next.key.clone());
        context.say_text(&format!("Fetching {} for {}...\n", next.source, next.key));
        match fetch(&next.remote, &Path::new(FOLDER).join(&next.key)).await {
            Ok(folder) => {
                put(&mut list, &next, &folder);
                write(&list)?;
            }
            Err(why) => told.push(failed(context, &next, &sources, &why)),
        }
    }
    match told.is_empty() {
        true => Ok(()),
        false => Err(told.into()),
    }
}

fn fetchable(absent: &Absent) -> bool {
    matches!(
        absent.remote.package,
        Package::Git { .. } | Package::Archive { .. }
    )
}

/// Tells why a module could not be fetched, at the place that calls it.
fn failed(context: &Context, absent: &Absent, sources: &Sources, why: &str) -> Diagnostic {
    let message = format!("the module `{}` cannot be fetched: {why}", absent.key);
    let file = sources.file(absent.span.file);
    let mut all = context.sources.borrow_mut();
    let mut span = absent.span;
    span.file = all.add(file.path.clone(), &file.text);
    Diagnostic::error("module-not-fetched", message)
        .at(span, "from this source")
        .hint("check the address, and that this machine may read it")
}

/// Reads the list of modules; `anew` leaves those out that were fetched.
fn read(anew: bool) -> Vec<Json> {
    let text = std::fs::read_to_string(MANIFEST).unwrap_or_default();
    let whole: Json = serde_json::from_str(&text).unwrap_or_default();
    let modules = whole["Modules"].as_array().cloned().unwrap_or_default();
    let fetched = |module: &Json| {
        let source = module["Source"].as_str().unwrap_or_default();
        crate::config::package::remote(source).is_some_and(|remote| {
            matches!(
                remote.package,
                Package::Git { .. } | Package::Archive { .. }
            )
        })
    };
    modules
        .into_iter()
        .filter(|module| !anew || !fetched(module))
        .collect()
}

fn put(list: &mut Vec<Json>, absent: &Absent, folder: &Path) {
    // What the module called before may be gone with it.
    let below = format!("{}.", absent.key);
    list.retain(|module| {
        let key = module["Key"].as_str().unwrap_or_default();
        key != absent.key && !key.starts_with(&below)
    });
    list.push(json!({
        "Key": absent.key,
        "Source": absent.source,
        "Dir": folder.display().to_string(),
    }));
}

fn write(list: &[Json]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let why = super::files::words(&error);
        let message = format!("`{MANIFEST}` cannot be written: {why}");
        Failure::from(Diagnostic::error("file-unusable", message))
    };
    let mut modules = list.to_vec();
    if !modules.iter().any(|module| module["Key"] == "") {
        modules.insert(0, json!({ "Key": "", "Source": "", "Dir": "." }));
    }
    let path = PathBuf::from(MANIFEST);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let text = json!({ "Modules": modules }).to_string();
    std::fs::write(path, text).map_err(failed)
}
