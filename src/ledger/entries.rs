//! Entries of the ledger's mount: KV version 2, check-and-set.

use super::LedgerError;
use crate::server::{Body, Request, Server, ServerError};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What a mount answers while it is being made ready for versions (HashiCorp Vault, right after the mount).
const SETTLES: &[&str] = &["Upgrading from non-versioned"];

/// The description of a mount that we made; only such a mount is ever removed.
pub(super) const DESCRIPTION: &str =
    "vaultform: what its configurations own (no secrets in its records)";

/// How many versions of each entry a mount of ours keeps.
const KEPT_VERSIONS: u64 = 3;

/// A KV version 2 mount.
#[derive(Clone)]
pub(super) struct Entries {
    pub server: Arc<dyn Server>,
    pub namespace: Arc<str>,
    /// Without slashes at its ends.
    pub mount: Arc<str>,
}

/// An entry as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// `None` where there is none, or its latest version was deleted.
    pub fields: Option<Body>,
    /// What check-and-set compares with; 0 where there never was one.
    pub version: u64,
    /// When that version was written, by the server's clock.
    pub created: Option<Timestamp>,
    /// The mount itself is not there.
    pub unmounted: bool,
}

impl Entry {
    /// Returns a text of it.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.as_ref()?.json().get(field)?.as_str()
    }
}

/// A write that was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub version: u64,
    pub created: Option<Timestamp>,
}

fn metadata(data: &Json) -> Written {
    let created = data.get("created_time").and_then(Json::as_str);
    Written {
        version: data
            .get("version")
            .and_then(Json::as_u64)
            .unwrap_or_default(),
        created: created.and_then(|text| text.parse().ok()),
    }
}

impl Entries {
    fn request(&self, request: Request) -> Request {
        request.namespace(&self.namespace).settles(SETTLES)
    }

    fn path(&self, part: &str, name: &str) -> String {
        format!("{}/{part}/{name}", self.mount)
    }

    /// Reads an entry; one that is not there is empty.
    pub async fn read(&self, name: &str) -> Result<Entry, LedgerError> {
        let request = self.request(Request::get(self.path("data", name)));
        match self.server.send(request).await {
            Ok(reply) => {
                let data = reply.data();
                let known = metadata(data.get("metadata").unwrap_or(&Json::Null));
                Ok(Entry {
                    fields: data.get("data").cloned().map(Body::from),
                    version: known.version,
                    created: known.created,
                    unmounted: false,
                })
            }
            Err(ServerError::Missing { left, .. }) => {
                let left = left.as_ref().and_then(|left| left.data().get("metadata"));
                Ok(Entry {
                    version: left.map(metadata).unwrap_or_default().version,
                    ..Entry::default()
                })
            }
            Err(error) if error.is_absent() => Ok(Entry {
                unmounted: true,
                ..Entry::default()
            }),
            Err(ServerError::Unsupported { .. }) => Err(self.unfit()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an entry; with `cas` only when its version is still that one. An answer that got lost is found again: an
    /// entry that says what we wrote is ours.
    pub async fn write(
        &self,
        name: &str,
        fields: impl Into<Body>,
        cas: Option<u64>,
    ) -> Result<Written, LedgerError> {
        let fields = fields.into();
        let mut body = json!({ "data": fields.json() });
        if let Some(cas) = cas {
            body["options"] = json!({ "cas": cas });
        }
        let request = self.request(Request::post(self.path("data", name), body));
        match self.server.send(request).await {
            Ok(reply) => match metadata(reply.data()) {
                // Another engine took it for a path of its own.
                written if written.version == 0 => Err(self.unfit()),
                written => Ok(written),
            },
            Err(ServerError::Conflict { .. }) => self.found_again(name, &fields).await,
            Err(error) if error.is_absent() => Err(LedgerError::NoMount {
                mount: self.mount.to_string(),
            }),
            Err(ServerError::Unsupported { .. }) => Err(self.unfit()),
            Err(error) => Err(error.into()),
        }
    }

    async fn found_again(&self, name: &str, fields: &Body) -> Result<Written, LedgerError> {
        let entry = self.read(name).await?;
        if entry.fields.as_ref() == Some(fields) {
            return Ok(Written {
                version: entry.version,
                created: entry.created,
            });
        }
        Err(LedgerError::Changed { entry: name.into() })
    }

    /// Destroys an entry with all its versions.
    pub async fn destroy(&self, name: &str) -> Result<(), LedgerError> {
        let request = self.request(Request::delete(self.path("metadata", name)));
        match self.server.send(request).await {
            Err(error) if !error.is_absent() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Lists what is below a folder (`""`: the whole mount): names, and folders with a slash at their end.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, LedgerError> {
        let path = self.path("metadata", folder);
        let request = self.request(Request::list(path.trim_end_matches('/')));
        match self.server.send(request).await {
            Ok(reply) => Ok(reply.keys().into_iter().map(str::to_owned).collect()),
            Err(error) if error.is_absent() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn unfit(&self) -> LedgerError {
        LedgerError::NotVersioned {
            mount: self.mount.to_string(),
        }
    }

    /// Refuses a mount that is certainly something else than KV version 2. Where that cannot be asked, the first write
    /// tells.
    pub async fn check_mount(&self) -> Result<(), LedgerError> {
        let path = format!("sys/internal/ui/mounts/{}", self.mount);
        let Ok(reply) = self.server.send(self.request(Request::get(path))).await else {
            return Ok(());
        };
        let data = reply.data();
        let is_kv = data.get("type").and_then(Json::as_str) == Some("kv");
        let version = data.pointer("/options/version").and_then(Json::as_str);
        match is_kv && version == Some("2") {
            true => Ok(()),
            false => Err(self.unfit()),
        }
    }

    /// Makes the mount. `false` when somebody else made it meanwhile.
    pub async fn make_mount(&self) -> Result<bool, LedgerError> {
        let body =
            json!({ "type": "kv", "description": DESCRIPTION, "options": { "version": "2" } });
        let request = self.request(Request::post(format!("sys/mounts/{}", self.mount), body));
        match self.server.send(request).await {
            Ok(_) => {
                self.keep_few_versions().await;
                Ok(true)
            }
            Err(ServerError::Refused { texts, .. })
                if texts
                    .iter()
                    .any(|text| text.contains("path is already in use"))
                    && !self.read("x/x/index").await?.unmounted =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Shards are rewritten often, and a few old ones are enough to mend with. Without the right to say so, the server
    /// keeps ten.
    async fn keep_few_versions(&self) {
        let path = format!("{}/config", self.mount);
        let body = json!({ "max_versions": KEPT_VERSIONS });
        let _ = self
            .server
            .send(self.request(Request::post(path, body)))
            .await;
    }

    /// Removes the mount when we made it and nothing is in it; tells whether it did. One that may not be removed stays.
    pub async fn remove_mount(&self) -> Result<bool, LedgerError> {
        let path = format!("sys/mounts/{}", self.mount);
        let shown = match self
            .server
            .send(self.request(Request::get(path.as_str())))
            .await
        {
            Ok(reply) => reply,
            Err(ServerError::Denied { .. } | ServerError::Refused { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let ours = shown.data().get("description").and_then(Json::as_str) == Some(DESCRIPTION);
        if !ours || !self.list("").await?.is_empty() {
            return Ok(false);
        }
        match self.server.send(self.request(Request::delete(path))).await {
            Ok(_) => Ok(true),
            Err(ServerError::Denied { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
