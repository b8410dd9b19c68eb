//! Entities, groups, and what is added to them from elsewhere.

use super::Object;
use crate::catalog::Life;
use crate::policy::lint::{AuthRole, EntityAlias};
use crate::policy::{Census, Holder, HolderKind, Key, Listed, Share};
use crate::value::Value;

pub(super) fn group(census: &mut Census, object: &Object<'_>) {
    if !share(census, object, "group_id") {
        let mut holder = holder(object, HolderKind::Group);
        let fields = object.fields();
        holder.entities = fields.keys("member_entity_ids");
        holder.groups = fields.keys("member_group_ids");
        if let Some(alias) = answered(object, "alias") {
            holder.accessors = Some(accessor(alias).into_iter().collect());
        }
        census.holders.push(holder);
    }
}

pub(super) fn entity(census: &mut Census, object: &Object<'_>) {
    if !share(census, object, "entity_id") {
        let mut holder = holder(object, HolderKind::Entity);
        if let Some(aliases) = answered(object, "aliases") {
            holder.accessors = Some(aliases.elements().filter_map(accessor).collect());
        }
        census.holders.push(holder);
    }
}

/// Returns what a server's answer says; declarations tell of aliases elsewhere.
fn answered<'o>(object: &'o Object<'_>, name: &str) -> Option<&'o Value> {
    object.values.field(name).filter(|_| object.kind.is_none())
}

fn accessor(alias: &Value) -> Option<String> {
    let text = alias.field("mount_accessor")?.as_text()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn holder(object: &Object<'_>, kind: HolderKind) -> Holder {
    let fields = object.fields();
    let name = fields.text("name");
    let role = AuthRole {
        name: name.unwrap_or_else(|| object.address.clone()),
        policies: fields.texts("policies"),
        origin: object.origin(),
        ..AuthRole::default()
    };
    let mut holder = Holder::new(kind, role);
    holder.namespace.clone_from(&object.namespace);
    holder.metadata = fields.map("metadata");
    holder.others_give = fields.value("policies").is_none();
    holder.keys.push(Key::Address(object.address.clone()));
    holder.keys.extend(fields.text("id").map(Key::Id));
    holder
}

/// Notes what an object adds to the list of another; tells whether it is such an object.
fn share(census: &mut Census, object: &Object<'_>, id: &str) -> bool {
    let Some(Life::Member {
        field, elements, ..
    }) = object.kind.map(|kind| kind.life)
    else {
        return false;
    };
    let fields = object.fields();
    let listed = match field {
        "policies" => Listed::Policies,
        "member_entity_ids" => Listed::Entities,
        "member_group_ids" => Listed::Groups,
        _ => return true,
    };
    let (kind, name) = match id {
        "group_id" => (HolderKind::Group, "group_name"),
        _ => (HolderKind::Entity, "entity_name"),
    };
    if let Some(target) = fields.keys(id).pop() {
        census.shares.push(Share {
            target,
            kind,
            name: fields.text(name),
            listed,
            elements: fields.keys(elements),
            exclusive: fields.flag("exclusive").unwrap_or(true),
        });
    }
    true
}

pub(super) fn alias(census: &mut Census, object: &Object<'_>) {
    let fields = object.fields();
    let entity = fields.value("canonical_id");
    let named = entity
        .as_ref()
        .map(|value| value.is_unknown() || value.as_text().is_some_and(|text| !text.is_empty()));
    census.aliases.push(EntityAlias {
        name: fields
            .text("name")
            .unwrap_or_else(|| object.address.clone()),
        mount_accessor: fields.text("mount_accessor").unwrap_or_default(),
        has_entity: named.or_else(|| object.values.field("canonical_id").map(Value::is_unknown)),
        origin: object.origin(),
    });
}
