//! Functions over text with regular expressions, in the syntax of RE2.

use regex::{Captures, Regex};

use super::call::{Call, FunctionError, gives_text};
use super::function::{Function, text};
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "regex",
        "Returns what a pattern matches first: text, or its groups as a tuple or object.",
        r#"regex("[a-z]+", "53 abc")"#,
        &[text("pattern"), text("string")],
        gives_match,
        regex,
    ),
    Function::new(
        "regexall",
        "Returns all that a pattern matches.",
        r#"regexall("[a-z]+", "12 abc 34 de")"#,
        &[text("pattern"), text("string")],
        gives_matches,
        regexall,
    ),
    Function::new(
        "replace",
        "Replaces text, or what a pattern between slashes matches.",
        r#"replace("1 + 2", "+", "-")"#,
        &[text("str"), text("substr"), text("replace")],
        gives_text,
        replace,
    ),
];

/// Says what a match is: text without groups, a tuple of unnamed groups, an object of named ones.
fn match_type(pattern: &Value) -> Result<Type, FunctionError> {
    let Some(pattern) = pattern.as_text() else {
        return Ok(Type::Dynamic);
    };
    let regex = compile(pattern).map_err(|message| FunctionError::at(0, message))?;
    let groups: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    let named = groups.iter().flatten().count();
    if groups.is_empty() {
        Ok(Type::String)
    } else if named == 0 {
        Ok(Type::Tuple(vec![Type::String; groups.len()]))
    } else if named == groups.len() {
        Ok(Type::object(
            groups
                .into_iter()
                .flatten()
                .map(|name| (name.into(), Type::String)),
        ))
    } else {
        Err(FunctionError::at(
            0,
            "named and unnamed groups cannot be mixed in one pattern",
        ))
    }
}

fn gives_match(arguments: &[Value]) -> Result<Type, FunctionError> {
    arguments.first().map_or(Ok(Type::Dynamic), match_type)
}

fn gives_matches(arguments: &[Value]) -> Result<Type, FunctionError> {
    gives_match(arguments).map(Type::list)
}

fn regex(call: &Call<'_>) -> Result<Value, FunctionError> {
    let regex = compile(call.text(0)).map_err(|message| FunctionError::at(0, message))?;
    let found = regex
        .captures(call.text(1))
        .ok_or_else(|| FunctionError::new("the pattern matches no part of the text"))?;
    Ok(match_value(&regex, &found))
}

fn regexall(call: &Call<'_>) -> Result<Value, FunctionError> {
    let regex = compile(call.text(0)).map_err(|message| FunctionError::at(0, message))?;
    let found = regex
        .captures_iter(call.text(1))
        .map(|found| match_value(&regex, &found))
        .collect();
    Ok(Value::list(
        call.ty.element().cloned().unwrap_or(Type::Dynamic),
        found,
    ))
}

fn match_value(regex: &Regex, found: &Captures<'_>) -> Value {
    let group = |at: usize| match found.get(at) {
        Some(part) => Value::text(part.as_str()),
        None => Value::null(Type::String),
    };
    let groups: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    if groups.is_empty() {
        group(0)
    } else if groups.iter().all(Option::is_none) {
        Value::tuple((1..=groups.len()).map(group).collect())
    } else {
        let named = groups
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some(((*name)?.into(), group(at + 1))));
        Value::object(named.collect())
    }
}

fn replace(call: &Call<'_>) -> Result<Value, FunctionError> {
    let (text, sought, replacement) = (call.text(0), call.text(1), call.text(2));
    let pattern = sought
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'));
    let Some(pattern) = pattern else {
        return Ok(Value::text(&text.replace(sought, replacement)));
    };
    let regex = compile(pattern).map_err(|message| FunctionError::at(1, message))?;
    Ok(Value::text(&regex.replace_all(text, replacement)))
}

/// Compiles a pattern. The message quotes the parser, which may quote the pattern, so only its kind is told.
fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(&translated(pattern)).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        other => {
            let text = other.to_string();
            let reason = text.rsplit("error: ").next().unwrap_or_default();
            format!(
                "invalid pattern: {}",
                reason.lines().next().unwrap_or_default()
            )
        }
    })
}

/// Rewrites what RE2 means differently: `\d`, `\w`, `\s` and `\b` are ASCII there, `[`, `&` and `~` are ordinary within
/// brackets, and `\Q…\E` quotes.
fn translated(pattern: &str) -> String {
    let mut result = String::new();
    let mut letters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('Q') => {
                    let rest: String = letters.by_ref().collect();
                    let (quoted, after) = rest.split_once(r"\E").unwrap_or((&rest, ""));
                    return result + &regex::escape(quoted) + &translated(after);
                }
                Some(escaped) => result.push_str(&escape(escaped, in_class)),
                None => result.push('\\'),
            },
            '[' if in_class && letters.peek() != Some(&':') => result.push_str(r"\["),
            '&' | '~' if in_class => result.extend(['\\', letter]),
            '[' => {
                result.push('[');
                if !in_class {
                    in_class = true;
                    // A bracket that closes at once is an ordinary one.
                    if letters.next_if_eq(&'^').is_some() {
                        result.push('^');
                    }
                    if letters.next_if_eq(&']').is_some() {
                        result.push_str(r"\]");
                    }
                } else {
                    let name: String = letters
                        .by_ref()
                        .take_while(|letter| *letter != ']')
                        .collect();
                    result.push_str(&name);
                    result.push(']');
                }
            }
            ']' => {
                in_class = false;
                result.push(']');
            }
            other => result.push(other),
        }
    }
    result
}

fn escape(letter: char, in_class: bool) -> String {
    let class = match letter {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => r"\t\n\f\r ",
        'D' => "^0-9",
        'W' => "^0-9A-Za-z_",
        'S' => r"^\t\n\f\r ",
        'b' | 'B' if !in_class => return format!(r"(?-u:\{letter})"),
        other => return format!(r"\{other}"),
    };
    if in_class && !class.starts_with('^') {
        class.to_owned()
    } else {
        format!("[{class}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_re2() {
        let matches = |pattern: &str, text: &str| compile(pattern).unwrap().is_match(text);
        assert!(matches(r"^\d+$", "123") && !matches(r"^\d+$", "١٢"));
        assert!(matches(r"^[\w-]+$", "a_b-c") && !matches(r"^[\w-]+$", "ä"));
        assert!(matches(r"^[^\s\D]+$", "12") && !matches(r"^[^\D]$", "x"));
        assert!(matches(r"^[[a&&b]+$", "[&ab") && matches(r"^[[:alpha:]]$", "a"));
        assert!(matches(r"^\Qa.b\E.$", "a.bc") && !matches(r"^\Qa.b\E$", "axb"));
        assert!(matches(r"^[]a]+$", "]a"));
        assert!(compile("(").unwrap_err().starts_with("invalid pattern"));
    }
}
