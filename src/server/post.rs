//! Messages to receivers on the web: notifications. No token of ours goes with them, and no redirect is followed.

use super::tls::install_provider;
use reqwest::Certificate;
use reqwest::redirect::Policy;
use std::time::Duration;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long is waited before each further attempt.
const PAUSES: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(3)];

/// A message to a receiver.
#[derive(Clone)]
pub struct Message {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
    /// PEM of the authorities to trust, in place of the system's.
    pub authorities: Option<Vec<u8>>,
}

/// Hands a message over: three attempts where the receiver cannot be reached, is overloaded or broken.
///
/// # Errors
/// Says in words what went wrong with the last attempt; the address, which may be a secret, is not in it.
pub async fn post(message: &Message) -> Result<(), String> {
    let client = client(message)?;
    let mut pauses = PAUSES.iter();
    loop {
        let problem = match attempt(&client, message).await {
            Ok(status) if (200..300).contains(&status) => return Ok(()),
            Ok(status) if status == 429 || status >= 500 => status_words(status),
            Ok(status) => return Err(status_words(status)),
            Err(problem) => problem,
        };
        let Some(pause) = pauses.next() else {
            return Err(problem);
        };
        tokio::time::sleep(*pause).await;
    }
}

fn client(message: &Message) -> Result<reqwest::Client, String> {
    install_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("vaultform/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(PATIENCE);
    if let Some(pem) = &message.authorities {
        let authorities = Certificate::from_pem_bundle(pem);
        builder = builder.tls_certs_only(authorities.map_err(|_| "`ca_file` is no PEM")?);
    } else if !message.url.starts_with("https://") {
        // Without this the client would look for the system's authorities and fail where there are none.
        builder = builder.tls_certs_only(Vec::new());
    }
    builder
        .build()
        .map_err(|error| super::tls::innermost(&error))
}

async fn attempt(client: &reqwest::Client, message: &Message) -> Result<u16, String> {
    let mut request = client
        .post(&message.url)
        .header("content-type", "application/json")
        .body(message.body.clone());
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    let reply = request.send().await;
    let reply = reply.map_err(|error| super::tls::innermost(&error.without_url()))?;
    Ok(reply.status().as_u16())
}

fn status_words(status: u16) -> String {
    format!("the receiver answers with status {status}")
}
