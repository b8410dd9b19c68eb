//! What a rule may grant, and sets of it.

use std::fmt;

use super::server::{Product, Server};

/// One thing that a rule may grant; `Deny` takes everything away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    Create,
    Delete,
    Deny,
    List,
    Patch,
    Read,
    Recover,
    Scan,
    Subscribe,
    Sudo,
    Update,
}

impl Capability {
    /// All capabilities, in alphabetical order.
    pub const ALL: [Capability; 11] = [
        Capability::Create,
        Capability::Delete,
        Capability::Deny,
        Capability::List,
        Capability::Patch,
        Capability::Read,
        Capability::Recover,
        Capability::Scan,
        Capability::Subscribe,
        Capability::Sudo,
        Capability::Update,
    ];

    /// Returns the name that policies use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Capability::Create => "create",
            Capability::Delete => "delete",
            Capability::Deny => "deny",
            Capability::List => "list",
            Capability::Patch => "patch",
            Capability::Read => "read",
            Capability::Recover => "recover",
            Capability::Scan => "scan",
            Capability::Subscribe => "subscribe",
            Capability::Sudo => "sudo",
            Capability::Update => "update",
        }
    }

    /// Finds a capability by its name, whichever server knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Capability> {
        Capability::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Tells whether a server knows it.
    #[must_use]
    pub fn known_to(self, server: Server) -> bool {
        match self {
            Capability::Scan => server.is(Product::OpenBao, 2, 2),
            Capability::Subscribe => server.is(Product::Vault, 1, 16),
            Capability::Recover => server.is(Product::Vault, 1, 20),
            _ => true,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of capabilities. `Deny`, once in, stands alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Capabilities(u16);

impl Capabilities {
    /// The empty set: it grants nothing, and still hides wider rules.
    pub const NONE: Capabilities = Capabilities(0);
    /// Denied.
    pub const DENY: Capabilities = Capabilities(1 << Capability::Deny as u16);

    /// Tells whether a capability is in it.
    #[must_use]
    pub fn has(self, one: Capability) -> bool {
        self.0 & (1 << one as u16) != 0
    }

    /// Tells whether `deny` is in it.
    #[must_use]
    pub fn is_deny(self) -> bool {
        self.has(Capability::Deny)
    }

    /// Tells whether it grants anything.
    #[must_use]
    pub fn grants(self) -> bool {
        self.0 != 0 && !self.is_deny()
    }

    /// Returns the set with one more.
    #[must_use]
    pub fn with(self, one: Capability) -> Capabilities {
        self.union(Capabilities(1 << one as u16))
    }

    /// Returns what either grants; denied as soon as one denies.
    #[must_use]
    pub fn union(self, other: Capabilities) -> Capabilities {
        if self.is_deny() || other.is_deny() {
            return Capabilities::DENY;
        }
        Capabilities(self.0 | other.0)
    }

    /// Iterates in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL
            .into_iter()
            .filter(move |one| self.has(*one))
    }

    /// Returns the names as `sys/capabilities` answers them: alphabetical, `deny` where nothing is granted.
    #[must_use]
    pub fn answer(self) -> Vec<&'static str> {
        if !self.grants() {
            return vec!["deny"];
        }
        self.iter().map(Capability::name).collect()
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(all: I) -> Capabilities {
        all.into_iter().fold(Capabilities::NONE, Capabilities::with)
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Capability::name).collect();
        f.write_str(&names.join(", "))
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deny_stands_alone_and_nothing_reads_as_deny() {
        let read = Capabilities::NONE.with(Capability::Read);
        assert_eq!(read.with(Capability::Deny), Capabilities::DENY);
        assert_eq!(Capabilities::DENY.with(Capability::Sudo).answer(), ["deny"]);
        assert_eq!(Capabilities::NONE.answer(), ["deny"]);
        assert_eq!(read.with(Capability::Create).answer(), ["create", "read"]);
    }
}
