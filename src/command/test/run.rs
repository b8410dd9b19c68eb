//! One test file: its runs in order, and the end that takes back what they made.

use super::judgement::{Judgement, asserted};
use super::scope::TestScope;
use super::{Declared, tell_file};
use crate::apply::{LedgerKeeper, Report, Settings, apply};
use crate::command::apply::first;
use crate::command::context::{Context, Voice};
use crate::command::document::{document, schema};
use crate::command::exit::Failure;
use crate::command::flags::parallelism;
use crate::command::planning::{Hold, Order, Session, Trial, make};
use crate::command::progress::Teller;
use crate::command::settings;
use crate::command::wish::Wish;
use crate::config::test_file::Run;
use crate::config::variables::{Argument, Assigned};
use crate::config::{Configuration, Source, join, source_of};
use crate::eval::evaluate;
use crate::ledger::LockWish;
use crate::reconcile::Planned;
use crate::reconcile::world::{InstanceScope, View, World};
use crate::source::{Diagnostic, Surroundings};
use crate::syntax::Attribute;
use crate::value::{ModuleAddress, Value};
use crate::view::diagnostic::{DiagnosticStyle, diagnostics_text};
use crate::view::paint::Paint;
use crate::view::plan_text::plan_text;
use crate::view::test_report::{FileReport, RunReport, Status, run_line};
use clap::ArgMatches;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Runs one test file.
pub struct Tester<'a> {
    context: &'a Context,
    configuration: &'a Configuration,
    given: &'a Assigned,
    declared: &'a Declared,
    parallelism: Option<usize>,
    verbose: bool,
    /// Begins the names of the ledgers that the runs use.
    ledger: String,
    /// Outputs of the runs so far.
    outputs: BTreeMap<Arc<str>, Value>,
    /// How each state that was written to is destroyed, the last one first.
    made: Vec<(Arc<str>, Order)>,
}

/// What a run came to.
#[derive(Default)]
struct Ended {
    status: Status,
    told: Vec<Diagnostic>,
    outputs: BTreeMap<Arc<str>, Value>,
}

impl Ended {
    fn with(status: Status, told: Vec<Diagnostic>) -> Ended {
        Ended {
            status,
            told,
            outputs: BTreeMap::new(),
        }
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Ended {
        Ended::with(Status::Error, failure.diagnostics)
    }
}

impl<'a> Tester<'a> {
    /// Gets ready for a file.
    ///
    /// # Errors
    /// When an option is wrong.
    pub fn new(
        context: &'a Context,
        matches: &ArgMatches,
        configuration: &'a Configuration,
        given: &'a Assigned,
        declared: &'a Declared,
    ) -> Result<Tester<'a>, Failure> {
        let base = settings::read(context)?.ledger_settings(context)?.name;
        let unique = uuid::Uuid::new_v4().simple().to_string();
        Ok(Tester {
            context,
            configuration,
            given,
            declared,
            parallelism: parallelism(matches)?,
            verbose: crate::command::flags::is_set(matches, "verbose"),
            ledger: format!("{base}-test-{}", unique.get(..8).unwrap_or_default()),
            outputs: BTreeMap::new(),
            made: Vec::new(),
        })
    }

    /// Runs all runs, and takes back what they made.
    pub async fn file(&mut self) -> FileReport {
        let declared = self.declared;
        tell_file(self.context, &declared.path, "starting", None);
        let mut report = FileReport {
            path: declared.path.clone(),
            ..FileReport::default()
        };
        for run in &declared.file.runs {
            let broken = report.status == Status::Error;
            let stopped = self.context.stop.load(Ordering::SeqCst);
            let one = match broken || stopped {
                true => self.over(run, Ended::with(Status::Skip, Vec::new()), 0.0),
                false => self.timed(run).await,
            };
            report.status = report.status.max(one.status);
            report.runs.push(one);
        }
        tell_file(self.context, &declared.path, "teardown", None);
        if !self.tear_down().await {
            report.status = Status::Error;
        }
        tell_file(
            self.context,
            &declared.path,
            "complete",
            Some(report.status),
        );
        report
    }

    async fn timed(&mut self, run: &Run) -> RunReport {
        if self.context.voice.get() == Voice::Events {
            let event = self
                .context
                .stream()
                .test_run(&self.declared.path, &run.name.text, None);
            self.context.say(&event);
        }
        let begin = Instant::now();
        let ended = self.execute(run).await.unwrap_or_else(Ended::from);
        self.over(run, ended, begin.elapsed().as_secs_f64())
    }

    /// Tells how a run ended.
    fn over(&mut self, run: &Run, ended: Ended, seconds: f64) -> RunReport {
        let errors: Vec<Diagnostic> = ended
            .told
            .iter()
            .filter(|found| found.is_error())
            .cloned()
            .collect();
        let style = DiagnosticStyle {
            paint: Paint(false),
            drawn: false,
            width: 77,
        };
        let report = RunReport {
            name: run.name.text.to_string(),
            status: ended.status,
            text: diagnostics_text(&errors, &self.context.sources.borrow(), style),
            summary: errors
                .first()
                .map(|found| found.message.clone())
                .unwrap_or_default(),
            seconds,
        };
        match self.context.voice.get() {
            Voice::Events => {
                let (path, name) = (&self.declared.path, &run.name.text);
                let event = self
                    .context
                    .stream()
                    .test_run(path, name, Some(report.status));
                self.context.say(&event);
            }
            _ => self
                .context
                .say(&run_line(&report, self.context.paint.get())),
        }
        self.context.tell(&ended.told);
        let outputs = Value::object(ended.outputs);
        self.outputs.insert(run.name.text.clone(), outputs);
        report
    }

    /// Plans, applies where asked, and looks whether everything is as it should be.
    async fn execute(&mut self, run: &Run) -> Result<Ended, Failure> {
        let directory = self.directory_of(run)?;
        let variables = self.variables(run)?;
        let order = self.order(run, &directory, &variables);
        let (mut session, planned) = make(self.context, order.clone()).await?;
        let module = planned.world.configuration.root.clone();
        let judgement = Judgement::new(run, &module);
        let outcome = self
            .carry_out(run, &mut session, planned, &order, &judgement, &variables)
            .await;
        let mut closed = session.close().await;
        let mut ended = outcome?;
        ended.told.append(&mut closed);
        Ok(ended)
    }

    async fn carry_out(
        &mut self,
        run: &Run,
        session: &mut Session,
        planned: Planned,
        order: &Order,
        judgement: &Judgement<'_>,
        variables: &BTreeMap<Arc<str>, Value>,
    ) -> Result<Ended, Failure> {
        if self.verbose && self.context.voice.get() == Voice::Text {
            let document = document(self.context, session, &planned, None, false);
            let text = plan_text(&document, &schema, self.context.text_options(false));
            self.context.say(&format!("\n{text}\n"));
        }
        let mut told = session.notices.clone();
        let mut seen = BTreeSet::new();
        told.extend(judgement.unexpected(planned.plan.diagnostics.clone(), &mut seen));
        let refused = planned.plan.diagnostics.iter().any(Diagnostic::is_error);
        let (world, view) = if run.applies && !refused {
            let report = self.write(run, session, planned, order).await?;
            told.extend(judgement.unexpected(report.diagnostics, &mut seen));
            report.world.forget();
            (report.world, View::Real)
        } else {
            (planned.world, View::Plan)
        };
        if told.iter().any(Diagnostic::is_error) {
            return Ok(Ended::with(
                Status::Error,
                told.into_iter().map(explained).collect(),
            ));
        }
        told.extend(judgement.missing(&seen));
        if told.iter().any(Diagnostic::is_error) {
            return Ok(Ended::with(Status::Error, told));
        }
        if refused {
            return Ok(Ended::with(Status::Pass, told));
        }
        Ok(self.asserted(run, &world, view, variables, told))
    }

    /// Applies a plan without a word.
    async fn write(
        &mut self,
        run: &Run,
        session: &mut Session,
        planned: Planned,
        order: &Order,
    ) -> Result<Report, Failure> {
        let key = state_key(run);
        self.made.retain(|(other, _)| *other != key);
        self.made.push((key, order.clone()));
        first(self.context, session, order.hold).await?;
        let settings = Settings {
            parallelism: self.parallelism.unwrap_or(16),
            stop: self.context.stop.clone(),
            now: self.context.files.started(),
            connections: planned.connections.clone(),
        };
        let keeper = LedgerKeeper {
            ledger: &session.ledger,
            lock: session.lock.as_ref(),
        };
        let mut report = apply(
            planned,
            &keeper,
            &Teller::silent(self.context),
            &*session.links,
            &settings,
        )
        .await;
        let kept = session.ledger.establish().await;
        report
            .diagnostics
            .extend(kept.err().map(|error| error.to_diagnostic()));
        Ok(report)
    }

    /// Judges the assertions of a run, and notes its outputs.
    fn asserted(
        &self,
        run: &Run,
        world: &World,
        view: View,
        variables: &BTreeMap<Arc<str>, Value>,
        mut told: Vec<Diagnostic>,
    ) -> Ended {
        let root = ModuleAddress::default();
        let module = &world.configuration.root;
        let names = module.outputs.keys();
        let outputs: BTreeMap<Arc<str>, Value> = names
            .filter_map(|name| Some((name.clone(), world.output(&root, name, view).ok()?)))
            .collect();
        let scope = TestScope {
            inner: InstanceScope::new(world, &root, view),
            variables,
            runs: &self.outputs,
            outputs: Some(&outputs),
        };
        let mut status = Status::Pass;
        for assertion in &run.assertions {
            let (one, problems) = asserted(module, assertion, &scope);
            status = status.max(one);
            told.extend(problems);
        }
        Ended {
            status,
            told,
            outputs,
        }
    }

    /// Finds the module that a run tests.
    fn directory_of(&self, run: &Run) -> Result<PathBuf, Failure> {
        match &run.module {
            None => Ok(PathBuf::from(".")),
            Some(source) if source_of(&source.text) == Source::Local => {
                Ok(join(Path::new(""), &*source.text))
            }
            Some(source) => Err(Diagnostic::error(
                "module-not-local",
                "a run can only test a module in a directory beside the configuration",
            )
            .at(source.span, "this is elsewhere")
            .hint("copy it here, or call it from a small module in `tests/`")
            .into()),
        }
    }

    /// Works out the variables of a run: those given to the program, of the file, and its own.
    fn variables(&self, run: &Run) -> Result<BTreeMap<Arc<str>, Value>, Failure> {
        let given = self.given.values.iter();
        let mut values: BTreeMap<Arc<str>, Value> = given
            .filter(|(name, _)| self.given.given.contains(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let world = World::blind(
            Arc::new(self.configuration.clone()),
            self.context.files.clone(),
            Path::new("."),
        );
        let mut problems = Vec::new();
        for attributes in [&self.declared.file.variables, &run.variables] {
            let found = self.evaluated(attributes, &values, &world, &mut problems);
            values.extend(found);
        }
        match problems.is_empty() {
            true => Ok(values),
            false => Err(problems.into()),
        }
    }

    fn evaluated(
        &self,
        attributes: &[Attribute],
        known: &BTreeMap<Arc<str>, Value>,
        world: &World,
        problems: &mut Vec<Diagnostic>,
    ) -> Vec<(Arc<str>, Value)> {
        let scope = TestScope {
            inner: InstanceScope::new(world, &ModuleAddress::default(), View::Plan),
            variables: known,
            runs: &self.outputs,
            outputs: None,
        };
        let mut found = Vec::new();
        for attribute in attributes {
            match evaluate(&attribute.value, &scope) {
                Ok(value) => found.push((attribute.name.text.clone(), value)),
                Err(more) => problems.extend(more),
            }
        }
        found
    }

    fn order(&self, run: &Run, directory: &Path, variables: &BTreeMap<Arc<str>, Value>) -> Order {
        let wish = Wish {
            refresh_only: run.options.refresh_only,
            targets: run.options.targets.clone(),
            replace: run.options.replace.clone(),
            // What lives already must not be destroyed with what the test makes.
            no_adopt: run.applies,
            allow_data_loss: true,
            ..Wish::default()
        };
        let values = variables.iter();
        Order {
            arguments: values
                .map(|(name, value)| Argument::Given {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
            parallelism: self.parallelism,
            options: wish.options(),
            hold: run.applies.then_some(Hold {
                operation: "test",
                wait: LockWish::DEFAULT_WAIT,
            }),
            trial: Some(Arc::new(Trial {
                directory: directory.to_owned(),
                providers: self.providers(run),
                ledger: self.ledger_of(&state_key(run)),
            })),
            wish,
            ..Order::default()
        }
    }

    /// Returns the name of the ledger of a state: each has its own.
    fn ledger_of(&self, key: &Arc<str>) -> String {
        let keys: BTreeSet<Arc<str>> = self.declared.file.runs.iter().map(state_key).collect();
        match keys.iter().position(|other| other == key) {
            Some(0) | None => self.ledger.clone(),
            Some(place) => format!("{}-{place}", self.ledger),
        }
    }

    /// Returns the provider blocks that a run uses instead of the configuration's.
    fn providers(&self, run: &Run) -> Vec<(Arc<str>, crate::config::DeclaredProvider)> {
        let all = &self.declared.file.providers;
        if run.providers.is_empty() {
            return all
                .iter()
                .map(|(name, one)| (name.clone(), one.clone()))
                .collect();
        }
        let chosen = run.providers.iter();
        chosen
            .filter_map(|(slot, given)| Some((slot.clone(), all.get(&given.name)?.clone())))
            .collect()
    }

    /// Destroys what the runs made, the last state first; tells whether nothing is left.
    async fn tear_down(&mut self) -> bool {
        let mut clean = true;
        for (_, mut order) in std::mem::take(&mut self.made).into_iter().rev() {
            order.wish.destroy = true;
            order.wish.no_adopt = false;
            order.wish.targets.clear();
            order.wish.replace.clear();
            order.wish.refresh_only = false;
            order.options = order.wish.options();
            let ledger = order
                .trial
                .as_ref()
                .map(|trial| trial.ledger.clone())
                .unwrap_or_default();
            let problems = match self.destroy(order).await {
                Ok(problems) => problems,
                Err(failure) => failure.diagnostics,
            };
            if problems.iter().any(Diagnostic::is_error) {
                clean = false;
                let message = format!(
                    "what `{}` made could not all be destroyed",
                    self.declared.path
                );
                let left = Diagnostic::error("left-behind", message).hint(format!(
                    "what is left stands in the ledger `{ledger}`: `VAULTFORM_NAME={ledger} vaultform destroy` removes it"
                ));
                self.context.tell(&problems);
                self.context.tell(&[left]);
            }
        }
        clean
    }

    async fn destroy(&self, order: Order) -> Result<Vec<Diagnostic>, Failure> {
        let (mut session, planned) = make(self.context, order.clone()).await?;
        let outcome = self.remove(&mut session, planned, &order).await;
        let closed = session.close().await;
        let mut told = outcome?;
        told.extend(closed);
        Ok(told)
    }

    async fn remove(
        &self,
        session: &mut Session,
        planned: Planned,
        order: &Order,
    ) -> Result<Vec<Diagnostic>, Failure> {
        if planned.plan.diagnostics.iter().any(Diagnostic::is_error) {
            return Ok(planned.plan.diagnostics);
        }
        first(self.context, session, order.hold).await?;
        let settings = Settings {
            parallelism: self.parallelism.unwrap_or(16),
            // The end of a test is not skipped by an interruption.
            stop: Arc::default(),
            now: self.context.files.started(),
            connections: planned.connections.clone(),
        };
        let keeper = LedgerKeeper {
            ledger: &session.ledger,
            lock: session.lock.as_ref(),
        };
        let report = apply(
            planned,
            &keeper,
            &Teller::silent(self.context),
            &*session.links,
            &settings,
        )
        .await;
        let mut told = report.diagnostics;
        let removed = session.ledger.remove_if_empty(session.lock.take()).await;
        told.extend(removed.err().map(|error| error.to_diagnostic()));
        Ok(told)
    }
}

/// Runs with the same key share their objects: those of one module, unless they say otherwise.
fn state_key(run: &Run) -> Arc<str> {
    let source = || run.module.as_ref().map(|source| source.text.clone());
    run.state_key.clone().or_else(source).unwrap_or_default()
}

/// Says of an object that lives already what it means for a test.
fn explained(mut problem: Diagnostic) -> Diagnostic {
    if problem.code == "object-exists" {
        problem.hints = vec![
            "a test destroys what it applies: give it a server of its own, or other names"
                .to_owned(),
        ];
    }
    problem
}
