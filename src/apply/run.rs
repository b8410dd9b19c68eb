//! The order of an apply: what may run runs, what failed takes its dependents out, the rest goes on.

use super::deliver::Deliveries;
use super::reach::guarded;
use super::record::pending;
use super::rotate::Records;
use crate::observe::{Cache, Connections, Lease, revoke};
use crate::plan::change::Digester;
use crate::plan::place::governs;
use crate::plan::{Change, Owned, Plan};
use crate::reconcile::graph::Graph;
use crate::reconcile::world::World;
use crate::reconcile::{Connector, Planned, Work};
use crate::server::Guard;
use crate::source::Diagnostic;
use crate::value::{Address, ServerPath, Value};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What an apply asks of the ledger.
pub trait Keeper: Send + Sync {
    fn digester(&self) -> &dyn Digester;
    /// Writes records of writes that are about to begin.
    fn begin(&self, records: Vec<Owned>) -> BoxFuture<'_, Result<(), Diagnostic>>;
    /// Notes what is ours now. It may be written a little later; [`Keeper::flush`] waits for it.
    fn record(&self, owned: Owned) -> BoxFuture<'_, Result<(), Diagnostic>>;
    /// Forgets a record.
    fn forget<'a>(&'a self, owned: &'a Owned) -> BoxFuture<'a, Result<(), Diagnostic>>;
    fn flush(&self) -> BoxFuture<'_, Result<(), Diagnostic>>;
    fn keep_random<'a>(
        &'a self,
        birth: &'a str,
        value: &'a Value,
    ) -> BoxFuture<'a, Result<(), Diagnostic>>;
    fn read_random<'a>(&'a self, birth: &'a str) -> BoxFuture<'a, Option<Value>>;
    fn drop_random<'a>(&'a self, birth: &'a str) -> BoxFuture<'a, Result<(), Diagnostic>>;
    /// Tells whether the lock was lost: nothing may be written any more.
    fn is_lost(&self) -> bool;
    /// Returns what lets writes to a server out only while the lock is held; none where there is no lock to lose.
    fn guard(&self) -> Option<Guard>;
}

/// What is told while an apply goes on.
pub trait Events: Send + Sync {
    fn started(&self, address: &Address, change: Change, id: Option<&str>);
    fn still(&self, address: &Address, change: Change, elapsed: Duration);
    fn done(&self, address: &Address, change: Change, id: Option<&str>, elapsed: Duration);
    fn failed(&self, address: &Address, change: Change, elapsed: Duration);
}

/// How an apply runs.
#[derive(Clone)]
pub struct Settings {
    /// How many steps at once.
    pub parallelism: usize,
    /// Set when the user asks to stop: what is in flight is finished, nothing new begins.
    pub stop: Arc<AtomicBool>,
    /// Seconds since 1970.
    pub now: i64,
    /// Outputs that are given once may be had in this apply.
    pub connections: Connections,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed,
    /// Not begun, because something that it needs failed, or because of a stop.
    Skipped,
}

/// What became of an apply.
pub struct Report {
    pub plan: Plan,
    pub outcomes: Vec<Outcome>,
    pub diagnostics: Vec<Diagnostic>,
    pub world: World,
    pub stopped: bool,
}

/// What the steps of a run share.
pub(super) struct Run<'a> {
    pub plan: &'a Plan,
    pub work: &'a [Work],
    pub graph: &'a Graph,
    pub world: Mutex<World>,
    pub keeper: &'a dyn Keeper,
    pub events: &'a dyn Events,
    pub settings: &'a Settings,
    /// Stands before every write to a server.
    pub guard: Option<Guard>,
    /// Connects to servers that only this run knows how to reach.
    pub connector: &'a dyn Connector,
    /// What it connected to.
    pub late: tokio::sync::Mutex<Connections>,
    pub cache: Cache,
    /// One write at a time for each place that several steps change.
    pub places: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Held together by those that make what the server names, alone by who looks for what it made.
    pub making: tokio::sync::RwLock<()>,
    /// The steps that the server may have done something for.
    pub written: Mutex<BTreeSet<usize>>,
    /// What goes and takes with it all that is below: the place that it governs, and the steps.
    pub leaving: HashMap<ServerPath, Vec<usize>>,
    /// The steps whose useless predecessors are removed already.
    pub cleared: Mutex<BTreeSet<usize>>,
    /// What is made anew and takes ids along that the server made below it.
    pub remade: HashSet<ServerPath>,
    /// All places of the plan, where it removes what may hold more than them.
    pub known: HashSet<ServerPath>,
    /// What the ledger was told in this run.
    pub records: Records,
    pub deliveries: Deliveries,
    /// What reading opened that is closed at the end.
    pub leases: Mutex<Vec<Lease>>,
}

/// Applies a plan.
pub async fn apply(
    planned: Planned,
    keeper: &dyn Keeper,
    events: &dyn Events,
    connector: &dyn Connector,
    settings: &Settings,
) -> Report {
    let Planned {
        plan,
        mut work,
        mut world,
        graph,
        ..
    } = planned;
    world.phase = crate::eval::functions::Phase::Apply;
    world.now = settings.now;
    let guard = keeper.guard();
    for connection in work.iter_mut().filter_map(|one| one.connection.as_mut()) {
        *connection = guarded(connection, guard.as_ref());
    }
    let mut diagnostics = Vec::new();
    let run = Run {
        guard,
        plan: &plan,
        work: &work,
        graph: &graph,
        world: Mutex::new(world),
        keeper,
        events,
        settings,
        connector,
        late: tokio::sync::Mutex::default(),
        cache: Cache::default(),
        places: Mutex::default(),
        making: tokio::sync::RwLock::default(),
        written: Mutex::default(),
        cleared: Mutex::default(),
        leaving: leaving(&plan),
        remade: remade(&plan),
        known: super::recount::known(&plan, &work),
        records: Records::default(),
        deliveries: Deliveries::of(&plan, &work, &graph),
        leases: Mutex::default(),
    };
    run.learn_kept().await;
    run.clear_away().await;
    let outcomes = schedule(&run, &mut diagnostics).await;
    if let Err(problem) = keeper.flush().await {
        diagnostics.push(problem);
    }
    let stopped = settings.stop.load(Ordering::SeqCst);
    let leases = run
        .leases
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    diagnostics.extend(revoke(&leases).await);
    let world = run
        .world
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if !plan.destroys && !stopped {
        diagnostics.extend(super::conditions::concluded(&world, &plan));
    }
    Report {
        plan,
        outcomes,
        diagnostics,
        world,
        stopped,
    }
}

/// Returns the places of what is made anew and governs nothing: ids that the server made below them are gone with it.
fn remade(plan: &Plan) -> HashSet<ServerPath> {
    let steps = plan
        .steps
        .iter()
        .filter(|step| step.change == Change::Replace);
    let places = steps.filter_map(|step| {
        let place = step.old_place.as_ref().or(step.place.as_ref())?;
        governs(step.kind, place).is_none().then(|| place.clone())
    });
    places.collect()
}

fn leaving(plan: &Plan) -> HashMap<ServerPath, Vec<usize>> {
    let mut found: HashMap<ServerPath, Vec<usize>> = HashMap::new();
    let steps = plan.steps.iter().enumerate();
    let goes = |change| matches!(change, Change::Delete | Change::Replace);
    for (index, step) in steps.filter(|(_, step)| goes(step.change)) {
        let place = step.old_place.as_ref().or(step.place.as_ref());
        let ruled = place.and_then(|place| governs(step.kind, place));
        if let Some(ruled) = ruled {
            found.entry(ruled).or_default().push(index);
        }
    }
    found
}

/// How far the steps are.
struct Progress {
    /// How many steps there are; what is beyond are gates.
    count: usize,
    outcomes: Vec<Option<Outcome>>,
    waits: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
}

impl Progress {
    fn new(plan: &Plan) -> Progress {
        let count = plan.steps.len();
        let mut dependents = vec![Vec::new(); count];
        let mut waits = Vec::new();
        let mut ready = BTreeSet::new();
        for (index, step) in plan.steps.iter().enumerate() {
            waits.push(step.after_steps.len());
            for other in &step.after_steps {
                dependents[*other].push(index);
            }
        }
        // A gate is a node behind the steps that is done once all that it waits for is.
        for gate in plan.gates.iter().filter(|gate| !gate.first.is_empty()) {
            for other in &gate.first {
                dependents[*other].push(waits.len());
            }
            for index in &gate.then {
                waits[*index] += 1;
            }
            waits.push(gate.first.len());
            dependents.push(gate.then.clone());
        }
        ready.extend((0..count).filter(|index| waits[*index] == 0));
        Progress {
            count,
            outcomes: vec![None; waits.len()],
            waits,
            dependents,
            ready,
        }
    }

    /// Notes how a step ended; a failure ends all that wait for it.
    fn end(&mut self, index: usize, outcome: Outcome) {
        let mut open = vec![(index, outcome)];
        while let Some((at, outcome)) = open.pop() {
            if self.outcomes[at].is_some() {
                continue;
            }
            self.outcomes[at] = Some(outcome);
            self.ready.remove(&at);
            for other in std::mem::take(&mut self.dependents[at]) {
                if outcome == Outcome::Done {
                    self.waits[other] -= 1;
                    if self.waits[other] == 0 && self.outcomes[other].is_none() {
                        match other < self.count {
                            true => drop(self.ready.insert(other)),
                            false => open.push((other, Outcome::Done)),
                        }
                    }
                } else {
                    open.push((other, Outcome::Skipped));
                }
            }
        }
    }
}

/// How a step ended.
type Ended = (usize, Result<(), Vec<Diagnostic>>);

async fn schedule(run: &Run<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Outcome> {
    let mut progress = Progress::new(run.plan);
    let mut queue: Vec<usize> = Vec::new();
    let mut flying = FuturesUnordered::new();
    let mut ended: VecDeque<Ended> = VecDeque::new();
    loop {
        // The ledger is told of many steps at once: what becomes ready waits until the queue is used up.
        let ready = match queue.is_empty() {
            true => std::mem::take(&mut progress.ready),
            false => BTreeSet::new(),
        };
        let stopped = run.settings.stop.load(Ordering::SeqCst) || run.keeper.is_lost();
        if stopped {
            for index in queue.drain(..) {
                diagnostics.extend(run.forget_unwritten(index).await.err());
            }
        } else {
            if !ready.is_empty() {
                let begun = beside(&mut flying, &mut ended, begin(run, ready)).await;
                diagnostics.extend(begun.problems);
                for (index, outcome) in begun.over {
                    progress.end(index, outcome);
                }
                queue = begun.steps;
            }
            while flying.len() < run.settings.parallelism.max(1) {
                let Some(index) = queue.pop() else { break };
                flying.push(async move { (index, run.step(index).await) });
            }
        }
        if !progress.ready.is_empty() && queue.is_empty() && !stopped {
            continue;
        }
        let next = match ended.pop_front() {
            Some(one) => Some(one),
            None => flying.next().await,
        };
        match next {
            Some((index, Ok(()))) => progress.end(index, Outcome::Done),
            Some((index, Err(problems))) => {
                diagnostics.extend(problems);
                progress.end(index, Outcome::Failed);
            }
            None => break,
        }
    }
    if run.keeper.is_lost() {
        diagnostics.push(lost());
    }
    progress
        .outcomes
        .into_iter()
        .take(progress.count)
        .map(|outcome| outcome.unwrap_or(Outcome::Skipped))
        .collect()
}

/// Waits for some work while the steps in flight go on: one of them may hold what the work waits for.
async fn beside<T>(
    flying: &mut FuturesUnordered<impl Future<Output = Ended>>,
    ended: &mut VecDeque<Ended>,
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            Some(one) = flying.next(), if !flying.is_empty() => ended.push_back(one),
        }
    }
}

/// What became of steps that may run.
#[derive(Default)]
struct Begun {
    /// Steps to do, the first one last.
    steps: Vec<usize>,
    /// Steps that are over without being done.
    over: Vec<(usize, Outcome)>,
    problems: Vec<Diagnostic>,
}

/// Notes in the ledger what is about to be written. What has nothing to do is done.
async fn begin(run: &Run<'_>, ready: BTreeSet<usize>) -> Begun {
    let mut begun = Begun::default();
    for index in ready {
        if run.plan.steps[index].change == Change::Keep {
            let settled = run.settle(index).await;
            begun.problems.extend(settled.err().into_iter().flatten());
            begun.over.push((index, Outcome::Done));
        } else {
            begun.steps.push(index);
        }
    }
    run.cache.clear();
    let records = begun.steps.iter().map(|index| pending(run, *index));
    let records = futures::future::join_all(records).await;
    let records: Vec<Owned> = records.into_iter().flatten().collect();
    run.records.begin(&records);
    if !records.is_empty()
        && let Err(problem) = run.keeper.begin(records).await
    {
        begun.problems.push(problem);
        let failed = std::mem::take(&mut begun.steps).into_iter();
        begun
            .over
            .extend(failed.map(|index| (index, Outcome::Failed)));
    }
    begun.steps.reverse();
    begun
}

fn lost() -> Diagnostic {
    Diagnostic::error(
        "lock-lost",
        "the ledger's lock was lost: nothing more was written",
    )
    .hint("run again: the next run looks at what is there and goes on")
}

impl Run<'_> {
    /// Does one step and tells of it.
    async fn step(&self, index: usize) -> Result<(), Vec<Diagnostic>> {
        let step = &self.plan.steps[index];
        let told = step.change.writes();
        let begin = Instant::now();
        let id = step.before.as_ref().and_then(id_text);
        if told {
            self.events
                .started(&step.address, step.change, id.as_deref());
        }
        let work = async {
            self.may_begin(index)?;
            let id = self.perform(index).await?;
            self.delivered(index).await?;
            Ok::<_, Vec<Diagnostic>>(id)
        };
        tokio::pin!(work);
        let outcome = loop {
            let tick = tokio::time::sleep(Duration::from_secs(10));
            tokio::select! {
                outcome = &mut work => break outcome,
                () = tick => self.events.still(&step.address, step.change, begin.elapsed()),
            }
        };
        match outcome {
            Ok(id) => {
                if told {
                    self.events
                        .done(&step.address, step.change, id.as_deref(), begin.elapsed());
                }
                self.has_become(index)
            }
            Err(mut problems) => {
                problems.extend(self.forget_unwritten(index).await.err());
                if told {
                    self.events
                        .failed(&step.address, step.change, begin.elapsed());
                }
                let address = step.address.to_string();
                let place = |mut problem: Diagnostic| {
                    problem.address.get_or_insert_with(|| address.clone());
                    let known = step.kind.advice.iter();
                    let fitting = known.filter(|(words, _)| problem.message.contains(words));
                    problem
                        .hints
                        .extend(fitting.map(|(_, hint)| (*hint).to_owned()));
                    match (problem.labels.is_empty(), step.span) {
                        (true, Some(span)) => problem.at(span, "while applying this object"),
                        _ => problem,
                    }
                };
                Err(problems.into_iter().map(place).collect())
            }
        }
    }
}

/// Returns the id of an object for the lines that tell of progress.
pub(super) fn id_text(object: &Value) -> Option<String> {
    let id = object.field("id")?;
    (!id.marks.sensitive).then(|| id.as_text().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_step_in_flight_goes_on_while_the_ledger_is_told() {
        let ledger = tokio::sync::Mutex::new(());
        let mut flying = FuturesUnordered::new();
        flying.push(async {
            let _held = ledger.lock().await;
            tokio::task::yield_now().await;
            (7, Ok(()))
        });
        let mut ended = VecDeque::new();
        // It takes the lock, and does not give it back before it is polled again.
        assert!(flying.next().now_or_never().is_none());
        let told = {
            let mut told = Box::pin(beside(&mut flying, &mut ended, ledger.lock()));
            (0..10).any(|_| (&mut told).now_or_never().is_some())
        };
        assert!(told);
        assert_eq!(ended.pop_front().map(|(index, _)| index), Some(7));
    }
}
