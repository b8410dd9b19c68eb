//! Finding references in expressions without evaluating them: what the dependency graph is built of.

use super::scope::{Reference, Step, Subject};
use crate::source::Diagnostic;
use crate::syntax::{Block, Body, Expression, Name, Node, Part};
use crate::value::Mode;
use std::sync::Arc;

/// An expression as its first operand and the attribute and index steps after it, in the order of the text.
pub(super) struct Chain<'a> {
    pub(super) root: &'a Expression,
    pub(super) steps: Vec<&'a Expression>,
}

/// Divides an expression into its first operand and the steps after it.
pub(super) fn chain(expression: &Expression) -> Chain<'_> {
    let mut steps = Vec::new();
    let mut root = expression;
    while let Node::Attribute(base, _) | Node::Index(base, _) = &root.node {
        steps.push(root);
        root = base;
    }
    steps.reverse();
    Chain { root, steps }
}

/// Returns what a step from one value into it says by itself.
fn step_of(step: &Expression) -> Step {
    match &step.node {
        Node::Attribute(_, name) => Step::Attribute(name.text.clone()),
        Node::Index(_, key) => match &key.node {
            Node::Number(number) => number
                .as_usize()
                .and_then(|index| u64::try_from(index).ok())
                .map_or(Step::Computed, Step::Index),
            Node::Template(parts) => match parts.as_slice() {
                [Part::Literal(text, _)] => Step::Attribute(text.clone()),
                _ => Step::Computed,
            },
            _ => Step::Computed,
        },
        _ => Step::Splat,
    }
}

/// Makes a reference of a name and the steps after it; tells how many steps belong to the name of the subject.
pub(super) fn reference(
    root: &Name,
    steps: &[&Expression],
) -> Result<(Reference, usize), Box<Diagnostic>> {
    let names: Vec<&Name> = steps
        .iter()
        .map_while(|step| match &step.node {
            Node::Attribute(_, name) => Some(name),
            _ => None,
        })
        .collect();
    let subject = subject(root, &names)?;
    let used: usize = match &subject {
        Subject::SelfObject => 0,
        Subject::Resource { mode, .. } if *mode != Mode::Managed || &*root.text == "resource" => 2,
        _ => 1,
    };
    let end = used.checked_sub(1).and_then(|last| steps.get(last));
    let span = end.map_or(root.span, |step| root.span.to(step.span));
    let path = steps.iter().skip(used).map(|step| step_of(step)).collect();
    let reference = Reference {
        subject,
        path,
        span,
    };
    Ok((reference, used))
}

fn subject(root: &Name, names: &[&Name]) -> Result<Subject, Box<Diagnostic>> {
    let text = |at: usize| names.get(at).map(|name| name.text.clone());
    let subject = match &*root.text {
        "self" => Some(Subject::SelfObject),
        "var" => text(0).map(Subject::Variable),
        "local" => text(0).map(Subject::Local),
        "module" => text(0).map(Subject::Module),
        "data" => resource(Mode::Data, text(0), text(1)),
        "ephemeral" => resource(Mode::Ephemeral, text(0), text(1)),
        "resource" => resource(Mode::Managed, text(0), text(1)),
        "each" | "count" | "path" | "terraform" | "tofu" => return known_name(root, names),
        _ => resource(Mode::Managed, Some(root.text.clone()), text(0)),
    };
    subject.ok_or_else(|| Box::new(incomplete(root)))
}

fn resource(mode: Mode, type_name: Option<Arc<str>>, name: Option<Arc<str>>) -> Option<Subject> {
    Some(Subject::Resource {
        mode,
        type_name: type_name?,
        name: name?,
    })
}

/// Returns the subject of a root whose attributes are fixed.
fn known_name(root: &Name, names: &[&Name]) -> Result<Subject, Box<Diagnostic>> {
    let attribute = names.first();
    let known: &[(&str, Subject)] = match &*root.text {
        "each" => &[("key", Subject::EachKey), ("value", Subject::EachValue)],
        "count" => &[("index", Subject::CountIndex)],
        "path" => &[
            ("module", Subject::PathModule),
            ("root", Subject::PathRoot),
            ("cwd", Subject::PathCwd),
        ],
        _ => &[("workspace", Subject::Workspace)],
    };
    let all = || {
        let names: Vec<String> = known
            .iter()
            .map(|(name, _)| format!("`{}.{name}`", root.text))
            .collect();
        names.join(", ")
    };
    let Some(attribute) = attribute else {
        let told = Diagnostic::error(
            "invalid-reference",
            format!("`{}` must be followed by a name", root.text),
        );
        let told = told
            .at(root.span, "here")
            .hint(format!("there is {}", all()));
        return Err(Box::new(told));
    };
    known
        .iter()
        .find(|(name, _)| *name == &*attribute.text)
        .map(|(_, subject)| subject.clone())
        .ok_or_else(|| {
            let message = format!("there is no `{}.{}`", root.text, attribute.text);
            let told = Diagnostic::error("invalid-reference", message)
                .at(root.span.to(attribute.span), "here")
                .hint(format!("there is {}", all()));
            Box::new(told)
        })
}

/// Tells what a bare name lacks to be a reference.
fn incomplete(root: &Name) -> Diagnostic {
    let name = &root.text;
    let error =
        |message: String| Diagnostic::error("invalid-reference", message).at(root.span, "here");
    match &**name {
        "var" => error("`var` must be followed by the name of a variable".into())
            .hint("write `var.NAME`"),
        "local" => error("`local` must be followed by the name of a local value".into())
            .hint("write `local.NAME`"),
        "module" => error("`module` must be followed by the name of a module call".into())
            .hint("write `module.NAME.OUTPUT`"),
        "data" | "ephemeral" | "resource" => {
            error(format!("`{name}` must be followed by a type and a name"))
                .hint(format!("write `{name}.TYPE.NAME`"))
        }
        _ => error(format!("`{name}` names nothing here"))
            .detail("a reference to a resource must have its type and its name, such as `vault_mount.kv`")
            .hint(format!(
                "write `\"{name}\"` for text, `var.{name}` for a variable, `local.{name}` for a local value"
            )),
    }
}

/// Returns the references of an expression. Names that a `for` binds are none; what is no valid reference is left out,
/// since evaluation tells it.
#[must_use]
pub fn references(expression: &Expression) -> Vec<Reference> {
    references_within(expression, &[])
        .into_iter()
        .filter_map(Result::ok)
        .collect()
}

/// Returns the references of an expression around which names are bound, and what is wrong with those that are none.
#[must_use]
pub fn references_within(
    expression: &Expression,
    bound: &[Arc<str>],
) -> Vec<Result<Reference, Box<Diagnostic>>> {
    let mut finder = Finder {
        bound: bound.to_vec(),
        found: Vec::new(),
    };
    finder.expression(expression);
    finder.found
}

/// Returns the references of a body and of all blocks in it, those of `dynamic` blocks without their iterators.
#[must_use]
pub fn body_references(body: &Body) -> Vec<Reference> {
    let mut finder = Finder::default();
    finder.body(body);
    finder.found.into_iter().filter_map(Result::ok).collect()
}

#[derive(Default)]
struct Finder {
    bound: Vec<Arc<str>>,
    found: Vec<Result<Reference, Box<Diagnostic>>>,
}

impl Finder {
    fn body(&mut self, body: &Body) {
        for attribute in &body.attributes {
            self.expression(&attribute.value);
        }
        for block in &body.blocks {
            match (&*block.kind.text, block.labels.first()) {
                ("dynamic", Some(label)) => self.dynamic(block, label),
                _ => self.body(&block.body),
            }
        }
    }

    fn dynamic(&mut self, block: &Block, label: &Name) {
        let iterator = block
            .body
            .attribute("iterator")
            .map(|given| &given.value.node);
        let name = match iterator {
            Some(Node::Variable(name)) => name.text.clone(),
            _ => label.text.clone(),
        };
        for attribute in &block.body.attributes {
            match &*attribute.name.text {
                "iterator" => {}
                "labels" => self.binding(&[&name], |finder| finder.expression(&attribute.value)),
                _ => self.expression(&attribute.value),
            }
        }
        for inner in &block.body.blocks {
            self.binding(&[&name], |finder| finder.body(&inner.body));
        }
    }

    fn binding(&mut self, names: &[&Arc<str>], find: impl FnOnce(&mut Finder)) {
        let before = self.bound.len();
        self.bound.extend(names.iter().map(|name| (*name).clone()));
        find(self);
        self.bound.truncate(before);
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::SplatItem => {}
            Node::Variable(_) | Node::Attribute(..) | Node::Index(..) | Node::Splat { .. } => {
                self.steps(expression, &[]);
            }
            Node::Template(parts) => self.parts(parts),
            Node::Wrapped(inner) | Node::Parenthesis(inner) | Node::Unary(_, inner) => {
                self.expression(inner);
            }
            Node::Tuple(items)
            | Node::Call {
                arguments: items, ..
            } => {
                items.iter().for_each(|item| self.expression(item));
            }
            Node::Object(items) => {
                for item in items {
                    self.expression(&item.key);
                    self.expression(&item.value);
                }
            }
            Node::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Node::Conditional(condition, then, otherwise) => {
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
            Node::For(inner) => {
                self.expression(&inner.collection);
                let names = inner.key_variable.iter().chain([&inner.value_variable]);
                let names: Vec<&Arc<str>> = names.map(|name| &name.text).collect();
                self.binding(&names, |finder| {
                    let rest = inner
                        .key
                        .iter()
                        .chain([&inner.value])
                        .chain(&inner.condition);
                    rest.for_each(|part| finder.expression(part));
                });
            }
        }
    }

    /// Finds the reference that a chain begins with; `after` are the steps that follow the chain.
    fn steps(&mut self, expression: &Expression, after: &[Step]) {
        let Chain { root, steps } = chain(expression);
        for step in &steps {
            if let Node::Index(_, key) = &step.node {
                self.expression(key);
            }
        }
        match &root.node {
            Node::Variable(name) if !self.bound.contains(&name.text) => {
                let found = reference(name, &steps).map(|(mut reference, _)| {
                    reference.path.extend_from_slice(after);
                    reference
                });
                self.found.push(found);
            }
            Node::Variable(_) => {}
            Node::Splat { base, each, .. } => {
                self.steps(base, &[Step::Splat]);
                self.expression(each);
            }
            _ => self.expression(root),
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Literal(..) => {}
                Part::Interpolation(inner) => self.expression(inner),
                Part::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    self.expression(condition);
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For {
                    key_variable,
                    value_variable,
                    collection,
                    body,
                } => {
                    self.expression(collection);
                    let names = key_variable.iter().chain([value_variable]);
                    let names: Vec<&Arc<str>> = names.map(|name| &name.text).collect();
                    self.binding(&names, |finder| finder.parts(body));
                }
            }
        }
    }
}
