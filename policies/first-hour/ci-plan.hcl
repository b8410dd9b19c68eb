# A plan and a look for drift only read.
path "sys/*" {
  capabilities = ["read", "list"]
}
path "auth/*" {
  capabilities = ["read", "list"]
}
path "vaultform/*" {
  capabilities = ["read", "list"]
}
path "sys/capabilities-self" {
  capabilities = ["update"]
}
