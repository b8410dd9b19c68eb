# Who of zakupai may do what.
mounts = { "zakupai/" = "kv" }
covers = ["billing", "gateway", "risk-engine", "keepers"]

case "billing reads its own secrets and no others" {
  policies = ["billing"]

  table {
    allow = {
      "zakupai/data/billing"     = ["read"]
      "zakupai/metadata/billing" = ["read"]
    }
    deny = {
      "zakupai/data/billing"     = ["create", "update", "patch", "delete"]
      "zakupai/data/gateway"     = ["read"]
      "zakupai/data/billing/x"   = ["read"]
      "zakupai/metadata"         = ["list"]
      "zakupai/metadata/billing" = ["delete"]
    }
  }
}

case "gateway reads its own secrets and no others" {
  policies = ["gateway"]

  expect allow "zakupai/data/gateway" { capabilities = ["read"] }
  expect allow "zakupai/metadata/gateway" { capabilities = ["read"] }
  expect deny "zakupai/data/risk-engine" { capabilities = ["read"] }
}

case "the risk engine reads its own secrets and no others" {
  policies = ["risk-engine"]

  expect allow "zakupai/data/risk-engine" { capabilities = ["read"] }
  expect allow "zakupai/metadata/risk-engine" { capabilities = ["read"] }
  expect deny "zakupai/data/billing" { capabilities = ["read"] }
}

case "keepers look after all secrets and nothing else" {
  policies = ["keepers"]
  identity = { name = "keeper", metadata = { team = "devops" }, groups = ["zakupai-keepers"] }

  table {
    allow = {
      "zakupai/data/billing"   = ["create", "read", "update", "delete"]
      "zakupai/metadata"       = ["list"]
      "zakupai/destroy/gateway" = ["update"]
      "sys/health"             = ["read"]
      "sys/seal-status"        = ["read"]
    }
    deny = {
      "zakupai/data/billing" = ["sudo"]
      "sys/mounts"           = ["read"]
      "sys/policies/acl/x"   = ["read", "update"]
      "auth/people/users/x"  = ["update"]
    }
  }
}
