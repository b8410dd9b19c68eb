//! `bootstrap plan` and `bootstrap status`: how far it has come, without changing anything.

use super::work::{Stand, Work, anonymous};
use crate::command::context::Context;
use crate::command::exit::{Done, Exit};
use crate::command::flags::is_set;
use crate::operate::keyring::State;
use crate::operate::seal::seal_status;
use clap::ArgMatches;
use serde_json::json;

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Done,
    ToDo,
    /// Known only when those before it are done.
    Later,
    /// It cannot be done.
    Stuck,
}

/// One step of a bootstrap.
pub struct Step {
    pub name: &'static str,
    pub how: How,
    pub about: String,
}

impl How {
    fn word(self) -> &'static str {
        match self {
            How::Done => "done",
            How::ToDo => "to do",
            How::Later => "later",
            How::Stuck => "stuck",
        }
    }

    fn of(done: bool) -> How {
        match done {
            true => How::Done,
            false => How::ToDo,
        }
    }
}

/// Runs `bootstrap plan`.
///
/// # Errors
/// When the settings, the server or a sink cannot be read.
pub async fn plan(context: &Context, matches: &ArgMatches) -> Done {
    let work = Work::prepare(context, matches)?;
    let steps = steps(&work, &work.look().await?).await;
    context.say(&text(&work, &steps));
    Ok(Exit::Done)
}

/// Runs `bootstrap status`.
///
/// # Errors
/// When the settings, the server or a sink cannot be read.
pub async fn status(context: &Context, matches: &ArgMatches) -> Done {
    let work = Work::prepare(context, matches)?;
    let steps = steps(&work, &work.look().await?).await;
    if is_set(matches, "json") {
        let each = steps.iter();
        let each = each.map(
            |step| json!({ "step": step.name, "status": step.how.word(), "about": step.about }),
        );
        let document = json!({ "done": finished(&steps), "address": work.door.address, "steps": each.collect::<Vec<_>>() });
        context.say(&format!("{document}\n"));
    } else {
        context.say(&text(&work, &steps));
    }
    Ok(match finished(&steps) {
        true => Exit::Done,
        false => Exit::Changes,
    })
}

/// Tells whether nothing is left.
#[must_use]
pub fn finished(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.how == How::Done)
}

/// Writes the steps one a line.
#[must_use]
pub fn text(work: &Work<'_>, steps: &[Step]) -> String {
    let lines = steps.iter().map(|step| {
        format!(
            "  {:<6} {:<11} {}\n",
            step.how.word(),
            step.name,
            step.about
        )
    });
    let title = format!("Bootstrap of {}:\n\n", work.door.address);
    title + &lines.collect::<String>()
}

/// Looks at every step.
pub async fn steps(work: &Work<'_>, stand: &Stand) -> Vec<Step> {
    let mut steps = vec![keys(work, stand), initialise(work, stand), unseal(stand)];
    for peer in &work.bootstrap.peers {
        steps.push(join(work, peer).await);
    }
    steps.extend(rest(work, stand));
    steps
}

fn keys(work: &Work<'_>, stand: &Stand) -> Step {
    let place = work.bootstrap.keyring.whereabouts();
    let (how, about) = match (&stand.kept, stand.seal.initialised) {
        (State::Kept(known), true) if other(&known.cluster, &stand.seal.cluster) => (
            How::Stuck,
            format!("{place} keeps the keys of another cluster"),
        ),
        (State::Kept(known), true) if known.lacking.is_empty() => {
            (How::Done, format!("kept in {place}"))
        }
        (State::Kept(known), true) => (
            How::ToDo,
            format!("`{}` lacks them", known.lacking.join("` and `")),
        ),
        (State::Kept(known), false) => (
            How::Stuck,
            format!(
                "{place} keeps the keys of a server that was at `{}`",
                known.address
            ),
        ),
        (_, false) => (
            How::ToDo,
            format!("prove that {place} can be written and read again"),
        ),
        (_, true) => (How::Stuck, format!("{place} keeps none of this server")),
    };
    Step {
        name: "keys",
        how,
        about,
    }
}

fn other(kept: &Option<String>, live: &Option<String>) -> bool {
    matches!((kept, live), (Some(kept), Some(live)) if kept != live)
}

fn initialise(work: &Work<'_>, stand: &Stand) -> Step {
    let (shares, threshold) = (work.bootstrap.shares, work.bootstrap.threshold);
    let kind = stand.seal.share_kind().name();
    let about = match stand.seal.initialised {
        true => format!(
            "{} of {} {kind} shares are needed",
            stand.seal.threshold, stand.seal.shares
        ),
        false => format!(
            "{shares} {kind} shares, {threshold} of them needed; seal `{}`, storage `{}`",
            stand.seal.kind, stand.seal.storage
        ),
    };
    Step {
        name: "initialise",
        how: How::of(stand.seal.initialised),
        about,
    }
}

fn unseal(stand: &Stand) -> Step {
    let about = match (stand.seal.sealed, stand.seal.recovers) {
        (false, _) => "the server works".to_owned(),
        (true, true) => format!("by the server itself (`{}`)", stand.seal.kind),
        (true, false) => "with the shares".to_owned(),
    };
    Step {
        name: "unseal",
        how: How::of(!stand.seal.sealed),
        about,
    }
}

async fn join(work: &Work<'_>, peer: &str) -> Step {
    let sealed = match anonymous(&work.door, peer).await {
        Ok(node) => seal_status(&node)
            .await
            .ok()
            .map(|seal| !seal.initialised || seal.sealed),
        Err(_) => None,
    };
    Step {
        name: "join",
        how: sealed.map_or(How::Stuck, |sealed| How::of(!sealed)),
        about: match sealed {
            None => format!("`{peer}` does not answer"),
            Some(_) => format!("`{peer}`"),
        },
    }
}

/// The steps that the root token is kept for; when it is gone, they are done.
fn rest(work: &Work<'_>, stand: &Stand) -> Vec<Step> {
    let over =
        matches!(&stand.kept, State::Kept(known) if !known.has_root) && stand.seal.initialised;
    let how = match (over, stand.seal.sealed) {
        (true, _) => How::Done,
        (false, true) => How::Later,
        (false, false) => How::ToDo,
    };
    let devices: Vec<String> = work
        .bootstrap
        .audits
        .iter()
        .map(|audit| format!("`{}`", audit.path))
        .collect();
    let marked = match work.bootstrap.apply.as_slice() {
        [] => "the whole configuration".to_owned(),
        marked => marked.join(", "),
    };
    let mut steps = vec![
        ("configure", marked),
        (
            "hand over",
            "log in as the provider block says, and look what that identity can do".to_owned(),
        ),
        ("revoke", "the root token".to_owned()),
    ];
    if !devices.is_empty() {
        steps.insert(0, ("audit", devices.join(", ")));
    }
    let step = |(name, about)| Step { name, how, about };
    steps.into_iter().map(step).collect()
}
