//! The last steps: the identity that is made takes over from the root token, which goes.

use super::work::Work;
use crate::command::exit::{Exit, Failure};
use crate::command::plan::checked;
use crate::command::planning::make;
use crate::command::{apply, least};
use crate::operate::seal::seal_status;
use crate::server::{Connection, Request, Server, ServerError};
use crate::source::Diagnostic;
use crate::value::Text;
use serde_json::json;

/// Applies the part of the configuration that is marked, with the root token.
///
/// # Errors
/// When it is not applied as a whole.
pub async fn configure(work: &Work<'_>, token: &Text) -> Result<(), Failure> {
    let mut order = work.order.clone();
    order.token = Some((work.door.address.clone(), token.clone()));
    order.wish.targets.clone_from(&work.bootstrap.apply);
    order.options = order.wish.options();
    match apply::unattended(work.context, order).await? {
        Exit::Done => Ok(()),
        exit => Err(Failure::with(Vec::new(), exit)),
    }
}

/// Logs in as the provider block says, and looks whether that identity can run the rest.
///
/// # Errors
/// When it cannot log in, or lacks a capability.
pub async fn prove_identity(work: &Work<'_>) -> Result<(), Failure> {
    let (session, planned) = make(work.context, work.order.clone())
        .await
        .map_err(not_yet)?;
    let checked = checked(work.context, &session, planned);
    let lacking = match &checked {
        Ok(planned) => least::lacking(&session, planned).await,
        Err(_) => None,
    };
    work.context.tell(&session.close().await);
    checked.map_err(not_yet)?;
    match lacking {
        Some(problem) => Err(not_yet(problem.into())),
        None => Ok(()),
    }
}

/// The root token stays until somebody else can do the work.
fn not_yet(mut failure: Failure) -> Failure {
    let note =
        "the root token was not revoked: the identity of the provider block cannot do the work yet";
    failure.diagnostics.push(
        Diagnostic::error("not-handed-over", note)
            .hint("add what it lacks to `apply` in the block `bootstrap`, and run this again"),
    );
    failure.exit = Some(Exit::Refused);
    failure
}

/// Revokes the root token, makes sure that it is refused, and forgets it.
///
/// # Errors
/// When it still works, or the sinks cannot be written.
pub async fn revoke(work: &Work<'_>, root: Option<&Connection>) -> Result<(), Failure> {
    if let Some(root) = root {
        let request = Request::post("auth/token/revoke-self", json!({}));
        match root.server.send(request).await {
            // Sent twice, because the first answer was lost, it is unknown already.
            Ok(_) | Err(ServerError::BadToken { .. }) => {}
            Err(error) => return Err(error.to_diagnostic().into()),
        }
        refused(root).await?;
        work.say("revoke", "the root token is refused");
    }
    let seal = seal_status(&work.reach().await?).await;
    let cluster = seal.ok().and_then(|seal| seal.cluster);
    Ok(work.bootstrap.keyring.forget_root(cluster).await?)
}

async fn refused(root: &Connection) -> Result<(), Failure> {
    match root
        .server
        .send(Request::get("auth/token/lookup-self"))
        .await
    {
        Err(ServerError::BadToken { .. } | ServerError::Denied { .. }) => Ok(()),
        Err(error) => Err(error.to_diagnostic().into()),
        Ok(_) => Err(Diagnostic::error(
            "root-token-lives",
            "the root token was revoked, and the server still takes it",
        )
        .into()),
    }
}
