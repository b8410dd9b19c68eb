# What the delivery service may read: its own secrets and the shared providers.
path "smart-dairy/kv/data/apps/delivery-service/prod/*" {
  capabilities = ["read"]
}

path "smart-dairy/kv/data/shared/prod/*" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}
