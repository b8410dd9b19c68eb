//! Secrets of KV mounts.

use super::bulk::Cache;
use super::single::{answered, steered, with_lease};
use super::{Wanted, data, get, main_raw, observed};
use crate::plan::Observed;
use crate::plan::leaf::leaves;
use crate::server::{Server, ServerError};
use crate::value::{ServerPath, Value};
use serde_json::Value as Json;
use std::sync::Arc;

/// Where a secret of a KV mount is, whichever version the mount has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// `secret`
    pub mount: String,
    /// `app/database`
    pub name: String,
    pub version: u8,
}

impl Secret {
    /// Returns the path that answers and takes its values.
    #[must_use]
    pub fn data_path(&self) -> String {
        match self.version {
            2 => format!("{}/data/{}", self.mount, self.name),
            _ => format!("{}/{}", self.mount, self.name),
        }
    }

    /// Returns the path of its metadata, in a version 2 mount.
    #[must_use]
    pub fn metadata_path(&self) -> String {
        format!("{}/metadata/{}", self.mount, self.name)
    }
}

/// Finds out which mount holds a path, and its version. `None` where nothing is mounted there yet.
pub async fn secret_at(
    server: &Arc<dyn Server>,
    place: &ServerPath,
    cache: &Cache,
) -> Option<Secret> {
    let entry = match cache.mount_above(server, place).await {
        Some(entry) => entry,
        None => {
            let path = format!("sys/internal/ui/mounts/{}", place.path);
            data(&server.send(get(place, &path)).await.ok()?)
        }
    };
    let mount = entry.get("path")?.as_str()?.trim_matches('/').to_owned();
    let version = entry
        .get("options")
        .and_then(|options| options.get("version")?.as_str());
    let name = place
        .path
        .strip_prefix(mount.as_str())?
        .trim_matches('/')
        .to_owned();
    Some(Secret {
        mount,
        name,
        version: if version == Some("2") { 2 } else { 1 },
    })
}

/// Reads a secret of a version 2 mount. One whose latest version is deleted is not there.
pub(super) async fn versioned(wanted: &Wanted) -> Result<Option<Observed>, ServerError> {
    let reply = wanted
        .server
        .send(get(&wanted.place, &wanted.place.path))
        .await?;
    let mut raw = main_raw(data(&reply));
    let metadata_set = leaves(wanted.kind, &wanted.guide, None)
        .iter()
        .any(|leaf| leaf.attribute.part == "metadata" && leaf.set);
    let metadata_ours = wanted.owned.as_deref().is_some_and(|owned| {
        owned
            .desired
            .keys()
            .any(|path| path.starts_with("custom_metadata"))
    });
    if metadata_set || metadata_ours {
        let path = wanted.place.path.replacen("/data/", "/metadata/", 1);
        let answer = wanted.server.send(get(&wanted.place, &path)).await?;
        raw.0.insert("metadata", data(&answer));
    } else {
        raw.0.insert("metadata", Json::Null);
    }
    Ok(Some(observed(wanted, raw)))
}

/// Reads a secret of a mount of either version.
pub(super) async fn either(
    wanted: &Wanted,
    cache: &Cache,
) -> Result<Option<Observed>, ServerError> {
    let Some(secret) = secret_at(&wanted.server, &wanted.place, cache).await else {
        return Ok(None);
    };
    let reply = wanted
        .server
        .send(get(&wanted.place, &secret.data_path()))
        .await?;
    Ok(Some(observed(
        wanted,
        main_raw(inner(&data(&reply), secret.version)),
    )))
}

/// Returns an answer in the shape of version 2: values below `data`.
fn inner(answer: &Json, version: u8) -> Json {
    if version == 2 {
        return answer.clone();
    }
    serde_json::json!({ "data": answer })
}

type Data = Result<(Value, Option<String>), ServerError>;

pub(super) async fn data_versioned(wanted: &Wanted) -> Data {
    let request = steered(wanted, get(&wanted.place, &wanted.place.path));
    let reply = wanted.server.send(request).await?;
    Ok((answered(wanted, &main_raw(data(&reply))), None))
}

pub(super) async fn data_either(wanted: &Wanted, cache: &Cache) -> Data {
    let missing = || ServerError::NoRoute {
        about: (&get(&wanted.place, &wanted.place.path)).into(),
    };
    let secret = secret_at(&wanted.server, &wanted.place, cache)
        .await
        .ok_or_else(missing)?;
    let request = steered(wanted, get(&wanted.place, &secret.data_path()));
    let reply = wanted.server.send(request).await?;
    let mut raw = with_lease(&reply);
    raw.0.insert("", inner(&data(&reply), secret.version));
    let lease = reply.lease_id().map(str::to_owned);
    Ok((answered(wanted, &raw), lease))
}
