# Who takes over from the root token.
# vaultform:allow VF-P009 the one administrator of the first hour: narrow it when others come
# vaultform:allow VF-P011 the same
path "*" {
  capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"]
}
