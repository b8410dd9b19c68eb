//! What an unfinished run made and nobody can use: its answer is lost, and with it a value that the server gives only once.

use super::run::Run;
use super::write::{Problems, Task};
use crate::catalog::{Life, Removal};
use crate::observe::Connection;
use crate::plan::Desired;
use crate::plan::place::{Home, place_of};
use std::sync::Arc;

impl Run<'_> {
    /// Removes what is lost of a step, unless that is done.
    pub(super) async fn remove_lost(&self, task: &Task<'_>) -> Result<(), Problems> {
        let cleared = self.cleared.lock();
        let cleared = cleared.is_ok_and(|cleared| cleared.contains(&task.index));
        match &task.work.lost {
            Some(id) if !cleared => {
                let removed = self.remove_unusable(&task.desired, &task.connection, id);
                removed.await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Removes all of it before anything is made, what needs others first: a key that an issuer has cannot go before it.
    /// What cannot be removed is tried again, and told of, by its own step.
    pub(super) async fn clear_away(&self) {
        for (index, step) in self.plan.steps.iter().enumerate().rev() {
            let work = &self.work[index];
            let (Some(id), Some(desired), true) = (&work.lost, &work.desired, step.change.writes())
            else {
                continue;
            };
            let Ok(connection) = self.connection(index).await else {
                continue;
            };
            let removed = self.remove_unusable(desired, &connection, id).await;
            if let (Ok(true), Ok(mut cleared)) = (removed, self.cleared.lock()) {
                cleared.insert(index);
            }
        }
    }

    /// Removes an object that was made, and whose making was not heard of; tells whether its place is known.
    pub(super) async fn remove_unusable(
        &self,
        desired: &Desired,
        connection: &Connection,
        id: &Arc<str>,
    ) -> Result<bool, Problems> {
        let kind = desired.kind;
        let home = Home {
            server: &connection.server.identity().id,
            namespace: &connection.namespace,
        };
        let Some(place) = place_of(kind, &desired.attributes, home, Some(id)) else {
            return Ok(false);
        };
        let mut owned = super::record::blank(desired, place.clone());
        owned.id = id.clone();
        self.remove(kind, &place, &desired.attributes, Some(&owned), connection)
            .await?;
        if !matches!(kind.life, Life::Generate(generate) if generate.removal == Removal::Stays) {
            return Ok(true);
        }
        // Its kind outlives the configuration, but this one never became part of it.
        self.remove_at(&place, connection).await.map(|()| true)
    }
}
