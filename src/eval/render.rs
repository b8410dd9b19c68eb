//! Template files: their text with the variables that a call gives them, and nothing else.

use super::expression::evaluate_template;
use super::scope::{Reference, Scope, World};
use crate::source::{Diagnostic, FileId, Outcome};
use crate::syntax::parse_template;
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The scope of a template file.
struct TemplateScope<'a> {
    variables: BTreeMap<Arc<str>, Value>,
    around: &'a dyn Scope,
}

impl Scope for TemplateScope<'_> {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        let told = Diagnostic::error(
            "invalid-reference",
            "a template knows only the variables that its call gives it",
        );
        Err(vec![told.at(reference.span, "here")])
    }

    fn bound(&self, name: &str) -> Option<Value> {
        self.variables.get(name).cloned()
    }

    fn bound_names(&self) -> Vec<Arc<str>> {
        self.variables.keys().cloned().collect()
    }

    fn world(&self) -> World<'_> {
        self.around.world()
    }

    fn is_template(&self) -> bool {
        true
    }
}

/// Renders a template; an error names its place in the template.
pub(super) fn render(
    text: &str,
    path: &Path,
    variables: BTreeMap<Arc<str>, Value>,
    around: &dyn Scope,
) -> Result<Value, String> {
    let scope = TemplateScope { variables, around };
    let parts =
        parse_template(FileId(u32::MAX), text).map_err(|told| summary(text, path, &told))?;
    evaluate_template(&parts, &scope).map_err(|told| summary(text, path, &told))
}

/// Puts diagnostics of a text that is no source file into one line.
fn summary(text: &str, path: &Path, told: &[Diagnostic]) -> String {
    let lines: Vec<String> = told
        .iter()
        .map(|one| {
            let at = one
                .labels
                .first()
                .map_or(0, |label| label.span.start as usize);
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            let hint = one
                .hints
                .first()
                .map_or(String::new(), |hint| format!(" ({hint})"));
            format!("{}:{line}:{column}: {}{hint}", path.display(), one.message)
        })
        .collect();
    lines.join("; ")
}
