//! What the ledger owns and the configuration no longer declares.

use super::ahead::LOT;
use super::moved::removed_keeps;
use super::object::FEW;
use super::walk::{Walk, Work};
use super::world::{Repeated, static_path};
use crate::catalog::registry::lookup;
use crate::catalog::{Life, ResourceType};
use crate::config::ResourceId;
use crate::observe::{Connection, Wanted, look};
use crate::plan::hidden::{concealed, secrets_in_place};
use crate::plan::shown::id_of;
use crate::plan::{Change, Observed, Owned, Raw, Reason, Step};
use crate::source::Diagnostic;
use crate::value::{Address, InstanceKey, Mode, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A record without a declaration, and what it is.
struct Orphan {
    owned: Arc<Owned>,
    /// The address that it has now.
    address: Address,
    kind: &'static ResourceType,
    connection: Option<Connection>,
    guide: Value,
    forget: bool,
}

impl Walk<'_> {
    /// Plans the end of everything that is owned and not declared.
    pub(super) async fn orphans(&mut self) {
        let left: Vec<(Address, Arc<Owned>)> = self
            .book
            .left()
            .map(|(address, owned)| (address.clone(), owned.clone()))
            .collect();
        let mut orphans = Vec::new();
        let mut unreachable: BTreeMap<Arc<str>, Vec<Address>> = BTreeMap::new();
        for (address, owned) in left {
            let address = self.first_of_count(address);
            if self.skipped(&address) {
                continue;
            }
            let Some(kind) = lookup(Mode::Managed, &owned.type_name) else {
                let problem = Diagnostic::warning(
                    "unknown-type-owned",
                    format!(
                        "the ledger has `{}` of a type that this version does not know",
                        owned.address
                    ),
                );
                self.tell([
                    problem.hint("use the version that made it, or forget it with `ledger rm`")
                ]);
                continue;
            };
            let connection = self.connection_of(&owned).await;
            let forget = removed_keeps(&self.world, &owned.address) == Some(true);
            let somewhere = !owned.place.server.is_empty() && super::object::on_server(kind);
            if connection.is_none() && !forget && somewhere {
                unreachable
                    .entry(owned.place.server.clone())
                    .or_default()
                    .push(address);
                continue;
            }
            let guide = concealed(guide_of(&owned, kind), kind, Some(&owned));
            for secret in secrets_in_place(kind, &guide) {
                self.connector.keep_quiet(secret);
            }
            orphans.push(Orphan {
                address,
                owned,
                kind,
                connection,
                guide,
                forget,
            });
        }
        self.tell(
            unreachable
                .iter()
                .map(|(server, lost)| out_of_reach(server, lost)),
        );
        let mut orphans = orphans.into_iter();
        while orphans.len() > 0 {
            let some: Vec<Orphan> = orphans.by_ref().take(LOT).collect();
            let observed = self.look_at_orphans(&some).await;
            for (mut orphan, observed) in some.into_iter().zip(observed) {
                if !orphan.forget && matches!(observed, Ok(Some(_))) {
                    self.leave_to_others(&mut orphan).await;
                }
                self.orphan(orphan, observed);
            }
        }
    }

    /// Tells whether `-target` or `-exclude` leaves an address out.
    fn skipped(&self, address: &Address) -> bool {
        let Some(wanted) = &self.wanted_nodes else {
            return false;
        };
        let node = super::moved::node_of(address);
        let text = address.to_string();
        let named = self.options.targets.iter().any(|target| {
            text == *target
                || text.starts_with(&format!("{target}."))
                || text.starts_with(&format!("{target}["))
        });
        !wanted.contains(&node) && !named
    }

    /// Finds a connection to the server that keeps an object: its provider's, else any. A record of one server says nothing
    /// of another.
    async fn connection_of(&mut self, owned: &Owned) -> Option<Connection> {
        if owned.place.path.is_empty() && owned.place.server.is_empty() {
            return None;
        }
        let same = |connection: &&Connection| connection.server.identity().id == owned.place.server;
        let of_provider = self
            .connections
            .get(&owned.provider)
            .and_then(Option::as_ref);
        let mut all = of_provider
            .into_iter()
            .chain(self.connections.values().flatten());
        if let Some(found) = all.find(same) {
            return Some(found.clone());
        }
        let usual = self.ensure_connection(&"vault".into()).await;
        usual.filter(|usual| same(&usual))
    }

    async fn look_at_orphans(
        &self,
        orphans: &[Orphan],
    ) -> Vec<Result<Option<Observed>, crate::server::ServerError>> {
        let mut which = Vec::new();
        let mut wanted = Vec::new();
        for (index, orphan) in orphans.iter().enumerate() {
            if let (Some(connection), false) = (&orphan.connection, is_endpoint(orphan.kind)) {
                which.push(index);
                wanted.push(Wanted {
                    kind: orphan.kind,
                    place: orphan.owned.place.clone(),
                    server: connection.server.clone(),
                    guide: orphan.guide.clone(),
                    owned: Some(orphan.owned.clone()),
                    referenced: Some(Arc::default()),
                });
            }
        }
        let found = look(wanted, self.cache.clone()).await;
        let mut all: Vec<_> = orphans.iter().map(|_| Ok(None)).collect();
        for (index, found) in which.into_iter().zip(found) {
            all[index] = found;
        }
        all
    }

    /// What another configuration has taken from this one is let go of, not destroyed.
    async fn leave_to_others(&mut self, orphan: &mut Orphan) {
        let Some(other) = self.memory.also_of(&orphan.owned).await else {
            return;
        };
        let address = &orphan.address;
        let message = format!(
            "`{address}` is forgotten, not destroyed: the ledger `{other}` owns the same object"
        );
        let told = Diagnostic::warning("owned-elsewhere", message);
        self.plan.diagnostics.push(
            told.hint(format!(
                "to destroy it, remove it from the configuration of `{other}`"
            ))
            .address(address),
        );
        orphan.forget = true;
    }

    fn orphan(
        &mut self,
        mut orphan: Orphan,
        observed: Result<Option<Observed>, crate::server::ServerError>,
    ) {
        if let Ok(Some(seen)) = &observed {
            take_new(&mut orphan.owned, seen);
        }
        let owned = &orphan.owned;
        let observed = match observed {
            Ok(observed) => observed,
            Err(error) => {
                let problem = error.to_diagnostic().address(&owned.address);
                self.tell([problem]);
                return;
            }
        };
        let there = observed.is_some()
            || !super::object::on_server(orphan.kind)
            || is_endpoint(orphan.kind);
        let change = if orphan.forget || !there {
            Change::Forget
        } else {
            Change::Delete
        };
        let address = orphan.address;
        let reason = self.reason_of(&address);
        let declared = self.world.block(&address);
        let guarded = declared.map_or(owned.prevent_destroy, |block| {
            block.lifecycle.prevent_destroy
        });
        if change == Change::Delete && guarded {
            let problem = self.protected(owned);
            self.tell([problem]);
        }
        let seen = observed.as_ref().map(|observed| &observed.attributes);
        let seen = seen.or((change == Change::Delete).then_some(&orphan.guide));
        let before =
            seen.map(|seen| concealed(with_id(orphan.kind, seen, owned), orphan.kind, Some(owned)));
        let step = Step {
            previous: Some(owned.address.clone()).filter(|old| *old != address),
            address,
            kind: orphan.kind,
            provider: owned.provider.clone(),
            place: Some(place_of(owned, observed.as_ref())),
            old_place: None,
            change,
            before,
            after: None,
            attributes: BTreeMap::new(),
            origin: None,
            reason: Some(reason),
            adopts: false,
            import: None,
            after_steps: Vec::new(),
            span: None,
            losses: Vec::new(),
        };
        let work = Work {
            // What removing needs is among the attributes; the answers of thousands are not kept.
            observed: observed.map(|seen| Observed {
                raw: Raw::default(),
                ..seen
            }),
            connection: orphan.connection,
            owned: Some(orphan.owned),
            ..Work::default()
        };
        self.add_orphan(step, work);
    }

    /// Returns the refusal to destroy what is protected.
    fn protected(&self, owned: &Owned) -> Diagnostic {
        let message = format!(
            "`{}` must not be destroyed, but the plan destroys it",
            owned.address
        );
        let problem = Diagnostic::error("prevent-destroy", message).address(&owned.address);
        let block = self.world.block(&owned.address);
        match block.map(|block| block.lifecycle.span.unwrap_or(block.span)) {
            Some(span) => problem
                .at(span, "protected here")
                .hint("apply it with `prevent_destroy = false` first"),
            None => problem
                .hint("put its block back, and apply it with `prevent_destroy = false` first"),
        }
    }

    /// Adds the step of an orphan; its address may be declared anew at another place.
    fn add_orphan(&mut self, step: Step, work: Work) {
        let taken = self.steps.get(&step.address).copied();
        let address = step.address.clone();
        self.add(step, work);
        if let Some(index) = taken {
            self.steps.insert(address, index);
        }
    }

    /// Returns the address of the only instance of a block that has got `count`: its first one.
    fn first_of_count(&self, address: Address) -> Address {
        let id = ResourceId {
            mode: address.mode,
            type_name: address.type_name.clone(),
            name: address.name.clone(),
        };
        let found = self.world.instances(&address.module, &id);
        let counted = found.is_some_and(|found| found.repeated == Repeated::Count);
        let key = match address.key {
            InstanceKey::None if counted => InstanceKey::Index(0),
            key => key,
        };
        Address { key, ..address }
    }

    fn reason_of(&self, address: &Address) -> Reason {
        if self.options.destroy {
            return Reason::Requested;
        }
        let Some(module) = self.world.module(&static_path(&address.module)) else {
            return Reason::NoModule;
        };
        let instances = self
            .world
            .module_instances(&module.path)
            .unwrap_or_default();
        if !instances.contains(&address.module) {
            return Reason::NoModule;
        }
        let id = ResourceId {
            mode: address.mode,
            type_name: address.type_name.clone(),
            name: address.name.clone(),
        };
        if !module.resources.contains_key(&id) {
            return Reason::NoBlock;
        }
        let repeated = self
            .world
            .instances(&address.module, &id)
            .map(|found| found.repeated);
        match (&address.key, repeated) {
            (InstanceKey::Index(_), Some(Repeated::Count)) => Reason::NoIndex,
            (InstanceKey::Key(_), Some(Repeated::ForEach)) => Reason::NoKey,
            (InstanceKey::None, Some(Repeated::Once)) => Reason::NoBlock,
            _ => Reason::WrongRepetition,
        }
    }
}

/// Tells of records whose server no provider leads to.
fn out_of_reach(server: &str, lost: &[Address]) -> Diagnostic {
    let named: Vec<String> = lost
        .iter()
        .take(FEW)
        .map(|address| format!("`{address}`"))
        .collect();
    let more = match lost.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "the ledger has objects of the server `{server}`, to which no provider leads: {}{more}",
        named.join(", ")
    );
    Diagnostic::error("server-out-of-reach", message).hint(
        "put the provider block of that server back until they are destroyed; where the server is gone, or they shall stay, forget them with `ledger rm`",
    )
}

/// An object that an unfinished run made is known by the id that was found.
fn take_new(owned: &mut Arc<Owned>, seen: &Observed) {
    let id = seen.raw.0.get("").and_then(|raw| raw.get("$id")?.as_str());
    if let (true, Some(id)) = (owned.pending.is_some(), id) {
        Arc::make_mut(owned).id = id.into();
    }
}

/// Where the object is: what an unfinished run made is where it was found.
fn place_of(owned: &Owned, observed: Option<&Observed>) -> crate::value::ServerPath {
    let found = observed.filter(|_| owned.place.path.is_empty());
    found.map_or_else(|| owned.place.clone(), |seen| seen.place.clone())
}

fn is_endpoint(kind: &ResourceType) -> bool {
    matches!(kind.life, Life::Endpoint | Life::Member { .. })
}

/// Returns the attributes that the record tells: those that say how the object is deleted.
pub(super) fn guide_of(owned: &Owned, kind: &ResourceType) -> Value {
    let mut fields: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for attribute in kind.all() {
        let ty = crate::eval::schema::type_of(&attribute.kind);
        let value = match owned.deletion.get(attribute.name) {
            Some(text) => remembered(text, &ty),
            None => Value::null(ty),
        };
        fields.insert(attribute.name.into(), value);
    }
    Value::object(fields)
}

/// Reads an argument of a deletion: JSON, as the ledger keeps it.
fn remembered(text: &str, ty: &crate::value::Type) -> Value {
    let json = serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text));
    let value = crate::value::json::from_json(&json);
    let value = value
        .ok()
        .and_then(|value| crate::value::convert(&value, ty).ok());
    value.unwrap_or_else(|| Value::null(ty.clone()))
}

fn with_id(kind: &ResourceType, attributes: &Value, owned: &Owned) -> Value {
    let mut fields = attributes.as_fields().cloned().unwrap_or_default();
    let own = Some(&*owned.id).filter(|id| !id.is_empty());
    let id = id_of(kind, attributes, own);
    let id = id.unwrap_or_else(|| Value::from(own.unwrap_or(&owned.place.path)));
    fields.insert("id".into(), id);
    Value::object(fields)
}
