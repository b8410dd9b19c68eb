//! What lints look at: plain facts, from files or from a server. What is not known is `None` and raises no finding.

use crate::policy::{Policy, Server};
use crate::source::Span;

/// Where a fact comes from, for findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the declaration, or the place on the server.
    pub address: Option<String>,
    pub span: Option<Span>,
}

/// Everything that lints may look at.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub server: Server,
    /// Seconds since 1970.
    pub now: Option<i64>,
    pub policies: &'a [NamedPolicy<'a>],
    /// Whether `policies` are all there are.
    pub policies_complete: bool,
    /// Mounts, secrets and auth; `None` where none is known.
    pub mounts: Option<&'a [Mount]>,
    /// Whether all secrets engines are among them.
    pub mounts_complete: bool,
    pub roles: &'a [AuthRole],
    /// Whether `roles` are all that name policies.
    pub roles_complete: bool,
    pub pki_roles: &'a [PkiRole],
    pub transit_keys: &'a [TransitKey],
    pub database_roles: &'a [DatabaseRole],
    /// How many audit devices there are.
    pub audit_devices: Option<usize>,
    pub aliases: &'a [EntityAlias],
}

impl<'a> Facts<'a> {
    /// Makes facts of policies alone.
    #[must_use]
    pub fn new(server: Server, policies: &'a [NamedPolicy<'a>]) -> Facts<'a> {
        Facts {
            server,
            now: None,
            policies,
            policies_complete: false,
            mounts: None,
            mounts_complete: true,
            roles: &[],
            roles_complete: false,
            pki_roles: &[],
            transit_keys: &[],
            database_roles: &[],
            audit_devices: None,
            aliases: &[],
        }
    }
}

/// A policy under its name, with its text for suppressions.
#[derive(Clone, Debug)]
pub struct NamedPolicy<'a> {
    pub name: String,
    pub policy: &'a Policy,
    pub text: &'a str,
    pub origin: Origin,
}

impl<'a> NamedPolicy<'a> {
    /// Makes a named policy without an origin.
    #[must_use]
    pub fn new(name: impl Into<String>, policy: &'a Policy, text: &'a str) -> NamedPolicy<'a> {
        NamedPolicy {
            name: name.into(),
            policy,
            text,
            origin: Origin::default(),
        }
    }
}

/// A secrets engine (`kv/`) or an auth method (`auth/kubernetes/`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// With its final slash; auth methods begin with `auth/`.
    pub path: String,
    /// The type: `kv`, `pki`, `kubernetes` …
    pub kind: String,
    /// The version of a KV engine.
    pub version: Option<u32>,
    pub accessor: Option<String>,
    /// `""` for the root namespace, else with a final slash.
    pub namespace: String,
    /// Seconds that its tokens and leases may live; `None` where the server's limit holds.
    pub max_ttl: Option<i64>,
    /// Whether locking out after failed logins is switched off.
    pub lockout_disabled: Option<bool>,
    pub origin: Origin,
}

/// What gives tokens: a role or user of an auth method, a token role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthRole {
    pub name: String,
    pub policies: Vec<String>,
    /// Seconds; 0 is the mount's default.
    pub ttl: Option<i64>,
    /// Seconds; 0 is the mount's maximum.
    pub max_ttl: Option<i64>,
    /// Seconds; tokens with a period can be renewed for ever.
    pub period: Option<i64>,
    /// Seconds; bounds also periodic tokens.
    pub explicit_max_ttl: Option<i64>,
    /// Whether it is a role of the token method, whose tokens know no other maximum than the explicit one.
    pub token_role: bool,
    /// What a login must match: claims, service accounts, networks. Empty lists and `*` match everything.
    pub bindings: Vec<Binding>,
    /// Whether a login needs a secret besides: `bind_secret_id`, a password.
    pub needs_secret: Option<bool>,
    pub origin: Origin,
}

/// One constraint of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binding {
    pub name: String,
    pub values: Vec<String>,
    /// Where it matches everything, no other constraint of the role makes up for it.
    pub decisive: bool,
}

/// A role of a PKI engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PkiRole {
    pub name: String,
    /// Where its engine is mounted.
    pub mount: String,
    pub allow_any_name: Option<bool>,
    pub key_type: Option<String>,
    pub key_bits: Option<i64>,
    /// Seconds.
    pub max_ttl: Option<i64>,
    /// Seconds that the issuer's certificate is still valid.
    pub issuer_remaining: Option<i64>,
    pub origin: Origin,
}

/// A key of a transit engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransitKey {
    pub name: String,
    pub exportable: Option<bool>,
    pub allow_plaintext_backup: Option<bool>,
    pub origin: Origin,
}

/// A dynamic role of a database engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseRole {
    pub name: String,
    pub revocation_statements: Option<Vec<String>>,
    pub origin: Origin,
}

/// An alias of an identity entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityAlias {
    pub name: String,
    pub mount_accessor: String,
    /// Whether its entity exists.
    pub has_entity: Option<bool>,
    pub origin: Origin,
}
