//! `variable`, `output` and `locals` blocks, and the conditions that several blocks hold.

use super::constant::{bool_argument, constant, text_argument};
use super::constraint::{Constraint, constraint};
use super::declared::{Condition, DeclaredLocal, DeclaredOutput, DeclaredVariable};
use super::layout::{Layout, labels, valid_name};
use super::list::depends_on;
use super::reference::{Target, references};
use crate::source::Diagnostic;
use crate::syntax::{Attribute, Block, Body, Expression, Name};
use crate::value::{Defaults, Marks, Type, Value, convert};
use std::sync::Arc;

const VARIABLE: Layout = Layout {
    what: "a `variable` block",
    required: &[],
    optional: &[
        "type",
        "default",
        "description",
        "sensitive",
        "ephemeral",
        "nullable",
        "deprecated",
        "const",
    ],
    blocks: &["validation"],
};

const OUTPUT: Layout = Layout {
    what: "an `output` block",
    required: &["value"],
    optional: &[
        "description",
        "sensitive",
        "ephemeral",
        "deprecated",
        "depends_on",
    ],
    blocks: &["precondition"],
};

const CONDITION: Layout = Layout {
    what: "a condition",
    required: &["condition", "error_message"],
    optional: &[],
    blocks: &[],
};

/// Names that mean something in a `module` block.
const RESERVED: [&str; 8] = [
    "source",
    "version",
    "providers",
    "count",
    "for_each",
    "lifecycle",
    "depends_on",
    "locals",
];

/// Reads a `variable` block.
pub(super) fn variable(block: &Block, told: &mut Vec<Diagnostic>) -> Option<DeclaredVariable> {
    let [name] = labels(block, ["NAME"], told)?;
    if RESERVED.contains(&&*name.text) {
        told.push(
            Diagnostic::error(
                "reserved-name",
                format!("a variable cannot be named `{}`", name.text),
            )
            .at(name.span, "this name means something in a `module` block")
            .hint("choose another name"),
        );
    }
    let body = &block.body;
    VARIABLE.check(body, block.header, told);
    let declared = body.attribute("type");
    let found = match declared {
        Some(attribute) => constraint(&attribute.value, told),
        None => None,
    };
    let typed = found.is_some();
    let Constraint { ty, defaults } = found.unwrap_or(Constraint {
        ty: Type::Dynamic,
        defaults: Defaults::none(Type::Dynamic),
    });
    let nullable = bool_argument(body, "nullable", told).unwrap_or(true);
    let default = body
        .attribute("default")
        .map(|attribute| default_of(attribute, &ty, &defaults, nullable, told));
    let sensitive = bool_argument(body, "sensitive", told).unwrap_or(false);
    let default = match sensitive {
        true => default.map(|value| value.marked(Marks::SENSITIVE)),
        false => default,
    };
    Some(DeclaredVariable {
        name: name.clone(),
        default,
        defaults: (!defaults.is_empty()).then_some(defaults),
        ty,
        typed,
        description: text_argument(body, "description", told),
        sensitive,
        ephemeral: bool_argument(body, "ephemeral", told).unwrap_or(false),
        nullable,
        deprecated: text_argument(body, "deprecated", told),
        validations: validations(body, name, told),
        span: block.header,
    })
}

/// Returns the default of a variable; null where it is wrong, so that nothing else is told about it.
fn default_of(
    attribute: &Attribute,
    ty: &Type,
    defaults: &Defaults,
    nullable: bool,
    told: &mut Vec<Diagnostic>,
) -> Value {
    let error = |message: String| {
        Diagnostic::error("invalid-default", message).at(attribute.value.span, "this default")
    };
    let value = match constant(&attribute.value) {
        Ok(value) => value,
        Err(wrong) => {
            told.push(*wrong);
            return Value::null(ty.clone());
        }
    };
    if value.is_null() && !nullable {
        let wrong = error("the default is null, which `nullable = false` forbids".to_owned());
        told.push(wrong.hint("remove one of the two"));
    }
    convert(&defaults.apply(&value), ty).unwrap_or_else(|words| {
        let wrong = error(format!(
            "the default does not fit the variable's type: {words}"
        ));
        told.push(wrong.hint(format!("the type is `{ty}`")));
        Value::null(ty.clone())
    })
}

fn validations(body: &Body, name: &Name, told: &mut Vec<Diagnostic>) -> Vec<Condition> {
    let conditions = conditions(body, "validation", told);
    for validation in &conditions {
        let found = references(&validation.condition);
        let itself = found.iter().any(
            |reference| matches!(&reference.target, Target::Variable(used) if used.text == name.text),
        );
        if !itself {
            told.push(
                Diagnostic::error(
                    "invalid-validation",
                    format!("the condition does not refer to `var.{}`", name.text),
                )
                .at(
                    validation.condition.span,
                    "this says nothing about the variable",
                )
                .hint(format!("test `var.{}` in it", name.text)),
            );
        }
    }
    conditions
}

/// Reads all conditions of a kind: `validation`, `precondition`, `postcondition`, `assert`.
pub(super) fn conditions(body: &Body, kind: &str, told: &mut Vec<Diagnostic>) -> Vec<Condition> {
    body.blocks_of(kind)
        .filter_map(|block| {
            labels(block, [], told)?;
            CONDITION.check(&block.body, block.header, told);
            Some(Condition {
                condition: value(&block.body, "condition")?,
                error_message: value(&block.body, "error_message")?,
                span: block.header,
            })
        })
        .collect()
}

/// Returns the expression of an argument.
pub(super) fn value(body: &Body, name: &str) -> Option<Arc<Expression>> {
    body.attribute(name)
        .map(|attribute| attribute.value.clone())
}

/// Reads an `output` block.
pub(super) fn output(block: &Block, told: &mut Vec<Diagnostic>) -> Option<DeclaredOutput> {
    let [name] = labels(block, ["NAME"], told)?;
    let body = &block.body;
    OUTPUT.check(body, block.header, told);
    Some(DeclaredOutput {
        name: name.clone(),
        description: text_argument(body, "description", told),
        sensitive: bool_argument(body, "sensitive", told).unwrap_or(false),
        ephemeral: bool_argument(body, "ephemeral", told).unwrap_or(false),
        deprecated: text_argument(body, "deprecated", told),
        depends_on: depends_on(body, told),
        preconditions: conditions(body, "precondition", told),
        span: block.header,
        value: value(body, "value")?,
    })
}

/// Reads a `locals` block.
pub(super) fn locals(block: &Block, told: &mut Vec<Diagnostic>) -> Vec<DeclaredLocal> {
    if labels(block, [], told).is_none() {
        return Vec::new();
    }
    for inner in &block.body.blocks {
        told.push(no_block(inner));
    }
    let attributes = block.body.attributes.iter();
    attributes
        .filter(|attribute| valid_name(&attribute.name, told))
        .map(|attribute| DeclaredLocal {
            name: attribute.name.clone(),
            value: attribute.value.clone(),
            span: attribute.span,
        })
        .collect()
}

fn no_block(inner: &Block) -> Diagnostic {
    let name = &inner.kind.text;
    Diagnostic::error("unknown-block", "a `locals` block holds no blocks")
        .at(inner.header, "not expected here")
        .hint(format!("for an object write `{name} = {{ … }}`"))
}
