//! Files of values as diagnostics may show them: names and signs, every value masked.

use crate::source::Diagnostic;
use crate::value::VEILED;

/// What stands for each byte of a value: places stay where they are.
const MASK: &str = "*";

/// Signs that say how a value is built and nothing of what it is.
const SIGNS: &str = "\u{feff}\"'`=[]{}(),:$%<#";

/// Returns the text of a file of values with everything masked but names before `=` and signs, of the same length.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let name = name_of(line);
        out.push_str(name);
        for letter in line.get(name.len()..).unwrap_or_default().chars() {
            match letter.is_whitespace() || SIGNS.contains(letter) {
                true => out.push(letter),
                false => out.push_str(&MASK.repeat(letter.len_utf8())),
            }
        }
    }
    out
}

/// Returns the beginning of a line that is `name =`, up to the end of the name; empty for others.
fn name_of(line: &str) -> &str {
    let trimmed = line.trim_start_matches([' ', '\t', '\u{feff}']);
    let letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let rest = trimmed.trim_start_matches(letter);
    let named = trimmed.len() > rest.len();
    let set = rest.strip_prefix([' ', '\t']).map(str::trim_start);
    let set = set.is_some_and(|rest| rest.starts_with('=') && !rest.starts_with("=="));
    match named && set {
        true => line.get(..line.len() - rest.len()).unwrap_or_default(),
        false => "",
    }
}

/// Takes what is masked out of the words of a diagnostic: every word of four letters or more, and shorter ones where they
/// stand in backticks.
pub fn unquote(told: &mut Diagnostic, text: &str, masked: &str) {
    let mut hidden = hidden_words(text, masked);
    // The longest first: one may contain another.
    hidden.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let labels = told.labels.iter_mut().map(|label| &mut label.text);
    let values = told.values.iter_mut().map(|(_, value)| value);
    let words = std::iter::once(&mut told.message).chain(&mut told.detail);
    for words in words.chain(labels).chain(values).chain(&mut told.hints) {
        let parts = words.split('`').enumerate().map(|(at, part)| {
            let quoted = at % 2 == 1;
            let hides =
                |word: &&&str| part == **word || (word.len() >= LONG && part.contains(**word));
            let found = hidden.iter().filter(|word| quoted || word.len() >= LONG);
            found
                .filter(hides)
                .fold(part.to_owned(), |part, word| part.replace(word, VEILED))
        });
        *words = parts.collect::<Vec<_>>().join("`");
    }
}

/// Shorter words stand in any sentence.
const LONG: usize = 4;

/// Returns the runs of text that are masked.
fn hidden_words<'a>(text: &'a str, masked: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, byte) in masked.bytes().chain([b' ']).enumerate() {
        match (start, byte == b'*') {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found.extend(text.get(from..at));
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_and_places_kept() {
        let text = "user = \"ada\"\n  key = [\n    \"höh\", 12]\ntext = <<E\nab=\nE\nodd\nx=1";
        let shown = "user = \"***\"\n  key = [\n    \"****\", **]\ntext = <<*\n**=\n*\n***\n*=*";
        assert_eq!(masked(text), shown);
        assert_eq!(masked(text).len(), text.len());
    }

    #[test]
    fn words_quote_nothing_that_is_masked() {
        let text = "user = hunter2\n";
        let mut told = Diagnostic::error("x", "`user` is not `hunter2`, nor `path`");
        unquote(&mut told, text, &masked(text));
        assert_eq!(
            told.message,
            "`user` is not `(sensitive value)`, nor `path`"
        );
    }
}
