//! Who and what there is, as far as access is concerned: from a configuration, a plan's side, or a server.

use std::collections::BTreeMap;

use super::lint::{AuthRole, DatabaseRole, EntityAlias, Mount, Origin, PkiRole, TransitKey};

/// Who may hold policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HolderKind {
    /// A role or user of an auth method.
    Role,
    /// A role of the token method.
    TokenRole,
    /// A token that a configuration makes.
    Token,
    Entity,
    Group,
}

impl HolderKind {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            HolderKind::Role => "role",
            HolderKind::TokenRole => "token role",
            HolderKind::Token => "token",
            HolderKind::Entity => "entity",
            HolderKind::Group => "group",
        }
    }
}

/// What names an object of the identity store: its id, or its address while the server has given it none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Id(String),
    Address(String),
}

/// Who holds policies. The name within `role` is the place, `auth/approle/role/ci`, or the name of a group or entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    pub kind: HolderKind,
    /// `""` for the root namespace, else with a final slash.
    pub namespace: String,
    /// What others name it by.
    pub keys: Vec<Key>,
    /// What templated paths may ask of an entity or group.
    pub metadata: BTreeMap<String, String>,
    /// Entities of a group.
    pub entities: Vec<Key>,
    /// Groups of a group.
    pub groups: Vec<Key>,
    /// Whether its list of policies is left to others.
    pub others_give: bool,
    /// Whether tokens lack the policy `default`.
    pub no_default: bool,
    /// The mount that it logs in at: `auth/approle/`; empty where it does not.
    pub mount: String,
    /// Accessors of the auth mounts that know an entity or an outside group by an alias; `None` where that is not known.
    pub accessors: Option<Vec<String>>,
    pub role: AuthRole,
}

impl Holder {
    /// Makes a holder in the root namespace.
    #[must_use]
    pub fn new(kind: HolderKind, role: AuthRole) -> Holder {
        Holder {
            kind,
            namespace: String::new(),
            keys: Vec::new(),
            metadata: BTreeMap::new(),
            entities: Vec::new(),
            groups: Vec::new(),
            others_give: false,
            no_default: false,
            mount: String::new(),
            accessors: None,
            role,
        }
    }
}

/// The text of a policy under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyText {
    pub name: String,
    /// `""` for the root namespace, else with a final slash.
    pub namespace: String,
    pub text: String,
    pub origin: Origin,
}

/// Which list of a group or entity something adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    Policies,
    Entities,
    Groups,
}

/// Elements that one object adds to the list of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub target: Key,
    /// What the target is, and its name where that is known.
    pub kind: HolderKind,
    pub name: Option<String>,
    pub listed: Listed,
    pub elements: Vec<Key>,
    /// Nobody else may add to the list.
    pub exclusive: bool,
}

/// All that is known.
#[derive(Clone, Debug, Default)]
pub struct Census {
    pub policies: Vec<PolicyText>,
    /// Policies whose text is known only after an apply.
    pub unread: Vec<PolicyText>,
    pub holders: Vec<Holder>,
    pub mounts: Vec<Mount>,
    pub pki_roles: Vec<PkiRole>,
    pub transit_keys: Vec<TransitKey>,
    pub database_roles: Vec<DatabaseRole>,
    pub aliases: Vec<EntityAlias>,
    pub audit_devices: usize,
    pub shares: Vec<Share>,
    /// How long issuers live, in seconds: mount, certificate's origin, ttl.
    pub issuers: Vec<Issuer>,
}

/// A certificate authority of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// The mount that it issues from, without slashes at its ends; empty for a certificate that another mount is given.
    pub mount: String,
    pub address: String,
    /// Seconds; `None` where it is that of another certificate, by address.
    pub ttl: Option<i64>,
    pub signed_by: Option<String>,
}

impl Census {
    /// Gives the shares to the groups and entities that they belong to, and certificates' lives to PKI roles.
    pub fn settle(&mut self) {
        for share in &self.shares {
            let found = self
                .holders
                .iter_mut()
                .find(|holder| holder.keys.contains(&share.target));
            match found {
                Some(holder) => give(holder, share),
                None => self.holders.push(stranger(share)),
            }
        }
        let limits = self.mounts.clone();
        for holder in &mut self.holders {
            let limit = limits
                .iter()
                .find(|mount| mount.path == holder.mount && mount.namespace == holder.namespace)
                .and_then(|mount| mount.max_ttl);
            if holder.role.max_ttl == Some(0) {
                holder.role.max_ttl = limit.or(Some(0));
            }
        }
        for role in &mut self.pki_roles {
            let mount = role.mount.trim_matches('/');
            let lives = self.issuers.iter().filter(|issuer| issuer.mount == mount);
            let lives = lives.filter_map(|issuer| match (&issuer.signed_by, issuer.ttl) {
                (Some(by), _) => self
                    .issuers
                    .iter()
                    .find(|other| other.address == *by)
                    .and_then(|other| other.ttl),
                (None, ttl) => ttl,
            });
            role.issuer_remaining = role.issuer_remaining.or(lives.filter(|ttl| *ttl > 0).max());
        }
    }

    /// Returns the policies of a holder: its own, and `default` where its tokens get it.
    #[must_use]
    pub fn policies_of(&self, holder: &Holder) -> Vec<String> {
        let mut names: Vec<String> = holder
            .role
            .policies
            .iter()
            .map(|name| name.to_lowercase())
            .collect();
        let logs_in = matches!(
            holder.kind,
            HolderKind::Role | HolderKind::TokenRole | HolderKind::Token
        );
        if logs_in && !holder.no_default {
            names.push("default".to_owned());
        }
        names.sort();
        names.dedup();
        names
    }

    /// Returns the holder that one of these keys names.
    #[must_use]
    pub fn holder(&self, kind: HolderKind, keys: &[Key]) -> Option<&Holder> {
        self.holders
            .iter()
            .find(|holder| holder.kind == kind && keys.iter().any(|key| holder.keys.contains(key)))
    }
}

/// Returns the group or entity of a share, of which nothing else is known.
fn stranger(share: &Share) -> Holder {
    let key = match &share.target {
        Key::Id(text) | Key::Address(text) => text.clone(),
    };
    let role = AuthRole {
        name: share.name.clone().unwrap_or(key),
        ..AuthRole::default()
    };
    let mut holder = Holder::new(share.kind, role);
    holder.keys.push(share.target.clone());
    holder.others_give = true;
    give(&mut holder, share);
    holder
}

fn give(holder: &mut Holder, share: &Share) {
    let list = match share.listed {
        Listed::Entities => &mut holder.entities,
        Listed::Groups => &mut holder.groups,
        Listed::Policies => {
            for element in &share.elements {
                if let Key::Id(name) = element
                    && !holder.role.policies.contains(name)
                {
                    holder.role.policies.push(name.clone());
                }
            }
            return;
        }
    };
    for element in &share.elements {
        if !list.contains(element) {
            list.push(element.clone());
        }
    }
}
