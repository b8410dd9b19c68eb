//! Addresses: where the configuration declares a thing, and where a server keeps it.

use std::fmt;
use std::sync::Arc;

/// Which instance of a block with `count` or `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// The only one: neither `count` nor `for_each`.
    None,
    /// `[0]`
    Index(u64),
    /// `["a"]`
    Key(Arc<str>),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstanceKey::None => Ok(()),
            InstanceKey::Index(index) => write!(out, "[{index}]"),
            InstanceKey::Key(key) => {
                out.write_str("[\"")?;
                for letter in key.chars() {
                    match letter {
                        '"' => out.write_str("\\\"")?,
                        '\\' => out.write_str("\\\\")?,
                        '\n' => out.write_str("\\n")?,
                        '\t' => out.write_str("\\t")?,
                        '\r' => out.write_str("\\r")?,
                        other => write!(out, "{other}")?,
                    }
                }
                out.write_str("\"]")
            }
        }
    }
}

/// One `module` call on the way from the root, with its instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    pub name: Arc<str>,
    pub key: InstanceKey,
}

/// A module instance: `module.team["a"].module.x`. Empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleAddress(pub Arc<[ModuleStep]>);

impl ModuleAddress {
    /// Returns the address of an instance of a module that this one calls.
    #[must_use]
    pub fn child(&self, name: &str, key: InstanceKey) -> ModuleAddress {
        let mut steps = self.0.to_vec();
        steps.push(ModuleStep {
            name: name.into(),
            key,
        });
        ModuleAddress(steps.into())
    }

    /// Tells whether it is the root module.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ModuleAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            write!(out, "{dot}module.{}{}", step.name, step.key)?;
        }
        Ok(())
    }
}

/// What kind of block an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// `resource`
    Managed,
    /// `data`
    Data,
    /// `ephemeral`
    Ephemeral,
}

/// Where the configuration declares an object: `module.team["a"].vault_policy.read["x"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub module: ModuleAddress,
    pub mode: Mode,
    pub type_name: Arc<str>,
    pub name: Arc<str>,
    pub key: InstanceKey,
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(out, "{}.", self.module)?;
        }
        out.write_str(match self.mode {
            Mode::Managed => "",
            Mode::Data => "data.",
            Mode::Ephemeral => "ephemeral.",
        })?;
        write!(out, "{}.{}{}", self.type_name, self.name, self.key)
    }
}

/// Where an object is kept: server, namespace and API path. Normalised here and nowhere else, so that two spellings of
/// one place are equal: no slash at either end, the namespace absolute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerPath {
    /// The cluster's id, or its address where it tells none: two provider aliases of one server are one place.
    pub server: Arc<str>,
    /// Absolute, without slashes at its ends; empty for the root namespace.
    pub namespace: Arc<str>,
    /// `auth/approle/role/ci`
    pub path: Arc<str>,
}

impl ServerPath {
    /// Makes a place, cutting slashes at the ends of namespace and path.
    #[must_use]
    pub fn new(server: &str, namespace: &str, path: &str) -> ServerPath {
        ServerPath {
            server: server.into(),
            namespace: namespace.trim_matches('/').into(),
            path: path.trim_matches('/').into(),
        }
    }

    /// Returns the place of another path in the same namespace of the same server.
    #[must_use]
    pub fn beside(&self, path: &str) -> ServerPath {
        ServerPath {
            server: self.server.clone(),
            namespace: self.namespace.clone(),
            path: path.trim_matches('/').into(),
        }
    }
}

impl fmt::Display for ServerPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.namespace.is_empty() {
            write!(out, "{}/", self.namespace)?;
        }
        out.write_str(&self.path)
    }
}
