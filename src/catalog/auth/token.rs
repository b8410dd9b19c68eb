//! Tokens: what everybody holds in the end.

use crate::catalog::secrets::MOUNT_ID;
use crate::catalog::{
    Attribute, DataRead, Generate, Life, Lookup, Omitted, Products, Removal, ResourceType, Rule,
    boolean, checked, cidrs, duration, integer, list, map, seconds, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[ROLE, TOKEN, OPEN_TOKEN]);

const ROLE: ResourceType = ResourceType::new(
    "vault_token_auth_backend_role",
    "A role that says what tokens may be made of it.",
    "auth/token/roles/{role_name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("auth/token/roles")
.attributes(&[
    text("role_name", "Name of the role.").required().identity(),
    set("allowed_policies", "Policies that tokens may have.").lower_cased(),
    set("disallowed_policies", "Policies that tokens may not have."),
    set(
        "allowed_policies_glob",
        "Patterns of policies that tokens may have.",
    ),
    set(
        "disallowed_policies_glob",
        "Patterns of policies that tokens may not have.",
    ),
    set(
        "allowed_entity_aliases",
        "Names of entity aliases that tokens may carry.",
    )
    .said_empty()
    .lower_cased(),
    boolean("orphan", "Whether tokens outlive the token that made them."),
    boolean("renewable", "Whether tokens can be renewed.").default_bool(true),
    text(
        "path_suffix",
        "Ends the path of the tokens, to revoke them together.",
    ),
    seconds(
        "token_explicit_max_ttl",
        "A limit that no renewal can lift.",
    ),
    seconds(
        "token_period",
        "Makes periodic tokens: each renewal gives this many seconds.",
    ),
    cidrs(
        "token_bound_cidrs",
        "Networks in which the tokens may be used.",
    ),
    boolean(
        "token_no_default_policy",
        "Whether the tokens lack the policy `default`.",
    ),
    integer(
        "token_num_uses",
        "How often a token may be used; 0 is without limit.",
    ),
    text(
        "token_type",
        "`service`, `batch`, `default-service` or `default-batch`.",
    )
    .default("default-service"),
    seconds(
        "token_ttl",
        "Servers drop it: a token's time is asked for when it is made.",
    )
    .only(Products::Nobody),
    seconds("token_max_ttl", "Servers drop it.").only(Products::Nobody),
    set("token_policies", "Servers drop it: use `allowed_policies`.").only(Products::Nobody),
    map("alias_metadata", "Servers drop it.").only(Products::Nobody),
])
.rules(&[Rule::Conflict(&["token_period", "token_ttl"])])
.example(
    r#"resource "vault_token_auth_backend_role" "nightly" {
  role_name        = "nightly"
  allowed_policies = ["default"]
  orphan           = true
  token_period     = 86400
}
"#,
);

const OPEN_TOKEN: ResourceType = ResourceType::ephemeral(
    "vault_token",
    "Makes a token for this run only.",
    "auth/token/create/{role_name}",
    DataRead::Post,
)
.attributes(OPENED_TOKEN)
.example(
    r#"resource "vault_policy" "short" {
  name   = "short"
  policy = "path \"apps/*\" { capabilities = [\"read\"] }"
}

ephemeral "vault_token" "short" {
  mount_id = vault_policy.short.id
  policies = [vault_policy.short.name]
  ttl      = "5m"
  type     = "batch"
}
"#,
);

const OPENED_TOKEN: &[Attribute] = &[
    MOUNT_ID,
    text(
        "role_name",
        "The role to make it of; none where it is left out.",
    )
    .default("")
    .identity(),
    text(
        "id",
        "The token's text; the server makes one where it is left out.",
    ),
    set("policies", "Policies of the token.").refers("sys/policies/acl/{}"),
    map("metadata", "Text by key that audit logs show.").field("meta"),
    text("display_name", "The name that audit logs show.").server_decides(),
    text("entity_alias", "The alias whose entity it belongs to."),
    text("type", "`service` or `batch`.").server_decides(),
    duration("ttl", "How long it lives at first."),
    duration("explicit_max_ttl", "A limit that no renewal can lift."),
    duration("period", "Makes it periodic."),
    boolean("no_parent", "Whether it outlives the token that made it."),
    boolean(
        "no_default_policy",
        "Whether it lacks the policy `default`.",
    ),
    boolean("renewable", "Whether it can be renewed.").server_decides(),
    integer("num_uses", "How often it may be used; 0 is without limit."),
    text(
        "wrapping_ttl",
        "Gives a wrapping token in its place, which lives so long.",
    )
    .wraps(),
    text("client_token", "The token.")
        .computed()
        .sensitive()
        .reads("auth.client_token"),
    text("accessor", "The server's name of it.")
        .computed()
        .reads("auth.accessor"),
    text("entity_id", "The entity that it belongs to.")
        .computed()
        .reads("auth.entity_id"),
    boolean("orphan", "Whether it outlives the token that made it.")
        .computed()
        .reads("auth.orphan"),
    list("token_policies", "All its policies.")
        .computed()
        .reads("auth.token_policies"),
    integer("lease_duration", "How long it lives, in seconds.")
        .computed()
        .reads("auth.lease_duration"),
    text("lease_id", "The lease, where there is one.")
        .computed()
        .reads("lease_id"),
    text("wrapped_token", "The wrapping token.")
        .computed()
        .sensitive()
        .reads("wrap_info.token"),
    text(
        "wrapping_accessor",
        "The server's name of the wrapping token.",
    )
    .computed()
    .sensitive()
    .reads("wrap_info.accessor"),
];

/// A token: read and revoked by its accessor.
pub const fn held_token(create: &'static str) -> Generate {
    Generate {
        lookup: Lookup::Post {
            path: "auth/token/lookup-accessor",
            field: "accessor",
        },
        removal: Removal::Post {
            path: "auth/token/revoke-accessor",
            field: "accessor",
        },
        list: "auth/token/accessors",
        ..Generate::at(create, "auth.accessor")
    }
}

const TOKEN: ResourceType = ResourceType::new(
    "vault_token",
    "A token that stays until it is removed.",
    "auth/token/accessors/{id}",
    Life::Generate(Generate {
        instead: &[("role_name", "auth/token/create/{role_name}")],
        ..held_token("auth/token/create")
    }),
)
.id("{id}")
.attributes(&[
    text("role_name", "The role to make it of.")
        .create_only()
        .never_read(),
    set("policies", "Policies of the token.")
        .create_only()
        .never_read()
        .refers("sys/policies/acl/{}"),
    map("metadata", "Text by key that audit logs show.")
        .field("meta")
        .create_only(),
    text("display_name", "The name that audit logs show.")
        .default("token")
        .create_only()
        .never_read(),
    boolean("no_parent", "Whether it outlives the token that made it.")
        .server_decides()
        .create_only()
        .never_read(),
    boolean(
        "no_default_policy",
        "Whether it lacks the policy `default`.",
    )
    .create_only()
    .never_read(),
    boolean("renewable", "Whether it can be renewed.")
        .server_decides()
        .create_only(),
    duration("ttl", "How long it lives at first.")
        .create_only()
        .never_read(),
    duration("explicit_max_ttl", "A limit that no renewal can lift.").create_only(),
    duration("period", "Makes it periodic.")
        .create_only()
        .never_read(),
    integer("num_uses", "How often it may be used; 0 is without limit.")
        .server_decides()
        .create_only()
        .never_read(),
    text(
        "wrapping_ttl",
        "Gives a wrapping token in its place, which lives so long.",
    )
    .wraps(),
    integer("renew_min_lease", "Not used: nobody renews it here.").argument(),
    integer("renew_increment", "Not used: nobody renews it here.").argument(),
    text("client_token", "The token.")
        .computed()
        .sensitive()
        .once()
        .field("auth.client_token"),
    text("wrapped_token", "The wrapping token.")
        .computed()
        .sensitive()
        .once()
        .field("wrap_info.token"),
    text(
        "wrapping_accessor",
        "The server's name of the wrapping token.",
    )
    .computed()
    .sensitive()
    .once()
    .field("wrap_info.accessor"),
    integer("lease_duration", "How long it lives, in seconds.")
        .computed()
        .reads("ttl"),
    text("lease_started", "When it was made.")
        .computed()
        .reads("issue_time"),
])
.notes(&[
    "The token is shown only when it is made; its id here is the accessor.",
    "For use within a run take the ephemeral resource.",
])
.example(
    r#"resource "vault_policy" "held" {
  name   = "held"
  policy = "path \"apps/*\" { capabilities = [\"read\"] }"
}

resource "vault_token" "held" {
  policies  = [vault_policy.held.name]
  no_parent = true
  period    = "24h"
}
"#,
);
