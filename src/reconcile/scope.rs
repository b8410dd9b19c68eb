//! What the names of an expression stand for at one instance of a block.

use super::world::{Instance, Repeated, View, World, static_path};
use crate::config::ResourceId;
use crate::eval::{Reference, Scope, Subject, World as Surround};
use crate::source::{Diagnostic, Outcome, Span};
use crate::value::{Address, InstanceKey, Mode, ModuleAddress, Type, Value};
use std::sync::{Arc, PoisonError};

/// The scope of expressions in one module instance, at one instance of a block.
pub struct InstanceScope<'a> {
    pub world: &'a World,
    pub module: ModuleAddress,
    pub view: View,
    pub instance: Instance,
}

impl<'a> InstanceScope<'a> {
    /// Makes the scope of a module instance outside of any block with instances.
    #[must_use]
    pub fn new(world: &'a World, module: &ModuleAddress, view: View) -> InstanceScope<'a> {
        InstanceScope {
            world,
            module: module.clone(),
            view,
            instance: Instance::default(),
        }
    }

    /// Makes the scope of one instance of a block.
    #[must_use]
    pub fn of(
        world: &'a World,
        address: &Address,
        each_value: Option<Value>,
        view: View,
    ) -> InstanceScope<'a> {
        let mut scope = InstanceScope::new(world, &address.module, view);
        scope.instance.key = Some(address.key.clone());
        scope.instance.each_value = each_value;
        scope
    }

    fn outside(&self, what: &str, where_to: &str, span: Span) -> Outcome<Value> {
        Err(vec![
            Diagnostic::error("invalid-reference", format!("`{what}` has no value here"))
                .at(span, "used here")
                .hint(format!("it stands for something only {where_to}")),
        ])
    }

    fn resource(&self, mode: Mode, type_name: &Arc<str>, name: &Arc<str>) -> Outcome<Value> {
        let id = ResourceId {
            mode,
            type_name: type_name.clone(),
            name: name.clone(),
        };
        self.world.objects_of(&self.module, &id, self.view)
    }

    fn directory(&self, of: &ModuleAddress) -> Value {
        let module = self.world.module(&static_path(of));
        let directory = module.map(|module| module.directory.to_string_lossy().into_owned());
        let directory = directory
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| ".".to_owned());
        directory.into()
    }
}

impl InstanceScope<'_> {
    /// Returns one instance of a block, where it was looked at.
    fn one_instance(&self, id: &ResourceId, key: &Value) -> Option<Value> {
        if self.world.blind {
            let kind = self.world.declared(&self.module, id)?.kind?;
            return Some(super::blind::blank(kind));
        }
        let instances = self.world.instances(&self.module, id)?;
        let key = match instances.repeated {
            Repeated::ForEach => InstanceKey::Key(key.as_text()?.into()),
            Repeated::Count => {
                InstanceKey::Index(u64::try_from(key.as_number()?.as_usize()?).ok()?)
            }
            Repeated::Once => return None,
        };
        let seen = instances.seen.get(&key)?.as_ref()?;
        let real = seen.real.as_ref().filter(|_| self.view == View::Real);
        Some(real.unwrap_or(&seen.plan).clone())
    }
}

impl Scope for InstanceScope<'_> {
    fn element(&self, reference: &Reference, key: &Value) -> Option<Value> {
        match &reference.subject {
            Subject::Resource {
                mode,
                type_name,
                name,
            } => {
                let id = ResourceId {
                    mode: *mode,
                    type_name: type_name.clone(),
                    name: name.clone(),
                };
                self.one_instance(&id, key)
            }
            Subject::Module(name) if self.world.blind => {
                self.world.any_call(&self.module, name, self.view)
            }
            Subject::Variable(_) | Subject::Local(_) => {
                let whole = (self.module.clone(), reference.subject.clone(), self.view);
                let memory = self.world.memory.lock();
                let memory = memory.unwrap_or_else(PoisonError::into_inner);
                let value = memory.get(&whole)?.as_ref().ok()?;
                let element = value.as_fields()?.get(key.as_text()?)?;
                Some(element.clone().marked(value.marks))
            }
            _ => None,
        }
    }

    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        let key = || (self.module.clone(), reference.subject.clone(), self.view);
        match &reference.subject {
            Subject::Variable(name) => self
                .world
                .remembered(key(), || self.world.variable(&self.module, name, self.view)),
            Subject::Local(name) => self.world.local(&self.module, name, self.view),
            Subject::Resource {
                mode,
                type_name,
                name,
            } => self.resource(*mode, type_name, name),
            Subject::Module(name) => {
                self.world
                    .called(&self.module, name, &reference.path, self.view)
            }
            Subject::EachKey => match &self.instance.key {
                Some(InstanceKey::Key(_)) if self.world.blind => {
                    Ok(Value::unknown(Type::String, Arc::default()))
                }
                Some(InstanceKey::Key(key)) => Ok(Value::from(&**key)),
                _ => self.outside("each.key", "in a block with `for_each`", reference.span),
            },
            Subject::EachValue => match (&self.instance.key, &self.instance.each_value) {
                (Some(InstanceKey::Key(_)), Some(value)) => Ok(value.clone()),
                _ => self.outside("each.value", "in a block with `for_each`", reference.span),
            },
            Subject::CountIndex => match &self.instance.key {
                Some(InstanceKey::Index(_)) if self.world.blind => {
                    Ok(Value::unknown(Type::Number, Arc::default()))
                }
                Some(InstanceKey::Index(index)) => {
                    Ok(Value::from(i64::try_from(*index).unwrap_or(i64::MAX)))
                }
                _ => self.outside("count.index", "in a block with `count`", reference.span),
            },
            Subject::PathModule => Ok(self.directory(&self.module)),
            Subject::PathRoot => Ok(self.directory(&ModuleAddress::default())),
            Subject::PathCwd => {
                let directory = self.world.surroundings.working_directory();
                Ok(directory.to_string_lossy().into_owned().into())
            }
            Subject::Workspace => Ok(Value::from(&*self.world.workspace)),
            Subject::SelfObject => match &self.instance.itself {
                Some(value) => Ok(value.clone()),
                None if self.world.blind => Ok(Value::unknown(Type::Dynamic, Arc::default())),
                None => self.outside("self", "in postconditions and provisioners", reference.span),
            },
        }
    }

    fn world(&self) -> Surround<'_> {
        Surround {
            surroundings: &*self.world.surroundings,
            base_directory: &self.world.root,
            phase: self.world.phase,
            now: self.world.now,
            entropy: &|bytes| rand::fill(bytes),
        }
    }
}
