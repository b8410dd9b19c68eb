# What the application of the platform may do: own two trees, read the rest.
path "secret/data/app/*" {
  capabilities = ["create", "read", "update", "delete"]
}

path "secret/data/database/*" {
  capabilities = ["read"]
}

path "secret/data/redis/*" {
  capabilities = ["read"]
}

path "secret/data/auth/*" {
  capabilities = ["read"]
}

path "secret/data/billing/*" {
  capabilities = ["read"]
}

path "secret/data/smtp/*" {
  capabilities = ["read"]
}

path "secret/data/storage/*" {
  capabilities = ["read"]
}

path "secret/data/oss/*" {
  capabilities = ["read"]
}

path "secret/data/radius/*" {
  capabilities = ["read"]
}

path "secret/data/wireguard/*" {
  capabilities = ["create", "read", "update", "delete"]
}

path "secret/data/webhooks/*" {
  capabilities = ["read"]
}

path "secret/data/search/*" {
  capabilities = ["read"]
}

path "secret/data/observability/*" {
  capabilities = ["read"]
}

path "secret/metadata/*" {
  capabilities = ["list"]
}
