//! `policy test`: runs the cases of `*.vaultpolicytest.hcl` files.

use super::tested::{Live, Shelf};
use crate::command::context::{Context, Voice};
use crate::command::exit::{Done, Exit, Failure};
use crate::command::flags::{is_set, switch, text, texts, value, word};
use crate::command::open;
use crate::command::wish::{arguments, variable_flags};
use crate::eval::functions::Phase;
use crate::eval::{Reference, Scope, World, evaluate};
use crate::policy::testing::{self, Case, Outcome, TestFile, covered};
use crate::policy::{Policy, Server};
use crate::source::{Diagnostic, Outcome as Evaluated, Sources, Span, Surroundings};
use crate::syntax::parse_file;
use crate::value::Value;
use crate::view::test_text::{
    CaseReport, FileReport, Verdict, test_document, test_junit, test_text,
};
use clap::{Arg, ArgAction, ArgMatches, Command};
use regex::Regex;
use std::path::{Path, PathBuf};

/// The ending of test files.
const ENDING: &str = ".vaultpolicytest.hcl";

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    let paths: Arg = word(
        "PATH",
        "Test files, or directories to look for them in; this one by default",
    )
    .num_args(0..)
    .action(ArgAction::Append);
    Command::new("test")
        .about("Run the tests of policies")
        .arg(paths)
        .args([
            value("run", "REGEX", "Only cases whose name matches"),
            value("format", "text|json|junit", "How results are written"),
            switch("json", "The same as `-format=json`"),
            switch(
                "live",
                "Ask the server as well, and fail where it answers otherwise",
            ),
        ])
        .args(variable_flags())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Junit,
}

fn form(matches: &ArgMatches) -> Result<Form, Diagnostic> {
    match text(matches, "format") {
        None if is_set(matches, "json") => Ok(Form::Json),
        None | Some("text") => Ok(Form::Text),
        Some("json") => Ok(Form::Json),
        Some("junit") => Ok(Form::Junit),
        Some(other) => {
            let message = format!("`-format={other}` is none of `text`, `json` and `junit`");
            Err(Diagnostic::error("invalid-option", message))
        }
    }
}

/// Runs the tests.
///
/// # Errors
/// When a test file or a policy cannot be read.
pub async fn run(context: &Context, matches: &ArgMatches) -> Done {
    let form = form(matches)?;
    if form != Form::Text {
        context.voice.set(Voice::Document);
    }
    let wanted = text(matches, "run")
        .map(Regex::new)
        .transpose()
        .map_err(|why| {
            Diagnostic::error(
                "invalid-option",
                format!("`-run` is no regular expression: {why}"),
            )
        })?;
    let files = find(&texts(matches, "PATH"))?;
    if files.is_empty() {
        let problem = Diagnostic::error("no-tests", format!("there is no `*{ENDING}` here"));
        return Err(problem
            .hint("name a file or a directory, or write one beside the policies")
            .into());
    }
    let given = arguments(matches)?;
    let live = match is_set(matches, "live") {
        true => Some(open::server(context, given.clone()).await?),
        false => None,
    };
    let asked = live.as_ref().map(|(_, connection)| Live::new(connection));
    let mut shelf = Shelf::new(given);
    let mut reports = Vec::new();
    for path in &files {
        let test = Test::read(context, path, &mut shelf).await?;
        reports.push(test.run(context, wanted.as_ref(), asked.as_ref()).await);
    }
    if let Some((links, _)) = live {
        context.tell(&links.close().await);
    }
    let sources = context.sources.borrow();
    let out = match form {
        Form::Text => test_text(&reports, &sources, context.paint.get()),
        Form::Json => format!("{}\n", test_document(&reports, &sources)),
        Form::Junit => test_junit(&reports, &sources),
    };
    context.say(&out);
    let failed = reports.iter().any(FileReport::failed);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// Finds test files: those that are named, and those in directories.
fn find(named: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let here = [".".to_owned()];
    let named = if named.is_empty() { &here[..] } else { named };
    let mut found = Vec::new();
    for path in named {
        let path = Path::new(path);
        if path.is_dir() {
            below(path, &mut found);
        } else if path.is_file() {
            found.push(path.to_owned());
        } else {
            let message = format!("`{}` does not exist", path.display());
            return Err(Diagnostic::error("file-unusable", message).into());
        }
    }
    Ok(found)
}

fn below(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    for path in inside {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            below(&path, found);
        } else if name.ends_with(ENDING) {
            found.push(path.strip_prefix(".").unwrap_or(&path).to_owned());
        }
    }
}

/// A scope without names: test files hold values and functions.
struct Values<'a> {
    surroundings: &'a dyn Surroundings,
    directory: &'a Path,
}

impl Scope for Values<'_> {
    fn resolve(&self, reference: &Reference) -> Evaluated<Value> {
        let problem = Diagnostic::error("invalid-reference", "a test file refers to nothing");
        Err(vec![problem.at(reference.span, "write the value itself")])
    }

    fn world(&self) -> World<'_> {
        World {
            surroundings: self.surroundings,
            base_directory: self.directory,
            phase: Phase::Plan,
            now: 0,
            entropy: &|_| {},
        }
    }
}

/// A test file with its policies.
struct Test {
    path: PathBuf,
    file: TestFile,
    policies: super::tested::Policies,
}

impl Test {
    async fn read(context: &Context, path: &Path, shelf: &mut Shelf) -> Result<Test, Failure> {
        let failed = |why: String| {
            let message = format!("`{}` cannot be read: {why}", path.display());
            Diagnostic::error("file-unusable", message)
        };
        let bytes = context.files.read(path).map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".to_owned()))?;
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let id = context.sources.borrow_mut().add(path, &text);
        let (body, mut told) = parse_file(id, &text);
        let scope = Values {
            surroundings: &*context.files,
            directory: &directory,
        };
        let (file, more) = testing::read(&body, &|expression| evaluate(expression, &scope));
        told.extend(more);
        if told.iter().any(Diagnostic::is_error) {
            return Err(told.into());
        }
        let policies = shelf.policies(context, &file, &directory).await?;
        Ok(Test {
            path: path.to_owned(),
            file,
            policies,
        })
    }

    async fn run(
        &self,
        context: &Context,
        wanted: Option<&Regex>,
        live: Option<&Live<'_>>,
    ) -> FileReport {
        let mut report = FileReport {
            path: self.path.display().to_string(),
            cases: Vec::new(),
        };
        let now = context.files.started();
        let mut outcomes = Vec::new();
        for case in &self.file.cases {
            if wanted.is_some_and(|wanted| !wanted.is_match(&case.name)) {
                continue;
            }
            let began = std::time::Instant::now();
            let outcome = testing::run(case, &self.file, self.policies.named(), now);
            let mut problems = self.problems(case, &outcome, &context.sources.borrow());
            let mut notes = Vec::new();
            if let Some(live) = live {
                let told = live.compare(case, &self.file, &self.policies, now).await;
                let (errors, rest): (Vec<_>, Vec<_>) =
                    told.into_iter().partition(Diagnostic::is_error);
                problems.extend(errors);
                notes = rest;
            }
            report.cases.push(CaseReport {
                name: case.name.clone(),
                span: case.span,
                expectations: case.expectations.len(),
                seconds: began.elapsed().as_secs_f64(),
                verdict: if problems.is_empty() {
                    Verdict::Passed
                } else {
                    Verdict::Failed
                },
                problems,
                notes,
            });
            outcomes.push(outcome);
        }
        if wanted.is_none() {
            let sources = context.sources.borrow();
            report.cases.extend(self.coverage(&outcomes, &sources));
        }
        report
    }

    fn problems(&self, case: &Case, outcome: &Outcome, sources: &Sources) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for at in &outcome.missing {
            if let Some((name, span)) = case.policies.get(*at) {
                problems.push(self.policies.unknown(name, *span));
            }
        }
        if !problems.is_empty() {
            return problems;
        }
        for (wanted, found) in outcome.failures(case) {
            let (word, but) = if wanted.allow {
                ("allowed", "denied")
            } else {
                ("denied", "allowed")
            };
            let message = format!(
                "case `{}`: `{}` on `{}` should be {word} and is {but}",
                case.name, wanted.capability, wanted.request.path
            );
            let mut problem = Diagnostic::error("policy-test-failed", message)
                .at(wanted.span, "expected here")
                .detail(found.why.clone());
            for (name, rule) in &found.rules {
                if let Some(span) = self.policies.rule(name, *rule) {
                    let place = written(span, sources);
                    problem = problem.at(span, format!("this rule of `{name}` decides ({place})"));
                }
            }
            problems.push(problem);
        }
        problems
    }

    /// Returns a report for each policy all of whose rules must be hit.
    fn coverage(&self, outcomes: &[Outcome], sources: &Sources) -> Vec<CaseReport> {
        let reports = self.file.covers.iter().map(|(name, span)| {
            let problems = match self.policies.named().get(name) {
                None => vec![self.policies.unknown(name, *span)],
                Some(policy) => self.uncovered((name, policy), outcomes, *span, sources),
            };
            CaseReport {
                name: format!("every rule of `{name}` is covered"),
                span: *span,
                expectations: self
                    .policies
                    .named()
                    .get(name)
                    .map_or(0, |policy| policy.rules.len()),
                seconds: 0.0,
                verdict: if problems.is_empty() {
                    Verdict::Passed
                } else {
                    Verdict::Failed
                },
                problems,
                notes: Vec::new(),
            }
        });
        reports.collect()
    }

    fn uncovered(
        &self,
        (name, policy): (&str, &Policy),
        outcomes: &[Outcome],
        span: Span,
        sources: &Sources,
    ) -> Vec<Diagnostic> {
        let server = self.file.server.unwrap_or(Server::OPENBAO);
        let unreachable = crate::policy::lint::unreachable(policy, server);
        let each = covered(name, policy, outcomes.iter()).into_iter();
        each.filter_map(|at| {
            let rule = policy.rules.get(at)?;
            let message = match unreachable.contains(&at) {
                true => format!(
                    "the rule `{}` of `{name}` can never decide: others always win",
                    rule.path
                ),
                false => format!(
                    "no expectation is decided by the rule `{}` of `{name}`",
                    rule.path
                ),
            };
            let mut problem =
                Diagnostic::error("policy-not-covered", message).at(span, "asked for here");
            if let Some(place) = self.policies.rule(name, at) {
                problem = problem.at(place, format!("this rule ({})", written(place, sources)));
            }
            Some(problem)
        })
        .collect()
    }
}

/// Returns a place as `policies/reader.hcl:3`.
fn written(span: Span, sources: &Sources) -> String {
    let file = sources.file(span.file).path.display().to_string();
    format!("{file}:{}", sources.position(span.file, span.start).line)
}

/// Returns the sources with the paths of files from a number on as seen from another directory.
#[must_use]
pub fn relocated(sources: &Sources, from: usize, prefix: &Path) -> Sources {
    let mut seen = Sources::default();
    for (id, file) in sources.files() {
        let path = match (id.0 as usize) < from {
            true => file.path.clone(),
            false => crate::command::findings::cleaned(&prefix.join(&file.path)),
        };
        seen.add(path, &file.text);
    }
    seen
}
