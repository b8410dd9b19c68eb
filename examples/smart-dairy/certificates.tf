locals {
  year = 8760 * 3600
}

resource "vault_mount" "pki" {
  path                  = "smart-dairy/pki"
  type                  = "pki"
  max_lease_ttl_seconds = 10 * local.year
}

resource "vault_pki_secret_backend_root_cert" "root" {
  backend     = vault_mount.pki.path
  type        = "internal"
  common_name = "Smart Dairy Root CA"
  issuer_name = "root"
  ttl         = "87600h"
  key_type    = "rsa"
  key_bits    = 4096
}

resource "vault_pki_secret_backend_config_urls" "pki" {
  backend                 = vault_mount.pki.path
  issuing_certificates    = ["https://vault.smartdairy.internal:8200/v1/smart-dairy/pki/ca"]
  crl_distribution_points = ["https://vault.smartdairy.internal:8200/v1/smart-dairy/pki/crl"]
}

resource "vault_mount" "pki_int" {
  path                  = "smart-dairy/pki_int"
  type                  = "pki"
  max_lease_ttl_seconds = 5 * local.year
}

resource "vault_pki_secret_backend_intermediate_cert_request" "intermediate" {
  backend     = vault_mount.pki_int.path
  type        = "internal"
  common_name = "Smart Dairy Intermediate CA"
  key_type    = "rsa"
  key_bits    = 4096
}

resource "vault_pki_secret_backend_root_sign_intermediate" "intermediate" {
  backend     = vault_mount.pki.path
  issuer_ref  = vault_pki_secret_backend_root_cert.root.issuer_name
  csr         = vault_pki_secret_backend_intermediate_cert_request.intermediate.csr
  common_name = "Smart Dairy Intermediate CA"
  format      = "pem_bundle"
  ttl         = "43800h"
}

resource "vault_pki_secret_backend_intermediate_set_signed" "intermediate" {
  backend     = vault_mount.pki_int.path
  certificate = vault_pki_secret_backend_root_sign_intermediate.intermediate.certificate
}

resource "vault_pki_secret_backend_role" "app" {
  backend            = vault_mount.pki_int.path
  name               = "smart-dairy-app"
  allowed_domains    = ["smartdairy.internal", "smartdairy.com", "*.smartdairy.com"]
  allow_subdomains   = true
  allow_glob_domains = true
  ttl                = "168h"
  max_ttl            = "720h"
  key_type           = "rsa"
  key_bits           = 2048
  require_cn         = true
  allowed_uri_sans   = ["spiffe://smartdairy.io/*"]
  client_flag        = true
  server_flag        = true

  depends_on = [vault_pki_secret_backend_intermediate_set_signed.intermediate]
}

resource "vault_pki_secret_backend_role" "database" {
  backend          = vault_mount.pki_int.path
  name             = "database"
  allowed_domains  = ["db.smartdairy.internal", "postgres.smartdairy.internal"]
  allow_subdomains = true
  ttl              = "720h"
  max_ttl          = "2160h"
  key_type         = "rsa"
  key_bits         = 2048

  depends_on = [vault_pki_secret_backend_intermediate_set_signed.intermediate]
}

resource "vault_pki_secret_backend_role" "mesh" {
  backend          = vault_mount.pki_int.path
  name             = "mesh-mtls"
  allowed_domains  = ["mesh.smartdairy.internal"]
  allow_subdomains = true
  ttl              = "24h"
  max_ttl          = "168h"
  key_type         = "ec"
  key_bits         = 256

  depends_on = [vault_pki_secret_backend_intermediate_set_signed.intermediate]
}
