//! Records as compact text: names once in a table, everything else by number; compressed.

use super::record::{RecordKey, Records, Stored, spread};
use crate::plan::{Owned, Pending};
use crate::value::{Address, Digest, InstanceKey, Mode, ModuleAddress, ModuleStep, ServerPath};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// The form of records that this version writes, and the newest that it reads.
pub(super) const FORMAT: u64 = 1;

/// The largest text that is unpacked: what is larger was not packed here.
const UNPACKED_LIMIT: u64 = 256 * 1024 * 1024;

/// Why a text could not be unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PackError {
    Newer(u64),
    Damaged(String),
}

fn damaged(why: impl ToString) -> PackError {
    PackError::Damaged(why.to_string())
}

/// The number of a text, an address or a set in its table.
type Number = usize;

/// Records with their tables. Addresses, texts and sets are referred to by number.
#[derive(Serialize, Deserialize)]
pub(super) struct Pack {
    #[serde(rename = "f")]
    format: u64,
    #[serde(rename = "t")]
    texts: Vec<Arc<str>>,
    #[serde(rename = "a")]
    addresses: Vec<PackedAddress>,
    /// Sets of ids: many steps of one wave share them.
    #[serde(rename = "s")]
    sets: Vec<Vec<Number>>,
    #[serde(rename = "r")]
    records: Vec<PackedRecord>,
}

/// Only to learn the format of what a newer version wrote.
#[derive(Deserialize)]
struct AnyPack {
    f: u64,
}

/// Modules, mode, type, name, key.
#[derive(Serialize, Deserialize)]
struct PackedAddress(Vec<(Number, PackedKey)>, u8, Number, Number, PackedKey);

/// Nothing, `5`, or the number of a text in brackets.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PackedKey {
    Index(u64),
    Key((Number,)),
    None,
}

/// Server, namespace, path.
#[derive(Serialize, Deserialize)]
struct PackedPlace(Number, Number, Number);

#[derive(Serialize, Deserialize)]
struct PackedRecord {
    #[serde(rename = "a")]
    address: Number,
    #[serde(rename = "t")]
    type_name: Number,
    #[serde(rename = "v")]
    provider: Number,
    #[serde(rename = "p")]
    place: PackedPlace,
    #[serde(rename = "i", default, skip_serializing_if = "is_default")]
    id: Arc<str>,
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    incarnation: Arc<str>,
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    needs: Vec<Number>,
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    deletion: Vec<(Number, Number)>,
    #[serde(rename = "g", default, skip_serializing_if = "is_default")]
    prevent_destroy: bool,
    #[serde(rename = "d", default, skip_serializing_if = "is_default")]
    desired: Vec<(Number, Arc<str>)>,
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    sent: Vec<(Number, Arc<str>)>,
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    rotated: Vec<Number>,
    #[serde(rename = "h", default, skip_serializing_if = "is_default")]
    hidden: Vec<Number>,
    /// Action, set of ids.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pending: Option<(Number, Number)>,
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    written_at: i64,
    #[serde(rename = "#")]
    number: u64,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    instead_of: Option<(Number, PackedPlace)>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Fills the tables while packing.
#[derive(Default)]
struct Packer {
    texts: Table<Arc<str>>,
    addresses: Table<Address>,
    packed_addresses: Vec<PackedAddress>,
    sets: Table<Vec<Number>>,
}

/// Things by the order in which they came, each once.
struct Table<T> {
    things: Vec<T>,
    numbers: HashMap<T, Number>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table {
            things: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Table<T> {
    /// Returns the number of a thing, and whether it is new.
    fn number(&mut self, thing: &T) -> (Number, bool) {
        if let Some(number) = self.numbers.get(thing) {
            return (*number, false);
        }
        let number = self.things.len();
        self.things.push(thing.clone());
        self.numbers.insert(thing.clone(), number);
        (number, true)
    }
}

impl Packer {
    fn text(&mut self, text: &Arc<str>) -> Number {
        self.texts.number(text).0
    }

    fn set(&mut self, set: &BTreeSet<Arc<str>>) -> Number {
        let numbers = set.iter().map(|text| self.text(text)).collect();
        self.sets.number(&numbers).0
    }

    fn key(&mut self, key: &InstanceKey) -> PackedKey {
        match key {
            InstanceKey::None => PackedKey::None,
            InstanceKey::Index(index) => PackedKey::Index(*index),
            InstanceKey::Key(key) => PackedKey::Key((self.text(key),)),
        }
    }

    fn address(&mut self, address: &Address) -> Number {
        let (number, new) = self.addresses.number(address);
        if new {
            let steps = address.module.0.iter();
            let modules = steps
                .map(|step| (self.text(&step.name), self.key(&step.key)))
                .collect();
            let mode = match address.mode {
                Mode::Managed => 0,
                Mode::Data => 1,
                Mode::Ephemeral => 2,
            };
            let (type_name, name) = (self.text(&address.type_name), self.text(&address.name));
            let key = self.key(&address.key);
            self.packed_addresses
                .push(PackedAddress(modules, mode, type_name, name, key));
        }
        number
    }

    fn place(&mut self, place: &ServerPath) -> PackedPlace {
        PackedPlace(
            self.text(&place.server),
            self.text(&place.namespace),
            self.text(&place.path),
        )
    }

    fn digests(&mut self, digests: &BTreeMap<Arc<str>, Digest>) -> Vec<(Number, Arc<str>)> {
        let each = digests.iter();
        each.map(|(name, digest)| (self.text(name), digest.0.clone()))
            .collect()
    }

    fn record(&mut self, stored: &Stored) -> PackedRecord {
        let owned = &stored.owned;
        let deletion = owned.deletion.iter();
        let deletion =
            deletion.map(|(name, value)| (self.text(name), self.text(&value.as_str().into())));
        PackedRecord {
            deletion: deletion.collect(),
            address: self.address(&owned.address),
            type_name: self.text(&owned.type_name),
            provider: self.text(&owned.provider),
            place: self.place(&owned.place),
            id: owned.id.clone(),
            incarnation: owned.incarnation.clone(),
            needs: owned
                .needs
                .iter()
                .map(|address| self.address(address))
                .collect(),
            prevent_destroy: owned.prevent_destroy,
            desired: self.digests(&owned.desired),
            sent: self.digests(&owned.sent),
            rotated: owned.rotated.iter().map(|name| self.text(name)).collect(),
            hidden: owned.hidden.iter().map(|path| self.text(path)).collect(),
            pending: owned
                .pending
                .as_ref()
                .map(|pending| (self.text(&pending.action), self.set(&pending.before))),
            written_at: owned.written_at,
            number: stored.number,
            instead_of: stored
                .instead_of
                .as_ref()
                .map(|key| (self.address(&key.address), self.place(&key.place))),
        }
    }
}

impl Pack {
    /// Packs records; the same ones in the same order give the same pack.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Arc<Stored>>) -> Pack {
        let mut packer = Packer::default();
        let records = records
            .into_iter()
            .map(|stored| packer.record(stored))
            .collect();
        Pack {
            format: FORMAT,
            texts: packer.texts.things,
            addresses: packer.packed_addresses,
            sets: packer.sets.things,
            records,
        }
    }

    /// Reads a pack from JSON.
    pub fn from_json(json: &[u8]) -> Result<Pack, PackError> {
        let any: AnyPack = serde_json::from_slice(json).map_err(damaged)?;
        if any.f > FORMAT {
            return Err(PackError::Newer(any.f));
        }
        serde_json::from_slice(json).map_err(damaged)
    }

    /// Takes the records out.
    pub fn records(self) -> Result<Records, PackError> {
        let mut unpacker = Unpacker {
            texts: &self.texts,
            sets: &self.sets,
            addresses: Vec::new(),
        };
        for address in &self.addresses {
            let address = unpacker.address(address).ok_or_else(|| damaged(NO_ENTRY))?;
            unpacker.addresses.push(address);
        }
        let each = self.records.iter().map(|record| {
            let stored = unpacker.record(record).ok_or_else(|| damaged(NO_ENTRY))?;
            Ok((RecordKey::of(&stored.owned), Arc::new(stored)))
        });
        each.collect()
    }

    /// Writes the pack as one opaque text: JSON, deflated, base64.
    pub fn text(&self) -> Result<String, PackError> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let json = serde_json::to_vec(self).map_err(damaged)?;
        encoder.write_all(&json).map_err(damaged)?;
        Ok(STANDARD.encode(encoder.finish().map_err(damaged)?))
    }

    /// Reads what [`Pack::text`] wrote.
    pub fn from_text(text: &str) -> Result<Pack, PackError> {
        let deflated = STANDARD.decode(text).map_err(damaged)?;
        let mut json = Vec::new();
        let mut decoder = DeflateDecoder::new(deflated.as_slice()).take(UNPACKED_LIMIT);
        decoder.read_to_end(&mut json).map_err(damaged)?;
        Pack::from_json(&json)
    }
}

const NO_ENTRY: &str = "a record refers to what its tables do not have";

/// Looks things up in the tables of a pack.
struct Unpacker<'a> {
    texts: &'a [Arc<str>],
    sets: &'a [Vec<Number>],
    addresses: Vec<Address>,
}

impl Unpacker<'_> {
    fn text(&self, number: Number) -> Option<Arc<str>> {
        self.texts.get(number).cloned()
    }

    fn key(&self, key: &PackedKey) -> Option<InstanceKey> {
        Some(match key {
            PackedKey::None => InstanceKey::None,
            PackedKey::Index(index) => InstanceKey::Index(*index),
            PackedKey::Key((number,)) => InstanceKey::Key(self.text(*number)?),
        })
    }

    fn address(&self, address: &PackedAddress) -> Option<Address> {
        let PackedAddress(modules, mode, type_name, name, key) = address;
        let steps = modules.iter().map(|(name, key)| {
            Some(ModuleStep {
                name: self.text(*name)?,
                key: self.key(key)?,
            })
        });
        Some(Address {
            module: ModuleAddress(steps.collect::<Option<_>>()?),
            mode: match mode {
                0 => Mode::Managed,
                1 => Mode::Data,
                2 => Mode::Ephemeral,
                _ => return None,
            },
            type_name: self.text(*type_name)?,
            name: self.text(*name)?,
            key: self.key(key)?,
        })
    }

    fn place(&self, place: &PackedPlace) -> Option<ServerPath> {
        Some(ServerPath {
            server: self.text(place.0)?,
            namespace: self.text(place.1)?,
            path: self.text(place.2)?,
        })
    }

    fn texts<C: FromIterator<Arc<str>>>(&self, numbers: &[Number]) -> Option<C> {
        numbers.iter().map(|number| self.text(*number)).collect()
    }

    fn addresses(&self, numbers: &[Number]) -> Option<BTreeSet<Address>> {
        numbers
            .iter()
            .map(|number| self.addresses.get(*number).cloned())
            .collect()
    }

    fn digests(&self, digests: &[(Number, Arc<str>)]) -> Option<BTreeMap<Arc<str>, Digest>> {
        let each = digests.iter();
        each.map(|(name, digest)| Some((self.text(*name)?, Digest(digest.clone()))))
            .collect()
    }

    fn pending(&self, action: Number, before: Number) -> Option<Pending> {
        Some(Pending {
            action: self.text(action)?,
            before: self.texts(self.sets.get(before)?)?,
        })
    }

    fn record(&self, record: &PackedRecord) -> Option<Stored> {
        let owned = self.owned(record)?;
        let instead_of = match &record.instead_of {
            None => None,
            Some((address, place)) => Some(RecordKey {
                address: self.addresses.get(*address)?.clone(),
                place: self.place(place)?,
            }),
        };
        Some(Stored {
            number: record.number,
            instead_of,
            spread: spread(&owned.address),
            owned: Arc::new(owned),
        })
    }

    fn owned(&self, record: &PackedRecord) -> Option<Owned> {
        let deletion = record.deletion.iter();
        let deletion =
            deletion.map(|(name, value)| Some((self.text(*name)?, self.text(*value)?.to_string())));
        let pending = record
            .pending
            .map(|(action, before)| self.pending(action, before));
        Some(Owned {
            address: self.addresses.get(record.address)?.clone(),
            type_name: self.text(record.type_name)?,
            provider: self.text(record.provider)?,
            place: self.place(&record.place)?,
            id: record.id.clone(),
            incarnation: record.incarnation.clone(),
            needs: self.addresses(&record.needs)?,
            deletion: deletion.collect::<Option<_>>()?,
            prevent_destroy: record.prevent_destroy,
            desired: self.digests(&record.desired)?,
            sent: self.digests(&record.sent)?,
            rotated: self.texts(&record.rotated)?,
            hidden: self.texts(&record.hidden)?,
            pending: match pending {
                Some(pending) => Some(pending?),
                None => None,
            },
            written_at: record.written_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{address, owned, stored};
    use super::*;

    fn full() -> Stored {
        let mut owned = owned("module.a[\"x\"]", "pki");
        owned.address.module = ModuleAddress::default()
            .child("team", InstanceKey::Key("a\"b".into()))
            .child("deep", InstanceKey::Index(3));
        owned.address.key = InstanceKey::Key("ключ".into());
        owned.needs = [address("one"), address("two")].into();
        owned.deletion = [("delete_all_versions".into(), "true".to_owned())].into();
        owned.desired = [("path".into(), Digest("00ff".into()))].into();
        owned.sent = [("password".into(), Digest("11ee".into()))].into();
        owned.rotated = ["password".into()].into();
        owned.hidden = ["options".into()].into();
        owned.pending = Some(Pending {
            action: "create".into(),
            before: ["id-1".into(), "id-2".into()].into(),
        });
        owned.prevent_destroy = true;
        owned.incarnation = "uuid".into();
        owned.id = "17".into();
        Stored {
            instead_of: Some(RecordKey::of(&self::owned("old", "old"))),
            spread: spread(&owned.address),
            number: 7,
            owned: owned.into(),
        }
    }

    #[test]
    fn records_survive_being_packed() {
        let many: Records = [full(), stored("a", "x", 1), stored("b", "y", 2)]
            .into_iter()
            .map(|stored| (RecordKey::of(&stored.owned), Arc::new(stored)))
            .collect();
        let text = Pack::of(many.values()).text().unwrap();
        assert_eq!(Pack::from_text(&text).unwrap().records().unwrap(), many);
        assert_eq!(Pack::of(many.values()).text().unwrap(), text);
    }

    #[test]
    fn what_is_not_a_pack_is_refused() {
        let text = Pack::of([&Arc::new(full())]).text().unwrap();
        for wrong in ["", "%", &text[..text.len() / 2 / 4 * 4]] {
            assert!(
                matches!(Pack::from_text(wrong), Err(PackError::Damaged(_))),
                "{wrong}"
            );
        }
        assert_eq!(
            Pack::from_json(br#"{"f":2,"what":"ever"}"#).err(),
            Some(PackError::Newer(2))
        );
        let dangling =
            br##"{"f":1,"t":[],"a":[],"s":[],"r":[{"a":0,"t":0,"v":0,"p":[0,0,0],"#":1}]}"##;
        let dangling = Pack::from_json(dangling);
        assert!(dangling.unwrap().records().is_err());
    }

    #[test]
    fn ids_that_many_share_are_kept_once() {
        let mut one = full();
        let ids: BTreeSet<Arc<str>> = (0..2_000).map(|id| Arc::from(format!("id-{id}"))).collect();
        Arc::make_mut(&mut one.owned).pending = Some(Pending {
            action: "create".into(),
            before: ids,
        });
        let pack_of = |count: u64| {
            let each = (0..count).map(|key| {
                let mut next = one.clone();
                Arc::make_mut(&mut next.owned).address.key = InstanceKey::Index(key);
                Arc::new(next)
            });
            Pack::of(&each.collect::<Vec<_>>()).text().unwrap().len()
        };
        assert!(pack_of(50) < 2 * pack_of(1));
    }
}
