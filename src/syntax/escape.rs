//! Escapes in text: `\n`, `\u00e9`, `$${`, `%%{`.

use super::parse::Parser;
use super::token::Token;
use crate::source::Diagnostic;

impl Parser<'_> {
    /// Returns the text that a piece of a template stands for. Backslashes mean something only when `quoted`.
    pub(super) fn unescape(&mut self, token: Token, quoted: bool) -> Option<String> {
        let raw = token.text(self.text);
        let mut text = String::with_capacity(raw.len());
        let mut at = 0;
        while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
            let first = rest.chars().next().unwrap_or_default();
            if rest.starts_with("$${") || rest.starts_with("%%{") {
                text.push(first);
                text.push('{');
                at += 3;
            } else if first == '\\' && quoted {
                match escape(rest) {
                    Ok((letter, length)) => {
                        text.push(letter);
                        at += length;
                    }
                    Err((message, length)) => {
                        let start = token.start + at;
                        return self.bad_escape(start, start + length, message);
                    }
                }
            } else {
                text.push(first);
                at += first.len_utf8();
            }
        }
        Some(text)
    }

    fn bad_escape(&mut self, start: usize, end: usize, message: String) -> Option<String> {
        let hint = match self.text.get(start..end) {
            Some("\\$") => "write `$${` for the text `${`",
            Some("\\%") => "write `%%{` for the text `%{`",
            _ => "the escapes are `\\n`, `\\r`, `\\t`, `\\\"`, `\\\\`, `\\uNNNN` and `\\UNNNNNNNN`",
        };
        self.note(
            Diagnostic::error("invalid-syntax", message)
                .at(self.span(start, end), "here")
                .hint(hint),
        );
        None
    }
}

/// Reads the escape at the start of a text: the letter it stands for and its length, or what is wrong with it.
fn escape(text: &str) -> Result<(char, usize), (String, usize)> {
    let Some(selector) = text.chars().nth(1) else {
        return Err(("a backslash must be followed by what it escapes".into(), 1));
    };
    let letter = match selector {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '"' => '"',
        '\\' => '\\',
        'u' => return code_point(text, 4),
        'U' => return code_point(text, 8),
        _ => {
            let length = 1 + selector.len_utf8();
            return Err((format!("there is no escape `\\{selector}`"), length));
        }
    };
    Ok((letter, 2))
}

fn code_point(text: &str, digits: usize) -> Result<(char, usize), (String, usize)> {
    let hex = text.get(2..2 + digits).unwrap_or_default();
    if hex.len() != digits || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err((format!("this escape needs {digits} hexadecimal digits"), 2));
    }
    u32::from_str_radix(hex, 16)
        .ok()
        .and_then(char::from_u32)
        .map(|letter| (letter, 2 + digits))
        .ok_or((format!("there is no character U+{hex}"), 2 + digits))
}
