//! Runs the functions and conversions over the vectors in `tests/vectors` (its README tells where they come from).

#![allow(
    clippy::disallowed_methods,
    reason = "tests start servers, read files and the environment"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use vaultform::eval::functions::{CallContext, Phase, lookup};
use vaultform::eval::{Reference, Scope, World, evaluate_template};
use vaultform::source::{Diagnostic, Entry, FileId, Outcome, Surroundings};
use vaultform::syntax::parse_template;
use vaultform::value::{Marks, Number, ObjectType, Refinement, Shape, Type, Value, Waits, convert};

/// Files in memory, as far as the vectors read any.
struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Surroundings for Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "no such file".to_owned())
    }

    fn list(&self, path: &Path) -> Result<Vec<Entry>, String> {
        let below: BTreeMap<String, bool> = self
            .0
            .keys()
            .filter_map(|file| file.strip_prefix(path).ok())
            .filter_map(|rest| {
                let mut parts = rest.iter();
                let name = parts.next()?.to_str()?.to_owned();
                Some((name, parts.next().is_some()))
            })
            .collect();
        if below.is_empty() {
            return Err("no such directory".to_owned());
        }
        Ok(below
            .into_iter()
            .map(|(name, is_directory)| Entry { name, is_directory })
            .collect())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file.starts_with(path))
    }

    /// 2004-04-25T15:00:00Z
    fn started(&self) -> i64 {
        1_082_905_200
    }

    fn working_directory(&self) -> PathBuf {
        "/work".into()
    }

    fn home(&self) -> Option<PathBuf> {
        Some("/home/user".into())
    }
}

fn files() -> Files {
    Files([("/base/testdata/hello.txt".into(), b"Hello World".to_vec())].into())
}

fn rows(text: &str) -> Vec<Json> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

fn read_type(json: &Json) -> Type {
    if let Some(name) = json.as_str() {
        return match name {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            "dynamic" => Type::Dynamic,
            other => panic!("type {other}"),
        };
    }
    let parts = json.as_array().expect("type");
    match parts[0].as_str().expect("kind") {
        "list" => Type::list(read_type(&parts[1])),
        "set" => Type::set(read_type(&parts[1])),
        "map" => Type::map(read_type(&parts[1])),
        "tuple" => Type::Tuple(
            parts[1]
                .as_array()
                .expect("types")
                .iter()
                .map(read_type)
                .collect(),
        ),
        "object" => {
            let attributes = parts[1].as_object().expect("attributes").iter();
            let optional = parts.get(2).and_then(Json::as_array).into_iter().flatten();
            Type::Object(Arc::new(ObjectType {
                attributes: attributes
                    .map(|(name, ty)| (name.as_str().into(), read_type(ty)))
                    .collect(),
                optional: optional.filter_map(Json::as_str).map(Arc::from).collect(),
            }))
        }
        other => panic!("type {other}"),
    }
}

/// The marks of the suites (`a`, `boop` …) stand for marks of ours, in the order of their names within a row.
struct MarkNames(BTreeSet<String>);

impl MarkNames {
    fn of(row: &Json) -> MarkNames {
        let mut names = BTreeSet::new();
        gather_marks(row, &mut names);
        MarkNames(
            names
                .into_iter()
                .filter(|name| name != "sensitive" && name != "ephemeral")
                .collect(),
        )
    }

    fn read(&self, json: &Json) -> Marks {
        let names = json
            .get("marks")
            .and_then(Json::as_array)
            .into_iter()
            .flatten();
        names.fold(Marks::NONE, |all, name| {
            let name = name
                .as_str()
                .map_or_else(|| name.to_string(), str::to_owned);
            let place = self.0.iter().position(|known| *known == name);
            all.union(match (name.as_str(), place) {
                ("sensitive", _) | (_, Some(0)) => Marks::SENSITIVE,
                ("ephemeral", _) | (_, Some(1)) => Marks::EPHEMERAL,
                _ => Marks {
                    fresh: true,
                    ..Marks::NONE
                },
            })
        })
    }
}

fn gather_marks(json: &Json, names: &mut BTreeSet<String>) {
    match json {
        Json::Object(fields) => {
            for name in fields
                .get("marks")
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
            {
                names.insert(
                    name.as_str()
                        .map_or_else(|| name.to_string(), str::to_owned),
                );
            }
            fields.values().for_each(|inner| gather_marks(inner, names));
        }
        Json::Array(items) => items.iter().for_each(|inner| gather_marks(inner, names)),
        _ => {}
    }
}

fn read_number(json: &Json) -> Number {
    let text = match json.get("$num") {
        Some(text) => text.as_str().expect("number").to_owned(),
        None => json.to_string(),
    };
    Number::parse(&text).unwrap_or_else(|| panic!("number {text}"))
}

fn read_value(json: &Json, marks: &MarkNames) -> Value {
    let ty = read_type(&json["t"]);
    let value = match &json["v"] {
        _ if json.get("unk").is_some() => read_unknown(ty, json.get("refined")),
        Json::Null => Value::null(ty),
        v => read_known(ty, v, marks),
    };
    value.marked(marks.read(json))
}

fn read_known(ty: Type, json: &Json, marks: &MarkNames) -> Value {
    let items = || {
        json.as_array()
            .expect("items")
            .iter()
            .map(|item| read_value(item, marks))
            .collect()
    };
    let fields = || {
        let fields = json.as_object().expect("fields").iter();
        fields
            .map(|(name, value)| (name.as_str().into(), read_value(value, marks)))
            .collect()
    };
    match ty {
        Type::String => Value::text(json.as_str().expect("text")),
        Type::Number => Value::from(read_number(json)),
        Type::Bool => Value::from(json.as_bool().expect("bool")),
        Type::List(element) => Value::list(*element, items()),
        Type::Set(element) => Value::set(*element, items()),
        Type::Tuple(_) => Value::tuple(items()),
        Type::Map(element) => Value::map(*element, fields()),
        Type::Object(_) => Value::object(fields()),
        Type::Dynamic => panic!("a known value of no type"),
    }
}

fn read_unknown(ty: Type, refined: Option<&Json>) -> Value {
    let refined = refined.map(|json| {
        let count = |name: &str| {
            json.get(name)
                .and_then(Json::as_u64)
                .map(|count| count as usize)
        };
        let most = count("length_max").filter(|most| *most < 1 << 40);
        let length = (json.get("length_min").is_some() || most.is_some())
            .then(|| (count("length_min").unwrap_or(0), most));
        let prefix = json
            .get("prefix")
            .or(json.get("prefix_safe"))
            .and_then(Json::as_str);
        Box::new(Refinement {
            not_null: json.get("not_null").is_some(),
            length,
            prefix: prefix.map(Arc::from),
            range: (None, None),
        })
    });
    Shape::Unknown {
        ty,
        waits_for: Waits::default(),
        refined: refined.filter(|refined| **refined != Refinement::default()),
    }
    .into()
}

/// What is known of a length is compared where the suite tells it; that a value is not null is ours to say or not.
fn same(expected: &Value, got: &Value) -> bool {
    if expected.marks != got.marks {
        return false;
    }
    match (&expected.shape, &got.shape) {
        (
            Shape::Unknown { ty, refined, .. },
            Shape::Unknown {
                ty: other,
                refined: known,
                ..
            },
        ) => {
            let wanted = refined.as_deref().cloned().unwrap_or_default();
            let known = known.as_deref().cloned().unwrap_or_default();
            ty == other
                && (wanted.prefix.is_none() || wanted.prefix == known.prefix)
                && (wanted.length.is_none() || wanted.length == known.length)
        }
        (Shape::Null(ty), Shape::Null(other)) => ty == other,
        (Shape::Text(_) | Shape::Number(_) | Shape::Bool(_), _) => expected.shape == got.shape,
        (
            Shape::Map(_, some) | Shape::Object(some),
            Shape::Map(_, others) | Shape::Object(others),
        ) => {
            expected.ty() == got.ty()
                && some.keys().eq(others.keys())
                && same_elements(expected, got)
        }
        _ => expected.ty() == got.ty() && same_elements(expected, got),
    }
}

fn same_elements(expected: &Value, got: &Value) -> bool {
    expected.elements().count() == got.elements().count()
        && expected
            .elements()
            .zip(got.elements())
            .all(|(one, other)| same(one, other))
}

/// Tells what is wrong, `None` when all is right.
fn judge(row: &Json, marks: &MarkNames, outcome: Result<Value, String>) -> Option<String> {
    match (row.get("error"), outcome) {
        (Some(_), Err(_)) => None,
        (Some(_), Ok(value)) => Some(format!("an error is expected, got {value:?}")),
        (None, Err(message)) => Some(format!("unexpected error: {message}")),
        (None, Ok(value)) => {
            let expected = read_value(&row["expected_cty"], marks);
            let told = |value: &Value| {
                format!(
                    "{:?} {:?} of {}",
                    value.clone().without_marks(),
                    value.marks_within(),
                    value.ty()
                )
            };
            (!same(&expected, &value))
                .then(|| format!("expected {}, got {}", told(&expected), told(&value)))
        }
    }
}

/// The variables of a template.
struct Variables<'a>(BTreeMap<Arc<str>, Value>, &'a Files);

impl Scope for Variables<'_> {
    fn resolve(&self, _: &Reference) -> Outcome<Value> {
        Err(vec![Diagnostic::error(
            "invalid-reference",
            "not a variable of the template",
        )])
    }

    fn bound(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn world(&self) -> World<'_> {
        World {
            surroundings: self.1,
            base_directory: Path::new("/base"),
            phase: Phase::Apply,
            now: 0,
            entropy: &|bytes| bytes.fill(7),
        }
    }
}

fn render(
    text: &str,
    variables: BTreeMap<Arc<str>, Value>,
    files: &Files,
) -> Result<Value, String> {
    let parts = parse_template(FileId(0), text).map_err(|told| format!("{told:?}"))?;
    evaluate_template(&parts, &Variables(variables, files)).map_err(|told| format!("{told:?}"))
}

fn call(row: &Json, marks: &MarkNames) -> Option<Result<Value, String>> {
    let function = lookup(row["function"].as_str()?)?;
    let files = files();
    let context = CallContext {
        surroundings: &files,
        base_directory: Path::new("/base"),
        phase: Phase::Apply,
        now: files.started(),
        entropy: &|bytes| bytes.fill(7),
        render: &|text, _, variables| render(text, variables, &files),
    };
    let arguments: Vec<Value> = row["args"]
        .as_array()?
        .iter()
        .map(|json| read_value(json, marks))
        .collect();
    Some(
        function
            .call(&context, &arguments)
            .map_err(|error| error.message),
    )
}

fn place(row: &Json) -> String {
    let source = row["source"].as_str().unwrap_or_default();
    format!(
        "{}:{}",
        source.rsplit('/').next().unwrap_or_default(),
        row["line"]
    )
}

/// The misses that are known, by place, with their reasons.
fn known_misses() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("vectors/known_misses.tsv").lines().skip(1);
    lines.filter_map(|line| line.split_once('\t')).collect()
}

/// How many rows of a verdict were tried and how many came out right.
type Tally = BTreeMap<String, (usize, usize)>;

/// Counts, prints, and fails for each miss that is not known and each known miss that is none any more.
fn settle(title: &str, results: &[(String, String, Option<String>)]) -> Tally {
    let known = known_misses();
    let mut tally = Tally::new();
    let mut surprises = Vec::new();
    for (place, oracle, wrong) in results {
        let entry = tally.entry(oracle.clone()).or_default();
        entry.0 += 1;
        match (wrong, known.contains_key(place.as_str())) {
            (None, false) => entry.1 += 1,
            (None, true) => {
                entry.1 += 1;
                surprises.push(format!("{place}: listed as a miss, but right"));
            }
            (Some(_), true) => {}
            (Some(wrong), false) => surprises.push(format!("{place} ({oracle}): {wrong}")),
        }
    }
    for (oracle, (tried, right)) in &tally {
        println!("{title} {oracle}: {right} of {tried}");
    }
    assert!(
        surprises.is_empty(),
        "{} surprises\n{}",
        surprises.len(),
        surprises.join("\n")
    );
    tally
}

#[test]
fn functions_answer_as_terraform_does() {
    let mut results = Vec::new();
    for row in rows(include_str!("vectors/function_vectors.jsonl")) {
        let marks = MarkNames::of(&row);
        let oracle = row["oracle"].as_str().unwrap_or_default().to_owned();
        let name = row["function"].as_str().unwrap_or_default();
        // Expressions are run in `expression_vectors.rs`; operators are no functions.
        if row["kind"] != "call" || name.starts_with("op:") {
            continue;
        }
        let wrong = match call(&row, &marks) {
            Some(outcome) => judge(&row, &marks, outcome),
            None => Some(format!("no function {name}")),
        };
        results.push((
            place(&row),
            oracle,
            wrong.map(|wrong| format!("{name}: {wrong}")),
        ));
    }
    let tally = settle("functions", &results);
    let confirmed = ["agree", "agree-error"]
        .iter()
        .filter_map(|oracle| tally.get(*oracle));
    let (tried, right) = confirmed.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(
        tried > 300 && right * 100 >= tried * 99,
        "{right} of {tried} confirmed rows"
    );
}

#[test]
fn conversions_follow_the_rules() {
    let results: Vec<_> = rows(include_str!("vectors/convert_vectors.jsonl"))
        .iter()
        .map(|row| {
            let marks = MarkNames::of(row);
            let outcome = convert(
                &read_value(&row["value"], &marks),
                &read_type(&row["to_type"]),
            );
            (
                place(row),
                "convert".to_owned(),
                judge(row, &marks, outcome),
            )
        })
        .collect();
    let tally = settle("conversions", &results);
    let (tried, right) = tally.get("convert").copied().unwrap_or_default();
    assert!(
        tried > 70 && right * 100 >= tried * 98,
        "{right} of {tried} conversions"
    );
}
