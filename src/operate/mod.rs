//! What is done to a whole server rather than to one object: its first hour, unsealing, snapshots, moving secrets in.
//!
//! No plaintext share, root token or passphrase leaves the memory: what is written is encrypted first.

pub mod age;
pub mod archive;
pub mod ceremony;
pub mod durable;
pub mod keyring;
pub mod keys;
pub mod modules;
pub mod passphrase;
pub mod people;
pub mod pgp;
pub mod program;
pub mod rehearsal;
pub mod seal;
pub mod secrets;
pub mod self_init;
pub mod sink;
pub mod snapshot;
pub mod watch;
