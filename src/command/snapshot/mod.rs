//! `snapshot`: saves, looks into and restores snapshots of raft storage.

mod anew;
mod settings;

use super::bootstrap::work::anonymous;
use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{is_set, many, path, switch, value, word};
use super::open::door;
use super::settings as file;
use super::wish::{arguments, variable_flags};
use crate::operate::seal::seal_status;
use crate::operate::snapshot::{self, Contents, check_storage, retention};
use crate::server::{Connection, Server};
use crate::source::Diagnostic;
use clap::{ArgMatches, Command};
use serde_json::json;
use settings::Manner;
use std::path::{Path, PathBuf};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    let identity = || {
        value(
            "identity",
            "FILE",
            "What opens an encrypted snapshot: a file with `AGE-SECRET-KEY-1…`",
        )
    };
    let save = Command::new("save")
        .about("Save a snapshot; in a folder it gets the time as its name")
        .arg(word(
            "PLACE",
            "A file, or a folder; else `directory` of the block `snapshot`",
        ))
        .args([
            many("recipient", "age1…", "Encrypt it to this recipient"),
            value("keep", "N", "Of those in the folder keep so many"),
            value(
                "keep-for",
                "DURATION",
                "Of those in the folder keep the younger ones: `30d`",
            ),
        ]);
    let restore = Command::new("restore")
        .about("Make the server what it was at a snapshot")
        .arg(word("FILE", "The snapshot").required(true))
        .args([
            identity(),
            switch("force", "Also where it is of another cluster, or under other keys"),
            switch("into-new", "Initialise the server first, with keys that nobody needs: those of the snapshot replace them"),
            switch("auto-approve", "Do not ask"),
        ]);
    let inspect = Command::new("inspect")
        .about("Tell what a snapshot holds, and whether it is whole")
        .arg(word("FILE", "The snapshot").required(true))
        .args([identity(), switch("json", "Write JSON")]);
    Command::new("snapshot")
        .about("Save and restore raft storage")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([save, restore, inspect].map(|inner| inner.args(variable_flags())))
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    match matches.subcommand() {
        Some(("save", matches)) => save(context, matches).await,
        Some(("restore", matches)) => restore(context, matches).await,
        Some((_, matches)) => inspect(context, matches),
        None => Ok(Exit::Failed),
    }
}

async fn save(context: &Context, matches: &ArgMatches) -> Done {
    let manner = settings::read(context, matches)?;
    let (folder, target) = target(context, matches, &manner)?;
    let connection = open(context, matches).await?;
    let saved = saved(&connection, &target, &manner).await;
    if let Err(error) = connection.close().await {
        context.mutter(&format!("{error}\n"));
    }
    let contents = saved?;
    context.say(&format!(
        "Saved {} ({}).\n",
        target.display(),
        about(&contents)
    ));
    if let Some((folder, prefix)) = folder {
        tidy(context, &manner, &folder, &prefix)?;
    }
    Ok(Exit::Done)
}

async fn saved(
    connection: &Connection,
    target: &Path,
    manner: &Manner,
) -> Result<Contents, Failure> {
    let identity = connection.server.identity();
    check_storage(&identity.storage, &identity.address)?;
    let saved = snapshot::save(connection, target, &manner.recipients).await;
    Ok(saved.map_err(|failure| failure.to_diagnostic(target))?)
}

type Folder = Option<(PathBuf, String)>;

/// Finds where a snapshot goes; a folder with the prefix of its names where it is one of many.
fn target(
    context: &Context,
    matches: &ArgMatches,
    manner: &Manner,
) -> Result<(Folder, PathBuf), Failure> {
    let given = path(matches, "PLACE").or_else(|| manner.directory.clone());
    let Some(place) = given else {
        let problem = Diagnostic::error("invalid-option", "it is not said where the snapshot goes");
        return Err(problem
            .hint("name a file or a folder, or write `snapshot { directory = \"…\" }` into vaultform.hcl")
            .into());
    };
    let encrypted = !manner.recipients.is_empty();
    if !place.is_dir() && !place.to_string_lossy().ends_with('/') {
        if manner.keep != retention::Keep::default() {
            let problem = Diagnostic::error(
                "invalid-option",
                format!(
                    "`{}` is no folder, so there is nothing to keep some of",
                    place.display()
                ),
            );
            return Err(problem.hint("make the folder, and name it").into());
        }
        return Ok((None, place));
    }
    let prefix = file::read(context)?.ledger_settings(context)?.name;
    let name = retention::name(&prefix, jiff::Timestamp::now(), encrypted);
    Ok((Some((place.clone(), prefix)), place.join(name)))
}

/// Removes what is too old, now that a newer one is there.
fn tidy(context: &Context, manner: &Manner, folder: &Path, prefix: &str) -> Result<(), Failure> {
    let unread = |error: std::io::Error| {
        let message = format!("`{}` cannot be tidied: {error}", folder.display());
        Failure::from(Diagnostic::error("file-unusable", message))
    };
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(unread)? {
        files.push(
            entry
                .map_err(unread)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    for file in manner.keep.surplus(prefix, &files, jiff::Timestamp::now()) {
        std::fs::remove_file(folder.join(&file)).map_err(unread)?;
        context.say(&format!("Removed {}.\n", folder.join(&file).display()));
    }
    Ok(())
}

fn inspect(context: &Context, matches: &ArgMatches) -> Done {
    let manner = settings::read(context, matches)?;
    let file = path(matches, "FILE").unwrap_or_default();
    let contents = snapshot::inspect(&file, &manner.identities);
    let contents = contents.map_err(|failure| failure.to_diagnostic(&file))?;
    if is_set(matches, "json") {
        let nodes = contents.nodes.iter();
        let nodes: Vec<_> = nodes
            .map(|(id, address)| json!({ "id": id, "address": address }))
            .collect();
        context.say(&format!(
            "{}\n",
            json!({ "index": contents.index, "term": contents.term, "size": contents.size, "sha256": contents.digest, "nodes": nodes })
        ));
        return Ok(Exit::Done);
    }
    context.say(&format!(
        "{} is whole: {}.\n",
        file.display(),
        about(&contents)
    ));
    context.say(&format!("sha256 of the state: {}\n", contents.digest));
    for (id, address) in &contents.nodes {
        context.say(&format!("node {id} at {address}\n"));
    }
    Ok(Exit::Done)
}

fn about(contents: &Contents) -> String {
    format!(
        "raft index {}, term {}, {} bytes of state",
        contents.index, contents.term, contents.size
    )
}

async fn open(context: &Context, matches: &ArgMatches) -> Result<Connection, Failure> {
    let door = door(context, arguments(matches)?)?;
    let opened = Connection::open(&door).await;
    opened.map_err(|error| Failure::from(error.to_diagnostic()).graded())
}

async fn restore(context: &Context, matches: &ArgMatches) -> Done {
    let manner = settings::read(context, matches)?;
    let file = path(matches, "FILE").unwrap_or_default();
    let contents = snapshot::inspect(&file, &manner.identities);
    let contents = contents.map_err(|failure| failure.to_diagnostic(&file))?;
    let door = door(context, arguments(matches)?)?;
    let anew = is_set(matches, "into-new");
    if !is_set(matches, "auto-approve") {
        let question = format!(
            "\nDo you really want to make {} what it was at {} ({})?\n  All that was written since is lost. Only 'yes' will be accepted to confirm.\n\n  Enter a value: ",
            door.address,
            file.display(),
            about(&contents)
        );
        if context.ask(&question).as_deref() != Some("yes") {
            return Err(Diagnostic::error("not-approved", "nothing was restored")
                .hint("give `-auto-approve` where nobody can be asked")
                .into());
        }
    }
    let seal = seal_status(&anonymous(&door, &door.address).await?).await;
    let seal = seal.map_err(|error| error.to_diagnostic())?;
    check_storage(&seal.storage, &door.address)?;
    let server = match anew {
        true => anew::founded(context, &door, &seal).await?,
        false => open(context, matches).await?.server,
    };
    let forced = anew || is_set(matches, "force");
    let restored = snapshot::restore(&server, &file, manner.identities, forced).await;
    restored.map_err(|failure| other_keys(failure.to_diagnostic(&file)))?;
    context.say(&format!(
        "Restored {} ({}).\n",
        file.display(),
        about(&contents)
    ));
    let done = !forced || anew::unsealed(context, &door).await?;
    context.say(match done {
        true => "The server works.\n",
        false => "The server is sealed: start it again, and unseal it with the keys that it had at the snapshot.\n",
    });
    Ok(Exit::Done)
}

/// Servers refuse what is sealed under other keys unless it is forced.
fn other_keys(problem: Diagnostic) -> Diagnostic {
    match problem.message.contains("could not verify hash file") {
        true => problem.hint("the snapshot is sealed under other keys than the server's: give `-force`, and unseal with those afterwards"),
        false => problem,
    }
}
