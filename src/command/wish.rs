//! The options of everything that plans, as given on the command line or recorded in a saved plan.

use super::flags::{is_set, many, on, parsed, some_or_all, switch, text, texts, value};
use crate::config::variables::Argument;
use crate::reconcile::Options;
use crate::source::Diagnostic;
use clap::{Arg, ArgMatches};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is planned and how far it may go. It holds no value of a variable, so it can be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wish {
    pub destroy: bool,
    pub refresh_only: bool,
    pub targets: Vec<String>,
    pub excludes: Vec<String>,
    pub replace: Vec<String>,
    pub no_adopt: bool,
    pub unsupported_warns: bool,
    pub allow_data_loss: bool,
    pub allow_lockout: bool,
    pub max_deletes: Option<usize>,
    pub max_changes: Option<usize>,
    pub write_secrets: Option<Vec<String>>,
    pub retake_root: Vec<String>,
    pub take_from: Vec<String>,
    pub skip_foreign: bool,
}

/// Returns the options that choose what is planned.
#[must_use]
pub fn wish_flags() -> Vec<Arg> {
    vec![
        switch(
            "destroy",
            "Plan the removal of everything that the ledger owns",
        ),
        switch(
            "refresh-only",
            "Only look for changes made outside; plan none",
        ),
        on("refresh", "Accepted: the server is always read"),
        many("target", "ADDRESS", "Only this object and what it needs"),
        many("exclude", "ADDRESS", "All but this object"),
        many("replace", "ADDRESS", "Delete and create this object again"),
        switch(
            "no-adopt",
            "Refuse to take over objects that are there already",
        ),
        value(
            "unsupported",
            "error|warn",
            "What to do about attributes that the server would drop",
        ),
        switch(
            "allow-data-loss",
            "Allow destroying data that this configuration did not write",
        ),
        switch(
            "allow-lockout",
            "Allow a plan after which this identity could not run it again",
        ),
        value(
            "max-deletes",
            "N",
            "Refuse a plan that destroys more objects than this",
        ),
        value(
            "max-changes",
            "N%",
            "Refuse a plan that changes more than this part of all objects",
        ),
        some_or_all(
            "write-secrets",
            "ADDRESS",
            "Send values that cannot be read back, also where nothing seems changed",
        ),
        many(
            "retake-root",
            "ADDRESS",
            "Send a root password again that Vault has rotated since",
        ),
        many(
            "take-from",
            "NAME",
            "Allow taking over what the ledger of this name owns",
        ),
        switch("skip-foreign", "Leave out resources of other providers"),
    ]
}

/// Returns the options that say what variables are.
#[must_use]
pub fn variable_flags() -> Vec<Arg> {
    vec![
        many("var", "NAME=VALUE", "Set a variable"),
        many("var-file", "FILE", "Set the variables that a file gives"),
    ]
}

impl Wish {
    /// Reads the options.
    ///
    /// # Errors
    /// When a number is none.
    pub fn read(matches: &ArgMatches) -> Result<Wish, Diagnostic> {
        let write_secrets = texts(matches, "write-secrets");
        let all = write_secrets.iter().any(String::is_empty);
        let unsupported_warns = match text(matches, "unsupported") {
            None | Some("error") => false,
            Some("warn") => true,
            Some(other) => {
                let message = format!("`-unsupported={other}` is neither `error` nor `warn`");
                return Err(Diagnostic::error("invalid-option", message));
            }
        };
        Ok(Wish {
            destroy: is_set(matches, "destroy"),
            refresh_only: is_set(matches, "refresh-only"),
            targets: texts(matches, "target"),
            excludes: texts(matches, "exclude"),
            replace: texts(matches, "replace"),
            no_adopt: is_set(matches, "no-adopt"),
            unsupported_warns,
            allow_data_loss: is_set(matches, "allow-data-loss"),
            allow_lockout: is_set(matches, "allow-lockout"),
            max_deletes: parsed(matches, "max-deletes", "a whole number")?,
            max_changes: parsed(matches, "max-changes", "a percentage such as `20%`")?,
            write_secrets: (!write_secrets.is_empty())
                .then(|| if all { Vec::new() } else { write_secrets }),
            retake_root: texts(matches, "retake-root"),
            take_from: texts(matches, "take-from"),
            skip_foreign: is_set(matches, "skip-foreign"),
        })
    }

    /// Returns what planning is asked for.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            destroy: self.destroy,
            targets: self.targets.clone(),
            excludes: self.excludes.clone(),
            replace: self.replace.clone(),
            no_adopt: self.no_adopt,
            unsupported_warns: self.unsupported_warns,
            allow_data_loss: self.allow_data_loss,
            max_deletes: self.max_deletes,
            max_changes_percent: self.max_changes,
            write_secrets: self.write_secrets.clone(),
            retake_root: self.retake_root.clone(),
            imports: Vec::new(),
            unmanaged: false,
            offline: false,
        }
    }
}

/// Reads `-var` and `-var-file` in the order in which they were given.
///
/// # Errors
/// When a `-var` is not `name=value`; the text is not shown, it may be a secret.
pub fn arguments(matches: &ArgMatches) -> Result<Vec<Argument>, Diagnostic> {
    let mut found: Vec<(usize, Argument)> = Vec::new();
    let at = |name: &str| -> Vec<usize> {
        let known = matches.try_contains_id(name).unwrap_or(false);
        if known {
            matches.indices_of(name).into_iter().flatten().collect()
        } else {
            Vec::new()
        }
    };
    for (index, text) in at("var").into_iter().zip(texts(matches, "var")) {
        let Some((name, text)) = text.split_once('=') else {
            let problem =
                Diagnostic::error("invalid-option", "a `-var` is not of the form `name=value`");
            return Err(problem.hint("write `-var 'name=value'`"));
        };
        let argument = Argument::Value {
            name: name.trim().to_owned(),
            text: text.to_owned(),
        };
        found.push((index, argument));
    }
    for (index, path) in at("var-file").into_iter().zip(texts(matches, "var-file")) {
        found.push((index, Argument::File(PathBuf::from(path))));
    }
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, argument)| argument).collect())
}
