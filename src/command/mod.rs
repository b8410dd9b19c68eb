//! The program: one thin file a subcommand.
#![allow(
    clippy::disallowed_methods,
    reason = "the program reads files, the environment and the clock for the rooms above"
)]

mod access;
pub mod apply;
mod arguments;
mod backup;
pub mod bootstrap;
mod connector;
pub mod console;
mod context;
mod declared;
mod document;
pub mod drift;
mod exit;
pub mod explain;
mod files;
mod findings;
mod flags;
pub mod fmt;
mod form;
mod generate;
pub mod generate_root;
pub mod graph;
pub mod import;
pub mod init;
mod least;
pub mod ledger;
pub mod lint;
mod modules;
mod live;
mod lockout;
mod open;
pub mod output;
mod outside;
mod pages;
mod panics;
pub mod plan;
mod planning;
pub mod policy;
mod progress;
mod project;
mod saved;
pub mod secrets;
mod settings;
mod shape;
pub mod show;
pub mod snapshot;
pub mod state;
mod stats;
mod stock;
pub mod test;
pub mod unlock;
pub mod unseal;
pub mod validate;
pub mod version;
mod watch;
mod wish;
pub mod workspace;

use clap::{Arg, ArgAction, ArgMatches, Command};
use context::{Context, VERSION};
use exit::{Done, Exit, Failure};
use files::Files;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

/// Runs the program as the command line says.
#[must_use]
pub fn main() -> ExitCode {
    panics::hide();
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
    let called_in = std::env::current_dir().unwrap_or_default();
    let exit = match arguments::normalise(&words, &environment) {
        Ok(line) => start(line, environment, called_in),
        Err(problem) => {
            eprintln!("Error: {}", problem.message);
            Exit::Failed
        }
    };
    ExitCode::from(exit.code())
}

fn start(line: arguments::Line, environment: BTreeMap<String, String>, called_in: PathBuf) -> Exit {
    if let Some(directory) = &line.directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        eprintln!(
            "Error: cannot change to the directory `{directory}`: {}",
            files::words(&error)
        );
        return Exit::Failed;
    }
    let mut words = vec!["vaultform".to_owned()];
    let asks_version = line.words.first().is_some_and(|word| word == "--version");
    words.extend(if asks_version {
        vec!["version".to_owned()]
    } else {
        line.words
    });
    let matches = match parser().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Failed
            } else {
                Exit::Done
            };
        }
    };
    let home = environment.get("HOME").map(PathBuf::from);
    let context = Context::new(environment, Files::new(called_in, home));
    prepare(&context, &matches);
    let exit = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&context, &matches)));
    stats::write(&context);
    exit.unwrap_or(Exit::Failed)
}

/// Runs the command on as many threads as there are processors.
fn run(context: &Context, matches: &ArgMatches) -> Exit {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(guarded(context, matches)),
        Err(error) => {
            eprintln!("Error: the program cannot start: {error}");
            Exit::Failed
        }
    }
}

fn prepare(context: &Context, matches: &ArgMatches) {
    let Some((_, inner)) = matches.subcommand() else {
        return;
    };
    if inner.try_get_one::<bool>("no-color").ok().flatten() == Some(&true) {
        context.no_colour();
    }
    if let Ok(Some(count)) = inner.try_get_one::<u8>("v") {
        context.verbosity.set(context.verbosity.get().max(*count));
    }
}

/// Runs the command until it ends or the user stops it.
async fn guarded(context: &Context, matches: &ArgMatches) -> Exit {
    tokio::select! {
        // First, so that it listens before anything is sent.
        biased;
        exit = stopped(context) => exit,
        outcome = dispatch(context, matches) => told(context, outcome),
    }
}

/// Waits for the user to stop the program. While the server is written to, the first request only asks the run to end, the
/// second ends it.
async fn stopped(context: &Context) -> Exit {
    loop {
        signal().await;
        let again = context.stop.swap(true, Ordering::SeqCst);
        if again || !context.writing.load(Ordering::SeqCst) {
            context.mutter("\nInterrupted.\n");
            return Exit::Interrupted;
        }
        context.mutter(
            "\nStopping: what is in flight is finished. Interrupt again to stop at once.\n",
        );
    }
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Tells what went wrong, and in a stream of events how it ends.
fn told(context: &Context, outcome: Done) -> Exit {
    let exit = match outcome {
        Ok(exit) => exit,
        Err(Failure { diagnostics, exit }) => {
            context.tell(&diagnostics);
            exit.unwrap_or(Exit::Failed)
        }
    };
    if context.voice.get() == context::Voice::Events {
        context.say(&ended(context, exit));
    }
    exit
}

/// Returns the last event: the exit code with its name.
fn ended(context: &Context, exit: Exit) -> String {
    let message = format!("Exit code {}: {}", exit.code(), exit.name());
    let line = context.stream().log(&message);
    let mut event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
    event["exit"] = serde_json::json!({ "code": exit.code(), "name": exit.name() });
    format!("{event}\n")
}

/// Declares all commands.
fn parser() -> Command {
    let commands = [
        plan::command(),
        apply::command(),
        apply::destroy_command(),
        drift::command(),
        show::command(),
        output::command(),
        validate::command(),
        console::command(),
        lint::command(),
        test::command(),
        policy::command(),
        fmt::command(),
        explain::command(),
        graph::command(),
        import::command(),
        ledger::command("ledger"),
        ledger::command("state"),
        workspace::command(),
        unlock::command(),
        init::command(),
        bootstrap::command(),
        unseal::command(),
        secrets::command(),
        snapshot::command(),
        generate_root::command(),
        state::refresh_command(),
        init::get_command(),
        init::providers_command(),
        version::command(),
        version::completions_command(),
    ];
    Command::new("vaultform")
        .version(VERSION)
        .disable_version_flag(true)
        .about("Reconciles a live HashiCorp Vault or OpenBao server with Terraform files")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(false)
        .subcommands(commands.map(finish))
}

/// Adds what every command knows.
fn finish(command: Command) -> Command {
    let command = command
        .args_override_self(true)
        .arg(flags::switch("no-color", "No colours"))
        .arg(
            Arg::new("v")
                .short('v')
                .action(ArgAction::Count)
                .help("Tell of each request on the error stream; -vv with times"),
        );
    let inner: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    inner.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, finish)
    })
}

async fn dispatch(context: &Context, matches: &ArgMatches) -> Done {
    let Some((name, matches)) = matches.subcommand() else {
        return Ok(Exit::Failed);
    };
    match name {
        "plan" => plan::run(context, matches).await,
        "apply" => apply::run(context, matches).await,
        "destroy" => apply::destroy(context, matches).await,
        "show" => show::run(context, matches).await,
        "drift" => drift::run(context, matches).await,
        "output" => output::run(context, matches).await,
        "validate" => validate::run(context, matches).await,
        "test" => test::run(context, matches).await,
        "console" => console::run(context, matches).await,
        "lint" => lint::run(context, matches).await,
        "policy" => policy::run(context, matches).await,
        "fmt" => fmt::run(context, matches),
        "explain" => explain::run(context, matches),
        "graph" => graph::run(context, matches),
        "import" => import::run(context, matches).await,
        "ledger" | "state" => ledger::run(context, matches, name).await,
        "workspace" => workspace::run(context, matches).await,
        "force-unlock" => unlock::run(context, matches).await,
        "bootstrap" => bootstrap::run(context, matches).await,
        "unseal" => unseal::run(context, matches).await,
        "secrets" => secrets::run(context, matches).await,
        "snapshot" => snapshot::run(context, matches).await,
        "generate-root" => generate_root::run(context, matches).await,
        "init" => init::run(context, matches).await,
        "refresh" => state::refresh(context, matches).await,
        "get" => init::get(context, matches).await,
        "providers" => init::providers(context, matches),
        "version" => version::run(context, matches),
        "completions" => version::completions(context, matches),
        _ => Ok(Exit::Failed),
    }
}
