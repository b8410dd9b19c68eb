//! From the files to a plan: what `plan`, `apply`, `destroy`, `drift` and the rest have in common.

use super::access;
use super::connector::Links;
use super::context::Context;
use super::exit::Failure;
use super::lockout;
use super::project::{self, Project};
use super::settings;
use super::stock::{Judged, Witness, refused};
use super::wish::Wish;
use crate::config::DeclaredProvider;
use crate::config::variables::{Argument, Assigned};
use crate::ledger::{Held, Kind, Ledger, LedgerError, Lock, LockWish, Settings};
use crate::observe::{Connection, Lease, revoke};
use crate::policy::Access;
use crate::reconcile::world::{InstanceScope, Seen, View, World};
use crate::reconcile::{Connector, Options, Planned, blind, parse_address, plan};
use crate::source::{Diagnostic, Span};
use crate::value::{Address, Mode, ModuleAddress, Text, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What stands behind a plan while a command runs. It is to be ended by [`Session::close`].
pub struct Session {
    pub links: Arc<Links>,
    /// The connection to the server that keeps the ledger.
    pub home: Connection,
    pub ledger: Ledger,
    pub lock: Option<Lock>,
    pub assigned: Assigned,
    pub settings: settings::Project,
    /// Warnings and notes of everything before the plan.
    pub notices: Vec<Diagnostic>,
    /// Who gains or loses what by the plan.
    pub access: Access,
    /// What ephemerals opened.
    leases: Vec<Lease>,
}

/// How a plan is made.
#[derive(Clone, Default)]
pub struct Order {
    pub wish: Wish,
    pub arguments: Vec<Argument>,
    /// Whether missing variables may be asked for.
    pub ask: bool,
    pub parallelism: Option<usize>,
    /// The options of planning, when they say more than the wish.
    pub options: Options,
    /// How the lock is held; `None` for what only reads.
    pub hold: Option<Hold>,
    /// How long the server is tried for, where that is not the usual time.
    pub patience: Option<Duration>,
    /// A token for the server at one address, in place of the login that is configured.
    pub token: Option<(String, Text)>,
    /// What a test plans otherwise.
    pub trial: Option<Arc<Trial>>,
    /// What is taken out of the plan before anything else looks at it.
    pub narrow: Option<Narrow>,
}

/// Takes something out of a plan, and tells of it.
pub type Narrow = Arc<dyn Fn(&mut Planned) -> Vec<Diagnostic> + Send + Sync>;

/// What a test plans otherwise than other commands.
#[derive(Clone, Default)]
pub struct Trial {
    /// The directory of the module that is tested.
    pub directory: PathBuf,
    /// Provider blocks that take the place of the configuration's.
    pub providers: Vec<(Arc<str>, DeclaredProvider)>,
    /// The name of the ledger, which no other run has.
    pub ledger: String,
}

/// How a lock is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// `apply`, `destroy` …
    pub operation: &'static str,
    pub wait: Duration,
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        error.to_diagnostic().into()
    }
}

/// A ledger with the way to its server.
pub struct Shelf {
    pub links: Arc<Links>,
    pub home: Connection,
    pub settings: Settings,
}

/// Reads the configuration, connects, opens the ledger and plans. The plan's own errors stand in the plan.
///
/// # Errors
/// What keeps a plan from being made at all.
pub async fn make(context: &Context, order: Order) -> Result<(Session, Planned), Failure> {
    let settings = settings::read(context)?;
    let mut project = match &order.trial {
        Some(trial) => project::read_trial(context, &trial.directory, &trial.providers)?,
        None => project::read(context, order.wish.skip_foreign)?,
    };
    let assigned = project.variables(context, order.arguments.clone(), order.ask)?;
    let witness = Arc::new(Witness::new(context.files.clone()));
    let world = project.world_among(context, &assigned, witness.clone());
    let mut links = Links::new(context, order.parallelism).with_token(order.token.clone());
    if let Some(patience) = order.patience {
        links = links.impatient(patience);
    }
    let links = Arc::new(links);
    context.links.borrow_mut().push(links.clone());
    let explained = |failure| with_mistakes(context, &project, failure);
    let mut kept = settings.ledger_settings(context)?;
    if let Some(trial) = &order.trial {
        kept.name.clone_from(&trial.ledger);
    }
    let shelf = Shelf {
        home: home(&world, &settings, &links).await.map_err(explained)?,
        settings: kept,
        links,
    };
    let opened = match shelf.open(context, order.hold).await {
        // Who may not lock lacks more than that: planned without the lock, all of it is told before the first write.
        Err(failure) if order.hold.is_some() && is_denied(&failure) => {
            shelf.open(context, None).await
        }
        opened => opened,
    };
    let opened = opened.map_err(|failure| super::least::without_ledger(&shelf, &order, failure));
    let (ledger, lock) = opened.map_err(explained)?;
    let mut session = Session {
        notices: ledger.notices().to_vec(),
        home: shelf.home,
        links: shelf.links,
        lock,
        assigned,
        settings,
        access: Access::default(),
        leases: Vec::new(),
        ledger,
    };
    session.notices.append(&mut project.diagnostics);
    let planned = session
        .plan(context, (world, &witness), project, &order)
        .await;
    Ok((session, planned))
}

/// Adds to why no server can be worked with what needs it, and all mistakes in the files: one run tells everything.
fn with_mistakes(context: &Context, project: &Project, mut failure: Failure) -> Failure {
    let world = project.blind_world(context);
    let need = blind::first_need(&world);
    for problem in &mut failure.diagnostics {
        if let Some(span) = need.filter(|_| problem.labels.is_empty() && problem.is_error()) {
            *problem = problem.clone().at(span, "needed for this");
        }
    }
    blind::complete(&world, &mut failure.diagnostics);
    failure
}

fn is_denied(failure: &Failure) -> bool {
    failure
        .diagnostics
        .iter()
        .all(|problem| problem.code == "permission-denied")
}

impl Shelf {
    /// Opens the ledger, and locks it where that is asked for and it is there.
    ///
    /// # Errors
    /// When it cannot be read, or another run holds the lock.
    pub async fn open(
        &self,
        context: &Context,
        hold: Option<Hold>,
    ) -> Result<(Ledger, Option<Lock>), Failure> {
        let read = || {
            Ledger::open(
                self.home.server.clone(),
                &self.home.namespace,
                self.settings.clone(),
            )
        };
        let ledger = read().await?;
        let Some(hold) = hold.filter(|_| ledger.missing_mount().is_none()) else {
            return Ok((ledger, None));
        };
        let (lock, waited) = lock(context, &ledger, hold).await?;
        if !waited {
            return Ok((ledger, Some(lock)));
        }
        // What was read before the wait is old by now.
        match read().await {
            Ok(ledger) => Ok((ledger, Some(lock))),
            Err(error) => {
                lock.release().await?;
                Err(error.into())
            }
        }
    }
}

/// Takes the lock; says so where it has to wait. Tells whether another run held it: what was read before is old then.
///
/// # Errors
/// When another run still holds it after the wait.
pub async fn lock(
    context: &Context,
    ledger: &Ledger,
    hold: Hold,
) -> Result<(Lock, bool), LedgerError> {
    let who = context
        .variable("USER")
        .or_else(|| context.variable("LOGNAME"))
        .unwrap_or_default();
    let waited = AtomicBool::new(false);
    let on_wait = |held: &Held| {
        waited.store(true, Ordering::Relaxed);
        let line = format!("Waiting for the ledger's lock: held by {held}\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), line.as_bytes());
    };
    let wish = LockWish {
        who,
        operation: hold.operation,
        wait: hold.wait,
        on_wait: &on_wait,
    };
    let lock = ledger.lock(wish).await?;
    context.tell(&lock.notice().cloned().into_iter().collect::<Vec<_>>());
    let waited = waited.load(Ordering::Relaxed) || lock.notice().is_some();
    Ok((lock, waited))
}

/// Connects as a provider block of the root module says; `None` is the default one.
///
/// # Errors
/// When the block cannot be evaluated yet, or there is no connection.
pub async fn connection_of(
    world: &World,
    provider: Option<&str>,
    links: &Links,
) -> Result<Connection, Failure> {
    let settings = settings::Project {
        ledger: settings::LedgerBlock {
            provider: provider.map(str::to_owned),
            ..settings::LedgerBlock::default()
        },
        ..settings::Project::default()
    };
    home(world, &settings, links).await
}

/// Connects to the server that keeps the ledger: that of the default provider block, or of the one that the settings name.
///
/// # Errors
/// When there is no such block, or no connection.
pub async fn home(
    world: &World,
    settings: &settings::Project,
    links: &Links,
) -> Result<Connection, Failure> {
    let (arguments, span) = home_arguments(world, settings)?;
    let reached = links.connect(&arguments).await;
    Ok(reached.map_err(|problem| match span {
        Some(span) => problem.at(span, "as configured here"),
        None => problem,
    })?)
}

/// Finds the arguments of the provider block that says how to reach the server of the ledger, and where it stands.
///
/// # Errors
/// When there is no such block, or it cannot be evaluated.
pub fn home_arguments(
    world: &World,
    settings: &settings::Project,
) -> Result<(Value, Option<Span>), Failure> {
    let root = &world.configuration.root;
    let named = settings.ledger.provider.as_deref();
    let nothing = || Value::object(BTreeMap::new());
    let Some(declared) = root.providers.get(named.unwrap_or("vault")) else {
        if let Some(named) = named.filter(|named| *named != "vault") {
            let message = format!(
                "`{}` names the provider `{named}`, which is not configured",
                settings::FILE
            );
            return Err(Diagnostic::error("invalid-settings", message).into());
        }
        return Ok((nothing(), None));
    };
    let scope = InstanceScope::new(world, &ModuleAddress::default(), View::Plan);
    let decoded = crate::eval::decode_provider(&declared.body, &scope);
    if decoded.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(decoded.diagnostics.into());
    }
    let known = decoded.attributes.is_wholly_known() && declared.for_each.is_none();
    let arguments = if known { decoded.attributes } else { nothing() };
    Ok((arguments, Some(declared.span)))
}

impl Session {
    async fn plan(
        &mut self,
        context: &Context,
        (world, witness): (World, &Witness),
        project: Project,
        order: &Order,
    ) -> Planned {
        let mut before = project.world(context, &self.assigned);
        let blind_world = project.blind_world(context);
        let mut planned = plan(
            world,
            project.graph,
            &self.ledger,
            &*self.links,
            &order.options,
        )
        .await;
        self.leases = std::mem::take(&mut planned.leases);
        if let Some(narrow) = &order.narrow {
            let told = narrow(&mut planned);
            planned.plan.diagnostics.extend(told);
        }
        if !self.ledger.is_new() {
            learn_before(&mut before, &planned);
            outputs_before(&before, &mut planned);
        }
        self.announce_mount(&mut planned);
        let problems = self.others(&planned, &order.wish.take_from).await;
        planned.plan.diagnostics.extend(problems);
        if order.wish.refresh_only {
            super::watch::heal::soften(&mut planned);
        }
        if planned.plan.diagnostics.iter().any(Diagnostic::is_error) {
            blind::complete(&blind_world, &mut planned.plan.diagnostics);
        }
        let writes = planned.plan.steps.iter().any(|step| step.change.writes());
        if writes && !order.wish.refresh_only {
            let mut stock = access::stock(context, &planned).await;
            let judged = Judged {
                before: &stock.before,
                after: &stock.after,
                server: Some(stock.server),
                read: &witness.texts(),
            };
            let problems = refused(context, &planned, &judged);
            planned.plan.diagnostics.extend(problems);
            self.access = stock.access();
            self.notices.extend(access::incomparable(&self.access));
            if !order.wish.allow_lockout {
                let ledger = self.ledger.settings();
                let problems = lockout::guard(&planned, &mut stock, ledger).await;
                planned.plan.diagnostics.extend(problems);
            }
        }
        planned
    }

    /// Says that the ledger's mount will be made, or must be made by somebody else.
    fn announce_mount(&self, planned: &mut Planned) {
        let Some(mount) = self
            .ledger
            .missing_mount()
            .filter(|_| planned.plan.has_changes())
        else {
            return;
        };
        if matches!(
            self.ledger.settings().kind,
            Kind::Vault { create: true, .. }
        ) {
            planned.plan.ledger_notice =
                Some(format!("the ledger's mount \"{mount}/\" will be created"));
        } else {
            let missing = LedgerError::NoMount {
                mount: mount.into(),
            };
            planned.plan.diagnostics.push(missing.to_diagnostic());
        }
    }

    /// Refuses to take over what another ledger owns.
    async fn others(&self, planned: &Planned, allowed: &[String]) -> Vec<Diagnostic> {
        use crate::plan::Change;
        let mut problems = Vec::new();
        let adopting = planned
            .plan
            .steps
            .iter()
            .filter(|step| step.adopts || step.change == Change::Adopt);
        for step in adopting {
            let Some(place) = &step.place else { continue };
            let owners = self.ledger.owners_of(place).await.unwrap_or_default();
            let canonical = crate::catalog::registry::canonical;
            let other = owners.into_iter().find(|owner| {
                canonical(&owner.type_name) == canonical(step.kind.name)
                    && !allowed
                        .iter()
                        .any(|name| *name == owner.ledger.to_string() || *name == owner.ledger.name)
            });
            if let Some(other) = other {
                let message = format!(
                    "`{}` is owned by the ledger `{}` as `{}`",
                    step.address, other.ledger, other.address
                );
                let problem = Diagnostic::error("owned-elsewhere", message)
                    .hint(format!(
                        "remove it there, or plan with `-take-from={}`",
                        other.ledger
                    ))
                    .address(&step.address);
                problems.push(match step.span {
                    Some(span) => problem.at(span, "declared here too"),
                    None => problem,
                });
            }
        }
        problems
    }

    /// Revokes what was opened for this run, gives the lock back, closes all connections.
    pub async fn close(self) -> Vec<Diagnostic> {
        let mut problems = revoke(&self.leases).await;
        if let Some(lock) = self.lock
            && let Err(error) = lock.release().await
        {
            problems.push(error.to_diagnostic());
        }
        for problem in &mut problems {
            problem.severity = crate::source::Severity::Warning;
        }
        problems.extend(self.links.close().await);
        problems
    }
}

/// Learns what objects were before the plan.
fn learn_before(before: &mut World, planned: &Planned) {
    for step in planned
        .plan
        .steps
        .iter()
        .filter(|step| step.address.mode == Mode::Managed)
    {
        if let Some(value) = &step.before {
            let seen = Seen {
                plan: value.clone(),
                real: None,
            };
            before.learn(&step.address, Some(seen));
        }
    }
    for object in super::document::data(&planned.world) {
        let seen = Seen {
            plan: object.values,
            real: None,
        };
        before.learn(&object.address, Some(seen));
    }
}

/// Works out what outputs were before the plan: from the objects as they are.
fn outputs_before(before: &World, planned: &mut Planned) {
    let root = ModuleAddress::default();
    for output in &mut planned.plan.outputs {
        let was = before.output(&root, &output.name, View::Plan).ok();
        output.before = was.filter(Value::is_wholly_known);
        let unknown = output
            .after
            .as_ref()
            .is_some_and(|after| !after.is_wholly_known());
        let changes = unknown && planned.plan.steps.iter().any(|step| step.change.writes());
        if output.before.is_none() && !changes {
            output.before.clone_from(&output.after);
        }
    }
}

/// Reads the address of a resource instance.
#[must_use]
pub fn address(text: &str) -> Option<Address> {
    parse_address(text).ok()?.address(&ModuleAddress::default())
}
