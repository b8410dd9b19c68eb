//! The walk: wave by wave, everything of a wave at once.

use super::book::Book;
use super::going::Anew;
use super::graph::{Graph, Item, ModulePath, Node, provider_home, provider_of};
use super::outside::{Nothing, Outside};
use super::provider::{connection_name, worked_out};
use super::shifts::Shifts;
use super::world::{InstanceScope, Keys, Seen, View, World};
use crate::catalog::{Life, ResourceType};
use crate::config::{DeclaredResource, Module, ResourceId};
use crate::observe::{Cache, Connection, Connections, Lease};
use crate::plan::change::Digester;
use crate::plan::{Change, Desired, Observed, Owned, Plan, ProviderName, Step};
use crate::source::{Diagnostic, Span};
use crate::value::{Address, InstanceKey, Mode, ModuleAddress, Value};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What planning asks of the ledger.
pub trait Memory: Send + Sync {
    /// Lists all records.
    fn records(&self) -> Vec<Arc<Owned>>;
    /// Makes digests with the ledger's key.
    fn digester(&self) -> &dyn Digester;
    /// Tells whether undeclared objects can be told from others: `false` for a run without a ledger.
    fn remembers(&self) -> bool;
    /// Reads a random value that is kept beside the ledger, where this identity may: `None` where it may not.
    fn random<'a>(&'a self, birth: &'a str) -> BoxFuture<'a, Option<Value>>;
    /// Names another ledger that has a record of the same object, where this identity may read it.
    fn also_of<'a>(&'a self, owned: &'a Owned) -> BoxFuture<'a, Option<String>>;
}

/// Makes connections of provider blocks.
pub trait Connector: Send + Sync {
    /// Connects with the arguments of a provider block; an object without attributes where there is no block.
    fn connect<'a>(&'a self, arguments: &'a Value)
    -> BoxFuture<'a, Result<Connection, Diagnostic>>;
    /// Lends what a run may do besides.
    fn outside(&self) -> &dyn Outside {
        &Nothing
    }
    /// Takes note of a secret that paths will name: it is kept out of logs and errors.
    fn keep_quiet(&self, _secret: &Value) {}
}

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Plan the removal of everything that the ledger owns.
    pub destroy: bool,
    pub targets: Vec<String>,
    pub excludes: Vec<String>,
    pub replace: Vec<String>,
    /// An object that is there and not ours is an error.
    pub no_adopt: bool,
    /// Attributes that the server would drop are a warning, not an error.
    pub unsupported_warns: bool,
    pub allow_data_loss: bool,
    pub max_deletes: Option<usize>,
    pub max_changes_percent: Option<usize>,
    /// Send never-read values of adopted objects: all, or these addresses.
    pub write_secrets: Option<Vec<String>>,
    pub retake_root: Vec<String>,
    /// Addresses with the ids that the command `import` gives.
    pub imports: Vec<(Address, String)>,
    /// List what lives on the server and in no configuration.
    pub unmanaged: bool,
    /// Ask no server: everything is planned as new, what a server would tell is unknown.
    pub offline: bool,
}

/// What stands behind a step: all that `apply` needs to do it.
#[derive(Clone, Default)]
pub struct Work {
    pub desired: Option<Desired>,
    pub observed: Option<Observed>,
    pub owned: Option<Arc<Owned>>,
    pub connection: Option<Connection>,
    /// The id of an object that an unfinished run made and that is of no use: it is removed first.
    pub lost: Option<Arc<str>>,
    pub each_value: Option<Value>,
    /// The node of its block.
    pub node: Option<Node>,
    /// What `for_each` gave the node's body for a data source that waits.
    pub deferred: bool,
}

/// A plan with what stands behind it.
pub struct Planned {
    pub plan: Plan,
    pub work: Vec<Work>,
    pub world: World,
    pub graph: Graph,
    pub connections: Connections,
    /// Leases and tokens that ephemerals opened: to be revoked at the end.
    pub leases: Vec<Lease>,
}

/// An instance of a block on its way to a step.
pub(super) struct Candidate {
    pub address: Address,
    pub declared: Arc<DeclaredResource>,
    pub kind: &'static ResourceType,
    pub node: Node,
    pub each_value: Option<Value>,
    pub provider: ProviderName,
}

/// The state of the walk.
pub struct Walk<'a> {
    pub world: World,
    pub graph: Graph,
    pub(super) book: Book,
    pub(super) memory: &'a dyn Memory,
    pub(super) connector: &'a dyn Connector,
    pub(super) options: &'a Options,
    pub(super) connections: BTreeMap<ProviderName, Option<Connection>>,
    pub(super) cache: Arc<Cache>,
    pub(super) shifts: Shifts,
    pub(super) anew: Anew,
    pub(super) plan: Plan,
    pub(super) work: Vec<Work>,
    /// The step of each address.
    pub(super) steps: HashMap<Address, usize>,
    /// The steps of each node.
    pub(super) by_node: HashMap<Node, Vec<usize>>,
    /// Who declares a place.
    pub(super) places: HashMap<(crate::value::ServerPath, &'static str), (Address, Span)>,
    pub(super) leases: Vec<Lease>,
    pub(super) wanted_nodes: Option<BTreeSet<Node>>,
    pub(super) imports: BTreeMap<Address, String>,
    /// Lists of an object's block that other declared blocks hold elements of.
    pub(super) claims: HashMap<Node, BTreeSet<&'static str>>,
    /// Objects whose once-given values never arrived where they are needed.
    pub(super) undelivered: &'a BTreeSet<Address>,
}

/// Plans a configuration. Errors stand among the plan's diagnostics, with what could be planned all the same.
pub async fn plan(
    world: World,
    graph: Graph,
    memory: &dyn Memory,
    connector: &dyn Connector,
    options: &Options,
) -> Planned {
    let mut anew = BTreeSet::new();
    let mut planned = walk(world, graph, memory, connector, options, &anew).await;
    loop {
        let known = anew.len();
        anew.extend(planned.undelivered(&anew, memory.digester()));
        if anew.len() == known {
            return planned;
        }
        // What these gave never arrived where it is needed: they are made anew.
        let world = planned.world.afresh();
        let leases = planned.leases;
        planned = walk(world, planned.graph, memory, connector, options, &anew).await;
        planned.leases.extend(leases);
    }
}

/// Plans once. `undelivered` are objects whose once-given values are lost.
async fn walk(
    world: World,
    graph: Graph,
    memory: &dyn Memory,
    connector: &dyn Connector,
    options: &Options,
    undelivered: &BTreeSet<Address>,
) -> Planned {
    let moved = super::moved::moved(&world);
    let records = memory.records();
    let cache = Cache::default();
    cache.know(records.iter().map(|owned| owned.id.clone()));
    let claims = claims(&world, &graph);
    let mut walk = Walk {
        claims,
        undelivered,
        book: Book::new(records, &moved),
        world,
        graph,
        memory,
        connector,
        options,
        connections: BTreeMap::new(),
        cache: Arc::new(cache),
        shifts: Shifts::default(),
        anew: Anew::default(),
        plan: Plan {
            destroys: options.destroy,
            ..Plan::default()
        },
        work: Vec::new(),
        steps: HashMap::new(),
        by_node: HashMap::new(),
        places: HashMap::new(),
        leases: Vec::new(),
        wanted_nodes: None,
        imports: BTreeMap::new(),
    };
    walk.choose_targets();
    walk.collect_imports();
    let waves = walk.graph.waves.clone();
    walk.default_providers();
    if !walk.validate_root() {
        return walk.finish();
    }
    for wave in &waves {
        walk.wave(wave).await;
    }
    if !options.destroy {
        walk.refuse_declared(&moved);
        walk.warn_of_replacements();
        walk.validate_calls();
        walk.outputs();
        walk.checks().await;
        walk.locals();
    }
    walk.orphans().await;
    walk.taken_along();
    walk.losses().await;
    walk.finish()
}

/// Finds which lists of which blocks are filled by others: `vault_identity_group_policies` by what its `group_id` refers to.
fn claims(world: &World, graph: &Graph) -> HashMap<Node, BTreeSet<&'static str>> {
    let mut found: HashMap<Node, BTreeSet<&'static str>> = HashMap::new();
    for module in world.modules() {
        for (id, declared) in &module.resources {
            let Some(Life::Member { field, .. }) = declared.kind.map(|kind| kind.life) else {
                continue;
            };
            let node = Node {
                module: module.path.clone(),
                item: Item::Resource(id.clone()),
            };
            for target in graph.resources_needed(&node) {
                found.entry(target).or_default().insert(field);
            }
        }
    }
    found
}

impl Walk<'_> {
    pub(super) fn tell(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.plan.diagnostics.extend(diagnostics);
    }

    async fn wave(&mut self, wave: &[Node]) {
        for node in wave {
            if let Item::Provider(name) = &node.item {
                self.provider(node, name).await;
            }
        }
        if self.options.destroy {
            return;
        }
        let mut managed = Vec::new();
        let mut reads = Vec::new();
        for node in wave {
            if let Item::Resource(id) = &node.item
                && self
                    .wanted_nodes
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(node))
            {
                for candidate in self.expand(node, id) {
                    match candidate.address.mode {
                        Mode::Managed => managed.push(candidate),
                        Mode::Data | Mode::Ephemeral => reads.push(candidate),
                    }
                }
            }
        }
        self.ensure_providers(managed.iter().chain(&reads)).await;
        self.read_all(reads).await;
        self.decide_all(managed).await;
    }

    /// Makes the instances of a block.
    fn expand(&mut self, node: &Node, id: &ResourceId) -> Vec<Candidate> {
        let Some(module) = self.world.module(&node.module).cloned() else {
            return Vec::new();
        };
        let Some(declared) = module.resources.get(id) else {
            return Vec::new();
        };
        let Some(kind) = declared.kind else {
            return Vec::new();
        };
        let instances = match self.world.module_instances(&node.module) {
            Ok(instances) => instances,
            Err(problems) => {
                self.tell(problems);
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for at in instances {
            let keys = match self.world.keys(&at, &declared.repetition, View::Plan) {
                Ok(keys) => keys,
                Err(problems) => {
                    self.tell(problems);
                    continue;
                }
            };
            self.world.declare(&at, id, keys.repeated);
            found.extend(self.candidates(node, &at, declared, kind, keys));
        }
        found
    }

    fn candidates(
        &self,
        node: &Node,
        at: &ModuleAddress,
        declared: &DeclaredResource,
        kind: &'static ResourceType,
        keys: Keys,
    ) -> Vec<Candidate> {
        let shared = Arc::new(declared.clone());
        let modules = self
            .world
            .modules()
            .map(|module| (module.path.clone(), &**module))
            .collect();
        let provider =
            |each: Option<&Value>| self.provider_name(&modules, node, declared, at, each);
        // Only an instance key of the provider can differ between instances.
        let same = declared
            .provider
            .as_ref()
            .is_none_or(|named| named.key.is_none());
        let common = same.then(|| provider(None));
        let candidate = |(key, each_value): (InstanceKey, Option<Value>)| Candidate {
            address: Address {
                module: at.clone(),
                mode: declared.mode,
                type_name: declared.type_name.text.clone(),
                name: declared.name.text.clone(),
                key,
            },
            provider: common
                .clone()
                .unwrap_or_else(|| provider(each_value.as_ref())),
            declared: shared.clone(),
            kind,
            node: node.clone(),
            each_value,
        };
        keys.keys.into_iter().map(candidate).collect()
    }

    /// Returns the key of the connection that a resource uses: `vault`, `module.a/vault.east`, `vault.east["x"]`.
    fn provider_name(
        &self,
        modules: &BTreeMap<ModulePath, &Module>,
        node: &Node,
        declared: &DeclaredResource,
        at: &ModuleAddress,
        each_value: Option<&Value>,
    ) -> ProviderName {
        let Some(module) = self.world.module(&node.module) else {
            return "vault".into();
        };
        let (path, name) = provider_home(modules, module, &provider_of(module, declared));
        let key = declared
            .provider
            .as_ref()
            .and_then(|reference| reference.key.as_ref());
        let scope = InstanceScope {
            world: &self.world,
            module: at.clone(),
            view: View::Plan,
            instance: super::world::Instance {
                key: None,
                each_value: each_value.cloned(),
                itself: None,
            },
        };
        let key = key.and_then(|key| crate::eval::evaluate(key, &scope).ok());
        let key = key.as_ref().and_then(Value::as_text);
        connection_name(&path, &name, key)
    }

    /// Providers without a block are configured by the environment.
    fn default_providers(&mut self) {
        let root = self.world.configuration.root.clone();
        if !root.providers.contains_key("vault") {
            self.connections.remove("vault");
        }
    }

    async fn ensure_providers(&mut self, candidates: impl Iterator<Item = &Candidate>) {
        let names: BTreeSet<ProviderName> = candidates
            .filter(|candidate| needs_server(candidate.kind))
            .map(|candidate| candidate.provider.clone())
            .collect();
        for name in names {
            self.ensure_connection(&name).await;
        }
    }

    /// Connects by the environment alone where no provider block has done it.
    pub(super) async fn ensure_connection(&mut self, name: &ProviderName) -> Option<Connection> {
        if let Some(known) = self.connections.get(name) {
            return known.clone();
        }
        let nothing = Value::object(BTreeMap::new());
        let made = match self.options.offline {
            true => None,
            false => {
                let made = self.connector.connect(&nothing).await;
                made.map_err(|problem| self.tell([problem])).ok()
            }
        };
        self.connections.insert(name.clone(), made.clone());
        made
    }

    async fn provider(&mut self, node: &Node, name: &Arc<str>) {
        let worked = match worked_out(&self.world, &node.module, name, View::Plan) {
            Ok(worked) => worked,
            Err(problems) => {
                self.tell(problems);
                return;
            }
        };
        for one in worked {
            let connection = self.connect_provider(one.span, one.decoded).await;
            self.connections.insert(one.name, connection);
        }
    }

    async fn connect_provider(
        &mut self,
        span: Span,
        decoded: crate::eval::Decoded,
    ) -> Option<Connection> {
        let failed = decoded.diagnostics.iter().any(Diagnostic::is_error);
        self.tell(decoded.diagnostics);
        if failed || self.options.offline || !decoded.attributes.is_wholly_known() {
            return None;
        }
        match self.connector.connect(&decoded.attributes).await {
            Ok(connection) => Some(connection),
            Err(problem) => {
                let problem = problem.at(span, "as configured here");
                self.tell([problem]);
                None
            }
        }
    }

    /// Adds a step.
    pub(super) fn add(&mut self, step: Step, work: Work) -> usize {
        let index = self.plan.steps.len();
        self.steps.insert(step.address.clone(), index);
        if let Some(node) = &work.node {
            self.by_node.entry(node.clone()).or_default().push(index);
        }
        self.plan.steps.push(step);
        self.work.push(work);
        index
    }

    /// Tells whether a step of any of these nodes changes something.
    pub(super) fn pending(&self, nodes: &BTreeSet<Node>) -> bool {
        nodes.iter().any(|node| {
            let steps = self.by_node.get(node).into_iter().flatten();
            steps.into_iter().any(|index| {
                let change = self.plan.steps[*index].change;
                change.writes() || change == Change::Read
            })
        })
    }

    pub(super) fn learn(&mut self, address: &Address, value: Value) {
        self.world.learn(
            address,
            Some(Seen {
                plan: value,
                real: None,
            }),
        );
    }
}

/// Tells whether objects of a type are kept on a server.
pub(super) fn needs_server(kind: &ResourceType) -> bool {
    !matches!(
        kind.life,
        Life::Local(_) | Life::Data(crate::catalog::DataRead::Local(_))
    )
}
