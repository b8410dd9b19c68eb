//! Builds the HTTP client, and reads from its errors what failed below HTTP.

use super::connect::{Authority, Tls};
use super::error::ServerError;
use super::fault::Fault;
use super::path::Base;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, ClientBuilder, Identity, Proxy};
use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the client: redirects off (ours would carry the token), HTTP/2 where TLS agrees on it.
///
/// # Errors
/// Names the certificate file or setting that cannot be used.
pub(super) fn client(
    base: &Base,
    tls: &Tls,
    proxy: Option<&str>,
    timeout: Duration,
) -> Result<reqwest::Client, ServerError> {
    install_provider();
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("vaultform/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout);
    let builder = with_proxy(builder, base, proxy)?;
    let builder = match &base.socket {
        Some(socket) => builder.unix_socket(PathBuf::from(socket)),
        None => builder,
    };
    let builder = match base.is_https() {
        true => with_tls(builder, base, tls)?,
        // Without this the client would look for the system's authorities and fail where there are none.
        false => builder.tls_certs_only(Vec::new()),
    };
    builder.build().map_err(|error| {
        settings(
            format!("no HTTP client: {}", innermost(&error)),
            "check the TLS settings",
        )
    })
}

/// Chooses the cryptography for the whole process, once; who chose before us is left alone.
pub(super) fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn settings(what: String, hint: &str) -> ServerError {
    ServerError::Settings {
        what,
        hint: hint.to_owned(),
    }
}

/// A proxy by name goes for every address; those of the environment (`HTTPS_PROXY`) never for this machine.
fn with_proxy(
    builder: ClientBuilder,
    base: &Base,
    proxy: Option<&str>,
) -> Result<ClientBuilder, ServerError> {
    match proxy {
        Some(url) => {
            let bad = |_| {
                settings(
                    "the proxy's address cannot be used".into(),
                    "set `VAULT_PROXY_ADDR` to an address such as `http://proxy:3128`",
                )
            };
            Ok(builder.no_proxy().proxy(Proxy::all(url).map_err(bad)?))
        }
        None if is_this_machine(&base.host) => Ok(builder.no_proxy()),
        None => Ok(builder),
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn with_tls(builder: ClientBuilder, base: &Base, tls: &Tls) -> Result<ClientBuilder, ServerError> {
    let mut builder = builder.tls_danger_accept_invalid_certs(tls.skip_verify);
    if let Some(authority) = &tls.authority {
        builder = builder.tls_certs_only(authorities(authority)?);
    }
    if let Some((certificate, key)) = &tls.client {
        builder = builder.identity(identity(certificate, key)?);
    }
    if tls.server_name.is_some() {
        // `Host` stays the address's own, which HTTP/2 would not allow beside another name.
        builder = builder
            .http1_only()
            .dns_resolver(SameHost(base.host.clone()));
    }
    Ok(builder)
}

fn read(what: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, ServerError> {
    let unreadable = |error| {
        settings(
            format!("the {what} `{}` cannot be read: {error}", path.display()),
            "check the path and its permissions",
        )
    };
    std::fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

fn authorities(authority: &Authority) -> Result<Vec<Certificate>, ServerError> {
    match authority {
        Authority::File(path) => {
            bundle(&path.display().to_string(), &read("CA certificate", path)?)
        }
        Authority::Bytes(pem) => bundle("VAULT_CACERT_BYTES", pem.as_bytes()),
        Authority::Directory(path) => directory(path),
    }
}

fn bundle(name: &str, pem: &[u8]) -> Result<Vec<Certificate>, ServerError> {
    let certificates = Certificate::from_pem_bundle(pem).unwrap_or_default();
    match certificates.is_empty() {
        true => Err(settings(
            format!("`{name}` has no PEM certificate in it"),
            "give a file with `-----BEGIN CERTIFICATE-----` blocks",
        )),
        false => Ok(certificates),
    }
}

/// Reads every file of a directory; those that are no certificates are passed over, as OpenSSL does.
fn directory(path: &Path) -> Result<Vec<Certificate>, ServerError> {
    let unreadable = |error| {
        settings(
            format!(
                "the CA directory `{}` cannot be read: {error}",
                path.display()
            ),
            "check the path and its permissions",
        )
    };
    let mut certificates = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.is_file() {
            certificates.extend(
                Certificate::from_pem_bundle(&read("CA certificate", &file)?).unwrap_or_default(),
            );
        }
    }
    match certificates.is_empty() {
        true => Err(settings(
            format!("no file in `{}` is a PEM certificate", path.display()),
            "point `VAULT_CAPATH` at a directory of PEM files",
        )),
        false => Ok(certificates),
    }
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity, ServerError> {
    let mut pem = read("client key", key)?;
    pem.push(b'\n');
    pem.extend_from_slice(&read("client certificate", certificate)?);
    Identity::from_pem(&pem).map_err(|_| {
        settings(
            format!(
                "`{}` and `{}` are not a PEM certificate and its key",
                certificate.display(),
                key.display()
            ),
            "give the certificate and its unencrypted private key as PEM files",
        )
    })
}

/// Looks up the address's own host whatever name is asked for: the URL then carries the TLS server name.
struct SameHost(String);

impl Resolve for SameHost {
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.0.trim_matches(['[', ']']).to_owned();
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Tells what failed when no answer came.
pub(super) fn fault_of(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    if let Some(tls) = rustls_error(&error) {
        let (why, hint) = tls_words(tls);
        return Fault::Tls {
            why,
            hint: hint.to_owned(),
        };
    }
    let why = match error.is_timeout() {
        true => "no answer in time".to_owned(),
        false => innermost(&error),
    };
    match error.is_connect() {
        true => Fault::NoConnection { why },
        false => Fault::Broken { why },
    }
}

/// The fault of speaking plain HTTP to a TLS port.
pub(super) fn https_wanted() -> Fault {
    Fault::Tls {
        why: "the server speaks HTTPS there".into(),
        hint: "write the address with `https://`".into(),
    }
}

pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Finds the TLS error in a chain. An I/O error is looked into by hand, because its `source` passes over what it holds.
fn rustls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let io = error.downcast_ref::<std::io::Error>();
    let held = io
        .and_then(std::io::Error::get_ref)
        .map(|held| held as &(dyn Error + 'static));
    let next = held.or_else(|| error.source());
    error
        .downcast_ref::<rustls::Error>()
        .or_else(|| rustls_error(next?))
}

fn tls_words(error: &rustls::Error) -> (String, &'static str) {
    use rustls::Error as E;
    const AUTHORITY: &str = "set `VAULT_CACERT` (or `ca_cert_file`) to the certificate of the authority that signed the server's";
    const CLIENT: &str = "set `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY` (or `client_auth`) to a certificate that the server accepts";
    const NAME: &str = "use the name in the certificate as address, or set `VAULT_TLS_SERVER_NAME` (or `tls_server_name`)";
    match error {
        E::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            (
                "the server's certificate is signed by an unknown authority".into(),
                AUTHORITY,
            )
        }
        E::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => ("the server's certificate is for another name".into(), NAME),
        E::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => (
            "the server's certificate has expired".into(),
            "renew the server's certificate",
        ),
        E::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => (
            "the server's certificate is not valid yet".into(),
            "check the clocks of both machines",
        ),
        E::InvalidCertificate(other) => (
            format!("the server's certificate is not acceptable: {other}"),
            AUTHORITY,
        ),
        E::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::HandshakeFailure,
        ) => (
            "the server does not accept our client certificate, or wants one".into(),
            CLIENT,
        ),
        E::InvalidMessage(_) => (
            "the server does not speak TLS there".into(),
            "write the address with `http://`, or use the TLS port",
        ),
        other => (other.to_string(), "check the TLS settings of both sides"),
    }
}

/// Returns the address to send to: the TLS server name stands in for the host, which [`SameHost`] looks up all the same.
pub(super) fn named(base: &Base, tls: &Tls) -> Base {
    let Some(name) = tls.server_name.as_deref().filter(|_| base.is_https()) else {
        return base.clone();
    };
    let Ok(mut url) = reqwest::Url::parse(&base.url) else {
        return base.clone();
    };
    match url.set_host(Some(name)) {
        Ok(()) => Base {
            url: url.as_str().trim_end_matches('/').to_owned(),
            ..base.clone()
        },
        Err(_) => base.clone(),
    }
}

/// Returns the `Host` header of an address: the port only where it is not the scheme's own.
pub(super) fn host_header(base: &Base) -> Option<String> {
    let url = reqwest::Url::parse(&base.url).ok()?;
    let host = url.host_str()?;
    Some(
        url.port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
    )
}
