//! What each database plugin needs to reach its database: one block an engine.

use crate::catalog::{
    Attribute, Check, JsonWire, Products, block, boolean, integer, joined, json, list, pem,
    seconds_text, text, url,
};

/// Which plugin a block asks for.
pub const PLUGINS: &[(&str, &str)] = &[
    ("cassandra", "cassandra-database-plugin"),
    ("couchbase", "couchbase-database-plugin"),
    ("elasticsearch", "elasticsearch-database-plugin"),
    ("hana", "hana-database-plugin"),
    ("influxdb", "influxdb-database-plugin"),
    ("mongodb", "mongodb-database-plugin"),
    ("mongodbatlas", "mongodbatlas-database-plugin"),
    ("mssql", "mssql-database-plugin"),
    ("mysql", "mysql-database-plugin"),
    ("mysql_aurora", "mysql-aurora-database-plugin"),
    ("mysql_legacy", "mysql-legacy-database-plugin"),
    ("mysql_rds", "mysql-rds-database-plugin"),
    ("oracle", "oracle-database-plugin"),
    ("postgresql", "postgresql-database-plugin"),
    ("redis", "redis-database-plugin"),
    ("redis_elasticache", "redis-elasticache-database-plugin"),
    ("redshift", "redshift-database-plugin"),
    ("snowflake", "snowflake-database-plugin"),
    ("valkey", "valkey-database-plugin"),
];

/// The blocks: exactly one stands in a connection.
pub const ENGINES: &[Attribute] = &[
    engine("postgresql", POSTGRESQL, "PostgreSQL."),
    engine("mysql", MYSQL, "MySQL or MariaDB."),
    engine("mysql_aurora", MYSQL, "MySQL on Amazon Aurora."),
    engine("mysql_rds", MYSQL, "MySQL on Amazon RDS."),
    engine("mysql_legacy", MYSQL, "MySQL before 5.7: short user names."),
    engine("cassandra", CASSANDRA, "Cassandra."),
    engine("influxdb", INFLUXDB, "InfluxDB 1."),
    engine("redis", REDIS, "Redis."),
    engine("valkey", VALKEY, "Valkey.").only(Products::OpenBao),
    engine("couchbase", COUCHBASE, "Couchbase.").only(Products::Vault),
    engine("elasticsearch", ELASTICSEARCH, "Elasticsearch.").only(Products::Vault),
    engine("hana", HANA, "SAP HANA.").only(Products::Vault),
    engine("mongodb", MONGODB, "MongoDB.").only(Products::Vault),
    engine("mongodbatlas", MONGODB_ATLAS, "MongoDB Atlas.").only(Products::Vault),
    engine("mssql", MSSQL, "Microsoft SQL Server.").only(Products::Vault),
    engine("oracle", ORACLE, "Oracle.").only(Products::Vault),
    engine(
        "redis_elasticache",
        ELASTICACHE,
        "Redis on Amazon ElastiCache.",
    )
    .only(Products::Vault),
    engine("redshift", HANA, "Amazon Redshift.").only(Products::Vault),
    engine("snowflake", SNOWFLAKE, "Snowflake.").only(Products::Vault),
];

/// A block whose fields stand flat in the request and below `connection_details` in the answer.
const fn engine(
    name: &'static str,
    attributes: &'static [Attribute],
    about: &'static str,
) -> Attribute {
    block(name, attributes, about)
        .reads("connection_details")
        .server_decides()
}

const USERNAME: Attribute = text("username", "The user as whom the server works.");
const PASSWORD: Attribute = text("password", "Password of that user.")
    .sensitive()
    .never_read();
const TEMPLATE: Attribute = text("username_template", "How names of new users are made.");
const TLS_CA: Attribute = pem("tls_ca", "Certificate of the CA that signs the database's.");

/// What every SQL plugin needs.
const SQL: &[Attribute] = &[
    url(
        "connection_url",
        "Address of the database; `{{username}}` and `{{password}}` are filled in.",
    ),
    USERNAME.said_empty(),
    PASSWORD,
    text("password_wo", "Password of that user.").write_only("password"),
    integer(
        "password_wo_version",
        "A new number sends `password_wo` again; not needed.",
    )
    .argument(),
    TEMPLATE,
    integer("max_open_connections", "How many connections may be open.").default_number(2),
    integer(
        "max_idle_connections",
        "How many connections may be idle; 0 is as many as may be open.",
    ),
    seconds_text(
        "max_connection_lifetime",
        "How many seconds a connection may live; 0 is for ever.",
    ),
];

const ESCAPING: Attribute = boolean(
    "disable_escaping",
    "Whether special characters in user and password stay as they are.",
)
.default_bool(false);
const AUTH_TYPE: Attribute =
    text("auth_type", "`gcp_iam` for Google's logins.").only(Products::Vault);
const SERVICE_ACCOUNT: Attribute =
    text("service_account_json", "Google's key of a service account.")
        .sensitive()
        .never_read()
        .only(Products::Vault);
const SELF_MANAGED: Attribute =
    boolean("self_managed", "Whether static roles log in as themselves.")
        .only(Products::Enterprise);

/// What PostgreSQL needs.
pub const POSTGRESQL: &[Attribute] = &joined::<17>(
    SQL,
    &[
        ESCAPING,
        text(
            "password_authentication",
            "How new passwords are sent: `password` or `scram-sha-256`.",
        )
        .default("password"),
        TLS_CA,
        pem("tls_certificate", "Certificate of the server's own user."),
        text("private_key", "Key of that certificate.")
            .sensitive()
            .never_read(),
        AUTH_TYPE,
        SERVICE_ACCOUNT,
        SELF_MANAGED,
    ],
);

/// What MySQL and its kin needs.
pub const MYSQL: &[Attribute] = &joined::<13>(
    SQL,
    &[
        TLS_CA,
        text(
            "tls_certificate_key",
            "Certificate and key of the server's own user.",
        )
        .sensitive()
        .never_read(),
        AUTH_TYPE,
        SERVICE_ACCOUNT,
    ],
);

/// What SAP HANA, and Redshift needs.
pub const HANA: &[Attribute] = &joined::<10>(SQL, &[ESCAPING]);

/// What SQL Server needs.
pub const MSSQL: &[Attribute] = &joined::<11>(
    SQL,
    &[
        ESCAPING,
        boolean("contained_db", "Whether users belong to one database."),
    ],
);

/// What Oracle needs.
pub const ORACLE: &[Attribute] = &joined::<12>(
    SQL,
    &[
        boolean(
            "split_statements",
            "Whether statements are split at semicolons.",
        )
        .default_bool(true),
        boolean(
            "disconnect_sessions",
            "Whether sessions of a user end with the user.",
        )
        .default_bool(true),
        SELF_MANAGED,
    ],
);

/// What MongoDB needs.
pub const MONGODB: &[Attribute] = &joined::<12>(
    SQL,
    &[
        TLS_CA,
        text(
            "tls_certificate_key",
            "Certificate and key of the server's own user.",
        )
        .sensitive()
        .never_read(),
        json(
            "write_concern",
            JsonWire::Text,
            "What a write waits for, as JSON.",
        ),
    ],
);

/// What Snowflake needs.
pub const SNOWFLAKE: &[Attribute] = &joined::<11>(
    SQL,
    &[
        text("private_key_wo", "Key of the server's own user.").write_only("private_key"),
        integer(
            "private_key_wo_version",
            "A new number sends `private_key_wo` again; not needed.",
        )
        .argument(),
    ],
);

const PORT: &[Check] = &[Check::Port];
const TIMEOUT: Attribute = integer(
    "connect_timeout",
    "How many seconds to wait for the database.",
)
.default_number(5);
const INSECURE: Attribute = boolean(
    "insecure_tls",
    "Whether the database's certificate is not checked.",
)
.default_bool(false);
const PEM_BUNDLE: Attribute = text("pem_bundle", "Certificates and key, as PEM.")
    .sensitive()
    .never_read();
const PEM_JSON: Attribute = json("pem_json", JsonWire::Text, "Certificates and key, as JSON.")
    .sensitive()
    .never_read();

/// What Cassandra needs.
pub const CASSANDRA: &[Attribute] = &[
    list("hosts", "Addresses of the cluster.").comma(),
    integer("port", "Its port.")
        .default_number(9042)
        .checks(PORT),
    USERNAME,
    PASSWORD,
    TEMPLATE,
    boolean("tls", "Whether TLS is used.").default_bool(true),
    INSECURE,
    text(
        "tls_server_name",
        "The name that the certificate must have.",
    ),
    PEM_BUNDLE,
    PEM_JSON,
    integer("protocol_version", "Version of the protocol.").default_number(2),
    TIMEOUT,
    text("socket_keep_alive", "How long between signs of life.").default("0"),
    boolean(
        "skip_verification",
        "Whether the rights of the user are not checked.",
    ),
    text("consistency", "What a write waits for: `LOCAL_QUORUM` …"),
    text("local_datacenter", "The data centre to prefer."),
];

/// What InfluxDB needs.
pub const INFLUXDB: &[Attribute] = &[
    text("host", "Address of the database.").required(),
    integer("port", "Its port.")
        .default_number(8086)
        .checks(PORT),
    USERNAME.required(),
    PASSWORD.required(),
    TEMPLATE,
    boolean("tls", "Whether TLS is used.").default_bool(true),
    INSECURE,
    PEM_BUNDLE,
    PEM_JSON,
    TIMEOUT,
];

/// What Redis needs.
pub const REDIS: &[Attribute] = &[
    text("host", "Address of the database.").required(),
    integer("port", "Its port.")
        .default_number(6379)
        .checks(PORT),
    USERNAME.required(),
    PASSWORD.required(),
    boolean("tls", "Whether TLS is used."),
    INSECURE,
    pem(
        "ca_cert",
        "Certificate of the CA that signs the database's.",
    ),
];

/// What Valkey needs.
pub const VALKEY: &[Attribute] = &joined::<8>(
    REDIS,
    &[text(
        "persistence_mode",
        "How users are kept: `REWRITE`, `ACLFILE` or nothing.",
    )],
);

/// What Couchbase needs.
pub const COUCHBASE: &[Attribute] = &[
    list("hosts", "Addresses of the cluster.")
        .required()
        .comma(),
    USERNAME.required(),
    PASSWORD.required(),
    TEMPLATE,
    boolean("tls", "Whether TLS is used."),
    INSECURE,
    text("base64_pem", "Certificate of the CA, in base64.")
        .sensitive()
        .never_read(),
    text("bucket_name", "A bucket, for versions before 6.5."),
];

/// What Elasticsearch needs.
pub const ELASTICSEARCH: &[Attribute] = &[
    text("url", "Address of the cluster.").required(),
    USERNAME.required(),
    PASSWORD.required(),
    TEMPLATE,
    text("ca_cert", "File of the CA's certificate, on the server."),
    text("ca_path", "Folder of CA certificates, on the server."),
    text(
        "client_cert",
        "File of the client certificate, on the server.",
    ),
    text("client_key", "File of its key, on the server."),
    text(
        "tls_server_name",
        "The name that the certificate must have.",
    ),
    boolean(
        "insecure",
        "Whether the cluster's certificate is not checked.",
    ),
];

/// What MongoDB Atlas needs.
pub const MONGODB_ATLAS: &[Attribute] = &[
    text("public_key", "Name of the key.").required(),
    text("private_key", "The key.")
        .required()
        .sensitive()
        .never_read(),
    text("project_id", "The project.").required(),
    TEMPLATE,
];

/// What ElastiCache needs.
pub const ELASTICACHE: &[Attribute] = &[
    text("url", "Address of the cluster.").required(),
    text("region", "Its region."),
    USERNAME.sensitive(),
    PASSWORD,
];
