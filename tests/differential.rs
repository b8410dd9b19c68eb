//! The same expressions in two consoles: Terraform's, where it is on the PATH, and ours. Where it is not, nothing is compared.

#![allow(clippy::disallowed_methods, reason = "it starts both programs")]

#[path = "fuzz/chance.rs"]
mod chance;
#[path = "fuzz/expressions.rs"]
#[allow(
    dead_code,
    reason = "the checks of single values are for the other test"
)]
mod expressions;
mod memory;

use chance::Chance;
use regex::Regex;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// How many expressions are tried where `FUZZ_CASES` says nothing else.
const CASES: u64 = 300;

/// How many expressions go through one pipe.
const TOGETHER: usize = 400;

/// What Terraform 1.11 does not have, or answers differently with a reason.
const APART: &[&str] = &[
    // Another packer makes other bytes of the same text.
    "base64gzip",
    // OpenTofu's own.
    "base64gunzip",
    "cidrcontains",
    "urldecode",
    "assume",
    "convert(",
];

/// Expressions without variables: both consoles know the same names.
fn plain(seed: u64) -> Option<String> {
    let text = expressions::random(&mut Chance::new(seed));
    let names = ["var.", "each.", "k, x in", "x)"];
    let known = !names.iter().any(|name| text.contains(name))
        && !APART.iter().any(|name| text.contains(name));
    let apart = text
        .split(|letter: char| !letter.is_alphanumeric())
        .any(|word| word == "x");
    (known && !apart && !text.contains('\n')).then_some(text)
}

/// One line with many expressions, each as what it gives, or that it fails: a pipe shows the last value only.
fn line(some: &[String]) -> String {
    let each = some
        .iter()
        .map(|text| format!("try(jsonencode([{text}]), \"fails\")"));
    format!("[{}]\n", each.collect::<Vec<_>>().join(", "))
}

fn answers(program: &Path, folder: &Path, words: &[&str], input: &str) -> Vec<String> {
    let mut child = Command::new(program)
        .args(words)
        .current_dir(folder)
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feed = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = feed.join();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let inner = lines.get(1..lines.len().saturating_sub(1));
    inner.unwrap_or_default().to_vec()
}

/// Tells whether two answers to an expression are one: zero has no sign here, and an operand that decides makes up for
/// what is wrong beside it, as in OpenTofu.
fn alike(text: &str, theirs: &str, own: &str) -> bool {
    let decided = ["&&", "||", "?"].iter().any(|word| text.contains(word));
    let zero = |answer: &str| {
        let signed = Regex::new(r"(^|[^0-9.eE])-0([^0-9.]|$)").unwrap();
        let once = signed.replace_all(answer, "${1}0${2}").into_owned();
        signed.replace_all(&once, "${1}0${2}").into_owned()
    };
    zero(theirs) == zero(own) || (decided && theirs.contains("\"fails\""))
}

/// The program on the PATH.
fn terraform() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join("terraform"));
    places.find(|place| place.is_file())
}

#[test]
fn both_consoles_answer_alike() {
    let Some(terraform) = terraform() else {
        println!("no terraform on the PATH: nothing to compare with");
        return;
    };
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let (cases, first) = (
        number("FUZZ_CASES").unwrap_or(CASES),
        number("FUZZ_SEED").unwrap_or(1),
    );
    let folder = tempfile::tempdir().unwrap();
    let ours = Path::new(env!("CARGO_BIN_EXE_vaultform"));
    let texts: Vec<String> = (first..first + cases).filter_map(plain).collect();
    let mut differ = Vec::new();
    for some in texts.chunks(TOGETHER) {
        let input = line(some);
        let theirs = answers(&terraform, folder.path(), &["console"], &input);
        let own = answers(ours, folder.path(), &["console"], &input);
        assert_eq!(
            theirs.len(),
            some.len(),
            "terraform stopped at: {:?}",
            some.get(theirs.len())
        );
        assert_eq!(
            own.len(),
            some.len(),
            "vaultform stopped at: {:?}",
            some.get(own.len())
        );
        for ((text, theirs), own) in some.iter().zip(theirs).zip(own) {
            if !alike(text, &theirs, &own) {
                differ.push(format!("{text}\n  terraform {theirs}\n  vaultform {own}"));
            }
        }
    }
    println!("{} expressions in both consoles", texts.len());
    assert!(
        differ.is_empty(),
        "{} differ:\n{}",
        differ.len(),
        differ.join("\n")
    );
}
