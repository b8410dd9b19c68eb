//! Fetching modules: repositories with the program `git`, archives over the web or from the disk.

use super::archive::{LARGEST, unpack};
use crate::config::package::{Form, Package, Remote};
use crate::server::download;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Fetches a package into a folder, which is made anew; returns the folder of the module in it.
///
/// # Errors
/// Says in words why it cannot be had.
pub async fn fetch(remote: &Remote, into: &Path) -> Result<PathBuf, String> {
    match std::fs::remove_dir_all(into) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unwritable(into, &error));
        }
        _ => {}
    }
    match &remote.package {
        Package::Git {
            url,
            reference,
            depth,
        } => git(url, reference.as_deref(), *depth, into).await?,
        Package::Archive { url, form } => archive(url, *form, into).await?,
        Package::Registry { .. } | Package::Foreign(_) => {
            return Err("it is of a kind that is not fetched here".to_owned());
        }
    }
    let folder = crate::config::join(into, &remote.folder);
    match folder.starts_with(into) && folder.is_dir() {
        true => Ok(folder),
        false => Err(format!("it has no folder `{}`", remote.folder)),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("`{}` cannot be written: {error}", path.display())
}

/// Clones a repository and checks out what is asked for.
async fn git(
    url: &str,
    reference: Option<&str>,
    depth: Option<u32>,
    into: &Path,
) -> Result<(), String> {
    let place = into.display().to_string();
    if url.starts_with('-') || reference.is_some_and(|name| name.starts_with('-')) {
        return Err("neither an address nor a `ref` begins with a dash".to_owned());
    }
    let depth = depth.map(|depth| depth.to_string());
    let mut clone = vec!["clone", "--quiet"];
    if let Some(depth) = &depth {
        clone.extend(["--depth", depth]);
        if let Some(name) = reference {
            clone.extend(["--branch", name]);
        }
    }
    clone.extend(["--", url, &place]);
    run_git(&clone).await?;
    if let (Some(name), None) = (reference, &depth) {
        run_git(&["-C", &place, "checkout", "--quiet", name, "--"]).await?;
    }
    if into.join(".gitmodules").exists() {
        run_git(&[
            "-C",
            &place,
            "submodule",
            "--quiet",
            "update",
            "--init",
            "--recursive",
        ])
        .await?;
    }
    Ok(())
}

async fn run_git(words: &[&str]) -> Result<(), String> {
    let output = tokio::process::Command::new("git")
        .args(words)
        .env("GIT_TERMINAL_PROMPT", "0")
        // Other protocols can start programs.
        .env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("the program `git` cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(match told.lines().last() {
        Some(line) => format!("git says: {line}"),
        None => format!("git ended with {}", output.status),
    })
}

async fn archive(url: &str, form: Form, into: &Path) -> Result<(), String> {
    let bytes = match url.strip_prefix("file://") {
        Some(path) => {
            std::fs::read(path).map_err(|error| format!("`{path}` cannot be read: {error}"))?
        }
        None => download(url, LARGEST).await?,
    };
    for (path, content) in unpack(&bytes, form)? {
        let place = into.join(path);
        let folder = place.parent().unwrap_or(into);
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        std::fs::write(&place, content).map_err(|error| unwritable(&place, &error))?;
    }
    Ok(())
}
