//! The ledger's records as planning asks for them: by address, by place.

use crate::config::{DeclaredMoved, Place, PlaceOfResource};
use crate::plan::Owned;
use crate::value::{Address, InstanceKey, ModuleAddress, ServerPath};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Records by address and by place, `moved` blocks followed.
pub struct Book {
    records: Vec<Arc<Owned>>,
    /// Where the address of each record went.
    now: Vec<Address>,
    by_address: BTreeMap<Address, usize>,
    by_place: HashMap<(ServerPath, Arc<str>), usize>,
    /// By the address in the ledger and the place.
    by_both: HashMap<(Address, ServerPath), usize>,
    taken: BTreeSet<usize>,
}

impl Book {
    /// Opens the records; each of `moved` says where an address went.
    #[must_use]
    pub fn new(records: Vec<Arc<Owned>>, moved: &[(ModuleAddress, DeclaredMoved)]) -> Book {
        let now: Vec<Address> = records
            .iter()
            .map(|record| follow(&record.address, moved))
            .collect();
        let mut by_address = BTreeMap::new();
        let mut by_place = HashMap::new();
        let mut by_both = HashMap::new();
        for (index, record) in records.iter().enumerate() {
            by_address.extend(now.get(index).map(|now| (now.clone(), index)));
            by_both
                .entry((record.address.clone(), record.place.clone()))
                .or_insert(index);
            if !record.place.path.is_empty() {
                by_place.insert((record.place.clone(), record.type_name.clone()), index);
            }
        }
        Book {
            records,
            now,
            by_address,
            by_place,
            by_both,
            taken: BTreeSet::new(),
        }
    }

    /// Returns what is remembered under an address. A block that got or lost `count` keeps its first instance, as
    /// Terraform does without a `moved` block.
    #[must_use]
    pub fn at_address(&self, address: &Address, type_name: &str) -> Option<&Arc<Owned>> {
        let other = match address.key {
            InstanceKey::None => Some(InstanceKey::Index(0)),
            InstanceKey::Index(0) => Some(InstanceKey::None),
            _ => None,
        };
        let found = self.by_address.get(address).or_else(|| {
            let key = other?;
            let index = self.by_address.get(&Address {
                key,
                ..address.clone()
            })?;
            (!self.taken.contains(index)).then_some(index)
        });
        let record = self.records.get(*found?)?;
        (&*record.type_name == type_name).then_some(record)
    }

    /// Returns what is remembered of a place.
    #[must_use]
    pub fn at_place(&self, place: &ServerPath, type_name: &str) -> Option<&Arc<Owned>> {
        let index = self.by_place.get(&(place.clone(), type_name.into()))?;
        self.records.get(*index)
    }

    /// Says that a record is of an object that is declared.
    pub fn take(&mut self, record: &Owned) {
        let both = (record.address.clone(), record.place.clone());
        let found = self.by_both.get(&both).copied();
        self.taken
            .extend(self.by_address.get(&record.address).copied().or(found));
        self.taken.extend(found);
    }

    /// Says that a record is of nothing that is declared after all.
    pub fn give_back(&mut self, record: &Owned) {
        let both = (record.address.clone(), record.place.clone());
        if let Some(found) = self.by_both.get(&both) {
            self.taken.remove(found);
        }
    }

    /// Iterates over the records that nothing declared, with the address that each has now.
    pub fn left(&self) -> impl Iterator<Item = (&Address, &Arc<Owned>)> {
        let left = self.now.iter().zip(&self.records).enumerate();
        left.filter(|(index, _)| !self.taken.contains(index))
            .map(|(_, record)| record)
    }

    /// Returns all records.
    #[must_use]
    pub fn records(&self) -> &[Arc<Owned>] {
        &self.records
    }
}

/// Follows `moved` blocks, chains included, as often as there are blocks.
fn follow(address: &Address, moved: &[(ModuleAddress, DeclaredMoved)]) -> Address {
    let mut at = address.clone();
    for _ in 0..=moved.len() {
        let next = moved
            .iter()
            .find_map(|(module, block)| step(&at, module, block))
            .filter(|next| *next != at);
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

fn step(address: &Address, module: &ModuleAddress, block: &DeclaredMoved) -> Option<Address> {
    match (&block.from.resource, &block.to.resource) {
        (Some(from), Some(to)) => resource_step(address, module, &block.from, from, &block.to, to),
        (None, None) => module_step(address, module, &block.from, &block.to),
        _ => None,
    }
}

fn resource_step(
    address: &Address,
    module: &ModuleAddress,
    from_place: &Place,
    from: &PlaceOfResource,
    to_place: &Place,
    to: &PlaceOfResource,
) -> Option<Address> {
    let whole = from.key == InstanceKey::None && to.key == InstanceKey::None;
    let same = address.module == from_place.module_from(module)
        && address.type_name == from.type_name
        && address.name == from.name
        && (whole || address.key == from.key);
    same.then(|| Address {
        module: to_place.module_from(module),
        mode: to.mode,
        type_name: to.type_name.clone(),
        name: to.name.clone(),
        key: if whole {
            address.key.clone()
        } else {
            to.key.clone()
        },
    })
}

fn module_step(
    address: &Address,
    module: &ModuleAddress,
    from: &Place,
    to: &Place,
) -> Option<Address> {
    let from = from.module_from(module);
    let to = to.module_from(module);
    let below = address.module.0.get(..from.0.len())?;
    let keyless = |steps: &[crate::value::ModuleStep]| {
        steps
            .last()
            .is_some_and(|step| step.key == InstanceKey::None)
    };
    let (last, parents) = below.split_last()?;
    let (from_last, from_parents) = from.0.split_last()?;
    let any_key = keyless(&from.0) && keyless(&to.0);
    let same = parents == from_parents
        && last.name == from_last.name
        && (any_key || last.key == from_last.key);
    if !same {
        return None;
    }
    let mut steps = to.0.to_vec();
    if any_key && let Some(step) = steps.last_mut() {
        step.key = last.key.clone();
    }
    steps.extend(address.module.0.get(from.0.len()..)?.iter().cloned());
    Some(Address {
        module: ModuleAddress(steps.into()),
        ..address.clone()
    })
}
