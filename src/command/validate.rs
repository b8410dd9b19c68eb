//! `validate`: whether the configuration makes sense, without a server.

use super::context::{Context, Voice};
use super::exit::{Done, Exit};
use super::findings::report;
use super::flags::{ignored, is_set, switch};
use super::form::{FINDINGS, Form, format_flag};
use super::project;
use super::stock::{Judged, Witness, refused};
use super::wish::variable_flags;
use crate::config::{Configuration, Options};
use crate::plan::census::{Side, census};
use crate::policy::Census;
use crate::reconcile::graph::Graph;
use crate::reconcile::world::World;
use crate::reconcile::{blind, offline};
use crate::source::Diagnostic;
use crate::view::diagnostic::valid_text;
use crate::view::diagnostic_json::validate_document;
use crate::view::findings::Finding;
use clap::{ArgMatches, Command};
use std::path::Path;
use std::sync::Arc;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("validate")
        .about("Check the configuration without a server")
        .args(variable_flags())
        .args([
            switch("json", "Write a JSON document"),
            format_flag("text|json|sarif|junit", "How findings are written"),
            switch("skip-foreign", "Leave out resources of other providers"),
            ignored("test-directory"),
            switch("no-tests", "Leave test files out"),
        ])
}

/// Checks the configuration.
///
/// # Errors
/// When the form of the report is none: what is wrong with the configuration is told.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let form = Form::read(matches, FINDINGS)?;
    let options = Options {
        skip_foreign: is_set(matches, "skip-foreign"),
        only_validates: true,
    };
    let mut diagnostics = match project::read_as(context, options) {
        Ok(project) => {
            let world = project.blind_world(context);
            let mut found = project.diagnostics;
            found.extend(blind::check(&world));
            if !found.iter().any(Diagnostic::is_error) {
                found.extend(policies(context, &project.configuration, project.graph).await);
            }
            if !is_set(matches, "no-tests") {
                found.extend(super::test::check(context, matches, &project.configuration));
            }
            found
        }
        Err(failure) => failure.diagnostics,
    };
    let settings = super::settings::read(context).err();
    diagnostics.extend(settings.into_iter().flat_map(|failure| failure.diagnostics));
    let valid = !diagnostics.iter().any(Diagnostic::is_error);
    if form.is_report() {
        context.voice.set(Voice::Document);
        let findings: Vec<Finding<'_>> = diagnostics.iter().map(Finding::loud).collect();
        report(context, "validate", &findings, form, &|_| None);
    } else if form == Form::Json {
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

/// Tells what every server would refuse in policies, as far as their texts are known without variables.
async fn policies(
    context: &Context,
    configuration: &Arc<Configuration>,
    graph: Graph,
) -> Vec<Diagnostic> {
    let witness = Arc::new(Witness::new(context.files.clone()));
    let world = World::blind(configuration.clone(), witness.clone(), Path::new("."));
    let planned = offline(world, graph).await;
    let judged = Judged {
        before: &Census::default(),
        after: &census(&planned.plan, Side::After),
        server: None,
        read: &witness.texts(),
    };
    refused(context, &planned, &judged)
}
