//! `policy decide`: answers one question a line, for other tools.

use crate::command::context::Context;
use crate::command::exit::{Done, Exit};
use crate::policy::wire::answer;
use crate::source::Surroundings;
use clap::{ArgMatches, Command};
use serde_json::{Value as Json, json};
use std::io::{BufRead, Write};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("decide").about(
        "Answer questions from the standard input, one JSON object a line: \
         {\"policies\": [\"…\"], \"identity\": {…}, \"server\": \"openbao-2.7\", \"namespace\": \"\", \
         \"operation\": \"read\", \"path\": \"…\", \"parameters\": {…}}",
    )
}

/// Answers until the input ends.
///
/// # Errors
/// Never: what is wrong with a question is its answer.
pub fn run(context: &Context, _: &ArgMatches) -> Done {
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(Exit::Done),
            Ok(_) => {}
            Err(_) => return Ok(Exit::Failed),
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let said = match serde_json::from_slice::<Json>(&line) {
            Ok(question) => answer(&question, context.files.started()),
            Err(why) => json!({ "error": format!("this line is no JSON: {why}") }),
        };
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{said}").and_then(|()| out.flush()).is_err() {
            return Ok(Exit::Done);
        }
    }
}
