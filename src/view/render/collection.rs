//! Lists, sets, maps and objects.

use super::block::attribute_lines;
use super::{Options, closing, forces, hidden, null_suffix, render, sign, spaces, warning};
use crate::view::diff::{Action, Body, Diff};
use crate::view::paint::quote;
use std::collections::BTreeMap;

fn element(item: &Diff, indent: usize, options: Options) -> String {
    let sign = format!("{}{}", spaces(indent), sign(item.action, options));
    format!("{sign}{},\n", render(item, indent, options))
}

/// Writes a list. With `context` the element before and the one after a change are written, the others counted.
pub(super) fn render_list(
    diff: &Diff,
    items: &[Diff],
    context: bool,
    indent: usize,
    options: Options,
) -> String {
    let (null, forces) = (null_suffix(diff, options), forces(diff.replaces, options));
    if items.is_empty() {
        return format!("[]{null}{forces}");
    }
    let (changed, kept) = (options.without_null(), options.with_unchanged());
    let mut out = format!("[{forces}\n");
    let mut waiting: Vec<&Diff> = Vec::new();
    let mut next_too = false;
    for item in items {
        if item.action == Action::Keep && !next_too && !options.show_unchanged {
            waiting.push(item);
            continue;
        }
        next_too = context && item.action != Action::Keep;
        if context {
            out.push_str(&context_before(&waiting, indent + 1, options));
            waiting.clear();
        }
        let item_options = if context && item.action == Action::Keep {
            kept
        } else {
            changed
        };
        out.push_str(&warning(item, indent + 1, options));
        out.push_str(&element(item, indent + 1, item_options));
    }
    if !waiting.is_empty() {
        out.push_str(&hidden(waiting.len(), "element", indent + 1, options));
    }
    out + &closing(']', indent, options) + &null
}

/// Writes how many elements are left out, and the last one of them.
fn context_before(waiting: &[&Diff], indent: usize, options: Options) -> String {
    let Some((last, others)) = waiting.split_last() else {
        return String::new();
    };
    let count = match others.len() {
        0 => String::new(),
        number => hidden(number, "element", indent, options),
    };
    count + &element(last, indent, options.with_unchanged())
}

/// Writes a set.
pub(super) fn render_set(
    diff: &Diff,
    items: &[Diff],
    nested: bool,
    indent: usize,
    options: Options,
) -> String {
    let null = null_suffix(diff, options);
    let forces = forces(diff.replaces && !nested, options);
    if items.is_empty() {
        return format!("[]{null}{forces}");
    }
    let item_options = Options {
        force_replacement: diff.replaces && nested,
        ..options.without_null()
    };
    let mut out = format!("[{forces}\n");
    let mut unchanged = 0;
    for item in items {
        if item.action == Action::Keep && !options.show_unchanged {
            unchanged += 1;
            continue;
        }
        out.push_str(&warning(item, indent + 1, options));
        out.push_str(&element(item, indent + 1, item_options));
    }
    if unchanged > 0 {
        out.push_str(&hidden(unchanged, "element", indent + 1, options));
    }
    out + &closing(']', indent, options) + &null
}

/// Writes a map. Keys of nested maps are not aligned.
pub(super) fn render_map(
    diff: &Diff,
    items: &BTreeMap<String, Diff>,
    nested: bool,
    indent: usize,
    options: Options,
) -> String {
    let null = null_suffix(diff, options);
    let forces = forces(diff.replaces && !nested, options);
    if items.is_empty() {
        return format!("{{}}{null}{forces}");
    }
    let item_options = Options {
        hide_null: diff.action == Action::Delete || nested,
        force_replacement: diff.replaces && nested,
        ..options
    };
    let longest = items
        .keys()
        .map(|key| quote(key).len())
        .max()
        .unwrap_or_default();
    let width = if nested { 0 } else { longest };
    let mut out = format!("{{{forces}\n");
    let mut unchanged = 0;
    for (key, item) in items {
        if item.action == Action::Keep && !options.show_unchanged {
            unchanged += 1;
            continue;
        }
        let comma = if matches!(item.body, Body::Object { .. }) {
            ","
        } else {
            ""
        };
        let sign = format!("{}{}", spaces(indent + 1), sign(item.action, item_options));
        let value = render(item, indent + 1, item_options);
        out.push_str(&warning(item, indent + 1, options));
        out.push_str(&format!("{sign}{:<width$} = {value}{comma}\n", quote(key)));
    }
    if unchanged > 0 {
        out.push_str(&hidden(unchanged, "element", indent + 1, options));
    }
    out + &closing('}', indent, options) + &null
}

/// Writes an object.
pub(super) fn render_object(
    diff: &Diff,
    items: &BTreeMap<String, Diff>,
    nested: bool,
    indent: usize,
    options: Options,
) -> String {
    let (null, forces) = (null_suffix(diff, options), forces(diff.replaces, options));
    if items.is_empty() {
        return format!("{{}}{null}{forces}");
    }
    let inner = Options {
        hide_null: !nested,
        ..options.inner()
    };
    let lines = attribute_lines(items, indent + 1, inner);
    let mut out = format!("{{{forces}\n{}", lines.out);
    if lines.unchanged > 0 {
        out.push_str(&hidden(lines.unchanged, "attribute", indent + 1, options));
    }
    out + &closing('}', indent, options) + &null
}
