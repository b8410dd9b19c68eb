//! Which server decides: product and version, and what follows from them.

use std::fmt;

/// Whose rules are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Product {
    Vault,
    OpenBao,
}

/// A version such as 1.21.4; missing parts are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// Makes a version from its three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Version {
        Version {
            major,
            minor,
            patch,
        }
    }

    /// Reads `1.21.4`, `v2.7.2+ent`, `2.6.0-beta1`: what follows the numbers is dropped.
    #[must_use]
    pub fn read(text: &str) -> Option<Version> {
        let text = text.trim().trim_start_matches('v');
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let mut parts = text.get(..end)?.split('.').map(str::parse::<u32>);
        let mut next = || parts.next().unwrap_or(Ok(0)).ok();
        Some(Version::new(next()?, next()?, next()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A server as far as policies depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    pub product: Product,
    pub version: Version,
}

impl Server {
    /// The OpenBao release that the model was measured on.
    pub const OPENBAO: Server = Server::new(Product::OpenBao, Version::new(2, 7, 2));
    /// The HashiCorp Vault release that the model was measured on.
    pub const VAULT: Server = Server::new(Product::Vault, Version::new(1, 21, 4));

    /// Makes a server of a product and version.
    #[must_use]
    pub const fn new(product: Product, version: Version) -> Server {
        Server { product, version }
    }

    /// Tells whether the product is this one, at this version or a later one.
    #[must_use]
    pub fn is(self, product: Product, major: u32, minor: u32) -> bool {
        self.product == product && self.version >= Version::new(major, minor, 0)
    }

    /// Tells whether LIST looks for rules of the path with its trailing slash before those without (OpenBao 2.6,
    /// GHSA-xp3c-3jw3-4vcr); every other server does it the other way round.
    #[must_use]
    pub fn lists_with_slash_first(self) -> bool {
        self.is(Product::OpenBao, 2, 6)
    }

    /// Tells whether `*`, `+` and `/` in a substituted identity value are refused (OpenBao 2.6, GHSA-59w7-v8rr-pr4p).
    #[must_use]
    pub fn guards_templates(self) -> bool {
        self.is(Product::OpenBao, 2, 6)
    }

    /// Tells whether an attribute that is set twice is an error (Vault 1.21).
    #[must_use]
    pub fn refuses_duplicates(self) -> bool {
        self.is(Product::Vault, 1, 21)
    }

    /// Tells whether list-typed parameter values are judged element by element (Vault) or as a whole (OpenBao).
    #[must_use]
    pub fn splits_list_values(self) -> bool {
        self.product == Product::Vault
    }

    /// Tells whether this server's stanzas know a key.
    #[must_use]
    pub fn knows_key(self, key: &str) -> bool {
        match key {
            "comment"
            | "policy"
            | "capabilities"
            | "allowed_parameters"
            | "denied_parameters"
            | "required_parameters"
            | "min_wrapping_ttl"
            | "max_wrapping_ttl"
            | "mfa_methods" => true,
            "control_group" => self.product == Product::Vault || self.is(Product::OpenBao, 2, 6),
            "subscribe_event_types" => self.is(Product::Vault, 1, 16),
            "pagination_limit" => self.is(Product::OpenBao, 2, 2),
            "expiration" => self.is(Product::OpenBao, 2, 3),
            "list_scan_response_keys_filter_path" => self.is(Product::OpenBao, 2, 4),
            _ => false,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = match self.product {
            Product::Vault => "Vault",
            Product::OpenBao => "OpenBao",
        };
        write!(f, "{product} {}", self.version)
    }
}

/// Every stanza key that some server knows.
pub(super) const KEYS: &[&str] = &[
    "allowed_parameters",
    "capabilities",
    "comment",
    "control_group",
    "denied_parameters",
    "expiration",
    "list_scan_response_keys_filter_path",
    "max_wrapping_ttl",
    "mfa_methods",
    "min_wrapping_ttl",
    "pagination_limit",
    "policy",
    "required_parameters",
    "subscribe_event_types",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_print_them() {
        assert_eq!(Version::read("1.21.4+ent"), Some(Version::new(1, 21, 4)));
        assert_eq!(Version::read("v2.7"), Some(Version::new(2, 7, 0)));
        assert_eq!(Version::read("two"), None);
    }

    #[test]
    fn products_know_their_own_keys() {
        assert!(Server::OPENBAO.knows_key("expiration"));
        assert!(!Server::VAULT.knows_key("expiration"));
        assert!(!Server::OPENBAO.knows_key("subscribe_event_types"));
        let old = Server::new(Product::OpenBao, Version::new(2, 5, 5));
        assert!(!old.lists_with_slash_first() && Server::OPENBAO.lists_with_slash_first());
    }
}
