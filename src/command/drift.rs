//! `drift`: what the world changed since the last apply.

use super::context::{Context, Voice};
use super::document::{document, schema};
use super::exit::{Done, Exit, Failure};
use super::findings;
use super::flags::{is_set, parsed, switch, value};
use super::form::{DRIFT, Form, format_flag};
use super::pages::write_drift;
use super::plan::{checked, common_flags, may_show, order};
use super::planning::make;
use super::wish::{variable_flags, wish_flags};
use crate::plan::{Origin, Step};
use crate::source::{Diagnostic, Severity};
use crate::view::document::PlanDocument;
use crate::view::drift_text::{drift_counts, drift_document, drift_text};
use crate::view::findings::Finding;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    let planning = wish_flags().into_iter().filter(|flag| {
        matches!(
            flag.get_id().as_str(),
            "target" | "exclude" | "unsupported" | "skip-foreign"
        )
    });
    Command::new("drift")
        .about("Show what was changed on the server since the last apply")
        .args(planning)
        .args(variable_flags())
        .args(common_flags())
        .args([
            value(
                "exit-code",
                "N",
                "End with this instead of 2 when there is drift",
            ),
            switch(
                "unmanaged",
                "List also what lives on the server and in no configuration",
            ),
            switch("show-sensitive", "Show secrets"),
            format_flag(
                "text|json|markdown|html|sarif|junit",
                "How drift is written",
            ),
        ])
}

/// Looks for drift.
///
/// # Errors
/// Whatever keeps it from being found.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let chosen: Option<u8> = parsed(matches, "exit-code", "a number below 256")?;
    let show_sensitive = may_show(context, matches)?;
    let form = Form::read(matches, DRIFT)?;
    let mut order = order(context, matches)?;
    if context.voice.get() == Voice::Events || form != Form::Text {
        context.voice.set(Voice::Document);
    }
    // What a later apply would be refused for is no drift.
    order.options.allow_data_loss = true;
    order.options.unsupported_warns = true;
    order.wish.allow_lockout = true;
    let settings = super::settings::read(context)?;
    order.options.unmanaged =
        is_set(matches, "unmanaged") || settings.drift.unmanaged.unwrap_or(false);
    let (session, mut planned) = make(context, order).await?;
    for found in &mut planned.plan.diagnostics {
        if found.code == "prevent-destroy" || found.code == "wrong-ledger" {
            found.severity = Severity::Warning;
        }
    }
    let document = document(context, &session, &planned, None, show_sensitive);
    let outcome = checked(context, &session, planned);
    let mut told = session.notices.clone();
    context.tell(&session.close().await);
    let planned = outcome?;
    let drifted = drifted(&planned.plan.steps);
    told.extend(planned.plan.diagnostics);
    if form.is_report() {
        let found: Vec<Finding<'_>> = drifted.iter().map(Finding::loud).collect();
        findings::report(context, "drift", &found, form, &|_| None);
        context.tell(&told);
    } else if form.is_page() {
        write_drift(context, &document, &told, form);
        context.tell(&told);
    } else {
        report(context, &document, show_sensitive, &told);
    }
    Ok(
        match (
            drift_counts(&document).any(),
            chosen.or(settings.drift.exit_code),
        ) {
            (false, _) => Exit::Done,
            (true, None) => Exit::Changes,
            (true, Some(code)) => Exit::Chosen(code),
        },
    )
}

/// Returns a finding for each object that was changed or deleted outside.
fn drifted(steps: &[Step]) -> Vec<Diagnostic> {
    let moved = |origin: Option<Origin>| matches!(origin, Some(Origin::Drift | Origin::Both));
    let finding = |step: &Step| {
        let names: Vec<String> = step
            .attributes
            .iter()
            .filter(|(_, change)| change.differs && moved(change.origin))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let message = match (&step.before, names.is_empty()) {
            (None, _) => format!("`{}` was deleted outside of vaultform", step.address),
            (_, true) => format!("`{}` was changed outside of vaultform", step.address),
            (_, false) => format!(
                "`{}` was changed outside of vaultform: {}",
                step.address,
                names.join(", ")
            ),
        };
        let found = Diagnostic::warning("drift", message).address(&step.address);
        match step.span {
            Some(span) => found.at(span, ""),
            None => found,
        }
    };
    steps
        .iter()
        .filter(|step| moved(step.origin))
        .map(finding)
        .collect()
}

/// Writes the report.
pub fn report(
    context: &Context,
    document: &PlanDocument,
    show_sensitive: bool,
    told: &[Diagnostic],
) {
    if context.voice.get() == Voice::Document {
        let mut json = drift_document(document);
        let exit = if drift_counts(document).any() {
            Exit::Changes
        } else {
            Exit::Done
        };
        json["exit"] = exit.name().into();
        context.say(&format!("{json}\n"));
    } else {
        let text = drift_text(document, &schema, context.text_options(show_sensitive));
        context.say(&format!("\n{text}"));
    }
    context.tell(told);
}

/// Writes what `plan -refresh-only` shows; tells whether there is drift.
///
/// # Errors
/// Never so far.
pub fn refresh_only(
    context: &Context,
    document: &PlanDocument,
    told: &[Diagnostic],
    (show_sensitive, form): (bool, Form),
) -> Result<bool, Failure> {
    if form.is_page() {
        write_drift(context, document, told, form);
    } else if context.voice.get() == Voice::Events {
        context.say(&context.stream().plan(document));
    } else {
        report(context, document, show_sensitive, &[]);
    }
    Ok(drift_counts(document).any())
}
