//! The dependency graph of a configuration: what must be evaluated before what, known from the text alone.

use crate::config::{
    Configuration, DeclaredCall, DeclaredResource, Lifecycle, Module, Reference, Repetition,
    ResourceId, Step, Target, references, references_of_body,
};
use crate::source::{Diagnostic, Outcome, Span};
use crate::syntax::{Body, Expression};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The names of the calls on the way from the root, without instance keys.
pub type ModulePath = Vec<Arc<str>>;

/// Something that is declared and evaluated, for all instances of its module at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    Variable(Arc<str>),
    Local(Arc<str>),
    Output(Arc<str>),
    Resource(ResourceId),
    /// The repetition of a module call.
    Call(Arc<str>),
    /// `vault`, `vault.east`
    Provider(Arc<str>),
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    pub module: ModulePath,
    pub item: Item,
}

impl std::fmt::Display for Node {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for name in &self.module {
            write!(out, "module.{name}.")?;
        }
        match &self.item {
            Item::Variable(name) => write!(out, "var.{name}"),
            Item::Local(name) => write!(out, "local.{name}"),
            Item::Output(name) => write!(out, "output.{name}"),
            Item::Call(name) => write!(out, "module.{name}"),
            Item::Provider(name) => write!(out, "provider.{name}"),
            Item::Resource(id) => {
                let mode = match id.mode {
                    crate::value::Mode::Managed => "",
                    crate::value::Mode::Data => "data.",
                    crate::value::Mode::Ephemeral => "ephemeral.",
                };
                write!(out, "{mode}{}.{}", id.type_name, id.name)
            }
        }
    }
}

/// The graph with its nodes in waves: what stands in one wave needs only earlier waves.
pub struct Graph {
    graph: DiGraph<Node, ()>,
    indices: HashMap<Node, NodeIndex>,
    /// Resources, data sources, ephemerals and providers, by wave.
    pub waves: Vec<Vec<Node>>,
    /// Attributes of each resource that any expression reads; `None` where it is read as a whole.
    pub read: HashMap<Node, Option<Arc<BTreeSet<Arc<str>>>>>,
}

impl Graph {
    /// Returns the attributes of an object that any expression reads; `None` where it is read as a whole.
    #[must_use]
    pub fn referenced(&self, node: Option<&Node>) -> Option<Arc<BTreeSet<Arc<str>>>> {
        match node.and_then(|node| self.read.get(node)) {
            Some(names) => names.clone(),
            None => Some(Arc::default()),
        }
    }
}

struct Builder<'a> {
    graph: DiGraph<Node, ()>,
    indices: HashMap<Node, NodeIndex>,
    spans: HashMap<Node, Span>,
    /// Edges by node: what it needs, with the place that says so.
    needs: Vec<(Node, Node, Option<Span>)>,
    read: HashMap<Node, Option<BTreeSet<Arc<str>>>>,
    modules: BTreeMap<ModulePath, &'a Module>,
}

/// Builds the graph.
///
/// # Errors
/// Every ring of things that need each other, with its places.
pub fn build(configuration: &Configuration) -> Outcome<Graph> {
    let mut builder = Builder {
        graph: DiGraph::new(),
        indices: HashMap::new(),
        spans: HashMap::new(),
        needs: Vec::new(),
        read: HashMap::new(),
        modules: BTreeMap::new(),
    };
    builder.module(&configuration.root);
    builder.connect();
    builder.finish()
}

impl<'a> Builder<'a> {
    fn node(&mut self, node: Node, span: Span) {
        if !self.indices.contains_key(&node) {
            let index = self.graph.add_node(node.clone());
            self.indices.insert(node.clone(), index);
            self.spans.insert(node, span);
        }
    }

    fn module(&mut self, module: &'a Module) {
        self.modules.insert(module.path.clone(), module);
        let at = |item| Node {
            module: module.path.clone(),
            item,
        };
        for (name, variable) in &module.variables {
            self.node(at(Item::Variable(name.clone())), variable.span);
            let itself = at(Item::Variable(name.clone()));
            let first = self.needs.len();
            for condition in &variable.validations {
                self.expression(&itself, &condition.condition);
                self.expression(&itself, &condition.error_message);
            }
            let others = self.needs.split_off(first);
            let others = others
                .into_iter()
                .filter(|(_, target, _)| *target != itself);
            self.needs.extend(others);
        }
        for (name, local) in &module.locals {
            let node = at(Item::Local(name.clone()));
            self.node(node.clone(), local.span);
            self.expression(&node, &local.value);
        }
        for (name, output) in &module.outputs {
            let node = at(Item::Output(name.clone()));
            self.node(node.clone(), output.span);
            self.expression(&node, &output.value);
            self.order(&node, &output.depends_on);
        }
        for (name, provider) in &module.providers {
            let node = at(Item::Provider(name.clone()));
            self.node(node.clone(), provider.span);
            self.body(&node, &provider.body);
            if let Some(each) = &provider.for_each {
                self.expression(&node, each);
            }
        }
        for (id, resource) in &module.resources {
            self.resource(module, &at(Item::Resource(id.clone())), resource);
        }
        for (name, call) in &module.calls {
            self.call(module, &at(Item::Call(name.clone())), call);
        }
    }

    fn resource(&mut self, module: &'a Module, node: &Node, resource: &DeclaredResource) {
        self.node(node.clone(), resource.span);
        self.body(node, &resource.body);
        self.repetition(node, &resource.repetition);
        self.order(node, &resource.depends_on);
        self.lifecycle(node, &resource.lifecycle);
        let provider = provider_of(module, resource);
        let (path, provider) = self.provider_home(module, &provider);
        self.needs.push((
            node.clone(),
            Node {
                module: path,
                item: Item::Provider(provider),
            },
            None,
        ));
        self.inside(node);
    }

    /// Whatever stands in a module needs the repetition of the calls on the way to it.
    fn inside(&mut self, node: &Node) {
        if let Some((name, parent)) = node.module.split_last() {
            let call = Node {
                module: parent.to_vec(),
                item: Item::Call(name.clone()),
            };
            self.needs.push((node.clone(), call, None));
        }
    }

    fn provider_home(&self, module: &Module, name: &Arc<str>) -> (ModulePath, Arc<str>) {
        provider_home(&self.modules, module, name)
    }

    fn call(&mut self, module: &'a Module, node: &Node, call: &'a DeclaredCall) {
        self.node(node.clone(), call.span);
        self.repetition(node, &call.repetition);
        self.order(node, &call.depends_on);
        self.inside(node);
        let Some(child) = &call.module else { return };
        for attribute in &call.arguments.attributes {
            let variable = Node {
                module: child.path.clone(),
                item: Item::Variable(attribute.name.text.clone()),
            };
            let found = references(&attribute.value);
            for reference in found {
                self.reference(&variable, &module.path, &reference);
            }
            self.needs.push((variable, node.clone(), None));
        }
        self.module(child);
    }

    fn repetition(&mut self, node: &Node, repetition: &Repetition) {
        match repetition {
            Repetition::Once => {}
            Repetition::Count(expression)
            | Repetition::ForEach(expression)
            | Repetition::Enabled(expression) => self.expression(node, expression),
        }
    }

    fn lifecycle(&mut self, node: &Node, lifecycle: &Lifecycle) {
        let conditions = lifecycle
            .preconditions
            .iter()
            .chain(&lifecycle.postconditions);
        for condition in conditions {
            self.expression(node, &condition.condition);
            self.expression(node, &condition.error_message);
        }
        for trigger in &lifecycle.replace_triggered_by {
            self.expression(node, trigger);
        }
    }

    fn expression(&mut self, node: &Node, expression: &Expression) {
        let found = references(expression);
        self.references(node, &found);
    }

    fn body(&mut self, node: &Node, body: &Body) {
        let found = references_of_body(body);
        self.references(node, &found);
    }

    fn references(&mut self, node: &Node, found: &[Reference]) {
        for reference in found {
            self.reference(node, &node.module.clone(), reference);
        }
    }

    /// Adds what must come first (`depends_on`) to the needs of a node, which reads nothing of it.
    fn order(&mut self, node: &Node, found: &[Reference]) {
        for reference in found {
            self.need(node, &node.module.clone(), reference);
        }
    }

    /// Adds what a reference in `scope` needs to the needs of a node, and notes what it reads.
    fn reference(&mut self, node: &Node, scope: &ModulePath, reference: &Reference) {
        if let Target::Resource(id, _) = &reference.target {
            let target = Node {
                module: scope.clone(),
                item: Item::Resource(id.clone()),
            };
            self.note_read(&target, &reference.steps);
        }
        self.need(node, scope, reference);
    }

    fn need(&mut self, node: &Node, scope: &ModulePath, reference: &Reference) {
        let at = |item| Node {
            module: scope.clone(),
            item,
        };
        let span = Some(reference.span);
        let target = match &reference.target {
            Target::Variable(name) => at(Item::Variable(name.text.clone())),
            Target::Local(name) => at(Item::Local(name.text.clone())),
            Target::Resource(id, _) => at(Item::Resource(id.clone())),
            Target::Call(name) => {
                let call = at(Item::Call(name.text.clone()));
                self.needs.push((node.clone(), call, span));
                let mut module = scope.clone();
                module.push(name.text.clone());
                let output = first_attribute(&reference.steps);
                let item = Item::Output(output.unwrap_or_else(|| "*".into()));
                Node { module, item }
            }
            _ => return,
        };
        self.needs.push((node.clone(), target, span));
    }

    fn note_read(&mut self, target: &Node, steps: &[Step]) {
        let entry = self
            .read
            .entry(target.clone())
            .or_insert_with(|| Some(BTreeSet::new()));
        match first_attribute(steps) {
            Some(name) => {
                if let Some(names) = entry {
                    names.insert(name);
                }
            }
            None => *entry = None,
        }
    }

    /// Turns needs into edges. `output.*` of a module means all that is in it: `depends_on = [module.x]`.
    fn connect(&mut self) {
        for (node, target, _) in std::mem::take(&mut self.needs) {
            let Some(&from) = self.indices.get(&node) else {
                continue;
            };
            if let Some(&to) = self.indices.get(&target) {
                self.graph.update_edge(from, to, ());
            } else if target.item == Item::Output("*".into()) {
                let inside: Vec<NodeIndex> = self
                    .indices
                    .iter()
                    .filter(|(other, _)| other.module.starts_with(&target.module))
                    .map(|(_, index)| *index)
                    .collect();
                for to in inside {
                    self.graph.update_edge(from, to, ());
                }
            }
        }
        self.call_dependencies();
    }

    /// What stands in a module with `depends_on` needs what the call names; the edge to the call carries it.
    fn call_dependencies(&mut self) {
        let nodes: Vec<Node> = self.indices.keys().cloned().collect();
        for node in nodes {
            let stateful = matches!(node.item, Item::Resource(_));
            let (Some((name, parent)), true) = (node.module.split_last(), stateful) else {
                continue;
            };
            let call = Node {
                module: parent.to_vec(),
                item: Item::Call(name.clone()),
            };
            if let (Some(&from), Some(&to)) = (self.indices.get(&node), self.indices.get(&call)) {
                self.graph.update_edge(from, to, ());
            }
        }
    }

    fn finish(self) -> Outcome<Graph> {
        let rings: Vec<Diagnostic> = tarjan_scc(&self.graph)
            .into_iter()
            .filter(|ring| {
                ring.len() > 1 || ring.iter().any(|at| self.graph.contains_edge(*at, *at))
            })
            .map(|ring| self.ring(&ring))
            .collect();
        if !rings.is_empty() {
            return Err(rings);
        }
        let waves = waves(&self.graph);
        Ok(Graph {
            graph: self.graph,
            indices: self.indices,
            waves,
            read: self
                .read
                .into_iter()
                .map(|(node, names)| (node, names.map(Arc::new)))
                .collect(),
        })
    }

    fn ring(&self, ring: &[NodeIndex]) -> Diagnostic {
        let mut nodes: Vec<&Node> = ring.iter().map(|at| &self.graph[*at]).collect();
        nodes.sort();
        let names: Vec<String> = nodes.iter().map(|node| format!("`{node}`")).collect();
        let (code, message) = match names.as_slice() {
            [one] => ("self-reference", format!("{one} refers to itself")),
            _ => (
                "cycle",
                format!("these need each other in a ring: {}", names.join(", ")),
            ),
        };
        let mut diagnostic = Diagnostic::error(code, message)
            .hint("break the ring: take the value from somewhere else, or write it out");
        for node in nodes {
            if let Some(span) = self.spans.get(node) {
                diagnostic = diagnostic.at(*span, format!("`{node}` is part of the ring"));
            }
        }
        diagnostic
    }
}

/// Returns the attribute that a reference reads first: `path` in `["a"].path`.
fn first_attribute(steps: &[Step]) -> Option<Arc<str>> {
    steps.iter().find_map(|step| match step {
        Step::Attribute(name) => Some(name.text.clone()),
        _ => None,
    })
}

/// Returns the name of the provider block that a resource uses, as its module calls it.
#[must_use]
pub fn provider_of(_module: &Module, resource: &DeclaredResource) -> Arc<str> {
    match &resource.provider {
        Some(reference) => reference.name.clone(),
        None => {
            let prefix = resource
                .type_name
                .text
                .split('_')
                .next()
                .unwrap_or_default();
            if prefix == "bao" {
                "vault".into()
            } else {
                prefix.into()
            }
        }
    }
}

/// Follows a provider's name up the calls to the module whose block configures it.
#[must_use]
pub fn provider_home(
    modules: &BTreeMap<ModulePath, &Module>,
    module: &Module,
    name: &Arc<str>,
) -> (ModulePath, Arc<str>) {
    if module.providers.contains_key(name) {
        return (module.path.clone(), name.clone());
    }
    let Some((call, parent)) = module.path.split_last() else {
        return (Vec::new(), name.clone());
    };
    let Some(parent) = modules.get(parent) else {
        return (Vec::new(), name.clone());
    };
    let given = parent
        .calls
        .get(call)
        .and_then(|call| call.providers.get(name));
    let name = given.map_or(name, |reference| &reference.name);
    provider_home(modules, parent, name)
}

/// Puts the nodes that have state into waves: a node's wave is one more than the latest that it needs.
fn waves(graph: &DiGraph<Node, ()>) -> Vec<Vec<Node>> {
    let order = petgraph::algo::toposort(graph, None).unwrap_or_default();
    let mut level: HashMap<NodeIndex, usize> = HashMap::new();
    let mut waves: Vec<Vec<Node>> = Vec::new();
    for at in order.into_iter().rev() {
        let needed = graph.neighbors(at);
        let wave = needed.map(|other| {
            level.get(&other).copied().unwrap_or(0) + usize::from(has_state(&graph[other]))
        });
        let wave = wave.max().unwrap_or(0);
        level.insert(at, wave);
        if has_state(&graph[at]) {
            if waves.len() <= wave {
                waves.resize_with(wave + 1, Vec::new);
            }
            waves[wave].push(graph[at].clone());
        }
    }
    for wave in &mut waves {
        wave.sort();
    }
    waves
}

fn has_state(node: &Node) -> bool {
    matches!(node.item, Item::Resource(_) | Item::Provider(_))
}

impl Graph {
    /// Returns the resources that a node needs, through variables, locals, outputs and calls.
    #[must_use]
    pub fn resources_needed(&self, node: &Node) -> BTreeSet<Node> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<NodeIndex> = self.indices.get(node).copied().into_iter().collect();
        while let Some(at) = open.pop() {
            for other in self.graph.neighbors(at) {
                if !seen.insert(other) {
                    continue;
                }
                match &self.graph[other].item {
                    Item::Resource(_) => {
                        found.insert(self.graph[other].clone());
                    }
                    _ => open.push(other),
                }
            }
        }
        found
    }

    /// Returns everything that the nodes need, themselves included.
    #[must_use]
    pub fn closure(&self, nodes: &BTreeSet<Node>) -> BTreeSet<Node> {
        self.reached(nodes, petgraph::Direction::Outgoing)
    }

    /// Returns everything that needs one of the nodes, themselves included.
    #[must_use]
    pub fn dependents(&self, nodes: &BTreeSet<Node>) -> BTreeSet<Node> {
        self.reached(nodes, petgraph::Direction::Incoming)
    }

    fn reached(&self, nodes: &BTreeSet<Node>, direction: petgraph::Direction) -> BTreeSet<Node> {
        let mut found = nodes.clone();
        let mut open: Vec<NodeIndex> = nodes
            .iter()
            .filter_map(|node| self.indices.get(node).copied())
            .collect();
        while let Some(at) = open.pop() {
            for other in self.graph.neighbors_directed(at, direction) {
                if found.insert(self.graph[other].clone()) {
                    open.push(other);
                }
            }
        }
        found
    }

    /// Iterates over the edges between all nodes, for the command that draws them.
    pub fn edges(&self) -> impl Iterator<Item = (&Node, &Node)> {
        self.graph.edge_indices().filter_map(|edge| {
            let (from, to) = self.graph.edge_endpoints(edge)?;
            Some((&self.graph[from], &self.graph[to]))
        })
    }

    /// Iterates over all nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.graph.node_weights()
    }
}
