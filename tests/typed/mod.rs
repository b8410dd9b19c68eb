//! The typed values of the test vectors: `{"t": type, "v": value, "unk": …, "marks": […], "refined": {…}}`.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;
use vaultform::value::{Marks, Number, Refinement, Shape, Type, Value};

/// Marks of a vector, each of which stands for one of ours.
#[derive(Default)]
pub struct MarkNames(Vec<String>);

impl MarkNames {
    fn marks(&mut self, names: &Json) -> Marks {
        let mut marks = Marks::NONE;
        for name in names
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
        {
            let known = self.0.iter().position(|known| known == name);
            let at = known.unwrap_or_else(|| {
                self.0.push(name.to_owned());
                self.0.len() - 1
            });
            match at {
                _ if name == "sensitive" => marks.sensitive = true,
                0 => marks.sensitive = true,
                1 => marks.ephemeral = true,
                _ => marks.fresh = true,
            }
        }
        marks
    }

    /// Reads a typed value.
    pub fn value(&mut self, json: &Json) -> Value {
        let ty = type_of(&json["t"]);
        let marks = self.marks(&json["marks"]);
        if json["unk"] == Json::Bool(true) {
            let mut value = Value::unknown(ty, Arc::default());
            if let Shape::Unknown { refined, .. } = &mut value.shape {
                *refined = refinement(&json["refined"]).map(Box::new);
            }
            return value.marked(marks);
        }
        self.known(&ty, &json["v"]).marked(marks)
    }

    fn known(&mut self, ty: &Type, json: &Json) -> Value {
        if json.is_null() {
            return Value::null(ty.clone());
        }
        match ty {
            Type::Bool => Value::from(json.as_bool().unwrap_or_default()),
            Type::Number => Value::from(number(json)),
            Type::String => Value::from(json.as_str().unwrap_or_default()),
            Type::List(element) => Value::list((**element).clone(), self.items(json)),
            Type::Set(element) => Value::set((**element).clone(), self.items(json)),
            Type::Tuple(_) => Value::tuple(self.items(json)),
            Type::Map(element) => Value::map((**element).clone(), self.fields(json)),
            Type::Object(_) => Value::object(self.fields(json)),
            Type::Dynamic => Value::null(Type::Dynamic),
        }
    }

    fn items(&mut self, json: &Json) -> Vec<Value> {
        json.as_array()
            .into_iter()
            .flatten()
            .map(|item| self.value(item))
            .collect()
    }

    fn fields(&mut self, json: &Json) -> BTreeMap<Arc<str>, Value> {
        json.as_object()
            .into_iter()
            .flatten()
            .map(|(name, item)| (name.as_str().into(), self.value(item)))
            .collect()
    }
}

fn number(json: &Json) -> Number {
    let text = match json.get("$num") {
        Some(text) => text.as_str().unwrap_or_default().to_owned(),
        None => json
            .as_str()
            .map_or_else(|| json.to_string(), str::to_owned),
    };
    Number::parse(&text).unwrap_or_else(|| panic!("no number: {text}"))
}

/// Reads a type.
pub fn type_of(json: &Json) -> Type {
    if let Some(name) = json.as_str() {
        return match name {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            _ => Type::Dynamic,
        };
    }
    let inner = &json[1];
    match json[0].as_str().unwrap_or_default() {
        "list" => Type::list(type_of(inner)),
        "set" => Type::set(type_of(inner)),
        "map" => Type::map(type_of(inner)),
        "tuple" => Type::Tuple(
            inner
                .as_array()
                .into_iter()
                .flatten()
                .map(type_of)
                .collect(),
        ),
        _ => Type::object(
            inner
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, ty)| (name.as_str().into(), type_of(ty))),
        ),
    }
}

fn refinement(json: &Json) -> Option<Refinement> {
    let known = json.as_object().filter(|known| !known.is_empty())?;
    let size = |name: &str| {
        known
            .get(name)
            .and_then(Json::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let bound = |name: &str, inclusive: &str| {
        known.get(name).map(|bound| {
            (
                number(bound),
                known.get(inclusive) != Some(&Json::Bool(false)),
            )
        })
    };
    let (least, most) = (size("length_min"), size("length_max"));
    Some(Refinement {
        not_null: known.get("not_null") == Some(&Json::Bool(true)),
        prefix: known.get("prefix").and_then(Json::as_str).map(Arc::from),
        length: (least.is_some() || most.is_some()).then(|| (least.unwrap_or(0), most)),
        range: (bound("min", "min_inclusive"), bound("max", "max_inclusive")),
    })
}

/// Takes away what vectors do not tell: which objects an unknown value waits for, an empty refinement.
pub fn comparable(mut value: Value) -> Value {
    match &mut value.shape {
        Shape::Unknown {
            waits_for, refined, ..
        } => {
            *waits_for = Arc::default();
            if refined.as_deref() == Some(&Refinement::default()) {
                *refined = None;
            }
        }
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
            for item in items {
                *item = comparable(item.clone());
            }
        }
        Shape::Map(_, fields) | Shape::Object(fields) => {
            for field in std::sync::Arc::make_mut(fields).values_mut() {
                *field = comparable(field.clone());
            }
        }
        _ => {}
    }
    value
}
