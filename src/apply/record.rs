//! What the ledger is told of a step.

use super::run::Run;
use super::write::Task;
use crate::catalog::{Generate, Life, ReadBack, ResourceType};
use crate::plan::change::{Digester, is_given_once_to};
use crate::plan::hidden::secret_paths;
use crate::plan::leaf::leaves;
use crate::plan::normal::{plain, url_with_password};
use crate::plan::template::{fill, placeholders};
use crate::plan::{Change, Desired, Observed, Owned, Pending};
use crate::value::{Digest, ServerPath, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Returns the record of a write that is about to begin; `None` where nothing is written, or where no place is known yet.
pub(super) async fn pending(run: &Run<'_>, index: usize) -> Option<Owned> {
    let step = &run.plan.steps[index];
    let work = &run.work[index];
    if !step.change.writes() {
        return None;
    }
    let action = match step.change {
        Change::Create => Pending::CREATE,
        Change::Delete => "delete",
        Change::Replace | Change::ReplaceCreateFirst => "replace",
        _ => "update",
    };
    let task = run.task(index).await.ok();
    let pending = Some(match (step.kind.life, action) {
        (Life::Generate(generate), "create" | "replace") => {
            listed(run, task.as_ref(), &generate, action).await
        }
        _ => begun(action, BTreeSet::new()),
    });
    let mut owned = match &work.owned {
        Some(owned) => Owned::clone(owned),
        None => unmade(run, index, task.as_ref())?,
    };
    if let (Some(task), Life::Generate(_), Change::Create) = (&task, step.kind.life, step.change)
        && step.kind.parts.is_empty()
    {
        // Should the reply not arrive, what is found then is known to be what was sent: all of it in one request.
        remember_sent(run, task, &mut owned);
    }
    owned.pending = pending;
    Some(owned)
}

/// Returns the record of an object that is not there yet.
fn unmade(run: &Run<'_>, index: usize, task: Option<&Task<'_>>) -> Option<Owned> {
    let place = run.plan.steps[index].place.clone();
    let known = task.map(|task| task.place.clone());
    let desired = run.work[index].desired.as_ref()?;
    let mut owned = blank(desired, place.or(known).unwrap_or_else(nowhere));
    owned.deletion = task
        .map(|task| deletion(task.step.kind, &task.desired.attributes))
        .unwrap_or_default();
    Some(owned)
}

fn remember_sent(run: &Run<'_>, task: &Task<'_>, owned: &mut Owned) {
    let seen = run.seen_wish(task);
    let written = Written {
        seen: &seen,
        real: &task.desired.attributes,
        result: &task.desired.attributes,
        observed: None,
        id: "",
        place: nowhere(),
        now: 0,
        unsent: &BTreeSet::new(),
    };
    let digester = run.keeper.digester();
    owned.hidden = secret_paths(task.step.kind, &seen);
    owned.desired = desired_digests(task.step.kind, &seen, digester);
    owned.sent = sent_digests(task.step.kind, None, &written, digester);
}

fn begun(action: &str, before: BTreeSet<Arc<str>>) -> Pending {
    Pending {
        action: action.into(),
        before,
    }
}

/// Notes which objects are there before another is made; where that cannot be known the action says so, and nothing that
/// is there afterwards is taken for ours.
async fn listed(
    run: &Run<'_>,
    task: Option<&Task<'_>>,
    generate: &Generate,
    action: &str,
) -> Pending {
    let unseen = || begun(&format!("{action}-unseen"), BTreeSet::new());
    let Some(task) = task else {
        return unseen();
    };
    let list = fill(
        generate.list,
        task.step.kind,
        &task.desired.attributes,
        None,
    )
    .known();
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        return unseen();
    };
    match run
        .cache
        .keys(&task.connection.server, &task.place, &list)
        .await
    {
        Ok(ids) => begun(action, ids.into_iter().map(Arc::from).collect()),
        Err(_) => unseen(),
    }
}

/// The place of what no server keeps, or of what has no known place yet.
pub(super) fn nowhere() -> ServerPath {
    ServerPath::new("", "", "")
}

/// Returns a record that knows nothing but whose it is.
pub(super) fn blank(desired: &Desired, place: ServerPath) -> Owned {
    Owned {
        address: desired.address.clone(),
        type_name: desired.kind.name.into(),
        provider: desired.provider.clone(),
        place,
        id: "".into(),
        incarnation: "".into(),
        needs: desired.needs.clone(),
        deletion: BTreeMap::new(),
        prevent_destroy: desired.lifecycle.prevent_destroy,
        desired: BTreeMap::new(),
        sent: BTreeMap::new(),
        rotated: BTreeSet::new(),
        hidden: BTreeSet::new(),
        pending: None,
        written_at: 0,
    }
}

/// What a finished write tells for the record.
pub(super) struct Written<'a> {
    /// The wish as a plan sees it: with held values.
    pub seen: &'a Value,
    /// The wish with all values.
    pub real: &'a Value,
    /// The object as it came out.
    pub result: &'a Value,
    pub observed: Option<&'a Observed>,
    pub id: &'a str,
    pub place: ServerPath,
    pub now: i64,
    /// Paths whose values were not sent this time, so that what was sent before still stands.
    pub unsent: &'a BTreeSet<String>,
}

/// Returns the record of an object that was written, or taken over.
pub(super) fn owned_after(
    desired: &Desired,
    before: Option<&Owned>,
    written: &Written<'_>,
    digester: &dyn Digester,
) -> Owned {
    let mut owned = blank(desired, written.place.clone());
    owned.id = written.id.into();
    owned.written_at = written.now;
    owned.deletion = deletion(desired.kind, written.real);
    owned.incarnation = match (written.observed, before) {
        (Some(observed), _) => observed.incarnation.clone(),
        (None, Some(before)) => before.incarnation.clone(),
        (None, None) => "".into(),
    };
    owned.rotated = before
        .map(|before| before.rotated.clone())
        .unwrap_or_default();
    owned.hidden = secret_paths(desired.kind, written.seen);
    owned.desired = desired_digests(desired.kind, written.seen, digester);
    owned.sent = sent_digests(desired.kind, before, written, digester);
    owned
}

fn desired_digests(
    kind: &ResourceType,
    seen: &Value,
    digester: &dyn Digester,
) -> BTreeMap<Arc<str>, Digest> {
    let mut found = BTreeMap::new();
    for leaf in leaves(kind, seen, None) {
        let fresh = leaf
            .desired
            .as_ref()
            .is_some_and(|value| value.marks_within().fresh);
        if let Some(wish) = leaf.wish().filter(|wish| !wish.is_null() && !fresh) {
            found.insert(Arc::from(leaf.path.as_str()), digester.digest(&wish));
        }
    }
    found
}

fn sent_digests(
    kind: &ResourceType,
    before: Option<&Owned>,
    written: &Written<'_>,
    digester: &dyn Digester,
) -> BTreeMap<Arc<str>, Digest> {
    let mut found = BTreeMap::new();
    let held: BTreeSet<String> = leaves(kind, written.seen, None)
        .into_iter()
        .filter(|leaf| leaf.desired.as_ref().is_some_and(Value::has_held))
        .map(|leaf| leaf.path)
        .collect();
    for leaf in leaves(kind, written.real, None) {
        let wish = leaf.desired.as_ref();
        let url = wish.and_then(|wish| url_with_password(&leaf.attribute.kind, wish));
        if let (Some(url), false) = (url, written.unsent.contains(&leaf.path)) {
            found.insert(Arc::from(leaf.path.as_str()), digester.digest(&url));
            continue;
        }
        if !leaf.unread() && !held.contains(&leaf.path) {
            continue;
        }
        let path: Arc<str> = leaf.path.as_str().into();
        let kept = before.and_then(|before| before.sent.get(&path));
        if let (true, Some(kept)) = (written.unsent.contains(&leaf.path), kept) {
            found.insert(path, kept.clone());
            continue;
        }
        let fresh = leaf
            .desired
            .as_ref()
            .is_some_and(|value| value.marks_within().fresh);
        if let Some(wish) = leaf.wish().filter(|wish| !wish.is_null() && !fresh) {
            found.insert(path, digester.digest(&wish));
        }
    }
    let once = |attribute: &&crate::catalog::Attribute| is_given_once_to(attribute, written.real);
    for attribute in kind.all().filter(once) {
        let set = written
            .real
            .field(attribute.name)
            .is_some_and(|value| !value.is_null());
        if set {
            continue;
        }
        let given = written
            .result
            .field(attribute.name)
            .filter(|value| !value.is_null());
        let path: Arc<str> = attribute.name.into();
        match (
            given.and_then(plain),
            before.and_then(|before| before.sent.get(&path)),
        ) {
            (Some(given), _) => {
                found.insert(path, digester.digest(&given));
            }
            (None, Some(kept)) => {
                found.insert(path, kept.clone());
            }
            (None, None) => {}
        }
    }
    found
}

/// Returns the arguments that say how the object is removed, and what its paths are made of.
pub(super) fn deletion(kind: &ResourceType, attributes: &Value) -> BTreeMap<Arc<str>, String> {
    let mut templates = vec![kind.place];
    templates.extend(kind.parts.iter().map(|part| part.path));
    if let Life::Generate(generate) = kind.life {
        templates.extend([generate.create, generate.list]);
        match generate.removal {
            crate::catalog::Removal::Post { path, .. } => templates.push(path),
            crate::catalog::Removal::PostWhen { path, .. } => templates.push(path),
            _ => {}
        }
    }
    let used: BTreeSet<&str> = templates.into_iter().flat_map(placeholders).collect();
    let member = match kind.life {
        Life::Member { elements, .. } => Some(elements),
        _ => None,
    };
    let when = match kind.life {
        Life::Generate(generate) => match generate.removal {
            crate::catalog::Removal::PostWhen { when, .. } => Some(when),
            _ => None,
        },
        _ => None,
    };
    let mut found = BTreeMap::new();
    for attribute in kind.all().filter(|attribute| !attribute.sensitive) {
        let wanted = attribute.read == ReadBack::Argument
            || used.contains(attribute.name)
            || member == Some(attribute.name)
            || when == Some(attribute.name)
            || (attribute.name == "exclusive");
        let value = attributes
            .field(attribute.name)
            .filter(|value| !value.is_null());
        if let (true, Some(json)) = (wanted, value.and_then(plain)) {
            found.insert(Arc::from(attribute.name), json.to_string());
        }
    }
    found
}
