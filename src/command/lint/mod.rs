//! `lint`: what policies, roles and mounts most likely do not mean.

mod judge;
mod mend;
mod silence;

use super::context::{Context, Voice};
use super::exit::{Done, Exit, Failure};
use super::findings;
use super::flags::{is_set, switch, text, value, word};
use super::form::{FINDINGS, Form, format_flag};
use super::stock::{Stock, add_file, take};
use super::wish::{arguments, variable_flags};
use crate::config::variables::Argument;
use crate::ledger::Kind;
use crate::policy::Server;
use crate::policy::lint::Mount;
use crate::policy::lint::named;
use crate::policy::wire::server_named;
use crate::source::{Diagnostic, Severity, Sources, Surroundings};
use crate::view::findings::{About, Finding};
use crate::view::lint_text::{LintText, lint_document, lint_text};
use clap::{ArgMatches, Command};
use judge::{Found, Manner, judge};
use std::path::Path;

/// How often fixed files are looked at again: what one fix uncovers is fixed in the next round.
const ROUNDS: usize = 20;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("lint")
        .about("Find what policies, roles and mounts most likely do not mean")
        .arg(word(
            "DIR",
            "A directory with a configuration or policies, or one policy file",
        ))
        .args(variable_flags())
        .args([
            format_flag("text|json|sarif|junit", "How findings are written"),
            switch("json", "The same as `-format=json`"),
            switch(
                "fix",
                "Put right what can be without changing what is meant, in the files",
            ),
            value(
                "level",
                "note|warning|error",
                "Leave out what is less grave; all by default",
            ),
            value(
                "server",
                "NAME-VERSION",
                "The server that the policies are for: `openbao-2.7`",
            ),
            switch("show-silenced", "Show also what comments silence"),
        ])
}

/// Lints a directory.
///
/// # Errors
/// Whatever is wrong with the configuration.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let form = Form::read(matches, FINDINGS)?;
    let level = level(text(matches, "level"))?;
    let manner = Manner {
        server: server(text(matches, "server"))?,
        now: context.files.started(),
    };
    if form != Form::Text {
        context.voice.set(Voice::Document);
    }
    let place = findings::enter(text(matches, "DIR").unwrap_or("."))?;
    let given = arguments(matches)?;
    let (mut stock, mut found) = look(context, &place, &given, manner).await?;
    let mut fixed = 0;
    for _ in 0..ROUNDS {
        if !is_set(matches, "fix") {
            break;
        }
        let changed = mend::mend(&found, &context.sources.borrow())?;
        if changed.is_empty() {
            break;
        }
        fixed += found
            .iter()
            .filter(|one| is_loud(one) && !one.edits.is_empty())
            .count();
        context.sources.replace(Sources::default());
        (stock, found) = look(context, &place, &given, manner).await?;
    }
    found.retain(|one| one.diagnostic.severity >= level);
    tell(
        context,
        &place,
        &stock,
        &found,
        (form, fixed, is_set(matches, "show-silenced")),
    );
    let failed = stock.notes.iter().any(Diagnostic::is_error);
    Ok(match (failed, found.iter().any(is_loud)) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Done,
    })
}

fn is_loud(found: &Found) -> bool {
    found.silenced.is_none()
}

/// Adds the mount of the ledger: no configuration declares it, and the identities that apply need it.
fn with_ledger(context: &Context, mut stock: Stock) -> Result<Stock, Failure> {
    let settings = super::settings::read(context)?.ledger_settings(context)?;
    let declares = !stock.census.mounts.is_empty();
    if let (true, Kind::Vault { mount, .. }) = (declares, settings.kind) {
        stock.census.mounts.push(Mount {
            path: format!("{}/", mount.trim_end_matches('/')),
            kind: "kv".to_owned(),
            ..Mount::default()
        });
    }
    Ok(stock)
}

async fn look(
    context: &Context,
    place: &findings::Entered,
    arguments: &[Argument],
    manner: Manner,
) -> Result<(Stock, Vec<Found>), Failure> {
    let stock = match &place.file {
        Some(file) => {
            let mut stock = Stock::default();
            add_file(context, &mut stock, Path::new(file))?;
            stock
        }
        None => with_ledger(context, take(context, arguments.to_vec()).await?)?,
    };
    let sources = context.sources.borrow();
    let mut found = judge(&stock, &sources, manner);
    silence::apply(&mut found, &stock.written.blocks, &sources, manner.now);
    drop(sources);
    let order = |one: &Found| {
        one.diagnostic
            .labels
            .first()
            .map(|label| (label.span.file, label.span.start))
    };
    found.sort_by_key(order);
    Ok((stock, found))
}

fn level(text: Option<&str>) -> Result<Severity, Diagnostic> {
    match text {
        None | Some("note") => Ok(Severity::Note),
        Some("warning") => Ok(Severity::Warning),
        Some("error") => Ok(Severity::Error),
        Some(other) => {
            let message = format!("`-level={other}` is none of `note`, `warning` and `error`");
            Err(Diagnostic::error("invalid-option", message))
        }
    }
}

/// Reads a server's name such as `openbao-2.7` or `vault-1.21.4`.
///
/// # Errors
/// When it is none.
pub fn server(text: Option<&str>) -> Result<Option<Server>, Diagnostic> {
    let Some(text) = text else {
        return Ok(None);
    };
    match server_named(text) {
        Some(server) => Ok(Some(server)),
        None => Err(Diagnostic::error(
            "invalid-option",
            format!("`{text}` is no server such as `openbao-2.7` or `vault-1.21.4`"),
        )),
    }
}

fn tell(
    context: &Context,
    place: &findings::Entered,
    stock: &Stock,
    found: &[Found],
    (form, fixed, show_silenced): (Form, usize, bool),
) {
    let sources = place.seen_from_outside(&context.sources.borrow());
    context.sources.replace(sources);
    context.tell(&stock.notes);
    let sources = context.sources.borrow();
    let all: Vec<Finding<'_>> = found
        .iter()
        .map(|one| Finding {
            diagnostic: &one.diagnostic,
            silenced: one.silenced.as_deref(),
        })
        .collect();
    let report = LintText {
        findings: &all,
        sources: &sources,
        paint: context.paint.get(),
        policies: stock.census.policies.len() + stock.loose.len(),
        holders: stock.census.holders.len(),
        fixed,
        show_silenced,
    };
    match form {
        Form::Text => context.say(&lint_text(&report)),
        Form::Json => context.say(&format!("{}\n", lint_document(&report))),
        _ => findings::report(context, "lint", &all, form, &about),
    }
}

fn about(code: &str) -> Option<About> {
    let lint = named(code)?;
    Some(About {
        title: lint.title.to_owned(),
        help: format!(
            "{}\n\nThis raises it:\n\n{}\n\nThis does not:\n\n{}",
            lint.doc, lint.bad, lint.good
        ),
    })
}
