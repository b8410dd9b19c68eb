//! `version` and `completions`.

use super::context::{Context, TERRAFORM_VERSION, VERSION};
use super::exit::{Done, Exit};
use super::flags::{is_set, switch};
use crate::source::Diagnostic;
use crate::view::product::Product;
use clap::{ArgMatches, Command};
use clap_complete::Shell;
use serde_json::json;

/// Declares `version`.
#[must_use]
pub fn command() -> Command {
    Command::new("version")
        .about("Tell the version")
        .arg(switch("json", "Write JSON"))
}

/// Declares `completions`.
#[must_use]
pub fn completions_command() -> Command {
    let shell = super::flags::word("SHELL", "`bash`, `zsh`, `fish`, `elvish` or `powershell`")
        .required(true);
    Command::new("completions")
        .about("Write a script that completes commands in a shell")
        .arg(shell)
}

/// Tells the version. Tools look for the line of Terraform or OpenTofu: which of their languages this is.
///
/// # Errors
/// Never.
pub fn run(context: &Context, matches: &ArgMatches) -> Done {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let platform = format!("{}_{machine}", std::env::consts::OS);
    if is_set(matches, "json") {
        let document = json!({
            "terraform_version": TERRAFORM_VERSION,
            "platform": platform,
            "provider_selections": {},
            "terraform_outdated": false,
            "vaultform_version": VERSION,
        });
        context.say(&format!("{document:#}\n"));
        return Ok(Exit::Done);
    }
    match context.product {
        Product::Vaultform => context.say(&format!("vaultform v{VERSION}\non {platform}\n")),
        product => {
            let line = product.version_line(TERRAFORM_VERSION);
            context.say(&format!(
                "{line}on {platform}\n+ vaultform v{VERSION}, which speaks this language\n"
            ));
        }
    }
    Ok(Exit::Done)
}

/// Writes the completions of a shell.
///
/// # Errors
/// When the shell is not known.
pub fn completions(context: &Context, matches: &ArgMatches) -> Done {
    let name = super::flags::text(matches, "SHELL").unwrap_or_default();
    let shell: Shell = name.parse().map_err(|_| {
        let message = format!("there are no completions for the shell `{name}`");
        Diagnostic::error("invalid-option", message)
            .hint("there are some for bash, zsh, fish, elvish and powershell")
    })?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::parser(), "vaultform", &mut script);
    context.say(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
