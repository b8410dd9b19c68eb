# DevOps team policy

# Manage application secrets
path "smart-dairy/kv/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Manage database configuration
path "smart-dairy/db/config/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Manage database roles
path "smart-dairy/db/roles/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Revoke database leases
path "smart-dairy/db/revoke/*" {
  capabilities = ["update"]
}

# Manage AWS configuration
# vaultform:allow VF-P010 the AWS engine is mounted where the server has one
path "smart-dairy/aws/config/*" {
  capabilities = ["create", "read", "update", "delete"]
}

# vaultform:allow VF-P010 the AWS engine is mounted where the server has one
path "smart-dairy/aws/roles/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Manage Transit keys
path "smart-dairy/transit/keys/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Manage PKI
path "smart-dairy/pki/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Read system health
path "sys/health" {
  capabilities = ["read"]
}

path "sys/seal-status" {
  capabilities = ["read"]
}

# Manage policies (read-only, no sudo)
path "sys/policies/acl/*" {
  capabilities = ["read", "list"]
}

# View audit logs
path "sys/audit" {
  capabilities = ["read", "sudo"]
}

# View metrics
path "sys/metrics" {
  capabilities = ["read"]
}
