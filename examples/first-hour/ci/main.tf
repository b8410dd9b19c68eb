resource "vault_jwt_auth_backend" "ci" {
  path = "ci"
  jwt_validation_pubkeys = [<<-EOT
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1M
    PmwGsmi9oDq0DbW+mSknSyTHOx5/1+aC8MzeR3ZJij/kG49kEedq3udmLw==
    -----END PUBLIC KEY-----
  EOT
  ]
}

resource "vault_policy" "ci" {
  for_each = toset(["plan", "apply"])

  name   = "ci-${each.key}"
  policy = file("${path.module}/../../../policies/first-hour/ci-${each.key}.hcl")
}

resource "vault_jwt_auth_backend_role" "ci" {
  for_each = vault_policy.ci

  backend         = vault_jwt_auth_backend.ci.path
  role_name       = each.key
  role_type       = "jwt"
  user_claim      = "sub"
  bound_audiences = ["vault"]
  bound_claims    = each.key == "apply" ? { ref = "refs/heads/main" } : {}
  token_policies  = [each.value.name]
  token_ttl       = 900
}
