//! What requests for a certificate say of the certificate.

use crate::catalog::{Attribute, Check, Products, boolean, duration, integer, list, text};

const DURATION: &[Check] = &[Check::Duration];

/// Whom it is for.
pub const SUBJECT: &[Attribute] = &[
    text("common_name", "The name of the subject.")
        .required()
        .create_only()
        .certified(),
    list("alt_names", "Further DNS names and mail addresses.")
        .comma()
        .create_only()
        .certified(),
    list("ip_sans", "Further IP addresses.")
        .create_only()
        .certified(),
    list("uri_sans", "Further URIs.").create_only().certified(),
    list("other_sans", "Further names, as `OID;utf8:text`.")
        .create_only()
        .certified(),
    boolean(
        "exclude_cn_from_sans",
        "Whether the common name is left out of the further names.",
    )
    .create_only()
    .certified(),
    text("ou", "Unit of the organization.")
        .create_only()
        .certified(),
    text("organization", "Organization.")
        .create_only()
        .certified(),
    text("country", "Country.").create_only().certified(),
    text("locality", "Place.").create_only().certified(),
    text("province", "Province.").create_only().certified(),
    text("street_address", "Street.").create_only().certified(),
    text("postal_code", "Postal code.")
        .create_only()
        .certified(),
];

/// What a certificate authority may sign.
pub const CONSTRAINTS: &[Attribute] = &[
    integer(
        "max_path_length",
        "How many authorities may stand below it; -1 is without limit.",
    )
    .default_number(-1)
    .create_only()
    .certified(),
    list("permitted_dns_domains", "Domains that it may sign for.")
        .create_only()
        .certified(),
    list("excluded_dns_domains", "Domains that it may not sign for.")
        .create_only()
        .certified()
        .only(Products::Vault),
    list("permitted_ip_ranges", "Networks that it may sign for.")
        .create_only()
        .certified()
        .only(Products::Vault),
    list("excluded_ip_ranges", "Networks that it may not sign for.")
        .create_only()
        .certified()
        .only(Products::Vault),
    list(
        "permitted_email_addresses",
        "Mail addresses that it may sign for.",
    )
    .create_only()
    .certified()
    .only(Products::Vault),
    list(
        "excluded_email_addresses",
        "Mail addresses that it may not sign for.",
    )
    .create_only()
    .certified()
    .only(Products::Vault),
    list(
        "permitted_uri_domains",
        "Domains of URIs that it may sign for.",
    )
    .create_only()
    .certified()
    .only(Products::Vault),
    list(
        "excluded_uri_domains",
        "Domains of URIs that it may not sign for.",
    )
    .create_only()
    .certified()
    .only(Products::Vault),
    list("key_usage", "What the key may be used for.")
        .unordered()
        .create_only()
        .certified(),
];

/// Whom a certificate of a role is for.
pub const LEAF: &[Attribute] = &[
    text("common_name", "The name of the subject.")
        .required()
        .create_only()
        .certified(),
    list("alt_names", "Further DNS names and mail addresses.")
        .comma()
        .create_only()
        .certified(),
    list("ip_sans", "Further IP addresses.")
        .create_only()
        .certified(),
    list("uri_sans", "Further URIs.").create_only().certified(),
    list("other_sans", "Further names, as `OID;utf8:text`.")
        .create_only()
        .certified(),
    boolean(
        "exclude_cn_from_sans",
        "Whether the common name is left out of the further names.",
    )
    .create_only()
    .certified(),
    boolean(
        "remove_roots_from_chain",
        "Whether the chain ends below the root.",
    )
    .create_only()
    .never_read(),
    text("cert_metadata", "Base64 of metadata to keep beside it.")
        .at_birth()
        .never_read()
        .only(Products::Enterprise),
    boolean(
        "auto_renew",
        "Whether a new one is made before this one ends.",
    )
    .argument(),
    integer("min_seconds_remaining", "How many seconds before.")
        .default_number(604_800)
        .argument(),
    boolean("renew_pending", "Whether that is due.").computed(),
    integer("expiration", "When it ends, in seconds since 1970.")
        .computed()
        .once(),
    text("serial_number", "Its serial number.").computed(),
];

/// How long it lives, and how it is signed.
pub const SIGNATURE: &[Attribute] = &[
    text(
        "ttl",
        "How long it lives: `87600h`. Another value changes nothing that is signed already.",
    )
    .at_birth()
    .never_read(),
    text(
        "not_after",
        "When it ends, in place of `ttl`: `2040-01-01T00:00:00Z`.",
    )
    .at_birth()
    .never_read(),
    duration("not_before_duration", "How long before now it begins.")
        .create_only()
        .never_read()
        .checks(DURATION),
    boolean("use_pss", "Whether RSA signatures are of the PSS kind.")
        .create_only()
        .never_read(),
];

/// In which form it is answered.
pub const FORMAT: &[Attribute] = &[
    text(
        "format",
        "Form of the answer: `pem`, `der` or `pem_bundle`.",
    )
    .default("pem")
    .create_only()
    .never_read()
    .checks(&[Check::OneOf(&[
        "pem",
        "der",
        "pem_bundle",
        "pkcs12_bundle",
        "jks_bundle",
    ])]),
    text("pkcs12_password", "Password of the PKCS#12 store.")
        .sensitive()
        .create_only()
        .never_read()
        .only(Products::Enterprise),
    text("pkcs12_encoder", "Encoder of the PKCS#12 store.")
        .create_only()
        .never_read()
        .only(Products::Enterprise)
        .checks(&[Check::OneOf(&["modern2026", "modern2023"])]),
    text("jks_password", "Password of the Java store.")
        .sensitive()
        .create_only()
        .never_read()
        .only(Products::Enterprise),
];

/// The key is made already, or is kept elsewhere: nothing is said of its kind.
const KEY_IS_THERE: &[(&str, &str)] = &[("type", "existing"), ("type", "kms")];

/// Which key it gets.
pub const KEY: &[Attribute] = &[
    text(
        "type",
        "Where the key comes from: `internal`, `exported`, `existing` or `kms`.",
    )
    .required()
    .create_only()
    .never_read()
    .checks(&[Check::OneOf(&["existing", "exported", "internal", "kms"])]),
    text("key_type", "Kind of key.")
        .default("rsa")
        .unless(KEY_IS_THERE)
        .create_only()
        .certified()
        .checks(&[Check::OneOf(&["rsa", "ec", "ed25519"])]),
    integer(
        "key_bits",
        "Size of the key; 2048 for `rsa`, 256 for `ec` where it is left out.",
    )
    .server_decides()
    .create_only()
    .unless(KEY_IS_THERE)
    .certified(),
    text("key_name", "A name for the new key.")
        .server_decides()
        .create_only()
        .never_read(),
    text("key_ref", "The key to use, where `type` is `existing`.")
        .server_decides()
        .create_only()
        .never_read(),
    text("private_key_format", "Form of an exported key.")
        .default("der")
        .create_only()
        .never_read()
        .checks(&[Check::OneOf(&["der", "pkcs8"])]),
    text("managed_key_name", "A managed key to use, by name.")
        .server_decides()
        .create_only()
        .never_read()
        .only(Products::Enterprise),
    text("managed_key_id", "A managed key to use, by id.")
        .server_decides()
        .create_only()
        .never_read()
        .only(Products::Enterprise),
];
