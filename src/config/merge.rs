//! Override files: what they replace in the blocks of the other files.

use super::layout::suggest;
use crate::source::Diagnostic;
use crate::syntax::{Block, Body};

/// Merges a body of an override file into the body of the directory's other files.
pub(super) fn override_with(base: &mut Body, over: Body, told: &mut Vec<Diagnostic>) {
    base.attributes.extend(over.attributes);
    for block in over.blocks {
        match &*block.kind.text {
            "locals" => override_locals(base, block, told),
            "terraform" => override_settings(base, block),
            "moved" | "import" | "removed" | "check" => told.push(not_here(&block)),
            "variable" | "output" | "resource" | "data" | "ephemeral" | "module" | "provider" => {
                override_block(base, block, told);
            }
            // Told with the other unknown blocks.
            _ => base.blocks.push(block),
        }
    }
}

fn not_here(block: &Block) -> Diagnostic {
    let message = format!(
        "a `{}` block cannot stand in an override file",
        block.kind.text
    );
    Diagnostic::error("invalid-override", message)
        .at(block.header, "here")
        .hint("move it to another file")
}

fn same_block(left: &Block, right: &Block) -> bool {
    let labels = |block: &Block| -> Vec<String> {
        block
            .labels
            .iter()
            .map(|label| label.text.to_string())
            .collect()
    };
    left.kind.text == right.kind.text
        && labels(left) == labels(right)
        && (&*left.kind.text != "provider" || alias_of(left) == alias_of(right))
}

fn alias_of(block: &Block) -> Option<String> {
    let alias = block.body.attribute("alias")?;
    super::constant::quoted(&alias.value).map(|name| name.text.to_string())
}

fn override_block(base: &mut Body, over: Block, told: &mut Vec<Diagnostic>) {
    if let Some(depends) = over.body.attribute("depends_on") {
        told.push(
            Diagnostic::error("invalid-override", "`depends_on` cannot be overridden")
                .at(depends.name.span, "here"),
        );
    }
    match base
        .blocks
        .iter_mut()
        .find(|block| same_block(block, &over))
    {
        Some(block) => merge_body(&mut block.body, over.body),
        // A provider block that nobody wrote counts as an empty one.
        None if &*over.kind.text == "provider" && alias_of(&over).is_none() => {
            base.blocks.push(over);
        }
        None => told.push(nothing_to_override(&over)),
    }
}

fn nothing_to_override(block: &Block) -> Diagnostic {
    let message = format!("there is no such `{}` block to override", block.kind.text);
    Diagnostic::error("invalid-override", message)
        .at(block.header, "declared only here")
        .hint("an override file changes blocks of other files; move a new block to another file")
}

/// Arguments replace; nested blocks replace all of their kind; `lifecycle` merges argument by argument.
fn merge_body(base: &mut Body, over: Body) {
    for attribute in over.attributes {
        match &*attribute.name.text {
            "count" => base.attributes.retain(|old| &*old.name.text != "for_each"),
            "for_each" => base.attributes.retain(|old| &*old.name.text != "count"),
            _ => {}
        }
        replace_attribute(base, attribute);
    }
    let kinds: Vec<String> = over.blocks.iter().map(shown_kind).collect();
    base.blocks
        .retain(|block| &*block.kind.text == "lifecycle" || !kinds.contains(&shown_kind(block)));
    for block in over.blocks {
        let lifecycle = |old: &&mut Block| &*old.kind.text == "lifecycle";
        match base.blocks.iter_mut().find(lifecycle) {
            Some(old) if &*block.kind.text == "lifecycle" => merge_body(&mut old.body, block.body),
            _ => base.blocks.push(block),
        }
    }
}

fn replace_attribute(base: &mut Body, attribute: crate::syntax::Attribute) {
    base.attributes
        .retain(|old| old.name.text != attribute.name.text);
    base.attributes.push(attribute);
}

/// The kind of blocks that a block makes: that of its label where it is `dynamic`.
fn shown_kind(block: &Block) -> String {
    match block.labels.first() {
        Some(label) if &*block.kind.text == "dynamic" => label.text.to_string(),
        _ => block.kind.text.to_string(),
    }
}

fn override_locals(base: &mut Body, over: Block, told: &mut Vec<Diagnostic>) {
    for attribute in over.body.attributes {
        let name = attribute.name.clone();
        let mut blocks = base.blocks.iter_mut();
        let holder = blocks.find(|block| {
            &*block.kind.text == "locals" && block.body.attribute(&name.text).is_some()
        });
        if let Some(block) = holder {
            replace_attribute(&mut block.body, attribute);
            continue;
        }
        let message = format!("there is no local value `{}` to override", name.text);
        let error = Diagnostic::error("invalid-override", message).at(name.span, "set only here");
        let names = base
            .blocks_of("locals")
            .flat_map(|block| &block.body.attributes);
        told.push(suggest(
            error,
            &name.text,
            names.map(|known| &*known.name.text),
        ));
    }
}

/// Backends replace each other; `required_providers` are replaced one by one; arguments are added.
fn override_settings(base: &mut Body, over: Block) {
    let is_state = |block: &Block| matches!(&*block.kind.text, "backend" | "cloud");
    if over.body.blocks.iter().any(is_state) {
        for block in terraform_blocks(base) {
            block.body.blocks.retain(|inner| !is_state(inner));
        }
    }
    for providers in over.body.blocks_of("required_providers") {
        for provider in &providers.body.attributes {
            for block in terraform_blocks(base) {
                for old in &mut block.body.blocks {
                    old.body
                        .attributes
                        .retain(|known| known.name.text != provider.name.text);
                }
            }
        }
    }
    if !over.body.attributes.is_empty() {
        for block in terraform_blocks(base) {
            let replaced = |name: &str| over.body.attribute(name).is_some();
            block
                .body
                .attributes
                .retain(|old| !replaced(&old.name.text));
        }
    }
    base.blocks.push(over);
}

fn terraform_blocks(base: &mut Body) -> impl Iterator<Item = &mut Block> {
    base.blocks
        .iter_mut()
        .filter(|block| &*block.kind.text == "terraform")
}
