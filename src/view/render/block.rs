//! Blocks.

use super::{Options, attribute_name, closing, forces, hidden, render, sign, spaces, warning};
use crate::view::diff::{Action, Diff, Group};
use crate::view::paint::quote;
use std::collections::BTreeMap;

/// Attributes that are written though they do not change: they tell which object it is.
const TELLING: [&str; 3] = ["id", "name", "tags"];

/// One line of a block or an object: `name = value`.
pub(super) struct Lines {
    pub out: String,
    pub unchanged: usize,
}

/// Writes attributes by name, aligned, leaving out what does not change.
pub(super) fn attribute_lines(
    attributes: &BTreeMap<String, Diff>,
    indent: usize,
    options: Options,
) -> Lines {
    let width = attributes
        .keys()
        .map(|name| attribute_name(name).len())
        .max()
        .unwrap_or_default();
    let mut lines = Lines {
        out: String::new(),
        unchanged: 0,
    };
    for (name, diff) in attributes {
        let telling = TELLING.contains(&name.as_str());
        if diff.action == Action::Keep && !telling && !options.show_unchanged {
            lines.unchanged += 1;
            continue;
        }
        let options = if telling {
            options.with_unchanged()
        } else {
            options
        };
        lines.out.push_str(&warning(diff, indent, options));
        let sign = format!("{}{}", spaces(indent), sign(diff.action, options));
        let value = render(diff, indent, options);
        let name = attribute_name(name);
        lines
            .out
            .push_str(&format!("{sign}{name:<width$} = {value}\n"));
    }
    lines
}

/// Writes a block from its opening brace.
pub(super) fn render_block(
    diff: &Diff,
    attributes: &BTreeMap<String, Diff>,
    blocks: &BTreeMap<String, Group>,
    indent: usize,
    options: Options,
) -> String {
    let forces = forces(diff.replaces, options);
    if attributes.is_empty() && blocks.is_empty() {
        return format!("{{}}{forces}");
    }
    let inner = options.inner();
    let lines = attribute_lines(attributes, indent + 1, inner);
    let mut out = format!("{{{forces}\n{}", lines.out);
    if lines.unchanged > 0 {
        out.push_str(&hidden(lines.unchanged, "attribute", indent + 1, options));
    }
    let mut unchanged = 0;
    for (name, group) in blocks {
        let set_forces = group.is_set && diff.replaces;
        let mut first = !attributes.is_empty();
        for (label, item) in &group.items {
            if item.action == Action::Keep && !options.show_unchanged {
                unchanged += 1;
                continue;
            }
            if std::mem::take(&mut first) {
                out.push('\n');
            }
            let options = Options {
                force_replacement: group.replaces || set_forces,
                ..inner
            };
            out.push_str(&block_line(
                name,
                label.as_deref(),
                item,
                indent + 1,
                options,
            ));
        }
    }
    if unchanged > 0 {
        out.push('\n');
        out.push_str(&hidden(unchanged, "block", indent + 1, options));
    }
    out + &closing('}', indent, options)
}

fn block_line(
    name: &str,
    label: Option<&str>,
    item: &Diff,
    indent: usize,
    options: Options,
) -> String {
    let warning = warning(item, indent, options);
    let sign = format!("{}{}", spaces(indent), sign(item.action, options));
    let label = label
        .map(|label| format!(" {}", quote(label)))
        .unwrap_or_default();
    let name = attribute_name(name);
    format!(
        "{warning}{sign}{name}{label} {}\n",
        render(item, indent, options)
    )
}

/// Writes a block of which nothing may be seen.
pub(super) fn render_sensitive(diff: &Diff, indent: usize, options: Options) -> String {
    let forces = forces(diff.replaces, options);
    let room = format!("{}{}", spaces(indent), sign(Action::Keep, options));
    format!(
        "{{{forces}\n{room}  # At least one attribute in this block is (or was) sensitive,\n{room}  # so its contents will not be displayed.\n{room}}}"
    )
}
