# What the notification service may read.
path "secret/data/smtp" {
  capabilities = ["read"]
}

path "secret/data/twilio" {
  capabilities = ["read"]
}

path "database/creds/notification-readwrite" {
  capabilities = ["read"]
}
