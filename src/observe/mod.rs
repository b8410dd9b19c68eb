//! server → Observed, through the catalog, with as few requests as possible.

mod bulk;
mod generate;
mod hoard;
mod leases;
mod many;
mod names;
mod secret;
mod shift;
mod single;
mod tables;

pub use bulk::Cache;
pub use generate::{id_of, is_as_declared, is_gone, made_since};
pub use hoard::{undeclared, undeclared_within};
pub use leases::{Lease, revoke};
pub use many::path_of as object_path;
pub use secret::{Secret, secret_at};
pub use shift::{Shift, shifted};

use crate::catalog::{DataRead, Life, Products, ReadBack, ResourceType};
use crate::plan::place::read_back;
use crate::plan::template::{fill, placeholders};
use crate::plan::{Observed, Owned, ProviderName, Raw, wire};
use crate::server::{Product, Reply, Request, Server, ServerError};
use crate::value::{ServerPath, Value};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A server as one provider block reaches it.
#[derive(Clone)]
pub struct Connection {
    pub server: Arc<dyn Server>,
    /// The provider's namespace, absolute.
    pub namespace: Arc<str>,
}

impl Connection {
    /// Tells whether the server counts as one of these products.
    #[must_use]
    pub fn is_one_of(&self, products: Products) -> bool {
        let identity = self.server.identity();
        match products {
            Products::Both => true,
            Products::OpenBao => identity.product == Product::OpenBao,
            Products::Vault => identity.product == Product::Vault,
            Products::NotCommunity => identity.product == Product::OpenBao || identity.enterprise,
            Products::Nobody => false,
            Products::Enterprise => identity.product == Product::Vault && identity.enterprise,
        }
    }
}

/// The connections of a run by provider.
pub type Connections = BTreeMap<ProviderName, Connection>;

/// One object to be looked at.
#[derive(Clone)]
pub struct Wanted {
    pub kind: &'static ResourceType,
    pub place: ServerPath,
    pub server: Arc<dyn Server>,
    /// What the configuration says: places, and blocks that share fields, are taken from it.
    pub guide: Value,
    pub owned: Option<Arc<Owned>>,
    /// Attributes that other expressions read; parts that carry none of them and nothing configured are not fetched.
    pub referenced: Option<Arc<BTreeSet<Arc<str>>>>,
}

/// How many objects are looked at together; the connection limits how many requests are in flight.
const TOGETHER: usize = 64;

/// Looks at many objects at once. The answers stand in the order of the questions; `None` is an object that is not there.
pub async fn look(
    wanted: Vec<Wanted>,
    cache: Arc<Cache>,
) -> Vec<Result<Option<Observed>, ServerError>> {
    cache.announce(&wanted);
    let looks = wanted.into_iter().map(|one| {
        let cache = cache.clone();
        async move { look_at(&one, &cache).await }
    });
    futures::stream::iter(looks)
        .buffered(TOGETHER)
        .collect()
        .await
}

/// Looks at one object.
///
/// # Errors
/// Whatever the server refuses for another reason than that nothing is there.
pub async fn look_at(wanted: &Wanted, cache: &Cache) -> Result<Option<Observed>, ServerError> {
    let found = match wanted.kind.life {
        Life::Upsert(_) | Life::Singleton { .. } => single::object(wanted, cache).await,
        Life::Mounted(table, _) => single::mount(wanted, table, cache).await,
        Life::CreateOnly { table } => single::entry(wanted, table, cache).await,
        Life::Generate(generate) => generate::object(wanted, &generate, cache).await,
        Life::Versioned => secret::versioned(wanted).await,
        Life::Secret => secret::either(wanted, cache).await,
        Life::Endpoint => single::endpoint(wanted).await,
        Life::Member {
            field, elements, ..
        } => single::member(wanted, field, elements).await,
        Life::Data(_) | Life::Local(_) => Ok(None),
    };
    let mut observed = match found {
        Ok(observed) => observed,
        Err(error) if says_absent(wanted.kind, &error) => None,
        Err(error) => return Err(error),
    };
    if let Some(observed) = &mut observed {
        names::put_back(wanted, observed).await;
        if needs_incarnation(wanted.kind) {
            observed.incarnation = incarnation(wanted, observed, cache).await;
        }
    }
    Ok(observed)
}

/// Tells whether a refusal means that the object is not there: every 404 that is no refusal of the path itself, and what the
/// catalog names.
fn says_absent(kind: &ResourceType, error: &ServerError) -> bool {
    let named = || {
        let texts = error.texts().join(" ");
        kind.absent.iter().any(|text| texts.contains(text))
    };
    error.is_absent() || matches!(error, ServerError::Refused { status: 404, .. }) || named()
}

/// Tells whether digests are kept for attributes of the type, so that the object must be told from a later one.
fn needs_incarnation(kind: &ResourceType) -> bool {
    use crate::catalog::Kind;
    let unread = |attribute: &crate::catalog::Attribute| {
        use ReadBack::{Bundle, Certificate, Never, Once, OnceUnless, Picked, Wrap};
        matches!(
            attribute.read,
            Bundle(_) | Certificate | Never | Once | OnceUnless { .. } | Picked(_) | Wrap
        )
    };
    kind.all().any(|attribute| match attribute.kind {
        Kind::Block(_, inner) => inner.iter().any(unread),
        _ => unread(attribute),
    })
}

/// Returns the uuid of the mount that holds the object, with its own creation time where it tells one.
async fn incarnation(wanted: &Wanted, observed: &Observed, cache: &Cache) -> Arc<str> {
    let mount = cache.mount_above(&wanted.server, &observed.place).await;
    let uuid = mount.as_ref().and_then(|entry| entry.get("uuid")?.as_str());
    let raw = observed.raw.0.get("");
    let made = raw.and_then(|raw| raw.get("creation_time")?.as_str());
    format!("{}{}", uuid.unwrap_or_default(), made.unwrap_or_default()).into()
}

/// Makes a GET in the namespace of a place.
fn get(place: &ServerPath, path: &str) -> Request {
    Request::get(path).namespace(&place.namespace)
}

/// Makes the GET that reads an object, with the query parameters of its type.
fn get_object(wanted: &Wanted, path: &str) -> Request {
    let mut request = get(&wanted.place, path);
    for (name, template) in wanted.kind.query {
        let value = fill(template, wanted.kind, &wanted.guide, None).known();
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            request = request.query(name, &value);
        }
    }
    request
}

/// Returns what is observed of an object from the answers by part.
fn observed(wanted: &Wanted, raw: Raw) -> Observed {
    Observed {
        place: wanted.place.clone(),
        attributes: placed(wanted, wire::decode(wanted.kind, &raw, &wanted.guide)),
        incarnation: "".into(),
        raw,
        lost: None,
    }
}

/// Adds what the object's path tells and no configuration says.
fn placed(wanted: &Wanted, attributes: Value) -> Value {
    let told = read_back(wanted.kind.place, &wanted.place.path);
    if told.is_empty() || matches!(wanted.kind.life, Life::Member { .. }) {
        return attributes;
    }
    let learnt = told.into_iter().filter_map(|(name, text)| {
        let attribute = wanted
            .kind
            .attribute(&name)
            .filter(|one| one.read == ReadBack::Place && one.name != "id")?;
        let silent = attributes.field(&name).is_none_or(Value::is_null);
        let told = wire::from_wire(&attribute.kind, &serde_json::Value::from(text));
        Some((Arc::from(attribute.name), told.filter(|_| silent)?))
    });
    let learnt: Vec<(Arc<str>, Value)> = learnt.collect();
    if learnt.is_empty() {
        return attributes;
    }
    let mut fields = attributes.as_fields().cloned().unwrap_or_default();
    fields.extend(learnt);
    Value::object(fields)
}

/// Returns the answers of an object whose main endpoint answered this.
fn main_raw(json: serde_json::Value) -> Raw {
    Raw([("", json)].into())
}

/// Returns the data of a reply, taken out of it.
fn data(reply: &Reply) -> serde_json::Value {
    reply.data().clone()
}

/// Reads what a data source or ephemeral resource asks for: its attributes, and the lease where one comes with it.
///
/// # Errors
/// Whatever the server refuses; that nothing is there is an error too.
pub async fn read_data(
    wanted: &Wanted,
    read: DataRead,
    cache: &Cache,
    now: i64,
) -> Result<(Value, Option<String>), ServerError> {
    if wanted.place.path.is_empty() && placeholders(wanted.kind.place).next().is_some() {
        return Ok((single::answered(wanted, &Raw::default()), None));
    }
    let (value, lease) = answer(wanted, read, cache).await?;
    Ok((stamped(wanted.kind, value, now), lease))
}

/// Fills in when it was read: `now`, in seconds since 1970.
fn stamped(kind: &ResourceType, value: Value, now: i64) -> Value {
    let mut fields = value.as_fields().cloned().unwrap_or_default();
    for attribute in kind
        .all()
        .filter(|attribute| attribute.read == ReadBack::Time)
    {
        fields.insert(
            attribute.name.into(),
            crate::eval::functions::rfc3339(now).into(),
        );
    }
    Value::object(fields)
}

async fn answer(
    wanted: &Wanted,
    read: DataRead,
    cache: &Cache,
) -> Result<(Value, Option<String>), ServerError> {
    match read {
        DataRead::Get => single::data_get(wanted).await,
        DataRead::List { keys } => single::data_list(wanted, keys).await,
        DataRead::Tree { keys, deep } => tables::data_tree(wanted, keys, deep, cache).await,
        DataRead::Mounts(table) => tables::data_mounts(wanted, table, cache).await,
        DataRead::Post => single::data_post(wanted).await,
        DataRead::Mount(table) => single::data_mount(wanted, table, cache).await,
        DataRead::Versioned => secret::data_versioned(wanted).await,
        DataRead::Secret => secret::data_either(wanted, cache).await,
        DataRead::Local(_) => Ok((wanted.guide.clone(), None)),
    }
}
