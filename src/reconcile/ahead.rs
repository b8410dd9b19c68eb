//! Objects are looked at in lots, a few lots ahead of deciding them.

use crate::observe::{Cache, Wanted, look};
use crate::plan::Observed;
use crate::server::ServerError;
use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many objects are looked at together.
pub(super) const LOT: usize = 500;

/// How many lots are looked at before they are decided: the answers of the server are not kept for longer.
const AHEAD: usize = 3;

/// What was found of an object; `None` where nothing is there.
pub(super) type Found = Result<Option<Observed>, ServerError>;

/// Lots that are being looked at, in the order in which they were begun. All end with this.
pub(super) struct Ahead {
    lots: VecDeque<JoinSet<Vec<Found>>>,
    begun: usize,
    /// How many lots were taken. Turns go by this number: were they given to whoever asks first, later lots could hold
    /// them all while the first one waits.
    taken: watch::Sender<usize>,
}

impl Ahead {
    pub fn new() -> Ahead {
        Ahead {
            lots: VecDeque::new(),
            begun: 0,
            taken: watch::Sender::new(0),
        }
    }

    /// Begins to look at a lot; an object without a place to look at is not there.
    pub fn begin(&mut self, wanted: Vec<Option<Wanted>>, cache: Arc<Cache>) {
        let (number, mut taken) = (self.begun, self.taken.subscribe());
        let mut lot = JoinSet::new();
        lot.spawn(async move {
            // It fails once nobody will take the answer.
            let _ = taken.wait_for(|taken| number < taken + AHEAD).await;
            found(wanted, cache).await
        });
        self.begun += 1;
        self.lots.push_back(lot);
    }

    /// Takes what was found of the next lot, in the order of its objects; a later lot may begin. Nothing after the last.
    pub async fn take(&mut self) -> Vec<Found> {
        let Some(mut lot) = self.lots.pop_front() else {
            return Vec::new();
        };
        let found = match lot.join_next().await {
            Some(Ok(found)) => found,
            Some(Err(broken)) if broken.is_panic() => {
                std::panic::resume_unwind(broken.into_panic())
            }
            // Only the end of the whole run cancels it. It must not be taken for objects that are not there.
            Some(Err(_)) | None => pending().await,
        };
        self.taken.send_modify(|taken| *taken += 1);
        found
    }
}

async fn found(wanted: Vec<Option<Wanted>>, cache: Arc<Cache>) -> Vec<Found> {
    let somewhere: Vec<bool> = wanted.iter().map(Option::is_some).collect();
    let mut looked = look(wanted.into_iter().flatten().collect(), cache)
        .await
        .into_iter();
    let each = somewhere.into_iter().map(|is_somewhere| {
        let looked = if is_somewhere { looked.next() } else { None };
        looked.unwrap_or(Ok(None))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn more_lots_than_are_looked_at_ahead_all_come_in_order() {
        let mut ahead = Ahead::new();
        for size in 0..10 {
            let nowhere = (0..size).map(|_| None).collect();
            ahead.begin(nowhere, Arc::default());
        }
        for size in 0..10 {
            assert_eq!(ahead.take().await.len(), size);
        }
        assert!(ahead.take().await.is_empty());
    }
}
