//! `plan`: shows what an apply would do.

use super::context::{Context, Voice};
use super::document::{document, schema};
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, is_set, on, parallelism, path, switch, value};
use super::form::{Form, PLANS, format_flag};
use super::generate::generate;
use super::pages::{write_drift, write_failure, write_plan};
use super::planning::{Order, Session, make};
use super::saved::bind;
use super::wish::{Wish, arguments, variable_flags, wish_flags};
use crate::plan::Plan;
use crate::policy::Access;
use crate::reconcile::Planned;
use crate::source::Diagnostic;
use crate::view::access::{predicate, rows, subject};
use crate::view::document::PlanDocument;
use crate::view::plan_text::plan_text;
use crate::view::prompt::after_plan;
use clap::{ArgMatches, Command};
use std::path::Path;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("plan")
        .about("Show what an apply would do")
        .args(wish_flags())
        .args(variable_flags())
        .args(common_flags())
        .args([
            value("out", "FILE", "Save the plan, to be applied later"),
            switch("detailed-exitcode", "End with 2 when there are changes"),
            switch("show-sensitive", "Show secrets"),
            value(
                "generate-config-out",
                "FILE",
                "Write blocks for what `import` blocks name and nothing declares",
            ),
            switch(
                "fail-on-access-gain",
                "Fail where somebody gains access, or has it under other conditions",
            ),
            format_flag("text|json|markdown|html", "How the plan is written"),
            ignored("concise"),
            ignored("consolidate-warnings"),
        ])
}

/// Returns the options of `plan`, `apply` and `destroy` that say how to run.
#[must_use]
pub fn common_flags() -> Vec<clap::Arg> {
    vec![
        switch("json", "Write events as JSON, one a line"),
        on("input", "Ask for what is missing"),
        on("lock", "Hold the ledger's lock while writing"),
        value(
            "lock-timeout",
            "DURATION",
            "How long to wait for another run: `30s`",
        ),
        value("parallelism", "N", "How many requests at once"),
        switch("compact-warnings", "Show warnings shortly"),
        ignored("state"),
        ignored("state-out"),
        ignored("backup"),
        ignored("suppress-forget-errors"),
    ]
}

/// Reads how a plan is to be made.
///
/// # Errors
/// When an option has a wrong value.
pub fn order(context: &Context, matches: &ArgMatches) -> Result<Order, Failure> {
    context
        .compact_warnings
        .set(is_set(matches, "compact-warnings"));
    if is_set(matches, "json") && context.voice.get() == Voice::Text {
        context.voice.set(Voice::Events);
    }
    let wish = Wish::read(matches)?;
    super::apply::hold(matches, "plan")?;
    Ok(Order {
        arguments: arguments(matches)?,
        ask: is_set(matches, "input") && context.voice.get() == Voice::Text,
        parallelism: parallelism(matches)?,
        options: wish.options(),
        wish,
        ..Order::default()
    })
}

/// Plans, shows the plan, and saves it where asked.
///
/// # Errors
/// Whatever keeps a plan from being made.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let form = Form::read(matches, PLANS)?;
    context.voice.set(match form {
        Form::Text => Voice::Text,
        Form::Json => Voice::Events,
        _ => Voice::Document,
    });
    let show_sensitive = may_show(context, matches)?;
    let order = order(context, matches)?;
    begin(context);
    let wish = order.wish.clone();
    let out = path(matches, "out");
    let failed = |failure: &Failure| write_failure(context, &failure.diagnostics, form);
    if let Some(file) = path(matches, "generate-config-out") {
        let generated = generate(context, &order, &file).await;
        generated.inspect_err(failed)?;
    }
    let made = make(context, order).await;
    let (session, mut planned) = made.inspect_err(failed)?;
    let gain = is_set(matches, "fail-on-access-gain").then(|| access_gain(&session.access));
    let gain = gain.flatten();
    let manner = Manner {
        show_sensitive,
        form,
        gain: gain.as_ref(),
    };
    let hints = super::least::hints(&session, &planned).await;
    planned.plan.diagnostics.extend(hints);
    let outcome = conclude(
        context,
        &session,
        planned,
        &wish,
        out.as_deref().filter(|_| gain.is_none()),
        manner,
    );
    context.tell(&session.close().await);
    let changed = outcome?;
    if let Some(problem) = gain {
        return Err(problem.into());
    }
    Ok(match changed && is_set(matches, "detailed-exitcode") {
        true => Exit::Changes,
        false => Exit::Done,
    })
}

/// Returns the error of a plan by which somebody gains access.
fn access_gain(access: &Access) -> Option<Diagnostic> {
    if !access.gains() {
        return None;
    }
    let rows = rows(access);
    let first = rows.iter().find(|row| row.direction != "loses");
    let message = match first {
        Some(row) => format!("{} {}", subject(row), predicate(row)),
        None => "what this plan does to access cannot be told".to_owned(),
    };
    let problem = Diagnostic::error("access-gain", format!("the plan gives access: {message}"));
    Some(problem.hint(
        "look at the access changes, and plan without `-fail-on-access-gain` if they are meant",
    ))
}

/// Tells which program speaks, where events are asked for.
pub fn begin(context: &Context) {
    if context.voice.get() == Voice::Events {
        context.say(&context.stream().version());
    }
}

/// Tells whether secrets may be shown.
///
/// # Errors
/// In other people's automation, whose logs everybody reads.
pub fn may_show(context: &Context, matches: &ArgMatches) -> Result<bool, Diagnostic> {
    let wanted = is_set(matches, "show-sensitive");
    let automated = context
        .variable("CI")
        .is_some_and(|on| on != "false" && on != "0");
    if wanted && automated {
        let problem = Diagnostic::error(
            "secrets-in-automation",
            "`-show-sensitive` is refused where `CI` is set",
        );
        return Err(
            problem.hint("its log would hold the secrets: ask for one output by name instead")
        );
    }
    Ok(wanted)
}

/// How a plan is shown.
struct Manner<'a> {
    show_sensitive: bool,
    form: Form,
    /// Why it fails though it could be made.
    gain: Option<&'a Diagnostic>,
}

/// Shows a plan; returns whether there are changes.
fn conclude(
    context: &Context,
    session: &Session,
    planned: Planned,
    wish: &Wish,
    out: Option<&Path>,
    manner: Manner<'_>,
) -> Result<bool, Failure> {
    let (show_sensitive, form) = (manner.show_sensitive, manner.form);
    let binding = out.map(|_| bind(session, &planned, wish, &context.workspace));
    let binding = binding.and_then(|binding| serde_json::to_value(binding).ok());
    let document = document(context, session, &planned, binding, show_sensitive);
    let mut told = session.notices.clone();
    told.extend(planned.plan.diagnostics.iter().cloned());
    if form.is_page() {
        // A reviewer wants to see also what a plan that fails came to.
        let all: Vec<Diagnostic> = told.iter().chain(manner.gain).cloned().collect();
        let write = if wish.refresh_only {
            write_drift
        } else {
            write_plan
        };
        write(context, &document, &all, form);
    }
    tell_refreshed(context, &planned.plan);
    let planned = checked(context, session, planned)?;
    let differs = if wish.refresh_only {
        super::drift::refresh_only(context, &document, show_sensitive)
    } else {
        show(context, &document, show_sensitive);
        planned.plan.has_changes()
    };
    context.tell(&told);
    if let Some(out) = out {
        save(&document, out)?;
    }
    let worth_saving = (planned.plan.has_changes() && !wish.refresh_only) || out.is_some();
    if context.voice.get() == Voice::Text && worth_saving && !context.in_automation() {
        let saved = out.map(|path| path.display().to_string());
        context.say(&format!(
            "\n{}",
            after_plan(saved.as_deref(), context.product, 77)
        ));
    }
    Ok(differs)
}

/// Hands a plan on when there is no error in it.
///
/// # Errors
/// The errors of the plan, with all that was told besides.
pub fn checked(context: &Context, session: &Session, planned: Planned) -> Result<Planned, Failure> {
    if !planned.plan.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(planned);
    }
    if context.voice.get() == Voice::Text && planned.plan.has_changes() {
        let name = context.product.name();
        context.say_text(&format!(
            "\nPlanning failed. {name} encountered an error while generating this plan.\n"
        ));
    }
    let mut told = session.notices.clone();
    told.extend(planned.plan.diagnostics);
    Err(told.into())
}

/// Tells what was looked at, where events are asked for.
pub fn tell_refreshed(context: &Context, plan: &Plan) {
    if context.voice.get() == Voice::Events {
        context.say(&context.stream().refreshed(plan));
    }
}

/// Shows a plan document as text or events.
pub fn show(context: &Context, document: &PlanDocument, show_sensitive: bool) {
    match context.voice.get() {
        Voice::Events => context.say(&context.stream().plan(document)),
        Voice::Text => {
            let text = plan_text(document, &schema, context.text_options(show_sensitive));
            context.say(&format!("\n{text}"));
        }
        Voice::Document => {}
    }
}

fn save(document: &PlanDocument, path: &Path) -> Result<(), Failure> {
    let failed = |why: String| {
        let message = format!("the plan cannot be saved to `{}`: {why}", path.display());
        Failure::from(Diagnostic::error("plan-not-saved", message))
    };
    let text = document
        .to_json()
        .map_err(|error| failed(error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|error| failed(super::files::words(&error)))
}
