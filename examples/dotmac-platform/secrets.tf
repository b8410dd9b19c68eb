locals {
  # One secret an entry, each with the single key `value`, as the migration script stored them.
  secret_paths = toset([
    "app/encryption/fallback_key",
    "app/secret_key",
    "auth/jwt/secret_key",
    "billing/paypal/client_id",
    "billing/paypal/client_secret",
    "billing/stripe/api_key",
    "billing/stripe/publishable_key",
    "billing/stripe/webhook_secret",
    "billing/tax/avalara_api_key",
    "billing/tax/taxjar_api_key",
    "database/password",
    "observability/otel_token",
    "observability/sentry_dsn",
    "oss/awx/password",
    "oss/awx/token",
    "oss/genieacs/password",
    "oss/netbox/token",
    "oss/voltha/password",
    "oss/voltha/token",
    "radius/secret",
    "redis/password",
    "search/api_key",
    "smtp/password",
    "smtp/username",
    "storage/access_key",
    "storage/secret_key",
    "webhooks/signing_secret",
  ])
}

resource "vault_mount" "secret" {
  path        = "secret"
  type        = "kv"
  options     = { version = "2" }
  description = "Settings of the platform that nobody else may see"
}

resource "vault_kv_secret_v2" "setting" {
  for_each  = local.secret_paths
  mount     = vault_mount.secret.path
  name      = each.key
  data_json = jsonencode({ value = var.secrets[each.key] })
}

# Nobody knows this one: it is made once and kept on the server.
resource "random_password" "admin" {
  length           = 24
  override_special = "-_.+"
}

resource "vault_kv_secret_v2" "admin" {
  mount     = vault_mount.secret.path
  name      = "auth/platform_admin/password"
  data_json = jsonencode({ value = random_password.admin.result })
}

# The database of the platform holds `vault:wireguard/servers/…/private-key`, never the key.
resource "vault_kv_secret_v2" "wireguard" {
  mount = vault_mount.secret.path
  name  = "wireguard/servers/pNKC8FhUj8cJGMON4LKC9j8pCHGMON4LKC9j8pCH=/private-key"

  data_json = jsonencode({
    private_key    = var.wireguard_private_key
    tenant_id      = "550e8400-e29b-41d4-a716-446655440000"
    created_at     = "2025-10-15T10:30:00.000Z"
    classification = "restricted"
  })

  custom_metadata {
    max_versions = 5
    data = {
      server         = "vpn-us-east-1"
      classification = "restricted"
    }
  }
}
