//! Expressions made at random, and what must hold of their values.

use super::chance::Chance;
use super::memory::Files;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use vaultform::eval::functions::{Function, Phase, Takes, all};
use vaultform::eval::{Reference, Scope, Subject, World, evaluate};
use vaultform::source::{Diagnostic, FileId, Outcome};
use vaultform::syntax::parse_expression;
use vaultform::value::{Marks, Type, Value};

const SECRET: &str = "canary7c2d";

/// Functions that give another answer each time, that cost too much, or that take marks off on purpose.
const LEFT_OUT: &[&str] = &[
    "bcrypt",
    "uuid",
    "timestamp",
    "plantimestamp",
    "nonsensitive",
    "issensitive",
    "ephemeralasnull",
    "rsadecrypt",
];

static FUNCTIONS: LazyLock<Vec<&'static Function>> = LazyLock::new(|| {
    all()
        .filter(|function| !LEFT_OUT.contains(&function.name))
        .collect()
});

/// Calls in use: the examples of the functions, and those of the test vectors.
static CALLS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut found: Vec<String> = FUNCTIONS.iter().map(|one| one.example.to_owned()).collect();
    for line in include_str!("../vectors/function_vectors.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let left_out = LEFT_OUT.contains(&row["function"].as_str().unwrap_or_default());
        let text = row["expr"]
            .as_str()
            .filter(|text| !left_out && text.len() < 200);
        found.extend(text.filter(|text| !text.contains('\n')).map(str::to_owned));
    }
    found
});

/// A call in use, some of its literals exchanged.
fn varied(chance: &mut Chance) -> String {
    let mut text = chance.one(&CALLS).clone();
    let literal = Regex::new(r#""[^"\\$%]*"|\b\d+(\.\d+)?\b"#).unwrap();
    for _ in 0..chance.below(3) {
        let places: Vec<_> = literal
            .find_iter(&text)
            .map(|found| found.range())
            .collect();
        if !places.is_empty() {
            let place = chance.one(&places).clone();
            let other = chance.one(&CALLS);
            let others: Vec<&str> = literal
                .find_iter(other)
                .map(|found| found.as_str())
                .collect();
            let new = match others.is_empty() || chance.once_in(3) {
                true => (*chance.one(LITERALS)).to_owned(),
                false => (*chance.one(&others)).to_owned(),
            };
            text.replace_range(place, &new);
        }
    }
    text
}

/// A call with arguments that its function takes, mostly.
fn call(chance: &mut Chance, depth: usize) -> String {
    let function = *chance.one(&FUNCTIONS);
    let mut takes: Vec<Takes> = function.parameters.iter().map(|one| one.takes).collect();
    if let Some(more) = function.variadic {
        takes.extend((0..chance.below(4)).map(|_| more.takes));
    }
    let arguments = takes.iter().map(|takes| match chance.once_in(12) {
        true => expression(chance, depth),
        false => fitting(*takes, chance, depth),
    });
    format!(
        "{}({})",
        function.name,
        arguments.collect::<Vec<_>>().join(", ")
    )
}

/// An expression of a type.
fn fitting(takes: Takes, chance: &mut Chance, depth: usize) -> String {
    let of = |text: &&str| match takes {
        Takes::Text => text.starts_with('"') || *text == "var.text",
        Takes::Number => text.starts_with(|one: char| one.is_ascii_digit() || one == '-'),
        Takes::Bool => matches!(*text, "true" | "false"),
        _ => true,
    };
    let inner = |takes: Takes, chance: &mut Chance| fitting(takes, chance, depth.saturating_sub(1));
    match takes {
        Takes::Text | Takes::Number | Takes::Bool => {
            let all: Vec<&str> = LITERALS.iter().copied().filter(|text| of(text)).collect();
            (*chance.one(&all)).to_owned()
        }
        Takes::Any => expression(chance, depth),
        Takes::List(one) => {
            let items: Vec<String> = (0..chance.below(5)).map(|_| inner(*one, chance)).collect();
            format!("[{}]", items.join(", "))
        }
        Takes::Set(one) => {
            let items: Vec<String> = (0..chance.below(5)).map(|_| inner(*one, chance)).collect();
            format!("toset([{}])", items.join(", "))
        }
        Takes::Map(one) => format!(
            "{{ a = {}, \"b c\" = {} }}",
            inner(*one, chance),
            inner(*one, chance)
        ),
    }
}

const LITERALS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2",
    "3.5",
    "1e30",
    "0.1",
    "1/3",
    "\"\"",
    "\"a\"",
    "\"b-c\"",
    "\"é\"",
    "\"10\"",
    "\"true\"",
    "\"a,b,c\"",
    "\"2020-01-02T03:04:05Z\"",
    "\"10.0.0.0/8\"",
    "\"fd00::/16\"",
    "\"a: [1, 2]\"",
    "\"{\\\"a\\\": [1, null]}\"",
    "\"%s-%d\"",
    "\"YYYY-MM-DD\"",
    "\"1h\"",
    "\"(a)(b)?\"",
    "\"/[a-c]/\"",
    "\"YWJj\"",
    "\"md5\"",
    "\"$${x}\"",
    "\"a\\nb\\n\"",
    "[]",
    "{}",
    "[1, 2, 3]",
    "[\"a\", \"b\", \"a\"]",
    "[[1], [2, 3]]",
    "{ a = 1, b = \"x\" }",
    "[{ a = 1 }, { a = 2 }]",
    "toset([\"a\", \"b\"])",
    "tolist([])",
    "tomap({ a = \"1\" })",
    "var.text",
    "var.number",
    "var.list",
    "var.map",
    "var.object",
    "var.secret",
    "var.null",
    "var.set",
    "var.any",
    "x",
    "each.value",
];

const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||",
];

/// Makes an expression.
pub fn random(chance: &mut Chance) -> String {
    expression(chance, 4)
}

fn expression(chance: &mut Chance, depth: usize) -> String {
    if depth == 0 || chance.once_in(6) {
        return (*chance.one(LITERALS)).to_owned();
    }
    let inner = |chance: &mut Chance| expression(chance, depth - 1);
    match chance.below(15) {
        0 => {
            let name = chance.one(&FUNCTIONS).name;
            let arguments: Vec<String> = (0..chance.below(4)).map(|_| inner(chance)).collect();
            let dots = if chance.once_in(12) { "..." } else { "" };
            let dots = if arguments.is_empty() { "" } else { dots };
            format!("{name}({}{dots})", arguments.join(", "))
        }
        1..=3 => call(chance, depth - 1),
        4 => varied(chance),
        5 | 6 => format!(
            "({} {} {})",
            inner(chance),
            chance.one(OPERATORS),
            inner(chance)
        ),
        7 => format!(
            "({} ? {} : {})",
            inner(chance),
            inner(chance),
            inner(chance)
        ),
        8 => format!("{}[{}]", inner(chance), inner(chance)),
        9 => format!("({}).a", inner(chance)),
        10 => format!("({})[*].a", inner(chance)),
        11 => format!(
            "\"a${{{}}}b%{{ if {} }}c%{{ endif }}\"",
            inner(chance),
            inner(chance)
        ),
        12 => format!(
            "[for k, x in {} : {} if {}]",
            inner(chance),
            inner(chance),
            inner(chance)
        ),
        13 => format!(
            "{{ for k, x in {} : {} => {}... }}",
            inner(chance),
            inner(chance),
            inner(chance)
        ),
        _ => format!("{}({})", chance.one(&["!", "-"]), inner(chance)),
    }
}

/// Answers names; with `known` unset, the values of variables are not known.
struct Names {
    known: bool,
    files: Files,
}

impl Names {
    fn new(known: bool) -> Names {
        Names {
            known,
            files: Files::of(&[
                ("a", "one"),
                ("b.tftpl", "${x}-%{ for y in z }${y}%{ endfor }"),
            ]),
        }
    }

    fn value(name: &str) -> Value {
        let text = |text: &str| Value::from(text);
        let list = Value::list(Type::String, vec![text("a"), text("b")]);
        let fields = [(Arc::from("a"), text("1")), (Arc::from("b"), text("x"))];
        match name {
            "text" => text("a"),
            "number" => Value::from(2),
            "list" => list,
            "map" => Value::map(Type::String, fields.into()),
            "object" => Value::object([(Arc::from("a"), list), (Arc::from("b"), text("y"))].into()),
            "secret" => text(SECRET).marked(Marks::SENSITIVE),
            "set" => Value::set(Type::String, vec![text("a"), text("c")]),
            "null" => Value::null(Type::String),
            _ => Value::tuple(vec![text("a"), Value::from(1)]),
        }
    }
}

impl Scope for Names {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        let name = match &reference.subject {
            Subject::Variable(name) => &**name,
            Subject::EachValue => "any",
            _ => {
                return Err(vec![
                    Diagnostic::error("undeclared", "no such name").at(reference.span, "here"),
                ]);
            }
        };
        let value = Names::value(name);
        if self.known || value.is_null() {
            return Ok(value);
        }
        let ty = if name == "any" {
            Type::Dynamic
        } else {
            value.ty()
        };
        Ok(Value::unknown(ty, Arc::default()).marked(value.marks))
    }

    fn bound(&self, _name: &str) -> Option<Value> {
        None
    }

    fn world(&self) -> World<'_> {
        World {
            surroundings: &self.files,
            base_directory: Path::new("."),
            phase: Phase::Plan,
            now: 0,
            entropy: &|_| {},
        }
    }
}

/// Tells whether what is known of a value before is true of the one that it became.
fn agrees(before: &Value, after: &Value) -> bool {
    use vaultform::value::Shape::{List, Map, Object, Set, Tuple, Unknown};
    let fields = |one: &BTreeMap<Arc<str>, Value>, two: &BTreeMap<Arc<str>, Value>| {
        one.len() == two.len()
            && one
                .iter()
                .zip(two)
                .all(|((one_key, one), (two_key, two))| one_key == two_key && agrees(one, two))
    };
    match (&before.shape, &after.shape) {
        (Unknown { ty, refined, .. }, _) => {
            let not_null = refined.as_ref().is_some_and(|known| known.not_null);
            let prefix = refined.as_ref().and_then(|known| known.prefix.clone());
            let begins = prefix.is_none_or(|prefix| {
                after
                    .as_text()
                    .is_none_or(|text| text.starts_with(&*prefix))
            });
            ty.could_be(&after.ty()) && !(not_null && after.is_null()) && begins
        }
        (_, Unknown { .. }) => false,
        (List(_, one), List(_, two)) | (Tuple(one), Tuple(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| agrees(one, two))
        }
        // Elements that are not known yet may turn out to be equal.
        (Set(_, one), Set(_, two)) => {
            one.iter().any(Value::is_unknown) || one == two || one.len() >= two.len()
        }
        (Map(_, one), Map(_, two)) | (Object(one), Object(two)) => fields(one, two),
        (one, two) => one == two,
    }
}

/// Tells whether the secret stands anywhere without its mark.
fn leaks(value: &Value) -> bool {
    if value.marks.sensitive {
        return false;
    }
    let open = value.as_text().is_some_and(|text| text.contains(SECRET));
    let keys = value
        .as_fields()
        .is_some_and(|fields| fields.keys().any(|key| key.contains(SECRET)));
    open || keys || value.elements().any(leaks)
}

/// Evaluates an expression twice, and looks whether the two agree.
pub fn check(text: &str) {
    let Ok(expression) = parse_expression(FileId(0), text, 0) else {
        return;
    };
    let (known, unknown) = (Names::new(true), Names::new(false));
    let after = evaluate(&expression, &known);
    let before = evaluate(&expression, &unknown);
    match (&before, &after) {
        (Ok(before), Ok(after)) => {
            assert!(agrees(before, after), "before {before:?}, after {after:?}");
            let hidden = before.marks_within().sensitive || !after.marks_within().sensitive;
            assert!(
                hidden || !before.is_wholly_known(),
                "a mark appears: {before:?}, {after:?}"
            );
            assert!(!leaks(after), "{after:?}");
        }
        // Where an operand decides, or a choice, what stands beside it counts no more once it is known.
        (Err(_), Ok(_))
            if ["&&", "||", "?", "try(", "can(", "if "]
                .iter()
                .any(|word| text.contains(word)) => {}
        (Err(told), Ok(after)) => {
            let said: Vec<&str> = told.iter().map(|one| one.message.as_str()).collect();
            panic!("refused while unknown ({said:?}), and then it is {after:?}");
        }
        _ => {}
    }
    for told in after.err().into_iter().chain(before.err()).flatten() {
        assert!(!format!("{told:?}").contains(SECRET), "{told:?}");
    }
}
