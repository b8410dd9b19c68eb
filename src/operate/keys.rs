//! What a server gives away once, at its initialisation: shares and root token. They are in memory here, and encrypted
//! everywhere else.

use crate::server::Body;
use crate::value::Text;
use serde_json::{Value as Json, json};
use std::fmt;
use std::io;
use zeroize::Zeroizing;

/// What a sink holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// An initialisation is about to be asked for; what it answers comes in place of this.
    Pending {
        /// The server's address.
        address: String,
    },
    Keys(Keys),
}

/// Shares, and the root token for as long as it lives.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The server's address at its initialisation.
    pub address: String,
    /// Known once the server was unsealed.
    pub cluster: Option<String>,
    pub kind: ShareKind,
    /// How many shares it takes.
    pub threshold: usize,
    /// Base64.
    pub shares: Vec<Text>,
    pub root_token: Option<Text>,
}

/// What shares are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareKind {
    /// They unseal the server.
    Unseal,
    /// The server unseals by itself; they authorise what must be authorised.
    Recovery,
}

impl ShareKind {
    /// `unseal` or `recovery`, as the fields of sinks and requests begin.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ShareKind::Unseal => "unseal",
            ShareKind::Recovery => "recovery",
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Pending { address } => write!(out, "pending for {address}"),
            Content::Keys(keys) => fmt::Debug::fmt(keys, out),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} shares of {}", self.shares.len(), self.address)
    }
}

impl Content {
    /// Writes it as JSON, with the names that `operator init -format=json` uses.
    #[must_use]
    pub fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let json = Body::from(match self {
            Content::Pending { address } => json!({ "vaultform": "pending", "address": address }),
            Content::Keys(keys) => keys.json(),
        });
        // Measured first: a buffer that grows leaves copies behind that nobody wipes.
        let mut length = Length(1);
        let _ = serde_json::to_writer_pretty(&mut length, json.json());
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
        let _ = serde_json::to_writer_pretty(&mut *bytes, json.json());
        bytes.push(b'\n');
        bytes
    }

    /// Reads what [`Content::bytes`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Content> {
        let body = Body::from(serde_json::from_slice::<Json>(bytes).ok()?);
        let json = body.json();
        let address = json.get("address")?.as_str()?.to_owned();
        match json.get("vaultform")?.as_str()? {
            "pending" => Some(Content::Pending { address }),
            "keys" => Keys::parse(json, address).map(Content::Keys),
            _ => None,
        }
    }
}

impl Keys {
    fn json(&self) -> Json {
        let texts: Vec<&str> = self.shares.iter().map(|share| &**share).collect();
        let kind = self.kind.name();
        let mut json = json!({
            "vaultform": "keys",
            "address": self.address,
            "cluster_id": self.cluster,
            format!("{kind}_threshold"): self.threshold,
            format!("{kind}_keys_b64"): texts,
        });
        if let (Some(token), Json::Object(fields)) = (&self.root_token, &mut json) {
            fields.insert("root_token".to_owned(), Json::from(&**token));
        }
        json
    }

    fn parse(json: &Json, address: String) -> Option<Keys> {
        let of = |kind: ShareKind| {
            let shares = json.get(format!("{}_keys_b64", kind.name()))?.as_array()?;
            let shares: Option<Vec<Text>> = shares
                .iter()
                .map(|share| share.as_str().map(Text::from))
                .collect();
            Some((kind, shares?))
        };
        let (kind, shares) = of(ShareKind::Unseal).or_else(|| of(ShareKind::Recovery))?;
        let threshold = json.get(format!("{}_threshold", kind.name()))?.as_u64()?;
        Some(Keys {
            address,
            cluster: json
                .get("cluster_id")
                .and_then(Json::as_str)
                .map(str::to_owned),
            kind,
            threshold: usize::try_from(threshold).ok()?,
            shares,
            root_token: json
                .get("root_token")
                .and_then(Json::as_str)
                .map(Text::from),
        })
    }
}

/// Counts bytes.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn sample(root_token: Option<&str>) -> Keys {
        Keys {
            address: "https://bao:8200".into(),
            cluster: None,
            kind: ShareKind::Unseal,
            threshold: 2,
            shares: ["canary-a", "canary-b", "canary-c"].map(Text::from).into(),
            root_token: root_token.map(Text::from),
        }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_is_shown() {
        for keys in [
            sample(Some("canary-root")),
            sample(None),
            Keys {
                kind: ShareKind::Recovery,
                cluster: Some("c".into()),
                ..sample(None)
            },
        ] {
            let content = Content::Keys(keys);
            assert_eq!(Content::parse(&content.bytes()).unwrap(), content);
            assert!(!format!("{content:?}").contains("canary"));
        }
        let pending = Content::Pending {
            address: "a".into(),
        };
        assert_eq!(Content::parse(&pending.bytes()).unwrap(), pending);
        assert_eq!(Content::parse(b"{}"), None);
        assert_eq!(Content::parse(b"not json"), None);
    }
}
