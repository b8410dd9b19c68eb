//! `moved`, `removed` and `import` blocks, and the addresses that the command line names.

use super::discover::import_targets;
use super::graph::{Item, Node};
use super::walk::Walk;
use super::world::{View, World, static_path};
use crate::config::place::place;
use crate::config::{DeclaredMoved, Module, Place, ResourceId};
use crate::source::Diagnostic;
use crate::value::{Address, InstanceKey, ModuleAddress, ModuleStep};
use std::collections::BTreeSet;

/// Lists the `moved` blocks of all module instances.
pub(super) fn moved(world: &World) -> Vec<(ModuleAddress, DeclaredMoved)> {
    each(world, |module| module.moved.as_slice())
}

fn each<T: Clone>(world: &World, of: impl Fn(&Module) -> &[T]) -> Vec<(ModuleAddress, T)> {
    let mut found = Vec::new();
    for module in world.modules() {
        let blocks = of(module);
        if blocks.is_empty() {
            continue;
        }
        for at in world.module_instances(&module.path).unwrap_or_default() {
            found.extend(blocks.iter().map(|block| (at.clone(), block.clone())));
        }
    }
    found
}

/// Tells whether a place names one instance among several, and that is still declared.
fn is_declared(world: &World, at: &ModuleAddress, place: &Place) -> bool {
    let module = place.module_from(at);
    let within = world.module_instances(&static_path(&module));
    if !within.is_ok_and(|instances| instances.contains(&module)) {
        return false;
    }
    let Some(resource) = &place.resource else {
        return place
            .module
            .0
            .last()
            .is_some_and(|step| step.key != InstanceKey::None);
    };
    let keyed = |step: &ModuleStep| step.key != InstanceKey::None;
    if resource.key == InstanceKey::None && !place.module.0.iter().any(keyed) {
        return false;
    }
    let id = ResourceId {
        mode: resource.mode,
        type_name: resource.type_name.clone(),
        name: resource.name.clone(),
    };
    let Some(declared) = world.declared(&module, &id) else {
        return false;
    };
    let keys = world.keys(&module, &declared.repetition, View::Plan);
    keys.is_ok_and(|keys| keys.keys.iter().any(|(key, _)| *key == resource.key))
}

/// Tells whether a `removed` block says to forget what was at an address instead of destroying it; `None` where no block
/// speaks of it.
pub(super) fn removed_keeps(world: &World, address: &Address) -> Option<bool> {
    each(world, |module| module.removed.as_slice())
        .into_iter()
        .find(|(at, block)| covers(&block.from, at, address))
        .map(|(_, block)| !block.destroy)
}

/// Tells whether a place names an address, instances included.
pub(super) fn covers(place: &Place, at: &ModuleAddress, address: &Address) -> bool {
    let module = place.module_from(at);
    match &place.resource {
        None => {
            let names = static_path(&module);
            static_path(&address.module).starts_with(&names)
                && module
                    .0
                    .iter()
                    .zip(address.module.0.iter())
                    .all(|(wish, step)| wish.key == InstanceKey::None || wish.key == step.key)
        }
        Some(resource) => {
            static_path(&address.module) == static_path(&module)
                && resource.mode == address.mode
                && resource.type_name == address.type_name
                && resource.name == address.name
                && (resource.key == InstanceKey::None || resource.key == address.key)
        }
    }
}

/// Reads an address as users type it: `module.a["x"].vault_policy.p[0]`, also without the resource.
///
/// # Errors
/// Tells that the text is no address.
pub fn parse_address(text: &str) -> Result<Place, String> {
    let refuse = || format!("`{text}` is not the address of a resource or module");
    let file = crate::source::FileId(u32::MAX);
    let expression = crate::syntax::parse_expression(file, text, 0).map_err(|_| refuse())?;
    place(&expression, &mut |_| None).map_err(|_| refuse())
}

impl Walk<'_> {
    /// Refuses moves of what is still declared: it would be made anew, and what was there destroyed.
    pub(super) fn refuse_declared(&mut self, moved: &[(ModuleAddress, DeclaredMoved)]) {
        let still = moved
            .iter()
            .filter(|(at, block)| is_declared(&self.world, at, &block.from));
        let told = still.map(|(_, block)| {
            let message = format!("`{}` is still declared", block.from);
            Diagnostic::error("invalid-move", message)
                .at(block.from.span, "moved from here")
                .hint("take this instance out of its `for_each` or `count`, or remove the `moved` block")
        });
        let told: Vec<Diagnostic> = told.collect();
        self.tell(told);
    }

    /// Warns of addresses on the command line that name nothing.
    fn warn_of_nothing(&mut self, option: &str, texts: &[String], named: impl Fn(&str) -> bool) {
        let nothing = texts.iter().filter(|text| !named(text));
        let told = nothing.map(|text| {
            let message = format!("`-{option}={text}` names nothing");
            Diagnostic::warning("names-nothing", message)
                .hint("`vaultform state list` and the configuration tell the addresses")
        });
        let told: Vec<Diagnostic> = told.collect();
        self.tell(told);
    }

    /// Warns of replacements that are asked of nothing.
    pub(super) fn warn_of_replacements(&mut self) {
        let options = self.options;
        let known: BTreeSet<String> = match options.replace.is_empty() {
            true => BTreeSet::new(),
            false => self.steps.keys().map(ToString::to_string).collect(),
        };
        let named = |text: &str| known.contains(&text.replace(' ', ""));
        self.warn_of_nothing("replace", &options.replace, named);
    }

    /// Works out which nodes `-target` and `-exclude` leave.
    pub(super) fn choose_targets(&mut self) {
        if self.options.targets.is_empty() && self.options.excludes.is_empty() {
            return;
        }
        let mut problems = Vec::new();
        let mut read = |texts: &[String]| -> Vec<Place> {
            let places = texts.iter().filter_map(|text| {
                let problem =
                    |why: String| problems.push(Diagnostic::error("invalid-address", why));
                parse_address(text).map_err(problem).ok()
            });
            places.collect()
        };
        let targets = read(&self.options.targets);
        let excludes = read(&self.options.excludes);
        self.tell(problems);
        let recorded = self.book.records().iter();
        let recorded = recorded.map(|record| node_of(&record.address));
        let resources = self.graph.nodes().cloned().chain(recorded);
        let resources: Vec<Node> = resources
            .filter(|node| matches!(node.item, Item::Resource(_)))
            .collect();
        let named = |text: &str| {
            let place = parse_address(text);
            place.is_err()
                || place.is_ok_and(|place| resources.iter().any(|node| names(&place, node)))
        };
        let options = self.options;
        self.warn_of_nothing("target", &options.targets, named);
        self.warn_of_nothing("exclude", &options.excludes, named);
        let (spared, nodes): (BTreeSet<Node>, BTreeSet<Node>) = resources
            .into_iter()
            .filter(|node| targets.is_empty() || targets.iter().any(|place| names(place, node)))
            .partition(|node| excludes.iter().any(|place| names(place, node)));
        self.wanted_nodes = Some(if self.options.destroy {
            let kept = self.graph.closure(&spared);
            let mut going = self.with_dependents(nodes);
            going.retain(|node| !kept.contains(node));
            going
        } else {
            self.graph.closure(&nodes)
        });
        let note = Diagnostic::warning(
            "targeted",
            "this plan leaves out part of the configuration, as `-target` or `-exclude` asks",
        );
        self.tell([note.hint("plan again without it afterwards: it is meant for exceptions")]);
    }

    /// Returns the nodes with everything that cannot be without them, by the files and by the ledger.
    fn with_dependents(&self, nodes: BTreeSet<Node>) -> BTreeSet<Node> {
        let mut found = nodes;
        loop {
            let before = found.len();
            found = self.graph.dependents(&found);
            for record in self.book.records() {
                if record
                    .needs
                    .iter()
                    .any(|need| found.contains(&node_of(need)))
                {
                    found.insert(node_of(&record.address));
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// Gathers the `import` blocks and what the command `import` says.
    pub(super) fn collect_imports(&mut self) {
        for (address, id) in self.options.imports.clone() {
            self.imports.insert(address, id);
        }
        let root = self.world.configuration.root.clone();
        for block in &root.imports {
            match import_targets(&self.world, block) {
                Ok(found) => self.imports.extend(found),
                Err(problems) => self.tell(problems),
            }
        }
    }

    /// Tells whether the command line asks for the replacement of an address.
    pub(super) fn replacement_asked(&self, address: &Address) -> bool {
        let text = address.to_string();
        self.options
            .replace
            .iter()
            .any(|asked| asked.replace(' ', "") == text)
    }
}

/// Returns the node of the block that an address is an instance of.
pub(super) fn node_of(address: &Address) -> Node {
    Node {
        module: static_path(&address.module),
        item: Item::Resource(ResourceId {
            mode: address.mode,
            type_name: address.type_name.clone(),
            name: address.name.clone(),
        }),
    }
}

/// Tells whether a place speaks of a node, whatever the instance.
fn names(place: &Place, node: &Node) -> bool {
    let module = static_path(&place.module);
    match (&place.resource, &node.item) {
        (None, _) => node.module.starts_with(&module),
        (Some(resource), Item::Resource(id)) => {
            node.module == module
                && resource.mode == id.mode
                && resource.type_name == id.type_name
                && resource.name == id.name
        }
        _ => false,
    }
}
