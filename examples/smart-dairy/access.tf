locals {
  policies = toset([
    "admin",
    "cicd-policy",
    "delivery-service-prod",
    "devops",
    "milk-tracker-prod",
    "own-identity",
    "security",
  ])

  # Service accounts of each application; its namespace has its name.
  accounts = {
    milk-tracker     = ["milk-tracker", "milk-tracker-sa"]
    delivery-service = ["delivery-service", "delivery-sa"]
  }
}

# vaultform:allow VF-R001 admin, devops and security are for people, whom the guide logs in by GitHub
resource "vault_policy" "policy" {
  for_each = local.policies
  name     = each.key
  policy   = file("${path.module}/../../policies/smart-dairy/${each.key}.hcl")
}

resource "vault_auth_backend" "kubernetes" {
  type = "kubernetes"
  path = "smart-dairy/k8s"
}

resource "vault_kubernetes_auth_backend_config" "cluster" {
  backend              = vault_auth_backend.kubernetes.path
  kubernetes_host      = var.kubernetes_host
  kubernetes_ca_cert   = file("${path.module}/kubernetes-ca.pem")
  token_reviewer_jwt   = var.kubernetes_reviewer_jwt
  issuer               = "https://kubernetes.default.svc.cluster.local"
  disable_local_ca_jwt = true
}

resource "vault_kubernetes_auth_backend_role" "application" {
  for_each                         = local.accounts
  backend                          = vault_auth_backend.kubernetes.path
  role_name                        = each.key
  bound_service_account_names      = each.value
  bound_service_account_namespaces = [each.key]
  token_policies                   = [vault_policy.policy["${each.key}-prod"].name]
  token_ttl                        = 3600
  token_max_ttl                    = 4 * 3600
}

resource "vault_auth_backend" "approle" {
  type = "approle"
  path = "smart-dairy/approle"
}

resource "vault_approle_auth_backend_role" "cicd" {
  backend            = vault_auth_backend.approle.path
  role_name          = "cicd"
  token_policies     = [vault_policy.policy["cicd-policy"].name]
  secret_id_ttl      = 3600
  secret_id_num_uses = 1
  token_ttl          = 30 * 60
  token_max_ttl      = 3600
  bind_secret_id     = true
}

# GitLab signs a token for each job; the job says which project and branch it runs for.
resource "vault_jwt_auth_backend" "gitlab" {
  path                   = "smart-dairy/jwt"
  jwt_validation_pubkeys = var.gitlab_keys
  bound_issuer           = "https://gitlab.smartdairy.internal"
  default_role           = "gitlab-ci"
}

resource "vault_jwt_auth_backend_role" "gitlab_ci" {
  backend           = vault_jwt_auth_backend.gitlab.path
  role_name         = "gitlab-ci"
  role_type         = "jwt"
  user_claim        = "project_path"
  bound_audiences   = ["https://vault.smartdairy.internal:8200"]
  bound_claims_type = "glob"
  bound_claims      = { project_path = "smart-dairy/*", ref_protected = "true" }
  claim_mappings    = { project_path = "project" }
  token_ttl         = 15 * 60
  token_max_ttl     = 3600

  token_policies = [
    vault_policy.policy["cicd-policy"].name,
    vault_policy.policy["own-identity"].name,
  ]
}

resource "vault_audit" "file" {
  type    = "file"
  options = { file_path = var.audit_log }
}

resource "vault_audit" "syslog" {
  count = var.audit_syslog ? 1 : 0
  type  = "syslog"
  options = {
    tag      = "vault-audit"
    facility = "AUTH"
  }
}

resource "vault_audit" "socket" {
  count = var.audit_socket == "" ? 0 : 1
  type  = "socket"
  options = {
    address     = var.audit_socket
    socket_type = "tcp"
  }
}
