//! The configuration as plan documents show it: what is declared, for tools that check plans. A value that is secret by its
//! attribute's or variable's declaration is left out.

use crate::catalog::{Attribute, Kind, PROVIDER};
use crate::config::{
    Configuration, DeclaredCall, DeclaredOutput, DeclaredProvider, DeclaredResource,
    DeclaredVariable, Module, Reference, Repetition, Step, Target, references as found_in,
};
use crate::eval::evaluate;
use crate::plan::normal::plain;
use crate::reconcile::world::{InstanceScope, View, World};
use crate::syntax::{Body, Expression};
use crate::value::{InstanceKey, Mode, ModuleAddress};
use crate::view::configuration::{
    ConfigurationView, ModuleCallView, ModuleView, ProviderView, ResourceView, constant, references,
};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Describes a configuration.
#[must_use]
pub fn configuration(configuration: &Configuration, world: &World) -> ConfigurationView {
    let mut view = ConfigurationView::default();
    let describe = Describe { world };
    view.root_module = describe.module(&configuration.root, &mut view.provider_config);
    view
}

struct Describe<'a> {
    world: &'a World,
}

impl Describe<'_> {
    fn module(
        &self,
        module: &Module,
        providers: &mut BTreeMap<String, ProviderView>,
    ) -> ModuleView {
        for (name, provider) in &module.providers {
            providers.insert(provider_key(module, name), self.provider(module, provider));
        }
        let outputs = module
            .outputs
            .iter()
            .map(|(name, output)| (name.to_string(), self.output(output)));
        let variables = module.variables.iter();
        let calls = module.calls.iter();
        let resources: Vec<ResourceView> = module
            .resources
            .values()
            .map(|resource| self.resource(module, resource))
            .collect();
        self.implied(module, &resources, providers);
        ModuleView {
            outputs: outputs.collect(),
            resources,
            variables: variables
                .map(|(name, variable)| (name.to_string(), described(variable)))
                .collect(),
            module_calls: calls
                .map(|(name, call)| (name.to_string(), self.call(call, providers)))
                .collect(),
        }
    }

    fn provider(&self, module: &Module, provider: &DeclaredProvider) -> ProviderView {
        let required = module.settings.required_providers.get(&provider.name.text);
        let own = &*provider.name.text == "vault";
        let table: Option<Vec<&Attribute>> = own.then(|| PROVIDER.all().collect());
        ProviderView {
            name: provider.name.text.to_string(),
            full_name: full_name(module, &provider.name.text),
            alias: provider.alias.as_ref().map(|alias| alias.text.to_string()),
            version_constraint: required
                .and_then(|one| one.version.as_ref())
                .map(ToString::to_string),
            module_address: (!module.path.is_empty()).then(|| module_text(module)),
            expressions: self.body(&provider.body, table.as_deref()),
        }
    }

    fn output(&self, output: &DeclaredOutput) -> Json {
        let mut json = Map::new();
        json.insert(
            "expression".to_owned(),
            self.expression(&output.value, output.sensitive),
        );
        if output.sensitive {
            json.insert("sensitive".to_owned(), true.into());
        }
        if let Some(text) = &output.description {
            json.insert("description".to_owned(), (**text).into());
        }
        if !output.depends_on.is_empty() {
            json.insert("depends_on".to_owned(), named(&output.depends_on).into());
        }
        json.into()
    }

    fn resource(&self, module: &Module, resource: &DeclaredResource) -> ResourceView {
        let mode = match resource.mode {
            Mode::Managed => "managed",
            Mode::Data => "data",
            Mode::Ephemeral => "ephemeral",
        };
        let prefix = if resource.mode == Mode::Managed {
            String::new()
        } else {
            format!("{mode}.")
        };
        let table: Option<Vec<&Attribute>> = resource.kind.map(|kind| kind.all().collect());
        let (count, each) = self.repetition(&resource.repetition);
        let provider = crate::reconcile::graph::provider_of(module, resource);
        ResourceView {
            address: format!("{prefix}{}.{}", resource.type_name.text, resource.name.text),
            mode: mode.to_owned(),
            type_name: resource.type_name.text.to_string(),
            name: resource.name.text.to_string(),
            provider_config_key: provider_key(module, &provider),
            expressions: self.body(&resource.body, table.as_deref()),
            schema_version: 0,
            count_expression: count,
            for_each_expression: each,
            depends_on: named(&resource.depends_on),
        }
    }

    fn call(
        &self,
        call: &DeclaredCall,
        providers: &mut BTreeMap<String, ProviderView>,
    ) -> ModuleCallView {
        let (count, each) = self.repetition(&call.repetition);
        let secret = |name: &str| {
            let variable = call
                .module
                .as_ref()
                .and_then(|module| module.variables.get(name));
            variable.is_some_and(|variable| variable.sensitive || variable.ephemeral)
        };
        let arguments = call.arguments.attributes.iter();
        ModuleCallView {
            source: call.source.text.to_string(),
            expressions: arguments
                .map(|one| {
                    (
                        one.name.text.to_string(),
                        self.expression(&one.value, secret(&one.name.text)),
                    )
                })
                .collect(),
            count_expression: count,
            for_each_expression: each,
            module: call
                .module
                .as_ref()
                .map(|module| self.module(module, providers))
                .unwrap_or_default(),
            depends_on: named(&call.depends_on),
            version_constraint: None,
        }
    }

    /// Adds the providers of a module's resources that have no block.
    fn implied(
        &self,
        module: &Module,
        resources: &[ResourceView],
        providers: &mut BTreeMap<String, ProviderView>,
    ) {
        for resource in resources {
            let key = &resource.provider_config_key;
            if !providers.contains_key(key) {
                providers.insert(key.clone(), implied(module, key));
            }
        }
    }

    /// Returns `count` and `for_each`.
    fn repetition(&self, repetition: &Repetition) -> (Option<Json>, Option<Json>) {
        match repetition {
            Repetition::Once | Repetition::Enabled(_) => (None, None),
            Repetition::Count(expression) => (Some(self.expression(expression, false)), None),
            Repetition::ForEach(expression) => (None, Some(self.expression(expression, false))),
        }
    }

    /// Describes a body against the attributes of its type; where those are not known, every constant may be a secret.
    fn body(&self, body: &Body, table: Option<&[&Attribute]>) -> BTreeMap<String, Json> {
        let of = |name: &str| {
            table.and_then(|table| {
                table
                    .iter()
                    .find(|attribute| attribute.name == name)
                    .copied()
            })
        };
        let mut found = BTreeMap::new();
        for attribute in &body.attributes {
            let secret = of(&attribute.name.text)
                .is_none_or(|known| known.sensitive || known.write_only.is_some());
            found.insert(
                attribute.name.text.to_string(),
                self.expression(&attribute.value, secret),
            );
        }
        for block in &body.blocks {
            let inner: Option<Vec<&Attribute>> = match of(&block.kind.text).map(|known| known.kind)
            {
                Some(Kind::Block(_, inner)) => Some(inner.iter().collect()),
                _ => None,
            };
            let entry = found
                .entry(block.kind.text.to_string())
                .or_insert_with(|| Json::Array(Vec::new()));
            if let Json::Array(blocks) = entry {
                let described = self.body(&block.body, inner.as_deref());
                blocks.push(Json::Object(described.into_iter().collect()));
            }
        }
        found
    }

    /// Describes an expression: by what it refers to, or by its value where it refers to nothing and is no secret.
    fn expression(&self, expression: &Expression, secret: bool) -> Json {
        let names = named(&found_in(expression));
        if !names.is_empty() || secret {
            return references(&names);
        }
        let scope = InstanceScope::new(self.world, &ModuleAddress::default(), View::Plan);
        let value = evaluate(expression, &scope).ok();
        let value = value
            .filter(|value| !value.marks_within().any())
            .as_ref()
            .and_then(plain);
        value.map_or_else(|| references(&[]), constant)
    }
}

/// Returns a provider that is used without a block of its own.
fn implied(module: &Module, name: &str) -> ProviderView {
    let required = module.settings.required_providers.get(name);
    ProviderView {
        name: name.to_owned(),
        full_name: full_name(module, name),
        version_constraint: required
            .and_then(|one| one.version.as_ref())
            .map(ToString::to_string),
        ..ProviderView::default()
    }
}

fn full_name(module: &Module, name: &str) -> String {
    match module.settings.required_providers.get(name) {
        Some(required) => required.source.to_string(),
        None if name == "terraform" => "builtin/terraform".to_owned(),
        None => format!("hashicorp/{name}"),
    }
}

fn described(variable: &DeclaredVariable) -> Json {
    let mut json = Map::new();
    let default = variable
        .default
        .as_ref()
        .filter(|_| !variable.sensitive && !variable.ephemeral);
    if let Some(default) = default.and_then(plain) {
        json.insert("default".to_owned(), default);
    }
    if let Some(text) = &variable.description {
        json.insert("description".to_owned(), (**text).into());
    }
    if variable.sensitive {
        json.insert("sensitive".to_owned(), true.into());
    }
    json.into()
}

fn module_text(module: &Module) -> String {
    let steps: Vec<String> = module
        .path
        .iter()
        .map(|name| format!("module.{name}"))
        .collect();
    steps.join(".")
}

fn provider_key(module: &Module, name: &str) -> String {
    match module.path.is_empty() || !module.providers.contains_key(name) {
        true => name.to_owned(),
        false => format!("{}:{name}", module_text(module)),
    }
}

/// Lists what references name, each followed by what it is part of: `vault_mount.kv.path`, `vault_mount.kv`.
fn named(found: &[Reference]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for reference in found {
        for name in spelled(reference) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn spelled(reference: &Reference) -> Vec<String> {
    let mut text = match &reference.target {
        Target::Variable(name) => format!("var.{}", name.text),
        Target::Local(name) => format!("local.{}", name.text),
        Target::Each(name) => format!("each.{}", name.text),
        Target::Count(name) => return vec![format!("count.{}", name.text)],
        Target::Path(name) => return vec![format!("path.{}", name.text)],
        Target::Terraform(name) => return vec![format!("terraform.{}", name.text)],
        Target::Itself => "self".to_owned(),
        Target::Call(name) => format!("module.{}", name.text),
        Target::Resource(id, _) => {
            let mode = match id.mode {
                Mode::Managed => "",
                Mode::Data => "data.",
                Mode::Ephemeral => "ephemeral.",
            };
            format!("{mode}{}.{}", id.type_name, id.name)
        }
    };
    let mut names = vec![text.clone()];
    for (at, step) in reference.steps.iter().enumerate() {
        match step {
            Step::Attribute(name) => text.push_str(&format!(".{}", name.text)),
            Step::Index(key) => match index(key) {
                Some(key) => text.push_str(&key.to_string()),
                None => break,
            },
            Step::Splat(_) => break,
        }
        // An instance of a module stands for itself.
        let instance =
            at == 0 && matches!((step, &reference.target), (Step::Index(_), Target::Call(_)));
        if instance {
            names.clear();
        }
        names.push(text.clone());
    }
    names.reverse();
    names
}

/// Returns a key that is written out.
fn index(key: &Expression) -> Option<InstanceKey> {
    use crate::syntax::{Node, Part};
    match &key.node {
        Node::Number(number) => number.to_string().parse().ok().map(InstanceKey::Index),
        Node::Template(parts) => match parts.as_slice() {
            [Part::Literal(text, _)] => Some(InstanceKey::Key(text.as_ref().into())),
            _ => None,
        },
        _ => None,
    }
}
