//! Conditions, triggers, outputs and checks: what is asked of values that the walk has found.

use super::graph::{Item, Node};
use super::walk::{Candidate, Walk};
use super::world::{InstanceScope, View};
use crate::config::{Condition, DeclaredOutput, Step as RefStep, Target, reference};
use crate::eval::{Scope, evaluate, values_in};
use crate::plan::{Change, CheckResult, OutputChange};
use crate::source::{Diagnostic, Outcome, Severity};
use crate::value::{Address, ModuleAddress, Type, Value, type_name};
use std::sync::Arc;

/// What became of a condition.
pub enum Verdict {
    Holds,
    /// It depends on what is not known yet.
    Open,
    Fails(String),
    Broken(Vec<Diagnostic>),
}

/// Evaluates a condition.
pub fn judge(condition: &Condition, scope: &dyn Scope) -> Verdict {
    let value = match evaluate(&condition.condition, scope) {
        Ok(value) => value,
        Err(problems) => return Verdict::Broken(problems),
    };
    let perhaps = matches!(value.ty(), Type::Bool | Type::String | Type::Dynamic);
    match (&value.as_bool(), value.as_text()) {
        _ if !value.is_readable() && perhaps => Verdict::Open,
        (Some(true), _) | (None, Some("true")) => Verdict::Holds,
        (Some(false), _) | (None, Some("false")) => Verdict::Fails(message(condition, scope)),
        _ => Verdict::Broken(vec![
            Diagnostic::error("invalid-condition", "a condition must be true or false")
                .at(condition.condition.span, told_type(&value)),
        ]),
    }
}

fn told_type(value: &Value) -> String {
    if value.is_unknown() || value.marks.any() {
        return format!("this is of type {}", type_name(&value.ty()));
    }
    format!("this is {value}")
}

fn message(condition: &Condition, scope: &dyn Scope) -> String {
    match evaluate(&condition.error_message, scope) {
        Ok(text) if text.marks_within().sensitive => {
            "the error message holds a sensitive value and is not shown".to_owned()
        }
        Ok(text) => text
            .as_text()
            .unwrap_or("the condition does not hold")
            .trim()
            .to_owned(),
        Err(_) => "the condition does not hold".to_owned(),
    }
}

/// Makes the diagnostic of a condition that does not hold.
#[must_use]
pub fn failure(
    severity: Severity,
    code: &'static str,
    what: &str,
    text: &str,
    condition: &Condition,
    scope: &dyn Scope,
) -> Diagnostic {
    let mut problem = Diagnostic::error(code, format!("{what}: {text}"))
        .at(condition.condition.span, "this condition does not hold");
    problem.severity = severity;
    problem.values = values_in(&condition.condition, scope);
    problem
}

impl Walk<'_> {
    /// Judges the preconditions of an instance; tells whether all hold or wait.
    pub(super) fn preconditions(&mut self, candidate: &Candidate) -> bool {
        let conditions = candidate.declared.lifecycle.preconditions.clone();
        let scope_value = candidate.each_value.clone();
        self.judge_all(
            &conditions,
            &candidate.address,
            scope_value,
            None,
            "resource precondition failed",
        )
    }

    /// Judges the postconditions of an instance with what is known of it now.
    pub(super) fn postconditions(
        &mut self,
        node: &Node,
        address: &Address,
        each_value: Option<Value>,
    ) {
        let Item::Resource(id) = &node.item else {
            return;
        };
        let module = self.world.module(&node.module);
        let declared = module.and_then(|module| module.resources.get(id));
        let Some(conditions) = declared.map(|declared| declared.lifecycle.postconditions.clone())
        else {
            return;
        };
        let itself = self.world.seen(address).map(|seen| seen.plan.clone());
        self.judge_all(
            &conditions,
            address,
            each_value,
            itself,
            "resource postcondition failed",
        );
    }

    fn judge_all(
        &mut self,
        conditions: &[Condition],
        address: &Address,
        each_value: Option<Value>,
        itself: Option<Value>,
        what: &str,
    ) -> bool {
        let mut status = "pass";
        let mut texts = Vec::new();
        for condition in conditions {
            let mut scope = InstanceScope::of(&self.world, address, each_value.clone(), View::Plan);
            scope.instance.itself = itself.clone();
            match judge(condition, &scope) {
                Verdict::Holds => {}
                Verdict::Open => status = if status == "pass" { "unknown" } else { status },
                Verdict::Fails(text) => {
                    status = "fail";
                    let (severity, code) = (Severity::Error, "condition-failed");
                    let problem = failure(severity, code, what, &text, condition, &scope);
                    self.tell([problem.address(address)]);
                    texts.push(text);
                }
                Verdict::Broken(problems) => {
                    status = "error";
                    self.tell(problems);
                }
            }
        }
        if !conditions.is_empty() {
            self.note_check(CheckResult {
                address: address.to_string(),
                kind: "resource",
                status,
                problems: texts,
            });
        }
        !matches!(status, "fail" | "error")
    }

    fn note_check(&mut self, result: CheckResult) {
        let known = self
            .plan
            .checks
            .iter_mut()
            .find(|other| other.address == result.address && other.kind == result.kind);
        match known {
            Some(other) if other.status == "pass" => *other = result,
            Some(other) => other.problems.extend(result.problems),
            None => self.plan.checks.push(result),
        }
    }

    /// Tells whether something that `replace_triggered_by` names changes in this plan.
    pub(super) fn triggered(&self, candidate: &Candidate) -> bool {
        let triggers = &candidate.declared.lifecycle.replace_triggered_by;
        triggers.iter().any(|expression| {
            let Some(Ok(found)) = reference(expression) else {
                return false;
            };
            let Target::Resource(id, _) = &found.target else {
                return false;
            };
            let node = Node {
                module: candidate.node.module.clone(),
                item: Item::Resource(id.clone()),
            };
            let scope = InstanceScope::of(
                &self.world,
                &candidate.address,
                candidate.each_value.clone(),
                View::Plan,
            );
            self.target_changes(&node, &candidate.address.module, &found.steps, &scope)
        })
    }

    fn target_changes(
        &self,
        node: &Node,
        module: &ModuleAddress,
        steps: &[RefStep],
        scope: &dyn Scope,
    ) -> bool {
        let key = match steps.first() {
            Some(RefStep::Index(key)) => evaluate(key, scope).ok(),
            _ => None,
        };
        let attribute = steps.iter().find_map(|step| match step {
            RefStep::Attribute(name) => Some(name.text.clone()),
            _ => None,
        });
        let found = self.by_node.get(node).into_iter().flatten();
        found.map(|index| &self.plan.steps[*index]).any(|step| {
            let same_key = key.as_ref().is_none_or(|key| match &step.address.key {
                crate::value::InstanceKey::None => false,
                crate::value::InstanceKey::Index(index) => key.to_string() == index.to_string(),
                crate::value::InstanceKey::Key(text) => key.as_text() == Some(text),
            });
            let changes = matches!(
                step.change,
                Change::Update | Change::Replace | Change::ReplaceCreateFirst | Change::Remount
            );
            let touched = attribute
                .as_ref()
                .is_none_or(|name| attribute_changes(step, name));
            step.address.module == *module && same_key && changes && touched
        })
    }

    /// Works out the root module's outputs.
    pub(super) fn outputs(&mut self) {
        let root = self.world.configuration.root.clone();
        for (name, output) in &root.outputs {
            if self.leaves_out(name) {
                continue;
            }
            let at = ModuleAddress::default();
            let value = match self.world.output(&at, name, View::Plan) {
                Ok(value) => value,
                Err(problems) => {
                    self.tell(problems);
                    continue;
                }
            };
            if let Some(problem) = unfit_output(output, &value, true) {
                self.tell([problem]);
                continue;
            }
            let conditions = output.preconditions.clone();
            self.judge_output(name, &conditions);
            self.plan.outputs.push(OutputChange {
                name: name.clone(),
                before: None,
                after: Some(value),
                sensitive: output.sensitive,
            });
        }
    }

    /// Tells whether an output needs an object that `-target` or `-exclude` leaves out: then nothing is said of it.
    fn leaves_out(&self, name: &Arc<str>) -> bool {
        let Some(wanted) = &self.wanted_nodes else {
            return false;
        };
        let output = Node {
            module: Vec::new(),
            item: Item::Output(name.clone()),
        };
        let needed = self.graph.closure(&[output].into());
        let mut objects = needed
            .iter()
            .filter(|node| matches!(node.item, Item::Resource(_)));
        objects.any(|node| !wanted.contains(node))
    }

    fn judge_output(&mut self, name: &str, conditions: &[Condition]) {
        let at = ModuleAddress::default();
        for condition in conditions {
            let scope = InstanceScope::new(&self.world, &at, View::Plan);
            match judge(condition, &scope) {
                Verdict::Fails(text) => {
                    let what = format!("precondition of output `{name}` failed");
                    let (severity, code) = (Severity::Error, "condition-failed");
                    let problem = failure(severity, code, &what, &text, condition, &scope);
                    self.tell([problem]);
                }
                Verdict::Broken(problems) => self.tell(problems),
                Verdict::Holds | Verdict::Open => {}
            }
        }
    }

    /// Judges the `check` blocks: what fails is a warning.
    pub(super) async fn checks(&mut self) {
        let modules: Vec<_> = self.world.modules().cloned().collect();
        for module in modules {
            for (name, check) in &module.checks {
                for at in self
                    .world
                    .module_instances(&module.path)
                    .unwrap_or_default()
                {
                    if let Some(data) = &check.data {
                        self.check_data(&module, &at, data).await;
                    }
                    self.judge_check(&at, name, &check.assertions);
                }
            }
        }
    }

    fn judge_check(&mut self, at: &ModuleAddress, name: &str, assertions: &[Condition]) {
        let scope = InstanceScope::new(&self.world, at, View::Plan);
        let (result, told) = check_known(at, name, assertions, &scope);
        self.tell(told);
        self.plan.checks.push(result);
    }
}

/// Judges the assertions of a `check` block; what fails is a warning.
#[must_use]
pub fn check_known(
    at: &ModuleAddress,
    name: &str,
    assertions: &[Condition],
    scope: &dyn Scope,
) -> (CheckResult, Vec<Diagnostic>) {
    let (mut status, mut texts, mut told) = ("pass", Vec::new(), Vec::new());
    for condition in assertions {
        match judge(condition, scope) {
            Verdict::Holds => {}
            Verdict::Open => status = if status == "pass" { "unknown" } else { status },
            Verdict::Fails(text) => {
                status = "fail";
                let what = format!("check `{name}` failed");
                let (severity, code) = (Severity::Warning, "check-failed");
                told.push(failure(severity, code, &what, &text, condition, scope));
                texts.push(text);
            }
            Verdict::Broken(problems) => {
                status = "error";
                told.extend(problems.into_iter().map(softened));
            }
        }
    }
    let prefix = match at.is_root() {
        true => String::new(),
        false => format!("{at}."),
    };
    let result = CheckResult {
        address: format!("{prefix}check.{name}"),
        kind: "check",
        status,
        problems: texts,
    };
    (result, told)
}

/// Tells why a value must not be that of an output; `root` for outputs of the root module.
pub(super) fn unfit_output(
    output: &DeclaredOutput,
    value: &Value,
    root: bool,
) -> Option<Diagnostic> {
    let name = &output.name.text;
    let marks = value.marks_within();
    let (code, message, hint) = if root && marks.sensitive && !output.sensitive {
        (
            "sensitive-output",
            format!("the output `{name}` has a sensitive value but is not declared so"),
            "add `sensitive = true`, or `nonsensitive(…)` where the value is no secret",
        )
    } else if root && marks.ephemeral {
        (
            "ephemeral-output",
            format!("the output `{name}` has a value that exists only during the run"),
            "use `ephemeralasnull(…)`, or write the value to a secret with a write-only argument",
        )
    } else if marks.ephemeral && !output.ephemeral {
        (
            "ephemeral-output",
            format!("the output `{name}` has an ephemeral value but is not declared so"),
            "add `ephemeral = true`",
        )
    } else {
        return None;
    };
    let problem = Diagnostic::error(code, message).at(output.span, "this output");
    let problem = problem.at(output.value.span, "from this value");
    Some(problem.hint(hint))
}

/// Makes a warning of an error.
pub(super) fn softened(mut problem: Diagnostic) -> Diagnostic {
    problem.severity = Severity::Warning;
    problem
}

fn attribute_changes(step: &crate::plan::Step, name: &str) -> bool {
    let field =
        |object: &Option<Value>| object.as_ref().and_then(|value| value.field(name).cloned());
    field(&step.before) != field(&step.after)
}

/// Judges conditions again once everything is known: after an apply.
///
/// # Errors
/// Those that do not hold.
pub fn judge_known(conditions: &[Condition], scope: &dyn Scope, what: &str) -> Outcome<()> {
    let mut problems = Vec::new();
    for condition in conditions {
        match judge(condition, scope) {
            Verdict::Fails(text) => {
                problems.push(failure(
                    Severity::Error,
                    "condition-failed",
                    what,
                    &text,
                    condition,
                    scope,
                ));
            }
            Verdict::Broken(more) => problems.extend(more),
            Verdict::Holds | Verdict::Open => {}
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}
