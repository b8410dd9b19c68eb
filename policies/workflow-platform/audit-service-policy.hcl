# What the audit service may read.
path "database/creds/audit-readonly" {
  capabilities = ["read"]
}

path "database/creds/audit-readwrite" {
  capabilities = ["read"]
}
