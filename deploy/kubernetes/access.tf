# What the job needs on the server. It goes to the configuration that is watched, or to the one that cares for access.
#
#     vaultform policy for-drift > drift.hcl     # again whenever mounts or types come or go
variable "kubernetes_host" {
  type    = string
  default = "https://kubernetes.default.svc"
}

resource "vault_auth_backend" "kubernetes" {
  type = "kubernetes"
}

resource "vault_kubernetes_auth_backend_config" "cluster" {
  backend         = vault_auth_backend.kubernetes.path
  kubernetes_host = var.kubernetes_host
}

resource "vault_policy" "drift" {
  name   = "vaultform-drift"
  policy = file("${path.module}/drift.hcl")
}

resource "vault_kubernetes_auth_backend_role" "drift" {
  backend                          = vault_auth_backend.kubernetes.path
  role_name                        = "vaultform-drift"
  bound_service_account_names      = ["vaultform-drift"]
  bound_service_account_namespaces = ["vaultform"]
  audience                         = "openbao"
  token_policies                   = [vault_policy.drift.name]
  token_ttl                        = 900
  token_max_ttl                    = 900
  token_no_default_policy          = false
}
