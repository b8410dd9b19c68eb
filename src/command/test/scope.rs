//! What the names in a test file stand for: the configuration's, its outputs, and those of earlier runs.

use crate::eval::{Reference, Scope, Subject, World};
use crate::reconcile::world::InstanceScope;
use crate::source::{Diagnostic, Outcome, nearest};
use crate::value::{Mode, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// First names that mean something in test files alone.
pub const OWN: [&str; 2] = ["run", "output"];

/// The scope of expressions in a test file.
pub struct TestScope<'a> {
    pub inner: InstanceScope<'a>,
    /// Variables of the test file and the run.
    pub variables: &'a BTreeMap<Arc<str>, Value>,
    /// The outputs of earlier runs, each an object.
    pub runs: &'a BTreeMap<Arc<str>, Value>,
    /// The outputs of this run; `None` while there are none yet.
    pub outputs: Option<&'a BTreeMap<Arc<str>, Value>>,
}

impl Scope for TestScope<'_> {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        match &reference.subject {
            Subject::Variable(name) => {
                let root = &self.inner.world.configuration.root;
                match self.variables.get(name) {
                    Some(value) if self.outputs.is_none() => Ok(value.clone()),
                    _ if root.variables.contains_key(name) => self.inner.resolve(reference),
                    Some(value) => Ok(value.clone()),
                    None => Err(vec![unknown("variable", name, reference, self.variables)]),
                }
            }
            Subject::Resource {
                mode: Mode::Managed,
                type_name,
                name,
            } if OWN.contains(&&**type_name) => {
                let nothing = BTreeMap::new();
                let (what, found) = match &**type_name {
                    "run" => ("earlier run", self.runs),
                    _ => ("output", self.outputs.unwrap_or(&nothing)),
                };
                match found.get(name) {
                    Some(value) => Ok(value.clone()),
                    None => Err(vec![unknown(what, name, reference, found)]),
                }
            }
            Subject::Resource { .. } | Subject::Local(_) | Subject::Module(_)
                if self.outputs.is_none() =>
            {
                let message = "nothing of the configuration has a value before its run";
                Err(vec![
                    Diagnostic::error("invalid-reference", message)
                        .at(reference.span, "used here")
                        .hint("use `var.NAME`, or an output of an earlier run: `run.NAME.OUTPUT`"),
                ])
            }
            _ => self.inner.resolve(reference),
        }
    }

    fn element(&self, reference: &Reference, key: &Value) -> Option<Value> {
        match &reference.subject {
            Subject::Resource { type_name, .. } if OWN.contains(&&**type_name) => None,
            Subject::Variable(_) => None,
            _ if self.outputs.is_none() => None,
            _ => self.inner.element(reference, key),
        }
    }

    fn world(&self) -> World<'_> {
        Scope::world(&self.inner)
    }
}

fn unknown(
    what: &str,
    name: &str,
    reference: &Reference,
    known: &BTreeMap<Arc<str>, Value>,
) -> Diagnostic {
    let problem = Diagnostic::error("undeclared", format!("there is no {what} `{name}`"))
        .at(reference.span, "used here");
    match nearest(name, known.keys().map(|key| &**key)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}
