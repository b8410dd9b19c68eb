//! `policy`: ask the policy engine.

mod can;
mod decide;
mod diff;
mod holders;
mod test;
mod tested;

use super::context::Context;
use super::exit::{Done, Exit};
use super::least;
use clap::{ArgMatches, Command};

/// Declares the commands.
#[must_use]
pub fn command() -> Command {
    Command::new("policy")
        .about("Decide, explain, compare and test ACL policies; write those that runs need")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            decide::command(),
            can::command(),
            can::who_command(),
            diff::command(),
            test::command(),
        ])
        .subcommands(least::commands())
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
        Some((name, inner)) => match least::Run::named(name) {
            Some(run) => least::run(context, inner, run).await,
            None => Ok(Exit::Failed),
        },
        None => Ok(Exit::Failed),
    }
}
