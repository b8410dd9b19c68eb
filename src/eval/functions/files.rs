//! Functions over files and paths. Files are those of the configuration: read through the surroundings alone.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::call::{Call, FunctionError, gives_any, gives_bool, gives_text};
use super::encoding::to_base64;
use super::function::{Function, any, text};
use crate::source::Surroundings;
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "abspath",
        "Makes a path absolute.",
        r#"abspath(path.root)"#,
        &[text("path")],
        gives_text,
        abspath,
    ),
    Function::new(
        "basename",
        "Returns the last part of a path.",
        r#"basename("foo/bar.txt")"#,
        &[text("path")],
        gives_text,
        basename,
    ),
    Function::new(
        "dirname",
        "Returns a path without its last part.",
        r#"dirname("foo/bar.txt")"#,
        &[text("path")],
        gives_text,
        dirname,
    ),
    Function::new(
        "file",
        "Reads a file as text.",
        r#"file("policy.hcl")"#,
        &[text("path")],
        gives_text,
        file,
    ),
    Function::new(
        "filebase64",
        "Reads a file, in base64.",
        r#"filebase64("logo.png")"#,
        &[text("path")],
        gives_text,
        filebase64,
    ),
    Function::new(
        "fileexists",
        "Tells whether a file is there.",
        r#"fileexists("policy.hcl")"#,
        &[text("path")],
        gives_bool,
        fileexists,
    ),
    Function::new(
        "fileset",
        "Returns the files below a directory whose path matches a pattern.",
        r#"fileset(path.module, "policies/*.hcl")"#,
        &[text("path"), text("pattern")],
        gives_paths,
        fileset,
    ),
    Function::new(
        "pathexpand",
        "Replaces `~` at the start of a path by the home directory.",
        r#"pathexpand("~/.vault-token")"#,
        &[text("path")],
        gives_text,
        pathexpand,
    ),
    Function::new(
        "templatefile",
        "Reads a file as a template and renders it with variables.",
        r#"templatefile("policy.tftpl", { path = "kv" })"#,
        &[text("path").marked(), any("vars").marked()],
        gives_any,
        templatefile,
    )
    .may_be_null(),
    Function::new(
        "templatestring",
        "Renders text as a template with variables.",
        r#"templatestring(local.template, { name = "a" })"#,
        &[text("data").marked(), any("vars").marked()],
        gives_any,
        templatestring,
    )
    .may_be_null(),
];

type Outcome = Result<Value, FunctionError>;

/// As deep as `fileset` looks.
const DEEPEST: usize = 64;

fn gives_paths(_: &[Value]) -> Result<Type, FunctionError> {
    Ok(Type::set(Type::String))
}

/// Returns a path without `.`, `..` and doubled slashes, `.` for none: by its text alone.
fn cleaned(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(clean.components().next_back(), Some(Component::Normal(_))) =>
            {
                clean.pop();
            }
            Component::ParentDir if clean.has_root() => {}
            other => clean.push(other),
        }
    }
    if clean.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        clean
    }
}

fn in_text(path: &Path) -> Value {
    Value::text(&path.to_string_lossy())
}

fn expanded(surroundings: &dyn Surroundings, path: &str) -> Result<PathBuf, String> {
    let Some(rest) = path.strip_prefix('~') else {
        return Ok(PathBuf::from(path));
    };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err("the home directory of another user cannot be found".to_owned());
    }
    let home = surroundings
        .home()
        .ok_or("the home directory is not known")?;
    Ok(home.join(rest.trim_start_matches('/')))
}

/// Returns where a file is: from the base directory on, `~` expanded.
fn located(call: &Call<'_>, at: usize) -> Result<PathBuf, FunctionError> {
    let path = expanded(call.context.surroundings, call.text(at))
        .map_err(|message| FunctionError::at(at, message))?;
    Ok(cleaned(&call.context.base_directory.join(path)))
}

/// Reads the file that an argument names.
pub(super) fn read(call: &Call<'_>, at: usize) -> Result<Vec<u8>, FunctionError> {
    let path = located(call, at)?;
    let shown = super::call::shown(call.text(at), call.marks.union(call.argument(at).marks));
    if !call.context.surroundings.exists(&path) {
        let message = format!(
            "no file is at {shown}; only files of the configuration can be read, not those that a resource makes"
        );
        return Err(FunctionError::at(at, message));
    }
    call.context
        .surroundings
        .read(&path)
        .map_err(|message| FunctionError::at(at, format!("cannot read {shown}: {message}")))
}

fn read_text(call: &Call<'_>) -> Result<String, FunctionError> {
    String::from_utf8(read(call, 0)?).map_err(|_| {
        FunctionError::at(
            0,
            "the file is not valid UTF-8; use `filebase64` for binary files",
        )
    })
}

fn abspath(call: &Call<'_>) -> Outcome {
    let path = call
        .context
        .surroundings
        .working_directory()
        .join(call.text(0));
    Ok(in_text(&cleaned(&path)))
}

fn basename(call: &Call<'_>) -> Outcome {
    let path = call.text(0);
    let trimmed = path.trim_end_matches('/');
    Ok(Value::text(match trimmed.rsplit('/').next() {
        Some("") | None if path.is_empty() => ".",
        Some("") | None => "/",
        Some(last) => last,
    }))
}

fn dirname(call: &Call<'_>) -> Outcome {
    let directory = match call.text(0).rfind('/') {
        Some(at) => call.text(0).get(..=at).unwrap_or_default(),
        None => ".",
    };
    Ok(in_text(&cleaned(Path::new(directory))))
}

fn pathexpand(call: &Call<'_>) -> Outcome {
    let path = expanded(call.context.surroundings, call.text(0));
    Ok(in_text(
        &path.map_err(|message| FunctionError::at(0, message))?,
    ))
}

fn file(call: &Call<'_>) -> Outcome {
    Ok(Value::text(&read_text(call)?))
}

fn filebase64(call: &Call<'_>) -> Outcome {
    Ok(Value::from(to_base64(read(call, 0)?)))
}

fn fileexists(call: &Call<'_>) -> Outcome {
    let path = located(call, 0)?;
    let surroundings = call.context.surroundings;
    if !surroundings.exists(&path) {
        return Ok(Value::from(false));
    }
    if !is_file(surroundings, &path) {
        let shown = call.shown(call.text(0));
        return Err(FunctionError::at(
            0,
            format!("{shown} is a directory, not a file"),
        ));
    }
    Ok(Value::from(true))
}

/// Tells a file from a directory; only what can be listed needs to be read for that.
fn is_file(surroundings: &dyn Surroundings, path: &Path) -> bool {
    surroundings.exists(path)
        && (surroundings.list(path).is_err() || surroundings.read(path).is_ok())
}

fn fileset(call: &Call<'_>) -> Outcome {
    let directory = cleaned(&call.context.base_directory.join(call.text(0)));
    let whole = cleaned(&directory.join(call.text(1)));
    let parts: Vec<&str> = whole.iter().filter_map(|part| part.to_str()).collect();
    let plain = parts
        .iter()
        .take_while(|part| !part.contains(['*', '?', '[', '{', '\\']))
        .count();
    let start: PathBuf = parts.iter().take(plain).collect();
    let pattern = parts.get(plain..).unwrap_or_default();
    let surroundings = call.context.surroundings;
    let mut found = Vec::new();
    if pattern.is_empty() {
        if is_file(surroundings, &start) {
            found.push(start);
        }
    } else {
        let depth = if pattern.contains(&"**") {
            DEEPEST
        } else {
            pattern.len()
        };
        let matcher =
            matcher(&pattern.join("/")).map_err(|message| FunctionError::at(1, message))?;
        walk(surroundings, &start, &start, depth, &matcher, &mut found);
    }
    let names = found
        .iter()
        .map(|path| Value::text(&relative(path, &directory)));
    Ok(Value::set(Type::String, names.collect()))
}

fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("invalid pattern: {}", error.kind()))
}

/// Gathers the files below a directory whose path from `start` on matches. What cannot be listed has none.
fn walk(
    surroundings: &dyn Surroundings,
    start: &Path,
    directory: &Path,
    depth: usize,
    matcher: &GlobMatcher,
    found: &mut Vec<PathBuf>,
) {
    for entry in surroundings.list(directory).unwrap_or_default() {
        let path = directory.join(&entry.name);
        if entry.is_directory && depth > 1 {
            walk(surroundings, start, &path, depth - 1, matcher, found);
        } else if !entry.is_directory && matcher.is_match(path.strip_prefix(start).unwrap_or(&path))
        {
            found.push(path);
        }
    }
}

/// Returns a path as seen from a directory, with slashes.
fn relative(path: &Path, from: &Path) -> String {
    let common = path
        .components()
        .zip(from.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from
        .components()
        .skip(common)
        .filter(|part| *part != Component::CurDir)
        .map(|_| "..");
    let down = path
        .components()
        .skip(common)
        .filter_map(|part| part.as_os_str().to_str());
    let parts: Vec<&str> = up.chain(down).collect();
    parts.join("/")
}

fn templatefile(call: &Call<'_>) -> Outcome {
    let source = read_text(call)?;
    rendered(call, &source, &located(call, 0)?)
}

fn templatestring(call: &Call<'_>) -> Outcome {
    rendered(call, call.text(0), Path::new("template"))
}

fn rendered(call: &Call<'_>, source: &str, name: &Path) -> Outcome {
    let (template, variables) = (call.argument(0), call.argument(1));
    let fields = variables
        .as_fields()
        .ok_or_else(|| FunctionError::at(1, "a map or object of variables is required"))?;
    if let Some(wrong) = fields.keys().find(|name| !is_identifier(name)) {
        let message = format!(
            "`{wrong}` cannot name a variable: letters, digits and underscores, a letter first"
        );
        return Err(FunctionError::at(1, message));
    }
    let result = (call.context.render)(source, name, fields.clone()).map_err(FunctionError::new)?;
    Ok(result.marked(template.marks.union(variables.marks)))
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}
