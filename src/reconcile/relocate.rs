//! How a changed place shows in a plan.

use crate::catalog::ReadBack;
use crate::plan::change::Decision;
use crate::plan::{Change, Desired, Origin};
use crate::value::{ServerPath, Value};

/// Shows in a decision that the object's place changes: the attributes that make the place differ.
pub(super) fn mark_place(desired: &Desired, decision: &mut Decision, old: &ServerPath) {
    let replaces = decision.change != Change::Remount;
    for attribute in desired
        .kind
        .all()
        .filter(|attribute| attribute.read == ReadBack::Place)
    {
        let used = crate::plan::template::placeholders(desired.kind.place)
            .any(|name| name == attribute.name);
        let value = desired.attributes.field(attribute.name);
        let Some(text) = value.and_then(Value::as_text).filter(|_| used) else {
            continue;
        };
        if old.path.split('/').any(|part| part == text) || old.path.contains(text) {
            continue;
        }
        let change = crate::plan::AttributeChange {
            comparison: crate::plan::Comparison::Compared,
            differs: true,
            origin: Some(Origin::Config),
            replaces,
        };
        decision.attributes.insert(attribute.name.into(), change);
        let was = old_text(desired.kind.place, attribute.name, &old.path);
        if let (Some(before), Some(was)) = (&decision.before, was)
            && let Some(fields) = before.as_fields()
        {
            let mut fields = fields.clone();
            fields.insert(attribute.name.into(), was.into());
            decision.before = Some(Value::object(fields));
        }
    }
}

/// Reads a placeholder's value back from a path, where the template tells it.
fn old_text(template: &str, name: &str, path: &str) -> Option<String> {
    let (head, rest) = template.split_once('{')?;
    let (names, tail) = rest.split_once('}')?;
    let path = path.strip_prefix(head)?;
    let value = if tail.is_empty() {
        path
    } else {
        let literal = tail.split('{').next()?;
        path.split_once(literal.trim_end_matches('{'))?.0
    };
    if names.split('|').any(|one| one == name) {
        return Some(value.to_owned());
    }
    let after = path.strip_prefix(value)?;
    old_text(tail, name, after)
}
