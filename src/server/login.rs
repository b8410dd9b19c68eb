//! Logins: which one applies, and what it sends.
//!
//! All logins are one request to one path, so they go through the same door as everything else. The crate vaultrs is
//! not used for them, though it has most: it demands `token_policies` in the answer, which a server leaves out for an
//! identity whose policies come from its entity or groups, and by then a one-time secret ID is spent (measured on
//! OpenBao 2.7.2 with vaultrs 0.8.0). It also drops an address's path prefix, puts names into the path unencoded,
//! repeats nothing, and its error for an answer that it cannot read carries the answer, token included.

use super::connect::{Environment, ProviderBlock, variable};
use crate::source::{Diagnostic, Outcome};
use crate::value::{Shape, Text, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where Kubernetes puts a pod's own token.
const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// How to get a token. No `Debug`: it holds secrets.
#[derive(Clone)]
pub enum Login {
    /// Not at all: only what is open to everybody can be asked.
    None,
    /// A token that somebody else made: it is never revoked.
    Token(Text),
    /// A request that answers a token, which is revoked at the end.
    At {
        path: String,
        /// Absolute; empty for the root namespace.
        namespace: String,
        body: BTreeMap<String, Text>,
    },
}

/// An `auth_login…` block of a provider.
#[derive(Clone)]
pub struct LoginBlock {
    kind: String,
    arguments: BTreeMap<String, Text>,
    parameters: BTreeMap<String, Text>,
}

/// The kinds that need a cloud's or a desk's own machinery, with what to use instead.
const NOT_SUPPORTED: &[(&str, &str)] = &[
    (
        "aws",
        "`auth_login_jwt` with a web identity token, or `auth_login` with a signed request in `parameters`",
    ),
    (
        "azure",
        "`auth_login` with `path = \"auth/azure/login\"` and `role` and `jwt` in `parameters`",
    ),
    (
        "gcp",
        "`auth_login` with `path = \"auth/gcp/login\"` and `role` and `jwt` in `parameters`",
    ),
    (
        "kerberos",
        "`auth_login` of AppRole, or `vault login` and `VAULT_TOKEN`",
    ),
    (
        "oci",
        "`auth_login` of AppRole, or `vault login` and `VAULT_TOKEN`",
    ),
    (
        "oidc",
        "`vault login -method=oidc` before, or `auth_login_jwt`",
    ),
    (
        "radius",
        "`auth_login` with `path = \"auth/radius/login/USER\"` and `password` in `parameters`",
    ),
];

impl LoginBlock {
    /// Reads an evaluated block of kind `auth_login`, `auth_login_jwt`, ….
    ///
    /// # Errors
    /// When the kind is not supported; the hint names what to use instead.
    pub fn from_value(kind: &str, block: &Value) -> Outcome<LoginBlock> {
        let named = kind
            .trim_start_matches("auth_login")
            .trim_start_matches('_');
        refuse_unsupported(named, kind)?;
        let fields = || block.as_fields().into_iter().flatten();
        let texts = |value: &Value| -> BTreeMap<String, Text> {
            let each = value.as_fields().into_iter().flatten();
            each.filter_map(|(name, value)| Some((name.to_string(), as_text(value)?)))
                .collect()
        };
        let login = LoginBlock {
            kind: named.to_owned(),
            arguments: fields()
                .filter_map(|(name, value)| Some((name.to_string(), as_text(value)?)))
                .collect(),
            parameters: block.field("parameters").map(texts).unwrap_or_default(),
        };
        match login.argument("method") {
            Some(method) => refuse_unsupported(&method, kind).map(|()| login),
            None => Ok(login),
        }
    }

    fn argument(&self, name: &str) -> Option<Text> {
        self.arguments
            .get(name)
            .filter(|text| !text.is_empty())
            .cloned()
    }

    /// Returns certificate and key of a certificate login: the token it answers is bound to them.
    #[must_use]
    pub fn client_certificate(&self) -> Option<(PathBuf, PathBuf)> {
        let path = |name| self.argument(name).map(|text| PathBuf::from(&*text));
        Some((path("cert_file")?, path("key_file")?))
    }
}

fn refuse_unsupported(named: &str, kind: &str) -> Outcome<()> {
    match NOT_SUPPORTED.iter().find(|(name, _)| *name == named) {
        Some((name, instead)) => Err(problem(
            format!("`{kind}` cannot log in with {name}"),
            format!("use {instead}"),
        )),
        None => Ok(()),
    }
}

fn problem(message: impl Into<String>, hint: impl Into<String>) -> Vec<Diagnostic> {
    vec![Diagnostic::error("login-settings", message).hint(hint)]
}

/// Returns a scalar as text; `None` for null and collections.
pub(super) fn as_text(value: &Value) -> Option<Text> {
    match &value.shape {
        Shape::Text(text) => Some(text.clone()),
        Shape::Bool(truth) => Some(truth.to_string().into()),
        Shape::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// Decides how to log in: a login block, a token of the provider block, `VAULT_TOKEN`, `~/.vault-token`.
pub(super) fn settle(
    block: &ProviderBlock,
    environment: &Environment,
    namespace: &str,
) -> Outcome<Login> {
    if let Some(login) = &block.login {
        return by_block(login, environment, namespace);
    }
    let given = block
        .texts
        .get("token")
        .filter(|token| !token.is_empty())
        .cloned();
    let set = || variable(environment, "TOKEN").map(Text::from);
    match given.or_else(set) {
        Some(token) => Ok(Login::Token(token.trim().into())),
        None => by_home(environment),
    }
}

/// Takes the token that `vault login` or `bao login` left.
fn by_home(environment: &Environment) -> Outcome<Login> {
    let home = environment.get("HOME").filter(|home| !home.is_empty());
    let file = home.map(|home| Path::new(home).join(".vault-token"));
    match file.filter(|file| file.is_file()) {
        Some(file) => {
            let token = secret_file("token file", &file)?;
            Ok(if token.is_empty() {
                Login::None
            } else {
                Login::Token(token)
            })
        }
        None => Ok(Login::None),
    }
}

/// Reads a file of one secret, without the line break at its end.
fn secret_file(what: &str, path: &Path) -> Outcome<Text> {
    let unreadable = |error| {
        problem(
            format!("the {what} `{}` cannot be read: {error}", path.display()),
            "check the path and its permissions",
        )
    };
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    Ok(text.trim().into())
}

fn by_block(login: &LoginBlock, environment: &Environment, namespace: &str) -> Outcome<Login> {
    let asked = Asked { login, environment };
    let mount = login
        .argument("mount")
        .map_or_else(|| login.kind.clone(), |mount| mount.to_string());
    let path = format!("auth/{mount}/login");
    match login.kind.as_str() {
        "token_file" => {
            let file = asked.needed("filename", "TERRAFORM_VAULT_TOKEN_FILENAME")?;
            Ok(Login::Token(secret_file("token file", Path::new(&*file))?))
        }
        "userpass" => {
            let user = asked.needed("username", "TERRAFORM_VAULT_USERNAME")?;
            let password = [("password", Some(asked.password()?))];
            Ok(at(login, namespace, format!("{path}/{}", &*user), password))
        }
        "jwt" => {
            let further = "distributed_claim_access_token";
            let body = [
                ("role", Some(asked.needed("role", "")?)),
                (
                    "jwt",
                    Some(asked.needed("jwt", "TERRAFORM_VAULT_AUTH_JWT")?),
                ),
                (further, login.argument(further)),
            ];
            Ok(at(login, namespace, path, body))
        }
        "cert" => {
            asked.needed("cert_file", "")?;
            asked.needed("key_file", "")?;
            Ok(at(
                login,
                namespace,
                path,
                [("name", login.argument("name"))],
            ))
        }
        "" => generic(login, namespace, &asked.needed("path", "")?),
        other => Err(problem(
            format!("`auth_login_{other}` is not a login that is known"),
            "use `auth_login` with `path` and `parameters`",
        )),
    }
}

/// A login block with the environment that may stand in for its arguments.
struct Asked<'a> {
    login: &'a LoginBlock,
    environment: &'a Environment,
}

impl Asked<'_> {
    /// Returns an argument, else the variable; a variable without a name (`""`) does not exist.
    fn text(&self, name: &str, variable: &str) -> Option<Text> {
        let set = self
            .environment
            .get(variable)
            .filter(|value| !value.is_empty());
        self.login
            .argument(name)
            .or_else(|| set.map(|value| Text::from(value.as_str())))
    }

    fn needed(&self, name: &str, variable: &str) -> Outcome<Text> {
        self.text(name, variable)
            .ok_or_else(|| missing(self.login, name, variable))
    }

    fn password(&self) -> Outcome<Text> {
        match self.text("password", "TERRAFORM_VAULT_PASSWORD") {
            Some(password) => Ok(password),
            None => {
                let file = self.needed("password_file", "TERRAFORM_VAULT_PASSWORD_FILE")?;
                secret_file("password file", Path::new(&*file))
            }
        }
    }
}

fn missing(login: &LoginBlock, name: &str, variable: &str) -> Vec<Diagnostic> {
    let block = ["auth_login", &login.kind].join(if login.kind.is_empty() { "" } else { "_" });
    let hint = match variable {
        "" => format!("set `{name}` in the block"),
        variable => format!("set `{name}` in the block, or `{variable}` in the environment"),
    };
    problem(format!("`{block}` has no `{name}`"), hint)
}

fn at<'a>(
    login: &LoginBlock,
    namespace: &str,
    path: String,
    body: impl IntoIterator<Item = (&'a str, Option<Text>)>,
) -> Login {
    let own = login
        .argument("namespace")
        .map(|own| own.trim_matches('/').to_owned());
    let namespace = match login.argument("use_root_namespace").as_deref() {
        Some("true") => String::new(),
        _ => own.unwrap_or_else(|| namespace.to_owned()),
    };
    let body = body
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Login::At {
        path,
        namespace,
        body: body.collect(),
    }
}

/// `auth_login { path, parameters }`: whatever stands there is sent. In a pod, Kubernetes needs no `jwt`: the pod's own is taken.
fn generic(login: &LoginBlock, namespace: &str, path: &str) -> Outcome<Login> {
    let path = path.trim_matches('/');
    let mut body = login.parameters.clone();
    let method = login.argument("method");
    let kubernetes = method.as_deref() == Some("kubernetes") || path == "auth/kubernetes/login";
    if kubernetes && !body.contains_key("jwt") {
        body.insert(
            "jwt".into(),
            secret_file("service account token", Path::new(SERVICE_ACCOUNT_TOKEN))?,
        );
    }
    let body = body
        .iter()
        .map(|(name, value)| (name.as_str(), Some(value.clone())));
    Ok(at(login, namespace, path.to_owned(), body))
}
