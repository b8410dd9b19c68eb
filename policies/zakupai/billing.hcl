# What the service billing may read: its own secrets.
path "zakupai/data/billing" {
  capabilities = ["read"]
}

path "zakupai/metadata/billing" {
  capabilities = ["read"]
}
