//! `drift`: what the world changed since the last apply.

use super::apply::hold;
use super::context::{Context, Voice};
use super::document::{document, schema};
use super::exit::{Done, Exit, Failure};
use super::findings;
use super::flags::{is_set, on, parsed, path, switch, value};
use super::form::{DRIFT, Form, format_flag};
use super::pages::write_drift;
use super::plan::{checked, common_flags, may_show, order};
use super::planning::{Order, Session, make};
use super::watch::heal::{Healed, heal};
use super::watch::keep::{Kept, recall};
use super::watch::measure::Gauge;
use super::watch::settings::Watch;
use super::watch::{self, odd_rules};
use super::wish::{variable_flags, wish_flags};
use crate::ledger::Kind;
use crate::operate::watch::ignore::{Ignored, drifted as is_drift, ignore};
use crate::operate::watch::{self as watching, Memory};
use crate::plan::{Origin, Step};
use crate::reconcile::Planned;
use crate::reconcile::unmanaged::unmanaged;
use crate::source::{Diagnostic, Surroundings};
use crate::value::{Mode, ServerPath};
use crate::view::document::{IgnoredDrift, PlanDocument};
use crate::view::drift_metrics::Found;
use crate::view::drift_notice::{Sender, moment};
use crate::view::drift_text::{drift_counts, drift_document, drift_text};
use crate::view::findings::Finding;
use clap::{ArgMatches, Command};
use std::collections::{BTreeMap, BTreeSet};

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
            value(
                "metrics",
                "FILE",
                "Write what the run came to for Prometheus",
            ),
            value(
                "memory",
                "FILE",
                "Remember drift here instead of in the ledger",
            ),
            on("notify", "Tell the channels of `vaultform.hcl` what is new"),
            switch("heal", "Put right what drifted, and nothing else"),
            switch("show-sensitive", "Show secrets"),
            format_flag(
                "text|json|markdown|html|sarif|junit",
                "How drift is written",
            ),
        ])
}

/// Looks for drift, tells of it, and measures the run.
///
/// # Errors
/// Whatever keeps it from being found.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let mut gauge = Gauge {
        file: path(matches, "metrics"),
        name: name(context),
        ..Gauge::default()
    };
    let outcome = watched(context, matches, &mut gauge).await;
    let exit = match &outcome {
        Ok(exit) => *exit,
        Err(failure) => failure.exit.unwrap_or(Exit::Failed),
    };
    context.tell(&Vec::from_iter(gauge.write(context, exit.code()).err()));
    outcome
}

/// Returns the name that the run is measured by; where the settings cannot be read, that of the directory.
fn name(context: &Context) -> String {
    let project = super::settings::read(context).unwrap_or_default();
    let settings = project.ledger_settings(context);
    settings.map(|settings| settings.name).unwrap_or_default()
}

/// What a look at the server found.
struct Look {
    session: Session,
    planned: Planned,
    ignored: Vec<Ignored>,
    /// What is odd about the rules that say what to ignore.
    odd: Vec<Diagnostic>,
}

async fn watched(context: &Context, matches: &ArgMatches, gauge: &mut Gauge) -> Done {
    let chosen: Option<u8> = parsed(matches, "exit-code", "a number below 256")?;
    let show_sensitive = may_show(context, matches)?;
    let form = Form::read(matches, DRIFT)?;
    let settings = super::settings::read(context)?;
    let order = lenient(context, matches, form, &settings)?;
    let watch = watch::settings::read(context)?;
    let first = look(context, &order, &watch).await?;
    let matters = !watch.channels.is_empty() && is_set(matches, "notify");
    let mut kept = recall(&first.session.ledger, path(matches, "memory"), matters).await;
    kept.memory.see(&seen(&first, &order, BTreeSet::new()));
    let (look, healed) = match is_set(matches, "heal") {
        true => healed(context, matches, &order, &watch, first, &mut kept.memory).await?,
        false => (first, Healed::default()),
    };
    let mut told = look.session.notices.clone();
    told.extend(kept.problem.take());
    if matters {
        let sender = sender(context, &gauge.name, &look.session);
        let (notified, problems) =
            watch::tell::tell(context, &watch, &mut kept.memory, &sender).await;
        gauge.notified = notified;
        told.extend(problems);
    }
    told.extend(kept.keep(&look.session.ledger, matters).await);
    let mut document = document(context, &look.session, &look.planned, None, show_sensitive);
    annotate(&mut document, &kept, &look.ignored);
    gauge.found = Some(found(
        &look,
        &document,
        &kept,
        &healed,
        order.options.unmanaged,
    ));
    told.extend(look.odd);
    context.tell(&look.session.close().await);
    let steps = drifted(&look.planned.plan.steps);
    told.extend(look.planned.plan.diagnostics);
    if form.is_report() {
        let found: Vec<Finding<'_>> = steps.iter().map(Finding::loud).collect();
        findings::report(context, "drift", &found, form, &|_| None);
        context.tell(&told);
    } else if form.is_page() {
        write_drift(context, &document, &told, form);
        context.tell(&told);
    } else {
        report(context, &document, show_sensitive, &told);
    }
    let any = drift_counts(&document).any();
    ended(healed, any, chosen.or(settings.drift.exit_code))
}

/// Reads how drift is looked for.
fn lenient(
    context: &Context,
    matches: &ArgMatches,
    form: Form,
    settings: &super::settings::Project,
) -> Result<Order, Failure> {
    let mut order = order(context, matches)?;
    if context.voice.get() == Voice::Events || form != Form::Text {
        context.voice.set(Voice::Document);
    }
    // What a later apply would be refused for is no drift.
    order.options.allow_data_loss = true;
    order.options.unsupported_warns = true;
    order.wish.allow_lockout = true;
    order.options.unmanaged =
        is_set(matches, "unmanaged") || settings.drift.unmanaged.unwrap_or(false);
    Ok(order)
}

/// Says how the run ends: as the healing did where that went wrong.
fn ended(healed: Healed, any: bool, chosen: Option<u8>) -> Done {
    if let Some(failure) = healed.failure {
        return match failure.diagnostics.is_empty() {
            true => Ok(failure.exit.unwrap_or(Exit::Failed)),
            false => Err(failure),
        };
    }
    Ok(match (any, chosen) {
        (false, _) => Exit::Done,
        (true, None) => Exit::Changes,
        (true, Some(code)) => Exit::Chosen(code),
    })
}

/// Looks at the server, and takes out what is to be ignored.
async fn look(context: &Context, order: &Order, watch: &Watch) -> Result<Look, Failure> {
    let (session, mut planned) = make(context, order.clone()).await?;
    watch::heal::soften(&mut planned);
    let planned = match checked(context, &session, planned) {
        Ok(planned) => planned,
        Err(failure) => {
            context.tell(&session.close().await);
            return Err(failure);
        }
    };
    let mut look = Look {
        session,
        planned,
        ignored: Vec::new(),
        odd: Vec::new(),
    };
    if order.options.unmanaged {
        let (places, problems) = strangers(&look).await;
        look.planned.plan.unmanaged = places;
        look.odd = problems;
    }
    let now = context.files.started();
    let steps = &mut look.planned.plan.steps;
    look.odd
        .extend(odd_rules(&watch.rules, steps, now, is_whole(order)));
    look.ignored = ignore(steps, &watch.rules, now);
    Ok(look)
}

/// Lists what lives on the servers and in no configuration: what other ledgers own is in theirs.
async fn strangers(look: &Look) -> (Vec<ServerPath>, Vec<Diagnostic>) {
    let ledger = &look.session.ledger;
    let mount = match &ledger.settings().kind {
        Kind::Vault { mount, .. } => mount.as_str(),
        Kind::File(_) | Kind::None => "",
    };
    let (places, problems) = unmanaged(&look.planned, &look.session.home, mount).await;
    let mut strangers = Vec::new();
    for place in places {
        let owners = ledger.owners_of(&place).await.unwrap_or_default();
        if owners.is_empty() {
            strangers.push(place);
        }
    }
    (strangers, problems)
}

fn is_whole(order: &Order) -> bool {
    order.options.targets.is_empty() && order.options.excludes.is_empty()
}

/// Returns what is to be remembered of a look.
fn seen(look: &Look, order: &Order, healed: BTreeSet<String>) -> watching::Look {
    let steps = &look.planned.plan.steps;
    let examined = || steps.iter().map(|step| step.address.to_string()).collect();
    watching::Look {
        now: jiff::Timestamp::now().as_second(),
        seen: watch::sightings(steps, &look.session.ledger),
        examined: (!is_whole(order)).then(examined),
        healed,
        ignored: look.ignored.iter().map(|one| one.address.clone()).collect(),
    }
}

/// Puts right what drifted, and looks again.
async fn healed(
    context: &Context,
    matches: &ArgMatches,
    order: &Order,
    watch: &Watch,
    first: Look,
    memory: &mut Memory,
) -> Result<(Look, Healed), Failure> {
    let drifted = first.planned.plan.steps.iter();
    if !drifted.clone().any(|step| is_drift(step.origin)) {
        return Ok((first, Healed::default()));
    }
    context.tell(&first.session.close().await);
    let hold = hold(matches, "drift -heal")?;
    let healed = heal(context, order.clone(), watch, hold.map(|hold| hold.wait)).await;
    let second = look(context, order, watch).await?;
    memory.see(&seen(&second, order, healed.addresses.clone()));
    Ok((second, healed))
}

fn sender(context: &Context, name: &str, session: &Session) -> Sender {
    Sender {
        name: name.to_owned(),
        workspace: context.workspace.to_string(),
        server: session.home.server.identity().address.to_string(),
        now: jiff::Timestamp::now().as_second(),
    }
}

/// Adds to a document since when each object has been drifting, and what was ignored.
fn annotate(document: &mut PlanDocument, kept: &Kept, ignored: &[Ignored]) {
    let now = jiff::Timestamp::now().as_second();
    for entry in &mut document.resource_drift {
        let since = kept.memory.since(&entry.address);
        if let Some(notes) = &mut entry.vaultform {
            let since = since.filter(|_| kept.is_sound());
            notes.since = since.map(moment);
            notes.age = since.map(|since| (now - since).max(0));
        }
    }
    let ignored = ignored.iter().map(|one| IgnoredDrift {
        address: one.address.clone(),
        attributes: one.attributes.clone(),
        reason: one.reason.clone(),
        until: one.until.map(moment),
    });
    document.vaultform.ignored = ignored.collect();
}

/// Counts what was found.
fn found(
    look: &Look,
    document: &PlanDocument,
    kept: &Kept,
    healed: &Healed,
    unmanaged: bool,
) -> Found {
    let steps = &look.planned.plan.steps;
    let mut drifted = BTreeMap::new();
    for step in steps.iter().filter(|step| is_drift(step.origin)) {
        let origin = match step.origin {
            Some(Origin::Both) => "both",
            _ => "drift",
        };
        let key = (step.kind.name.to_owned(), origin.to_owned());
        *drifted.entry(key).or_insert(0) += 1;
    }
    let still: BTreeSet<&str> = document
        .resource_drift
        .iter()
        .map(|entry| entry.address.as_str())
        .collect();
    let counts = drift_counts(document);
    Found {
        checked: steps
            .iter()
            .filter(|step| step.address.mode == Mode::Managed)
            .count(),
        drifted,
        pending: counts.pending,
        ignored: look.ignored.len(),
        healed: healed
            .addresses
            .iter()
            .filter(|address| healed.failure.is_none() && !still.contains(address.as_str()))
            .count(),
        unmanaged: unmanaged.then_some(counts.unmanaged),
        oldest: kept.memory.oldest(),
    }
}

/// Returns a finding for each object that was changed or deleted outside.
fn drifted(steps: &[Step]) -> Vec<Diagnostic> {
    let finding = |step: &Step| {
        let names: Vec<String> = step
            .attributes
            .iter()
            .filter(|(_, change)| change.differs && is_drift(change.origin))
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
        .filter(|step| is_drift(step.origin))
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

/// Says what `plan -refresh-only` found, in words or events; tells whether there is drift.
pub fn refresh_only(context: &Context, document: &PlanDocument, show_sensitive: bool) -> bool {
    match context.voice.get() {
        Voice::Events => context.say(&context.stream().plan(document)),
        Voice::Text => report(context, document, show_sensitive, &[]),
        Voice::Document => {}
    }
    drift_counts(document).any()
}
