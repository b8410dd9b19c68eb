//! What `vaultform.hcl` may hold: its blocks, their settings and the type of each; and what is wrong with a file.

use crate::source::{Diagnostic, nearest};
use crate::syntax::{Attribute, Body, Expression, Node, Part};

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Text in quotes.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number from 0.
    Whole,
    /// A list of texts in quotes.
    Texts,
    /// What its reader understands: a call such as `env("NAME")`, a reference.
    Other,
}

/// What the file or a block of it may hold.
#[derive(Clone, Copy, Debug)]
struct Shape {
    name: &'static str,
    settings: &'static [(&'static str, Takes)],
    blocks: &'static [Shape],
    /// The author makes up the names of the settings.
    open: bool,
}

const fn block(name: &'static str, settings: &'static [(&'static str, Takes)]) -> Shape {
    Shape {
        name,
        settings,
        blocks: &[],
        open: false,
    }
}

impl Shape {
    const fn with(mut self, blocks: &'static [Shape]) -> Shape {
        self.blocks = blocks;
        self
    }
}

const WHOLE_FILE: Shape = block("the file", &[("name", Takes::Text)]).with(&[
    block(
        "ledger",
        &[
            ("kind", Takes::Text),
            ("mount", Takes::Text),
            ("create", Takes::Bool),
            ("path", Takes::Text),
            ("provider", Takes::Other),
        ],
    ),
    block(
        "drift",
        &[("exit_code", Takes::Whole), ("unmanaged", Takes::Bool)],
    )
    .with(&[
        block(
            "ignore",
            &[
                ("attributes", Takes::Texts),
                ("reason", Takes::Text),
                ("until", Takes::Text),
            ],
        ),
        block(
            "notify",
            &[
                ("url", Takes::Other),
                ("secret", Takes::Other),
                ("ca_file", Takes::Text),
            ],
        ),
        block("heal", &[("max_objects", Takes::Whole)]),
    ]),
    block(
        "snapshot",
        &[
            ("directory", Takes::Text),
            ("recipients", Takes::Texts),
            ("identity", Takes::Text),
            ("keep", Takes::Whole),
            ("keep_for", Takes::Text),
        ],
    ),
    block(
        "secrets",
        &[("mount", Takes::Text), ("ignore", Takes::Texts)],
    )
    .with(&[block(
        "rule",
        &[
            ("match", Takes::Texts),
            ("mount", Takes::Text),
            ("path", Takes::Text),
            ("field", Takes::Text),
        ],
    )]),
    block(
        "bootstrap",
        &[
            ("shares", Takes::Whole),
            ("threshold", Takes::Whole),
            ("peers", Takes::Texts),
            ("apply", Takes::Texts),
        ],
    )
    .with(&[
        block(
            "sink",
            &[
                ("path", Takes::Text),
                ("write", Takes::Texts),
                ("read", Takes::Texts),
                ("passphrase", Takes::Other),
                ("iterations", Takes::Whole),
                ("recipients", Takes::Texts),
                ("identity", Takes::Text),
            ],
        ),
        block(
            "pgp",
            &[
                ("directory", Takes::Text),
                ("root_token", Takes::Text),
                ("decrypt", Takes::Texts),
            ],
        )
        .with(&[block("key", &[("fingerprint", Takes::Text)])]),
        block("audit", &[]).with(&[Shape {
            open: true,
            ..block("options", &[])
        }]),
    ]),
]);

/// Returns everything that has no meaning in the file, or the wrong type.
#[must_use]
pub fn problems(file: &Body) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    check(file, &WHOLE_FILE, &mut problems);
    problems
}

fn check(body: &Body, shape: &Shape, problems: &mut Vec<Diagnostic>) {
    for attribute in &body.attributes {
        problems.extend(setting(attribute, shape));
    }
    for inner in &body.blocks {
        let name = &*inner.kind.text;
        if let Some(known) = shape.blocks.iter().find(|known| known.name == name) {
            check(&inner.body, known, problems);
            continue;
        }
        let problem = wrong(format!("no block `{name}` is known {}", inside(shape)));
        let names = shape.blocks.iter().map(|known| known.name);
        problems.push(advise(problem.at(inner.header, "here"), name, names));
    }
}

fn setting(attribute: &Attribute, shape: &Shape) -> Option<Diagnostic> {
    let name = &*attribute.name.text;
    if shape.open {
        return None;
    }
    let Some((_, takes)) = shape.settings.iter().find(|(known, _)| *known == name) else {
        let problem = wrong(format!("no setting `{name}` is known {}", inside(shape)));
        let names = shape.settings.iter().map(|(known, _)| *known);
        return Some(advise(problem.at(attribute.name.span, "here"), name, names));
    };
    let must = match takes {
        Takes::Text if !is_text(&attribute.value) => "text in quotes",
        Takes::Bool if !matches!(attribute.value.node, Node::Bool(_)) => "`true` or `false`",
        Takes::Whole if !is_whole(&attribute.value) => "a whole number",
        Takes::Texts if !are_texts(&attribute.value) => "a list of texts in quotes",
        _ => return None,
    };
    Some(
        wrong(format!("`{name}` must be {must}"))
            .at(attribute.value.span, "this is something else"),
    )
}

fn is_text(value: &Expression) -> bool {
    matches!(&value.node, Node::Template(parts) if parts.iter().all(|part| matches!(part, Part::Literal(..))))
}

fn is_whole(value: &Expression) -> bool {
    matches!(&value.node, Node::Number(number) if number.to_string().parse::<u64>().is_ok())
}

fn are_texts(value: &Expression) -> bool {
    matches!(&value.node, Node::Tuple(items) if items.iter().all(is_text))
}

fn wrong(message: String) -> Diagnostic {
    Diagnostic::error("invalid-settings", message)
}

fn inside(shape: &Shape) -> String {
    match shape.name == WHOLE_FILE.name {
        true => format!("in `{}`", super::settings::FILE),
        false => format!("in `{}`", shape.name),
    }
}

/// Says which name may be meant, else which there are.
fn advise(
    problem: Diagnostic,
    name: &str,
    names: impl Iterator<Item = &'static str> + Clone,
) -> Diagnostic {
    if let Some(near) = nearest(name, names.clone()) {
        return problem.hint(format!("did you mean `{near}`?"));
    }
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.is_empty() {
        true => problem.hint("there are none here: remove it"),
        false => problem.hint(format!("known here: {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::syntax::parse_file;

    fn told(text: &str) -> Vec<(String, String, Vec<String>)> {
        let mut sources = Sources::default();
        let id = sources.add("vaultform.hcl", text);
        let (body, unreadable) = parse_file(id, text);
        assert!(unreadable.is_empty(), "{unreadable:?}");
        let each = problems(&body).into_iter().map(|problem| {
            let span = problem.labels.first().map(|label| label.span);
            let below = span.map(|span| sources.text(span).to_owned());
            (below.unwrap_or_default(), problem.message, problem.hints)
        });
        each.collect()
    }

    #[test]
    fn what_has_no_meaning_is_told_with_its_place_and_what_may_be_meant() {
        let found = told(
            "nam = \"x\"\nledger {\n  creat = false\n  create = \"no\"\n}\nsnapshots {}\nsecrets {\n  rule \"a\" {\n    match = \"X_*\"\n  }\n}\n",
        );
        let expected = [
            (
                "nam",
                "no setting `nam` is known in `vaultform.hcl`",
                "did you mean `name`?",
            ),
            (
                "creat",
                "no setting `creat` is known in `ledger`",
                "did you mean `create`?",
            ),
            ("\"no\"", "`create` must be `true` or `false`", ""),
            (
                "snapshots",
                "no block `snapshots` is known in `vaultform.hcl`",
                "did you mean `snapshot`?",
            ),
            ("\"X_*\"", "`match` must be a list of texts in quotes", ""),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((below, message, hints), (place, text, hint)) in found.iter().zip(expected) {
            assert_eq!((below.as_str(), message.as_str()), (place, text));
            assert_eq!(hints.first().map_or("", String::as_str), hint);
        }
    }

    #[test]
    fn options_of_audit_devices_have_any_name() {
        let text = "bootstrap {\n  audit \"file\" \"f\" {\n    options {\n      file_path = \"/x\"\n      hmac_accessor = true\n    }\n  }\n}\n";
        assert!(told(text).is_empty());
    }
}
