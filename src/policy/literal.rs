//! What a quoted string or a heredoc says, as Go's hcl v1 reads it (its `strconv` and `token` packages).

/// Reads the inside of a quoted HCL 1 string; `None` where Go's library gives up.
/// What stands in `${…}` is kept as it is.
pub(super) fn unquote(inside: &str) -> Option<String> {
    if !inside.contains(['\\', '$', '"']) {
        return (!inside.contains('\n') || inside.contains('{')).then(|| inside.to_owned());
    }
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("${") {
            let length = interpolation(after)?;
            out.extend_from_slice(rest.get(..length + 2)?.as_bytes());
            rest = after.get(length..)?;
        } else if first == '\\' {
            rest = escape(rest.get(1..)?, &mut out, Dialect::Hcl)?;
        } else if first == '\n' || first == '"' {
            return None;
        } else {
            let (head, tail) = rest.split_at_checked(first.len_utf8())?;
            out.extend_from_slice(head.as_bytes());
            rest = tail;
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Reads the inside of a JSON string the way Go reads its own string literals: no surrogate pairs, no `\/`.
pub(super) fn unquote_json(inside: &str) -> Option<String> {
    if !inside.contains('\\') {
        return Some(inside.to_owned());
    }
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(rest.get(..at)?.as_bytes());
        rest = escape(rest.get(at + 1..)?, &mut out, Dialect::Go)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Whose escapes are read: they differ in surrogate halves only.
#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    Hcl,
    Go,
}

/// Returns the length of what closes a `${`, its `}` included.
fn interpolation(after: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (at, c) in after.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Reads what follows a backslash; returns the rest of the text.
fn escape<'t>(text: &'t str, out: &mut Vec<u8>, dialect: Dialect) -> Option<&'t str> {
    let kind = text.chars().next()?;
    let rest = text.get(kind.len_utf8()..)?;
    let plain = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' | '"' => kind as u8,
        'x' => return byte(rest, 2, 16, rest, out),
        'u' => return character(rest, 4, out, dialect),
        'U' => return character(rest, 8, out, dialect),
        '0'..='7' => return byte(text, 3, 8, text, out),
        _ => return None,
    };
    out.push(plain);
    Some(rest)
}

/// Reads a byte that is written in digits.
fn byte<'t>(
    digits: &str,
    length: usize,
    base: u32,
    rest: &'t str,
    out: &mut Vec<u8>,
) -> Option<&'t str> {
    let value = number(digits, length, base)?;
    out.push(u8::try_from(value).ok()?);
    rest.get(length..)
}

/// Reads a character that is written as a code point.
fn character<'t>(
    rest: &'t str,
    length: usize,
    out: &mut Vec<u8>,
    dialect: Dialect,
) -> Option<&'t str> {
    let value = number(rest, length, 16)?;
    if value > 0x0010_FFFF {
        return None;
    }
    let c = match char::from_u32(value) {
        Some(c) => c,
        None if dialect == Dialect::Hcl => '\u{fffd}',
        None => return None,
    };
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    rest.get(length..)
}

fn number(text: &str, length: usize, base: u32) -> Option<u32> {
    let digits = text.get(..length)?;
    digits
        .chars()
        .all(|c| c.is_digit(base))
        .then(|| u32::from_str_radix(digits, base).ok())?
}

/// Returns what a heredoc token says: from its `<<` to the newline behind its end mark, line ends already `\n`.
/// `<<-` takes away the indentation of the end mark where every line has it. The arithmetic, and so its
/// surprises with an indented end mark after `<<`, is that of Go's library.
pub(super) fn heredoc(token: &str) -> Option<String> {
    let mark = token.find('\n')?;
    let indented = token.as_bytes().get(2) == Some(&b'-');
    let bytes = token.as_bytes();
    if !indented {
        return lossy(bytes.get(mark + 1..(bytes.len() + 1).checked_sub(mark)?)?);
    }
    let body = lossy(bytes.get(mark + 1..(bytes.len() + 2).checked_sub(mark)?)?)?;
    let (lines, prefix) = body
        .rsplit_once('\n')
        .map_or((None, body.as_str()), |(l, p)| (Some(l), p));
    let Some(lines) = lines else {
        return Some(String::new());
    };
    if !lines.split('\n').all(|line| line.starts_with(prefix)) {
        let kept = bytes.get(mark + 1..(bytes.len() + 1).checked_sub(mark)?)?;
        return lossy(kept).map(|text| text.trim_end_matches([' ', '\t']).to_owned());
    }
    let mut out = String::with_capacity(lines.len() + 1);
    for line in lines.split('\n') {
        out.push_str(line.strip_prefix(prefix).unwrap_or(line));
        out.push('\n');
    }
    Some(out)
}

#[allow(clippy::unnecessary_wraps, reason = "lets the callers chain")]
fn lossy(bytes: &[u8]) -> Option<String> {
    Some(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_go_reads_them() {
        assert_eq!(unquote(r"a\tb\x41\101\u00e9").as_deref(), Some("a\tbAAé"));
        assert_eq!(unquote(r"${a\q}\n").as_deref(), Some("${a\\q}\n"));
        assert_eq!(unquote(r"\400"), None);
        assert_eq!(unquote(r"\ud800").as_deref(), Some("\u{fffd}"));
        assert_eq!(unquote_json(r"\ud800"), None);
        assert_eq!(unquote_json("x\\\"y").as_deref(), Some("x\"y"));
    }

    #[test]
    fn heredocs_lose_the_indentation_of_their_end_mark() {
        assert_eq!(heredoc("<<EOF\nread\nEOF\n").as_deref(), Some("read\n"));
        assert_eq!(
            heredoc("<<-E\n  a\n    b\n  E\n").as_deref(),
            Some("a\n  b\n")
        );
        assert_eq!(heredoc("<<-E\na\n  E\n").as_deref(), Some("a\n"));
        assert_eq!(heredoc("<<E\nE\n").as_deref(), Some(""));
    }
}
