# What the gateway may do with the keys of tenants.
mounts = { "bizosaas/" = "kv" }
covers = ["tenants"]

case "keys of tenants are kept and listed" {
  policies = ["tenants"]

  table {
    allow = {
      "bizosaas/data/tenants/acme/openai" = ["create", "read", "update", "delete"]
      "bizosaas/metadata/tenants/acme"    = ["read", "list", "delete"]
    }
    deny = {
      "bizosaas/data/tenants"           = ["read"]
      "bizosaas/data/platform/database" = ["read"]
      "bizosaas/metadata"               = ["list"]
      "bizosaas/destroy/tenants/acme/x" = ["update"]
    }
  }
}
