//! What mounts hold that nobody can make again from a configuration: it is counted before a mount goes.

use super::MountTable;

/// What the mounts of one type hold.
#[derive(Clone, Copy, Debug)]
pub struct Hoard {
    /// The type in the table of mounts.
    pub mount_type: &'static str,
    /// The option `version` of the mount, where it decides.
    pub version: Option<&'static str>,
    /// What stands before the mount's path where it is not listed below the mount itself, with a slash at its end.
    pub root: &'static str,
    /// The path below the mount whose LIST names what it holds; empty for the mount itself.
    pub list: &'static str,
    /// Whether names that end in a slash are folders.
    pub deep: bool,
    /// What stands before the name in the place of a declared object: any of them.
    pub places: &'static [&'static str],
    /// One of it, and more of it.
    pub words: (&'static str, &'static str),
    /// The field of `key_info` without which an entry is no loss: a certificate without its key can be had again.
    pub worth: Option<&'static str>,
}

/// What the servers' own engines hold, and the leases of those that make credentials on demand: they end with the mount.
pub const HOARDS: &[Hoard] = &[
    Hoard {
        version: Some("2"),
        ..Hoard::new(
            "kv",
            "metadata",
            &["data/", "metadata/", ""],
            ("secret", "secrets"),
        )
        .folders()
    },
    Hoard::new("kv", "", &[""], ("secret", "secrets")).folders(),
    Hoard::new("generic", "", &[""], ("secret", "secrets")).folders(),
    Hoard {
        worth: Some("key_id"),
        ..Hoard::new("pki", "issuers", &["issuer/"], ("issuer", "issuers"))
    },
    Hoard::new("transit", "keys", &["keys/"], ("key", "keys")),
    Hoard::new("totp", "keys", &["keys/"], ("key", "keys")),
    Hoard::leases("database"),
    Hoard::leases("rabbitmq"),
    Hoard::leases("kubernetes"),
    Hoard::leases("ldap"),
    Hoard::leases("aws"),
    Hoard::leases("azure"),
    Hoard::leases("gcp"),
    Hoard::leases("consul"),
    Hoard::leases("nomad"),
    Hoard::leases("terraform"),
    Hoard::new("ssh", "roles", &["roles/"], ("role", "roles")),
];

/// What the servers' own auth methods hold: who can log in, besides those that a configuration declares.
pub const AUTH_HOARDS: &[Hoard] = &[
    Hoard::new("userpass", "users", &["users/"], USERS),
    Hoard::new("approle", "role", &["role/"], ROLES),
    Hoard::new("cert", "certs", &["certs/"], ROLES),
    Hoard::new("jwt", "role", &["role/"], ROLES),
    Hoard::new("oidc", "role", &["role/"], ROLES),
    Hoard::new("kubernetes", "role", &["role/"], ROLES),
    Hoard::new("kerberos", "groups", &["groups/"], GROUPS),
    Hoard::new("ldap", "users", &["users/"], USERS),
    Hoard::new("ldap", "groups", &["groups/"], GROUPS),
    Hoard::new("radius", "users", &["users/"], USERS),
    Hoard::new("okta", "users", &["users/"], USERS),
    Hoard::new("okta", "groups", &["groups/"], GROUPS),
    Hoard::new("github", "map/users", &["map/users/"], USERS),
    Hoard::new("github", "map/teams", &["map/teams/"], ("team", "teams")),
    Hoard::new("aws", "role", &["role/"], ROLES),
    Hoard::new("azure", "role", &["role/"], ROLES),
    Hoard::new("gcp", "role", &["role/"], ROLES),
    Hoard::new("alicloud", "role", &["role/"], ROLES),
    Hoard::new("oci", "role", &["role/"], ROLES),
    Hoard::new("cf", "roles", &["roles/"], ROLES),
];

const USERS: (&str, &str) = ("user", "users");
const GROUPS: (&str, &str) = ("group", "groups");
const ROLES: (&str, &str) = ("role", "roles");

impl Hoard {
    const fn new(
        mount_type: &'static str,
        list: &'static str,
        places: &'static [&'static str],
        words: (&'static str, &'static str),
    ) -> Hoard {
        Hoard {
            mount_type,
            version: None,
            root: "",
            list,
            deep: false,
            places,
            words,
            worth: None,
        }
    }

    /// Leases are listed by the path that gave them; none is declared.
    const fn leases(mount_type: &'static str) -> Hoard {
        Hoard {
            root: "sys/leases/lookup/",
            ..Hoard::new(mount_type, "", &[], ("lease", "leases")).folders()
        }
    }

    /// Returns the path whose LIST names what a mount holds.
    #[must_use]
    pub fn folder(&self, mount: &str) -> String {
        let mount = mount.trim_matches('/');
        let path = format!("{}{mount}/{}", self.root, self.list);
        path.trim_end_matches('/').to_owned()
    }

    const fn folders(mut self) -> Hoard {
        self.deep = true;
        self
    }

    /// Returns what a mount of a type holds; nothing where it is not known.
    pub fn of(
        table: MountTable,
        mount_type: &str,
        version: Option<&str>,
    ) -> impl Iterator<Item = &'static Hoard> {
        let all = match table {
            MountTable::Secrets => HOARDS,
            MountTable::Auth => AUTH_HOARDS,
        };
        let of_type = all
            .iter()
            .filter(move |hoard| hoard.mount_type == mount_type);
        let versioned = of_type
            .clone()
            .any(|hoard| hoard.version.is_some() && hoard.version == version);
        of_type.filter(move |hoard| hoard.version.is_some() == versioned)
    }

    /// Says how many there are: `1 secret`, `312 secrets`.
    #[must_use]
    pub fn count(&self, number: usize) -> String {
        let (one, more) = self.words;
        format!("{number} {}", if number == 1 { one } else { more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(table: MountTable, mount_type: &str, version: Option<&str>) -> Vec<String> {
        let found = Hoard::of(table, mount_type, version);
        found.map(|hoard| hoard.folder("at/")).collect()
    }

    #[test]
    fn the_version_decides_where_there_is_one() {
        let secrets = |mount_type, version| lists(MountTable::Secrets, mount_type, version);
        assert_eq!(secrets("kv", Some("2")), ["at/metadata"]);
        assert_eq!(secrets("kv", Some("1")), ["at"]);
        assert_eq!(secrets("kv", None), ["at"]);
        assert_eq!(secrets("database", None), ["sys/leases/lookup/at"]);
        assert!(secrets("of-a-plugin", None).is_empty());
    }

    #[test]
    fn methods_hold_who_can_log_in() {
        assert_eq!(
            lists(MountTable::Auth, "ldap", None),
            ["at/users", "at/groups"]
        );
        assert_eq!(
            lists(MountTable::Secrets, "ldap", None),
            ["sys/leases/lookup/at"]
        );
    }
}
