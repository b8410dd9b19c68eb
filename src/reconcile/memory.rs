//! The ledger as planning asks it.

use super::walk::Memory;
use crate::catalog::registry::canonical;
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

    fn also_of<'a>(&'a self, owned: &'a Owned) -> BoxFuture<'a, Option<String>> {
        Box::pin(async {
            let owners = self.owners_of(&owned.place).await.ok()?;
            let same = |name: &str| canonical(name) == canonical(&owned.type_name);
            let other = owners.iter().find(|owner| same(&owner.type_name))?;
            Some(other.ledger.to_string())
        })
    }
}
