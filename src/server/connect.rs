//! Where to connect and how: the provider block over the environment, `BAO_*` over `VAULT_*`, then defaults.

use super::login::{self, Login, LoginBlock};
use super::wire::Log;
use crate::source::{Diagnostic, Outcome};
use crate::value::{Text, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Whom to trust; the system's authorities when none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    File(PathBuf),
    /// PEM text
    Bytes(String),
    Directory(PathBuf),
}

/// How to speak TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub authority: Option<Authority>,
    /// Certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// The name that the server's certificate must be for, when it is not the address's host.
    pub server_name: Option<String>,
    pub skip_verify: bool,
}

/// All that is needed to connect. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Settings {
    pub address: String,
    /// The provider's namespace, which those of its resources are relative to.
    pub namespace: String,
    pub login: Login,
    pub tls: Tls,
    /// Headers for every request.
    pub headers: Vec<(String, Text)>,
    pub proxy: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long a request is repeated.
    pub patience: Duration,
    /// How often at most; no limit but the time when `None`.
    pub max_retries: Option<u32>,
    /// Requests a second, and how many at once after a rest.
    pub rate_limit: Option<(f64, u32)>,
    /// Requests in flight.
    pub in_flight: usize,
    /// Whether to go to the active node's own address where a standby answers.
    pub follow_leader: bool,
    pub skip_detection: bool,
    /// The version to believe where the server does not tell it.
    pub version_override: Option<String>,
    /// Whether a token's own namespace becomes the provider's when none is set.
    pub namespace_from_token: bool,
    pub log: Option<Log>,
}

impl Settings {
    /// Makes settings for an address, with defaults for everything else and no token.
    #[must_use]
    pub fn new(address: &str) -> Settings {
        Settings {
            address: address.to_owned(),
            namespace: String::new(),
            login: Login::None,
            tls: Tls::default(),
            headers: Vec::new(),
            proxy: None,
            timeout: Duration::from_secs(60),
            patience: Duration::from_secs(60),
            max_retries: None,
            rate_limit: None,
            in_flight: 16,
            follow_leader: true,
            skip_detection: false,
            version_override: None,
            namespace_from_token: true,
            log: None,
        }
    }
}

/// What a provider block says, evaluated. Arguments that only govern the provider's child token are accepted and mean
/// nothing: no child token is ever made.
#[derive(Clone, Default)]
pub struct ProviderBlock {
    pub texts: BTreeMap<String, Text>,
    pub client_auth: Option<(String, String)>,
    pub headers: Vec<(String, Text)>,
    pub login: Option<LoginBlock>,
}

impl ProviderBlock {
    /// Reads an evaluated provider block: an object of arguments, nested blocks as lists of objects. Nulls count as absent.
    ///
    /// # Errors
    /// When a login block is of a kind that is not supported, or there are two.
    pub fn from_value(block: &Value) -> Outcome<ProviderBlock> {
        let mut read = ProviderBlock::default();
        let mut problems = Vec::new();
        for (name, value) in block.as_fields().into_iter().flatten() {
            match (&**name, first_block(value)) {
                ("client_auth", Some(inner)) => {
                    read.client_auth = pair(inner, "cert_file", "key_file")
                }
                ("headers", Some(_)) => read.headers = headers(value),
                (kind, Some(inner)) if kind.starts_with("auth_login") => {
                    match LoginBlock::from_value(kind, inner) {
                        Ok(_) if read.login.is_some() => problems.push(two_logins()),
                        Ok(login) => read.login = Some(login),
                        Err(found) => problems.extend(found),
                    }
                }
                (_, None) => read
                    .texts
                    .extend(login::as_text(value).map(|text| (name.to_string(), text))),
                _ => {}
            }
        }
        if problems.is_empty() {
            Ok(read)
        } else {
            Err(problems)
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.texts
            .get(name)
            .map(|text| text.to_string())
            .filter(|text| !text.is_empty())
    }
}

fn two_logins() -> Diagnostic {
    Diagnostic::error("connection-settings", "the provider block has two logins")
        .hint("keep one of the `auth_login` blocks")
}

/// Returns the object of a nested block: the first of a list, or the object itself.
fn first_block(value: &Value) -> Option<&Value> {
    match value.as_items() {
        Some(items) => items.first(),
        None => value.as_fields().map(|_| value),
    }
}

fn pair(block: &Value, left: &str, right: &str) -> Option<(String, String)> {
    let text = |name| block.field(name)?.as_text().map(str::to_owned);
    Some((text(left)?, text(right)?))
}

fn headers(value: &Value) -> Vec<(String, Text)> {
    let items = value.as_items().unwrap_or(std::slice::from_ref(value));
    let pairs = items.iter().filter_map(|item| pair(item, "name", "value"));
    pairs
        .map(|(name, value)| (name, Text::from(value)))
        .collect()
}

/// The variables of the process's environment.
pub type Environment = BTreeMap<String, String>;

/// Returns a variable of either product: `BAO_X` before `VAULT_X`; an empty one counts as unset.
pub(super) fn variable<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    let one = |prefix: &str| {
        environment
            .get(&format!("{prefix}{name}"))
            .map(String::as_str)
    };
    let set = |prefix: &str| one(prefix).filter(|value| !value.is_empty());
    set("BAO_").or_else(|| set("VAULT_"))
}

/// Settles what applies: the provider block, then the environment, then `~/.vault-token`, then defaults.
///
/// # Errors
/// Names every variable and argument that cannot be used.
pub fn settle(block: &ProviderBlock, environment: &Environment) -> Outcome<Settings> {
    let mut given = Given {
        block,
        environment,
        problems: Vec::new(),
    };
    let agent = variable(environment, "AGENT_ADDR").or_else(|| variable(environment, "ADDR"));
    let mut settings = Settings::new(agent.unwrap_or("https://127.0.0.1:8200"));
    settings.address = block.text("address").unwrap_or(settings.address);
    let namespace = given.text("namespace", "NAMESPACE").unwrap_or_default();
    settings.namespace = namespace.trim_matches('/').to_owned();
    settings.tls = given.tls();
    settings.headers.clone_from(&block.headers);
    settings.proxy = given
        .text("", "PROXY_ADDR")
        .or_else(|| given.text("", "HTTP_PROXY"));
    given.limits(&mut settings);
    settings.follow_leader = !given.flag("", "DISABLE_REDIRECTS");
    settings.skip_detection = given.flag("skip_get_vault_version", "");
    settings.namespace_from_token =
        block.text("set_namespace_from_token").as_deref() != Some("false");
    settings.version_override = block.text("vault_version_override");
    match login::settle(block, environment, &settings.namespace) {
        Ok(login) => settings.login = login,
        Err(found) => given.problems.extend(found),
    }
    if settings.proxy.is_some() && settings.tls.server_name.is_some() {
        let hint = "unset `VAULT_PROXY_ADDR` or `VAULT_TLS_SERVER_NAME`";
        given.problem(
            "a proxy and a TLS server name cannot be used together",
            hint,
        );
    }
    if given.problems.is_empty() {
        Ok(settings)
    } else {
        Err(given.problems)
    }
}

/// What was given, and what is wrong with it. An argument or variable without a name (`""`) does not exist.
struct Given<'a> {
    block: &'a ProviderBlock,
    environment: &'a Environment,
    problems: Vec<Diagnostic>,
}

impl Given<'_> {
    fn problem(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        let problem = Diagnostic::error("connection-settings", message).hint(hint);
        self.problems.push(problem);
    }

    /// Returns an argument, else the variable of that name.
    fn text(&self, argument: &str, name: &str) -> Option<String> {
        let set = || variable(self.environment, name).map(str::to_owned);
        self.block.text(argument).or_else(set)
    }

    fn limits(&mut self, settings: &mut Settings) {
        let timeout = self.parsed("", "CLIENT_TIMEOUT", "a duration such as `60s`", duration);
        settings.timeout = timeout.unwrap_or(settings.timeout);
        settings.max_retries = self.parsed(
            "max_retries",
            "MAX_RETRIES",
            "a whole number such as `2`",
            |text| text.parse().ok(),
        );
        settings.rate_limit = self.parsed(
            "",
            "RATE_LIMIT",
            "a rate such as `50` or `50:100`",
            rate_limit,
        );
    }

    fn tls(&mut self) -> Tls {
        let path = |text: String| PathBuf::from(text);
        let file = self
            .text("ca_cert_file", "CACERT")
            .map(path)
            .map(Authority::File);
        let bytes = self.text("", "CACERT_BYTES").map(Authority::Bytes);
        let directory = self
            .text("ca_cert_dir", "CAPATH")
            .map(path)
            .map(Authority::Directory);
        Tls {
            authority: file.or(bytes).or(directory),
            client: self.client(),
            server_name: self.text("tls_server_name", "TLS_SERVER_NAME"),
            skip_verify: self.flag("skip_tls_verify", "SKIP_VERIFY"),
        }
    }

    /// Returns certificate and key: those of a certificate login, of `client_auth`, of the environment.
    fn client(&mut self) -> Option<(PathBuf, PathBuf)> {
        let both = match (self.text("", "CLIENT_CERT"), self.text("", "CLIENT_KEY")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                let hint = "set both `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY`";
                self.problem("of client certificate and key only one is set", hint);
                None
            }
        };
        let both = self.block.client_auth.clone().or(both);
        let of_login = self
            .block
            .login
            .as_ref()
            .and_then(LoginBlock::client_certificate);
        of_login.or_else(|| both.map(|(certificate, key)| (certificate.into(), key.into())))
    }

    /// Reads a truth value strictly: a guess here could turn certificate checks off.
    fn flag(&mut self, argument: &str, name: &str) -> bool {
        let truth = |text: &str| match text {
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Some(false),
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Some(true),
            _ => None,
        };
        self.parsed(argument, name, "`true` or `false`", truth)
            .unwrap_or_default()
    }

    fn parsed<T>(
        &mut self,
        argument: &str,
        name: &str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(argument, name)?;
        let value = parse(&text);
        if value.is_none() {
            let shown = match self.block.text(argument) {
                Some(_) => argument.to_owned(),
                None => format!("VAULT_{name}"),
            };
            self.problem(
                format!("`{shown}` is `{text}`, which is not {wanted}"),
                format!("set it to {wanted}"),
            );
        }
        value
    }
}

/// Reads whole seconds from `60` or `1m30s`; `None` for anything else.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let seconds = text.parse().ok().or_else(|| spelled_seconds(text))?;
    Some(Duration::try_from_secs_f64(seconds).ok()?.as_secs())
}

/// Reads seconds (`60`) or a duration such as `1m30s`; not zero.
fn duration(text: &str) -> Option<Duration> {
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => spelled_seconds(text)?,
    };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
}

fn spelled_seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let (factor, unit) = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)]
            .into_iter()
            .find(|(unit, _)| tail.starts_with(unit))
            .map(|(unit, factor)| (factor, unit))?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = tail.get(unit.len()..)?;
    }
    Some(seconds)
}

/// Reads `50` or `50:100`: requests a second and how many at once.
fn rate_limit(text: &str) -> Option<(f64, u32)> {
    let (rate, burst) = text.split_once(':').unwrap_or((text, ""));
    let rate: f64 = rate
        .trim()
        .parse()
        .ok()
        .filter(|rate: &f64| *rate > 0.0 && rate.is_finite())?;
    let burst = match burst.trim() {
        "" => rate.ceil().min(1e9),
        text => f64::from(text.parse::<u32>().ok()?),
    };
    // Bounded above and positive, so nothing is cut off.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((rate, burst as u32))
}

#[cfg(test)]
mod tests;
