//! Which attributes the configuration looks at: `relevant_attributes` of plan documents, by which tools judge what drift
//! may have led to a change.

use super::configuration::{ConfigurationView, ModuleView};
use crate::plan::Step;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Lists them once each, for every instance of a module that has objects.
#[must_use]
pub fn relevant(view: &ConfigurationView, steps: &[&Step]) -> Vec<Json> {
    let mut instances: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for step in steps {
        let module = &step.address.module;
        let path: Vec<String> = module.0.iter().map(|step| step.name.to_string()).collect();
        instances
            .entry(path.join("."))
            .or_default()
            .insert(module.to_string());
    }
    let mut found = Vec::new();
    module(&view.root_module, "", &instances, &mut found);
    let mut seen = BTreeSet::new();
    found.retain(|entry| seen.insert(entry.to_string()));
    found
}

fn module(
    view: &ModuleView,
    path: &str,
    instances: &BTreeMap<String, BTreeSet<String>>,
    found: &mut Vec<Json>,
) {
    let mut names = Vec::new();
    let resources = view.resources.iter().flat_map(|resource| {
        let repetition = [&resource.count_expression, &resource.for_each_expression];
        let repetition = repetition.into_iter().flatten();
        resource.expressions.values().chain(repetition)
    });
    let calls = view
        .module_calls
        .values()
        .flat_map(|call| call.expressions.values());
    for expression in resources.chain(calls).chain(view.outputs.values()) {
        collect(expression, &mut names);
    }
    let none = BTreeSet::from([String::new()]);
    for at in instances.get(path).unwrap_or(&none) {
        found.extend(names.iter().filter_map(|name| attribute(at, name)));
    }
    for (name, call) in &view.module_calls {
        let below = match path.is_empty() {
            true => name.clone(),
            false => format!("{path}.{name}"),
        };
        if instances.contains_key(&below) {
            module(&call.module, &below, instances, found);
        }
    }
}

/// Collects the longest references of an expression; behind each stand the parts of it.
fn collect(expression: &Json, names: &mut Vec<String>) {
    match expression {
        Json::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Json::Object(fields) => {
            let mut last = String::new();
            let references = fields.get("references").and_then(Json::as_array);
            for name in references.into_iter().flatten().filter_map(Json::as_str) {
                let part = last.starts_with(name);
                if !part {
                    names.push(name.to_owned());
                    name.clone_into(&mut last);
                }
            }
            fields
                .iter()
                .filter(|(key, _)| *key != "references" && *key != "constant_value")
                .for_each(|(_, inner)| collect(inner, names));
        }
        _ => {}
    }
}

/// Returns the entry of a reference to an object: whose, and the way to the attribute.
fn attribute(module: &str, name: &str) -> Option<Json> {
    let steps = divided(name);
    let words = match steps.first()?.as_str() {
        "var" | "local" | "module" | "each" | "count" | "path" | "self" | "terraform" => {
            return None;
        }
        "data" | "ephemeral" => 3,
        _ => 2,
    };
    let keyed = steps.get(words).is_some_and(|step| step.starts_with('['));
    let (object, way) = steps.split_at((words + usize::from(keyed)).min(steps.len()));
    let mut address = String::new();
    for step in object {
        if !address.is_empty() && !step.starts_with('[') {
            address.push('.');
        }
        address.push_str(step);
    }
    if !module.is_empty() {
        address = format!("{module}.{address}");
    }
    let key = |step: &String| {
        let inside = step
            .strip_prefix('[')
            .and_then(|step| step.strip_suffix(']'));
        let key = inside.and_then(|inside| serde_json::from_str(inside).ok());
        key.unwrap_or_else(|| Json::from(step.as_str()))
    };
    let way: Vec<Json> = way.iter().map(key).collect();
    Some(json!({ "resource": address, "attribute": way }))
}

/// Divides a reference at its dots and before its brackets.
fn divided(name: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for letter in name.chars() {
        let apart = !quoted && matches!(letter, '.' | '[');
        if apart {
            steps.push(String::new());
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        if !(apart && letter == '.')
            && let Some(step) = steps.last_mut()
        {
            step.push(letter);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_an_object_and_a_way() {
        let found = attribute("module.m[\"p\"]", "vault_mount.kv[\"a.b\"].options[0].x");
        let expected = json!({
            "resource": "module.m[\"p\"].vault_mount.kv[\"a.b\"]",
            "attribute": ["options", 0, "x"]
        });
        assert_eq!(found, Some(expected));
        assert_eq!(attribute("", "var.a.b"), None);
        let data = attribute("", "data.vault_policy.p");
        assert_eq!(
            data,
            Some(json!({ "resource": "data.vault_policy.p", "attribute": [] }))
        );
    }

    #[test]
    fn parts_of_a_reference_do_not_count() {
        let mut names = Vec::new();
        let references = ["a.b.c.d", "a.b.c", "a.b", "a.e", "a.b.c"];
        collect(&json!([{ "x": { "references": references } }]), &mut names);
        assert_eq!(names, ["a.b.c.d", "a.e", "a.b.c"]);
    }
}
