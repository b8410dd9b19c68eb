# What the service risk-engine may read: its own secrets.
path "zakupai/data/risk-engine" {
  capabilities = ["read"]
}

path "zakupai/metadata/risk-engine" {
  capabilities = ["read"]
}
