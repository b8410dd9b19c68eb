//! Every lint there is.

use crate::source::Severity;

/// A lint: its stable code, what it is about, and an example of each side.
#[derive(Debug, PartialEq, Eq)]
pub struct Lint {
    pub code: &'static str,
    pub severity: Severity,
    pub title: &'static str,
    pub doc: &'static str,
    /// A text that raises it: a policy for `VF-P…`, a configuration for `VF-R…`.
    pub bad: &'static str,
    /// The same, put right.
    pub good: &'static str,
}

/// Finds a lint by its code.
#[must_use]
pub fn named(code: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.code == code)
}

const fn note(
    code: &'static str,
    title: &'static str,
    doc: &'static str,
    bad: &'static str,
    good: &'static str,
) -> Lint {
    Lint {
        code,
        severity: Severity::Note,
        title,
        doc,
        bad,
        good,
    }
}

const fn warning(
    code: &'static str,
    title: &'static str,
    doc: &'static str,
    bad: &'static str,
    good: &'static str,
) -> Lint {
    Lint {
        code,
        severity: Severity::Warning,
        title,
        doc,
        bad,
        good,
    }
}

/// Every lint, by code. The examples of policies are tests; they assume the mounts `kv/` (KV version 2), `kv1/`
/// (KV version 1), `pki/` and `auth/approle/`.
pub const LINTS: &[Lint] = &[
    warning(
        "VF-P001",
        "rule that never decides",
        "Every path that it matches is decided by another rule of the policy. Often a `+` rule beside a prefix rule \
         whose wildcard stands at the same place and has fewer `+`.",
        r#"path "kv1/*" { capabilities = ["read"] }
path "kv1/+/x*" { capabilities = ["update"] }"#,
        r#"path "kv1/*" { capabilities = ["read"] }
path "kv1/a/x*" { capabilities = ["read", "update"] }"#,
    ),
    note(
        "VF-P002",
        "narrower rule takes capabilities away",
        "Rules with different paths are not united: the most specific one decides alone, also when it grants less.",
        r#"path "kv1/*" { capabilities = ["read", "delete"] }
path "kv1/a" { capabilities = ["read", "update"] }"#,
        r#"path "kv1/*" { capabilities = ["read", "delete"] }
path "kv1/a" { capabilities = ["read", "update", "delete"] }"#,
    ),
    warning(
        "VF-P003",
        "deny that does not reach a narrower rule",
        "A `deny` closes the paths that its own rule decides. A more specific rule that grants is not touched, also where \
         the `deny` stands after it.",
        r#"path "kv1/team/x" { capabilities = ["read"] }
path "kv1/team/*" { capabilities = ["deny"] }"#,
        r#"path "kv1/team/x" { capabilities = ["deny"] }
path "kv1/team/*" { capabilities = ["deny"] }"#,
    ),
    warning(
        "VF-P004",
        "exact path with a final slash",
        "Only LIST asks for a path with a final slash. A rule `kv1/a/` does not serve a read of `kv1/a`, nor of what \
         lies below.",
        r#"path "kv1/a/" { capabilities = ["read"] }"#,
        r#"path "kv1/a/*" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P005",
        "KV version 2 path without data/ or metadata/",
        "The API of KV version 2 has the secrets below `data/`, and listing and deleting below `metadata/`. The command \
         line hides that, policies do not.",
        r#"path "kv/team/*" { capabilities = ["read"] }"#,
        r#"path "kv/data/team/*" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P006",
        "list on KV version 2 data",
        "KV version 2 lists below `metadata/`; `list` below `data/` is never used.",
        r#"path "kv/data/team/*" { capabilities = ["read", "list"] }"#,
        r#"path "kv/data/team/*" { capabilities = ["read"] }
path "kv/metadata/team/*" { capabilities = ["list"] }"#,
    ),
    note(
        "VF-P007",
        "sudo where nothing needs it",
        "`sudo` opens a short list of root-protected paths, and nothing more. Elsewhere it only looks dangerous.",
        r#"path "kv1/*" { capabilities = ["read", "sudo"] }"#,
        r#"path "kv1/*" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P008",
        "root-protected path without sudo",
        "The path needs `sudo` besides the capability of the operation; without it every request is refused.",
        r#"path "sys/audit" { capabilities = ["read"] }"#,
        r#"path "sys/audit" { capabilities = ["read", "sudo"] }"#,
    ),
    warning(
        "VF-P009",
        "wildcard at the root",
        "A path that begins with a wildcard reaches every mount, also those still to come, and `sys/`.",
        r#"path "*" { capabilities = ["read"] }"#,
        r#"path "kv1/*" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P010",
        "path of no mount",
        "No declared mount and no built-in place holds the path: most likely a slip of the finger.",
        r#"path "kv2/*" { capabilities = ["read"] }"#,
        r#"path "kv1/*" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P011",
        "as good as root",
        "Whoever may write policies, roles or groups can give itself every right.",
        r#"path "sys/policies/acl/*" { capabilities = ["update"] }"#,
        r#"path "sys/policies/acl/*" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P012",
        "rule without capabilities",
        "An empty list grants nothing and still hides every wider rule. Who means that writes `deny`.",
        r#"path "kv1/a" { capabilities = [] }"#,
        r#"path "kv1/a" { capabilities = ["deny"] }"#,
    ),
    warning(
        "VF-P013",
        "star that is no wildcard",
        "`*` is a wildcard only as the last character. Elsewhere it stands for itself.",
        r#"path "kv1/*/x" { capabilities = ["read"] }"#,
        r#"path "kv1/+/x" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P014",
        "plus that is no wildcard",
        "`+` is a wildcard only as a whole segment. Within one it stands for itself.",
        r#"path "kv1/team-+/x" { capabilities = ["read"] }"#,
        r#"path "kv1/+/x" { capabilities = ["read"] }"#,
    ),
    note(
        "VF-P015",
        "old shorthand",
        "`policy = \"write\"` is older than capabilities, and knows neither `patch` nor `scan`.",
        r#"path "kv1/a" { policy = "read" }"#,
        r#"path "kv1/a" { capabilities = ["read", "list"] }"#,
    ),
    note(
        "VF-P016",
        "path that stands twice",
        "Stanzas with the same path are united; one `deny` among them wins.",
        r#"path "kv1/a" { capabilities = ["read"] }
path "kv1/a" { capabilities = ["update"] }"#,
        r#"path "kv1/a" { capabilities = ["read", "update"] }"#,
    ),
    warning(
        "VF-P017",
        "number in a parameter list",
        "The servers compare a number of the policy with a number of the request as two different types: they are \
         never equal. An allowed number allows nothing, a denied one denies nothing.",
        r#"path "kv1/a" {
  capabilities = ["update"]
  denied_parameters = { ttl = [0] }
}"#,
        r#"path "kv1/a" {
  capabilities = ["update"]
  denied_parameters = { ttl = ["0"] }
}"#,
    ),
    warning(
        "VF-P018",
        "expired rule",
        "A rule past its `expiration` is not there any more.",
        r#"path "kv1/a" {
  capabilities = ["read"]
  expiration   = "2001-01-01T00:00:00Z"
}"#,
        r#"path "kv1/a" {
  capabilities = ["read"]
  expiration   = "2199-01-01T00:00:00Z"
}"#,
    ),
    warning(
        "VF-P019",
        "suppression that silences nothing",
        "A suppression names lints that exist, gives a reason, and ends where it says so.",
        r#"# vaultform:allow VF-P007
path "kv1/a" { capabilities = ["read", "sudo"] }"#,
        r#"# vaultform:allow VF-P007 until=2199-01-01 the plugin asks for it
path "kv1/a" { capabilities = ["read"] }"#,
    ),
    warning(
        "VF-P020",
        "unknown identity selector",
        "A rule whose template has no value is silently dropped for that token.",
        r#"path "kv1/{{identity.entity.nmae}}/*" { capabilities = ["read"] }"#,
        r#"path "kv1/{{identity.entity.name}}/*" { capabilities = ["read"] }"#,
    ),
    note(
        "VF-R001",
        "policy that nobody uses",
        "No role, user or group of the configuration names it.",
        r#"resource "vault_policy" "reader" {
  name   = "reader"
  policy = "path \"kv1/a\" { capabilities = [\"read\"] }"
}

resource "vault_token_auth_backend_role" "ci" {
  role_name              = "ci"
  allowed_policies       = ["default"]
  token_explicit_max_ttl = 3600
}"#,
        r#"resource "vault_policy" "reader" {
  name   = "reader"
  policy = "path \"kv1/a\" { capabilities = [\"read\"] }"
}

resource "vault_token_auth_backend_role" "ci" {
  role_name              = "ci"
  allowed_policies       = [vault_policy.reader.name]
  token_explicit_max_ttl = 3600
}"#,
    ),
    warning(
        "VF-R002",
        "missing policy",
        "The servers take the name of a policy that does not exist, and grant nothing for it.",
        r#"resource "vault_policy" "reader" {
  name   = "reader"
  policy = "path \"kv1/a\" { capabilities = [\"read\"] }"
}

resource "vault_token_auth_backend_role" "ci" {
  role_name              = "ci"
  allowed_policies       = ["raeder"]
  token_explicit_max_ttl = 3600
}"#,
        r#"resource "vault_policy" "reader" {
  name   = "reader"
  policy = "path \"kv1/a\" { capabilities = [\"read\"] }"
}

resource "vault_token_auth_backend_role" "ci" {
  role_name              = "ci"
  allowed_policies       = ["reader"]
  token_explicit_max_ttl = 3600
}"#,
    ),
    warning(
        "VF-R003",
        "tokens without a bound",
        "Without TTLs of its own, and none of its mount, a role gives tokens that live as long as the server allows.",
        r#"resource "vault_approle_auth_backend_role" "ci" {
  role_name      = "ci"
  token_policies = ["default"]
}"#,
        r#"resource "vault_approle_auth_backend_role" "ci" {
  role_name      = "ci"
  token_policies = ["default"]
  token_ttl      = 1200
  token_max_ttl  = 3600
}"#,
    ),
    warning(
        "VF-R004",
        "tokens that live for ever",
        "A periodic token can be renewed without end, unless an explicit maximum bounds it.",
        r#"resource "vault_token_auth_backend_role" "ci" {
  role_name        = "ci"
  allowed_policies = ["default"]
  token_period     = 86400
}"#,
        r#"resource "vault_token_auth_backend_role" "ci" {
  role_name              = "ci"
  allowed_policies       = ["default"]
  token_period           = 86400
  token_explicit_max_ttl = 2592000
}"#,
    ),
    warning(
        "VF-R005",
        "role bound to nothing",
        "Nothing that a login must match: service accounts of any namespace, no claim, no secret and no network.",
        r#"resource "vault_kubernetes_auth_backend_role" "app" {
  role_name                        = "app"
  bound_service_account_names      = ["app"]
  bound_service_account_namespaces = ["*"]
  token_policies                   = ["default"]
  token_ttl                        = 1200
}"#,
        r#"resource "vault_kubernetes_auth_backend_role" "app" {
  role_name                        = "app"
  bound_service_account_names      = ["app"]
  bound_service_account_namespaces = ["production"]
  token_policies                   = ["default"]
  token_ttl                        = 1200
}"#,
    ),
    warning(
        "VF-R006",
        "certificates for any name",
        "`allow_any_name` lets every holder speak for every host.",
        r#"resource "vault_pki_secret_backend_role" "web" {
  backend        = "pki"
  name           = "web"
  allow_any_name = true
}"#,
        r#"resource "vault_pki_secret_backend_role" "web" {
  backend          = "pki"
  name             = "web"
  allowed_domains  = ["example.org"]
  allow_subdomains = true
}"#,
    ),
    warning(
        "VF-R007",
        "small keys",
        "Keys below today's minimum.",
        r#"resource "vault_pki_secret_backend_role" "web" {
  backend         = "pki"
  name            = "web"
  allowed_domains = ["example.org"]
  key_type        = "rsa"
  key_bits        = 1024
}"#,
        r#"resource "vault_pki_secret_backend_role" "web" {
  backend         = "pki"
  name            = "web"
  allowed_domains = ["example.org"]
  key_type        = "rsa"
  key_bits        = 2048
}"#,
    ),
    warning(
        "VF-R008",
        "certificates that outlive their issuer",
        "The engine cuts or refuses them, depending on the issuer's settings.",
        r#"resource "vault_pki_secret_backend_root_cert" "root" {
  backend     = "pki"
  type        = "internal"
  common_name = "Example Root"
  ttl         = "8760h"
}

resource "vault_pki_secret_backend_role" "web" {
  backend         = "pki"
  name            = "web"
  allowed_domains = ["example.org"]
  max_ttl         = "17520h"
}"#,
        r#"resource "vault_pki_secret_backend_root_cert" "root" {
  backend     = "pki"
  type        = "internal"
  common_name = "Example Root"
  ttl         = "8760h"
}

resource "vault_pki_secret_backend_role" "web" {
  backend         = "pki"
  name            = "web"
  allowed_domains = ["example.org"]
  max_ttl         = "720h"
}"#,
    ),
    warning(
        "VF-R009",
        "key that can leave the server",
        "An exportable key, or one with plaintext backup, can be copied; the flags cannot be taken back.",
        r#"resource "vault_transit_secret_backend_key" "orders" {
  backend    = "transit"
  name       = "orders"
  exportable = true
}"#,
        r#"resource "vault_transit_secret_backend_key" "orders" {
  backend = "transit"
  name    = "orders"
}"#,
    ),
    note(
        "VF-R010",
        "database role without revocation",
        "The plugin's default revocation often leaves grants or owned objects behind.",
        r#"resource "vault_database_secret_backend_role" "app" {
  backend             = "database"
  name                = "app"
  db_name             = "main"
  creation_statements = ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'"]
}"#,
        r#"resource "vault_database_secret_backend_role" "app" {
  backend               = "database"
  name                  = "app"
  db_name               = "main"
  creation_statements   = ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'"]
  revocation_statements = ["DROP OWNED BY \"{{name}}\"; DROP ROLE \"{{name}}\""]
}"#,
    ),
    warning(
        "VF-R011",
        "no audit device",
        "Without one nobody can tell afterwards who did what. Asked of configurations that mount auth methods.",
        r#"resource "vault_auth_backend" "approle" {
  type = "approle"
}"#,
        r#"resource "vault_auth_backend" "approle" {
  type = "approle"
}

resource "vault_audit" "file" {
  type    = "file"
  options = { file_path = "/var/log/vault_audit.log" }
}"#,
    ),
    warning(
        "VF-R012",
        "user lockout off",
        "Passwords can be guessed without end.",
        r#"resource "vault_generic_endpoint" "people" {
  path      = "sys/auth/userpass/tune"
  data_json = jsonencode({ user_lockout_config = { lockout_disable = true } })
}"#,
        r#"resource "vault_generic_endpoint" "people" {
  path      = "sys/auth/userpass/tune"
  data_json = jsonencode({ user_lockout_config = { lockout_threshold = 5 } })
}"#,
    ),
    warning(
        "VF-R013",
        "orphan entity alias",
        "Its auth mount or its entity does not exist, so that no login ever uses it.",
        r#"resource "vault_identity_entity" "robot" {
  name = "robot"
}

resource "vault_identity_entity_alias" "robot" {
  name           = "robot"
  mount_accessor = "userpass"
  canonical_id   = vault_identity_entity.robot.id
}"#,
        r#"resource "vault_auth_backend" "people" {
  type = "userpass"
}

resource "vault_identity_entity" "robot" {
  name = "robot"
}

resource "vault_identity_entity_alias" "robot" {
  name           = "robot"
  mount_accessor = vault_auth_backend.people.accessor
  canonical_id   = vault_identity_entity.robot.id
}"#,
    ),
    note(
        "VF-R014",
        "maximum that bounds nothing",
        "Periodic tokens are renewed past `token_max_ttl`: only `token_explicit_max_ttl` ends them.",
        r#"resource "vault_approle_auth_backend_role" "ci" {
  role_name              = "ci"
  token_policies         = ["default"]
  token_period           = 3600
  token_max_ttl          = 86400
  token_explicit_max_ttl = 604800
}"#,
        r#"resource "vault_approle_auth_backend_role" "ci" {
  role_name              = "ci"
  token_policies         = ["default"]
  token_period           = 3600
  token_explicit_max_ttl = 604800
}"#,
    ),
];
