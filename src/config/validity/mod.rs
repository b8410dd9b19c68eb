//! Whether what a configuration refers to is there: seen before anything is evaluated.

mod call;
mod moves;
mod provider;
mod target;

use super::declared::{
    Condition, DeclaredCheck, DeclaredImport, DeclaredResource, IgnoreChanges, Module, Repetition,
    ResourceId,
};
use super::layout::suggest;
use super::place::place;
use super::reference::{Reference, Target, references, references_of_body};
use crate::source::{Diagnostic, nearest};
use crate::syntax::{Body, Expression};
use crate::value::InstanceKey;
use target::check_reference;

/// Tells every reference that names nothing, in a module and in those that it calls.
pub(super) fn check(module: &Module, told: &mut Vec<Diagnostic>) {
    check_module(module, told);
    for called in module
        .calls
        .values()
        .filter_map(|call| call.module.as_deref())
    {
        check(called, told);
    }
}

/// Tells every reference of an expression that names nothing in a module; the expression stands outside of any block.
/// `own` are first names that have a meaning besides, where it stands.
#[must_use]
pub fn check_expression(module: &Module, expression: &Expression, own: &[&str]) -> Vec<Diagnostic> {
    let mut found = references(expression);
    found.retain(|reference| match &reference.target {
        Target::Resource(id, _) => !own.contains(&&*id.type_name),
        _ => true,
    });
    let mut told = Vec::new();
    Around::of(module).all(&found, &mut told);
    told
}

/// What stands around an expression, and so what it may refer to.
#[derive(Clone, Copy)]
struct Around<'a> {
    module: &'a Module,
    each: bool,
    count: bool,
    itself: bool,
    /// The resource in whose block it stands.
    own: Option<&'a ResourceId>,
    /// The data source of the `check` block in which it stands.
    scoped: Option<&'a DeclaredResource>,
}

impl<'a> Around<'a> {
    fn of(module: &'a Module) -> Around<'a> {
        Around {
            module,
            each: false,
            count: false,
            itself: false,
            own: None,
            scoped: None,
        }
    }

    fn repeated(self, repetition: &Repetition) -> Around<'a> {
        Around {
            each: matches!(repetition, Repetition::ForEach(_)),
            count: matches!(repetition, Repetition::Count(_)),
            ..self
        }
    }

    fn with_itself(self) -> Around<'a> {
        Around {
            itself: true,
            ..self
        }
    }

    fn all(&self, found: &[Reference], told: &mut Vec<Diagnostic>) {
        for reference in found {
            check_reference(self, reference, told);
        }
    }

    fn expression(&self, expression: &Expression, told: &mut Vec<Diagnostic>) {
        self.all(&references(expression), told);
    }

    fn body(&self, body: &Body, told: &mut Vec<Diagnostic>) {
        self.all(&references_of_body(body), told);
    }

    fn conditions(&self, conditions: &[Condition], told: &mut Vec<Diagnostic>) {
        for condition in conditions {
            self.expression(&condition.condition, told);
            self.expression(&condition.error_message, told);
        }
    }

    fn repetition(&self, repetition: &Repetition, told: &mut Vec<Diagnostic>) {
        match repetition {
            Repetition::Once => {}
            Repetition::Count(expression)
            | Repetition::ForEach(expression)
            | Repetition::Enabled(expression) => self.expression(expression, told),
        }
    }
}

fn check_module(module: &Module, told: &mut Vec<Diagnostic>) {
    let around = Around::of(module);
    for variable in module.variables.values() {
        around.conditions(&variable.validations, told);
    }
    for local in module.locals.values() {
        around.expression(&local.value, told);
    }
    for output in module.outputs.values() {
        around.expression(&output.value, told);
        around.all(&output.depends_on, told);
        around.conditions(&output.preconditions, told);
    }
    for (id, resource) in &module.resources {
        check_resource(module, id, resource, told);
    }
    for called in module.calls.values() {
        let inside = around.repeated(&called.repetition);
        around.repetition(&called.repetition, told);
        around.all(&called.depends_on, told);
        inside.body(&called.arguments, told);
        call::check(module, called, told);
    }
    for declared in module.providers.values() {
        let inside = Around {
            each: declared.for_each.is_some(),
            ..around
        };
        if let Some(for_each) = &declared.for_each {
            around.expression(for_each, told);
        }
        inside.body(&declared.body, told);
    }
    for declared in module.checks.values() {
        check_check(module, declared, told);
    }
    check_imports(module, told);
    moves::check(module, told);
}

fn check_resource(
    module: &Module,
    id: &ResourceId,
    resource: &DeclaredResource,
    told: &mut Vec<Diagnostic>,
) {
    let outside = Around {
        own: Some(id),
        ..Around::of(module)
    };
    let inside = outside.repeated(&resource.repetition);
    outside.repetition(&resource.repetition, told);
    outside.all(&resource.depends_on, told);
    inside.body(&resource.body, told);
    let lifecycle = &resource.lifecycle;
    inside.conditions(&lifecycle.preconditions, told);
    let after = inside.with_itself();
    after.conditions(&lifecycle.postconditions, told);
    for trigger in &lifecycle.replace_triggered_by {
        inside.expression(trigger, told);
    }
    for provisioner in &resource.provisioners {
        after.body(&provisioner.body, told);
        if let Some(connection) = &provisioner.connection {
            after.body(connection, told);
        }
    }
    if let Some(connection) = &resource.connection {
        after.body(connection, told);
    }
    if let Some(reference) = &resource.provider {
        provider::check(module, reference, told);
        if let Some(key) = &reference.key {
            inside.expression(key, told);
        }
    }
    ignored_attributes(resource, told);
}

/// Tells of attributes in `ignore_changes` that the type does not have.
fn ignored_attributes(resource: &DeclaredResource, told: &mut Vec<Diagnostic>) {
    let IgnoreChanges::These(paths) = &resource.lifecycle.ignore_changes else {
        return;
    };
    let Some(kind) = resource.kind else { return };
    for path in paths {
        let first = path.text.split(['.', '[']).next().unwrap_or_default();
        if kind.attribute(first).is_some() || first == "id" {
            continue;
        }
        let message = format!("`{}` has no attribute `{first}`", resource.type_name.text);
        let error =
            Diagnostic::error("unknown-attribute", message).at(path.span, "no such attribute");
        told.push(suggest(
            error,
            first,
            kind.all().map(|attribute| attribute.name),
        ));
    }
}

fn check_check(module: &Module, declared: &DeclaredCheck, told: &mut Vec<Diagnostic>) {
    let around = Around {
        scoped: declared.data.as_ref(),
        ..Around::of(module)
    };
    if let Some(data) = &declared.data {
        check_resource(module, &data.id(), data, told);
    }
    around.conditions(&declared.assertions, told);
}

fn check_imports(module: &Module, told: &mut Vec<Diagnostic>) {
    let around = Around::of(module);
    for import in &module.imports {
        let inside = Around {
            each: import.for_each.is_some(),
            ..around
        };
        if let Some(for_each) = &import.for_each {
            around.expression(for_each, told);
        }
        for expression in import.id.iter().chain(&import.identity) {
            inside.expression(expression, told);
        }
        told.extend(nowhere(module, import));
    }
}

/// The code of imports to what is not declared: `plan -generate-config-out` makes up for them.
pub const IMPORT_UNDECLARED: &str = "import-undeclared";

/// Tells that an `import` block names what is not declared.
fn nowhere(root: &Module, import: &DeclaredImport) -> Option<Diagnostic> {
    let to = place(&import.to, &mut |_| Some(InstanceKey::None)).ok()?;
    let resource = to.resource.as_ref()?;
    let mut module = root;
    for step in to.module.0.iter() {
        // What is wrong with a call is told there.
        module = module.calls.get(&step.name)?.module.as_deref()?;
    }
    let id = ResourceId {
        mode: resource.mode,
        type_name: resource.type_name.clone(),
        name: resource.name.clone(),
    };
    if module.resources.contains_key(&id) || module.foreign.contains_key(&id) {
        return None;
    }
    let name = format!("{}.{}", id.type_name, id.name);
    let problem = Diagnostic::error(IMPORT_UNDECLARED, format!("`{name}` is not declared"))
        .at(import.to.span, "imported to here");
    let others = module
        .resources
        .keys()
        .filter(|other| other.type_name == id.type_name);
    let problem = match nearest(&id.name, others.map(|other| &*other.name)) {
        Some(near) => problem.hint(format!("did you mean `{}.{near}`?", id.type_name)),
        None => problem,
    };
    Some(problem.hint(format!(
        "declare it: `resource \"{}\" \"{}\" {{ … }}`, or let `plan -generate-config-out=FILE.tf` write it",
        id.type_name, id.name
    )))
}
