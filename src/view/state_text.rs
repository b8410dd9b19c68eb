//! Live objects as people read them: `show`, `state show`.

use super::conceal::{Concealing, conceal, reveal};
use super::diff::{Pair, Paths, compare_block};
use super::hcl_text::value_text;
use super::paint::Paint;
use super::render::{Options, attribute_name, render};
use super::schema::Schema;
use super::state_json::StateObject;
use crate::value::{Mode, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns all objects, then the outputs.
#[must_use]
pub fn state_text(
    objects: &[StateObject],
    outputs: &BTreeMap<Arc<str>, Value>,
    paint: Paint,
    show_sensitive: bool,
) -> String {
    if objects.is_empty() && outputs.is_empty() {
        return "No objects are managed.\n".to_owned();
    }
    let texts: Vec<String> = objects
        .iter()
        .map(|object| object_text(object, paint, show_sensitive))
        .collect();
    let mut out = texts.join("\n");
    if !outputs.is_empty() {
        out.push_str("\n\nOutputs:\n\n");
        for (name, value) in outputs {
            let text = value_text(value, show_sensitive);
            out.push_str(&format!("{} = {text}\n", attribute_name(name)));
        }
    }
    out
}

/// Returns one object as a block.
#[must_use]
pub fn object_text(object: &StateObject, paint: Paint, show_sensitive: bool) -> String {
    let schema = Schema::of(object.kind);
    let how = Concealing {
        show: show_sensitive,
        carry_back: false,
    };
    let change = conceal(Some(&object.values), Some(&object.values), &schema, how);
    let (before, after) = reveal(&change, show_sensitive);
    let pair = Pair {
        before: before.as_ref(),
        after: after.as_ref(),
    };
    let options = Options {
        paint,
        show_unchanged: true,
        hide_symbols: true,
        ..Options::default()
    };
    let body = render(&compare_block(pair, &schema, &Paths::default()), 0, options);
    let keyword = match object.address.mode {
        Mode::Data => "data",
        _ => "resource",
    };
    let (kind, name) = (&object.address.type_name, &object.address.name);
    format!(
        "# {}:\n{keyword} \"{kind}\" \"{name}\" {body}\n",
        object.address
    )
}
