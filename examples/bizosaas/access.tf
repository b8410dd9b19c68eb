# No service holds the root token any more: each has a policy of its own, an AppRole and a token role.
locals {
  reads = {
    django-crm    = ["platform/database", "platform/redis-connection", "platform/celery", "platform/django-crm-secret-key"]
    wagtail-cms   = ["platform/database", "platform/redis-connection", "platform/wagtail-secret-key"]
    temporal      = ["platform/database", "platform/redis-connection", "platform/temporal-jwt-secret"]
    brain-gateway = ["platform/*", "encryption/api-keys"]
  }
}

data "vault_policy_document" "service" {
  for_each = local.reads

  dynamic "rule" {
    for_each = each.value
    content {
      path         = "${vault_mount.bizosaas.path}/data/${rule.value}"
      capabilities = ["read"]
      description  = "secrets of ${each.key}"
    }
  }

  rule {
    path         = "auth/token/renew-self"
    capabilities = ["update"]
  }
}

resource "vault_policy" "service" {
  for_each = local.reads
  name     = "bizosaas-${each.key}"
  policy   = data.vault_policy_document.service[each.key].hcl
}

# The gateway keeps the API keys that tenants bring.
resource "vault_policy" "tenants" {
  name   = "bizosaas-tenants"
  policy = file("${path.module}/../../policies/bizosaas/tenants.hcl")
}

# vaultform:allow VF-R011 the platform's quick reference has none: the audit device is the server's own setting
resource "vault_auth_backend" "approle" {
  type        = "approle"
  description = "Services of the platform"
}

resource "vault_approle_auth_backend_role" "service" {
  for_each  = local.reads
  backend   = vault_auth_backend.approle.path
  role_name = each.key
  token_policies = concat(
    [vault_policy.service[each.key].name],
    each.key == "brain-gateway" ? [vault_policy.tenants.name] : [],
  )
  token_ttl          = 3600
  token_max_ttl      = 14400
  secret_id_ttl      = 0
  secret_id_num_uses = 0
}

resource "vault_approle_auth_backend_role_secret_id" "service" {
  for_each  = local.reads
  backend   = vault_auth_backend.approle.path
  role_name = vault_approle_auth_backend_role.service[each.key].role_name
}

# vaultform:allow VF-R004 each service renews the one token that it was started with
resource "vault_token_auth_backend_role" "service" {
  for_each         = local.reads
  role_name        = "bizosaas-${each.key}"
  allowed_policies = [vault_policy.service[each.key].name]
  token_period     = 86400
  orphan           = true
}

output "role_ids" {
  description = "What each service logs in with, beside its secret ID."
  value       = { for name, role in vault_approle_auth_backend_role.service : name => role.role_id }
}
