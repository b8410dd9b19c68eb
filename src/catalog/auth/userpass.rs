//! Userpass: how people log in with a name and a password.

use super::TOKEN_ATTRIBUTES;
use crate::catalog::secrets::MOUNT_ID;
use crate::catalog::{
    DataRead, Life, Omitted, ResourceType, Rule, boolean, checked, integer, list, path, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[USER, LOGIN]);

const USER: ResourceType = ResourceType::new(
    "vault_userpass_auth_backend_user",
    "A user who logs in with a password.",
    "auth/{mount}/users/{username}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("auth/{mount}/users")
.attributes(&[
    path("mount", "Mount path of the auth method.")
        .required()
        .identity(),
    text(
        "username",
        "Name of the user; the server keeps it in lower case.",
    )
    .required()
    .identity()
    .lower_cased(),
    text("password_wo", "The password.").write_only("password"),
    integer(
        "password_wo_version",
        "A new number sends `password_wo` again; not needed.",
    )
    .argument(),
    text("password_hash_wo", "The bcrypt hash of the password.").write_only("password_hash"),
    integer(
        "password_hash_wo_version",
        "A new number sends `password_hash_wo` again; not needed.",
    )
    .argument(),
])
.with(&[TOKEN_ATTRIBUTES])
.rules(&[
    Rule::ExactlyOne(&["password_wo", "password_hash_wo"]),
    Rule::Needs("password_wo_version", "password_wo"),
    Rule::Needs("password_hash_wo_version", "password_hash_wo"),
    Rule::Conflict(&["password_wo_version", "password_hash_wo"]),
    Rule::Conflict(&["password_wo", "password_hash_wo_version"]),
])
.example(
    r#"resource "vault_auth_backend" "humans" {
  type = "userpass"
  path = "humans"
}

resource "vault_userpass_auth_backend_user" "anna" {
  mount               = vault_auth_backend.humans.path
  username            = "anna"
  password_wo         = "first-password"
  password_wo_version = 1
  token_policies      = ["default"]
  token_ttl           = 3600
}
"#,
);

const LOGIN: ResourceType = ResourceType::ephemeral(
    "vault_userpass_auth_login",
    "Logs in with a name and a password, for this run only.",
    "auth/{mount}/login/{username}",
    DataRead::Post,
)
.attributes(&[
    MOUNT_ID,
    path("mount", "Mount path of the auth method.")
        .required()
        .identity(),
    text("username", "Name of the user.")
        .required()
        .identity()
        .lower_cased(),
    text("password", "The password.").required().sensitive(),
    text("client_token", "The token.")
        .computed()
        .sensitive()
        .reads("auth.client_token"),
    text("accessor", "The server's name of the token.")
        .computed()
        .reads("auth.accessor"),
    list("policies", "Policies of the token.")
        .computed()
        .reads("auth.policies"),
    integer("lease_duration", "How long the token lives, in seconds.")
        .computed()
        .reads("auth.lease_duration"),
    boolean("renewable", "Whether the token can be renewed.")
        .computed()
        .reads("auth.renewable"),
])
.example(
    r#"resource "vault_auth_backend" "guests" {
  type = "userpass"
  path = "guests"
}

resource "vault_userpass_auth_backend_user" "guest" {
  mount       = vault_auth_backend.guests.path
  username    = "guest"
  password_wo = "first-password"
}

ephemeral "vault_userpass_auth_login" "guest" {
  mount    = vault_auth_backend.guests.path
  mount_id = vault_userpass_auth_backend_user.guest.username
  username = "guest"
  password = "first-password"
}
"#,
);
