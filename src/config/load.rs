//! Loading a directory and, through its calls, every module below it.

use super::call::{Source, source_of};
use super::declared::{Configuration, DeclaredCall, Module};
use super::family::{self, Foreigners};
use super::files::{join, read_directory};
use super::{module, validity};
use crate::source::{Diagnostic, Sources, Surroundings};
use crate::syntax::Body;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a configuration is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave out the resources of providers that are not run here (`-skip-foreign`).
    pub skip_foreign: bool,
    /// Only warn of types of Vault's provider that are not managed here: what is asked is whether the files make sense.
    pub only_validates: bool,
}

/// Loads the configuration in a directory with all its local modules, and tells everything that is wrong with it as far
/// as that can be seen without evaluating. What could be read is returned even so.
#[must_use]
pub fn load(
    root: &Path,
    surroundings: &dyn Surroundings,
    sources: &mut Sources,
    options: Options,
) -> (Configuration, Vec<Diagnostic>) {
    let mut loader = Loader {
        root,
        surroundings,
        sources,
        options,
        directories: BTreeMap::new(),
        installed: None,
        foreigners: Foreigners::default(),
        told: Vec::new(),
    };
    let directory = join(Path::new(""), root);
    let module = match loader.body(&directory) {
        Ok(body) => loader.module(Vec::new(), &directory, &body, &mut vec![directory.clone()]),
        Err(reason) => {
            let message = format!("`{}` is no configuration: {reason}", directory.display());
            loader
                .told
                .push(Diagnostic::error("no-configuration", message));
            Module {
                incomplete: true,
                ..Module::default()
            }
        }
    };
    let mut told = loader.told;
    told.extend(loader.foreigners.diagnostics(options.only_validates));
    let configuration = Configuration {
        root: Arc::new(module),
    };
    if configuration.is_whole() {
        validity::check(&configuration.root, &mut told);
    }
    let mut told = distinct(told);
    let place = |one: &Diagnostic| {
        one.labels
            .first()
            .map(|label| (label.span.file, label.span.start))
    };
    told.sort_by_key(place);
    (configuration, told)
}

/// Removes repetitions: a module that is called twice tells everything twice.
fn distinct(told: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(told.len());
    for diagnostic in told {
        if !kept.contains(&diagnostic) {
            kept.push(diagnostic);
        }
    }
    kept
}

struct Loader<'a> {
    root: &'a Path,
    surroundings: &'a dyn Surroundings,
    sources: &'a mut Sources,
    options: Options,
    /// What was read, so that a module called twice is parsed once.
    directories: BTreeMap<PathBuf, Result<Arc<Body>, String>>,
    /// Directories of modules that another tool has downloaded, by the names of the calls joined with dots.
    installed: Option<BTreeMap<String, PathBuf>>,
    foreigners: Foreigners,
    told: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn body(&mut self, directory: &Path) -> Result<Arc<Body>, String> {
        if let Some(known) = self.directories.get(directory) {
            return known.clone();
        }
        let read = read_directory(directory, self.surroundings, self.sources, &mut self.told);
        let read = read.map(Arc::new);
        self.directories.insert(directory.to_owned(), read.clone());
        read
    }

    /// Reads a module and those that it calls; `chain` are the directories on the way to it, its own included.
    fn module(
        &mut self,
        path: Vec<Arc<str>>,
        directory: &Path,
        body: &Body,
        chain: &mut Vec<PathBuf>,
    ) -> Module {
        let mut found = Module {
            path,
            directory: directory.to_owned(),
            incomplete: body.incomplete,
            ..Module::default()
        };
        module::read(body, &mut found, &mut self.told);
        let skip = self.options.skip_foreign;
        family::sort(&mut found, skip, &mut self.foreigners, &mut self.told);
        for call in found.calls.values_mut() {
            let mut path = found.path.clone();
            path.push(call.name.text.clone());
            call.module = self.called(path, directory, call, chain).map(Arc::new);
        }
        found
    }

    fn called(
        &mut self,
        path: Vec<Arc<str>>,
        caller: &Path,
        call: &DeclaredCall,
        chain: &mut Vec<PathBuf>,
    ) -> Option<Module> {
        if call.source.text.is_empty() {
            return None;
        }
        let directory = self.directory_of(&path, caller, call)?;
        if chain.contains(&directory) {
            self.told.push(
                Diagnostic::error("module-cycle", "this module calls itself")
                    .at(
                        call.span,
                        format!("`{}` is already open around it", directory.display()),
                    )
                    .at(call.source.span, "the same directory again"),
            );
            return None;
        }
        let body = match self.body(&directory) {
            Ok(body) => body,
            Err(reason) => {
                let message = format!("no module in `{}`: {reason}", directory.display());
                self.told.push(
                    Diagnostic::error("module-not-found", message)
                        .at(call.span, "called here")
                        .at(call.source.span, "from this source"),
                );
                return None;
            }
        };
        chain.push(directory.clone());
        let module = self.module(path, &directory, &body, chain);
        chain.pop();
        Some(module)
    }

    /// Returns the directory of a call's module; tells why there is none.
    fn directory_of(
        &mut self,
        path: &[Arc<str>],
        caller: &Path,
        call: &DeclaredCall,
    ) -> Option<PathBuf> {
        let source = &*call.source.text;
        let kind = source_of(source);
        if kind == Source::Local {
            return Some(join(caller, source.replace('\\', "/")));
        }
        if let Some(installed) = self.installed(&path.join(".")) {
            return Some(installed);
        }
        let what = match kind {
            Source::Git => "a repository",
            Source::Registry => "a registry",
            _ => "an address",
        };
        self.told.push(
            Diagnostic::error("module-not-local", format!("a module from {what} is not downloaded here"))
                .at(call.span, "this module")
                .at(call.source.span, "not a local path")
                .hint("`terraform get` or `tofu get` downloads it once into `.terraform/modules`, where it is found")
                .hint("or copy it beside this directory and write `source = \"./…\"`"),
        );
        None
    }

    /// Looks a module up among those that Terraform or OpenTofu have downloaded.
    fn installed(&mut self, key: &str) -> Option<PathBuf> {
        let (root, surroundings) = (self.root, self.surroundings);
        let installed = self
            .installed
            .get_or_insert_with(|| manifest(root, surroundings).unwrap_or_default());
        installed.get(key).cloned()
    }
}

/// Reads `.terraform/modules/modules.json`: `{"Modules": [{"Key": "a.b", "Dir": ".terraform/modules/a.b"}]}`.
fn manifest(root: &Path, surroundings: &dyn Surroundings) -> Option<BTreeMap<String, PathBuf>> {
    let path = join(root, ".terraform/modules/modules.json");
    let bytes = surroundings.read(&path).ok()?;
    let whole: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let modules = whole.get("Modules")?.as_array()?;
    let found = modules.iter().filter_map(|module| {
        let text = |name: &str| module.get(name)?.as_str();
        Some((text("Key")?.to_owned(), join(root, text("Dir")?)))
    });
    Some(found.collect())
}
