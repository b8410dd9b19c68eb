//! The block `snapshot` of `vaultform.hcl`, and the options that say more.

use crate::command::context::Context;
use crate::command::exit::Failure;
use crate::command::flags::{parsed, path, text, texts};
use crate::command::settings::{self, of_text};
use crate::operate::age::{Identity, Recipient, identities};
use crate::operate::snapshot::retention::Keep;
use crate::source::{Diagnostic, Surroundings};
use clap::ArgMatches;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// How snapshots are taken and kept.
#[derive(Default)]
pub struct Manner {
    pub directory: Option<PathBuf>,
    pub recipients: Vec<Recipient>,
    pub identities: Vec<Identity>,
    pub keep: Keep,
}

/// What the block says.
#[derive(Default)]
struct Block {
    directory: Option<PathBuf>,
    recipients: Vec<String>,
    identity: Option<PathBuf>,
    keep: Option<usize>,
    keep_for: Option<String>,
}

/// Reads the block and the options; these count more.
///
/// # Errors
/// Everything that cannot be.
pub fn read(context: &Context, matches: &ArgMatches) -> Result<Manner, Failure> {
    let block = block(context)?;
    let given = texts(matches, "recipient");
    let recipients = if given.is_empty() {
        block.recipients
    } else {
        given
    };
    let parse = |text: &String| {
        let parsed = Recipient::parse(text);
        parsed.map_err(|why| Diagnostic::error("invalid-option", why))
    };
    let keep_for = text(matches, "keep-for")
        .map(str::to_owned)
        .or(block.keep_for);
    let identity = path(matches, "identity").or(block.identity);
    Ok(Manner {
        directory: block.directory,
        recipients: recipients.iter().map(parse).collect::<Result<_, _>>()?,
        identities: match identity {
            Some(path) => opened(context, &path)?,
            None => Vec::new(),
        },
        keep: Keep {
            newest: parsed(matches, "keep", "a whole number")?.or(block.keep),
            younger: keep_for.as_deref().map(age).transpose()?,
        },
    })
}

fn block(context: &Context) -> Result<Block, Failure> {
    let body = settings::body(context)?;
    let mut block = Block::default();
    for found in body
        .blocks()
        .filter(|found| found.identifier() == "snapshot")
    {
        for attribute in found.body().attributes() {
            let (key, value) = (attribute.key(), &attribute.expr);
            let read = match key {
                "directory" => of_text(key, value).map(|text| block.directory = Some(text.into())),
                "recipients" => settings::texts(key, value).map(|texts| block.recipients = texts),
                "identity" => of_text(key, value).map(|text| block.identity = Some(text.into())),
                "keep" => settings::whole(key, value).map(|count| block.keep = Some(count)),
                "keep_for" => of_text(key, value).map(|text| block.keep_for = Some(text)),
                _ => Ok(()),
            };
            read.map_err(settings::wrong)?;
        }
    }
    Ok(block)
}

fn age(text: &str) -> Result<Duration, Diagnostic> {
    let seconds = crate::plan::normal::duration_seconds(text);
    let age = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    age.ok_or_else(|| {
        Diagnostic::error(
            "invalid-option",
            format!("`{text}` is not a duration such as `30d`"),
        )
    })
}

fn opened(context: &Context, path: &Path) -> Result<Vec<Identity>, Diagnostic> {
    let wrong = |why: String| {
        Diagnostic::error(
            "file-unusable",
            format!("the identity `{}`: {why}", path.display()),
        )
    };
    let bytes = Zeroizing::new(context.files.read(path).map_err(wrong)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("it is no text".to_owned()))?;
    identities(text).map_err(wrong)
}
