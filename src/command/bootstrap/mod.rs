//! `bootstrap`: from a server that nobody has initialised to one that the ordinary `apply` works on, its root token revoked.
//! Every step looks first and does then, so that a run that was killed is simply run again.

mod audit;
mod first;
mod hand_over;
mod look;
mod self_init;
pub mod settings;
mod steps;
pub mod work;

use super::context::Context;
use super::exit::{Done, Exit};
use super::flags::{switch, value};
use super::wish::variable_flags;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    let plan = Command::new("plan")
        .about("Show what a bootstrap would do; the server is only asked how it is");
    let status = Command::new("status")
        .about("Tell how far a bootstrap has come; ends with 2 when it is not done")
        .arg(switch("json", "Write JSON"));
    let apply = Command::new("apply")
        .about("Initialise, unseal, apply what is marked for it, hand over, revoke the root token")
        .args([
            switch("auto-approve", "Do not ask"),
            switch(
                "single-sink",
                "Be content with one sink: who loses it loses the server",
            ),
            value(
                "root-token-fd",
                "N",
                "Read the root token from this file descriptor: `gpg --decrypt root-token.pgp | …`",
            ),
        ]);
    let emit = Command::new("emit-self-init").about("Write the stanzas by which an OpenBao server makes this configuration by itself, at its first start");
    Command::new("bootstrap")
        .about("Take a new server into use: keys, first configuration, hand-over")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([plan, apply, status, emit].map(|inner| inner.args(variable_flags())))
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    match matches.subcommand() {
        Some(("plan", matches)) => look::plan(context, matches).await,
        Some(("status", matches)) => look::status(context, matches).await,
        Some(("apply", matches)) => steps::apply(context, matches).await,
        Some(("emit-self-init", matches)) => self_init::run(context, matches).await,
        _ => Ok(Exit::Failed),
    }
}
