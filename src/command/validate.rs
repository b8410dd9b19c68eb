//! `validate`: whether the configuration makes sense, without a server.

use super::context::{Context, Voice};
use super::exit::{Done, Exit};
use super::flags::{ignored, is_set, switch};
use super::project;
use super::wish::variable_flags;
use crate::reconcile::blind;
use crate::source::Diagnostic;
use crate::view::diagnostic::valid_text;
use crate::view::diagnostic_json::validate_document;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("validate")
        .about("Check the configuration without a server")
        .args(variable_flags())
        .args([
            switch("json", "Write a JSON document"),
            switch("skip-foreign", "Leave out resources of other providers"),
            ignored("test-directory"),
            ignored("no-tests"),
        ])
}

/// Checks the configuration.
///
/// # Errors
/// Never: what is wrong is told.
pub fn run(context: &Context, matches: &ArgMatches) -> Done {
    let diagnostics = match project::read(context, is_set(matches, "skip-foreign")) {
        Ok(project) => {
            let world = project.blind_world(context);
            let mut found = project.diagnostics;
            found.extend(blind::check(&world));
            found
        }
        Err(failure) => failure.diagnostics,
    };
    let valid = !diagnostics.iter().any(Diagnostic::is_error);
    if is_set(matches, "json") {
        context.voice.set(Voice::Document);
        let document = validate_document(&diagnostics, &context.sources.borrow());
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        context.say(&(text + "\n"));
    } else {
        context.tell(&diagnostics);
        if valid {
            let warnings = diagnostics
                .iter()
                .filter(|found| found.severity == crate::source::Severity::Warning);
            context.say(&valid_text(warnings.count(), context.paint.get()));
        }
    }
    Ok(if valid { Exit::Done } else { Exit::Failed })
}
