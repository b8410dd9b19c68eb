//! What the names in an expression stand for: references, and the scope that answers them.

use super::functions::Phase;
use crate::source::{Outcome, Span, Surroundings};
use crate::value::{Mode, Value};
use std::path::Path;
use std::sync::Arc;

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// `var.name`
    Variable(Arc<str>),
    /// `local.name`
    Local(Arc<str>),
    /// `type.name`, `data.type.name`, `ephemeral.type.name`: all instances of it.
    Resource {
        mode: Mode,
        type_name: Arc<str>,
        name: Arc<str>,
    },
    /// `module.name`: all instances of it, each an object of its outputs.
    Module(Arc<str>),
    /// `each.key`
    EachKey,
    /// `each.value`
    EachValue,
    /// `count.index`
    CountIndex,
    /// `path.module`
    PathModule,
    /// `path.root`
    PathRoot,
    /// `path.cwd`
    PathCwd,
    /// `terraform.workspace`
    Workspace,
    /// `self`
    SelfObject,
}

/// A step from what a reference names into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.name`, `["name"]`
    Attribute(Arc<str>),
    /// `[0]`
    Index(u64),
    /// `[key]` of a key that is no literal.
    Computed,
    /// `[*]`, `.*`
    Splat,
}

/// A name in an expression that something outside of it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub subject: Subject,
    /// The steps that follow, as far as the text tells them: the output of a module, the key of an instance.
    pub path: Vec<Step>,
    pub span: Span,
}

/// What functions may know of the world, and when they are called.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub surroundings: &'a dyn Surroundings,
    /// The directory that relative paths start from: the root module's.
    pub base_directory: &'a Path,
    pub phase: Phase,
    /// The time in seconds since 1970, used at apply only.
    pub now: i64,
    /// Fills with random bytes, used at apply only.
    pub entropy: &'a dyn Fn(&mut [u8]),
}

/// Answers the references of an expression.
pub trait Scope {
    /// Returns the value of what a reference names, without its steps: those are taken afterwards.
    ///
    /// # Errors
    /// Tells what is not declared, or not allowed here, at the span of the reference.
    fn resolve(&self, reference: &Reference) -> Outcome<Value>;

    /// Returns one element of what a reference names, where that can be had without all the others; `None` where it
    /// cannot, or where there is no such element.
    fn element(&self, _reference: &Reference, _key: &Value) -> Option<Value> {
        None
    }

    /// Returns the value of a bare name that is bound around the expression: the iterator of a `dynamic` block, a
    /// variable of a template.
    fn bound(&self, _name: &str) -> Option<Value> {
        None
    }

    /// Lists the bare names that are bound, for "did you mean".
    fn bound_names(&self) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// Tells whether it is the scope of a template file, in which no other template can be rendered.
    fn is_template(&self) -> bool {
        false
    }

    /// Returns what functions may know of the world.
    fn world(&self) -> World<'_>;
}
