//! What expressions see: variables, locals, outputs and the objects found so far. Values are worked out when asked for, and
//! remembered once nothing in them is unknown any more.

use super::graph::ModulePath;
pub use super::scope::InstanceScope;
use crate::catalog::ResourceType;
use crate::catalog::registry::lookup;
use crate::config::{
    Configuration, DeclaredCall, DeclaredResource, DeclaredVariable, Module, Repetition, ResourceId,
};
use crate::eval::functions::Phase;
use crate::eval::{Step, Subject, evaluate};
use crate::source::{Diagnostic, Outcome, Span, Surroundings};
use crate::value::{
    Address, InstanceKey, Marks, Mode, ModuleAddress, ModuleStep, Type, Value, convert,
};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Which values are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// As a plan sees them: values that were given once are held.
    Plan,
    /// As an apply sees them: all that this run has learnt.
    Real,
}

/// The attributes of one instance as both views see them. `None` after a failure that was reported.
#[derive(Clone, Debug)]
pub struct Seen {
    pub plan: Value,
    pub real: Option<Value>,
}

/// How the instances of a block are put together as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    Once,
    Count,
    ForEach,
}

/// The instances of one resource block in one module instance.
#[derive(Clone, Debug)]
pub struct Instances {
    pub repeated: Repeated,
    pub seen: BTreeMap<InstanceKey, Option<Seen>>,
}

/// What is known of the module instances and objects of a configuration.
pub struct World {
    pub configuration: Arc<Configuration>,
    pub surroundings: Arc<dyn Surroundings>,
    /// Values of the root module's variables.
    pub variables: BTreeMap<Arc<str>, Value>,
    pub workspace: Arc<str>,
    pub root: PathBuf,
    /// Seconds since 1970, for functions that are known at apply only.
    pub now: i64,
    pub phase: Phase,
    modules: BTreeMap<ModulePath, Arc<Module>>,
    objects: HashMap<(ModuleAddress, ResourceId), Instances>,
    pub(super) memory: Mutex<HashMap<(ModuleAddress, Subject, View), Outcome<Value>>>,
    calls: Mutex<Calls>,
    /// Everything is unknown: for `validate`.
    pub blind: bool,
}

/// The instance keys of the module calls that were asked for.
type Calls = HashMap<(ModuleAddress, Arc<str>), Outcome<Arc<Keys>>>;

/// The instance keys of a block, each with what `each.value` is there.
#[derive(Clone, Debug)]
pub struct Keys {
    pub repeated: Repeated,
    pub keys: Vec<(InstanceKey, Option<Value>)>,
}

/// What is special about the place where an expression stands.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    pub key: Option<InstanceKey>,
    pub each_value: Option<Value>,
    pub itself: Option<Value>,
}

impl World {
    /// Makes a world that knows no object yet.
    #[must_use]
    pub fn new(
        configuration: Arc<Configuration>,
        surroundings: Arc<dyn Surroundings>,
        variables: BTreeMap<Arc<str>, Value>,
        workspace: Arc<str>,
        root: PathBuf,
    ) -> World {
        let mut modules = BTreeMap::new();
        collect(&configuration.root, &mut modules);
        World {
            configuration,
            surroundings,
            variables,
            workspace,
            root,
            now: 0,
            phase: Phase::Plan,
            modules,
            objects: HashMap::new(),
            memory: Mutex::new(HashMap::new()),
            calls: Mutex::new(HashMap::new()),
            blind: false,
        }
    }

    /// Returns the same world before anything was looked at.
    #[must_use]
    pub fn afresh(&self) -> World {
        World {
            now: self.now,
            phase: self.phase,
            blind: self.blind,
            ..World::new(
                self.configuration.clone(),
                self.surroundings.clone(),
                self.variables.clone(),
                self.workspace.clone(),
                self.root.clone(),
            )
        }
    }

    /// Returns the module at a path.
    #[must_use]
    pub fn module(&self, path: &[Arc<str>]) -> Option<&Arc<Module>> {
        self.modules.get(path)
    }

    /// Iterates over all modules.
    pub fn modules(&self) -> impl Iterator<Item = &Arc<Module>> {
        self.modules.values()
    }

    /// Returns the instances of the objects of a block, where it was evaluated already.
    #[must_use]
    pub fn instances(&self, module: &ModuleAddress, id: &ResourceId) -> Option<&Instances> {
        self.objects.get(&(module.clone(), id.clone()))
    }

    /// Says which instances a block has, before they are looked at.
    pub fn declare(&mut self, module: &ModuleAddress, id: &ResourceId, repeated: Repeated) {
        let instances = Instances {
            repeated,
            seen: BTreeMap::new(),
        };
        self.objects.insert((module.clone(), id.clone()), instances);
    }

    /// Lists the instances of data sources and ephemerals that were read, with their types and values.
    #[must_use]
    pub fn read_while_planning(&self) -> Vec<(Address, &'static ResourceType, Value)> {
        let mut found = Vec::new();
        let read = |id: &ResourceId| matches!(id.mode, Mode::Data | Mode::Ephemeral);
        for ((module, id), instances) in self.objects.iter().filter(|((_, id), _)| read(id)) {
            let Some(kind) = lookup(id.mode, &id.type_name) else {
                continue;
            };
            for (key, seen) in &instances.seen {
                let address = Address {
                    module: module.clone(),
                    mode: id.mode,
                    type_name: id.type_name.clone(),
                    name: id.name.clone(),
                    key: key.clone(),
                };
                found.extend(seen.as_ref().map(|seen| (address, kind, seen.plan.clone())));
            }
        }
        found
    }

    /// Learns the attributes of an instance; `None` after a failure.
    pub fn learn(&mut self, address: &Address, seen: Option<Seen>) {
        let id = ResourceId {
            mode: address.mode,
            type_name: address.type_name.clone(),
            name: address.name.clone(),
        };
        let instances = self
            .objects
            .entry((address.module.clone(), id))
            .or_insert(Instances {
                repeated: match address.key {
                    InstanceKey::None => Repeated::Once,
                    InstanceKey::Index(_) => Repeated::Count,
                    InstanceKey::Key(_) => Repeated::ForEach,
                },
                seen: BTreeMap::new(),
            });
        instances.seen.insert(address.key.clone(), seen);
    }

    /// Returns what was learnt of an instance.
    #[must_use]
    pub fn seen(&self, address: &Address) -> Option<&Seen> {
        let id = ResourceId {
            mode: address.mode,
            type_name: address.type_name.clone(),
            name: address.name.clone(),
        };
        self.instances(&address.module, &id)?
            .seen
            .get(&address.key)?
            .as_ref()
    }

    /// Returns the instances of the module at a path.
    ///
    /// # Errors
    /// What is wrong with `count` or `for_each` of a call on the way.
    pub fn module_instances(&self, path: &[Arc<str>]) -> Outcome<Vec<ModuleAddress>> {
        let Some((name, parent)) = path.split_last() else {
            return Ok(vec![ModuleAddress::default()]);
        };
        let mut found = Vec::new();
        for parent in self.module_instances(parent)? {
            for (key, _) in &self.call_keys(&parent, name)?.keys {
                found.push(parent.child(name, key.clone()));
            }
        }
        Ok(found)
    }

    pub(super) fn call(&self, parent: &ModuleAddress, name: &str) -> Option<&DeclaredCall> {
        self.module(&static_path(parent))?.calls.get(name)
    }

    pub(super) fn call_keys(&self, parent: &ModuleAddress, name: &Arc<str>) -> Outcome<Arc<Keys>> {
        let key = (parent.clone(), name.clone());
        let calls = || self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = calls().get(&key) {
            return known.clone();
        }
        let Some(call) = self.call(parent, name) else {
            return Err(Vec::new());
        };
        let keys = self
            .keys(parent, &call.repetition, View::Plan)
            .map(Arc::new);
        calls().insert(key, keys.clone());
        // The failure is told once, by whoever asked first.
        keys.inspect_err(|_| {
            calls().insert((parent.clone(), name.clone()), Err(Vec::new()));
        })
    }

    /// Works out the instance keys of a block.
    ///
    /// # Errors
    /// What is wrong with its `count` or `for_each`.
    pub fn keys(
        &self,
        module: &ModuleAddress,
        repetition: &Repetition,
        view: View,
    ) -> Outcome<Keys> {
        let scope = InstanceScope::new(self, module, view);
        let one = |key| Keys {
            repeated: Repeated::Once,
            keys: vec![(key, None)],
        };
        match repetition {
            Repetition::Once => Ok(one(InstanceKey::None)),
            _ if self.blind => Ok(self.blind_keys(repetition)),
            Repetition::Count(expression) => {
                super::repeat::count(&evaluate(expression, &scope)?, expression.span)
            }
            Repetition::ForEach(expression) => {
                super::repeat::for_each(&evaluate(expression, &scope)?, expression.span)
            }
            Repetition::Enabled(expression) => {
                let on = evaluate(expression, &scope)?.as_bool().unwrap_or(true);
                let mut keys = one(InstanceKey::None);
                keys.keys.truncate(usize::from(on));
                Ok(keys)
            }
        }
    }

    /// One instance of each block, of which nothing is known.
    fn blind_keys(&self, repetition: &Repetition) -> Keys {
        let unknown = Value::unknown(Type::Dynamic, Arc::default());
        let (repeated, key) = match repetition {
            Repetition::Count(_) => (Repeated::Count, InstanceKey::Index(0)),
            Repetition::ForEach(_) => (Repeated::ForEach, InstanceKey::Key("".into())),
            _ => (Repeated::Once, InstanceKey::None),
        };
        Keys {
            repeated,
            keys: vec![(key, Some(unknown))],
        }
    }

    /// Works out an output of a module instance.
    ///
    /// # Errors
    /// Whatever is wrong with its expression.
    pub fn output(&self, module: &ModuleAddress, name: &Arc<str>, view: View) -> Outcome<Value> {
        let path = static_path(module);
        let Some(output) = self
            .module(&path)
            .and_then(|module| module.outputs.get(name))
        else {
            return Err(Vec::new());
        };
        let scope = InstanceScope::new(self, module, view);
        let value = evaluate(&output.value, &scope)?;
        Ok(value.marked(Marks {
            sensitive: output.sensitive,
            ephemeral: output.ephemeral,
            fresh: false,
        }))
    }

    /// Works out a local value of a module instance, once.
    pub(super) fn local(&self, at: &ModuleAddress, name: &Arc<str>, view: View) -> Outcome<Value> {
        self.remembered((at.clone(), Subject::Local(name.clone()), view), || {
            let module = self.module(&static_path(at));
            let local = module.and_then(|module| module.locals.get(name));
            let local = local.ok_or_else(Vec::new)?;
            evaluate(&local.value, &InstanceScope::new(self, at, view))
        })
    }

    /// Works out the value of a variable in a module instance.
    pub(super) fn variable(
        &self,
        module: &ModuleAddress,
        name: &Arc<str>,
        view: View,
    ) -> Outcome<Value> {
        let path = static_path(module);
        let Some(declared) = self
            .module(&path)
            .and_then(|module| module.variables.get(name))
        else {
            return Err(Vec::new());
        };
        let marks = Marks {
            sensitive: declared.sensitive,
            ephemeral: declared.ephemeral,
            fresh: false,
        };
        let Some((step, parents)) = module.0.split_last() else {
            let given = self.variables.get(name).cloned();
            let value =
                given.unwrap_or_else(|| Value::unknown(declared.ty.clone(), Arc::default()));
            return Ok(value.marked(marks));
        };
        let parent = ModuleAddress(parents.into());
        let call = self.call(&parent, &step.name).ok_or_else(Vec::new)?;
        let argument = call.arguments.attribute(name);
        let given = match argument {
            Some(argument) => {
                let scope = self.call_scope(&parent, step, view)?;
                let value = evaluate(&argument.value, &scope)?;
                let replaced = value.is_null() && !declared.nullable;
                (!replaced).then_some((value, argument.value.span))
            }
            None => None,
        };
        let Some((value, span)) = given else {
            let ty = || declared.ty.clone();
            let nothing = || match self.blind {
                true => Value::unknown(ty(), Arc::default()),
                false => Value::null(ty()),
            };
            let default = declared.default.clone();
            return Ok(default.unwrap_or_else(nothing).marked(marks));
        };
        let value = declared
            .defaults
            .as_ref()
            .map_or_else(|| value.clone(), |all| all.apply(&value));
        convert(&value, &declared.ty)
            .map(|value| value.marked(marks))
            .map_err(|why| vec![wrong_argument(declared, &why, span)])
    }

    /// Returns the scope of the arguments of one instance of a call.
    fn call_scope(
        &self,
        parent: &ModuleAddress,
        step: &ModuleStep,
        view: View,
    ) -> Outcome<InstanceScope<'_>> {
        let keys = self.call_keys(parent, &step.name)?;
        let value = keys.keys.iter().find(|(key, _)| *key == step.key);
        let mut scope = InstanceScope::new(self, parent, view);
        scope.instance.key = Some(step.key.clone());
        scope.instance.each_value = value.and_then(|(_, value)| value.clone());
        Ok(scope)
    }

    /// Returns the block that declares an address, instances aside.
    #[must_use]
    pub fn block(&self, address: &Address) -> Option<&DeclaredResource> {
        let id = ResourceId {
            mode: address.mode,
            type_name: address.type_name.clone(),
            name: address.name.clone(),
        };
        self.declared(&address.module, &id)
    }

    /// Returns the declaration of a block.
    /// Returns the block that declares an object.
    #[must_use]
    pub fn declares(&self, address: &Address) -> Option<&DeclaredResource> {
        let id = ResourceId {
            mode: address.mode,
            type_name: address.type_name.clone(),
            name: address.name.clone(),
        };
        self.declared(&address.module, &id)
    }

    pub(super) fn declared(
        &self,
        module: &ModuleAddress,
        id: &ResourceId,
    ) -> Option<&DeclaredResource> {
        self.module(&static_path(module))?.resources.get(id)
    }

    /// Returns the objects of a block as one value.
    pub(super) fn objects_of(
        &self,
        module: &ModuleAddress,
        id: &ResourceId,
        view: View,
    ) -> Outcome<Value> {
        let Some(instances) = self.instances(module, id) else {
            return Ok(self.unseen(module, id));
        };
        let one = |seen: &Option<Seen>| -> Outcome<Value> {
            let seen = seen.as_ref().ok_or_else(Vec::new)?;
            Ok(match (view, &seen.real) {
                (View::Real, Some(real)) => real.clone(),
                _ => seen.plan.clone(),
            })
        };
        match instances.repeated {
            Repeated::Once => match instances.seen.get(&InstanceKey::None) {
                Some(seen) => one(seen),
                None => Err(Vec::new()),
            },
            Repeated::Count => {
                let items = instances
                    .seen
                    .values()
                    .map(one)
                    .collect::<Outcome<Vec<_>>>()?;
                Ok(Value::tuple(items))
            }
            Repeated::ForEach => {
                let mut fields = BTreeMap::new();
                for (key, seen) in &instances.seen {
                    if let InstanceKey::Key(key) = key {
                        fields.insert(key.clone(), one(seen)?);
                    }
                }
                Ok(Value::object(fields))
            }
        }
    }

    /// Returns the instances of a called module as one value: objects of its outputs, or of the one that is asked for.
    pub(super) fn called(
        &self,
        parent: &ModuleAddress,
        name: &Arc<str>,
        path: &[Step],
        view: View,
    ) -> Outcome<Value> {
        let keys = self.call_keys(parent, name)?;
        let child = self.call(parent, name).and_then(|call| call.module.clone());
        let Some(child) = child else {
            return Err(Vec::new());
        };
        if self.blind && keys.repeated != Repeated::Once {
            return Ok(Value::unknown(Type::Dynamic, Arc::default()));
        }
        let skip = usize::from(keys.repeated != Repeated::Once);
        let asked = match path.get(skip) {
            Some(Step::Attribute(output)) if child.outputs.contains_key(output) => Some(output),
            _ => None,
        };
        let object = |key: &InstanceKey| -> Outcome<Value> {
            let module = parent.child(name, key.clone());
            let outputs = child
                .outputs
                .keys()
                .filter(|output| asked.is_none_or(|one| one == *output));
            let fields =
                outputs.map(|output| Ok((output.clone(), self.output(&module, output, view)?)));
            Ok(Value::object(fields.collect::<Outcome<_>>()?))
        };
        match keys.repeated {
            Repeated::Once => object(&InstanceKey::None),
            Repeated::Count => {
                let items = keys.keys.iter().map(|(key, _)| object(key));
                Ok(Value::tuple(items.collect::<Outcome<_>>()?))
            }
            Repeated::ForEach => {
                let mut fields = BTreeMap::new();
                for (key, _) in &keys.keys {
                    if let InstanceKey::Key(text) = key {
                        fields.insert(text.clone(), object(key)?);
                    }
                }
                Ok(Value::object(fields))
            }
        }
    }

    /// Asks memory first; remembers what is wholly known, and failures, which are told once.
    pub(super) fn remembered(
        &self,
        key: (ModuleAddress, Subject, View),
        work: impl FnOnce() -> Outcome<Value>,
    ) -> Outcome<Value> {
        let memory = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = memory().get(&key) {
            return known.clone();
        }
        let outcome = work();
        match &outcome {
            Ok(value) if value.is_wholly_known() || self.blind => {
                memory().insert(key, outcome.clone());
            }
            Ok(_) => {}
            Err(_) => {
                memory().insert(key, Err(Vec::new()));
            }
        }
        outcome
    }

    /// Forgets what was worked out, so that it is worked out anew from what was learnt since.
    pub fn forget(&self) {
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

fn wrong_argument(declared: &DeclaredVariable, why: &str, span: Span) -> Diagnostic {
    let (name, ty) = (&declared.name.text, &declared.ty);
    Diagnostic::error(
        "wrong-type",
        format!("the value for the module's variable `{name}` does not fit its type: {why}"),
    )
    .at(span, "this value")
    .at(declared.span, format!("declared here as `{ty}`"))
}

fn collect(module: &Arc<Module>, modules: &mut BTreeMap<ModulePath, Arc<Module>>) {
    modules.insert(module.path.clone(), module.clone());
    for call in module.calls.values() {
        if let Some(child) = &call.module {
            collect(child, modules);
        }
    }
}

/// Returns the path of a module instance without its keys.
#[must_use]
pub fn static_path(module: &ModuleAddress) -> ModulePath {
    module.0.iter().map(|step| step.name.clone()).collect()
}
