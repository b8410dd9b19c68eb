//! Plans as people read them, in Terraform's layout. The text comes from the plan document alone, in which there are no
//! secrets.

use super::access::access_text;
use super::conceal::reveal;
use super::diff::{Action, Diff, Pair, Paths, compare_block, compare_dynamic};
use super::document::{Change, PlanDocument, ResourceChange};
use super::marker::{Marker, counts, moved, plan_line};
use super::paint::{Paint, wrap};
use super::plan_header::header;
use super::product::Product;
use super::render::{Options, attribute_name, render, symbol};
use super::schema::{Field, Schema};
use crate::value::Type;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Where the schema of a type comes from: mode (`managed`, `data`) and name.
pub type Schemas<'a> = &'a dyn Fn(&str, &str) -> Option<Schema>;

/// How the text is written.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    pub product: Product,
    pub paint: Paint,
    /// The length of the longest line of sentences; values are never wrapped.
    pub width: usize,
    /// Show secrets, where the document holds them.
    pub show_sensitive: bool,
}

impl Default for TextOptions {
    fn default() -> TextOptions {
        TextOptions {
            product: Product::default(),
            paint: Paint(false),
            width: 77,
            show_sensitive: false,
        }
    }
}

/// Returns the text of a plan: legend, changes, summary line, outputs.
#[must_use]
pub fn plan_text(document: &PlanDocument, schemas: Schemas<'_>, options: TextOptions) -> String {
    let shown: Vec<&ResourceChange> = document
        .resource_changes
        .iter()
        .filter(|change| is_shown(change))
        .collect();
    let outputs = output_lines(&document.output_changes, options);
    let mut out = String::new();
    if shown.is_empty() && outputs.is_empty() {
        out.push_str(&nothing(document, options));
    }
    out.push_str(&legend(&shown, options));
    if !shown.is_empty() {
        out.push_str(&changes(document, &shown, schemas, options));
    }
    if let Some(notice) = &document.vaultform.ledger_notice {
        out.push_str(&format!("\nNote: {notice}.\n"));
    }
    if !outputs.is_empty() {
        let gap = if out.is_empty() { "" } else { "\n" };
        out.push_str(&format!("{gap}Changes to Outputs:\n{outputs}"));
        if !shown.iter().any(|change| Marker::of(change).acts()) {
            out.push_str("\nOnly output values change; nothing is written to a managed object.\n");
        }
    }
    let notes = &document.vaultform;
    let access = access_text(
        &document.access_changes,
        &notes.access_unknown,
        options.paint,
        options.width,
    );
    if !access.is_empty() {
        out.push_str(&format!("\n{access}"));
    }
    out
}

pub(super) fn is_shown(change: &ResourceChange) -> bool {
    let importing = change.change.importing.is_some();
    match Marker::of(change) {
        Marker::Keep => importing || moved(change),
        Marker::Delete | Marker::Forget => change.mode != "data",
        _ => change.mode != "ephemeral",
    }
}

fn legend(shown: &[&ResourceChange], options: TextOptions) -> String {
    let present: Vec<Marker> = shown.iter().map(|change| Marker::of(change)).collect();
    if !present.iter().any(|marker| marker.acts()) {
        return String::new();
    }
    let name = options.product.name();
    let intro = format!(
        "{name} used the selected providers to generate the following execution plan. Resource actions are indicated with the following symbols:"
    );
    let mut out = wrap(&intro, options.width) + "\n";
    let order = [
        Marker::Create,
        Marker::Update,
        Marker::Delete,
        Marker::DeleteThenCreate,
        Marker::CreateThenDelete,
        Marker::Read,
        Marker::Forget,
    ];
    for marker in order {
        let remounts = marker == Marker::Update && present.contains(&Marker::Remount);
        let counted = marker != Marker::Forget || options.product == Product::OpenTofu;
        if (present.contains(&marker) || remounts) && counted {
            out.extend(
                marker
                    .legend(options.product, options.paint)
                    .map(|line| line + "\n"),
            );
        }
    }
    out + "\n"
}

fn changes(
    document: &PlanDocument,
    shown: &[&ResourceChange],
    schemas: Schemas<'_>,
    options: TextOptions,
) -> String {
    let name = options.product.name();
    let mut out = if document.errored {
        format!("{name} planned the following actions, but then encountered a problem:\n")
    } else {
        format!("{name} will perform the following actions:\n")
    };
    let mut after_line = false;
    for change in shown {
        let text = resource_change_text(change, schemas, options);
        let one_line = text.lines().count() == 1;
        if !(one_line && after_line) {
            out.push('\n');
        }
        out.push_str(&text);
        after_line = one_line;
    }
    let line = plan_line(counts(document));
    let line = line.replacen("Plan:", &options.paint.bold("Plan:"), 1);
    out + &format!("\n{line}\n")
}

/// Returns the text of one change: its comment lines and its block.
#[must_use]
pub fn resource_change_text(
    change: &ResourceChange,
    schemas: Schemas<'_>,
    options: TextOptions,
) -> String {
    let marker = Marker::of(change);
    let head = header(change, options.product, options.paint);
    let importing = change.change.importing.is_some();
    if marker == Marker::Adopt && !importing {
        return head;
    }
    if marker == Marker::Forget && change.change.before.is_null() {
        return head;
    }
    let keyword = if change.mode == "data" {
        "data"
    } else {
        "resource"
    };
    let schema = schema_of(change, schemas);
    let diff = resource_diff(&change.change, marker, &schema, options);
    let plain_forget = marker == Marker::Forget && options.product == Product::OpenTofu;
    let rendering = Options {
        paint: options.paint,
        show_unchanged: importing,
        hide_symbols: plain_forget,
        hide_null: plain_forget,
        force_replacement: false,
    };
    let body = render(&diff, 0, rendering);
    let (kind, name) = (&change.type_name, &change.name);
    let sign = match marker {
        Marker::Forget if options.product == Product::Terraform => " .".to_owned(),
        _ => marker.sign(options.paint),
    };
    format!("{head}{sign} {keyword} \"{kind}\" \"{name}\" {body}\n")
}

fn resource_diff(change: &Change, marker: Marker, schema: &Schema, options: TextOptions) -> Diff {
    let (before, mut after) = reveal(change, options.show_sensitive);
    if marker == Marker::Forget && options.product != Product::OpenTofu {
        after.clone_from(&before);
    }
    let pair = Pair {
        before: before.as_ref(),
        after: after.as_ref(),
    };
    compare_block(
        pair,
        schema,
        &Paths::from_json(change.replace_paths.as_ref()),
    )
}

/// Returns the schema of a type; of one that is not known, every attribute that the change has, as it comes.
pub(super) fn schema_of(change: &ResourceChange, schemas: Schemas<'_>) -> Schema {
    schemas(&change.mode, &change.type_name).unwrap_or_else(|| {
        let sides = [
            &change.change.before,
            &change.change.after,
            &change.change.after_unknown,
        ];
        let keys = sides
            .into_iter()
            .filter_map(Json::as_object)
            .flat_map(|fields| fields.keys());
        Schema {
            attributes: keys
                .map(|key| (key.clone(), Field::Typed(Type::Dynamic)))
                .collect(),
            ..Schema::default()
        }
    })
}

/// Returns the lines of changed outputs; empty where none changes.
#[must_use]
pub fn output_lines(outputs: &BTreeMap<String, Change>, options: TextOptions) -> String {
    let width = outputs
        .keys()
        .map(|name| attribute_name(name).len())
        .max()
        .unwrap_or_default();
    let rendering = Options {
        paint: options.paint,
        ..Options::default()
    };
    let mut out = String::new();
    for (name, change) in outputs {
        let (before, after) = reveal(change, options.show_sensitive);
        let pair = Pair {
            before: before.as_ref(),
            after: after.as_ref(),
        };
        let diff = compare_dynamic(pair, &Paths::default());
        if diff.action != Action::Keep {
            let sign = symbol(diff.action, options.paint);
            let name = attribute_name(name);
            out.push_str(&format!(
                "{sign} {name:<width$} = {}\n",
                render(&diff, 0, rendering)
            ));
        }
    }
    out
}

fn nothing(document: &PlanDocument, options: TextOptions) -> String {
    let (name, paint) = (options.product.name(), options.paint);
    if document.errored {
        let failed = paint.bold(&paint.red("Planning failed."));
        return format!("{failed} {name} encountered an error while generating this plan.\n");
    }
    let why = if document.vaultform.destroys {
        format!(
            "Either you have not created any objects yet or the existing objects were already deleted outside of {name}."
        )
    } else {
        format!(
            "{name} has compared your real infrastructure against your configuration and found no differences, so no changes are needed."
        )
    };
    let (verdict, what) = headline(document).split_once(". ").unwrap_or_default();
    let verdict = paint.bold(&paint.green(&format!("{verdict}.")));
    format!(
        "{verdict} {}\n\n{}\n",
        paint.bold(what),
        wrap(&why, options.width)
    )
}

/// Returns the first line of a plan without changes.
pub(super) fn headline(document: &PlanDocument) -> &'static str {
    match (document.errored, document.vaultform.destroys) {
        (true, _) => "Planning failed.",
        (false, true) => "No changes. No objects need to be destroyed.",
        (false, false) => "No changes. Your infrastructure matches the configuration.",
    }
}
