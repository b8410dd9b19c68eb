# Who of Smart Dairy may do what.
mounts = {
  "smart-dairy/kv/"      = "kv"
  "smart-dairy/pki/"     = "pki"
  "smart-dairy/pki_int/" = "pki"
}
covers = ["admin", "cicd-policy", "delivery-service-prod", "devops", "milk-tracker-prod", "security"]

case "admins may do everything" {
  policies = ["admin"]

  table {
    allow = {
      "sys/policies/acl/x"          = ["update", "sudo"]
      "smart-dairy/kv/data/x"       = ["create", "read", "update", "delete"]
      "smart-dairy/kv/metadata"     = ["list"]
      "smart-dairy/pki/root"        = ["delete"]
      "sys/audit"                   = ["read"]
    }
    deny = {
      "smart-dairy/kv/data/x" = ["patch"]
    }
  }
}

case "pipelines read production secrets and sign certificates" {
  policies = ["cicd-policy"]

  table {
    allow = {
      "smart-dairy/kv/data/apps/milk-tracker/prod/db" = ["read"]
      "smart-dairy/pki_int/issue/smart-dairy-app"     = ["create", "update"]
    }
    deny = {
      "smart-dairy/kv/data/apps/milk-tracker/dev/db" = ["read"]
      "smart-dairy/kv/data/apps/a/b/prod/db"         = ["read"]
      "smart-dairy/pki_int/issue/database"           = ["update"]
    }
  }
}

case "the delivery service reads its own and the shared secrets" {
  policies = ["delivery-service-prod"]

  table {
    allow = {
      "smart-dairy/kv/data/apps/delivery-service/prod/db" = ["read"]
      "smart-dairy/kv/data/shared/prod/sms-provider"      = ["read"]
      "auth/token/renew-self"                             = ["update"]
    }
    deny = {
      "smart-dairy/kv/data/apps/milk-tracker/prod/db" = ["read"]
    }
  }
}

case "milk tracker uses its database, keys and secrets" {
  policies = ["milk-tracker-prod"]

  table {
    allow = {
      "smart-dairy/db/creds/milk-tracker-readwrite"   = ["read"]
      "smart-dairy/db/creds/milk-tracker-readonly"    = ["read"]
      "smart-dairy/kv/data/apps/milk-tracker/prod/db" = ["read"]
      "smart-dairy/kv/metadata/shared/prod"           = ["list"]
      "smart-dairy/kv/data/shared/prod/sms-provider"  = ["read"]
      "smart-dairy/kv/data/shared/prod/email-provider" = ["read"]
      "smart-dairy/transit/encrypt/app-data"          = ["update"]
      "smart-dairy/transit/decrypt/app-data"          = ["update"]
      "smart-dairy/transit/sign/jwt-signing"          = ["update"]
      "smart-dairy/aws/creds/s3-readonly"             = ["read"]
      "auth/token/renew-self"                         = ["update"]
      "auth/token/lookup-self"                        = ["read"]
    }
    deny = {
      "smart-dairy/kv/data/shared/prod/other"         = ["read"]
      "smart-dairy/transit/keys/app-data"             = ["read"]
      "smart-dairy/kv/data/apps/milk-tracker/prod/db" = ["update"]
    }
  }
}

case "devops manage engines and see, not write, policies" {
  policies = ["devops"]

  table {
    allow = {
      "smart-dairy/kv/data/apps/x/prod/y"    = ["create", "read", "update", "delete"]
      "smart-dairy/db/config/milk-tracker"   = ["update"]
      "smart-dairy/db/roles/x"               = ["create", "read", "update", "delete"]
      "smart-dairy/db/revoke/x"              = ["update"]
      "smart-dairy/aws/config/root"          = ["update"]
      "smart-dairy/aws/roles/x"              = ["update"]
      "smart-dairy/transit/keys/app-data"    = ["update"]
      "smart-dairy/pki/roles/x"              = ["update"]
      "sys/health"                           = ["read"]
      "sys/seal-status"                      = ["read"]
      "sys/policies/acl/admin"               = ["read"]
      "sys/audit"                            = ["read"]
      "sys/metrics"                          = ["read"]
    }
    deny = {
      "sys/policies/acl/admin" = ["update"]
      "sys/mounts/x"           = ["update"]
      "smart-dairy/pki/root"   = ["delete"]
    }
  }
}

case "security reads, and revokes leases" {
  policies = ["security"]

  table {
    allow = {
      "smart-dairy/kv/data/x"  = ["read"]
      "smart-dairy/kv/metadata/apps" = ["list"]
      "sys/auth"               = ["read"]
      "sys/audit"              = ["read"]
      "sys/leases/count"       = ["read"]
      "sys/leases/revoke/x"    = ["update"]
      "sys/policies/acl/admin" = ["read"]
      "sys/seal-status"        = ["read"]
      "sys/health"             = ["read"]
      "sys/metrics"            = ["read"]
    }
    deny = {
      "smart-dairy/kv/data/x" = ["update"]
      "sys/auth/x"            = ["read"]
      "sys/audit/file"        = ["read"]
    }
  }
}
