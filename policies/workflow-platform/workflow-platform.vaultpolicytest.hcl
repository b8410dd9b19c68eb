# What the services and pipelines of the platform may do.
mounts = {
  "secret/"   = "kv"
  "database/" = "database"
  "transit/"  = "transit"
  "pki/"      = "pki"
}
covers = [
  "audit-service-policy",
  "llm-agent-service-policy",
  "notification-service-policy",
  "workflow-ci",
  "workflow-service-policy",
]

case "the workflow service does its work" {
  policies = ["workflow-service-policy"]

  table {
    allow = {
      "secret/data/openai"                = ["read"]
      "secret/data/anthropic"             = ["read"]
      "database/creds/workflow-readwrite" = ["read"]
      "transit/encrypt/workflow-data"     = ["update"]
      "transit/decrypt/workflow-data"     = ["update"]
      "pki/issue/workflow-service"        = ["create", "update"]
      "sys/leases/renew"                  = ["update"]
    }
    deny = {
      "secret/data/smtp"                  = ["read"]
      "secret/data/openai"                = ["update", "delete"]
      "secret/metadata"                   = ["list"]
      "database/creds/workflow-readonly"  = ["read"]
      "transit/keys/workflow-data"        = ["read"]
      "pki/sign/workflow-service"         = ["update"]
    }
  }
}

case "the audit service reads its databases" {
  policies = ["audit-service-policy"]

  expect allow "database/creds/audit-readonly" { capabilities = ["read"] }
  expect allow "database/creds/audit-readwrite" { capabilities = ["read"] }
  expect deny "database/creds/workflow-readwrite" { capabilities = ["read"] }
}

case "agents read models and a database" {
  policies = ["llm-agent-service-policy"]

  expect allow "secret/data/openai" { capabilities = ["read"] }
  expect allow "secret/data/anthropic" { capabilities = ["read"] }
  expect allow "database/creds/llm-agent-readwrite" { capabilities = ["read"] }
  expect deny "secret/data/twilio" { capabilities = ["read"] }
}

case "notifications go out" {
  policies = ["notification-service-policy"]

  expect allow "secret/data/smtp" { capabilities = ["read"] }
  expect allow "secret/data/twilio" { capabilities = ["read"] }
  expect allow "database/creds/notification-readwrite" { capabilities = ["read"] }
  expect deny "secret/data/openai" { capabilities = ["read"] }
}

case "pipelines read what is theirs" {
  policies = ["workflow-ci"]

  expect allow "secret/data/ci/openai" { capabilities = ["read"] }
  expect allow "database/creds/workflow-readonly" { capabilities = ["read"] }
  expect deny "secret/data/ci/openai" { capabilities = ["create", "update"] }
  expect deny "database/creds/workflow-readwrite" { capabilities = ["read"] }
}
