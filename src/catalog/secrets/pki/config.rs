//! Settings of a PKI mount.

use crate::catalog::{
    Check, Generate, Life, Lookup, Omitted, Products, ResourceType, Rule, boolean, duration,
    integer, list, path, seconds, text,
};

pub const URLS: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_config_urls",
    "Addresses that stand in certificates: of the issuer, of the CRL, of OCSP.",
    "{backend}/config/urls",
    SETTINGS,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    list("issuing_certificates", "Where the issuer's certificate is."),
    list("crl_distribution_points", "Where the CRL is."),
    list("ocsp_servers", "Where OCSP answers."),
    boolean(
        "enable_templating",
        "Whether they may hold `{{issuer_id}}` and `{{cluster_path}}`.",
    ),
])
.example(
    r#"resource "vault_mount" "addressed" {
  path = "addressed"
  type = "pki"
}

resource "vault_pki_secret_backend_config_urls" "addressed" {
  backend                 = vault_mount.addressed.path
  issuing_certificates    = ["https://pki.example/ca"]
  crl_distribution_points = ["https://pki.example/crl"]
}
"#,
);

/// Settings that come and go with the mount.
const SETTINGS: Life = Life::Singleton {
    omitted: Omitted::Kept,
    delete: false,
};

pub const CRL: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_crl_config",
    "How revoked certificates are made known.",
    "{backend}/config/crl",
    SETTINGS,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    duration("expiry", "How long a CRL is good.").default("72h"),
    boolean("disable", "Whether there is none."),
    boolean("auto_rebuild", "Whether it is made anew before it ends."),
    duration("auto_rebuild_grace_period", "How long before.").default("12h"),
    boolean("enable_delta", "Whether changes are made known between."),
    duration("delta_rebuild_interval", "How often.").default("15m"),
    boolean("ocsp_disable", "Whether OCSP does not answer."),
    duration("ocsp_expiry", "How long an OCSP answer is good.").default("12h"),
    boolean(
        "cross_cluster_revocation",
        "Whether other clusters hear of it.",
    )
    .only(Products::Enterprise),
    boolean("unified_crl", "Whether all clusters have one CRL.").only(Products::Enterprise),
    boolean(
        "unified_crl_on_existing_paths",
        "Whether it is answered at the old paths.",
    )
    .only(Products::Enterprise),
    integer("max_crl_entries", "How many certificates it may hold.")
        .server_decides()
        .only(Products::Vault),
])
.example(
    r#"resource "vault_mount" "revoking" {
  path = "revoking"
  type = "pki"
}

resource "vault_pki_secret_backend_crl_config" "revoking" {
  backend      = vault_mount.revoking.path
  expiry       = "48h"
  auto_rebuild = true
}
"#,
);

pub const CLUSTER: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_config_cluster",
    "Addresses of the cluster, for ACME and for templates.",
    "{backend}/config/cluster",
    SETTINGS,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("path", "Address of the mount. It cannot be emptied.").server_decides(),
    text(
        "aia_path",
        "Address where certificates and CRLs are. It cannot be emptied.",
    )
    .server_decides(),
])
.example(
    r#"resource "vault_mount" "clustered" {
  path = "clustered"
  type = "pki"
}

resource "vault_pki_secret_backend_config_cluster" "clustered" {
  backend = vault_mount.clustered.path
  path    = "https://vault.example:8200/v1/clustered"
}
"#,
);

pub const ACME: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_config_acme",
    "Whether and how ACME clients get certificates.",
    "{backend}/config/acme",
    SETTINGS,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    boolean("enabled", "Whether ACME is on.").required(),
    list("allowed_issuers", "Issuers that may sign; `*` is all.").default_texts(&["*"]),
    list("allowed_roles", "Roles that may be used; `*` is all.").default_texts(&["*"]),
    boolean(
        "allow_role_ext_key_usage",
        "Whether a role's extended usages count.",
    ),
    text(
        "default_directory_policy",
        "What holds where no role is named.",
    )
    .default("sign-verbatim"),
    text("dns_resolver", "The DNS server to ask, with port."),
    text("eab_policy", "Who needs a binding to an account.").default("not-required"),
    seconds("max_ttl", "How long certificates may live.")
        .server_decides()
        .only(Products::Vault),
    list(
        "challenge_permitted_ip_ranges",
        "Networks that challenges may lead to.",
    )
    .only(Products::Enterprise),
    list(
        "challenge_excluded_ip_ranges",
        "Networks that challenges may not lead to.",
    )
    .only(Products::Enterprise),
])
.example(
    r#"resource "vault_mount" "acme" {
  path = "acme"
  type = "pki"
}

resource "vault_pki_secret_backend_config_acme" "acme" {
  backend    = vault_mount.acme.path
  enabled    = false
  eab_policy = "always-required"
}
"#,
);

pub const EAB: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_acme_eab",
    "A binding with which an ACME client makes its account.",
    "{backend}/eab/{id}",
    Life::Generate(Generate {
        lookup: Lookup::KeyInfo,
        list: "{backend}/eab",
        instead: &[
            (
                "issuer+role",
                "{backend}/issuer/{issuer}/roles/{role}/acme/new-eab",
            ),
            ("issuer", "{backend}/issuer/{issuer}/acme/new-eab"),
            ("role", "{backend}/roles/{role}/acme/new-eab"),
        ],
        ..Generate::at("{backend}/acme/new-eab", "id")
    }),
)
.id("{id}")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text(
        "issuer",
        "The issuer; the default one where it is left out.",
    )
    .create_only()
    .never_read(),
    text("role", "The role; none where it is left out.")
        .create_only()
        .never_read(),
    text("eab_id", "The server's name of it.")
        .computed()
        .reads("id"),
    text("key", "The key of the binding.")
        .computed()
        .sensitive()
        .once(),
    text("key_type", "Kind of key.").computed().once(),
    text("acme_directory", "Path of the directory that it is for.")
        .computed()
        .once(),
    text("created_on", "When it was made.").computed().once(),
])
.notes(&["The key is shown only when it is made, and the binding goes when a client used it."])
.example(
    r#"resource "vault_mount" "bound" {
  path = "bound"
  type = "pki"
}

resource "vault_pki_secret_backend_acme_eab" "bound" {
  backend = vault_mount.bound.path
}
"#,
);

const TASKS: &[&str] = &[
    "tidy_acme",
    "tidy_cert_metadata",
    "tidy_cert_store",
    "tidy_cmpv2_nonce_store",
    "tidy_cross_cluster_revoked_certs",
    "tidy_expired_issuers",
    "tidy_move_legacy_ca_bundle",
    "tidy_revocation_queue",
    "tidy_revoked_cert_issuer_associations",
    "tidy_revoked_certs",
];
const DURATION: &[Check] = &[Check::Duration];

pub const TIDY: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_config_auto_tidy",
    "What is tidied up, and how often.",
    "{backend}/config/auto-tidy",
    SETTINGS,
)
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    boolean("enabled", "Whether it is on.").required(),
    duration("interval_duration", "How often.")
        .default("12h")
        .checks(DURATION),
    duration(
        "safety_buffer",
        "How long a certificate is kept after its end.",
    )
    .default("72h")
    .checks(DURATION),
    duration("issuer_safety_buffer", "How long an issuer is.")
        .default("8760h")
        .checks(DURATION),
    duration("acme_account_safety_buffer", "How long an ACME account is.")
        .default("720h")
        .checks(DURATION),
    duration(
        "pause_duration",
        "How long to rest between two certificates.",
    )
    .checks(DURATION),
    boolean(
        "tidy_cert_store",
        "Whether certificates that ended are removed.",
    ),
    boolean("tidy_revoked_certs", "Whether revoked ones that ended are."),
    boolean(
        "tidy_revoked_cert_issuer_associations",
        "Whether revoked ones are linked to their issuers.",
    ),
    boolean(
        "tidy_expired_issuers",
        "Whether issuers that ended are removed.",
    ),
    boolean(
        "tidy_move_legacy_ca_bundle",
        "Whether an old bundle is moved away.",
    ),
    boolean("tidy_acme", "Whether ACME accounts are removed."),
    boolean(
        "maintain_stored_certificate_counts",
        "Whether certificates are counted.",
    ),
    boolean(
        "publish_stored_certificate_count_metrics",
        "Whether the count is published.",
    ),
    duration(
        "min_startup_backoff_duration",
        "How long to wait after a start, at least.",
    )
    .server_decides()
    .checks(DURATION)
    .only(Products::Vault),
    duration(
        "max_startup_backoff_duration",
        "How long to wait after a start, at most.",
    )
    .server_decides()
    .checks(DURATION)
    .only(Products::Vault),
    duration(
        "revocation_queue_safety_buffer",
        "How long a revocation waits for other clusters.",
    )
    .server_decides()
    .checks(DURATION)
    .only(Products::Enterprise),
    boolean(
        "tidy_revocation_queue",
        "Whether old revocations are removed.",
    )
    .only(Products::Enterprise),
    boolean(
        "tidy_cross_cluster_revoked_certs",
        "Whether those of other clusters are.",
    )
    .only(Products::Enterprise),
    boolean("tidy_cert_metadata", "Whether metadata is.").only(Products::Enterprise),
    boolean("tidy_cmpv2_nonce_store", "Whether old nonces are.").only(Products::Enterprise),
])
.rules(&[Rule::AtLeastOne(TASKS)])
.example(
    r#"resource "vault_mount" "tidy" {
  path = "tidy"
  type = "pki"
}

resource "vault_pki_secret_backend_config_auto_tidy" "tidy" {
  backend         = vault_mount.tidy.path
  enabled         = true
  tidy_cert_store = true
}
"#,
);
