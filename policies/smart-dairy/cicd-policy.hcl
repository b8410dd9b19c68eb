# What pipelines may do: read the secrets of the applications that they roll out, and sign certificates for them.
path "smart-dairy/kv/data/apps/+/prod/*" {
  capabilities = ["read"]
}

path "smart-dairy/pki_int/issue/smart-dairy-app" {
  capabilities = ["create", "update"]
}
