# What the application of the platform may do.
mounts = { "secret/" = "kv" }
covers = ["dotmac-platform"]

case "the application owns two trees" {
  policies = ["dotmac-platform"]

  table {
    allow = {
      "secret/data/app/encryption/fallback_key"  = ["create", "read", "update", "delete"]
      "secret/data/wireguard/servers/x/private-key" = ["create", "read", "update", "delete"]
    }
    deny = {
      "secret/data/app"      = ["read"]
      "secret/data/app/x"    = ["patch", "sudo"]
      "secret/destroy/app/x" = ["update"]
    }
  }
}

case "and reads the rest" {
  policies = ["dotmac-platform"]

  table {
    allow = {
      "secret/data/database/password"       = ["read"]
      "secret/data/redis/password"          = ["read"]
      "secret/data/auth/jwt/secret_key"     = ["read"]
      "secret/data/billing/stripe/api_key"  = ["read"]
      "secret/data/smtp/password"           = ["read"]
      "secret/data/storage/access_key"      = ["read"]
      "secret/data/oss/awx/token"           = ["read"]
      "secret/data/radius/secret"           = ["read"]
      "secret/data/webhooks/signing_secret" = ["read"]
      "secret/data/search/api_key"          = ["read"]
      "secret/data/observability/sentry_dsn" = ["read"]
      "secret/metadata/billing"             = ["list"]
    }
    deny = {
      "secret/data/database/password" = ["create", "update", "delete"]
      "secret/data/other"             = ["read"]
      "secret/metadata/billing"       = ["read", "delete"]
      "sys/mounts"                    = ["read"]
    }
  }
}
