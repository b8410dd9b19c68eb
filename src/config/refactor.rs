//! `moved`, `import` and `removed` blocks.

use super::constant::bool_argument;
use super::declared::{DeclaredImport, DeclaredMoved, DeclaredRemoved};
use super::layout::{Layout, labels, single};
use super::list;
use super::place::{Place, place};
use super::variable::value;
use crate::source::{Diagnostic, Span};
use crate::syntax::{Attribute, Block, Expression};
use crate::value::{InstanceKey, Mode};
use std::sync::Arc;

const MOVED: Layout = Layout {
    what: "a `moved` block",
    required: &["from", "to"],
    optional: &[],
    blocks: &[],
};

const IMPORT: Layout = Layout {
    what: "an `import` block",
    required: &["to"],
    optional: &["id", "identity", "for_each", "provider"],
    blocks: &[],
};

const REMOVED: Layout = Layout {
    what: "a `removed` block",
    required: &["from"],
    optional: &[],
    blocks: &["lifecycle", "provisioner", "connection"],
};

const REMOVED_LIFECYCLE: Layout = Layout {
    what: "a `lifecycle` block of `removed`",
    required: &["destroy"],
    optional: &[],
    blocks: &[],
};

/// Reads a place whose instance keys are all written out.
fn written_place(attribute: &Attribute, told: &mut Vec<Diagnostic>) -> Option<Place> {
    place(&attribute.value, &mut |_| None)
        .map_err(|error| told.push(*error))
        .ok()
}

/// Reads a `moved` block.
pub(super) fn moved(block: &Block, told: &mut Vec<Diagnostic>) -> Option<DeclaredMoved> {
    labels(block, [], told)?;
    MOVED.check(&block.body, block.header, told);
    let from = written_place(block.body.attribute("from")?, told);
    let to = written_place(block.body.attribute("to")?, told);
    let (from, to) = (from?, to?);
    let error = |message: &str, label: &str| {
        Diagnostic::error("invalid-move", message)
            .at(block.header, label)
            .at(from.span, "from here")
            .at(to.span, "to here")
    };
    if from.module == to.module && from.resource == to.resource {
        told.push(
            error("this moves an object to where it is", "nothing to do")
                .hint("remove the block, or correct one of its two addresses"),
        );
        return None;
    }
    if from.resource.is_some() != to.resource.is_some() {
        told.push(error(
            "a resource cannot become a module, nor a module a resource",
            "this block mixes them",
        ));
        return None;
    }
    let unmovable = [&from, &to]
        .into_iter()
        .filter_map(|place| place.resource.as_ref())
        .any(|resource| resource.mode != Mode::Managed);
    if unmovable {
        told.push(error(
            "only managed resources can be moved",
            "this names a data source or ephemeral resource",
        ));
        return None;
    }
    Some(DeclaredMoved {
        from,
        to,
        span: block.header,
    })
}

/// Reads an `import` block; it may stand in the root module only.
pub(super) fn import(
    block: &Block,
    root: bool,
    told: &mut Vec<Diagnostic>,
) -> Option<DeclaredImport> {
    labels(block, [], told)?;
    let body = &block.body;
    IMPORT.check(body, block.header, told);
    if !root {
        told.push(
            Diagnostic::error(
                "invalid-import",
                "an `import` block stands in the root module only",
            )
            .at(block.header, "this is a called module")
            .hint("move it there, with `to = module.NAME.TYPE.NAME`"),
        );
        return None;
    }
    let to = body.attribute("to")?;
    let named = |expression: &Expression| place(expression, &mut |_| Some(InstanceKey::None));
    match named(&to.value) {
        Err(error) => {
            told.push(*error);
            return None;
        }
        Ok(found) if found.resource.as_ref().map(|one| one.mode) != Some(Mode::Managed) => {
            told.push(not_importable(to.value.span));
            return None;
        }
        Ok(_) => {}
    }
    if body.attribute("id").is_none() && body.attribute("identity").is_none() && !body.incomplete {
        told.push(
            Diagnostic::error(
                "missing-argument",
                "an `import` block needs the argument `id`",
            )
            .at(block.header, "here")
            .hint("add `id = \"…\"`: the path or id of the object on the server"),
        );
    }
    Some(DeclaredImport {
        to: Arc::clone(&to.value),
        id: value(body, "id"),
        identity: value(body, "identity"),
        for_each: value(body, "for_each"),
        provider: body
            .attribute("provider")
            .and_then(|attribute| list::provider(&attribute.value, told)),
        span: block.header,
    })
}

fn not_importable(span: Span) -> Diagnostic {
    Diagnostic::error("invalid-import", "only managed resources can be imported")
        .at(span, "this is none")
        .hint("write the address of a `resource` block: `vault_mount.kv`")
}

/// Reads a `removed` block.
pub(super) fn removed(block: &Block, told: &mut Vec<Diagnostic>) -> Option<DeclaredRemoved> {
    labels(block, [], told)?;
    REMOVED.check(&block.body, block.header, told);
    let lifecycle = single(&block.body, "lifecycle", told);
    let destroy = match lifecycle {
        Some(inner) => {
            REMOVED_LIFECYCLE.check(&inner.body, inner.header, told);
            bool_argument(&inner.body, "destroy", told).unwrap_or(true)
        }
        None => {
            told.push(
                Diagnostic::warning("removed-destroys", "this destroys what it names")
                    .at(block.header, "it has no `lifecycle` block")
                    .hint("to keep the object on the server add `lifecycle { destroy = false }`"),
            );
            true
        }
    };
    let from = written_place(block.body.attribute("from")?, told)?;
    let keyed = |key: &InstanceKey| *key != InstanceKey::None;
    let resource_keyed = from.resource.as_ref().is_some_and(|one| keyed(&one.key));
    if resource_keyed || from.module.0.iter().any(|step| keyed(&step.key)) {
        told.push(
            Diagnostic::error(
                "invalid-removed",
                "a `removed` block names no single instances",
            )
            .at(from.span, "this has an instance key")
            .hint("leave the key out: all instances are meant"),
        );
        return None;
    }
    Some(DeclaredRemoved {
        from,
        destroy,
        span: block.header,
    })
}
