terraform {
  required_providers {
    vault = {
      source = "hashicorp/vault"
    }
  }
}

variable "admin_password" {
  type      = string
  sensitive = true
}

# How everybody logs in once the root token is gone.
provider "vault" {
  auth_login_userpass {
    mount    = "people"
    username = "admin"
    password = var.admin_password
  }
}

resource "vault_policy" "admin" {
  name   = "admin"
  policy = file("${path.module}/../../policies/first-hour/admin.hcl")
}

# vaultform:allow VF-R011 the audit device is declared by the bootstrap, where this server refuses one by request
resource "vault_auth_backend" "people" {
  type = "userpass"
  path = "people"
}

resource "vault_userpass_auth_backend_user" "admin" {
  mount               = vault_auth_backend.people.path
  username            = "admin"
  token_ttl           = 3600
  token_max_ttl       = 28800
  password_wo         = var.admin_password
  password_wo_version = 1
  token_policies      = [vault_policy.admin.name]
}

# The identities of the pipeline: one that reads, one that applies.
module "ci" {
  source = "./ci"
}

# The rest, which the ordinary apply makes.
resource "vault_mount" "apps" {
  path    = "apps"
  type    = "kv"
  options = { version = "2" }
}

# vaultform:allow VF-R001 the roles of the shop come with the shop
resource "vault_policy" "shop" {
  name   = "shop"
  policy = <<-EOT
    path "${vault_mount.apps.path}/data/shop/*" {
      capabilities = ["read"]
    }
  EOT
}
