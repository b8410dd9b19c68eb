# Full admin access (use sparingly)

# vaultform:allow VF-P009,VF-P011 the break-glass policy: no role has it, a token with it is made by hand
path "*" {
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}
