//! Whose a resource is: Vault's, one of the built-in helpers', or a provider's that is not run here.

use super::declared::{DeclaredResource, Module};
use super::elsewhere::check as elsewhere_check;
use super::layout::{listed, suggest};
use crate::catalog::foreign::{Reason, known_elsewhere};
use crate::catalog::registry;
use crate::source::{Diagnostic, Label, Severity};
use crate::value::Mode;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a provider is to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// HashiCorp Vault and OpenBao.
    Vault,
    /// `random`, `tls`, `time`, `local`, `null`, `terraform`, `external`, `http`: run here, without a server.
    Helper,
    /// Any other: not run here.
    Foreign,
}

const HELPERS: [&str; 8] = [
    "random",
    "tls",
    "time",
    "local",
    "null",
    "terraform",
    "external",
    "http",
];

impl Module {
    /// Tells what the provider is that the module knows by a local name: `vault` in `vault.east`.
    #[must_use]
    pub fn family(&self, local_name: &str) -> Family {
        let required = self.settings.required_providers.get(local_name);
        let source = required.map(|provider| provider.source.clone());
        let source = source.unwrap_or_else(|| format!("hashicorp/{local_name}").into());
        let (namespace, name) = source.split_once('/').unwrap_or(("", &source));
        match name {
            "vault" | "openbao" | "bao" => Family::Vault,
            name if HELPERS.contains(&name)
                && matches!(namespace, "hashicorp" | "builtin" | "opentofu") =>
            {
                Family::Helper
            }
            _ => Family::Foreign,
        }
    }
}

impl DeclaredResource {
    /// Returns the provider's local name: that of `provider`, else the first word of the type.
    #[must_use]
    pub fn provider_local_name(&self) -> &str {
        let full = match &self.provider {
            Some(reference) => &*reference.name,
            None => self.type_name.text.split('_').next().unwrap_or_default(),
        };
        full.split('.').next().unwrap_or_default()
    }
}

/// Every resource that is not run here, over all modules.
#[derive(Debug, Default)]
pub(super) struct Foreigners {
    labels: Vec<Label>,
    providers: BTreeSet<String>,
    /// Resources of types of Vault's provider that this program does not manage.
    unsupported: Vec<(Reason, Label)>,
}

impl Foreigners {
    /// Makes the errors: one for all of other providers, one for each reason why a type is not supported, which is a warning
    /// where the files are only validated.
    pub(super) fn diagnostics(self, only_validates: bool) -> Vec<Diagnostic> {
        let mut told = Vec::new();
        for reason in [Reason::Enterprise, Reason::NoEngine, Reason::NotYet] {
            let ours = |(why, label): &(Reason, Label)| (*why == reason).then(|| label.clone());
            let labels: Vec<Label> = self.unsupported.iter().filter_map(ours).collect();
            if !labels.is_empty() {
                let mut problem = unsupported(reason, labels);
                if only_validates {
                    problem.severity = Severity::Warning;
                }
                told.push(problem);
            }
        }
        told.extend(self.of_others());
        told
    }

    fn of_others(self) -> Option<Diagnostic> {
        let providers: Vec<String> = self.providers.into_iter().collect();
        let count = match self.labels.len() {
            0 => return None,
            1 => "one resource belongs".to_owned(),
            several => format!("{several} resources belong"),
        };
        let message = format!(
            "{count} to providers that are not run here: {}",
            listed(&providers)
        );
        let mut error = Diagnostic::error("foreign-provider", message)
            .hint("leave them to Terraform or OpenTofu, in a directory of their own")
            .hint("`-skip-foreign` leaves them out here, where nothing depends on them");
        error.labels = self.labels;
        Some(error)
    }
}

fn unsupported(reason: Reason, labels: Vec<Label>) -> Diagnostic {
    let (these, need) = match labels.len() {
        1 => ("this type", "needs"),
        _ => ("these types", "need"),
    };
    let (message, hint) = match reason {
        Reason::Enterprise => (
            format!("{these} {need} Vault Enterprise, and no run here manages what only that has"),
            "leave the block to Terraform, or write to the path itself with `vault_generic_endpoint`",
        ),
        Reason::NoEngine => (
            format!(
                "{these} {need} HashiCorp Vault with an engine that OpenBao does not have, and no run here manages that engine"
            ),
            "leave the block to Terraform, or mount the engine with `vault_mount` and write to its paths with \
             `vault_generic_endpoint`",
        ),
        Reason::NotYet => (
            format!("no run here manages {these} yet"),
            "leave the block to Terraform, or write to the path itself with `vault_generic_endpoint`",
        ),
    };
    let mut error = Diagnostic::error("unsupported-type", message)
        .hint(hint)
        .hint("`-skip-foreign` leaves such blocks out, where nothing depends on them");
    error.labels = labels;
    error
}

/// Tells of types that do not exist, and gathers the resources of foreign providers or, with `skip`, takes them out of the
/// module.
pub(super) fn sort(
    module: &mut Module,
    skip: bool,
    foreigners: &mut Foreigners,
    told: &mut Vec<Diagnostic>,
) {
    let mut strangers = Vec::new();
    for (id, resource) in &module.resources {
        let local_name = resource.provider_local_name();
        if module.family(local_name) == Family::Foreign {
            strangers.push((
                id.clone(),
                Stranger::Other(local_name.to_owned()),
                resource.span,
            ));
        } else if let Some(missing) = known_elsewhere(id.mode, &id.type_name) {
            if !skip {
                told.extend(elsewhere_check(resource, missing.schema));
            }
            strangers.push((
                id.clone(),
                Stranger::Unsupported(missing.reason),
                resource.span,
            ));
        } else if let Some(error) = type_error(resource) {
            told.push(error);
        }
    }
    for data in module
        .checks
        .values()
        .filter_map(|check| check.data.as_ref())
    {
        match known_elsewhere(Mode::Data, &data.type_name.text) {
            Some(missing) => foreigners.unsupported.push((
                missing.reason,
                Label {
                    span: data.span,
                    text: format!("`{}`", data.type_name.text),
                },
            )),
            None => told.extend(type_error(data)),
        }
    }
    for (id, stranger, span) in strangers {
        if skip {
            module.resources.remove(&id);
            module.foreign.insert(id, span);
            continue;
        }
        match stranger {
            Stranger::Other(provider) => {
                let text = format!("of `{provider}`");
                foreigners.labels.push(Label { span, text });
                foreigners.providers.insert(provider);
            }
            Stranger::Unsupported(reason) => {
                let text = format!("`{}`", id.type_name);
                foreigners.unsupported.push((reason, Label { span, text }));
            }
        }
    }
}

/// Why a resource is not run here.
enum Stranger {
    /// Of the provider of this name.
    Other(String),
    /// Vault's, of a type without a table.
    Unsupported(Reason),
}

fn type_error(resource: &DeclaredResource) -> Option<Diagnostic> {
    if resource.kind.is_some() {
        return None;
    }
    let name = &resource.type_name;
    if &*name.text == "terraform_remote_state" {
        return Some(
            Diagnostic::error(
                "remote-state",
                "the state of another configuration cannot be read",
            )
            .at(resource.span, "vaultform keeps no state, and reads none")
            .hint(
                "take the value from where it lives with a data source, or give it as a variable",
            ),
        );
    }
    let what = mode_word(resource.mode);
    let error = Diagnostic::error(
        "unknown-type",
        format!("there is no {what} `{}`", name.text),
    )
    .at(name.span, "no such type");
    if let Some(mode) = elsewhere(resource) {
        let other = mode_word(mode);
        return Some(error.hint(format!(
            "there is a {other} of that name: write a `{}` block",
            block_word(mode)
        )));
    }
    let names = spelled_alike(&name.text, registry::names(resource.mode));
    Some(suggest(error, &name.text, names.iter().map(|name| &**name)))
}

/// Returns the names as the author spells them: with `bao_` in front where the wrong one has it.
fn spelled_alike(wrong: &str, names: Vec<&'static str>) -> Vec<Arc<str>> {
    let bao = wrong.starts_with("bao_");
    names
        .into_iter()
        .map(|name| match name.strip_prefix("vault_") {
            Some(rest) if bao => format!("bao_{rest}").into(),
            _ => name.into(),
        })
        .collect()
}

fn elsewhere(resource: &DeclaredResource) -> Option<Mode> {
    [Mode::Managed, Mode::Data, Mode::Ephemeral]
        .into_iter()
        .find(|mode| registry::lookup(*mode, &resource.type_name.text).is_some())
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "resource type",
        Mode::Data => "data source",
        Mode::Ephemeral => "ephemeral resource type",
    }
}

/// Returns the word with which a block of a mode begins.
pub(super) fn block_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "resource",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
    }
}
