//! `fmt`: canonical layout of files.

use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::files::words;
use super::flags::{is_set, on, switch, word};
use crate::config::masked::{masked, unquote};
use crate::source::Diagnostic;
use crate::syntax::format;
use clap::{ArgAction, ArgMatches, Command};
use similar::TextDiff;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The endings of files that are formatted.
const ENDINGS: &[&str] = &[".tf", ".tofu", ".tfvars", ".tftest.hcl", ".tfmock.hcl"];

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("fmt")
        .about("Write files in their canonical layout")
        .arg(
            word("PATH", "Files or directories; `-` reads from the input")
                .num_args(0..)
                .action(ArgAction::Append),
        )
        .args([
            on("list", "Name the files that change"),
            on("write", "Write them"),
            switch("diff", "Show what changes"),
            switch(
                "check",
                "End with 3 when a file is not in its canonical layout; write nothing",
            ),
            switch("recursive", "Also in directories below"),
        ])
}

struct Manner {
    list: bool,
    write: bool,
    diff: bool,
}

/// Formats files.
///
/// # Errors
/// When a file cannot be read or written, or is no HCL.
pub fn run(context: &Context, matches: &ArgMatches) -> Done {
    let check = is_set(matches, "check");
    let manner = Manner {
        list: is_set(matches, "list"),
        write: is_set(matches, "write") && !check,
        diff: is_set(matches, "diff"),
    };
    let asked = super::flags::texts(matches, "PATH");
    if asked == ["-"] {
        return input(context, &manner, check);
    }
    let mut files = Vec::new();
    let asked = if asked.is_empty() {
        vec![".".to_owned()]
    } else {
        asked
    };
    for path in &asked {
        gather(
            Path::new(path),
            is_set(matches, "recursive"),
            true,
            &mut files,
        )?;
    }
    let mut changed = false;
    let mut problems = Vec::new();
    for file in &files {
        match file_in_order(context, file, &manner) {
            Ok(differs) => changed |= differs,
            Err(failure) => problems.extend(failure.diagnostics),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::with(problems, Exit::Changes));
    }
    Ok(if changed && check {
        Exit::Partly
    } else {
        Exit::Done
    })
}

fn failed(path: &Path, why: &str) -> Failure {
    let problem = Diagnostic::error("file-unusable", format!("`{}`: {why}", path.display()));
    Failure::with(vec![problem], Exit::Changes)
}

fn is_ours(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn gather(
    path: &Path,
    recursive: bool,
    named: bool,
    files: &mut Vec<PathBuf>,
) -> Result<(), Failure> {
    let about = std::fs::metadata(path).map_err(|error| failed(path, &words(&error)))?;
    if !about.is_dir() {
        if named && !is_ours(path) {
            return Err(failed(
                path,
                "only .tf, .tofu, .tfvars and test files are formatted",
            ));
        }
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(|error| failed(path, &words(&error)))?;
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    for entry in inside {
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if entry.is_dir() && recursive && !hidden {
            gather(&entry, true, false, files)?;
        } else if entry.is_file() && is_ours(&entry) {
            files.push(entry);
        }
    }
    Ok(())
}

fn formatted(context: &Context, path: &Path, text: &str) -> Result<String, Failure> {
    format(text).map_err(|errors| {
        // The formatter knows one file only: its spans mean this one.
        let mut sources = context.sources.borrow_mut();
        let values = path.extension().is_some_and(|ending| ending == "tfvars");
        let shown = match values {
            true => masked(text),
            false => text.to_owned(),
        };
        let id = sources.add(path, &shown);
        let place = |mut error: Diagnostic| {
            unquote(&mut error, text, &shown);
            for label in &mut error.labels {
                label.span.file = id;
            }
            error
        };
        Failure::with(errors.into_iter().map(place).collect(), Exit::Changes)
    })
}

fn file_in_order(context: &Context, path: &Path, manner: &Manner) -> Result<bool, Failure> {
    let bytes = std::fs::read(path).map_err(|error| failed(path, &words(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| failed(path, "it is not UTF-8"))?;
    let canonical = formatted(context, path, &text)?;
    let shown = path.strip_prefix(".").unwrap_or(path);
    if canonical == text {
        return Ok(false);
    }
    if manner.list {
        context.say(&format!("{}\n", shown.display()));
    }
    if manner.diff {
        context.say(&difference(shown, &text, &canonical));
    }
    if manner.write {
        std::fs::write(path, canonical).map_err(|error| failed(path, &words(&error)))?;
    }
    Ok(true)
}

fn difference(path: &Path, old: &str, new: &str) -> String {
    let name = path.display();
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff()
        .header(&format!("old/{name}"), &format!("new/{name}"))
        .to_string()
}

fn input(context: &Context, manner: &Manner, check: bool) -> Done {
    let mut text = String::new();
    let path = Path::new("<stdin>");
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| failed(path, &words(&error)))?;
    let canonical = formatted(context, path, &text)?;
    if manner.diff {
        context.say(&difference(path, &text, &canonical));
    } else if !check {
        context.say(&canonical);
    }
    Ok(if check && canonical != text {
        Exit::Partly
    } else {
        Exit::Done
    })
}
