# Those who look after the secrets log in by name and get their rights through a group.
resource "vault_auth_backend" "people" {
  type = "userpass"
  path = "people"

  tune {
    default_lease_ttl = "1h"
    max_lease_ttl     = "8h"
  }
}

resource "vault_userpass_auth_backend_user" "keeper" {
  mount               = vault_auth_backend.people.path
  username            = "keeper"
  password_wo         = var.keeper_password
  password_wo_version = 1
}

resource "vault_identity_entity" "keeper" {
  name     = "keeper"
  metadata = { team = "devops" }
}

resource "vault_identity_entity_alias" "keeper" {
  name           = vault_userpass_auth_backend_user.keeper.username
  mount_accessor = vault_auth_backend.people.accessor
  canonical_id   = vault_identity_entity.keeper.id
}

resource "vault_policy" "keepers" {
  name   = "zakupai-keepers"
  policy = file("${path.module}/../../policies/zakupai/keepers.hcl")
}

resource "vault_identity_group" "keepers" {
  name              = "zakupai-keepers"
  member_entity_ids = [vault_identity_entity.keeper.id]
  external_policies = true
}

resource "vault_identity_group_policies" "keepers" {
  group_id  = vault_identity_group.keepers.id
  policies  = [vault_policy.keepers.name]
  exclusive = true
}
