//! Data sources and ephemeral resources.

use super::conditions::softened;
use super::graph::{Item, Node};
use super::object::home_of;
use super::outside::{computed, looks_outside};
use super::walk::{Candidate, Walk, Work, needs_server};
use crate::catalog::{DataRead, Life};
use crate::config::{DeclaredResource, Module};
use crate::observe::{Wanted, read_data};
use crate::plan::hidden::consistent;
use crate::plan::place::{ancestors, governs, namespace_of, place_of};
use crate::plan::{Change, Reason, Step};
use crate::server::ServerError;
use crate::source::Diagnostic;
use crate::value::{InstanceKey, Marks, Mode, ModuleAddress, ServerPath, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Walk<'_> {
    /// Reads all data sources and ephemerals of a wave, or puts them off to the apply.
    pub(super) async fn read_all(&mut self, candidates: Vec<Candidate>) {
        for candidate in candidates {
            if let Some((decoded, _)) = self.evaluate(&candidate)
                && self.preconditions(&candidate)
            {
                self.read_one(candidate, decoded.attributes).await;
            }
        }
    }

    async fn read_one(&mut self, candidate: Candidate, attributes: Value) {
        let Life::Data(read) = candidate.kind.life else {
            return;
        };
        self.connector.keep_quiet(&attributes);
        let connection = self.connections.get(&candidate.provider).cloned().flatten();
        let place = connection.as_ref().and_then(|connection| {
            place_of(candidate.kind, &attributes, home_of(connection), None)
        });
        let waits = self.waits(&candidate, &attributes, place.as_ref());
        let outside = matches!(read, DataRead::Local(local) if looks_outside(local));
        let served = needs_server(candidate.kind) || outside;
        if let (Some(reason), true) = (waits, served || !attributes.is_wholly_known()) {
            self.put_off(candidate, &attributes, reason);
            return;
        }
        let found = match (read, &connection) {
            (DataRead::Local(local), _) => {
                let around = &*self.world.surroundings;
                let outside = self.connector.outside();
                let value = computed(local, &attributes, around, outside, around.started()).await;
                value.map(|value| (value, None))
            }
            (_, Some(connection)) => {
                let home = home_of(connection);
                let fallback = ServerPath::new(home.server, &namespace_of(home, &attributes), "");
                let wanted = Wanted {
                    kind: candidate.kind,
                    place: place.unwrap_or(fallback),
                    server: self.later(&connection.server),
                    guide: attributes.clone(),
                    owned: None,
                    referenced: None,
                };
                read_data(
                    &wanted,
                    read,
                    self.later_cache(),
                    self.world.surroundings.started(),
                )
                .await
                .map_err(|error| vec![not_read(&candidate, &error)])
            }
            (_, None) => Err(Vec::new()),
        };
        match found {
            Ok((value, lease)) => {
                if let (Some(lease), Some(connection)) = (lease, connection) {
                    self.leases.push((connection, lease));
                }
                self.found(&candidate, value);
            }
            Err(problems) => {
                self.tell(problems);
                self.world.learn(&candidate.address, None);
            }
        }
    }

    fn found(&mut self, candidate: &Candidate, value: Value) {
        let value = consistent(marked(candidate, value), candidate.kind);
        self.learn(&candidate.address, value);
        let each_value = candidate.each_value.clone();
        self.postconditions(&candidate.node, &candidate.address, each_value);
    }

    /// Tells why a data source cannot be read yet.
    fn waits(
        &self,
        candidate: &Candidate,
        attributes: &Value,
        place: Option<&ServerPath>,
    ) -> Option<Reason> {
        if !attributes.is_wholly_known() {
            return Some(Reason::ConfigUnknown);
        }
        if self.options.offline && needs_server(candidate.kind) {
            return Some(Reason::DependencyPending);
        }
        let needed = self.graph.resources_needed(&candidate.node);
        if self.pending(&needed) {
            return Some(Reason::DependencyPending);
        }
        let below_pending = place.is_some_and(|place| {
            let above: BTreeSet<ServerPath> = ancestors(place).chain([place.clone()]).collect();
            self.plan
                .steps
                .iter()
                .filter(|step| step.change.writes())
                .any(|step| {
                    let own = step.place.as_ref();
                    let ruled = own.and_then(|own| governs(step.kind, own));
                    own.is_some_and(|own| above.contains(own))
                        || ruled.is_some_and(|ruled| above.contains(&ruled))
                })
        });
        below_pending.then_some(Reason::DependencyPending)
    }

    fn put_off(&mut self, candidate: Candidate, attributes: &Value, reason: Reason) {
        let waits = Arc::new([candidate.address.clone()].into());
        let fields = candidate.kind.all().map(|attribute| {
            let asked = attributes
                .field(attribute.name)
                .filter(|value| !value.is_null());
            let computed = attribute.presence == crate::catalog::Presence::Computed
                || attribute.default == crate::catalog::Default::Server;
            let ty = crate::eval::schema::type_of(&attribute.kind);
            let value = match asked {
                Some(asked) => asked.clone(),
                None if computed => Value::unknown(ty, Arc::clone(&waits)),
                None => Value::null(ty),
            };
            let marks = if attribute.sensitive {
                Marks::SENSITIVE
            } else {
                Marks::NONE
            };
            (Arc::from(attribute.name), value.marked(marks))
        });
        let after = marked(&candidate, Value::object(fields.collect()));
        self.learn(&candidate.address, after.clone());
        if candidate.address.mode == Mode::Ephemeral {
            self.remember_deferred(candidate, after);
            return;
        }
        let step = Step {
            address: candidate.address.clone(),
            previous: None,
            kind: candidate.kind,
            provider: candidate.provider.clone(),
            place: None,
            old_place: None,
            change: Change::Read,
            before: None,
            after: Some(after),
            attributes: BTreeMap::new(),
            origin: None,
            reason: Some(reason),
            adopts: false,
            import: None,
            after_steps: Vec::new(),
            span: Some(candidate.declared.span),
            losses: Vec::new(),
        };
        let work = self.deferred_work(candidate);
        self.add(step, work);
    }

    /// An ephemeral that waits is opened during apply; no plan shows it.
    fn remember_deferred(&mut self, candidate: Candidate, after: Value) {
        let step = Step {
            address: candidate.address.clone(),
            previous: None,
            kind: candidate.kind,
            provider: candidate.provider.clone(),
            place: None,
            old_place: None,
            change: Change::Read,
            before: None,
            after: Some(after),
            attributes: BTreeMap::new(),
            origin: None,
            reason: Some(Reason::ConfigUnknown),
            adopts: false,
            import: None,
            after_steps: Vec::new(),
            span: Some(candidate.declared.span),
            losses: Vec::new(),
        };
        let work = self.deferred_work(candidate);
        self.add(step, work);
    }

    fn deferred_work(&self, candidate: Candidate) -> Work {
        Work {
            connection: self.connections.get(&candidate.provider).cloned().flatten(),
            each_value: candidate.each_value,
            node: Some(candidate.node),
            deferred: true,
            ..Work::default()
        }
    }

    /// Reads the data source of a `check` block; what goes wrong is a warning.
    pub(super) async fn check_data(
        &mut self,
        module: &Module,
        at: &ModuleAddress,
        declared: &DeclaredResource,
    ) {
        let Some(kind) = declared.kind else { return };
        let id = crate::config::ResourceId {
            mode: declared.mode,
            type_name: declared.type_name.text.clone(),
            name: declared.name.text.clone(),
        };
        self.world.declare(at, &id, super::world::Repeated::Once);
        let node = Node {
            module: module.path.clone(),
            item: Item::Resource(id.clone()),
        };
        let candidate = Candidate {
            address: crate::value::Address {
                module: at.clone(),
                mode: id.mode,
                type_name: id.type_name,
                name: id.name,
                key: InstanceKey::None,
            },
            declared: Arc::new(declared.clone()),
            kind,
            node,
            each_value: None,
            provider: "vault".into(),
        };
        let provider = candidate.provider.clone();
        self.ensure_connection(&provider).await;
        let told = self.plan.diagnostics.len();
        self.read_all(vec![candidate]).await;
        let new = self.plan.diagnostics.split_off(told);
        self.tell(new.into_iter().map(softened));
    }
}

fn marked(candidate: &Candidate, value: Value) -> Value {
    if candidate.address.mode != Mode::Ephemeral {
        return value;
    }
    let fresh = !matches!(
        candidate.kind.life,
        Life::Data(DataRead::Versioned | DataRead::Secret | DataRead::Get)
    );
    value.marked(Marks {
        ephemeral: true,
        fresh,
        sensitive: false,
    })
}

fn not_read(candidate: &Candidate, error: &ServerError) -> Diagnostic {
    let problem = error
        .to_diagnostic()
        .at(candidate.declared.span, "while reading this");
    problem.address(&candidate.address)
}

/// A null of unknown type, for what an answer lacks.
#[must_use]
pub fn nothing() -> Value {
    Value::null(Type::Dynamic)
}
