//! Modules that are not beside the configuration: what their sources say.
//!
//! The forms are those of go-getter, as Terraform uses it: `git::URL//folder?ref=v1`, short forms of code hosts, archives.

use super::call::{Source, source_of};

/// Where a module that is not beside the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub package: Package,
    /// The folder of the package that holds the module; empty for the package itself.
    pub folder: String,
}

/// What is fetched as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    Git {
        url: String,
        /// `ref`: a branch, a tag or a commit.
        reference: Option<String>,
        /// `depth`: how much of the history.
        depth: Option<u32>,
    },
    /// An archive at `https:`, `http:` or `file:`.
    Archive { url: String, form: Form },
    /// A module in a registry: `namespace/name/system`, after the registry's host where it is not the public one.
    Registry {
        namespace: String,
        name: String,
        system: String,
        public: bool,
    },
    /// Another kind of source, with its name.
    Foreign(String),
}

/// How an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Zip,
    TarGz,
    Tar,
}

const HOSTS: [&str; 3] = ["github.com", "gitlab.com", "bitbucket.org"];

/// Reads a source; `None` for a directory beside the configuration.
#[must_use]
pub fn remote(source: &str) -> Option<Remote> {
    let source = source.trim();
    if source_of(source) == Source::Local {
        return None;
    }
    let expanded = expanded(source);
    let (kind, address) = match expanded.split_once("::") {
        Some((kind, address)) => (Some(kind.to_owned()), address),
        None => (None, expanded.as_str()),
    };
    let (address, folder, query) = divided(address);
    let package = match kind.as_deref() {
        Some("git") => git(&address, &query),
        Some(other) => Package::Foreign(other.to_owned()),
        None if address.starts_with("ssh://") || address.ends_with(".git") => git(&address, &query),
        None if address.contains("://") => archive(&address, &query),
        None => registry(&address),
    };
    Some(Remote { package, folder })
}

/// Writes short forms out.
fn expanded(source: &str) -> String {
    for host in HOSTS {
        let Some(rest) = source.strip_prefix(&format!("{host}/")) else {
            continue;
        };
        let (rest, query) = rest
            .split_once('?')
            .map_or((rest, ""), |(rest, query)| (rest, query));
        let mut parts = rest.splitn(3, '/');
        let (owner, name) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let folder = parts.next().unwrap_or_default().trim_start_matches('/');
        let name = name.strip_suffix(".git").unwrap_or(name);
        let mut long = format!("git::https://{host}/{owner}/{name}.git");
        if !folder.is_empty() {
            long.push_str(&format!("//{folder}"));
        }
        if !query.is_empty() {
            long.push_str(&format!("?{query}"));
        }
        return long;
    }
    let bare = source.strip_prefix("git::").unwrap_or(source);
    let login = bare.split_once(':').filter(|(login, path)| {
        let named = login.contains('@') && !login.contains('/');
        named && !path.starts_with("//")
    });
    match login {
        Some((login, path)) => format!("git::ssh://{login}/{path}"),
        None => source.to_owned(),
    }
}

/// Divides an address into what is fetched, the folder in it, and the query.
fn divided(address: &str) -> (String, String, Vec<(String, String)>) {
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    let query = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let start = address.find("://").map_or(0, |at| at + 3);
    let (head, tail) = address.split_at(start);
    match tail.split_once("//") {
        Some((package, folder)) => (
            format!("{head}{package}"),
            folder.trim_matches('/').to_owned(),
            query,
        ),
        None => (address.to_owned(), String::new(), query),
    }
}

fn git(url: &str, query: &[(String, String)]) -> Package {
    let asked = |name: &str| {
        let found = query.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    };
    Package::Git {
        url: url.to_owned(),
        reference: asked("ref"),
        depth: asked("depth").and_then(|text| text.parse().ok()),
    }
}

fn archive(url: &str, query: &[(String, String)]) -> Package {
    let asked = query.iter().find(|(name, _)| name == "archive");
    let ending = asked.map_or(url, |(_, form)| form.as_str());
    let form = [
        ("zip", Form::Zip),
        ("tar.gz", Form::TarGz),
        ("tgz", Form::TarGz),
        ("tar", Form::Tar),
    ];
    let found = form
        .iter()
        .find(|(end, _)| ending == *end || ending.ends_with(&format!(".{end}")));
    let scheme = url.split("://").next().unwrap_or_default();
    match found {
        Some((_, form)) if matches!(scheme, "https" | "http" | "file") => Package::Archive {
            url: with_rest(url, query),
            form: *form,
        },
        _ => Package::Foreign(scheme.to_owned()),
    }
}

/// Puts back what the query says to the server.
fn with_rest(url: &str, query: &[(String, String)]) -> String {
    let rest: Vec<String> = query
        .iter()
        .filter(|(name, _)| name != "archive")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    match rest.is_empty() {
        true => url.to_owned(),
        false => format!("{url}?{}", rest.join("&")),
    }
}

fn registry(address: &str) -> Package {
    let parts: Vec<&str> = address.split('/').collect();
    match parts.as_slice() {
        [namespace, name, system] => Package::Registry {
            namespace: (*namespace).to_owned(),
            name: (*name).to_owned(),
            system: (*system).to_owned(),
            public: true,
        },
        [_, namespace, name, system] => Package::Registry {
            namespace: (*namespace).to_owned(),
            name: (*name).to_owned(),
            system: (*system).to_owned(),
            public: false,
        },
        _ => Package::Foreign("unknown".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git_of(url: &str, reference: Option<&str>) -> Package {
        Package::Git {
            url: url.to_owned(),
            reference: reference.map(str::to_owned),
            depth: None,
        }
    }

    #[test]
    fn repositories_are_understood_in_all_spellings() {
        let cases = [
            (
                "git::https://example.com/a.git//modules/x?ref=v1.2",
                "https://example.com/a.git",
                "modules/x",
                Some("v1.2"),
            ),
            ("git::file:///srv/a//x", "file:///srv/a", "x", None),
            (
                "github.com/owner/repo//modules/team?ref=main",
                "https://github.com/owner/repo.git",
                "modules/team",
                Some("main"),
            ),
            (
                "github.com/owner/repo.git",
                "https://github.com/owner/repo.git",
                "",
                None,
            ),
            (
                "git@example.com:owner/repo.git//x",
                "ssh://git@example.com/owner/repo.git",
                "x",
                None,
            ),
            (
                "git::git@example.com:owner/repo.git",
                "ssh://git@example.com/owner/repo.git",
                "",
                None,
            ),
            (
                "git::ssh://git@example.com/owner/repo.git?ref=a",
                "ssh://git@example.com/owner/repo.git",
                "",
                Some("a"),
            ),
        ];
        for (source, url, folder, reference) in cases {
            let found = remote(source).unwrap();
            assert_eq!(found.package, git_of(url, reference), "{source}");
            assert_eq!(found.folder, folder, "{source}");
        }
    }

    #[test]
    fn archives_registries_and_the_rest_are_told_apart() {
        let archive = |source: &str| remote(source).unwrap().package;
        let form = |url: &str, form| Package::Archive {
            url: url.to_owned(),
            form,
        };
        assert_eq!(
            archive("https://example.com/m.zip?x=1"),
            form("https://example.com/m.zip?x=1", Form::Zip)
        );
        assert_eq!(
            archive("https://example.com/get?archive=tar.gz"),
            form("https://example.com/get", Form::TarGz)
        );
        assert_eq!(
            archive("file:///m.tgz//sub"),
            form("file:///m.tgz", Form::TarGz)
        );
        assert_eq!(
            archive("s3::https://example.com/m.zip"),
            Package::Foreign("s3".to_owned())
        );
        assert_eq!(
            archive("https://example.com/m"),
            Package::Foreign("https".to_owned())
        );
        assert!(matches!(
            archive("hashicorp/consul/aws"),
            Package::Registry { public: true, .. }
        ));
        assert!(matches!(
            archive("app.example.com/a/b/c"),
            Package::Registry { public: false, .. }
        ));
        assert_eq!(remote("./x"), None);
    }
}
