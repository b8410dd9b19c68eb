# Security team policy - audit and incident response

# Read all secrets (audit only)
path "smart-dairy/kv/*" {
  capabilities = ["read", "list"]
}

# View all auth methods
path "sys/auth" {
  capabilities = ["read", "sudo"]
}

path "sys/auth/*" {
  capabilities = ["read", "list"]
}

# View audit devices
path "sys/audit" {
  capabilities = ["read", "sudo"]
}

path "sys/audit/*" {
  capabilities = ["read", "list"]
}

# View lease information
path "sys/leases/*" {
  capabilities = ["read", "list"]
}

# Revoke leases during incident response
path "sys/leases/revoke/*" {
  capabilities = ["update"]
}

# View policies
path "sys/policies/acl/*" {
  capabilities = ["read", "list"]
}

# View seal status
path "sys/seal-status" {
  capabilities = ["read"]
}

# View health
path "sys/health" {
  capabilities = ["read"]
}

# View metrics
path "sys/metrics" {
  capabilities = ["read"]
}
