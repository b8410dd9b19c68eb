resource "vault_mount" "secret" {
  path        = "secret"
  type        = "kv-v2"
  description = "Static secrets of the services"
}

resource "vault_kv_secret_v2" "openai" {
  mount     = vault_mount.secret.path
  name      = "openai"
  data_json = jsonencode(var.openai)

  custom_metadata {
    max_versions = 5
    cas_required = false
  }
}

resource "vault_kv_secret_v2" "database" {
  mount = vault_mount.secret.path
  name  = "database/workflow"

  data_json = jsonencode({
    username = "workflow_user"
    password = var.workflow_database_password
    host     = "postgres-workflow.production.svc.cluster.local"
    port     = "5432"
    database = "workflow_db"
  })
}

locals {
  others = {
    anthropic   = var.anthropic
    smtp        = var.smtp
    twilio      = var.twilio
    "ci/openai" = var.ci_openai
  }
}

resource "vault_kv_secret_v2" "other" {
  for_each  = toset(keys(local.others))
  mount     = vault_mount.secret.path
  name      = each.key
  data_json = jsonencode(local.others[each.key])
}
