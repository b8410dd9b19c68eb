//! Functions over text.

use unicode_segmentation::UnicodeSegmentation;

use super::call::{Call, FunctionError, gives_bool, gives_text, gives_texts, texts};
use super::function::{Function, Takes, number, parameter, text};
use crate::value::{Shape, Type, Value, Waits};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "chomp",
        "Removes line breaks from the end of text.",
        r#"chomp("hello\n")"#,
        &[text("str")],
        gives_text,
        chomp,
    ),
    Function::new(
        "endswith",
        "Tells whether text ends with other text.",
        r#"endswith("hello", "lo")"#,
        &[text("str"), text("suffix")],
        gives_bool,
        endswith,
    ),
    Function::new(
        "indent",
        "Puts spaces before every line but the first.",
        r#"indent(2, "a\nb")"#,
        &[number("spaces"), text("str")],
        gives_text,
        indent,
    ),
    Function::new(
        "join",
        "Joins the elements of lists, a separator between them.",
        r#"join(",", ["a", "b"])"#,
        &[text("separator")],
        gives_text,
        join,
    )
    .variadic(parameter("lists", Takes::List(&Takes::Text))),
    Function::new(
        "lower",
        "Turns letters into lower case.",
        r#"lower("HELLO")"#,
        &[text("str").dynamic()],
        gives_text,
        lower,
    ),
    Function::new(
        "split",
        "Splits text at a separator.",
        r#"split(",", "a,b")"#,
        &[text("separator"), text("str")],
        gives_texts,
        split,
    ),
    Function::new(
        "startswith",
        "Tells whether text begins with other text.",
        r#"startswith("hello", "he")"#,
        &[text("str").unknown(), text("prefix")],
        gives_bool,
        startswith,
    ),
    Function::new(
        "strcontains",
        "Tells whether other text is in text.",
        r#"strcontains("hello", "ell")"#,
        &[text("str"), text("substr")],
        gives_bool,
        strcontains,
    )
    .may_be_null(),
    Function::new(
        "strrev",
        "Reverses the characters of text.",
        r#"strrev("hello")"#,
        &[text("str").dynamic()],
        gives_text,
        strrev,
    ),
    Function::new(
        "substr",
        "Takes characters out of text, from an offset on; a negative offset counts from the end, a length of -1 is the rest.",
        r#"substr("hello", 1, 3)"#,
        &[
            text("str").dynamic(),
            number("offset").dynamic(),
            number("length").dynamic(),
        ],
        gives_text,
        substr,
    ),
    Function::new(
        "title",
        "Turns the first letter of each word into upper case.",
        r#"title("hello world")"#,
        &[text("str")],
        gives_text,
        title,
    ),
    Function::new(
        "trim",
        "Removes characters of a set from both ends of text.",
        r#"trim("?!hello?", "!?")"#,
        &[text("str"), text("cutset")],
        gives_text,
        trim,
    ),
    Function::new(
        "trimprefix",
        "Removes a prefix, where it is there.",
        r#"trimprefix("helloworld", "hello")"#,
        &[text("str"), text("prefix")],
        gives_text,
        trimprefix,
    ),
    Function::new(
        "trimspace",
        "Removes space from both ends of text.",
        r#"trimspace("  hello\n")"#,
        &[text("str")],
        gives_text,
        trimspace,
    ),
    Function::new(
        "trimsuffix",
        "Removes a suffix, where it is there.",
        r#"trimsuffix("helloworld", "world")"#,
        &[text("str"), text("suffix")],
        gives_text,
        trimsuffix,
    ),
    Function::new(
        "upper",
        "Turns letters into upper case.",
        r#"upper("hello")"#,
        &[text("str").dynamic()],
        gives_text,
        upper,
    ),
];

type Outcome = Result<Value, FunctionError>;

fn chomp(call: &Call<'_>) -> Outcome {
    Ok(Value::text(call.text(0).trim_end_matches(['\r', '\n'])))
}

fn endswith(call: &Call<'_>) -> Outcome {
    Ok(Value::from(call.text(0).ends_with(call.text(1))))
}

fn indent(call: &Call<'_>) -> Outcome {
    let spaces = usize::try_from(call.whole(0)?)
        .ok()
        .filter(|spaces| *spaces <= 100_000)
        .ok_or_else(|| FunctionError::at(0, "between 0 and 100000 spaces are possible"))?;
    Ok(Value::text(
        &call
            .text(1)
            .replace('\n', &format!("\n{}", " ".repeat(spaces))),
    ))
}

fn join(call: &Call<'_>) -> Outcome {
    let lists = call.arguments.get(1..).unwrap_or_default();
    if lists.is_empty() {
        return Err(FunctionError::new("at least one list is required"));
    }
    if !lists.iter().all(Value::is_wholly_readable) {
        return Ok(call.unknown());
    }
    let mut parts = Vec::new();
    for (at, list) in lists.iter().enumerate() {
        for (index, item) in list.elements().enumerate() {
            let text = item.as_text().ok_or_else(|| {
                FunctionError::at(
                    at + 1,
                    format!("element {index} is null; null values cannot be joined"),
                )
            })?;
            parts.push(text);
        }
    }
    Ok(Value::text(&parts.join(call.text(0))))
}

/// Changes each letter for which there is one other letter, as Go does: `ß` has no upper case, `İ` becomes `i`.
fn by_letter<I: Iterator<Item = char>>(text: &str, change: fn(char) -> I) -> String {
    let single = |letter: char| {
        let mut changed = change(letter);
        match (changed.next(), changed.next()) {
            (Some(one), None) => one,
            (Some('i'), _) => 'i',
            _ => letter,
        }
    };
    text.chars().map(single).collect()
}

fn lower(call: &Call<'_>) -> Outcome {
    Ok(Value::text(&by_letter(call.text(0), char::to_lowercase)))
}

fn upper(call: &Call<'_>) -> Outcome {
    Ok(Value::text(&by_letter(call.text(0), char::to_uppercase)))
}

fn split(call: &Call<'_>) -> Outcome {
    let (separator, text) = (call.text(0), call.text(1));
    if separator.is_empty() {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        return Ok(texts(letters.iter().map(String::as_str)));
    }
    Ok(texts(text.split(separator)))
}

fn startswith(call: &Call<'_>) -> Outcome {
    let prefix = call.text(1);
    let known = match &call.argument(0).shape {
        Shape::Text(text) => return Ok(Value::from(text.starts_with(prefix))),
        Shape::Unknown {
            refined: Some(refined),
            ..
        } => refined.prefix.as_deref().unwrap_or_default(),
        _ => "",
    };
    if known.starts_with(prefix) {
        return Ok(Value::from(true));
    }
    if known.len() >= prefix.len() {
        return Ok(Value::from(false));
    }
    Ok(Value::unknown(Type::Bool, Waits::default()))
}

fn strcontains(call: &Call<'_>) -> Outcome {
    Ok(Value::from(call.text(0).contains(call.text(1))))
}

fn strrev(call: &Call<'_>) -> Outcome {
    Ok(Value::text(
        &call.text(0).graphemes(true).rev().collect::<String>(),
    ))
}

fn substr(call: &Call<'_>) -> Outcome {
    let letters: Vec<&str> = call.text(0).graphemes(true).collect();
    let (offset, length) = (call.whole(1)?, call.whole(2)?);
    let total = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 { offset + total } else { offset };
    let skipped = usize::try_from(start).unwrap_or(0);
    let rest = letters.get(skipped..).unwrap_or_default();
    // A negative offset with a length of 0 gives all the rest: a quirk that configurations may rely on.
    let kept = match usize::try_from(length) {
        Ok(0) if offset < 0 => rest,
        Ok(length) => rest.get(..length).unwrap_or(rest),
        Err(_) => rest,
    };
    Ok(Value::text(&kept.concat()))
}

fn title(call: &Call<'_>) -> Outcome {
    let mut before = ' ';
    let mut result = String::new();
    for letter in call.text(0).chars() {
        let single = letter.to_string();
        result.push_str(&if separates(before) {
            by_letter(&single, char::to_uppercase)
        } else {
            single
        });
        before = letter;
    }
    Ok(Value::text(&result))
}

fn separates(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_alphanumeric() && letter != '_';
    }
    letter.is_whitespace()
}

fn trim(call: &Call<'_>) -> Outcome {
    let cut = call.text(1);
    Ok(Value::text(
        call.text(0).trim_matches(|letter| cut.contains(letter)),
    ))
}

fn trimprefix(call: &Call<'_>) -> Outcome {
    let text = call.text(0);
    Ok(Value::text(text.strip_prefix(call.text(1)).unwrap_or(text)))
}

fn trimspace(call: &Call<'_>) -> Outcome {
    Ok(Value::text(call.text(0).trim()))
}

fn trimsuffix(call: &Call<'_>) -> Outcome {
    let text = call.text(0);
    Ok(Value::text(text.strip_suffix(call.text(1)).unwrap_or(text)))
}
