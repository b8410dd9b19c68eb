//! The specification suite of HCL: each case is a file, and what it means or where it is wrong.

mod memory;

use memory::Files;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use vaultform::eval::functions::Phase;
use vaultform::eval::{Reference, Scope, World, evaluate};
use vaultform::source::{Diagnostic, Outcome, Sources};
use vaultform::syntax::{Body, parse_expression, parse_file};
use vaultform::value::Value;

struct Names(BTreeMap<Arc<str>, Value>, Files);

impl Scope for Names {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        Err(vec![
            Diagnostic::error("undeclared", "no such name").at(reference.span, "here"),
        ])
    }
    fn bound(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }
    fn world(&self) -> World<'_> {
        World {
            surroundings: &self.1,
            base_directory: Path::new("."),
            phase: Phase::Plan,
            now: 0,
            entropy: &|_| {},
        }
    }
}

/// A body as a value: arguments by their names, blocks by their kinds and labels.
fn value_of(body: &Body, scope: &Names) -> Value {
    let mut fields = BTreeMap::new();
    for attribute in &body.attributes {
        let value = evaluate(&attribute.value, scope).unwrap();
        fields.insert(attribute.name.text.clone(), value);
    }
    for block in &body.blocks {
        let kind = block.kind.text.clone();
        let inner = value_of(&block.body, scope);
        let value = match block.labels.first() {
            None => inner,
            Some(label) => {
                let known = fields.get(&kind).and_then(Value::as_fields).cloned();
                let mut labelled = known.unwrap_or_default();
                labelled.insert(label.text.clone(), inner);
                Value::object(labelled)
            }
        };
        fields.insert(kind, value);
    }
    Value::object(fields)
}

fn literal(sources: &mut Sources, text: &str, scope: &Names) -> Value {
    let file = sources.add("case", text);
    evaluate(&parse_expression(file, text, 0).unwrap(), scope).unwrap()
}

/// The places of what is wrong: syntax errors, and arguments that are not expected.
fn wrong(sources: &Sources, body: &Body, told: &[Diagnostic], case: &Json) -> Vec<(usize, usize)> {
    let labels = told.iter().filter_map(|one| one.labels.first());
    let mut spans: Vec<_> = labels.map(|label| label.span).collect();
    if let Some(expected) = case["expected"].as_array() {
        let known = |name: &str| expected.iter().any(|one| one == name);
        let strangers = body.attributes.iter().filter(|one| !known(&one.name.text));
        spans.extend(strangers.map(|one| one.name.span));
    }
    let place = |span: vaultform::source::Span| {
        let at = sources.position(span.file, span.start);
        (at.line, at.column)
    };
    spans.into_iter().map(place).collect()
}

#[test]
fn the_cases_of_the_specification_hold() {
    let mut count = 0;
    for line in include_str!("vectors/hcl_suite.jsonl").lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let name = case["case"].as_str().unwrap();
        let input = case["input"].as_str().unwrap();
        let mut sources = Sources::default();
        let nothing = Names(BTreeMap::new(), Files::of(&[]));
        let variables = case["variables"].as_str().unwrap_or("{}");
        let variables = literal(&mut sources, variables, &nothing);
        let names = variables.as_fields().cloned().unwrap_or_default();
        let scope = Names(names, Files::of(&[]));
        let file = sources.add("main.hcl", input);
        let (body, told) = parse_file(file, input);
        if let Some(result) = case["result"].as_str() {
            assert!(told.is_empty(), "{name}: {told:?}");
            let expected = literal(&mut sources, result, &nothing);
            assert_eq!(value_of(&body, &scope), expected, "{name}");
        } else {
            let places: Vec<(usize, usize)> =
                serde_json::from_value(case["errors"].clone()).unwrap();
            assert_eq!(
                wrong(&sources, &body, &told, &case),
                places,
                "{name}: {told:?}"
            );
        }
        count += 1;
    }
    assert_eq!(count, 15);
}
