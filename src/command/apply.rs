//! `apply` and `destroy`: change the server.

use super::context::{Context, Voice};
use super::document::document;
use super::exit::{Done, Exit, Failure};
use super::flags::{is_set, switch, word};
use super::plan::{begin, checked, common_flags, may_show, order, show, tell_refreshed};
use super::planning::{Hold, Order, Session, lock, make};
use super::progress::{Teller, applied, skipped};
use super::saved::{Binding, bind};
use super::wish::{variable_flags, wish_flags};
use crate::apply::{LedgerKeeper, Outcome, Report, Settings, WRITTEN, apply};
use crate::config::variables::Argument;
use crate::ledger::LockWish;
use crate::plan::Change;
use crate::reconcile::Planned;
use crate::reconcile::world::View;
use crate::source::Diagnostic;
use crate::source::Surroundings;
use crate::value::{ModuleAddress, Value};
use crate::view::document::PlanDocument;
use crate::view::outputs::applied_outputs;
use crate::view::progress::last_line;
use crate::view::prompt::approval;
use clap::{ArgMatches, Command};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Declares `apply`.
#[must_use]
pub fn command() -> Command {
    Command::new("apply")
        .about("Change the server to what the configuration says")
        .arg(word("PLAN", "A saved plan"))
        .args(flags())
}

/// Declares `destroy`.
#[must_use]
pub fn destroy_command() -> Command {
    Command::new("destroy")
        .about("Remove everything that the ledger owns")
        .args(flags())
}

fn flags() -> Vec<clap::Arg> {
    let mut flags = wish_flags();
    flags.extend(variable_flags());
    flags.extend(common_flags());
    flags.extend([
        switch("auto-approve", "Do not ask"),
        switch("show-sensitive", "Show secrets"),
    ]);
    flags
}

/// Runs `apply`.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let outcome = match super::flags::path(matches, "PLAN") {
        Some(file) => saved_plan(context, matches, &file).await,
        None => planned_now(context, matches, false).await,
    };
    outcome.map_err(Failure::graded)
}

/// Runs `destroy`.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn destroy(context: &Context, matches: &ArgMatches) -> Done {
    planned_now(context, matches, true)
        .await
        .map_err(Failure::graded)
}

/// What an apply is told besides the plan.
struct Manner {
    approved: bool,
    show_sensitive: bool,
    parallelism: usize,
    binding: Option<Binding>,
}

async fn planned_now(context: &Context, matches: &ArgMatches, destroy: bool) -> Done {
    let show_sensitive = may_show(context, matches)?;
    let mut order = order(context, matches)?;
    order.wish.destroy |= destroy;
    order.options = order.wish.options();
    order.hold = hold(
        matches,
        if order.wish.destroy {
            "destroy"
        } else {
            "apply"
        },
    )?;
    let approved = is_set(matches, "auto-approve");
    if !approved
        && (!context.interactive || !is_set(matches, "input") || context.voice.get() != Voice::Text)
    {
        return Err(unasked().into());
    }
    // Who is asked sees what is lost, and says yes to that as well.
    order.options.allow_data_loss |= !approved;
    let manner = Manner {
        approved,
        show_sensitive,
        parallelism: order.parallelism.unwrap_or(16),
        binding: None,
    };
    carry_out(context, order, manner).await
}

/// Reads how the lock is to be held.
///
/// # Errors
/// When the time to wait is none.
pub fn hold(matches: &ArgMatches, operation: &'static str) -> Result<Option<Hold>, Diagnostic> {
    let wait = match super::flags::text(matches, "lock-timeout") {
        None => LockWish::DEFAULT_WAIT,
        Some(text) => {
            let seconds = crate::plan::normal::duration_seconds(text);
            let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            wait.ok_or_else(|| {
                let message = format!("`-lock-timeout={text}` is not a duration such as `30s`");
                Diagnostic::error("invalid-option", message)
            })?
        }
    };
    Ok(is_set(matches, "lock").then_some(Hold { operation, wait }))
}

fn unasked() -> Diagnostic {
    Diagnostic::error("not-approved", "nobody can be asked whether to go on")
        .hint("give `-auto-approve`, or a plan that was saved with `plan -out=FILE`")
}

async fn saved_plan(context: &Context, matches: &ArgMatches, file: &Path) -> Done {
    let document = read(file)?;
    let Some(binding) = Binding::read(document.vaultform.saved.as_ref()) else {
        let message = format!(
            "`{}` cannot be applied: it was not saved by this version of vaultform",
            file.display()
        );
        return Err(Diagnostic::error("invalid-plan-file", message)
            .hint("plan again with `-out`")
            .into());
    };
    let mut order = order(context, matches)?;
    settled(context, &binding, &order)?;
    let mut given = binding.arguments();
    given.append(&mut order.arguments);
    order.arguments = given;
    order.wish = binding.wish.clone();
    order.options = binding.wish.options();
    order.hold = hold(
        matches,
        if order.wish.destroy {
            "destroy"
        } else {
            "apply"
        },
    )?;
    let manner = Manner {
        approved: true,
        show_sensitive: false,
        parallelism: order.parallelism.unwrap_or(16),
        binding: Some(binding),
    };
    carry_out(context, order, manner).await
}

/// Refuses values for variables that a saved plan holds: it holds all but secret ones, which are given again.
fn settled(context: &Context, binding: &Binding, order: &Order) -> Result<(), Failure> {
    if order.arguments.is_empty() {
        return Ok(());
    }
    let project = super::project::read(context, binding.wish.skip_foreign)?;
    let planned = project.given(context, binding.arguments())?;
    let given = [binding.arguments(), order.arguments.clone()].concat();
    let given = project.given(context, given)?;
    let named = |name: &str| {
        let mut arguments = order.arguments.iter();
        arguments.any(|one| matches!(one, Argument::Value { name: known, .. } if known == name))
    };
    let variables = project.configuration.root.variables.iter();
    let mut open = variables.filter(|(_, one)| !one.sensitive && !one.ephemeral);
    let set =
        open.find(|(name, _)| named(name) || planned.values.get(*name) != given.values.get(*name));
    let Some((name, declared)) = set else {
        return Ok(());
    };
    Err(Diagnostic::error("invalid-option", "cannot set variables with a saved plan")
        .at(declared.span, "the plan was made with a value for this one")
        .hint(format!(
            "plan again with another value for `{name}`; only sensitive variables, which no plan holds, are given again"
        ))
        .into())
}

/// Reads a saved plan.
///
/// # Errors
/// When the file cannot be read or holds no plan.
pub fn read(file: &Path) -> Result<PlanDocument, Failure> {
    let failed = |why: String| {
        let message = format!("`{}` is no saved plan: {why}", file.display());
        Failure::from(Diagnostic::error("invalid-plan-file", message))
    };
    let text =
        std::fs::read_to_string(file).map_err(|error| failed(super::files::words(&error)))?;
    PlanDocument::from_json(&text).map_err(|error| failed(error.to_string()))
}

/// Applies without asking; the plan is shown.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn unattended(context: &Context, order: Order) -> Done {
    let manner = Manner {
        approved: true,
        show_sensitive: false,
        parallelism: order.parallelism.unwrap_or(16),
        binding: None,
    };
    carry_out(context, order, manner).await
}

async fn carry_out(context: &Context, order: Order, manner: Manner) -> Done {
    begin(context);
    loop {
        let (mut session, planned) = make(context, order.clone()).await?;
        if order.wish.refresh_only {
            let outcome = only_look(context, &session, planned, manner.show_sensitive);
            context.tell(&session.close().await);
            return outcome;
        }
        let outcome = attempt(context, &mut session, planned, &order, &manner).await;
        context.tell(&session.close().await);
        if let Some(exit) = outcome? {
            return Ok(exit);
        }
        let faster =
            "Another run was faster and may have changed what this plan saw. Planning again.";
        context.say_text(&format!("\n{faster}\n"));
        if context.voice.get() == Voice::Events {
            context.say(&context.stream().log(faster));
        }
    }
}

/// Decides and writes; `None` when another run wrote between the plan and the lock.
async fn attempt(
    context: &Context,
    session: &mut Session,
    planned: Planned,
    order: &Order,
    manner: &Manner,
) -> Result<Option<Exit>, Failure> {
    if order.wish.refresh_only {
        return only_look(context, session, planned, manner.show_sensitive).map(Some);
    }
    let Some(planned) = decide(context, session, planned, &order.wish, manner).await? else {
        return Ok(Some(Exit::Failed));
    };
    if planned.plan.has_changes() && !first(context, session, order.hold).await? {
        return Ok(None);
    }
    write(context, session, planned, manner.parallelism)
        .await
        .map(Some)
}

/// Makes the ledger's mount and takes the lock where the plan was made without them; tells whether nobody else did
/// so meanwhile.
pub(super) async fn first(
    context: &Context,
    session: &mut Session,
    hold: Option<Hold>,
) -> Result<bool, Failure> {
    let missing = session.ledger.missing_mount().is_some();
    let made = session.ledger.create_mount_if_missing().await?;
    let (None, Some(hold)) = (&session.lock, hold) else {
        return Ok(true);
    };
    let (lock, waited) = lock(context, &session.ledger, hold).await?;
    session.lock = Some(lock);
    Ok(!waited && (made || !missing))
}

/// `-refresh-only`: tells of drift and writes nothing, since there is no state to refresh.
fn only_look(context: &Context, session: &Session, planned: Planned, show_sensitive: bool) -> Done {
    let document = document(context, session, &planned, None, show_sensitive);
    let planned = checked(context, session, planned)?;
    super::drift::refresh_only(context, &document, show_sensitive);
    context.tell(&session.notices);
    context.tell(&planned.plan.diagnostics);
    context.say_text("\nApply complete! Resources: 0 added, 0 changed, 0 destroyed.\n");
    Ok(Exit::Done)
}

/// Hands on what may be written: nothing after a no.
async fn decide(
    context: &Context,
    session: &Session,
    planned: Planned,
    wish: &super::wish::Wish,
    manner: &Manner,
) -> Result<Option<Planned>, Failure> {
    let document = document(context, session, &planned, None, manner.show_sensitive);
    let planned = checked(context, session, planned)?;
    if let Some(binding) = &manner.binding {
        let moved = binding.moved(&bind(session, &planned, wish, &context.workspace));
        if !moved.is_empty() {
            return Err(stale(moved));
        }
    } else {
        tell_refreshed(context, &planned.plan);
        show(context, &document, manner.show_sensitive);
    }
    let mut told = session.notices.clone();
    told.extend(planned.plan.diagnostics.iter().cloned());
    context.tell(&told);
    context.tell(&super::least::look(session, &planned).await?);
    if !manner.approved && planned.plan.has_changes() {
        let question = format!(
            "\n{}",
            approval(&document, context.product, context.paint.get())
        );
        if context.ask(&question).as_deref() != Some("yes") {
            context.say("\nApply cancelled.\n");
            return Ok(None);
        }
        context.say("\n");
    }
    Ok(Some(planned))
}

fn stale(moved: Vec<String>) -> Failure {
    let problem = Diagnostic::error(
        "plan-stale",
        "the saved plan no longer fits: something moved since",
    )
    .detail(moved.join("\n"))
    .hint("plan again, look at it, and apply that");
    Failure::with(vec![problem], Exit::Stale)
}

async fn write(
    context: &Context,
    session: &mut Session,
    planned: Planned,
    parallelism: usize,
) -> Done {
    let settings = Settings {
        parallelism,
        stop: context.stop.clone(),
        now: context.files.started(),
        connections: planned.connections.clone(),
    };
    let (destroys, changes) = (planned.plan.destroys, planned.plan.has_changes());
    context.writing.store(true, Ordering::SeqCst);
    let keeper = LedgerKeeper {
        ledger: &session.ledger,
        lock: session.lock.as_ref(),
    };
    let mut report = apply(
        planned,
        &keeper,
        &Teller::new(context),
        &*session.links,
        &settings,
    )
    .await;
    let kept = match (changes, destroys) {
        (true, true) => session
            .ledger
            .remove_if_empty(session.lock.take())
            .await
            .map(|_| ()),
        (true, false) => session.ledger.establish().await,
        (false, _) => Ok(()),
    };
    report
        .diagnostics
        .extend(kept.err().map(|error| error.to_diagnostic()));
    context.writing.store(false, Ordering::SeqCst);
    conclude(context, report, destroys)
}

/// Tells what became of an apply.
fn conclude(context: &Context, report: Report, destroys: bool) -> Done {
    let counts = applied(context, &report);
    let failed = report.diagnostics.iter().any(Diagnostic::is_error) || report.stopped;
    context.say_text(&skipped(&report.plan, &report, context.paint.get()));
    let outputs = match destroys {
        true => BTreeMap::new(),
        false => outputs(&report),
    };
    match context.voice.get() {
        Voice::Events => {
            context.tell(&report.diagnostics);
            context.say(&context.stream().apply_summary(counts, destroys));
            context.say(&context.stream().outputs(&outputs));
        }
        _ => {
            let paint = context.paint.get();
            let line = last_line(counts, destroys);
            let line = if failed {
                paint.red(&line)
            } else {
                paint.bold(&paint.green(&line))
            };
            context.say_text(&format!("\n{line}\n"));
            if !outputs.is_empty() && !failed {
                context.say_text(&format!("\n{}", applied_outputs(&outputs)));
            }
            context.tell(&report.diagnostics);
        }
    }
    if report.stopped {
        return Ok(Exit::Interrupted);
    }
    let written = counts.added + counts.changed + counts.destroyed > 0 || half_done(&report);
    Ok(match (failed, written) {
        (false, _) => Exit::Done,
        (true, true) => Exit::Partly,
        (true, false) => Exit::Failed,
    })
}

/// Tells whether a replacement failed, whose first half may be done, or a condition of what was written.
fn half_done(report: &Report) -> bool {
    if report.diagnostics.iter().any(|found| found.code == WRITTEN) {
        return true;
    }
    let replaces = |change| matches!(change, Change::Replace | Change::ReplaceCreateFirst);
    let mut steps = report.plan.steps.iter().zip(&report.outcomes);
    steps.any(|(step, outcome)| *outcome == Outcome::Failed && replaces(step.change))
}

/// Works the outputs of the root module out with all that the run has learnt.
fn outputs(report: &Report) -> BTreeMap<Arc<str>, Value> {
    let world = &report.world;
    world.forget();
    let root = ModuleAddress::default();
    let planned = |name: &&Arc<str>| report.plan.outputs.iter().any(|one| one.name == **name);
    let names = world.configuration.root.outputs.keys();
    names
        .filter(planned)
        .filter_map(|name| Some((name.clone(), world.output(&root, name, View::Real).ok()?)))
        .collect()
}
