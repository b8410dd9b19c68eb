resource "vault_mount" "kv" {
  path        = "smart-dairy/kv"
  type        = "kv-v2"
  description = "Static secrets: apps/APPLICATION/ENVIRONMENT/NAME and shared/ENVIRONMENT/NAME"
}

# The guide sets this on the folder apps/; a folder has no settings, the mount has.
resource "vault_kv_secret_backend_v2" "kv" {
  mount                = vault_mount.kv.path
  max_versions         = 10
  delete_version_after = 768 * 3600
}

locals {
  databases = {
    milk-tracker     = { user = "mt_app_user", database = "milk_tracker_prod" }
    delivery-service = { user = "ds_app_user", database = "delivery_service_prod" }
    payment-service  = { user = "ps_app_user", database = "payment_service_prod" }
  }
}

resource "random_password" "database" {
  for_each = local.databases
  length   = 32
}

resource "vault_kv_secret_v2" "database" {
  for_each = local.databases
  mount    = vault_mount.kv.path
  name     = "apps/${each.key}/prod/database"

  data_json = jsonencode({
    username = each.value.user
    password = random_password.database[each.key].result
    host     = "prod-db.smartdairy.internal"
    port     = "5432"
    database = each.value.database
  })
}

resource "random_password" "jwt" {
  length  = 64
  special = false
}

locals {
  others = {
    "apps/milk-tracker/prod/api-keys" = var.api_keys
    "apps/milk-tracker/prod/jwt"      = { secret = random_password.jwt.result }
    "shared/prod/sms-provider"        = var.sms_provider
    "shared/prod/email-provider"      = var.email_provider
  }
}

resource "vault_kv_secret_v2" "other" {
  for_each  = toset(keys(local.others))
  mount     = vault_mount.kv.path
  name      = each.key
  data_json = jsonencode(local.others[each.key])
}
