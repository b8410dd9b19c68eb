# What the service gateway may read: its own secrets.
path "zakupai/data/gateway" {
  capabilities = ["read"]
}

path "zakupai/metadata/gateway" {
  capabilities = ["read"]
}
