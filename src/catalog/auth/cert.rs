//! TLS certificates: how machines log in with a certificate of their own.

use super::TOKEN_ATTRIBUTES;
use crate::catalog::{
    Life, Omitted, Products, ResourceType, boolean, checked, integer, path, pem, seconds, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[ROLE]);

const ROLE: ResourceType = ResourceType::new(
    "vault_cert_auth_backend_role",
    "A certificate, or the authority of certificates, that may log in.",
    "auth/{backend}/certs/{name}",
    Life::Upsert(Omitted::Kept),
)
.list("auth/{backend}/certs")
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("cert")
        .identity(),
    text("name", "Name of the role.").required().identity(),
    pem(
        "certificate",
        "The certificate of the client, or of its authority.",
    )
    .required()
    .replaces(),
    text("display_name", "The name that tokens show.").default_of("name"),
    set(
        "allowed_names",
        "Names that the client's certificate may have.",
    ),
    set(
        "allowed_common_names",
        "Common names that it may have; `*` is any text.",
    ),
    set("allowed_dns_sans", "DNS names that it may have."),
    set("allowed_email_sans", "Mail addresses that it may have."),
    set("allowed_uri_sans", "URIs that it may have."),
    set(
        "allowed_organizational_units",
        "Units of the organization that it may have.",
    ),
    set(
        "required_extensions",
        "Extensions that it must have, as `OID:pattern`.",
    ),
    boolean("ocsp_enabled", "Whether OCSP is asked if it is revoked."),
    pem(
        "ocsp_ca_certificates",
        "Certificates that sign OCSP answers.",
    ),
    set(
        "ocsp_servers_override",
        "OCSP servers to ask in place of those in the certificate.",
    ),
    boolean(
        "ocsp_fail_open",
        "Whether it may log in when OCSP does not answer.",
    ),
    boolean(
        "ocsp_query_all_servers",
        "Whether all OCSP servers are asked.",
    ),
    integer("ocsp_max_retries", "How often OCSP is asked again.")
        .server_decides()
        .only(Products::Vault),
    seconds(
        "ocsp_this_update_max_age",
        "How old an OCSP answer may be; 0 is any age.",
    )
    .only(Products::Vault),
])
.with(&[TOKEN_ATTRIBUTES])
.example(
    r#"resource "vault_auth_backend" "edge" {
  type = "cert"
  path = "edge"
}

resource "vault_cert_auth_backend_role" "edge" {
  backend        = vault_auth_backend.edge.path
  name           = "edge"
  token_policies = ["default"]
  certificate    = <<-EOT
    -----BEGIN CERTIFICATE-----
    MIIBdTCCARugAwIBAgIUWLnJ7zhEEewNFkgOqRjRh9tV6ZAwCgYIKoZIzj0EAwIw
    DzENMAsGA1UEAwwEa3ViZTAgFw0yNjExMjIwMzAyMDZaGA8yMTI2MTAyOTAzMDIw
    NlowDzENMAsGA1UEAwwEa3ViZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI4B
    SoJEDgvA0HcAJyrwTxCCLP6NTD5sBrJovaA6tA21vpkpJ0skxzsef9fmgvDM3kd2
    SYo/5BuPZBHnat7nZi+jUzBRMB0GA1UdDgQWBBTZ78WQrfi/xCAUNRU0fleup+km
    gzAfBgNVHSMEGDAWgBTZ78WQrfi/xCAUNRU0fleup+kmgzAPBgNVHRMBAf8EBTAD
    AQH/MAoGCCqGSM49BAMCA0gAMEUCIAw58yjqVj6nZBpg64lE040Q4SZNSdp7yIXY
    DATV22YqAiEAuQnyEc3cTIgusv2SqCIub2XiNgCH31RrA4RndCgd32M=
    -----END CERTIFICATE-----
  EOT
}
"#,
);
