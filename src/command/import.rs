//! `import`: takes an object over that lives already, under an address of the configuration. Nothing is written to it.

use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, text, word};
use super::plan::{checked, common_flags, order};
use super::planning::{Session, address, make};
use super::progress::Teller;
use super::wish::variable_flags;
use crate::apply::{LedgerKeeper, Settings, apply};
use crate::plan::Change;
use crate::reconcile::Planned;
use crate::source::{Diagnostic, Surroundings};
use crate::value::Address;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("import")
        .about("Take over an object that lives already")
        .arg(word("ADDRESS", "Where the configuration declares it").required(true))
        .arg(word("ID", "What it is called: for most types its path").required(true))
        .args(variable_flags())
        .args(common_flags())
        .args([
            ignored("config"),
            ignored("allow-missing-config"),
            ignored("provider"),
        ])
}

/// Takes an object over.
///
/// # Errors
/// When it is not declared, does not live, or is ours already.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let (name, id) = (
        text(matches, "ADDRESS").unwrap_or_default(),
        text(matches, "ID").unwrap_or_default(),
    );
    let problem = || {
        Diagnostic::error(
            "invalid-address",
            format!("`{name}` is not the address of a resource"),
        )
    };
    let address = address(name).ok_or_else(problem)?;
    let mut order = order(context, matches)?;
    order.options.targets = vec![name.to_owned()];
    order.options.imports = vec![(address.clone(), id.to_owned())];
    order.options.allow_data_loss = true;
    order.options.unsupported_warns = true;
    order.hold = super::apply::hold(matches, "import")?;
    let (mut session, planned) = make(context, order).await?;
    let outcome = take(context, &mut session, planned, &address, id).await;
    context.tell(&session.close().await);
    outcome
}

async fn take(
    context: &Context,
    session: &mut Session,
    planned: Planned,
    address: &Address,
    id: &str,
) -> Done {
    let mut planned = checked(context, session, planned)?;
    let index = planned
        .plan
        .steps
        .iter()
        .position(|step| step.address == *address);
    let index = index.ok_or_else(|| undeclared(address))?;
    if planned
        .work
        .get(index)
        .is_some_and(|work| work.owned.is_some())
    {
        let message = format!("`{address}` is owned already");
        return Err(Diagnostic::error("already-owned", message)
            .hint("`ledger show` tells where it is")
            .into());
    }
    for (at, step) in planned.plan.steps.iter_mut().enumerate() {
        match (at == index, &step.before) {
            (false, _) => step.change = Change::Keep,
            (true, Some(_)) => step.change = Change::Adopt,
            (true, None) => return Err(missing(address, id)),
        }
    }
    planned.plan.outputs.clear();
    session.ledger.create_mount_if_missing().await?;
    let settings = Settings {
        parallelism: 1,
        stop: context.stop.clone(),
        now: context.files.started(),
        connections: planned.connections.clone(),
    };
    let keeper = LedgerKeeper {
        ledger: &session.ledger,
        lock: session.lock.as_ref(),
    };
    let report = apply(
        planned,
        &keeper,
        &Teller::new(context),
        &*session.links,
        &settings,
    )
    .await;
    context.tell(&report.diagnostics);
    if report.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(Exit::Failed);
    }
    context.say_text(&format!(
        "{address}: Import prepared!\n{address}: Imported [id={id}]\n\nImport successful!\n"
    ));
    Ok(Exit::Done)
}

fn undeclared(address: &Address) -> Failure {
    let message = format!("`{address}` is not declared in the configuration");
    Diagnostic::error("not-declared", message)
        .hint("write its `resource` block first")
        .into()
}

fn missing(address: &Address, id: &str) -> Failure {
    let message = format!("nothing lives on the server as `{id}` that could be `{address}`");
    Diagnostic::error("import-missing", message)
        .hint("check the id: for most types it is the path")
        .into()
}
