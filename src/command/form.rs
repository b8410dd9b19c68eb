//! `-format`: how a command writes what it found.

use super::flags::{is_set, text, value};
use crate::source::Diagnostic;
use clap::{Arg, ArgMatches};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
    Markdown,
    Html,
    Sarif,
    Junit,
}

/// The forms of lists of findings.
pub const FINDINGS: &[Form] = &[Form::Text, Form::Json, Form::Sarif, Form::Junit];
/// The forms of drift.
pub const DRIFT: &[Form] = &[
    Form::Text,
    Form::Json,
    Form::Markdown,
    Form::Html,
    Form::Sarif,
    Form::Junit,
];
/// The forms of live objects.
pub const OBJECTS: &[Form] = &[Form::Text, Form::Json];
/// The forms of plans.
pub const PLANS: &[Form] = &[Form::Text, Form::Json, Form::Markdown, Form::Html];

impl Form {
    /// Reads `-format` and `-json`.
    ///
    /// # Errors
    /// When it is none of the forms.
    pub fn read(matches: &ArgMatches, forms: &[Form]) -> Result<Form, Diagnostic> {
        let Some(wanted) = text(matches, "format") else {
            return Ok(match is_set(matches, "json") {
                true => Form::Json,
                false => Form::Text,
            });
        };
        let found = forms.iter().find(|form| form.name() == wanted);
        found.copied().ok_or_else(|| {
            let mut names: Vec<String> = forms
                .iter()
                .map(|form| format!("`{}`", form.name()))
                .collect();
            let last = names.pop().unwrap_or_default();
            let names = names.join(", ");
            let message = format!("`-format={wanted}` is none of {names} and {last}");
            Diagnostic::error("invalid-option", message)
        })
    }

    fn name(self) -> &'static str {
        match self {
            Form::Text => "text",
            Form::Json => "json",
            Form::Markdown => "markdown",
            Form::Html => "html",
            Form::Sarif => "sarif",
            Form::Junit => "junit",
        }
    }

    /// Tells whether it is a report for another tool.
    #[must_use]
    pub fn is_report(self) -> bool {
        matches!(self, Form::Sarif | Form::Junit)
    }

    /// Tells whether it is a page for people.
    #[must_use]
    pub fn is_page(self) -> bool {
        matches!(self, Form::Markdown | Form::Html)
    }
}

/// Declares `-format`.
#[must_use]
pub fn format_flag(forms: &'static str, help: &'static str) -> Arg {
    value("format", forms, help)
}
