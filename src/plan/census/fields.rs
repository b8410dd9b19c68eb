//! Attributes of an object by name, as lints want them.

use crate::catalog::{Presence, ResourceType};
use crate::plan::normal::duration_seconds;
use crate::plan::template::effective;
use crate::policy::Key;
use crate::value::{Shape, Value};
use std::collections::BTreeMap;

/// The attributes of an object; names with dots reach into blocks and maps.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub kind: Option<&'static ResourceType>,
    pub values: &'a Value,
}

impl Fields<'_> {
    /// Tells whether the object may have an attribute.
    pub fn has(&self, name: &str) -> bool {
        match self.kind.map(|kind| kind.attribute(name)) {
            Some(found) => found.is_some_and(|one| one.presence != Presence::Computed),
            None => self.values.field(name).is_some(),
        }
    }

    /// Returns what an attribute means: its value or default; `None` for null.
    pub fn value(&self, name: &str) -> Option<Value> {
        let (first, rest) = name
            .split_once('.')
            .map_or((name, None), |(first, rest)| (first, Some(rest)));
        let attribute = self.kind.and_then(|kind| kind.attribute(first));
        let mut value = effective(attribute, self.values.field(first), self.values)?;
        for step in rest.into_iter().flat_map(|rest| rest.split('.')) {
            value = match value.as_items() {
                Some(items) => items.first()?.field(step)?.clone(),
                None => value.field(step)?.clone(),
            };
        }
        (!value.is_null()).then_some(value)
    }

    /// Tells whether an attribute's value can be looked at; null can.
    pub fn is_readable(&self, name: &str) -> bool {
        self.value(name)
            .is_none_or(|value| value.is_wholly_readable())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.as_text().map(str::to_owned)
    }

    /// Returns a text that is no secret.
    pub fn readable(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        let secret = value.marks_within().sensitive;
        value.as_text().filter(|_| !secret).map(str::to_owned)
    }

    /// Returns the known elements of a list; of a map, its values.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        if let Some(text) = value.as_text() {
            let words = text.split(',').map(str::trim);
            return words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
        }
        let texts = value.elements().filter_map(|one| match &one.shape {
            Shape::Text(text) => Some(text.to_string()),
            Shape::Number(number) => Some(number.to_string()),
            _ => None,
        });
        texts.collect()
    }

    /// Returns the known texts of a map.
    pub fn map(&self, name: &str) -> BTreeMap<String, String> {
        let value = self.value(name);
        let fields = value
            .as_ref()
            .and_then(Value::as_fields)
            .into_iter()
            .flatten();
        fields
            .filter_map(|(key, value)| Some((key.to_string(), value.as_text()?.to_owned())))
            .collect()
    }

    /// Returns the elements of a list as what names objects.
    pub fn keys(&self, name: &str) -> Vec<Key> {
        let value = self.value(name);
        let single = value.as_slice();
        let items = value.as_ref().and_then(Value::as_items).unwrap_or(single);
        let key = |item: &Value| match item.as_text() {
            Some(id) => Some(Key::Id(id.to_owned())),
            None => item
                .waits_for()
                .first()
                .map(|at| Key::Address(at.to_string())),
        };
        items.iter().filter_map(key).collect()
    }

    /// Returns a truth value; null is false, and what is not known yet or no attribute of the object is none.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(value) => value.as_bool(),
            None => self.has(name).then_some(false),
        }
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_number()?.as_i64()
    }

    /// Returns a duration in seconds; null is 0, what is not known yet or no attribute of the object is none.
    pub fn seconds(&self, name: &str) -> Option<i64> {
        let Some(value) = self.value(name) else {
            return self.has(name).then_some(0);
        };
        if let Some(number) = value.as_number() {
            return number.as_i64();
        }
        let seconds = duration_seconds(value.as_text()?)?;
        #[allow(clippy::cast_possible_truncation, reason = "`as` saturates")]
        Some(seconds as i64)
    }
}
