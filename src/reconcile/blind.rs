//! What is wrong with a configuration while nothing is known of any object: all that `validate` tells, and what a plan that
//! failed tells besides, so that one run shows every mistake.

use super::conditions::{Verdict, judge, unfit_output};
use super::graph::{Graph, build};
use super::walk::needs_server;
use super::world::{InstanceScope, Repeated, View, World};
use crate::catalog::ResourceType;
use crate::config::{
    Condition, Configuration, DeclaredImport, DeclaredResource, Module, Options, Repetition,
    ResourceId,
};
use crate::eval::schema::type_of;
use crate::eval::{decode_body, decode_provider, evaluate};
use crate::source::{Diagnostic, Sources, Span, Surroundings};
use crate::syntax::Expression;
use crate::value::{Address, InstanceKey, Marks, Mode, ModuleAddress, Type, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A configuration with its graph, where the graph has no ring.
pub struct Loaded {
    pub configuration: Arc<Configuration>,
    pub graph: Option<Graph>,
    /// Everything that is wrong with the files as they are, without asking anybody.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads the configuration of a directory. Where something is wrong with it, it is looked through as a whole, so that one
/// run tells everything; a sound one is not ([`check`] does that).
#[must_use]
pub fn load(
    root: &Path,
    surroundings: &Arc<dyn Surroundings>,
    sources: &mut Sources,
    options: Options,
) -> Loaded {
    let (configuration, mut diagnostics) =
        crate::config::load(root, &**surroundings, sources, options);
    let configuration = Arc::new(configuration);
    let graph = match build(&configuration) {
        Ok(graph) => Some(graph),
        Err(rings) => {
            let told: Vec<String> = diagnostics.iter().map(|one| one.message.clone()).collect();
            diagnostics.extend(
                rings
                    .into_iter()
                    .filter(|ring| !told.contains(&ring.message)),
            );
            None
        }
    };
    let wrong = diagnostics.iter().any(Diagnostic::is_error);
    if wrong && graph.is_some() && configuration.is_whole() {
        let world = World::blind(configuration.clone(), surroundings.clone(), root);
        complete(&world, &mut diagnostics);
    }
    Loaded {
        configuration,
        graph,
        diagnostics,
    }
}

/// Evaluates everything in a blind world ([`World::blind`]), and tells every mistake once.
#[must_use]
pub fn check(world: &World) -> Vec<Diagnostic> {
    let mut found = Found::default();
    for module in world.modules() {
        for at in world.module_instances(&module.path).unwrap_or_default() {
            check_module(world, module, &at, &mut found);
        }
    }
    let place = |one: &Diagnostic| {
        let first = one.labels.first();
        first.map(|label| (label.span.file, label.span.start))
    };
    found.told.sort_by_key(place);
    found.told
}

/// Adds the errors that the blind check tells to what is told already, except where something is told already.
pub fn complete(world: &World, told: &mut Vec<Diagnostic>) {
    let place = |one: &Diagnostic| one.labels.first().map(|label| label.span);
    let errors = told.iter().filter(|one| one.is_error());
    let known: Vec<Span> = errors.filter_map(place).collect();
    let news = check(world).into_iter().filter(|one| {
        let meets = |span: Span| known.iter().any(|other| other.meets(span));
        one.is_error() && !place(one).is_some_and(meets)
    });
    told.extend(news);
}

/// Returns the place of the first block that needs a server.
#[must_use]
pub fn first_need(world: &World) -> Option<Span> {
    let resources = world.modules().flat_map(|module| module.resources.values());
    let needs = resources.filter(|resource| resource.kind.is_some_and(needs_server));
    needs
        .map(|resource| resource.span)
        .min_by_key(|span| (span.file, span.start))
}

/// An object of a type of which nothing is known but which attributes it has, and which of them are secret.
pub(super) fn blank(kind: &ResourceType) -> Value {
    let unknown = |ty: Type, secret: bool| {
        let marks = if secret {
            Marks::SENSITIVE
        } else {
            Marks::NONE
        };
        Value::unknown(ty, Arc::default()).marked(marks)
    };
    let mut fields: BTreeMap<Arc<str>, Value> = kind
        .all()
        .map(|attribute| {
            let secret = attribute.sensitive || attribute.write_only.is_some();
            let value = unknown(type_of(&attribute.kind), secret);
            (Arc::from(attribute.name), value)
        })
        .collect();
    let id = fields.entry(Arc::from("id"));
    id.or_insert_with(|| unknown(Type::String, false));
    let marks = match kind.mode {
        Mode::Ephemeral => Marks::EPHEMERAL,
        _ => Marks::NONE,
    };
    Value::object(fields).marked(marks)
}

impl World {
    /// Makes a world that will never know anything: for finding mistakes in the files alone.
    #[must_use]
    pub fn blind(
        configuration: Arc<Configuration>,
        surroundings: Arc<dyn Surroundings>,
        root: &Path,
    ) -> World {
        let nothing = BTreeMap::new();
        let workspace = "default".into();
        let root = root.to_owned();
        let mut world = World::new(configuration, surroundings, nothing, workspace, root);
        world.blind = true;
        world
    }

    /// Returns what is known of objects that were not looked at: nothing, but in a blind world what they are.
    pub(super) fn unseen(&self, module: &ModuleAddress, id: &ResourceId) -> Value {
        let unknown = Value::unknown(Type::Dynamic, Arc::default());
        let declared = self.declared(module, id);
        match declared {
            Some(declared) if self.blind => match (declared.kind, &declared.repetition) {
                (Some(kind), Repetition::Once) => blank(kind),
                _ if id.mode == Mode::Ephemeral => unknown.marked(Marks::EPHEMERAL),
                _ => unknown,
            },
            _ => unknown,
        }
    }

    /// Returns what any instance of a called module is, in a blind world; `None` where the call makes one without a key.
    pub(super) fn any_call(
        &self,
        parent: &ModuleAddress,
        name: &Arc<str>,
        view: View,
    ) -> Option<Value> {
        let keys = self.call_keys(parent, name).ok()?;
        let (key, _) = keys
            .keys
            .first()
            .filter(|_| keys.repeated != Repeated::Once)?;
        let child = self.call(parent, name)?.module.clone()?;
        let module = parent.child(name, key.clone());
        let output = |output: &Arc<str>| {
            let value = self.output(&module, output, view);
            (
                output.clone(),
                value.unwrap_or_else(|_| Value::unknown(Type::Dynamic, Arc::default())),
            )
        };
        Some(Value::object(child.outputs.keys().map(output).collect()))
    }
}

#[derive(Default)]
struct Found {
    told: Vec<Diagnostic>,
}

impl Found {
    fn add(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        for problem in problems {
            let same = |known: &Diagnostic| {
                (&known.message, &known.labels) == (&problem.message, &problem.labels)
            };
            if !self.told.iter().any(same) {
                self.told.push(problem);
            }
        }
    }

    fn expression(&mut self, expression: &Expression, scope: &InstanceScope<'_>) -> Option<Value> {
        match evaluate(expression, scope) {
            Ok(value) => Some(value),
            Err(problems) => {
                self.add(problems);
                None
            }
        }
    }

    /// Tells what is wrong with conditions; whether they hold is not for here.
    fn conditions(&mut self, conditions: &[Condition], scope: &InstanceScope<'_>) {
        for condition in conditions {
            if let Verdict::Broken(problems) = judge(condition, scope) {
                self.add(problems);
            }
            self.expression(&condition.error_message, scope);
        }
    }

    fn repetition(&mut self, repetition: &Repetition, scope: &InstanceScope<'_>) {
        let (expression, keys): (_, fn(&Value, Span) -> _) = match repetition {
            Repetition::Once => return,
            Repetition::Count(expression) => (expression, super::repeat::count),
            Repetition::ForEach(expression) => (expression, super::repeat::for_each),
            Repetition::Enabled(expression) => {
                self.expression(expression, scope);
                return;
            }
        };
        let Some(value) = self.expression(expression, scope) else {
            return;
        };
        let problems = keys(&value, expression.span).err().unwrap_or_default();
        // What is not known here may be known when it counts.
        let certain = |problem: &Diagnostic| problem.code != "repetition-unknown";
        self.add(problems.into_iter().filter(certain));
    }
}

fn check_module(world: &World, module: &Module, at: &ModuleAddress, found: &mut Found) {
    let scope = InstanceScope::new(world, at, View::Plan);
    for variable in module.variables.values() {
        if !module.path.is_empty() {
            let value = world.variable(at, &variable.name.text, View::Plan);
            found.add(value.err().unwrap_or_default());
        }
        found.conditions(&variable.validations, &scope);
    }
    for name in module.locals.keys() {
        found.add(world.local(at, name, View::Plan).err().unwrap_or_default());
    }
    for output in module.outputs.values() {
        if let Some(value) = found.expression(&output.value, &scope) {
            found.add(unfit_output(output, &value, module.path.is_empty()));
        }
        found.conditions(&output.preconditions, &scope);
    }
    let providers = module.providers.values();
    for provider in providers.filter(|provider| &*provider.name.text == "vault") {
        if provider.for_each.is_none() {
            found.add(decode_provider(&provider.body, &scope).diagnostics);
        }
    }
    for call in module.calls.values() {
        found.repetition(&call.repetition, &scope);
    }
    for resource in module.resources.values() {
        check_resource(world, at, resource, found);
    }
    for import in &module.imports {
        check_import(world, at, import, found);
    }
    for check in module.checks.values() {
        if let Some(data) = &check.data {
            check_resource(world, at, data, found);
        }
        found.conditions(&check.assertions, &scope);
    }
}

fn check_import(world: &World, at: &ModuleAddress, block: &DeclaredImport, found: &mut Found) {
    let mut scope = InstanceScope::new(world, at, View::Plan);
    if let Some(for_each) = &block.for_each {
        found.repetition(&Repetition::ForEach(for_each.clone()), &scope);
        scope.instance.key = Some(InstanceKey::Key("".into()));
        scope.instance.each_value = Some(Value::unknown(Type::Dynamic, Arc::default()));
    }
    for expression in block.id.iter().chain(&block.identity) {
        found.expression(expression, &scope);
    }
}

fn check_resource(
    world: &World,
    at: &ModuleAddress,
    declared: &DeclaredResource,
    found: &mut Found,
) {
    let Some(kind) = declared.kind else { return };
    found.repetition(
        &declared.repetition,
        &InstanceScope::new(world, at, View::Plan),
    );
    let keys = world.keys(at, &declared.repetition, View::Plan);
    for (key, value) in keys.map(|keys| keys.keys).unwrap_or_default() {
        let address = Address {
            module: at.clone(),
            mode: declared.mode,
            type_name: declared.type_name.text.clone(),
            name: declared.name.text.clone(),
            key,
        };
        let mut scope = InstanceScope::of(world, &address, value, View::Plan);
        let decoded = decode_body(&declared.body, kind, &scope);
        let told = decoded.diagnostics.into_iter();
        found.add(told.map(|problem| problem.address(&address)));
        found.conditions(&declared.lifecycle.preconditions, &scope);
        scope.instance.itself = Some(blank(kind));
        found.conditions(&declared.lifecycle.postconditions, &scope);
    }
}
