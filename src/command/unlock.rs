//! `force-unlock`: breaks the lock of a run that is certainly dead.

use super::context::Context;
use super::exit::{Done, Exit};
use super::flags::{is_set, switch, text, word};
use super::open::ledger;
use crate::source::Diagnostic;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("force-unlock")
        .about("Break the lock of a run that is certainly dead")
        .arg(word("ID", "The run's id, as the message about the lock names it").required(true))
        .arg(switch("force", "Do not ask"))
}

/// Breaks the lock.
///
/// # Errors
/// When the run does not hold it.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let run = text(matches, "ID").unwrap_or_default();
    let question = "Do you really want to force-unlock?\n  The run that holds the lock must be dead: two runs at once overwrite each other.\n  Only 'yes' will be accepted to confirm.\n\n  Enter a value: ";
    if !is_set(matches, "force") && context.ask(question).as_deref() != Some("yes") {
        let problem = Diagnostic::error("not-approved", "the lock was not broken");
        return Err(problem
            .hint("give `-force` where nobody can be asked")
            .into());
    }
    let opened = ledger(context, Vec::new(), None).await?;
    let broken = opened.ledger.force_unlock(run).await;
    context.tell(&opened.close().await);
    let holder = broken?;
    context.say(&format!(
        "The lock of run {} on {} was broken.\n",
        holder.run, holder.host
    ));
    Ok(Exit::Done)
}
