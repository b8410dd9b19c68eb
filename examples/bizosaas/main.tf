resource "vault_mount" "bizosaas" {
  path        = "bizosaas"
  type        = "kv"
  options     = { version = "2" }
  description = "Secrets of the platform"
}

locals {
  redis = "redis://:${var.redis_password}@bizosaas-redis:6379"

  # Everything below platform/ that is not a key of one service.
  platform = {
    "platform/database" = {
      host     = "bizosaas-postgres-unified"
      port     = "5432"
      database = "bizosaas"
      username = "bizosaas"
      password = var.database_password
    }
    "platform/redis-connection" = {
      host     = "bizosaas-redis"
      port     = "6379"
      password = var.redis_password
    }
    "platform/celery" = {
      broker_url     = "${local.redis}/1"
      result_backend = "${local.redis}/2"
    }
    "platform/new-secret" = { key = var.new_secret }
  }

  # Keys that only their service knows, with the lengths that Django's own generator gave them.
  keys = {
    "platform/django-crm-secret-key" = 49
    "platform/wagtail-secret-key"    = 47
    "platform/temporal-jwt-secret"   = 64
    "encryption/api-keys"            = 44
  }
}

resource "vault_kv_secret_v2" "platform" {
  for_each  = toset(keys(local.platform))
  mount     = vault_mount.bizosaas.path
  name      = each.key
  data_json = jsonencode(local.platform[each.key])
}

resource "random_password" "key" {
  for_each = local.keys
  length   = each.value
}

resource "vault_kv_secret_v2" "key" {
  for_each  = local.keys
  mount     = vault_mount.bizosaas.path
  name      = each.key
  data_json = jsonencode({ value = random_password.key[each.key].result })

  custom_metadata {
    data = { generated = "true" }
  }
}
