//! `vaultform.hcl`: what belongs to this program and to no Terraform file.

use super::context::Context;
use super::exit::Failure;
use super::shape;
use crate::ledger::{Kind, Settings};
use crate::source::{Diagnostic, Surroundings};
use crate::syntax::parse_file;
use crate::value::Text;
use hcl::{Body, Expression};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file's name.
pub const FILE: &str = "vaultform.hcl";

/// The mount of ledgers where none is named.
const MOUNT: &str = "vaultform";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    pub name: Option<String>,
    pub ledger: LedgerBlock,
    pub drift: DriftBlock,
}

/// `ledger { … }`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerBlock {
    /// `vault`, `file` or `none`
    pub kind: Option<String>,
    pub mount: Option<String>,
    /// Whether the mount may be made.
    pub create: Option<bool>,
    /// The file of kind `file`.
    pub path: Option<PathBuf>,
    /// The provider block whose server keeps it: `vault.east`.
    pub provider: Option<String>,
}

/// `drift { … }`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriftBlock {
    pub exit_code: Option<u8>,
    pub unmanaged: Option<bool>,
}

/// Reads the file beside the configuration; without one, everything is at its default.
///
/// # Errors
/// When it is no HCL, or says what has no meaning or cannot be.
pub fn read(context: &Context) -> Result<Project, Failure> {
    Ok(project(&body(context)?).map_err(wrong)?)
}

/// Reads the file for a command that has blocks of its own in it; without one, there are none.
///
/// # Errors
/// Every place where it is no HCL, or where something has no meaning or the wrong type.
pub fn body(context: &Context) -> Result<Body, Failure> {
    let path = Path::new(FILE);
    if !context.files.exists(path) {
        return Ok(Body::default());
    }
    let bytes = context.files.read(path).map_err(wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let id = context.sources.borrow_mut().add(FILE, &text);
    let (tree, mut problems) = parse_file(id, &text);
    problems.extend(shape::problems(&tree));
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let body = hcl::from_str(text.trim_start_matches('\u{feff}'));
    Ok(body.map_err(|error| wrong(error.to_string()))?)
}

/// Says what is wrong with the file.
#[must_use]
pub fn wrong(why: String) -> Diagnostic {
    Diagnostic::error("invalid-settings", format!("`{FILE}`: {why}"))
}

fn project(body: &Body) -> Result<Project, String> {
    let mut project = Project::default();
    for attribute in body.attributes() {
        project.name = Some(of_text("name", &attribute.expr)?);
    }
    for block in body.blocks() {
        match block.identifier() {
            "ledger" => project.ledger = ledger(block.body())?,
            "drift" => project.drift = drift(block.body())?,
            // What other commands read.
            _ => {}
        }
    }
    Ok(project)
}

fn ledger(body: &Body) -> Result<LedgerBlock, String> {
    let mut block = LedgerBlock::default();
    for attribute in body.attributes() {
        let (key, value) = (attribute.key(), &attribute.expr);
        match key {
            "kind" => block.kind = Some(of_text(key, value)?),
            "mount" => block.mount = Some(of_text(key, value)?),
            "path" => block.path = Some(of_text(key, value)?.into()),
            "provider" => block.provider = Some(reference(value)),
            "create" => block.create = Some(of_bool(key, value)?),
            _ => {}
        }
    }
    match block.kind.as_deref() {
        None | Some("vault" | "file" | "none") => Ok(block),
        Some(other) => Err(format!(
            "the ledger's kind `{other}` is none of `vault`, `file`, `none`"
        )),
    }
}

fn drift(body: &Body) -> Result<DriftBlock, String> {
    let mut block = DriftBlock::default();
    for attribute in body.attributes() {
        let (key, value) = (attribute.key(), &attribute.expr);
        match key {
            "exit_code" => {
                let text = value.to_string();
                let code = text
                    .parse()
                    .map_err(|_| format!("`exit_code` is `{text}`, not a number below 256"))?;
                block.exit_code = Some(code);
            }
            "unmanaged" => block.unmanaged = Some(of_bool(key, value)?),
            // What later commands understand.
            _ => {}
        }
    }
    Ok(block)
}

/// Reads text in quotes.
///
/// # Errors
/// When it is something else.
pub fn of_text(key: &str, value: &Expression) -> Result<String, String> {
    match value {
        Expression::String(text) => Ok(text.clone()),
        _ => Err(format!("`{key}` must be text in quotes")),
    }
}

/// Reads a list of texts in quotes.
///
/// # Errors
/// When it is something else.
pub fn texts(key: &str, value: &Expression) -> Result<Vec<String>, String> {
    let wrong = || format!("`{key}` must be a list of texts");
    let Expression::Array(items) = value else {
        return Err(wrong());
    };
    items
        .iter()
        .map(|item| of_text(key, item).map_err(|_| wrong()))
        .collect()
}

/// Reads `env("NAME")`, `file("PATH")` or `fd(N)`: where a secret comes from.
///
/// # Errors
/// When it is something else, or nothing is there.
pub fn secret(context: &Context, key: &str, value: &Expression) -> Result<Text, String> {
    let Expression::FuncCall(call) = value else {
        return Err(format!(
            "`{key}` must be `env(\"NAME\")`, `file(\"PATH\")` or `fd(N)`: a secret does not stand in this file"
        ));
    };
    let argument = call.args.first();
    match (call.name.name.as_str(), argument) {
        ("env", Some(Expression::String(name))) => {
            let set = context.variable(name).map(Text::from);
            set.ok_or_else(|| format!("`{key}`: the variable {name} is not set"))
        }
        ("file", Some(Expression::String(path))) => {
            let text = secret_file(context, Path::new(path))
                .map_err(|why| format!("`{key}`: `{path}`: {why}"))?;
            first_line(&text, key)
        }
        ("fd", Some(Expression::Number(number))) => {
            let text = secret_file(context, Path::new(&format!("/dev/fd/{number}")))
                .map_err(|why| format!("`{key}`: file descriptor {number}: {why}"))?;
            first_line(&text, key)
        }
        _ => Err(format!(
            "`{key}` must be `env(\"NAME\")`, `file(\"PATH\")` or `fd(N)`"
        )),
    }
}

fn first_line(text: &str, key: &str) -> Result<Text, String> {
    let line = text.lines().next().unwrap_or_default();
    match line.is_empty() {
        true => Err(format!("`{key}` is empty")),
        false => Ok(Text::from(line)),
    }
}

/// Reads a file that holds a secret.
///
/// # Errors
/// When it cannot be read or is no text.
pub fn secret_file(context: &Context, path: &Path) -> Result<Zeroizing<String>, String> {
    let bytes = Zeroizing::new(context.files.read(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8")?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Reads `true` or `false`.
///
/// # Errors
/// When it is something else.
pub fn of_bool(key: &str, value: &Expression) -> Result<bool, String> {
    match value {
        Expression::Bool(value) => Ok(*value),
        _ => Err(format!("`{key}` must be `true` or `false`")),
    }
}

/// Reads a whole number from 0.
///
/// # Errors
/// When it is something else.
pub fn whole(key: &str, value: &Expression) -> Result<usize, String> {
    let number = match value {
        Expression::Number(number) => number.as_u64(),
        _ => None,
    };
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| format!("`{key}` must be a whole number"))
}

/// Reads `vault.east`, in quotes or without.
fn reference(value: &Expression) -> String {
    match value {
        Expression::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Project {
    /// Chooses the ledger: its name from the file, the environment or the directory.
    ///
    /// # Errors
    /// When a ledger in a file has no path.
    pub fn ledger_settings(&self, context: &Context) -> Result<Settings, Failure> {
        let directory = std::env::current_dir().ok();
        let directory =
            directory.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let given = self
            .name
            .clone()
            .or_else(|| context.variable("VAULTFORM_NAME").map(str::to_owned));
        let kind = match self.ledger.kind.as_deref() {
            Some("none") => Kind::None,
            Some("file") => {
                let path = self.ledger.path.clone();
                Kind::File(path.unwrap_or_else(|| PathBuf::from("vaultform.ledger.json")))
            }
            _ => Kind::Vault {
                mount: self
                    .ledger
                    .mount
                    .clone()
                    .unwrap_or_else(|| MOUNT.to_owned()),
                create: self.ledger.create.unwrap_or(true),
            },
        };
        Ok(Settings {
            kind,
            name: given.or(directory).unwrap_or_else(|| "root".to_owned()),
            workspace: context.workspace.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Project, String> {
        project(&hcl::from_str(text).unwrap())
    }

    #[test]
    fn a_file_is_read() {
        let project = parse(
            "name = \"prod\"\nledger {\n  kind = \"vault\"\n  mount = \"own/\"\n  create = false\n  provider = vault.east\n}\n\
             drift {\n  exit_code = 9\n  notify \"slack\" {\n    url = env(\"X\")\n  }\n}\n",
        );
        let project = project.unwrap();
        assert_eq!(project.name.as_deref(), Some("prod"));
        assert_eq!(project.ledger.provider.as_deref(), Some("vault.east"));
        assert_eq!(project.ledger.create, Some(false));
        assert_eq!(project.drift.exit_code, Some(9));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(
            parse("ledger {\n  kind = \"etcd\"\n}\n")
                .unwrap_err()
                .contains("`etcd`")
        );
        assert!(parse("name = 5\n").is_err());
    }
}
