//! `console`: answers expressions, interactively or one a line from a pipe.
//!
//! The server is looked at only when an expression needs an object. What is typed is kept in memory alone: it may hold secrets.

use super::context::{Context, Voice};
use super::exit::{Done, Exit, Failure};
use super::flags::{ignored, is_set, switch};
use super::plan::may_show;
use super::planning::{Order, make};
use super::project;
use super::wish::{Wish, arguments, variable_flags};
use crate::config::{Target, check_expression, references};
use crate::eval::evaluate;
use crate::eval::functions::Phase;
use crate::reconcile::Planned;
use crate::reconcile::blind::first_need;
use crate::reconcile::world::{InstanceScope, Seen, View, World};
use crate::source::{Diagnostic, Outcome, Severity, Surroundings};
use crate::syntax::{Expression, Node, goes_on, parse_expression};
use crate::value::{ModuleAddress, Value};
use crate::view::answer::{answer_json, refusal_json, type_text};
use crate::view::hcl_text::value_text;
use clap::{ArgMatches, Command};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Editor, Helper};
use std::io::BufRead;
use std::time::Duration;

/// How long a server is tried that may not be there.
const PATIENCE: Duration = Duration::from_secs(2);

const HELP: &str = "\
Type an expression, and its value is shown: `var.name`, `local.x`, `vault_mount.kv.path`, `jsonencode({ a = 1 })`.
`type(…)` tells the type of a value. An expression with an open bracket goes on in the next line.
`exit`, Ctrl-C or Ctrl-D ends it.";

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("console")
        .about("Try expressions against the configuration and the live server")
        .long_about(
            "Answers expressions: interactively, or from a pipe one a line. Values of objects are those of the live \
             server, and unknown where it cannot be reached.",
        )
        .args(variable_flags())
        .args([
            switch("json", "From a pipe: one JSON object a line, with `value`, `type` and `sensitive`, or `error`"),
            switch("show-sensitive", "Show secrets"),
            ignored("plan"),
            ignored("state"),
            ignored("input"),
        ])
}

/// Answers expressions until there are no more.
///
/// # Errors
/// When the configuration cannot be read. A wrong expression is told, and the next one read.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let show_sensitive = may_show(context, matches)?;
    let json = is_set(matches, "json");
    if json {
        context.voice.set(Voice::Document);
    }
    let project = project::read_or_empty(context)?;
    let assigned = project.given(context, arguments(matches)?)?;
    let mut world = project.world(context, &assigned);
    let needs_server = first_need(&world).is_some();
    // Until the server is looked at, its objects are unknown.
    world.blind = needs_server;
    let mut console = Console {
        context,
        matches,
        looked: !needs_server,
        world,
        show_sensitive,
        json,
    };
    console.ready();
    match context.interactive && !json {
        true => console.converse().await,
        false => console.answer_lines().await,
    }
}

struct Console<'a> {
    context: &'a Context,
    matches: &'a ArgMatches,
    world: World,
    /// Whether the server was looked at, or need not be.
    looked: bool,
    show_sensitive: bool,
    json: bool,
}

impl Console<'_> {
    /// Lets functions of time and chance give values, as they would at an apply.
    fn ready(&mut self) {
        self.world.phase = Phase::Apply;
        self.world.now = self.context.files.started();
    }

    async fn answer_lines(&mut self) -> Done {
        let mut right = true;
        let mut pending = String::new();
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            pending.push_str(&line);
            if goes_on(&pending) && !self.json {
                pending.push('\n');
                continue;
            }
            right &= self.handle(&std::mem::take(&mut pending)).await;
        }
        right &= self.handle(&pending).await;
        Ok(if right { Exit::Done } else { Exit::Failed })
    }

    async fn converse(&mut self) -> Done {
        let config = rustyline::Config::builder().auto_add_history(true).build();
        let editor = Editor::<Lines, MemHistory>::with_history(config, MemHistory::new());
        let mut editor = editor.map_err(|error| no_terminal(&error))?;
        editor.set_helper(Some(Lines));
        loop {
            match editor.readline("> ") {
                Ok(line) if matches!(line.trim(), "exit" | "quit") => return Ok(Exit::Done),
                Ok(line) if line.trim() == "help" => self.context.say(&format!("{HELP}\n")),
                Ok(line) => {
                    self.handle(&line).await;
                }
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(Exit::Done),
                Err(error) => return Err(no_terminal(&error)),
            }
        }
    }

    /// Answers one expression; tells whether it has an answer.
    async fn handle(&mut self, line: &str) -> bool {
        if line.trim().is_empty() {
            return true;
        }
        let outcome = self.answer(line).await;
        match (&outcome, self.json) {
            (Ok(text), _) => self.context.say(&format!("{text}\n")),
            (Err(problems), true) => self.context.say(&format!("{}\n", refusal_json(problems))),
            (Err(problems), false) => self.context.tell(problems),
        }
        outcome.is_ok()
    }

    async fn answer(&mut self, line: &str) -> Outcome<String> {
        // The last line of a heredoc needs its end.
        let end = if line.contains('\n') { "\n" } else { "" };
        let line = &format!("{line}{end}");
        let file = self
            .context
            .sources
            .borrow_mut()
            .add("<console-input>", line);
        let expression = parse_expression(file, line, 0)?;
        let told = check_expression(&self.world.configuration.root, &expression, &[]);
        if !told.is_empty() {
            return Err(told);
        }
        if !self.looked && needs_objects(&expression) {
            self.look().await;
        }
        let scope = InstanceScope::new(&self.world, &ModuleAddress::default(), View::Plan);
        if let Some(inner) = asked_type(&expression) {
            let ty = type_text(&evaluate(inner, &scope).map_err(somewhere_else)?.ty());
            return Ok(match self.json {
                true => answer_json(&Value::from(ty), true).to_string(),
                false => ty,
            });
        }
        let value = evaluate(&expression, &scope).map_err(somewhere_else)?;
        Ok(match self.json {
            true => answer_json(&value, self.show_sensitive).to_string(),
            false => value_text(&value, self.show_sensitive),
        })
    }

    /// Looks at the server once; where that fails, objects stay unknown.
    async fn look(&mut self) {
        self.looked = true;
        // On the error stream, so that answers stay alone.
        match live(self.context, self.matches).await {
            Ok(planned) => {
                self.world = as_it_is(planned);
                self.ready();
            }
            Err(failure) => {
                let mut told = failure.diagnostics;
                for problem in &mut told {
                    problem.severity = Severity::Note;
                }
                let message = "values of objects are unknown: the server was not looked at";
                told.push(Diagnostic::note("server-not-seen", message));
                self.context.tell(&told);
            }
        }
    }
}

fn no_terminal(error: &ReadlineError) -> Failure {
    let message = format!("the terminal cannot be read: {error}");
    Diagnostic::error("no-terminal", message).into()
}

/// What fails without a word was told before, where it is declared.
fn somewhere_else(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if !problems.is_empty() {
        return problems;
    }
    let message = "this has no value: something that it needs is wrong";
    vec![
        Diagnostic::error("evaluation-failed", message)
            .hint("`vaultform plan` tells what is wrong"),
    ]
}

/// Tells whether the value may depend on objects.
fn needs_objects(expression: &Expression) -> bool {
    let needs = |target: &Target| {
        matches!(
            target,
            Target::Resource(..) | Target::Call(_) | Target::Local(_)
        )
    };
    references(expression)
        .iter()
        .any(|found| needs(&found.target))
}

/// Returns what `type(…)` asks about: the console alone knows this function.
fn asked_type(expression: &Expression) -> Option<&Expression> {
    match &expression.node {
        Node::Call {
            name, arguments, ..
        } if &*name.text == "type" => match arguments.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        _ => None,
    }
}

async fn live(context: &Context, matches: &ArgMatches) -> Result<Planned, Failure> {
    let wish = Wish {
        allow_data_loss: true,
        unsupported_warns: true,
        skip_foreign: true,
        ..Wish::default()
    };
    let order = Order {
        arguments: arguments(matches)?,
        options: wish.options(),
        wish,
        patience: Some(PATIENCE),
        ..Order::default()
    };
    let (session, planned) = make(context, order).await?;
    context.tell(&session.close().await);
    Ok(planned)
}

/// Returns the world as it is, not as the plan would make it: what lives has its live values.
fn as_it_is(planned: Planned) -> World {
    let mut world = planned.world;
    for step in planned.plan.steps {
        if let (Some(before), Some(_)) = (step.before, world.seen(&step.address)) {
            let seen = Seen {
                plan: before,
                real: None,
            };
            world.learn(&step.address, Some(seen));
        }
    }
    world.forget();
    world
}

/// Tells the line editor that an open bracket goes on in the next line.
struct Lines;

impl Helper for Lines {}
impl Highlighter for Lines {}

impl Completer for Lines {
    type Candidate = String;
}

impl Hinter for Lines {
    type Hint = String;
}

impl Validator for Lines {
    fn validate(&self, line: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match goes_on(line.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}
