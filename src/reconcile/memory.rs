//! The ledger as planning asks it.

use super::walk::Memory;
use crate::ledger::{Ledger, RandomValue};
use crate::plan::Owned;
use crate::plan::change::Digester;
use crate::value::{Value, json};
use futures::future::BoxFuture;
use std::sync::Arc;

impl Memory for Ledger {
    fn records(&self) -> Vec<Arc<Owned>> {
        Ledger::records(self)
    }

    fn digester(&self) -> &dyn Digester {
        Ledger::digester(self)
    }

    fn remembers(&self) -> bool {
        Ledger::remembers(self)
    }

    fn random<'a>(&'a self, birth: &'a str) -> BoxFuture<'a, Option<Value>> {
        Box::pin(async move {
            match self.read_random(birth).await {
                Ok(RandomValue::Kept(body)) => json::from_json(body.json()).ok(),
                Ok(RandomValue::NotReadable | RandomValue::Missing) | Err(_) => None,
            }
        })
    }
}
