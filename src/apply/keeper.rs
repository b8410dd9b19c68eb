//! The ledger as an apply asks it.

use super::run::Keeper;
use crate::ledger::{Ledger, LedgerError, Lock};
use crate::plan::Owned;
use crate::plan::change::Digester;
use crate::reconcile::Memory;
use crate::server::Guard;
use crate::source::Diagnostic;
use crate::value::{Value, json};
use futures::future::BoxFuture;

/// A ledger with the lock that is held on it; none where the user asked for none.
pub struct LedgerKeeper<'a> {
    pub ledger: &'a Ledger,
    pub lock: Option<&'a Lock>,
}

fn told(outcome: Result<(), LedgerError>) -> Result<(), Diagnostic> {
    outcome.map_err(|error| error.to_diagnostic())
}

fn lost() -> Diagnostic {
    Diagnostic::error(
        "lock-lost",
        "the ledger's lock was lost: nothing more is written",
    )
    .hint("run again: the next run looks at what is there and goes on")
}

impl Keeper for LedgerKeeper<'_> {
    fn digester(&self) -> &dyn Digester {
        self.ledger.digester()
    }

    fn begin(&self, records: Vec<Owned>) -> BoxFuture<'_, Result<(), Diagnostic>> {
        Box::pin(async move {
            if let Some(lock) = self.lock
                && !lock.held().await
            {
                return Err(lost());
            }
            told(self.ledger.begin(records).await)
        })
    }

    fn record(&self, owned: Owned) -> BoxFuture<'_, Result<(), Diagnostic>> {
        Box::pin(async move { told(self.ledger.record(owned).await) })
    }

    fn forget<'a>(&'a self, owned: &'a Owned) -> BoxFuture<'a, Result<(), Diagnostic>> {
        Box::pin(async move { told(self.ledger.forget(&owned.address, &owned.place).await) })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), Diagnostic>> {
        Box::pin(async move { told(self.ledger.flush().await) })
    }

    fn keep_random<'a>(
        &'a self,
        birth: &'a str,
        value: &'a Value,
    ) -> BoxFuture<'a, Result<(), Diagnostic>> {
        Box::pin(async move {
            let json = json::to_json(value, json::Secrets::Shown);
            let json = json.map_err(|why| Diagnostic::error("random-failed", why))?;
            told(self.ledger.keep_random(birth, &json).await)
        })
    }

    fn read_random<'a>(&'a self, birth: &'a str) -> BoxFuture<'a, Option<Value>> {
        self.ledger.random(birth)
    }

    fn drop_random<'a>(&'a self, birth: &'a str) -> BoxFuture<'a, Result<(), Diagnostic>> {
        Box::pin(async move { told(self.ledger.drop_random(birth).await) })
    }

    fn guard(&self) -> Option<Guard> {
        self.lock.and_then(Lock::guard)
    }

    fn is_lost(&self) -> bool {
        self.lock.is_some_and(Lock::is_lost)
    }
}
