//! Text: on one line, as a heredoc, or as the JSON that it is.

use super::{Options, forces, null_suffix, render, sign, spaces};
use crate::view::diff::{Action, Body, Diff, align, compare_json};
use crate::view::paint::{harmless, quote};
use serde_json::Value as Json;

/// What a text looks like.
enum Look<'a> {
    Null,
    Line(&'a str),
    Lines(&'a str),
    Json(Json),
}

fn look(text: Option<&str>) -> Look<'_> {
    let Some(text) = text else {
        return Look::Null;
    };
    let braced = text.starts_with('{') || text.starts_with('[');
    if braced && let Ok(json) = serde_json::from_str(text) {
        return Look::Json(json);
    }
    if text.contains('\n') {
        return Look::Lines(text.trim());
    }
    Look::Line(text)
}

/// Writes text.
pub(super) fn render_text(
    diff: &Diff,
    before: Option<&str>,
    after: Option<&str>,
    indent: usize,
    options: Options,
) -> String {
    let forces = forces(diff.replaces, options);
    let null = null_suffix(diff, options);
    let one = match diff.action {
        Action::Update => return render_change(diff, before, after, indent, options),
        Action::Delete => before,
        Action::Create | Action::Keep => after,
    };
    match look(one) {
        Look::Null => format!("{}{forces}", options.paint.grey("null")),
        Look::Line(text) => format!("{}{null}{forces}", quote(text)),
        Look::Lines(text) => {
            let lines = text.split('\n').map(|line| (Action::Keep, line));
            heredoc(diff, lines, indent, options)
        }
        Look::Json(json) => {
            let before = (diff.action != Action::Create).then_some(&json);
            let after = (diff.action != Action::Delete).then_some(&json);
            render_json(diff, before, after, indent, options)
        }
    }
}

fn render_change(
    diff: &Diff,
    before: Option<&str>,
    after: Option<&str>,
    indent: usize,
    options: Options,
) -> String {
    match (look(before), look(after)) {
        (Look::Json(before), Look::Json(after)) => {
            render_json(diff, Some(&before), Some(&after), indent, options)
        }
        (Look::Json(_), _) | (_, Look::Json(_)) => {
            let side = |action, before: Option<&str>, after: Option<&str>| {
                let body = Body::Text(before.map(str::to_owned), after.map(str::to_owned));
                Box::new(Diff {
                    action,
                    replaces: false,
                    body,
                })
            };
            let body = Body::Instead(
                side(Action::Delete, before, None),
                side(Action::Create, None, after),
            );
            let instead = Diff {
                body,
                ..diff.clone()
            };
            render(&instead, indent, options)
        }
        (Look::Lines(before), after) => {
            line_diff(diff, before, &flat(after, options), indent, options)
        }
        (before, Look::Lines(after)) => {
            line_diff(diff, &flat(before, options), after, indent, options)
        }
        (before, after) => {
            let arrow = options.paint.yellow("->");
            let [before, after] = [before, after].map(|side| match side {
                Look::Line(text) => quote(text),
                _ => options.paint.grey("null"),
            });
            format!("{before} {arrow} {after}{}", forces(diff.replaces, options))
        }
    }
}

fn flat(look: Look<'_>, options: Options) -> String {
    match look {
        Look::Line(text) | Look::Lines(text) => text.to_owned(),
        Look::Null | Look::Json(_) => options.paint.grey("null"),
    }
}

fn line_diff(diff: &Diff, before: &str, after: &str, indent: usize, options: Options) -> String {
    let old: Vec<&str> = before.split('\n').collect();
    let new: Vec<&str> = after.split('\n').collect();
    let pairs = align(&old, &new, |left, right| left == right, |_, _| false);
    let lines = pairs.into_iter().filter_map(|pair| match pair {
        (Some(left), Some(_)) => Some((Action::Keep, *old.get(left)?)),
        (Some(left), None) => Some((Action::Delete, *old.get(left)?)),
        (None, right) => Some((Action::Create, *new.get(right?)?)),
    });
    heredoc(diff, lines, indent, options)
}

fn heredoc<'a>(
    diff: &Diff,
    lines: impl Iterator<Item = (Action, &'a str)>,
    indent: usize,
    options: Options,
) -> String {
    let forces = forces(diff.replaces, options);
    let null = null_suffix(diff, options);
    let mut out = format!("<<-EOT{forces}\n");
    for (action, line) in lines {
        let room = format!("{}{}", spaces(indent + 1), sign(action, options));
        out.push_str(&format!("{room}{}\n", harmless(line)));
    }
    let room = format!("{}{}", spaces(indent), sign(Action::Keep, options));
    out + &format!("{room}EOT{null}")
}

fn render_json(
    diff: &Diff,
    before: Option<&Json>,
    after: Option<&Json>,
    indent: usize,
    options: Options,
) -> String {
    let inner = compare_json(before, after);
    let only_space = inner.action == Action::Keep && diff.action == Action::Update;
    let mut inner_options = options.without_null();
    let (mut space, mut replace) = ("", String::new());
    if only_space {
        inner_options.show_unchanged = true;
        space = if diff.replaces {
            " # whitespace changes force replacement"
        } else {
            " # whitespace changes"
        };
    } else {
        replace = forces(diff.replaces, options);
    }
    let action = match diff.action {
        Action::Update if !only_space => Action::Update,
        _ => Action::Keep,
    };
    let text = render(&inner, indent + 1, inner_options);
    if !text.contains('\n') {
        return format!("jsonencode({text}){space}{replace}");
    }
    let opening = format!("{}{}", spaces(indent + 1), sign(action, options));
    let end = format!("{}{}", spaces(indent), sign(Action::Keep, options));
    let null = null_suffix(diff, options);
    format!("jsonencode({space}\n{opening}{text}{replace}\n{end}){null}")
}
