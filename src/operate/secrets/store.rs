//! Secrets in KV version 2: compared with what is there, written with check-and-set, read again.

use super::rules::Target;
use crate::server::{Request, Server, ServerError};
use crate::value::Text;
use ring::hmac;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// What goes to one place: fields with the names they come from.
#[derive(Clone, Default)]
pub struct Wanted(pub BTreeMap<String, (String, Text)>);

/// How a secret stands to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing is there.
    New,
    /// The same is there.
    Equal,
    /// Something else is there.
    Differs,
}

/// What is at one place.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The version to check against: 0 where nothing ever was.
    version: u64,
    /// Digests by field, under the key of the comparison.
    digests: BTreeMap<String, hmac::Tag>,
}

/// Compares by digests under a key that lives as long as the comparison.
pub struct Comparison {
    key: hmac::Key,
}

impl Default for Comparison {
    fn default() -> Comparison {
        let bytes = zeroize::Zeroizing::new(rand::random::<[u8; 32]>());
        Comparison {
            key: hmac::Key::new(hmac::HMAC_SHA256, &*bytes),
        }
    }
}

/// Makes sure that a mount is KV version 2.
///
/// # Errors
/// Says what it is instead.
pub async fn check_mount(server: &dyn Server, namespace: &str, mount: &str) -> Result<(), String> {
    let request = Request::get(format!("sys/internal/ui/mounts/{mount}")).namespace(namespace);
    let reply = match server.send(request).await {
        Ok(reply) => reply,
        // The answer for what is not mounted and for what may not be seen.
        Err(ServerError::Denied { .. }) => {
            return Err(format!(
                "nothing is mounted at `{mount}/`, or the token may not see it"
            ));
        }
        Err(error) => return Err(error.to_string()),
    };
    let data = reply.data();
    let kind = data.get("type").and_then(Json::as_str).unwrap_or_default();
    let version = data
        .get("options")
        .and_then(|options| options.get("version")?.as_str());
    match (kind, version) {
        ("kv" | "generic", Some("2")) => Ok(()),
        ("kv" | "generic", _) => Err(format!(
            "`{mount}/` is KV version 1, which has no check-and-set"
        )),
        (other, _) => Err(format!("`{mount}/` is of type `{other}`, not KV version 2")),
    }
}

impl Comparison {
    fn digest(&self, value: &Json) -> hmac::Tag {
        let text = zeroize::Zeroizing::new(value.to_string());
        hmac::sign(&self.key, text.as_bytes())
    }

    /// Reads what is at a place.
    ///
    /// # Errors
    /// When it may not be read.
    pub async fn live(
        &self,
        server: &dyn Server,
        namespace: &str,
        target: &Target,
    ) -> Result<Live, ServerError> {
        let reply = match server.send(read(namespace, target)).await {
            Ok(reply) => reply,
            // A deleted version is answered with 404 and its metadata.
            Err(ServerError::Missing { left, .. }) => {
                let version = left.and_then(|left| version(left.data()));
                return Ok(Live {
                    version: version.unwrap_or_default(),
                    ..Live::default()
                });
            }
            Err(error) => return Err(error),
        };
        let fields = reply.data().get("data").and_then(Json::as_object);
        let digests = fields.into_iter().flatten();
        Ok(Live {
            version: version(reply.data()).unwrap_or_default(),
            digests: digests
                .map(|(name, value)| (name.clone(), self.digest(value)))
                .collect(),
        })
    }

    /// Compares each field with what is there.
    #[must_use]
    pub fn standings(&self, wanted: &Wanted, live: &Live) -> BTreeMap<String, Standing> {
        let each = wanted.0.iter().map(|(field, (_, value))| {
            let ours = self.digest(&Json::from(&**value));
            let standing = match live.digests.get(field) {
                None => Standing::New,
                Some(theirs) if theirs.as_ref() == ours.as_ref() => Standing::Equal,
                Some(_) => Standing::Differs,
            };
            (field.clone(), standing)
        });
        each.collect()
    }
}

fn read(namespace: &str, target: &Target) -> Request {
    Request::get(format!("{}/data/{}", target.mount, target.path)).namespace(namespace)
}

fn version(data: &Json) -> Option<u64> {
    data.get("metadata")?.get("version")?.as_u64()
}

/// Writes what is wanted over what is there; other fields stay. Refused when it was changed since it was looked at.
///
/// # Errors
/// When it was changed meanwhile, or may not be written.
pub async fn write(
    server: &dyn Server,
    namespace: &str,
    target: &Target,
    wanted: &Wanted,
    live: &Live,
) -> Result<(), ServerError> {
    let mut data = match live.digests.is_empty() {
        true => Map::new(),
        // What we do not know of must not be lost; check-and-set makes sure that it is what we looked at.
        false => {
            let reply = server.send(read(namespace, target)).await?;
            let fields = reply.data().get("data").and_then(Json::as_object);
            fields.cloned().unwrap_or_default()
        }
    };
    for (field, (_, value)) in &wanted.0 {
        data.insert(field.clone(), Json::from(&**value));
    }
    let body = json!({ "options": { "cas": live.version }, "data": data });
    let request = Request::post(format!("{}/data/{}", target.mount, target.path), body);
    server
        .send(request.namespace(namespace).once())
        .await
        .map(|_| ())
}
