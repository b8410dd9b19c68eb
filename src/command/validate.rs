//! `validate`: whether the configuration makes sense, without a server.

use super::context::{Context, Voice};
use super::exit::{Done, Exit};
use super::findings::{Form, report};
use super::flags::{ignored, is_set, switch, value};
use super::project;
use super::wish::variable_flags;
use crate::config::variables::Assigned;
use crate::config::{DeclaredResource, Module, Repetition};
use crate::eval::{decode_body, decode_provider, evaluate};
use crate::reconcile::world::{InstanceScope, View, World};
use crate::source::Diagnostic;
use crate::value::{Address, ModuleAddress};
use crate::view::diagnostic::valid_text;
use crate::view::diagnostic_json::validate_document;
use crate::view::findings::Finding;
use clap::{ArgMatches, Command};

/// Declares the command.
#[must_use]
pub fn command() -> Command {
    Command::new("validate")
        .about("Check the configuration without a server")
        .args(variable_flags())
        .args([
            switch("json", "Write a JSON document"),
            value(
                "format",
                "text|json|sarif|junit",
                "How findings are written",
            ),
            switch("skip-foreign", "Leave out resources of other providers"),
            ignored("test-directory"),
            ignored("no-tests"),
        ])
}

/// Checks the configuration.
///
/// # Errors
/// When the form of the report is none: what is wrong with the configuration is told.
pub fn run(context: &Context, matches: &ArgMatches) -> Done {
    let form = Form::read(matches)?;
    let diagnostics = match project::read(context, is_set(matches, "skip-foreign")) {
        Ok(project) => {
            let mut world = project.world(context, &Assigned::default());
            world.blind = true;
            let mut found = project.diagnostics;
            check(&world, &mut found);
            found
        }
        Err(failure) => failure.diagnostics,
    };
    let valid = !diagnostics.iter().any(Diagnostic::is_error);
    if form.is_report() {
        context.voice.set(Voice::Document);
        let findings: Vec<Finding<'_>> = diagnostics.iter().map(Finding::loud).collect();
        report(context, "validate", &findings, form, &|_| None);
    } else if form == Form::Json {
        context.voice.set(Voice::Document);
        let document = validate_document(&diagnostics, &context.sources.borrow());
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        context.say(&(text + "\n"));
    } else {
        context.tell(&diagnostics);
        if valid {
            let warnings = diagnostics
                .iter()
                .filter(|found| found.severity == crate::source::Severity::Warning);
            context.say(&valid_text(warnings.count(), context.paint.get()));
        }
    }
    Ok(if valid { Exit::Done } else { Exit::Failed })
}

/// Evaluates everything with nothing known of any object.
fn check(world: &World, found: &mut Vec<Diagnostic>) {
    for module in world.modules() {
        let Ok(instances) = world.module_instances(&module.path) else {
            continue;
        };
        for at in instances {
            check_module(world, module, &at, found);
        }
    }
}

fn check_module(world: &World, module: &Module, at: &ModuleAddress, found: &mut Vec<Diagnostic>) {
    let scope = InstanceScope::new(world, at, View::Plan);
    let mut add = |problems: Vec<Diagnostic>| {
        for problem in problems {
            if !found.contains(&problem) {
                found.push(problem);
            }
        }
    };
    for local in module.locals.values() {
        add(evaluate(&local.value, &scope).err().unwrap_or_default());
    }
    for output in module.outputs.values() {
        add(evaluate(&output.value, &scope).err().unwrap_or_default());
    }
    for provider in module
        .providers
        .values()
        .filter(|provider| &*provider.name.text == "vault")
    {
        if provider.for_each.is_none() {
            add(decode_provider(&provider.body, &scope).diagnostics);
        }
    }
    for resource in module.resources.values() {
        add(check_resource(world, at, resource));
    }
}

fn check_resource(
    world: &World,
    at: &ModuleAddress,
    declared: &DeclaredResource,
) -> Vec<Diagnostic> {
    let Some(kind) = declared.kind else {
        return Vec::new();
    };
    let mut problems = match &declared.repetition {
        Repetition::Once => Vec::new(),
        Repetition::Count(expression)
        | Repetition::ForEach(expression)
        | Repetition::Enabled(expression) => {
            let scope = InstanceScope::new(world, at, View::Plan);
            evaluate(expression, &scope).err().unwrap_or_default()
        }
    };
    let keys = match world.keys(at, &declared.repetition, View::Plan) {
        Ok(keys) => keys.keys,
        Err(more) => {
            problems.extend(more);
            return problems;
        }
    };
    for (key, value) in keys {
        let address = Address {
            module: at.clone(),
            mode: declared.mode,
            type_name: declared.type_name.text.clone(),
            name: declared.name.text.clone(),
            key,
        };
        let scope = InstanceScope::of(world, &address, value, View::Plan);
        let decoded = decode_body(&declared.body, kind, &scope);
        problems.extend(
            decoded
                .diagnostics
                .into_iter()
                .map(|found| found.address(&address)),
        );
    }
    problems
}
