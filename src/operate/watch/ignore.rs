//! Drift that is known and let be, for a reason, and until a day.

use super::Seconds;
use crate::plan::{AttributeChange, Change, Origin, Step};
use crate::value::{Shape, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `ignore "ADDRESS" { attributes = […]  reason = "…"  until = "2027-01-31" }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// An object, or a resource or module with all that is in it.
    pub address: String,
    /// Which attributes; none are all of them, and its absence besides.
    pub attributes: Vec<String>,
    pub reason: String,
    /// The moment from which it counts no more.
    pub until: Option<Seconds>,
}

/// What was ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    pub address: String,
    pub attributes: Vec<String>,
    pub reason: String,
    pub until: Option<Seconds>,
}

impl Rule {
    /// Tells whether the rule is for an object.
    #[must_use]
    pub fn is_for(&self, address: &str) -> bool {
        let rest = address.strip_prefix(self.address.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
    }

    /// Tells whether its time is over.
    #[must_use]
    pub fn is_over(&self, now: Seconds) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    fn names(&self, path: &str) -> bool {
        let below = |name: &String| {
            let rest = path.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.attributes.is_empty() || self.attributes.iter().any(below)
    }
}

/// Takes what is ignored out of the steps of a plan, and tells what that was.
pub fn ignore(steps: &mut [Step], rules: &[Rule], now: Seconds) -> Vec<Ignored> {
    let mut found = Vec::new();
    for step in steps.iter_mut().filter(|step| drifted(step.origin)) {
        let address = step.address.to_string();
        let rules = rules.iter().filter(|rule| !rule.is_over(now));
        for rule in rules.filter(|rule| rule.is_for(&address)) {
            let attributes = apply(rule, step);
            if let Some(attributes) = attributes {
                found.push(Ignored {
                    address: address.clone(),
                    attributes,
                    reason: rule.reason.clone(),
                    until: rule.until,
                });
            }
        }
    }
    found
}

/// Tells whether the world moved.
#[must_use]
pub fn drifted(origin: Option<Origin>) -> bool {
    matches!(origin, Some(Origin::Drift | Origin::Both))
}

/// Takes what a rule names out of one step; nothing where it names nothing that drifted.
fn apply(rule: &Rule, step: &mut Step) -> Option<Vec<String>> {
    if step.before.is_none() {
        let whole = rule.attributes.is_empty() && drifted(step.origin);
        return whole.then(|| {
            settle(step);
            Vec::new()
        });
    }
    let moved = |change: &AttributeChange| change.differs && drifted(change.origin);
    let mut names = Vec::new();
    for (path, change) in &mut step.attributes {
        if moved(change) && rule.names(path) {
            change.differs = false;
            change.origin = None;
            names.push(path.to_string());
        }
    }
    if names.is_empty() {
        return None;
    }
    let still = |name: &str| {
        let mut differing = step.attributes.iter().filter(|(_, change)| change.differs);
        differing.any(|(path, _)| path.split('.').next() == Some(name))
    };
    let quiet: Vec<&str> = names
        .iter()
        .filter_map(|path| path.split('.').next())
        .filter(|name| !still(name))
        .collect();
    let after = as_it_is(step.before.as_ref(), step.after.as_ref(), &quiet);
    step.after = after;
    grade(step);
    Some(names)
}

/// Returns an object with some attributes as they are.
fn as_it_is(before: Option<&Value>, after: Option<&Value>, names: &[&str]) -> Option<Value> {
    let after = after?;
    let (Some(before), Shape::Object(fields)) = (before, &after.shape) else {
        return Some(after.clone());
    };
    let mut fields: BTreeMap<Arc<str>, Value> = (**fields).clone();
    for (name, value) in &mut fields {
        if let Some(live) = before.field(name).filter(|_| names.contains(&&**name)) {
            *value = live.clone();
        }
    }
    Some(Value {
        shape: Shape::Object(Arc::new(fields)),
        marks: after.marks,
    })
}

/// Says anew who moved, by the attributes that still differ.
fn grade(step: &mut Step) {
    let origins = step.attributes.values().filter(|change| change.differs);
    let origins: Vec<Origin> = origins.filter_map(|change| change.origin).collect();
    match origins.first() {
        None => settle(step),
        Some(first) if origins.iter().all(|origin| origin == first) => step.origin = Some(*first),
        Some(_) => step.origin = Some(Origin::Both),
    }
}

/// Makes it a step that does nothing.
fn settle(step: &mut Step) {
    step.change = Change::Keep;
    step.origin = None;
    step.reason = None;
    step.after.clone_from(&step.before);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::registry::lookup;
    use crate::plan::Comparison;
    use crate::value::Mode;

    fn step(differing: &[(&str, Origin)]) -> Step {
        let object = |text: &str| {
            Value::object(BTreeMap::from([
                (Arc::from("name"), Value::from("p")),
                (Arc::from("policy"), Value::from(text)),
            ]))
        };
        let change = |origin| AttributeChange {
            comparison: Comparison::Compared,
            differs: true,
            origin: Some(origin),
            replaces: false,
        };
        let attributes = differing
            .iter()
            .map(|(name, origin)| (Arc::from(*name), change(*origin)));
        Step {
            address: crate::reconcile::parse_address("module.a.vault_policy.p[\"x\"]")
                .unwrap()
                .address(&crate::value::ModuleAddress::default())
                .unwrap(),
            previous: None,
            kind: lookup(Mode::Managed, "vault_policy").unwrap(),
            provider: "vault".into(),
            place: None,
            old_place: None,
            change: Change::Update,
            before: Some(object("live")),
            after: Some(object("wish")),
            attributes: attributes.collect(),
            origin: Some(Origin::Drift),
            reason: None,
            adopts: false,
            import: None,
            after_steps: Vec::new(),
            span: None,
            losses: Vec::new(),
        }
    }

    fn rule(address: &str, attributes: &[&str]) -> Rule {
        Rule {
            address: address.to_owned(),
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
            reason: "known".to_owned(),
            until: Some(100),
        }
    }

    #[test]
    fn an_attribute_is_ignored_and_the_rest_is_not() {
        let mut steps = [step(&[("policy", Origin::Drift), ("name", Origin::Drift)])];
        let found = ignore(
            &mut steps,
            &[rule("module.a.vault_policy.p", &["policy"])],
            0,
        );
        assert_eq!(found[0].attributes, ["policy"]);
        assert_eq!(steps[0].origin, Some(Origin::Drift));
        let after = steps[0].after.as_ref().unwrap();
        assert_eq!(after.field("policy").unwrap().as_text(), Some("live"));
    }

    #[test]
    fn an_object_whose_drift_is_all_ignored_stays_as_it_is() {
        for rule in [
            rule("module.a", &[]),
            rule("module.a.vault_policy.p[\"x\"]", &["policy"]),
        ] {
            let mut steps = [step(&[("policy", Origin::Drift)])];
            assert_eq!(ignore(&mut steps, &[rule], 99).len(), 1);
            assert_eq!((steps[0].change, steps[0].origin), (Change::Keep, None));
        }
    }

    #[test]
    fn what_we_wish_anew_is_not_ignored() {
        let mut steps = [step(&[("policy", Origin::Drift), ("name", Origin::Config)])];
        steps[0].origin = Some(Origin::Both);
        ignore(&mut steps, &[rule("module.a", &[])], 0);
        assert_eq!(steps[0].origin, Some(Origin::Config));
    }

    #[test]
    fn other_objects_and_other_days_are_not_ignored() {
        for (rule, now) in [
            (rule("module.a", &[]), 100),
            (rule("module.ab", &[]), 0),
            (rule("module.a.vault_policy.p[\"x\"]", &["polic"]), 0),
        ] {
            let mut steps = [step(&[("policy", Origin::Drift)])];
            assert!(ignore(&mut steps, &[rule], now).is_empty());
            assert_eq!(steps[0].origin, Some(Origin::Drift));
        }
    }

    #[test]
    fn a_deleted_object_is_ignored_as_a_whole_only() {
        for (attributes, expected) in [(&["policy"][..], 0), (&[][..], 1)] {
            let mut steps = [step(&[])];
            steps[0].before = None;
            steps[0].change = Change::Create;
            assert_eq!(
                ignore(&mut steps, &[rule("module.a", attributes)], 0).len(),
                expected
            );
        }
    }
}
