# Full admin access (use sparingly)

path "*" {
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}
