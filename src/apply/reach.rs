//! Connections of steps: those of the plan, and those that only an apply can make because the provider block was not known.

use super::run::Run;
use super::write::Problems;
use crate::observe::Connection;
use crate::reconcile::provider_now;
use crate::server::{self, Guard};
use crate::source::Diagnostic;

/// Returns a connection that writes go out on only while a guard holds.
pub(super) fn guarded(connection: &Connection, guard: Option<&Guard>) -> Connection {
    let server = &connection.server;
    Connection {
        server: guard.map_or_else(
            || server.clone(),
            |guard| server::guarded(server.clone(), guard),
        ),
        namespace: connection.namespace.clone(),
    }
}

impl Run<'_> {
    /// Returns the connection of a step.
    pub(super) async fn connection(&self, index: usize) -> Result<Connection, Problems> {
        let (step, work) = (&self.plan.steps[index], &self.work[index]);
        if let Some(connection) = &work.connection {
            return Ok(connection.clone());
        }
        if let Some(connection) = self.settings.connections.get(&step.provider) {
            return Ok(guarded(connection, self.guard.as_ref()));
        }
        let mut late = self.late.lock().await;
        if let Some(connection) = late.get(&step.provider) {
            return Ok(connection.clone());
        }
        let worked = provider_now(&self.world(), &step.provider)?;
        let Some(worked) = worked else {
            let message = format!("there is no connection for `{}`", step.address);
            return Err(vec![Diagnostic::error("no-connection", message)]);
        };
        if worked.decoded.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(worked.decoded.diagnostics);
        }
        let made = self.connector.connect(&worked.decoded.attributes).await;
        let made = made.map_err(|problem| vec![problem.at(worked.span, "as configured here")])?;
        let made = guarded(&made, self.guard.as_ref());
        late.insert(step.provider.clone(), made.clone());
        Ok(made)
    }
}
