//! JWT and OIDC: how pipelines log in with a signed token, and people with a browser.

use super::TOKEN_ATTRIBUTES;
use crate::catalog::secrets::pki::cel::PROGRAM;
use crate::catalog::system::mounts::AUTH_TUNE;
use crate::catalog::{
    Attribute, Check, Kind, Life, MountTable, MountType, Omitted, Order, Part, Products,
    ResourceType, Rule, block, boolean, checked, integer, list, map, path, pem, seconds, set, text,
};

/// The types of this engine.
pub const TYPES: &[ResourceType] = checked(&[BACKEND, ROLE, CEL_ROLE]);

const BACKEND: ResourceType = ResourceType::new(
    "vault_jwt_auth_backend",
    "A JWT or OIDC auth method, and how it checks tokens.",
    "sys/auth/{path}",
    Life::Mounted(MountTable::Auth, MountType::Attribute),
)
.id("{path}")
.attributes(&[
    path(
        "path",
        "Where the method is mounted. Another path moves it, with all that it holds.",
    )
    .default("jwt")
    .moves()
    .checks(&[Check::NoTrailingSlash]),
    text("type", "`jwt` or `oidc`.")
        .default("jwt")
        .replaces()
        .checks(&[Check::OneOf(&["jwt", "oidc"])]),
    text("description", "What the method is for."),
    boolean("local", "Whether replication leaves the mount alone.").replaces(),
    boolean(
        "disable_remount",
        "Whether another path makes a new mount, rather than moving this one.",
    )
    .argument(),
    text("accessor", "The server's own name of the mount.").computed(),
    block("tune", AUTH_TUNE, "How the mount is tuned.").field("config"),
])
.with(&[CONFIG])
.parts(&[Part {
    name: "config",
    path: "auth/{path}/config",
    read: true,
    omitted: Omitted::Reset,
    only_if_set: false,
    delete: false,
    each: "",
}])
.rules(&[
    Rule::Conflict(&["jwks_url", "oidc_discovery_url", "jwt_validation_pubkeys"]),
    Rule::Conflict(&["jwks_pairs", "jwks_url"]),
    Rule::Conflict(&["jwks_pairs", "jwks_ca_pem"]),
    Rule::Conflict(&["oidc_client_secret", "oidc_client_secret_wo"]),
    Rule::Needs("oidc_client_secret_wo_version", "oidc_client_secret_wo"),
])
.example(
    r#"resource "vault_jwt_auth_backend" "pipelines" {
  path         = "pipelines"
  bound_issuer = "https://git.internal.example"
  jwt_validation_pubkeys = [<<-EOT
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1M
    PmwGsmi9oDq0DbW+mSknSyTHOx5/1+aC8MzeR3ZJij/kG49kEedq3udmLw==
    -----END PUBLIC KEY-----
  EOT
  ]
}
"#,
);

const CONFIG: &[Attribute] = &[
    text(
        "oidc_discovery_url",
        "Address of the provider, without `.well-known`.",
    )
    .part("config"),
    pem(
        "oidc_discovery_ca_pem",
        "Certificate of the CA that signs the provider's.",
    )
    .part("config"),
    text("oidc_client_id", "Our name at the provider.").part("config"),
    text("oidc_client_secret", "Our secret at the provider.")
        .sensitive()
        .never_read()
        .part("config"),
    text("oidc_client_secret_wo", "Our secret at the provider.")
        .write_only("oidc_client_secret")
        .part("config"),
    integer(
        "oidc_client_secret_wo_version",
        "A new number sends `oidc_client_secret_wo` again; not needed.",
    )
    .argument(),
    text("oidc_response_mode", "`query` or `form_post`.").part("config"),
    list("oidc_response_types", "`code` or `id_token`.").part("config"),
    text("jwks_url", "Address of the keys that sign tokens.").part("config"),
    pem(
        "jwks_ca_pem",
        "Certificate of the CA that signs that address's.",
    )
    .part("config"),
    Attribute::new(
        "jwks_pairs",
        PAIRS,
        "Several addresses of keys, each with its CA.",
    )
    .part("config")
    .only(Products::Vault),
    Attribute::new(
        "jwt_validation_pubkeys",
        Kind::List(&Kind::Pem, Order::Kept),
        "Keys that sign tokens.",
    )
    .part("config"),
    list(
        "jwt_supported_algs",
        "Algorithms that tokens may be signed with.",
    )
    .part("config"),
    text("bound_issuer", "The issuer that tokens must have.").part("config"),
    text("default_role", "The role of whoever names none.")
        .lower_cased()
        .part("config"),
    boolean(
        "namespace_in_state",
        "Whether the namespace goes with the OIDC state.",
    )
    .default_bool(true)
    .part("config"),
    map(
        "provider_config",
        "Settings of one provider, such as `gsuite`.",
    )
    .part("config"),
];

const PAIRS: Kind = Kind::List(&Kind::Map(&Kind::Text { lower: false }), Order::Kept);
const CLAIM: Kind = Kind::Words {
    list: true,
    whole: Some("disable_bound_claims_parsing"),
};

const ROLE: ResourceType = ResourceType::new(
    "vault_jwt_auth_backend_role",
    "A role that tokens assume by their claims.",
    "auth/{backend}/role/{role_name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("auth/{backend}/role")
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("jwt")
        .identity(),
    text("role_name", "Name of the role.").required().identity(),
    text("role_type", "`jwt` or `oidc`.")
        .server_decides()
        .replaces(),
    text("user_claim", "The claim that names the user.").required(),
    boolean("user_claim_json_pointer", "Whether that is a JSON pointer."),
    set("bound_audiences", "Audiences that tokens may have.").said_empty(),
    text("bound_subject", "The subject that tokens must have."),
    Attribute::new(
        "bound_claims",
        Kind::Map(&CLAIM),
        "Claims that tokens must have: values with commas between.",
    )
    .said_empty(),
    text("bound_claims_type", "`string`, or `glob` for patterns.").default("string"),
    boolean(
        "disable_bound_claims_parsing",
        "Whether commas in `bound_claims` belong to the value.",
    )
    .argument(),
    map(
        "claim_mappings",
        "Claims that become metadata, by the name there.",
    ),
    text("groups_claim", "The claim that names the groups."),
    set("oidc_scopes", "Scopes to ask the provider for."),
    set(
        "allowed_redirect_uris",
        "Addresses that the browser may come back to.",
    ),
    seconds(
        "clock_skew_leeway",
        "How far clocks may differ; 0 is a minute, -1 not at all.",
    ),
    seconds(
        "expiration_leeway",
        "How long after its end a token is good; 0 is 150 s, -1 not at all.",
    ),
    seconds(
        "not_before_leeway",
        "How long before its start a token is good; 0 is 150 s, -1 not at all.",
    ),
    seconds(
        "max_age",
        "How long ago the user may have logged in at the provider.",
    ),
    boolean(
        "verbose_oidc_logging",
        "Whether tokens are logged: only to find a fault.",
    ),
])
.with(&[TOKEN_ATTRIBUTES])
.example(
    r#"resource "vault_jwt_auth_backend" "builds" {
  path = "builds"
  jwt_validation_pubkeys = [<<-EOT
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1M
    PmwGsmi9oDq0DbW+mSknSyTHOx5/1+aC8MzeR3ZJij/kG49kEedq3udmLw==
    -----END PUBLIC KEY-----
  EOT
  ]
}

resource "vault_jwt_auth_backend_role" "deploy" {
  backend         = vault_jwt_auth_backend.builds.path
  role_name       = "deploy"
  role_type       = "jwt"
  user_claim      = "sub"
  bound_audiences = ["vault"]
  bound_claims    = { project = "shop,infra" }
  token_policies  = ["default"]
}
"#,
);

const CEL_ROLE: ResourceType = ResourceType::new(
    "bao_jwt_auth_backend_cel_role",
    "A role whose program says who may log in with a token, and as whom.",
    "auth/{backend}/cel/role/{name}",
    Life::Upsert(Omitted::Reset),
)
.only(Products::OpenBao)
.list("auth/{backend}/cel/role")
.attributes(&[
    path("backend", "Mount path of the auth method.")
        .default("jwt")
        .identity(),
    text("name", "Name of the role.").required().identity(),
    block(
        "cel_program",
        PROGRAM,
        "What decides, in the Common Expression Language.",
    )
    .field("cel_program"),
    set("bound_audiences", "Audiences that a token may be for."),
    text("message", "What is said to whom the program refuses."),
    seconds(
        "expiration_leeway",
        "How long after its end a token is good.",
    )
    .default_number(150),
    seconds(
        "not_before_leeway",
        "How long before its start a token is good.",
    )
    .default_number(150),
    seconds("clock_skew_leeway", "How far clocks may differ.").default_number(60),
])
.example(
    r#"resource "vault_jwt_auth_backend" "runners" {
  path = "runners"
  jwt_validation_pubkeys = [<<-EOT
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjgFKgkQOC8DQdwAnKvBPEIIs/o1M
    PmwGsmi9oDq0DbW+mSknSyTHOx5/1+aC8MzeR3ZJij/kG49kEedq3udmLw==
    -----END PUBLIC KEY-----
  EOT
  ]
}

resource "bao_jwt_auth_backend_cel_role" "deploy" {
  backend         = vault_jwt_auth_backend.runners.path
  name            = "deploy"
  bound_audiences = ["vault"]

  cel_program {
    expression = "claims.sub == 'deploy'"
  }
}
"#,
);
