//! Whether the provider that a block chooses is there.

use super::super::declared::{Module, ProviderReference};
use super::super::layout::suggest;
use crate::source::Diagnostic;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tells when a module knows no provider of a name, or its instances are named wrongly.
pub(super) fn check(module: &Module, given: &ProviderReference, told: &mut Vec<Diagnostic>) {
    match module.providers.get(&given.name) {
        Some(declared) => match (&declared.for_each, &given.key) {
            (Some(_), None) => told.push(
                Diagnostic::error(
                    "missing-instance-key",
                    format!("the provider `{}` has `for_each`", given.name),
                )
                .at(given.span, "which instance?")
                .hint(format!("name one: `{}[each.key]`", given.name)),
            ),
            (None, Some(key)) => told.push(
                Diagnostic::error(
                    "unexpected-instance-key",
                    format!("the provider `{}` has no `for_each`", given.name),
                )
                .at(key.span, "this key names no instance")
                .hint("remove the key"),
            ),
            _ => {}
        },
        // The provider without alias always exists: from the caller, or from the environment alone.
        None if !given.name.contains('.') => {}
        None => {
            let names = names(module);
            if !names.contains(&given.name) {
                let message = format!("there is no provider `{}`", given.name);
                let error =
                    Diagnostic::error("undeclared", message).at(given.span, "no such provider");
                told.push(suggest(
                    error,
                    &given.name,
                    names.iter().map(|name| &**name),
                ));
            }
        }
    }
}

/// Returns the providers with their aliases that a module declares or is given.
fn names(module: &Module) -> BTreeSet<Arc<str>> {
    let slots = module
        .settings
        .required_providers
        .values()
        .flat_map(|required| &required.aliases);
    module.providers.keys().chain(slots).cloned().collect()
}
