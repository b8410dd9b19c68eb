//! Loading a directory and, through its calls, every module below it.

use super::declared::{Configuration, DeclaredCall, Module};
use super::family::{self, Foreigners};
use super::files::{join, read_directory};
use super::package::{Package, Remote, remote};
use super::{module, validity};
use crate::source::{Diagnostic, Sources, Span, Surroundings};
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
    let mut loader = Loader::new(root, surroundings, sources, options);
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
    installed: Option<BTreeMap<String, Installed>>,
    absent: Vec<Absent>,
    foreigners: Foreigners,
    told: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    fn new(
        root: &'a Path,
        surroundings: &'a dyn Surroundings,
        sources: &'a mut Sources,
        options: Options,
    ) -> Loader<'a> {
        Loader {
            root,
            surroundings,
            sources,
            options,
            directories: BTreeMap::new(),
            installed: None,
            absent: Vec::new(),
            foreigners: Foreigners::default(),
            told: Vec::new(),
        }
    }
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
        let Some(remote) = remote(source) else {
            return Some(join(caller, source.replace('\\', "/")));
        };
        let key = path.join(".");
        match self.installed(&key) {
            Some(installed) if installed.is_of(source) => return Some(installed.directory),
            stale => {
                self.told.push(absent(&remote, call, stale.is_some()));
            }
        }
        self.absent.push(Absent {
            key,
            source: source.to_owned(),
            remote,
            span: call.source.span,
        });
        None
    }

    /// Looks a module up among those that were fetched.
    fn installed(&mut self, key: &str) -> Option<Installed> {
        let (root, surroundings) = (self.root, self.surroundings);
        let installed = self
            .installed
            .get_or_insert_with(|| manifest(root, surroundings).unwrap_or_default());
        installed.get(key).cloned()
    }
}

/// A module that is called and was not fetched.
#[derive(Clone, Debug)]
pub struct Absent {
    /// The names of the calls on the way to it, joined with dots.
    pub key: String,
    /// As written.
    pub source: String,
    pub remote: Remote,
    pub span: Span,
}

/// Lists the modules that are called and were not fetched, as far as the files at hand tell.
#[must_use]
pub fn absent_modules(
    root: &Path,
    surroundings: &dyn Surroundings,
    sources: &mut Sources,
) -> Vec<Absent> {
    let options = Options {
        skip_foreign: true,
        only_validates: true,
    };
    let mut loader = Loader::new(root, surroundings, sources, options);
    let directory = join(Path::new(""), root);
    if let Ok(body) = loader.body(&directory) {
        loader.module(Vec::new(), &directory, &body, &mut vec![directory.clone()]);
    }
    loader.absent
}

/// A module that was fetched.
#[derive(Clone, Debug)]
struct Installed {
    source: String,
    directory: PathBuf,
}

impl Installed {
    /// Tells whether it was fetched from a source; a registry's host is written out in the list.
    fn is_of(&self, source: &str) -> bool {
        let hostless = |package: Package| match package {
            Package::Registry {
                namespace,
                name,
                system,
                ..
            } => Package::Registry {
                namespace,
                name,
                system,
                public: true,
            },
            other => other,
        };
        let parts = |source| remote(source).map(|one| (hostless(one.package), one.folder));
        parts(&self.source) == parts(source)
    }
}

fn absent(remote: &Remote, call: &DeclaredCall, stale: bool) -> Diagnostic {
    let problem = |message: &str| {
        Diagnostic::error("module-not-local", message)
            .at(call.span, "this module")
            .at(call.source.span, "from this source")
    };
    match &remote.package {
        Package::Git { .. } | Package::Archive { .. } => {
            let message = match stale {
                true => "the source of this module has changed since it was fetched",
                false => "this module is not fetched yet",
            };
            problem(message).hint("`vaultform get` fetches it into `.terraform/modules`")
        }
        Package::Registry {
            namespace,
            name,
            system,
            public,
        } => {
            let problem = problem("a module from a registry is not fetched here");
            let problem = match public {
                true => problem.hint(format!(
                    "write its repository instead, mostly `source = \"git::https://github.com/{namespace}/terraform-{system}-{name}?ref=vVERSION\"`"
                )),
                false => problem.hint("write its repository instead: `source = \"git::https://HOST/PATH?ref=VERSION\"`"),
            };
            problem.hint("or let `terraform get` fetch it once into `.terraform/modules`, where it is found")
        }
        Package::Foreign(kind) => problem(&format!("modules from `{kind}` are not fetched here"))
            .hint("use a repository (`git::https://…`), or an archive that ends in `.zip` or `.tar.gz`")
            .hint("or let `terraform get` fetch it once into `.terraform/modules`, where it is found"),
    }
}

/// Reads `.terraform/modules/modules.json`: `{"Modules": [{"Key": "a.b", "Source": "…", "Dir": ".terraform/modules/a.b"}]}`.
fn manifest(root: &Path, surroundings: &dyn Surroundings) -> Option<BTreeMap<String, Installed>> {
    let path = join(root, MANIFEST);
    let bytes = surroundings.read(&path).ok()?;
    let whole: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let modules = whole.get("Modules")?.as_array()?;
    let found = modules.iter().filter_map(|module| {
        let text = |name: &str| module.get(name)?.as_str();
        let installed = Installed {
            source: text("Source").unwrap_or_default().to_owned(),
            directory: join(root, text("Dir")?),
        };
        Some((text("Key")?.to_owned(), installed))
    });
    Some(found.collect())
}

/// The list of fetched modules, which Terraform and OpenTofu keep as well.
pub const MANIFEST: &str = ".terraform/modules/modules.json";
