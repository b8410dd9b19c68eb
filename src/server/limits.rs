//! How much at once, and how fast: requests in flight, those that the server does one by one anyway, and a rate.

use super::message::Request;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many of the writes below one lock of the server are in flight; more only wait there.
const SERIALISED_WRITES: usize = 4;

/// The limits of one connection.
pub(super) struct Limits {
    all: Semaphore,
    serialised: Semaphore,
    rate: Option<Rate>,
}

/// A place among the requests in flight.
pub(super) struct Turn<'a> {
    _serialised: Option<SemaphorePermit<'a>>,
    _all: Option<SemaphorePermit<'a>>,
}

impl Limits {
    pub fn new(in_flight: usize, rate: Option<(f64, u32)>) -> Limits {
        Limits {
            all: Semaphore::new(in_flight.max(1)),
            serialised: Semaphore::new(SERIALISED_WRITES),
            rate: rate.map(|(per_second, burst)| Rate::new(per_second, burst)),
        }
    }

    /// Waits for a turn. The narrow gate comes first, so that who waits there holds no place that others could use.
    pub async fn turn(&self, request: &Request) -> Turn<'_> {
        // Acquiring fails only on a closed semaphore, and these are never closed.
        let serialised = match is_serialised(request) {
            true => self.serialised.acquire().await.ok(),
            false => None,
        };
        let all = self.all.acquire().await.ok();
        if let Some(rate) = &self.rate {
            tokio::time::sleep(rate.book(Instant::now())).await;
        }
        Turn {
            _serialised: serialised,
            _all: all,
        }
    }
}

/// Tells whether the server does it under a lock of its own: mounts, auth methods, tuning, remounts, policies.
fn is_serialised(request: &Request) -> bool {
    const BELOW: &[&str] = &[
        "sys/mounts",
        "sys/auth",
        "sys/remount",
        "sys/policies",
        "sys/policy",
        "sys/namespaces",
    ];
    let path = &*request.path;
    !request.verb.reads() && BELOW.iter().any(|start| path.starts_with(start))
}

/// So many requests a second, and so many at once after a rest.
struct Rate {
    interval: Duration,
    burst: u32,
    /// When the next request would be due if all were evenly spaced.
    due: Mutex<Option<Instant>>,
}

impl Rate {
    fn new(per_second: f64, burst: u32) -> Rate {
        Rate {
            interval: Duration::try_from_secs_f64(1.0 / per_second).unwrap_or_default(),
            burst: burst.max(1),
            due: Mutex::new(None),
        }
    }

    /// Books a request and returns how long it has to wait.
    fn book(&self, now: Instant) -> Duration {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let start = due.map_or(now, |due| due.max(now));
        *due = Some(start + self.interval);
        let ahead = start.saturating_duration_since(now);
        ahead.saturating_sub(self.interval.saturating_mul(self.burst - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rate_lets_a_burst_through_and_spaces_the_rest() {
        let rate = Rate::new(10.0, 3);
        let now = Instant::now();
        let waits: Vec<_> = (0..5).map(|_| rate.book(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert_eq!(rate.book(now + Duration::from_secs(9)).as_millis(), 0);
    }

    #[test]
    fn only_writes_below_the_servers_locks_are_serialised() {
        assert!(is_serialised(&Request::post(
            "sys/mounts/kv/tune",
            json!({})
        )));
        assert!(is_serialised(&Request::delete("sys/policies/acl/x")));
        assert!(!is_serialised(&Request::get("sys/mounts")));
        assert!(!is_serialised(&Request::post(
            "auth/approle/role/x",
            json!({})
        )));
    }
}
