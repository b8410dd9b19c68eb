# What the server must know for vaultform.gitlab-ci.yml: GitLab as an issuer of identities, and a role for each of its jobs.
# plan.hcl and apply.hcl are written by `vaultform policy for-plan` and `vaultform policy for-apply` in the directory of
# the configuration that is planned. Apply this once, as an administrator.

variable "project" {
  description = "Group and name on GitLab"
  type        = string
}

variable "address" {
  description = "The address of this server, which GitLab's tokens are made out to"
  type        = string
}

variable "keys" {
  description = "Keys that sign GitLab's tokens, in PEM; without them the server asks GitLab"
  type        = list(string)
  default     = []
}

variable "issuer" {
  description = "The address of GitLab"
  type        = string
  default     = "https://gitlab.com"
}

resource "vault_jwt_auth_backend" "gitlab" {
  path                   = "gitlab"
  description            = "Jobs on GitLab"
  bound_issuer           = var.issuer
  oidc_discovery_url     = length(var.keys) == 0 ? var.issuer : null
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

# Any merge request of the project may read.
resource "vault_jwt_auth_backend_role" "plan" {
  backend         = vault_jwt_auth_backend.gitlab.path
  role_name       = "vaultform-plan"
  role_type       = "jwt"
  user_claim      = "project_path"
  bound_audiences = [var.address]
  bound_claims = {
    project_path    = var.project
    pipeline_source = "merge_request_event"
  }
  token_policies = [vault_policy.plan.name]
  token_ttl      = 1200
  token_max_ttl  = 1200
}

# Only jobs of protected branches in the environment `vault` may write; the environment decides who approves.
resource "vault_jwt_auth_backend_role" "apply" {
  backend         = vault_jwt_auth_backend.gitlab.path
  role_name       = "vaultform-apply"
  role_type       = "jwt"
  user_claim      = "project_path"
  bound_audiences = [var.address]
  bound_claims = {
    project_path  = var.project
    ref_protected = "true"
    environment   = "vault"
  }
  token_policies = [vault_policy.apply.name]
  token_ttl      = 3600
  token_max_ttl  = 3600
}
