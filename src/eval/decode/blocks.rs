//! Nested blocks, and `dynamic` blocks that make them.

use super::{Decoder, Given, Level, Place};
use crate::catalog::{Attribute, Nesting};
use crate::eval::schema::{nested, object_of};
use crate::eval::{Reference, Scope, World, evaluate};
use crate::source::{Diagnostic, Outcome, Span};
use crate::syntax::{Block, Body, Name, Node};
use crate::value::{Marks, Shape, Type, Value, Waits, type_name};
use std::sync::Arc;

/// The blocks of one kind as they are found.
#[derive(Default)]
struct Found {
    values: Vec<Value>,
    /// How many there are is not known yet.
    unknown: Option<Waits>,
    /// Where each is written, to tell of one too many.
    headers: Vec<Span>,
    /// Something is wrong with a `dynamic` block, so their number means nothing.
    failed: bool,
    marks: Marks,
}

impl Decoder {
    /// Decodes all blocks of a kind; `None` when there are none.
    pub(super) fn blocks(
        &mut self,
        body: &Body,
        schema: &'static Attribute,
        (nesting, inner): (Nesting, &'static [Attribute]),
        level: &Level<'_>,
        scope: &dyn Scope,
    ) -> Option<Value> {
        let prefix = format!("{}{}.", level.prefix, schema.name);
        let below = Level {
            attributes: inner.iter().collect(),
            what: schema.name,
            prefix: &prefix,
        };
        let mut found = Found::default();
        for block in &body.blocks {
            if &*block.kind.text == schema.name {
                self.block(&block.body, block.header, &below, scope, &mut found);
                self.no_labels(block);
            } else if is_dynamic(block, schema.name) {
                self.dynamic(block, &below, scope, &mut found);
            }
        }
        let first = *found.headers.first()?;
        let place = Place {
            name: prefix.trim_end_matches('.').to_owned(),
            span: first,
        };
        self.note(&place);
        let counted = !found.failed && nesting == Nesting::One;
        if let (true, [_, second, ..]) = (counted, found.headers.as_slice()) {
            self.told.push(too_many(schema, first, *second));
        }
        if found.values.is_empty() && found.unknown.is_none() {
            return None;
        }
        let value = found.value(nesting, inner);
        self.given.insert(
            place.name.clone(),
            Given {
                span: first,
                unknown: value.is_unknown(),
            },
        );
        self.look(schema, &value, &place);
        Some(value)
    }

    fn no_labels(&mut self, block: &Block) {
        if let Some(label) = block.labels.first() {
            self.told.push(labelled(label));
        }
    }

    fn block(
        &mut self,
        body: &Body,
        header: Span,
        level: &Level<'_>,
        scope: &dyn Scope,
        found: &mut Found,
    ) {
        let fields = self.fields(body, Some(header), level, scope);
        found.values.push(Value::object(fields));
        found.headers.push(header);
    }

    fn dynamic(&mut self, block: &Block, level: &Level<'_>, scope: &dyn Scope, found: &mut Found) {
        let Some(parts) = self.parts(block) else {
            // Told already; what the block would make is not known.
            found.headers.push(block.header);
            found.unknown = Some(Waits::default());
            found.failed = true;
            return;
        };
        let collection = match evaluate(&parts.for_each.value, scope) {
            Ok(value) => value,
            Err(errors) => {
                self.told.extend(errors);
                Value::unknown(Type::Dynamic, Waits::default())
            }
        };
        found.marks = found.marks.union(collection.marks);
        let Some(pairs) = pairs(&collection) else {
            if !collection.is_unknown() {
                let span = parts.for_each.value.span;
                self.told.push(not_a_collection(&collection, span));
                found.failed = true;
            }
            found.headers.push(block.header);
            found.unknown = Some(Arc::new(collection.waits_for()));
            self.once_unknown(&parts, level, scope);
            return;
        };
        for (key, value) in pairs {
            let inside = parts.iteration(scope, key, value);
            self.block(
                &parts.content.body,
                parts.content.header,
                level,
                &inside,
                found,
            );
        }
    }

    /// Decodes the content for its errors alone, while nothing is known of what it is repeated for.
    fn once_unknown(&mut self, parts: &Parts<'_>, level: &Level<'_>, scope: &dyn Scope) {
        let unknown = || Value::unknown(Type::Dynamic, Waits::default());
        let inside = parts.iteration(scope, unknown(), unknown());
        let content = parts.content;
        self.fields(&content.body, Some(content.header), level, &inside);
    }

    /// Reads what a `dynamic` block is made of; tells what it lacks.
    fn parts<'a>(&mut self, block: &'a Block) -> Option<Parts<'a>> {
        let body = &block.body;
        for given in &body.attributes {
            if !matches!(&*given.name.text, "for_each" | "iterator" | "labels") {
                let message = format!("a `dynamic` block has no argument `{}`", given.name.text);
                self.told.push(
                    Diagnostic::error("unknown-argument", message)
                        .at(given.name.span, "not expected here")
                        .hint("arguments of the blocks that it makes stand in its `content` block"),
                );
            }
        }
        if let Some(labels) = body.attribute("labels") {
            self.told.push(labelled(&labels.name));
        }
        let mut lacks = |what: &str, hint: &str| {
            if !body.incomplete {
                let message = format!("a `dynamic` block needs {what}");
                let error = Diagnostic::error("missing-argument", message).at(block.header, "here");
                self.told.push(error.hint(hint.to_owned()));
            }
        };
        let content = body.blocks_of("content").next();
        let for_each = body.attribute("for_each");
        if content.is_none() {
            lacks("a `content` block", "add `content { … }`");
        }
        if for_each.is_none() {
            lacks("the argument `for_each`", "add `for_each = …`");
        }
        let label = block.labels.first()?;
        let iterator = match body.attribute("iterator").map(|given| &given.value.node) {
            Some(Node::Variable(name)) => name,
            _ => label,
        };
        Some(Parts {
            for_each: for_each?,
            content: content?,
            iterator: iterator.text.clone(),
        })
    }
}

fn is_dynamic(block: &Block, name: &str) -> bool {
    &*block.kind.text == "dynamic"
        && block
            .labels
            .first()
            .is_some_and(|label| &*label.text == name)
}

impl Found {
    fn value(self, nesting: Nesting, inner: &'static [Attribute]) -> Value {
        let object = object_of(inner);
        let value = match (self.unknown, nesting) {
            (Some(waits), _) => {
                let mut all = (*waits).clone();
                all.extend(self.values.iter().flat_map(Value::waits_for));
                Value::unknown(nested(nesting, object), Arc::new(all))
            }
            (None, Nesting::One | Nesting::List | Nesting::Objects(_)) => {
                Value::list(object, self.values)
            }
            (None, _) => Value::set(object, self.values),
        };
        value.marked(self.marks)
    }
}

/// What a `dynamic` block is made of.
struct Parts<'a> {
    for_each: &'a crate::syntax::Attribute,
    content: &'a Block,
    /// The name by which the content refers to the element.
    iterator: Arc<str>,
}

impl Parts<'_> {
    fn iteration<'a>(&self, outer: &'a dyn Scope, key: Value, value: Value) -> Iteration<'a> {
        let pair = [(Arc::from("key"), key), (Arc::from("value"), value)];
        Iteration {
            outer,
            name: self.iterator.clone(),
            pair: Value::object(pair.into()),
        }
    }
}

/// A scope in which the iterator of a `dynamic` block has a value.
struct Iteration<'a> {
    outer: &'a dyn Scope,
    name: Arc<str>,
    pair: Value,
}

impl Scope for Iteration<'_> {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        self.outer.resolve(reference)
    }

    fn bound(&self, name: &str) -> Option<Value> {
        if *name == *self.name {
            return Some(self.pair.clone());
        }
        self.outer.bound(name)
    }

    fn bound_names(&self) -> Vec<Arc<str>> {
        let mut names = self.outer.bound_names();
        names.push(self.name.clone());
        names
    }

    fn world(&self) -> World<'_> {
        self.outer.world()
    }
}

/// Returns keys and values of a collection; `None` when it is none, or not known.
fn pairs(collection: &Value) -> Option<Vec<(Value, Value)>> {
    let pairs = match &collection.shape {
        Shape::List(_, items) | Shape::Tuple(items) => (0_i64..)
            .map(Value::from)
            .zip(items.iter().cloned())
            .collect(),
        Shape::Set(_, items) => items
            .iter()
            .map(|item| (item.clone(), item.clone()))
            .collect(),
        Shape::Map(_, fields) | Shape::Object(fields) => fields
            .iter()
            .map(|(key, value)| (Value::from(&**key), value.clone()))
            .collect(),
        _ => return None,
    };
    Some(pairs)
}

fn not_a_collection(value: &Value, span: Span) -> Diagnostic {
    let found = if value.is_null() {
        "null".to_owned()
    } else {
        format!("a value of type `{}`", type_name(&value.ty()))
    };
    Diagnostic::error(
        "wrong-type",
        "`for_each` of a `dynamic` block takes a list, set or map",
    )
    .at(span, format!("this is {found}"))
}

fn labelled(label: &Name) -> Diagnostic {
    Diagnostic::error("wrong-labels", "this block has no labels")
        .at(label.span, "not expected here")
        .hint("remove it")
}

fn too_many(schema: &Attribute, first: Span, second: Span) -> Diagnostic {
    let message = format!("the block `{}` stands once at most", schema.name);
    let error = Diagnostic::error("too-many-blocks", message);
    if first == second {
        return error.at(first, "this makes several");
    }
    error
        .at(second, "again here")
        .at(first, "first here")
        .hint("put both into one block")
}
