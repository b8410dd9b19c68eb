//! The server's own tables: mounts, policies, audit devices, quotas.

pub mod audit;
pub mod mounts;
pub mod namespaces;
pub mod policies;
pub mod quotas;
pub mod settings;
