//! Pages of the web, for data sources: no server of ours, no token, no retries.

use super::tls::install_provider;
use reqwest::{Certificate, Method};
use std::time::Duration;

/// How long a page may take where nobody says.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How large a page may be, in bytes.
const LIMIT: usize = 16 << 20;

/// What is asked of the web.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    pub url: String,
    pub method: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    pub timeout: Option<Duration>,
    /// PEM of the authorities to trust, in place of the system's.
    pub authorities: Option<String>,
    pub insecure: bool,
}

/// What the web answers.
#[derive(Clone, Default)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Reads a page.
///
/// # Errors
/// Says in words what went wrong.
pub async fn read_page(request: PageRequest) -> Result<Page, String> {
    install_provider();
    let mut builder = reqwest::Client::builder()
        .timeout(request.timeout.unwrap_or(TIMEOUT))
        .tls_danger_accept_invalid_certs(request.insecure);
    if let Some(pem) = &request.authorities {
        let authorities = Certificate::from_pem_bundle(pem.as_bytes());
        builder = builder.tls_certs_only(authorities.map_err(|_| "`ca_cert_pem` is no PEM")?);
    } else if !request.url.starts_with("https") {
        builder = builder.tls_certs_only(Vec::new());
    }
    let client = builder.build().map_err(words)?;
    let method = Method::from_bytes(request.method.as_bytes());
    let mut asking = client.request(method.map_err(|_| "no such method")?, &request.url);
    for (name, value) in &request.headers {
        asking = asking.header(name, value);
    }
    if let Some(body) = request.body {
        asking = asking.body(body);
    }
    let mut answer = asking.send().await.map_err(words)?;
    let headers = answer.headers().iter();
    let headers = headers
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (canonical(name.as_str()), value)
        })
        .collect();
    let mut page = Page {
        status: answer.status().as_u16(),
        headers,
        body: Vec::new(),
    };
    while let Some(piece) = answer.chunk().await.map_err(words)? {
        page.body.extend(piece);
        if page.body.len() > LIMIT {
            return Err(format!("it is larger than {LIMIT} bytes"));
        }
    }
    Ok(page)
}

/// Writes the name of a header with capital letters, as Go's programs do.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}

fn words(error: reqwest::Error) -> String {
    super::tls::innermost(&error)
}
