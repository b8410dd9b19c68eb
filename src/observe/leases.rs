//! Leases that a run opened for itself: they end with it.

use super::Connection;
use crate::server::{Guard, Request};
use crate::source::{Diagnostic, Severity};
use serde_json::json;

/// A lease, or the token that one is, with the server that gave it.
pub type Lease = (Connection, String);

/// Revokes leases. What could not be revoked is told as warnings: it ends by itself later.
pub async fn revoke(leases: &[Lease]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (connection, lease) in leases {
        let request = Request::post("sys/leases/revoke", json!({ "lease_id": lease }));
        // What was opened is closed, whatever happened meanwhile.
        let request = request
            .namespace(&connection.namespace)
            .guard(Guard::open());
        if let Err(error) = connection.server.send(request).await {
            let mut problem = error.to_diagnostic();
            problem.severity = Severity::Warning;
            problems.push(problem);
        }
    }
    problems
}
