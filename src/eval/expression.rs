//! Evaluation of expressions: literals, references, tuples and objects. Operators and the like have files of their own.

use super::access::{attribute_of, index_of};
use super::blame::error_at;
use super::context::Context;
use super::reference::{Chain, chain, reference};
use super::scope::{Reference, Scope};
use super::{call, conditional, iteration, opaque, operators, template};
use crate::source::{Diagnostic, Outcome, nearest};
use crate::syntax::{Expression, Name, Node, ObjectItem, Part};
use crate::value::{Marks, Type, Value, convert};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Evaluates an expression.
///
/// # Errors
/// Tells every error in it, each at its operand, with the values of the variables there.
pub fn evaluate(expression: &Expression, scope: &dyn Scope) -> Outcome<Value> {
    value_of(expression, Context::new(scope))
}

/// Evaluates a template, such as a file that `templatefile` reads: one interpolation alone keeps its type.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_template(parts: &[Part], scope: &dyn Scope) -> Outcome<Value> {
    let context = Context::new(scope);
    match parts {
        [Part::Interpolation(inner)] => value_of(inner, context),
        _ => template::text_of(parts, context),
    }
}

pub(super) fn value_of(expression: &Expression, context: Context<'_>) -> Outcome<Value> {
    match &expression.node {
        Node::Null => Ok(Value::null(Type::Dynamic)),
        Node::Bool(value) => Ok(Value::from(*value)),
        Node::Number(number) => Ok(Value::from(number.clone())),
        Node::Template(parts) => template::text_of(parts, context),
        Node::Wrapped(inner) | Node::Parenthesis(inner) => value_of(inner, context),
        Node::Tuple(items) => Ok(Value::tuple(all_of(items, context)?)),
        Node::Object(items) => object(items, context),
        Node::Variable(_) | Node::Attribute(..) | Node::Index(..) => steps(expression, context),
        Node::Splat { base, each, .. } => iteration::splat(base, each, context),
        Node::SplatItem => match context.splat_item() {
            Some(item) => Ok(item.clone()),
            None => Err(vec![error_at(
                expression,
                context,
                "this splat is not within an expression",
            )]),
        },
        Node::Call { .. } => call::call(expression, context),
        Node::Unary(operator, inner) => operators::unary(*operator, inner, context),
        Node::Binary(..) => operators::binary(expression, context),
        Node::Conditional(condition, then, otherwise) => {
            conditional::conditional(condition, then, otherwise, context)
        }
        Node::For(inner) => iteration::for_expression(inner, context),
    }
}

/// Evaluates all expressions, and gathers all errors.
pub(super) fn all_of(items: &[Expression], context: Context<'_>) -> Outcome<Vec<Value>> {
    gather(items.iter().map(|item| value_of(item, context)))
}

/// Gathers values, or all errors: one that several rounds of a `for` tell of one place counts once.
pub(super) fn gather<T>(outcomes: impl Iterator<Item = Outcome<T>>) -> Outcome<Vec<T>> {
    let mut errors: Vec<Diagnostic> = Vec::new();
    let mut values = Vec::new();
    // A failure that was told elsewhere has no errors.
    let mut failed = false;
    for outcome in outcomes {
        match outcome {
            Ok(value) => values.push(value),
            Err(told) => {
                failed = true;
                for one in told {
                    let same = |known: &Diagnostic| {
                        (&known.message, &known.labels) == (&one.message, &one.labels)
                    };
                    if !errors.iter().any(same) {
                        errors.push(one);
                    }
                }
            }
        }
    }
    if failed { Err(errors) } else { Ok(values) }
}

/// Evaluates two things, and gathers the errors of both.
pub(super) fn both<A, B>(left: Outcome<A>, right: Outcome<B>) -> Outcome<(A, B)> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(mut left), Err(right)) => {
            left.extend(right);
            Err(left)
        }
        (Err(errors), _) | (_, Err(errors)) => Err(errors),
    }
}

/// Evaluates a reference or another operand, and the attributes and indexes after it.
fn steps(expression: &Expression, context: Context<'_>) -> Outcome<Value> {
    let Chain { root, steps } = chain(expression);
    let (mut value, used) = match &root.node {
        Node::Variable(name) => named(name, &steps, context)?,
        _ => (value_of(root, context)?, 0),
    };
    for step in steps.into_iter().skip(used) {
        value = match &step.node {
            Node::Attribute(base, name) => attribute_of(&value, name, base, context)?,
            Node::Index(_, key) => {
                let key_value = value_of(key, context)?;
                index_of(&value, &key_value, step, context)?
            }
            _ => value,
        };
    }
    Ok(value)
}

/// Returns the value of a name, and how many of the steps after it belong to the name.
fn named(name: &Name, steps: &[&Expression], context: Context<'_>) -> Outcome<(Value, usize)> {
    if let Some(value) = context.bound(&name.text) {
        return Ok((value, 0));
    }
    match reference(name, steps) {
        Ok((reference, used)) => match element(&reference, steps.get(used), context) {
            Some(value) => Ok((value, used + 1)),
            None => Ok((context.scope.resolve(&reference)?, used)),
        },
        Err(told) => {
            let names = context.names();
            let near = nearest(&name.text, names.iter().map(|bound| &**bound));
            Err(vec![match near {
                Some(near) => told.hint(format!("did you mean `{near}`?")),
                None => *told,
            }])
        }
    }
}

/// Returns the element that the step after a reference takes: thousands of instances are not copied for one of them.
fn element(
    reference: &Reference,
    step: Option<&&Expression>,
    context: Context<'_>,
) -> Option<Value> {
    let Node::Index(_, key) = &step?.node else {
        return None;
    };
    let key = value_of(key, context).ok()?;
    let plain = key.is_readable() && !key.is_null() && !key.marks.any();
    plain.then(|| context.scope.element(reference, &key))?
}

fn object(items: &[ObjectItem], context: Context<'_>) -> Outcome<Value> {
    let items = gather(
        items
            .iter()
            .map(|item| both(key_of(item, context), value_of(&item.value, context))),
    )?;
    let marks = items
        .iter()
        .fold(Marks::NONE, |all, (key, _)| all.union(key.marks));
    if let Some((key, _)) = items.iter().find(|(key, _)| !key.is_readable()) {
        let mut operands = vec![key];
        operands.extend(items.iter().flat_map(|(key, value)| [key, value]));
        return Ok(opaque::opaque("{}", Type::Dynamic, &operands).marked(marks));
    }
    let fields: BTreeMap<Arc<str>, Value> = items
        .into_iter()
        .filter_map(|(key, value)| Some((key.as_text()?.into(), value)))
        .collect();
    Ok(Value::object(fields).marked(marks))
}

fn key_of(item: &ObjectItem, context: Context<'_>) -> Outcome<Value> {
    let key = &item.key;
    if let Node::Attribute(..) | Node::Index(..) = &key.node
        && let Node::Variable(_) = &chain(key).root.node
    {
        let told = Diagnostic::error("ambiguous-key", "it is not clear what this key means");
        let told = told
            .at(key.span, "a reference, or a name with points?")
            .hint("put a reference in parentheses, and a name with points in quotation marks");
        return Err(vec![told]);
    }
    let value = value_of(key, context)?;
    if value.is_null() {
        return Err(vec![error_at(
            key,
            context,
            "the key of an object must not be null",
        )]);
    }
    convert(&value, &Type::String).map_err(|why| {
        vec![error_at(
            key,
            context,
            format!("this cannot be the key of an object: {why}"),
        )]
    })
}
