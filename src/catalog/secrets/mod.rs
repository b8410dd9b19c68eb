//! Secrets engines.

use super::{Attribute, boolean, integer, text};

mod connections;
pub mod database;
mod database_mount;
pub mod generic;
pub mod kubernetes;
pub mod kv;
pub mod pki;
pub mod rabbitmq;
pub mod ssh;
pub mod totp;
pub mod transit;

/// What ephemeral resources have besides: waiting for the mount.
pub const MOUNT_ID: Attribute = text(
    "mount_id",
    "Any value of the mount: opening waits until it is known.",
)
.argument();

/// What an answer tells of its lease.
pub const LEASE: &[Attribute] = &[
    integer(
        "lease_duration",
        "How long the value may be kept, in seconds.",
    )
    .computed()
    .reads("lease_duration"),
    text("lease_id", "The lease, where there is one.")
        .computed()
        .reads("lease_id"),
    boolean("lease_renewable", "Whether the lease can be renewed.")
        .computed()
        .reads("renewable"),
];
