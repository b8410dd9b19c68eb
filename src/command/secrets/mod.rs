//! `secrets import` and `secrets verify`: from files into KV, and whether it is still there.

mod settings;
mod source;

use super::context::Context;
use super::exit::{Done, Exit, Failure};
use super::flags::{is_set, many, switch, text, value, word};
use super::open::door;
use super::wish::{arguments, variable_flags};
use crate::operate::durable;
use crate::operate::secrets::rules::Target;
use crate::operate::secrets::store::{Comparison, Live, Standing, Wanted, check_mount, write};
use crate::operate::secrets::terraform;
use crate::server::{Connection, ServerError};
use crate::source::Diagnostic;
use clap::{ArgMatches, Command};
use futures::StreamExt;
use source::Sorted;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many secrets are read or written at once.
const TOGETHER: usize = 16;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    let import = Command::new("import")
        .about(
            "Store the secrets of `.env`, JSON or YAML files where the rules of vaultform.hcl say",
        )
        .args([
            switch(
                "dry-run",
                "Only show what would be stored where; values are never shown",
            ),
            switch("force", "Overwrite what is there with another value"),
            value(
                "emit-tf",
                "FILE",
                "Write the resources that declare them, without values; `-` is the output",
            ),
        ]);
    let verify = Command::new("verify").about(
        "Tell which secrets are not, or not with this value, on the server; ends with 2 then",
    );
    let common = [
        word("FILE", "What to read; `-` is the standard input")
            .required(true)
            .num_args(1..),
        many("category", "NAME", "Only what this rule maps"),
        value(
            "format",
            "env|json|yaml",
            "How the files are written, where their names do not tell",
        ),
        switch(
            "expand",
            "Fill `${NAME}` in `.env` files in from the lines before",
        ),
    ];
    Command::new("secrets")
        .about("Move secrets from files into KV version 2")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(
            [import, verify].map(|inner| inner.args(common.clone()).args(variable_flags())),
        )
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from being done.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    match matches.subcommand() {
        Some(("import", matches)) => import(context, matches).await,
        Some((_, matches)) => verify(context, matches).await,
        None => Ok(Exit::Failed),
    }
}

/// A secret, where it goes and how it stands.
struct Row {
    name: String,
    target: Target,
    field: String,
    standing: Standing,
}

/// All places with what is there.
struct Looked {
    connection: Connection,
    comparison: Comparison,
    live: BTreeMap<Target, Live>,
    rows: Vec<Row>,
}

async fn import(context: &Context, matches: &ArgMatches) -> Done {
    let sorted = source::sorted(context, matches)?;
    if let Some(file) = text(matches, "emit-tf") {
        emit(context, &sorted, file)?;
    }
    let looked = look(context, matches, &sorted).await?;
    let outcome = store(context, matches, &sorted, &looked).await;
    close(context, looked.connection).await;
    outcome
}

async fn store(context: &Context, matches: &ArgMatches, sorted: &Sorted, looked: &Looked) -> Done {
    let differs = |row: &&Row| row.standing == Standing::Differs;
    let dry = is_set(matches, "dry-run");
    if dry {
        context.say(&table(&looked.rows, is_set(matches, "force")));
        context.say(&summary("Would import", &looked.rows, sorted));
        return Ok(Exit::Done);
    }
    if !is_set(matches, "force") && looked.rows.iter().any(|row| differs(&row)) {
        let there: Vec<&Row> = looked.rows.iter().filter(differs).collect();
        return Err(Failure::with(vec![already(&there)], Exit::Refused));
    }
    let places = changed(&looked.rows);
    context
        .writing
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let (mut written, mut problems) = (0, Vec::new());
    let mut writes = futures::stream::iter(&places)
        .map(|target| write_one(sorted, looked, target))
        .buffer_unordered(TOGETHER);
    while let Some(outcome) = writes.next().await {
        match outcome {
            Ok(()) => written += 1,
            Err(error) => problems.push(error.to_diagnostic()),
        }
        if context.stop.load(std::sync::atomic::Ordering::SeqCst) {
            return Ok(Exit::Interrupted);
        }
    }
    drop(writes);
    if !problems.is_empty() {
        let exit = if written > 0 {
            Exit::Partly
        } else {
            Exit::Failed
        };
        return Err(Failure::with(problems, exit));
    }
    read_again(sorted, looked).await?;
    context.say(&summary("Imported", &looked.rows, sorted));
    context.say("All of them were read again and are what the files say.\n");
    Ok(Exit::Done)
}

fn changed(rows: &[Row]) -> BTreeSet<Target> {
    let differing = rows.iter().filter(|row| row.standing != Standing::Equal);
    differing.map(|row| row.target.clone()).collect()
}

async fn write_one(sorted: &Sorted, looked: &Looked, target: &Target) -> Result<(), ServerError> {
    let (wanted, live) = (Wanted::default(), Live::default());
    write(
        &*looked.connection.server,
        &looked.connection.namespace,
        target,
        sorted.places.get(target).unwrap_or(&wanted),
        looked.live.get(target).unwrap_or(&live),
    )
    .await
}

/// Reads everything again: what was written is believed when it is seen.
async fn read_again(sorted: &Sorted, looked: &Looked) -> Result<(), Failure> {
    let live = read(&looked.connection, &looked.comparison, sorted).await?;
    let rows = rows(sorted, &looked.comparison, &live);
    let wrong: Vec<&Row> = rows
        .iter()
        .filter(|row| row.standing != Standing::Equal)
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} secrets are not on the server as they were written",
        wrong.len()
    );
    let problem = Diagnostic::error("secrets-differ", message).detail(lines(&wrong));
    Err(Failure::with(vec![problem], Exit::Partly))
}

async fn verify(context: &Context, matches: &ArgMatches) -> Done {
    let sorted = source::sorted(context, matches)?;
    let looked = look(context, matches, &sorted).await?;
    close(context, looked.connection).await;
    let wrong: Vec<&Row> = looked
        .rows
        .iter()
        .filter(|row| row.standing != Standing::Equal)
        .collect();
    if wrong.is_empty() {
        context.say(&format!(
            "All {} secrets are on the server as the files say.\n",
            looked.rows.len()
        ));
        return Ok(Exit::Done);
    }
    for row in &wrong {
        let what = match row.standing {
            Standing::New => "is not there",
            _ => "has another value there",
        };
        context.say(&format!(
            "{} {what}: {} {}\n",
            row.name, row.target, row.field
        ));
    }
    context.say(&format!(
        "\n{} of {} secrets differ.\n",
        wrong.len(),
        looked.rows.len()
    ));
    Ok(Exit::Changes)
}

async fn look(context: &Context, matches: &ArgMatches, sorted: &Sorted) -> Result<Looked, Failure> {
    let door = door(context, arguments(matches)?)?;
    let opened = Connection::open(&door).await;
    let connection = opened.map_err(|error| Failure::from(error.to_diagnostic()).graded())?;
    let looked = look_with(&connection, sorted).await;
    match looked {
        Ok((comparison, live)) => Ok(Looked {
            rows: rows(sorted, &comparison, &live),
            connection,
            comparison,
            live,
        }),
        Err(failure) => {
            close(context, connection).await;
            Err(failure)
        }
    }
}

async fn look_with(
    connection: &Connection,
    sorted: &Sorted,
) -> Result<(Comparison, BTreeMap<Target, Live>), Failure> {
    let mounts: BTreeSet<&str> = sorted
        .places
        .keys()
        .map(|target| target.mount.as_str())
        .collect();
    let mut problems = Vec::new();
    for mount in mounts {
        let found = check_mount(&*connection.server, &connection.namespace, mount).await;
        problems.extend(found.err().map(|why| {
            Diagnostic::error("no-kv-mount", why).hint(format!(
                "declare `resource \"vault_mount\" … {{ path = \"{mount}\"  type = \"kv\"  options = {{ version = \"2\" }} }}` and apply it first"
            ))
        }));
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let comparison = Comparison::default();
    let live = read(connection, &comparison, sorted).await?;
    Ok((comparison, live))
}

async fn read(
    connection: &Connection,
    comparison: &Comparison,
    sorted: &Sorted,
) -> Result<BTreeMap<Target, Live>, Failure> {
    let reads = sorted.places.keys().map(|target| async move {
        let live = comparison.live(&*connection.server, &connection.namespace, target);
        (target.clone(), live.await)
    });
    let answers: Vec<_> = futures::stream::iter(reads)
        .buffered(TOGETHER)
        .collect()
        .await;
    let (mut found, mut problems) = (BTreeMap::new(), Vec::new());
    for (target, answer) in answers {
        match answer {
            Ok(live) => {
                found.insert(target, live);
            }
            Err(error) => problems.push(error.to_diagnostic()),
        }
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(problems.into()),
    }
}

fn rows(sorted: &Sorted, comparison: &Comparison, live: &BTreeMap<Target, Live>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (target, wanted) in &sorted.places {
        let nothing = Live::default();
        let live = live.get(target).unwrap_or(&nothing);
        for (field, standing) in comparison.standings(wanted, live) {
            let name = wanted.0.get(&field).map(|(name, _)| name.clone());
            rows.push(Row {
                name: name.unwrap_or_default(),
                target: target.clone(),
                field,
                standing,
            });
        }
    }
    rows.sort_by(|left, right| left.name.cmp(&right.name));
    rows
}

async fn close(context: &Context, connection: Connection) {
    if let Err(error) = connection.close().await {
        let mut problem = error.to_diagnostic();
        problem.severity = crate::source::Severity::Warning;
        context.tell(&[problem]);
    }
}

fn lines(rows: &[&Row]) -> String {
    let each = rows.iter();
    let lines: Vec<String> = each
        .map(|row| format!("{}: {} {}", row.name, row.target, row.field))
        .collect();
    lines.join("\n")
}

fn already(rows: &[&Row]) -> Diagnostic {
    let message = match rows {
        [row] => format!("`{}` is there already with another value", row.name),
        rows => format!("{} secrets are there already with other values", rows.len()),
    };
    Diagnostic::error("secrets-differ", message)
        .detail(lines(rows))
        .hint("nothing was written; look which value is right, and overwrite the server's with `-force`")
}

/// Shows what goes where. Values are no part of it.
fn table(rows: &[Row], force: bool) -> String {
    let word = |standing| match (standing, force) {
        (Standing::New, _) => "add",
        (Standing::Equal, _) => "keep",
        (Standing::Differs, true) => "overwrite",
        (Standing::Differs, false) => "conflict",
    };
    let cells = rows.iter().map(|row| {
        [
            word(row.standing).to_owned(),
            row.name.clone(),
            row.target.to_string(),
            row.field.clone(),
            "(sensitive value)".to_owned(),
        ]
    });
    let head = ["", "name", "place", "field", "value"].map(str::to_owned);
    let cells: Vec<[String; 5]> = std::iter::once(head).chain(cells).collect();
    let width = |column: usize| {
        let lengths = cells
            .iter()
            .filter_map(|row| row.get(column).map(|cell| cell.chars().count()));
        lengths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |row: &[String; 5]| {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    cells.iter().map(line).collect::<String>() + "\n"
}

fn summary(verb: &str, rows: &[Row], sorted: &Sorted) -> String {
    let count = |wanted| rows.iter().filter(|row| row.standing == wanted).count();
    let mut text = format!(
        "{verb}: {} added, {} overwritten, {} equal",
        count(Standing::New),
        count(Standing::Differs),
        count(Standing::Equal)
    );
    if sorted.ignored > 0 {
        text.push_str(&format!(", {} left out by the rules", sorted.ignored));
    }
    if !sorted.empty.is_empty() {
        text.push_str(&format!(
            "; without a value and left out: {}",
            sorted.empty.join(", ")
        ));
    }
    text + ".\n"
}

fn emit(context: &Context, sorted: &Sorted, file: &str) -> Result<(), Failure> {
    let names = |wanted: &Wanted| -> BTreeMap<String, String> {
        let fields = wanted.0.iter();
        fields
            .map(|(field, (name, _))| (field.clone(), name.clone()))
            .collect()
    };
    let places = sorted.places.iter();
    let places = places.map(|(target, wanted)| (target.clone(), names(wanted)));
    let text = terraform::configuration(&places.collect());
    if file == "-" {
        context.say(&text);
        return Ok(());
    }
    durable::write(Path::new(file), text.as_bytes()).map_err(|error| {
        let message = format!("`{file}` cannot be written: {error}");
        Failure::from(Diagnostic::error("file-unusable", message))
    })
}
