//! Opening the ledger for commands that do not plan.

use super::connector::{Links, log, settled};
use super::context::Context;
use super::exit::Failure;
use super::planning::{Hold, Shelf, home, home_arguments};
use super::{project, settings};
use crate::config::choose;
use crate::config::variables::{Argument, Assigned, Given, assign};
use crate::ledger::{Ledger, Lock};
use crate::observe::Connection;
use crate::reconcile::Connector;
use crate::source::{Diagnostic, Surroundings};
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A ledger that was opened, to be ended by [`Opened::close`].
pub struct Opened {
    pub shelf: Shelf,
    pub ledger: Ledger,
    pub lock: Option<Lock>,
}

/// Finds the way to the ledger of this directory. Variables without a value are no error: a provider block that needs one
/// is then configured by the environment.
///
/// # Errors
/// When the configuration cannot be read or there is no connection.
pub async fn shelf(context: &Context, arguments: Vec<Argument>) -> Result<Shelf, Failure> {
    let settings = settings::read(context)?;
    let project = project::read(context, true)?;
    let assigned = values(context, &project, arguments);
    let world = project.world(context, &assigned);
    let links = Arc::new(Links::new(context, None));
    context.links.borrow_mut().push(links.clone());
    Ok(Shelf {
        home: home(&world, &settings, &links).await?,
        settings: settings.ledger_settings(context)?,
        links,
    })
}

/// Finds the way to a server: that of the configuration here, or where there is none, of the environment.
///
/// # Errors
/// When the configuration cannot be read or there is no connection.
pub async fn server(
    context: &Context,
    arguments: Vec<Argument>,
) -> Result<(Arc<Links>, Connection), Failure> {
    let chosen = choose(&context.files.list(Path::new(".")).unwrap_or_default());
    if !chosen.primary.is_empty() || !chosen.overrides.is_empty() {
        let shelf = shelf(context, arguments).await?;
        return Ok((shelf.links, shelf.home));
    }
    let links = Arc::new(Links::new(context, None));
    context.links.borrow_mut().push(links.clone());
    let connection = links.connect(&Value::object(BTreeMap::new())).await?;
    Ok((links, connection))
}

/// Finds how the configuration in this directory reaches its server, without connecting. Variables without a value are no
/// error here either.
///
/// # Errors
/// When the configuration or the provider block cannot be read.
pub fn door(
    context: &Context,
    arguments: Vec<Argument>,
) -> Result<crate::server::connect::Settings, Failure> {
    let settings = settings::read(context)?;
    let (arguments, span) = match project::read(context, true) {
        Ok(project) => {
            let assigned = values(context, &project, arguments);
            home_arguments(&project.world(context, &assigned), &settings)?
        }
        // Beside no configuration at all, the environment says where the server is.
        Err(failure) if is_nothing(&failure) => (Value::object(BTreeMap::new()), None),
        Err(failure) => return Err(failure),
    };
    let found = settled(&arguments, &context.environment);
    let mut door = found.map_err(|problem| match span {
        Some(span) => problem.at(span, "as configured here"),
        None => problem,
    })?;
    door.log = log(context.verbosity.get(), &context.veil);
    Ok(door)
}

fn is_nothing(failure: &Failure) -> bool {
    let codes = failure.diagnostics.iter().map(|problem| problem.code);
    codes.eq(["no-configuration"])
}

/// Fills variables in, as far as there are values.
#[must_use]
pub fn values(context: &Context, project: &project::Project, arguments: Vec<Argument>) -> Assigned {
    let given = Given {
        environment: project::environment(context),
        arguments,
    };
    let mut sources = context.sources.borrow_mut();
    assign(
        &project.configuration.root,
        &given,
        &*context.files,
        &mut sources,
    )
    .0
}

/// Opens the ledger of this directory.
///
/// # Errors
/// When it cannot be read, or another run holds the lock.
pub async fn ledger(
    context: &Context,
    arguments: Vec<Argument>,
    hold: Option<Hold>,
) -> Result<Opened, Failure> {
    let shelf = shelf(context, arguments).await?;
    let (ledger, lock) = shelf.open(context, hold).await?;
    context.tell(ledger.notices());
    Ok(Opened {
        shelf,
        ledger,
        lock,
    })
}

impl Opened {
    /// Gives the lock back and closes all connections.
    pub async fn close(self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        if let Some(lock) = self.lock
            && let Err(error) = lock.release().await
        {
            problems.push(error.to_diagnostic());
        }
        problems.extend(self.shelf.links.close().await);
        problems
    }
}
