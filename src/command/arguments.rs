//! Command lines in Terraform's spelling: brought into the form that the parser knows.

use crate::source::Diagnostic;
use std::collections::BTreeMap;

/// Options that stand before the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// `-chdir=DIR`
    pub directory: Option<String>,
    /// The command with all its arguments; options have two dashes.
    pub words: Vec<String>,
}

/// Commands that have commands of their own, whose name is part of that of the environment variable.
const GROUPS: &[&str] = &[
    "state",
    "ledger",
    "workspace",
    "providers",
    "bootstrap",
    "secrets",
    "policy",
];

/// Puts a command line into form: takes `-chdir` out, adds the arguments of `TF_CLI_ARGS` and `TF_CLI_ARGS_<command>`
/// behind the command's name, and gives every option two dashes.
///
/// # Errors
/// When a quote in one of the variables is not closed.
pub fn normalise(
    words: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<Line, Diagnostic> {
    let mut line = Line::default();
    let mut rest = words.iter().peekable();
    let mut before = Vec::new();
    while let Some(word) = rest.next_if(|word| word.starts_with('-')) {
        match word.trim_start_matches('-') {
            "chdir" => line.directory = rest.next().cloned(),
            name => match name.strip_prefix("chdir=") {
                Some(directory) => line.directory = Some(directory.to_owned()),
                None => before.push(two_dashes(word)),
            },
        }
    }
    let mut after: Vec<String> = rest.cloned().collect();
    let depth = depth(&after);
    let tail = after.split_off(depth);
    let name = after.join("_").replace('-', "_");
    if !after.is_empty() {
        for variable in [format!("TF_CLI_ARGS_{name}"), "TF_CLI_ARGS".to_owned()] {
            let text = environment.get(&variable).map_or("", String::as_str);
            after.extend(split(text).ok_or_else(|| unclosed(&variable))?);
        }
    }
    after.extend(tail);
    // Options that stand before the command and are not for the parser itself are the command's own.
    line.words = place(before, after);
    Ok(line)
}

/// Puts the options that stood before the command behind it, but for those that stand alone (`-help`, `-version`).
fn place(before: Vec<String>, mut after: Vec<String>) -> Vec<String> {
    let at = usize::from(!after.is_empty());
    let mut rest = after.split_off(at);
    after.extend(before);
    let mut verbatim = false;
    for word in rest.drain(..) {
        verbatim |= word == "--";
        after.push(if verbatim { word } else { two_dashes(&word) });
    }
    after
}

/// Returns how many words name the command.
fn depth(words: &[String]) -> usize {
    let group = words
        .first()
        .is_some_and(|word| GROUPS.contains(&word.as_str()));
    let inner = words.get(1).is_some_and(|word| !word.starts_with('-'));
    if group && inner {
        2
    } else {
        words.len().min(1)
    }
}

/// Gives an option two dashes. `-h`, `-v`, `-vv` and `-` itself stay.
fn two_dashes(word: &str) -> String {
    let Some(name) = word.strip_prefix('-').filter(|name| !name.starts_with('-')) else {
        return word.to_owned();
    };
    let short = name == "h" || (!name.is_empty() && name.bytes().all(|byte| byte == b'v'));
    let option = name.starts_with(|first: char| first.is_ascii_alphabetic());
    if short || !option {
        word.to_owned()
    } else {
        format!("-{word}")
    }
}

fn unclosed(variable: &str) -> Diagnostic {
    Diagnostic::error(
        "invalid-option",
        format!("a quote in `{variable}` is not closed"),
    )
}

/// Splits a text into words as a shell does: blanks part, quotes and backslashes keep together. `None` where a quote is open
/// at the end.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(letters.next()),
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str], variables: &[(&str, &str)]) -> Line {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        normalise(&words, &variables.collect()).unwrap()
    }

    #[test]
    fn options_get_two_dashes_and_values_stay() {
        let line = line(
            &[
                "-chdir=x",
                "plan",
                "-out=p",
                "-var",
                "a=-1",
                "--target=t",
                "-v",
                "-vv",
                "-",
                "-1",
            ],
            &[],
        );
        assert_eq!(line.directory.as_deref(), Some("x"));
        let words = [
            "plan",
            "--out=p",
            "--var",
            "a=-1",
            "--target=t",
            "-v",
            "-vv",
            "-",
            "-1",
        ];
        assert_eq!(line.words, words);
    }

    #[test]
    fn the_environment_adds_arguments_behind_the_command() {
        let variables = [
            ("TF_CLI_ARGS", "-no-color"),
            ("TF_CLI_ARGS_plan", "-var 'a=b c' -lock=false"),
        ];
        let given = line(&["plan", "-json"], &variables);
        let words = [
            "plan",
            "--var",
            "a=b c",
            "--lock=false",
            "--no-color",
            "--json",
        ];
        assert_eq!(given.words, words);
        let nested = line(
            &["state", "list", "x"],
            &[("TF_CLI_ARGS_state_list", "-id=\"y z\"")],
        );
        assert_eq!(nested.words, ["state", "list", "--id=y z", "x"]);
        let ended = line(&["fmt", "--", "-x"], &[]);
        assert_eq!(ended.words, ["fmt", "--", "-x"]);
    }

    #[test]
    fn open_quotes_are_an_error() {
        let variables = BTreeMap::from([("TF_CLI_ARGS".to_owned(), "'a".to_owned())]);
        assert!(normalise(&["plan".to_owned()], &variables).is_err());
        assert_eq!(split("a\\ b \"c'd\" ''").unwrap(), ["a b", "c'd", ""]);
    }

    #[test]
    fn options_before_the_command_are_kept() {
        assert_eq!(line(&["-version"], &[]).words, ["--version"]);
        assert_eq!(
            line(&["-v", "plan", "-json"], &[]).words,
            ["plan", "-v", "--json"]
        );
    }
}
