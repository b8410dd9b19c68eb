//! Provider blocks: what they say, and by which name their connections go.

use super::graph::ModulePath;
use super::world::{InstanceScope, View, World};
use crate::config::{DeclaredProvider, Repetition};
use crate::eval::{Decoded, decode_provider};
use crate::plan::ProviderName;
use crate::source::{Outcome, Span};
use crate::value::{InstanceKey, ModuleAddress, Value};
use std::sync::Arc;

/// What one instance of a provider block says.
pub struct Worked {
    pub name: ProviderName,
    pub span: Span,
    pub decoded: Decoded,
}

/// Works out a provider block of a module, all its instances; nothing where there is no such block, or it is none of ours.
pub(super) fn worked_out(
    world: &World,
    path: &ModulePath,
    name: &Arc<str>,
    view: View,
) -> Outcome<Vec<Worked>> {
    let module = world.module(path).cloned();
    let declared = module.as_ref().and_then(|one| one.providers.get(name));
    let Some(declared) = declared.filter(|one| &*one.name.text == "vault") else {
        return Ok(Vec::new());
    };
    let instances = world.module_instances(path).unwrap_or_default();
    let at = instances.first().cloned().unwrap_or_default();
    let mut scope = InstanceScope::new(world, &at, view);
    let mut found = Vec::new();
    for (key, value) in keys(world, &at, declared, view)? {
        scope.instance.key = key.as_deref().map(|key| InstanceKey::Key(key.into()));
        scope.instance.each_value = value;
        found.push(Worked {
            name: connection_name(path, name, key.as_deref()),
            span: declared.span,
            decoded: decode_provider(&declared.body, &scope),
        });
    }
    Ok(found)
}

fn keys(
    world: &World,
    at: &ModuleAddress,
    declared: &DeclaredProvider,
    view: View,
) -> Outcome<Vec<(Option<String>, Option<Value>)>> {
    let Some(each) = &declared.for_each else {
        return Ok(vec![(None, None)]);
    };
    let repetition = Repetition::ForEach(each.clone());
    let keys = world.keys(at, &repetition, view)?.keys;
    Ok(keys
        .into_iter()
        .map(|(key, value)| (key_text(&key), value))
        .collect())
}

/// Works out the provider block behind a connection with all that an apply has learnt.
///
/// # Errors
/// Whatever is wrong with its expressions.
pub fn provider_now(world: &World, wanted: &ProviderName) -> Outcome<Option<Worked>> {
    let paths: Vec<(ModulePath, Vec<Arc<str>>)> = world
        .modules()
        .map(|module| {
            (
                module.path.clone(),
                module.providers.keys().cloned().collect(),
            )
        })
        .collect();
    for (path, names) in paths {
        for name in names {
            let bare = connection_name(&path, &name, None);
            let own = **wanted == *bare || wanted.starts_with(&format!("{bare}["));
            if !own {
                continue;
            }
            let worked = worked_out(world, &path, &name, View::Real)?;
            if let Some(one) = worked.into_iter().find(|one| one.name == *wanted) {
                return Ok(Some(one));
            }
        }
    }
    Ok(None)
}

/// Returns the name of a connection: `vault`, `module.a/vault.east`, `vault.east["x"]`.
pub(super) fn connection_name(path: &[Arc<str>], name: &str, key: Option<&str>) -> ProviderName {
    let mut text = path
        .iter()
        .map(|part| format!("module.{part}/"))
        .collect::<String>();
    text.push_str(name);
    if let Some(key) = key {
        text.push_str(&format!("[{key:?}]"));
    }
    text.into()
}

fn key_text(key: &InstanceKey) -> Option<String> {
    match key {
        InstanceKey::Key(key) => Some(key.to_string()),
        InstanceKey::Index(index) => Some(index.to_string()),
        InstanceKey::None => None,
    }
}
