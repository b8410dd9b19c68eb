//! AppRole: how machines log in.

use super::TOKEN_ATTRIBUTES;
use super::token::held_token;
use crate::catalog::secrets::MOUNT_ID;
use crate::catalog::{
    Attribute, DataRead, Generate, JsonWire, Life, Lookup, Omitted, Part, Removal, ResourceType,
    Rule, boolean, checked, cidrs, integer, json, list, map, path, seconds, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[ROLE, SECRET_ID, LOGIN, READ_ROLE_ID, OPEN_SECRET_ID]);

const ROLE: ResourceType = ResourceType::new(
    "vault_approle_auth_backend_role",
    "A role that machines assume when they log in with AppRole.",
    "auth/{backend}/role/{role_name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("auth/{backend}/role")
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("approle")
        .identity(),
    text("role_name", "Name of the role.")
        .required()
        .identity()
        .lower_cased(),
    text("role_id", "What the machine shows as its name.")
        .server_decides()
        .part("role-id"),
    boolean("bind_secret_id", "Whether a login needs a secret id.").default_bool(true),
    set(
        "secret_id_bound_cidrs",
        "Networks that may log in with a secret id, as `10.0.0.9/32`.",
    ),
    integer(
        "secret_id_num_uses",
        "How often a secret id may be used; 0 is without limit.",
    ),
    seconds(
        "secret_id_ttl",
        "How long a secret id lives; 0 is for ever.",
    ),
    boolean(
        "local_secret_ids",
        "Whether secret ids stay in this cluster.",
    )
    .create_only(),
])
.with(&[TOKEN_ATTRIBUTES])
.parts(&[Part {
    name: "role-id",
    path: "auth/{backend}/role/{role_name}/role-id",
    read: true,
    omitted: Omitted::Kept,
    only_if_set: true,
    delete: false,
    each: "",
}])
.example(
    r#"resource "vault_auth_backend" "machines" {
  type = "approle"
  path = "machines"
}

resource "vault_approle_auth_backend_role" "ci" {
  backend        = vault_auth_backend.machines.path
  role_name      = "ci"
  token_policies = ["default"]
  token_ttl      = 1200
  secret_id_ttl  = 86400
}
"#,
);

const SECRET_ID: ResourceType = ResourceType::new(
    "vault_approle_auth_backend_role_secret_id",
    "A secret id of an AppRole role: the server makes it and shows it once.",
    "auth/{backend}/role/{role_name}/secret-id-accessor/{id}",
    Life::Generate(Generate {
        lookup: Lookup::Post {
            path: "auth/{backend}/role/{role_name}/secret-id-accessor/lookup",
            field: "secret_id_accessor",
        },
        removal: Removal::Post {
            path: "auth/{backend}/role/{role_name}/secret-id-accessor/destroy",
            field: "secret_id_accessor",
        },
        list: "auth/{backend}/role/{role_name}/secret-id",
        instead: &[("secret_id", "auth/{backend}/role/{role_name}/custom-secret-id")],
        ..Generate::at("auth/{backend}/role/{role_name}/secret-id", "secret_id_accessor")
    }),
)
.id("backend={backend}::role={role_name}::accessor={id}")
.attributes(&[
    path("backend", "Mount path of the auth method.").default("approle").identity(),
    text("role_name", "Name of the role.").required().identity().lower_cased(),
    text("secret_id", "The secret id; the server makes one where it is left out.")
        .server_decides()
        .create_only()
        .once()
        .sensitive(),
    set("cidr_list", "Networks that may log in with it, as `10.0.0.9/32`.").create_only(),
    cidrs("token_bound_cidrs", "Networks in which the tokens may be used.").create_only(),
    json("metadata", JsonWire::Text, "Text by key that the tokens carry, as JSON.").create_only(),
    integer("num_uses", "How often it may be used; the role's number where it is left out. It counts down.")
        .server_decides()
        .create_only()
        .never_read(),
    seconds("ttl", "How long it lives; the role's time where it is left out.")
        .server_decides()
        .create_only()
        .reads("secret_id_ttl"),
    text("wrapping_ttl", "Gives a wrapping token in its place, which lives so long: `300s`.").wraps(),
    boolean("with_wrapped_accessor", "Not needed: the accessor is always known.").argument(),
    text("accessor", "The server's name of it.").computed().field("secret_id_accessor"),
    text("wrapping_token", "The token that unwraps it.").computed().sensitive().once().field("wrap_info.token"),
    text("wrapping_accessor", "The server's name of the wrapping token.")
        .computed()
        .once()
        .field("wrap_info.accessor"),
])
.notes(&["The secret id is shown only when it is made: use it in the same run, or write it to a KV secret."])
.example(
    r#"resource "vault_auth_backend" "robots" {
  type = "approle"
  path = "robots"
}

resource "vault_approle_auth_backend_role" "web" {
  backend   = vault_auth_backend.robots.path
  role_name = "web"
}

resource "vault_approle_auth_backend_role_secret_id" "web" {
  backend   = vault_auth_backend.robots.path
  role_name = vault_approle_auth_backend_role.web.role_name
  metadata  = jsonencode({ host = "web-1" })
  ttl       = 86400
}
"#,
);

const READ_ROLE_ID: ResourceType = ResourceType::data(
    "vault_approle_auth_backend_role_id",
    "Reads what a machine shows as its name.",
    "auth/{backend}/role/{role_name}/role-id",
    DataRead::Get,
)
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("approle")
        .identity(),
    text("role_name", "Name of the role.")
        .required()
        .identity()
        .lower_cased(),
    text("role_id", "What the machine shows as its name.").computed(),
])
.example(
    r#"resource "vault_auth_backend" "droids" {
  type = "approle"
  path = "droids"
}

resource "vault_approle_auth_backend_role" "db" {
  backend   = vault_auth_backend.droids.path
  role_name = "db"
}

data "vault_approle_auth_backend_role_id" "db" {
  backend   = vault_auth_backend.droids.path
  role_name = vault_approle_auth_backend_role.db.role_name
}
"#,
);

const OPEN_SECRET_ID: ResourceType = ResourceType::ephemeral(
    "vault_approle_auth_backend_role_secret_id",
    "Makes a secret id for this run only.",
    "auth/{backend}/role/{role_name}/secret-id",
    DataRead::Post,
)
.attributes(OPENED_SECRET_ID)
.example(
    r#"resource "vault_auth_backend" "bots" {
  type = "approle"
  path = "bots"
}

resource "vault_approle_auth_backend_role" "job" {
  backend   = vault_auth_backend.bots.path
  role_name = "job"
}

ephemeral "vault_approle_auth_backend_role_secret_id" "job" {
  backend   = vault_auth_backend.bots.path
  mount_id  = vault_approle_auth_backend_role.job.id
  role_name = vault_approle_auth_backend_role.job.role_name
  ttl       = 600
}
"#,
);

const OPENED_SECRET_ID: &[Attribute] = &[
    MOUNT_ID,
    path("backend", "Mount path of the auth method.")
        .default("approle")
        .identity(),
    text("role_name", "Name of the role.")
        .required()
        .identity()
        .lower_cased(),
    set(
        "cidr_list",
        "Networks that may log in with it, as `10.0.0.9/32`.",
    ),
    json(
        "metadata",
        JsonWire::Text,
        "Text by key that the tokens carry, as JSON.",
    ),
    integer(
        "num_uses",
        "How often it may be used; the role's number where it is left out.",
    ),
    seconds(
        "ttl",
        "How long it lives; the role's time where it is left out.",
    ),
    text("secret_id", "The secret id.").computed().sensitive(),
    text("accessor", "The server's name of it.")
        .computed()
        .field("secret_id_accessor"),
];

const LOGIN: ResourceType = ResourceType::new(
    "vault_approle_auth_backend_login",
    "A login with AppRole, its token kept until it is removed.",
    "auth/token/accessors/{id}",
    Life::Generate(held_token("auth/{backend}/login")),
)
.id("{id}")
.attributes(&[
    path("backend", "Mount path of the auth method.").default("approle").create_only().argument().replaces(),
    text("role_id", "What the machine shows as its name.").required().create_only().never_read(),
    text("secret_id", "The secret id.").sensitive().create_only().never_read(),
    text("secret_id_wo", "The secret id.").write_only("secret_id"),
    integer("secret_id_wo_version", "A new number logs in again.").argument().replaces(),
    text("client_token", "The token.").computed().sensitive().once().field("auth.client_token"),
    text("accessor", "The server's name of the token.").computed(),
    list("policies", "Policies of the token.").computed(),
    map("metadata", "Text by key that audit logs show.").computed().reads("meta"),
    boolean("renewable", "Whether the token can be renewed.").computed(),
    integer("lease_duration", "How long the token lives, in seconds.").computed().reads("ttl"),
    text("lease_started", "When it was made.").computed().reads("issue_time"),
])
.rules(&[Rule::Conflict(&["secret_id", "secret_id_wo"])])
.notes(&["The token is shown only when it is made. For use within a run log in with an ephemeral resource."])
.example(
    r#"resource "vault_auth_backend" "night" {
  type = "approle"
  path = "night"
}

resource "vault_approle_auth_backend_role" "batch" {
  backend        = vault_auth_backend.night.path
  role_name      = "batch"
  bind_secret_id = true
}

resource "vault_approle_auth_backend_role_secret_id" "batch" {
  backend   = vault_auth_backend.night.path
  role_name = vault_approle_auth_backend_role.batch.role_name
}

resource "vault_approle_auth_backend_login" "batch" {
  backend   = vault_auth_backend.night.path
  role_id   = vault_approle_auth_backend_role.batch.role_id
  secret_id = vault_approle_auth_backend_role_secret_id.batch.secret_id
}
"#,
);
