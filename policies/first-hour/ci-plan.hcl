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
# vaultform:allow VF-P002 nothing is read there
path "sys/capabilities-self" {
  capabilities = ["update"]
}
