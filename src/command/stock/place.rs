//! Where the text of a policy stands in the files: a file of its own, a heredoc, the rules of a policy document.

use crate::catalog::Kind;
use crate::policy::{Extent, Policy, PolicyText};
use crate::reconcile::parse_address;
use crate::reconcile::world::World;
use crate::source::{FileId, Sources, Span};
use crate::syntax::{Block, Body, Expression, Node, Part, parse_file};
use crate::value::{ModuleAddress, Value};
use std::collections::HashMap;
use std::path::PathBuf;

/// Where a policy's text stands.
#[derive(Clone, Debug, Default)]
pub enum Place {
    /// Nowhere as it is: it was put together.
    #[default]
    Nowhere,
    /// Made by an expression.
    Made(Span),
    /// Line by line in a file.
    Text(TextMap),
    /// Each rule is a block; the spans of these in order.
    Rules(Vec<RuleBlock>),
}

/// A `rule` block of a policy document.
#[derive(Clone, Copy, Debug)]
pub struct RuleBlock {
    pub span: Span,
    /// The attribute `capabilities`, where it is written in the block.
    pub capabilities: Option<Span>,
}

/// From places in a text to places in a file, line by line.
#[derive(Clone, Debug)]
pub struct TextMap {
    pub file: FileId,
    lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    /// In the text.
    start: u32,
    end: u32,
    /// In the file.
    at: u32,
    /// Where the file's line begins, the indent included.
    margin: u32,
    /// Where the file's line ends, if it says something else letter by letter: then only the whole line is a place.
    loose: Option<u32>,
}

impl TextMap {
    /// Makes the map of a text that is a whole file.
    #[must_use]
    pub fn whole(file: FileId, text: &str) -> TextMap {
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        TextMap {
            file,
            lines: vec![Line {
                start: 0,
                end,
                at: 0,
                margin: 0,
                loose: None,
            }],
        }
    }

    /// Makes the map of a text that stands within a span line by line, each perhaps indented; `None` where it does not.
    #[must_use]
    pub fn within(text: &str, span: Span, raw: &str) -> Option<TextMap> {
        let mut lines = Vec::new();
        let (mut start, mut at) = (0, 0);
        let mut raws = raw.split_inclusive('\n');
        for line in text.split_inclusive('\n') {
            let raw = raws.next()?;
            let indent = raw.strip_suffix(line)?;
            if !indent.trim().is_empty() {
                return None;
            }
            let narrow = |place: usize| u32::try_from(place).ok();
            lines.push(Line {
                start: narrow(start)?,
                end: narrow(start + line.len())?,
                at: span.start + narrow(at + indent.len())?,
                margin: span.start + narrow(at)?,
                loose: None,
            });
            start += line.len();
            at += raw.len();
        }
        raws.next().is_none().then_some(TextMap {
            file: span.file,
            lines,
        })
    }

    /// Makes the map of a text that a heredoc says line by line, some of them with values filled in; `None` where it does not.
    #[must_use]
    pub fn of_heredoc(text: &str, span: Span, raw: &str) -> Option<TextMap> {
        let (opening, _) = raw
            .split_once('\n')
            .filter(|(opening, _)| opening.starts_with("<<"))?;
        let mut raws: Vec<&str> = raw.split_inclusive('\n').skip(1).collect();
        // The line with the marker that ends it.
        raws.pop();
        let texts: Vec<&str> = text.split_inclusive('\n').collect();
        if raws.len() != texts.len() {
            return None;
        }
        let (mut start, mut at) = (0, opening.len() + 1);
        let mut lines = Vec::new();
        for (raw, line) in raws.into_iter().zip(texts) {
            lines.push(line_of((start, line), (at, raw), span.start)?);
            start += line.len();
            at += raw.len();
        }
        Some(TextMap {
            file: span.file,
            lines,
        })
    }

    fn line(&self, at: u32) -> Option<Line> {
        let after = self.lines.partition_point(|line| line.start <= at);
        let line = *self.lines.get(after.checked_sub(1)?)?;
        (at <= line.end).then_some(line)
    }

    /// Returns the place in the file, where all lines of it stand there letter by letter.
    #[must_use]
    pub fn exact(&self, extent: Extent) -> Option<Span> {
        let mut within = self
            .lines
            .iter()
            .filter(|line| line.start <= extent.end && extent.start <= line.end);
        let exact = within.all(|line| line.loose.is_none());
        self.span(extent).filter(|_| exact)
    }

    /// Returns the place in the file. What begins and ends with whole lines has their indent too.
    #[must_use]
    pub fn span(&self, extent: Extent) -> Option<Span> {
        let first = self.line(extent.start)?;
        let last_byte = extent.end.max(extent.start + 1) - 1;
        let last = self.line(last_byte)?;
        let whole = extent.start == first.start && extent.end == last.end;
        let start = match (whole, first.loose) {
            (true, _) => first.margin,
            (false, Some(_)) => first.at,
            (false, None) => first.at + (extent.start - first.start),
        };
        let end = last.loose.unwrap_or_else(|| {
            last.at + (last_byte - last.start) + u32::from(extent.end > extent.start)
        });
        Some(Span {
            file: self.file,
            start,
            end: end.max(start),
        })
    }
}

/// Makes the line of a map from where it begins in the text and in what the file says of it.
fn line_of((start, line): (usize, &str), (at, raw): (usize, &str), base: u32) -> Option<Line> {
    let narrow = |place: usize| u32::try_from(place).ok();
    let indent = raw.len() - raw.trim_start_matches([' ', '\t']).len();
    let found = Line {
        start: narrow(start)?,
        end: narrow(start + line.len())?,
        at: base + narrow(at + indent)?,
        margin: base + narrow(at)?,
        loose: Some(base + narrow(at + raw.trim_end().len().max(indent))?),
    };
    match raw.strip_suffix(line) {
        Some(cut) if cut.trim().is_empty() => Some(Line {
            at: base + narrow(at + cut.len())?,
            loose: None,
            ..found
        }),
        _ => raw.contains("${").then_some(found),
    }
}

impl Place {
    /// Returns where a part of the policy's text stands letter by letter.
    #[must_use]
    pub fn exact(&self, policy: &Policy, extent: Extent) -> Option<Span> {
        match self {
            Place::Nowhere | Place::Made(_) => None,
            Place::Text(map) => map.exact(extent),
            Place::Rules(_) => self.span(policy, extent),
        }
    }

    /// Returns where a part of the policy's text stands.
    #[must_use]
    pub fn span(&self, policy: &Policy, extent: Extent) -> Option<Span> {
        match self {
            Place::Nowhere => None,
            Place::Made(span) => Some(*span),
            Place::Text(map) => map.span(extent),
            Place::Rules(_) => self.rule(policy, extent).map(|block| block.span),
        }
    }

    /// Returns the block of the rule that a part of the policy's text belongs to.
    #[must_use]
    pub fn rule(&self, policy: &Policy, extent: Extent) -> Option<RuleBlock> {
        let Place::Rules(blocks) = self else {
            return None;
        };
        let around = |rule: &crate::policy::Rule| {
            rule.extent.start <= extent.start && extent.end <= rule.extent.end
        };
        let number = policy.rules.iter().position(around)?;
        blocks.get(number).copied()
    }
}

/// A policy that the configuration writes as rules.
pub struct Document {
    text: String,
    rules: Vec<RuleBlock>,
}

impl Document {
    /// The policy's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where its rules stand.
    pub fn place(&self) -> Place {
        Place::Rules(self.rules.clone())
    }

    /// Reads what became of a policy document's body; nothing where that is sensitive.
    pub fn of(values: &Value, body: &Body) -> Option<Document> {
        let hcl = values.field("hcl")?;
        let text = hcl.as_text()?.to_owned();
        let rules = values.field("rule")?.as_items()?.len();
        let made = body.blocks.iter().filter(|block| is_rule(block));
        let dynamic = made.clone().filter(|block| is_dynamic(block)).count();
        let plain = made.clone().count() - dynamic;
        let each = match dynamic {
            0 => 0,
            1 => rules.checked_sub(plain)?,
            _ => return None,
        };
        let mut found = Vec::new();
        for block in made {
            let (block, times) = match is_dynamic(block) {
                true => (block.body.blocks_of("content").next()?, each),
                false => (block, 1),
            };
            let one = RuleBlock {
                span: block.span,
                capabilities: block.body.attribute("capabilities").map(|one| one.span),
            };
            found.extend(std::iter::repeat_n(one, times));
        }
        let open = !hcl.marks_within().sensitive;
        (open && found.len() == rules).then_some(Document { text, rules: found })
    }
}

fn is_dynamic(block: &Block) -> bool {
    &*block.kind.text == "dynamic"
}

fn is_rule(block: &Block) -> bool {
    let named = block
        .labels
        .first()
        .is_some_and(|label| &*label.text == "rule");
    &*block.kind.text == "rule" || is_dynamic(block) && named
}

/// What the configuration files say letter by letter.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Texts without interpolation, by what they say.
    texts: HashMap<String, Span>,
    /// Every top-level block.
    pub blocks: Vec<Span>,
}

impl Written {
    /// Reads the configuration files among all that were read so far.
    #[must_use]
    pub fn of(sources: &Sources) -> Written {
        let mut written = Written::default();
        for (id, file) in sources.files() {
            let name = file.path.to_string_lossy();
            if name.ends_with(".tf") || name.ends_with(".tofu") {
                let (body, _) = parse_file(id, &file.text);
                written
                    .blocks
                    .extend(body.blocks.iter().map(|block| block.span));
                written.body(&body);
            }
        }
        written
    }

    fn body(&mut self, body: &Body) {
        for attribute in &body.attributes {
            attribute
                .value
                .walk(&mut |expression| self.expression(expression));
        }
        for block in &body.blocks {
            self.body(&block.body);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        let Node::Template(parts) = &expression.node else {
            return;
        };
        if let [Part::Literal(text, span)] = parts.as_slice()
            && text.contains("path")
        {
            self.texts.entry(text.to_string()).or_insert(*span);
        }
    }
}

/// What is searched for the texts of policies.
pub struct Finder<'w> {
    pub world: &'w World,
    /// The files that evaluation read.
    pub read: &'w [(PathBuf, String)],
    pub documents: &'w [Document],
    pub written: &'w Written,
}

impl Finder<'_> {
    /// Finds where a policy stands. A file that holds just its text is added to the sources.
    pub fn place(&self, policy: &PolicyText, sources: &mut Sources) -> Place {
        let text = &policy.text;
        match find(text, self.read, self.documents, self.written, sources) {
            Place::Nowhere => self.made(policy, sources).unwrap_or_default(),
            place => place,
        }
    }

    /// Looks at the expression that makes the text of a policy.
    fn made(&self, policy: &PolicyText, sources: &Sources) -> Option<Place> {
        let address = parse_address(policy.origin.address.as_deref()?).ok()?;
        let declared = self
            .world
            .declares(&address.address(&ModuleAddress::default())?)?;
        let mut attributes = declared.kind?.all();
        let attribute = attributes.find(|one| matches!(one.kind, Kind::Policy))?;
        let span = declared.body.attribute(attribute.name)?.value.span;
        let map = TextMap::of_heredoc(&policy.text, span, sources.text(span));
        Some(map.map_or(Place::Made(span), Place::Text))
    }
}

/// Finds where the text of a policy stands letter by letter. A file that holds just it is added to the sources.
fn find(
    text: &str,
    read: &[(PathBuf, String)],
    documents: &[Document],
    written: &Written,
    sources: &mut Sources,
) -> Place {
    let plain = |held: &str| held.strip_prefix('\u{feff}').unwrap_or(held) == text;
    if let Some((path, held)) = read.iter().find(|(_, held)| plain(held)) {
        let known = sources.files().find(|(_, file)| file.path == *path);
        let file = known.map(|(id, _)| id);
        let file = file.unwrap_or_else(|| sources.add(path, held));
        return Place::Text(TextMap::whole(file, text));
    }
    if let Some(span) = written.texts.get(text) {
        let raw = sources.text(*span).to_owned();
        return TextMap::within(text, *span, &raw).map_or(Place::Nowhere, Place::Text);
    }
    let document = documents.iter().find(|document| document.text == text);
    document.map_or(Place::Nowhere, Document::place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_heredoc_are_found_behind_their_indent() {
        let mut sources = Sources::default();
        let file = sources.add(
            "a.tf",
            "x = <<-EOT\n    path \"a\" {\n      b\n    }\n  EOT\n",
        );
        let span = Span {
            file,
            start: 11,
            end: 40,
        };
        let raw = sources.text(span).to_owned();
        let text = "path \"a\" {\n  b\n}\n";
        let map = TextMap::within(text, span, &raw).expect("it stands there");
        let place = map.span(Extent { start: 11, end: 14 }).expect("a place");
        assert_eq!(sources.text(place), "  b");
        assert_eq!(map.exact(Extent { start: 11, end: 14 }), Some(place));
        let whole = map.span(Extent { start: 0, end: 16 }).expect("a place");
        assert_eq!(sources.text(whole), "path \"a\" {\n      b\n    }");
        let line = map.span(Extent { start: 11, end: 15 }).expect("a place");
        assert_eq!(sources.text(line), "      b\n");
        assert!(TextMap::within("other", span, &raw).is_none());
    }

    #[test]
    fn a_line_with_a_value_filled_in_is_a_place_as_a_whole() {
        let mut sources = Sources::default();
        let raw = "<<-EOT\n    path \"${var.a}\" {\n      b\n    }\n  EOT";
        let file = sources.add("a.tf", &format!("x = {raw}\n"));
        let span = Span {
            file,
            start: 4,
            end: 4 + u32::try_from(raw.len()).unwrap_or(0),
        };
        let text = "path \"kv\" {\n  b\n}\n";
        let map = TextMap::of_heredoc(text, span, raw).expect("it stands there");
        let filled = Extent { start: 6, end: 8 };
        let place = map.span(filled).expect("a place");
        assert_eq!(sources.text(place), "path \"${var.a}\" {");
        assert_eq!(map.exact(filled), None);
        let plain = Extent { start: 14, end: 15 };
        let place = map.exact(plain).expect("it stands there");
        assert_eq!(sources.text(place), "b");
        assert!(TextMap::of_heredoc("path \"kv\" {\n", span, raw).is_none());
        assert!(TextMap::of_heredoc("path \"kv\" {\n  c\n}\n", span, raw).is_none());
    }
}
