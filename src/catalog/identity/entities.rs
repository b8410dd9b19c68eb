//! Entities: people and machines, and their names in each auth method.

use super::{EXCLUSIVE, EXTERNAL_POLICIES, METADATA, POLICIES, stored};
use crate::catalog::{
    Attribute, DataRead, Find, Generate, JsonWire, Life, Products, ResourceType, block_set,
    boolean, checked, json, map, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[ENTITY, ALIAS, ENTITY_POLICIES, READ_ENTITY]);

const ENTITY: ResourceType = ResourceType::new(
    "vault_identity_entity",
    "A person or machine.",
    "identity/entity/id/{id}",
    Life::Generate(stored("identity/entity", "identity/entity/id")),
)
.id("{id}")
.attributes(&[
    text(
        "name",
        "Its name; the server makes one where it is left out.",
    )
    .server_decides(),
    POLICIES,
    EXTERNAL_POLICIES,
    METADATA,
    boolean("disabled", "Whether its tokens are refused."),
])
.example(
    r#"resource "vault_identity_entity" "robot" {
  name     = "robot"
  policies = ["default"]
  metadata = { owner = "platform" }
}
"#,
);

const ALIAS: ResourceType = ResourceType::new(
    "vault_identity_entity_alias",
    "The name that an entity has in an auth method.",
    "identity/entity-alias/id/{id}",
    Life::Generate(Generate {
        list: "identity/entity-alias/id",
        find: Find::Lookup {
            path: "identity/lookup/entity",
            fields: &[
                ("alias_name", "name"),
                ("alias_mount_accessor", "mount_accessor"),
            ],
        },
        ..Generate::at("identity/entity-alias", "id")
    }),
)
.id("{id}")
.attributes(&[
    text(
        "name",
        "The name in the auth method: a user name, a role id …",
    )
    .required(),
    text("mount_accessor", "The accessor of the auth method.").required(),
    text("canonical_id", "The entity.").required(),
    map("custom_metadata", "Any text by key."),
    text("external_id", "The name in an outside directory.")
        .create_only()
        .only(Products::Enterprise),
    text("issuer", "Who gives that name.")
        .create_only()
        .only(Products::Enterprise),
])
.example(
    r#"resource "vault_auth_backend" "desks" {
  type = "userpass"
  path = "desks"
}

resource "vault_identity_entity" "berta" {
  name = "berta"
}

resource "vault_identity_entity_alias" "berta" {
  name           = "berta"
  mount_accessor = vault_auth_backend.desks.accessor
  canonical_id   = vault_identity_entity.berta.id
}
"#,
);

const ENTITY_POLICIES: ResourceType = ResourceType::new(
    "vault_identity_entity_policies",
    "Some of the policies of an entity, apart from it.",
    "identity/entity/id/{entity_id}",
    Life::Member {
        object: "identity/entity/id/{entity_id}",
        field: "policies",
        elements: "policies",
    },
)
.id("{entity_id}")
.attributes(&[
    text("entity_id", "The entity.").required().identity(),
    set("policies", "Policies to add.")
        .required()
        .lower_cased()
        .refers("sys/policies/acl/{}"),
    EXCLUSIVE,
    text("entity_name", "Name of the entity.")
        .computed()
        .reads("name"),
])
.example(
    r#"resource "vault_identity_entity" "carla" {
  name              = "carla"
  external_policies = true
}

resource "vault_identity_entity_policies" "carla" {
  entity_id = vault_identity_entity.carla.id
  policies  = ["default"]
}
"#,
);

const READ_ENTITY: ResourceType = ResourceType::data(
    "vault_identity_entity",
    "Finds an entity by name, id or alias.",
    "identity/lookup/entity",
    DataRead::Post,
)
.id("{entity_id}")
.attributes(&[
    text("entity_name", "Its name.")
        .server_decides()
        .field("name"),
    text("entity_id", "Its id.").server_decides().field("id"),
    text("alias_id", "The id of an alias.")
        .server_decides()
        .never_read(),
    text(
        "alias_name",
        "The name of an alias; it needs `alias_mount_accessor`.",
    )
    .server_decides()
    .never_read(),
    text("alias_mount_accessor", "The auth method of the alias.")
        .server_decides()
        .never_read(),
    block_set("aliases", ALIASES, "Its names in auth methods.").computed(),
    set("policies", "Its policies.").computed(),
    map("metadata", "Any text by key.").computed(),
    boolean("disabled", "Whether its tokens are refused.").computed(),
    set("group_ids", "All its groups.").computed(),
    set("direct_group_ids", "Groups that it is in itself.").computed(),
    set("inherited_group_ids", "Groups that its groups are in.").computed(),
    set("merged_entity_ids", "Entities that became this one.").computed(),
    text("namespace_id", "Its namespace.").computed(),
    text("creation_time", "When it was made.").computed(),
    text("last_update_time", "When it was changed.").computed(),
    json("data_json", JsonWire::Object, "All of it, as JSON.")
        .computed()
        .reads("."),
])
.example(
    r#"resource "vault_identity_entity" "dora" {
  name = "dora"
}

data "vault_identity_entity" "dora" {
  entity_name = vault_identity_entity.dora.name
}
"#,
);

const ALIASES: &[Attribute] = &[
    text("name", "The name in the auth method.").computed(),
    text("canonical_id", "The entity.").computed(),
    text("mount_accessor", "The auth method.").computed(),
    text("mount_path", "Where the method is mounted.").computed(),
    text("mount_type", "The kind of method.").computed(),
    map("metadata", "What the method says of it.").computed(),
    set("merged_from_canonical_ids", "Entities that it came from.").computed(),
    text("creation_time", "When it was made.").computed(),
    text("last_update_time", "When it was changed.").computed(),
];
