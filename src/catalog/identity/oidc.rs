//! OIDC: the server as identity provider of others.

use crate::catalog::{
    Attribute, DataRead, Kind, Life, Omitted, Order, ResourceType, boolean, checked, list, seconds,
    set, text,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[
    CONFIG,
    KEY,
    KEY_CLIENT,
    ROLE,
    SCOPE,
    ASSIGNMENT,
    CLIENT,
    PROVIDER,
    READ_CLIENT,
    READ_CONFIG,
    READ_KEYS,
]);

const CONFIG: ResourceType = ResourceType::new(
    "vault_identity_oidc",
    "How identity tokens name their issuer.",
    "identity/oidc/config",
    Life::Singleton {
        omitted: Omitted::Kept,
        delete: false,
    },
)
.attributes(&[text(
    "issuer",
    "Address of the issuer; the server's own where it is left out.",
)])
.example(
    r#"resource "vault_identity_oidc" "tokens" {
  issuer = "https://vault.example:8200"
}
"#,
);

const KEY: ResourceType = ResourceType::new(
    "vault_identity_oidc_key",
    "A key that signs identity tokens.",
    "identity/oidc/key/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.id("{name}")
.list("identity/oidc/key")
.built_in(&["default"])
.attributes(&[
    text("name", "Name of the key.").required().identity(),
    text("algorithm", "`RS256`, `ES256`, `EdDSA` …").default("RS256"),
    set(
        "allowed_client_ids",
        "Clients that may use it; `*` is all. Left out, others may add theirs.",
    )
    .server_decides(),
    seconds("rotation_period", "How often a new key is made.").default_number(86400),
    seconds("verification_ttl", "How long an old key still verifies.").default_number(86400),
])
.example(
    r#"resource "vault_identity_oidc_key" "signing" {
  name               = "signing"
  allowed_client_ids = ["*"]
}
"#,
);

const KEY_CLIENT: ResourceType = ResourceType::new(
    "vault_identity_oidc_key_allowed_client_id",
    "One of the clients of a key, apart from it.",
    "identity/oidc/key/{key_name}",
    Life::Member {
        object: "identity/oidc/key/{key_name}",
        field: "allowed_client_ids",
        elements: "allowed_client_id",
    },
)
.id("{key_name}/{allowed_client_id}")
.attributes(&[
    text("key_name", "Name of the key.").required().identity(),
    text("allowed_client_id", "The client.")
        .required()
        .replaces(),
])
.example(
    r#"resource "vault_identity_oidc_key" "shared" {
  name = "shared"
}

resource "vault_identity_oidc_key_allowed_client_id" "wiki" {
  key_name          = vault_identity_oidc_key.shared.name
  allowed_client_id = "wiki-client"
}
"#,
);

const ROLE: ResourceType = ResourceType::new(
    "vault_identity_oidc_role",
    "A role that identity tokens are made of.",
    "identity/oidc/role/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.id("{name}")
.list("identity/oidc/role")
.attributes(&[
    text("name", "Name of the role.").required().identity(),
    text("key", "The key that signs.")
        .required()
        .replaces()
        .refers("identity/oidc/key/{}"),
    text("template", "Further claims, as a template of JSON."),
    text("client_id", "The audience of the tokens.").server_decides(),
    seconds("ttl", "How long tokens live.").default_number(86400),
])
.example(
    r#"resource "vault_identity_oidc_key" "builds" {
  name               = "builds"
  allowed_client_ids = ["*"]
}

resource "vault_identity_oidc_role" "builds" {
  name = "builds"
  key  = vault_identity_oidc_key.builds.name
  ttl  = 1800
}
"#,
);

const SCOPE: ResourceType = ResourceType::new(
    "vault_identity_oidc_scope",
    "Claims that a client may ask for.",
    "identity/oidc/scope/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("identity/oidc/scope")
.attributes(&[
    text("name", "Name of the scope.").required().identity(),
    text("description", "What it is for."),
    text("template", "The claims, as a template of JSON."),
])
.example(
    r#"resource "vault_identity_oidc_scope" "groups" {
  name     = "groups"
  template = "{\"groups\": {{identity.entity.groups.names}}}"
}
"#,
);

const ASSIGNMENT: ResourceType = ResourceType::new(
    "vault_identity_oidc_assignment",
    "Who may log in at a client.",
    "identity/oidc/assignment/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("identity/oidc/assignment")
.built_in(&["allow_all"])
.attributes(&[
    text("name", "Name of the assignment.")
        .required()
        .identity(),
    set("entity_ids", "Entities that may."),
    set("group_ids", "Groups whose members may."),
])
.example(
    r#"resource "vault_identity_group" "readers" {
  name = "wiki-readers"
}

resource "vault_identity_oidc_assignment" "readers" {
  name      = "readers"
  group_ids = [vault_identity_group.readers.id]
}
"#,
);

const CLIENT: ResourceType = ResourceType::new(
    "vault_identity_oidc_client",
    "An application whose users log in here.",
    "identity/oidc/client/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("identity/oidc/client")
.bulk("identity/oidc/client")
.attributes(&[
    text("name", "Name of the client.").required().identity(),
    text("key", "The key that signs its tokens.")
        .default("default")
        .replaces()
        .refers("identity/oidc/key/{}"),
    text("client_type", "`confidential` or `public`.")
        .default("confidential")
        .create_only(),
    set(
        "redirect_uris",
        "Addresses that the browser may come back to.",
    ),
    set("assignments", "Who may log in; `allow_all` is everybody.")
        .refers("identity/oidc/assignment/{}"),
    seconds("id_token_ttl", "How long identity tokens live.").default_number(86400),
    seconds("access_token_ttl", "How long access tokens live.").default_number(86400),
    text("client_id", "The server's name of it.").computed(),
    text("client_secret", "Its secret.").computed().sensitive(),
])
.example(
    r#"resource "vault_identity_oidc_client" "wiki" {
  name          = "wiki"
  redirect_uris = ["https://wiki.example/callback"]
  assignments   = ["allow_all"]
}
"#,
);

const PROVIDER: ResourceType = ResourceType::new(
    "vault_identity_oidc_provider",
    "An address where applications let users log in.",
    "identity/oidc/provider/{name}",
    Life::Upsert(Omitted::Kept),
)
.tells_making()
.list("identity/oidc/provider")
.built_in(&["default"])
.attributes(&[
    text("name", "Name of the provider.").required().identity(),
    boolean("https_enabled", "Whether its address is `https`.")
        .default_bool(true)
        .argument(),
    text(
        "issuer_host",
        "Host and port of its address; the server's own where it is left out.",
    )
    .server_decides()
    .host_of("issuer", "https_enabled"),
    set("allowed_client_ids", "Clients that may use it; `*` is all."),
    set("scopes_supported", "Scopes that may be asked for.").refers("identity/oidc/scope/{}"),
    text("issuer", "Its address.").computed(),
])
.example(
    r#"resource "vault_identity_oidc_provider" "sso" {
  name               = "sso"
  issuer_host        = "sso.example:8200"
  allowed_client_ids = ["*"]
}
"#,
);

const READ_CLIENT: ResourceType = ResourceType::data(
    "vault_identity_oidc_client_creds",
    "Reads name and secret of a client.",
    "identity/oidc/client/{name}",
    DataRead::Get,
)
.attributes(&[
    text("name", "Name of the client.").required().identity(),
    text("client_id", "The server's name of it.").computed(),
    text("client_secret", "Its secret.").computed().sensitive(),
])
.example(
    r#"resource "vault_identity_oidc_client" "blog" {
  name = "blog"
}

data "vault_identity_oidc_client_creds" "blog" {
  name = vault_identity_oidc_client.blog.name
}
"#,
);

const READ_CONFIG: ResourceType = ResourceType::data(
    "vault_identity_oidc_openid_config",
    "Reads what a provider tells of itself.",
    "identity/oidc/provider/{name}/.well-known/openid-configuration",
    DataRead::Get,
)
.attributes(&[
    text("name", "Name of the provider.").required().identity(),
    text("issuer", "Its address.").computed(),
    text("jwks_uri", "Where its keys are.").computed(),
    text("authorization_endpoint", "Where users log in.").computed(),
    text("token_endpoint", "Where tokens are given.").computed(),
    text("userinfo_endpoint", "Where users are described.").computed(),
    boolean(
        "request_uri_parameter_supported",
        "Whether requests may be given by address.",
    )
    .computed(),
    list(
        "id_token_signing_alg_values_supported",
        "Algorithms that sign tokens.",
    )
    .computed(),
    list("response_types_supported", "Kinds of answer.").computed(),
    list("scopes_supported", "Scopes that may be asked for.").computed(),
    list("subject_types_supported", "Kinds of subject.").computed(),
    list("grant_types_supported", "Kinds of grant.").computed(),
    list(
        "token_endpoint_auth_methods_supported",
        "How clients prove who they are.",
    )
    .computed(),
])
.example(
    r#"resource "vault_identity_oidc_provider" "portal" {
  name = "portal"
}

data "vault_identity_oidc_openid_config" "portal" {
  name = vault_identity_oidc_provider.portal.name
}
"#,
);

const READ_KEYS: ResourceType = ResourceType::data(
    "vault_identity_oidc_public_keys",
    "Reads the public keys of a provider.",
    "identity/oidc/provider/{name}/.well-known/keys",
    DataRead::Get,
)
.attributes(&[
    text("name", "Name of the provider.").required().identity(),
    Attribute::new("keys", KEYS, "The keys, as JWK.").computed(),
])
.example(
    r#"resource "vault_identity_oidc_provider" "keys" {
  name = "keys"
}

data "vault_identity_oidc_public_keys" "keys" {
  name = vault_identity_oidc_provider.keys.name
}
"#,
);

const KEYS: Kind = Kind::List(&Kind::Map(&Kind::Text { lower: false }), Order::Kept);
