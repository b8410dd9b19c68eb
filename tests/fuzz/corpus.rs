//! Texts in use, and ways to bend them.

use super::chance::Chance;
use serde_json::Value as Json;
use std::path::Path;

/// The longest text that is tried, in bytes.
const LONGEST: usize = 3_000;

/// Pieces that are put into texts: what opens, closes, and looks like something else.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "${",
    "%{",
    "~}",
    "%{ if true }",
    "%{ endif }",
    "%{ for x in y ~}",
    "%{ endfor }",
    "<<EOT\n",
    "<<-EOT\n",
    "EOT\n",
    "  EOT",
    "\n",
    "\r\n",
    "\t",
    " ",
    ",",
    "=",
    "==",
    "=>",
    ":",
    "::",
    "?",
    "...",
    ".",
    ".*",
    "[*]",
    ".0",
    "!",
    "!=",
    "&&",
    "||",
    "&",
    "|",
    "-",
    "--",
    "+",
    "*",
    "/",
    "//",
    "/*",
    "*/",
    "#",
    "'",
    "`",
    ";",
    "@",
    "\\",
    "\\\"",
    "\\u00e9",
    "\\U0001F600",
    "\\q",
    "$${",
    "%%{",
    "null",
    "true",
    "for",
    "in",
    "if",
    "else",
    "1e999999",
    "0x1f",
    "1.5e-3",
    "12345678901234567890123456789",
    "é",
    "e\u{301}",
    "👩‍👩‍👧",
    "\u{feff}",
    "\u{0}",
    "\u{2028}",
    "ß",
    "variable",
    "resource",
    "locals",
    "dynamic",
    "content",
    "each.key",
    "var.x",
    "local.y",
    "provider::a::b()",
    "f(",
    "f(a...)",
    "[for",
    "{for",
    "a = 1\n",
    "b {\n}\n",
    "c \"d\" {\n",
    "\"//\"",
];

fn add(path: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            add(&path, found);
        } else if name.ends_with(".tf")
            || name.ends_with(".hcl")
            || name.ends_with(".tfvars.example")
        {
            found.extend(std::fs::read_to_string(&path).ok());
        } else if name.ends_with(".md") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let fenced = text.split("```").skip(1).step_by(2);
            found.extend(fenced.filter_map(|part| Some(part.split_once('\n')?.1.to_owned())));
        }
    }
}

fn rows(text: &str, fields: &[&str], found: &mut Vec<String>) {
    for line in text.lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        for field in fields {
            found.extend(row[*field].as_str().map(str::to_owned));
        }
    }
}

/// Configurations, policies, and the inputs of the test vectors.
pub fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["examples", "policies", "tests/language"] {
        add(&root.join(folder), &mut found);
    }
    rows(
        include_str!("../vectors/fmt_files.jsonl"),
        &["input"],
        &mut found,
    );
    rows(
        include_str!("../vectors/fmt_vectors.jsonl"),
        &["input"],
        &mut found,
    );
    rows(
        include_str!("../vectors/hcl_suite.jsonl"),
        &["input"],
        &mut found,
    );
    let mut expressions = Vec::new();
    rows(
        include_str!("../vectors/hcl_expr_vectors.jsonl"),
        &["expr"],
        &mut expressions,
    );
    rows(
        include_str!("../vectors/function_vectors.jsonl"),
        &["expr"],
        &mut expressions,
    );
    found.extend(expressions.iter().map(|text| format!("x = {text}\n")));
    found.extend(expressions);
    found.iter_mut().for_each(shorten);
    assert!(found.len() > 300, "the corpus is not there");
    found
}

/// Configurations in JSON.
pub fn json() -> Vec<String> {
    let mut found: Vec<String> = [
        r#"{"variable": {"name": {"type": "list(string)", "default": ["a"]}}, "locals": [{"a": "${var.name}"}]}"#,
        r#"{"resource": {"vault_mount": {"kv": {"for_each": "${toset(var.names)}", "path": "${each.key}", "//": "why"}}}}"#,
        r#"[{"output": {"x": {"value": 1.5e3, "sensitive": true}}}, {"output": {"y": {"value": null}}}]"#,
        r#"{"module": {"m": {"source": "./m", "providers": {"vault": "vault.east"}}}, "a\u00e9\n": "%{ if true }x%{ endif }"}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    rows(
        include_str!("../vectors/convert_vectors.jsonl"),
        &[],
        &mut found,
    );
    let lines = include_str!("../vectors/convert_vectors.jsonl").lines();
    found.extend(lines.map(str::to_owned));
    found
}

fn shorten(text: &mut String) {
    while text.len() > LONGEST {
        let half = (0..=text.len() / 2)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        text.truncate(half.unwrap_or(0));
    }
}

/// A place in a text, between two characters.
fn place(text: &str, chance: &mut Chance) -> usize {
    let at = chance.below(text.len() + 1);
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// A text of the corpus, bent a few times; now and then it stays as it is.
pub fn bent(corpus: &[String], chance: &mut Chance) -> String {
    let mut text = chance.one(corpus).clone();
    for _ in 0..chance.below(7) {
        let (one, two) = (place(&text, chance), place(&text, chance));
        let (start, end) = (one.min(two), one.max(two));
        match chance.below(8) {
            0..=2 => text.insert_str(start, chance.one::<&str>(PIECES)),
            3 => text.replace_range(start..end.min(next(&text, start)), ""),
            4 => text.replace_range(start..end, ""),
            5 => {
                let again = text[start..end].to_owned();
                text.insert_str(end, &again);
            }
            6 => text.replace_range(start..next(&text, start), chance.one::<&str>(PIECES)),
            _ => {
                let other = chance.one(corpus).clone();
                let from = place(&other, chance);
                text.truncate(end);
                text.push_str(&other[from..]);
            }
        }
        shorten(&mut text);
    }
    text
}

/// The end of the character that begins at a place.
fn next(text: &str, at: usize) -> usize {
    text[at..]
        .chars()
        .next()
        .map_or(at, |letter| at + letter.len_utf8())
}
