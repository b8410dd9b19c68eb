//! `list_scan_response_keys_filter_path`: a small part of Go's text/template, enough for paths of keys.

/// A piece of a template.
enum Piece<'t> {
    Text(&'t str),
    Path,
    Key,
    /// Anything else that Go's templates can do; it cannot be computed here.
    Other(&'t str),
}

/// Tells in words what is wrong with a template, if anything: it must be closed and must use the key.
pub(super) fn check(template: &str) -> Result<(), String> {
    let pieces = pieces(template).ok_or("this template has a `{{` that is not closed")?;
    let stray = pieces.iter().find_map(|piece| match piece {
        Piece::Other(action) => stray(action),
        Piece::Text(_) | Piece::Path | Piece::Key => None,
    });
    if let Some(stray) = stray {
        return Err(format!("this template cannot have `{stray}` there"));
    }
    let uses_key = pieces.iter().any(|piece| match piece {
        Piece::Key => true,
        Piece::Other(action) => action.contains(".key"),
        Piece::Text(_) | Piece::Path => false,
    });
    if uses_key {
        return Ok(());
    }
    Err("this template gives the same path for every key: it must use `{{ .key }}`".to_owned())
}

/// Returns the first character that cannot stand where it does, as the lexer and the parser of Go's text/template have it:
/// what ends no name, and what they know nowhere. What is quoted says nothing.
fn stray(action: &str) -> Option<char> {
    if action.starts_with("/*") && action.ends_with("*/") {
        return None;
    }
    let (mut quoted, mut named) = (None, false);
    for letter in action.chars() {
        let part = letter.is_alphanumeric() || letter == '_';
        let nowhere = letter.is_ascii_punctuation() && !"_.,|:()=+-$'\"`/*".contains(letter);
        match quoted {
            Some(quote) if letter == quote => quoted = None,
            Some(_) => {}
            None if nowhere => return Some(letter),
            None if named && !part && !" \t\r\n.,|:()".contains(letter) => return Some(letter),
            None if matches!(letter, '"' | '`') => quoted = Some(letter),
            None => named = part,
        }
    }
    None
}

/// Returns the path that decides whether a listed key is shown; `None` when the template does more than
/// put `.path` and `.key` together.
#[must_use]
pub fn path_of_key(template: &str, path: &str, key: &str) -> Option<String> {
    let mut out = String::new();
    for piece in pieces(template)? {
        out.push_str(match piece {
            Piece::Text(text) => text,
            Piece::Path => path,
            Piece::Key => key,
            Piece::Other(_) => return None,
        });
    }
    Some(out)
}

fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once("{{") {
        let (action, tail) = after.split_once("}}")?;
        pieces.push(Piece::Text(text));
        pieces.push(match action.trim_matches([' ', '\t', '\n', '\r']) {
            ".path" => Piece::Path,
            ".key" => Piece::Key,
            other => Piece::Other(other),
        });
        rest = tail;
    }
    pieces.push(Piece::Text(rest));
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_keys_are_put_together() {
        let made = path_of_key("{{ .path }}{{.key}}", "pki/roles/", "r1");
        assert_eq!(made.as_deref(), Some("pki/roles/r1"));
        assert_eq!(path_of_key("{{ .key | uppercase }}", "p", "k"), None);
        assert!(check("abc").is_err() && check("{{ .key").is_err());
        assert!(check("{{ .key | uppercase }}").is_ok());
        assert!(check("kv/{{ .key]}}").is_err());
        assert!(check("kv/{{#.key }}").is_err());
        assert!(check("kv/{{/* # */}}{{ .key }}").is_ok());
        assert!(check("{{ printf \"%s]\" .key }}").is_ok());
    }
}
