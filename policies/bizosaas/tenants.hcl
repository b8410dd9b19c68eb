# Keys of tenants, kept by the gateway on their behalf.
path "bizosaas/data/tenants/*" {
  capabilities = ["create", "read", "update", "delete"]
}

path "bizosaas/metadata/tenants/*" {
  capabilities = ["read", "list", "delete"]
}
