//! From the body of a block, with the schema of its type and a scope, to the object that it describes.

mod blocks;
mod checks;
mod rules;

use super::schema::{accepted, type_of};
use super::{Reference, Scope, Subject, World, evaluate, values_in};
use crate::catalog::registry::shared_name;
use crate::catalog::{Attribute, Kind, PROVIDER, Presence, ResourceType};
use crate::source::{Diagnostic, Outcome, Span, nearest};
use crate::syntax::{self, Body};
use crate::value::{Marks, Mode, Shape, Type, Value, convert, type_name};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a body says.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// An object of all attributes of the schema: null where left out, blocks as lists or sets of objects.
    pub attributes: Value,
    /// Where each attribute and block is set; those of nested blocks under `block.attribute`.
    pub spans: BTreeMap<Arc<str>, Span>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Evaluates a body against the schema of its type. Meta-arguments must be gone from it already; its span is where what it
/// lacks is told. Where something is wrong
/// the value is unknown and the diagnostics tell why; with a scope that answers unknown everywhere this is the check
/// of a configuration without values.
#[must_use]
pub fn decode_body(body: &Body, kind: &ResourceType, scope: &dyn Scope) -> Decoded {
    let mut decoder = Decoder {
        ephemeral: kind.mode == Mode::Ephemeral,
        spans: BTreeMap::new(),
        given: BTreeMap::new(),
        told: Vec::new(),
    };
    let level = Level {
        attributes: kind.all().collect(),
        what: kind.name,
        prefix: "",
    };
    let header = body.span;
    let fields = decoder.fields(body, header, &level, scope);
    if !body.incomplete {
        rules::check(kind.rules, &decoder.given, header, &mut decoder.told);
    }
    Decoded {
        attributes: Value::object(fields),
        spans: decoder.spans,
        diagnostics: decoder.told,
    }
}

/// Evaluates the body of a `provider` block of Vault or OpenBao, as [`decode_body`] does.
#[must_use]
pub fn decode_provider(body: &Body, scope: &dyn Scope) -> Decoded {
    decode_body(body, &PROVIDER, scope)
}

/// The attributes at one level of nesting.
struct Level<'a> {
    attributes: Vec<&'static Attribute>,
    /// The type or block whose they are.
    what: &'a str,
    /// The names of the blocks around, each with a dot after it.
    prefix: &'a str,
}

impl Level<'_> {
    fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        let mut all = self.attributes.iter().copied();
        all.find(|attribute| attribute.name == name)
    }

    /// Adds "did you mean" of what may be set at this level.
    fn suggest(&self, error: Diagnostic, name: &str) -> Diagnostic {
        let settable = self
            .attributes
            .iter()
            .filter(|attribute| attribute.presence != Presence::Computed)
            .map(|attribute| attribute.name);
        match nearest(name, settable) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }
}

/// What is known of a thing that is set, for the rules.
#[derive(Clone, Copy)]
struct Given {
    span: Span,
    unknown: bool,
}

struct Decoder {
    /// Whether values that exist only during this run may stand anywhere.
    ephemeral: bool,
    spans: BTreeMap<Arc<str>, Span>,
    /// What is set to something else than null, by path.
    given: BTreeMap<String, Given>,
    told: Vec<Diagnostic>,
}

impl Decoder {
    fn fields(
        &mut self,
        body: &Body,
        header: Option<Span>,
        level: &Level<'_>,
        scope: &dyn Scope,
    ) -> BTreeMap<Arc<str>, Value> {
        self.strangers(body, level);
        let mut fields = BTreeMap::new();
        for attribute in &level.attributes {
            let value = self.field(body, header, attribute, level, scope);
            fields.insert(shared_name(attribute.name), value);
        }
        fields
    }

    fn field(
        &mut self,
        body: &Body,
        header: Option<Span>,
        schema: &'static Attribute,
        level: &Level<'_>,
        scope: &dyn Scope,
    ) -> Value {
        if let Some(given) = body.attribute(schema.name) {
            return self.argument(schema, given, level, scope);
        }
        let found = match schema.kind {
            Kind::Block(nesting, inner) => {
                self.blocks(body, schema, (nesting, inner), level, scope)
            }
            _ => None,
        };
        if found.is_none() && schema.presence == Presence::Required && !body.incomplete {
            self.told.push(missing(schema, header, level));
        }
        found.unwrap_or_else(|| Value::null(type_of(&schema.kind)))
    }

    /// Tells of arguments and blocks that the schema does not know.
    fn strangers(&mut self, body: &Body, level: &Level<'_>) {
        for given in &body.attributes {
            let name = &*given.name.text;
            if level.attribute(name).is_none() {
                let message = format!("`{}` has no argument `{name}`", level.what);
                let error = Diagnostic::error("unknown-argument", message)
                    .at(given.name.span, "not expected here");
                self.told.push(level.suggest(error, name));
            }
        }
        for block in &body.blocks {
            let dynamic = &*block.kind.text == "dynamic";
            let named = if dynamic {
                block.labels.first()
            } else {
                Some(&block.kind)
            };
            let Some(named) = named else { continue };
            self.told
                .extend(strange_block(&named.text, block.header, level));
        }
    }

    fn argument(
        &mut self,
        schema: &'static Attribute,
        given: &syntax::Attribute,
        level: &Level<'_>,
        scope: &dyn Scope,
    ) -> Value {
        let place = Place {
            name: format!("{}{}", level.prefix, schema.name),
            span: given.value.span,
        };
        self.note(&place);
        if schema.presence == Presence::Computed {
            self.told
                .push(computed(schema, given.name.span.to(place.span)));
        }
        match evaluate(&given.value, scope) {
            Ok(value) => {
                let before = self.told.len();
                let value = self.fit(schema, &value, &place);
                // What is wrong with a value is clearer beside what it was made of.
                for told in self.told.iter_mut().skip(before) {
                    told.values = values_in(&given.value, scope);
                }
                value
            }
            Err(errors) => {
                self.told.extend(errors);
                self.unclear(&place);
                Value::unknown(type_of(&schema.kind), Arc::default())
            }
        }
    }

    fn note(&mut self, place: &Place) {
        self.spans
            .entry(place.name.as_str().into())
            .or_insert(place.span);
    }

    /// Notes that something is set of which nothing more is known, so that no rule misses it.
    fn unclear(&mut self, place: &Place) {
        let given = Given {
            span: place.span,
            unknown: true,
        };
        self.given.insert(place.name.clone(), given);
    }

    /// Converts a value to the attribute's type, and checks it.
    fn fit(&mut self, schema: &'static Attribute, value: &Value, place: &Place) -> Value {
        let ty = type_of(&schema.kind);
        let converted = match convert(value, &accepted(&schema.kind)) {
            Ok(converted) if !one_block_as_object(schema, value) => converted,
            outcome => {
                let words = outcome.err().unwrap_or_default();
                self.told.push(unfit(schema, value, &words, place));
                self.unclear(place);
                return Value::unknown(ty, Arc::default());
            }
        };
        let converted = match schema.kind {
            Kind::Map(_) => without_nulls(converted),
            _ => converted,
        };
        if converted.is_null() {
            if schema.presence == Presence::Required {
                self.told.push(null(schema, place));
            }
            return Value::null(ty);
        }
        self.given.insert(
            place.name.clone(),
            Given {
                span: place.span,
                unknown: converted.is_unknown(),
            },
        );
        self.look(schema, &converted, place);
        if let Kind::Block(_, inner) = schema.kind {
            self.elements(inner, value, &converted, place);
        }
        if schema.sensitive {
            return converted.marked(Marks::SENSITIVE);
        }
        converted
    }

    /// Looks at a value that is there: what it may not be, and what is to be said of it.
    fn look(&mut self, schema: &'static Attribute, value: &Value, place: &Place) {
        if let Some(instead) = schema.deprecated {
            self.told.push(
                Diagnostic::warning("deprecated", format!("`{}` is deprecated", schema.name))
                    .at(place.span, "set here")
                    .hint(instead.to_owned()),
            );
        }
        let marks = value.marks_within();
        if marks.ephemeral && !self.ephemeral && schema.write_only.is_none() {
            self.told.push(ephemeral(schema, place));
        }
        checks::check(schema, value, place, &mut self.told);
    }

    /// Checks the elements of blocks that are written as a list of objects.
    fn elements(
        &mut self,
        inner: &'static [Attribute],
        raw: &Value,
        converted: &Value,
        place: &Place,
    ) {
        for element in raw.elements().filter_map(Value::as_fields) {
            for name in element.keys() {
                if !inner.iter().any(|known| *known.name == **name) {
                    let message = format!("`{}` has no argument `{name}`", place.name);
                    self.told.push(
                        Diagnostic::error("unknown-argument", message)
                            .at(place.span, "in an element of this"),
                    );
                }
            }
        }
        for element in converted.elements() {
            for known in inner {
                let within = Place {
                    name: format!("{}.{}", place.name, known.name),
                    span: place.span,
                };
                let value = element.field(known.name);
                let absent = value.is_none_or(Value::is_null);
                if absent && known.presence == Presence::Required && element.as_fields().is_some() {
                    self.told.push(null(known, &within));
                }
                if let Some(value) = value.filter(|value| !value.is_null()) {
                    self.look(known, value, &within);
                }
            }
        }
    }
}

/// A thing that is set: its path of names, and where.
struct Place {
    name: String,
    span: Span,
}

/// A null element of a map is none: servers keep texts, and would make `""` of it.
fn without_nulls(mut value: Value) -> Value {
    if let Shape::Map(_, fields) = &mut value.shape {
        Arc::make_mut(fields).retain(|_, element| !element.is_null());
    }
    value
}

/// An object where a list of blocks belongs: in this language that is a block, written without `=`.
fn one_block_as_object(schema: &Attribute, value: &Value) -> bool {
    matches!(schema.kind, Kind::Block(..)) && matches!(value.ty(), Type::Object(_) | Type::Map(_))
}

fn strange_block(name: &str, header: Span, level: &Level<'_>) -> Option<Diagnostic> {
    let error = |message: String| {
        Diagnostic::error("unknown-block", message).at(header, "not expected here")
    };
    match level.attribute(name).map(|attribute| attribute.kind) {
        Some(Kind::Block(..)) => None,
        Some(kind) => {
            let written = match kind {
                Kind::Map(_) | Kind::Any => format!("{name} = {{ … }}"),
                _ => format!("{name} = …"),
            };
            let message = format!("`{name}` of `{}` is an argument, not a block", level.what);
            Some(error(message).hint(format!("write `{written}`")))
        }
        None => {
            let error = error(format!("`{}` has no block `{name}`", level.what));
            let blocks = level
                .attributes
                .iter()
                .filter(|known| matches!(known.kind, Kind::Block(..)));
            Some(match nearest(name, blocks.map(|known| known.name)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            })
        }
    }
}

fn missing(schema: &Attribute, header: Option<Span>, level: &Level<'_>) -> Diagnostic {
    let name = schema.name;
    let (what, written) = match schema.kind {
        Kind::Block(..) => ("block", format!("{name} {{ … }}")),
        _ => ("argument", format!("{name} = …")),
    };
    let message = format!("`{}` needs the {what} `{name}`", level.what);
    let error = Diagnostic::error("missing-argument", message);
    placed(error, header, "here").hint(format!("add `{written}`: {}", first_sentence(schema.about)))
}

/// Adds the place where a block begins; a body that no file holds has none.
fn placed(error: Diagnostic, header: Option<Span>, label: &str) -> Diagnostic {
    match header {
        Some(span) => error.at(span, label),
        None => error,
    }
}

/// Makes the first sentence of a text of the catalog fit behind a colon.
fn first_sentence(text: &str) -> String {
    let sentence = text.split(". ").next().unwrap_or(text);
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    let mut letters = sentence.chars();
    match letters.next() {
        // An abbreviation keeps its capitals.
        Some(first) if !letters.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

fn computed(schema: &Attribute, span: Span) -> Diagnostic {
    let message = format!("`{}` is decided by the server", schema.name);
    Diagnostic::error("computed-attribute", message)
        .at(span, "it cannot be set")
        .hint("remove it; other blocks can refer to it")
}

fn null(schema: &Attribute, place: &Place) -> Diagnostic {
    let message = format!("`{}` must have a value", schema.name);
    Diagnostic::error("missing-argument", message).at(place.span, "this is null")
}

fn unfit(schema: &Attribute, value: &Value, words: &str, place: &Place) -> Diagnostic {
    let label = format!("this is a value of type `{}`", type_name(&value.ty()));
    if one_block_as_object(schema, value) {
        let name = schema.name;
        return Diagnostic::error(
            "unknown-argument",
            format!("`{name}` is a block, not an argument"),
        )
        .at(place.span, label)
        .hint(format!("write `{name} {{ … }}`, without `=`"));
    }
    let message = format!("`{}` does not fit: {words}", place.name);
    Diagnostic::error("wrong-type", message).at(place.span, label)
}

fn ephemeral(schema: &Attribute, place: &Place) -> Diagnostic {
    let message = format!("`{}` cannot hold an ephemeral value", schema.name);
    let error = Diagnostic::error("ephemeral-value", message)
        .at(place.span, "this exists only during the run")
        .detail("the value of this attribute is kept and compared, and an ephemeral value is another one at every run");
    error.hint(format!(
        "use a write-only argument such as `{}_wo` where the type has one",
        schema.name
    ))
}

/// A scope that knows nothing: every reference has a value of any type, unknown, and ephemeral where what it names is.
/// With it a body is checked against its schema without evaluating anything else.
pub struct Unknowing<'a>(pub World<'a>);

impl Scope for Unknowing<'_> {
    fn resolve(&self, reference: &Reference) -> Outcome<Value> {
        let value = Value::unknown(Type::Dynamic, Arc::default());
        Ok(match reference.subject {
            Subject::Resource {
                mode: Mode::Ephemeral,
                ..
            } => value.marked(Marks::EPHEMERAL),
            _ => value,
        })
    }

    fn world(&self) -> World<'_> {
        self.0
    }
}
