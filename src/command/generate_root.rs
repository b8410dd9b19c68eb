//! `generate-root`: a root token from shares, for one program and no longer.

use super::bootstrap::work::anonymous;
use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{is_set, path, switch, texts, value};
use super::open::door;
use super::unseal::{shares, source_flags};
use super::wish::{arguments, variable_flags};
use crate::operate::ceremony::{Cover, root_token};
use crate::operate::pgp;
use crate::server::connect::Settings;
use crate::server::{Connection, Http, Login, Request, Server, ServerError};
use crate::source::{Diagnostic, Surroundings};
use crate::value::Text;
use clap::{Arg, ArgMatches, Command};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("generate-root")
        .about("Make a root token from shares, run a program with it, and revoke it")
        .args(source_flags())
        .args([
            value("pgp-key", "FILE", "Let the server encrypt the token to this OpenPGP key; else a one-time password covers it"),
            value("decrypt", "PROGRAM", "What opens it then: `gpg --batch --quiet --decrypt` unless said otherwise"),
            switch("cancel-running", "End somebody else's attempt"),
        ])
        .args(variable_flags())
        .arg(
            Arg::new("PROGRAM")
                .help("What to run, with the token in VAULT_TOKEN and BAO_TOKEN: `-- vaultform apply`")
                .num_args(1..)
                .last(true)
                .required(true),
        )
}

/// Makes the token, runs the program, revokes the token.
///
/// # Errors
/// When no token could be made, or it could not be revoked.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let words = texts(matches, "PROGRAM");
    let cover = cover(context, matches)?;
    let door = door(context, arguments(matches)?)?;
    let (shares, _) = shares(context, matches).await?;
    // From here on a request to stop is waited for: what is made must be revoked.
    context.writing.store(true, Ordering::SeqCst);
    let (server, own) = ceremony_door(&door).await?;
    let made = root_token(&*server, &shares, &cover, is_set(matches, "cancel-running")).await;
    drop(shares);
    if let Some(own) = own {
        context.tell(
            &own.close()
                .await
                .err()
                .map(|error| error.to_diagnostic())
                .into_iter()
                .collect::<Vec<_>>(),
        );
    }
    let token = made.map_err(|why| why.to_diagnostic())?;
    let ended = program(&words, &token).await;
    revoked(&door, &token).await?;
    context.writing.store(false, Ordering::SeqCst);
    context.mutter("The root token was revoked and is refused.\n");
    match ended {
        Ok(0) => Ok(Exit::Done),
        Ok(code) => Ok(Exit::Chosen(code)),
        Err(problem) => Err(problem.into()),
    }
}

fn cover(context: &Context, matches: &ArgMatches) -> Result<Cover, Diagnostic> {
    let Some(file) = path(matches, "pgp-key") else {
        return Ok(Cover::OneTimePassword);
    };
    let wrong = |why: String| {
        let message = format!("the OpenPGP key `{}`: {why}", file.display());
        Diagnostic::error("key-unusable", message)
    };
    let bytes = context.files.read(&file).map_err(wrong)?;
    let key = pgp::read(&bytes, context.files.started()).map_err(wrong)?;
    if let Some(why) = key.unusable {
        return Err(wrong(why));
    }
    let usual = "gpg --batch --quiet --decrypt";
    let decrypt = super::flags::text(matches, "decrypt").unwrap_or(usual);
    Ok(Cover::OpenPgp {
        key: key.base64,
        decrypt: decrypt.split_whitespace().map(str::to_owned).collect(),
    })
}

/// OpenBao wants a token for the ceremony, Vault none: where there is a login, it is used.
async fn ceremony_door(door: &Settings) -> Result<(Arc<Http>, Option<Connection>), Failure> {
    if matches!(door.login, Login::None) {
        return Ok((Arc::new(anonymous(door, &door.address).await?), None));
    }
    match Connection::open(door).await {
        Ok(connection) => Ok((connection.server.clone(), Some(connection))),
        // The login that is lost may be the reason for the ceremony; Vault holds it without one.
        Err(_) => Ok((Arc::new(anonymous(door, &door.address).await?), None)),
    }
}

async fn program(words: &[String], token: &Text) -> Result<u8, Diagnostic> {
    let failed = |why: String| Diagnostic::error("program-failed", why);
    let (name, rest) = words
        .split_first()
        .ok_or_else(|| failed("there is no program".to_owned()))?;
    let mut child = tokio::process::Command::new(name)
        .args(rest)
        .env("VAULT_TOKEN", &**token)
        .env("BAO_TOKEN", &**token)
        .spawn()
        .map_err(|error| failed(format!("`{name}` cannot be started: {error}")))?;
    let status = child
        .wait()
        .await
        .map_err(|error| failed(error.to_string()))?;
    Ok(u8::try_from(status.code().unwrap_or(130)).unwrap_or(1))
}

/// Revokes a token and makes sure that it is refused.
async fn revoked(door: &Settings, token: &Text) -> Result<(), Failure> {
    let mut settings = door.clone();
    settings.login = Login::Token(token.clone());
    let connection = match Connection::open(&settings).await {
        Ok(connection) => connection,
        // The program revoked it itself.
        Err(ServerError::BadToken { .. }) => return Ok(()),
        Err(error) => return Err(alive(error.to_diagnostic())),
    };
    let request = Request::post("auth/token/revoke-self", json!({}));
    match connection.server.send(request).await {
        Ok(_) | Err(ServerError::BadToken { .. }) => {}
        Err(error) => return Err(alive(error.to_diagnostic())),
    }
    match connection
        .server
        .send(Request::get("auth/token/lookup-self"))
        .await
    {
        Err(ServerError::BadToken { .. } | ServerError::Denied { .. }) => Ok(()),
        Err(error) => Err(alive(error.to_diagnostic())),
        Ok(_) => Err(alive(Diagnostic::error(
            "root-token-lives",
            "the server still takes the root token",
        ))),
    }
}

fn alive(problem: Diagnostic) -> Failure {
    problem
        .hint("a root token may still live: look for it with `token list-accessors`, and revoke it")
        .into()
}
