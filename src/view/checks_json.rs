//! Outcomes of checks and conditions as plan documents hold them: one entry for what is declared, with its instances.

use crate::plan::CheckResult;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Returns the entries, by address.
#[must_use]
pub fn checks_json(results: &[CheckResult]) -> Vec<Json> {
    let mut declared: BTreeMap<String, Vec<&CheckResult>> = BTreeMap::new();
    for result in results {
        let steps = steps(&result.address);
        let name: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        declared.entry(name.join(".")).or_default().push(result);
    }
    declared
        .into_iter()
        .map(|(address, results)| entry(&address, &results))
        .collect()
}

fn entry(address: &str, results: &[&CheckResult]) -> Json {
    let statuses: Vec<&str> = results.iter().map(|result| result.status).collect();
    let worst = ["error", "fail", "unknown"]
        .into_iter()
        .find(|status| statuses.contains(status));
    let kind = results.first().map_or("check", |result| result.kind);
    let instances: Vec<Json> = results.iter().map(|result| instance(result)).collect();
    json!({
        "address": declared_address(address, kind),
        "status": worst.unwrap_or("pass"),
        "instances": instances,
    })
}

/// Returns what names a declaration: its kind, its module, its name.
fn declared_address(address: &str, kind: &str) -> Json {
    let steps = steps(address);
    let (modules, own) = divided(&steps);
    let mut json = Map::new();
    json.insert("kind".to_owned(), kind.into());
    if kind == "resource" {
        let data = own.first().is_some_and(|step| step.name == "data");
        let mode = if data { "data" } else { "managed" };
        json.insert("mode".to_owned(), mode.into());
    }
    if !modules.is_empty() {
        json.insert("module".to_owned(), text(modules).into());
    }
    let mut backwards = own.iter().rev().map(|step| step.name.as_str());
    json.insert("name".to_owned(), backwards.next().into());
    json.insert("to_display".to_owned(), address.into());
    if kind == "resource" {
        json.insert("type".to_owned(), backwards.next().into());
    }
    json.into()
}

fn instance(result: &CheckResult) -> Json {
    let steps = steps(&result.address);
    let (modules, own) = divided(&steps);
    let mut address = Map::new();
    if let Some(key) = own.last().and_then(|step| step.key.as_deref()) {
        let key: Json = serde_json::from_str(key).unwrap_or_else(|_| key.into());
        address.insert("instance_key".to_owned(), key);
    }
    if !modules.is_empty() {
        address.insert("module".to_owned(), text(modules).into());
    }
    address.insert("to_display".to_owned(), result.address.as_str().into());
    let problems: Vec<Json> = result
        .problems
        .iter()
        .map(|problem| json!({ "message": problem }))
        .collect();
    let mut instance = json!({ "address": address, "status": result.status });
    if !problems.is_empty() {
        instance["problems"] = problems.into();
    }
    instance
}

/// One name of an address, with the key in brackets as it is written.
struct Step {
    name: String,
    key: Option<String>,
}

/// Divides an address at its dots, those within keys aside.
fn steps(address: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = address;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (key, after) = match after.strip_prefix('[') {
            Some(inside) => {
                let (key, after) = key(inside);
                (Some(key.to_owned()), after)
            }
            None => (None, after),
        };
        steps.push(Step {
            name: name.to_owned(),
            key,
        });
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}

/// Returns a key and what stands behind its bracket.
fn key(inside: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => {
                let (key, after) = inside.split_at(at);
                return (key, after.strip_prefix(']').unwrap_or(after));
            }
            _ => {}
        }
    }
    (inside, "")
}

/// Divides the modules on the way from what is named in them.
fn divided(steps: &[Step]) -> (&[Step], &[Step]) {
    let pairs = steps.chunks(2);
    let depth = pairs
        .take_while(|pair| pair.first().is_some_and(|step| step.name == "module"))
        .count();
    steps.split_at((depth * 2).min(steps.len()))
}

fn text(steps: &[Step]) -> String {
    let texts: Vec<String> = steps
        .iter()
        .map(|step| match &step.key {
            Some(key) => format!("{}[{key}]", step.name),
            None => step.name.clone(),
        })
        .collect();
    texts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_stand_below_what_is_declared() {
        let result = |address: &str, kind, status| CheckResult {
            address: address.to_owned(),
            kind,
            status,
            problems: Vec::new(),
        };
        let found = checks_json(&[
            result("var.c", "var", "pass"),
            result("module.m[\"a.b]\"].vault_mount.kv[0]", "resource", "pass"),
            result(
                "module.m[\"a.b]\"].vault_mount.kv[1]",
                "resource",
                "unknown",
            ),
        ]);
        let expected = json!([
            {
                "address": {
                    "kind": "resource", "mode": "managed", "module": "module.m", "name": "kv",
                    "to_display": "module.m.vault_mount.kv", "type": "vault_mount"
                },
                "status": "unknown",
                "instances": [
                    {
                        "address": {
                            "instance_key": 0, "module": "module.m[\"a.b]\"]",
                            "to_display": "module.m[\"a.b]\"].vault_mount.kv[0]"
                        },
                        "status": "pass"
                    },
                    {
                        "address": {
                            "instance_key": 1, "module": "module.m[\"a.b]\"]",
                            "to_display": "module.m[\"a.b]\"].vault_mount.kv[1]"
                        },
                        "status": "unknown"
                    }
                ]
            },
            {
                "address": { "kind": "var", "name": "c", "to_display": "var.c" },
                "status": "pass",
                "instances": [{ "address": { "to_display": "var.c" }, "status": "pass" }]
            }
        ]);
        assert_eq!(Json::from(found), expected);
    }
}
