//! Plan → plan document.

use super::checks_json::checks_json;
use super::conceal::{Concealing, conceal, hide_like};
use super::configuration::ConfigurationView;
use super::document::{Change as BothSides, Importing, PlanDocument, PlanNotes, ResourceChange};
use super::document::{StepNotes, Variable};
use super::relevant_json::relevant;
use super::schema::Schema;
use super::state_json::{DocumentStyle, index_json, mode_name, module_tree, output_values};
use super::state_json::{StateObject, resource_entry, state_values};
use crate::catalog::{OnChange, ReadBack};
use crate::plan::hidden::secrets_in_place;
use crate::plan::{Change, Comparison, Origin, Plan, Reason, Step};
use crate::policy::Access;
use crate::value::{Address, Marks, Mode, ModuleAddress, ServerPath, Shape, VEILED, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a plan document tells besides the plan.
#[derive(Clone, Debug)]
pub struct PlanFacts<'a> {
    pub style: DocumentStyle<'a>,
    /// The variables of the root module; sensitive and ephemeral ones are named without a value.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// Data sources that were read while planning.
    pub data: Vec<StateObject>,
    pub configuration: ConfigurationView,
    /// When the plan was made, in seconds since 1970.
    pub timestamp: i64,
    /// Planning failed half-way.
    pub errored: bool,
    /// What the writer of saved plans adds.
    pub saved: Option<Json>,
    /// The whole document, to be kept or handed on; else only what the text of a plan and its events tell.
    pub whole: bool,
    /// Who gains or loses what.
    pub access: Access,
}

/// Makes the document of a plan.
#[must_use]
pub fn plan_document(plan: &Plan, facts: &PlanFacts<'_>) -> PlanDocument {
    let style = facts.style;
    let mut steps: Vec<&Step> = plan.steps.iter().collect();
    steps.sort_by_key(|step| reading_order(&step.address));
    let shown = |step: &&&Step| step.address.mode == Mode::Managed || step.change == Change::Read;
    let told = |step: &&&Step| facts.whole || step.change != Change::Keep;
    let changes = steps
        .iter()
        .filter(shown)
        .filter(told)
        .map(|step| resource_change(step, style));
    let drift = steps.iter().filter_map(|step| drifted(step, style));
    let whole = |part: &dyn Fn() -> Json| if facts.whole { part() } else { Json::Null };
    let timestamp = jiff::Timestamp::from_second(facts.timestamp).unwrap_or_default();
    PlanDocument {
        format_version: "1.2".to_owned(),
        terraform_version: style.terraform_version.to_owned(),
        variables: facts
            .variables
            .iter()
            .map(|(name, value)| variable(name, value, style))
            .collect(),
        resource_drift: drift.collect(),
        output_changes: plan
            .outputs
            .iter()
            .map(|output| {
                let sides = (output.before.as_ref(), output.after.as_ref());
                (
                    (*output.name).to_owned(),
                    output_change(sides, output.sensitive, style),
                )
            })
            .collect(),
        resource_changes: changes.collect(),
        access_changes: super::access::rows(&facts.access),
        planned_values: whole(&|| planned_values(plan, &steps, facts)),
        prior_state: whole(&|| prior_state(plan, &steps, facts)),
        configuration: whole(&|| facts.configuration.to_json()),
        relevant_attributes: match facts.whole {
            true => relevant(&facts.configuration, &steps),
            false => Vec::new(),
        },
        checks: checks_json(&plan.checks),
        timestamp: timestamp.to_string(),
        applyable: plan.has_changes() && !facts.errored,
        complete: !facts.errored,
        errored: facts.errored,
        vaultform: PlanNotes {
            ledger_notice: plan.ledger_notice.clone(),
            unmanaged: plan.unmanaged.iter().map(ToString::to_string).collect(),
            ignored: Vec::new(),
            destroys: plan.destroys,
            access_unknown: facts.access.unknown.clone(),
            saved: facts.saved.clone(),
        },
    }
}

/// The order in which Terraform lists: by the depth of the module, the module, data sources first, then by type, name and key.
type ReadingOrder = (
    usize,
    ModuleAddress,
    bool,
    Arc<str>,
    Arc<str>,
    crate::value::InstanceKey,
);

fn reading_order(address: &Address) -> ReadingOrder {
    (
        address.module.0.len(),
        address.module.clone(),
        address.mode == Mode::Managed,
        address.type_name.clone(),
        address.name.clone(),
        address.key.clone(),
    )
}

fn variable(name: &str, value: &Value, style: DocumentStyle<'_>) -> (String, Variable) {
    let marks = value.marks_within();
    let hidden = (marks.sensitive && !style.show_sensitive) || marks.ephemeral;
    let how = Concealing {
        show: style.show_sensitive,
        carry_back: false,
    };
    let shown = conceal(None, Some(value), &Schema::default(), how).after;
    let value = (!hidden).then_some(shown);
    (name.to_owned(), Variable { value })
}

/// Makes the entry of one step.
#[must_use]
pub fn resource_change(step: &Step, style: DocumentStyle<'_>) -> ResourceChange {
    let address = &step.address;
    let sides = sides(step, style);
    ResourceChange {
        address: address.to_string(),
        previous_address: step.previous.as_ref().map(ToString::to_string),
        module_address: (!address.module.is_root()).then(|| address.module.to_string()),
        mode: mode_name(address.mode).to_owned(),
        type_name: (*address.type_name).to_owned(),
        name: (*address.name).to_owned(),
        index: index_json(&address.key),
        provider_name: style.provider_of(&address.type_name),
        deposed: None,
        change: BothSides {
            actions: actions(step.change),
            replace_paths: replace_paths(step),
            importing: step.import.clone().map(|id| Importing { id }),
            ..sides
        },
        action_reason: step.reason.as_ref().and_then(reason).map(str::to_owned),
        vaultform: Some(notes(step)),
    }
}

fn sides(step: &Step, style: DocumentStyle<'_>) -> BothSides {
    let how = Concealing {
        show: style.show_sensitive,
        carry_back: true,
    };
    let before = step.before.as_ref().map(|before| stand_in(step, before));
    conceal(
        before.as_ref(),
        step.after.as_ref(),
        &Schema::of(step.kind),
        how,
    )
}

/// Puts something in the place of secrets that the server does not tell and that change: they are changed, not added.
fn stand_in(step: &Step, before: &Value) -> Value {
    let Shape::Object(fields) = &before.shape else {
        return before.clone();
    };
    let fields = fields.iter().map(|(name, value)| {
        let change = step.attributes.get(name);
        let sent = change.is_some_and(|change| {
            change.differs && matches!(change.comparison, Comparison::Digest | Comparison::Held)
        });
        let secret = step
            .kind
            .attribute(name)
            .is_some_and(|attribute| attribute.sensitive);
        let value = if sent && secret && value.is_null() {
            Value::from("(as it was sent)").marked(Marks::SENSITIVE)
        } else {
            value.clone()
        };
        (name.clone(), value)
    });
    Value {
        shape: Shape::Object(Arc::new(fields.collect())),
        marks: before.marks,
    }
}

/// Returns the actions that Terraform's format has for a change.
#[must_use]
pub fn actions(change: Change) -> Vec<String> {
    let actions: &[&str] = match change {
        Change::Keep | Change::Adopt | Change::Relabel => &["no-op"],
        Change::Create => &["create"],
        Change::Update | Change::Remount => &["update"],
        Change::Replace => &["delete", "create"],
        Change::ReplaceCreateFirst => &["create", "delete"],
        Change::Delete => &["delete"],
        Change::Forget => &["forget"],
        Change::Read => &["read"],
    };
    actions.iter().map(|&action| action.to_owned()).collect()
}

/// Returns our own name of a change.
#[must_use]
pub fn change_name(change: Change) -> &'static str {
    match change {
        Change::Keep => "keep",
        Change::Adopt => "adopt",
        Change::Relabel => "relabel",
        Change::Create => "create",
        Change::Update => "update",
        Change::Remount => "remount",
        Change::Replace => "replace",
        Change::ReplaceCreateFirst => "replace_create_first",
        Change::Delete => "delete",
        Change::Forget => "forget",
        Change::Read => "read",
    }
}

/// Returns the name of a reason in plan documents.
#[must_use]
pub fn reason(reason: &Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::NoBlock => "delete_because_no_resource_config",
        Reason::NoModule => "delete_because_no_module",
        Reason::NoKey => "delete_because_each_key",
        Reason::NoIndex => "delete_because_count_index",
        Reason::WrongRepetition => "delete_because_wrong_repetition",
        Reason::ReplaceRequested => "replace_by_request",
        Reason::Triggered => "replace_by_triggers",
        Reason::CannotUpdate => "replace_because_cannot_update",
        Reason::ConfigUnknown => "read_because_config_unknown",
        Reason::DependencyPending => "read_because_dependency_pending",
        Reason::Requested => return None,
    })
}

fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Config => "config",
        Origin::Drift => "drift",
        Origin::Both => "both",
    }
}

fn replace_paths(step: &Step) -> Option<Json> {
    let replacing = step
        .attributes
        .iter()
        .filter(|(_, change)| change.replaces && change.differs);
    let paths = replacing.map(|(path, _)| path_steps(step, path));
    let paths: Vec<Json> = paths.collect();
    (!paths.is_empty()).then(|| paths.into())
}

/// Returns a path such as `tune.max_lease_ttl` step by step, with the index that a block's value has.
fn path_steps(step: &Step, path: &str) -> Json {
    let mut steps = Vec::new();
    for (depth, name) in path.split('.').enumerate() {
        let in_block = depth == 1
            && Schema::of(step.kind)
                .blocks
                .contains_key(&path[..path.find('.').unwrap_or(0)]);
        if in_block {
            steps.push(json!(0));
        }
        steps.push(json!(name));
    }
    steps.into()
}

fn notes(step: &Step) -> StepNotes {
    let compared = step.attributes.iter().filter_map(|(path, change)| {
        let name = match change.comparison {
            Comparison::Compared => return None,
            Comparison::Digest => "digest",
            Comparison::Held => "held",
            Comparison::Unverified => "unverified",
            Comparison::NotComparable if !is_worth_noting(step, path) => return None,
            Comparison::NotComparable => "not_comparable",
        };
        Some(((**path).to_owned(), name.to_owned()))
    });
    let drifted = step.attributes.iter().filter(|(_, change)| {
        change.differs && matches!(change.origin, Some(Origin::Drift | Origin::Both))
    });
    let mut sides = step.before.iter().chain(&step.after);
    let secret = sides.any(|side| secrets_in_place(step.kind, side).next().is_some());
    let shown = |place: &ServerPath| match secret {
        true => VEILED.to_owned(),
        false => place.to_string(),
    };
    StepNotes {
        change: change_name(step.change).to_owned(),
        origin: step.origin.map(|origin| origin_name(origin).to_owned()),
        adopts: step.adopts,
        place: step.place.as_ref().map(shown),
        old_place: step.old_place.as_ref().map(shown),
        moves: moves(step).map(|ends| match secret {
            true => (VEILED.to_owned(), VEILED.to_owned()),
            false => ends,
        }),
        comparison: compared.collect(),
        drifted: drifted.map(|(path, _)| (**path).to_owned()).collect(),
        losses: step.losses.clone(),
        since: None,
        age: None,
    }
}

/// Returns where a mount moves from and to.
fn moves(step: &Step) -> Option<(String, String)> {
    if step.change != Change::Remount {
        return None;
    }
    let path = step
        .kind
        .all()
        .find(|attribute| attribute.on_change == OnChange::Remount)?;
    let of = |side: &Option<Value>| {
        let text = side
            .as_ref()?
            .field(path.name)?
            .as_text()?
            .trim_matches('/')
            .to_owned();
        Some(text + "/")
    };
    Some((of(&step.before)?, of(&step.after)?))
}

/// Tells whether it is worth saying that an attribute was not compared: it is set, and the server keeps it.
fn is_worth_noting(step: &Step, path: &str) -> bool {
    let attribute = step.kind.attribute(path);
    let kept = attribute.is_some_and(|attribute| {
        !matches!(attribute.read, ReadBack::Argument | ReadBack::Place)
            && attribute.default != crate::catalog::Default::Server
    });
    let set = step.after.as_ref().and_then(|after| after.field(path));
    kept && set.is_some_and(|value| !value.is_null())
}

/// Makes the entry of a drifted object: from what we wished to what is there.
fn drifted(step: &Step, style: DocumentStyle<'_>) -> Option<ResourceChange> {
    if !matches!(step.origin, Some(Origin::Drift | Origin::Both)) {
        return None;
    }
    let mut entry = resource_change(step, style);
    let how = Concealing {
        show: style.show_sensitive,
        carry_back: false,
    };
    let alike = |value: Value| match &step.after {
        Some(model) => hide_like(&value, model),
        None => value,
    };
    let wished = wished(step).map(alike);
    let live = step.before.clone().map(alike);
    entry.change = conceal(wished.as_ref(), live.as_ref(), &Schema::of(step.kind), how);
    let action = if step.before.is_some() {
        "update"
    } else {
        "delete"
    };
    entry.change.actions = vec![action.to_owned()];
    entry.action_reason = None;
    Some(entry)
}

/// Returns what the object was before the world changed it: as it is, with our wish in the drifted attributes.
fn wished(step: &Step) -> Option<Value> {
    let after = step.after.as_ref()?;
    let Some(before) = &step.before else {
        return Some(after.clone());
    };
    let Shape::Object(fields) = &before.shape else {
        return Some(before.clone());
    };
    let drifted = |name: &str| {
        step.attributes.iter().any(|(path, change)| {
            let moved = matches!(change.origin, Some(Origin::Drift | Origin::Both));
            change.differs && moved && path.split('.').next() == Some(name)
        })
    };
    let fields = fields.iter().map(|(name, live)| {
        let value = after
            .field(name)
            .filter(|value| drifted(name) && value.is_wholly_known());
        (name.clone(), value.unwrap_or(live).clone())
    });
    Some(Value {
        shape: Shape::Object(Arc::new(fields.collect())),
        marks: before.marks,
    })
}

fn output_change(
    (before, after): (Option<&Value>, Option<&Value>),
    sensitive: bool,
    style: DocumentStyle<'_>,
) -> BothSides {
    let hide = |side: Option<&Value>| {
        let marks = if sensitive {
            Marks::SENSITIVE
        } else {
            Marks::NONE
        };
        side.map(|value| value.clone().marked(marks))
    };
    let (before, after) = (hide(before), hide(after));
    let how = Concealing {
        show: style.show_sensitive,
        carry_back: true,
    };
    let action = match (&before, &after) {
        (None, Some(_)) => "create",
        (Some(_), None) => "delete",
        (before, after) if before == after => "no-op",
        _ => "update",
    };
    let mut change = conceal(before.as_ref(), after.as_ref(), &Schema::default(), how);
    change.actions = vec![action.to_owned()];
    // An output is secret as a whole, or not; Terraform says so.
    for tree in [&mut change.before_sensitive, &mut change.after_sensitive] {
        if !holds_true(tree) {
            *tree = Json::Bool(false);
        }
    }
    change
}

fn holds_true(tree: &Json) -> bool {
    match tree {
        Json::Bool(truth) => *truth,
        Json::Array(items) => items.iter().any(holds_true),
        Json::Object(fields) => fields.values().any(holds_true),
        _ => false,
    }
}

fn planned_values(plan: &Plan, steps: &[&Step], facts: &PlanFacts<'_>) -> Json {
    let planned = steps.iter().filter_map(|step| {
        let gone = matches!(step.change, Change::Delete | Change::Forget);
        let after = step.after.as_ref().filter(|_| !gone)?;
        Some((&step.address, step.kind, after.clone()))
    });
    let outputs = plan.outputs.iter().filter_map(|output| {
        let marks = if output.sensitive {
            Marks::SENSITIVE
        } else {
            Marks::NONE
        };
        Some((output.name.clone(), output.after.clone()?.marked(marks)))
    });
    let state = tree(planned, outputs.collect(), &facts.data, facts.style);
    state.get("values").cloned().unwrap_or_default()
}

fn prior_state(plan: &Plan, steps: &[&Step], facts: &PlanFacts<'_>) -> Json {
    let before = steps.iter().filter_map(|step| {
        let before = hidden_like_after(step)?;
        Some((&step.address, step.kind, before))
    });
    let outputs = plan.outputs.iter().filter_map(|output| {
        let marks = if output.sensitive {
            Marks::SENSITIVE
        } else {
            Marks::NONE
        };
        Some((output.name.clone(), output.before.clone()?.marked(marks)))
    });
    tree(before, outputs.collect(), &facts.data, facts.style)
}

/// Returns the live object with the marks of the planned one: what is secret now was secret when it was sent.
fn hidden_like_after(step: &Step) -> Option<Value> {
    let before = step.before.as_ref()?;
    let model = step.after.as_ref();
    Some(model.map_or_else(|| before.clone(), |model| hide_like(before, model)))
}

fn tree<'a>(
    objects: impl Iterator<Item = (&'a Address, &'static crate::catalog::ResourceType, Value)>,
    outputs: BTreeMap<Arc<str>, Value>,
    data: &'a [StateObject],
    style: DocumentStyle<'_>,
) -> Json {
    let how = Concealing {
        show: style.show_sensitive,
        carry_back: false,
    };
    let read = data
        .iter()
        .map(|object| (&object.address, object.kind, object.values.clone()));
    let entries = read.chain(objects).map(|(address, kind, values)| {
        let change = conceal(None, Some(&values), &Schema::of(kind), how);
        let mut entry = resource_entry(address, style);
        entry.insert("values".to_owned(), change.after);
        entry.insert("sensitive_values".to_owned(), change.after_sensitive);
        (address.module.clone(), Json::Object(entry))
    });
    let tree = module_tree(entries.collect());
    state_values(output_values(&outputs, style), tree, style)
}
