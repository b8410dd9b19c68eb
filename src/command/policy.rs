//! `policy`: what identities may do.

use super::context::Context;
use super::exit::{Done, Exit};
use super::least;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("policy")
        .about("Policies: what a run of this configuration needs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(least::commands())
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    match matches.subcommand() {
        Some((name, matches)) => match least::Run::named(name) {
            Some(run) => least::run(context, matches, run).await,
            None => Ok(Exit::Failed),
        },
        None => Ok(Exit::Failed),
    }
}
