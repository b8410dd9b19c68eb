//! The configuration in the current directory: read, its variables filled in, ready to be planned.

use super::context::{Context, sound};
use super::exit::Failure;
use crate::config::variables::{Argument, Assigned, Given, assign, missing};
use crate::config::{Configuration, DeclaredProvider, IMPORT_UNDECLARED, Options};
use crate::reconcile::blind;
use crate::reconcile::graph::{Graph, build};
use crate::reconcile::world::World;
use crate::source::Diagnostic;
use crate::source::Surroundings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration with its graph.
pub struct Project {
    pub configuration: Arc<Configuration>,
    pub graph: Graph,
    /// Warnings and notes.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(context: &Context, skip_foreign: bool) -> Result<Project, Failure> {
    let options = Options {
        skip_foreign,
        ..Options::default()
    };
    read_as(context, options)
}

/// Reads the configuration in a way of its own.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_as(context: &Context, options: Options) -> Result<Project, Failure> {
    read_in(context, Path::new("."), options)
}

/// Reads the configuration although `import` blocks name what is not declared yet.
///
/// # Errors
/// Everything else that is wrong with it.
pub fn read_for_generation(context: &Context) -> Result<Project, Failure> {
    read_without(
        context,
        Path::new("."),
        Options::default(),
        &[IMPORT_UNDECLARED],
    )
}

/// Reads the configuration of a directory.
fn read_in(context: &Context, directory: &Path, options: Options) -> Result<Project, Failure> {
    read_without(context, directory, options, &[])
}

/// Reads a configuration, overlooking errors with certain codes.
fn read_without(
    context: &Context,
    directory: &Path,
    options: Options,
    overlooked: &[&str],
) -> Result<Project, Failure> {
    let surroundings: Arc<dyn Surroundings> = context.files.clone();
    let mut sources = context.sources.borrow_mut();
    let mut loaded = blind::load(directory, &surroundings, &mut sources, options);
    loaded
        .diagnostics
        .retain(|one| !overlooked.contains(&one.code));
    let diagnostics = sound(loaded.diagnostics)?;
    let graph = loaded.graph.ok_or_else(Vec::new)?;
    Ok(Project {
        configuration: loaded.configuration,
        graph,
        diagnostics,
    })
}

/// Reads the configuration of a directory, and puts provider blocks in the place of its own.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_trial(
    context: &Context,
    directory: &Path,
    providers: &[(Arc<str>, DeclaredProvider)],
) -> Result<Project, Failure> {
    let mut project = read_in(context, directory, Options::default())?;
    if !providers.is_empty() {
        let mut root = (*project.configuration.root).clone();
        root.providers.extend(providers.iter().cloned());
        let configuration = Configuration {
            root: Arc::new(root),
        };
        project.graph = build(&configuration)?;
        project.configuration = Arc::new(configuration);
    }
    Ok(project)
}

/// Reads the configuration; a directory without one is an empty configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_or_empty(context: &Context) -> Result<Project, Failure> {
    match read(context, true) {
        Err(failure)
            if failure
                .diagnostics
                .iter()
                .all(|found| found.code == "no-configuration") =>
        {
            let configuration = Configuration {
                root: Arc::default(),
            };
            Ok(Project {
                graph: build(&configuration)?,
                configuration: Arc::new(configuration),
                diagnostics: Vec::new(),
            })
        }
        outcome => outcome,
    }
}

impl Project {
    /// Fills in the variables that have a value; the others stay unknown.
    ///
    /// # Errors
    /// When a value does not fit.
    pub fn given(&self, context: &Context, arguments: Vec<Argument>) -> Result<Assigned, Failure> {
        let given = Given {
            environment: environment(context),
            arguments,
        };
        let mut sources = context.sources.borrow_mut();
        let (assigned, found) = assign(
            &self.configuration.root,
            &given,
            &*context.files,
            &mut sources,
        );
        sound(found)?;
        Ok(assigned)
    }

    /// Fills the variables in: from the environment, files, arguments, and by asking.
    ///
    /// # Errors
    /// When a value is missing or does not fit.
    pub fn variables(
        &mut self,
        context: &Context,
        mut arguments: Vec<Argument>,
        ask: bool,
    ) -> Result<Assigned, Failure> {
        loop {
            let given = Given {
                environment: environment(context),
                arguments: arguments.clone(),
            };
            let root = &self.configuration.root;
            let mut sources = context.sources.borrow_mut();
            let (assigned, found) = assign(root, &given, &*context.files, &mut sources);
            drop(sources);
            let found = sound(found)?;
            let answers = if ask {
                asked(context, &assigned)
            } else {
                Vec::new()
            };
            if !answers.is_empty() {
                arguments.extend(answers);
                continue;
            }
            self.diagnostics.extend(found);
            return match missing(&assigned.missing) {
                Some(problem) => Err(problem.into()),
                None => Ok(assigned),
            };
        }
    }

    /// Makes the world in which expressions are evaluated.
    #[must_use]
    pub fn world(&self, context: &Context, assigned: &Assigned) -> World {
        self.world_among(context, assigned, context.files.clone())
    }

    /// Makes the world in which expressions are evaluated, among files that are given.
    #[must_use]
    pub fn world_among(
        &self,
        context: &Context,
        assigned: &Assigned,
        files: Arc<dyn Surroundings>,
    ) -> World {
        let mut values = assigned.values.values();
        if values.any(|value| value.marks_within().sensitive || value.marks_within().ephemeral) {
            context.veil.lift(open_text(context));
        }
        for value in assigned.values.values() {
            context.veil.add_secrets(value);
        }
        World::new(
            self.configuration.clone(),
            files,
            assigned.values.clone(),
            context.workspace.clone(),
            PathBuf::from("."),
        )
    }
}

/// Returns the text of all files of the configuration; files of values hold secrets.
fn open_text(context: &Context) -> String {
    let sources = context.sources.borrow();
    let of_values = |path: &Path| path.to_string_lossy().contains(".tfvars");
    let files = sources.files().filter(|(_, file)| !of_values(&file.path));
    let texts: Vec<&str> = files.map(|(_, file)| &*file.text).collect();
    texts.join("\n")
}

impl Project {
    /// Makes a world that knows nothing but the files: for finding mistakes in them.
    #[must_use]
    pub fn blind_world(&self, context: &Context) -> World {
        World::blind(
            self.configuration.clone(),
            context.files.clone(),
            Path::new("."),
        )
    }
}

/// Returns the variables that the environment gives.
pub fn environment(context: &Context) -> BTreeMap<String, String> {
    let variables = context.environment.iter();
    let named = variables.filter_map(|(name, value)| Some((name.strip_prefix("TF_VAR_")?, value)));
    named
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

/// Asks for the values that are missing; nothing where nobody can be asked.
fn asked(context: &Context, assigned: &Assigned) -> Vec<Argument> {
    let mut answers = Vec::new();
    for one in assigned.missing.iter().filter(|one| !one.sensitive) {
        let about = one
            .description
            .as_ref()
            .map(|text| format!("\n  {text}"))
            .unwrap_or_default();
        let question = format!("var.{}{about}\n\n  Enter a value: ", one.name);
        let Some(text) = context.ask(&question) else {
            return Vec::new();
        };
        answers.push(Argument::Value {
            name: one.name.to_string(),
            text,
        });
    }
    answers
}
