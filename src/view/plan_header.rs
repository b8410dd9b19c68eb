//! The comment lines above each object of a plan: what happens to it, and why.

use super::document::{ResourceChange, StepNotes};
use super::marker::{Marker, moved};
use super::paint::{Paint, harmless, quote};
use super::product::Product;
use serde_json::Value as Json;

/// Returns the comment lines of an object, each ended.
#[must_use]
pub fn header(change: &ResourceChange, product: Product, paint: Paint) -> String {
    let marker = Marker::of(change);
    let mut lines = vec![first_line(change, marker, product, paint)];
    lines.extend(reason(change, marker, product));
    if change.deposed.is_some() {
        lines.push(
            "  # (left over from a partially-failed replacement of this instance)".to_owned(),
        );
    }
    if moved(change) && marker != Marker::Relabel {
        let previous = change.previous_address.as_deref().unwrap_or_default();
        lines.push(format!("  # (moved from {previous})"));
    }
    if let Some(importing) = &change.change.importing {
        lines.push(format!(
            "  # (imported from {})",
            plain_quote(&importing.id)
        ));
        if matches!(marker, Marker::DeleteThenCreate | Marker::CreateThenDelete) {
            lines.push("  # Warning: this will destroy the imported resource".to_owned());
        }
    }
    if let Some(notes) = &change.vaultform {
        lines.extend(own_notes(notes, marker, paint));
    }
    lines.join("\n") + "\n"
}

/// Ids are written without escapes, as Terraform does, but for what a terminal would act on.
fn plain_quote(text: &str) -> String {
    format!("\"{}\"", harmless(text))
}

fn first_line(change: &ResourceChange, marker: Marker, product: Product, paint: Paint) -> String {
    let address = match &change.deposed {
        Some(key) => format!("{} (deposed object {key})", change.address),
        None => change.address.clone(),
    };
    let subject = paint.bold(&format!("  # {address}"));
    let red = |text: &str| paint.bold(&paint.red(text));
    let imported = change.change.importing.is_some();
    let predicate = match marker {
        Marker::Create => "will be created".to_owned(),
        Marker::Update => "will be updated in-place".to_owned(),
        Marker::Read => "will be read during apply".to_owned(),
        Marker::Delete => format!("will be {}", red("destroyed")),
        Marker::DeleteThenCreate | Marker::CreateThenDelete => replaced(change, product, &red),
        Marker::Adopt | Marker::Keep if imported => "will be imported".to_owned(),
        Marker::Adopt => "will be adopted".to_owned(),
        Marker::Keep => "has not changed".to_owned(),
        Marker::Remount => remounted(change),
        Marker::Relabel => {
            let previous = change.previous_address.as_deref().unwrap_or_default();
            let subject = paint.bold(&format!("  # {previous}"));
            return format!("{subject} has moved to {}", paint.bold(&address));
        }
        Marker::Forget => return forgotten(&address, product, paint),
    };
    format!("{subject} {predicate}")
}

fn replaced(change: &ResourceChange, product: Product, red: &dyn Fn(&str) -> String) -> String {
    let replaced = red("replaced");
    match change.action_reason.as_deref() {
        Some("replace_because_tainted") if product == Product::OpenTofu => {
            format!("is tainted, so it must be {replaced}")
        }
        Some("replace_because_tainted") => format!("is tainted, so must be {replaced}"),
        Some("replace_by_request") => format!("will be {replaced}, as requested"),
        Some("replace_by_triggers") => {
            format!("will be {replaced} due to changes in replace_triggered_by")
        }
        _ => format!("must be {replaced}"),
    }
}

fn remounted(change: &ResourceChange) -> String {
    let moves = change
        .vaultform
        .as_ref()
        .and_then(|notes| notes.moves.clone());
    let (from, to) = moves.unwrap_or_default();
    format!(
        "will be moved on the server from {} to {}",
        quote(&from),
        quote(&to)
    )
}

fn forgotten(address: &str, product: Product, paint: Paint) -> String {
    match product {
        Product::Terraform => {
            let subject = paint.bold(&format!(" # {address}"));
            format!("{subject} will no longer be managed by Terraform, but will not be destroyed")
        }
        Product::OpenTofu => {
            let subject = paint.bold(&format!("  # {address}"));
            format!("{subject} will be removed from the OpenTofu state but will not be destroyed")
        }
        Product::Vaultform => {
            let subject = paint.bold(&format!("  # {address}"));
            format!("{subject} will be forgotten, but will not be destroyed")
        }
    }
}

fn reason(change: &ResourceChange, marker: Marker, product: Product) -> Option<String> {
    let index = change.index.as_ref();
    let shown = index.map(Json::to_string).unwrap_or_default();
    let reason = change.action_reason.as_deref()?;
    let text = match (marker, reason) {
        (Marker::Read, "read_because_config_unknown") => {
            "config refers to values not yet known".to_owned()
        }
        (Marker::Read, "read_because_dependency_pending") => {
            "depends on a resource or a module with changes pending".to_owned()
        }
        (Marker::Read, "read_because_check_nested") => {
            "config will be reloaded to verify a check block".to_owned()
        }
        (Marker::Delete, "delete_because_no_resource_config") => {
            format!(
                "because {}.{} is not in configuration",
                change.type_name, change.name
            )
        }
        (Marker::Delete, "delete_because_no_module") => {
            let module = change.module_address.as_deref().unwrap_or_default();
            format!("because {module} is not in configuration")
        }
        (Marker::Delete, "delete_because_wrong_repetition") => match index {
            None => "because resource uses count or for_each".to_owned(),
            Some(Json::String(_)) => "because resource does not use for_each".to_owned(),
            Some(_) => "because resource does not use count".to_owned(),
        },
        (Marker::Delete, "delete_because_count_index") => {
            format!("because index [{shown}] is out of range for count")
        }
        (Marker::Delete, "delete_because_each_key") => {
            format!("because key [{shown}] is not in for_each map")
        }
        (Marker::Forget, _) if product != Product::OpenTofu => {
            return (!change.change.before.is_null())
                .then(|| " # (destroy = false is set in the configuration)".to_owned());
        }
        _ => return None,
    };
    Some(format!("  # ({text})"))
}

/// Returns what Terraform has no word for.
fn own_notes(notes: &StepNotes, marker: Marker, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    let drift = paint.cyan("drift");
    match (marker, notes.origin.as_deref()) {
        (Marker::Create, Some("drift")) => {
            lines.push(format!("  # {drift}: deleted outside of vaultform"));
        }
        (_, Some("drift")) => lines.push(format!("  # {drift}: changed outside of vaultform")),
        (_, Some("both")) => {
            let drifted = notes.drifted.join(", ");
            let subject = if drifted.is_empty() { "" } else { " " };
            lines.push(format!(
                "  # {drift}:{subject}{drifted} changed outside of vaultform"
            ));
        }
        _ => {}
    }
    if notes.adopts && marker.acts() {
        lines.push("  # adopts existing object".to_owned());
    }
    if marker == Marker::Forget && notes.losses.is_empty() && notes.change == "forget" {
        lines.extend(
            notes
                .place
                .as_ref()
                .map(|place| format!("  # (at {})", quote(place))),
        );
    }
    if !notes.losses.is_empty() {
        let losses = notes.losses.join(", ");
        lines.push(format!("  # {}", paint.red(&format!("destroys {losses}"))));
    }
    if matches!(marker, Marker::Update | Marker::Adopt | Marker::Remount) {
        lines.extend(comparison_line(notes));
    }
    lines
}

fn comparison_line(notes: &StepNotes) -> Option<String> {
    let words = [
        ("held", "held"),
        ("unverified", "unverified"),
        ("not_comparable", "not compared"),
    ];
    let parts = words.iter().filter_map(|(key, word)| {
        let of_it = notes.comparison.iter().filter(|(_, how)| how == key);
        let names: Vec<&str> = of_it.map(|(name, _)| name.as_str()).collect();
        (!names.is_empty()).then(|| format!("{word}: {}", names.join(", ")))
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| format!("  # {}", parts.join("; ")))
}
