# What the workflow service may do.
# Read OpenAI credentials
# vaultform:allow VF-P003 the deny below is for all other secrets
path "secret/data/openai" {
  capabilities = ["read"]
}

# Read Anthropic credentials
# vaultform:allow VF-P003 the deny below is for all other secrets
path "secret/data/anthropic" {
  capabilities = ["read"]
}

# Generate database credentials
path "database/creds/workflow-readwrite" {
  capabilities = ["read"]
}

# Encrypt/decrypt with Transit
path "transit/encrypt/workflow-data" {
  capabilities = ["update"]
}

path "transit/decrypt/workflow-data" {
  capabilities = ["update"]
}

# Issue TLS certificates
path "pki/issue/workflow-service" {
  capabilities = ["create", "update"]
}

# Renew leases
path "sys/leases/renew" {
  capabilities = ["update"]
}

# Deny access to other secrets
path "secret/data/*" {
  capabilities = ["deny"]
}
