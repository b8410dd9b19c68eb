//! The provider block of Vault and OpenBao, with the arguments of terraform-provider-vault 5.12.

use super::{
    Attribute, Check, DataRead, ResourceType, Rule, block, blocks, boolean, integer, joined, map,
    text,
};

/// What a `provider "vault"` block may say. Its values exist only during the run, so it is like an ephemeral resource.
pub const PROVIDER: ResourceType = ResourceType::ephemeral(
    "vault",
    "How to reach a server and log in.",
    "",
    DataRead::Get,
)
.attributes(ARGUMENTS)
.rules(&[Rule::Conflict(LOGINS)]);

const ARGUMENTS: &[Attribute] = &[
    text(
        "address",
        "URL of the server; else `BAO_ADDR` or `VAULT_ADDR`.",
    ),
    boolean("add_address_to_env", "Without a meaning here."),
    text(
        "token",
        "Token to work with; else `BAO_TOKEN` or `VAULT_TOKEN`, or that of the helper file.",
    )
    .sensitive(),
    text(
        "token_name",
        "Without a meaning here: no child token is made.",
    ),
    boolean(
        "skip_child_token",
        "Without a meaning here: no child token is made.",
    ),
    integer(
        "max_lease_ttl_seconds",
        "Without a meaning here: no child token is made.",
    ),
    text(
        "namespace",
        "Namespace that those of the resources are relative to.",
    ),
    boolean(
        "set_namespace_from_token",
        "Whether the token's own namespace counts where none is set.",
    ),
    text(
        "ca_cert_file",
        "File with the authorities to trust, in PEM.",
    ),
    text(
        "ca_cert_dir",
        "Directory with the authorities to trust, in PEM.",
    ),
    text(
        "tls_server_name",
        "Name that the server's certificate must be for.",
    ),
    boolean("skip_tls_verify", "Whether any certificate is believed."),
    integer("max_retries", "How often a request is repeated."),
    integer("max_retries_ccc", "Without a meaning here."),
    boolean(
        "skip_get_vault_version",
        "Whether the server is not asked for its version.",
    ),
    text("vault_version_override", "The version to believe."),
    block(
        "client_auth",
        &[
            text("cert_file", "File with the certificate, in PEM.").required(),
            text("key_file", "File with its key, in PEM.").required(),
        ],
        "The certificate that the client shows.",
    )
    .deprecated("use `auth_login_cert`, or `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY`"),
    blocks(
        "headers",
        &[
            text("name", "Name of the header.").required(),
            text("value", "Its value.").required().sensitive(),
        ],
        "Headers for every request.",
    ),
    login("auth_login", GENERIC, "A login by path and parameters."),
    login(
        "auth_login_userpass",
        &USERPASS,
        "A login with user name and password.",
    ),
    login("auth_login_cert", &CERT, "A login with a certificate."),
    login("auth_login_jwt", &JWT, "A login with a JSON web token."),
    login("auth_login_token_file", &TOKEN_FILE, "A token from a file."),
    login("auth_login_aws", &AWS, "A login with AWS IAM."),
    login(
        "auth_login_azure",
        &AZURE,
        "A login with an identity of Azure.",
    ),
    login("auth_login_gcp", &GCP, "A login with Google Cloud."),
    login("auth_login_kerberos", &KERBEROS, "A login with Kerberos."),
    login("auth_login_oci", &OCI, "A login with Oracle Cloud."),
    login("auth_login_oidc", &OIDC, "A login in the browser."),
    login("auth_login_radius", &RADIUS, "A login with RADIUS."),
];

const LOGINS: &[&str] = &[
    "auth_login",
    "auth_login_userpass",
    "auth_login_cert",
    "auth_login_jwt",
    "auth_login_token_file",
    "auth_login_aws",
    "auth_login_azure",
    "auth_login_gcp",
    "auth_login_kerberos",
    "auth_login_oci",
    "auth_login_oidc",
    "auth_login_radius",
];

const fn login(
    name: &'static str,
    arguments: &'static [Attribute],
    about: &'static str,
) -> Attribute {
    block(name, arguments, about).checks(&[Check::MaxItems(1)])
}

const ROOT: Attribute = boolean(
    "use_root_namespace",
    "Whether the login is in the root namespace.",
);
const NAMESPACE: Attribute = text("namespace", "Namespace of the login.");

/// What every login method takes.
const COMMON: [Attribute; 3] = [
    NAMESPACE,
    ROOT,
    text(
        "mount",
        "Path of the auth method; its usual one where left out.",
    ),
];

const GENERIC: &[Attribute] = &[
    NAMESPACE,
    ROOT,
    text("path", "Path of the login: `auth/approle/login`.").required(),
    text(
        "method",
        "The kind of login, where it needs more than a request.",
    ),
    map("parameters", "What the login sends.").sensitive(),
];

const USERPASS: [Attribute; 6] = joined(
    &COMMON,
    &[
        text(
            "username",
            "Name of the user; else `TERRAFORM_VAULT_USERNAME`.",
        ),
        text("password", "Password; else `TERRAFORM_VAULT_PASSWORD`.").sensitive(),
        text("password_file", "File with the password."),
    ],
);

const CERT: [Attribute; 6] = joined(
    &COMMON,
    &[
        text("name", "Name of the role; any that fits where left out."),
        text("cert_file", "File with the certificate, in PEM.").required(),
        text("key_file", "File with its key, in PEM.").required(),
    ],
);

const JWT: [Attribute; 6] = joined(
    &COMMON,
    &[
        text("role", "Role to log in to.").required(),
        text("jwt", "The signed token; else `TERRAFORM_VAULT_AUTH_JWT`.").sensitive(),
        text(
            "distributed_claim_access_token",
            "Token for claims that are kept elsewhere.",
        )
        .sensitive(),
    ],
);

const TOKEN_FILE: [Attribute; 3] = [
    NAMESPACE,
    ROOT,
    text(
        "filename",
        "File with the token; else `TERRAFORM_VAULT_TOKEN_FILENAME`.",
    ),
];

const AWS: [Attribute; 16] = joined(
    &COMMON,
    &[
        text("role", "Role to log in to.").required(),
        text("aws_access_key_id", "Key of AWS."),
        text("aws_secret_access_key", "Its secret.").sensitive(),
        text("aws_session_token", "Its session token.").sensitive(),
        text("aws_profile", "Profile of AWS."),
        text("aws_shared_credentials_file", "File with the profile."),
        text(
            "aws_web_identity_token_file",
            "File with a web identity token.",
        ),
        text("aws_role_arn", "Role of AWS to assume."),
        text("aws_role_session_name", "Name of its session."),
        text("aws_region", "Region of AWS."),
        text("aws_sts_endpoint", "Endpoint of its token service."),
        text("aws_iam_endpoint", "Endpoint of its identities."),
        text("header_value", "The server's id in the signed request."),
    ],
);

const AZURE: [Attribute; 12] = joined(
    &COMMON,
    &[
        text("role", "Role to log in to.").required(),
        text("jwt", "The token of the identity.").sensitive(),
        text("subscription_id", "Subscription of the machine.").required(),
        text("resource_group_name", "Its resource group.").required(),
        text("vm_name", "Its name."),
        text("vmss_name", "Name of its scale set."),
        text("tenant_id", "Tenant of the identity."),
        text("client_id", "Client of the identity."),
        text("scope", "Scope of the token."),
    ],
);

const GCP: [Attribute; 7] = joined(
    &COMMON,
    &[
        text("role", "Role to log in to.").required(),
        text("jwt", "The signed token.").sensitive(),
        text("credentials", "File with credentials, or their text.").sensitive(),
        text("service_account", "Account to sign for."),
    ],
);

const KERBEROS: [Attribute; 11] = joined(
    &COMMON,
    &[
        text("token", "The token to show.").sensitive(),
        text("username", "Name of the user."),
        text("service", "The service."),
        text("realm", "The realm."),
        text("keytab_path", "File with the keys."),
        text("krb5conf_path", "File with the settings of Kerberos."),
        boolean("disable_fast_negotiation", "Whether FAST is not used."),
        boolean(
            "remove_instance_name",
            "Whether the instance is cut off the name.",
        ),
    ],
);

const OCI: [Attribute; 5] = joined(
    &COMMON,
    &[
        text("role", "Role to log in to.").required(),
        text("auth_type", "`instance` or `apikey`.").required(),
    ],
);

const OIDC: [Attribute; 6] = joined(
    &COMMON,
    &[
        text("role", "Role to log in to.").required(),
        text("callback_listener_address", "Where the answer is awaited."),
        text("callback_address", "Where the browser is sent."),
    ],
);

const RADIUS: [Attribute; 5] = joined(
    &COMMON,
    &[
        text("username", "Name of the user."),
        text("password", "Password.").sensitive(),
    ],
);
