//! RabbitMQ: users of a broker that the server makes.

use crate::catalog::system::mounts::{MOUNT_FIXED, MOUNT_TUNE};
use crate::catalog::{
    Attribute, Life, MountTable, MountType, Omitted, Part, ResourceType, Rule, block_set, boolean,
    checked, integer, path, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[BACKEND, ROLE]);

const BACKEND: ResourceType = ResourceType::new(
    "vault_rabbitmq_secret_backend",
    "A RabbitMQ secrets engine, and how it reaches the broker.",
    "sys/mounts/{path}",
    Life::Mounted(MountTable::Secrets, MountType::Fixed("rabbitmq")),
)
.id("{path}")
.attributes(&[
    path(
        "path",
        "Where the engine is mounted. Another path moves it, with all that it holds.",
    )
    .default("rabbitmq")
    .moves(),
    boolean(
        "disable_remount",
        "Whether another path makes a new mount, rather than moving this one.",
    )
    .argument(),
    text("connection_uri", "Address of the broker's management.")
        .required()
        .never_read()
        .part("connection"),
    text("username", "The user as whom the server works.")
        .required()
        .sensitive()
        .never_read()
        .part("connection"),
    text("password", "Password of that user.")
        .sensitive()
        .never_read()
        .part("connection"),
    text("password_wo", "Password of that user.")
        .write_only("password")
        .part("connection"),
    integer(
        "password_wo_version",
        "A new number sends `password_wo` again; not needed.",
    )
    .argument(),
    boolean(
        "verify_connection",
        "Whether the server tries the connection when it is written.",
    )
    .default_bool(true)
    .steers()
    .part("connection"),
    text("password_policy", "The policy that passwords follow.")
        .never_read()
        .part("connection")
        .refers("sys/policies/password/{}"),
    text("username_template", "How names of new users are made.")
        .never_read()
        .part("connection"),
])
.with(&[MOUNT_FIXED, MOUNT_TUNE])
.parts(&[Part {
    name: "connection",
    path: "{path}/config/connection",
    read: false,
    omitted: Omitted::Reset,
    only_if_set: false,
    delete: false,
    each: "",
}])
.rules(&[
    Rule::ExactlyOne(&["password", "password_wo"]),
    Rule::Needs("password_wo_version", "password_wo"),
])
.notes(&["The server answers nothing of the connection: all of it is compared by digest."])
.example(
    r#"resource "vault_rabbitmq_secret_backend" "queue" {
  path              = "queue"
  connection_uri    = "http://queue.internal.example:15672"
  username          = "steward"
  password          = "queue-password"
  verify_connection = false
}
"#,
);

const ROLE: ResourceType = ResourceType::new(
    "vault_rabbitmq_secret_backend_role",
    "What a user of the broker may do.",
    "{backend}/roles/{name}",
    Life::Upsert(Omitted::Reset),
)
.list("{backend}/roles")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the role.").required().identity(),
    text("tags", "Tags of the user, with commas between."),
    block_set("vhost", VHOST, "What it may do on a virtual host.")
        .keyed_text("host")
        .field("vhosts")
        .said_empty(),
    block_set(
        "vhost_topic",
        VHOST_TOPIC,
        "What it may do with topics of a virtual host.",
    )
    .keyed_text("host")
    .field("vhost_topics"),
])
.example(
    r#"resource "vault_rabbitmq_secret_backend" "broker" {
  path              = "broker"
  connection_uri    = "http://broker.internal.example:15672"
  username          = "steward"
  password          = "broker-password"
  verify_connection = false
}

resource "vault_rabbitmq_secret_backend_role" "worker" {
  backend = vault_rabbitmq_secret_backend.broker.path
  name    = "worker"
  tags    = "monitoring"

  vhost {
    host      = "/"
    configure = ""
    read      = ".*"
    write     = "orders-.*"
  }
}
"#,
);

const VHOST: &[Attribute] = &[
    text("host", "The virtual host.").required(),
    text("configure", "What it may configure, as a pattern.").required(),
    text("read", "What it may read.").required(),
    text("write", "What it may write.").required(),
];

const VHOST_TOPIC: &[Attribute] = &[
    text("host", "The virtual host.").required(),
    block_set("vhost", TOPIC, "An exchange.")
        .keyed("topic")
        .field("."),
];

const TOPIC: &[Attribute] = &[
    text("topic", "The exchange.").required(),
    text("read", "What it may read.").required(),
    text("write", "What it may write.").required(),
];
