//! Questions and answers as JSON, for other tools: one decision each.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::decide::{Operation, Request, Winner};
use super::merged::{Context, RuleSet};
use super::parse::parse_at;
use super::rule::Policy;
use super::server::{Product, Server, Version};
use super::template::{Alias, Entity, Group, Identity};
use super::time;
use super::words;

/// Answers a question: `{"allowed": …, "capabilities": […], "rule": {…}, "why": "…"}`, or `{"error": "…"}`. `now` is in
/// seconds since 1970 and counts where the question has none.
#[must_use]
pub fn answer(question: &Json, now: i64) -> Json {
    decided(question, now).unwrap_or_else(|why| json!({ "error": why }))
}

/// Reads a server's name such as `openbao-2.7` or `vault-1.21.4`; without a version it is the newest that is known.
#[must_use]
pub fn server_named(text: &str) -> Option<Server> {
    let (name, version) = text.split_once('-').unwrap_or((text, ""));
    let (product, newest) = match name.to_lowercase().as_str() {
        "vault" => (Product::Vault, Server::VAULT),
        "openbao" | "bao" => (Product::OpenBao, Server::OPENBAO),
        _ => return None,
    };
    if version.is_empty() {
        return Some(newest);
    }
    Some(Server::new(product, Version::read(version)?))
}

/// Returns an operation by its name.
#[must_use]
pub fn operation_named(name: &str) -> Option<Operation> {
    Some(match name {
        "create" => Operation::Create,
        "read" => Operation::Read,
        "update" => Operation::Update,
        "patch" => Operation::Patch,
        "delete" => Operation::Delete,
        "list" => Operation::List,
        "scan" => Operation::Scan,
        "recover" => Operation::Recover,
        "help" => Operation::Help,
        _ => return None,
    })
}

fn decided(question: &Json, now: i64) -> Result<Json, String> {
    if !question.is_object() {
        return Err("a question is an object".to_owned());
    }
    let server = match text(question, "server")? {
        None => Server::OPENBAO,
        Some(name) => server_named(name).ok_or_else(|| {
            format!("`{name}` is no server such as `openbao-2.7` or `vault-1.21.4`")
        })?,
    };
    let namespace = namespace(text(question, "namespace")?.unwrap_or_default());
    let now = match &question["now"] {
        Json::Null => now,
        Json::Number(number) => number.as_i64().unwrap_or(now),
        other => {
            let read = other.as_str().and_then(time::absolute).flatten();
            read.ok_or_else(|| format!("`now` is no point in time: {other}"))?
        }
    };
    let policies = policies(question, server, &namespace, now)?;
    let identity = identity(&question["identity"])?;
    let mounts = pairs(question, "mounts")?;
    let mounts: Vec<(String, String)> = mounts
        .into_iter()
        .map(|(path, kind)| (format!("{}/", path.trim_matches('/')), kind))
        .collect();
    let borrowed: Vec<(&str, &str)> = mounts
        .iter()
        .map(|(path, kind)| (path.as_str(), kind.as_str()))
        .collect();
    let context = Context {
        server,
        identity: identity.as_ref(),
        now: Some(now),
        mounts: &borrowed,
    };
    let request = request(question, namespace)?;
    Ok(judged(&policies, &request, &context))
}

fn judged(policies: &[Policy], request: &Request, context: &Context<'_>) -> Json {
    match RuleSet::new(policies, context) {
        Err(broken) => json!({
            "allowed": false,
            "capabilities": ["deny"],
            "rule": null,
            "why": words::broken(&broken),
        }),
        Ok(rules) => {
            let decision = rules.decide(request, context);
            let rule = decision.rule.as_ref().map(|rule| winner(rule, policies));
            json!({
                "allowed": decision.allowed,
                "capabilities": rules.capabilities(&request.namespace, &request.path),
                "rule": rule,
                "why": words::why(&decision, policies),
            })
        }
    }
}

fn winner(rule: &Winner, policies: &[Policy]) -> Json {
    let sources: Vec<Json> = rule
        .sources
        .iter()
        .map(|source| {
            let written = policies.get(source.policy).and_then(|policy| {
                let rule = policy.rules.get(source.rule)?;
                Some((policy.name.as_str(), rule.path.as_str(), rule.extent.start))
            });
            let (name, path, byte) = written.unwrap_or_default();
            let mut entry =
                json!({ "policy": source.policy, "rule": source.rule, "path": path, "byte": byte });
            if !name.is_empty() {
                entry["name"] = name.into();
            }
            entry
        })
        .collect();
    let capabilities: Vec<&str> = rule
        .permissions
        .capabilities
        .iter()
        .map(|one| one.name())
        .collect();
    json!({
        "path": rule.pattern.to_string(),
        "capabilities": capabilities,
        "sources": sources,
    })
}

fn text<'j>(json: &'j Json, key: &str) -> Result<Option<&'j str>, String> {
    match &json[key] {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text)),
        _ => Err(format!("`{key}` must be a text")),
    }
}

/// Returns a namespace as policies have it: without a slash in front, with one at the end.
fn namespace(text: &str) -> String {
    match text.trim_matches('/') {
        "" => String::new(),
        inner => format!("{inner}/"),
    }
}

fn policies(
    question: &Json,
    server: Server,
    namespace: &str,
    now: i64,
) -> Result<Vec<Policy>, String> {
    let given = question["policies"]
        .as_array()
        .ok_or("`policies` must be a list of texts")?;
    let each = given.iter().enumerate();
    each.map(|(at, one)| {
        policy(one, server, namespace, now).map_err(|why| format!("policies[{at}]: {why}"))
    })
    .collect()
}

fn policy(given: &Json, server: Server, around: &str, now: i64) -> Result<Policy, String> {
    let body = match given {
        Json::String(text) => text.as_str(),
        Json::Object(_) => match (text(given, "policy")?, text(given, "text")?) {
            (Some(body), _) | (None, Some(body)) => body,
            (None, None) if given["name"] == "root" => "path \"*\" {}",
            (None, None) => return Err("it has no `policy`".to_owned()),
        },
        _ => return Err("it must be a text".to_owned()),
    };
    let (mut policy, faults) = parse_at(body, None, server, Some(now));
    if let Some(fault) = faults.iter().find(|one| one.is_error()) {
        return Err(fault.message.clone());
    }
    policy.namespace = around.to_owned();
    if given.is_object() {
        policy.name = text(given, "name")?.unwrap_or_default().to_owned();
        if let Some(own) = text(given, "namespace")? {
            policy.namespace = namespace(own);
        }
        policy.allow_wildcards = given["allow_wildcards_in_identity_templates"] == true;
        policy.allow_slashes = given["allow_slashes_in_identity_templates"] == true;
    }
    Ok(policy)
}

fn request(question: &Json, namespace: String) -> Result<Request, String> {
    let name = text(question, "operation")?.ok_or("`operation` is missing")?;
    let operation = operation_named(name).ok_or_else(|| {
        format!(
            "`{name}` is none of create, read, update, patch, delete, list, scan, recover and help"
        )
    })?;
    let path = text(question, "path")?.ok_or("`path` is missing")?;
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut request = Request::new(operation, path.strip_prefix("v1/").unwrap_or(path));
    request.namespace = namespace;
    request.data = match &question["parameters"] {
        Json::Null => Map::new(),
        Json::Object(data) => data.clone(),
        _ => return Err("`parameters` must be an object".to_owned()),
    };
    request.wrap_ttl = match &question["wrap_ttl"] {
        Json::Null => None,
        Json::Number(seconds) => seconds
            .as_i64()
            .and_then(|one| one.checked_mul(1_000_000_000)),
        Json::String(text) => time::duration(text),
        _ => return Err("`wrap_ttl` must be a duration".to_owned()),
    };
    Ok(request)
}

fn pairs(json: &Json, key: &str) -> Result<BTreeMap<String, String>, String> {
    let Some(fields) = json.get(key).filter(|value| !value.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let wrong = || format!("`{key}` must be an object of texts");
    let fields = fields.as_object().ok_or_else(wrong)?;
    let each = fields.iter().map(|(name, value)| {
        let value = value.as_str().ok_or_else(wrong)?;
        Ok((name.clone(), value.to_owned()))
    });
    each.collect()
}

/// Reads an identity: `{"entity": {"id", "name", "metadata", "aliases"}, "groups": […]}`; what belongs to the entity may
/// also stand beside the groups. Nothing and an empty object are nobody.
///
/// # Errors
/// Tells in words what is wrong.
pub fn identity(json: &Json) -> Result<Option<Identity>, String> {
    if json.is_null() || json.as_object().is_some_and(Map::is_empty) {
        return Ok(None);
    }
    if !json.is_object() {
        return Err("`identity` must be an object".to_owned());
    }
    let beside = [
        "id",
        "entity_id",
        "name",
        "entity_name",
        "metadata",
        "aliases",
    ];
    let flat = beside.iter().any(|key| !json[*key].is_null());
    let entity = match &json["entity"] {
        Json::Null if flat => Some(entity(json)?),
        Json::Null => None,
        inner => Some(entity(inner)?),
    };
    let groups = list(json, "groups")?.iter().map(group);
    Ok(Some(Identity {
        entity,
        groups: groups.collect::<Result<_, _>>()?,
    }))
}

fn list<'j>(json: &'j Json, key: &str) -> Result<&'j [Json], String> {
    match &json[key] {
        Json::Null => Ok(&[]),
        Json::Array(items) => Ok(items),
        _ => Err(format!("`{key}` must be a list")),
    }
}

fn first_text(json: &Json, keys: [&str; 2]) -> Result<String, String> {
    let [first, second] = keys;
    let found = text(json, first)?.or(text(json, second)?);
    Ok(found.unwrap_or_default().to_owned())
}

fn entity(json: &Json) -> Result<Entity, String> {
    let aliases = list(json, "aliases")?.iter().map(alias);
    Ok(Entity {
        id: first_text(json, ["id", "entity_id"])?,
        name: first_text(json, ["name", "entity_name"])?,
        metadata: pairs(json, "metadata")?,
        aliases: aliases.collect::<Result<_, String>>()?,
    })
}

fn alias(json: &Json) -> Result<Alias, String> {
    Ok(Alias {
        accessor: first_text(json, ["mount_accessor", "accessor"])?,
        id: first_text(json, ["id", "id"])?,
        name: first_text(json, ["name", "name"])?,
        metadata: pairs(json, "metadata")?,
        custom_metadata: pairs(json, "custom_metadata")?,
    })
}

fn group(json: &Json) -> Result<Group, String> {
    if let Some(name) = json.as_str() {
        return Ok(Group {
            name: name.to_owned(),
            ..Group::default()
        });
    }
    Ok(Group {
        id: first_text(json, ["id", "id"])?,
        name: first_text(json, ["name", "name"])?,
        namespace: namespace(text(json, "namespace")?.unwrap_or_default()),
        metadata: pairs(json, "metadata")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_with_rule_and_reason() {
        let question = json!({
            "policies": ["path \"kv/*\" { capabilities = [\"read\", \"delete\"] }", "path \"kv/a\" { capabilities = [\"read\"] }"],
            "identity": {},
            "server": "openbao-2.7",
            "namespace": "",
            "operation": "delete",
            "path": "kv/a",
            "parameters": {},
        });
        let said = answer(&question, 0);
        assert_eq!(said["allowed"], false);
        assert_eq!(said["capabilities"], json!(["read"]));
        assert_eq!(said["rule"]["path"], "kv/a");
        assert_eq!(said["rule"]["sources"][0]["policy"], 1);
        let why = "`kv/a` decides, and does not grant `delete`; `kv/*` matches too, but an exact rule wins";
        assert_eq!(said["why"], why);
    }

    #[test]
    fn templates_and_namespaces_count() {
        let mut question = json!({
            "policies": ["path \"kv/{{identity.entity.name}}/*\" { capabilities = [\"read\"] }"],
            "identity": { "entity": { "name": "ann" } },
            "namespace": "team",
            "operation": "read",
            "path": "/v1/kv/ann/x",
        });
        assert_eq!(answer(&question, 0)["allowed"], true);
        question["identity"] = json!({ "name": "bob" });
        let said = answer(&question, 0);
        assert_eq!(said["allowed"], false);
        question["identity"] = json!(null);
        let why = "no rule matches the path; `kv/{{identity.entity.name}}/*` is not there, as `identity.entity.name` has no value";
        assert_eq!(answer(&question, 0)["why"], why);
        question["identity"] = json!({ "name": "a*" });
        let said = answer(&question, 0);
        assert_eq!(
            said["why"],
            "every request of this token fails: the value of `identity.entity.name` holds `*`"
        );
    }

    #[test]
    fn what_cannot_be_answered_is_an_error() {
        let wrong = [
            json!([]),
            json!({}),
            json!({ "policies": [5], "operation": "read", "path": "a" }),
            json!({ "policies": ["path"], "operation": "read", "path": "a" }),
            json!({ "policies": [], "path": "a" }),
            json!({ "policies": [], "operation": "raed", "path": "a" }),
            json!({ "policies": [], "operation": "read", "path": "a", "server": "consul-1" }),
            json!({ "policies": [], "operation": "read", "path": "a", "parameters": [] }),
        ];
        for question in wrong {
            let said = answer(&question, 0);
            assert!(said["error"].is_string(), "{question}: {said}");
        }
        let nothing = json!({ "policies": [], "operation": "read", "path": "a" });
        assert_eq!(answer(&nothing, 0)["allowed"], false);
    }
}
