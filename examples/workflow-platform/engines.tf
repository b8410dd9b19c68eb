resource "vault_mount" "database" {
  path = "database"
  type = "database"
}

resource "vault_database_secret_backend_connection" "workflow" {
  backend       = vault_mount.database.path
  name          = "workflow-db"
  plugin_name   = "postgresql-database-plugin"
  allowed_roles = ["workflow-readonly", "workflow-readwrite"]

  postgresql {
    connection_url = "postgresql://{{username}}:{{password}}@${var.pg_host}:${var.pg_port}/workflow_db?sslmode=${var.pg_sslmode}"
    username       = "vault_admin"
    password       = var.pg_admin_password
  }
}

locals {
  grants = {
    workflow-readonly  = "SELECT"
    workflow-readwrite = "SELECT, INSERT, UPDATE, DELETE"
  }
}

# vaultform:allow VF-R010 the users own nothing, so that the plugin's own DROP ROLE removes them
resource "vault_database_secret_backend_role" "workflow" {
  for_each = local.grants
  backend  = vault_mount.database.path
  name     = each.key
  db_name  = vault_database_secret_backend_connection.workflow.name

  creation_statements = [
    "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';",
    "GRANT ${each.value} ON ALL TABLES IN SCHEMA public TO \"{{name}}\";",
  ]

  default_ttl = 3600
  max_ttl     = 24 * 3600
}

resource "vault_mount" "transit" {
  path = "transit"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "workflow" {
  backend                = vault_mount.transit.path
  name                   = "workflow-data"
  min_decryption_version = 1
  min_encryption_version = 0
  deletion_allowed       = false
  exportable             = false
  allow_plaintext_backup = false
}

resource "vault_mount" "pki" {
  path                  = "pki"
  type                  = "pki"
  max_lease_ttl_seconds = 87600 * 3600
}

resource "vault_pki_secret_backend_root_cert" "root" {
  backend     = vault_mount.pki.path
  type        = "internal"
  common_name = "AI Workflow Platform Root CA"
  issuer_name = "root"
  ttl         = "87600h"
}

resource "vault_pki_secret_backend_config_urls" "pki" {
  backend                 = vault_mount.pki.path
  issuing_certificates    = ["https://vault.example.com:8200/v1/pki/ca"]
  crl_distribution_points = ["https://vault.example.com:8200/v1/pki/crl"]
}

resource "vault_pki_secret_backend_role" "service" {
  backend            = vault_mount.pki.path
  name               = "workflow-service"
  issuer_ref         = vault_pki_secret_backend_root_cert.root.issuer_name
  allowed_domains    = ["workflow-service.production.svc.cluster.local"]
  allow_bare_domains = true
  allow_subdomains   = false
  ttl                = "24h"
  max_ttl            = "720h"
}
