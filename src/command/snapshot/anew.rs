//! A server that was wiped: given keys that nobody needs, so that it takes a snapshot; those of the snapshot come with it.

use crate::command::bootstrap::{settings, work::anonymous};
use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::settings::body;
use crate::operate::keyring::{Keyring, State};
use crate::operate::seal::{Founding, SealStatus, Unfounded, active, found, seal_status, unseal};
use crate::server::connect::Settings;
use crate::server::{Connection, Http, Login};
use crate::source::Diagnostic;
use std::sync::Arc;
use std::time::Duration;

/// How long a server may take to look at what was restored.
const SETTLES: Duration = Duration::from_secs(10);

/// Initialises a server and connects to it with its root token. Its keys are forgotten: they are worth nothing afterwards.
///
/// # Errors
/// When it is initialised already, or refuses.
pub async fn founded(
    context: &Context,
    door: &Settings,
    seal: &SealStatus,
) -> Result<Arc<Http>, Failure> {
    if seal.initialised {
        let message = format!("the server at `{}` is initialised already", door.address);
        return Err(Diagnostic::error("initialised-already", message)
            .hint("log in to it and leave `-into-new` out, or empty its storage first")
            .into());
    }
    let told = |error: crate::server::ServerError| error.to_diagnostic();
    let server = anonymous(door, &door.address).await?;
    let founding = founding(context).await?;
    let made = found(&server, seal.share_kind(), &founding).await;
    let made = made.map_err(|why| match why {
        Unfounded::Refused(error) | Unfounded::Lost(error) => error.to_diagnostic(),
        Unfounded::HalfDone => Diagnostic::error(
            "init-half-done",
            "the server has remains of an initialisation",
        )
        .hint("stop it, empty its storage, start it, and run this again"),
    })?;
    if !seal.recovers {
        let unsealed = unseal(&server, &made.shares, &|_| {}).await;
        unsealed.map_err(|why| why.to_diagnostic(&door.address))?;
    }
    active(&server).await.map_err(told)?;
    let mut settings = door.clone();
    settings.login = Login::Token(made.root_token);
    let opened = Connection::open(&settings).await;
    Ok(opened.map_err(told)?.server)
}

/// Asks for as many shares as the keys that come with the snapshot have: a server remembers the numbers until it is started
/// again (measured: OpenBao 2.7.2), and would take those shares for something else.
async fn founding(context: &Context) -> Result<Founding, Failure> {
    let (shares, threshold) = match kept(context)? {
        Some(keyring) => match keyring.state().await? {
            State::Kept(known) => (known.shares, known.threshold),
            _ => (1, 1),
        },
        None => (1, 1),
    };
    Ok(Founding {
        shares,
        threshold,
        ..Founding::default()
    })
}

/// Returns the sinks of the block `bootstrap`, where there is one.
fn kept(context: &Context) -> Result<Option<Keyring>, Failure> {
    let known = body(context)?
        .blocks()
        .any(|block| block.identifier() == "bootstrap");
    Ok(match known {
        true => Some(settings::read(context)?.keyring),
        false => None,
    })
}

/// Unseals a server after a restore, where the block `bootstrap` knows its keys; tells whether it works.
///
/// # Errors
/// When the keys that are kept are not those of the snapshot.
pub async fn unsealed(context: &Context, door: &Settings) -> Result<bool, Failure> {
    let server = anonymous(door, &door.address).await?;
    let sealed = became_sealed(&server).await;
    if !sealed {
        return Ok(true);
    }
    let Some(keyring @ Keyring::Sinks(_)) = kept(context)? else {
        return Ok(false);
    };
    let keys = keyring.open().await?;
    let unsealed = unseal(&server, &keys.shares, &|_| {}).await;
    unsealed.map_err(|why| why.to_diagnostic(&door.address))?;
    active(&server)
        .await
        .map_err(|error| error.to_diagnostic())?;
    Ok(true)
}

/// A server that finds other keys in a snapshot seals itself a moment later.
async fn became_sealed(server: &Http) -> bool {
    let waiting = async {
        loop {
            if let Ok(status) = seal_status(server).await
                && status.sealed
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(SETTLES, waiting)
        .await
        .unwrap_or(false)
}
