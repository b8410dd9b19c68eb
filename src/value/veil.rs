//! What must not be said: secret texts of a run, kept out of logs and messages whose text is not ours to choose.

use super::{Shape, Text, Value};
use crate::source::Diagnostic;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// What stands where a secret stood.
pub const VEILED: &str = "(sensitive value)";

/// Texts this short stand in any sentence; replacing them would only garble it.
const TOO_SHORT: usize = 4;

/// Secret texts that a run has met. Copies share them.
#[derive(Clone, Default)]
pub struct Veil(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    secrets: BTreeSet<Text>,
    /// The files of the configuration: a text that stands in them openly is no secret, whoever uses it as one.
    open: String,
}

impl Known {
    /// Tells whether a text is part of a larger one in the files. As a text of its own it may be a secret's default.
    fn is_open(&self, text: &str) -> bool {
        self.open.match_indices(text).any(|(at, _)| {
            let before = self
                .open
                .get(..at)
                .and_then(|before| before.chars().next_back());
            let after = self
                .open
                .get(at + text.len()..)
                .and_then(|after| after.chars().next());
            (before, after) != (Some('"'), Some('"'))
        })
    }
}

impl fmt::Debug for Veil {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(veil)")
    }
}

impl Veil {
    /// Adds a secret text, and its lines.
    pub fn add(&self, text: &str) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for part in std::iter::once(text).chain(text.lines()).map(str::trim) {
            let quoted = part.escape_debug().to_string();
            let new = [part, &quoted].into_iter();
            let new = new.filter(|part| part.len() >= TOO_SHORT && !known.is_open(part));
            let new: Vec<Text> = new.map(Text::from).collect();
            known.secrets.extend(new);
        }
    }

    /// Says what everybody may read: the files of the configuration.
    pub fn lift(&self, files: String) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).open = files;
    }

    /// Adds the texts and numbers of a value that are marked as secret, or stand within one that is.
    pub fn add_secrets(&self, value: &Value) {
        let secret = value.marks.sensitive || value.marks.ephemeral;
        match &value.shape {
            Shape::Text(text) if secret => self.add(text),
            Shape::Number(number) if secret => self.add(&number.to_string()),
            _ => {}
        }
        for element in value.elements() {
            match secret {
                true => self.add_secrets(&element.clone().marked(value.marks)),
                false => self.add_secrets(element),
            }
        }
    }

    /// Returns a text with every secret replaced, the longest first: one may contain another.
    #[must_use]
    pub fn over(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let secrets = known.secrets.iter();
        let mut found: Vec<&Text> = secrets.filter(|one| text.contains(&***one)).collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.len()));
        found.into_iter().fold(text.to_owned(), |text, secret| {
            text.replace(&**secret, VEILED)
        })
    }

    /// Returns a diagnostic with every secret replaced.
    #[must_use]
    pub fn over_diagnostic(&self, told: &Diagnostic) -> Diagnostic {
        let mut told = told.clone();
        let labels = told.labels.iter_mut().map(|label| &mut label.text);
        let values = told.values.iter_mut().map(|(_, value)| value);
        let texts = std::iter::once(&mut told.message).chain(&mut told.detail);
        for text in texts.chain(labels).chain(values).chain(&mut told.hints) {
            *text = self.over(text);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Marks, Type};

    #[test]
    fn secrets_are_replaced_and_nothing_else() {
        let veil = Veil::default();
        let list = Value::list(Type::String, vec!["hunter2".into(), "kv".into()]);
        veil.add_secrets(&list);
        assert_eq!(veil.over("at hunter2"), "at hunter2");
        veil.add_secrets(&list.marked(Marks::SENSITIVE));
        veil.add("hunter2-long");
        let said = veil.over("kv/hunter2-long of hunter2");
        assert_eq!(said, "kv/(sensitive value) of (sensitive value)");
        assert!(!format!("{veil:?}").contains("hunter2"));
    }

    #[test]
    fn what_stands_in_the_files_is_no_secret_unless_it_is_one_there() {
        let veil = Veil::default();
        veil.lift("path = \"dairy/kv\"\ndefault = \"hunter2-long\"".to_owned());
        veil.add("dairy");
        veil.add("hunter2-long");
        assert_eq!(
            veil.over("dairy/kv/hunter2-long"),
            format!("dairy/kv/{VEILED}")
        );
    }
}
