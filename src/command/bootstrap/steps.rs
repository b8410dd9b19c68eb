//! `bootstrap apply`: all steps in order.

use super::work::Work;
use super::{audit, first, hand_over, look};
use crate::command::context::Context;
use crate::command::exit::{Done, Exit, Failure};
use crate::command::flags::{is_set, parsed};
use crate::server::Connection;
use crate::source::{Diagnostic, Surroundings};
use crate::value::Text;
use clap::ArgMatches;
use std::path::Path;
use zeroize::Zeroizing;

/// Runs `bootstrap apply`.
///
/// # Errors
/// Whatever keeps a step from being done; what was done before stays.
pub async fn apply(context: &Context, matches: &ArgMatches) -> Done {
    let work = Work::prepare(context, matches)?;
    let given = given_token(context, matches)?;
    let stand = work.look().await?;
    let steps = look::steps(&work, &stand).await;
    if look::finished(&steps) {
        context.say("Nothing to do: the bootstrap is done, and its root token is revoked.\n");
        return Ok(Exit::Done);
    }
    context.say(&look::text(&work, &steps));
    if !is_set(matches, "auto-approve") {
        let question = "\nDo you want to perform these steps?\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ";
        if context.ask(question).as_deref() != Some("yes") {
            return Err(Diagnostic::error("not-approved", "nothing was done")
                .hint("give `-auto-approve` where nobody can be asked")
                .into());
        }
    }
    context.say("\n");
    let keys = first::keys(&work, &stand, is_set(matches, "single-sink")).await?;
    first::unsealed(&work, keys.as_ref()).await?;
    first::peers(&work, keys.as_ref()).await?;
    drop(keys);
    with_root(&work, given).await?;
    context.say("\nBootstrap complete! The root token is revoked; go on with `vaultform apply`.\n");
    Ok(Exit::Done)
}

/// What needs the root token, from the audit devices to its own end.
async fn with_root(work: &Work<'_>, given: Option<Text>) -> Result<(), Failure> {
    let token = match given {
        Some(token) => Some(token),
        None => work.bootstrap.keyring.root_token().await?,
    };
    let Some(root) = living(work, token.as_ref()).await? else {
        // Killed between revoking and forgetting: it stays to be seen that somebody else can do the work.
        hand_over::prove_identity(work).await?;
        return hand_over::revoke(work, None).await;
    };
    audit::devices(work, &root).await?;
    if let Some(token) = &token {
        hand_over::configure(work, token).await?;
    }
    hand_over::prove_identity(work).await?;
    work.say(
        "hand over",
        "the identity of the provider block can do the work",
    );
    hand_over::revoke(work, Some(&root)).await
}

/// Connects with the root token, where it still lives.
async fn living(work: &Work<'_>, token: Option<&Text>) -> Result<Option<Connection>, Failure> {
    let Some(token) = token else {
        return Ok(None);
    };
    match work.open(token).await {
        Ok(root) => Ok(Some(root)),
        Err(problem) if problem.code == "bad-token" => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}

/// Reads a root token that somebody opened elsewhere.
fn given_token(context: &Context, matches: &ArgMatches) -> Result<Option<Text>, Failure> {
    let Some(number) = parsed::<u32>(matches, "root-token-fd", "a file descriptor")? else {
        return Ok(None);
    };
    let path = format!("/dev/fd/{number}");
    let unread =
        |why| Diagnostic::error("file-unusable", format!("file descriptor {number}: {why}"));
    let bytes = Zeroizing::new(context.files.read(Path::new(&path)).map_err(unread)?);
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    Ok((!text.is_empty()).then(|| Text::from(text)))
}

impl Work<'_> {
    /// Tells of a step that was done.
    pub fn say(&self, step: &str, done: &str) {
        self.context.say(&format!("{step}: {done}\n"));
    }
}
