//! Version constraints: `>= 1.5, < 2.0`, `~> 4.2`.

/// The version of the language that this program understands, as others number it.
pub(super) const LANGUAGE: [u64; 3] = [1, 13, 0];
/// [`LANGUAGE`] as text.
pub(super) const LANGUAGE_TEXT: &str = "1.13";

/// Tells whether a version satisfies a constraint; `None` where the constraint cannot be read.
pub(super) fn satisfies(version: [u64; 3], constraint: &str) -> Option<bool> {
    constraint
        .split(',')
        .map(|part| one(version, part.trim()))
        .try_fold(true, |all, part| Some(all & part?))
}

fn one(version: [u64; 3], part: &str) -> Option<bool> {
    let at = part.find(|letter: char| letter.is_ascii_digit() || letter == 'v')?;
    let (operator, number) = part.split_at(at);
    let number = number.strip_prefix('v').unwrap_or(number);
    let plain = number.split(['-', '+']).next()?;
    let segments: Vec<u64> = plain
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    if segments.len() > 3 {
        return None;
    }
    let mut wanted = [0; 3];
    for (place, segment) in wanted.iter_mut().zip(&segments) {
        *place = *segment;
    }
    match operator.trim() {
        "" | "=" => Some(version == wanted),
        "!=" => Some(version != wanted),
        ">" => Some(version > wanted),
        ">=" => Some(version >= wanted),
        "<" => Some(version < wanted),
        "<=" => Some(version <= wanted),
        "~>" => Some(version >= wanted && version < next(wanted, segments.len())),
        _ => None,
    }
}

/// Returns the first version that `~>` excludes: all but the last given segment stay.
fn next(wanted: [u64; 3], segments: usize) -> [u64; 3] {
    match (segments, wanted) {
        (3, [major, minor, _]) => [major, minor + 1, 0],
        (_, [major, ..]) => [major + 1, 0, 0],
    }
}

#[cfg(test)]
mod tests {
    use super::satisfies;

    #[test]
    fn constraints_are_compared_by_segment() {
        let version = [1, 13, 0];
        for (text, expected) in [
            (">= 1.5", Some(true)),
            (">= 1.5, < 1.9", Some(false)),
            ("~> 1.5", Some(true)),
            ("~> 1.5.0", Some(false)),
            ("= 1.13.0", Some(true)),
            ("!= 1.13.0", Some(false)),
            ("v1.13", Some(true)),
            ("> 2", Some(false)),
            ("around 2", None),
            ("", None),
        ] {
            assert_eq!(satisfies(version, text), expected, "{text}");
        }
    }
}
