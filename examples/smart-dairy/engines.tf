resource "vault_mount" "db" {
  path = "smart-dairy/db"
  type = "database"
}

resource "vault_database_secret_backend_connection" "milk_tracker" {
  backend       = vault_mount.db.path
  name          = "milk-tracker-prod"
  plugin_name   = "postgresql-database-plugin"
  allowed_roles = ["milk-tracker-readwrite", "milk-tracker-readonly"]

  postgresql {
    connection_url = "postgresql://{{username}}:{{password}}@${var.pg_host}:${var.pg_port}/milk_tracker_prod?sslmode=${var.pg_sslmode}"
    username       = "vault_admin"
    password       = var.pg_admin_password
  }
}

resource "vault_database_secret_backend_role" "readwrite" {
  backend = vault_mount.db.path
  name    = "milk-tracker-readwrite"
  db_name = vault_database_secret_backend_connection.milk_tracker.name
  creation_statements = [<<-EOT
    CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{{name}}";
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{{name}}";
  EOT
  ]
  revocation_statements = [<<-EOT
    REASSIGN OWNED BY "{{name}}" TO vault_admin;
    DROP OWNED BY "{{name}}";
    DROP ROLE IF EXISTS "{{name}}";
  EOT
  ]
  default_ttl = 3600
  max_ttl     = 24 * 3600
}

resource "vault_database_secret_backend_role" "readonly" {
  backend = vault_mount.db.path
  name    = "milk-tracker-readonly"
  db_name = vault_database_secret_backend_connection.milk_tracker.name
  creation_statements = [<<-EOT
    CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";
  EOT
  ]
  # The guide only drops the role, which PostgreSQL refuses while it holds rights.
  revocation_statements = ["DROP OWNED BY \"{{name}}\"; DROP ROLE IF EXISTS \"{{name}}\";"]
  default_ttl           = 3600
  max_ttl               = 4 * 3600
}

resource "vault_mount" "transit" {
  path = "smart-dairy/transit"
  type = "transit"
}

resource "vault_transit_secret_backend_key" "key" {
  for_each = {
    app-data    = "aes256-gcm96"
    jwt-signing = "rsa-2048"
  }
  backend          = vault_mount.transit.path
  name             = each.key
  type             = each.value
  deletion_allowed = true
}
