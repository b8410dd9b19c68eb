//! The one door to a Vault or OpenBao server: requests, replies, errors, logins, and a fake for tests.
//!
//! Nothing here knows a resource type. Every request goes through [`Server::send`]; what comes back is either a
//! [`Reply`] or a [`ServerError`] that says what to do. Neither shows a secret in `Debug`, `Display` or a log.

pub mod connect;
mod download;
mod error;
mod fault;
mod guard;
mod http;
mod identity;
mod limits;
pub mod login;
mod memory;
mod message;
mod path;
pub mod post;
mod scrub;
mod session;
mod tls;
mod web;
mod wire;

pub use download::download;
pub use error::{About, ServerError};
pub use guard::{Guard, guarded};
pub use http::Http;
pub use identity::{Feature, Product, Readiness, ServerIdentity, Version};
pub use login::Login;
pub use memory::{Memory, Moment};
pub use message::{Body, Counts, Reply, Request, Verb};
pub use session::{Connection, KeepAlive};
pub use web::{Page, PageRequest, read_page};
pub use wire::{Event, Log, Pieces};

use futures::future::BoxFuture;

/// A server that takes requests.
pub trait Server: Send + Sync {
    /// Sends one request and waits for its answer; repeats it where that is safe and sensible.
    ///
    /// # Errors
    /// Whatever keeps the request from being done, sorted by what the caller can do about it.
    fn send<'a>(&'a self, request: Request) -> BoxFuture<'a, Result<Reply, ServerError>>;

    /// Returns which server this is, as found when the connection was made.
    fn identity(&self) -> &ServerIdentity;

    /// Returns how many requests went over the wire so far, repetitions included.
    fn counts(&self) -> Counts;
}
