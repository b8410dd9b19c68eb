//! Values of the root module's variables: where they come from, which of them wins, and whether they fit.

use super::constant::constant;
use super::declared::{DeclaredVariable, Module};
use super::files::{ignored, join, read_text};
use super::layout::{listed, suggest};
use super::masked::{masked, unquote};
use crate::source::{Diagnostic, FileId, Sources, Span, Surroundings};
use crate::syntax::{Body, Name, parse_expression, parse_file};
use crate::value::{Marks, Type, Value, convert};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the caller gives besides the files that are read by themselves.
#[derive(Clone, Default)]
pub struct Given {
    /// The environment's `TF_VAR_x`, without the prefix.
    pub environment: BTreeMap<String, String>,
    /// `-var` and `-var-file` in the order of the command line.
    pub arguments: Vec<Argument>,
}

/// One argument of the command line. It may hold a secret, so it has no `Debug`.
#[derive(Clone)]
pub enum Argument {
    /// `-var name=text`
    Value { name: String, text: String },
    /// `-var-file path`
    File(PathBuf),
    /// A value that a test gives; ignored where no variable has the name.
    Given { name: Arc<str>, value: Value },
}

/// The variables' values, converted to their types and marked.
#[derive(Clone, Debug, Default)]
pub struct Assigned {
    pub values: BTreeMap<Arc<str>, Value>,
    /// The variables that something gave a value for: not those at their defaults.
    pub given: std::collections::BTreeSet<Arc<str>>,
    /// Required ones without a value, in the order of their names: to be asked for, or told by [`missing`].
    pub missing: Vec<Missing>,
}

/// A required variable that nothing gives a value for.
#[derive(Clone, Debug)]
pub struct Missing {
    pub name: Arc<str>,
    pub ty: Type,
    pub description: Option<Arc<str>>,
    pub sensitive: bool,
    /// The block's header.
    pub span: Span,
}

/// Finds the values of all variables of the root module. Later sources win: environment, `terraform.tfvars`,
/// `terraform.tfvars.json`, `*.auto.tfvars` and `*.auto.tfvars.json` by name, then the command line.
#[must_use]
pub fn assign(
    module: &Module,
    given: &Given,
    surroundings: &dyn Surroundings,
    sources: &mut Sources,
) -> (Assigned, Vec<Diagnostic>) {
    let mut found = Found {
        module,
        values: BTreeMap::new(),
        told: Vec::new(),
    };
    for (name, text) in &given.environment {
        if let Some(variable) = module.variables.get(name.as_str()) {
            let origin = format!("TF_VAR_{name}");
            found.text(variable, text, &origin, sources);
        }
    }
    for name in automatic(&module.directory, surroundings) {
        found.file(&join(&module.directory, name), surroundings, sources);
    }
    for argument in &given.arguments {
        match argument {
            Argument::File(path) => found.file(path, surroundings, sources),
            Argument::Value { name, text } => match module.variables.get(name.as_str()) {
                Some(variable) => found.text(variable, text, &format!("-var {name}"), sources),
                None => found.undeclared_argument(name),
            },
            Argument::Given { name, value } => {
                if module.variables.contains_key(name) {
                    let raw = Raw {
                        value: value.clone(),
                        origin: "the test".to_owned(),
                        span: None,
                    };
                    found.values.insert(name.clone(), raw);
                }
            }
        }
    }
    found.finish()
}

/// Makes the one error that names all missing variables; `None` when there are none.
#[must_use]
pub fn missing(all: &[Missing]) -> Option<Diagnostic> {
    let first = all.first()?;
    let names: Vec<&str> = all.iter().map(|one| &*one.name).collect();
    let message = match all.len() {
        1 => format!("the variable `{}` has no value", first.name),
        _ => format!("the variables {} have no value", listed(&names)),
    };
    let mut error = Diagnostic::error("missing-variable", message);
    for one in all {
        let about = match &one.description {
            Some(text) => format!("`{}`, a `{}`: {text}", one.name, one.ty),
            None => format!("`{}`, a `{}`", one.name, one.ty),
        };
        error = error.at(one.span, about);
    }
    Some(error.hint(format!(
        "give it with `-var '{0}=…'`, in a `.tfvars` file or as `TF_VAR_{0}`",
        first.name
    )))
}

/// Lists the files of values that are read by themselves, in the order in which they count.
fn automatic(directory: &Path, surroundings: &dyn Surroundings) -> Vec<String> {
    let entries = surroundings.list(directory).unwrap_or_default();
    let names = entries
        .into_iter()
        .filter(|entry| !entry.is_directory && !ignored(&entry.name))
        .map(|entry| entry.name);
    let rank = |name: &str| match name {
        "terraform.tfvars" => Some(0),
        "terraform.tfvars.json" => Some(1),
        _ if name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json") => Some(2),
        _ => None,
    };
    let mut ranked: Vec<(u8, String)> = names
        .filter_map(|name| Some((rank(&name)?, name)))
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// A raw value with where it came from.
struct Raw {
    value: Value,
    /// For messages: `TF_VAR_x`, `-var x`, or the path of a file.
    origin: String,
    /// Only where the place may be shown: a snippet shows the whole line, so never that of a sensitive variable.
    span: Option<Span>,
}

struct Found<'a> {
    module: &'a Module,
    values: BTreeMap<Arc<str>, Raw>,
    told: Vec<Diagnostic>,
}

impl Found<'_> {
    /// Takes a value given as text: literally where the type is that of text, number or truth value or is not said, else
    /// as an expression.
    fn text(
        &mut self,
        variable: &DeclaredVariable,
        text: &str,
        origin: &str,
        sources: &mut Sources,
    ) {
        let literal = !variable.typed || variable.ty.is_primitive();
        let value = if literal {
            Some(Value::from(crate::value::normalized(text).to_string()))
        } else {
            self.expression(variable, text, origin, sources)
        };
        if let Some(value) = value {
            let raw = Raw {
                value,
                origin: origin.to_owned(),
                span: None,
            };
            self.values.insert(variable.name.text.clone(), raw);
        }
    }

    fn expression(
        &mut self,
        variable: &DeclaredVariable,
        text: &str,
        origin: &str,
        sources: &mut Sources,
    ) -> Option<Value> {
        // The text may be a secret, so it stands in no source file that a diagnostic could quote.
        let nowhere = FileId(u32::try_from(sources.files().count()).unwrap_or(u32::MAX));
        let parsed = parse_expression(nowhere, text, 0);
        let value = match parsed {
            Ok(expression) => constant(&expression).map_err(|error| error.message),
            Err(errors) => Err(errors
                .into_iter()
                .map(|error| error.message)
                .next()
                .unwrap_or_default()),
        };
        match value {
            Ok(value) => Some(value),
            Err(words) => {
                let name = &variable.name.text;
                let words = if variable.sensitive {
                    "not shown"
                } else {
                    &words
                };
                self.told.push(
                    Diagnostic::error(
                        "invalid-variable",
                        format!("the value of `{name}` from `{origin}` is no expression: {words}"),
                    )
                    .at(variable.span, format!("its type is `{}`", variable.ty))
                    .hint(
                        "write it as in a configuration, such as `[\"a\", \"b\"]` or `{ a = 1 }`",
                    ),
                );
                None
            }
        }
    }

    fn undeclared_argument(&mut self, name: &str) {
        let error = Diagnostic::error(
            "undeclared",
            format!("the variable `{name}` of `-var` is not declared"),
        );
        let names = self.module.variables.keys().map(|known| &**known);
        self.told.push(suggest(error, name, names));
    }

    fn file(&mut self, path: &Path, surroundings: &dyn Surroundings, sources: &mut Sources) {
        let Some(text) = read_text(path, surroundings, &mut self.told) else {
            return;
        };
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        if is_json {
            self.json(path, &text);
        } else {
            // The values may be secret: diagnostics show the file without them.
            let masked = masked(&text);
            let file = sources.add(path, &masked);
            let (body, errors) = parse_file(file, &text);
            let before = self.told.len();
            self.told.extend(errors);
            self.body(path, &body);
            for told in self.told.iter_mut().skip(before) {
                unquote(told, &text, &masked);
            }
        }
    }

    fn json(&mut self, path: &Path, text: &str) {
        let shown = path.display().to_string();
        let parsed: Result<BTreeMap<String, serde_json::Value>, _> = serde_json::from_str(text);
        let fields = match parsed {
            Ok(fields) => fields,
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                let message = format!("`{shown}` is not a JSON object with values ({place})");
                self.told
                    .push(Diagnostic::error("invalid-variable", message));
                return;
            }
        };
        for (name, json) in fields.iter().filter(|(name, _)| *name != "//") {
            match crate::value::json::from_json(json) {
                Ok(value) => self.take(name, value, &shown, None),
                Err(words) => {
                    let message =
                        format!("the value of `{name}` in `{shown}` cannot be read: {words}");
                    self.told
                        .push(Diagnostic::error("invalid-variable", message));
                }
            }
        }
    }

    fn body(&mut self, path: &Path, body: &Body) {
        let shown = path.display().to_string();
        for block in &body.blocks {
            self.told.push(
                Diagnostic::error("unknown-block", "a file of values holds no blocks")
                    .at(block.header, "not expected here")
                    .hint("write `name = value`; blocks stand in `.tf` files"),
            );
        }
        for attribute in &body.attributes {
            match constant(&attribute.value) {
                Ok(value) => {
                    self.take(&attribute.name.text, value, &shown, Some(&attribute.name));
                }
                Err(error) => {
                    let secret = |variable: &DeclaredVariable| variable.sensitive;
                    let variable = self.module.variables.get(&attribute.name.text);
                    self.told
                        .push(match variable.filter(|variable| secret(variable)) {
                            None => *error,
                            Some(variable) => Diagnostic::error(
                                "not-constant",
                                format!(
                                    "the value of `{}` in `{shown}` must be written out",
                                    attribute.name.text
                                ),
                            )
                            .at(
                                variable.span,
                                "declared here as sensitive, so the value is not shown",
                            ),
                        });
                }
            }
        }
    }

    fn take(&mut self, name: &str, value: Value, file: &str, place: Option<&Name>) {
        let Some(variable) = self.module.variables.get(name) else {
            let warning = Diagnostic::warning(
                "undeclared",
                format!("the variable `{name}` in `{file}` is not declared"),
            );
            let warning = match place {
                Some(place) => warning.at(place.span, "not used"),
                None => warning,
            };
            let names = self.module.variables.keys().map(|known| &**known);
            self.told.push(suggest(warning, name, names));
            return;
        };
        let raw = Raw {
            value,
            origin: file.to_owned(),
            span: place
                .filter(|_| !variable.sensitive)
                .map(|place| place.span),
        };
        self.values.insert(variable.name.text.clone(), raw);
    }

    fn finish(mut self) -> (Assigned, Vec<Diagnostic>) {
        let mut assigned = Assigned::default();
        for (name, variable) in &self.module.variables {
            let raw = self.values.remove(name);
            let (value, place) = match raw {
                Some(raw) => (Some(raw.value), Some((raw.origin, raw.span))),
                None => (None, None),
            };
            if value.is_none() && variable.default.is_none() {
                assigned.missing.push(missing_of(variable));
                continue;
            }
            match prepare(variable, value) {
                Ok(value) => {
                    assigned.values.insert(name.clone(), value);
                    if place.is_some() {
                        assigned.given.insert(name.clone());
                    }
                }
                Err(words) => self.told.push(unfit(variable, &words, place)),
            }
        }
        (assigned, self.told)
    }
}

fn missing_of(variable: &DeclaredVariable) -> Missing {
    Missing {
        name: variable.name.text.clone(),
        ty: variable.ty.clone(),
        description: variable.description.clone(),
        sensitive: variable.sensitive,
        span: variable.span,
    }
}

fn unfit(
    variable: &DeclaredVariable,
    words: &str,
    place: Option<(String, Option<Span>)>,
) -> Diagnostic {
    let name = &variable.name.text;
    let (origin, span) = place.unwrap_or_default();
    let message = format!("the value of `{name}` from `{origin}` does not fit: {words}");
    let error = Diagnostic::error("wrong-type", message);
    let error = match span {
        Some(span) => error.at(span, "this value"),
        None => error,
    };
    error.at(variable.span, format!("declared here as `{}`", variable.ty))
}

/// Returns what a variable is when it is given a value, or none: with defaults, converted to its type and marked.
///
/// # Errors
/// Tells in words why the value does not fit, or that one is required; never shows the value.
pub fn prepare(variable: &DeclaredVariable, given: Option<Value>) -> Result<Value, String> {
    let marks = Marks {
        sensitive: variable.sensitive,
        ephemeral: variable.ephemeral,
        fresh: false,
    };
    let given = given.filter(|value| !value.is_null() || variable.nullable);
    let given = given.map(|value| value.marked(marks));
    let value = match (given, &variable.default) {
        (Some(value), _) => {
            let value = match &variable.defaults {
                Some(defaults) => defaults.apply(&value),
                None => value,
            };
            convert(&value, &variable.ty)?
        }
        (None, Some(default)) => default.clone(),
        (None, None) => return Err("a value is required, and null is none".to_owned()),
    };
    Ok(value.marked(marks))
}
