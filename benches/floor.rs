//! The floor of a plan: the same objects, fetched by bare requests and looked at by nobody.
//!
//! `cargo bench --bench floor -- ADDR TOKEN PARALLEL LIST-PATH… PATH-FILE` prints one line of JSON:
//! requests, wall seconds, CPU seconds. The paths to LIST come first, then a file with one path to GET a line.

#![allow(
    clippy::disallowed_methods,
    reason = "it reads its list from a file and measures time"
)]

use std::error::Error;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use reqwest::{Client, Method};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Seconds of CPU that this process has used, in user and system mode together (fields 14 and 15 of
/// `/proc/self/stat`, in hundredths on every Linux).
fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse)
        .collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// One request, its body read to the end; its length.
async fn fetch(client: &Client, method: Method, url: String, token: &str) -> Outcome<usize> {
    let reply = client
        .request(method, url)
        .header("X-Vault-Token", token)
        .send()
        .await?;
    Ok(reply.error_for_status()?.bytes().await?.len())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let [addr, token, parallel, lists @ .., file] = args.as_slice() else {
        return Err("usage: floor ADDR TOKEN PARALLEL LIST-PATH… PATH-FILE".into());
    };
    let paths = std::fs::read_to_string(file)?;
    let lists = lists
        .iter()
        .map(|path| (Method::from_bytes(b"LIST"), path.as_str()));
    let requests: Vec<_> = lists
        .chain(paths.lines().map(|path| (Ok(Method::GET), path)))
        .collect();

    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a provider of cryptography was there already")?;
    let client = Client::builder().timeout(Duration::from_secs(60)).build()?;
    let (count, started) = (requests.len(), Instant::now());
    let fetches = requests.into_iter().map(|(method, path)| {
        let (client, url) = (&client, format!("{addr}/v1/{path}"));
        async move { fetch(client, method?, url, token).await }
    });
    let lengths: Vec<usize> = futures::stream::iter(fetches)
        .buffer_unordered(parallel.parse()?)
        .try_collect()
        .await?;
    let wall = started.elapsed().as_secs_f64();
    let bytes: usize = lengths.iter().sum();
    println!(
        r#"{{"requests": {count}, "bytes": {bytes}, "wall": {wall:.4}, "cpu": {:.4}}}"#,
        cpu_seconds()?
    );
    Ok(())
}
