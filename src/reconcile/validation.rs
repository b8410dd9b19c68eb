//! `validation` blocks of variables, judged once their values are known.

use super::conditions::{Verdict, failure, judge};
use super::walk::Walk;
use super::world::{InstanceScope, View};
use crate::config::DeclaredVariable;
use crate::plan::CheckResult;
use crate::source::{Diagnostic, Severity};
use crate::value::ModuleAddress;

impl Walk<'_> {
    /// Judges the variables of the root module; tells whether all hold, or wait for something.
    pub(super) fn validate_root(&mut self) -> bool {
        let root = self.world.configuration.root.clone();
        let at = ModuleAddress::default();
        let mut all = true;
        for variable in root.variables.values() {
            all &= self.validate(&at, variable);
        }
        all
    }

    /// Judges the variables of all called modules.
    pub(super) fn validate_calls(&mut self) {
        let modules: Vec<_> = self
            .world
            .modules()
            .filter(|module| !module.path.is_empty())
            .cloned()
            .collect();
        for module in modules {
            for at in self
                .world
                .module_instances(&module.path)
                .unwrap_or_default()
            {
                for variable in module.variables.values() {
                    self.validate(&at, variable);
                }
            }
        }
    }

    /// Evaluates all local values: one that nothing uses may be wrong too. Where something else is wrong they are left alone,
    /// as they may follow from it.
    pub(super) fn locals(&mut self) {
        let wrong = self.plan.diagnostics.iter().any(Diagnostic::is_error);
        if wrong || self.wanted_nodes.is_some() {
            return;
        }
        let mut problems: Vec<Diagnostic> = Vec::new();
        for module in self.world.modules() {
            for at in self
                .world
                .module_instances(&module.path)
                .unwrap_or_default()
            {
                let locals = module.locals.keys();
                let wrong = locals.filter_map(|name| self.world.local(&at, name, View::Plan).err());
                for problem in wrong.flatten() {
                    let same = |told: &Diagnostic| {
                        (&told.message, &told.labels) == (&problem.message, &problem.labels)
                    };
                    if !problems.iter().any(same) {
                        problems.push(problem);
                    }
                }
            }
        }
        self.tell(problems);
    }

    fn validate(&mut self, at: &ModuleAddress, variable: &DeclaredVariable) -> bool {
        let name = &variable.name.text;
        let (mut status, mut texts) = ("pass", Vec::new());
        for condition in &variable.validations {
            let scope = InstanceScope::new(&self.world, at, View::Plan);
            match judge(condition, &scope) {
                Verdict::Holds => {}
                Verdict::Open => status = if status == "pass" { "unknown" } else { status },
                Verdict::Fails(text) => {
                    status = "fail";
                    let what = format!("invalid value for variable `{name}`");
                    let (severity, code) = (Severity::Error, "invalid-variable");
                    let problem = failure(severity, code, &what, &text, condition, &scope);
                    self.tell([problem.at(variable.span, "declared here")]);
                    texts.push(text);
                }
                Verdict::Broken(problems) => {
                    status = "error";
                    self.tell(problems);
                }
            }
        }
        if !variable.validations.is_empty() {
            let prefix = if at.is_root() {
                String::new()
            } else {
                format!("{at}.")
            };
            self.plan.checks.push(CheckResult {
                address: format!("{prefix}var.{name}"),
                kind: "var",
                status,
                problems: texts,
            });
        }
        !matches!(status, "fail" | "error")
    }
}
