//! Objects whose place changed.

use super::object::Wish;
use super::walk::Walk;
use crate::catalog::{Life, ReadBack};
use crate::observe::{Wanted, look_at};
use crate::plan::change::{Decision, change_for, planned};
use crate::plan::hidden::{concealed, secret_paths, secrets_in_place, without_repeats};
use crate::plan::place::claim_of;
use crate::plan::shown::id_of;
use crate::plan::{Change, Desired, Observed, Origin, Owned, Reason};
use crate::value::{ServerPath, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was decided for an object whose place changed.
pub(super) struct Moving {
    pub decision: Decision,
    /// The place that it leaves.
    pub from: Option<ServerPath>,
    pub observed: Option<Observed>,
    /// The object at the old place is none of this step's: it goes by a step of its own.
    pub leaves: bool,
}

impl Moving {
    pub fn here(decision: Decision, observed: Option<Observed>) -> Moving {
        Moving {
            decision,
            observed,
            from: None,
            leaves: false,
        }
    }
}

impl Walk<'_> {
    /// An object of ours whose place changed: a mount moves, others are made anew. Where the new place is somebody's already,
    /// what is there is adopted, and the old object leaves by itself.
    pub(super) async fn relocate(
        &mut self,
        wish: &Wish,
        at_new: Option<Observed>,
        owned: &Arc<Owned>,
    ) -> Moving {
        let digester = self.memory.digester();
        let desired = &wish.desired;
        let old = owned.place.clone();
        let is_mount = matches!(desired.kind.life, Life::Mounted(..));
        let declared_elsewhere = self.places.contains_key(&claim_of(desired.kind, &old));
        let at_old = match declared_elsewhere {
            true => None,
            false => self.look_back(wish, owned).await,
        };
        let Some(at_old) = at_old else {
            // A run that was cut off moved it, where one was begun; else somebody did, and it is adopted.
            let begun = owned.in_doubt() && is_mount;
            let ours = begun.then_some(&**owned);
            let decision = change_for(desired, at_new.as_ref(), ours, digester);
            if is_mount && at_new.is_some() && !declared_elsewhere {
                self.note_shift(desired, &old, true);
            }
            return Moving::here(decision, at_new);
        };
        if at_new.is_some() && !owned.in_doubt() {
            return Moving {
                leaves: true,
                ..Moving::here(change_for(desired, at_new.as_ref(), None, digester), at_new)
            };
        }
        let remounts = is_mount && at_new.is_none() && !argument(desired, "disable_remount");
        let mut decision = change_for(desired, Some(&at_old), Some(owned), digester);
        if remounts && !decision.change_is_replacement() {
            decision.change = Change::Remount;
            self.note_shift(desired, &old, false);
        } else {
            decision.change = if desired.lifecycle.create_before_destroy {
                Change::ReplaceCreateFirst
            } else {
                Change::Replace
            };
            decision.after = planned(desired, None, None, &BTreeMap::new());
            decision.reason = Some(Reason::CannotUpdate);
        }
        decision.origin = Some(Origin::Config);
        mark_place(desired, &mut decision, owned);
        for secret in decision
            .before
            .iter()
            .flat_map(|before| secrets_in_place(desired.kind, before))
        {
            self.connector.keep_quiet(secret);
        }
        Moving {
            from: Some(old),
            ..Moving::here(decision, Some(at_old))
        }
    }

    /// Looks at an object where its record says that it is.
    async fn look_back(&mut self, wish: &Wish, owned: &Arc<Owned>) -> Option<Observed> {
        let desired = &wish.desired;
        let wanted = Wanted {
            kind: desired.kind,
            place: owned.place.clone(),
            server: wish.connection.as_ref()?.server.clone(),
            guide: desired.attributes.clone(),
            owned: Some(owned.clone()),
            referenced: Some(Arc::default()),
        };
        match look_at(&wanted, &self.cache).await {
            Ok(found) => found,
            Err(error) => {
                let problem = error
                    .to_diagnostic()
                    .at(desired.span, "while reading what it was");
                self.tell([problem.address(&desired.address)]);
                None
            }
        }
    }
}

fn argument(desired: &Desired, name: &str) -> bool {
    desired.attributes.field(name).and_then(Value::as_bool) == Some(true)
}

/// Shows in a decision that the object's place changes: the attributes that make the place differ.
fn mark_place(desired: &Desired, decision: &mut Decision, owned: &Owned) {
    let old = &owned.place;
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
            fields.remove("id");
            let id = Some(&*owned.id).filter(|id| !id.is_empty());
            let id = id_of(desired.kind, &Value::object(fields.clone()), id);
            fields.extend(id.map(|id| (Arc::from("id"), id)));
            decision.before = Some(Value::object(fields));
        }
    }
    // What was said of the old place may be secret as the new one is, or as it was when it was written.
    let secret = secret_paths(desired.kind, &desired.attributes);
    let before = decision.before.take();
    let before = before.map(|before| concealed(before, desired.kind, Some(owned)));
    decision.before = before.map(|before| without_repeats(before, desired.kind, &secret));
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
