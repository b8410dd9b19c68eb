//! The text of plans against measured texts (`tests/vectors/plan_render.jsonl`): the typed change of each case goes through
//! the plan document, so what is tested is the way that a saved plan takes to the screen.

use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vaultform::value::{Marks, Type, Value};
use vaultform::view::conceal::{Concealing, conceal};
use vaultform::view::document::{Change, PlanDocument, ResourceChange};
use vaultform::view::plan_text::{TextOptions, output_lines, plan_text, resource_change_text};
use vaultform::view::product::Product;
use vaultform::view::schema::{Field, Nesting, Schema};

const VECTORS: &str = include_str!("vectors/plan_render.jsonl");

/// Whole plans as Terraform showed them, with the JSON that it gave for them.
const PLANS: &str = include_str!("vectors/plan_golden.jsonl");

fn read_type(json: &Json) -> Type {
    match json {
        Json::String(name) => match name.as_str() {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            _ => Type::Dynamic,
        },
        Json::Array(parts) => match parts[0].as_str().unwrap() {
            "list" => Type::list(read_type(&parts[1])),
            "set" => Type::set(read_type(&parts[1])),
            "map" => Type::map(read_type(&parts[1])),
            "tuple" => Type::Tuple(parts[1].as_array().unwrap().iter().map(read_type).collect()),
            _ => Type::object(
                parts[1]
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, ty)| (Arc::from(name.as_str()), read_type(ty))),
            ),
        },
        _ => panic!("not a type: {json}"),
    }
}

fn read_value(json: &Json) -> Value {
    let ty = read_type(&json["t"]);
    if json["unk"] == true {
        return Value::unknown(ty, Arc::new(BTreeSet::new()));
    }
    let fields = |json: &Json| -> BTreeMap<Arc<str>, Value> {
        let fields = json.as_object().unwrap().iter();
        fields
            .map(|(key, value)| (Arc::from(key.as_str()), read_value(value)))
            .collect()
    };
    let items = |json: &Json| {
        json.as_array()
            .unwrap()
            .iter()
            .map(read_value)
            .collect::<Vec<_>>()
    };
    match (&ty, &json["v"]) {
        (_, Json::Null) => Value::null(ty),
        (Type::Bool, Json::Bool(value)) => Value::from(*value),
        (Type::Number, number) => Value::from(number.as_i64().unwrap()),
        (Type::String, Json::String(text)) => Value::from(text.as_str()),
        (Type::List(inner), value) => Value::list((**inner).clone(), items(value)),
        (Type::Set(inner), value) => Value::set((**inner).clone(), items(value)),
        (Type::Tuple(_), value) => Value::tuple(items(value)),
        (Type::Map(inner), value) => Value::map((**inner).clone(), fields(value)),
        (_, value) => Value::object(fields(value)),
    }
}

/// Puts marks on the parts of a value that paths name.
fn mark(value: &mut Value, path: &[Json]) {
    use vaultform::value::Shape;
    let Some((first, rest)) = path.split_first() else {
        *value = value.clone().marked(Marks::SENSITIVE);
        return;
    };
    let step = first.get("index").map_or(first, |index| &index["v"]);
    let inner = match &mut value.shape {
        Shape::Object(fields) | Shape::Map(_, fields) => {
            std::sync::Arc::make_mut(fields).get_mut(step.as_str().unwrap())
        }
        Shape::List(_, items) | Shape::Tuple(items) => {
            items.get_mut(usize::try_from(step.as_u64().unwrap()).unwrap())
        }
        other => panic!("no path into {other:?}", other = Value::from(other.clone())),
    };
    if let Some(inner) = inner {
        mark(inner, rest);
    }
}

fn side(vector: &Json, name: &str) -> Option<Value> {
    let mut value = read_value(&vector[name]);
    for place in vector[format!("{name}_marks")]
        .as_array()
        .into_iter()
        .flatten()
    {
        mark(&mut value, place["path"].as_array().unwrap());
    }
    (!value.is_null()).then(|| mark_nested(value, &vector["schema"]["attributes"]))
}

/// Marks attributes in nested attributes that the schema says are sensitive.
fn mark_nested(mut value: Value, attributes: &Json) -> Value {
    for (name, attribute) in attributes.as_object().into_iter().flatten() {
        let inner = attribute["nested_type"]["attributes"].as_object();
        for (key, inner) in inner.into_iter().flatten() {
            if inner["sensitive"] == true && value.field(name).is_some_and(|value| !value.is_null())
            {
                mark(&mut value, &[json!(name), json!(key)]);
            }
        }
    }
    value
}

fn read_nesting(json: &Json) -> Nesting {
    match json.as_str().unwrap() {
        "list" => Nesting::List,
        "set" => Nesting::Set,
        "map" => Nesting::Map,
        _ => Nesting::Single,
    }
}

fn read_field(json: &Json) -> Field {
    let nested = &json["nested_type"];
    if json["write_only"] == true {
        Field::WriteOnly
    } else if let Some(attributes) = nested["attributes"].as_object() {
        let fields = attributes
            .iter()
            .map(|(name, field)| (name.clone(), read_field(field)));
        Field::Nested(read_nesting(&nested["nesting"]), fields.collect())
    } else {
        Field::Typed(read_type(&json["type"]))
    }
}

fn read_schema(json: &Json) -> Schema {
    let mut schema = Schema::default();
    for (name, attribute) in json["attributes"].as_object().into_iter().flatten() {
        schema
            .attributes
            .insert(name.clone(), read_field(attribute));
        if attribute["sensitive"] == true {
            schema.secrets.insert(name.clone());
        }
    }
    for (name, block) in json["block_types"].as_object().into_iter().flatten() {
        let inner = (
            read_nesting(&block["nesting"]),
            read_schema(&block["block"]),
        );
        schema.blocks.insert(name.clone(), inner);
    }
    schema
}

fn actions(name: &str) -> Vec<String> {
    let actions: &[&str] = match name {
        "Create" => &["create"],
        "Update" => &["update"],
        "Delete" => &["delete"],
        "Read" => &["read"],
        "Forget" => &["forget"],
        "DeleteThenCreate" => &["delete", "create"],
        "CreateThenDelete" => &["create", "delete"],
        _ => &["no-op"],
    };
    actions.iter().map(|&action| action.to_owned()).collect()
}

fn reason(name: &str) -> Option<String> {
    let reason = match name {
        "ResourceInstanceReplaceBecauseTainted" => "replace_because_tainted",
        "ResourceInstanceReplaceByRequest" => "replace_by_request",
        "ResourceInstanceReplaceBecauseCannotUpdate" => "replace_because_cannot_update",
        "ResourceInstanceReadBecauseDependencyPending" => "read_because_dependency_pending",
        "ResourceInstanceDeleteBecauseWrongRepetition" => "delete_because_wrong_repetition",
        "ResourceInstanceDeleteBecauseNoModule" => "delete_because_no_module",
        "ResourceInstanceDeleteBecauseEachKey" => "delete_because_each_key",
        "ResourceInstanceDeleteBecauseNoResourceConfig" => "delete_because_no_resource_config",
        _ => return None,
    };
    Some(reason.to_owned())
}

/// Reads the key of an instance out of the address in the expected text: the cases give it as source code.
fn header_address(expected: &str) -> (String, Option<String>, Option<Json>) {
    let address = expected
        .trim_start_matches([' ', '#'])
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let module = address.rfind("].test").or_else(|| {
        address
            .find(".test")
            .filter(|_| address.starts_with("module."))
    });
    let module = module.map(|at| address[..=at].trim_end_matches('.').to_owned());
    let index = address.rsplit_once('[').filter(|_| address.ends_with(']'));
    let index = index.map(|(_, key)| serde_json::from_str(key.trim_end_matches(']')).unwrap());
    (address, module, index)
}

fn resource_change(vector: &Json, expected: &str, schema: &Schema) -> ResourceChange {
    let (before, after) = (side(vector, "before"), side(vector, "after"));
    let change = conceal(
        before.as_ref(),
        after.as_ref(),
        schema,
        Concealing::default(),
    );
    let (mut address, module_address, index) = header_address(expected);
    let mut previous_address = None;
    if vector.get("PrevRunAddr").is_some() {
        address = "test_instance.example".to_owned();
        previous_address = Some("test_instance.previous".to_owned());
    }
    let data = vector["mode"] == "DataResourceMode";
    ResourceChange {
        address,
        previous_address,
        module_address,
        mode: if data { "data" } else { "managed" }.to_owned(),
        type_name: "test_instance".to_owned(),
        name: "example".to_owned(),
        index,
        change: Change {
            actions: actions(vector["action"].as_str().unwrap()),
            replace_paths: vector.get("required_replace").cloned(),
            ..change
        },
        action_reason: vector["action_reason"].as_str().and_then(reason),
        ..ResourceChange::default()
    }
}

/// Writes and reads the change as a saved plan does.
fn saved(change: ResourceChange) -> ResourceChange {
    let document = PlanDocument {
        resource_changes: vec![change],
        ..PlanDocument::default()
    };
    let text = document.to_json().unwrap();
    PlanDocument::from_json(&text)
        .unwrap()
        .resource_changes
        .remove(0)
}

fn rendered(vector: &Json, expected: &str) -> String {
    let options = TextOptions {
        product: Product::OpenTofu,
        ..TextOptions::default()
    };
    if vector["mode"] == "EphemeralResourceMode" {
        return String::new();
    }
    if let Some(outputs) = vector["output_changes"].as_array() {
        let changes = outputs.iter().map(|output| {
            let (before, after) = (read_value(&output["before"]), read_value(&output["after"]));
            let how = Concealing::default();
            let change = conceal(Some(&before), Some(&after), &Schema::default(), how);
            (output["name"].as_str().unwrap().to_owned(), change)
        });
        return output_lines(&changes.collect(), options);
    }
    let schema = read_schema(&vector["schema"]);
    let change = saved(resource_change(vector, expected, &schema));
    resource_change_text(&change, &|_, _| Some(schema.clone()), options)
}

#[test]
fn plans_read_as_measured() {
    let mut missed = Vec::new();
    let mut total = 0;
    for line in VECTORS.lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        let (test, case) = (
            vector["test"].as_str().unwrap(),
            vector["case"].as_str().unwrap(),
        );
        let expected = vector["expected"].as_str().unwrap();
        total += 1;
        let text = rendered(&vector, expected);
        if text.trim_end() != expected.trim_end() {
            missed.push(format!(
                "{test}/{case}\n--- expected\n{expected}\n--- rendered\n{text}"
            ));
        }
    }
    assert!(
        missed.is_empty(),
        "{} of {total} differ:\n{}",
        missed.len(),
        missed.join("\n\n")
    );
    assert_eq!(total, 87);
}

#[test]
fn whole_plans_read_as_measured() {
    let mut total = 0;
    for line in PLANS.lines() {
        let measured: Json = serde_json::from_str(line).unwrap();
        let document = PlanDocument::from_json(&measured["doc"].to_string()).unwrap();
        let schema_of = |mode: &str, name: &str| {
            let key = if mode == "data" {
                format!("data.{name}")
            } else {
                name.to_owned()
            };
            measured["schemas"].get(&key).map(read_schema)
        };
        let text = plan_text(&document, &schema_of, TextOptions::default());
        let expected = measured["text"].as_str().unwrap();
        assert_eq!(text.trim_end(), expected.trim_end(), "{}", measured["name"]);
        total += 1;
    }
    assert_eq!(total, 36);
}
