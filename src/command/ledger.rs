//! `ledger` and `state`: what is ours.

use super::context::{Context, Voice};
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, is_set, on, path, switch, text, texts, value, word};
use super::open::{Opened, ledger};
use super::planning::{Hold, address};
use super::wish::{arguments, variable_flags};
use crate::catalog::registry::lookup;
use crate::plan::Owned;
use crate::plan::hidden::was_in_secret_place;
use crate::source::Diagnostic;
use crate::value::{Address, InstanceKey, Mode, VEILED};
use crate::view::state_text::object_text;
use clap::{ArgAction, ArgMatches, Command};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Declares `ledger` or, under Terraform's name, `state`.
#[must_use]
pub fn command(name: &'static str) -> Command {
    let about = match name {
        "state" => "The same as `ledger`, for scripts",
        _ => "What this configuration owns on the server",
    };
    let addresses = |help| {
        word("ADDRESS", help)
            .num_args(0..)
            .action(ArgAction::Append)
    };
    let lock = || {
        [
            on("lock", "Hold the ledger's lock while writing"),
            value(
                "lock-timeout",
                "DURATION",
                "How long to wait for another run",
            ),
            switch("dry-run", "Only tell what would be done"),
            ignored("state"),
            ignored("backup"),
        ]
    };
    let list = Command::new("list").about("List the addresses of what is owned");
    let list = list.arg(addresses("Only these, and what is in them"));
    let list = list.args([
        value("id", "ID", "Only what has this id"),
        switch("json", "Write a JSON document"),
        ignored("state"),
    ]);
    let show = Command::new("show")
        .about("Show one object")
        .arg(word("ADDRESS", "Its address").required(true));
    let show = show.args([
        switch("json", "Write a JSON document"),
        switch("show-sensitive", "Show secrets"),
        ignored("state"),
    ]);
    let rm = Command::new("rm")
        .about("Forget objects without deleting them")
        .args(lock());
    let rm = rm.arg(addresses("Which, with all instances").required(true));
    let mv = Command::new("mv")
        .about("Give an object another address")
        .args(lock());
    let mv = mv
        .arg(word("FROM", "Its address").required(true))
        .arg(word("TO", "The new one").required(true));
    let backup = Command::new("backup").about("Write an encrypted copy of the ledger");
    let backup = backup
        .arg(word("FILE", "The file to write").required(true))
        .args(super::backup::flags());
    let restore = Command::new("restore")
        .about("Put an encrypted copy in place of a ledger that owns nothing");
    let restore = restore
        .arg(word("FILE", "The copy").required(true))
        .args(super::backup::flags());
    Command::new(name)
        .about(about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(
            [list, show, rm, mv, backup, restore].map(|inner| inner.args(variable_flags())),
        )
}

/// Runs `ledger …` or `state …`.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn run(context: &Context, matches: &ArgMatches, group: &str) -> Done {
    let Some((name, matches)) = matches.subcommand() else {
        return Ok(Exit::Failed);
    };
    if is_set(matches, "json") {
        context.voice.set(Voice::Document);
    }
    match name {
        "list" => list(context, matches).await,
        "show" if group == "state" => show_live(context, matches).await,
        "show" => show_record(context, matches).await,
        "rm" => rm(context, matches).await,
        "mv" => mv(context, matches).await,
        "backup" => {
            super::backup::write(context, matches, &path(matches, "FILE").unwrap_or_default()).await
        }
        _ => {
            super::backup::restore(context, matches, &path(matches, "FILE").unwrap_or_default())
                .await
        }
    }
}

async fn opened(
    context: &Context,
    matches: &ArgMatches,
    operation: Option<&'static str>,
) -> Result<Opened, Failure> {
    let hold: Option<Hold> = match operation {
        Some(operation) if !is_set(matches, "dry-run") => super::apply::hold(matches, operation)?,
        _ => None,
    };
    ledger(context, arguments(matches)?, hold).await
}

/// Returns the records that an address of the command line covers: an instance, a resource, or a whole module.
fn covered<'a>(records: &'a [Arc<Owned>], asked: &str) -> Result<Vec<&'a Owned>, Diagnostic> {
    let place = crate::reconcile::parse_address(asked);
    let place = place.map_err(|why| Diagnostic::error("invalid-address", why))?;
    let module = place.module_from(&Default::default());
    let below = |owned: &Owned| owned.address.module.0.starts_with(&module.0);
    let of_resource = |owned: &Owned| {
        place.resource.as_ref().is_none_or(|resource| {
            owned.address.module == module
                && owned.address.type_name == resource.type_name
                && owned.address.name == resource.name
                && (resource.key == InstanceKey::None || owned.address.key == resource.key)
        })
    };
    Ok(records
        .iter()
        .map(|owned| &**owned)
        .filter(|owned| below(owned) && of_resource(owned))
        .collect())
}

async fn list(context: &Context, matches: &ArgMatches) -> Done {
    let opened = opened(context, matches, None).await?;
    let records = opened.ledger.records();
    context.tell(&opened.close().await);
    let asked = texts(matches, "ADDRESS");
    let mut found: Vec<&Owned> = Vec::new();
    for one in &asked {
        found.extend(covered(&records, one)?);
    }
    if asked.is_empty() {
        found = records.iter().map(|owned| &**owned).collect();
    }
    let id = text(matches, "id");
    found.retain(|owned| id.is_none_or(|id| *owned.id == *id || *owned.place.path == *id));
    found.sort_by(|left, right| left.address.cmp(&right.address));
    found.dedup_by(|left, right| left.address == right.address && left.place == right.place);
    if context.voice.get() == Voice::Document {
        let document: Vec<Json> = found.iter().map(|owned| record_json(owned)).collect();
        context.say(&format!("{}\n", Json::from(document)));
    } else {
        let lines: String = found
            .iter()
            .map(|owned| format!("{}\n", owned.address))
            .collect();
        context.say(&lines);
    }
    Ok(Exit::Done)
}

/// Returns what is remembered of an object; digests are only counted, and what was secret is not told.
fn record_json(owned: &Owned) -> Json {
    let kind = lookup(Mode::Managed, &owned.type_name);
    let placed = kind.is_some_and(|kind| was_in_secret_place(kind, owned));
    let shown = |secret: bool, text: &str| if secret { VEILED } else { text }.to_owned();
    let deletion = owned.deletion.iter().map(|(name, value)| {
        let secret = owned.hidden.contains(name);
        (name.to_string(), shown(secret, value))
    });
    json!({
        "address": owned.address.to_string(),
        "type": *owned.type_name,
        "provider": *owned.provider,
        "server": *owned.place.server,
        "namespace": *owned.place.namespace,
        "path": shown(placed, &owned.place.path),
        "id": shown(placed, &owned.id),
        "needs": owned.needs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "deletion": deletion.collect::<std::collections::BTreeMap<_, _>>(),
        "prevent_destroy": owned.prevent_destroy,
        "attributes": owned.desired.len(),
        "unread": owned.sent.keys().map(ToString::to_string).collect::<Vec<_>>(),
        "rotated": owned.rotated.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "pending": owned.pending.as_ref().map(|pending| pending.action.to_string()),
        "written": jiff::Timestamp::from_second(owned.written_at).unwrap_or_default().to_string(),
    })
}

fn not_owned(asked: &str) -> Failure {
    let problem = Diagnostic::error("not-owned", format!("the ledger owns nothing at `{asked}`"));
    problem.hint("`ledger list` tells what it owns").into()
}

async fn show_record(context: &Context, matches: &ArgMatches) -> Done {
    let asked = text(matches, "ADDRESS").unwrap_or_default();
    let opened = opened(context, matches, None).await?;
    let records = opened.ledger.records();
    context.tell(&opened.close().await);
    let found = covered(&records, asked)?;
    if found.is_empty() {
        return Err(not_owned(asked));
    }
    for owned in found {
        let json = record_json(owned);
        if context.voice.get() == Voice::Document {
            context.say(&format!("{json}\n"));
            continue;
        }
        let fields = json.as_object().into_iter().flatten();
        let shown = fields.filter(|(_, value)| !is_nothing(value));
        let line = |(name, value): (&String, &Json)| match value.as_str() {
            Some(text) => format!("{name}: {text}\n"),
            None => format!("{name}: {value}\n"),
        };
        context.say(&shown.map(line).collect::<String>());
    }
    Ok(Exit::Done)
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Number(_) => false,
    }
}

async fn show_live(context: &Context, matches: &ArgMatches) -> Done {
    let asked = text(matches, "ADDRESS").unwrap_or_default();
    let show_sensitive = super::plan::may_show(context, matches)?;
    let live = super::state::look(context, matches).await?;
    let found = live
        .objects
        .iter()
        .find(|object| object.address.to_string() == asked);
    let Some(found) = found else {
        return Err(not_owned(asked));
    };
    if context.voice.get() == Voice::Document {
        let style = context.document_style(show_sensitive);
        let outputs = Default::default();
        let document =
            crate::view::state_json::state_document(std::slice::from_ref(found), &outputs, style);
        context.say(&format!("{document}\n"));
    } else {
        context.say(&object_text(found, context.paint.get(), show_sensitive));
    }
    Ok(Exit::Done)
}

async fn rm(context: &Context, matches: &ArgMatches) -> Done {
    let opened = opened(context, matches, Some("ledger rm")).await?;
    let outcome = remove(context, matches, &opened).await;
    context.tell(&opened.close().await);
    outcome
}

async fn remove(context: &Context, matches: &ArgMatches, opened: &Opened) -> Done {
    let records = opened.ledger.records();
    let dry = is_set(matches, "dry-run");
    let mut count = 0;
    for asked in texts(matches, "ADDRESS") {
        let found = covered(&records, &asked)?;
        if found.is_empty() {
            return Err(not_owned(&asked));
        }
        for owned in found {
            count += 1;
            let verb = if dry { "Would remove" } else { "Removed" };
            context.say(&format!("{verb} {}\n", owned.address));
            if !dry {
                opened.ledger.forget(&owned.address, &owned.place).await?;
            }
        }
    }
    if !dry {
        opened.ledger.flush().await?;
        context.say(&format!(
            "Successfully removed {count} resource instance(s).\n"
        ));
    }
    Ok(Exit::Done)
}

async fn mv(context: &Context, matches: &ArgMatches) -> Done {
    let (from, to) = (
        text(matches, "FROM").unwrap_or_default(),
        text(matches, "TO").unwrap_or_default(),
    );
    let named = |text: &str| {
        let problem = || {
            Diagnostic::error(
                "invalid-address",
                format!("`{text}` is not the address of a resource"),
            )
        };
        address(text)
            .filter(|address| address.mode == Mode::Managed)
            .ok_or_else(problem)
    };
    let (old, new) = (named(from)?, named(to)?);
    if old.type_name != new.type_name {
        let message = format!("`{from}` cannot become `{to}`: their types differ");
        return Err(Diagnostic::error("invalid-address", message).into());
    }
    let opened = opened(context, matches, Some("ledger mv")).await?;
    let outcome = relabel(context, &opened, &old, &new, is_set(matches, "dry-run")).await;
    context.tell(&opened.close().await);
    outcome
}

async fn relabel(
    context: &Context,
    opened: &Opened,
    old: &Address,
    new: &Address,
    dry: bool,
) -> Done {
    let records = opened.ledger.records();
    if records.iter().any(|owned| owned.address == *new) {
        let message = format!("the ledger owns something at `{new}` already");
        return Err(Diagnostic::error("address-taken", message).into());
    }
    let found: Vec<&Owned> = records
        .iter()
        .map(|owned| &**owned)
        .filter(|owned| owned.address == *old)
        .collect();
    if found.is_empty() {
        return Err(not_owned(&old.to_string()));
    }
    context.say(&format!(
        "{} \"{old}\" to \"{new}\"\n",
        if dry { "Would move" } else { "Move" }
    ));
    if dry {
        return Ok(Exit::Done);
    }
    for owned in found {
        let renamed = Owned {
            address: new.clone(),
            ..owned.clone()
        };
        opened
            .ledger
            .record_instead(old, &owned.place, renamed)
            .await?;
    }
    for owned in records.iter().filter(|owned| owned.needs.contains(old)) {
        let mut owned = Owned::clone(owned);
        owned.needs.remove(old);
        owned.needs.insert(new.clone());
        opened.ledger.record(owned).await?;
    }
    opened.ledger.flush().await?;
    context.say("Successfully moved 1 object(s).\n");
    Ok(Exit::Done)
}
