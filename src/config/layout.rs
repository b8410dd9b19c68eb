//! What blocks of the language may hold: names, labels, arguments and nested blocks.

use crate::source::{Diagnostic, Span, nearest};
use crate::syntax::{Attribute, Block, Body, Name};

/// The arguments and nested blocks of one block type of the language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// With its article, as messages say it: "a `variable` block".
    pub what: &'static str,
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
    pub blocks: &'static [&'static str],
}

impl Layout {
    fn arguments(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// Tells everything in the body that the layout does not know, and what it lacks.
    pub(super) fn check(&self, body: &Body, header: Span, told: &mut Vec<Diagnostic>) {
        self.check_known(body, told);
        if body.incomplete {
            return;
        }
        for name in self.required {
            if body.attribute(name).is_none() && body.blocks_of(name).next().is_none() {
                told.push(
                    Diagnostic::error(
                        "missing-argument",
                        format!("{} needs the argument `{name}`", self.what),
                    )
                    .at(header, "here")
                    .hint(format!("add `{name} = …`")),
                );
            }
        }
    }

    fn check_known(&self, body: &Body, told: &mut Vec<Diagnostic>) {
        for attribute in &body.attributes {
            if !self.arguments().any(|name| *name == *attribute.name.text) {
                told.push(self.unknown_argument(attribute));
            }
        }
        for block in &body.blocks {
            if !self.blocks.contains(&&*block.kind.text) {
                told.push(self.unknown_block(block));
            }
        }
    }

    fn unknown_argument(&self, attribute: &Attribute) -> Diagnostic {
        let name = &*attribute.name.text;
        let error = Diagnostic::error(
            "unknown-argument",
            format!("{} has no argument `{name}`", self.what),
        )
        .at(attribute.name.span, "not expected here");
        if self.blocks.contains(&name) {
            return error.hint(format!("`{name}` is a block: write `{name} {{ … }}`"));
        }
        suggest(error, name, self.arguments())
    }

    fn unknown_block(&self, block: &Block) -> Diagnostic {
        let name = &*block.kind.text;
        let error = Diagnostic::error(
            "unknown-block",
            format!("{} holds no block `{name}`", self.what),
        )
        .at(block.header, "not expected here");
        if self.arguments().any(|argument| argument == name) {
            return error.hint(format!("`{name}` is an argument: write `{name} = …`"));
        }
        suggest(error, name, self.blocks.iter().copied())
    }
}

/// Adds "did you mean" where a candidate is near, else the candidates where they are few.
pub(super) fn suggest<'a>(
    error: Diagnostic,
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, candidates.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if (1..=8).contains(&candidates.len()) => {
            error.hint(format!("there is {}", listed(&candidates)))
        }
        None => error,
    }
}

/// Writes names as `a`, `b` and `c`.
pub(super) fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Returns the labels of a block when they are as many as `names`, and valid names; tells what is wrong otherwise.
pub(super) fn labels<'a, const N: usize>(
    block: &'a Block,
    names: [&str; N],
    told: &mut Vec<Diagnostic>,
) -> Option<[&'a Name; N]> {
    let kind = &block.kind.text;
    if block.labels.len() != N {
        let expected = match N {
            0 => "no labels".to_owned(),
            1 => format!("one label: {}", listed(&names)),
            _ => format!("{N} labels: {}", listed(&names)),
        };
        let message = format!("a `{kind}` block has {expected}");
        let place = block.labels.get(N).map_or(block.header, |extra| extra.span);
        told.push(Diagnostic::error("wrong-labels", message).at(place, "here"));
        return None;
    }
    let found: Vec<&Name> = block.labels.iter().collect();
    let good = found.iter().filter(|label| valid_name(label, told)).count();
    (good == N).then_some(())?;
    found.try_into().ok()
}

/// Tells whether a label may be a name; says so otherwise.
pub(super) fn valid_name(name: &Name, told: &mut Vec<Diagnostic>) -> bool {
    let valid = is_name(&name.text);
    if !valid {
        told.push(
            Diagnostic::error("invalid-name", format!("`{}` is not a valid name", name.text))
                .at(name.span, "this name")
                .hint("a name starts with a letter or underscore and holds letters, digits, underscores and dashes"),
        );
    }
    valid
}

/// Tells whether a text is an identifier of the language.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters
        .next()
        .is_some_and(|letter| letter.is_alphabetic() || letter == '_');
    first && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

/// Returns the only block of a kind; tells of further ones.
pub(super) fn single<'a>(
    body: &'a Body,
    kind: &'a str,
    told: &mut Vec<Diagnostic>,
) -> Option<&'a Block> {
    let mut blocks = body.blocks_of(kind);
    let first = blocks.next()?;
    for again in blocks {
        told.push(duplicate(
            &format!("the block `{kind}`"),
            again.header,
            first.header,
        ));
    }
    Some(first)
}

/// Makes the error of a thing that is declared twice. `what` begins the message: "the variable `x`".
pub(super) fn duplicate(what: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error("duplicate", format!("{what} is declared twice"))
        .at(again, "again here")
        .at(first, "first here")
        .hint("remove one of the two, or rename it")
}
