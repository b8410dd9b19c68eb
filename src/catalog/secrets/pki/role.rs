//! What may be issued.

use crate::catalog::{
    Attribute, Check, Life, Omitted, Products, ResourceType, Rule, block_set, boolean, duration,
    integer, list, path, text,
};

pub const ROLE: ResourceType = ResourceType::new(
    "vault_pki_secret_backend_role",
    "What certificates may be issued, for whom and for how long.",
    "{backend}/roles/{name}",
    Life::Upsert(Omitted::Reset),
)
.list("{backend}/roles")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the role.").required().identity(),
    text("issuer_ref", "The issuer that signs.").default("default"),
    duration(
        "ttl",
        "How long certificates live; 0 is the mount's default.",
    ),
    duration("max_ttl", "How long they may live; 0 is the mount's limit."),
    text("not_after", "When they end, in place of a duration."),
    duration("not_before_duration", "How long before now they begin.")
        .default("30s")
        .checks(&[Check::Duration]),
    boolean(
        "generate_lease",
        "Whether each is a lease, revoked when it ends.",
    ),
    boolean("no_store", "Whether the server keeps no copy."),
    boolean("no_store_metadata", "Whether it keeps no metadata.").only(Products::Enterprise),
    text(
        "serial_number_source",
        "Where the subject's serial number comes from: `json` or `json-csr`.",
    )
    .server_decides()
    .only(Products::Vault),
])
.with(&[NAMES, USAGE, KEY, SUBJECT, POLICIES])
.rules(&[Rule::Conflict(&["policy_identifier", "policy_identifiers"])])
.example(
    r#"resource "vault_mount" "certs" {
  path = "certs"
  type = "pki"
}

resource "vault_pki_secret_backend_role" "web" {
  backend          = vault_mount.certs.path
  name             = "web"
  allowed_domains  = ["internal.example"]
  allow_subdomains = true
  max_ttl          = "720h"
}
"#,
);

const NAMES: &[Attribute] = &[
    list("allowed_domains", "Domains that may be asked for."),
    boolean(
        "allowed_domains_template",
        "Whether they may hold identity templates.",
    ),
    boolean(
        "allow_bare_domains",
        "Whether the domains themselves may be asked for.",
    ),
    boolean("allow_subdomains", "Whether names below them may."),
    boolean("allow_glob_domains", "Whether they may hold patterns."),
    boolean("allow_any_name", "Whether any name may be asked for."),
    boolean("allow_localhost", "Whether `localhost` may.").default_bool(true),
    boolean("allow_wildcard_certificates", "Whether `*.` names may.").default_bool(true),
    boolean("enforce_hostnames", "Whether names must be those of hosts.").default_bool(true),
    boolean("allow_ip_sans", "Whether IP addresses may be asked for.").default_bool(true),
    list("allowed_uri_sans", "URIs that may be asked for."),
    boolean(
        "allowed_uri_sans_template",
        "Whether they may hold identity templates.",
    ),
    list(
        "allowed_other_sans",
        "Other names that may be asked for, as `OID;utf8:pattern`.",
    ),
    list(
        "allowed_serial_numbers",
        "Serial numbers of subjects that may be asked for.",
    ),
    list("allowed_user_ids", "User ids that may be asked for."),
    list("cn_validations", "How common names are checked.")
        .default_texts(&["email", "hostname"])
        .unordered(),
    boolean("require_cn", "Whether there must be a common name.").default_bool(true),
    boolean(
        "use_csr_common_name",
        "Whether the request's common name counts.",
    )
    .default_bool(true),
    boolean("use_csr_sans", "Whether the request's further names count.").default_bool(true),
];

const USAGE: &[Attribute] = &[
    boolean("server_flag", "Whether they are for servers.").default_bool(true),
    boolean("client_flag", "Whether they are for clients.").default_bool(true),
    boolean("code_signing_flag", "Whether they sign code."),
    boolean("email_protection_flag", "Whether they protect mail."),
    list("key_usage", "What the key may be used for.")
        .default_texts(&["DigitalSignature", "KeyAgreement", "KeyEncipherment"])
        .unordered(),
    list("ext_key_usage", "What else the certificate is for.").unordered(),
    list("ext_key_usage_oids", "The same, as OIDs.").unordered(),
    boolean(
        "basic_constraints_valid_for_non_ca",
        "Whether they say that they are no authorities.",
    ),
];

const KEY: &[Attribute] = &[
    text("key_type", "Kind of key.")
        .default("rsa")
        .checks(&[Check::OneOf(&["rsa", "ec", "ed25519", "any"])]),
    integer("key_bits", "Size of the key.").default_number(2048),
    integer(
        "signature_bits",
        "Size of the hash in the signature; 0 lets the key decide.",
    ),
    boolean("use_pss", "Whether RSA signatures are of the PSS kind."),
];

const SUBJECT: &[Attribute] = &[
    list("ou", "Units of the organization."),
    list("organization", "Organizations."),
    list("country", "Countries."),
    list("locality", "Places."),
    list("province", "Provinces."),
    list("street_address", "Streets."),
    list("postal_code", "Postal codes."),
];

const POLICIES: &[Attribute] = &[
    list("policy_identifiers", "OIDs of certificate policies.").server_decides(),
    block_set(
        "policy_identifier",
        &[
            text("oid", "The policy.").required(),
            text("notice", "A notice to show."),
            text("cps", "Where the practice statement is."),
        ],
        "A certificate policy with its notice.",
    )
    .as_json()
    .server_decides()
    .field("policy_identifiers"),
];
