//! `bootstrap emit-self-init`: the stanzas by which an OpenBao server makes all of a configuration by itself, at its first
//! start.

use super::audit::stanza;
use super::settings::audits;
use crate::apply::{Events, LedgerKeeper, Settings, apply};
use crate::catalog::{Life, Products};
use crate::command::context::Context;
use crate::command::exit::{Done, Exit, Failure};
use crate::command::open::values;
use crate::command::wish::arguments;
use crate::command::{project, settings as file};
use crate::config::variables::{Assigned, missing};
use crate::ledger::{Kind, Ledger, Settings as LedgerSettings};
use crate::observe::Connection;
use crate::operate::rehearsal::{Rehearsal, makes};
use crate::operate::self_init::{Meanings, Stanzas, stanzas};
use crate::plan::{Change, Step};
use crate::reconcile::{Connector, Options, Planned, plan};
use crate::source::{Diagnostic, Surroundings};
use crate::value::{Address, Marks, Value};
use clap::ArgMatches;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Writes the stanzas.
///
/// # Errors
/// When the configuration cannot be rehearsed without a server.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let given = arguments(matches)?;
    let read = project::read(context, false)?;
    let mut assigned = values(context, &read, given);
    let variables = stand_ins(&read, &mut assigned)?;
    let rehearsal = Arc::new(Rehearsal::default());
    let (first, _) = rehearsed(context, &assigned, &rehearsal, Vec::new()).await?;
    let left: Vec<&Step> = first
        .plan
        .steps
        .iter()
        .filter(|step| !is_possible(step))
        .collect();
    let excludes: Vec<String> = left.iter().map(|step| step.address.to_string()).collect();
    let (planned, ledger) = rehearsed(context, &assigned, &rehearsal, excludes.clone()).await?;
    sound(&planned)?;
    let makings = makings(&planned);
    let settings = Settings {
        // One after the other: so are the requests of a server that initialises itself.
        parallelism: 1,
        stop: context.stop.clone(),
        now: context.files.started(),
        connections: planned.connections.clone(),
    };
    let keeper = LedgerKeeper {
        ledger: &ledger,
        lock: None,
    };
    let link = link(&rehearsal);
    let report = apply(planned, &keeper, &Deaf, &link, &settings).await;
    if report.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(report.diagnostics.into());
    }
    let meanings = Meanings {
        variables,
        accessors: rehearsal.accessors().await,
        makings,
    };
    let made = stanzas(&rehearsal.written(), &meanings);
    let devices: String = audits(context)?
        .iter()
        .map(|audit| stanza(audit) + "\n")
        .collect();
    context.say(&text(&devices, &made, &excludes));
    Ok(Exit::Done)
}

fn text(devices: &str, made: &Stanzas, excludes: &[String]) -> String {
    let mut head = String::from(
        "# For an OpenBao server's own file: at its first start it makes all of this by itself. It must unseal by itself\n\
         # (`seal` stanza); there is no root token and no share afterwards, so some login must be among what is made.\n",
    );
    for variable in &made.variables {
        head.push_str(&format!(
            "# It reads a secret from its environment: {variable}\n"
        ));
    }
    for address in excludes {
        head.push_str(&format!(
            "# Left to the first apply, which has to keep what it makes: {address}\n"
        ));
    }
    for path in &made.left_out {
        head.push_str(&format!(
            "# Left to the first apply, as it has a secret or an id within a text: {path}\n"
        ));
    }
    format!("{head}\n{devices}{}", made.text)
}

/// Puts a text of its own in place of every secret variable; returns what it stands for.
fn stand_ins(
    read: &project::Project,
    assigned: &mut Assigned,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    for (name, variable) in &read.configuration.root.variables {
        if !(variable.sensitive || variable.ephemeral) {
            continue;
        }
        let text = format!("vaultform-stands-in-for-{name}");
        let marks = Marks {
            sensitive: variable.sensitive,
            ephemeral: variable.ephemeral,
            ..Marks::NONE
        };
        let value = crate::value::convert(&Value::from(text.as_str()), &variable.ty);
        let Ok(value) = value else {
            let message = format!(
                "the secret variable `{name}` is no text, and a server's environment has only texts"
            );
            return Err(Diagnostic::error("invalid-variable", message)
                .at(variable.span, "declared here")
                .hint("declare a variable of type `string` for each secret")
                .into());
        };
        assigned.values.insert(name.clone(), value.marked(marks));
        assigned.missing.retain(|one| one.name != *name);
        found.insert(text, format!("TF_VAR_{name}"));
    }
    match missing(&assigned.missing) {
        Some(problem) => Err(problem.into()),
        None => Ok(found),
    }
}

/// Plans the configuration on the server that is not there.
async fn rehearsed(
    context: &Context,
    assigned: &Assigned,
    server: &Arc<Rehearsal>,
    excludes: Vec<String>,
) -> Result<(Planned, Ledger), Failure> {
    let project = project::read(context, false)?;
    let world = project.world(context, assigned);
    let link = link(server);
    let named = file::read(context)?.ledger_settings(context)?;
    let settings = LedgerSettings {
        kind: Kind::None,
        ..named
    };
    let ledger = Ledger::open(link.0.server.clone(), "", settings).await?;
    let options = Options {
        excludes,
        unsupported_warns: true,
        ..Options::default()
    };
    let planned = plan(world, project.graph, &ledger, &link, &options).await;
    Ok((planned, ledger))
}

fn sound(planned: &Planned) -> Result<(), Failure> {
    match planned.plan.diagnostics.iter().any(Diagnostic::is_error) {
        true => Err(planned.plan.diagnostics.clone().into()),
        false => Ok(()),
    }
}

/// Tells whether a server can make an object by itself: not where a secret comes with it that somebody has to keep.
fn is_possible(step: &Step) -> bool {
    match step.kind.life {
        Life::Generate(generate) => makes(generate.create),
        Life::Local(local) => !local.is_kept(),
        _ => true,
    }
}

/// The paths whose first write is a making.
fn makings(planned: &Planned) -> std::collections::BTreeSet<String> {
    let steps = planned.plan.steps.iter();
    let telling = steps
        .filter(|step| step.change == Change::Create && step.kind.tells_making != Products::Nobody);
    telling
        .filter_map(|step| Some(step.place.as_ref()?.path.to_string()))
        .collect()
}

fn link(server: &Arc<Rehearsal>) -> Link {
    Link(Connection {
        server: server.clone(),
        namespace: "".into(),
    })
}

/// Every provider block leads to the same server.
struct Link(Connection);

impl Connector for Link {
    fn connect<'a>(&'a self, _: &'a Value) -> BoxFuture<'a, Result<Connection, Diagnostic>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// Nobody is told of a rehearsal.
struct Deaf;

impl Events for Deaf {
    fn started(&self, _: &Address, _: Change, _: Option<&str>) {}
    fn still(&self, _: &Address, _: Change, _: Duration) {}
    fn done(&self, _: &Address, _: Change, _: Option<&str>, _: Duration) {}
    fn failed(&self, _: &Address, _: Change, _: Duration) {}
}
