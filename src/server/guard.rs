//! Writes that go out only while something holds: a lock that is still ours.

use super::Server;
use super::error::ServerError;
use super::identity::ServerIdentity;
use super::message::{Counts, Reply, Request};
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// What must hold at the moment in which a request goes out.
#[derive(Clone)]
pub struct Guard(Arc<dyn Fn() -> bool + Send + Sync>);

impl Guard {
    /// Makes a guard of a question that is asked before each attempt; it must cost nothing.
    #[must_use]
    pub fn new(holds: impl Fn() -> bool + Send + Sync + 'static) -> Guard {
        Guard(Arc::new(holds))
    }

    /// Returns the guard of what goes out in any case.
    #[must_use]
    pub fn open() -> Guard {
        Guard::new(|| true)
    }

    /// Tells whether a request may go out now.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(guard)")
    }
}

/// A server that is sent writes only while a guard holds.
struct Guarded {
    server: Arc<dyn Server>,
    guard: Guard,
}

/// Puts a guard on all writes to a server that have none of their own.
#[must_use]
pub fn guarded(server: Arc<dyn Server>, guard: &Guard) -> Arc<dyn Server> {
    let guard = guard.clone();
    Arc::new(Guarded { server, guard })
}

impl Server for Guarded {
    fn send<'a>(&'a self, mut request: Request) -> BoxFuture<'a, Result<Reply, ServerError>> {
        if !request.verb.reads() {
            request.guard.get_or_insert_with(|| self.guard.clone());
        }
        self.server.send(request)
    }

    fn identity(&self) -> &ServerIdentity {
        self.server.identity()
    }

    fn counts(&self) -> Counts {
        self.server.counts()
    }
}
