//! Saved plans: what ties a plan to what it saw, and whether it still fits.

use super::planning::Session;
use super::wish::Wish;
use crate::config::variables::Argument;
use crate::plan::hidden::secrets_in_place;
use crate::plan::{Change, Comparison, Step};
use crate::reconcile::Planned;
use crate::value::{ServerPath, Shape, VEILED, Value};
use crate::view::plan_json::change_name;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The form that is written.
const FORMAT: u32 = 1;

/// What a saved plan was made of and what it saw. It holds no secret: sensitive values are in it as digests with the
/// ledger's key, or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    pub format: u32,
    /// The version of this program.
    pub version: String,
    pub workspace: String,
    pub ledger: String,
    pub ledger_version: u64,
    /// Whether digests are made with the ledger's key: not before there is a ledger.
    pub keyed: bool,
    pub wish: Wish,
    /// Values of variables that were given and are no secret.
    pub variables: BTreeMap<String, Json>,
    /// By address: what is done, and digests of what was there and what is wished.
    pub steps: BTreeMap<String, Bound>,
}

/// What one step saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    pub change: String,
    pub place: String,
    pub before: String,
    pub after: String,
}

/// Makes the binding of a plan.
#[must_use]
pub fn bind(session: &Session, planned: &Planned, wish: &Wish, workspace: &str) -> Binding {
    let keyed = !session.ledger.is_new();
    let digester = session.ledger.digester();
    let digest = |json: &Json| {
        if keyed {
            digester.digest(json).0.to_string()
        } else {
            plainly(json)
        }
    };
    let steps = planned
        .plan
        .steps
        .iter()
        .filter(|step| step.change != Change::Keep);
    let bound = steps.map(|step| (step.address.to_string(), bound(step, keyed, &digest)));
    Binding {
        format: FORMAT,
        version: super::context::VERSION.to_owned(),
        workspace: workspace.to_owned(),
        ledger: session.ledger.settings().name.clone(),
        ledger_version: session.ledger.version(),
        keyed,
        wish: wish.clone(),
        variables: variables(session),
        steps: bound.collect(),
    }
}

/// Digests without a key, for plans that hold no secret.
fn plainly(json: &Json) -> String {
    let hash = Sha256::digest(json.to_string().as_bytes());
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn bound(step: &Step, keyed: bool, digest: &dyn Fn(&Json) -> String) -> Bound {
    let managed = |name: &str| {
        let of = |attribute: &str| attribute == name || attribute.starts_with(&format!("{name}."));
        let compared = |comparison| {
            matches!(
                comparison,
                Comparison::Compared | Comparison::Digest | Comparison::Held
            )
        };
        step.attributes
            .iter()
            .any(|(path, change)| of(path) && compared(change.comparison))
    };
    let before = step
        .before
        .as_ref()
        .and_then(Value::as_fields)
        .into_iter()
        .flatten();
    let before: Map<String, Json> = before
        .filter(|(name, _)| managed(name))
        .map(|(name, value)| (name.to_string(), form(value, keyed)))
        .collect();
    let after = step
        .after
        .as_ref()
        .map_or(Json::Null, |value| form(value, keyed));
    let mut sides = step.before.iter().chain(&step.after);
    let secret = sides.any(|side| secrets_in_place(step.kind, side).next().is_some());
    // A secret place is bound by the attributes that make it.
    let told_place = |place: &ServerPath| match secret {
        true => VEILED.to_owned(),
        false => place.to_string(),
    };
    Bound {
        change: change_name(step.change).to_owned(),
        place: step.place.as_ref().map(told_place).unwrap_or_default(),
        before: digest(&Json::Object(before)),
        after: digest(&after),
    }
}

/// Returns what of a value can be compared later: what is fresh each time is left out, and without a key what is secret.
fn form(value: &Value, keyed: bool) -> Json {
    if value.marks.fresh || (value.marks.sensitive && !keyed) {
        return Json::Null;
    }
    match &value.shape {
        Shape::Unknown { .. } => json!({"unknown": true}),
        Shape::List(_, items) | Shape::Set(_, items) | Shape::Tuple(items) => {
            items.iter().map(|item| form(item, keyed)).collect()
        }
        Shape::Map(_, fields) | Shape::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, inner)| (name.to_string(), form(inner, keyed)));
            Json::Object(fields.collect())
        }
        _ => crate::plan::normal::plain(value).unwrap_or_default(),
    }
}

fn variables(session: &Session) -> BTreeMap<String, Json> {
    let given = session.assigned.values.iter().filter(|(name, value)| {
        let marks = value.marks_within();
        session.assigned.given.contains(*name) && !marks.sensitive && !marks.ephemeral
    });
    given
        .filter_map(|(name, value)| Some((name.to_string(), crate::plan::normal::plain(value)?)))
        .collect()
}

impl Binding {
    /// Reads the binding of a plan document; `None` where it has none or one of another form.
    #[must_use]
    pub fn read(saved: Option<&Json>) -> Option<Binding> {
        let binding: Binding = serde_json::from_value(saved?.clone()).ok()?;
        (binding.format == FORMAT).then_some(binding)
    }

    /// Returns the variables as arguments.
    #[must_use]
    pub fn arguments(&self) -> Vec<Argument> {
        let each = self.variables.iter();
        each.map(|(name, value)| Argument::Value {
            name: name.clone(),
            text: value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        })
        .collect()
    }

    /// Lists what is not as it was when the plan was saved.
    #[must_use]
    pub fn moved(&self, now: &Binding) -> Vec<String> {
        let mut moved = Vec::new();
        if self.ledger != now.ledger || self.workspace != now.workspace {
            moved.push(format!(
                "the plan is of the ledger `{}` (workspace `{}`), this is `{}` (workspace `{}`)",
                self.ledger, self.workspace, now.ledger, now.workspace
            ));
        }
        for (address, was) in &self.steps {
            match now.steps.get(address) {
                None => moved.push(format!(
                    "`{address}`: nothing is to be done any more ({} was planned)",
                    was.change
                )),
                Some(is) => moved.extend(
                    was.difference(is)
                        .map(|what| format!("`{address}`: {what}")),
                ),
            }
        }
        for (address, is) in now
            .steps
            .iter()
            .filter(|(address, _)| !self.steps.contains_key(*address))
        {
            moved.push(format!("`{address}`: {} was not planned", is.change));
        }
        if moved.is_empty() && self.ledger_version != now.ledger_version {
            moved.push("the ledger was written to by another run".to_owned());
        }
        moved
    }
}

impl Bound {
    fn difference(&self, now: &Bound) -> Option<String> {
        if self.change != now.change {
            return Some(format!(
                "{} was planned, now it would be {}",
                self.change, now.change
            ));
        }
        if self.place != now.place {
            return Some("it is kept at another place".to_owned());
        }
        if self.before != now.before {
            return Some("it was changed on the server".to_owned());
        }
        (self.after != now.after)
            .then(|| "the configuration, or a variable, wants something else".to_owned())
    }
}
