//! SSH: certificates and one-time passwords for logins on machines.

use crate::catalog::{
    Attribute, DataRead, Kind, Life, Omitted, Order, Products, ResourceType, block_set, boolean,
    checked, duration, integer, map, path, pem, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[CA, ROLE, SIGN]);

const CA: ResourceType = ResourceType::new(
    "vault_ssh_secret_backend_ca",
    "The key that signs SSH certificates.",
    "{backend}/config/ca",
    Life::Upsert(Omitted::Reset),
)
.id("{backend}")
.absent(&["keys haven't been configured yet"])
.attributes(&[
    path("backend", "Mount path of the engine.")
        .default("ssh")
        .identity(),
    boolean("generate_signing_key", "Whether the server makes the key.")
        .server_decides()
        .create_only()
        .never_read(),
    text("key_type", "Kind of key to make.")
        .default("ssh-rsa")
        .create_only()
        .never_read(),
    integer(
        "key_bits",
        "Size of the key to make; 0 lets the kind decide.",
    )
    .create_only()
    .never_read(),
    text("private_key", "The key, where it is not made.")
        .server_decides()
        .sensitive()
        .create_only()
        .never_read(),
    pem("public_key", "The public half.")
        .server_decides()
        .create_only(),
    text("managed_key_name", "A managed key to use, by name.")
        .create_only()
        .never_read()
        .only(Products::Enterprise),
    text("managed_key_id", "A managed key to use, by id.")
        .create_only()
        .never_read()
        .only(Products::Enterprise),
])
.notes(&["OpenBao replaces the key at every write: it is written once and never again."])
.example(
    r#"resource "vault_mount" "ssh" {
  path = "ssh"
  type = "ssh"
}

resource "vault_ssh_secret_backend_ca" "ssh" {
  backend              = vault_mount.ssh.path
  generate_signing_key = true
}
"#,
);

/// Attributes that roles of one kind have and those of the other do not.
const CERTIFICATES: &[(&str, &str)] = &[("key_type", "otp")];
const PASSWORDS: &[(&str, &str)] = &[("key_type", "ca")];

const ROLE: ResourceType = ResourceType::new(
    "vault_ssh_secret_backend_role",
    "What SSH certificates or one-time passwords may be asked for.",
    "{backend}/roles/{name}",
    Life::Upsert(Omitted::Reset),
)
.list("{backend}/roles")
.attributes(&[
    path("backend", "Mount path of the engine.")
        .required()
        .identity(),
    text("name", "Name of the role.").required().identity(),
    text(
        "key_type",
        "`ca` for certificates, `otp` for one-time passwords.",
    )
    .required(),
    text(
        "allowed_users",
        "Users that may be asked for, with commas between; `*` is any.",
    ),
    text("default_user", "The user of whoever asks for none."),
    text("cidr_list", "Networks of machines, with commas between.").unless(PASSWORDS),
    Attribute::new(
        "exclude_cidr_list",
        Kind::SetText(&Kind::Text { lower: false }),
        "Networks of machines that are left out.",
    )
    .unless(PASSWORDS),
    integer("port", "The port of SSH on the machines.")
        .default_number(22)
        .unless(PASSWORDS),
])
.with(&[ROLE_CERTIFICATES])
.example(
    r#"resource "vault_mount" "hosts" {
  path = "hosts"
  type = "ssh"
}

resource "vault_ssh_secret_backend_role" "ops" {
  backend                 = vault_mount.hosts.path
  name                    = "ops"
  key_type                = "ca"
  allow_user_certificates = true
  allowed_users           = "ops"
  default_user            = "ops"
  ttl                     = "1h"
  default_extensions      = { "permit-pty" = "" }
}
"#,
);

const ROLE_CERTIFICATES: &[Attribute] = &[
    boolean(
        "allow_user_certificates",
        "Whether certificates of users are signed.",
    )
    .unless(CERTIFICATES),
    boolean(
        "allow_host_certificates",
        "Whether certificates of machines are signed.",
    )
    .unless(CERTIFICATES),
    boolean(
        "allowed_users_template",
        "Whether `allowed_users` may hold identity templates.",
    )
    .unless(CERTIFICATES),
    boolean(
        "default_user_template",
        "Whether `default_user` may hold identity templates.",
    )
    .unless(CERTIFICATES),
    text(
        "allowed_domains",
        "Domains of machines, with commas between.",
    )
    .unless(CERTIFICATES),
    boolean(
        "allowed_domains_template",
        "Whether they may hold identity templates.",
    )
    .unless(CERTIFICATES),
    boolean(
        "allow_bare_domains",
        "Whether the domains themselves may be asked for.",
    )
    .unless(CERTIFICATES),
    boolean("allow_subdomains", "Whether names below them may.").unless(CERTIFICATES),
    boolean(
        "allow_empty_principals",
        "Whether a certificate may be good for everybody.",
    )
    .unless(CERTIFICATES),
    boolean(
        "allow_user_key_ids",
        "Whether the client names the certificate.",
    )
    .unless(CERTIFICATES),
    text("key_id_format", "How the server names the certificate.").unless(CERTIFICATES),
    text(
        "allowed_critical_options",
        "Critical options that may be asked for.",
    )
    .unless(CERTIFICATES),
    map(
        "default_critical_options",
        "Critical options of whoever asks for none.",
    )
    .unless(CERTIFICATES),
    text("allowed_extensions", "Extensions that may be asked for.").unless(CERTIFICATES),
    map("default_extensions", "Extensions of whoever asks for none.").unless(CERTIFICATES),
    boolean(
        "default_extensions_template",
        "Whether they may hold identity templates.",
    )
    .unless(CERTIFICATES),
    text("algorithm_signer", "The algorithm that signs.")
        .default("default")
        .unless(CERTIFICATES),
    duration(
        "ttl",
        "How long certificates live; 0 is the mount's default.",
    )
    .unless(CERTIFICATES),
    duration("max_ttl", "How long they may live; 0 is the mount's limit.").unless(CERTIFICATES),
    duration("not_before_duration", "How long before now they begin.")
        .default("30s")
        .unless(CERTIFICATES),
    block_set(
        "allowed_user_key_config",
        KEY_CONFIG,
        "Kinds and sizes of keys that are signed.",
    )
    .keyed("type")
    .field("allowed_user_key_lengths")
    .unless(CERTIFICATES),
];

const KEY_CONFIG: &[Attribute] = &[
    text("type", "Kind of key.").required(),
    Attribute::new(
        "lengths",
        Kind::List(&Kind::Integer, Order::Kept),
        "Sizes; 0 is any.",
    )
    .required()
    .field("."),
];

const SIGN: ResourceType = ResourceType::data(
    "vault_ssh_secret_backend_sign",
    "Signs a public key.",
    "{path}/sign/{name}",
    DataRead::Post,
)
.attributes(&[
    path("path", "Mount path of the engine.").required().identity(),
    text("name", "Name of the role.").required().identity(),
    text("public_key", "The key to sign.").required(),
    text("cert_type", "`user` or `host`."),
    text("valid_principals", "Users or machines that it is good for."),
    text("ttl", "How long it lives."),
    text("key_id", "The name of the certificate."),
    map("critical_options", "Critical options to ask for."),
    map("extensions", "Extensions to ask for."),
    text("signed_key", "The certificate.").computed(),
    text("serial_number", "Its serial number.").computed(),
])
.example(
    r#"resource "vault_mount" "signed" {
  path = "signed"
  type = "ssh"
}

resource "vault_ssh_secret_backend_ca" "signed" {
  backend              = vault_mount.signed.path
  generate_signing_key = true
}

resource "vault_ssh_secret_backend_role" "signed" {
  backend                 = vault_mount.signed.path
  name                    = "ops"
  key_type                = "ca"
  allow_user_certificates = true
  allowed_users           = "ops"
}

data "vault_ssh_secret_backend_sign" "signed" {
  depends_on       = [vault_ssh_secret_backend_ca.signed]
  path             = vault_mount.signed.path
  name             = vault_ssh_secret_backend_role.signed.name
  valid_principals = "ops"
  public_key       = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIILx0PqDzr4Yua9ygdJCodCoTOjurPvekutZ7YRw34YM"
}
"#,
);
