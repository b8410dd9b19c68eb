//! Addresses and paths: encoded strictly, so that no name can reach another path than its own.

use std::fmt::Write as _;

/// Encodes a path segment by segment; slashes at the ends do not matter.
///
/// # Errors
/// Refuses empty segments, `.` and `..`, which servers and libraries on the way resolve or drop, and control characters.
pub(super) fn encode_path(path: &str) -> Result<String, String> {
    let path = path.trim_matches('/');
    let mut encoded = String::with_capacity(path.len() + 8);
    for (at, segment) in path.split('/').enumerate() {
        check_segment(segment)?;
        if at > 0 {
            encoded.push('/');
        }
        encode_into(&mut encoded, segment);
    }
    Ok(encoded)
}

fn check_segment(segment: &str) -> Result<(), String> {
    match segment {
        "" => Err("the path has an empty segment".into()),
        "." | ".." => Err(format!(
            "the path has a segment `{segment}`, which would lead to another path"
        )),
        _ if segment.chars().any(char::is_control) => {
            Err("the path has a control character".into())
        }
        _ => Ok(()),
    }
}

/// Encodes query parameters, `list=true&after=x`; empty without parameters.
pub(super) fn encode_query(query: &[(String, String)]) -> String {
    let mut encoded = String::new();
    for (key, value) in query {
        encoded.push(if encoded.is_empty() { '?' } else { '&' });
        encode_into(&mut encoded, key);
        encoded.push('=');
        encode_into(&mut encoded, value);
    }
    encoded
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn encode_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Where requests go: `https://vault.example.org:8200` with an optional path prefix, or a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// Without a slash at its end: `https://proxy.example.org/vault`
    pub url: String,
    pub host: String,
    /// Path of the socket of a local agent: `unix:///run/agent.sock`.
    pub socket: Option<String>,
}

impl Base {
    /// Reads an address; one without a scheme is refused rather than guessed.
    pub fn parse(address: &str) -> Result<Base, String> {
        let address = address.trim();
        if let Some(socket) = address.strip_prefix("unix://") {
            return Ok(Base {
                url: "http://localhost".into(),
                host: "localhost".into(),
                socket: Some(socket.into()),
            });
        }
        let url = reqwest::Url::parse(address)
            .map_err(|error| format!("`{address}` is not an address: {error}"))?;
        check_url(&url, address)?;
        Ok(Base {
            host: url.host_str().unwrap_or_default().into(),
            url: url.as_str().trim_end_matches('/').to_owned(),
            socket: None,
        })
    }

    pub fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// Returns scheme, host and port: `https://vault.example.org:8200`.
    pub fn origin(&self) -> String {
        let url = reqwest::Url::parse(&self.url);
        url.map(|url| url.origin().ascii_serialization())
            .unwrap_or_default()
    }
}

fn check_url(url: &reqwest::Url, address: &str) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!(
            "`{address}` is not an address such as `https://vault.example.org:8200`"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a user name or password is not used".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{address}` has a query or fragment"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_path() {
        for path in ["sys/policies/acl/..", "a/./b", "a//b", "", "a/\n", ".."] {
            assert!(encode_path(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn everything_odd_is_encoded() {
        assert_eq!(
            encode_path("/kv/data/a b?c#d%2e/ö+;/").unwrap(),
            "kv/data/a%20b%3Fc%23d%252e/%C3%B6%2B%3B"
        );
        let query = [
            ("after".to_owned(), "a&b=c".to_owned()),
            ("list".into(), "true".into()),
        ];
        assert_eq!(encode_query(&query), "?after=a%26b%3Dc&list=true");
        assert_eq!(encode_query(&[]), "");
    }

    #[test]
    fn encoded_paths_survive_the_url_library() {
        let path = encode_path("kv/data/...hidden/%2e%2e/x").unwrap();
        let url = reqwest::Url::parse(&format!("http://h/v1/{path}")).unwrap();
        assert_eq!(url.path(), format!("/v1/{path}"));
    }

    #[test]
    fn addresses() {
        let base = Base::parse("https://proxy.example.org/vault/").unwrap();
        assert_eq!(base.url, "https://proxy.example.org/vault");
        assert_eq!(base.origin(), "https://proxy.example.org");
        assert_eq!(
            Base::parse("unix:///run/a.sock").unwrap().socket.as_deref(),
            Some("/run/a.sock")
        );
        for wrong in [
            "vault:8200",
            "ftp://x",
            "https://u:p@x",
            "https://x?y=1",
            "",
            "localhost",
        ] {
            assert!(Base::parse(wrong).is_err(), "{wrong}");
        }
    }
}
