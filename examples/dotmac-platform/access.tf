resource "vault_policy" "platform" {
  name   = "dotmac-platform"
  policy = file("${path.module}/../../policies/dotmac-platform/dotmac-platform.hcl")
}

# `vault token create -role=dotmac-platform -display-name=dotmac-platform`: renewable for ever, in steps of a day.
# vaultform:allow VF-R004 the application renews the one token that it was started with
resource "vault_token_auth_backend_role" "platform" {
  role_name        = "dotmac-platform"
  allowed_policies = [vault_policy.platform.name]
  token_period     = 24 * 60 * 60
  orphan           = true
}

resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_approle_auth_backend_role" "platform" {
  backend        = vault_auth_backend.approle.path
  role_name      = "dotmac-platform"
  secret_id_ttl  = 24 * 60 * 60
  token_ttl      = 20 * 60
  token_max_ttl  = 30 * 60
  token_policies = [vault_policy.platform.name]
}

resource "vault_approle_auth_backend_role_secret_id" "platform" {
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.platform.role_name
}

resource "vault_auth_backend" "kubernetes" {
  type = "kubernetes"
}

resource "vault_kubernetes_auth_backend_config" "cluster" {
  backend              = vault_auth_backend.kubernetes.path
  kubernetes_host      = var.kubernetes_host
  kubernetes_ca_cert   = file("${path.module}/kubernetes-ca.pem")
  disable_local_ca_jwt = true
}

resource "vault_kubernetes_auth_backend_role" "platform" {
  backend                          = vault_auth_backend.kubernetes.path
  role_name                        = "dotmac-platform"
  bound_service_account_names      = ["dotmac-platform"]
  bound_service_account_namespaces = ["production"]
  token_policies                   = [vault_policy.platform.name]
  token_ttl                        = 20 * 60
}

resource "vault_audit" "file" {
  type    = "file"
  options = { file_path = var.audit_log }
}

output "role_id" {
  description = "What the application logs in with, beside its secret ID."
  value       = vault_approle_auth_backend_role.platform.role_id
}
