//! `test`: runs the test files of a configuration against a real server, and puts it back as it was.

mod judgement;
mod run;
mod scope;

use super::context::{Context, Voice};
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, is_set, path, switch, text, texts, value};
use super::plan::begin;
use super::project;
use super::wish::{arguments, variable_flags};
use crate::config::check_expression;
use crate::config::test_file::{TestFile, test_file};
use crate::config::{Configuration, join};
use crate::source::{Diagnostic, Surroundings};
use crate::syntax::parse_file;
use crate::view::test_report::{FileReport, Status, file_line, junit, summary, worst};
use clap::{ArgMatches, Command};
use run::Tester;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("test")
        .about("Run the tests of the configuration")
        .long_about(
            "Runs the `run` blocks of `*.tftest.hcl` files, here and in `tests/`. What they apply is written to the server \
             that the configuration names, owned by a ledger of its own, and destroyed at the end of the file. Objects that \
             are there already are never taken over: use a server made for tests.",
        )
        .args(variable_flags())
        .args([
            super::flags::many("filter", "FILE", "Only this test file"),
            switch("json", "Write events as JSON, one a line"),
            switch("verbose", "Show the plan of each run"),
            value("junit-xml", "FILE", "Write a report for other tools as well"),
            value("test-directory", "DIR", "Where test files are besides the directory itself: `tests`"),
            value("parallelism", "N", "How many requests at once"),
            ignored("cloud-run"),
        ])
}

/// A test file with its path as the user would type it.
struct Declared {
    path: String,
    file: TestFile,
}

/// Runs the tests.
///
/// # Errors
/// When the configuration or a test file cannot be read.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    if is_set(matches, "json") {
        context.voice.set(Voice::Events);
    }
    begin(context);
    let project = project::read(context, false)?;
    context.tell(&project.diagnostics);
    let given = project.given(context, arguments(matches)?)?;
    let declared = read(context, matches, &project.configuration)?;
    let names = |file: &Declared| {
        let runs = file.file.runs.iter().map(|run| run.name.text.to_string());
        (file.path.clone(), runs.collect::<Vec<_>>())
    };
    if context.voice.get() == Voice::Events {
        let all: Vec<_> = declared.iter().map(names).collect();
        context.say(&context.stream().test_abstract(&all));
    }
    // From here on an interruption waits for what was made to be removed.
    context.writing.store(true, Ordering::SeqCst);
    let mut reports = Vec::new();
    for one in &declared {
        let mut tester = Tester::new(context, matches, &project.configuration, &given, one)?;
        reports.push(tester.file().await);
    }
    context.writing.store(false, Ordering::SeqCst);
    conclude(context, matches, &reports)
}

fn conclude(context: &Context, matches: &ArgMatches, reports: &[FileReport]) -> Done {
    if let Some(path) = path(matches, "junit-xml") {
        std::fs::write(&path, junit(reports)).map_err(|error| {
            let why = super::files::words(&error);
            let message = format!("`{}` cannot be written: {why}", path.display());
            Failure::from(Diagnostic::error("file-unusable", message))
        })?;
    }
    match context.voice.get() {
        Voice::Events => context.say(&context.stream().test_summary(reports)),
        _ => context.say(&format!("\n{}\n", summary(reports))),
    }
    if context.stop.load(Ordering::SeqCst) {
        return Ok(Exit::Interrupted);
    }
    Ok(match worst(reports) {
        Status::Pass | Status::Skip => Exit::Done,
        Status::Fail | Status::Error => Exit::Failed,
    })
}

/// Tells what is wrong with the test files.
#[must_use]
pub fn check(
    context: &Context,
    matches: &ArgMatches,
    configuration: &Configuration,
) -> Vec<Diagnostic> {
    let read = read(context, matches, configuration);
    read.err()
        .map(|failure| failure.diagnostics)
        .unwrap_or_default()
}

/// Finds and reads the test files.
fn read(
    context: &Context,
    matches: &ArgMatches,
    configuration: &Configuration,
) -> Result<Vec<Declared>, Failure> {
    let wanted = texts(matches, "filter");
    let mut paths = Vec::new();
    let folder = text(matches, "test-directory").unwrap_or("tests");
    for directory in ["", folder] {
        let entries = context.files.list(Path::new(directory)).unwrap_or_default();
        let names = entries.into_iter().filter(|entry| !entry.is_directory);
        for entry in names {
            if entry.name.ends_with(".tftest.hcl") || entry.name.ends_with(".tofutest.hcl") {
                paths.push(join(Path::new(directory), &entry.name));
            }
        }
    }
    let same = |path: &Path, wish: &String| join(Path::new(""), wish) == path;
    for wish in &wanted {
        if !paths.iter().any(|path| same(path, wish)) {
            let message = format!("there is no test file `{wish}`");
            return Err(Diagnostic::error("no-test-file", message).into());
        }
    }
    paths.retain(|path| wanted.is_empty() || wanted.iter().any(|wish| same(path, wish)));
    let mut told = Vec::new();
    let mut found = Vec::new();
    for path in paths {
        let file = declared(context, &path, configuration, &mut told);
        found.extend(file.map(|file| Declared {
            path: path.display().to_string(),
            file,
        }));
    }
    super::context::sound(told).map(|told| context.tell(&told))?;
    Ok(found)
}

fn declared(
    context: &Context,
    path: &Path,
    configuration: &Configuration,
    told: &mut Vec<Diagnostic>,
) -> Option<TestFile> {
    let text = match context.files.read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(why) => {
            let message = format!("`{}` cannot be read: {why}", path.display());
            told.push(Diagnostic::error("file-unusable", message));
            return None;
        }
    };
    let id = context.sources.borrow_mut().add(path, &text);
    let (body, errors) = parse_file(id, &text);
    told.extend(errors);
    let file = test_file(&body, told);
    for provider in file.providers.values() {
        for attribute in &provider.body.attributes {
            told.extend(check_expression(&configuration.root, &attribute.value, &[]));
        }
    }
    Some(file)
}

/// Tells how far a file is.
fn tell_file(context: &Context, path: &str, progress: &str, status: Option<Status>) {
    match context.voice.get() {
        Voice::Events => context.say(&context.stream().test_file(path, progress, status)),
        _ => {
            let word = match progress {
                "teardown" => "tearing down",
                _ => "in progress",
            };
            context.say(&file_line(path, status, word, context.paint.get()));
        }
    }
}
