//! Kubernetes auth: how pods log in with their service account.

use super::TOKEN_ATTRIBUTES;
use crate::catalog::{
    Attribute, DataRead, JsonWire, Kind, Life, Omitted, Order, Products, ResourceType, Rule,
    boolean, checked, integer, json, path, pem, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[CONFIG, ROLE, READ_CONFIG, READ_ROLE]);

const CONFIG: ResourceType = ResourceType::new(
    "vault_kubernetes_auth_backend_config",
    "How the server asks a cluster whether a service account's token is good.",
    "auth/{backend}/config",
    Life::Singleton {
        omitted: Omitted::Reset,
        delete: false,
    },
)
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("kubernetes")
        .identity(),
    text(
        "kubernetes_host",
        "Address of the cluster's API: `https://kube.example:6443`.",
    )
    .required(),
    pem("kubernetes_ca_cert", "Certificate of the cluster's CA."),
    text(
        "token_reviewer_jwt",
        "The token with which the server asks the cluster.",
    )
    .sensitive()
    .never_read(),
    text(
        "token_reviewer_jwt_wo",
        "The token with which the server asks the cluster.",
    )
    .write_only("token_reviewer_jwt"),
    integer(
        "token_reviewer_jwt_wo_version",
        "A new number sends `token_reviewer_jwt_wo` again; not needed.",
    )
    .argument(),
    Attribute::new(
        "pem_keys",
        Kind::List(&Kind::Pem, Order::Kept),
        "Keys or certificates that sign tokens.",
    ),
    text("issuer", "The issuer that tokens must have."),
    boolean(
        "disable_iss_validation",
        "Whether the issuer is not checked.",
    )
    .default_bool(false),
    boolean(
        "disable_local_ca_jwt",
        "Whether the certificate and token of the server's own pod are not used.",
    ),
    boolean(
        "use_annotations_as_alias_metadata",
        "Whether annotations of the account become metadata.",
    )
    .only(Products::Vault),
])
.rules(&[
    Rule::Conflict(&["token_reviewer_jwt", "token_reviewer_jwt_wo"]),
    Rule::Needs("token_reviewer_jwt_wo_version", "token_reviewer_jwt_wo"),
])
.notes(&["A configuration cannot be removed from its mount; it goes with it."])
.example(
    r#"resource "vault_auth_backend" "cluster" {
  type = "kubernetes"
  path = "cluster"
}

resource "vault_kubernetes_auth_backend_config" "cluster" {
  backend              = vault_auth_backend.cluster.path
  kubernetes_host      = "https://kube.internal.example:6443"
  disable_local_ca_jwt = true
  kubernetes_ca_cert   = <<-EOT
    -----BEGIN CERTIFICATE-----
    MIIBdTCCARugAwIBAgIUWLnJ7zhEEewNFkgOqRjRh9tV6ZAwCgYIKoZIzj0EAwIw
    DzENMAsGA1UEAwwEa3ViZTAgFw0yNjExMjIwMzAyMDZaGA8yMTI2MTAyOTAzMDIw
    NlowDzENMAsGA1UEAwwEa3ViZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI4B
    SoJEDgvA0HcAJyrwTxCCLP6NTD5sBrJovaA6tA21vpkpJ0skxzsef9fmgvDM3kd2
    SYo/5BuPZBHnat7nZi+jUzBRMB0GA1UdDgQWBBTZ78WQrfi/xCAUNRU0fleup+km
    gzAfBgNVHSMEGDAWgBTZ78WQrfi/xCAUNRU0fleup+kmgzAPBgNVHRMBAf8EBTAD
    AQH/MAoGCCqGSM49BAMCA0gAMEUCIAw58yjqVj6nZBpg64lE040Q4SZNSdp7yIXY
    DATV22YqAiEAuQnyEc3cTIgusv2SqCIub2XiNgCH31RrA4RndCgd32M=
    -----END CERTIFICATE-----
  EOT
}
"#,
);

const ROLE: ResourceType = ResourceType::new(
    "vault_kubernetes_auth_backend_role",
    "A role that pods assume by their service account.",
    "auth/{backend}/role/{role_name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("auth/{backend}/role")
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("kubernetes")
        .identity(),
    text("role_name", "Name of the role.").required().identity(),
    set(
        "bound_service_account_names",
        "Service accounts that may log in; `*` is all.",
    )
    .required(),
    set(
        "bound_service_account_namespaces",
        "Namespaces of the cluster from which they may; `*` is all.",
    ),
    json(
        "bound_service_account_namespace_selector",
        JsonWire::Text,
        "Labels of such namespaces, as JSON.",
    ),
    text("audience", "The audience that tokens must have."),
    text(
        "alias_name_source",
        "What names the alias: `serviceaccount_uid` or `serviceaccount_name`.",
    )
    .default("serviceaccount_uid"),
])
.with(&[TOKEN_ATTRIBUTES])
.example(
    r#"resource "vault_auth_backend" "pods" {
  type = "kubernetes"
  path = "pods"
}

resource "vault_kubernetes_auth_backend_role" "api" {
  backend                          = vault_auth_backend.pods.path
  role_name                        = "api"
  bound_service_account_names      = ["api"]
  bound_service_account_namespaces = ["shop"]
  token_policies                   = ["default"]
  token_ttl                        = 600
}
"#,
);

const READ_CONFIG: ResourceType = ResourceType::data(
    "vault_kubernetes_auth_backend_config",
    "Reads how the server asks a cluster.",
    "auth/{backend}/config",
    DataRead::Get,
)
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("kubernetes")
        .identity(),
    text("kubernetes_host", "Address of the cluster's API.").server_decides(),
    pem("kubernetes_ca_cert", "Certificate of the cluster's CA.").server_decides(),
    Attribute::new(
        "pem_keys",
        Kind::List(&Kind::Pem, Order::Kept),
        "Keys or certificates that sign tokens.",
    )
    .server_decides(),
    text("issuer", "The issuer that tokens must have.").server_decides(),
    boolean(
        "disable_iss_validation",
        "Whether the issuer is not checked.",
    )
    .server_decides(),
    boolean(
        "disable_local_ca_jwt",
        "Whether the server's own pod is left out.",
    )
    .server_decides(),
    boolean(
        "use_annotations_as_alias_metadata",
        "Whether annotations become metadata.",
    )
    .server_decides(),
])
.example(
    r#"resource "vault_auth_backend" "blue" {
  type = "kubernetes"
  path = "blue"
}

resource "vault_kubernetes_auth_backend_config" "blue" {
  backend              = vault_auth_backend.blue.path
  kubernetes_host      = "https://blue.internal.example:6443"
  disable_local_ca_jwt = true
  kubernetes_ca_cert   = <<-EOT
    -----BEGIN CERTIFICATE-----
    MIIBdTCCARugAwIBAgIUWLnJ7zhEEewNFkgOqRjRh9tV6ZAwCgYIKoZIzj0EAwIw
    DzENMAsGA1UEAwwEa3ViZTAgFw0yNjExMjIwMzAyMDZaGA8yMTI2MTAyOTAzMDIw
    NlowDzENMAsGA1UEAwwEa3ViZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI4B
    SoJEDgvA0HcAJyrwTxCCLP6NTD5sBrJovaA6tA21vpkpJ0skxzsef9fmgvDM3kd2
    SYo/5BuPZBHnat7nZi+jUzBRMB0GA1UdDgQWBBTZ78WQrfi/xCAUNRU0fleup+km
    gzAfBgNVHSMEGDAWgBTZ78WQrfi/xCAUNRU0fleup+kmgzAPBgNVHRMBAf8EBTAD
    AQH/MAoGCCqGSM49BAMCA0gAMEUCIAw58yjqVj6nZBpg64lE040Q4SZNSdp7yIXY
    DATV22YqAiEAuQnyEc3cTIgusv2SqCIub2XiNgCH31RrA4RndCgd32M=
    -----END CERTIFICATE-----
  EOT
}

data "vault_kubernetes_auth_backend_config" "blue" {
  backend = vault_kubernetes_auth_backend_config.blue.backend
}
"#,
);

const READ_ROLE: ResourceType = ResourceType::data(
    "vault_kubernetes_auth_backend_role",
    "Reads a role that pods assume.",
    "auth/{backend}/role/{role_name}",
    DataRead::Get,
)
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("kubernetes")
        .identity(),
    text("role_name", "Name of the role.").required().identity(),
    set(
        "bound_service_account_names",
        "Service accounts that may log in.",
    )
    .computed(),
    set(
        "bound_service_account_namespaces",
        "Namespaces of the cluster from which they may.",
    )
    .computed(),
    text(
        "bound_service_account_namespace_selector",
        "Labels of such namespaces, as JSON.",
    )
    .computed(),
    text("audience", "The audience that tokens must have."),
    text("alias_name_source", "What names the alias.").computed(),
])
.with(&[TOKEN_ATTRIBUTES])
.example(
    r#"resource "vault_auth_backend" "green" {
  type = "kubernetes"
  path = "green"
}

resource "vault_kubernetes_auth_backend_role" "web" {
  backend                          = vault_auth_backend.green.path
  role_name                        = "web"
  bound_service_account_names      = ["web"]
  bound_service_account_namespaces = ["shop"]
}

data "vault_kubernetes_auth_backend_role" "web" {
  backend   = vault_auth_backend.green.path
  role_name = vault_kubernetes_auth_backend_role.web.role_name
}
"#,
);
