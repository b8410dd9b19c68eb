# Security team policy - audit and incident response

# Read all secrets (audit only)
path "smart-dairy/kv/*" {
  capabilities = ["read", "list"]
}

# View all auth methods
path "sys/auth" {
  capabilities = ["read"]
}

# vaultform:allow VF-P008 closed on purpose: reading it would take sudo, which the team is not given
path "sys/auth/*" {
  capabilities = ["read", "list"]
}

# View audit devices
path "sys/audit" {
  capabilities = ["read", "sudo"]
}

# vaultform:allow VF-P008 closed on purpose: reading it would take sudo, which the team is not given
path "sys/audit/*" {
  capabilities = ["read", "list"]
}

# View lease information
path "sys/leases/*" {
  capabilities = ["read", "list"]
}

# Revoke leases during incident response
# vaultform:allow VF-P002 revoking takes nothing but update
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
