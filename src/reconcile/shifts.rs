//! Mounts that move: what is in them moves along, and so do its records.

use super::walk::Walk;
use crate::observe::{Cache, Shift, shifted};
use crate::plan::Desired;
use crate::plan::Owned;
use crate::plan::place::governs;
use crate::server::Server;
use crate::value::ServerPath;
use std::sync::Arc;

/// The mounts whose paths change in this plan, and how the servers look afterwards.
#[derive(Default)]
pub(super) struct Shifts {
    /// Those that the plan moves.
    planned: Arc<[Shift]>,
    /// Those that moved already, by hand or by a run that was cut off before it could say so.
    done: Vec<Shift>,
    /// The answers of servers as they will be; as they are while nothing moves.
    cache: Option<Arc<Cache>>,
}

impl Shifts {
    fn follow(&self, place: &ServerPath) -> Option<ServerPath> {
        let mut all = self.planned.iter().chain(&self.done);
        all.find_map(|shift| shift.follow(place))
    }
}

impl Walk<'_> {
    /// Notes that a mount moves, or moved already.
    pub(super) fn note_shift(&mut self, desired: &Desired, from: &ServerPath, done: bool) {
        let to = desired.place.as_ref();
        let (Some(from), Some(to)) = (
            governs(desired.kind, from),
            to.and_then(|to| governs(desired.kind, to)),
        ) else {
            return;
        };
        let shift = Shift { from, to };
        if done {
            self.shifts.done.push(shift);
        } else {
            let planned = self.shifts.planned.iter().cloned();
            self.shifts.planned = planned.chain([shift]).collect();
            self.shifts.cache = Some(Arc::new(self.cache.afresh()));
        }
    }

    /// Returns the server as it will be once all mounts have moved: there declared objects are looked at.
    pub(super) fn later(&self, server: &Arc<dyn Server>) -> Arc<dyn Server> {
        match self.shifts.planned.is_empty() {
            true => server.clone(),
            false => shifted(server.clone(), self.shifts.planned.clone()),
        }
    }

    /// Returns the cache of the answers of [`Walk::later`].
    pub(super) fn later_cache(&self) -> &Arc<Cache> {
        self.shifts.cache.as_ref().unwrap_or(&self.cache)
    }

    /// Returns the record of an object whose mount moves as it will be; `None` where it stays.
    pub(super) fn carried(&self, owned: &Arc<Owned>) -> Option<Arc<Owned>> {
        let place = self.shifts.follow(&owned.place)?;
        Some(Arc::new(Owned {
            place,
            ..(**owned).clone()
        }))
    }
}
