//! What mounts hold that nobody can make again from a configuration: it is counted before a mount goes.

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
];

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

    /// Returns what a mount of a type holds; `None` where it keeps nothing.
    #[must_use]
    pub fn of(mount_type: &str, version: Option<&str>) -> Option<&'static Hoard> {
        let fits = |hoard: &&Hoard| {
            hoard.mount_type == mount_type
                && hoard.version.is_none_or(|needed| version == Some(needed))
        };
        HOARDS.iter().find(fits)
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

    #[test]
    fn the_version_decides_where_there_is_one() {
        assert_eq!(
            Hoard::of("kv", Some("2")).map(|hoard| hoard.list),
            Some("metadata")
        );
        assert_eq!(Hoard::of("kv", Some("1")).map(|hoard| hoard.list), Some(""));
        assert_eq!(Hoard::of("kv", None).map(|hoard| hoard.list), Some(""));
        assert_eq!(
            Hoard::of("database", None).map(|hoard| hoard.folder("db/")),
            Some("sys/leases/lookup/db".to_owned())
        );
        assert!(Hoard::of("ssh", None).is_none());
    }
}
