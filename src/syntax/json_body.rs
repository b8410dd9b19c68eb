//! The JSON form of the language (`.tf.json`). JSON cannot tell a block from an attribute: only who knows the schema can,
//! so a JSON body stays as it is until somebody names the kinds of its blocks ([`Body::with_blocks`]).

use super::body::normal;
use super::json::{Json, JsonNode, Property, parse_json};
use super::parse::{Places, parse_expression_at, parse_template_at};
use super::tree::{Attribute, Block, Body, Expression, Name, Node, ObjectItem, Part};
use crate::source::{Diagnostic, FileId, Outcome, Span};
use crate::value::Number;
use std::borrow::Cow;
use std::sync::Arc;

/// The objects of a JSON body that has not been divided into attributes and blocks yet.
#[derive(Clone, Debug)]
pub struct JsonBody(Vec<Property>);

/// Parses a file in JSON: a body that [`Body::with_blocks`] makes sense of, and what could not be read.
#[must_use]
pub fn parse_json_file(file: FileId, text: &str) -> (Body, Vec<Diagnostic>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match parse_json(file, text) {
        Ok(json) => {
            let mut errors = Vec::new();
            let body = body_of(&json, &mut errors);
            (body, errors)
        }
        Err(told) => {
            let body = Body {
                incomplete: true,
                ..Body::default()
            };
            (body, vec![*told])
        }
    }
}

/// Makes an undivided body of an object, or of an array of objects, which count as one.
fn body_of(json: &Json, errors: &mut Vec<Diagnostic>) -> Body {
    let mut properties = Vec::new();
    match &json.node {
        JsonNode::Object(own) => properties.extend_from_slice(own),
        JsonNode::Array(items) => {
            for item in items {
                match &item.node {
                    JsonNode::Object(own) => properties.extend_from_slice(own),
                    _ => errors.push(no_object(item, "the content of a block")),
                }
            }
        }
        _ => errors.push(no_object(json, "the content of a block")),
    }
    Body {
        span: Some(json.span),
        json: Some(Arc::new(JsonBody(properties))),
        ..Body::default()
    }
}

fn no_object(json: &Json, what: &str) -> Diagnostic {
    Diagnostic::error("invalid-json", format!("{what} must be a JSON object"))
        .at(json.span, "this is none")
}

impl Body {
    /// Returns the body with its blocks, given the kinds that are blocks here with the number of their labels. All that
    /// is no block is an attribute. A body that was not written in JSON is returned as it is.
    #[must_use]
    pub fn with_blocks(&self, kinds: &[(&str, usize)]) -> (Cow<'_, Body>, Vec<Diagnostic>) {
        let Some(JsonBody(properties)) = self.json.as_deref() else {
            return (Cow::Borrowed(self), Vec::new());
        };
        let mut errors = Vec::new();
        let mut body = Body {
            span: self.span,
            incomplete: self.incomplete,
            ..Body::default()
        };
        for property in properties {
            let kind = kinds.iter().find(|(kind, _)| *kind == property.key);
            match kind {
                Some((_, labels)) => {
                    let mut reader = Blocks {
                        kind: name(property),
                        labels: Vec::new(),
                        blocks: &mut body.blocks,
                        errors: &mut errors,
                    };
                    reader.read(&property.value, *labels);
                }
                None if property.key == "//" => {}
                None => add_attribute(&mut body, property, &mut errors),
            }
        }
        body.incomplete |= !errors.is_empty();
        (Cow::Owned(body), errors)
    }
}

fn name(property: &Property) -> Name {
    Name {
        text: normal(&property.key),
        span: property.key_span,
    }
}

fn add_attribute(body: &mut Body, property: &Property, errors: &mut Vec<Diagnostic>) {
    let name = name(property);
    if let Some(first) = body.attribute(&name.text) {
        let message = format!("the argument `{}` is set twice", name.text);
        let told = Diagnostic::error("duplicate-argument", message)
            .at(name.span, "again here")
            .at(first.name.span, "first here");
        errors.push(told.hint("keep one of the two"));
        return;
    }
    match expression(&property.value) {
        Ok(value) => body.attributes.push(Attribute {
            span: name.span.to(value.span),
            name,
            value: Arc::new(value),
        }),
        Err(told) => errors.extend(told),
    }
}

/// Reads the blocks of one kind.
struct Blocks<'a> {
    kind: Name,
    labels: Vec<Name>,
    blocks: &'a mut Vec<Block>,
    errors: &'a mut Vec<Diagnostic>,
}

impl Blocks<'_> {
    /// Reads the labels that are missing, one level of objects each, and then the blocks.
    fn read(&mut self, json: &Json, missing: usize) {
        match (&json.node, missing) {
            (JsonNode::Null, _) => {}
            (JsonNode::Array(items), _) => items.iter().for_each(|item| self.read(item, missing)),
            (JsonNode::Object(_), 0) => self.block(json),
            (JsonNode::Object(properties), _) => {
                for property in properties {
                    if property.key == "//" {
                        continue;
                    }
                    self.labels.push(name(property));
                    self.read(&property.value, missing - 1);
                    self.labels.pop();
                }
            }
            (_, 0) => {
                let what = format!("the content of `{}`", self.kind.text);
                self.errors.push(no_object(json, &what));
            }
            _ => {
                let what = format!("`{}`, which has a label for its key,", self.kind.text);
                self.errors.push(no_object(json, &what));
            }
        }
    }

    fn block(&mut self, json: &Json) {
        let last = self.labels.last().unwrap_or(&self.kind);
        self.blocks.push(Block {
            kind: self.kind.clone(),
            labels: self.labels.clone(),
            body: body_of(json, self.errors),
            span: last.span.to(json.span),
            header: last.span,
        });
    }
}

/// Makes an expression of a JSON value: its strings are templates.
fn expression(json: &Json) -> Outcome<Expression> {
    let node = match &json.node {
        JsonNode::Null => Node::Null,
        JsonNode::Bool(truth) => Node::Bool(*truth),
        JsonNode::Number(text) => match Number::parse(text) {
            Some(number) => Node::Number(number),
            None => {
                let message = format!("the number `{text}` is too large");
                return Err(vec![
                    Diagnostic::error("invalid-json", message).at(json.span, "here"),
                ]);
            }
        },
        JsonNode::Text { text, plain } => template(text, json.span, *plain)?,
        JsonNode::Array(items) => Node::Tuple(all(items.iter().map(expression))?),
        JsonNode::Object(properties) => Node::Object(all(properties.iter().map(item))?),
    };
    Ok(Expression {
        node,
        span: json.span,
    })
}

fn item(property: &Property) -> Outcome<ObjectItem> {
    let key = Expression {
        node: template(&property.key, property.key_span, false)?,
        span: property.key_span,
    };
    Ok(ObjectItem {
        key,
        value: expression(&property.value)?,
    })
}

fn all<T>(items: impl Iterator<Item = Outcome<T>>) -> Outcome<Vec<T>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Ok(value) => values.push(value),
            Err(told) => errors.extend(told),
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

fn template(text: &str, span: Span, plain: bool) -> Outcome<Node> {
    let places = match plain {
        true => Places::From(span.file, span.start as usize + 1),
        false => Places::Everywhere(span),
    };
    let mut parts = parse_template_at(text, places)?;
    if let [Part::Interpolation(_)] = parts.as_slice()
        && let Some(Part::Interpolation(inner)) = parts.pop()
    {
        return Ok(Node::Wrapped(Box::new(inner)));
    }
    Ok(Node::Template(parts))
}

/// Returns what an expression means where a name and no value is wanted, such as in `depends_on` and `type`: text in
/// quotation marks is read as an expression there, as JSON and files of old have it.
///
/// # Errors
/// Tells why the text is no expression.
pub fn unquoted(expression: &Expression) -> Outcome<Cow<'_, Expression>> {
    match &expression.node {
        Node::Template(parts) => match parts.as_slice() {
            [Part::Literal(text, _)] => parse_expression_at(text, expression.span).map(Cow::Owned),
            _ => Ok(Cow::Borrowed(expression)),
        },
        Node::Wrapped(inner) => Ok(Cow::Borrowed(inner)),
        _ => Ok(Cow::Borrowed(expression)),
    }
}
