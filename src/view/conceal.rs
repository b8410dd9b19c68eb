//! Two sides of a change → JSON without secrets, and back to what may be shown.
//!
//! Where a secret stood there is null, `true` in the tree of sensitive places, and a class: values of one change with the
//! same class are equal. So a document without secrets still tells which of them change.

use super::document::{Change, Hidden};
use super::schema::Schema;
use super::shown::{Form, Shown};
use crate::value::{Marks, Shape, Value};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// How a change is made into JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct Concealing {
    /// Secrets stand in the JSON all the same.
    pub show: bool,
    /// What is secret afterwards was secret before: the live value of it is that of an earlier apply.
    pub carry_back: bool,
}

/// The trees of one side.
struct Side {
    value: Json,
    unknown: Json,
    sensitive: Json,
}

type Path = Vec<Json>;

/// Where secrets are on one side.
type Places = Vec<Path>;

/// Fills the sides of a change: before, after, what is unknown, what is sensitive, and classes.
#[must_use]
pub fn conceal(
    before: Option<&Value>,
    after: Option<&Value>,
    schema: &Schema,
    how: Concealing,
) -> Change {
    let after = after.map(|value| hide_by_schema(value, schema));
    let mut before = before.map(|value| hide_by_schema(value, schema));
    if let (true, Some(old), Some(new)) = (how.carry_back, &before, &after) {
        before = Some(hide_like(old, new));
    }
    let (mut old_places, mut new_places) = (Places::new(), Places::new());
    let old = side(before.as_ref(), how, &mut old_places);
    let new = side(after.as_ref(), how, &mut new_places);
    let mut places = old_places;
    places.extend(new_places);
    places.sort_by_key(|path| Json::from(path.clone()).to_string());
    places.dedup();
    Change {
        before: old.value,
        after: new.value,
        after_unknown: new.unknown,
        before_sensitive: old.sensitive,
        after_sensitive: new.sensitive,
        hidden: classes(places, before.as_ref(), after.as_ref()),
        ..Change::default()
    }
}

/// Marks the attributes that the type says are secret, in nested blocks too.
fn hide_by_schema(value: &Value, schema: &Schema) -> Value {
    let Shape::Object(fields) = &value.shape else {
        return value.clone();
    };
    let fields = fields.iter().map(|(name, value)| {
        let value = match schema.blocks.get(&**name) {
            Some((_, inner)) => hide_in_blocks(value, inner),
            None if schema.secrets.contains(&**name) => value.clone().marked(Marks::SENSITIVE),
            None => value.clone(),
        };
        (name.clone(), value)
    });
    Value {
        shape: Shape::Object(Arc::new(fields.collect())),
        marks: value.marks,
    }
}

/// Marks within the blocks of one name. A mark on all of them goes to each, so that their number is still seen.
fn hide_in_blocks(value: &Value, schema: &Schema) -> Value {
    let marks = value.marks;
    let each = |item: &Value| hide_by_schema(item, schema).marked(marks);
    let shape = match &value.shape {
        Shape::List(ty, items) => Shape::List(ty.clone(), items.iter().map(each).collect()),
        Shape::Set(ty, items) => Shape::Set(ty.clone(), items.iter().map(each).collect()),
        Shape::Tuple(items) => Shape::Tuple(items.iter().map(each).collect()),
        Shape::Map(ty, items) => {
            let items = items.iter().map(|(key, item)| (key.clone(), each(item)));
            Shape::Map(ty.clone(), Arc::new(items.collect()))
        }
        _ => return hide_by_schema(value, schema),
    };
    shape.into()
}

/// Marks what is secret in `model`, such as live values by what the configuration says of them. Where an element of a list
/// is secret, every element is, and where one of a map is, so is every element that `model` lacks: positions and keys move.
#[must_use]
pub fn hide_like(value: &Value, model: &Value) -> Value {
    if is_secret(model) {
        return value.clone().marked(Marks::SENSITIVE);
    }
    let any = model.elements().any(is_secret);
    let by_place =
        |(at, item): (usize, &Value)| match model.as_items().and_then(|items| items.get(at)) {
            _ if any => item.clone().marked(Marks::SENSITIVE),
            Some(model) => hide_like(item, model),
            None if model.marks_within().sensitive => item.clone().marked(Marks::SENSITIVE),
            None => item.clone(),
        };
    let by_key = |(key, item): (&Arc<str>, &Value)| {
        let hidden = match model.field(key) {
            Some(model) => hide_like(item, model),
            None if any => item.clone().marked(Marks::SENSITIVE),
            None => item.clone(),
        };
        (key.clone(), hidden)
    };
    let shape = match &value.shape {
        Shape::List(ty, items) => {
            Shape::List(ty.clone(), items.iter().enumerate().map(by_place).collect())
        }
        Shape::Set(ty, items) => {
            Shape::Set(ty.clone(), items.iter().enumerate().map(by_place).collect())
        }
        Shape::Tuple(items) => Shape::Tuple(items.iter().enumerate().map(by_place).collect()),
        Shape::Map(ty, fields) => {
            Shape::Map(ty.clone(), Arc::new(fields.iter().map(by_key).collect()))
        }
        Shape::Object(fields) => Shape::Object(Arc::new(fields.iter().map(by_key).collect())),
        other => other.clone(),
    };
    Value {
        shape,
        marks: value.marks,
    }
}

/// Tells whether a value may not be shown: secrets, what exists only during the run, what is held.
fn is_secret(value: &Value) -> bool {
    let marks = value.marks;
    marks.sensitive || marks.ephemeral || marks.fresh || matches!(value.shape, Shape::Held { .. })
}

fn side(value: Option<&Value>, how: Concealing, places: &mut Places) -> Side {
    match value {
        None => Side {
            value: Json::Null,
            unknown: json!({}),
            sensitive: Json::Bool(false),
        },
        Some(value) => walk(value, how, &mut Path::new(), places),
    }
}

fn walk(value: &Value, how: Concealing, path: &mut Path, places: &mut Places) -> Side {
    if is_secret(value) {
        places.push(path.clone());
        let plain = if how.show { visible(value) } else { Json::Null };
        return Side {
            value: plain,
            unknown: Json::Bool(value.is_unknown()),
            sensitive: Json::Bool(true),
        };
    }
    match &value.shape {
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
            walk_items(items, how, path, places)
        }
        Shape::Map(_, fields) | Shape::Object(fields) => {
            let mut side = empty_object();
            for (key, value) in fields.iter() {
                path.push(Json::from(&**key));
                let inner = walk(value, how, path, places);
                path.pop();
                side.put(key, inner, value.is_unknown());
            }
            side.close()
        }
        _ => Side {
            value: visible(value),
            unknown: Json::Bool(value.is_unknown()),
            sensitive: Json::Bool(false),
        },
    }
}

fn walk_items(items: &[Value], how: Concealing, path: &mut Path, places: &mut Places) -> Side {
    let (mut values, mut unknown, mut sensitive) = (Vec::new(), Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        path.push(Json::from(index));
        let inner = walk(item, how, path, places);
        path.pop();
        values.push(inner.value);
        unknown.push(inner.unknown);
        sensitive.push(inner.sensitive);
    }
    Side {
        value: Json::Array(values),
        unknown: Json::Array(unknown),
        sensitive: Json::Array(sensitive),
    }
}

struct ObjectSide(Map<String, Json>, Map<String, Json>, Map<String, Json>);

fn empty_object() -> ObjectSide {
    ObjectSide(Map::new(), Map::new(), Map::new())
}

impl ObjectSide {
    /// Adds an attribute: unknown ones have no value, and only what is true stands in the other trees.
    fn put(&mut self, key: &str, inner: Side, unknown: bool) {
        if !unknown {
            self.0.insert(key.to_owned(), inner.value);
        }
        if says_something(&inner.unknown) {
            self.1.insert(key.to_owned(), inner.unknown);
        }
        if says_something(&inner.sensitive) {
            self.2.insert(key.to_owned(), inner.sensitive);
        }
    }

    fn close(self) -> Side {
        Side {
            value: Json::Object(self.0),
            unknown: Json::Object(self.1),
            sensitive: Json::Object(self.2),
        }
    }
}

fn says_something(tree: &Json) -> bool {
    match tree {
        Json::Bool(value) => *value,
        Json::Array(items) => items.iter().any(says_something),
        Json::Object(fields) => !fields.is_empty(),
        _ => false,
    }
}

/// Returns a value as JSON, secrets included: unknown and held ones are null.
#[must_use]
pub fn visible(value: &Value) -> Json {
    json_of(value, true)
}

/// Returns a value as JSON: unknown and held ones are null, and secret and ephemeral ones unless `show`.
#[must_use]
pub fn json_of(value: &Value, show: bool) -> Json {
    if value.marks.any() && !show {
        return Json::Null;
    }
    match &value.shape {
        Shape::Null(_) | Shape::Unknown { .. } | Shape::Held { .. } => Json::Null,
        Shape::Bool(value) => Json::Bool(*value),
        Shape::Number(number) => {
            let text = number.to_string();
            serde_json::from_str(&text).unwrap_or(Json::String(text))
        }
        Shape::Text(text) => Json::from(&**text),
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
            items.iter().map(|item| json_of(item, show)).collect()
        }
        Shape::Map(_, fields) | Shape::Object(fields) => fields
            .iter()
            .map(|(key, value)| ((**key).to_owned(), json_of(value, show)))
            .collect(),
    }
}

/// Gives each secret, and what stands in its place on the other side, the class of its value. Secrets of different
/// attributes never share a class, so that nothing is told about them but whether they change.
fn classes(places: Places, before: Option<&Value>, after: Option<&Value>) -> Vec<Hidden> {
    let mut seen: Vec<(Option<Json>, Value)> = Vec::new();
    let mut class = |path: &Path, root: Option<&Value>| {
        let value = unmarked(at(root?, path)?);
        if value.is_null() || value.is_unknown() {
            return None;
        }
        let entry = (path.first().cloned(), value);
        let found = seen.iter().position(|other| *other == entry);
        let number = found.unwrap_or_else(|| {
            seen.push(entry);
            seen.len() - 1
        });
        u32::try_from(number + 1).ok()
    };
    places
        .into_iter()
        .map(|path| Hidden {
            before: class(&path, before),
            after: class(&path, after),
            path,
        })
        .collect()
}

fn at<'a>(root: &'a Value, path: &[Json]) -> Option<&'a Value> {
    path.iter().try_fold(root, |value, step| match step {
        Json::String(key) => value.field(key),
        other => value
            .as_items()?
            .get(usize::try_from(other.as_u64()?).ok()?),
    })
}

fn unmarked(value: &Value) -> Value {
    let shape = match &value.shape {
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
            Shape::Tuple(items.iter().map(unmarked).collect())
        }
        Shape::Map(_, fields) | Shape::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (key.clone(), unmarked(value)));
            Shape::Object(Arc::new(fields.collect()))
        }
        other => other.clone(),
    };
    shape.into()
}

/// Returns both sides of a change as they may be shown. With `show`, secrets that the document holds are shown.
#[must_use]
pub fn reveal(change: &Change, show: bool) -> (Option<Shown>, Option<Shown>) {
    let before = Reader {
        change,
        show,
        class: |hidden| hidden.before,
    };
    let after = Reader {
        change,
        show,
        class: |hidden| hidden.after,
    };
    let nothing = Json::Null;
    let path = &mut Path::new();
    let old = before.read(&change.before, &nothing, &change.before_sensitive, path);
    let new = after.read(
        &change.after,
        &change.after_unknown,
        &change.after_sensitive,
        path,
    );
    let there = |side: Shown| (side.form != Form::Null).then_some(side);
    (there(old), there(new))
}

struct Reader<'a> {
    change: &'a Change,
    show: bool,
    class: fn(&Hidden) -> Option<u32>,
}

impl Reader<'_> {
    fn read(&self, value: &Json, unknown: &Json, sensitive: &Json, path: &mut Path) -> Shown {
        let hidden = self
            .change
            .hidden
            .iter()
            .find(|hidden| hidden.path == *path);
        let class = hidden.and_then(self.class);
        let secret = *sensitive == Json::Bool(true) && !self.show;
        let form = if *unknown == Json::Bool(true) {
            Form::Unknown
        } else if secret && (class.is_some() || !value.is_null()) {
            Form::Secret
        } else {
            self.form(value, unknown, sensitive, path)
        };
        Shown {
            form,
            sensitive: secret,
            class,
        }
    }

    fn form(&self, value: &Json, unknown: &Json, sensitive: &Json, path: &mut Path) -> Form {
        match value {
            Json::Null => Form::Null,
            Json::Bool(value) => Form::Bool(*value),
            Json::Number(number) => Form::Number(number.to_string()),
            Json::String(text) => Form::Text(text.clone()),
            Json::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    path.push(Json::from(index));
                    let below = |tree: &Json| tree.get(index).cloned().unwrap_or_default();
                    let shown = self.read(item, &below(unknown), &below(sensitive), path);
                    path.pop();
                    shown
                });
                Form::List(items.collect())
            }
            Json::Object(fields) => {
                let later = unknown.as_object().into_iter().flat_map(Map::keys);
                let keys = fields
                    .keys()
                    .chain(later.filter(|key| !fields.contains_key(*key)));
                let fields = keys.map(|key| {
                    path.push(Json::from(key.as_str()));
                    let below = |tree: &Json| tree.get(key).cloned().unwrap_or_default();
                    let value = fields.get(key).cloned().unwrap_or_default();
                    let shown = self.read(&value, &below(unknown), &below(sensitive), path);
                    path.pop();
                    (key.clone(), shown)
                });
                Form::Map(fields.collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Type;
    use crate::view::diff::{Action, Pair, Paths, compare_dynamic};
    use proptest::prelude::*;

    const CANARY: &str = "canary";

    /// Values of any shape; every secret has the canary in its text, and nothing else has.
    fn any_value() -> impl Strategy<Value = Value> {
        let secret = (0..3_u8)
            .prop_map(|n| format!("{CANARY}{n}"))
            .prop_map(|text| Value::from(text).marked(Marks::SENSITIVE));
        let leaf = prop_oneof![
            Just(Value::null(Type::String)),
            (0..3_i64).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
            Just(Value::unknown(Type::String, Arc::default())),
            secret,
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let fields = proptest::collection::btree_map("[a-c]", inner.clone(), 0..3);
            prop_oneof![
                proptest::collection::vec(inner, 0..3).prop_map(Value::tuple),
                fields.prop_map(|fields| {
                    let fields = fields
                        .into_iter()
                        .map(|(key, value)| (Arc::from(key), value));
                    Value::object(fields.collect())
                }),
            ]
        })
    }

    /// The live side of a value: the same without marks, as a server tells it.
    fn live(value: &Value) -> Value {
        unmarked(value)
    }

    #[test]
    fn a_renamed_key_hides_what_it_held() {
        let fields =
            |key: &str, value: Value| Value::map(Type::String, [(Arc::from(key), value)].into());
        let before = fields("old", CANARY.into());
        let after = fields("new", Value::from(CANARY).marked(Marks::SENSITIVE));
        let how = Concealing {
            carry_back: true,
            ..Concealing::default()
        };
        let change = conceal(Some(&before), Some(&after), &Schema::default(), how);
        assert_eq!(change.before, json!({ "old": null }));
        assert_eq!(change.before_sensitive, json!({ "old": true }));
    }

    proptest! {
        #[test]
        fn no_secret_leaves(before in any_value(), after in any_value()) {
            let schema = Schema::default();
            let change = conceal(Some(&before), Some(&after), &schema, Concealing::default());
            let json = serde_json::to_string(&change).unwrap();
            prop_assert!(!json.contains(CANARY), "{json}");
            let (old, new) = reveal(&change, false);
            let pair = Pair { before: old.as_ref(), after: new.as_ref() };
            let diff = compare_dynamic(pair, &Paths::default());
            let text = crate::view::render::render(&diff, 0, crate::view::render::Options::default());
            prop_assert!(!text.contains(CANARY), "{text}");
        }

        #[test]
        fn what_is_secret_now_was_secret_before(value in any_value()) {
            let how = Concealing { carry_back: true, ..Concealing::default() };
            let change = conceal(Some(&live(&value)), Some(&value), &Schema::default(), how);
            let json = serde_json::to_string(&change).unwrap();
            prop_assert!(!json.contains(CANARY), "{json}");
        }

        #[test]
        fn what_is_equal_does_not_change(value in any_value()) {
            prop_assume!(value.is_wholly_known());
            let change = conceal(Some(&value), Some(&value), &Schema::default(), Concealing::default());
            let (old, new) = reveal(&change, false);
            let pair = Pair { before: old.as_ref(), after: new.as_ref() };
            prop_assert!(compare_dynamic(pair, &Paths::default()).action == Action::Keep);
        }
    }
}
