//! Places in the configuration that `moved`, `import` and `removed` blocks name.

use crate::source::{Diagnostic, Span};
use crate::syntax::{Expression, Name, Node, Part};
use crate::value::{Address, InstanceKey, Mode, ModuleAddress};
use std::fmt;
use std::sync::Arc;

/// A module, a resource, or an instance of one. The module is relative to the module in which the place is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub module: ModuleAddress,
    /// `None`: the module itself.
    pub resource: Option<PlaceOfResource>,
    pub span: Span,
}

/// The part of a [`Place`] after the modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOfResource {
    pub mode: Mode,
    pub type_name: Arc<str>,
    pub name: Arc<str>,
    /// [`InstanceKey::None`]: all instances, or the only one.
    pub key: InstanceKey,
}

impl Place {
    /// Returns the address of the resource, seen from the root, where the place is one; `module` is the instance in which
    /// the place is named.
    #[must_use]
    pub fn address(&self, module: &ModuleAddress) -> Option<Address> {
        let resource = self.resource.as_ref()?;
        Some(Address {
            module: self.module_from(module),
            mode: resource.mode,
            type_name: resource.type_name.clone(),
            name: resource.name.clone(),
            key: resource.key.clone(),
        })
    }

    /// Returns the module, seen from the root.
    #[must_use]
    pub fn module_from(&self, module: &ModuleAddress) -> ModuleAddress {
        let steps = module.0.iter().chain(self.module.0.iter()).cloned();
        ModuleAddress(steps.collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address(&ModuleAddress::default()) {
            Some(address) => write!(out, "{address}"),
            None => write!(out, "{}", self.module),
        }
    }
}

/// What one `.name` or `[key]` of a place is.
enum Word<'a> {
    Name(&'a Name),
    Key(&'a Expression),
}

/// Makes a place of an expression. `key` is asked for instance keys that are not written out; where it answers `None`
/// the place is refused.
///
/// # Errors
/// Tells what in the expression names no place.
pub fn place(
    expression: &Expression,
    key: &mut dyn FnMut(&Expression) -> Option<InstanceKey>,
) -> Result<Place, Box<Diagnostic>> {
    let mut words = Vec::new();
    if !collect(expression, &mut words) {
        return Err(wrong(expression.span));
    }
    let mut words = words.into_iter().peekable();
    let mut module = ModuleAddress::default();
    while matches!(words.peek(), Some(Word::Name(name)) if &*name.text == "module") {
        words.next();
        let name = next_name(&mut words).ok_or_else(|| wrong(expression.span))?;
        let step_key = next_key(&mut words, key)?;
        module = module.child(&name.text, step_key);
    }
    let resource = match words.peek() {
        None if module.is_root() => return Err(wrong(expression.span)),
        None => None,
        Some(_) => Some(resource_of(&mut words, key).ok_or_else(|| wrong(expression.span))??),
    };
    match words.next() {
        Some(_) => Err(wrong(expression.span)),
        None => Ok(Place {
            module,
            resource,
            span: expression.span,
        }),
    }
}

type Words<'a> = std::iter::Peekable<std::vec::IntoIter<Word<'a>>>;

fn resource_of(
    words: &mut Words<'_>,
    key: &mut dyn FnMut(&Expression) -> Option<InstanceKey>,
) -> Option<Result<PlaceOfResource, Box<Diagnostic>>> {
    let first = next_name(words)?;
    let mode = match &*first.text {
        "data" => Mode::Data,
        "ephemeral" => Mode::Ephemeral,
        _ => Mode::Managed,
    };
    let type_name = if mode == Mode::Managed {
        first
    } else {
        next_name(words)?
    };
    let name = next_name(words)?;
    Some(next_key(words, key).map(|key| PlaceOfResource {
        mode,
        type_name: type_name.text.clone(),
        name: name.text.clone(),
        key,
    }))
}

fn next_name<'a>(words: &mut Words<'a>) -> Option<&'a Name> {
    match words.next() {
        Some(Word::Name(name)) => Some(name),
        _ => None,
    }
}

fn next_key(
    words: &mut Words<'_>,
    key: &mut dyn FnMut(&Expression) -> Option<InstanceKey>,
) -> Result<InstanceKey, Box<Diagnostic>> {
    let Some(Word::Key(expression)) = words.peek() else {
        return Ok(InstanceKey::None);
    };
    let found = written_key(expression).or_else(|| key(expression));
    let found = found.ok_or_else(|| {
        Diagnostic::error(
            "invalid-address",
            "an instance key must be a string or a whole number",
        )
        .at(expression.span, "this is not written out")
    })?;
    words.next();
    Ok(found)
}

/// Returns the instance key that an expression writes out: `"a"`, `0`.
#[must_use]
pub fn written_key(expression: &Expression) -> Option<InstanceKey> {
    match &expression.node {
        Node::Number(number) => {
            let index = u64::try_from(number.as_i64()?).ok()?;
            Some(InstanceKey::Index(index))
        }
        Node::Template(parts) => match parts.as_slice() {
            [] => Some(InstanceKey::Key("".into())),
            [Part::Literal(text, _)] => Some(InstanceKey::Key(text.clone())),
            _ => None,
        },
        Node::Parenthesis(inner) => written_key(inner),
        _ => None,
    }
}

fn collect<'a>(expression: &'a Expression, words: &mut Vec<Word<'a>>) -> bool {
    match &expression.node {
        Node::Variable(name) => words.push(Word::Name(name)),
        Node::Attribute(base, name) => {
            if !collect(base, words) {
                return false;
            }
            words.push(Word::Name(name));
        }
        Node::Index(base, key) => {
            if !collect(base, words) {
                return false;
            }
            words.push(Word::Key(key));
        }
        _ => return false,
    }
    true
}

fn wrong(span: Span) -> Box<Diagnostic> {
    let error = Diagnostic::error("invalid-address", "this is not the address of a resource or module")
        .at(span, "expected such as `vault_mount.kv` or `module.team`")
        .hint("write `TYPE.NAME`, `module.NAME` or `module.NAME.TYPE.NAME`, with `[\"key\"]` for one instance");
    Box::new(error)
}
