//! Steps that write nothing to a server: reading what the plan put off, and letting go.

use super::run::Run;
use super::write::{Problems, told};
use crate::catalog::Life;
use crate::observe::Wanted;
use crate::plan::hidden::consistent;
use crate::plan::place::{Home, place_of};
use crate::reconcile::outside::computed;
use crate::reconcile::world::View;
use crate::value::ServerPath;
use std::sync::PoisonError;

impl Run<'_> {
    /// Reads a data source, or opens an ephemeral, that the plan put off.
    pub(super) async fn read(&self, index: usize) -> Result<Option<String>, Problems> {
        let step = &self.plan.steps[index];
        let attributes = self.attributes(index, View::Real)?;
        self.connector.keep_quiet(&attributes);
        let Life::Data(read) = step.kind.life else {
            return Ok(None);
        };
        let value = if let crate::catalog::DataRead::Local(local) = read {
            let around = self.world().surroundings.clone();
            let outside = self.connector.outside();
            computed(local, &attributes, &*around, outside, self.settings.now).await?
        } else {
            let connection = self.connection(index).await?;
            let home = Home {
                server: &connection.server.identity().id,
                namespace: &connection.namespace,
            };
            let namespace = crate::plan::place::namespace_of(home, &attributes);
            let place = place_of(step.kind, &attributes, home, None);
            let wanted = Wanted {
                kind: step.kind,
                place: place.unwrap_or_else(|| ServerPath::new(home.server, &namespace, "")),
                server: connection.server.clone(),
                guide: attributes.clone(),
                owned: None,
                referenced: None,
            };
            self.cache.clear();
            let read =
                crate::observe::read_data(&wanted, read, &self.cache, self.settings.now).await;
            let (value, lease) = read.map_err(|error| told(&error))?;
            let lease = lease.map(|lease| (connection, lease));
            self.leases
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(lease);
            value
        };
        let marks = if step.address.mode == crate::value::Mode::Ephemeral {
            crate::value::Marks::EPHEMERAL
        } else {
            crate::value::Marks::NONE
        };
        let value = consistent(value.marked(marks), step.kind);
        self.learn(&step.address, value.clone(), value);
        Ok(None)
    }

    /// Forgets an object that is gone, or that is let go.
    pub(super) async fn forget(&self, index: usize) -> Result<Option<String>, Problems> {
        if let Some(owned) = &self.work[index].owned {
            self.keeper
                .forget(owned)
                .await
                .map_err(|problem| vec![problem])?;
        }
        Ok(None)
    }
}
