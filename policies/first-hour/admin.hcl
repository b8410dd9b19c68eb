# Who takes over from the root token.
path "*" {
  capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"]
}
