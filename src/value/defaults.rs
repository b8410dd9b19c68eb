//! Defaults of optional attributes: `optional(string, "x")` within a type constraint.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Shape, Type, Value};

/// The defaults that a type constraint declares, level by level. Applied before the conversion to the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// The type at this level.
    pub ty: Type,
    /// Default by attribute name, where this level is an object type.
    pub values: BTreeMap<Arc<str>, Value>,
    /// The defaults of the levels below: by attribute name, by position in a tuple (`"0"`), and under `""` for the
    /// elements of a collection.
    pub children: BTreeMap<Arc<str>, Defaults>,
}

impl Defaults {
    /// Makes the defaults of a type without any.
    #[must_use]
    pub fn none(ty: Type) -> Defaults {
        Defaults {
            ty,
            values: BTreeMap::new(),
            children: BTreeMap::new(),
        }
    }

    /// Tells whether there is no default at this level nor below.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.children.values().all(Defaults::is_empty)
    }

    /// Returns the value with defaults where attributes are absent or null, outermost level first. What does not
    /// fit the type is left alone: the conversion that follows reports it.
    #[must_use]
    pub fn apply(&self, value: &Value) -> Value {
        let applied = match &value.shape {
            _ if self.is_empty() => return value.clone(),
            Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
                Value::tuple(self.apply_to_items(items))
            }
            Shape::Map(_, fields) | Shape::Object(fields) => {
                Value::object(self.apply_to_fields(fields))
            }
            _ => return value.clone(),
        };
        applied.marked(value.marks)
    }

    fn apply_to_items(&self, items: &[Value]) -> Vec<Value> {
        let item = |(at, item): (usize, &Value)| match self.child(&at.to_string()) {
            Some(child) => child.apply(item),
            None => item.clone(),
        };
        items.iter().enumerate().map(item).collect()
    }

    fn apply_to_fields(&self, fields: &BTreeMap<Arc<str>, Value>) -> BTreeMap<Arc<str>, Value> {
        let mut applied = fields.clone();
        for (name, default) in &self.values {
            let field = applied
                .entry(name.clone())
                .or_insert_with(|| default.clone());
            if field.is_null() {
                *field = default.clone();
            }
        }
        for (name, field) in &mut applied {
            if let Some(child) = self.child(name) {
                *field = child.apply(field);
            }
        }
        applied
    }

    fn child(&self, key: &str) -> Option<&Defaults> {
        match self.ty {
            Type::List(_) | Type::Set(_) | Type::Map(_) => self.children.get(""),
            _ => self.children.get(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ObjectType, convert};

    #[test]
    fn defaults_go_in_before_the_conversion_and_replace_null() {
        let inner_type = Type::Object(Arc::new(ObjectType {
            attributes: [("ttl".into(), Type::Number), ("name".into(), Type::String)].into(),
            optional: ["ttl".into(), "name".into()].into(),
        }));
        let inner = Defaults {
            ty: inner_type.clone(),
            values: [("ttl".into(), Value::text("60"))].into(),
            children: BTreeMap::new(),
        };
        let ty = Type::map(inner_type);
        let defaults = Defaults {
            ty: ty.clone(),
            values: BTreeMap::new(),
            children: [("".into(), inner)].into(),
        };
        let empty = Value::object(BTreeMap::new());
        let null = Value::object([("ttl".into(), Value::null(Type::Dynamic))].into());
        let set = Value::object([("ttl".into(), Value::from(5))].into());
        let given =
            Value::object([("a".into(), empty), ("b".into(), null), ("c".into(), set)].into());
        let filled = convert(&defaults.apply(&given), &ty).unwrap();
        let ttl = |key: &str| {
            filled
                .field(key)
                .and_then(|inner| inner.field("ttl"))
                .cloned()
        };
        assert_eq!(ttl("a"), Some(Value::from(60)));
        assert_eq!(ttl("b"), Some(Value::from(60)));
        assert_eq!(ttl("c"), Some(Value::from(5)));
    }
}
