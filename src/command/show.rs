//! `show`: a saved plan, or what the ledger owns as it is on the server.

use super::context::{Context, Voice};
use super::document::schema;
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, path, switch, value, word};
use super::form::{Form, OBJECTS, PLANS, format_flag};
use super::pages::write_plan;
use crate::source::Diagnostic;
use crate::view::plan_text::plan_text;
use clap::{ArgMatches, Command};
use std::path::Path;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("show")
        .about("Show a saved plan, or what is managed as it is on the server")
        .arg(word("FILE", "A saved plan"))
        .args([
            switch("json", "Write a JSON document"),
            format_flag("text|json|markdown|html", "How a plan is written"),
            switch("show-sensitive", "Show secrets"),
            value("plan", "FILE", "A saved plan"),
            ignored("state"),
            ignored("module"),
            ignored("config"),
        ])
}

/// Shows a plan or the live objects.
///
/// # Errors
/// When there is nothing that could be shown.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let file = path(matches, "FILE").or_else(|| path(matches, "plan"));
    let form = Form::read(matches, if file.is_some() { PLANS } else { OBJECTS })?;
    if form != Form::Text {
        context.voice.set(Voice::Document);
    }
    match file {
        Some(file) => saved_plan(context, &file, form),
        None => super::state::show_all(context, matches).await,
    }
}

fn saved_plan(context: &Context, file: &Path, form: Form) -> Done {
    let document = super::apply::read(file)?;
    match form {
        Form::Json => {
            let text = document.to_json().map_err(|error| {
                Failure::from(Diagnostic::error("invalid-plan-file", error.to_string()))
            })?;
            context.say(&(text + "\n"));
        }
        Form::Markdown | Form::Html => write_plan(context, &document, &[], form),
        _ => context.say(&format!(
            "\n{}",
            plan_text(&document, &schema, context.text_options(false))
        )),
    }
    Ok(Exit::Done)
}
