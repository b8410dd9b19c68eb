# Where the variables of the old `.env` file go: `vaultform secrets import .env` (env.example shows the file).
secrets {
  mount = "secret"

  # Not for Vault: how to reach it.
  ignore = ["VAULT_*"]

  rule "database" {
    match = ["DATABASE_*"]
    path  = "database/{rest}"
  }
  rule "redis" {
    match = ["REDIS_*"]
    path  = "redis/{rest}"
  }
  rule "app" {
    match = ["SECRET_KEY"]
    path  = "app/secret_key"
    field = "value"
  }
  rule "encryption" {
    match = ["ENCRYPTION_*"]
    path  = "app/encryption/{rest}"
  }
  rule "jwt" {
    match = ["JWT_*"]
    path  = "auth/jwt/{rest}"
  }
  rule "admin" {
    match = ["PLATFORM_ADMIN_*"]
    path  = "auth/platform_admin/{rest}"
  }
  rule "smtp" {
    match = ["SMTP_*"]
    path  = "smtp/{rest}"
  }
  rule "storage" {
    match = ["STORAGE_*"]
    path  = "storage/{rest}"
  }
  rule "stripe" {
    match = ["STRIPE_*"]
    path  = "billing/stripe/{rest}"
  }
  rule "paypal" {
    match = ["PAYPAL_*"]
    path  = "billing/paypal/{rest}"
  }
  rule "tax" {
    match = ["TAXJAR_*", "AVALARA_*"]
    path  = "billing/tax/{name}"
  }
  rule "voltha" {
    match = ["VOLTHA_*"]
    path  = "oss/voltha/{rest}"
  }
  rule "genieacs" {
    match = ["GENIEACS_*"]
    path  = "oss/genieacs/{rest}"
  }
  rule "netbox" {
    match = ["NETBOX_*"]
    path  = "oss/netbox/{rest}"
  }
  rule "awx" {
    match = ["AWX_*"]
    path  = "oss/awx/{rest}"
  }
  rule "radius" {
    match = ["RADIUS_*"]
    path  = "radius/{rest}"
  }
  rule "webhooks" {
    match = ["WEBHOOK_*"]
    path  = "webhooks/{rest}"
  }
  rule "search" {
    match = ["SEARCH_*"]
    path  = "search/{rest}"
  }
  # Many values in one secret: a field for each.
  rule "wireguard" {
    match = ["WIREGUARD_*"]
    path  = "wireguard/default"
    field = "{rest}"
  }
  rule "observability" {
    match = ["SENTRY_*", "OTEL_*"]
    path  = "observability/{name}"
  }
}
