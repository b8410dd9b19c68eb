//! A configuration evaluated as far as that goes without a server and a ledger.

use super::graph::Graph;
use super::walk::{Connector, Memory, Options, Planned, plan};
use super::world::World;
use crate::observe::Connection;
use crate::plan::Owned;
use crate::plan::change::Digester;
use crate::source::Diagnostic;
use crate::value::{Digest, Value};
use futures::future::BoxFuture;
use serde_json::Value as Json;
use std::sync::Arc;

/// Plans everything as new. What only a server can tell is unknown; objects whose number depends on that are missing, and
/// the diagnostics say so.
pub async fn offline(world: World, graph: Graph) -> Planned {
    let options = Options {
        offline: true,
        ..Options::default()
    };
    plan(world, graph, &Nothing, &Nothing, &options).await
}

/// No ledger and no server.
struct Nothing;

impl Memory for Nothing {
    fn records(&self) -> Vec<Arc<Owned>> {
        Vec::new()
    }

    fn digester(&self) -> &dyn Digester {
        self
    }

    fn remembers(&self) -> bool {
        true
    }

    fn random<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Value>> {
        Box::pin(async { None })
    }

    fn also_of<'a>(&'a self, _: &'a Owned) -> BoxFuture<'a, Option<String>> {
        Box::pin(async { None })
    }
}

impl Digester for Nothing {
    fn digest(&self, _: &Json) -> Digest {
        Digest("".into())
    }
}

impl Connector for Nothing {
    fn connect<'a>(&'a self, _: &'a Value) -> BoxFuture<'a, Result<Connection, Diagnostic>> {
        Box::pin(async {
            Err(Diagnostic::error(
                "server-unreachable",
                "no server is asked here",
            ))
        })
    }
}
