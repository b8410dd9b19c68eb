//! References at evaluation: a name and the steps after it, and what they stand for. Finding the references of a text is for
//! `config::references`.

use super::scope::{Reference, Step, Subject};
use crate::source::Diagnostic;
use crate::syntax::{Expression, Name, Node, Part};
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
