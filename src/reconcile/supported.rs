//! What a server has and what it would drop.

use super::walk::{Candidate, Walk};
use crate::observe::Connection;
use crate::plan::leaf::{Leaf, leaves};
use crate::plan::many::{in_table, said_twice};
use crate::plan::template::lacking;
use crate::source::{Diagnostic, Span};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Walk<'_> {
    /// Takes away what the server would drop; tells of it where that loses something.
    pub(super) fn supported(
        &mut self,
        candidate: &Candidate,
        attributes: Value,
        spans: &BTreeMap<Arc<str>, Span>,
        connection: &Connection,
    ) -> Value {
        let has = |products| connection.is_one_of(products);
        let Some(fields) = attributes.as_fields() else {
            return attributes;
        };
        let mut fields = fields.clone();
        let mut problems = Vec::new();
        for attribute in candidate
            .kind
            .all()
            .filter(|attribute| !has(attribute.products))
        {
            let Some(value) = fields.get(attribute.name).filter(|value| !value.is_null()) else {
                continue;
            };
            let normal = crate::plan::normal::normal(&attribute.kind, value);
            let harmless = normal.is_some_and(|normal| normal.is_null());
            let problem = unsupported(
                connection,
                attribute.name,
                harmless,
                self.options.unsupported_warns,
            );
            let span = spans
                .get(attribute.name)
                .copied()
                .unwrap_or(candidate.declared.span);
            problems.push(problem.at(span, "set here").address(&candidate.address));
            let ty = value.ty();
            fields.insert(attribute.name.into(), Value::null(ty));
        }
        let attributes = Value::object(fields);
        problems.extend(self.unsupported_within(candidate, &attributes, spans, connection));
        problems.extend(named_twice(candidate, &attributes));
        self.tell(problems);
        attributes
    }

    /// Tells of what is set in blocks and dropped by the server.
    fn unsupported_within(
        &self,
        candidate: &Candidate,
        attributes: &Value,
        spans: &BTreeMap<Arc<str>, Span>,
        connection: &Connection,
    ) -> Vec<Diagnostic> {
        let lacks = lacking(candidate.kind, &|products| connection.is_one_of(products));
        let all = leaves(candidate.kind, attributes, None);
        let dropped = all.iter().filter(|leaf| {
            leaf.set && leaf.path.contains('.') && lacks.contains(in_table(&leaf.path))
        });
        let tell = |leaf: &Leaf| {
            let harmless = leaf.wish().is_some_and(|wish| wish.is_null());
            let span = spans
                .get(leaf.top())
                .copied()
                .unwrap_or(candidate.declared.span);
            let problem = unsupported(
                connection,
                &leaf.path,
                harmless,
                self.options.unsupported_warns,
            );
            problem.at(span, "set here").address(&candidate.address)
        };
        dropped.map(tell).collect()
    }
}

/// Tells of two blocks that declare one object.
fn named_twice(candidate: &Candidate, attributes: &Value) -> Option<Diagnostic> {
    let parts = candidate.kind.parts.iter();
    let mut parts = parts.filter(|part| !part.each.is_empty());
    parts.find_map(|part| {
        let name = said_twice(candidate.kind, part, attributes)?;
        let message = format!("two blocks have the {} `{name}`", part.each);
        let problem = Diagnostic::error("declared-twice", message);
        let problem = problem.at(candidate.declared.span, "in this resource");
        let problem = problem.hint("each block is an object of its own: give it a name of its own");
        Some(problem.address(&candidate.address))
    })
}

/// Makes what is told of an attribute that the server would drop.
fn unsupported(connection: &Connection, path: &str, harmless: bool, warns: bool) -> Diagnostic {
    let identity = connection.server.identity();
    let message = format!(
        "{} {} has no `{path}` here and would drop it",
        identity.product, identity.version
    );
    match (harmless, warns) {
        (true, _) => Diagnostic::note("unsupported-attribute", message),
        (false, true) => Diagnostic::warning("unsupported-attribute", message),
        (false, false) => Diagnostic::error("unsupported-attribute", message)
            .hint("remove it, or plan with `-unsupported=warn` to go on without it"),
    }
}
