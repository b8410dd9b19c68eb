//! Colours, line wrapping and the quoting of text for terminals.

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Paint(pub bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Paints what is important.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Paints what goes or is wrong.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Paints what comes or is well.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Paints what changes.
    #[must_use]
    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Paints what is read.
    #[must_use]
    pub fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    /// Paints what matters less.
    #[must_use]
    pub fn grey(self, text: &str) -> String {
        self.with("90", text)
    }
}

/// Breaks lines at spaces so that none is longer than `width` characters, as far as words allow. Lines that begin with a
/// space are kept as they are.
#[must_use]
pub fn wrap(text: &str, width: usize) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| wrap_line(line, width))
        .collect();
    lines.join("\n")
}

fn wrap_line(line: &str, width: usize) -> String {
    if line.starts_with(' ') {
        return line.to_owned();
    }
    let mut out = String::new();
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if !out.is_empty() {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// Quotes text, escaping what a terminal would act on or not show.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ => push_escaped(&mut out, letter),
        }
    }
    out.push('"');
    out
}

/// Escapes what a terminal would act on, leaving tabs.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\t' => out.push('\t'),
            _ => push_escaped(&mut out, letter),
        }
    }
    out
}

fn push_escaped(out: &mut String, letter: char) {
    match letter {
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\x{:02x}", letter as u32)),
        _ if is_invisible(letter) && (letter as u32) > 0xffff => {
            out.push_str(&format!("\\U{:08x}", letter as u32));
        }
        _ if is_invisible(letter) => out.push_str(&format!("\\u{:04x}", letter as u32)),
        _ => out.push(letter),
    }
}

/// Spaces other than the common one, format characters (which may turn the direction of text), private use.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || (letter != ' ' && letter.is_whitespace())
        || matches!(letter,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}' | '\u{f0000}'..='\u{10ffff}')
}

/// Returns `1 thing` or `2 things`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_escapes_what_a_terminal_obeys() {
        assert_eq!(quote("a\"b\\c\n\u{1b}[31m"), r#""a\"b\\c\n\x1b[31m""#);
        assert_eq!(quote("left\u{202e}right é"), "\"left\\u202eright é\"");
        assert_eq!(harmless("\tcapabilities\u{1b}"), "\tcapabilities\\x1b");
    }

    #[test]
    fn wrapping_breaks_at_words() {
        assert_eq!(wrap("aa bb cc", 5), "aa bb\ncc");
        assert_eq!(wrap("aaaaaaa bb", 5), "aaaaaaa\nbb");
        assert_eq!(wrap("  aa bb cc", 5), "  aa bb cc");
    }
}
