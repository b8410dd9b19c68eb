//! What a plan does to access: who gains or loses what, with the policies of the server that the plan does not touch.

use super::context::Context;
use crate::observe::Connection;
use crate::plan::census::{Side, census};
use crate::policy::lint::Origin;
use crate::policy::{self, Access, Census, PolicyText, Server, Version};
use crate::reconcile::Planned;
use crate::server::{self, Request, ServerError};
use crate::source::{Diagnostic, Surroundings};
use serde_json::Value as Json;

/// Both sides of a plan, as far as access is concerned.
pub struct Stock {
    pub before: Census,
    pub after: Census,
    pub server: Server,
    /// Seconds since 1970.
    pub now: i64,
}

/// Takes stock of a plan; texts of other policies that matter are read from the server.
pub async fn stock(context: &Context, planned: &Planned) -> Stock {
    let connection = main_connection(planned);
    let mut stock = Stock {
        before: census(&planned.plan, Side::Before),
        after: census(&planned.plan, Side::After),
        server: connection.map_or(Server::OPENBAO, server_of),
        now: context.files.started(),
    };
    if let Some(connection) = connection {
        for (namespace, name) in policy::missing(&stock.before, &stock.after) {
            if let Some(text) = policy_text(connection, &namespace, &name).await {
                stock.add(&namespace, &name, &text);
            }
        }
    }
    stock
}

/// Returns the connection of the default provider, else any.
#[must_use]
pub fn main_connection(planned: &Planned) -> Option<&Connection> {
    let connections = &planned.connections;
    connections
        .get("vault")
        .or_else(|| connections.values().next())
}

/// Returns which server decides at a connection's end.
#[must_use]
pub fn server_of(connection: &Connection) -> Server {
    let identity = connection.server.identity();
    let product = match identity.product {
        server::Product::OpenBao => policy::Product::OpenBao,
        server::Product::Vault => policy::Product::Vault,
    };
    let version = identity.version;
    Server::new(
        product,
        Version::new(version.major, version.minor, version.patch),
    )
}

/// Reads the text of a policy: empty where there is none, nothing where it may not be read.
pub async fn policy_text(connection: &Connection, namespace: &str, name: &str) -> Option<String> {
    let request = Request::get(format!("sys/policies/acl/{name}")).namespace(namespace);
    match connection.server.send(request).await {
        Ok(reply) => {
            let text = reply.data().get("policy").and_then(Json::as_str);
            Some(text.unwrap_or_default().to_owned())
        }
        Err(error)
            if error.is_absent() || matches!(error, ServerError::Refused { status: 404, .. }) =>
        {
            Some(String::new())
        }
        Err(_) => None,
    }
}

impl Stock {
    /// Adds a policy that the plan does not touch.
    pub fn add(&mut self, namespace: &str, name: &str, text: &str) {
        for side in [&mut self.before, &mut self.after] {
            side.policies.push(PolicyText {
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                text: text.to_owned(),
                origin: Origin::default(),
            });
        }
    }

    /// Works out who gains or loses what.
    #[must_use]
    pub fn access(&self) -> Access {
        let context = policy::Context {
            now: Some(self.now),
            ..policy::Context::new(self.server)
        };
        policy::access(&self.before, &self.after, &context)
    }
}

/// Returns what is to be told of those whose access could not be compared.
#[must_use]
pub fn incomparable(access: &Access) -> Vec<Diagnostic> {
    let who = access.incomparable.iter();
    who.map(|who| {
        let message = format!(
            "what {} `{}` gains or loses cannot be told: its rules overlap in too many ways",
            who.kind, who.name
        );
        Diagnostic::warning("access-unknown", message)
            .hint("write fewer wildcards within one policy")
    })
    .collect()
}
