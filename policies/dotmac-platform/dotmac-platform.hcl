# What the application of the platform may do: own two trees, read the rest.
path "secret/data/app/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

path "secret/data/database/*" {
  capabilities = ["read", "list"]
}

path "secret/data/redis/*" {
  capabilities = ["read", "list"]
}

path "secret/data/auth/*" {
  capabilities = ["read", "list"]
}

path "secret/data/billing/*" {
  capabilities = ["read", "list"]
}

path "secret/data/smtp/*" {
  capabilities = ["read", "list"]
}

path "secret/data/storage/*" {
  capabilities = ["read", "list"]
}

path "secret/data/oss/*" {
  capabilities = ["read", "list"]
}

path "secret/data/radius/*" {
  capabilities = ["read", "list"]
}

path "secret/data/wireguard/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

path "secret/data/webhooks/*" {
  capabilities = ["read", "list"]
}

path "secret/data/search/*" {
  capabilities = ["read", "list"]
}

path "secret/data/observability/*" {
  capabilities = ["read", "list"]
}

path "secret/metadata/*" {
  capabilities = ["list"]
}
