//! Objects that an `import` block names and no `resource` block declares: found by their ids.

use super::object::home_of;
use super::world::{InstanceScope, View, World};
use crate::catalog::{Kind, Life, ResourceType, registry};
use crate::config::place::place;
use crate::config::{DeclaredImport, Repetition};
use crate::eval::evaluate;
use crate::eval::schema::type_of;
use crate::observe::{Cache, Connection, Wanted, look_at};
use crate::plan::Owned;
use crate::plan::place::{place_of, read_back};
use crate::plan::template::effective;
use crate::source::{Diagnostic, Outcome, Span};
use crate::syntax::Expression;
use crate::value::{Address, InstanceKey, ModuleAddress, ServerPath, Value, convert};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An object that is to be described.
pub struct Found {
    pub address: Address,
    pub kind: &'static ResourceType,
    /// What the `import` block calls it.
    pub id: String,
    /// The `import` block's header.
    pub span: Span,
    /// The provider block that the `import` block names.
    pub provider: Option<Arc<str>>,
}

/// Works out which addresses an `import` block speaks of, each with the id of its object.
///
/// # Errors
/// What is wrong with its expressions.
pub fn import_targets(world: &World, block: &DeclaredImport) -> Outcome<Vec<(Address, String)>> {
    let at = ModuleAddress::default();
    let instances = match &block.for_each {
        None => vec![(InstanceKey::None, None)],
        Some(each) => {
            let repetition = Repetition::ForEach(each.clone());
            world.keys(&at, &repetition, View::Plan)?.keys
        }
    };
    let mut found = Vec::new();
    for (key, value) in instances {
        let mut scope = InstanceScope::new(world, &at, View::Plan);
        scope.instance.key = Some(key);
        scope.instance.each_value = value;
        found.push(import_target(block, &scope)?);
    }
    Ok(found)
}

fn import_target(block: &DeclaredImport, scope: &InstanceScope<'_>) -> Outcome<(Address, String)> {
    let wrong = |message: &str| {
        vec![Diagnostic::error("invalid-import", message).at(block.span, "in this block")]
    };
    let id = block
        .id
        .as_ref()
        .ok_or_else(|| wrong("an `import` block needs `id`"))?;
    let id = evaluate(id, scope)?;
    let id = id
        .as_text()
        .ok_or_else(|| wrong("the `id` of an import must be known text"))?
        .to_owned();
    let mut key = |expression: &Expression| {
        let value = evaluate(expression, scope).ok()?;
        match value.as_text() {
            Some(text) => Some(InstanceKey::Key(Arc::from(text))),
            None => {
                let index = value.as_number()?.as_i64()?;
                Some(InstanceKey::Index(u64::try_from(index).ok()?))
            }
        }
    };
    let place = place(&block.to, &mut key).map_err(|problem| vec![*problem])?;
    let address = place.address(&ModuleAddress::default());
    let address = address.ok_or_else(|| wrong("`to` must name a resource"))?;
    Ok((address, id))
}

/// Lists what the `import` blocks name and nothing declares.
///
/// # Errors
/// What is wrong with a block, or cannot be described by one block of its own.
pub fn undeclared(world: &World) -> Outcome<Vec<Found>> {
    let (mut found, mut told) = (Vec::new(), Vec::new());
    for block in &world.configuration.root.imports {
        match import_targets(world, block) {
            Ok(targets) => {
                for (address, id) in targets {
                    if world.block(&address).is_none() {
                        match describable(block, address, id) {
                            Ok(one) => found.push(one),
                            Err(problem) => told.push(*problem),
                        }
                    }
                }
            }
            Err(problems) => told.extend(problems),
        }
    }
    match told.is_empty() {
        true => Ok(found),
        false => Err(told),
    }
}

fn describable(
    block: &DeclaredImport,
    address: Address,
    id: String,
) -> Result<Found, Box<Diagnostic>> {
    let wrong = |message: String, hint: &str| {
        let problem =
            Diagnostic::error("not-generated", message).at(block.to.span, "asked for here");
        Box::new(problem.hint(hint.to_owned()))
    };
    if !address.module.is_root() || address.key != InstanceKey::None {
        let message = format!("no block can be written for `{address}`");
        let hint =
            "write the block yourself, or import to addresses of the root module without keys";
        return Err(wrong(message, hint));
    }
    let Some(kind) = registry::lookup(address.mode, &address.type_name) else {
        let message = format!("there is no resource type `{}`", address.type_name);
        return Err(wrong(message, "`vaultform explain` lists the types"));
    };
    Ok(Found {
        address,
        kind,
        id,
        span: block.span,
        provider: block.provider.as_ref().map(|one| one.name.clone()),
    })
}

/// Looks at an object by its id, and returns its attributes.
///
/// # Errors
/// When the id is none of the type's, or nothing is there.
pub async fn described(found: &Found, connection: &Connection) -> Result<Value, Diagnostic> {
    let kind = found.kind;
    let (guide, own) = guide(kind, &found.id);
    let place = place_of(kind, &guide, home_of(connection), Some(&own));
    let Some(place) = place.filter(|_| !kind.place.is_empty()) else {
        let form = if kind.id.is_empty() {
            kind.place
        } else {
            kind.id
        };
        let message = format!("`{}` is not the id of a `{}`", found.id, kind.name);
        return Err(Diagnostic::error("invalid-import", message)
            .at(found.span, "in this block")
            .hint(format!("write it as `{form}`")));
    };
    // What the server names is found by that name alone.
    let named =
        matches!(kind.life, Life::Generate(_)).then(|| known_by(found, &own, place.clone()));
    let wanted = Wanted {
        kind,
        place,
        server: connection.server.clone(),
        guide: guide.clone(),
        owned: named.map(Arc::new),
        referenced: None,
    };
    let observed = look_at(&wanted, &Cache::default()).await;
    let observed = observed.map_err(|error| {
        let problem = error.to_diagnostic();
        problem.at(found.span, "while looking for this")
    })?;
    let Some(observed) = observed else {
        let message = format!("nothing lives on the server as `{}`", found.id);
        return Err(Diagnostic::error("import-missing", message)
            .at(found.span, "named by this block")
            .hint("check the id: for most types it is the path"));
    };
    Ok(overlaid(&guide, observed.attributes))
}

/// Returns the record of an object of which only its name on the server is known.
fn known_by(found: &Found, own: &str, place: ServerPath) -> Owned {
    Owned {
        address: found.address.clone(),
        type_name: found.kind.name.into(),
        provider: "vault".into(),
        place,
        id: own.into(),
        incarnation: "".into(),
        needs: BTreeSet::new(),
        deletion: BTreeMap::new(),
        prevent_destroy: false,
        desired: BTreeMap::new(),
        sent: BTreeMap::new(),
        rotated: BTreeSet::new(),
        hidden: BTreeSet::new(),
        pending: None,
        written_at: 0,
    }
}

/// Returns an object of a type that has nothing but what its id tells, and what the server itself calls it.
fn guide(kind: &ResourceType, id: &str) -> (Value, String) {
    let mut told = BTreeMap::new();
    for template in [kind.place, kind.id] {
        told.extend(read_back(template, id.trim_matches('/')));
    }
    let fields = kind.all().map(|attribute| {
        let ty = type_of(&attribute.kind);
        let text = told
            .get(attribute.name)
            .filter(|_| !matches!(attribute.kind, Kind::Block(..)));
        let value = text.and_then(|text| convert(&Value::from(text.as_str()), &ty).ok());
        (
            Arc::from(attribute.name),
            value.unwrap_or_else(|| Value::null(ty)),
        )
    });
    let guide = Value::object(fields.collect());
    (
        guide,
        told.get("id").cloned().unwrap_or_else(|| id.to_owned()),
    )
}

/// Returns the live attributes; what names the object and was not answered is as its id says.
fn overlaid(guide: &Value, live: Value) -> Value {
    let mut fields = live.as_fields().cloned().unwrap_or_default();
    for (name, value) in guide.as_fields().into_iter().flatten() {
        let there = fields.get(name).is_some_and(|live| !live.is_null());
        if !there && !value.is_null() {
            fields.insert(name.clone(), value.clone());
        }
    }
    Value::object(fields)
}

/// Finds where an `import` block and the declaration speak of different objects: the attribute, what the declaration says,
/// what the id says.
pub(super) fn names_another(
    kind: &ResourceType,
    attributes: &Value,
    id: &str,
) -> Option<(String, String, String)> {
    let spelled = |text: &str| text.trim_matches('/').to_lowercase();
    let told = [kind.id, kind.place]
        .iter()
        .map(|template| read_back(template, id.trim_matches('/')))
        .find(|told| !told.is_empty())?;
    told.into_iter().find_map(|(name, text)| {
        let attribute = kind.attribute(&name).filter(|_| name != "id")?;
        let value = effective(Some(attribute), attributes.field(&name), attributes)?;
        let declared = value
            .as_text()
            .filter(|declared| spelled(declared) != spelled(&text))?;
        Some((name, declared.to_owned(), text))
    })
}
