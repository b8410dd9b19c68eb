//! Private keys and certificates that are made here, once, and kept in Vault.

use crate::catalog::{
    Attribute, Check, DataRead, Life, Local, ResourceType, block, boolean, checked, integer, list,
    pem, text,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[
    PRIVATE_KEY,
    FRESH_KEY,
    REQUEST,
    SELF_SIGNED,
    LOCALLY_SIGNED,
    PUBLIC_KEY,
]);

/// The public half of a key.
const PUBLIC: &[Attribute] = &[
    pem("public_key_pem", "The public key, as PEM.").computed(),
    text(
        "public_key_openssh",
        "The public key, as OpenSSH writes it.",
    )
    .computed(),
    text("public_key_fingerprint_md5", "Its fingerprint by MD5.").computed(),
    text(
        "public_key_fingerprint_sha256",
        "Its fingerprint by SHA-256.",
    )
    .computed(),
];

/// A key and its spellings.
const PRIVATE: &[Attribute] = &[
    text("algorithm", "Kind of key.")
        .required()
        .replaces()
        .checks(&[Check::OneOf(&["RSA", "ECDSA", "ED25519"])]),
    integer("rsa_bits", "Size of an RSA key.")
        .default_number(2048)
        .replaces(),
    text("ecdsa_curve", "Curve of an ECDSA key: `P256` or `P384`.")
        .default("P224")
        .replaces(),
    pem("private_key_pem", "The key, as PEM.")
        .computed()
        .sensitive(),
    pem("private_key_pem_pkcs8", "The key, as PEM by PKCS #8.")
        .computed()
        .sensitive(),
    text("private_key_openssh", "The key, as OpenSSH writes it.")
        .computed()
        .sensitive(),
];

const PRIVATE_KEY: ResourceType = ResourceType::new(
    "tls_private_key",
    "A private key, made once and kept in Vault.",
    "",
    Life::Local(Local::PrivateKey),
)
.with(&[PRIVATE, PUBLIC])
.notes(&[
    "Terraform's default curve, `P224`, is not made here: say `ecdsa_curve`. RSA keys have 2048 to 8192 bits.",
])
.example(
    r#"resource "tls_private_key" "server" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}
"#,
);

const FRESH_KEY: ResourceType = ResourceType::ephemeral(
    "tls_private_key",
    "A private key for this run only.",
    "",
    DataRead::Local(Local::PrivateKey),
)
.with(&[PRIVATE, PUBLIC])
.example(
    r#"ephemeral "tls_private_key" "once" {
  algorithm = "ED25519"
}
"#,
);

const SUBJECT_BLOCK: Attribute = block("subject", SUBJECT, "Whom it is for.").replaces();

const SUBJECT: &[Attribute] = &[
    text("common_name", "Name.").replaces(),
    text("organization", "Organization.").replaces(),
    text("organizational_unit", "Unit of the organization.").replaces(),
    list("street_address", "Street.").replaces(),
    text("locality", "Place.").replaces(),
    text("province", "Province.").replaces(),
    text("country", "Country, in two letters.").replaces(),
    text("postal_code", "Postal code.").replaces(),
    text("serial_number", "Serial number of the subject.").replaces(),
];

/// Under which names it is reached.
const NAMES: &[Attribute] = &[
    list("dns_names", "DNS names.").replaces(),
    list("ip_addresses", "IP addresses.").replaces(),
    list("uris", "URIs.").replaces(),
];

/// What a certificate is good for, and how long.
const VALIDITY: &[Attribute] = &[
    list(
        "allowed_uses",
        "What the key may be used for: `server_auth`, `cert_signing` …",
    )
    .required()
    .replaces(),
    integer("validity_period_hours", "How many hours it is good.")
        .required()
        .replaces(),
    integer(
        "early_renewal_hours",
        "How many hours before its end it is made anew.",
    ),
    boolean("is_ca_certificate", "Whether it may sign others.").replaces(),
    boolean("set_subject_key_id", "Whether it names its own key.").replaces(),
    boolean(
        "set_authority_key_id",
        "Whether it names the key that signed it.",
    )
    .replaces(),
    integer(
        "max_path_length",
        "How many authorities may stand below it; -1 is without limit.",
    )
    .default_number(-1)
    .replaces(),
    pem("cert_pem", "The certificate, as PEM.").computed(),
    boolean("ready_for_renewal", "Whether it is to be made anew.").computed(),
    text("validity_start_time", "When it begins.").computed(),
    text("validity_end_time", "When it ends.").computed(),
];

const KEY: Attribute = pem("private_key_pem", "The private key.")
    .required()
    .sensitive()
    .replaces();
const KEY_ALGORITHM: Attribute = text("key_algorithm", "Kind of key.").computed();

const REQUEST: ResourceType = ResourceType::new(
    "tls_cert_request",
    "A request to sign a certificate.",
    "",
    Life::Local(Local::Request),
)
.attributes(&[
    KEY,
    SUBJECT_BLOCK,
    KEY_ALGORITHM,
    pem("cert_request_pem", "The request, as PEM.").computed(),
])
.with(&[NAMES])
.example(
    r#"resource "tls_private_key" "web" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_cert_request" "web" {
  private_key_pem = tls_private_key.web.private_key_pem
  dns_names       = ["web.internal.example"]

  subject {
    common_name = "web.internal.example"
  }
}
"#,
);

const SELF_SIGNED: ResourceType = ResourceType::new(
    "tls_self_signed_cert",
    "A certificate that its own key signs.",
    "",
    Life::Local(Local::SelfSigned),
)
.attributes(&[KEY, SUBJECT_BLOCK, KEY_ALGORITHM])
.with(&[NAMES, VALIDITY])
.example(
    r#"resource "tls_private_key" "root" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P384"
}

resource "tls_self_signed_cert" "root" {
  private_key_pem       = tls_private_key.root.private_key_pem
  is_ca_certificate     = true
  validity_period_hours = 87600
  allowed_uses          = ["cert_signing", "crl_signing"]

  subject {
    common_name  = "Example Root"
    organization = "Example"
  }
}
"#,
);

const LOCALLY_SIGNED: ResourceType = ResourceType::new(
    "tls_locally_signed_cert",
    "A certificate that the key of an authority at hand signs.",
    "",
    Life::Local(Local::LocallySigned),
)
.attributes(&[
    pem("cert_request_pem", "The request.")
        .required()
        .replaces(),
    pem("ca_private_key_pem", "The key of the authority.")
        .required()
        .sensitive()
        .replaces(),
    pem("ca_cert_pem", "The certificate of the authority.")
        .required()
        .replaces(),
    text("ca_key_algorithm", "Kind of the authority's key.").computed(),
])
.with(&[VALIDITY])
.example(
    r#"resource "tls_private_key" "authority" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "tls_self_signed_cert" "authority" {
  private_key_pem       = tls_private_key.authority.private_key_pem
  is_ca_certificate     = true
  validity_period_hours = 8760
  allowed_uses          = ["cert_signing"]

  subject {
    common_name = "Example Authority"
  }
}

resource "tls_private_key" "app" {
  algorithm = "ED25519"
}

resource "tls_cert_request" "app" {
  private_key_pem = tls_private_key.app.private_key_pem
  dns_names       = ["app.internal.example"]

  subject {
    common_name = "app.internal.example"
  }
}

resource "tls_locally_signed_cert" "app" {
  cert_request_pem      = tls_cert_request.app.cert_request_pem
  ca_private_key_pem    = tls_private_key.authority.private_key_pem
  ca_cert_pem           = tls_self_signed_cert.authority.cert_pem
  validity_period_hours = 720
  early_renewal_hours   = 168
  allowed_uses          = ["server_auth", "digital_signature"]
}
"#,
);

const PUBLIC_KEY: ResourceType = ResourceType::data(
    "tls_public_key",
    "The public half of a private key.",
    "",
    DataRead::Local(Local::PublicKey),
)
.attributes(&[
    pem("private_key_pem", "The private key.")
        .required()
        .sensitive(),
    text("algorithm", "Kind of key.").computed(),
])
.with(&[PUBLIC])
.example(
    r#"data "tls_public_key" "server" {
  private_key_pem = <<-EOT
    -----BEGIN EC PRIVATE KEY-----
    MHcCAQEEIKmQK678s+/4PyH1lY4pQrpXnROml+zK4I9WGUvRiMP5oAoGCCqGSM49
    AwEHoUQDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1MPmwGsmi9oDq0DbW+mSknSyTH
    Ox5/1+aC8MzeR3ZJij/kG49kEedq3udmLw==
    -----END EC PRIVATE KEY-----
  EOT
}
"#,
);
