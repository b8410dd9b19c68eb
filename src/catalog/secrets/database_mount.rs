//! A database engine together with its connections, each a block.

use super::connections::{
    CASSANDRA, COUCHBASE, ELASTICACHE, ELASTICSEARCH, HANA, INFLUXDB, MONGODB, MONGODB_ATLAS,
    MSSQL, MYSQL, ORACLE, POSTGRESQL, REDIS, SNOWFLAKE, VALKEY,
};
use crate::catalog::system::mounts::{MOUNT_FIXED, MOUNT_TUNE};
use crate::catalog::{
    Attribute, Life, MountTable, MountType, Omitted, Part, Products, ResourceType, boolean,
    integer, joined, list, map, objects, path, seconds, text,
};

pub const MOUNT: ResourceType = ResourceType::new(
    "vault_database_secrets_mount",
    "A database secrets engine together with its connections.",
    "sys/mounts/{path}",
    Life::Mounted(MountTable::Secrets, MountType::Fixed("database")),
)
.id("{path}")
.attributes(&[
    path(
        "path",
        "Where the engine is mounted. Another path moves it, with all that it holds.",
    )
    .required()
    .moves(),
    integer("engine_count", "How many connections it has.")
        .computed()
        .counts()
        .part(CONNECTIONS),
])
.with(&[MOUNT_FIXED, MOUNT_TUNE, ENGINES])
.parts(&[Part {
    name: CONNECTIONS,
    path: "{path}/config/{name}",
    read: true,
    omitted: Omitted::Kept,
    only_if_set: true,
    delete: true,
    each: "name",
}])
.notes(&[
    "A connection is known by its `name`: blocks may change places, and one that is removed is removed alone. Connections \
     of the mount that no block declares are left alone.",
    "Passwords are compared by digest.",
])
.example(
    r#"resource "vault_database_secrets_mount" "stores" {
  path = "all-stores"

  postgresql {
    name              = "orders"
    connection_url    = "postgresql://{{username}}:{{password}}@db.internal.example:5432/orders"
    username          = "steward"
    password          = "first-password"
    allowed_roles     = ["reader"]
    verify_connection = false
  }

  mysql {
    name              = "shop"
    connection_url    = "{{username}}:{{password}}@tcp(mysql.internal.example:3306)/"
    username          = "steward"
    password          = "first-password"
    verify_connection = false
  }
}
"#,
);

const CONNECTIONS: &str = "connections";

/// What every connection has besides what its engine needs.
const COMMON: &[Attribute] = &[
    text("name", "Name of the connection.")
        .required()
        .identity(),
    text("plugin_version", "The version of the plugin."),
    list(
        "allowed_roles",
        "Roles that may use the connection; `*` is all.",
    ),
    list(
        "root_rotation_statements",
        "What rotates the password of the connection's own user.",
    )
    .reads("root_credentials_rotate_statements"),
    text("password_policy", "The policy that passwords follow."),
    boolean(
        "verify_connection",
        "Whether the server tries the connection when it is written.",
    )
    .default_bool(true)
    .steers(),
    map("data", "Further fields of the plugin.")
        .field("*")
        .sensitive()
        .never_read()
        .only(Products::Vault),
    text(
        "rotation_schedule",
        "When the root password is rotated, as a cron expression.",
    )
    .only(Products::Enterprise),
    seconds(
        "rotation_period",
        "After how many seconds the root password is rotated.",
    )
    .only(Products::Enterprise),
    seconds(
        "rotation_window",
        "How long a scheduled rotation may be late.",
    )
    .only(Products::Enterprise),
    boolean("disable_automated_rotation", "Whether rotation pauses.").only(Products::Enterprise),
    boolean(
        "skip_static_role_import_rotation",
        "Whether new static roles keep their password.",
    )
    .only(Products::Enterprise),
    text("plugin_name", "The database plugin."),
];

/// Returns what a connection of an engine has; `N` is how many attributes they are.
const fn connection<const N: usize>(engine: &[Attribute], plugin: &'static str) -> [Attribute; N] {
    let mut all = joined::<N>(engine, COMMON);
    all[N - 1].default = crate::catalog::Default::Text(plugin);
    all
}

const ENGINES: &[Attribute] = &[
    objects("postgresql", "name", POSTGRESQL_HERE, "PostgreSQL.")
        .reads("connection_details")
        .part(CONNECTIONS),
    objects("mysql", "name", MYSQL_HERE, "MySQL or MariaDB.")
        .reads("connection_details")
        .part(CONNECTIONS),
    objects(
        "mysql_aurora",
        "name",
        MYSQL_AURORA_HERE,
        "MySQL on Amazon Aurora.",
    )
    .reads("connection_details")
    .part(CONNECTIONS),
    objects("mysql_rds", "name", MYSQL_RDS_HERE, "MySQL on Amazon RDS.")
        .reads("connection_details")
        .part(CONNECTIONS),
    objects(
        "mysql_legacy",
        "name",
        MYSQL_LEGACY_HERE,
        "MySQL before 5.7: short user names.",
    )
    .reads("connection_details")
    .part(CONNECTIONS),
    objects("cassandra", "name", CASSANDRA_HERE, "Cassandra.")
        .reads("connection_details")
        .part(CONNECTIONS),
    objects("influxdb", "name", INFLUXDB_HERE, "InfluxDB 1.")
        .reads("connection_details")
        .part(CONNECTIONS),
    objects("redis", "name", REDIS_HERE, "Redis.")
        .reads("connection_details")
        .part(CONNECTIONS),
    objects("valkey", "name", VALKEY_HERE, "Valkey.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::OpenBao),
    objects("couchbase", "name", COUCHBASE_HERE, "Couchbase.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
    objects(
        "elasticsearch",
        "name",
        ELASTICSEARCH_HERE,
        "Elasticsearch.",
    )
    .reads("connection_details")
    .part(CONNECTIONS)
    .only(Products::Vault),
    objects("hana", "name", HANA_HERE, "SAP HANA.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
    objects("mongodb", "name", MONGODB_HERE, "MongoDB.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
    objects("mongodbatlas", "name", MONGODBATLAS_HERE, "MongoDB Atlas.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
    objects("mssql", "name", MSSQL_HERE, "Microsoft SQL Server.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
    objects("oracle", "name", ORACLE_HERE, "Oracle.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
    objects(
        "redis_elasticache",
        "name",
        REDIS_ELASTICACHE_HERE,
        "Redis on Amazon ElastiCache.",
    )
    .reads("connection_details")
    .part(CONNECTIONS)
    .only(Products::Vault),
    objects("redshift", "name", REDSHIFT_HERE, "Amazon Redshift.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
    objects("snowflake", "name", SNOWFLAKE_HERE, "Snowflake.")
        .reads("connection_details")
        .part(CONNECTIONS)
        .only(Products::Vault),
];

const POSTGRESQL_HERE: &[Attribute] = &connection::<30>(POSTGRESQL, "postgresql-database-plugin");
const MYSQL_HERE: &[Attribute] = &connection::<26>(MYSQL, "mysql-database-plugin");
const MYSQL_AURORA_HERE: &[Attribute] = &connection::<26>(MYSQL, "mysql-aurora-database-plugin");
const MYSQL_RDS_HERE: &[Attribute] = &connection::<26>(MYSQL, "mysql-rds-database-plugin");
const MYSQL_LEGACY_HERE: &[Attribute] = &connection::<26>(MYSQL, "mysql-legacy-database-plugin");
const CASSANDRA_HERE: &[Attribute] = &connection::<29>(CASSANDRA, "cassandra-database-plugin");
const INFLUXDB_HERE: &[Attribute] = &connection::<23>(INFLUXDB, "influxdb-database-plugin");
const REDIS_HERE: &[Attribute] = &connection::<20>(REDIS, "redis-database-plugin");
const VALKEY_HERE: &[Attribute] = &connection::<21>(VALKEY, "valkey-database-plugin");
const COUCHBASE_HERE: &[Attribute] = &connection::<21>(COUCHBASE, "couchbase-database-plugin");
const ELASTICSEARCH_HERE: &[Attribute] =
    &connection::<23>(ELASTICSEARCH, "elasticsearch-database-plugin");
const HANA_HERE: &[Attribute] = &connection::<23>(HANA, "hana-database-plugin");
const MONGODB_HERE: &[Attribute] = &connection::<25>(MONGODB, "mongodb-database-plugin");
const MONGODBATLAS_HERE: &[Attribute] =
    &connection::<17>(MONGODB_ATLAS, "mongodbatlas-database-plugin");
const MSSQL_HERE: &[Attribute] = &connection::<24>(MSSQL, "mssql-database-plugin");
const ORACLE_HERE: &[Attribute] = &connection::<25>(ORACLE, "oracle-database-plugin");
const REDIS_ELASTICACHE_HERE: &[Attribute] =
    &connection::<17>(ELASTICACHE, "redis-elasticache-database-plugin");
const REDSHIFT_HERE: &[Attribute] = &connection::<23>(HANA, "redshift-database-plugin");
const SNOWFLAKE_HERE: &[Attribute] = &connection::<24>(SNOWFLAKE, "snowflake-database-plugin");
