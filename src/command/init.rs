//! `init`, `get`, `providers`, `refresh`: what Terraform needs and this program does not, kept so that scripts go on
//! working.

use super::connector::Links;
use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, is_set, on, switch, text, value};
use super::planning::home;
use super::{project, settings};
use crate::config::variables::Assigned;
use crate::source::{Diagnostic, Severity, Surroundings};
use clap::{ArgMatches, Command};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection is tried for that nothing depends on.
const PATIENCE: Duration = Duration::from_secs(2);

/// Declares `init`.
#[must_use]
pub fn command() -> Command {
    Command::new("init")
        .about("Check the configuration and the connection; nothing needs to be prepared")
        .args(super::wish::variable_flags())
        .args([
            value(
                "name",
                "NAME",
                "Write vaultform.hcl with this name, where there is none",
            ),
            on("backend", "Look whether the server can be reached"),
            on("input", "Accepted"),
            on("get", "Fetch the modules that are elsewhere"),
            switch("upgrade", "Fetch again what was fetched before"),
            switch("json", "Accepted"),
        ])
        .args(
            [
                "backend-config",
                "reconfigure",
                "migrate-state",
                "force-copy",
                "lock",
                "lock-timeout",
                "lockfile",
                "plugin-dir",
                "test-directory",
                "from-module",
            ]
            .map(ignored),
        )
}

/// Declares `get`.
#[must_use]
pub fn get_command() -> Command {
    Command::new("get")
        .about("Fetch the modules that are elsewhere, into .terraform/modules")
        .args([
            switch("update", "Fetch again what was fetched before"),
            ignored("test-directory"),
            ignored("json"),
        ])
}

/// Declares `providers`.
#[must_use]
pub fn providers_command() -> Command {
    Command::new("providers")
        .about("List the providers that the configuration asks for")
        .subcommand(
            Command::new("lock")
                .about("Accepted: nothing is downloaded")
                .args(["platform", "fs-mirror", "net-mirror"].map(ignored)),
        )
        .arg(ignored("test-directory"))
}

/// Runs `init`.
///
/// # Errors
/// When the configuration cannot be read or the file cannot be written.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    if is_set(matches, "get") {
        super::modules::fetch_all(context, is_set(matches, "upgrade")).await?;
    }
    let project = project::read(context, true)?;
    let mut told = project.diagnostics.clone();
    if let Some(name) = text(matches, "name") {
        write_settings(context, name)?;
    }
    let settings = settings::read(context)?;
    if is_set(matches, "backend") {
        told.extend(connection(context, &project, &settings).await);
    }
    context.tell(&told);
    let name = context.product.name();
    context.say(&format!(
        "\n{name} has been successfully initialized!\n\nNo provider or backend is needed: vaultform looks at the live server.\n"
    ));
    Ok(Exit::Done)
}

/// Tries to connect; that it does not work is worth a warning.
async fn connection(
    context: &Context,
    project: &project::Project,
    settings: &settings::Project,
) -> Vec<Diagnostic> {
    let world = project.world(context, &Assigned::default());
    let links = Arc::new(Links::new(context, None).impatient(PATIENCE));
    context.links.borrow_mut().push(links.clone());
    let mut told = match home(&world, settings, &links).await {
        Ok(home) => {
            let identity = home.server.identity();
            context.say(&format!(
                "\nConnected to {} {} at {}.\n",
                identity.product, identity.version_text, identity.address
            ));
            Vec::new()
        }
        Err(failure) => failure.diagnostics,
    };
    for problem in &mut told {
        problem.severity = Severity::Warning;
    }
    told.extend(links.close().await);
    told
}

fn write_settings(context: &Context, name: &str) -> Result<(), Failure> {
    let path = Path::new(settings::FILE);
    if context.files.exists(path) {
        return Ok(());
    }
    let quoted = serde_json::Value::from(name);
    let text = format!(
        "# Settings of vaultform; Terraform does not read this file.\n\n# The ledger of this configuration is kept under this name.\nname = {quoted}\n"
    );
    std::fs::write(path, text).map_err(|error| {
        let message = format!(
            "`{}` cannot be written: {}",
            settings::FILE,
            super::files::words(&error)
        );
        Failure::from(Diagnostic::error("file-unusable", message))
    })?;
    context.say(&format!("Wrote {}.\n", settings::FILE));
    Ok(())
}

/// Runs `get`: fetches the modules that are elsewhere.
///
/// # Errors
/// When a module cannot be had.
pub async fn get(context: &Context, matches: &ArgMatches) -> Done {
    super::modules::fetch_all(context, is_set(matches, "update")).await?;
    match project::read(context, true) {
        Ok(_) => Ok(Exit::Done),
        Err(failure) => {
            let of_modules = |found: &Diagnostic| {
                found.code.starts_with("module-") || found.code == "no-configuration"
            };
            let found: Vec<Diagnostic> =
                failure.diagnostics.into_iter().filter(of_modules).collect();
            if found.iter().any(Diagnostic::is_error) {
                Err(found.into())
            } else {
                Ok(Exit::Done)
            }
        }
    }
}

/// Runs `providers`.
///
/// # Errors
/// When the configuration cannot be read.
pub fn providers(context: &Context, matches: &ArgMatches) -> Done {
    if matches.subcommand().is_some() {
        context.say("Nothing to lock: no provider is downloaded.\n");
        return Ok(Exit::Done);
    }
    let project = project::read(context, true)?;
    let root = &project.configuration.root;
    context.say("\nProviders required by configuration:\n.\n");
    let named = root.settings.required_providers.values();
    let mut lines: Vec<String> = named
        .map(|one| match &one.version {
            Some(version) => format!("provider[{}] {version}", one.source),
            None => format!("provider[{}]", one.source),
        })
        .collect();
    if lines.is_empty() {
        lines.push("provider[hashicorp/vault]".to_owned());
    }
    let last = lines.len() - 1;
    for (index, line) in lines.iter().enumerate() {
        let branch = if index == last {
            "└──"
        } else {
            "├──"
        };
        context.say(&format!("{branch} {line}\n"));
    }
    context.say("\nThey are not run: vaultform has their types built in.\n");
    Ok(Exit::Done)
}
