locals {
  services = toset(["billing", "gateway", "risk-engine"])
}

resource "vault_mount" "zakupai" {
  path        = "zakupai"
  type        = "kv-v2"
  description = "Secrets of the services"
}

# A rollback of a stage must find the earlier values.
resource "vault_kv_secret_backend_v2" "zakupai" {
  mount        = vault_mount.zakupai.path
  max_versions = 10
}

resource "vault_kv_secret_v2" "service" {
  for_each            = local.services
  mount               = vault_mount.zakupai.path
  name                = each.key
  data_json           = jsonencode(var.services[each.key])
  delete_all_versions = true

  depends_on = [vault_kv_secret_backend_v2.zakupai]
}

resource "vault_policy" "service" {
  for_each = local.services
  name     = "zakupai-${each.key}"
  policy   = file("${path.module}/../../policies/zakupai/${each.key}.hcl")
}

resource "vault_auth_backend" "approle" {
  type = "approle"

  tune {
    default_lease_ttl = "1h"
    max_lease_ttl     = "24h"
  }
}

resource "vault_approle_auth_backend_role" "service" {
  for_each       = local.services
  backend        = vault_auth_backend.approle.path
  role_name      = each.key
  token_policies = [vault_policy.service[each.key].name]
  token_ttl      = 3600
  token_max_ttl  = 14400
}

resource "vault_approle_auth_backend_role_secret_id" "service" {
  for_each  = local.services
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.service[each.key].role_name
  metadata  = jsonencode({ service = each.key })
}

resource "vault_audit" "file" {
  type    = "file"
  options = { file_path = var.audit_log }
}

output "role_ids" {
  description = "What each service logs in with, beside its secret ID."
  value       = { for name, role in vault_approle_auth_backend_role.service : name => role.role_id }
}
