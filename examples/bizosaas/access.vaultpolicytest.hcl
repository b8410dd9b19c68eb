# What the services may do, by the policies that access.tf writes as rules.
config = "."
covers = ["bizosaas-django-crm", "bizosaas-brain-gateway"]

case "the CRM reads what it needs" {
  policies = ["bizosaas-django-crm"]

  table {
    allow = {
      "bizosaas/data/platform/database"              = ["read"]
      "bizosaas/data/platform/redis-connection"      = ["read"]
      "bizosaas/data/platform/celery"                = ["read"]
      "bizosaas/data/platform/django-crm-secret-key" = ["read"]
      "auth/token/renew-self"                        = ["update"]
    }
    deny = {
      "bizosaas/data/platform/wagtail-secret-key" = ["read"]
      "bizosaas/data/platform/database"           = ["update"]
      "bizosaas/data/encryption/api-keys"         = ["read"]
    }
  }
}

case "the gateway reads the whole platform, and the keys of tenants" {
  policies = ["bizosaas-brain-gateway", "bizosaas-tenants"]

  table {
    allow = {
      "bizosaas/data/platform/temporal-jwt-secret" = ["read"]
      "bizosaas/data/encryption/api-keys"          = ["read"]
      "bizosaas/data/tenants/acme/openai"          = ["update"]
      "auth/token/renew-self"                      = ["update"]
    }
    deny = {
      "bizosaas/data/platform/database" = ["update", "delete"]
      "sys/policies/acl/x"              = ["read"]
    }
  }
}
