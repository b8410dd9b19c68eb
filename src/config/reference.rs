//! References of an expression: `var.x`, `vault_mount.kv["a"].path`, `each.key`, found without evaluating.

use super::declared::ResourceId;
use crate::source::{Diagnostic, Span};
use crate::syntax::{Body, Expression, Name, Node, Part};
use crate::value::Mode;
use std::sync::Arc;

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `var.x`
    Variable(Name),
    /// `local.x`
    Local(Name),
    /// `vault_mount.kv`, `data.vault_mount.kv`, `ephemeral.vault_token.t`; the span covers type and name.
    Resource(ResourceId, Span),
    /// `module.x`
    Call(Name),
    /// `each.key`, `each.value`
    Each(Name),
    /// `count.index`
    Count(Name),
    /// `self`
    Itself,
    /// `path.module`
    Path(Name),
    /// `terraform.workspace`, `tofu.workspace`
    Terraform(Name),
}

/// A reference with what is taken from its target.
#[derive(Clone, Debug)]
pub struct Reference {
    pub target: Target,
    /// What follows the target: keys, attributes, splats.
    pub steps: Vec<Step>,
    /// From its first to its last letter.
    pub span: Span,
}

/// One step of a reference.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name`
    Attribute(Name),
    /// `[key]`
    Index(Arc<Expression>),
    /// `[*]`, `.*`: what follows is taken from each element.
    Splat(Span),
}

/// A name of an expression that stands for nothing: `foo` alone, `var` without a name.
#[derive(Clone, Debug)]
pub struct Misnamed {
    pub span: Span,
    pub message: String,
    pub hint: String,
}

impl Misnamed {
    /// Makes the error of it.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error("invalid-reference", self.message.clone())
            .at(self.span, "this names nothing")
            .hint(self.hint.clone())
    }
}

/// Returns the references of an expression in the order of the text. Variables of `for` are no references; what cannot
/// be one is left out, since evaluation tells it.
#[must_use]
pub fn references(expression: &Expression) -> Vec<Reference> {
    let mut finder = Finder::default();
    finder.expression(expression);
    finder.found
}

/// Returns the references of everything in a body, those of nested and `dynamic` blocks included.
#[must_use]
pub fn references_of_body(body: &Body) -> Vec<Reference> {
    let mut finder = Finder::default();
    finder.body(body);
    finder.found
}

/// Reads an expression that must be a reference and nothing else. `None` where it is something else.
#[must_use]
pub fn reference(expression: &Expression) -> Option<Result<Reference, Misnamed>> {
    let chain = Chain::of(expression)?;
    Some(chain.reference(expression.span))
}

/// A first name with what follows it.
struct Chain<'a> {
    root: &'a Name,
    steps: Vec<Step>,
}

impl<'a> Chain<'a> {
    fn of(expression: &'a Expression) -> Option<Chain<'a>> {
        match &expression.node {
            Node::Variable(root) => Some(Chain {
                root,
                steps: Vec::new(),
            }),
            Node::Attribute(base, name) => {
                Chain::of(base).map(|chain| chain.with(Step::Attribute(name.clone())))
            }
            Node::Index(base, key) => {
                Chain::of(base).map(|chain| chain.with(Step::Index(Arc::new((**key).clone()))))
            }
            Node::Splat { base, each, .. } => {
                let mut chain = Chain::of(base)?.with(Step::Splat(expression.span));
                after_splat(each, &mut chain.steps);
                Some(chain)
            }
            _ => None,
        }
    }

    fn with(mut self, step: Step) -> Chain<'a> {
        self.steps.push(step);
        self
    }

    fn reference(self, span: Span) -> Result<Reference, Misnamed> {
        let root = self.root;
        let mut steps = self.steps.into_iter().peekable();
        let target = match &*root.text {
            "var" => Target::Variable(member(root, &mut steps, "var.NAME")?),
            "local" => Target::Local(member(root, &mut steps, "local.NAME")?),
            "module" => Target::Call(member(root, &mut steps, "module.NAME")?),
            "each" => Target::Each(member(root, &mut steps, "each.key")?),
            "count" => Target::Count(member(root, &mut steps, "count.index")?),
            "path" => Target::Path(member(root, &mut steps, "path.module")?),
            "terraform" | "tofu" => {
                Target::Terraform(member(root, &mut steps, "terraform.workspace")?)
            }
            "self" => Target::Itself,
            "data" => resource(Mode::Data, root, &mut steps)?,
            "ephemeral" => resource(Mode::Ephemeral, root, &mut steps)?,
            "resource" => resource(Mode::Managed, root, &mut steps)?,
            _ => managed(root, &mut steps)?,
        };
        Ok(Reference {
            target,
            steps: steps.collect(),
            span,
        })
    }
}

fn after_splat(each: &Expression, steps: &mut Vec<Step>) {
    match &each.node {
        Node::Attribute(base, name) => {
            after_splat(base, steps);
            steps.push(Step::Attribute(name.clone()));
        }
        Node::Index(base, key) => {
            after_splat(base, steps);
            steps.push(Step::Index(Arc::new((**key).clone())));
        }
        _ => {}
    }
}

type Steps = std::iter::Peekable<std::vec::IntoIter<Step>>;

fn next_name(steps: &mut Steps) -> Option<Name> {
    match steps.next() {
        Some(Step::Attribute(name)) => Some(name),
        _ => None,
    }
}

fn member(root: &Name, steps: &mut Steps, example: &str) -> Result<Name, Misnamed> {
    next_name(steps).ok_or_else(|| Misnamed {
        span: root.span,
        message: format!("`{}` must be followed by a name", root.text),
        hint: format!("write it as in `{example}`"),
    })
}

fn resource(mode: Mode, root: &Name, steps: &mut Steps) -> Result<Target, Misnamed> {
    let wrong = || Misnamed {
        span: root.span,
        message: format!("`{}` must be followed by a type and a name", root.text),
        hint: format!("write it as in `{}.vault_mount.kv`", root.text),
    };
    let type_name = next_name(steps).ok_or_else(wrong)?;
    let name = next_name(steps).ok_or_else(wrong)?;
    let span = root.span.to(name.span);
    Ok(target(mode, &type_name, &name, span))
}

fn managed(root: &Name, steps: &mut Steps) -> Result<Target, Misnamed> {
    let name = next_name(steps).ok_or_else(|| Misnamed {
        span: root.span,
        message: format!("`{}` is not a reference", root.text),
        hint: "a reference to a resource has a type and a name: `vault_mount.kv`; text stands in quotes".to_owned(),
    })?;
    let span = root.span.to(name.span);
    Ok(target(Mode::Managed, root, &name, span))
}

fn target(mode: Mode, type_name: &Name, name: &Name, span: Span) -> Target {
    let id = ResourceId {
        mode,
        type_name: type_name.text.clone(),
        name: name.text.clone(),
    };
    Target::Resource(id, span)
}

/// Walks expressions and knows which names are bound around them.
#[derive(Default)]
struct Finder {
    bound: Vec<Arc<str>>,
    found: Vec<Reference>,
}

impl Finder {
    fn body(&mut self, body: &Body) {
        for attribute in &body.attributes {
            self.expression(&attribute.value);
        }
        for block in &body.blocks {
            if &*block.kind.text == "dynamic" {
                self.dynamic(&block.body, block.labels.first());
            } else {
                self.body(&block.body);
            }
        }
    }

    fn dynamic(&mut self, body: &Body, label: Option<&Name>) {
        let iterator = match body.attribute("iterator").map(|given| &given.value.node) {
            Some(Node::Variable(name)) => Some(name),
            _ => label,
        };
        if let Some(for_each) = body.attribute("for_each") {
            self.expression(&for_each.value);
        }
        let depth = self.bound.len();
        self.bound.extend(iterator.map(|name| name.text.clone()));
        if let Some(labels) = body.attribute("labels") {
            self.expression(&labels.value);
        }
        for content in body.blocks_of("content") {
            self.body(&content.body);
        }
        self.bound.truncate(depth);
    }

    fn expression(&mut self, expression: &Expression) {
        match Chain::of(expression) {
            Some(chain) => self.chain(chain, expression),
            None => self.within(expression),
        }
    }

    fn chain(&mut self, chain: Chain<'_>, expression: &Expression) {
        self.keys(expression);
        if self.bound.contains(&chain.root.text) {
            return;
        }
        self.found.extend(chain.reference(expression.span));
    }

    /// Visits what stands in the brackets of a chain.
    fn keys(&mut self, expression: &Expression) {
        match &expression.node {
            Node::Attribute(base, _) => self.keys(base),
            Node::Index(base, key) => {
                self.keys(base);
                self.expression(key);
            }
            Node::Splat { base, each, .. } => {
                self.keys(base);
                self.keys(each);
            }
            _ => {}
        }
    }

    fn within(&mut self, expression: &Expression) {
        match &expression.node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Variable(_) | Node::SplatItem => {}
            Node::Template(parts) => self.parts(parts),
            Node::Wrapped(inner)
            | Node::Attribute(inner, _)
            | Node::Parenthesis(inner)
            | Node::Unary(_, inner) => self.expression(inner),
            Node::Tuple(items) => items.iter().for_each(|item| self.expression(item)),
            Node::Object(items) => {
                for item in items {
                    self.object_key(&item.key);
                    self.expression(&item.value);
                }
            }
            Node::Index(left, right) | Node::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Node::Splat { base, each, .. } => {
                self.expression(base);
                self.expression(each);
            }
            Node::Call { arguments, .. } => {
                arguments.iter().for_each(|item| self.expression(item));
            }
            Node::Conditional(condition, then, otherwise) => {
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
            Node::For(inner) => {
                self.expression(&inner.collection);
                let names = [inner.key_variable.as_ref(), Some(&inner.value_variable)];
                self.bind(names, |finder| {
                    let parts = [
                        inner.key.as_ref(),
                        Some(&inner.value),
                        inner.condition.as_ref(),
                    ];
                    parts
                        .into_iter()
                        .flatten()
                        .for_each(|part| finder.expression(part));
                });
            }
        }
    }

    fn object_key(&mut self, key: &Expression) {
        if !matches!(key.node, Node::Variable(_)) {
            self.expression(key);
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
                    let names = [key_variable.as_ref(), Some(value_variable)];
                    self.bind(names, |finder| finder.parts(body));
                }
            }
        }
    }

    fn bind(&mut self, names: [Option<&Name>; 2], inside: impl FnOnce(&mut Finder)) {
        let depth = self.bound.len();
        let names = names.into_iter().flatten().map(|name| name.text.clone());
        self.bound.extend(names);
        inside(self);
        self.bound.truncate(depth);
    }
}
