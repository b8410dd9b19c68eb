//! What a file means: its tree without places, and without what the formatter may rewrite.

use std::fmt::Write as _;
use vaultform::syntax::{Body, Expression, Node, ObjectItem, Part};

/// Writes a body down.
pub fn of(body: &Body) -> String {
    let mut out = String::new();
    write_body(body, "", &mut out);
    out
}

fn write_body(body: &Body, kind: &str, out: &mut String) {
    for attribute in &body.attributes {
        let name = &*attribute.name.text;
        // Old spellings of types are rewritten: `"list"` becomes `list(string)`.
        if kind == "variable" && name == "type" {
            let _ = writeln!(out, "type");
            continue;
        }
        let _ = writeln!(out, "{name} = {}", expression(&attribute.value));
    }
    for block in &body.blocks {
        let labels: Vec<&str> = block.labels.iter().map(|label| &*label.text).collect();
        let _ = writeln!(out, "{} {labels:?} {{", block.kind.text);
        write_body(&block.body, &block.kind.text, out);
        out.push_str("}\n");
    }
}

fn all(items: &[Expression]) -> String {
    items.iter().map(expression).collect::<Vec<_>>().join(", ")
}

fn expression(expression: &Expression) -> String {
    let inner = self::expression;
    match &expression.node {
        Node::Null => "null".to_owned(),
        Node::Bool(truth) => truth.to_string(),
        Node::Number(number) => number.to_string(),
        // `"${x}"` becomes `x`, in parentheses where it has several lines.
        Node::Wrapped(one) | Node::Parenthesis(one) => inner(one),
        Node::Template(parts) => format!("<{}>", template(parts)),
        Node::Tuple(items) => format!("[{}]", all(items)),
        Node::Object(items) => format!("{{{}}}", items.iter().map(item).collect::<String>()),
        Node::Variable(name) => name.text.to_string(),
        Node::Attribute(base, name) => format!("{}.{}", inner(base), name.text),
        Node::Index(base, key) => format!("{}[{}]", inner(base), inner(key)),
        Node::Splat { base, full, each } => format!("{}[*{full} {}]", inner(base), inner(each)),
        Node::SplatItem => "_".to_owned(),
        Node::Call {
            name,
            namespace,
            arguments,
            expand,
        } => {
            let path: Vec<&str> = namespace.iter().map(|part| &*part.text).collect();
            format!("{path:?}{}({}{expand})", name.text, all(arguments))
        }
        Node::Unary(operator, one) => format!("({operator:?} {})", inner(one)),
        Node::Binary(operator, one, two) => format!("({} {operator:?} {})", inner(one), inner(two)),
        Node::Conditional(one, two, three) => {
            format!("({} ? {} : {})", inner(one), inner(two), inner(three))
        }
        Node::For(one) => {
            let key = one.key_variable.as_ref().map(|name| &*name.text);
            let parts = [one.key.as_ref(), Some(&one.value), one.condition.as_ref()];
            let parts: Vec<Option<String>> = parts.map(|part| part.map(inner)).to_vec();
            let names = format!("{key:?} {}", one.value_variable.text);
            format!(
                "for {names} in {} {parts:?} {}",
                inner(&one.collection),
                one.grouping
            )
        }
    }
}

fn item(item: &ObjectItem) -> String {
    format!("{} = {}; ", expression(&item.key), expression(&item.value))
}

fn template(parts: &[Part]) -> String {
    let name =
        |name: &Option<vaultform::syntax::Name>| name.as_ref().map(|name| name.text.to_string());
    let mut out = String::new();
    for part in parts {
        let text = match part {
            Part::Literal(text, _) => format!("{text:?}"),
            Part::Interpolation(one) => format!("${}", expression(one)),
            Part::If {
                condition,
                then,
                otherwise,
            } => format!(
                "if {} {} else {}",
                expression(condition),
                template(then),
                template(otherwise)
            ),
            Part::For {
                key_variable,
                value_variable,
                collection,
                body,
            } => format!(
                "for {:?} {} in {} {}",
                name(key_variable),
                value_variable.text,
                expression(collection),
                template(body)
            ),
        };
        out.push_str(&text);
    }
    out
}
