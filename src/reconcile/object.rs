//! Objects of servers: from the instances of a wave to steps.

use super::adjust::{one_way, renew};
use super::ahead::{Ahead, LOT};
use super::discover::names_another;
use super::relocate::Moving;
use super::walk::{Candidate, Walk, Work, needs_server};
use super::world::{InstanceScope, View};
use crate::catalog::Life;
use crate::config::IgnoreChanges;
use crate::eval::{Decoded, decode_body};
use crate::observe::{Connection, Wanted};
use crate::plan::change::{Decision, change_for, planned};
use crate::plan::hidden::secrets_in_place;
use crate::plan::ignore::with_ignored;
use crate::plan::place::{Home, claim_of, namespace_of, place_of};
use crate::plan::template::{fill, lacking};
use crate::plan::{Change, Desired, Lifecycle, Observed, Origin, Owned, Reason, Step};
use crate::server::ServerError;
use crate::source::Diagnostic;
use crate::value::{Address, ServerPath, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A candidate with its wish evaluated and what the ledger knows.
pub(super) struct Wish {
    pub(super) desired: Desired,
    pub(super) connection: Option<Connection>,
    owned: Option<Arc<Owned>>,
    each_value: Option<Value>,
    node: super::graph::Node,
    import: Option<String>,
    /// Where to look: the object's place, or for a generated one the path that makes it.
    look_at: Option<ServerPath>,
}

impl Walk<'_> {
    /// Decides all managed objects of a wave: mounts first, since what is in them moves along.
    pub(super) async fn decide_all(&mut self, candidates: Vec<Candidate>) {
        let mounts = |one: &Candidate| matches!(one.kind.life, Life::Mounted(..));
        let (mounts, others) = candidates.into_iter().partition(mounts);
        self.decide_each(mounts).await;
        self.decide_each(others).await;
    }

    async fn decide_each(&mut self, candidates: Vec<Candidate>) {
        let mut candidates = candidates.into_iter();
        let mut ahead = Ahead::new();
        let mut lots = Vec::new();
        while candidates.len() > 0 {
            let mut wishes = Vec::new();
            for candidate in candidates.by_ref().take(LOT) {
                if matches!(candidate.kind.life, Life::Local(_)) {
                    self.decide_local(candidate).await;
                } else {
                    wishes.extend(self.wish(candidate));
                }
            }
            let wanted = wishes.iter().map(|wish| self.wanted(wish)).collect();
            ahead.begin(wanted, self.later_cache().clone());
            lots.push(wishes);
        }
        for wishes in lots {
            let observed = ahead.take().await;
            for (wish, observed) in wishes.into_iter().zip(observed) {
                match observed {
                    Ok(observed) => self.decide(wish, observed).await,
                    Err(error) => self.not_seen(&wish, &error),
                }
            }
        }
    }

    fn not_seen(&mut self, wish: &Wish, error: &ServerError) {
        let address = &wish.desired.address;
        let problem = error
            .to_diagnostic()
            .at(wish.desired.span, "while reading this object");
        self.tell([problem.address(address)]);
        self.world.learn(address, None);
    }

    /// Evaluates an instance: its attributes, its place, its lifecycle. `None` after an error that was told.
    pub(super) fn evaluate(&mut self, candidate: &Candidate) -> Option<(Decoded, Lifecycle)> {
        let scope = InstanceScope::of(
            &self.world,
            &candidate.address,
            candidate.each_value.clone(),
            View::Plan,
        );
        let decoded = decode_body(&candidate.declared.body, candidate.kind, &scope);
        let failed = decoded.diagnostics.iter().any(Diagnostic::is_error);
        let lifecycle = self.lifecycle(candidate);
        let mut decoded = decoded;
        let problems = std::mem::take(&mut decoded.diagnostics);
        let address = candidate.address.clone();
        self.tell(
            problems
                .into_iter()
                .map(|problem| problem.address(&address)),
        );
        if failed {
            self.world.learn(&candidate.address, None);
            return None;
        }
        Some((decoded, lifecycle))
    }

    fn lifecycle(&self, candidate: &Candidate) -> Lifecycle {
        let declared = &candidate.declared.lifecycle;
        let (ignore_changes, ignore_all) = match &declared.ignore_changes {
            IgnoreChanges::All => (Vec::new(), true),
            IgnoreChanges::These(names) => {
                let plain = |name: &crate::syntax::Name| name.text.replace("[0]", "");
                (names.iter().map(plain).collect(), false)
            }
        };
        Lifecycle {
            prevent_destroy: declared.prevent_destroy,
            create_before_destroy: declared.create_before_destroy,
            ignore_changes: self.with_claims(candidate, ignore_changes),
            ignore_all,
            triggered: self.triggered(candidate),
        }
    }

    fn wish(&mut self, candidate: Candidate) -> Option<Wish> {
        let (decoded, lifecycle) = self.evaluate(&candidate)?;
        if !self.preconditions(&candidate) {
            self.world.learn(&candidate.address, None);
            return None;
        }
        let connection = self.connections.get(&candidate.provider).cloned().flatten();
        let mut attributes = decoded.attributes;
        if let Some(connection) = &connection {
            attributes = self.supported(&candidate, attributes, &decoded.spans, connection);
        }
        attributes = self.with_members(&candidate, attributes);
        let kind = candidate.kind;
        for secret in secrets_in_place(kind, &attributes) {
            self.connector.keep_quiet(secret);
        }
        let home = connection.as_ref().map(home_of);
        let place = home.and_then(|home| place_of(kind, &attributes, home, None));
        let needs = self.needs(&candidate);
        let desired = Desired {
            address: candidate.address.clone(),
            kind,
            provider: candidate.provider.clone(),
            place: place.clone(),
            attributes,
            span: candidate.declared.span,
            spans: decoded.spans,
            needs,
            lifecycle,
            lacks: connection
                .as_ref()
                .map_or_else(BTreeSet::new, |connection| {
                    lacking(kind, &|products| connection.is_one_of(products))
                }),
        };
        if !self.claim(&desired) {
            return None;
        }
        let owned = self
            .owned(&desired, home)
            .map(|owned| self.retaken(owned, &desired));
        if let Some(owned) = &owned {
            self.book.take(owned);
        }
        let look_at = place.or_else(|| home.and_then(|home| workshop(&desired, home)));
        Some(Wish {
            import: self.imports.get(&candidate.address).cloned(),
            desired,
            connection,
            owned,
            each_value: candidate.each_value,
            node: candidate.node,
            look_at,
        })
    }

    /// Takes a password back from the server, where that is asked for: it counts as never sent.
    fn retaken(&self, mut owned: Arc<Owned>, desired: &Desired) -> Arc<Owned> {
        if self
            .options
            .retake_root
            .contains(&desired.address.to_string())
        {
            let owned = Arc::make_mut(&mut owned);
            for path in std::mem::take(&mut owned.rotated) {
                owned.sent.remove(&path);
                owned.desired.remove(&path);
            }
        }
        owned
    }

    /// Finds the record of an object: by its place, else by its address.
    /// A record of another server is of another object: that one stays there, and leaves the files.
    fn owned(&self, desired: &Desired, home: Option<Home<'_>>) -> Option<Arc<Owned>> {
        let name = desired.kind.name;
        let shared = matches!(desired.kind.life, Life::Member { .. });
        let place = desired.place.as_ref().filter(|_| !shared);
        let by_place = place.and_then(|place| self.book.at_place(place, name));
        let here = |owned: &&Arc<Owned>| {
            let server = &*owned.place.server;
            server.is_empty() || home.is_none_or(|home| server == home.server)
        };
        let by_address = || self.book.at_address(&desired.address, name).filter(here);
        by_place.or_else(by_address).cloned()
    }

    /// Notes who declares a place; tells of a second declaration.
    fn claim(&mut self, desired: &Desired) -> bool {
        let Some(place) = &desired.place else {
            return true;
        };
        if matches!(desired.kind.life, Life::Member { .. }) {
            return true;
        }
        let key = claim_of(desired.kind, place);
        if let Some((other, span)) = self.places.get(&key) {
            let problem = Diagnostic::error(
                "declared-twice",
                format!(
                    "`{}` and `{other}` declare the same object, `{place}`",
                    desired.address
                ),
            )
            .at(desired.span, "declared here")
            .at(*span, "and here")
            .hint("remove one of them, or give it another name");
            self.tell([problem]);
            self.world.learn(&desired.address, None);
            return false;
        }
        self.places
            .insert(key, (desired.address.clone(), desired.span));
        true
    }

    /// Returns the addresses that an instance needs, as far as they are steps already.
    pub(super) fn needs(&self, candidate: &Candidate) -> BTreeSet<Address> {
        let nodes = self.graph.resources_needed(&candidate.node);
        nodes
            .iter()
            .filter_map(|node| self.by_node.get(node))
            .flat_map(|steps| self.remembered_of(steps, &candidate.address))
            .map(|step| self.plan.steps[step].address.clone())
            .collect()
    }

    /// Chooses which steps of a needed block are remembered. One of thousands is remembered by the instance with the
    /// same key, else by the first ones: deletes are ordered by places as well.
    fn remembered_of(&self, steps: &[usize], address: &Address) -> Vec<usize> {
        let first = steps.iter().take(FEW).copied().collect();
        let Some(other) = steps.get(FEW).map(|step| &self.plan.steps[*step].address) else {
            return first;
        };
        let same = Address {
            module: address.module.clone(),
            key: address.key.clone(),
            ..other.clone()
        };
        let same = self
            .steps
            .get(&same)
            .filter(|step| steps.binary_search(step).is_ok());
        same.map_or(first, |step| vec![*step])
    }

    /// Returns how to look at an object; `None` while it has no place.
    fn wanted(&self, wish: &Wish) -> Option<Wanted> {
        Some(Wanted {
            kind: wish.desired.kind,
            place: wish.look_at.clone()?,
            server: self.later(&wish.connection.as_ref()?.server),
            guide: wish.desired.attributes.clone(),
            owned: wish.owned.clone(),
            referenced: self.graph.referenced(Some(&wish.node)),
        })
    }

    async fn decide(&mut self, mut wish: Wish, observed: Option<Observed>) {
        let anew = self.undelivered.contains(&wish.desired.address);
        let (observed, lost) = settle_new(&mut wish, observed, anew);
        if let Some(live) = &observed {
            let desired = &mut wish.desired;
            desired.attributes =
                with_ignored(&desired.attributes, &live.attributes, &desired.lifecycle);
        }
        let Moving {
            mut decision,
            from: old_place,
            observed,
            ..
        } = self.change_of(&mut wish, observed).await;
        let desired = &wish.desired;
        renew(
            desired,
            &mut decision,
            observed.as_ref(),
            self.world.surroundings.started(),
        );
        self.adjust(&wish, &mut decision, observed.as_ref());
        if decision.change_is_replacement() {
            let found = observed.as_ref().map(|observed| &observed.place);
            self.note_anew(desired.kind, old_place.as_ref().or(found));
        }
        self.learn(&desired.address, decision.after.clone());
        let step = step_of(&wish, decision, observed.as_ref(), old_place);
        let address = desired.address.clone();
        let each_value = wish.each_value.clone();
        let stays = step.change == Change::Keep;
        let rotates = step.kind.rotation.is_some();
        let work = Work {
            desired: Some(wish.desired).filter(|_| !stays || rotates),
            // Nobody looks again at what stays as it is: thousands of them are not kept.
            observed: observed.filter(|_| !stays),
            owned: wish.owned,
            connection: wish.connection,
            lost,
            each_value: wish.each_value,
            node: Some(wish.node.clone()),
            deferred: false,
        };
        self.add(step, work);
        self.postconditions(&wish.node, &address, each_value);
    }

    /// Compares an object with what is there and what the ledger knows, here or where it was before.
    async fn change_of(&mut self, wish: &mut Wish, observed: Option<Observed>) -> Moving {
        let desired = &wish.desired;
        let carried = wish.owned.as_ref().and_then(|owned| self.carried(owned));
        let owned = carried.as_ref().or(wish.owned.as_ref());
        let elsewhere = |owned: &&Arc<Owned>| {
            let place = desired.place.as_ref();
            place.is_some_and(|place| owned.place != *place)
        };
        let mut moving = match owned.filter(elsewhere).cloned() {
            Some(owned) => self.relocate(wish, observed, &owned).await,
            None => {
                let owned = owned.map(|owned| &**owned);
                let digester = self.memory.digester();
                let decision = change_for(desired, observed.as_ref(), owned, digester);
                Moving::here(decision, observed)
            }
        };
        if moving.leaves
            && let Some(left) = wish.owned.take()
        {
            self.book.give_back(&left);
        }
        let guarded = wish.desired.lifecycle.prevent_destroy;
        let owned = wish.owned.as_ref();
        let guard_moved = owned.is_some_and(|owned| owned.prevent_destroy != guarded);
        let decision = &mut moving.decision;
        if decision.change == Change::Keep && (carried.is_some() || guard_moved) {
            // Nothing is written but the record.
            decision.change = Change::Relabel;
        }
        moving
    }

    /// Applies what the options say to a decision.
    fn adjust(&mut self, wish: &Wish, decision: &mut Decision, observed: Option<&Observed>) {
        let desired = &wish.desired;
        let anew = self.undelivered.contains(&desired.address);
        let asked = anew || self.replacement_asked(&desired.address);
        let place = observed.map(|observed| &observed.place);
        if observed.is_some() && (asked || self.goes_along(desired.kind, place)) {
            decision.change = Change::Replace;
            decision.reason = Some(match asked {
                true => Reason::ReplaceRequested,
                false => Reason::CannotUpdate,
            });
            decision.origin = Some(Origin::Config);
            decision.after = planned(desired, None, None, &BTreeMap::new());
        }
        if decision.change == Change::Update && !crate::plan::change::can_update(&desired.kind.life)
        {
            decision.change = Change::Replace;
            decision.reason = Some(Reason::CannotUpdate);
        }
        let sends =
            self.options.write_secrets.as_ref().is_some_and(|which| {
                which.is_empty() || which.contains(&desired.address.to_string())
            });
        let unverified = decision
            .attributes
            .values()
            .any(|change| change.comparison == crate::plan::Comparison::Unverified);
        if sends && unverified && matches!(decision.change, Change::Keep | Change::Adopt) {
            decision.change = Change::Update;
            decision.origin = Some(Origin::Config);
        }
        let problem = |code, message: String| {
            Diagnostic::error(code, message)
                .at(desired.span, "declared here")
                .address(&desired.address)
        };
        let turned_back = one_way(desired, decision);
        self.tell(turned_back);
        if self.options.no_adopt && decision.adopts && wish.import.is_none() {
            let message = format!("`{}` is there already and not ours", place_text(desired));
            let told = problem("object-exists", message)
                .hint("import it, or plan without `-no-adopt` to take it over");
            self.tell([told]);
        }
        let another = wish.import.as_deref().and_then(|id| {
            let found = names_another(desired.kind, &desired.attributes, id)?;
            Some((id, found))
        });
        if let Some((id, (name, declared, told))) = another {
            let message = format!(
                "the import of `{id}` is of another object: `{name}` is `{declared}` here, not `{told}`"
            );
            self.tell([problem("import-of-another", message).hint("correct the id, or the block")]);
        }
        if wish.import.is_some() && observed.is_none() && wish.connection.is_some() {
            let message = format!("there is nothing to import at `{}`", place_text(desired));
            self.tell([problem("import-missing", message)
                .hint("check the id, or remove the `import` block to make a new object")]);
        }
        let destroys = matches!(
            decision.change,
            Change::Replace | Change::ReplaceCreateFirst
        );
        if destroys && desired.lifecycle.prevent_destroy {
            let message = "this object must not be destroyed, but the plan replaces it".to_owned();
            self.tell([problem("prevent-destroy", message)
                .hint("take back the change that forces it, or remove `prevent_destroy`")]);
        }
    }
}

/// How many instances of a needed block are told one by one.
pub(super) const FEW: usize = 10;

impl Decision {
    pub(super) fn change_is_replacement(&self) -> bool {
        matches!(self.change, Change::Replace | Change::ReplaceCreateFirst)
    }
}

/// Makes the step of a decision.
fn step_of(
    wish: &Wish,
    decision: Decision,
    observed: Option<&Observed>,
    old_place: Option<ServerPath>,
) -> Step {
    let desired = &wish.desired;
    let found = || observed.map(|observed| observed.place.clone());
    let owned = wish.owned.as_deref();
    Step {
        address: desired.address.clone(),
        previous: owned
            .map(|owned| owned.address.clone())
            .filter(|address| *address != desired.address),
        kind: desired.kind,
        provider: desired.provider.clone(),
        place: desired.place.clone().or_else(found),
        old_place,
        change: decision.change,
        before: decision.before,
        after: Some(decision.after),
        attributes: decision.attributes,
        origin: decision.origin,
        reason: decision.reason,
        adopts: decision.adopts,
        import: wish.import.clone(),
        after_steps: Vec::new(),
        span: Some(desired.span),
        losses: Vec::new(),
    }
}

/// Takes an object that an unfinished run made as ours; returns apart the id of one that is of no use: its once-given values
/// are lost, or it is known that it must be made `anew`.
fn settle_new(
    wish: &mut Wish,
    observed: Option<Observed>,
    anew: bool,
) -> (Option<Observed>, Option<Arc<str>>) {
    let id = observed
        .as_ref()
        .and_then(|seen| seen.raw.0.get("")?.get("$id")?.as_str().map(Arc::from));
    let lost = observed.as_ref().and_then(|seen| seen.lost.clone());
    if (lost.is_some() && lost == id) || (anew && id.is_some()) {
        return (None, id);
    }
    if let (Some(owned), Some(id)) = (&mut wish.owned, id)
        && owned.pending.is_some()
    {
        Arc::make_mut(owned).id = id;
    }
    (observed, lost)
}

fn place_text(desired: &Desired) -> String {
    match &desired.place {
        Some(place) => place.to_string(),
        None => desired.address.to_string(),
    }
}

/// Returns what a connection leads to.
pub(super) fn home_of(connection: &Connection) -> Home<'_> {
    Home {
        server: &connection.server.identity().id,
        namespace: &connection.namespace,
    }
}

/// Returns the path that makes a generated object, in its namespace.
fn workshop(desired: &Desired, home: Home<'_>) -> Option<ServerPath> {
    let Life::Generate(generate) = desired.kind.life else {
        return None;
    };
    let path = fill(generate.create, desired.kind, &desired.attributes, None).known()?;
    Some(ServerPath::new(
        home.server,
        &namespace_of(home, &desired.attributes),
        &path,
    ))
}

/// Tells whether a type lives on a server.
#[must_use]
pub(super) fn on_server(kind: &crate::catalog::ResourceType) -> bool {
    needs_server(kind)
}
