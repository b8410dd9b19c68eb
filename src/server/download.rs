//! Files from the web: archives of modules. No token and no certificate of ours goes with the request.

use super::tls::install_provider;
use std::time::Duration;

/// How long a download may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// Says in words why it cannot be had.
pub async fn download(url: &str, limit: usize) -> Result<Vec<u8>, String> {
    install_provider();
    let secure = url.starts_with("https://");
    let client = reqwest::Client::builder()
        .user_agent(concat!("vaultform/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects(secure))
        .timeout(PATIENCE);
    let client = match secure {
        true => client,
        // Without this the client would look for the system's authorities and fail where there are none.
        false => client.tls_certs_only(Vec::new()),
    };
    let client = client.build().map_err(|error| words(&error))?;
    let mut reply = client
        .get(url)
        .send()
        .await
        .map_err(|error| words(&error))?;
    let status = reply.status();
    if !status.is_success() {
        return Err(format!(
            "the server answers with status {}",
            status.as_u16()
        ));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| words(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            return Err(format!("it has more than {limit} bytes"));
        }
    }
    Ok(bytes)
}

/// Follows a few redirects, never from a secure address to an open one.
fn redirects(secure: bool) -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(move |attempt| {
        let open = secure && attempt.url().scheme() != "https";
        if open || attempt.previous().len() > 5 {
            return attempt.stop();
        }
        attempt.follow()
    })
}

fn words(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
