//! Groups of entities and of groups.

use super::{EXCLUSIVE, EXTERNAL_POLICIES, METADATA, POLICIES, stored};
use crate::catalog::{
    DataRead, Find, Generate, JsonWire, Life, ResourceType, boolean, checked, integer, json, map,
    set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[
    GROUP,
    ALIAS,
    GROUP_POLICIES,
    MEMBER_ENTITIES,
    MEMBER_GROUPS,
    READ_GROUP,
]);

const GROUP: ResourceType = ResourceType::new(
    "vault_identity_group",
    "A group of entities and of other groups.",
    "identity/group/id/{id}",
    Life::Generate(stored("identity/group", "identity/group/id")),
)
.id("{id}")
.attributes(&[
    text(
        "name",
        "Its name; the server makes one where it is left out.",
    )
    .server_decides(),
    text(
        "type",
        "`internal`, or `external` where an auth method says who is in it.",
    )
    .default("internal")
    .create_only(),
    POLICIES.said_empty(),
    EXTERNAL_POLICIES,
    METADATA,
    set("member_entity_ids", "Entities in it.")
        .said_empty()
        .unless(&[("external_member_entity_ids", "true"), ("type", "external")]),
    boolean(
        "external_member_entity_ids",
        "Whether others manage its entities.",
    )
    .argument(),
    set("member_group_ids", "Groups in it.")
        .unless(&[("external_member_group_ids", "true"), ("type", "external")]),
    boolean(
        "external_member_group_ids",
        "Whether others manage its groups.",
    )
    .argument(),
])
.example(
    r#"resource "vault_identity_entity" "emil" {
  name = "emil"
}

resource "vault_identity_group" "crew" {
  name              = "crew"
  policies          = ["default"]
  member_entity_ids = [vault_identity_entity.emil.id]
}
"#,
);

const ALIAS: ResourceType = ResourceType::new(
    "vault_identity_group_alias",
    "The name that an external group has in an auth method.",
    "identity/group-alias/id/{id}",
    Life::Generate(Generate {
        list: "identity/group-alias/id",
        find: Find::Lookup {
            path: "identity/lookup/group",
            fields: &[
                ("alias_name", "name"),
                ("alias_mount_accessor", "mount_accessor"),
            ],
        },
        ..Generate::at("identity/group-alias", "id")
    }),
)
.id("{id}")
.attributes(&[
    text("name", "The name in the auth method.").required(),
    text("mount_accessor", "The accessor of the auth method.").required(),
    text("canonical_id", "The group.").required(),
])
.example(
    r#"resource "vault_auth_backend" "doors" {
  type = "userpass"
  path = "doors"
}

resource "vault_identity_group" "keepers" {
  name = "keepers"
  type = "external"
}

resource "vault_identity_group_alias" "keepers" {
  name           = "keepers"
  mount_accessor = vault_auth_backend.doors.accessor
  canonical_id   = vault_identity_group.keepers.id
}
"#,
);

const GROUP_POLICIES: ResourceType = ResourceType::new(
    "vault_identity_group_policies",
    "Some of the policies of a group, apart from it.",
    "identity/group/id/{group_id}",
    Life::Member {
        object: "identity/group/id/{group_id}",
        field: "policies",
        elements: "policies",
    },
)
.id("{group_id}")
.attributes(&[
    text("group_id", "The group.").required().identity(),
    set("policies", "Policies to add.")
        .required()
        .lower_cased()
        .refers("sys/policies/acl/{}"),
    EXCLUSIVE,
    text("group_name", "Name of the group.")
        .computed()
        .reads("name"),
])
.example(
    r#"resource "vault_identity_group" "pilots" {
  name              = "pilots"
  external_policies = true
}

resource "vault_identity_group_policies" "pilots" {
  group_id = vault_identity_group.pilots.id
  policies = ["default"]
}
"#,
);

const MEMBER_ENTITIES: ResourceType = ResourceType::new(
    "vault_identity_group_member_entity_ids",
    "Some of the entities of a group, apart from it.",
    "identity/group/id/{group_id}",
    Life::Member {
        object: "identity/group/id/{group_id}",
        field: "member_entity_ids",
        elements: "member_entity_ids",
    },
)
.id("{group_id}")
.attributes(&[
    text("group_id", "The group.").required().identity(),
    set("member_entity_ids", "Entities to add."),
    EXCLUSIVE,
])
.example(
    r#"resource "vault_identity_entity" "fritz" {
  name = "fritz"
}

resource "vault_identity_group" "cooks" {
  name                       = "cooks"
  external_member_entity_ids = true
}

resource "vault_identity_group_member_entity_ids" "cooks" {
  group_id          = vault_identity_group.cooks.id
  member_entity_ids = [vault_identity_entity.fritz.id]
}
"#,
);

const MEMBER_GROUPS: ResourceType = ResourceType::new(
    "vault_identity_group_member_group_ids",
    "Some of the groups in a group, apart from it.",
    "identity/group/id/{group_id}",
    Life::Member {
        object: "identity/group/id/{group_id}",
        field: "member_group_ids",
        elements: "member_group_ids",
    },
)
.id("{group_id}")
.attributes(&[
    text("group_id", "The group.").required().identity(),
    set("member_group_ids", "Groups to add."),
    EXCLUSIVE,
])
.example(
    r#"resource "vault_identity_group" "night" {
  name = "night"
}

resource "vault_identity_group" "shifts" {
  name                      = "shifts"
  external_member_group_ids = true
}

resource "vault_identity_group_member_group_ids" "shifts" {
  group_id         = vault_identity_group.shifts.id
  member_group_ids = [vault_identity_group.night.id]
}
"#,
);

const READ_GROUP: ResourceType = ResourceType::data(
    "vault_identity_group",
    "Finds a group by name, id or alias.",
    "identity/lookup/group",
    DataRead::Post,
)
.id("{group_id}")
.attributes(&[
    text("group_name", "Its name.")
        .server_decides()
        .field("name"),
    text("group_id", "Its id.").server_decides().field("id"),
    text("alias_id", "The id of its alias.")
        .server_decides()
        .reads("alias.id"),
    text(
        "alias_name",
        "The name of its alias; it needs `alias_mount_accessor`.",
    )
    .server_decides()
    .reads("alias.name"),
    text("alias_mount_accessor", "The auth method of the alias.")
        .server_decides()
        .reads("alias.mount_accessor"),
    text("alias_canonical_id", "The group of the alias.")
        .computed()
        .reads("alias.canonical_id"),
    text("alias_mount_path", "Where the alias's method is mounted.")
        .computed()
        .reads("alias.mount_path"),
    text("alias_mount_type", "The kind of that method.")
        .computed()
        .reads("alias.mount_type"),
    map("alias_metadata", "What the method says of the alias.")
        .computed()
        .reads("alias.metadata"),
    set(
        "alias_merged_from_canonical_ids",
        "Groups that the alias came from.",
    )
    .computed()
    .reads("alias.merged_from_canonical_ids"),
    text("alias_creation_time", "When the alias was made.")
        .computed()
        .reads("alias.creation_time"),
    text("alias_last_update_time", "When the alias was changed.")
        .computed()
        .reads("alias.last_update_time"),
    text("type", "`internal` or `external`.").computed(),
    set("policies", "Its policies.").computed(),
    map("metadata", "Any text by key.").computed(),
    set("member_entity_ids", "Entities in it.").computed(),
    set("member_group_ids", "Groups in it.").computed(),
    set("parent_group_ids", "Groups that it is in.").computed(),
    integer("modify_index", "How often it was changed.").computed(),
    text("namespace_id", "Its namespace.").computed(),
    text("creation_time", "When it was made.").computed(),
    text("last_update_time", "When it was changed.").computed(),
    json("data_json", JsonWire::Object, "All of it, as JSON.")
        .computed()
        .reads("."),
])
.example(
    r#"resource "vault_identity_group" "gardeners" {
  name = "gardeners"
}

data "vault_identity_group" "gardeners" {
  group_name = vault_identity_group.gardeners.name
}
"#,
);
