//! What `explain` tells of types of the provider that no table tells of.

use super::Presence;
use super::foreign::{Foreign, Missing, Reason, Shape};
use crate::value::{Mode, Type};
use std::fmt::Write;

/// Returns what is known of a type, in plain text.
#[must_use]
pub fn explain_type(missing: &Missing) -> String {
    let schema = missing.schema;
    let mode = match schema.mode {
        Mode::Managed => "resource",
        Mode::Data => "data source",
        Mode::Ephemeral => "ephemeral resource",
    };
    let mut out = format!("{} ({mode})\n  {}\n\n", schema.name, why(missing.reason));
    let names = schema.attributes.iter().map(|one| one.name.len());
    let width = names.max().unwrap_or_default();
    for attribute in &schema.attributes {
        let (name, said, what) = (attribute.name, presence(attribute), what(attribute));
        let _ = writeln!(out, "  {name:width$}  {said:8}  {what}");
    }
    out
}

/// Returns what is known of one attribute, in plain text.
#[must_use]
pub fn explain_attribute(missing: &Missing, path: &str, attribute: &Foreign) -> String {
    let name = missing.schema.name;
    let mut out = format!("{name}.{path}\n  {}\n", why(missing.reason));
    let _ = writeln!(out, "  {}, {}", what(attribute), presence(attribute));
    if let Shape::Blocks { attributes, .. } = &attribute.shape {
        for inner in attributes {
            let _ = writeln!(
                out,
                "    {}: {}, {}",
                inner.name,
                what(inner),
                presence(inner)
            );
        }
    }
    out
}

/// Says what a type needs and that it is not managed.
#[must_use]
pub fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Enterprise => "needs Vault Enterprise; not managed here",
        Reason::NoEngine => {
            "needs HashiCorp Vault: OpenBao does not have the engine; not managed here"
        }
        Reason::NotYet => "not managed here yet",
    }
}

fn presence(attribute: &Foreign) -> &'static str {
    match attribute.presence {
        Presence::Required => "required",
        Presence::Optional => "optional",
        Presence::Computed => "computed",
    }
}

fn what(attribute: &Foreign) -> String {
    let mut text = match &attribute.shape {
        Shape::Blocks { .. } => "blocks".to_owned(),
        Shape::Value(ty) => type_text(ty),
    };
    if attribute.sensitive {
        text.push_str(", a secret");
    }
    if attribute.write_only {
        text.push_str(", write-only");
    }
    text
}

fn type_text(ty: &Type) -> String {
    match ty {
        Type::String => "string".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::List(inner) => format!("list of {}", type_text(inner)),
        Type::Set(inner) => format!("set of {}", type_text(inner)),
        Type::Map(inner) => format!("map of {}", type_text(inner)),
        _ => "any".to_owned(),
    }
}
