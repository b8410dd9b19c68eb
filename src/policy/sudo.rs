//! Paths that need `sudo` besides the capability of the operation.
//! Source: `x-vault-sudo` of the servers' OpenAPI documents (OpenBao 2.7.2, Vault 1.21.4), and the list of
//! root paths that they are made from; `sys/seal` and `sys/step-down` ask for it on both.

use super::merged::Context;
use super::server::Product;

/// A path that needs `sudo`, in the language of rules: exact, or with a final `*`.
#[derive(Clone, Copy, Debug)]
pub struct SudoPath {
    /// Below the mount of `engine`, else a full path.
    pub path: &'static str,
    /// The type of the engine that has it; `None` for paths that every server mounts at one place.
    pub engine: Option<&'static str>,
    /// The product that has it; `None` for both.
    pub product: Option<Product>,
}

const fn both(path: &'static str) -> SudoPath {
    SudoPath {
        path,
        engine: None,
        product: None,
    }
}

const fn only(product: Product, path: &'static str) -> SudoPath {
    SudoPath {
        path,
        engine: None,
        product: Some(product),
    }
}

const fn engine(engine: &'static str, path: &'static str) -> SudoPath {
    SudoPath {
        path,
        engine: Some(engine),
        product: None,
    }
}

/// Every path that needs `sudo`.
pub const SUDO_PATHS: &[SudoPath] = &[
    both("auth/token/accessors*"),
    both("sys/audit"),
    both("sys/audit/*"),
    both("sys/auth/*"),
    both("sys/config/auditing/*"),
    both("sys/config/cors"),
    both("sys/config/ui/headers/*"),
    both("sys/internal/inspect/*"),
    both("sys/leases"),
    both("sys/leases/lookup/*"),
    both("sys/leases/revoke-force/*"),
    both("sys/leases/revoke-prefix/*"),
    both("sys/plugins/catalog/*"),
    both("sys/raw"),
    both("sys/raw/*"),
    both("sys/remount"),
    both("sys/revoke-force/*"),
    both("sys/revoke-prefix/*"),
    both("sys/rotate"),
    both("sys/seal"),
    both("sys/step-down"),
    engine("pki", "root"),
    engine("pki", "root/sign-self-issued"),
    only(Product::OpenBao, "auth/token/revoke-orphan/*"),
    only(Product::OpenBao, "sys/rotate/keyring"),
    only(Product::OpenBao, "sys/rotate/root"),
    only(Product::Vault, "auth/token/revoke-orphan"),
    only(Product::Vault, "auth/token/revoke-orphan/*"),
    only(Product::Vault, "sys/internal/counters/activity/export"),
    only(Product::Vault, "sys/plugins/runtimes/catalog/*"),
    only(Product::Vault, "sys/replication/dr/primary/secondary-token"),
    only(
        Product::Vault,
        "sys/replication/performance/primary/secondary-token",
    ),
    only(Product::Vault, "sys/replication/primary/secondary-token"),
    only(Product::Vault, "sys/replication/reindex"),
    only(Product::Vault, "sys/reporting/scan"),
    only(Product::Vault, "sys/storage/raft/snapshot-auto/config/*"),
];

impl SudoPath {
    fn matches(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.path,
        }
    }
}

/// Tells whether a full path needs `sudo`; paths of engines are known only through the context's mounts.
pub(super) fn needs(path: &str, namespace: &str, context: &Context<'_>) -> bool {
    let path = path.strip_prefix(namespace).unwrap_or(path);
    needs_sudo(path, context)
}

/// Tells whether a path relative to its namespace needs `sudo`.
#[must_use]
pub fn needs_sudo(path: &str, context: &Context<'_>) -> bool {
    sudo_paths(context.server.product).any(|sudo| match sudo.engine {
        None => sudo.matches(path),
        Some(engine) => context.mounts.iter().any(|(mount, kind)| {
            *kind == engine
                && path
                    .strip_prefix(mount)
                    .is_some_and(|below| sudo.matches(below))
        }),
    })
}

/// Iterates over the paths of one product.
pub(super) fn sudo_paths(product: Product) -> impl Iterator<Item = &'static SudoPath> {
    SUDO_PATHS
        .iter()
        .filter(move |sudo| sudo.product.is_none_or(|one| one == product))
}
