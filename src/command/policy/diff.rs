//! `policy diff`: the paths whose answer changes between two policies, or two sets of them.

use crate::command::context::{Context, Voice};
use crate::command::exit::{Done, Exit, Failure};
use crate::command::flags::{is_set, switch, text, value, word};
use crate::command::lint::server;
use crate::command::stock::{self, Stock};
use crate::command::wish::{arguments, variable_flags};
use crate::config::variables::Argument;
use crate::policy::{self, Census, PolicyText, Server};
use crate::source::{Diagnostic, Sources, Surroundings};
use crate::view::access::{access_text, rows};
use clap::{ArgMatches, Command};
use serde_json::json;
use std::path::Path;

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("diff")
        .about("Show the paths whose answer changes between two policies, the worst first, with an example each")
        .args([
            word("A", "A policy file, a directory with policies or a configuration, or the name of a policy of the configuration here").required(true),
            word("B", "What to compare it with").required(true),
        ])
        .args([
            value("server", "NAME-VERSION", "The server that decides: `openbao-2.7`"),
            switch("detailed-exitcode", "End with 2 when there are changes"),
            switch("json", "Write JSON"),
        ])
        .args(variable_flags())
}

/// Compares.
///
/// # Errors
/// When one of them cannot be read.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let server = server(text(matches, "server"))?;
    if is_set(matches, "json") {
        context.voice.set(Voice::Document);
    }
    let given = arguments(matches)?;
    let mut sides = Vec::new();
    for name in ["A", "B"] {
        let word = text(matches, name).unwrap_or_default();
        sides.push(side(context, word, &given).await?);
    }
    let (Some(after), Some(before)) = (sides.pop(), sides.pop()) else {
        return Ok(Exit::Failed);
    };
    let (before, after) = paired(before, after);
    let faults = refused(&[&before, &after], server, context);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let deciding = policy::Context {
        now: Some(context.files.started()),
        ..policy::Context::new(server.unwrap_or(Server::OPENBAO))
    };
    let access = policy::access(&before, &after, &deciding);
    context.tell(&crate::command::access::incomparable(&access));
    let rows = rows(&access);
    if is_set(matches, "json") {
        context.say(&format!("{}\n", json!(rows)));
    } else if rows.is_empty() {
        context.say("No difference: every path has the same answer.\n");
    } else {
        context.say(&access_text(
            &rows,
            &access.unknown,
            context.paint.get(),
            77,
        ));
    }
    Ok(
        match !rows.is_empty() && is_set(matches, "detailed-exitcode") {
            true => Exit::Changes,
            false => Exit::Done,
        },
    )
}

/// Policies under one name, or several under theirs.
enum Side {
    One(PolicyText),
    Many(Census),
}

async fn side(context: &Context, word: &str, arguments: &[Argument]) -> Result<Side, Failure> {
    let path = Path::new(word);
    if path.is_dir() {
        let here = std::env::current_dir().unwrap_or_default();
        let place = crate::command::findings::enter(word)?;
        let taken = stock::take(context, arguments.to_vec()).await;
        let sources = place.seen_from_outside(&context.sources.borrow());
        context.sources.replace(sources);
        let _ = std::env::set_current_dir(here);
        let mut taken = taken?;
        context.sources.replace(Sources::default());
        taken.census.policies.append(&mut taken.loose);
        return Ok(Side::Many(taken.census));
    }
    if path.is_file() {
        let mut stock = Stock::default();
        stock::add_file(context, &mut stock, path)?;
        let text = stock.loose.pop();
        return text.map(Side::One).ok_or_else(|| unknown(word).into());
    }
    let stock = stock::take(context, arguments.to_vec()).await?;
    let mut texts = stock.census.policies.into_iter().chain(stock.loose);
    let text = texts.find(|text| text.name == word.to_lowercase());
    text.map(Side::One).ok_or_else(|| unknown(word).into())
}

fn unknown(word: &str) -> Diagnostic {
    let message = format!(
        "`{word}` is no policy file, no directory, and no policy of the configuration here"
    );
    Diagnostic::error("unknown-policy", message)
}

/// Gives two single policies one name, so that they are compared with each other.
fn paired(before: Side, after: Side) -> (Census, Census) {
    let census = |text: PolicyText| Census {
        policies: vec![text],
        ..Census::default()
    };
    match (before, after) {
        (Side::One(before), Side::One(mut after)) => {
            after.name.clone_from(&before.name);
            (census(before), census(after))
        }
        (Side::One(before), Side::Many(after)) => (census(before), after),
        (Side::Many(before), Side::One(after)) => (before, census(after)),
        (Side::Many(before), Side::Many(after)) => (before, after),
    }
}

/// Returns an error for each policy that no server would take.
fn refused(sides: &[&Census], server: Option<Server>, context: &Context) -> Vec<Diagnostic> {
    let now = context.files.started();
    let texts = sides.iter().flat_map(|census| &census.policies);
    let faults = texts.flat_map(|text| {
        let (_, faults, _) = stock::read_policy(&text.text, None, server, now);
        let wrong = faults.into_iter().filter(Diagnostic::is_error);
        wrong.map(|mut fault| {
            fault.message = format!("policy `{}`: {}", text.name, fault.message);
            fault
        })
    });
    faults.collect()
}
