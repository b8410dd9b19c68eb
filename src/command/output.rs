//! `output`: the outputs as they are now, worked out from the live server.

use super::context::{Context, Voice};
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, is_set, switch, text, word};
use super::state::{Live, look};
use super::wish::variable_flags;
use crate::source::Diagnostic;
use crate::view::outputs::{output_json, output_raw, output_text, outputs_text};
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("output")
        .about("Show the outputs as they are now")
        .arg(word("NAME", "Only this one, also when it is sensitive"))
        .args(variable_flags())
        .args([
            switch("json", "Write JSON"),
            switch("raw", "Write the value alone, without quotes"),
            switch(
                "show-sensitive",
                "Accepted: an output asked for by name is shown",
            ),
            ignored("state"),
            ignored("module"),
        ])
}

/// Shows the outputs.
///
/// # Errors
/// When there is no such output, or it is not known.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let (json, raw) = (is_set(matches, "json"), is_set(matches, "raw"));
    if json || raw {
        context.voice.set(Voice::Document);
    }
    let name = text(matches, "NAME");
    if raw && name.is_none() {
        let problem = Diagnostic::error("invalid-option", "`-raw` needs the name of an output");
        return Err(problem.into());
    }
    let live = look(context, matches).await?;
    let text = match name {
        Some(name) => one(&live, name, json, raw).map_err(|problems| unknown(&live, problems))?,
        None if json => format!("{:#}\n", output_json(&live.outputs, None)?),
        None => {
            if live.outputs.is_empty() {
                let problem =
                    Diagnostic::warning("no-outputs", "there are no outputs that are known");
                context.tell(&[
                    problem.hint("declare `output` blocks, and apply what they depend on")
                ]);
            }
            outputs_text(&live.outputs)
        }
    };
    context.say(&text);
    Ok(Exit::Done)
}

fn one(live: &Live, name: &str, json: bool, raw: bool) -> Result<String, Vec<Diagnostic>> {
    match (json, raw) {
        (true, _) => Ok(format!("{}\n", output_json(&live.outputs, Some(name))?)),
        (false, true) => output_raw(&live.outputs, name),
        (false, false) => output_text(&live.outputs, name),
    }
}

/// Adds what is wrong with the objects that an output may depend on.
fn unknown(live: &Live, mut problems: Vec<Diagnostic>) -> Failure {
    problems.extend(
        live.diagnostics
            .iter()
            .filter(|found| found.is_error())
            .cloned(),
    );
    problems.into()
}
