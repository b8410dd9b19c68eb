//! Comma-separated values as RFC 4180 has them.

use std::iter::Peekable;
use std::str::Chars;

/// Splits text into rows of cells; empty lines are left out.
///
/// # Errors
/// Tells the line of a quote that stands where none may.
pub(super) fn rows(text: &str) -> Result<Vec<Vec<String>>, String> {
    let text = text.replace("\r\n", "\n");
    let mut letters = text.chars().peekable();
    let (mut rows, mut line) = (Vec::new(), 1);
    while letters.peek().is_some() {
        if letters.next_if_eq(&'\n').is_some() {
            line += 1;
            continue;
        }
        let mut row = Vec::new();
        loop {
            row.push(cell(&mut letters, &mut line)?);
            if letters.next() != Some(',') {
                break;
            }
        }
        line += 1;
        rows.push(row);
    }
    Ok(rows)
}

/// Reads one cell up to, without, what ends it.
fn cell(letters: &mut Peekable<Chars<'_>>, line: &mut usize) -> Result<String, String> {
    let mut text = String::new();
    if letters.next_if_eq(&'"').is_none() {
        while let Some(letter) = letters.next_if(|letter| !matches!(letter, ',' | '\n')) {
            if letter == '"' {
                return Err(format!(
                    "line {line}: a quote within a cell that is not quoted"
                ));
            }
            text.push(letter);
        }
        return Ok(text);
    }
    loop {
        match letters.next() {
            None => return Err(format!("line {line}: the closing quote is missing")),
            Some('"') if letters.next_if_eq(&'"').is_some() => text.push('"'),
            Some('"') => break,
            Some(letter) => {
                *line += usize::from(letter == '\n');
                text.push(letter);
            }
        }
    }
    match letters.peek() {
        None | Some(',' | '\n') => Ok(text),
        Some(_) => Err(format!("line {line}: text behind a closing quote")),
    }
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn quotes_hold_commas_breaks_and_quotes() {
        let read = rows("a,b\r\n\n\"1,\n2\",\"x\"\"y\"\n,\n").unwrap();
        assert_eq!(read, [vec!["a", "b"], vec!["1,\n2", "x\"y"], vec!["", ""]]);
        assert!(rows("a\nb\"c\n").unwrap_err().starts_with("line 2"));
        assert!(rows("\"a").is_err() && rows("\"a\"b").is_err());
    }
}
