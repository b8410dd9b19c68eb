//! Databases: credentials that the server makes and takes back.

use super::MOUNT_ID;
use super::connections::{ENGINES, PLUGINS};
use crate::catalog::{
    Check, DataRead, Life, Omitted, Products, ResourceType, Rotation, Rule, boolean, checked,
    integer, list, map, path, pem, seconds, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[
    CONNECTION,
    super::database_mount::MOUNT,
    ROLE,
    STATIC_ROLE,
    CREDENTIALS,
]);

const CONNECTION: ResourceType = ResourceType::new(
    "vault_database_secret_backend_connection",
    "How the server reaches a database, as whom.",
    "{backend}/config/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("{backend}/config")
.rotates(Rotation {
    path: "{backend}/rotate-root/{name}",
    when: "rotate_root",
    owns: &["password", "password_wo"],
})
.attributes(&[
    path("backend", "Mount path of the engine.").required().identity(),
    text("name", "Name of the connection.").required().identity(),
    text("plugin_name", "The database plugin; the block says which where it is left out.").default_with(PLUGINS),
    text("plugin_version", "The version of the plugin."),
    list("allowed_roles", "Roles that may use the connection; `*` is all."),
    list("root_rotation_statements", "What rotates the password of the connection's own user.")
        .reads("root_credentials_rotate_statements"),
    text("password_policy", "The policy that passwords follow.").refers("sys/policies/password/{}"),
    boolean("verify_connection", "Whether the server tries the connection when it is written.")
        .default_bool(true)
        .steers(),
    boolean("rotate_root", "Rotates the password once, so that only the server knows it.").argument(),
    map("data", "Further fields of the plugin.").field("*").sensitive().never_read().only(Products::Vault),
    text("rotation_schedule", "When the root password is rotated, as a cron expression.").only(Products::Enterprise),
    seconds("rotation_period", "After how many seconds the root password is rotated.").only(Products::Enterprise),
    seconds("rotation_window", "How long a scheduled rotation may be late.").only(Products::Enterprise),
    boolean("disable_automated_rotation", "Whether rotation pauses.").only(Products::Enterprise),
    boolean("skip_static_role_import_rotation", "Whether new static roles keep their password.")
        .only(Products::Enterprise),
])
.with(&[ENGINES])
.rules(&[Rule::ExactlyOne(ENGINE_NAMES)])
.notes(&[
    "The password is compared by digest. After `rotate-root` the server owns it: it is not sent again.",
    "`verify_connection = true` makes the server log in to the database at every write.",
])
.example(
    r#"resource "vault_mount" "databases" {
  path = "databases"
  type = "database"
}

resource "vault_database_secret_backend_connection" "orders" {
  backend           = vault_mount.databases.path
  name              = "orders"
  allowed_roles     = ["reader"]
  verify_connection = false

  postgresql {
    connection_url = "postgresql://{{username}}:{{password}}@db.internal.example:5432/orders"
    username       = "steward"
    password       = "first-password"
  }
}
"#,
);

const ENGINE_NAMES: &[&str] = &[
    "cassandra",
    "couchbase",
    "elasticsearch",
    "hana",
    "influxdb",
    "mongodb",
    "mongodbatlas",
    "mssql",
    "mysql",
    "mysql_aurora",
    "mysql_legacy",
    "mysql_rds",
    "oracle",
    "postgresql",
    "redis",
    "redis_elasticache",
    "redshift",
    "snowflake",
    "valkey",
];

const ROLE: ResourceType = ResourceType::new(
    "vault_database_secret_backend_role",
    "What a user looks like that the server makes for an hour.",
    "{backend}/roles/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("{backend}/roles")
.attributes(&[
    path("backend", "Mount path of the engine.").required().identity(),
    text("name", "Name of the role.").required().identity(),
    text("db_name", "The connection that makes the users.").required().replaces().refers("{backend}/config/{}"),
    list("creation_statements", "What makes a user; `{{name}}`, `{{password}}` and `{{expiration}}` are filled in.")
        .required(),
    list("revocation_statements", "What removes a user."),
    list("rollback_statements", "What undoes a creation that failed."),
    list("renew_statements", "What prolongs a user."),
    seconds("default_ttl", "How long a user lives at first; 0 is the mount's default."),
    seconds("max_ttl", "How long a user may live with renewals; 0 is the mount's limit."),
    text("credential_type", "`password`, `rsa_private_key` or `client_certificate`.").default("password"),
    map("credential_config", "How credentials are made, such as `password_policy` or `key_bits`.").server_decides(),
])
.example(
    r#"resource "vault_mount" "stores" {
  path = "stores"
  type = "database"
}

resource "vault_database_secret_backend_connection" "shop" {
  backend           = vault_mount.stores.path
  name              = "shop"
  allowed_roles     = ["reader"]
  verify_connection = false

  postgresql {
    connection_url = "postgresql://{{username}}:{{password}}@db.internal.example:5432/shop"
    username       = "steward"
    password       = "first-password"
  }
}

resource "vault_database_secret_backend_role" "reader" {
  backend             = vault_mount.stores.path
  name                = "reader"
  db_name             = vault_database_secret_backend_connection.shop.name
  creation_statements = ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"]
  default_ttl         = 3600
  max_ttl             = 86400
}
"#,
);

const STATIC_ROLE: ResourceType = ResourceType::new(
    "vault_database_secret_backend_static_role",
    "A user of the database whose password the server rotates.",
    "{backend}/static-roles/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("{backend}/static-roles")
.attributes(&[
    path("backend", "Mount path of the engine.").required().identity(),
    text("name", "Name of the role.").required().identity(),
    text("db_name", "The connection that reaches the user.").required().replaces().refers("{backend}/config/{}"),
    text("username", "The user in the database.").required().create_only(),
    seconds("rotation_period", "After how many seconds the password is rotated.").checks(&[Check::AtLeast(5)]),
    list("rotation_statements", "What sets a new password."),
    text("credential_type", "`password`, `rsa_private_key` or `client_certificate`.").default("password"),
    map("credential_config", "How credentials are made, such as `password_policy`.").server_decides().never_read(),
    text("rotation_schedule", "When the password is rotated, as a cron expression.").only(Products::Vault),
    seconds("rotation_window", "How long a scheduled rotation may be late.").only(Products::Vault),
    boolean("skip_import_rotation", "Whether the password stays when the role is made.").only(Products::Enterprise),
    text("self_managed_password", "The user's own password, to rotate it as that user.")
        .sensitive()
        .never_read()
        .only(Products::Enterprise),
    text("password_wo", "The user's password now.").write_only("password").only(Products::Enterprise),
    integer("password_wo_version", "A new number sends `password_wo` again; not needed.").argument(),
])
.notes(&["Making the role rotates the password of the user at once."])
.example(
    r#"# Needs a database that answers: making a static role logs in.
resource "vault_mount" "fixed" {
  path = "fixed"
  type = "database"
}

resource "vault_database_secret_backend_connection" "fixed" {
  backend       = vault_mount.fixed.path
  name          = "fixed"
  allowed_roles = ["app"]

  postgresql {
    connection_url = "postgresql://{{username}}:{{password}}@127.0.0.1:5432/postgres?sslmode=disable"
    username       = "steward"
    password       = "steward-first"
  }
}

resource "vault_database_secret_backend_static_role" "app" {
  backend         = vault_mount.fixed.path
  name            = "app"
  db_name         = vault_database_secret_backend_connection.fixed.name
  username        = "app_rotated"
  rotation_period = 3600
}
"#,
);

const CREDENTIALS: ResourceType = ResourceType::ephemeral(
    "vault_database_secret",
    "A user of a database, for this run only.",
    "{mount}/creds/{name}",
    DataRead::Get,
)
.attributes(&[
    MOUNT_ID,
    path("mount", "Mount path of the engine.").required().identity(),
    text("name", "Name of the role.").required().identity(),
    text("username", "Name of the user.").computed(),
    text("password", "Password of the user.").computed().sensitive(),
    text("rsa_private_key", "Key of the user.").computed().sensitive(),
    pem("client_certificate", "Certificate of the user.").computed(),
    text("private_key", "Key of the certificate.").computed().sensitive(),
    text("private_key_type", "Kind of that key.").computed(),
])
.example(
    r#"# Needs a database that answers: opening it makes a user.
resource "vault_mount" "hourly" {
  path = "hourly"
  type = "database"
}

resource "vault_database_secret_backend_connection" "hourly" {
  backend       = vault_mount.hourly.path
  name          = "hourly"
  allowed_roles = ["reader"]

  postgresql {
    connection_url = "postgresql://{{username}}:{{password}}@127.0.0.1:5432/postgres?sslmode=disable"
    username       = "steward"
    password       = "steward-first"
  }
}

resource "vault_database_secret_backend_role" "hourly" {
  backend             = vault_mount.hourly.path
  name                = "reader"
  db_name             = vault_database_secret_backend_connection.hourly.name
  creation_statements = ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"]
}

ephemeral "vault_database_secret" "reader" {
  mount    = vault_mount.hourly.path
  mount_id = vault_database_secret_backend_role.hourly.id
  name     = vault_database_secret_backend_role.hourly.name
}
"#,
);
