locals {
  policies = toset([
    "audit-service-policy",
    "llm-agent-service-policy",
    "notification-service-policy",
    "workflow-ci",
    "workflow-service-policy",
  ])
}

# vaultform:allow VF-R001 the roles of the other services are made where these are deployed
resource "vault_policy" "service" {
  for_each = local.policies
  name     = each.key
  policy   = file("${path.module}/../../policies/workflow-platform/${each.key}.hcl")
}

resource "vault_auth_backend" "kubernetes" {
  type = "kubernetes"
}

resource "vault_kubernetes_auth_backend_config" "cluster" {
  backend              = vault_auth_backend.kubernetes.path
  kubernetes_host      = "https://kubernetes.default.svc:443"
  kubernetes_ca_cert   = file("${path.module}/kubernetes-ca.pem")
  token_reviewer_jwt   = var.kubernetes_reviewer_jwt
  disable_local_ca_jwt = true
}

resource "vault_kubernetes_auth_backend_role" "service" {
  backend                          = vault_auth_backend.kubernetes.path
  role_name                        = "workflow-service"
  bound_service_account_names      = ["workflow-service"]
  bound_service_account_namespaces = ["production"]
  token_policies                   = [vault_policy.service["workflow-service-policy"].name]
  token_ttl                        = 3600
}

resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_approle_auth_backend_role" "ci" {
  backend        = vault_auth_backend.approle.path
  role_name      = "workflow-ci"
  token_policies = [vault_policy.service["workflow-ci"].name]
  token_ttl      = 3600
  token_max_ttl  = 4 * 3600
}

resource "vault_approle_auth_backend_role_secret_id" "ci" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.ci.role_name
}

resource "vault_audit" "file" {
  type    = "file"
  options = { file_path = var.audit_log }
}

resource "vault_audit" "syslog" {
  count   = var.audit_syslog ? 1 : 0
  type    = "syslog"
  options = {}
}

output "role_id" {
  description = "What pipelines log in with, beside their secret ID."
  value       = vault_approle_auth_backend_role.ci.role_id
}

output "root_certificate" {
  description = "What clients of the services must trust."
  value       = vault_pki_secret_backend_root_cert.root.certificate
}
