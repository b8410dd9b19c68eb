//! `workspace`: several ledgers of one configuration.

use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, is_set, on, switch, text, value, word};
use super::open::shelf;
use super::planning::Shelf;
use crate::ledger::{Kind, Ledger, Settings, ledgers};
use crate::source::Diagnostic;
use clap::{ArgMatches, Command};
use std::collections::BTreeSet;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    let name = || word("NAME", "The workspace").required(true);
    let lock = || {
        [
            on("lock", "Accepted"),
            value("lock-timeout", "DURATION", "Accepted"),
            ignored("state"),
        ]
    };
    Command::new("workspace")
        .about("Several ledgers of one configuration")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            Command::new("list").about("List the workspaces"),
            Command::new("show").about("Name the current workspace"),
            Command::new("new")
                .about("Make a workspace and choose it")
                .arg(name())
                .args(lock()),
            Command::new("select")
                .about("Choose a workspace")
                .arg(name())
                .arg(switch("or-create", "Make it where it is not there")),
            Command::new("delete")
                .about("Remove an empty workspace")
                .arg(name())
                .arg(switch(
                    "force",
                    "Also one that still owns objects, which are then nobody's",
                ))
                .args(lock()),
        ])
}

/// Runs `workspace …`.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let Some((verb, matches)) = matches.subcommand() else {
        return Ok(Exit::Failed);
    };
    if verb == "show" {
        context.say(&format!("{}\n", context.workspace));
        return Ok(Exit::Done);
    }
    let name = text(matches, "NAME").unwrap_or_default();
    if matches!(verb, "new" | "select") && context.variable("TF_WORKSPACE").is_some() {
        let problem = Diagnostic::error(
            "workspace-overridden",
            "the workspace is chosen by `TF_WORKSPACE`",
        );
        return Err(problem
            .hint("unset `TF_WORKSPACE` to choose another one")
            .into());
    }
    let shelf = shelf(context, Vec::new()).await?;
    let outcome = match verb {
        "list" => list(context, &shelf).await,
        "new" => new(context, &shelf, name).await,
        "select" => select(context, &shelf, name, is_set(matches, "or-create")).await,
        _ => delete(context, &shelf, name, is_set(matches, "force")).await,
    };
    context.tell(&shelf.links.close().await);
    outcome
}

/// Lists the workspaces that have a ledger, and the default one.
async fn known(shelf: &Shelf) -> Result<BTreeSet<String>, Failure> {
    let mut names = BTreeSet::from(["default".to_owned()]);
    if let Kind::Vault { mount, .. } = &shelf.settings.kind {
        let all = ledgers(shelf.home.server.clone(), &shelf.home.namespace, mount).await?;
        let ours = all
            .into_iter()
            .filter(|ledger| ledger.name == shelf.settings.name);
        names.extend(ours.map(|ledger| ledger.workspace));
    }
    Ok(names)
}

async fn list(context: &Context, shelf: &Shelf) -> Done {
    let mut names = known(shelf).await?;
    names.insert(context.workspace.to_string());
    for name in names {
        let mark = if *name == *context.workspace {
            "*"
        } else {
            " "
        };
        context.say(&format!("{mark} {name}\n"));
    }
    context.say("\n");
    Ok(Exit::Done)
}

async fn open(shelf: &Shelf, name: &str) -> Result<Ledger, Failure> {
    let settings = Settings {
        workspace: name.to_owned(),
        ..shelf.settings.clone()
    };
    Ok(Ledger::open(shelf.home.server.clone(), &shelf.home.namespace, settings).await?)
}

async fn new(context: &Context, shelf: &Shelf, name: &str) -> Done {
    if known(shelf).await?.contains(name) {
        let message = format!("the workspace `{name}` exists already");
        return Err(Diagnostic::error("workspace-exists", message)
            .hint("choose it with `workspace select`")
            .into());
    }
    let ledger = open(shelf, name).await?;
    ledger.create_mount_if_missing().await?;
    ledger.establish().await?;
    choose(context, name)?;
    context.say(&format!("Created and switched to workspace \"{name}\"!\n"));
    Ok(Exit::Done)
}

async fn select(context: &Context, shelf: &Shelf, name: &str, or_create: bool) -> Done {
    let names = known(shelf).await?;
    if !names.contains(name) {
        if or_create {
            return new(context, shelf, name).await;
        }
        let message = format!("there is no workspace `{name}`");
        let problem = Diagnostic::error("workspace-unknown", message);
        let near = crate::source::nearest(name, names.iter().map(String::as_str));
        return Err(match near {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(format!("make it with `workspace new {name}`")),
        }
        .into());
    }
    choose(context, name)?;
    context.say(&format!("Switched to workspace \"{name}\".\n"));
    Ok(Exit::Done)
}

/// Notes the choice where Terraform notes it.
fn choose(context: &Context, name: &str) -> Result<(), Failure> {
    let directory = &context.data_directory;
    let file = directory.join("environment");
    let written = std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&file, name));
    written.map_err(|error| {
        let message = format!(
            "`{}` cannot be written: {}",
            file.display(),
            super::files::words(&error)
        );
        Diagnostic::error("file-unusable", message).into()
    })
}

async fn delete(context: &Context, shelf: &Shelf, name: &str, force: bool) -> Done {
    let refuse = |why: String| Err(Diagnostic::error("workspace-in-use", why).into());
    if name == "default" {
        return refuse("the workspace `default` cannot be deleted".to_owned());
    }
    if name == &*context.workspace {
        return refuse(format!(
            "the workspace `{name}` is chosen now: choose another one first"
        ));
    }
    if !known(shelf).await?.contains(name) {
        return refuse(format!("there is no workspace `{name}`"));
    }
    let ledger = open(shelf, name).await?;
    ledger.remove(None, force).await?;
    context.say(&format!("Deleted workspace \"{name}\"!\n"));
    Ok(Exit::Done)
}
