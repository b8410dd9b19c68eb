//! Kubernetes secrets: tokens of service accounts that the server makes.

use super::{LEASE, MOUNT_ID};
use crate::catalog::system::mounts::{MOUNT_FIXED, MOUNT_TUNE};
use crate::catalog::{
    Attribute, DataRead, JsonWire, Life, MountTable, MountType, Omitted, Part, ResourceType, Rule,
    boolean, checked, integer, json, list, map, path, pem, seconds, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[BACKEND, ROLE, READ_TOKEN, OPEN_TOKEN]);

const BACKEND: ResourceType = ResourceType::new(
    "vault_kubernetes_secret_backend",
    "A Kubernetes secrets engine, and how it reaches the cluster.",
    "sys/mounts/{path}",
    Life::Mounted(MountTable::Secrets, MountType::Fixed("kubernetes")),
)
.id("{path}")
.attributes(&[
    path(
        "path",
        "Where the engine is mounted. Another path moves it, with all that it holds.",
    )
    .required()
    .moves(),
    text("kubernetes_host", "Address of the cluster's API.").part("config"),
    pem("kubernetes_ca_cert", "Certificate of the cluster's CA.").part("config"),
    text(
        "service_account_jwt",
        "The token with which the server works in the cluster.",
    )
    .sensitive()
    .never_read()
    .part("config"),
    text(
        "service_account_jwt_wo",
        "The token with which the server works in the cluster.",
    )
    .write_only("service_account_jwt")
    .part("config"),
    integer(
        "service_account_jwt_wo_version",
        "A new number sends `service_account_jwt_wo` again; not needed.",
    )
    .argument(),
    boolean(
        "disable_local_ca_jwt",
        "Whether the certificate and token of the server's own pod are not used.",
    )
    .part("config"),
])
.with(&[MOUNT_FIXED, MOUNT_TUNE])
.parts(&[Part {
    name: "config",
    path: "{path}/config",
    read: true,
    omitted: Omitted::Kept,
    only_if_set: true,
    delete: true,
    each: "",
}])
.rules(&[
    Rule::Conflict(&["service_account_jwt", "service_account_jwt_wo"]),
    Rule::Needs("service_account_jwt_wo_version", "service_account_jwt_wo"),
])
.example(
    r#"resource "vault_kubernetes_secret_backend" "kube" {
  path                 = "kube"
  kubernetes_host      = "https://kube.internal.example:6443"
  service_account_jwt  = "not-a-real-token"
  disable_local_ca_jwt = true
}
"#,
);

const ROLE: ResourceType = ResourceType::new(
    "vault_kubernetes_secret_backend_role",
    "What tokens of service accounts may be asked for.",
    "{backend}/roles/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("{backend}/roles")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the role.").required().identity(),
    list(
        "allowed_kubernetes_namespaces",
        "Namespaces of the cluster that may be asked for; `*` is all.",
    )
    .unordered(),
    json(
        "allowed_kubernetes_namespace_selector",
        JsonWire::Text,
        "Labels of such namespaces, as JSON.",
    ),
    text(
        "service_account_name",
        "A service account that is there already.",
    ),
    text(
        "kubernetes_role_name",
        "A role that is there already, for a new service account.",
    ),
    text("kubernetes_role_type", "`Role` or `ClusterRole`.").default("Role"),
    text(
        "generated_role_rules",
        "Rules of a new role for a new service account, as YAML or JSON.",
    ),
    text(
        "name_template",
        "How names of new accounts and roles are made.",
    ),
    map("extra_labels", "Labels of what is made."),
    map("extra_annotations", "Annotations of what is made."),
    seconds(
        "token_default_ttl",
        "How long tokens live at first; 0 is the mount's default.",
    ),
    seconds(
        "token_max_ttl",
        "How long tokens may live; 0 is the mount's limit.",
    ),
    set(
        "token_default_audiences",
        "Audiences of tokens that ask for none.",
    ),
])
.rules(&[Rule::ExactlyOne(&[
    "service_account_name",
    "kubernetes_role_name",
    "generated_role_rules",
])])
.example(
    r#"resource "vault_kubernetes_secret_backend" "fleet" {
  path                 = "fleet"
  kubernetes_host      = "https://fleet.internal.example:6443"
  service_account_jwt  = "not-a-real-token"
  disable_local_ca_jwt = true
}

resource "vault_kubernetes_secret_backend_role" "deployer" {
  backend                       = vault_kubernetes_secret_backend.fleet.path
  name                          = "deployer"
  allowed_kubernetes_namespaces = ["shop"]
  service_account_name          = "deployer"
  token_default_ttl             = 600
}
"#,
);

/// What both ways to ask for a token share.
const TOKEN: &[Attribute] = &[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("role", "Name of the role.").required().identity(),
    text("kubernetes_namespace", "Namespace of the cluster.").required(),
    boolean(
        "cluster_role_binding",
        "Whether the role counts in the whole cluster.",
    ),
    text("ttl", "How long the token lives."),
    text("service_account_name", "Name of the account.").computed(),
    text("service_account_namespace", "Namespace of the account.").computed(),
    text("service_account_token", "The token.")
        .computed()
        .sensitive(),
];

const READ_TOKEN: ResourceType = ResourceType::data(
    "vault_kubernetes_service_account_token",
    "Asks for a token of a service account.",
    "{backend}/creds/{role}",
    DataRead::Post,
)
.with(&[TOKEN, LEASE])
.example(
    r#"# Needs a cluster that answers.
resource "vault_kubernetes_secret_backend" "asked" {
  path                 = "asked"
  kubernetes_host      = "https://kube.internal.example:6443"
  service_account_jwt  = "not-a-real-token"
  disable_local_ca_jwt = true
}

resource "vault_kubernetes_secret_backend_role" "asked" {
  backend                       = vault_kubernetes_secret_backend.asked.path
  name                          = "deployer"
  allowed_kubernetes_namespaces = ["shop"]
  service_account_name          = "deployer"
}

data "vault_kubernetes_service_account_token" "asked" {
  backend              = vault_kubernetes_secret_backend.asked.path
  role                 = vault_kubernetes_secret_backend_role.asked.name
  kubernetes_namespace = "shop"
}
"#,
);

const OPEN_TOKEN: ResourceType = ResourceType::ephemeral(
    "vault_kubernetes_service_account_token",
    "Asks for a token of a service account, for this run only.",
    "{backend}/creds/{role}",
    DataRead::Post,
)
.attributes(&[MOUNT_ID])
.with(&[TOKEN, LEASE])
.example(
    r#"# Needs a cluster that answers.
resource "vault_kubernetes_secret_backend" "passing" {
  path                 = "passing"
  kubernetes_host      = "https://kube.internal.example:6443"
  service_account_jwt  = "not-a-real-token"
  disable_local_ca_jwt = true
}

resource "vault_kubernetes_secret_backend_role" "passing" {
  backend                       = vault_kubernetes_secret_backend.passing.path
  name                          = "deployer"
  allowed_kubernetes_namespaces = ["shop"]
  service_account_name          = "deployer"
}

ephemeral "vault_kubernetes_service_account_token" "passing" {
  mount_id             = vault_kubernetes_secret_backend_role.passing.id
  backend              = vault_kubernetes_secret_backend.passing.path
  role                 = vault_kubernetes_secret_backend_role.passing.name
  kubernetes_namespace = "shop"
}
"#,
);
