//! Objects that no server keeps: random values, `terraform_data`, `null_resource`.

use super::made;
use super::walk::{Candidate, Memory, Planned, Walk, Work};
use crate::catalog::{Attribute, Default, Life, Local, Presence, ReadBack, ResourceType};

use crate::eval::schema::type_of;
use crate::plan::change::Digester;
use crate::plan::leaf::{Leaf, leaves};
use crate::plan::template::effective;
use crate::plan::{AttributeChange, Change, Comparison, Desired, Origin, Owned, Reason, Step};
use crate::source::Diagnostic;
use crate::value::{Marks, Shape, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

impl Walk<'_> {
    /// Decides an object that no server keeps.
    pub(super) async fn decide_local(&mut self, candidate: Candidate) {
        let Some((decoded, lifecycle)) = self.evaluate(&candidate) else {
            return;
        };
        if !self.preconditions(&candidate) {
            self.world.learn(&candidate.address, None);
            return;
        }
        let Life::Local(local) = candidate.kind.life else {
            return;
        };
        let desired = Desired {
            address: candidate.address.clone(),
            kind: candidate.kind,
            provider: candidate.provider.clone(),
            place: None,
            attributes: decoded.attributes,
            span: candidate.declared.span,
            spans: decoded.spans,
            needs: self.needs(&candidate),
            lifecycle,
            lacks: std::collections::BTreeSet::new(),
        };
        if local.is_kept() && !self.memory.remembers() {
            let problem = Diagnostic::error(
                "random-needs-ledger",
                format!(
                    "`{}` needs a ledger in Vault to be kept in",
                    desired.address
                ),
            )
            .at(desired.span, "declared here")
            .hint("use the ledger in Vault, or give the value as a variable");
            self.tell([problem]);
        }
        let owned = self
            .book
            .at_address(&desired.address, desired.kind.name)
            .cloned();
        if let Some(owned) = &owned {
            self.book.take(owned);
        }
        let known = match &owned {
            Some(owned) => self.kept(&desired, owned).await,
            None => None,
        };
        let mut step = self.local_step(&desired, owned.as_deref(), known.as_ref());
        self.keep_file(local, &desired, owned.as_deref(), &mut step);
        let over = known.as_ref().and_then(|known| {
            let now = self.world.surroundings.started();
            made::is_over(local, known, now)
        });
        if let (Some(name), true) = (over, !makes_anew(step.change)) {
            self.make_anew(&desired, &mut step, name);
        }
        let after = step
            .after
            .clone()
            .unwrap_or_else(|| Value::object(BTreeMap::new()));
        self.learn(&desired.address, after);
        let address = desired.address.clone();
        let each_value = candidate.each_value.clone();
        let node = candidate.node.clone();
        let work = Work {
            desired: Some(desired),
            owned,
            each_value: candidate.each_value,
            node: Some(candidate.node),
            ..Work::default()
        };
        self.add(step, work);
        self.postconditions(&node, &address, each_value);
    }

    /// Returns the kept outputs as a plan sees them: open ones as they are where this identity may read them, those of secret
    /// ones too; secrets are held.
    async fn kept(&self, desired: &Desired, owned: &Owned) -> Option<Value> {
        let readable = match desired.kind.life {
            Life::Local(local)
                if local.is_kept() && (!local.is_secret() || desired.kind.all().any(is_open)) =>
            {
                let kept = self.memory.random(&owned.id).await;
                let now = self.world.surroundings.started();
                kept.map(|kept| made::refreshed(local, &desired.attributes, kept, now))
            }
            Life::Local(Local::File) => self.file_now(desired),
            _ => None,
        };
        let fields = desired.kind.all().map(|attribute| {
            let ty = type_of(&attribute.kind);
            let read = readable
                .as_ref()
                .filter(|_| !is_secret(desired.kind, attribute))
                .and_then(|value| value.field(attribute.name))
                .cloned();
            let digest = owned.sent.get(attribute.name).cloned();
            let value = match (read, digest) {
                (Some(read), _) => read,
                (None, Some(digest)) => Shape::Held {
                    ty,
                    digest,
                    kept: true,
                }
                .into(),
                (None, None) => Value::null(ty),
            };
            (Arc::from(attribute.name), value)
        });
        Some(Value::object(fields.collect()))
    }

    /// Returns the digests of a file as it is; `None` where there is none.
    fn file_now(&self, desired: &Desired) -> Option<Value> {
        let name = desired.attributes.field("filename")?.as_text()?;
        let content = self.world.surroundings.read(Path::new(name)).ok()?;
        Some(Value::object(made::digests(&content)))
    }

    /// Plans a file anew that is missing or not as it was written.
    fn keep_file(&self, local: Local, desired: &Desired, owned: Option<&Owned>, step: &mut Step) {
        let Some(owned) = owned.filter(|_| local == Local::File && !makes_anew(step.change)) else {
            return;
        };
        let digest = |value: &Value| {
            let json = crate::plan::normal::plain(value.field("content_sha256")?)?;
            Some(self.memory.digester().digest(&json))
        };
        let now = self.file_now(desired);
        let change = match now {
            None => Change::Create,
            Some(now) if digest(&now) == owned.sent.get("content_sha256").cloned() => return,
            Some(_) => Change::Replace,
        };
        self.make_anew(desired, step, "content_sha256");
        step.change = change;
        step.origin = Some(Origin::Drift);
    }

    /// Turns a step into the making of a new object, because of one attribute.
    fn make_anew(&self, desired: &Desired, step: &mut Step, name: &str) {
        step.change = if desired.lifecycle.create_before_destroy {
            Change::ReplaceCreateFirst
        } else {
            Change::Replace
        };
        step.reason = Some(Reason::CannotUpdate);
        step.origin = Some(Origin::Drift);
        step.after = Some(outputs(desired, None, None));
        let because = AttributeChange {
            comparison: Comparison::Compared,
            differs: true,
            origin: Some(Origin::Drift),
            replaces: true,
        };
        step.attributes.insert(name.into(), because);
    }

    fn local_step(&self, desired: &Desired, owned: Option<&Owned>, known: Option<&Value>) -> Step {
        let digester = self.memory.digester();
        let mut attributes = BTreeMap::new();
        if let Some(owned) = owned {
            for leaf in leaves(desired.kind, &desired.attributes, None) {
                attributes.insert(
                    Arc::from(leaf.path.as_str()),
                    compare(&leaf, owned, desired, digester),
                );
            }
        }
        let replaces = attributes
            .values()
            .any(|change| change.differs && change.replaces);
        let differs = attributes.values().any(|change| change.differs);
        let asked = self.replacement_asked(&desired.address);
        let (change, reason) = match owned {
            None => (Change::Create, None),
            Some(owned) if owned.in_doubt() => (Change::Create, None),
            Some(_) if asked => (Change::Replace, Some(Reason::ReplaceRequested)),
            Some(_) if desired.lifecycle.triggered => (Change::Replace, Some(Reason::Triggered)),
            Some(_) if replaces => (Change::Replace, Some(Reason::CannotUpdate)),
            Some(_) if differs => (Change::Update, None),
            Some(owned) if owned.address != desired.address => (Change::Relabel, None),
            Some(_) => (Change::Keep, None),
        };
        let change = match change {
            Change::Replace if desired.lifecycle.create_before_destroy => {
                Change::ReplaceCreateFirst
            }
            other => other,
        };
        let anew = makes_anew(change);
        let known = known.filter(|_| !anew);
        let after = outputs(desired, known, owned.filter(|_| !anew));
        Step {
            address: desired.address.clone(),
            previous: owned
                .map(|owned| owned.address.clone())
                .filter(|address| *address != desired.address),
            kind: desired.kind,
            provider: desired.provider.clone(),
            place: None,
            old_place: None,
            change,
            before: owned.map(|owned| before(desired, owned, &after)),
            after: Some(after),
            attributes,
            origin: change.writes().then_some(Origin::Config),
            reason,
            adopts: false,
            import: None,
            after_steps: Vec::new(),
            span: Some(desired.span),
            losses: Vec::new(),
        }
    }
}

fn makes_anew(change: Change) -> bool {
    matches!(
        change,
        Change::Create | Change::Replace | Change::ReplaceCreateFirst
    )
}

fn compare(
    leaf: &Leaf,
    owned: &Owned,
    desired: &Desired,
    digester: &dyn Digester,
) -> AttributeChange {
    let computed = is_told(leaf.attribute) && !leaf.set;
    let ignored = desired.lifecycle.ignore_all
        || desired
            .lifecycle
            .ignore_changes
            .iter()
            .any(|path| path == leaf.top());
    let wish = leaf.wish();
    let digest = wish
        .as_ref()
        .filter(|wish| !wish.is_null())
        .map(|wish| digester.digest(wish));
    let equal = wish.is_some() && digest == owned.desired.get(leaf.path.as_str()).cloned();
    let differs = !computed && !ignored && !equal;
    AttributeChange {
        comparison: Comparison::Digest,
        differs,
        origin: differs.then_some(Origin::Config),
        replaces: leaf.attribute.on_change == crate::catalog::OnChange::Replace,
    }
}

/// Returns the attributes as they will be.
fn outputs(desired: &Desired, known: Option<&Value>, owned: Option<&Owned>) -> Value {
    let waits = Arc::new([desired.address.clone()].into());
    let fields = desired.kind.all().map(|attribute| {
        let ty = type_of(&attribute.kind);
        let marks = if attribute.sensitive {
            Marks::SENSITIVE
        } else {
            Marks::NONE
        };
        let wish = desired.attributes.field(attribute.name);
        let set = effective(Some(attribute), wish, &desired.attributes);
        let value = match (set, attribute.read) {
            (Some(value), _) => value,
            (None, ReadBack::Template(name)) => {
                let source = desired.attributes.field(name.trim_matches(['{', '}']));
                source.cloned().unwrap_or_else(|| Value::null(ty))
            }
            (None, _) if attribute.name == "id" && owned.is_some() => {
                let id = owned.map(|owned| owned.id.to_string()).unwrap_or_default();
                known
                    .and_then(|known| known.field("id"))
                    .filter(|id| !id.is_null())
                    .cloned()
                    .unwrap_or_else(|| id.into())
            }
            (None, _) if is_told(attribute) => match known {
                Some(known) => known
                    .field(attribute.name)
                    .cloned()
                    .unwrap_or_else(|| Value::null(ty)),
                None => Value::unknown(ty, Arc::clone(&waits)),
            },
            (None, _) => Value::null(ty),
        };
        (Arc::from(attribute.name), value.marked(marks))
    });
    Value::object(fields.collect())
}

/// Tells whether an attribute that is left out comes from the making.
fn is_told(attribute: &Attribute) -> bool {
    attribute.presence == Presence::Computed || attribute.default == Default::Server
}

/// Tells whether an attribute that comes from the making may be shown; an `id` may be nothing but a name.
fn is_open(attribute: &Attribute) -> bool {
    is_told(attribute) && !attribute.sensitive && attribute.name != "id"
}

/// Tells whether plans hold an attribute, so that its digest is the same for whoever may read it and for whoever may not.
fn is_secret(kind: &ResourceType, attribute: &Attribute) -> bool {
    matches!(kind.life, Life::Local(local) if local.is_secret() && attribute.sensitive)
}

/// Lets an apply's view of a world see what is kept beside the ledger, as far as it may be read.
pub async fn reveal(planned: &mut Planned, memory: &dyn Memory) {
    let kept =
        |life: &Life| matches!(life, Life::Local(local) if local.is_kept() && local.is_secret());
    for (step, work) in planned.plan.steps.iter().zip(&planned.work) {
        let Some(owned) = work.owned.as_ref().filter(|_| kept(&step.kind.life)) else {
            continue;
        };
        let Some(mut seen) = planned.world.seen(&step.address).cloned() else {
            continue;
        };
        let read = match seen.plan.has_held() {
            true => memory.random(&owned.id).await,
            false => None,
        };
        let Some(read) = read else { continue };
        let mut fields = seen.plan.as_fields().cloned().unwrap_or_default();
        for (name, value) in fields.iter_mut().filter(|(_, value)| value.has_held()) {
            if let Some(read) = read.field(name) {
                *value = read.clone().marked(value.marks);
            }
        }
        seen.real = Some(Value::object(fields));
        planned.world.learn(&step.address, Some(seen));
    }
}

/// Returns the attributes as they were, as far as that is remembered: what changed is held.
fn before(desired: &Desired, owned: &Owned, after: &Value) -> Value {
    let fields = desired.kind.all().map(|attribute| {
        let now = after.field(attribute.name).cloned();
        let ty = type_of(&attribute.kind);
        let old = owned
            .desired
            .get(attribute.name)
            .or_else(|| owned.sent.get(attribute.name));
        let value = match (now, old) {
            (Some(now), Some(_)) if now.is_wholly_known() => now,
            (_, Some(digest)) => Shape::Held {
                ty,
                digest: digest.clone(),
                kept: true,
            }
            .into(),
            (Some(now), None) if attribute.name == "id" && now.is_wholly_known() => now,
            _ => Value::null(ty),
        };
        (Arc::from(attribute.name), value)
    });
    Value::object(fields.collect())
}
