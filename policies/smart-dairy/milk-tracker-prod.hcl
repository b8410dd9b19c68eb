# Policy for Milk Tracker production application

# Allow reading own database credentials
path "smart-dairy/db/creds/milk-tracker-readwrite" {
  capabilities = ["read"]
}

path "smart-dairy/db/creds/milk-tracker-readonly" {
  capabilities = ["read"]
}

# Allow reading own static secrets
path "smart-dairy/kv/data/apps/milk-tracker/prod/*" {
  capabilities = ["read"]
}

# Allow listing (but not reading) shared secrets
path "smart-dairy/kv/metadata/shared/*" {
  capabilities = ["list"]
}

# Allow reading specific shared secrets
path "smart-dairy/kv/data/shared/prod/sms-provider" {
  capabilities = ["read"]
}

path "smart-dairy/kv/data/shared/prod/email-provider" {
  capabilities = ["read"]
}

# Allow encryption/decryption with application key
path "smart-dairy/transit/encrypt/app-data" {
  capabilities = ["update"]
}

path "smart-dairy/transit/decrypt/app-data" {
  capabilities = ["update"]
}

# Allow signing JWTs
path "smart-dairy/transit/sign/jwt-signing" {
  capabilities = ["update"]
}

# Allow AWS credentials for S3
# vaultform:allow VF-P010 the AWS engine is mounted where the server has one
path "smart-dairy/aws/creds/s3-readonly" {
  capabilities = ["read"]
}

# Allow renewing own token
path "auth/token/renew-self" {
  capabilities = ["update"]
}

# Allow looking up own token
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
