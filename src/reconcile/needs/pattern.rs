//! Paths as rules have them: what nobody knows before stands as `+`.

use crate::catalog::ResourceType;
use crate::plan::template::{Filled, fill};
use crate::value::Value;

/// Returns an object whose unknown and held values are `+`.
pub fn open(attributes: &Value) -> Value {
    let fields = attributes.as_fields().cloned().unwrap_or_default();
    let opened = fields.into_iter().map(|(name, value)| {
        let known = !value.is_unknown() && !value.has_held();
        (name, if known { value } else { "+".into() })
    });
    Value::object(opened.collect())
}

/// Fills a template; what the server names is `+`. `None` where a placeholder has no value.
pub fn filled(template: &str, kind: &ResourceType, attributes: &Value) -> Option<String> {
    match fill(template, kind, attributes, Some("+")) {
        Filled::Known(path) if !path.is_empty() => Some(path),
        _ => None,
    }
}
