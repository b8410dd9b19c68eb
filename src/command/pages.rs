//! Pages about plans and drift: Markdown and HTML.

use super::context::Context;
use super::document::schema;
use super::form::Form;
use crate::source::{Diagnostic, Severity};
use crate::view::diagnostic::{DiagnosticStyle, diagnostic_text};
use crate::view::document::PlanDocument;
use crate::view::page::{Page, Problem, drift_page, plan_page};
use crate::view::paint::Paint;
use crate::view::plan_html::page_html;
use crate::view::plan_markdown::page_markdown;

/// Writes the page of a plan, with what is wrong besides.
pub fn write_plan(context: &Context, document: &PlanDocument, told: &[Diagnostic], form: Form) {
    let page = plan_page(document, &schema, context.text_options(false));
    write(context, page, told, form);
}

/// Writes the page of drift.
pub fn write_drift(context: &Context, document: &PlanDocument, told: &[Diagnostic], form: Form) {
    let page = drift_page(document, &schema, context.text_options(false));
    write(context, page, told, form);
}

/// Writes the page of a plan that could not be made; nothing in other forms.
pub fn write_failure(context: &Context, told: &[Diagnostic], form: Form) {
    if !form.is_page() {
        return;
    }
    let page = Page {
        title: "Planning failed.".to_owned(),
        timestamp: jiff::Timestamp::now().to_string(),
        ..Page::default()
    };
    write(context, page, told, form);
}

fn write(context: &Context, mut page: Page, told: &[Diagnostic], form: Form) {
    let sources = context.sources.borrow();
    let style = DiagnosticStyle {
        paint: Paint(false),
        drawn: false,
        width: 77,
    };
    let loud = told.iter().filter(|one| one.severity != Severity::Note);
    page.problems = loud
        .map(|one| Problem {
            error: one.is_error(),
            text: diagnostic_text(one, &sources, style),
        })
        .collect();
    page.problems.sort_by_key(|problem| !problem.error);
    match form {
        Form::Html => context.say(&page_html(&page)),
        _ => context.say(&page_markdown(&page)),
    }
}
