# An apply writes what the configuration declares.
# vaultform:allow VF-P011 the pipeline that applies manages policies and mounts: `policy for-apply` writes a narrower one
path "sys/*" {
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}
# vaultform:allow VF-P011 it manages the logins: `policy for-apply` writes a narrower one
path "auth/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
path "vaultform/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}
