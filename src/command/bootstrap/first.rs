//! The first steps: keys and seal.

use super::work::{Stand, Work, anonymous};
use crate::command::exit::{Exit, Failure};
use crate::operate::keyring::{Keyring, Known, State};
use crate::operate::keys::Keys;
use crate::operate::seal::{
    Founding, SealStatus, Unfounded, active, found, join, seal_status, unseal,
};
use crate::server::connect::Authority;
use crate::server::{Http, Server, ServerError};
use crate::source::Diagnostic;

/// Makes sure that the server is initialised and its keys are kept. Returns them where they are in memory.
///
/// # Errors
/// When they could not be kept, or the server is somebody else's.
pub async fn keys(work: &Work<'_>, stand: &Stand, single: bool) -> Result<Option<Keys>, Failure> {
    let address = &work.door.address;
    match (&stand.kept, stand.seal.initialised) {
        (_, false) => initialise(work, &stand.seal, single).await.map(Some),
        (State::Kept(known), true) => {
            same_cluster(work, known, &stand.seal)?;
            repair(work, known).await
        }
        (State::Pending { .. }, true) => Err(lost(address)),
        (State::Nothing, true) => Err(foreign(address, &work.bootstrap.keyring.whereabouts())),
    }
}

async fn initialise(work: &Work<'_>, seal: &SealStatus, single: bool) -> Result<Keys, Failure> {
    let (bootstrap, address) = (&work.bootstrap, &work.door.address);
    enough_sinks(&bootstrap.keyring, single)?;
    bootstrap.keyring.prove(address).await?;
    work.say(
        "keys",
        &format!(
            "{} can be written and read again",
            bootstrap.keyring.whereabouts()
        ),
    );
    let mut founding = Founding {
        shares: bootstrap.shares,
        threshold: bootstrap.threshold,
        ..Founding::default()
    };
    if let Keyring::People(folder) = &bootstrap.keyring {
        founding.share_keys = folder.keys.iter().map(|key| key.base64.clone()).collect();
        founding.root_key = folder.root.as_ref().map(|key| key.base64.clone());
    }
    let server = work.reach().await?;
    let kind = seal.share_kind();
    let made = found(&server, kind, &founding).await;
    let made = made.map_err(|why| unfounded(why, address))?;
    let keys = Keys {
        address: address.clone(),
        cluster: None,
        kind,
        threshold: bootstrap.threshold,
        shares: made.shares,
        root_token: Some(made.root_token),
    };
    bootstrap
        .keyring
        .keep(&keys)
        .await
        .map_err(|problems| unkept(work, problems))?;
    work.say(
        "initialise",
        &format!(
            "{} {} shares, {} are needed; kept in {}",
            keys.shares.len(),
            kind.name(),
            keys.threshold,
            bootstrap.keyring.whereabouts()
        ),
    );
    Ok(keys)
}

/// One sink is one fire away from none.
fn enough_sinks(keyring: &Keyring, single: bool) -> Result<(), Diagnostic> {
    match keyring {
        Keyring::Sinks(sinks) if sinks.len() == 1 && !single => Err(Diagnostic::error(
            "single-sink",
            "there is one sink only: who loses it loses the server",
        )
        .hint("add a second `sink` at another place, use `pgp`, or give `-single-sink`")),
        _ => Ok(()),
    }
}

/// Writes the sinks that a run which was killed did not come to.
async fn repair(work: &Work<'_>, known: &Known) -> Result<Option<Keys>, Failure> {
    if known.lacking.is_empty() {
        return Ok(None);
    }
    let keyring = &work.bootstrap.keyring;
    let keys = keyring.open().await?;
    keyring
        .keep(&keys)
        .await
        .map_err(|problems| unkept(work, problems))?;
    let done = format!(
        "written to `{}`, which lacked them",
        known.lacking.join("` and `")
    );
    work.say("keys", &done);
    Ok(Some(keys))
}

/// Some sinks were not written: nothing goes on before they are.
fn unkept(work: &Work<'_>, mut problems: Vec<Diagnostic>) -> Failure {
    for problem in &mut problems {
        // As it is, without a frame that would break its lines.
        let blob = problem.detail.take().unwrap_or_default();
        work.context.mutter(&format!(
            "\nWhat a sink could not take, encrypted; copy it to a safe place now:\n\n{blob}\n"
        ));
        let again = "then run this again: it writes what is missing from the sinks that have it";
        problem.hints.push(again.to_owned());
    }
    Failure::with(problems, Exit::Partly)
}

fn unfounded(why: Unfounded, address: &str) -> Failure {
    match why {
        Unfounded::Refused(error) => error.to_diagnostic().into(),
        Unfounded::Lost(_) => lost(address),
        Unfounded::HalfDone => {
            let message = format!(
                "the server at `{address}` has remains of an initialisation that stopped half-way"
            );
            let problem = Diagnostic::error("init-half-done", message);
            Failure::with(vec![wipe(problem)], Exit::Unfounded)
        }
    }
}

/// Nobody has the keys of this server, so nothing that is in it can be missed.
fn lost(address: &str) -> Failure {
    let message = format!(
        "the server at `{address}` was initialised, and its answer, with the keys, did not arrive"
    );
    let problem = Diagnostic::error("init-answer-lost", message)
        .detail("Nothing can have been stored in it yet: whoever has no keys cannot unseal it.");
    Failure::with(vec![wipe(problem)], Exit::Unfounded)
}

fn wipe(problem: Diagnostic) -> Diagnostic {
    problem
        .hint("stop the server, empty its storage (of raft the folder in `path`, on every node), start it, and run this again")
}

fn foreign(address: &str, whereabouts: &str) -> Failure {
    let message = format!(
        "the server at `{address}` was initialised by somebody else: {whereabouts} keeps nothing of it"
    );
    let problem = Diagnostic::error("initialised-elsewhere", message)
        .hint("whoever did it has the keys; name their sink, or use the ordinary `apply` with a login of that server");
    Failure::with(vec![problem], Exit::Refused)
}

fn same_cluster(work: &Work<'_>, known: &Known, seal: &SealStatus) -> Result<(), Failure> {
    match (&known.cluster, &seal.cluster) {
        (Some(kept), Some(live)) if kept != live => {
            let message = format!(
                "{} keeps the keys of the cluster {kept}, and at `{}` is {live}",
                work.bootstrap.keyring.whereabouts(),
                work.door.address
            );
            let problem = Diagnostic::error("other-cluster", message)
                .hint("check the address, or name the sink of this cluster");
            Err(Failure::with(vec![problem], Exit::Refused))
        }
        _ => Ok(()),
    }
}

/// Makes sure that the server is unsealed and works.
///
/// # Errors
/// When shares are wrong or too few.
pub async fn unsealed(work: &Work<'_>, keys: Option<&Keys>) -> Result<(), Failure> {
    let server = work.reach().await?;
    let seal = seal_status(&server).await.map_err(told)?;
    if seal.sealed && !seal.recovers {
        give_shares(work, &server, keys).await?;
        work.say("unseal", "done");
    }
    Ok(active(&server).await.map_err(told)?)
}

async fn give_shares(work: &Work<'_>, server: &Http, keys: Option<&Keys>) -> Result<(), Failure> {
    let opened = match (&work.bootstrap.keyring, keys) {
        // What the server answered is encrypted to people.
        (Keyring::Sinks(_), Some(keys)) => keys.clone(),
        _ => work.bootstrap.keyring.open().await.map_err(sealed)?,
    };
    let outcome = unseal(server, &opened.shares, &|_| {}).await;
    outcome.map_err(|why| sealed(vec![why.to_diagnostic(&server.identity().address)]))
}

fn sealed(problems: Vec<Diagnostic>) -> Failure {
    Failure::with(problems, Exit::Unreachable)
}

/// Makes sure that the other nodes are part of the cluster and unsealed.
///
/// # Errors
/// When one of them does not answer or refuses.
pub async fn peers(work: &Work<'_>, keys: Option<&Keys>) -> Result<(), Failure> {
    let authority = match &work.door.tls.authority {
        Some(Authority::File(path)) => std::fs::read_to_string(path).ok(),
        Some(Authority::Bytes(text)) => Some(text.clone()),
        _ => None,
    };
    for peer in &work.bootstrap.peers {
        let node = anonymous(&work.door, peer).await?;
        let seal = seal_status(&node).await.map_err(told)?;
        if !seal.initialised {
            let joined = join(&node, &work.door.address, authority.as_deref()).await;
            joined.map_err(told)?;
        }
        if !seal.initialised || seal.sealed {
            if !seal.recovers {
                give_shares(work, &node, keys).await?;
            }
            active(&node).await.map_err(told)?;
            work.say("join", &format!("`{peer}` is part of the cluster"));
        }
        of_this_cluster(work, &node, peer).await?;
    }
    Ok(())
}

fn told(error: ServerError) -> Diagnostic {
    error.to_diagnostic()
}

async fn of_this_cluster(work: &Work<'_>, node: &Http, peer: &str) -> Result<(), Failure> {
    let there = seal_status(node).await.map_err(told)?.cluster;
    let here = seal_status(&work.reach().await?)
        .await
        .map_err(told)?
        .cluster;
    if here == there {
        return Ok(());
    }
    let message = format!("`{peer}` is a node of another cluster");
    let problem = Diagnostic::error("other-cluster", message)
        .hint("take it out of `peers`, or empty its storage, and it joins this one");
    Err(problem.into())
}
