//! Findings in the forms of other people's tools, with paths as these know them.

use super::context::{Context, VERSION};
use super::form::Form;
use crate::source::{Diagnostic, Sources};
use crate::view::findings::{About, Finding, Origins, junit, sarif};
use std::path::{Component, Path, PathBuf};

/// Writes a report as SARIF or JUnit; nothing for other forms.
pub fn report(
    context: &Context,
    command: &str,
    findings: &[Finding<'_>],
    form: Form,
    about: &dyn Fn(&str) -> Option<About>,
) {
    let here = std::env::current_dir().unwrap_or_default();
    let top = top(&here);
    let sources = context.sources.borrow();
    let origins = Origins {
        command,
        version: VERSION,
        sources: &sources,
        locate: &|path| located(path, &here, &top),
        about,
    };
    match form {
        Form::Sarif => context.say(&format!("{}\n", sarif(findings, &origins))),
        Form::Junit => context.say(&junit(findings, &origins)),
        Form::Text | Form::Json | Form::Markdown | Form::Html => {}
    }
}

/// Returns the top of the repository around a directory: where `.git` is, else the directory itself.
fn top(directory: &Path) -> PathBuf {
    let mut around = directory.ancestors();
    let found = around.find(|one| one.join(".git").exists());
    found.unwrap_or(directory).to_owned()
}

fn located(path: &Path, here: &Path, top: &Path) -> String {
    let whole = cleaned(&here.join(path));
    let shown = whole.strip_prefix(top).unwrap_or(&whole);
    shown.to_string_lossy().replace('\\', "/")
}

/// Returns a path without `.` and `..`, by its text alone.
#[must_use]
pub fn cleaned(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(clean.components().next_back(), Some(Component::Normal(_))) =>
            {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// A directory that a command was pointed at and works in now.
#[derive(Clone, Debug)]
pub struct Entered {
    /// As the user named it; empty for the one that the program was called in.
    prefix: PathBuf,
    here: PathBuf,
    /// The one file that is meant, where it is none of a directory as a whole.
    pub file: Option<String>,
}

/// Goes into a directory, or into that of a file.
///
/// # Errors
/// When it is not there.
pub fn enter(path: &str) -> Result<Entered, Diagnostic> {
    let failed = |why: &str| {
        let message = format!("`{path}` cannot be looked at: {why}");
        Diagnostic::error("file-unusable", message)
    };
    let given = Path::new(path);
    let about = std::fs::metadata(given).map_err(|error| failed(&super::files::words(&error)))?;
    let here = std::env::current_dir().unwrap_or_default();
    let plain = Entered {
        prefix: PathBuf::new(),
        here,
        file: None,
    };
    if about.is_file() {
        return Ok(Entered {
            file: Some(path.to_owned()),
            ..plain
        });
    }
    std::env::set_current_dir(given).map_err(|error| failed(&super::files::words(&error)))?;
    let prefix = cleaned(given);
    Ok(Entered { prefix, ..plain })
}

impl Entered {
    /// Goes back to where the program was called, and returns the sources with their paths as seen from there.
    #[must_use]
    pub fn seen_from_outside(&self, sources: &Sources) -> Sources {
        let _ = std::env::set_current_dir(&self.here);
        let mut seen = Sources::default();
        for (_, file) in sources.files() {
            let path = match self.prefix.as_os_str().is_empty() {
                true => file.path.clone(),
                false => cleaned(&self.prefix.join(&file.path)),
            };
            seen.add(path, &file.text);
        }
        seen
    }
}
