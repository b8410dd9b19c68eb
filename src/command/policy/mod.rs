//! `policy`: ask the policy engine.

mod can;
mod decide;
mod diff;
mod holders;
mod test;
mod tested;

use super::context::Context;
use super::exit::{Done, Exit};
use clap::{ArgMatches, Command};

/// Declares the commands.
#[must_use]
pub fn command() -> Command {
    Command::new("policy")
        .about("Decide, explain, compare and test ACL policies")
        .subcommand_required(true)
        .subcommands([
            decide::command(),
            can::command(),
            can::who_command(),
            diff::command(),
            test::command(),
        ])
}

/// Runs the command that is named.
///
/// # Errors
/// Whatever keeps it from answering.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    match matches.subcommand() {
        Some(("decide", inner)) => decide::run(context, inner),
        Some(("can", inner)) => can::run(context, inner).await,
        Some(("who", inner)) => can::who(context, inner).await,
        Some(("diff", inner)) => diff::run(context, inner).await,
        Some(("test", inner)) => test::run(context, inner).await,
        _ => Ok(Exit::Failed),
    }
}
