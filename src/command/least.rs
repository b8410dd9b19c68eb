//! `policy for-plan`, `for-drift`, `for-apply`: the policy that a run of this configuration needs, and no more.

use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::plan::{checked, order};
use super::planning::{Order, Session, Shelf, make};
use super::wish::variable_flags;
use crate::plan::ProviderName;
use crate::plan::{Change, Step};
use crate::policy::written;
use crate::reconcile::Planned;
use crate::reconcile::needs::{self, Deeds, Need, Use, by_path};
use crate::reconcile::preflight;
use crate::source::Diagnostic;
use clap::{ArgMatches, Command};
use std::collections::BTreeMap;

/// Whose policy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    Plan,
    Drift,
    Apply,
}

/// Declares the commands.
#[must_use]
pub fn commands() -> [Command; 3] {
    [
        (
            "for-plan",
            "Write the policy that a plan of this configuration needs",
        ),
        ("for-drift", "Write the policy that looking for drift needs"),
        (
            "for-apply",
            "Write the policy that applying and destroying this configuration needs",
        ),
    ]
    .map(|(name, about)| Command::new(name).about(about).args(variable_flags()))
}

impl Run {
    /// Finds the run that a command is for.
    #[must_use]
    pub fn named(name: &str) -> Option<Run> {
        match name {
            "for-plan" => Some(Run::Plan),
            "for-drift" => Some(Run::Drift),
            "for-apply" => Some(Run::Apply),
            _ => None,
        }
    }

    /// Says which command needs the policy.
    fn words(self) -> &'static str {
        match self {
            Run::Plan => "`vaultform plan`",
            Run::Drift => "`vaultform drift`",
            Run::Apply => "`vaultform apply` and `destroy`",
        }
    }
}

/// Writes the policy.
///
/// # Errors
/// When the configuration cannot be planned: its paths are then not known.
pub async fn run(context: &Context, matches: &ArgMatches, run: Run) -> Done {
    let order = order(context, matches)?;
    let (session, planned) = make(context, order).await?;
    let outcome = all(context, session, planned, run).await;
    let (session, name, needs) = outcome?;
    context.tell(&session.close().await);
    context.say(&format!(
        "# What {} of the configuration `{name}` needs, besides the policy `default`.\n{}",
        run.words(),
        text(&needs)
    ));
    Ok(Exit::Done)
}

/// Writes the rules; where there is more than one provider, those of each together.
fn text(needs: &[Need]) -> String {
    let mut by_provider: BTreeMap<&ProviderName, Vec<Need>> = BTreeMap::new();
    for need in needs {
        by_provider
            .entry(&need.provider)
            .or_default()
            .push(need.clone());
    }
    let alone = by_provider.len() == 1;
    let sections = by_provider.into_iter().map(|(provider, needs)| {
        let rules = by_path(&needs);
        let rules = rules
            .iter()
            .map(|(path, (capabilities, reason))| (path.as_str(), *capabilities, reason.as_str()));
        match alone {
            true => written(rules),
            false => format!(
                "\n# For the identity of the provider `{provider}`:\n{}",
                written(rules)
            ),
        }
    });
    sections.collect()
}

async fn all(
    context: &Context,
    session: Session,
    planned: Planned,
    run: Run,
) -> Result<(Session, String, Vec<Need>), Failure> {
    let planned = match checked(context, &session, planned) {
        Ok(planned) => planned,
        Err(failure) => {
            context.tell(&session.close().await);
            return Err(failure);
        }
    };
    let name = session.ledger.settings().name.clone();
    let needs = of_run(&session, &planned, run).await;
    Ok((session, name, needs))
}

/// Returns what a run of the configuration needs, whatever there is to do just now.
pub async fn of_run(session: &Session, planned: &Planned, run: Run) -> Vec<Need> {
    let deeds = |step: &Step| match (run, step.change) {
        (Run::Apply, Change::Delete) => Deeds {
            read: true,
            remove: true,
            ..Deeds::default()
        },
        (_, Change::Forget) => Deeds::default(),
        (Run::Apply, _) => Deeds {
            read: true,
            make: true,
            change: true,
            remove: true,
        },
        (Run::Plan | Run::Drift, _) => Deeds {
            read: true,
            ..Deeds::default()
        },
    };
    let mut found = needs::needs(planned, &deeds).await;
    found.extend(needs::data(planned).await);
    let (home, settings) = (&session.home, session.ledger.settings());
    match run {
        Run::Plan => found.extend(needs::ledger(home, settings, Use::Read)),
        Run::Drift => {
            found.extend(needs::ledger(home, settings, Use::Read));
            found.extend(needs::drift_memory(home, settings));
            if session.settings.drift.unmanaged == Some(true) {
                found.extend(needs::unmanaged(planned).await);
            }
        }
        Run::Apply => {
            found.extend(needs::ledger(home, settings, Use::Write));
            found.extend(needs::ledger(home, settings, Use::Remove));
        }
    }
    found
}

/// Returns what carrying out a plan needs, as it stands.
pub async fn of_plan(session: &Session, planned: &Planned) -> Vec<Need> {
    let mut found = needs::needs(planned, &needs::deeds).await;
    let (home, settings) = (&session.home, session.ledger.settings());
    if planned.plan.has_changes() {
        let mut writes = needs::ledger(home, settings, Use::Write);
        // A mount that is there need not be made.
        if session.ledger.missing_mount().is_none() {
            writes.retain(|need| !need.path.starts_with("sys/"));
        }
        found.extend(writes);
    }
    found
}

/// Refuses an apply that would be denied half-way: all that is missing is told before the first write. What only later
/// runs may need is told as well.
///
/// # Errors
/// When a capability is missing.
pub async fn look(session: &Session, planned: &Planned) -> Result<Vec<Diagnostic>, Failure> {
    if !planned.plan.has_changes() || planned.plan.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(Vec::new());
    }
    let now = of_plan(session, planned).await;
    let mut all = of_run(session, planned, Run::Apply).await;
    all.extend(now.iter().cloned());
    all.sort();
    all.dedup();
    let (missing, mut notes) = asked(planned, session, &all).await;
    let (now, later): (Vec<Need>, Vec<Need>) =
        missing.into_iter().partition(|need| now.contains(need));
    if !now.is_empty() {
        return Err(preflight::refusal(&now, &later).into());
    }
    if !later.is_empty() {
        let message =
            "this identity may do what is planned now, and not all that later runs may need";
        let problem = Diagnostic::warning("capabilities-missing", message)
            .detail(preflight::told(&later).join("\n"));
        notes.push(problem.hint("`vaultform policy for-apply` writes the policy for all of it"));
    }
    Ok(notes)
}

/// Tells whoever may not even read the ledger what a run needs there.
#[must_use]
pub fn without_ledger(shelf: &Shelf, order: &Order, mut failure: Failure) -> Failure {
    let how = match order.hold {
        Some(_) => Use::Write,
        None => Use::Read,
    };
    let mut needed = needs::ledger(&shelf.home, &shelf.settings, how);
    needed.retain(|need| need.path.contains("/data/"));
    for problem in &mut failure.diagnostics {
        if problem.code == "permission-denied" && problem.detail.is_none() {
            let lines = preflight::told(&needed).join("\n");
            problem.detail = Some(format!("A run needs there:\n{lines}"));
        }
    }
    failure
}

/// Says what an identity lacks to apply and destroy the whole configuration; nothing where it may all of it.
pub async fn lacking(session: &Session, planned: &Planned) -> Option<Diagnostic> {
    let needed = of_run(session, planned, Run::Apply).await;
    let (missing, _) = asked(planned, session, &needed).await;
    (!missing.is_empty()).then(|| preflight::refusal(&missing, &[]))
}

/// Tells of a plan that this identity could carry out in part only. One that may write nothing of it is there to plan.
pub async fn hints(session: &Session, planned: &Planned) -> Vec<Diagnostic> {
    if !planned.plan.has_changes() || planned.plan.diagnostics.iter().any(Diagnostic::is_error) {
        return Vec::new();
    }
    let reads = of_run(session, planned, Run::Drift).await;
    let mut writes = of_plan(session, planned).await;
    writes.retain(|need| !reads.contains(need));
    let (missing, _) = asked(planned, session, &writes).await;
    if missing.is_empty() || missing.len() == writes.len() {
        return Vec::new();
    }
    let message = "an apply by this identity would be refused: it lacks capabilities";
    let problem = Diagnostic::warning("capabilities-missing", message)
        .detail(preflight::told(&missing).join("\n"));
    vec![problem.hint("`vaultform policy for-apply` writes the policy that an apply needs")]
}

/// Asks through each connection what it is needed for; one that may not ask is noted.
async fn asked(
    planned: &Planned,
    session: &Session,
    needs: &[Need],
) -> (Vec<Need>, Vec<Diagnostic>) {
    let (mut missing, mut notes) = (Vec::new(), Vec::new());
    let mut by_provider: BTreeMap<&ProviderName, Vec<Need>> = BTreeMap::new();
    for need in needs {
        by_provider
            .entry(&need.provider)
            .or_default()
            .push(need.clone());
    }
    for (provider, needs) in by_provider {
        let connection = planned.connections.get(provider).unwrap_or(&session.home);
        match preflight::missing(connection, &needs).await {
            Ok(found) => missing.extend(found),
            Err(error) => notes.push(
                Diagnostic::note(
                    "capabilities-unknown",
                    "what this identity may do could not be asked before the first write",
                )
                .detail(error.to_string()),
            ),
        }
    }
    (missing, notes)
}
