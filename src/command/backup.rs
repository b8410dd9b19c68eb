//! `ledger backup` and `ledger restore`: a copy of the ledger, encrypted with a passphrase. The copy holds the generated
//! passwords, so it is never written in the open.

use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{path, value};
use super::open::{ledger, shelf};
use super::wish::arguments;
use crate::ledger::{Backup, Ledger};
use crate::source::Diagnostic;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Arg, ArgMatches};
use ring::{aead, pbkdf2};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::path::Path;
use zeroize::Zeroizing;

/// Rounds of the key derivation: what is recommended for PBKDF2 with HMAC-SHA-256 since 2023.
const ROUNDS: u32 = 600_000;

/// The file.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// `vaultform-ledger-backup`
    what: String,
    /// `pbkdf2-hmac-sha256`
    derivation: String,
    rounds: u32,
    salt: String,
    /// `aes-256-gcm`
    cipher: String,
    nonce: String,
    data: String,
}

/// Returns the options of both commands.
#[must_use]
pub fn flags() -> Vec<Arg> {
    vec![value(
        "passphrase-file",
        "FILE",
        "A file whose first line is the passphrase; else VAULTFORM_PASSPHRASE is used",
    )]
}

fn passphrase(context: &Context, matches: &ArgMatches) -> Result<Zeroizing<String>, Failure> {
    let text = match path(matches, "passphrase-file") {
        Some(file) => {
            let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
            Zeroizing::new(
                Zeroizing::new(text)
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            )
        }
        None => Zeroizing::new(
            context
                .variable("VAULTFORM_PASSPHRASE")
                .unwrap_or_default()
                .to_owned(),
        ),
    };
    if text.is_empty() {
        let problem = Diagnostic::error(
            "no-passphrase",
            "a copy of the ledger is encrypted, and there is no passphrase",
        );
        return Err(problem
            .hint("set `VAULTFORM_PASSPHRASE`, or give `-passphrase-file=FILE`")
            .into());
    }
    Ok(text)
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let message = format!(
        "`{}` cannot be used: {}",
        file.display(),
        super::files::words(error)
    );
    Diagnostic::error("file-unusable", message).into()
}

fn key(passphrase: &str, salt: &[u8], rounds: u32) -> Option<aead::LessSafeKey> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let rounds = NonZeroU32::new(rounds)?;
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        salt,
        passphrase.as_bytes(),
        &mut *bytes,
    );
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, &*bytes).ok()?;
    Some(aead::LessSafeKey::new(key))
}

fn seal(plain: &[u8], passphrase: &str, rounds: u32) -> Option<Sealed> {
    let (mut salt, mut nonce) = ([0_u8; 16], [0_u8; 12]);
    rand::fill(&mut salt);
    rand::fill(&mut nonce);
    let key = key(passphrase, &salt, rounds)?;
    let mut data = Zeroizing::new(Vec::with_capacity(plain.len() + 16));
    data.extend_from_slice(plain);
    let tag = key.seal_in_place_separate_tag(
        aead::Nonce::assume_unique_for_key(nonce),
        aead::Aad::empty(),
        &mut data,
    );
    data.extend_from_slice(tag.ok()?.as_ref());
    Some(Sealed {
        what: "vaultform-ledger-backup".to_owned(),
        derivation: "pbkdf2-hmac-sha256".to_owned(),
        rounds,
        salt: STANDARD.encode(salt),
        cipher: "aes-256-gcm".to_owned(),
        nonce: STANDARD.encode(nonce),
        data: STANDARD.encode(&*data),
    })
}

fn open(sealed: &Sealed, passphrase: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = |text: &str| STANDARD.decode(text).ok();
    let nonce = aead::Nonce::try_assume_unique_for_key(&bytes(&sealed.nonce)?).ok()?;
    let key = key(passphrase, &bytes(&sealed.salt)?, sealed.rounds)?;
    let mut data = Zeroizing::new(bytes(&sealed.data)?);
    let length = key
        .open_in_place(nonce, aead::Aad::empty(), &mut data)
        .ok()?
        .len();
    data.truncate(length);
    Some(data)
}

/// Runs `ledger backup`.
///
/// # Errors
/// When not all of the ledger can be read, or the file cannot be written.
pub async fn write(context: &Context, matches: &ArgMatches, file: &Path) -> Done {
    let passphrase = passphrase(context, matches)?;
    let opened = ledger(context, arguments(matches)?, None).await?;
    let backup = opened.ledger.backup().await;
    context.tell(&opened.close().await);
    let sealed = seal(&backup?.bytes(), &passphrase, ROUNDS);
    let text = sealed.and_then(|sealed| serde_json::to_string_pretty(&sealed).ok());
    let text =
        text.ok_or_else(|| Diagnostic::error("not-encrypted", "the copy could not be encrypted"))?;
    std::fs::write(file, text + "\n").map_err(|error| unreadable(file, &error))?;
    context.say(&format!(
        "Wrote an encrypted copy of the ledger to {}.\n",
        file.display()
    ));
    Ok(Exit::Done)
}

/// Runs `ledger restore`.
///
/// # Errors
/// When the copy cannot be opened, or the ledger owns something.
pub async fn restore(context: &Context, matches: &ArgMatches, file: &Path) -> Done {
    let passphrase = passphrase(context, matches)?;
    let text = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
    let wrong =
        |why: &str| Diagnostic::error("invalid-backup", format!("`{}` {why}", file.display()));
    let sealed: Sealed =
        serde_json::from_slice(&text).map_err(|_| wrong("is no copy of a ledger"))?;
    let plain =
        open(&sealed, &passphrase).ok_or_else(|| wrong("cannot be opened with this passphrase"))?;
    let backup = Backup::parse(&plain)?;
    let shelf = shelf(context, arguments(matches)?).await?;
    let home = &shelf.home;
    let restored = Ledger::restore(
        home.server.clone(),
        &home.namespace,
        shelf.settings.clone(),
        &backup,
    )
    .await;
    let count = restored.map(|ledger| ledger.records().len());
    context.tell(&shelf.links.close().await);
    context.say(&format!(
        "Restored the ledger: it owns {} objects.\n",
        count?
    ));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_opens_with_its_passphrase_alone() {
        let sealed = seal(b"{\"key\":\"x\"}", "correct horse", 2).unwrap();
        assert!(!serde_json::to_string(&sealed).unwrap().contains("key\\\""));
        assert_eq!(
            &*open(&sealed, "correct horse").unwrap(),
            b"{\"key\":\"x\"}"
        );
        assert!(open(&sealed, "wrong").is_none());
        let other = seal(b"{\"key\":\"x\"}", "correct horse", 2).unwrap();
        assert_ne!(sealed.data, other.data);
    }
}
