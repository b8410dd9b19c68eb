//! How `yamlencode` writes: text always quoted or as a literal block, collections as blocks.

use std::fmt::Write;

use crate::value::{Shape, Value};

/// Behind this column a quoted text is continued on the next line, at a space.
const WIDEST: usize = 80;
/// A longer key is written behind a question mark.
const LONGEST_KEY: usize = 128;

/// Writes a value that is wholly known.
pub(super) fn encode(value: &Value) -> String {
    let mut writer = Writer {
        text: String::new(),
        column: 0,
    };
    writer.value(value, None);
    writer.end_line();
    if matches!(
        value.shape,
        Shape::Null(_) | Shape::Bool(_) | Shape::Number(_)
    ) {
        writer.text.push_str("...\n");
    }
    writer.text
}

struct Writer {
    text: String,
    column: usize,
}

/// What a collection stands in: nothing, or a block of an indentation.
type Indent = Option<usize>;

impl Writer {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn end_line(&mut self) {
        if self.column > 0 {
            self.new_line();
        }
    }

    fn new_line(&mut self) {
        self.text.push('\n');
        self.column = 0;
    }

    /// Begins a line at an indentation.
    fn begin(&mut self, indent: usize) {
        self.end_line();
        self.put(&" ".repeat(indent));
    }

    fn value(&mut self, value: &Value, indent: Indent) {
        match &value.shape {
            Shape::Bool(value) => self.put(&value.to_string()),
            Shape::Number(number) => self.put(&number.to_string()),
            Shape::Text(text) => self.string(text, indent, false),
            Shape::List(..) | Shape::Set(..) | Shape::Tuple(_) => {
                self.sequence(value, indent, false)
            }
            Shape::Map(..) | Shape::Object(_) => self.mapping(value, indent, false),
            Shape::Null(_) | Shape::Unknown { .. } | Shape::Held { .. } => self.put("null"),
        }
    }

    /// Writes the first element on the current line when `inline`.
    fn sequence(&mut self, value: &Value, indent: Indent, inline: bool) {
        if value.elements().next().is_none() {
            return self.put("[]");
        }
        let indent = indent.unwrap_or(0);
        for (at, item) in value.elements().enumerate() {
            if at > 0 || !inline {
                self.begin(indent);
            }
            self.put("- ");
            self.nested(item, indent);
        }
    }

    /// Writes what stands behind a dash or question mark: a collection begins on the same line.
    fn nested(&mut self, item: &Value, indent: usize) {
        match &item.shape {
            Shape::List(..) | Shape::Set(..) | Shape::Tuple(_) => {
                self.sequence(item, Some(indent + 2), true)
            }
            Shape::Map(..) | Shape::Object(_) => self.mapping(item, Some(indent + 2), true),
            _ => self.value(item, Some(indent)),
        }
    }

    fn mapping(&mut self, value: &Value, indent: Indent, inline: bool) {
        let fields = value.as_fields().into_iter().flatten();
        if value.elements().next().is_none() {
            return self.put("{}");
        }
        let indent = indent.unwrap_or(0);
        for (at, (key, item)) in fields.enumerate() {
            if at > 0 || !inline {
                self.begin(indent);
            }
            let simple = key.len() <= LONGEST_KEY && !key.contains('\n');
            if simple {
                self.string(key, Some(indent), true);
                self.put(":");
            } else {
                self.put("? ");
                self.string(key, Some(indent), false);
                self.begin(indent);
                self.put(":");
            }
            self.member(item, indent);
        }
    }

    /// Writes what stands behind a key: a sequence at the same indentation, a mapping two further.
    fn member(&mut self, item: &Value, indent: usize) {
        let empty = item.elements().next().is_none();
        match &item.shape {
            Shape::List(..) | Shape::Set(..) | Shape::Tuple(_) if !empty => {
                self.sequence(item, Some(indent), false)
            }
            Shape::Map(..) | Shape::Object(_) if !empty => {
                self.mapping(item, Some(indent + 2), false)
            }
            _ => {
                self.put(" ");
                self.value(item, Some(indent));
            }
        }
    }

    fn string(&mut self, text: &str, indent: Indent, is_key: bool) {
        let below = indent.map_or(2, |indent| indent + 2);
        if text.contains('\n') && !is_key && fits_block(text) {
            self.block(text, below);
        } else {
            self.quoted(text, below, is_key);
        }
    }

    /// Writes a literal block; its header tells of a leading space and of the line breaks at the end.
    fn block(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put("2");
        }
        if !text.ends_with('\n') {
            self.put("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put("+");
        }
        self.new_line();
        let body = text.strip_suffix('\n').unwrap_or(text);
        for (at, line) in body.split('\n').enumerate() {
            if at > 0 {
                self.new_line();
            }
            if !line.is_empty() {
                self.put(&" ".repeat(indent));
                self.put(line);
            }
        }
        if text.ends_with('\n') {
            self.new_line();
        }
    }

    fn quoted(&mut self, text: &str, indent: usize, is_key: bool) {
        self.put("\"");
        let letters: Vec<char> = text.chars().collect();
        let mut after_space = false;
        for (at, letter) in letters.iter().enumerate() {
            let inside = at > 0 && at + 1 < letters.len();
            if *letter == ' ' && !is_key && !after_space && self.column > WIDEST && inside {
                self.new_line();
                self.put(&" ".repeat(indent));
                if letters.get(at + 1) == Some(&' ') {
                    self.put("\\");
                }
            } else {
                self.put(&escaped(*letter));
            }
            after_space = *letter == ' ';
        }
        self.put("\"");
    }
}

/// Tells whether text can stand as a literal block: no tab, nothing to escape, no space before a line break.
fn fits_block(text: &str) -> bool {
    !text.contains(" \n")
        && text
            .chars()
            .all(|letter| letter == '\n' || (is_printable(letter) && !is_break(letter)))
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && letter != '\u{feff}'
}

fn escaped(letter: char) -> String {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        other if is_printable(other) => return other.to_string(),
        other => return numbered(other),
    };
    format!("\\{short}")
}

fn numbered(letter: char) -> String {
    let code = u32::from(letter);
    let mut text = String::new();
    let _ = match code {
        0..=0xff => write!(text, "\\x{code:02X}"),
        0x100..=0xffff => write!(text, "\\u{code:04X}"),
        _ => write!(text, "\\U{code:08X}"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::json;

    fn encoded(text: &str) -> String {
        encode(&json::from_json(&serde_json::from_str(text).unwrap()).unwrap())
    }

    #[test]
    fn blocks_are_laid_out_as_terraform_lays_them_out() {
        assert_eq!(
            encoded(r#"{"a":{"b":[{"c":[1,[2,{}]],"d":[]}]},"e":"x\ny","k\ny":null}"#),
            "\"a\":\n  \"b\":\n  - \"c\":\n    - 1\n    - - 2\n      - {}\n    \"d\": []\n\"e\": |-\n  x\n  y\n? |-\n  k\n  y\n: null\n"
        );
        assert_eq!(
            encoded(r#"[["x\ny"], "q"]"#),
            "- - |-\n    x\n    y\n- \"q\"\n"
        );
        assert_eq!(
            encoded(r#"{"a":{"b":"x\ny"}}"#),
            "\"a\":\n  \"b\": |-\n    x\n    y\n"
        );
    }

    #[test]
    fn text_is_quoted_escaped_and_folded() {
        assert_eq!(encoded(r#""x \n""#), "\"x \\n\"\n");
        assert_eq!(encoded(r#"{"c":" lead\nx"}"#), "\"c\": |2-\n   lead\n  x\n");
        assert_eq!(
            encoded("\"a/b\u{85}\u{2028}\u{feff}😀\u{7f}é\""),
            "\"a/b\\N\\L\\uFEFF\\U0001F600\\x7Fé\"\n"
        );
        let long = format!("\"{}\"", ["word"; 22].join(" "));
        let line = ["word"; 17].join(" ");
        let rest = ["word"; 5].join(" ");
        assert_eq!(encoded(&long), format!("\"{line}\n  {rest}\"\n"));
        assert_eq!(encoded("12"), "12\n...\n");
    }
}
