//! The grammar of `.env` files: `export`, quotes of three kinds, comments, values over many lines.

use super::{Flaw, Listing, Named};
use crate::value::Text;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Reads a file. With `expand`, `${NAME}` and `${NAME:-default}` are filled in from the lines before, but not within single
/// quotes.
///
/// # Errors
/// Everything that is wrong with it, line by line.
pub fn read(text: &str, expand: bool) -> Result<Listing, Vec<Flaw>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reading = Reading {
        rest: text,
        line: 1,
        column: 1,
        expand,
        found: Vec::new(),
        seen: BTreeMap::new(),
        oddities: Vec::new(),
    };
    let mut flaws = Vec::new();
    while !reading.rest.is_empty() {
        if let Err(flaw) = reading.line() {
            flaws.push(flaw);
            reading.skip_line();
        }
    }
    match flaws.is_empty() {
        true => Ok(Listing {
            secrets: reading.found,
            oddities: reading.oddities,
        }),
        false => Err(flaws),
    }
}

/// Where the reading stands.
struct Reading<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
    expand: bool,
    found: Vec<Named>,
    /// Places in `found` by name.
    seen: BTreeMap<String, usize>,
    oddities: Vec<Flaw>,
}

impl Reading<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
        match next {
            '\n' => (self.line, self.column) = (self.line + 1, 1),
            _ => self.column += 1,
        }
        Some(next)
    }

    fn flaw(&self, what: impl Into<String>) -> Flaw {
        Flaw {
            line: self.line,
            column: self.column,
            what: what.into(),
        }
    }

    fn skip_blanks(&mut self) -> bool {
        let before = self.column;
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.next();
        }
        self.column > before
    }

    fn skip_line(&mut self) {
        while !matches!(self.next(), None | Some('\n')) {}
    }

    /// The end of a line: nothing, a comment, a line break.
    fn at_end(&self) -> bool {
        matches!(self.peek(), None | Some('\n')) || self.rest.starts_with("\r\n")
    }

    fn line(&mut self) -> Result<(), Flaw> {
        self.skip_blanks();
        if self.at_end() || self.peek() == Some('#') {
            self.skip_line();
            return Ok(());
        }
        let (line, column) = (self.line, self.column);
        let mut name = self.name()?;
        if name == "export" && self.skip_blanks() && !self.rest.starts_with('=') {
            name = self.name()?;
        }
        self.skip_blanks();
        if self.peek() != Some('=') {
            return Err(self.flaw(format!("`{name}` is not followed by `=`")));
        }
        self.next();
        let blank = self.skip_blanks();
        let value = self.value(&name, blank)?;
        self.keep(Named { name, value, line }, column);
        Ok(())
    }

    /// The last of equal names counts, as in a shell.
    fn keep(&mut self, named: Named, column: usize) {
        match self
            .seen
            .get(&named.name)
            .and_then(|at| self.found.get_mut(*at))
        {
            Some(first) => {
                self.oddities.push(Flaw {
                    line: named.line,
                    column,
                    what: format!(
                        "`{}` stands in line {} already; this one counts",
                        named.name, first.line
                    ),
                });
                *first = named;
            }
            None => {
                self.seen.insert(named.name.clone(), self.found.len());
                self.found.push(named);
            }
        }
    }

    fn name(&mut self) -> Result<String, Flaw> {
        let starts = |first: char| first.is_ascii_alphabetic() || first == '_';
        if !self.peek().is_some_and(starts) {
            return Err(self.flaw("a name is expected here"));
        }
        let mut name = String::new();
        while let Some(next) = self.peek() {
            if !(next.is_ascii_alphanumeric() || matches!(next, '_' | '.' | '-')) {
                break;
            }
            name.push(next);
            self.next();
        }
        Ok(name)
    }

    fn value(&mut self, name: &str, blank: bool) -> Result<Text, Flaw> {
        let text = match self.peek() {
            Some(quote @ ('\'' | '"' | '`')) => {
                let text = self.quoted(quote)?;
                self.skip_blanks();
                if !self.at_end() && self.peek() != Some('#') {
                    return Err(self.flaw("something follows the closing quote"));
                }
                self.skip_line();
                text
            }
            _ => self.bare(name, blank)?,
        };
        Ok(Text::from(text.as_str()))
    }

    /// A value without quotes ends with its line, or before ` #`.
    fn bare(&mut self, name: &str, mut blank: bool) -> Result<Zeroizing<String>, Flaw> {
        let mut text = Zeroizing::new(String::with_capacity(self.rest.len().min(4096)));
        while !self.at_end() {
            if self.peek() == Some('#') && blank {
                break;
            }
            if self.rest.starts_with("${") && self.expand {
                self.expansion(&mut text)?;
                continue;
            }
            if self.rest.starts_with("${") {
                self.unexpanded(name);
            }
            let Some(next) = self.next() else { break };
            blank = matches!(next, ' ' | '\t');
            text.push(next);
        }
        self.skip_line();
        let length = text.trim_end_matches([' ', '\t', '\r']).len();
        text.truncate(length);
        Ok(text)
    }

    fn quoted(&mut self, quote: char) -> Result<Zeroizing<String>, Flaw> {
        let open = self.flaw(format!("the quote {quote} is not closed"));
        self.next();
        let mut text = Zeroizing::new(String::with_capacity(self.rest.len().min(4096)));
        loop {
            if quote == '"' && self.expand && self.rest.starts_with("${") {
                self.expansion(&mut text)?;
                continue;
            }
            match self.next() {
                None => {
                    // Whatever comes is within the quote: there is nothing more to be said of the file.
                    return Err(open);
                }
                Some(end) if end == quote => return Ok(text),
                Some('\\') if quote == '"' => self.escape(&mut text),
                Some('\r') if self.peek() == Some('\n') => {}
                Some(next) => text.push(next),
            }
        }
    }

    /// What a backslash within double quotes stands for; before anything else it stands for itself.
    fn escape(&mut self, text: &mut String) {
        let plain = match self.peek() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(same @ ('"' | '\\' | '$' | '`')) => same,
            _ => return text.push('\\'),
        };
        self.next();
        text.push(plain);
    }

    fn unexpanded(&mut self, name: &str) {
        let what = format!("`${{…}}` in `{name}` is taken as it stands; `-expand` fills it in");
        let flaw = self.flaw(what);
        self.oddities.push(flaw);
    }

    /// Fills `${NAME}` or `${NAME:-default}` in.
    fn expansion(&mut self, text: &mut String) -> Result<(), Flaw> {
        let open = self.flaw("`${` is not closed");
        let within = self.rest.get(2..).and_then(|rest| rest.split_once('}'));
        let (within, rest) = within.ok_or_else(|| open.clone())?;
        if within.contains('\n') {
            return Err(open);
        }
        let (name, default) = match within.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (within, None),
        };
        let known = self.seen.get(name).and_then(|at| self.found.get(*at));
        let known = known
            .map(|named| &*named.value)
            .filter(|value| default.is_none() || !value.is_empty());
        match known.or(default) {
            Some(value) => text.push_str(value),
            None => return Err(self.flaw(format!("`{name}` is not set in the lines before"))),
        }
        self.column += 3 + within.chars().count();
        self.rest = rest;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str, expand: bool) -> Vec<(String, String)> {
        let listing = read(text, expand).unwrap();
        let each = listing.secrets.into_iter();
        each.map(|named| (named.name, named.value.to_string()))
            .collect()
    }

    fn values(text: &str) -> Vec<String> {
        pairs(text, false)
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    }

    #[test]
    fn every_form_of_a_value_is_read() {
        let text = "\u{feff}# a comment\n\nA=plain\nexport B = spaced out  # comment\r\nC='si#ngle \\n ${X}' # after\n\
                    D=\"dou\\\"ble\\n\\t\\$ \\q\"\nE=\nF= # nothing\nG=a#b\nH=`tick \"'`\n  I_2.x-y=ind=ented\nexport=yes\n\
                    J=\"-----BEGIN KEY-----\nline # two\n-----END KEY-----\"\nK='x'\n";
        assert_eq!(
            values(text),
            [
                "plain",
                "spaced out",
                "si#ngle \\n ${X}",
                "dou\"ble\n\t$ \\q",
                "",
                "",
                "a#b",
                "tick \"'",
                "ind=ented",
                "yes",
                "-----BEGIN KEY-----\nline # two\n-----END KEY-----",
                "x",
            ]
        );
        let listing = read(text, false).unwrap();
        assert_eq!(listing.secrets.last().unwrap().line, 16);
        assert!(!format!("{listing:?}").contains("plain"));
    }

    #[test]
    fn flaws_are_told_with_line_and_column_and_all_of_them() {
        let flaws = read(
            "A=1\n2B=x\nC\nexport D\nE='x' y\nF=ok\n  =x\nG=\"open\n\nmore\n",
            false,
        )
        .unwrap_err();
        let told: Vec<_> = flaws
            .iter()
            .map(|flaw| (flaw.line, flaw.column, flaw.what.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (2, 1, "a name is expected here"),
                (3, 2, "`C` is not followed by `=`"),
                (4, 9, "`D` is not followed by `=`"),
                (5, 7, "something follows the closing quote"),
                (7, 3, "a name is expected here"),
                (8, 3, "the quote \" is not closed"),
            ]
        );
    }

    #[test]
    fn names_are_filled_in_only_where_asked() {
        let text = "USER=ada\nURL=\"pg://${USER}:${PASS:-none}@host\"\nB=${USER}\nC='${USER}'\n";
        assert_eq!(values(text)[1], "pg://${USER}:${PASS:-none}@host");
        let told = read(text, false).unwrap().oddities;
        assert!(told.iter().any(|flaw| flaw.line == 3), "{told:?}");
        let filled: Vec<String> = pairs(text, true)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(filled, ["ada", "pg://ada:none@host", "ada", "${USER}"]);
        let flaws = read("A=${B}\n", true).unwrap_err();
        assert_eq!((flaws[0].line, flaws[0].column), (1, 3));
    }

    #[test]
    fn of_equal_names_the_last_counts() {
        let listing = read("A=1\nB=2\nA=3\n", false).unwrap();
        assert_eq!(&*listing.secrets[0].value, "3");
        assert_eq!(listing.secrets.len(), 2);
        assert!(listing.oddities[0].what.contains("line 1 already"));
    }
}
