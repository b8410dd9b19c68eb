//! Whether a module call gives the module what it wants.

use super::super::declared::{DeclaredCall, DeclaredVariable, Module};
use super::super::layout::{listed, suggest};
use super::provider;
use crate::source::Diagnostic;
use crate::syntax::Attribute;

/// Tells of arguments that the module does not know or lacks, and of providers likewise.
pub(super) fn check(caller: &Module, call: &DeclaredCall, told: &mut Vec<Diagnostic>) {
    for given in call.providers.values() {
        provider::check(caller, given, told);
    }
    let Some(module) = &call.module else { return };
    for argument in &call.arguments.attributes {
        if !module.variables.contains_key(&argument.name.text) {
            told.push(unknown(argument, call, module));
        }
    }
    let lacking: Vec<&DeclaredVariable> = module
        .variables
        .values()
        .filter(|variable| variable.default.is_none())
        .filter(|variable| call.arguments.attribute(&variable.name.text).is_none())
        .collect();
    if !lacking.is_empty() && !call.arguments.incomplete {
        told.push(missing(call, &lacking));
    }
    lacking_providers(call, module, told);
}

fn unknown(argument: &Attribute, call: &DeclaredCall, module: &Module) -> Diagnostic {
    let name = &argument.name.text;
    let message = format!("the module `{}` has no variable `{name}`", call.name.text);
    let error =
        Diagnostic::error("unknown-argument", message).at(argument.name.span, "not expected here");
    suggest(error, name, module.variables.keys().map(|known| &**known))
}

fn missing(call: &DeclaredCall, lacking: &[&DeclaredVariable]) -> Diagnostic {
    let names: Vec<&str> = lacking
        .iter()
        .map(|variable| &*variable.name.text)
        .collect();
    let arguments = if names.len() == 1 {
        "argument"
    } else {
        "arguments"
    };
    let message = format!(
        "the module `{}` needs the {arguments} {}",
        call.name.text,
        listed(&names)
    );
    let mut error = Diagnostic::error("missing-argument", message).at(call.span, "called here");
    for variable in lacking {
        error = error.at(
            variable.span,
            format!("of type `{}`, without a default", variable.ty),
        );
    }
    error.hint(format!("add `{} = …`", names.join(" = …`, `")))
}

/// Tells which `configuration_aliases` of the module the call leaves empty.
fn lacking_providers(call: &DeclaredCall, module: &Module, told: &mut Vec<Diagnostic>) {
    for required in module.settings.required_providers.values() {
        for alias in &required.aliases {
            if call.providers.contains_key(alias) {
                continue;
            }
            let message = format!(
                "the module `{}` needs the provider `{alias}`",
                call.name.text
            );
            told.push(
                Diagnostic::error("missing-provider", message)
                    .at(call.span, "called here")
                    .at(required.name.span, "asked for here")
                    .hint(format!("add `providers = {{ {alias} = … }}`")),
            );
        }
    }
}
