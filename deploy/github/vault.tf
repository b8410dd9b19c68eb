# What the server must know for vaultform.yml: GitHub as an issuer of identities, and a role for each of its jobs.
# plan.hcl and apply.hcl are written by `vaultform policy for-plan` and `vaultform policy for-apply` in the directory of
# the configuration that is planned. Apply this once, as an administrator.

variable "repository" {
  description = "Owner and name on GitHub"
  type        = string
}

variable "address" {
  description = "The address of this server, which GitHub's tokens are made out to"
  type        = string
}

variable "keys" {
  description = "Keys that sign GitHub's tokens, in PEM; without them the server asks GitHub"
  type        = list(string)
  default     = []
}

locals {
  issuer = "https://token.actions.githubusercontent.com"
}

resource "vault_jwt_auth_backend" "github" {
  path                   = "github"
  description            = "Jobs on GitHub"
  bound_issuer           = local.issuer
  oidc_discovery_url     = length(var.keys) == 0 ? local.issuer : null
  jwt_validation_pubkeys = length(var.keys) == 0 ? null : var.keys
}

resource "vault_policy" "plan" {
  name   = "vaultform-plan"
  policy = file("${path.module}/plan.hcl")
}

resource "vault_policy" "apply" {
  name   = "vaultform-apply"
  policy = file("${path.module}/apply.hcl")
}

# Any pull request of the repository may read.
resource "vault_jwt_auth_backend_role" "plan" {
  backend         = vault_jwt_auth_backend.github.path
  role_name       = "vaultform-plan"
  role_type       = "jwt"
  user_claim      = "repository"
  bound_audiences = [var.address]
  bound_claims    = { sub = "repo:${var.repository}:pull_request" }
  token_policies  = [vault_policy.plan.name]
  token_ttl       = 1200
  token_max_ttl   = 1200
}

# Only jobs in the environment `vault` may write; the environment decides who approves and from which branch.
resource "vault_jwt_auth_backend_role" "apply" {
  backend         = vault_jwt_auth_backend.github.path
  role_name       = "vaultform-apply"
  role_type       = "jwt"
  user_claim      = "repository"
  bound_audiences = [var.address]
  bound_claims    = { sub = "repo:${var.repository}:environment:vault" }
  token_policies  = [vault_policy.apply.name]
  token_ttl       = 3600
  token_max_ttl   = 3600
}
