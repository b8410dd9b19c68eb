//! Differences → text, in Terraform's layout.

mod block;
mod collection;
mod text;

use super::diff::{Action, Body, Diff};
use super::paint::Paint;

/// How a difference is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub paint: Paint,
    /// No ` -> null` after what goes.
    pub hide_null: bool,
    /// Say that it forces replacement though the difference itself does not; never handed on to elements.
    pub force_replacement: bool,
    /// Write what does not change, too.
    pub show_unchanged: bool,
    /// Neither `+`, `-`, `~` nor the room for them.
    pub hide_symbols: bool,
}

impl Options {
    fn inner(self) -> Options {
        Options {
            force_replacement: false,
            ..self
        }
    }

    fn without_null(self) -> Options {
        Options {
            hide_null: true,
            ..self.inner()
        }
    }

    fn with_unchanged(self) -> Options {
        Options {
            show_unchanged: true,
            ..self.inner()
        }
    }
}

/// Writes a difference. The first line is not indented; further lines are, by four spaces a level.
#[must_use]
pub fn render(diff: &Diff, indent: usize, options: Options) -> String {
    match &diff.body {
        Body::Plain(before, after) => plain(diff, before.as_deref(), after.as_deref(), options),
        Body::Text(before, after) => {
            text::render_text(diff, before.as_deref(), after.as_deref(), indent, options)
        }
        Body::List { items, context } => {
            collection::render_list(diff, items, *context, indent, options)
        }
        Body::Set { items, nested } => {
            collection::render_set(diff, items, *nested, indent, options)
        }
        Body::Map { items, nested } => {
            collection::render_map(diff, items, *nested, indent, options)
        }
        Body::Object { items, nested } => {
            collection::render_object(diff, items, *nested, indent, options)
        }
        Body::Block { attributes, blocks } => {
            block::render_block(diff, attributes, blocks, indent, options)
        }
        Body::Sensitive { .. } => {
            let (null, forces) = (null_suffix(diff, options), forces(diff.replaces, options));
            format!("(sensitive value){null}{forces}")
        }
        Body::SensitiveBlock { .. } => block::render_sensitive(diff, indent, options),
        Body::Unknown(before) => unknown(diff, before.as_deref(), indent, options),
        Body::Instead(before, after) => {
            let options = Options {
                hide_null: true,
                ..options
            };
            let (before, after) = (
                render(before, indent, options),
                render(after, indent, options),
            );
            format!("{before} {} {after}", options.paint.yellow("->"))
        }
        Body::WriteOnly => {
            let (forces, null) = (forces(diff.replaces, options), null_suffix(diff, options));
            format!("(write-only attribute){forces}{null}")
        }
    }
}

fn plain(diff: &Diff, before: Option<&str>, after: Option<&str>, options: Options) -> String {
    let forces = forces(diff.replaces, options);
    let null = options.paint.grey("null");
    let (before, after) = (before.unwrap_or(&null), after.unwrap_or(&null));
    match diff.action {
        Action::Create => format!("{after}{forces}"),
        Action::Delete => format!("{before}{}{forces}", null_suffix(diff, options)),
        Action::Keep => format!("{before}{forces}"),
        Action::Update => format!("{before} {} {after}{forces}", options.paint.yellow("->")),
    }
}

fn unknown(diff: &Diff, before: Option<&Diff>, indent: usize, options: Options) -> String {
    let forces = forces(diff.replaces, options);
    let Some(before) = before else {
        return format!("(known after apply){forces}");
    };
    let options = Options {
        hide_null: true,
        ..options
    };
    let before = render(before, indent, options);
    format!("{before} -> (known after apply){forces}")
}

/// Returns the lines that stand above a value whose secrecy changes, already indented.
fn warning(diff: &Diff, indent: usize, options: Options) -> String {
    let (inner, before, after, what) = match diff.body {
        Body::Sensitive {
            inner,
            before,
            after,
        } => (inner, before, after, "attribute value"),
        Body::SensitiveBlock {
            inner,
            before,
            after,
        } => (inner, before, after, "block"),
        _ => return String::new(),
    };
    if before == after || matches!(inner, Action::Create | Action::Delete) {
        return String::new();
    }
    let room = format!("{}  # ", spaces(indent));
    let label = options.paint.yellow("Warning");
    let unchanged = inner == Action::Keep && matches!(diff.body, Body::Sensitive { .. });
    let end = if unchanged {
        " The value is unchanged."
    } else {
        ""
    };
    if before {
        format!(
            "{room}{label}: this {what} will no longer be marked as sensitive\n{room}after applying this change.{end}\n"
        )
    } else {
        format!(
            "{room}{label}: this {what} will be marked as sensitive and will not\n{room}display in UI output after applying this change.{end}\n"
        )
    }
}

fn spaces(indent: usize) -> String {
    "    ".repeat(indent)
}

fn null_suffix(diff: &Diff, options: Options) -> String {
    if !options.hide_null && diff.action == Action::Delete {
        format!(" {}", options.paint.grey("-> null"))
    } else {
        String::new()
    }
}

fn forces(replaces: bool, options: Options) -> String {
    if replaces || options.force_replacement {
        format!(" {}", options.paint.red("# forces replacement"))
    } else {
        String::new()
    }
}

/// Returns the sign of an action with its room: four columns, or none where signs are hidden.
fn sign(action: Action, options: Options) -> String {
    if options.hide_symbols {
        return String::new();
    }
    format!("{} ", symbol(action, options.paint))
}

/// Returns the sign of an action, three columns wide.
#[must_use]
pub fn symbol(action: Action, paint: Paint) -> String {
    match action {
        Action::Keep => "   ".to_owned(),
        Action::Create => format!("  {}", paint.green("+")),
        Action::Update => format!("  {}", paint.yellow("~")),
        Action::Delete => format!("  {}", paint.red("-")),
    }
}

fn hidden(number: usize, what: &str, indent: usize, options: Options) -> String {
    let plural = if number == 1 { "" } else { "s" };
    let note = format!("# ({number} unchanged {what}{plural} hidden)");
    let room = format!("{}{}", spaces(indent), sign(Action::Keep, options));
    format!("{room}{}\n", options.paint.grey(&note))
}

fn closing(bracket: char, indent: usize, options: Options) -> String {
    format!("{}{}{bracket}", spaces(indent), sign(Action::Keep, options))
}

/// Returns a name as it stands before an equals sign: quoted where it is no identifier.
#[must_use]
pub fn attribute_name(name: &str) -> String {
    let mut letters = name.chars();
    let starts = letters
        .next()
        .is_some_and(|letter| letter.is_alphabetic() || letter == '_');
    if starts && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-')) {
        name.to_owned()
    } else {
        super::paint::quote(name)
    }
}
