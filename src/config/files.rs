//! The files of one directory: which count, in what order, and what they hold together.

use super::{json, merge};
use crate::source::{Diagnostic, Entry, Sources, Surroundings};
use crate::syntax::{Body, parse_file, parse_json_file};
use std::path::{Path, PathBuf};

/// The files of a directory that are configuration, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// In lexical order.
    pub primary: Vec<String>,
    /// `override.tf`, `x_override.tf`: merged into the others, in lexical order.
    pub overrides: Vec<String>,
}

/// Endings of configuration files; of two files that differ only in the ending, the earlier in its row wins.
const ENDINGS: [[&str; 2]; 2] = [[".tofu.json", ".tf.json"], [".tofu", ".tf"]];

/// Chooses the configuration files among the entries of a directory.
#[must_use]
pub fn choose(entries: &[Entry]) -> Chosen {
    let mut chosen = Chosen::default();
    let files = || entries.iter().filter(|entry| !entry.is_directory);
    for entry in files().filter(|entry| !ignored(&entry.name)) {
        let Some((stem, ending, preferred)) = divide(&entry.name) else {
            continue;
        };
        let other = format!("{stem}{preferred}");
        if ending != preferred && files().any(|entry| entry.name == other) {
            continue;
        }
        if stem == "override" || stem.ends_with("_override") {
            chosen.overrides.push(entry.name.clone());
        } else {
            chosen.primary.push(entry.name.clone());
        }
    }
    chosen.primary.sort();
    chosen.overrides.sort();
    chosen
}

/// Tells whether a file is a leftover of an editor, or hidden.
pub(super) fn ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

/// Divides a file name into stem and ending, with the ending that would win over it.
fn divide(name: &str) -> Option<(&str, &'static str, &'static str)> {
    ENDINGS.iter().find_map(|[preferred, other]| {
        [*preferred, *other]
            .into_iter()
            .find_map(|ending| Some((name.strip_suffix(ending)?, ending, *preferred)))
    })
}

/// Reads all configuration files of a directory into one body, overrides merged. `None` where it cannot be listed; the
/// reason is told in words, since only the caller knows where the directory was named.
///
/// # Errors
/// Tells in words why the directory is no module.
pub(super) fn read_directory(
    directory: &Path,
    surroundings: &dyn Surroundings,
    sources: &mut Sources,
    told: &mut Vec<Diagnostic>,
) -> Result<Body, String> {
    let entries = surroundings.list(directory)?;
    let chosen = choose(&entries);
    if chosen.primary.is_empty() && chosen.overrides.is_empty() {
        return Err("it holds no file that ends in `.tf`".to_owned());
    }
    let mut whole = Body::default();
    for name in &chosen.primary {
        let path = join(directory, name);
        let body = read_file(&path, surroundings, sources, told);
        whole.attributes.extend(body.attributes);
        whole.blocks.extend(body.blocks);
        whole.incomplete |= body.incomplete;
    }
    for name in &chosen.overrides {
        let path = join(directory, name);
        let body = read_file(&path, surroundings, sources, told);
        whole.incomplete |= body.incomplete;
        merge::override_with(&mut whole, body, told);
    }
    Ok(whole)
}

fn read_file(
    path: &Path,
    surroundings: &dyn Surroundings,
    sources: &mut Sources,
    told: &mut Vec<Diagnostic>,
) -> Body {
    let Some(text) = read_text(path, surroundings, told) else {
        return Body {
            incomplete: true,
            ..Body::default()
        };
    };
    let file = sources.add(path, &text);
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let (body, errors) = if is_json {
        parse_json_file(file, &text)
    } else {
        parse_file(file, &text)
    };
    told.extend(errors);
    if is_json {
        json::divide(&body, told)
    } else {
        body
    }
}

/// Reads a file as UTF-8; tells why it cannot.
pub(super) fn read_text(
    path: &Path,
    surroundings: &dyn Surroundings,
    told: &mut Vec<Diagnostic>,
) -> Option<String> {
    let reason = match surroundings.read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some(text),
            Err(_) => "it is not UTF-8 text".to_owned(),
        },
        Err(reason) => reason,
    };
    let message = format!("cannot read `{}`: {reason}", path.display());
    told.push(Diagnostic::error("unreadable-file", message));
    None
}

/// Appends a relative path to a directory, taking `.` and `..` away where that can be done by name.
#[must_use]
pub fn join(directory: &Path, relative: impl AsRef<Path>) -> PathBuf {
    use std::path::Component;
    let mut path = PathBuf::new();
    for part in directory.join(relative).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(path.components().next_back(), Some(Component::Normal(_))) =>
            {
                path.pop();
            }
            other => path.push(other),
        }
    }
    if path.as_os_str().is_empty() {
        path.push(".");
    }
    path
}
