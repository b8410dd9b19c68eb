//! `unseal`: gives shares to a server, once or whenever it was started again.

use super::bootstrap::settings::{self, Bootstrap};
use super::bootstrap::work::anonymous;
use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{is_set, path, switch, text, value};
use super::open::door;
use super::settings::body;
use super::wish::{arguments, variable_flags};
use crate::operate::keyring::Keyring;
use crate::operate::keys::Content;
use crate::operate::passphrase::ROUNDS;
use crate::operate::seal::{SealStatus, StillSealed, seal_status, unseal};
use crate::operate::sink::{Lock, Place, Sink};
use crate::server::connect::Settings;
use crate::source::{Diagnostic, Surroundings};
use crate::value::Text;
use clap::{ArgMatches, Command};
use futures::future::try_join_all;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// How often a server is looked at while it is watched.
const EACH: Duration = Duration::from_millis(500);

/// How long one look may take: a server that hangs is asked again.
const LOOK: Duration = Duration::from_secs(5);

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("unseal")
        .about("Give its shares to a sealed server")
        .args(source_flags())
        .args([switch(
            "wait",
            "Keep watching, and unseal whenever the server was started again",
        )])
        .args(variable_flags())
}

/// Returns the options that say where shares are.
#[must_use]
pub fn source_flags() -> [clap::Arg; 2] {
    [
        value(
            "from",
            "sink|stdin|fd:N",
            "Where the shares are: the sinks of the block `bootstrap`, or lines of text",
        ),
        value(
            "sink",
            "FILE",
            "A sink by its path, opened with VAULTFORM_PASSPHRASE",
        ),
    ]
}

/// Unseals.
///
/// # Errors
/// When the shares cannot be read, are wrong, or too few.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let door = door(context, arguments(matches)?)?;
    let (shares, peers) = shares(context, matches).await?;
    let mut addresses = vec![door.address.clone()];
    addresses.extend(peers);
    if is_set(matches, "wait") {
        let watched = addresses.iter().map(|address| {
            let shares = &shares;
            watch(context, &door, address, shares)
        });
        try_join_all(watched).await?;
        return Ok(Exit::Done);
    }
    let mut exit = Exit::Done;
    for address in &addresses {
        let server = anonymous(&door, address).await?;
        let tell = |status: &SealStatus| context.say(&progress(address, status));
        match unseal(&server, &shares, &tell).await {
            Ok(()) => context.say(&format!("{address} is unsealed.\n")),
            // Somebody else has the other shares.
            Err(StillSealed::TooFew { progress: 1.., .. }) => exit = Exit::Unreachable,
            Err(why) => return Err(refused(&why, address)),
        }
    }
    Ok(exit)
}

fn progress(address: &str, status: &SealStatus) -> String {
    format!(
        "{address} has {} of the {} shares that it takes.\n",
        status.progress, status.threshold
    )
}

fn refused(why: &StillSealed, address: &str) -> Failure {
    let exit = match why {
        StillSealed::WrongShares(_) => Exit::Failed,
        _ => Exit::Unreachable,
    };
    Failure::with(vec![why.to_diagnostic(address)], exit)
}

/// Watches a server until the program is stopped; ends only when the shares turn out to be wrong.
async fn watch(
    context: &Context,
    door: &Settings,
    address: &str,
    shares: &[Text],
) -> Result<(), Failure> {
    let mut door = door.clone();
    door.timeout = LOOK;
    let mut last = String::new();
    loop {
        let mut told = |now: &str| {
            if now != last {
                context.say(&format!("{address} {now}\n"));
                now.clone_into(&mut last);
            }
        };
        look(&door, address, shares, &mut told).await?;
        tokio::time::sleep(EACH).await;
    }
}

/// Looks at a server and unseals it where it is sealed; tells how it is.
async fn look(
    door: &Settings,
    address: &str,
    shares: &[Text],
    tell: &mut dyn FnMut(&str),
) -> Result<(), Failure> {
    let status = match anonymous(door, address).await {
        Ok(server) => seal_status(&server).await.ok().map(|seal| (server, seal)),
        Err(_) => None,
    };
    let Some((server, seal)) = status else {
        tell("does not answer");
        return Ok(());
    };
    tell(match (seal.initialised, seal.sealed, seal.recovers) {
        (false, _, _) => "is not initialised",
        (true, false, _) => "is unsealed",
        (true, true, true) => "is sealed and unseals by itself",
        (true, true, false) => "is sealed",
    });
    if !seal.initialised || !seal.sealed || seal.recovers {
        return Ok(());
    }
    match unseal(&server, shares, &|_| {}).await {
        Ok(()) => tell("is unsealed"),
        Err(StillSealed::Server(_) | StillSealed::NotYet) => tell("does not answer"),
        Err(why) => return Err(refused(&why, address)),
    }
    Ok(())
}

/// Finds the shares, and the other nodes of the cluster where the settings name them.
///
/// # Errors
/// When there are none, or they cannot be opened.
pub async fn shares(
    context: &Context,
    matches: &ArgMatches,
) -> Result<(Vec<Text>, Vec<String>), Failure> {
    if let Some(file) = path(matches, "sink") {
        let sinks = vec![sink(context, file)?];
        return Ok((opened(&Keyring::Sinks(sinks)).await?, Vec::new()));
    }
    let has_block = body(context)?
        .blocks()
        .any(|block| block.identifier() == "bootstrap");
    let settings = match has_block {
        true => Some(settings::read(context)?),
        false => None,
    };
    let has_sinks = |bootstrap: &Bootstrap| matches!(bootstrap.keyring, Keyring::Sinks(_));
    let usual = match settings.as_ref().is_some_and(has_sinks) {
        true => "sink",
        false => "stdin",
    };
    let from = text(matches, "from").unwrap_or(usual);
    let peers = || {
        let peers = settings.as_ref().map(|bootstrap| bootstrap.peers.clone());
        peers.unwrap_or_default()
    };
    match (from, &settings) {
        ("sink", Some(bootstrap)) => Ok((opened(&bootstrap.keyring).await?, peers())),
        ("sink", None) => Err(no_block().into()),
        ("stdin", _) => Ok((given(context, "/dev/fd/0", "standard input")?, Vec::new())),
        (other, _) => match other.strip_prefix("fd:").map(str::parse::<u32>) {
            Some(Ok(number)) => {
                let name = format!("file descriptor {number}");
                let shares = given(context, &format!("/dev/fd/{number}"), &name)?;
                Ok((shares, Vec::new()))
            }
            _ => Err(unknown(other).into()),
        },
    }
}

fn no_block() -> Diagnostic {
    let message = format!("`{}` has no block `bootstrap`", super::settings::FILE);
    Diagnostic::error("invalid-option", message)
        .hint("give `-sink=FILE`, or the shares on the standard input with `-from=stdin`")
}

fn unknown(from: &str) -> Diagnostic {
    let message = format!("`-from={from}` is none of `sink`, `stdin`, `fd:N`");
    Diagnostic::error("invalid-option", message)
}

async fn opened(keyring: &Keyring) -> Result<Vec<Text>, Failure> {
    Ok(keyring.open().await?.shares)
}

fn sink(context: &Context, file: PathBuf) -> Result<Sink, Diagnostic> {
    let passphrase = context.variable("VAULTFORM_PASSPHRASE").map(Text::from);
    let missing = || {
        Diagnostic::error("no-passphrase", "VAULTFORM_PASSPHRASE is not set")
            .hint("it opens the file that `-sink` names")
    };
    Ok(Sink {
        name: file.display().to_string(),
        place: Place::File(file),
        lock: Lock::Passphrase {
            text: passphrase.ok_or_else(missing)?,
            rounds: ROUNDS,
        },
    })
}

/// Reads shares one a line, or what a sink holds, opened elsewhere.
fn given(context: &Context, path: &str, name: &str) -> Result<Vec<Text>, Failure> {
    let unread = |why| Diagnostic::error("file-unusable", format!("{name} cannot be read: {why}"));
    let bytes = context.files.read(Path::new(path)).map_err(unread)?;
    let bytes = Zeroizing::new(bytes);
    if let Some(Content::Keys(keys)) = Content::parse(&bytes) {
        return Ok(keys.shares);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| unread("it is no text".to_owned()))?;
    let lines = text.lines().map(str::trim);
    let shares: Vec<Text> = lines
        .filter(|line| !line.is_empty())
        .map(Text::from)
        .collect();
    match shares.is_empty() {
        true => Err(
            Diagnostic::error("too-few-shares", format!("there is no share in {name}"))
                .hint("give one a line")
                .into(),
        ),
        false => Ok(shares),
    }
}
