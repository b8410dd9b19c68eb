# An apply writes what the configuration declares.
path "sys/*" {
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}
path "auth/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
path "vaultform/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
