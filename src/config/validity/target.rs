//! Whether one reference names something, and takes from it what it has.

use super::super::declared::{DeclaredCall, DeclaredResource, Module, Repetition, ResourceId};
use super::super::family::block_word;
use super::super::layout::suggest;
use super::super::reference::{Reference, Step, Target};
use super::Around;
use crate::catalog::{Attribute, Kind, registry};
use crate::source::{Diagnostic, Span, nearest};
use crate::syntax::Name;
use crate::value::Mode;
use std::sync::Arc;

/// Tells what is wrong with a reference.
pub(super) fn check_reference(
    around: &Around<'_>,
    reference: &Reference,
    told: &mut Vec<Diagnostic>,
) {
    let module = around.module;
    match &reference.target {
        Target::Variable(name) if !module.variables.contains_key(&name.text) => {
            let error = undeclared("variable", "var", name, reference.span);
            let error = error.hint(format!("or declare it: `variable \"{}\" {{}}`", name.text));
            told.push(first_hint(error, name, module.variables.keys()));
        }
        Target::Local(name) if !module.locals.contains_key(&name.text) => {
            let error = undeclared("local value", "local", name, reference.span);
            told.push(first_hint(error, name, module.locals.keys()));
        }
        Target::Call(name) => match module.calls.get(&name.text) {
            Some(call) => check_call(call, reference, told),
            None => {
                let error = undeclared("module", "module", name, reference.span);
                told.push(first_hint(error, name, module.calls.keys()));
            }
        },
        Target::Resource(id, span) => check_resource(around, id, *span, reference, told),
        Target::Each(name) if !around.each => {
            told.push(misplaced(
                reference.span,
                &format!("each.{}", name.text),
                "for_each",
            ));
        }
        Target::Count(name) if !around.count => {
            told.push(misplaced(
                reference.span,
                &format!("count.{}", name.text),
                "count",
            ));
        }
        Target::Itself if !around.itself => told.push(
            Diagnostic::error("invalid-reference", "`self` has no meaning here")
                .at(reference.span, "here")
                .hint("it stands in `postcondition`, `provisioner` and `connection` blocks"),
        ),
        _ => {}
    }
}

fn undeclared(what: &str, root: &str, name: &Name, span: Span) -> Diagnostic {
    let message = format!("the {what} `{}` is not declared", name.text);
    Diagnostic::error("undeclared", message).at(span, format!("no such `{root}`"))
}

/// Puts "did you mean" before the other hints.
fn first_hint<'a>(
    mut error: Diagnostic,
    name: &Name,
    names: impl Iterator<Item = &'a Arc<str>>,
) -> Diagnostic {
    let others = std::mem::take(&mut error.hints);
    let mut error = suggest(error, &name.text, names.map(|known| &**known));
    error.hints.extend(others);
    error
}

fn misplaced(span: Span, what: &str, argument: &str) -> Diagnostic {
    Diagnostic::error("invalid-reference", format!("`{what}` has no meaning here"))
        .at(span, format!("the block around it has no `{argument}`"))
        .hint(format!(
            "add `{argument} = …` to the block, or use another value"
        ))
}

fn check_resource(
    around: &Around<'_>,
    id: &ResourceId,
    span: Span,
    reference: &Reference,
    told: &mut Vec<Diagnostic>,
) {
    if around.own == Some(id) {
        told.push(
            Diagnostic::error("self-reference", format!("`{id}` refers to itself"))
                .at(span, "this is the block that it stands in")
                .hint("give both attributes the same expression, or put it in a local value"),
        );
        return;
    }
    let scoped = around.scoped.filter(|data| data.id() == *id);
    match scoped.or_else(|| around.module.resources.get(id)) {
        Some(resource) => check_steps(resource, id, reference, told),
        None => told.push(no_resource(around.module, id, span)),
    }
}

fn no_resource(module: &Module, id: &ResourceId, span: Span) -> Diagnostic {
    let error = Diagnostic::error("undeclared", format!("`{id}` is not declared"));
    if let Some(place) = module.foreign.get(id) {
        return error
            .at(span, "left out: it is not run here")
            .at(*place, "declared here")
            .hint(
                "give the value as a variable, or leave the block that needs it to the other tool",
            );
    }
    let error = error.at(span, "no such block in this module");
    let modes = [Mode::Managed, Mode::Data, Mode::Ephemeral];
    let other = modes
        .into_iter()
        .map(|mode| ResourceId { mode, ..id.clone() });
    if let Some(other) = other
        .into_iter()
        .find(|other| module.resources.contains_key(other))
    {
        return error.hint(format!("did you mean `{other}`?"));
    }
    let error = match near(module, id) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    };
    if registry::lookup(id.mode, &id.type_name).is_none() {
        return error;
    }
    let word = block_word(id.mode);
    let declare = format!(
        "or declare it: `{word} \"{}\" \"{}\" {{ … }}`",
        id.type_name, id.name
    );
    error.hint(declare)
}

/// Returns the resource that may be meant: one of the same type with a name like it, or one of another type like it.
fn near<'a>(module: &'a Module, id: &ResourceId) -> Option<&'a ResourceId> {
    let of_mode = || {
        module
            .resources
            .keys()
            .filter(|known| known.mode == id.mode)
    };
    let names = of_mode()
        .filter(|known| known.type_name == id.type_name)
        .map(|known| &*known.name);
    let name = nearest(&id.name, names).unwrap_or(&id.name);
    let of_name = || of_mode().filter(|known| &*known.name == name);
    let type_name = nearest(&id.type_name, of_name().map(|known| &*known.type_name))?;
    of_name().find(|known| &*known.type_name == type_name)
}

/// What the block of a reference says about instances, against what the reference says. Returns the steps after the key.
fn after_key<'a>(
    repetition: &Repetition,
    what: &str,
    reference: &'a Reference,
    told: &mut Vec<Diagnostic>,
) -> Option<&'a [Step]> {
    let (argument, key) = match repetition {
        Repetition::Count(_) => ("count", "count.index"),
        Repetition::ForEach(_) => ("for_each", "each.key"),
        Repetition::Once | Repetition::Enabled(_) => ("", ""),
    };
    match reference.steps.split_first() {
        Some((Step::Attribute(name), _)) if !argument.is_empty() => {
            told.push(
                Diagnostic::error(
                    "missing-instance-key",
                    format!("`{what}` has `{argument}`, so it is not one object"),
                )
                .at(reference.span, "which instance?")
                .hint(format!("name one: `{what}[{key}].{}`", name.text)),
            );
            None
        }
        Some((Step::Index(index), _)) if argument.is_empty() => {
            told.push(
                Diagnostic::error(
                    "unexpected-instance-key",
                    format!("`{what}` is one object, without instances"),
                )
                .at(index.span, "this key names no instance")
                .hint("remove the key, or give the block `count` or `for_each`"),
            );
            None
        }
        Some((Step::Index(_) | Step::Splat(_), rest)) => Some(rest),
        _ => Some(&reference.steps),
    }
}

fn check_steps(
    resource: &DeclaredResource,
    id: &ResourceId,
    reference: &Reference,
    told: &mut Vec<Diagnostic>,
) {
    let rest = after_key(&resource.repetition, &id.to_string(), reference, told);
    let (Some(rest), Some(kind)) = (rest, resource.kind) else {
        return;
    };
    let Some((Step::Attribute(name), deeper)) = rest.split_first() else {
        return;
    };
    match kind.attribute(&name.text) {
        Some(attribute) => check_nested(attribute, deeper, told),
        None if &*name.text == "id" => {}
        None => told.push(no_attribute(
            &id.type_name,
            name,
            kind.all().map(|attribute| attribute.name),
        )),
    }
}

fn no_attribute<'a>(what: &str, name: &Name, names: impl Iterator<Item = &'a str>) -> Diagnostic {
    let message = format!("`{what}` has no attribute `{}`", name.text);
    let error = Diagnostic::error("unknown-attribute", message).at(name.span, "no such attribute");
    suggest(error, &name.text, names)
}

/// Checks what is taken from a nested block: `tune[0].max_lease_ttl`.
fn check_nested(attribute: &Attribute, steps: &[Step], told: &mut Vec<Diagnostic>) {
    let Kind::Block(_, nested) = attribute.kind else {
        return;
    };
    let Some((Step::Index(_) | Step::Splat(_), rest)) = steps.split_first() else {
        return;
    };
    let Some((Step::Attribute(name), deeper)) = rest.split_first() else {
        return;
    };
    match nested.iter().find(|inner| *inner.name == *name.text) {
        Some(inner) => check_nested(inner, deeper, told),
        None => told.push(no_attribute(
            attribute.name,
            name,
            nested.iter().map(|inner| inner.name),
        )),
    }
}

/// Checks what is taken from a module: one of its outputs.
fn check_call(call: &DeclaredCall, reference: &Reference, told: &mut Vec<Diagnostic>) {
    let what = format!("module.{}", call.name.text);
    let rest = after_key(&call.repetition, &what, reference, told);
    let (Some(rest), Some(module)) = (rest, &call.module) else {
        return;
    };
    let Some(Step::Attribute(name)) = rest.first() else {
        return;
    };
    if module.outputs.contains_key(&name.text) {
        return;
    }
    let message = format!("`{what}` has no output `{}`", name.text);
    let error = Diagnostic::error("undeclared", message)
        .at(name.span, "no such output")
        .at(call.span, "the module is called here");
    let names = module.outputs.keys().map(|known| &**known);
    told.push(suggest(error, &name.text, names));
}
