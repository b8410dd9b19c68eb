//! Whether `moved` and `removed` blocks fit what is declared.

use super::super::declared::{DeclaredMoved, Module, Repetition};
use super::super::place::Place;
use crate::source::{Diagnostic, Span};
use crate::value::InstanceKey;

/// Tells of moves that contradict each other or what is still declared.
pub(super) fn check(module: &Module, told: &mut Vec<Diagnostic>) {
    for (index, moved) in module.moved.iter().enumerate() {
        let before = module.moved.get(..index).unwrap_or_default();
        ambiguous(before, moved, told);
        if let Some(span) = still_declared(module, &moved.from, false) {
            told.push(
                Diagnostic::error(
                    "invalid-move",
                    format!("`{}` is still declared", moved.from),
                )
                .at(moved.from.span, "moved from here")
                .at(span, "declared here")
                .hint("rename this block to the new address, or remove the `moved` block"),
            );
        }
    }
    for removed in &module.removed {
        if let Some(span) = still_declared(module, &removed.from, true) {
            told.push(
                Diagnostic::error(
                    "invalid-removed",
                    format!("`{}` is still declared", removed.from),
                )
                .at(removed.from.span, "removed here")
                .at(span, "declared here")
                .hint("remove this block too, or the `removed` block"),
            );
        }
    }
}

fn ambiguous(before: &[DeclaredMoved], moved: &DeclaredMoved, told: &mut Vec<Diagnostic>) {
    let same = |left: &Place, right: &Place| {
        left.module == right.module && left.resource == right.resource
    };
    for other in before {
        let (what, first, again) = if same(&other.from, &moved.from) {
            ("moves twice", other.from.span, moved.from.span)
        } else if same(&other.to, &moved.to) {
            ("is the target of two moves", other.to.span, moved.to.span)
        } else {
            continue;
        };
        let place = if what == "moves twice" {
            &moved.from
        } else {
            &moved.to
        };
        told.push(
            Diagnostic::error("invalid-move", format!("`{place}` {what}"))
                .at(again, "again here")
                .at(first, "first here")
                .hint("keep one of the two blocks"),
        );
    }
}

/// Returns where the very object of a place is still declared. Places with instance keys depend on values and are not
/// judged; nor, unless `instances`, is a place whose block has instances now: it may name the single one of before.
fn still_declared(module: &Module, place: &Place, instances: bool) -> Option<Span> {
    let mut inner = module;
    let mut steps = place.module.0.iter().peekable();
    while let Some(step) = steps.next() {
        let call = inner.calls.get(&step.name)?;
        let one = instances || matches!(call.repetition, Repetition::Once);
        if step.key != InstanceKey::None || !one {
            return None;
        }
        if steps.peek().is_none() && place.resource.is_none() {
            return Some(call.span);
        }
        inner = call.module.as_deref()?;
    }
    let wanted = place.resource.as_ref()?;
    let found = inner.resources.iter().find(|(id, _)| {
        id.mode == wanted.mode && id.type_name == wanted.type_name && id.name == wanted.name
    });
    let (_, resource) = found?;
    let one = instances || matches!(resource.repetition, Repetition::Once);
    (one && wanted.key == InstanceKey::None).then_some(resource.span)
}
